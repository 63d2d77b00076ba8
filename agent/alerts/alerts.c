/* SPDX-License-Identifier: Apache-2.0
 * alerts/alerts.c - the alerts that are, and what happens to them.
 */
#include "agent/alerts/alerts.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/alerts/notifier.h"
#include "agent/base/log.h"
#include "agent/base/meter.h"

#define INCIDENT_S 3600
#define KEY_SIZE   ALERT_ID_SIZE /* a letter and the id's digits */

/* How long an alert lasts when nobody ends it. A shift is resolved or adopted well within three days as long as its
 * series has traffic: the baselines adopt after one day, and hold a bucket open for two at most. */
static const struct life {
	uint64_t lasts_s;
	bool end_is_news;
} lives[VERDICT_KIND_COUNT] = {
	[VERDICT_SHIFT] = { 3 * 86400, true },
	[VERDICT_CANARY] = { 86400, false },
	[VERDICT_RUNAWAY] = { 3600, false },
	[VERDICT_LATENCY_P99] = { 86400, false },
	[VERDICT_MODEL_CHANGE] = { 86400, false },
	[VERDICT_FLOATING_ALIAS] = { 3600, false },
	[VERDICT_MODEL_DRIFT] = { 86400, false },
};

struct alerts {
	const struct alerts_config *config;
	uv_loop_t *loop;
	struct http_client *http;
	struct notifier *notifier; /* NULL: nobody is told */
	alert_fn on_change;
	void *context;
	struct alert *items[ALERTS_MAX]; /* by started_at_s, oldest first */
	size_t count;
	struct buf deleted; /* keys of forgotten alerts, KEY_SIZE each */
	struct meter *raised[VERDICT_KIND_COUNT];
};

struct status alerts_new(const struct alerts_config *config, uv_loop_t *loop, struct http_client *http,
			 struct alerts **out, struct buf *why)
{
	struct alerts *a = calloc(1, sizeof(*a));
	char label[32];

	if (a == NULL)
		return FAIL(NOMEM, "no memory for alerts");
	a->config = config;
	a->loop = loop;
	a->http = http;
	for (int kind = 0; kind < VERDICT_KIND_COUNT; kind++) {
		snprintf(label, sizeof(label), "kind=\"%s\"", verdict_kind_names[kind]);
		a->raised[kind] = meter_get(METER_ALERTS, label);
	}
	struct status s = http != NULL ? notifier_new(config, loop, http, &a->notifier, why) : OK;
	if (FAILED(s)) {
		free(a);
		return s;
	}
	*out = a;
	return OK;
}

void alerts_free(struct alerts *a)
{
	if (a == NULL)
		return;
	notifier_free(a->notifier);
	for (size_t i = 0; i < a->count; i++)
		free(a->items[i]);
	buf_release(&a->deleted);
	free(a);
}

struct status alerts_reload(struct alerts *a, const struct alerts_config *config, struct buf *why)
{
	struct notifier *fresh = NULL;

	if (a->notifier != NULL) {
		TRY(notifier_new(config, a->loop, a->http, &fresh, why));
		notifier_move(a->notifier, fresh);
		notifier_free(a->notifier);
		a->notifier = fresh;
	}
	a->config = config;
	return OK;
}

void alerts_on_change(struct alerts *a, alert_fn on_change, void *context)
{
	a->on_change = on_change;
	a->context = context;
}

/* ---------------------------------------------------------------- the table */
static struct alert *find(const struct alerts *a, const struct verdict *v)
{
	char id[ALERT_ID_SIZE];

	alert_id(v, id);
	for (size_t i = a->count; i-- > 0;)
		if (strcmp(a->items[i]->id, id) == 0)
			return a->items[i];
	return NULL;
}

static void write_key(struct buf *out, const struct alert *alert)
{
	buf_printf(out, "a%s", alert->id);
}

static void forget(struct alerts *a, size_t at)
{
	write_key(&a->deleted, a->items[at]);
	free(a->items[at]);
	a->count--;
	memmove(a->items + at, a->items + at + 1, (a->count - at) * sizeof(a->items[0]));
}

static void make_room(struct alerts *a)
{
	size_t victim = 0;

	if (a->count < ALERTS_MAX)
		return;
	for (size_t i = 0; i < a->count; i++) {
		if (a->items[i]->state != ALERT_FIRING) {
			victim = i;
			break;
		}
	}
	forget(a, victim);
}

static void insert(struct alerts *a, struct alert *alert)
{
	size_t at;

	make_room(a);
	for (at = a->count; at > 0 && a->items[at - 1]->verdict.started_at_s > alert->verdict.started_at_s; at--)
		a->items[at] = a->items[at - 1];
	a->items[at] = alert;
	a->count++;
}

/* The newest alert of the same key tells which incident this one belongs to, if it is near enough. */
static void join_incident(const struct alerts *a, struct alert *alert)
{
	for (size_t i = a->count; i-- > 0;) {
		const struct alert *other = a->items[i];
		if (!alert_same_key(&other->verdict, &alert->verdict))
			continue;
		if (alert->verdict.started_at_s <= other->verdict.started_at_s + INCIDENT_S)
			memcpy(alert->incident, other->incident, ALERT_ID_SIZE);
		return;
	}
}

/* ---------------------------------------------------------------- what happens to an alert */
static void changed(struct alerts *a, struct alert *alert, bool is_news)
{
	alert->dirty = true;
	if (is_news && a->notifier != NULL)
		notifier_tell(a->notifier, alert);
	if (a->on_change != NULL)
		a->on_change(a->context, alert);
}

static void log_change(const struct alert *alert, const char *event)
{
	struct buf summary = BUF_INIT;

	alert_summary(alert, &summary);
	LOG(WARN, "alerts", event, "id=%s incident=%s kind=%s summary=\"%s\"", alert->id, alert->incident,
	    verdict_kind_names[alert->verdict.kind], buf_string(&summary));
	buf_release(&summary);
}

static void fire(struct alerts *a, const struct verdict *v)
{
	struct alert *alert = find(a, v) == NULL ? alert_new(v) : NULL;

	if (alert == NULL) /* known: the baselines were older than the alerts when the agent last stopped */
		return;
	join_incident(a, alert);
	insert(a, alert);
	meter_add(a->raised[v->kind], 1);
	if (a->notifier != NULL)
		log_change(alert, "alert_firing");
	changed(a, alert, true);
}

static void fire_again(struct alerts *a, struct alert *alert, uint64_t at_s)
{
	alert->state = ALERT_FIRING;
	alert->end = ALERT_END_NONE;
	alert->ended_at_s = 0;
	alert->firing_since_s = at_s;
	changed(a, alert, false);
}

static void end(struct alerts *a, struct alert *alert, enum alert_end how, uint64_t at_s)
{
	bool is_news = lives[alert->verdict.kind].end_is_news && !alert->end_is_told;

	alert->state = ALERT_RESOLVED;
	alert->end = how;
	alert->ended_at_s = at_s;
	alert->end_is_told = true;
	if (a->notifier != NULL)
		log_change(alert, "alert_resolved");
	changed(a, alert, is_news);
}

void alerts_advance(struct alerts *a, uint64_t unix_s)
{
	for (size_t i = 0; i < a->count; i++) {
		struct alert *alert = a->items[i];
		uint64_t end_s = alert->firing_since_s + lives[alert->verdict.kind].lasts_s;
		if (alert->state == ALERT_FIRING && end_s <= unix_s)
			end(a, alert, ALERT_END_EXPIRED, end_s);
	}
}

void alerts_verdict(struct alerts *a, const struct verdict *v)
{
	struct alert *alert;

	alerts_advance(a, v->at_s);
	if (v->event == VERDICT_RAISED) {
		fire(a, v);
		return;
	}
	alert = find(a, v);
	if (alert == NULL)
		return; /* forgotten */
	if (v->event == VERDICT_REOPENED && alert->state == ALERT_RESOLVED)
		fire_again(a, alert, v->at_s);
	else if (v->event != VERDICT_REOPENED && alert->state == ALERT_FIRING)
		end(a, alert, v->event == VERDICT_ADOPTED ? ALERT_END_ADOPTED : ALERT_END_RECOVERED, v->at_s);
}

void alerts_visit(const struct alerts *a, bool firing_only, alert_fn visit, void *context)
{
	for (size_t i = 0; i < a->count; i++)
		if (!firing_only || a->items[i]->state == ALERT_FIRING)
			visit(context, a->items[i]);
}

/* ---------------------------------------------------------------- kept over a restart */
static void save_alert(struct alert *alert, alerts_put put, void *context)
{
	struct buf key = BUF_INIT, value = BUF_INIT;

	write_key(&key, alert);
	alert_save(alert, &value);
	if (!buf_failed(&key) && !buf_failed(&value)) {
		put(context, buf_view(&key), buf_view(&value));
		alert->dirty = false;
	}
	buf_release(&key);
	buf_release(&value);
}

void alerts_save(struct alerts *a, bool all, alerts_put put, void *context)
{
	for (size_t at = 0; at + KEY_SIZE <= a->deleted.len; at += KEY_SIZE)
		put(context, (struct slice){ a->deleted.ptr + at, KEY_SIZE }, SLICE_NONE);
	buf_reset(&a->deleted);
	for (size_t i = 0; i < a->count; i++)
		if (all || a->items[i]->dirty)
			save_alert(a->items[i], put, context);
	if (a->notifier != NULL)
		notifier_save(a->notifier, all, put, context);
}

struct status alerts_load(struct alerts *a, struct slice key, struct slice value)
{
	struct alert *alert;

	if (slice_starts_with(key, SLICE("n")))
		return a->notifier != NULL ? notifier_load(a->notifier, key, value) : OK;
	alert = slice_starts_with(key, SLICE("a")) ? alert_load(value) : NULL;
	if (alert == NULL)
		return FAIL(CORRUPT, "a stored alert has another version or shape");
	insert(a, alert);
	return OK;
}

void alerts_drain(struct alerts *a, uint64_t deadline_ms, void (*done)(void *context), void *context)
{
	notifier_drain(a->notifier, deadline_ms, done, context);
}
