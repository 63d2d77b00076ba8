/* SPDX-License-Identifier: Apache-2.0
 * receivers/lane.c - from a request as sent to the pipeline's answer.
 */
#include "agent/receivers/lane.h"

#include <malloc.h>
#include <stdio.h>

#include "agent/base/clock.h"
#include "agent/receivers/reply.h"

#define KEEP_BYTES     (4u << 20) /* a buffer beyond this is freed after the request that needed it */
#define FREE_BYTES_MAX (8u << 20) /* less than this is not worth the trimming */
#define QUIET_MS       1000

void lane_init(struct lane *l, const char *transport, struct ingest ingest, unsigned number, uint64_t max_bytes,
	       uint64_t max_in_flight_bytes)
{
	char labels[64];

	*l = (struct lane){ .ingest = ingest, .number = number, .max_bytes = max_bytes, .transport = transport };
	l->in_flight = in_flight_of(max_in_flight_bytes);
	inflater_init(&l->inflater);
	for (int s = 0; s < SIGNAL_COUNT; s++) {
		snprintf(labels, sizeof(labels), "signal=\"%s\",transport=\"%s\"", signal_names[s], transport);
		l->requests[s] = meter_get(METER_REQUESTS, labels);
	}
	snprintf(labels, sizeof(labels), "transport=\"%s\"", transport);
	l->received_bytes = meter_get(METER_RECEIVED_BYTES, labels);
}

void lane_release(struct lane *l)
{
	inflater_release(&l->inflater);
	buf_release(&l->plain);
	buf_release(&l->wire);
}

void lane_received(struct lane *l, uint64_t bytes)
{
	meter_add(l->received_bytes, (int64_t)bytes);
	l->is_busy = true;
}

void lane_ingest(struct lane *l, enum signal signal, struct slice wire, struct ingest_reply *reply)
{
	l->ingest.run(l->ingest.context, l->number, signal, wire, reply);
}

void lane_refused(const struct lane *l, enum signal signal, enum status_code code)
{
	char labels[96];

	snprintf(labels, sizeof(labels), "signal=\"%s\",transport=\"%s\",reason=\"%s\"",
		 signal < SIGNAL_COUNT ? signal_names[signal] : "unknown", l->transport, reply_row(code)->reason);
	meter_add(meter_get(METER_REFUSED, labels), 1);
}

static void rest(struct buf *b)
{
	if (b->cap > KEEP_BYTES)
		buf_release(b);
	else
		buf_reset(b);
}

void lane_rest(struct lane *l)
{
	rest(&l->plain);
	rest(&l->wire);
}

void lane_trim(struct lane *l, uint64_t now_ns)
{
	if (l->is_busy || meter_value(l->in_flight.bytes) != 0) {
		l->is_busy = l->is_trimmed = false;
		l->quiet_since_ns = now_ns;
	} else if (!l->is_trimmed && now_ns - l->quiet_since_ns > QUIET_MS * NS_PER_MS) {
		l->is_trimmed = true;
		if (mallinfo2().fordblks > FREE_BYTES_MAX)
			malloc_trim(0);
	}
}
