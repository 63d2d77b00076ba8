/* SPDX-License-Identifier: Apache-2.0
 * receivers/lane.h - what one receiving thread keeps from request to request, and what both transports do with one.
 *
 * A lane belongs to its thread. Its buffers stay between requests, so that a steady load allocates nothing, unless one
 * large request has blown them up.
 */
#ifndef PLIMSOLL_RECEIVERS_LANE_H
#define PLIMSOLL_RECEIVERS_LANE_H

#include "agent/base/meter.h"
#include "agent/receivers/in_flight.h"
#include "agent/receivers/inflate.h"
#include "agent/receivers/receiver.h"

struct lane {
	struct ingest ingest;
	unsigned number;
	uint64_t max_bytes; /* of a request, before and after decompression */
	const char *transport;
	struct in_flight in_flight;
	struct inflater inflater;
	struct buf plain; /* a request made contiguous or decompressed */
	struct buf wire;  /* a JSON request as protobuf */
	bool is_busy;     /* a request came since lane_trim last looked */
	bool is_trimmed;  /* none came since the heap was trimmed */
	uint64_t quiet_since_ns;
	struct meter *requests[SIGNAL_COUNT], *received_bytes;
};

/* transport: "grpc" or "http". number: the lane's own, ingest.first_lane counted in. */
void lane_init(struct lane *l, const char *transport, struct ingest ingest, unsigned number, uint64_t max_bytes,
	       uint64_t max_in_flight_bytes);
void lane_release(struct lane *l);

/* Hands the wire bytes to the pipeline. */
void lane_ingest(struct lane *l, enum signal signal, struct slice wire, struct ingest_reply *reply);

/* Counts a request that is not answered OK. signal: SIGNAL_COUNT where it is unknown. */
void lane_refused(const struct lane *l, enum signal signal, enum status_code code);

/* A request of so many bytes came, as sent. */
void lane_received(struct lane *l, uint64_t bytes);

/* Between requests: empties the buffers, and frees those that grew large. */
void lane_rest(struct lane *l);

/* Now and then: once nothing came for a second, hands what a burst left free in the heap back to the system.
 * now_ns: monotonic. */
void lane_trim(struct lane *l, uint64_t now_ns);

#endif
