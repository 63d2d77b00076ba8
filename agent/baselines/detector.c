/* SPDX-License-Identifier: Apache-2.0
 * baselines/detector.c - take samples apart into observations, and let time pass.
 */
#include "agent/baselines/detector.h"

#include <math.h>
#include <stdlib.h>

#include "agent/baselines/detector_priv.h"

#define LATENESS_S          60 /* a bucket stays open this long after its end */
#define LATE_MAX_S          HOUR_S
#define CLOCK_AHEAD_S       300
#define TAIL_LEARNED_MIN    12 /* 1 h buckets of the parent metric */
#define INHERIT_LEARNED_MIN 24
#define SILENCE_PLAYED_S    (31 * (int64_t)DAY_S)
#define COUNT_MAX           0x1p53 /* whole numbers that a double holds */
#define QUARTER_S           900    /* every hour of every UTC offset ends on one */

static struct meter *rejected(const char *labels)
{
	return meter_get(METER_BASELINE_REJECTED, labels);
}

struct detector *detector_new(const struct baselines_config *config, verdict_fn emit, void *context)
{
	struct detector *d = calloc(1, sizeof(*d));
	int64_t keys = config->max_series / METRIC_COUNT;

	if (d == NULL)
		return NULL;
	/* one more for `other` */
	if (!key_table_init(&d->table, (uint32_t)(keys < 1 ? 1 : keys > INT32_MAX / 4 ? INT32_MAX / 4 : keys) + 1)) {
		detector_free(d);
		return NULL;
	}
	rules_init(&d->rules, config);
	d->emit = emit;
	d->context = context;
	d->meters.series = meter_get(METER_BASELINE_SERIES, "");
	d->meters.late = rejected("reason=\"late\"");
	d->meters.cost = rejected("reason=\"cost\"");
	d->meters.latency = rejected("reason=\"latency\"");
	d->meters.ttft = rejected("reason=\"ttft\"");
	d->meters.output_tokens = rejected("reason=\"output_tokens\"");
	d->meters.score = rejected("reason=\"eval_score\"");
	d->meters.memory = rejected("reason=\"memory\"");
	d->meters.pooled = meter_get(METER_BASELINE_ADJUSTED, "reason=\"pooled\"");
	d->meters.clock = meter_get(METER_BASELINE_ADJUSTED, "reason=\"clock\"");
	return d;
}

void detector_reload(struct detector *d, const struct baselines_config *config)
{
	int64_t offset_s = d->rules.utc_offset_s;

	rules_init(&d->rules, config);
	d->rules.utc_offset_s = offset_s;
}

void detector_free(struct detector *d)
{
	if (d != NULL)
		key_table_release(&d->table);
	free(d);
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

void detector_emit(void *context, const struct verdict *bare)
{
	const struct subject *subject = context;
	struct verdict v = *bare;

	v.feature = subject->key->labels.feature;
	v.model = subject->key->labels.model;
	v.prompt_version = subject->metric == METRIC_NONE ? SLICE("*") : subject->key->labels.prompt_version;
	if (v.event == VERDICT_RAISED && subject->metric != METRIC_NONE)
		add_traces(&v, &subject->key->traces[subject->metric]);
	subject->detector->emit(subject->detector->context, &v);
}

/* ---------------------------------------------------------------- time */
/* Copies what observations need of a series' baseline next to the key. */
static void refresh(struct baseline_key *k, enum metric m)
{
	const struct series *s = k->series[m];
	const struct scale *c = &s->scales[SCALE_1H];
	enum metric_kind kind = metric_infos[m].kind;

	k->centre[m] = kind == KIND_RATE ? 0.0 : c->learned > 0 ? c->mu : NAN;
	if (metric_tail_of(m) != METRIC_NONE)
		k->spread[m] = c->learned >= TAIL_LEARNED_MIN ? scale_spread(c, kind) : 0.0;
}

static void close_series(struct detector *d, struct baseline_key *k, enum metric m)
{
	struct bucket *b = &k->open[m];
	struct subject subject = { d, k, m };

	if (k->canaries != NULL && !k->canaries[m].done) {
		k->canaries[m].n += b->n;
		k->canaries[m].sum += b->sum;
	}
	series_close(k->series[m], &d->rules, *b, d->open_s, detector_emit, &subject);
	*b = (struct bucket){ 0 };
	refresh(k, m);
	k->has_open |= series_is_open(k->series[m]);
}

static void close_key(struct detector *d, struct baseline_key *k)
{
	k->has_open = false;
	k->dirty = true;
	for (int m = 0; m < METRIC_COUNT; m++)
		if (k->series[m] != NULL && (k->open[m].n > 0 || series_is_open(k->series[m])))
			close_series(d, k, (enum metric)m);
}

static void test_canaries(struct detector *d, struct baseline_key *k, int64_t end_s)
{
	struct verdict v;

	for (int m = 0; m < METRIC_COUNT; m++) {
		struct subject subject = { d, k, (enum metric)m };
		if (!canary_test(&k->canaries[m], (enum metric)m, k->incumbent->series[m], k->first_s, end_s, &v))
			continue;
		v.reference_version = k->incumbent->labels.prompt_version;
		detector_emit(&subject, &v);
		k->dirty = true;
		/* this alert covers the change: for a while a shift of the same series is not told again */
		k->series[m]->resolved_s = end_s;
		k->series[m]->alert_s = k->series[m]->firing ? k->series[m]->alert_s : 0;
		k->series[m]->dirty = true;
	}
}

static void end_hour(struct detector *d, int64_t end_s)
{
	for (uint32_t i = 0; i < d->table.count; i++) {
		struct baseline_key *k = d->table.keys[i];
		struct subject subject = { d, k, METRIC_NONE };
		if (k != NULL && k->spend != NULL && (end_s + d->rules.utc_offset_s) % HOUR_S == 0)
			spend_hour(k->spend, &d->rules, end_s, detector_emit, &subject);
		if (k != NULL && k->canaries != NULL && end_s % HOUR_S == 0)
			test_canaries(d, k, end_s);
	}
}

/* Closes the bucket in progress and opens the next. */
static void tick(struct detector *d)
{
	int64_t end_s = d->open_s + BUCKET_S;

	for (uint32_t i = 0; i < d->table.count; i++)
		if (d->table.keys[i] != NULL && d->table.keys[i]->has_open)
			close_key(d, d->table.keys[i]);
	if (end_s % QUARTER_S == 0)
		end_hour(d, end_s);
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
	int64_t until_s = now_s - LATENESS_S - (now_s - LATENESS_S) % BUCKET_S;

	while (d->open_s < until_s) {
		if (d->open_s >= d->settled_s)
			skip_silence(d, until_s);
		if (d->open_s < until_s)
			tick(d);
	}
}

void detector_advance(struct detector *d, uint64_t unix_s)
{
	int64_t before_s = d->clock_s;

	d->clock_s = (int64_t)unix_s;
	if (before_s == 0 || d->clock_s < before_s)
		d->heard_s = d->clock_s; /* a new start, or a clock that was put back: silence is counted from here */
	if (d->started)
		close_until(d, d->newest_s + (d->clock_s - d->heard_s));
}

uint64_t detector_time(const struct detector *d)
{
	return d->started ? (uint64_t)d->open_s : 0;
}

void detector_finish(struct detector *d)
{
	if (d->started)
		tick(d);
}

/* Event time of a sample, and all that its coming closes. */
static int64_t arrive(struct detector *d, uint64_t unix_ms)
{
	int64_t now_s = (int64_t)(unix_ms / 1000);

	if (d->clock_s != 0 && now_s > d->clock_s + CLOCK_AHEAD_S) {
		meter_add(d->meters.clock, 1);
		now_s = d->clock_s;
	}
	if (!d->started) {
		d->started = true;
		d->open_s = d->settled_s = now_s - now_s % BUCKET_S;
	}
	if (now_s > d->newest_s) {
		d->newest_s = now_s;
		d->heard_s = d->clock_s;
	}
	close_until(d, now_s);
	return now_s;
}

/* ---------------------------------------------------------------- keys and series */
static struct baseline_key *pooled(struct detector *d, int64_t now_s)
{
	struct slice other = SLICE("other");
	struct labels l = { other, other, other };

	if (d->other == NULL)
		d->other = key_table_find(&d->table, l);
	if (d->other == NULL)
		d->other = key_table_add(&d->table, l, d->table.count, now_s);
	meter_add(d->meters.pooled, 1);
	return d->other;
}

/* NULL without memory. */
static struct baseline_key *key_of(struct detector *d, struct labels raw, int64_t now_s)
{
	struct labels l = labels_normalise(raw);
	struct baseline_key *k = key_table_find(&d->table, l);

	if (k == NULL)
		k = d->table.count + 1 < d->table.max ? key_table_add(&d->table, l, d->table.count, now_s)
						      : pooled(d, now_s);
	if (k == NULL)
		meter_add(d->meters.memory, 1);
	return k;
}

void detector_adopt_series(struct detector *d, struct baseline_key *k, struct series *s)
{
	k->series[s->metric] = s;
	refresh(k, s->metric);
	meter_set(d->meters.series, (int64_t)++d->series_count);
}

struct spend *detector_spend(struct baseline_key *k)
{
	struct baseline_key *owner = k->incumbent;

	if (owner->spend == NULL) {
		owner->spend = malloc(sizeof(*owner->spend));
		if (owner->spend != NULL)
			spend_init(owner->spend);
	}
	return owner->spend;
}

bool detector_has_series(struct detector *d, struct baseline_key *k, enum metric m)
{
	const struct series *parent = k->incumbent->series[m];
	struct series *s;

	if (k->series[m] != NULL)
		return true;
	s = series_new(m);
	if (s == NULL) {
		meter_add(d->meters.memory, 1);
		return false;
	}
	if (parent != NULL && parent->scales[SCALE_1H].learned >= INHERIT_LEARNED_MIN)
		series_inherit(s, parent);
	detector_adopt_series(d, k, s);
	return true;
}

/* ---------------------------------------------------------------- samples */
/* Something of this key's is going to need closing. */
static void mark_open(struct detector *d, struct baseline_key *k)
{
	k->has_open = k->dirty = true;
	d->settled_s = d->open_s + BUCKET_S + scale_infos[SCALE_6H].max_hold_s + scale_infos[SCALE_6H].width_s;
}

void detector_add(struct detector *d, const struct sample *s)
{
	int64_t now_s = arrive(d, s->time_unix_ms);
	struct baseline_key *k;

	if (now_s < d->open_s - LATE_MAX_S) {
		meter_add(d->meters.late, 1);
		return;
	}
	if (s->kind != SAMPLE_CALL)
		return;
	k = key_of(d, (struct labels){ s->feature, s->model, s->prompt_version }, now_s);
	if (k == NULL)
		return;
	mark_open(d, k);
	detector_observe(d, k, s, now_s);
}

struct status detector_merge(struct detector *d, struct slice feature, struct slice model, struct slice prompt_version,
			     enum metric m, const struct bucket *share)
{
	bool is_rate = metric_infos[m].kind == KIND_RATE;

	if (!(share->n >= 0 && share->n < COUNT_MAX && trunc(share->n) == share->n && isfinite(share->sum) &&
	      isfinite(share->sum_sq)))
		return FAIL(INVALID, "a bucket holds a whole number of requests and finite sums");
	if (is_rate && !(share->sum >= 0 && share->sum <= share->n && trunc(share->sum) == share->sum))
		return FAIL(INVALID, "of a bucket's requests, not more than all and not less than none are bad");
	if (!d->started)
		return FAIL(INVALID, "no bucket is open before the first sample");
	struct baseline_key *k = key_of(d, (struct labels){ feature, model, prompt_version }, d->open_s);
	if (k == NULL || !detector_has_series(d, k, m))
		return FAIL(NOMEM, "no memory for another series");
	bucket_merge(&k->open[m], share);
	mark_open(d, k);
	return OK;
}

/* ---------------------------------------------------------------- looking at it */
void detector_visit(const struct detector *d, void (*visit)(void *context, const struct standing_view *v),
		    void *context)
{
	struct standing standing;

	for (uint32_t i = 0; i < d->table.count; i++) {
		const struct baseline_key *k = d->table.keys[i];
		for (int m = 0; k != NULL && m < METRIC_COUNT; m++) {
			if (k->series[m] == NULL || !series_standing(k->series[m], &standing))
				continue;
			visit(context, &(struct standing_view){
					       .metric = metric_infos[m].name,
					       .feature = k->labels.feature,
					       .model = k->labels.model,
					       .prompt_version = k->labels.prompt_version,
					       .value = standing.value,
					       .mean = standing.mean,
					       .stddev = standing.stddev,
					       .deviation = standing.deviation,
					       .firing = k->series[m]->firing,
				       });
		}
	}
}
