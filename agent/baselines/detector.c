/* SPDX-License-Identifier: Apache-2.0
 * baselines/detector.c - take samples apart into observations, and let time pass.
 */
#include "agent/baselines/detector.h"

#include <math.h>
#include <stdlib.h>

#include "agent/base/pages.h"
#include "agent/baselines/detector_priv.h"

#define LATE_MAX_S          HOUR_S
#define KEY_SERIES_MIN      4 /* that a key has at least, nearly always */
#define SILENCE_PLAYED_S    (31 * (int64_t)DAY_S)
#define QUARTER_S           900    /* every hour of every UTC offset ends on one */

static struct meter *rejected(const char *labels)
{
	return meter_get(METER_BASELINE_REJECTED, labels);
}

static const char *const rollup_names[ROLLUP_COUNT] = { "feature", "model", "segment", "workflow", "all" };

static void read_config(struct detector *d, const struct baselines_config *config)
{
	rules_init(&d->rules, config);
	d->budgeted = UINT64_MAX;
	d->metrics = d->rollups = d->tails = 0;
	for (int m = 0; m < METRIC_COUNT; m++)
		if (!metric_is((enum metric)m, METRIC_EXTRA))
			d->metrics |= UINT64_C(1) << m;
	for (size_t i = 0; i < config->metrics.count; i++) {
		d->metrics |= UINT64_C(1) << metric_find(slice_of(config->metrics.items[i])) & METRICS_ALL;
		for (int of = 0; of < TAIL_COUNT; of++)
			if (strcmp(config->metrics.items[i], tail_names[of]) == 0)
				d->tails |= 1u << of;
	}
	for (size_t i = 0; i < config->without.count; i++)
		d->metrics &= ~(UINT64_C(1) << metric_find(slice_of(config->without.items[i])));
	for (size_t i = 0; i < config->rollups.count; i++)
		for (int r = 0; r < ROLLUP_COUNT; r++)
			if (strcmp(config->rollups.items[i], rollup_names[r]) == 0)
				d->rollups |= 1u << r;
	d->idle_s = (int64_t)(config->idle_after_ms / 1000);
	d->notice_every_s = (int64_t)(config->alias_notice_every_ms / 1000);
}

static void register_meters(struct detector *d)
{
	d->meters.series = meter_get(METER_BASELINE_SERIES, "");
	d->meters.late = rejected("reason=\"late\"");
	d->meters.cost = rejected("reason=\"cost\"");
	d->meters.latency = rejected("reason=\"latency\"");
	d->meters.ttft = rejected("reason=\"ttft\"");
	d->meters.tokens = rejected("reason=\"output_tokens\"");
	d->meters.score = rejected("reason=\"eval_score\"");
	d->meters.memory = rejected("reason=\"memory\"");
	d->meters.limit = rejected("reason=\"limit\"");
	d->meters.pooled = meter_get(METER_BASELINE_ADJUSTED, "reason=\"pooled\"");
	d->meters.clock = meter_get(METER_BASELINE_ADJUSTED, "reason=\"clock\"");
	d->meters.idle = meter_get(METER_BASELINE_KEYS_DROPPED, "");
}

struct detector *detector_new(const struct baselines_config *config, verdict_fn emit, void *context)
{
	struct detector *d = pages_new(sizeof(*d));
	int64_t keys = config->max_series / KEY_SERIES_MIN;

	if (d == NULL)
		return NULL;
	/* one more for `other` */
	if (!key_table_init(&d->table, (uint32_t)(keys < 1 ? 1 : keys > INT32_MAX / 4 ? INT32_MAX / 4 : keys) + 1)) {
		detector_free(d);
		return NULL;
	}
	d->max_series = (uint64_t)config->max_series;
	read_config(d, config);
	d->name_count = 1;
	d->emit = emit;
	d->context = context;
	register_meters(d);
	return d;
}

void detector_reload(struct detector *d, const struct baselines_config *config)
{
	int64_t offset_s = d->rules.utc_offset_s;

	read_config(d, config);
	d->rules.utc_offset_s = offset_s;
}

void detector_free(struct detector *d)
{
	if (d == NULL)
		return;
	key_table_release(&d->table);
	for (unsigned i = 1; i < d->name_count; i++)
		free((void *)(uintptr_t)d->names[i].ptr);
	groups_release(&d->groups);
	model_watch_release(&d->models);
	buf_release(&d->dropped);
	buf_release(&d->dropped_before);
	pages_free(d, sizeof(*d));
}

uint64_t detector_series_count(const struct detector *d)
{
	return d->series_count;
}

/* ---------------------------------------------------------------- verdicts get their labels */
static void add_traces(struct verdict *v, const struct traces *t)
{
	for (uint32_t i = 0; i < t->count; i++)
		memcpy(v->trace_ids[i], t->ids[(t->next + VERDICT_TRACES_MAX - 1u - i) % VERDICT_TRACES_MAX], 16);
	v->trace_count = t->count;
}

static bool has_group(const struct verdict *v)
{
	return v->event == VERDICT_RAISED &&
	       (v->kind == VERDICT_SHIFT || v->kind == VERDICT_CANARY || v->kind == VERDICT_LATENCY_P99 ||
		v->kind == VERDICT_MODEL_DRIFT);
}

void detector_emit(void *context, const struct verdict *bare)
{
	const struct subject *subject = context;
	const struct labels *l = &subject->key->labels;
	struct detector *d = subject->detector;
	struct verdict v = *bare;

	v.feature = l->feature;
	v.model = l->model;
	v.prompt_version = subject->all_versions ? SLICE("*") : l->prompt_version;
	v.workflow = l->workflow;
	v.user_segment = l->user_segment;
	if (subject->watch != NULL)
		v.name = d->names[subject->watch->name];
	if (v.event == VERDICT_RAISED && subject->watch != NULL)
		add_traces(&v, &subject->watch->traces);
	if (has_group(&v))
		v.group = groups_take(&d->groups, &v);
	d->emit(d->context, &v);
}

/* ---------------------------------------------------------------- time */
static void close_watch(struct detector *d, struct baseline_key *k, struct watch *w)
{
	struct subject subject = { d, k, w, false };

	if (k->counted_s == 0 && w->open.n > 0)
		k->counted_s = d->open_s;
	if (k->incumbent != k->id && !w->canary.done) {
		w->canary.n += w->open.n;
		w->canary.sum += w->open.sum;
	}
	series_close(w->series, &d->rules, w->open, d->open_s, detector_emit, &subject);
	w->open = (struct bucket){ 0 };
	detector_refresh(w);
	k->has_open |= series_is_open(w->series);
}

static void close_key(struct detector *d, struct baseline_key *k)
{
	k->has_open = false;
	k->dirty = true;
	for (unsigned i = 0; i < k->watch_count; i++)
		if (k->watches[i].open.n > 0 || series_is_open(k->watches[i].series))
			close_watch(d, k, &k->watches[i]);
}

/* Closes the bucket in progress and opens the next. */
static void tick(struct detector *d)
{
	int64_t end_s = d->open_s + BUCKET_S;

	if (d->budgeted != d->series_count) {
		d->budgeted = d->series_count;
		rules_spread_budget(&d->rules, d->series_count);
	}
	if (end_s % HOUR_S == 0)
		detector_count_hour(d, end_s);
	for (uint32_t i = 0; i < d->table.count; i++)
		if (d->table.keys[i] != NULL && d->table.keys[i]->has_open)
			close_key(d, d->table.keys[i]);
	if (end_s % QUARTER_S == 0)
		detector_end_hour(d, end_s);
	d->open_s = end_s;
	d->dirty = true;
}

/* With nothing left to close, silence only ends hours; and a month of hours says all that years of them would. */
static void skip_silence(struct detector *d, int64_t until_s)
{
	int64_t days = (until_s - d->open_s - SILENCE_PLAYED_S) / DAY_S;

	if (days > 0)
		d->open_s += days * DAY_S;
	int64_t next_s = d->open_s + QUARTER_S - BUCKET_S - d->open_s % QUARTER_S;
	d->open_s = next_s < until_s ? next_s : until_s;
}

/* Closes every bucket that ended at least LATENESS_S before now_s. */
static void close_until(struct detector *d, int64_t now_s)
{
	if (now_s - LATENESS_S < d->open_s + BUCKET_S)
		return;
	int64_t until_s = now_s - LATENESS_S - (now_s - LATENESS_S) % BUCKET_S;
	while (d->open_s < until_s) {
		if (d->open_s >= d->settled_s)
			skip_silence(d, until_s);
		if (d->open_s < until_s)
			tick(d);
	}
}

/* The clock was ahead, and event time with it: else all that comes would be late until the clock is there again. */
static void set_back(struct detector *d)
{
	d->open_s = d->newest_s = d->clock_s - d->clock_s % BUCKET_S;
	d->settled_s = detector_settles(d->open_s);
	d->full_until_s = 0;
	for (uint32_t i = 0; i < d->table.count; i++)
		for (unsigned at = 0; d->table.keys[i] != NULL && at < d->table.keys[i]->watch_count; at++)
			series_set_back(d->table.keys[i]->watches[at].series, d->open_s);
	d->dirty = true;
}

void detector_advance(struct detector *d, uint64_t unix_s)
{
	int64_t before_s = d->clock_s;

	d->clock_s = (int64_t)unix_s;
	if (d->started && d->open_s > d->clock_s + CLOCK_AHEAD_MAX_S)
		set_back(d);
	if (before_s == 0 || d->clock_s < before_s)
		d->heard_s = d->clock_s; /* a new start, or a clock that was put back: silence is counted from here */
	if (d->started)
		close_until(d, d->newest_s + (d->clock_s - d->heard_s));
}

uint64_t detector_time(const struct detector *d)
{
	return d->started ? (uint64_t)d->open_s : 0;
}

const struct runaway_bars *detector_runaway_bars(const struct detector *d)
{
	return &d->bars;
}

void detector_finish(struct detector *d)
{
	if (d->started)
		tick(d);
}

void detector_begin(struct detector *d, int64_t now_s)
{
	if (d->clock_s != 0 && now_s > d->clock_s)
		now_s = d->clock_s;
	d->started = true;
	d->open_s = d->newest_s = d->settled_s = now_s - now_s % BUCKET_S;
	d->heard_s = d->clock_s;
}

/* Event time of a sample, and all that its coming closes. */
static int64_t arrive(struct detector *d, uint64_t unix_ms)
{
	int64_t now_s = (int64_t)(unix_ms / 1000);

	if (d->clock_s != 0 && now_s > d->clock_s + CLOCK_AHEAD_MAX_S) {
		meter_add(d->meters.clock, 1);
		now_s = d->clock_s;
	}
	if (!d->started)
		detector_begin(d, now_s);
	if (now_s > d->newest_s) {
		d->newest_s = now_s;
		d->heard_s = d->clock_s;
	}
	close_until(d, now_s);
	return now_s;
}

/* ---------------------------------------------------------------- samples */
int64_t detector_settles(int64_t open_s)
{
	return open_s + BUCKET_S + scale_infos[SCALE_6H].max_hold_s + scale_infos[SCALE_6H].width_s;
}

void detector_mark_open(struct detector *d, struct baseline_key *k)
{
	k->has_open = k->dirty = true;
	d->settled_s = detector_settles(d->open_s);
}

/* The key of the sample's own labels. */
static struct baseline_key *own_key(struct detector *d, const struct sample *s, int64_t now_s)
{
	struct baseline_key *k = cohort_memo_find(&d->found, s->cohort);

	if (k == NULL) {
		k = detector_key(d, (struct labels){ .feature = s->feature, .model = s->model,
						     .prompt_version = s->prompt_version }, now_s);
		if (k != d->other) /* there may be room later */
			cohort_memo_keep(&d->found, s->cohort, k);
	}
	if (k != NULL && k->last_s < now_s)
		k->last_s = now_s;
	return k;
}

static void add_to_key(struct detector *d, struct baseline_key *k, const struct sample *s, int64_t now_s)
{
	if (k == NULL)
		return;
	detector_mark_open(d, k);
	detector_observe(d, k, s, now_s);
}

static void add_to_rollups(struct detector *d, const struct sample *s, int64_t now_s)
{
	const struct slice all = SLICE("*"), none = SLICE_NONE;
	const struct labels wide[ROLLUP_COUNT] = {
		[ROLLUP_FEATURE] = { s->feature, all, all, none, none },
		[ROLLUP_MODEL] = { all, s->model, all, none, none },
		[ROLLUP_SEGMENT] = { all, all, all, none, s->user_segment },
		[ROLLUP_WORKFLOW] = { all, all, all, s->workflow, none },
		[ROLLUP_ALL] = { all, all, all, none, none },
	};

	for (int r = 0; r < ROLLUP_COUNT; r++) {
		bool named = (r != ROLLUP_SEGMENT || s->user_segment.len > 0) && (r != ROLLUP_WORKFLOW || s->workflow.len > 0);
		if ((d->rollups >> r & 1) != 0 && named)
			add_to_key(d, detector_key(d, wide[r], now_s), s, now_s);
	}
}

void detector_add(struct detector *d, const struct sample *s)
{
	int64_t now_s = arrive(d, s->time_unix_ms);

	if (now_s < d->open_s - LATE_MAX_S) {
		meter_add(d->meters.late, 1);
		return;
	}
	add_to_key(d, own_key(d, s, now_s), s, now_s);
	if (d->rollups != 0)
		add_to_rollups(d, s, now_s);
	if (s->kind == SAMPLE_CALL && s->request_model.len > 0)
		model_watch_take(&d->models, s, now_s, d->notice_every_s, d->emit, d->context);
}

/* ---------------------------------------------------------------- what somebody knows better */
static bool is_alert_of(const struct series *s, const struct verdict *alert)
{
	return s->firing && s->alert_s != 0 && (uint64_t)s->alert_s == alert->started_at_s &&
	       strcmp(series_info(s)->name, alert->metric) == 0;
}

static bool has_labels(const struct baseline_key *k, const struct verdict *v)
{
	const struct labels *l = &k->labels;

	return slice_equal(l->feature, v->feature) && slice_equal(l->model, v->model) &&
	       slice_equal(l->prompt_version, v->prompt_version) && slice_equal(l->workflow, v->workflow) &&
	       slice_equal(l->user_segment, v->user_segment);
}

/* A percentile's alert, or that of the feature's and model's day. */
static bool accept_of_key(struct detector *d, struct baseline_key *k, const struct verdict *alert)
{
	struct subject version = { d, k, NULL, false }, all = { d, k, NULL, true };

	if (strcmp(alert->metric, SPEND_METRIC) == 0)
		return k->spend != NULL && slice_equal(k->labels.feature, alert->feature) &&
		       slice_equal(k->labels.model, alert->model) &&
		       spend_accept(k->spend, d->open_s, detector_emit, &all);
	for (int of = 0; k->tails != NULL && of < TAIL_COUNT; of++)
		if (strcmp(alert->metric, tail_names[of]) == 0 && has_labels(k, alert))
			return tail_latency_accept(&k->tails[of], (enum tail_of)of, d->open_s, detector_emit, &version);
	return false;
}

struct status detector_accept(struct detector *d, const struct verdict *alert)
{
	for (uint32_t i = 0; i < d->table.count; i++) {
		struct baseline_key *k = d->table.keys[i];
		if (k != NULL && accept_of_key(d, k, alert)) {
			k->dirty = true;
			return OK;
		}
		for (unsigned at = 0; k != NULL && has_labels(k, alert) && at < k->watch_count; at++) {
			struct watch *w = &k->watches[at];
			struct subject subject = { d, k, w, false };
			if (!is_alert_of(w->series, alert) || !slice_equal(d->names[w->name], alert->name))
				continue;
			series_accept(w->series, d->open_s, detector_emit, &subject);
			detector_refresh(w);
			return OK;
		}
	}
	return FAIL(NOTFOUND, "no baseline is out of range with this alert");
}

static bool depends_on_prices(enum metric m)
{
	return m == METRIC_COST || m == METRIC_COST_TAIL;
}

static void forget_cost(struct detector *d, struct baseline_key *k)
{
	for (unsigned i = 0; i < k->watch_count; i++) {
		struct watch *w = &k->watches[i];
		struct subject subject = { d, k, w, false };
		if (!depends_on_prices(w->metric))
			continue;
		if (!series_accept(w->series, d->open_s, detector_emit, &subject))
			series_forget_level(w->series);
		w->canary = (struct canary){ .done = w->canary.done };
		w->open = (struct bucket){ 0 };
		detector_refresh(w);
	}
	struct subject day = { d, k, NULL, true };
	if (k->spend != NULL && !spend_accept(k->spend, d->open_s, detector_emit, &day))
		spend_forget_level(k->spend);
	k->runaway = (struct runaway){ .last_s = k->runaway.last_s };
	k->dirty = true;
}

/* What spans the models of a feature. */
static void forget_cost_of_feature(struct detector *d, struct slice feature)
{
	const struct slice all = SLICE("*");
	struct baseline_key *wide =
		key_table_find(&d->table, (struct labels){ feature, all, all, SLICE_NONE, SLICE_NONE });

	if (wide != NULL)
		forget_cost(d, wide);
}

static bool spans_features_and_models(const struct baseline_key *k)
{
	return k->is_rollup && slice_equal(k->labels.feature, SLICE("*")) && slice_equal(k->labels.model, SLICE("*"));
}

void detector_prices_changed(struct detector *d, bool (*is_affected)(void *context, struct slice model), void *context)
{
	bool any = false;

	for (uint32_t i = 0; i < d->table.count; i++) {
		struct baseline_key *k = d->table.keys[i];
		if (k == NULL || !is_affected(context, k->labels.model))
			continue;
		any = true;
		forget_cost(d, k);
		forget_cost_of_feature(d, k->labels.feature);
	}
	for (uint32_t i = 0; any && i < d->table.count; i++) {
		struct baseline_key *k = d->table.keys[i];
		if (k != NULL && (k == d->other || spans_features_and_models(k)))
			forget_cost(d, k);
	}
}

/* ---------------------------------------------------------------- looking at it */
void detector_visit(const struct detector *d, void (*visit)(void *context, const struct standing_view *v),
		    void *context)
{
	struct standing standing;

	for (uint32_t i = 0; i < d->table.count; i++) {
		const struct baseline_key *k = d->table.keys[i];
		for (unsigned at = 0; k != NULL && at < k->watch_count; at++) {
			const struct watch *w = &k->watches[at];
			if (!series_standing(w->series, &standing))
				continue;
			visit(context, &(struct standing_view){
					       .metric = metric_infos[w->metric].name,
					       .name = d->names[w->name],
					       .feature = k->labels.feature,
					       .model = k->labels.model,
					       .prompt_version = k->labels.prompt_version,
					       .workflow = k->labels.workflow,
					       .user_segment = k->labels.user_segment,
					       .value = standing.value,
					       .mean = standing.mean,
					       .stddev = standing.stddev,
					       .deviation = standing.deviation,
					       .learned_hours = w->series->scales[SCALE_1H].learned,
					       .firing = w->series->firing,
				       });
		}
	}
}
