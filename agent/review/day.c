/* SPDX-License-Identifier: Apache-2.0
 * review/day.c - sums of a day.
 */
#include "agent/review/day.h"

#include <math.h>

#define COUNT_MAX 9e18 /* what 64 bits hold, with a sign: such numbers convert fast */

static inline void add_count(uint64_t *sum, double value)
{
	if (value > 0 && value < COUNT_MAX)
		*sum += (uint64_t)(int64_t)value;
}

/* As llround, of what is not negative and below COUNT_MAX. */
static inline uint64_t nearest(double value)
{
	int64_t whole = (int64_t)value;

	return (uint64_t)(whole + (value - (double)whole >= 0.5));
}

/* floor(4 log2(ms)): the octave is the exponent, its quarter follows from the fraction, which is 0.5 to 1. */
static unsigned latency_place(double ms)
{
	static const double quarters[3] = { 0.59460355750136053, 0.70710678118654757, 0.84089641525371450 };
	uint64_t whole;

	if (!(ms > 1))
		return 0;
	if (ms >= 0x1p20)
		return DAY_LATENCIES - 1;
	whole = (uint64_t)(int64_t)ms;
	unsigned octave = 63u - (unsigned)__builtin_clzll(whole);
	double fraction = ms * 0.5 / (double)(INT64_C(1) << octave);
	unsigned place = 4u * octave;
	for (int i = 0; i < 3; i++)
		place += fraction >= quarters[i];
	return place < DAY_LATENCIES - 1 ? place : DAY_LATENCIES - 1;
}

static void add_call(struct day_sums *d, const struct sample *s)
{
	bool failed = outcome_is_error(s->outcome);
	double pusd = s->cost_usd * 1e12;

	d->requests++;
	d->failed += failed;
	d->flawed += !failed && s->outcome != OUTCOME_OK;
	d->unpriced += !failed && isnan(s->cost_usd);
	if (pusd >= 0 && pusd < COUNT_MAX && d->cost_pusd < (uint64_t)COUNT_MAX)
		d->cost_pusd += nearest(pusd);
	add_count(&d->input_tokens, s->input_tokens);
	add_count(&d->output_tokens, s->output_tokens);
	if (!failed && s->latency_ms > 0)
		d->latencies[latency_place(s->latency_ms)]++;
}

void day_add(struct day_sums *d, const struct sample *s)
{
	bool is_score = s->kind == SAMPLE_SCORE || (s->kind == SAMPLE_CALL && s->name.len > 0);

	if (s->kind == SAMPLE_CALL)
		add_call(d, s);
	if (is_score && isfinite(s->value)) {
		d->scores++;
		d->score_sum += s->value;
	}
	if (s->kind == SAMPLE_VOTE && isfinite(s->value)) {
		d->votes++;
		d->negative += s->value < 0.5;
	}
}

void day_merge(struct day_sums *d, const struct day_sums *other)
{
	d->requests += other->requests;
	d->failed += other->failed;
	d->flawed += other->flawed;
	d->unpriced += other->unpriced;
	d->cost_pusd += other->cost_pusd;
	d->input_tokens += other->input_tokens;
	d->output_tokens += other->output_tokens;
	d->scores += other->scores;
	d->votes += other->votes;
	d->negative += other->negative;
	d->score_sum += other->score_sum;
	for (unsigned i = 0; i < DAY_LATENCIES; i++)
		d->latencies[i] += other->latencies[i];
}

double day_latency_ms(const struct day_sums *d, double q)
{
	uint64_t all = 0, below = 0;

	for (unsigned i = 0; i < DAY_LATENCIES; i++)
		all += d->latencies[i];
	if (all == 0)
		return NAN;
	double rank = q * (double)all;
	for (unsigned i = 0; i < DAY_LATENCIES; i++) {
		if (d->latencies[i] > 0 && (double)(below + d->latencies[i]) >= rank)
			return exp2((i + (rank - (double)below) / d->latencies[i]) / 4);
		below += d->latencies[i];
	}
	return NAN;
}

void day_record(struct record *r, struct day_sums *d)
{
	uint64_t *const counts[] = { &d->requests, &d->failed, &d->flawed, &d->unpriced, &d->cost_pusd, &d->input_tokens,
				     &d->output_tokens, &d->scores, &d->votes, &d->negative };

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		record_uint(r, counts[i]);
	record_double(r, &d->score_sum);
	for (unsigned i = 0; i < DAY_LATENCIES; i++)
		record_u32(r, &d->latencies[i]);
}
