/* SPDX-License-Identifier: Apache-2.0
 * baselines/observe.c - what one sample says about each metric of its key.
 */
#include <math.h>

#include "agent/baselines/detector_priv.h"

#define TAIL_FAR        0.69314718055994530942 /* ln 2: a far-out request is at least twice the typical one */
#define TPOT_TOKENS_MIN 8
#define AMOUNT_MAX      1e12 /* USD, ms, tokens: more is a fault of the sender, and would blind the key for weeks */

static void keep_trace(struct traces *t, const uint8_t id[16])
{
	static const uint8_t none[16]; /* a record need not name its trace */

	if (memcmp(id, none, sizeof(none)) == 0)
		return;
	memcpy(t->ids[t->next], id, 16);
	t->next = (uint8_t)((t->next + 1) % VERDICT_TRACES_MAX);
	if (t->count < VERDICT_TRACES_MAX)
		t->count++;
}

static void observe(struct detector *d, struct baseline_key *k, enum metric m, double y, const struct sample *s)
{
	int direction = metric_infos[m].direction;

	if (!detector_has_series(d, k, m))
		return;
	bucket_add(&k->open[m], y);
	if (direction * (y - k->centre[m]) > 0 || direction == DIRECTION_BOTH)
		keep_trace(&k->traces[m], s->trace_id);
}

/* One request, told at once. */
static void tell_runaway(struct detector *d, struct baseline_key *k, const struct sample *s, int64_t now_s, double sd,
			 double above)
{
	struct subject subject = { d, k, METRIC_COST };
	double usual = exp(k->centre[METRIC_COST]);

	if (!runaway_tell(&k->runaway, now_s))
		return;
	keep_trace(&k->traces[METRIC_COST], s->trace_id);
	detector_emit(&subject, &(struct verdict){
					.event = VERDICT_RAISED,
					.kind = VERDICT_RUNAWAY,
					.metric = metric_infos[METRIC_COST].name,
					.started_at_s = (uint64_t)now_s,
					.at_s = (uint64_t)now_s,
					.value = s->cost_usd,
					.baseline_mean = usual,
					.baseline_stddev = usual * expm1(sd),
					.deviation = above / sd,
					.pooled_deviation = NAN,
					.ratio = s->cost_usd / usual,
					.sample_size = 1,
					.run = 1,
					.direction = 1,
				});
}

/* The share of far-out requests, which is where the rule of 2 sigma for single requests lives; and runaways. */
static void observe_tail(struct detector *d, struct baseline_key *k, enum metric m, double y, const struct sample *s,
			 int64_t now_s)
{
	double sd = k->spread[m], mu = k->centre[m];
	double offset = series_offset(k->series[m], &d->rules, now_s);

	observe(d, k, metric_tail_of(m), y - offset > mu + fmax(d->rules.k * sd, TAIL_FAR) ? 1.0 : 0.0, s);
	if (m == METRIC_COST) {
		if (runaway_is(&k->runaway, y, offset, mu, sd, d->rules.k))
			tell_runaway(d, k, s, now_s, sd, y - offset - mu);
		runaway_track(&k->runaway, y, sd);
	}
}

static void observe_log(struct detector *d, struct baseline_key *k, enum metric m, double x, const struct sample *s,
			int64_t now_s)
{
	if (!(x > 0)) /* NaN too: not observed */
		return;
	double y = log(x);
	if (k->spread[m] > 0)
		observe_tail(d, k, m, y, s, now_s);
	observe(d, k, m, y, s);
}

/* x, or NaN (counted) where it is no amount of anything. */
static double amount(double x, struct meter *bad)
{
	if (isnan(x) || (x >= 0 && x <= AMOUNT_MAX))
		return x;
	meter_add(bad, 1);
	return NAN;
}

static void observe_spend(struct detector *d, struct baseline_key *k, double cost_usd)
{
	struct spend *spend = isnan(cost_usd) ? NULL : detector_spend(k);

	if (spend != NULL) {
		spend->total_usd += cost_usd;
		spend->dirty = true;
	} else if (!isnan(cost_usd)) {
		meter_add(d->meters.memory, 1);
	}
}

/* Time per output token after the first: latency without the length of the answer. */
static double tpot_of(double latency_ms, double ttft_ms, double output_tokens)
{
	if (!(latency_ms > ttft_ms && ttft_ms > 0 && output_tokens >= TPOT_TOKENS_MIN))
		return NAN;
	return (latency_ms - ttft_ms) / (output_tokens - 1);
}

static void observe_answer(struct detector *d, struct baseline_key *k, const struct sample *s, double cost_usd,
			   int64_t now_s)
{
	double latency = amount(s->latency_ms, d->meters.latency);
	double ttft = amount(s->ttft_ms, d->meters.ttft);
	double tokens = amount(s->output_tokens, d->meters.output_tokens);
	bool refusal = s->outcome == OUTCOME_REFUSAL || s->outcome == OUTCOME_CONTENT_FILTER;

	observe(d, k, METRIC_REFUSAL_RATE, refusal ? 1.0 : 0.0, s);
	observe_log(d, k, METRIC_COST, cost_usd, s, now_s);
	observe_log(d, k, METRIC_LATENCY, latency, s, now_s);
	observe_log(d, k, METRIC_TTFT, ttft, s, now_s);
	observe_log(d, k, METRIC_TPOT, tpot_of(latency, ttft, tokens), s, now_s);
	if (!refusal)
		observe_log(d, k, METRIC_OUTPUT_TOKENS, tokens, s, now_s);
	if (isfinite(s->value))
		observe(d, k, METRIC_EVAL_SCORE, s->value, s);
	else if (isinf(s->value))
		meter_add(d->meters.score, 1);
}

void detector_observe(struct detector *d, struct baseline_key *k, const struct sample *s, int64_t now_s)
{
	double cost_usd = amount(s->cost_usd, d->meters.cost);

	observe(d, k, METRIC_ERROR_RATE, outcome_is_error(s->outcome) ? 1.0 : 0.0, s);
	observe_spend(d, k, cost_usd);
	if (!outcome_is_error(s->outcome))
		observe_answer(d, k, s, cost_usd, now_s);
}
