/* SPDX-License-Identifier: Apache-2.0
 * exporters/queue.h - the payloads that wait for one exporter, in memory, bounded.
 *
 * Any thread pushes, the loop thread takes. What was taken counts against the bound until send_queue_done says that it
 * is delivered or given up, so the bound is the most that an exporter can hold, retries included. Payloads of one kind
 * leave in the order in which they came; of several kinds, the one whose oldest payload waits longest goes first.
 */
#ifndef PLIMSOLL_EXPORTERS_QUEUE_H
#define PLIMSOLL_EXPORTERS_QUEUE_H

#include <pthread.h>

#include "agent/base/status.h"
#include "agent/span/payload.h"

struct queue_node;

struct send_queue {
	pthread_mutex_t lock;
	struct queue_list {
		struct queue_node *first, **last;
	} waiting[PAYLOAD_KIND_COUNT];
	uint64_t next_number; /* numbers tell which kind has waited longest */
	uint64_t held_bytes, limit_bytes;
	uint64_t held_payloads, limit_payloads;
	bool closed;
};

/* What is sent at once: one payload, or several joined. */
struct queue_item {
	struct payload *payload;
	uint32_t joined; /* how many were pushed for it */
};

void send_queue_init(struct send_queue *q, uint64_t limit_bytes, uint64_t limit_payloads);

/* Drops what waits. */
void send_queue_release(struct send_queue *q);

/* Takes a reference. Errors: FULL, a bound is reached; UNAVAILABLE, the queue is closed; NOMEM. Any thread. */
struct status send_queue_push(struct send_queue *q, struct payload *p) MUST_USE;

/* The next payload, joined with those of its kind behind it while the whole stays within max_bytes; the first one comes
 * whatever its size. The caller owns the reference. False: nothing waits. */
bool send_queue_take(struct send_queue *q, uint64_t max_bytes, struct queue_item *out);

/* The item is delivered or given up: drops its reference and makes room. */
void send_queue_done(struct send_queue *q, struct queue_item *item);

/* Refuses pushes from now on. */
void send_queue_close(struct send_queue *q);

#endif
