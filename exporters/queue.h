/* SPDX-License-Identifier: Apache-2.0
 * exporters/queue.h - the payloads that wait for one exporter, bounded by bytes, in memory or on the disk.
 *
 * Any thread pushes, the loop thread takes. What was taken counts against the bound until send_queue_done says that it
 * is delivered or given up, so the bound is the most that an exporter can hold, retries included. Payloads of one kind
 * leave in the order in which they came; of several kinds, the one whose oldest payload waits longest goes first.
 *
 * Of a payload on the disk (spool.h) the queue keeps the place, and the bytes too while all such bytes together are
 * few: then it is sent without being read again.
 */
#ifndef PLIMSOLL_EXPORTERS_QUEUE_H
#define PLIMSOLL_EXPORTERS_QUEUE_H

#include <pthread.h>

#include "agent/base/status.h"
#include "exporters/exporter.h"
#include "exporters/spool.h"

struct queue_node;

/* What is taken at once: one payload, or several joined. */
struct queue_item {
	struct payload *payload; /* NULL: nothing of it could be read back */
	enum payload_kind kind;
	uint32_t joined; /* how many were pushed for it */
	uint64_t held_bytes;
	uint64_t damaged_items;       /* of payloads that could not be read back */
	uint64_t first_seq, last_seq; /* 0: in memory */
	uint64_t created_unix_ms;     /* of the oldest */
	struct queue_item *next;      /* in the queue's `taken` */
};

struct send_queue {
	pthread_mutex_t lock;
	struct queue_list {
		struct queue_node *first, **last;
		uint64_t bytes;
		uint64_t done_seq; /* the highest that is done, or for others */
		uint64_t told_seq; /* as far as the spool was told */
	} waiting[PAYLOAD_KIND_COUNT];
	struct queue_item *taken;
	uint64_t next_number; /* numbers tell which kind has waited longest */
	uint64_t held_bytes, limit_bytes;
	uint64_t held_payloads, limit_payloads;
	bool closed;
	bool asks_first; /* send_queue_fits was asked before the work began: what comes now is taken whatever its size */
	struct spool *spool; /* NULL: in memory */
	unsigned reader;     /* of the spool */
	bool takes_pieces; /* what is joined may come in pieces (span/payload.h) */
	/* Less than min_bytes of a kind waits until its oldest is flush_ms old. */
	uint64_t min_bytes, flush_ms;
};

void send_queue_init(struct send_queue *q, uint64_t limit_bytes, uint64_t limit_payloads);

/* Lets go of what waits; what is on the disk stays there. */
void send_queue_release(struct send_queue *q);

/* Takes a reference. e: its place on the disk, or NULL: in memory. Errors: FULL, a bound is reached; UNAVAILABLE, the
 * queue is closed; NOMEM. Any thread. */
struct status send_queue_push(struct send_queue *q, struct payload *p, const struct spool_entry *e) MUST_USE;

/* What waits on the disk since the last run; without a bound. Errors: NOMEM. */
struct status send_queue_load(struct send_queue *q, const struct spool_entry *e) MUST_USE;

/* Whether so many bytes more would fit; another thread may be quicker. Errors: FULL. Any thread. */
struct status send_queue_fits(struct send_queue *q, uint64_t bytes) MUST_USE;

/* The next payload, joined with those of its kind behind it while the whole stays within the limits; the first one comes
 * whatever its size. The caller owns the reference, and *out stays where it is until send_queue_done. False: nothing
 * waits, or (wait_ms > 0) not for long enough. */
bool send_queue_take(struct send_queue *q, const struct payload_limits *limits, uint64_t now_unix_ms,
		     struct queue_item *out, uint64_t *wait_ms);

/* As send_queue_take, but one payload, its bytes not read, and only what was created before then. */
bool send_queue_take_older(struct send_queue *q, uint64_t than_unix_ms, struct queue_item *out, uint64_t *items);

/* Bytes that wait; not those that were taken. Any thread. */
uint64_t send_queue_waiting_bytes(struct send_queue *q);

/* The item is delivered or given up: drops its reference, makes room, and lets go of it on the disk. */
void send_queue_done(struct send_queue *q, struct queue_item *item);

/* What is on the disk at this place is for others only. In the order of places, as send_queue_push. Any thread. */
void send_queue_skip(struct send_queue *q, const struct spool_entry *e);

/* Lets go, now and then, of what was skipped, so that the disk does not keep what others have done. Loop thread. */
void send_queue_tell(struct send_queue *q);

/* The item stays on the disk for the next run; in memory nothing is left of it. */
void send_queue_keep(struct send_queue *q, struct queue_item *item);

/* Refuses pushes from now on. */
void send_queue_close(struct send_queue *q);

#endif
