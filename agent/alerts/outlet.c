/* SPDX-License-Identifier: Apache-2.0
 * alerts/outlet.c - queue, try, wait, try again.
 */
#include "agent/alerts/outlet.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/alerts/severity.h"
#include "agent/base/clock.h"
#include "agent/base/log.h"

#define GONE 410

static void register_meters(struct outlet *o)
{
	static const char *const names[RESULT_COUNT] = {
#define X(id, name) name,
		RESULT_MAP(X)
#undef X
	};
	char labels[256];

	for (int i = 0; i < RESULT_COUNT; i++) {
		snprintf(labels, sizeof(labels), "channel=\"%.128s\",result=\"%s\"", o->name, names[i]);
		o->results[i] = meter_get(METER_NOTIFICATIONS, labels);
	}
}

static void name_it(struct outlet *o, const struct channel_config *config, size_t endpoint)
{
	o->url = config->endpoints.count > 0 ? config->endpoints.items[endpoint] : config->url;
	if (endpoint == 0)
		snprintf(o->name, sizeof(o->name), "%.120s", config->name);
	else
		snprintf(o->name, sizeof(o->name), "%.120s#%zu", config->name, endpoint + 1);
}

static struct status read_matchers(struct outlet *o, struct buf *why)
{
	for (size_t i = 0; i < o->config->match.count; i++) {
		const char *wrong = matchers_read(slice_of(o->config->match.items[i]), &o->match);
		if (wrong == NULL)
			continue;
		buf_printf(why, "alerts.channels.%s: match: %s", o->name, wrong);
		return FAIL(INVALID, wrong);
	}
	return OK;
}

/* Only a webhook signs; elsewhere the secret is a key. */
static struct status read_key(struct outlet *o, struct buf *why)
{
	if (o->config->type != CHANNEL_WEBHOOK || o->config->secret == NULL)
		return OK;
	struct status s = signing_key_read(o->config->secret, &o->key);
	if (FAILED(s))
		buf_printf(why, "alerts.channels.%s: %s", o->name, s.why);
	o->has_key = !FAILED(s);
	return s;
}

struct status outlet_init(struct outlet *o, struct dispatch *all, const struct channel_config *config, size_t endpoint,
			  uv_loop_t *loop, struct buf *why)
{
	o->all = all;
	o->config = config;
	o->kind = alert_channels[config->type];
	o->last = &o->first;
	name_it(o, config, endpoint);
	uv_timer_init(loop, &o->timer);
	o->timer.data = o;
	register_meters(o);
	o->header_items = calloc(CHANNEL_HEADERS_MAX + config->headers.count, sizeof(o->header_items[0]));
	if (o->header_items == NULL)
		return FAIL(NOMEM, "no memory for an alert channel");
	TRY(read_matchers(o, why));
	return read_key(o, why);
}

void outlet_release(struct outlet *o)
{
	for (struct notification *at = o->first, *next; at != NULL; at = next) {
		next = at->next;
		free(at);
	}
	free(o->header_items);
	buf_release(&o->headers.authorization);
	buf_release(&o->reminder);
}

/* ---------------------------------------------------------------- queues */
void notification_key(struct buf *out, uint32_t number)
{
	struct record key = record_writer(out);

	buf_byte(out, 'n');
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
		notification_key(&o->all->deleted.fresh, item->number);
	meter_add(o->results[result], 1);
	o->backoff = (struct backoff){ 0 };
	free(item);
}

/* Drops the oldest that is not being sent. */
static void drop_oldest(struct outlet *o)
{
	struct notification *sending = o->running ? dequeue(o) : NULL;
	struct backoff backoff = o->backoff;

	LOG(WARN, "alerts", "notification_dropped", "channel=%s reason=\"%d wait already\"", o->name,
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

static struct notification *notification_new(struct slice id, struct slice path, struct slice body)
{
	struct notification *item = calloc(1, sizeof(*item) + body.len);

	if (item == NULL)
		return NULL;
	snprintf(item->id, sizeof(item->id), "%.*s", SLICE_ARG(id));
	snprintf(item->path, sizeof(item->path), "%.*s", SLICE_ARG(path));
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
	    o->name);
	o->disabled = true;
	while (o->first != NULL)
		finish_first(o, RESULT_DISABLED);
}

static void back_off(struct outlet *o, const char *reason, unsigned code, uint64_t retry_after_ms)
{
	uint64_t wait_ms;

	if (o->all->phase != PHASE_WORKING) {
		o->parked = true;
		return;
	}
	if (o->first->is_fleeting) {
		LOG(WARN, "alerts", "reminder_failed", "channel=%s code=%u reason=\"%s\"", o->name, code, reason);
		finish_first(o, RESULT_FAILED);
		return;
	}
	meter_add(o->results[RESULT_FAILED], 1);
	if (!backoff_next(&o->backoff, &o->config->retry, clock_mono_ns() / NS_PER_MS, retry_after_ms, &wait_ms)) {
		LOG(ERROR, "alerts", "notification_given_up", "channel=%s id=%s code=%u reason=\"%s\"", o->name,
		    o->first->id, code, reason);
		finish_first(o, RESULT_GAVE_UP);
		return;
	}
	LOG(WARN, "alerts", "notification_failed", "channel=%s id=%s code=%u reason=\"%s\" retry_in_ms=%llu",
	    o->name, o->first->id, code, reason, (unsigned long long)wait_ms);
	uv_update_time(o->timer.loop);
	uv_timer_start(&o->timer, on_retry_time, wait_ms, 0);
}

static const char *reason_of(unsigned code)
{
	if (code / 100 == 3)
		return "the receiver redirects, which is not followed; configure the address that it names";
	return "the receiver does not answer 2xx";
}

/* The receiver will never take it. Its words are left out of the log: they may repeat what it was sent. */
static void give_up(struct outlet *o, unsigned code)
{
	LOG(ERROR, "alerts", "notification_refused", "channel=%s id=%s code=%u reason=\"%s\" remedy=\"%s\"", o->name,
	    o->first->id, code, reason_of(code), "correct the channel; plimsoll alerts test shows the answer");
	meter_add(o->results[RESULT_FAILED], 1);
	finish_first(o, RESULT_GAVE_UP);
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
	else if (code != 0 && o->kind->is_final != NULL && o->kind->is_final(code))
		give_up(o, code);
	else
		back_off(o, code == 0 ? response->status.why : reason_of(code), code, response->retry_after_ms);
	pump(o);
	if (!o->running)
		o->all->on_rest(o->all);
}

struct status outlet_request(struct outlet *o, const char *id, const char *path, struct slice body, struct buf *url,
			     struct string_map *headers, struct http_request *out)
{
	struct slice base = slice_of(o->url);

	*headers = (struct string_map){ .items = o->header_items };
	o->headers.count = 0;
	if (o->kind->headers != NULL)
		TRY(o->kind->headers(o->config, o->has_key ? &o->key : NULL, id, body,
				     clock_unix_ns() / NS_PER_SECOND, &o->headers));
	for (size_t i = 0; i < o->headers.count; i++)
		headers->items[headers->count++] = o->headers.items[i];
	for (size_t i = 0; i < o->config->headers.count; i++)
		headers->items[headers->count++] = o->config->headers.items[i];
	while (path[0] != '\0' && slice_ends_with(base, SLICE("/")))
		base.len--;
	buf_slice(url, base);
	buf_text(url, path);
	*out = (struct http_request){
		.url = buf_string(url),
		.content_type = o->kind->content_type,
		.headers = headers,
		.body = body,
		.timeout_ms = o->config->timeout_ms,
	};
	return OK;
}

static struct status start_attempt(struct outlet *o)
{
	const struct notification *item = o->first;
	struct string_map headers;
	struct http_request request;
	struct buf url = BUF_INIT;
	struct status s = outlet_request(o, item->id, item->path, (struct slice){ item->body, item->body_len }, &url,
					 &headers, &request);

	if (!FAILED(s))
		s = http_client_post(o->all->http, &request, on_answer, o);
	buf_release(&url);
	return s;
}

/* Starts the next attempt if it is time for one. */
static void pump(struct outlet *o)
{
	while (o->all->phase != PHASE_STOPPED && !o->running && !o->parked && !o->disabled && o->first != NULL &&
	       !uv_is_active((uv_handle_t *)&o->timer)) {
		struct status s = start_attempt(o);
		o->running = !FAILED(s);
		if (FAILED(s))
			back_off(o, s.why, 0, 0);
	}
}

/* ---------------------------------------------------------------- from outside */
static bool wants(const struct outlet *o, const struct alert *a, bool is_news)
{
	struct match_labels labels = severity_labels(&a->verdict);

	if (!matchers_hold(&o->match, &labels) || (int)severity_of(&a->verdict) < o->config->min_severity)
		return false;
	if (a->state == ALERT_FIRING)
		return true;
	return o->kind->tracks || (is_news && o->config->send_resolved);
}

static void add(struct outlet *o, struct notification *item)
{
	if (item == NULL) {
		meter_add(o->results[RESULT_DROPPED], 1);
		return;
	}
	if (o->waiting == NOTIFICATIONS_MAX)
		drop_oldest(o);
	item->number = o->all->next_number++;
	enqueue(o, item);
	pump(o);
}

void outlet_tell(struct outlet *o, const struct telling *t, bool is_news)
{
	char id[CHANNEL_ID_SIZE];
	struct buf body = BUF_INIT, path = BUF_INIT;

	if (!wants(o, t->alert, is_news))
		return;
	if (o->disabled) {
		meter_add(o->results[RESULT_DISABLED], 1);
		return;
	}
	telling_id(t, id);
	o->kind->body(o->config, t, &body);
	if (o->kind->path != NULL)
		o->kind->path(t, &path);
	struct notification *item =
		buf_failed(&body) ? NULL : notification_new(slice_of(id), buf_view(&path), buf_view(&body));
	if (item != NULL)
		item->dirty = true;
	buf_release(&body);
	buf_release(&path);
	add(o, item);
}

/* ---------------------------------------------------------------- reminders */
bool outlet_is_due(const struct outlet *o, uint64_t now_ms)
{
	return o->kind->resend != NULL && o->first == NULL && !o->disabled && o->all->phase == PHASE_WORKING &&
	       now_ms - o->resent_at_ms >= o->config->resend_interval_ms;
}

void outlet_remind(struct outlet *o, const struct telling *t)
{
	if (!wants(o, t->alert, true))
		return;
	buf_byte(&o->reminder, o->reminder.len > 0 ? ',' : '[');
	o->kind->resend(o->config, t, &o->reminder);
}

void outlet_reminded(struct outlet *o, uint64_t now_ms)
{
	struct buf path = BUF_INIT;

	o->resent_at_ms = now_ms;
	if (o->reminder.len == 0)
		return;
	buf_byte(&o->reminder, ']');
	if (o->kind->path != NULL)
		o->kind->path(NULL, &path);
	struct notification *item = buf_failed(&o->reminder) ? NULL :
							       notification_new(SLICE("reminder"), buf_view(&path),
										buf_view(&o->reminder));
	if (item != NULL)
		item->is_fleeting = true;
	buf_reset(&o->reminder);
	buf_release(&path);
	add(o, item);
}

struct status outlet_restore(struct outlet *o, uint32_t number, struct slice id, struct slice path, struct slice body)
{
	struct notification *item;

	if (o->waiting == NOTIFICATIONS_MAX) {
		notification_key(&o->all->deleted.fresh, number);
		return OK;
	}
	item = notification_new(id, path, body);
	if (item == NULL)
		return FAIL(NOMEM, "no memory for a stored notification");
	item->number = number;
	item->is_stored = true;
	enqueue(o, item);
	pump(o);
	return OK;
}

void outlet_park(struct outlet *o)
{
	o->parked |= uv_is_active((uv_handle_t *)&o->timer) != 0;
	uv_timer_stop(&o->timer);
}

void outlet_stop(struct outlet *o)
{
	if (o->running)
		http_client_cancel(o->all->http, o);
}

void outlet_move(struct outlet *from, struct outlet *to)
{
	while (to != NULL && from->first != NULL)
		enqueue(to, dequeue(from));
	while (from->first != NULL)
		finish_first(from, RESULT_DROPPED);
	if (to != NULL)
		pump(to);
}
