/* SPDX-License-Identifier: Apache-2.0
 * exporters/sender_priv.h - what sender.c (the set of exporters) and delivery.c (the life of one payload) share.
 */
#ifndef PLIMSOLL_EXPORTERS_SENDER_PRIV_H
#define PLIMSOLL_EXPORTERS_SENDER_PRIV_H

#include "agent/base/meter.h"
#include "agent/net/backoff.h"
#include "exporters/queue.h"
#include "exporters/sender.h"

#define FLIGHTS_MAX 16

/* Why items were given up, as in plimsoll_agent_dropped_total. */
#define DROP_MAP(X)                                                                                                    \
	X(QUEUE_FULL, "queue_full") /* no room when it was offered */                                                  \
	X(GAVE_UP, "gave_up")       /* retryable failures for too long */                                              \
	X(NO_MEMORY, "no_memory")   /* to take a part out of it */                                                     \
	X(NOT_STORED, "not_stored") /* the disk refused it; only of what its sender would not bring again */           \
	X(DAMAGED, "damaged")       /* could not be read back from the disk */                                         \
	X(MEMORY, "memory")         /* the process was above its memory limit */                                       \
	X(EXPIRED, "expired")       /* waited for longer than sending_queue.max_age */                                 \
	X(TOO_BIG, "too_big")       /* refused for its size, and it cannot be made smaller */                          \
	X(REFUSED, "refused")       /* the peer will never take it */                                                  \
	X(REJECTED, "rejected")     /* partial success: the peer took the rest */                                      \
	X(SHUTDOWN, "shutdown")     /* still waiting at the end of the drain */

enum drop_reason {
#define X(id, name) DROP_##id,
	DROP_MAP(X)
#undef X
	DROP_REASON_COUNT
};

#define PARTS_MAX    40 /* halving any payload down to a span needs fewer */
#define SEARCHES_MAX 64 /* one bad span in a batch of 512 takes 9 */

/* Leaves of a payload (exporters/split.h) that are still to be sent. */
struct part {
	struct payload *payload;
	uint32_t from, to; /* to 0: all of it, its leaves not counted yet */
};

/* One place for an attempt and for its wait between attempts. What was taken from the queue is sent in parts where it is
 * too big for the peer; it is done when all parts are. */
struct flight {
	struct sender *sender;
	struct queue_item item;
	struct part parts[PARTS_MAX]; /* the next one is last */
	unsigned part_count;
	unsigned searches_left; /* refused parts may be halved so often, to find what is refused in them */
	struct payload *sending;
	struct backoff backoff;
	uv_timer_t timer;
	enum flight_state { FLIGHT_IDLE, FLIGHT_READY, FLIGHT_RUNNING, FLIGHT_BACKING_OFF } state;
};

struct sender {
	struct senders *all;
	const struct exporter_kind *kind;
	const char *id;
	uint32_t accepts; /* bits 1u << PAYLOAD_...: what this instance wants of what its kind can take */
	void *state; /* the exporter's own */
	const struct retry_config *retry;
	struct payload_limits limits;
	uint64_t max_age_ms;
	bool holds_senders_back; /* when its queue is full */
	bool delivers; /* the last answer but for failures was a yes: a no is about what was sent */
	struct send_queue queue;
	uv_timer_t flush_timer;
	struct flight flights[FLIGHTS_MAX];
	unsigned flight_count;
	bool is_pumping;
	struct meter *exported[PAYLOAD_KIND_COUNT], *dropped[PAYLOAD_KIND_COUNT][DROP_REASON_COUNT];
	struct meter *retries, *queue_bytes;
};

struct senders {
	uv_loop_t *loop;
	struct spool *spool; /* NULL: no exporter's queue is on the disk */
	uv_async_t wake;
	uv_timer_t drain_timer;
	uint32_t accepted; /* bits of all exporters' accepts */
	size_t open_handles;
	enum { DRAIN_NONE, DRAIN_SENDING, DRAIN_DROPPING, DRAIN_ENDED } drain;
	void (*drained)(void *context);
	void *drained_context;
	size_t count;
	struct sender list[];
};

bool sender_accepts(const struct sender *s, enum payload_kind kind);

/* Queues the payload, or drops and counts it. entry: its place on the disk, or NULL; a queue in memory does not care.
 * Any thread. */
bool sender_take(struct sender *s, struct payload *p, const struct spool_entry *entry);

/* Counts and logs that items of this kind are lost. detail: what happened, in words. Any thread. */
void sender_drop(struct sender *s, enum payload_kind kind, uint64_t items, enum drop_reason reason, const char *detail);

/* Starts attempts while there are places and payloads. While one is backing off, no other starts: the peer is in
 * trouble or asked for a pause. */
void sender_pump(struct sender *s);

/* Drops the oldest payload that waits, for want of memory; returns its bytes, 0: nothing waits. */
uint64_t sender_shed(struct sender *s);

/* Tries at once what is backing off. */
void sender_hurry(struct sender *s);

/* Drops what waits, or leaves it on the disk; ends what runs. */
void sender_abandon(struct sender *s);

/* Nothing waits and nothing runs. */
bool sender_is_idle(struct sender *s);

/* Called when a sender may have become idle. */
void senders_check_drained(struct senders *all);

#endif
