/* SPDX-License-Identifier: Apache-2.0
 * baselines/detector_hour.c - what is looked at when an hour ends: canaries, the day's spend, percentiles, the number of
 * requests, and whether a pinned model answers otherwise.
 */
#include <math.h>

#include "agent/baselines/detector_priv.h"

#define DRIFT_BUCKETS   4    /* 1 h ones */
#define DRIFT_Z         2.25 /* that their mean must reach, in each metric that counts */
#define DRIFT_METRICS   2    /* that must move together */
#define DRIFT_LEARNED   24
#define DRIFT_AGAIN_S   (7 * (int64_t)DAY_S)
#define HOUR_STANDS_FOR 20 /* requests: an hour's count is one observation, and judged by itself */

/* ---------------------------------------------------------------- canaries */
static void test_canary(struct detector *d, struct baseline_key *k, const struct baseline_key *first, struct watch *w,
			int64_t end_s)
{
	const struct watch *old = key_watch(first, w->metric, w->name);
	struct subject subject = { d, k, w, false };
	struct verdict v;

	if (old == NULL || !canary_test(&w->canary, w->metric, old->series, k->counted_s, end_s, &v))
		return;
	v.reference_version = first->labels.prompt_version;
	detector_emit(&subject, &v);
	k->dirty = true;
	/* this alert covers the change: for a while a shift of the same series is not told again */
	w->series->resolved_s = end_s;
	w->series->alert_s = w->series->firing ? w->series->alert_s : 0;
	w->series->dirty = true;
}

static void test_canaries(struct detector *d, struct baseline_key *k, int64_t end_s)
{
	const struct baseline_key *first = key_incumbent(&d->table, k);

	for (int m = 0; first != k && m < METRIC_COUNT; m++) /* in the order of metrics, whatever came first */
		for (unsigned i = 0; i < k->watch_count; i++)
			if (k->watches[i].metric == m)
				test_canary(d, k, first, &k->watches[i], end_s);
}

/* ---------------------------------------------------------------- drift of a pinned model */
/* Mean z of the newest buckets of 1 h, in the direction in which the metric gets worse; 0 where it is not known. */
static double recent_z(const struct watch *w)
{
	const struct scale *c = &w->series->scales[SCALE_1H];
	int direction = metric_infos[w->metric].direction;
	double sum = 0;

	if (c->learned < DRIFT_LEARNED || c->ring_len < DRIFT_BUCKETS)
		return 0;
	for (uint32_t i = c->ring_len - DRIFT_BUCKETS; i < c->ring_len; i++)
		sum += c->ring[i].z;
	return direction == DIRECTION_BOTH ? fabs(sum) / DRIFT_BUCKETS : direction * sum / DRIFT_BUCKETS;
}

/* The model's name is the same, the prompt's version too, and yet the answers differ in several ways at once. */
static void test_drift(struct detector *d, struct baseline_key *k, int64_t end_s)
{
	static const enum metric signs[] = { METRIC_OUTPUT_TOKENS, METRIC_REFUSAL_RATE, METRIC_EVAL_SCORE };
	struct subject subject = { d, k, NULL, false };
	double sum = 0;
	uint32_t moved = 0;

	if (!k->is_pinned || k->is_rollup || (k->drift_s != 0 && end_s - k->drift_s < DRIFT_AGAIN_S))
		return;
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
		double z = 0;
		for (unsigned at = 0; at < k->watch_count; at++)
			if (k->watches[at].metric == signs[i])
				z = fmax(z, recent_z(&k->watches[at]));
		moved += z >= DRIFT_Z;
		sum += z >= DRIFT_Z ? z : 0;
	}
	if (moved < DRIFT_METRICS)
		return;
	k->drift_s = end_s;
	k->dirty = true;
	detector_emit(&subject, &(struct verdict){
					.event = VERDICT_RAISED,
					.kind = VERDICT_MODEL_DRIFT,
					.metric = MODEL_WATCH_METRIC,
					.started_at_s = (uint64_t)end_s,
					.at_s = (uint64_t)end_s,
					.value = moved,
					.baseline_mean = NAN,
					.baseline_stddev = NAN,
					.deviation = sum / moved,
					.pooled_deviation = NAN,
					.ratio = NAN,
					.sample_size = NAN,
					.run = DRIFT_BUCKETS,
					.window_s = HOUR_S,
				});
}

/* ---------------------------------------------------------------- the end of an hour */
static void end_hour_of_key(struct detector *d, struct baseline_key *k, int64_t end_s)
{
	struct subject all = { d, k, NULL, true }, version = { d, k, NULL, false };

	if (k->spend != NULL && (end_s + d->rules.utc_offset_s) % HOUR_S == 0)
		spend_hour(k->spend, &d->rules, end_s, detector_emit, &all);
	if (end_s % HOUR_S != 0)
		return;
	if (k->incumbent != k->id)
		test_canaries(d, k, end_s);
	test_drift(d, k, end_s);
	for (int of = 0; k->tails != NULL && of < TAIL_COUNT; of++)
		tail_latency_hour(&k->tails[of], (enum tail_of)of, end_s, detector_emit, &version);
	k->dirty |= k->tails != NULL;
}

void detector_end_hour(struct detector *d, int64_t end_s)
{
	for (uint32_t i = 0; i < d->table.count; i++)
		if (d->table.keys[i] != NULL)
			end_hour_of_key(d, d->table.keys[i], end_s);
	groups_close(&d->groups, (uint64_t)end_s);
	if (end_s % DAY_S == 0 && d->idle_s > 0)
		detector_drop_idle(d, end_s);
}

/* ---------------------------------------------------------------- requests per hour */
void detector_count_hour(struct detector *d, int64_t end_s)
{
	for (uint32_t i = 0; detector_judges(d, METRIC_REQUESTS) && i < d->table.count; i++) {
		struct baseline_key *k = d->table.keys[i];
		if (k == NULL)
			continue;
		bool is_whole = k->counted_s != 0 && end_s - k->counted_s >= HOUR_S;
		struct watch *w = is_whole ? detector_watch(d, k, METRIC_REQUESTS, 0) : NULL;
		double y = log(k->requests + 0.5);
		k->requests = 0;
		if (w == NULL)
			continue;
		w->open = (struct bucket){ HOUR_STANDS_FOR, HOUR_STANDS_FOR * y, HOUR_STANDS_FOR * y * y };
		k->has_open = k->dirty = true;
	}
}
