/* SPDX-License-Identifier: Apache-2.0
 * receivers/receiver.h - what the transports hand to the pipeline, and what it answers.
 *
 * A transport has read, inflated and (JSON) transcoded the request; the pipeline runs to completion on the calling
 * thread and fills the reply, which the transport turns into its protocol's words; where the request has to be on the
 * disk first, the thread goes on meanwhile and the reply follows. Lanes number the calling threads:
 * each has state of its own, so the hot path shares nothing.
 */
#ifndef PLIMSOLL_RECEIVERS_RECEIVER_H
#define PLIMSOLL_RECEIVERS_RECEIVER_H

#include "agent/base/meter.h"
#include "agent/base/status.h"
#include "agent/config/config.h"
#include "agent/span/batch.h"

/* For an answer that has to wait: done is called once, from any thread, perhaps before the ingest_fn has returned. */
struct ingest_later {
	void (*done)(struct ingest_later *later, struct status result);
	/* The pipeline's own: what to count once the answer is a yes. */
	struct meter *accepted, *rejected;
	uint64_t accepted_items, rejected_items;
};

struct ingest_reply {
	struct status status;    /* OK; MALFORMED, TOOBIG, FULL, UNAVAILABLE, ... are answered as the protocol says */
	uint32_t retry_after_ms; /* with FULL and UNAVAILABLE */
	uint64_t rejected_items; /* > 0, or rejected_why set: partial success */
	const char *rejected_why;
	bool is_pending;             /* set by the pipeline: later->done will say the status; the rest holds */
	struct ingest_later *later;  /* set by the transport before the call; NULL: it cannot wait */
};

/* wire: the request's protobuf bytes, borrowed for the call. lane: below the lane_count the receiver was started with.
 */
typedef void (*ingest_fn)(void *context, unsigned lane, enum signal signal, struct slice wire,
			  struct ingest_reply *reply);

struct ingest {
	ingest_fn run;
	void *context;
	unsigned first_lane; /* lanes first_lane .. first_lane + threads - 1 are this receiver's */
};

struct grpc_receiver;
struct http_receiver;

/* gRPC's core writes to our log, at level debug, whoever of us uses it: before anybody does. */
void grpc_core_log(void);

/* Binds, starts the threads and serves. why: filled on failure with "cannot listen on localhost:4317: ...", to print.
 * Errors: EXISTS, the port is taken; IO; NOMEM. */
struct status grpc_receiver_start(const struct config *config, struct ingest ingest, struct grpc_receiver **out,
				  struct buf *why) MUST_USE;
struct status http_receiver_start(const struct config *config, struct ingest ingest, struct http_receiver **out,
				  struct buf *why) MUST_USE;

/* The port that was bound, for endpoints that ask for port 0. */
uint16_t grpc_receiver_port(const struct grpc_receiver *r);
uint16_t http_receiver_port(const struct http_receiver *r);

/* Refuses new work, waits at most deadline_ms for what runs, joins the threads and frees. */
void grpc_receiver_stop(struct grpc_receiver *r, uint64_t deadline_ms);
void http_receiver_stop(struct http_receiver *r, uint64_t deadline_ms);

/* What health checks answer: SERVING or NOT_SERVING. */
void grpc_receiver_set_serving(struct grpc_receiver *r, bool serving);

#endif
