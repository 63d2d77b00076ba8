/* SPDX-License-Identifier: Apache-2.0
 * alerts/outlet.h - one configured channel at work: its queue, and one attempt at a time for the first of it.
 */
#ifndef PLIMSOLL_ALERTS_OUTLET_H
#define PLIMSOLL_ALERTS_OUTLET_H

#include <uv.h>

#include "agent/alerts/channel.h"
#include "agent/base/deletions.h"
#include "agent/base/meter.h"
#include "agent/config/matcher.h"
#include "agent/net/backoff.h"
#include "agent/net/http_client.h"

#define NOTIFICATIONS_MAX     256 /* that wait in one outlet */
#define NOTIFICATION_KEY_SIZE 5
#define NOTIFICATION_PATH_SIZE 64
#define OUTLET_NAME_SIZE      136

struct notification {
	struct notification *next;
	uint32_t number; /* key on disk; in order */
	bool is_stored;  /* its key must be deleted one day */
	bool dirty;      /* to be stored */
	bool is_fleeting; /* a reminder: neither stored nor tried again, since the next one says the same */
	char id[CHANNEL_ID_SIZE];
	char path[NOTIFICATION_PATH_SIZE]; /* behind the channel's URL */
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
	enum phase phase;
	uint32_t next_number;
	struct deletions deleted;              /* keys of what need not be kept any more */
	void (*on_rest)(struct dispatch *all); /* an attempt has ended and no other was started */
};

struct outlet {
	struct dispatch *all;
	const struct channel_config *config;
	const struct channel_kind *kind;
	char name[OUTLET_NAME_SIZE]; /* the channel's; of its second endpoint "alertmanager#2" */
	const char *url;
	struct matchers match;
	uint64_t resent_at_ms; /* by the monotonic clock */
	struct buf reminder;   /* the body that is being put together */
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

/* o: zeroed, and stays where it is. endpoint: which of several. Opens o->timer, also on failure. why and errors as
 * alerts_new. */
struct status outlet_init(struct outlet *o, struct dispatch *all, const struct channel_config *config, size_t endpoint,
			  uv_loop_t *loop, struct buf *why) MUST_USE;

/* After the timer is closed. */
void outlet_release(struct outlet *o);

/* Queues the alert's present state, if the channel wants to hear of it. is_news: people want to; else only channels
 * that keep alerts open are told. */
void outlet_tell(struct outlet *o, const struct telling *t, bool is_news);

/* Whether it is time to send again what fires. Then outlet_remind with each such alert, and outlet_reminded. */
bool outlet_is_due(const struct outlet *o, uint64_t now_ms);
void outlet_remind(struct outlet *o, const struct telling *t);
void outlet_reminded(struct outlet *o, uint64_t now_ms);

/* The request of one attempt to tell it, for somebody else to make; body and url are appended to. The header items stay
 * in o until its next attempt. Errors: as of the kind's headers. */
struct status outlet_request(struct outlet *o, const char *id, const char *path, struct slice body, struct buf *url,
			     struct string_map *headers, struct http_request *out) MUST_USE;

/* Queues a stored notification; a full queue forgets it. Errors: NOMEM. */
struct status outlet_restore(struct outlet *o, uint32_t number, struct slice id, struct slice path,
			     struct slice body) MUST_USE;

/* Before a drain: what waits for a retry goes on waiting. */
void outlet_park(struct outlet *o);

/* Ends the running attempt; all->phase is PHASE_STOPPED. */
void outlet_stop(struct outlet *o);

/* What waits goes over to another outlet; to NULL: it is dropped. */
void outlet_move(struct outlet *from, struct outlet *to);

/* Appends the key under which a notification is stored. */
void notification_key(struct buf *out, uint32_t number);

#endif
