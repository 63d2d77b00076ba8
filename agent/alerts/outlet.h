/* SPDX-License-Identifier: Apache-2.0
 * alerts/outlet.h - one configured channel at work: its queue, and one attempt at a time for the first of it.
 */
#ifndef PLIMSOLL_ALERTS_OUTLET_H
#define PLIMSOLL_ALERTS_OUTLET_H

#include <uv.h>

#include "agent/alerts/channel.h"
#include "agent/base/meter.h"
#include "agent/net/backoff.h"
#include "agent/net/http_client.h"

#define NOTIFICATIONS_MAX     256 /* that wait in one outlet */
#define NOTIFICATION_KEY_SIZE 5

struct notification {
	struct notification *next;
	uint32_t number; /* key on disk; in order */
	bool is_stored;  /* its key must be deleted one day */
	bool dirty;      /* to be stored */
	char id[CHANNEL_ID_SIZE];
	size_t body_len;
	char body[];
};

/* What becomes of attempts and notifications, as plimsoll_agent_notifications_total tells it. */
#define RESULT_MAP(X)             \
	X(DELIVERED, "delivered") \
	X(FAILED, "failed")       \
	X(GAVE_UP, "gave_up")     \
	X(DROPPED, "dropped")     \
	X(DISABLED, "disabled")

enum result {
#define X(id, name) RESULT_##id,
	RESULT_MAP(X)
#undef X
	RESULT_COUNT
};

enum phase {
	PHASE_WORKING,
	PHASE_DRAINING, /* what fails is not tried again */
	PHASE_STOPPED,  /* nothing is started */
};

/* What the outlets of one notifier share. */
struct dispatch {
	struct http_client *http;
	const char *runbook_url;
	enum phase phase;
	uint32_t next_number;
	struct buf deleted;                    /* keys of what need not be kept any more */
	void (*on_rest)(struct dispatch *all); /* an attempt has ended and no other was started */
};

struct outlet {
	struct dispatch *all;
	const struct channel_config *config;
	const struct channel_kind *kind;
	struct signing_key key;
	bool has_key;
	bool running;  /* an attempt for the first of the queue */
	bool parked;   /* that failed while draining: it waits for the next start */
	bool disabled; /* the receiver said 410 */
	struct notification *first, **last;
	unsigned waiting;
	struct backoff backoff;
	struct channel_headers headers;
	struct string_pair *header_items; /* of an attempt: ours, then the configured */
	uv_timer_t timer;                 /* active: until the next attempt */
	struct meter *results[RESULT_COUNT];
};

/* o: zeroed, and stays where it is. Opens o->timer, also on failure. why and errors as alerts_new. */
struct status outlet_init(struct outlet *o, struct dispatch *all, const struct channel_config *config, uv_loop_t *loop,
			  struct buf *why) MUST_USE;

/* After the timer is closed. */
void outlet_release(struct outlet *o);

/* Queues the alert's present state. */
void outlet_tell(struct outlet *o, const struct alert *a);

/* Queues a stored notification; a full queue forgets it. Errors: NOMEM. */
struct status outlet_restore(struct outlet *o, uint32_t number, struct slice id, struct slice body) MUST_USE;

/* Before a drain: what waits for a retry goes on waiting. */
void outlet_park(struct outlet *o);

/* Ends the running attempt; all->phase is PHASE_STOPPED. */
void outlet_stop(struct outlet *o);

/* What waits goes over to another outlet; to NULL: it is dropped. */
void outlet_move(struct outlet *from, struct outlet *to);

/* Appends the key under which a notification is stored. */
void notification_key(struct buf *out, uint32_t number);

#endif
