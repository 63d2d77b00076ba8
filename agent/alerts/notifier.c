/* SPDX-License-Identifier: Apache-2.0
 * alerts/notifier.c - one queue and one attempt at a time for each channel.
 */
#include "agent/alerts/notifier.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/alerts/channel.h"
#include "agent/base/clock.h"
#include "agent/base/log.h"
#include "agent/base/meter.h"
#include "agent/net/backoff.h"

#define FORMAT     1
#define KEY_LETTER 'n'
#define KEY_SIZE   5
#define GONE       410

struct notification {
	struct notification *next;
	uint32_t number; /* key on disk; in order */
	bool is_stored, dirty;
	char id[CHANNEL_ID_SIZE];
	size_t body_len;
	char body[];
};

#define RESULT_MAP(X)                   \
	X(DELIVERED, "delivered")       \
	X(FAILED, "failed")             \
	X(GAVE_UP, "gave_up")           \
	X(DROPPED, "dropped")           \
	X(DISABLED, "disabled")

enum result {
#define X(id, name) RESULT_##id,
	RESULT_MAP(X)
#undef X
	RESULT_COUNT
};

/* A configured channel at work. */
struct outlet {
	struct notifier *notifier;
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

enum phase { PHASE_WORKING, PHASE_DRAINING, PHASE_STOPPED };

struct notifier {
	const struct alerts_config *config;
	struct http_client *http;
	struct outlet *outlets;
	size_t outlet_count;
	uint32_t next_number;
	struct buf deleted; /* keys of what need not be kept any more, KEY_SIZE each */
	uv_timer_t drain_timer;
	enum phase phase;
	void (*drained)(void *context);
	void *drained_context;
	size_t open_handles;
};

/* ---------------------------------------------------------------- making and freeing */
static void register_meters(struct outlet *o)
{
	static const char *const names[RESULT_COUNT] = {
#define X(id, name) name,
		RESULT_MAP(X)
#undef X
	};
	char labels[256];

	for (int i = 0; i < RESULT_COUNT; i++) {
		snprintf(labels, sizeof(labels), "channel=\"%.128s\",result=\"%s\"", o->config->name, names[i]);
		o->results[i] = meter_get(METER_NOTIFICATIONS, labels);
	}
}

static struct status outlet_init(struct outlet *o, struct notifier *n, const struct channel_config *config,
				 uv_loop_t *loop, struct buf *why)
{
	o->notifier = n;
	o->config = config;
	o->kind = alert_channels[config->type];
	o->last = &o->first;
	uv_timer_init(loop, &o->timer);
	o->timer.data = o;
	n->open_handles++;
	register_meters(o);
	o->header_items = calloc(CHANNEL_HEADERS_MAX + config->headers.count, sizeof(o->header_items[0]));
	if (o->header_items == NULL)
		return FAIL(NOMEM, "no memory for an alert channel");
	if (config->signing_secret == NULL)
		return OK;
	struct status s = signing_key_read(config->signing_secret, &o->key);
	if (FAILED(s))
		buf_printf(why, "alerts.channels.%s: %s", config->name, s.why);
	o->has_key = !FAILED(s);
	return s;
}

static void on_drain_time(uv_timer_t *timer);

struct status notifier_new(const struct alerts_config *config, uv_loop_t *loop, struct http_client *http,
			   struct notifier **out, struct buf *why)
{
	struct notifier *n = calloc(1, sizeof(*n));

	if (n == NULL)
		return FAIL(NOMEM, "no memory for alert channels");
	n->config = config;
	n->http = http;
	uv_timer_init(loop, &n->drain_timer);
	n->drain_timer.data = n;
	n->open_handles = 1;
	n->outlets = calloc(config->channel_count + 1, sizeof(n->outlets[0]));
	struct status s = n->outlets != NULL ? OK : FAIL(NOMEM, "no memory for alert channels");
	for (size_t i = 0; i < config->channel_count && !FAILED(s); i++) {
		s = outlet_init(&n->outlets[i], n, &config->channels[i], loop, why);
		n->outlet_count++;
	}
	if (FAILED(s)) {
		notifier_free(n);
		return s;
	}
	*out = n;
	return OK;
}

static void release(struct notifier *n)
{
	for (size_t i = 0; i < n->outlet_count; i++) {
		for (struct notification *at = n->outlets[i].first, *next; at != NULL; at = next) {
			next = at->next;
			free(at);
		}
		free(n->outlets[i].header_items);
	}
	free(n->outlets);
	buf_release(&n->deleted);
	free(n);
}

/* The timers lie inside the notifier: it goes when the last of them is closed. */
static void closed(struct notifier *n)
{
	if (--n->open_handles == 0)
		release(n);
}

static void on_timer_closed(uv_handle_t *timer)
{
	closed(((struct outlet *)timer->data)->notifier);
}

static void on_drain_timer_closed(uv_handle_t *timer)
{
	closed(timer->data);
}

static void stop_attempts(struct notifier *n)
{
	n->phase = PHASE_STOPPED;
	for (size_t i = 0; i < n->outlet_count; i++)
		if (n->outlets[i].running)
			http_client_cancel(n->http, &n->outlets[i]);
}

void notifier_free(struct notifier *n)
{
	if (n == NULL)
		return;
	n->drained = NULL;
	stop_attempts(n);
	for (size_t i = 0; i < n->outlet_count; i++)
		uv_close((uv_handle_t *)&n->outlets[i].timer, on_timer_closed);
	uv_close((uv_handle_t *)&n->drain_timer, on_drain_timer_closed);
}

/* ---------------------------------------------------------------- queues */
static void write_key(struct buf *out, uint32_t number)
{
	struct record key = record_writer(out);

	buf_byte(out, KEY_LETTER);
	record_key_u32(&key, &number);
}

static void enqueue(struct outlet *o, struct notification *item)
{
	*o->last = item;
	o->last = &item->next;
	o->waiting++;
}

static struct notification *dequeue(struct outlet *o)
{
	struct notification *item = o->first;

	o->first = item->next;
	if (o->first == NULL)
		o->last = &o->first;
	item->next = NULL;
	o->waiting--;
	return item;
}

/* The first of the queue is done with. */
static void finish_first(struct outlet *o, enum result result)
{
	struct notification *item = dequeue(o);

	if (item->is_stored)
		write_key(&o->notifier->deleted, item->number);
	meter_add(o->results[result], 1);
	o->backoff = (struct backoff){ 0 };
	free(item);
}

/* Drops the oldest that is not being sent. */
static void drop_oldest(struct outlet *o)
{
	struct notification *sending = o->running ? dequeue(o) : NULL;
	struct backoff backoff = o->backoff;

	LOG(WARN, "alerts", "notification_dropped", "channel=%s reason=\"%d wait already\"", o->config->name,
	    NOTIFICATIONS_MAX);
	finish_first(o, RESULT_DROPPED);
	if (sending == NULL)
		return;
	sending->next = o->first;
	if (o->first == NULL)
		o->last = &sending->next;
	o->first = sending;
	o->waiting++;
	o->backoff = backoff;
}

static struct notification *notification_new(struct slice id, struct slice body)
{
	struct notification *item = calloc(1, sizeof(*item) + body.len);

	if (item == NULL)
		return NULL;
	snprintf(item->id, sizeof(item->id), "%.*s", SLICE_ARG(id));
	item->body_len = body.len;
	memcpy(item->body, body.ptr, body.len);
	return item;
}

/* ---------------------------------------------------------------- attempts */
static void pump(struct outlet *o);

static void on_retry_time(uv_timer_t *timer)
{
	pump(timer->data);
}

static void disable(struct outlet *o)
{
	LOG(ERROR, "alerts", "channel_disabled",
	    "channel=%s reason=\"the receiver answered 410 Gone\" remedy=\"correct the url and reload\"",
	    o->config->name);
	o->disabled = true;
	while (o->first != NULL)
		finish_first(o, RESULT_DISABLED);
}

static void back_off(struct outlet *o, const char *reason, unsigned code, uint64_t retry_after_ms)
{
	uint64_t wait_ms;

	if (o->notifier->phase != PHASE_WORKING) {
		o->parked = true;
		return;
	}
	meter_add(o->results[RESULT_FAILED], 1);
	if (!backoff_next(&o->backoff, &o->config->retry, clock_mono_ns() / NS_PER_MS, retry_after_ms, &wait_ms)) {
		LOG(ERROR, "alerts", "notification_given_up", "channel=%s id=%s code=%u reason=\"%s\"", o->config->name,
		    o->first->id, code, reason);
		finish_first(o, RESULT_GAVE_UP);
		return;
	}
	LOG(WARN, "alerts", "notification_failed", "channel=%s id=%s code=%u reason=\"%s\" retry_in_ms=%llu",
	    o->config->name, o->first->id, code, reason, (unsigned long long)wait_ms);
	uv_update_time(o->timer.loop);
	uv_timer_start(&o->timer, on_retry_time, wait_ms, 0);
}

static bool all_at_rest(const struct notifier *n)
{
	for (size_t i = 0; i < n->outlet_count; i++)
		if (n->outlets[i].running)
			return false;
	return true;
}

static void on_answer(void *context, const struct http_response *response)
{
	struct outlet *o = context;
	unsigned code = FAILED(response->status) ? 0 : response->code;

	o->running = false;
	if (code / 100 == 2)
		finish_first(o, RESULT_DELIVERED);
	else if (code == GONE)
		disable(o);
	else
		back_off(o, code == 0 ? response->status.why : "the receiver does not answer 2xx", code,
			 response->retry_after_ms);
	pump(o);
	if (o->notifier->drained != NULL && all_at_rest(o->notifier))
		uv_timer_start(&o->notifier->drain_timer, on_drain_time, 0, 0);
}

static struct status start_attempt(struct outlet *o)
{
	const struct notification *item = o->first;
	struct slice body = { item->body, item->body_len };
	struct string_map headers = { .items = o->header_items };

	TRY(o->kind->headers(o->has_key ? &o->key : NULL, item->id, body, clock_unix_ns() / NS_PER_SECOND,
			     &o->headers));
	for (size_t i = 0; i < o->headers.count; i++)
		headers.items[headers.count++] = o->headers.items[i];
	for (size_t i = 0; i < o->config->headers.count; i++)
		headers.items[headers.count++] = o->config->headers.items[i];
	struct http_request request = {
		.url = o->config->url,
		.content_type = o->kind->content_type,
		.headers = &headers,
		.body = body,
		.timeout_ms = o->config->timeout_ms,
	};
	return http_client_post(o->notifier->http, &request, on_answer, o);
}

/* Starts the next attempt if it is time for one. */
static void pump(struct outlet *o)
{
	while (o->notifier->phase != PHASE_STOPPED && !o->running && !o->parked && !o->disabled && o->first != NULL &&
	       !uv_is_active((uv_handle_t *)&o->timer)) {
		struct status s = start_attempt(o);
		o->running = !FAILED(s);
		if (FAILED(s))
			back_off(o, s.why, 0, 0);
	}
}

static void tell(struct outlet *o, const struct alert *a)
{
	char id[CHANNEL_ID_SIZE];
	struct buf body = BUF_INIT;

	if (o->disabled) {
		meter_add(o->results[RESULT_DISABLED], 1);
		return;
	}
	o->kind->id(a, id);
	o->kind->body(a, o->notifier->config->runbook_url, &body);
	struct notification *item = buf_failed(&body) ? NULL : notification_new(slice_of(id), buf_view(&body));
	buf_release(&body);
	if (item == NULL) {
		meter_add(o->results[RESULT_DROPPED], 1);
		return;
	}
	if (o->waiting == NOTIFICATIONS_MAX)
		drop_oldest(o);
	item->number = o->notifier->next_number++;
	item->dirty = true;
	enqueue(o, item);
	pump(o);
}

void notifier_tell(struct notifier *n, const struct alert *a)
{
	for (size_t i = 0; i < n->outlet_count; i++)
		tell(&n->outlets[i], a);
}

/* ---------------------------------------------------------------- drain */
static void on_drain_time(uv_timer_t *timer)
{
	struct notifier *n = timer->data;
	void (*done)(void *context) = n->drained;

	n->drained = NULL;
	stop_attempts(n);
	if (done != NULL)
		done(n->drained_context);
}

void notifier_drain(struct notifier *n, uint64_t deadline_ms, void (*done)(void *context), void *context)
{
	if (n == NULL) {
		done(context);
		return;
	}
	n->phase = PHASE_DRAINING;
	n->drained = done;
	n->drained_context = context;
	for (size_t i = 0; i < n->outlet_count; i++) {
		struct outlet *o = &n->outlets[i];
		o->parked |= uv_is_active((uv_handle_t *)&o->timer) != 0;
		uv_timer_stop(&o->timer);
	}
	uv_timer_start(&n->drain_timer, on_drain_time, all_at_rest(n) ? 0 : deadline_ms, 0);
}

/* ---------------------------------------------------------------- kept over a restart */
static void record_notification(struct record *r, struct slice *channel, struct slice *id, struct slice *body)
{
	record_format(r, FORMAT);
	record_slice(r, channel);
	record_slice(r, id);
	record_slice(r, body);
}

static void save_one(const struct outlet *o, struct notification *item, alerts_put put, void *context)
{
	struct slice channel = slice_of(o->config->name), id = slice_of(item->id);
	struct slice body = { item->body, item->body_len };
	struct buf key = BUF_INIT, value = BUF_INIT;
	struct record r = record_writer(&value);

	write_key(&key, item->number);
	record_notification(&r, &channel, &id, &body);
	if (!buf_failed(&key) && record_ok(&r)) {
		put(context, buf_view(&key), buf_view(&value));
		item->is_stored = true;
		item->dirty = false;
	}
	buf_release(&key);
	buf_release(&value);
}

void notifier_save(struct notifier *n, bool all, alerts_put put, void *context)
{
	for (size_t at = 0; at + KEY_SIZE <= n->deleted.len; at += KEY_SIZE)
		put(context, (struct slice){ n->deleted.ptr + at, KEY_SIZE }, SLICE_NONE);
	buf_reset(&n->deleted);
	for (size_t i = 0; i < n->outlet_count; i++)
		for (struct notification *item = n->outlets[i].first; item != NULL; item = item->next)
			if (all || item->dirty)
				save_one(&n->outlets[i], item, put, context);
}

static struct outlet *outlet_named(struct notifier *n, struct slice name)
{
	for (size_t i = 0; i < n->outlet_count; i++)
		if (slice_equal(slice_of(n->outlets[i].config->name), name))
			return &n->outlets[i];
	return NULL;
}

struct status notifier_load(struct notifier *n, struct slice key, struct slice value)
{
	struct record k = record_reader(slice_skip(key, 1)), r = record_reader(value);
	struct slice channel = SLICE_NONE, id = SLICE_NONE, body = SLICE_NONE;
	uint32_t number = 0;

	record_key_u32(&k, &number);
	record_notification(&r, &channel, &id, &body);
	if (!record_ok(&k) || !record_ok(&r) || id.len >= CHANNEL_ID_SIZE)
		return FAIL(CORRUPT, "a stored notification has another version or shape");
	if (number >= n->next_number)
		n->next_number = number + 1;
	struct outlet *o = outlet_named(n, channel);
	if (o == NULL || o->waiting == NOTIFICATIONS_MAX) {
		write_key(&n->deleted, number);
		return OK; /* the channel is configured no more */
	}
	struct notification *item = notification_new(id, body);
	if (item == NULL)
		return FAIL(NOMEM, "no memory for a stored notification");
	item->number = number;
	item->is_stored = true;
	enqueue(o, item);
	pump(o);
	return OK;
}

void notifier_move(struct notifier *from, struct notifier *to)
{
	stop_attempts(from);
	to->next_number = from->next_number;
	for (size_t i = 0; i < from->outlet_count; i++) {
		struct outlet *old = &from->outlets[i], *new = outlet_named(to, slice_of(old->config->name));
		while (new != NULL && old->first != NULL)
			enqueue(new, dequeue(old));
		while (old->first != NULL)
			finish_first(old, RESULT_DROPPED);
		if (new != NULL)
			pump(new);
	}
	buf_slice(&to->deleted, buf_view(&from->deleted));
}
