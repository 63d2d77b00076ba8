/* SPDX-License-Identifier: Apache-2.0
 * baselines/observe.c - what one sample says about each metric of its key.
 */
#include <math.h>
#include <stdlib.h>

#include "agent/base/compiler.h"
#include "agent/baselines/detector_priv.h"

#define TAIL_FAR        0.69314718055994530942 /* ln 2: a far-out request is at least twice the typical one */
#define TPOT_TOKENS_MIN 8
#define AMOUNT_MAX      1e12 /* USD, ms, tokens: more is a fault of the sender, and would blind the key for weeks */

#define SCORE_MAX       1e6

#define EXTRA_AMOUNTS \
	(UINT64_C(1) << METRIC_INPUT_TOKENS | UINT64_C(1) << METRIC_OUTPUT_SPEED | UINT64_C(1) << METRIC_CACHE_HIT_SHARE)

static void keep_trace(struct traces *t, const uint8_t id[16])
{
	uint64_t words[2];

	memcpy(words, id, sizeof(words));
	if ((words[0] | words[1]) == 0) /* a record need not name its trace */
		return;
	memcpy(t->ids[t->next], words, sizeof(words));
	t->next = (uint8_t)(t->next + 1 < VERDICT_TRACES_MAX ? t->next + 1 : 0);
	if (t->count < VERDICT_TRACES_MAX)
		t->count++;
}

/* As metric_infos say, where the compiler sees it. */
static const int8_t directions[METRIC_COUNT] = {
#define X(id, name, kind, direction, ...) DIRECTION_##direction,
	METRIC_MAP(X)
#undef X
};

static ALWAYS_INLINE void put(struct watch *w, enum metric m, double y, const struct sample *s)
{
	bucket_add(&w->open, y);
	if (directions[m] == DIRECTION_BOTH || directions[m] * (y - w->centre) > 0)
		keep_trace(&w->traces, s->trace_id);
}

/* Of a metric without a name; NULL where it is not judged, or without memory. */
static ALWAYS_INLINE struct watch *watch_of(struct detector *d, struct baseline_key *k, enum metric m)
{
	if (!detector_judges(d, m))
		return NULL;
	return k->at[m] != 0 ? &k->watches[k->at[m] - 1] : detector_watch(d, k, m, 0);
}

/* Inlined, as what follows, so that each metric's rules are decided when this is compiled. */
static ALWAYS_INLINE void observe(struct detector *d, struct baseline_key *k, enum metric m, double y,
				  const struct sample *s)
{
	struct watch *w = watch_of(d, k, m);

	if (w != NULL)
		put(w, m, y, s);
}

/* A request of which a share does or does not tell. One that is good only counts: it adds nothing to sums and is no
 * trace to look at. */
static ALWAYS_INLINE void observe_share(struct detector *d, struct baseline_key *k, enum metric m, bool is_bad,
					const struct sample *s)
{
	struct watch *w = watch_of(d, k, m);

	if (w == NULL)
		return;
	if (is_bad)
		put(w, m, 1.0, s);
	else
		w->open.n += 1;
}

/* A share that has no series until something bad happens. */
static ALWAYS_INLINE void observe_rare(struct detector *d, struct baseline_key *k, enum metric m, bool is_bad,
				       const struct sample *s)
{
	if (is_bad || k->at[m] != 0)
		observe_share(d, k, m, is_bad, s);
}

/* False for NaN (not known) and, counted, for what no scale of scores reaches: it would blind the key for weeks. */
static bool is_score(struct detector *d, double y)
{
	if (fabs(y) <= SCORE_MAX)
		return true;
	if (!isnan(y))
		meter_add(d->meters.score, 1);
	return false;
}

static NOINLINE void observe_named(struct detector *d, struct baseline_key *k, enum metric m, double y,
				   const struct sample *s)
{
	struct watch *w;

	if (!detector_judges(d, m))
		return;
	if (!is_score(d, y))
		return;
	w = detector_watch(d, k, m, detector_name(d, s->name));
	if (w != NULL)
		put(w, m, y, s);
}

/* A share or score between 0 and 1, or whatever range a metric's mean has; NaN: not known. */
static void observe_mean(struct detector *d, struct baseline_key *k, enum metric m, double y, const struct sample *s)
{
	if (is_score(d, y))
		observe(d, k, m, y, s);
}

/* One request, told at once. */
static void tell_runaway(struct detector *d, struct baseline_key *k, struct watch *w, const struct sample *s,
			 int64_t now_s, double above)
{
	struct subject subject = { d, k, w, false };
	double usual = exp(w->centre);

	if (!runaway_tell(&k->runaway, now_s))
		return;
	keep_trace(&w->traces, s->trace_id);
	detector_emit(&subject, &(struct verdict){
					.event = VERDICT_RAISED,
					.kind = VERDICT_RUNAWAY,
					.metric = metric_infos[METRIC_COST].name,
					.started_at_s = (uint64_t)now_s,
					.at_s = (uint64_t)now_s,
					.value = s->cost_usd,
					.baseline_mean = usual,
					.baseline_stddev = usual * expm1(w->spread),
					.deviation = above / w->spread,
					.pooled_deviation = NAN,
					.ratio = s->cost_usd / usual,
					.sample_size = 1,
					.run = 1,
					.direction = 1,
				});
}

/* The share of far-out requests, which is where the rule of 2 sigma for single requests lives; and runaways. */
static NOINLINE void observe_tail(struct detector *d, struct baseline_key *k, enum metric m, double y,
				  const struct sample *s, int64_t now_s)
{
	struct watch *w = key_watch(k, m, 0);
	double sd = w->spread, mu = w->centre;
	double offset = series_offset(w->series, &d->rules, now_s);

	if (m == METRIC_COST && !k->is_rollup) {
		double bar = runaway_bar(&k->runaway, offset, mu, sd, d->rules.k);
		if (y > bar)
			tell_runaway(d, k, w, s, now_s, y - offset - mu);
		runaway_bars_set(&d->bars, s->cohort, bar);
	}
	if (m == METRIC_COST)
		runaway_track(&k->runaway, y, sd);
	/* may move w */
	observe_share(d, k, metric_tail_of(m), y - offset > mu + fmax(d->rules.k * sd, TAIL_FAR), s);
}

/* y: the amount's logarithm; NaN: not observed. */
static ALWAYS_INLINE void observe_log(struct detector *d, struct baseline_key *k, enum metric m, double y,
				      const struct sample *s, int64_t now_s)
{
	if (isnan(y))
		return;
	if (k->at[m] != 0 && k->watches[k->at[m] - 1].spread > 0)
		observe_tail(d, k, m, y, s, now_s);
	observe(d, k, m, y, s);
}

static void observe_percentile(struct detector *d, struct baseline_key *k, enum tail_of of, double log_ms, int64_t now_s)
{
	if ((d->tails >> of & 1) == 0 || isnan(log_ms))
		return;
	if (k->tails == NULL)
		k->tails = calloc(TAIL_COUNT, sizeof(k->tails[0]));
	if (k->tails != NULL)
		tail_latency_add(&k->tails[of], log_ms, now_s);
	else
		meter_add(d->meters.memory, 1);
}

static double log_of(double amount)
{
	return amount > 0 ? log(amount) : (double)NAN;
}

static double known_log(const struct sample *s, enum sample_log which, double amount)
{
	return amount > 0 ? sample_log(s, which, amount) : (double)NAN;
}

/* x, or NaN (counted) where it is no amount of anything. */
static double amount(double x, struct meter *bad)
{
	if (x >= 0 && x <= AMOUNT_MAX)
		return x;
	if (!isnan(x))
		meter_add(bad, 1);
	return NAN;
}

static void observe_spend(struct detector *d, struct baseline_key *k, double cost_usd)
{
	struct spend *spend = isnan(cost_usd) ? NULL : detector_spend(d, k);

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

/* Outcomes of answers that have a share of their own. */
static const struct {
	enum outcome outcome;
	enum metric metric;
} answer_faults[] = {
	{ OUTCOME_CONTENT_FILTER, METRIC_CONTENT_FILTER_RATE },
	{ OUTCOME_TRUNCATED, METRIC_TRUNCATED_RATE },
	{ OUTCOME_EMPTY, METRIC_EMPTY_RATE },
	{ OUTCOME_INVALID_JSON, METRIC_INVALID_JSON_RATE },
	{ OUTCOME_SCHEMA_VIOLATION, METRIC_SCHEMA_VIOLATION_RATE },
};

static bool is_refusal(enum outcome o)
{
	return o == OUTCOME_REFUSAL || o == OUTCOME_CONTENT_FILTER;
}

/* Whether any of the rare things, which stand side by side, has ever happened. */
static bool has_rare(const struct baseline_key *k)
{
	static const uint8_t none[METRIC_UNPRICED_RATE - METRIC_RATE_LIMITED_RATE + 1];

	return memcmp(&k->at[METRIC_RATE_LIMITED_RATE], none, sizeof(none)) != 0;
}

static void observe_faults(struct detector *d, struct baseline_key *k, const struct sample *s)
{
	for (size_t i = 0; i < sizeof(answer_faults) / sizeof(answer_faults[0]); i++)
		observe_rare(d, k, answer_faults[i].metric, s->outcome == answer_faults[i].outcome, s);
	observe_rare(d, k, METRIC_UNPRICED_RATE, isnan(s->cost_usd), s);
}

static void observe_quality(struct detector *d, struct baseline_key *k, const struct sample *s)
{
	observe_share(d, k, METRIC_REFUSAL_RATE, is_refusal(s->outcome), s);
	if (s->outcome != OUTCOME_OK || isnan(s->cost_usd) || has_rare(k))
		observe_faults(d, k, s);
	observe_mean(d, k, METRIC_CITATION_SHARE, s->citation_share, s);
	observe_mean(d, k, METRIC_GROUNDEDNESS, s->overlap_share, s);
	if (s->name.len > 0)
		observe_named(d, k, METRIC_EVAL_SCORE, s->value, s);
}

static void observe_retrieval(struct detector *d, struct baseline_key *k, const struct sample *s)
{
	if (isnan(s->documents))
		return;
	observe_share(d, k, METRIC_EMPTY_RETRIEVAL_RATE, !(s->documents > 0), s);
	observe_mean(d, k, METRIC_RETRIEVAL_SCORE, s->top_score, s);
}

static void observe_amounts(struct detector *d, struct baseline_key *k, const struct sample *s, double cost_usd,
			    int64_t now_s)
{
	double latency = amount(s->latency_ms, d->meters.latency);
	double ttft = amount(s->ttft_ms, d->meters.ttft);
	double tokens = amount(s->output_tokens, d->meters.tokens);
	double input = amount(s->input_tokens, d->meters.tokens);
	double log_latency = known_log(s, SAMPLE_LOG_LATENCY, latency);
	double log_ttft = known_log(s, SAMPLE_LOG_TTFT, ttft);

	observe_log(d, k, METRIC_COST, known_log(s, SAMPLE_LOG_COST, cost_usd), s, now_s);
	observe_log(d, k, METRIC_LATENCY, log_latency, s, now_s);
	observe_log(d, k, METRIC_TTFT, log_ttft, s, now_s);
	observe_log(d, k, METRIC_TPOT, log_of(tpot_of(latency, ttft, tokens)), s, now_s);
	if (!is_refusal(s->outcome))
		observe_log(d, k, METRIC_OUTPUT_TOKENS, known_log(s, SAMPLE_LOG_OUTPUT_TOKENS, tokens), s, now_s);
	if (d->tails != 0) {
		observe_percentile(d, k, TAIL_OF_LATENCY, log_latency, now_s);
		observe_percentile(d, k, TAIL_OF_TTFT, log_ttft, now_s);
	}
	if ((d->metrics & EXTRA_AMOUNTS) == 0)
		return;
	observe_log(d, k, METRIC_INPUT_TOKENS, log_of(input), s, now_s);
	observe_log(d, k, METRIC_OUTPUT_SPEED, log_of(amount(s->output_tokens_per_second, d->meters.tokens)), s, now_s);
	if (input > 0 && s->cache_read_tokens >= 0 && s->cache_read_tokens <= input)
		observe(d, k, METRIC_CACHE_HIT_SHARE, s->cache_read_tokens / input, s);
}

static void observe_call(struct detector *d, struct baseline_key *k, const struct sample *s, int64_t now_s)
{
	double cost_usd = amount(s->cost_usd, d->meters.cost);

	observe_share(d, k, METRIC_ERROR_RATE, outcome_is_error(s->outcome), s);
	observe_rare(d, k, METRIC_RATE_LIMITED_RATE, s->outcome == OUTCOME_RATE_LIMITED, s);
	observe_rare(d, k, METRIC_TIMEOUT_RATE, s->outcome == OUTCOME_TIMEOUT, s);
	k->requests++;
	k->is_pinned = s->model_pinned == TRI_YES;
	observe_spend(d, k, cost_usd);
	if (outcome_is_error(s->outcome))
		return;
	observe_quality(d, k, s);
	observe_amounts(d, k, s, cost_usd, now_s);
}

void detector_observe(struct detector *d, struct baseline_key *k, const struct sample *s, int64_t now_s)
{
	switch (s->kind) {
	case SAMPLE_CALL:
		observe_call(d, k, s, now_s);
		break;
	case SAMPLE_SCORE:
		observe_named(d, k, METRIC_EVAL_SCORE, s->value, s);
		break;
	case SAMPLE_VOTE:
		observe_named(d, k, METRIC_FEEDBACK_NEGATIVE_RATE, s->value > 0 ? 0.0 : isnan(s->value) ? NAN : 1.0, s);
		break;
	case SAMPLE_RATING:
		observe_named(d, k, METRIC_FEEDBACK_RATING, s->value, s);
		break;
	case SAMPLE_RETRIEVAL:
		break;
	}
	observe_retrieval(d, k, s);
}
