/* SPDX-License-Identifier: Apache-2.0
 * alerts/alerts.c - the alerts that are, and what happens to them.
 */
#include "agent/alerts/alerts.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/alerts/alerts_priv.h"
#include "agent/base/log.h"

#define INCIDENT_S 3600

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
	[VERDICT_SLO_BURN] = { 7 * 86400, true },
	[VERDICT_BUDGET] = { 32 * 86400, true },
	[VERDICT_PROMPT_DRIFT] = { 86400, false },
};

static struct life life_of(const struct alert *alert)
{
	const struct verdict *v = &alert->verdict;

	if (v->kind == VERDICT_BUDGET && verdict_is_of_one_call(v))
		return lives[VERDICT_RUNAWAY]; /* one call, too */
	if (v->kind == VERDICT_BUDGET && v->window_s > 0) /* its budget says when the period ends, if there still is one */
		return (struct life){ v->window_s + UINT64_C(3600), lives[VERDICT_BUDGET].end_is_news };
	return lives[v->kind];
}

bool alerts_end_is_news(const struct alert *alert)
{
	return life_of(alert).end_is_news;
}

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
	channel_tests_init(&a->tests);
	for (int kind = 0; kind < VERDICT_KIND_COUNT; kind++) {
		snprintf(label, sizeof(label), "kind=\"%s\"", verdict_kind_names[kind]);
		a->raised[kind] = meter_get(METER_ALERTS, label);
	}
	struct status s = rules_read(config, &a->rules, why);
	if (!FAILED(s) && http != NULL)
		s = notifier_new(config, loop, http, &a->notifier, why);
	if (FAILED(s)) {
		alerts_free(a);
		return s;
	}
	*out = a;
	return OK;
}

void alerts_free(struct alerts *a)
{
	if (a == NULL)
		return;
	channel_tests_release(&a->tests, a->http);
	notifier_free(a->notifier);
	for (size_t i = 0; i < a->count; i++)
		alert_free(a->items[i]);
	rules_release(&a->rules);
	silences_release(&a->silences);
	deletions_release(&a->deleted);
	free(a);
}

static struct status change_channels(struct alerts *a, const struct alerts_config *config, struct buf *why)
{
	struct notifier *fresh = NULL;

	if (a->notifier == NULL)
		return OK;
	TRY(notifier_new(config, a->loop, a->http, &fresh, why));
	notifier_move(a->notifier, fresh);
	notifier_free(a->notifier);
	a->notifier = fresh;
	return OK;
}

struct status alerts_reload(struct alerts *a, const struct alerts_config *config, struct buf *why)
{
	struct rules rules;

	TRY(rules_read(config, &rules, why));
	struct status s = change_channels(a, config, why);
	if (FAILED(s)) {
		rules_release(&rules);
		return s;
	}
	rules_release(&a->rules);
	a->rules = rules;
	a->config = config;
	return OK;
}

void alerts_on_change(struct alerts *a, alert_fn on_change, void *context)
{
	a->on_change = on_change;
	a->context = context;
}

void alerts_on_explain(struct alerts *a, alert_explain explain, void *context)
{
	a->explain = explain;
	a->explain_context = context;
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

static void forget(struct alerts *a, size_t at)
{
	buf_printf(&a->deleted.fresh, "a%s", a->items[at]->id);
	alert_free(a->items[at]);
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

void alerts_insert(struct alerts *a, struct alert *alert)
{
	size_t at;

	make_room(a);
	for (at = a->count; at > 0 && a->items[at - 1]->verdict.started_at_s > alert->verdict.started_at_s; at--)
		a->items[at] = a->items[at - 1];
	a->items[at] = alert;
	a->count++;
}

/* Each crossed threshold of a budget is news of its own. */
static bool stands_alone(const struct alert *alert)
{
	return alert->verdict.kind == VERDICT_BUDGET;
}

/* The first of its group, or else the newest of the same key if near enough, tells which incident it belongs to. */
static void join_incident(const struct alerts *a, struct alert *alert)
{
	const struct alert *near = NULL;

	for (size_t i = a->count; i-- > 0;) {
		const struct alert *other = a->items[i];
		if (alert->group != 0 && other->group == alert->group) {
			near = other;
			break;
		}
		if (near == NULL && !stands_alone(alert) && !stands_alone(other) &&
		    alert_same_key(&other->verdict, &alert->verdict))
			near = other;
	}
	if (near == NULL)
		return;
	if (near->group == alert->group && alert->group != 0)
		memcpy(alert->incident, near->incident, ALERT_ID_SIZE);
	else if (alert->verdict.started_at_s <= near->verdict.started_at_s + INCIDENT_S)
		memcpy(alert->incident, near->incident, ALERT_ID_SIZE);
}

/* ---------------------------------------------------------------- what happens to an alert */
static void changed(struct alerts *a, struct alert *alert)
{
	alert->dirty = a->unsaved = true;
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
	alerts_insert(a, alert);
	meter_add(a->raised[v->kind], 1);
	if (a->explain != NULL)
		a->explain(a->explain_context, alert, &alert->evidence, &alert->cause);
	if (a->notifier != NULL)
		log_change(alert, "alert_firing");
	changed(a, alert);
}

/* What left its range the other way: what was told of the first time is not so any more. */
static void turn(struct verdict *told, const struct verdict *now)
{
	told->direction = now->direction;
	told->value = now->value;
	told->baseline_mean = now->baseline_mean;
	told->baseline_stddev = now->baseline_stddev;
	told->deviation = now->deviation;
	told->pooled_deviation = now->pooled_deviation;
	told->ratio = now->ratio;
	told->sample_size = now->sample_size;
	told->run = now->run;
	told->window_s = now->window_s;
}

static void fire_again(struct alerts *a, struct alert *alert, const struct verdict *v)
{
	if (v->direction != alert->verdict.direction)
		turn(&alert->verdict, v);
	alert->state = ALERT_FIRING;
	alert->end = ALERT_END_NONE;
	alert->ended_at_s = 0;
	alert->firing_since_s = v->at_s;
	changed(a, alert);
}

static void end(struct alerts *a, struct alert *alert, enum alert_end how, uint64_t at_s)
{
	if (alert->tellings == 0) /* it came and went faster than people are told: they hear of both */
		alerts_settle(a);
	alert->state = ALERT_RESOLVED;
	alert->end = how;
	alert->ended_at_s = at_s;
	if (a->notifier != NULL)
		log_change(alert, "alert_resolved");
	changed(a, alert);
}

void alerts_advance(struct alerts *a, uint64_t unix_s)
{
	for (size_t i = 0; i < a->count; i++) {
		struct alert *alert = a->items[i];
		uint64_t end_s = alert->firing_since_s + life_of(alert).lasts_s;
		if (alert->state == ALERT_FIRING && end_s <= unix_s)
			end(a, alert, ALERT_END_EXPIRED, end_s);
	}
}

void alerts_end_orphans(struct alerts *a, bool (*is_judged)(const void *context, const struct alert *alert),
			const void *context, uint64_t unix_s)
{
	for (size_t i = 0; i < a->count; i++)
		if (a->items[i]->state == ALERT_FIRING && !is_judged(context, a->items[i]))
			end(a, a->items[i], ALERT_END_EXPIRED, unix_s);
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
		fire_again(a, alert, v);
	else if (v->event != VERDICT_REOPENED && alert->state == ALERT_FIRING)
		end(a, alert, v->event == VERDICT_ADOPTED ? ALERT_END_ADOPTED : ALERT_END_RECOVERED, v->at_s);
}

void alerts_visit(const struct alerts *a, bool firing_only, alert_fn visit, void *context)
{
	for (size_t i = 0; i < a->count; i++)
		if (!firing_only || a->items[i]->state == ALERT_FIRING)
			visit(context, a->items[i]);
}

void alerts_drain(struct alerts *a, uint64_t deadline_ms, void (*done)(void *context), void *context)
{
	notifier_drain(a->notifier, deadline_ms, done, context);
}
