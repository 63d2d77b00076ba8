/* SPDX-License-Identifier: Apache-2.0
 * alerts/notifier.c - all channels together: tell, drain, keep.
 */
#include "agent/alerts/notifier.h"

#include <stdlib.h>

#include "agent/alerts/outlet.h"

#define FORMAT 2

struct notifier {
	struct dispatch all; /* first: on_rest finds the notifier by it */
	struct outlet *outlets;
	size_t outlet_count;
	uv_timer_t drain_timer;
	void (*drained)(void *context);
	void *drained_context;
	size_t open_handles; /* timers that lie in here or in the outlets */
};

/* ---------------------------------------------------------------- making and freeing */
static void stop_attempts(struct notifier *n)
{
	n->all.phase = PHASE_STOPPED;
	for (size_t i = 0; i < n->outlet_count; i++)
		outlet_stop(&n->outlets[i]);
}

static void on_drain_time(uv_timer_t *timer)
{
	struct notifier *n = timer->data;
	void (*done)(void *context) = n->drained;

	n->drained = NULL;
	stop_attempts(n);
	if (done != NULL)
		done(n->drained_context);
}

static bool all_at_rest(const struct notifier *n)
{
	for (size_t i = 0; i < n->outlet_count; i++)
		if (n->outlets[i].running)
			return false;
	return true;
}

static void on_rest(struct dispatch *all)
{
	struct notifier *n = (struct notifier *)all;

	if (n->drained != NULL && all_at_rest(n))
		uv_timer_start(&n->drain_timer, on_drain_time, 0, 0);
}

static size_t endpoints_of(const struct channel_config *c)
{
	return c->endpoints.count > 0 ? c->endpoints.count : 1;
}

static size_t outlet_total(const struct alerts_config *config)
{
	size_t total = 0;

	for (size_t i = 0; i < config->channel_count; i++)
		total += endpoints_of(&config->channels[i]);
	return total;
}

/* An outlet for each endpoint. */
static struct status open_channel(struct notifier *n, const struct channel_config *c, uv_loop_t *loop, struct buf *why)
{
	for (size_t i = 0; i < endpoints_of(c); i++) {
		struct outlet *o = &n->outlets[n->outlet_count++];
		n->open_handles++;
		TRY(outlet_init(o, &n->all, c, i, loop, why));
	}
	return OK;
}

struct status notifier_new(const struct alerts_config *config, uv_loop_t *loop, struct http_client *http,
			   struct notifier **out, struct buf *why)
{
	struct notifier *n = calloc(1, sizeof(*n));

	if (n == NULL)
		return FAIL(NOMEM, "no memory for alert channels");
	n->all.http = http;
	n->all.on_rest = on_rest;
	uv_timer_init(loop, &n->drain_timer);
	n->drain_timer.data = n;
	n->open_handles = 1;
	n->outlets = calloc(outlet_total(config) + 1, sizeof(n->outlets[0]));
	struct status s = n->outlets != NULL ? OK : FAIL(NOMEM, "no memory for alert channels");
	for (size_t i = 0; i < config->channel_count && !FAILED(s); i++)
		s = open_channel(n, &config->channels[i], loop, why);
	if (FAILED(s)) {
		notifier_free(n);
		return s;
	}
	*out = n;
	return OK;
}

static void release(struct notifier *n)
{
	for (size_t i = 0; i < n->outlet_count; i++)
		outlet_release(&n->outlets[i]);
	free(n->outlets);
	deletions_release(&n->all.deleted);
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
	const struct outlet *o = timer->data;

	closed((struct notifier *)o->all);
}

static void on_drain_timer_closed(uv_handle_t *timer)
{
	closed(timer->data);
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

void notifier_tell(struct notifier *n, const struct telling *t, bool is_news)
{
	for (size_t i = 0; i < n->outlet_count; i++)
		outlet_tell(&n->outlets[i], t, is_news);
}

void notifier_remind(struct notifier *n, uint64_t now_ms, notifier_each each, void *context)
{
	for (size_t i = 0; i < n->outlet_count; i++) {
		if (!outlet_is_due(&n->outlets[i], now_ms))
			continue;
		each(context, &n->outlets[i]);
		outlet_reminded(&n->outlets[i], now_ms);
	}
}

/* ---------------------------------------------------------------- drain */
void notifier_drain(struct notifier *n, uint64_t deadline_ms, void (*done)(void *context), void *context)
{
	if (n == NULL) {
		done(context);
		return;
	}
	n->all.phase = PHASE_DRAINING;
	n->drained = done;
	n->drained_context = context;
	for (size_t i = 0; i < n->outlet_count; i++)
		outlet_park(&n->outlets[i]);
	uv_timer_start(&n->drain_timer, on_drain_time, all_at_rest(n) ? 0 : deadline_ms, 0);
}

/* ---------------------------------------------------------------- kept over a restart */
static void record_notification(struct record *r, struct slice *channel, struct slice *id, struct slice *path,
				struct slice *body)
{
	record_format(r, FORMAT);
	record_slice(r, channel);
	record_slice(r, id);
	record_slice(r, path);
	record_slice(r, body);
}

static void save_one(const struct outlet *o, struct notification *item, alerts_put put, void *context)
{
	struct slice channel = slice_of(o->name), id = slice_of(item->id), path = slice_of(item->path);
	struct slice body = { item->body, item->body_len };
	struct buf key = BUF_INIT, value = BUF_INIT;
	struct record r = record_writer(&value);

	notification_key(&key, item->number);
	record_notification(&r, &channel, &id, &path, &body);
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
	deletions_put(&n->all.deleted, NOTIFICATION_KEY_SIZE, all, put, context);
	for (size_t i = 0; i < n->outlet_count; i++)
		for (struct notification *item = n->outlets[i].first; item != NULL; item = item->next)
			if (!item->is_fleeting && (all || item->dirty))
				save_one(&n->outlets[i], item, put, context);
}

static struct outlet *outlet_named(struct notifier *n, struct slice name)
{
	for (size_t i = 0; i < n->outlet_count; i++)
		if (slice_equal(slice_of(n->outlets[i].name), name))
			return &n->outlets[i];
	return NULL;
}

struct outlet *notifier_outlet(struct notifier *n, struct slice name, struct buf *names)
{
	struct outlet *o = outlet_named(n, name);

	for (size_t i = 0; i < n->outlet_count && o == NULL && names != NULL; i++)
		buf_printf(names, "%s%s", i > 0 ? ", " : "", n->outlets[i].name);
	return o;
}

struct status notifier_load(struct notifier *n, struct slice key, struct slice value)
{
	struct record k = record_reader(slice_skip(key, 1)), r = record_reader(value);
	struct slice channel = SLICE_NONE, id = SLICE_NONE, path = SLICE_NONE, body = SLICE_NONE;
	uint32_t number = 0;

	record_key_u32(&k, &number);
	record_notification(&r, &channel, &id, &path, &body);
	if (!record_ok(&k) || !record_ok(&r) || id.len >= CHANNEL_ID_SIZE || path.len >= NOTIFICATION_PATH_SIZE)
		return FAIL(CORRUPT, "a stored notification has another version or shape");
	if (number >= n->all.next_number)
		n->all.next_number = number + 1;
	struct outlet *o = outlet_named(n, channel);
	if (o != NULL)
		return outlet_restore(o, number, id, path, body);
	notification_key(&n->all.deleted.fresh, number); /* the channel is configured no more */
	return OK;
}

void notifier_move(struct notifier *from, struct notifier *to)
{
	stop_attempts(from);
	to->all.next_number = from->all.next_number;
	for (size_t i = 0; i < from->outlet_count; i++)
		outlet_move(&from->outlets[i], outlet_named(to, slice_of(from->outlets[i].name)));
	buf_slice(&to->all.deleted.fresh, buf_view(&from->all.deleted.fresh));
	buf_slice(&to->all.deleted.asked, buf_view(&from->all.deleted.asked));
}
