/* SPDX-License-Identifier: Apache-2.0
 * alerts/decompose.c - sixty-four worlds, each with some factors as they are now and the others as they were.
 */
#include "agent/alerts/decompose.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

const char *const factor_names[FACTOR_COUNT] = {
#define X(id, name) name,
	FACTOR_MAP(X)
#undef X
};

/* What a typical request of a model is in one window. NaN: this window does not say. */
struct habit {
	double input, output, cached_share;
	double input_usd, cached_usd, output_usd; /* per token */
	double other_usd;                         /* per request: what no token explains */
};

static double per(double sum, double count)
{
	return count > 0 ? sum / count : NAN;
}

static struct habit habit_of(const struct cost_sums *s)
{
	double fresh_tokens = s->input_tokens - s->cached_tokens;
	double rest_usd = s->cost_usd - s->cached_cost_usd - s->output_cost_usd;
	struct habit h = {
		.input = per(s->input_tokens, s->requests),
		.output = per(s->output_tokens, s->requests),
		.cached_share = per(s->cached_tokens, s->input_tokens),
		.input_usd = per(rest_usd, fresh_tokens),
		.cached_usd = per(s->cached_cost_usd, s->cached_tokens),
		.output_usd = per(s->output_cost_usd, s->output_tokens),
	};
	double explained = (fresh_tokens > 0 ? rest_usd : 0) + (s->cached_tokens > 0 ? s->cached_cost_usd : 0) +
			   (s->output_tokens > 0 ? s->output_cost_usd : 0);

	h.other_usd = per(s->cost_usd - explained, s->requests);
	return h;
}

static void borrow(double *value, double other)
{
	if (isnan(*value))
		*value = isnan(other) ? 0 : other;
}

/* What a window does not say is as in the other one: then it has not changed. */
static void complete(struct habit *h, const struct habit *other)
{
	borrow(&h->input, other->input);
	borrow(&h->output, other->output);
	borrow(&h->cached_share, other->cached_share);
	borrow(&h->input_usd, other->input_usd);
	borrow(&h->cached_usd, other->cached_usd);
	borrow(&h->output_usd, other->output_usd);
	borrow(&h->other_usd, other->other_usd);
}

struct world {
	const struct cost_model *models;
	size_t count;
	double requests[2]; /* before and after, of all models */
	double per_day[2];  /* requests a day; 1 where cost per request is asked for */
};

/* Cost where the factors of the mask (bit 1u << factor) are as they are now. */
static double cost_of(const struct world *w, unsigned mask)
{
	double sum = 0;

	for (size_t i = 0; i < w->count; i++) {
		const struct cost_sums *s[2] = { &w->models[i].before, &w->models[i].after };
		const struct habit known[2] = { habit_of(s[0]), habit_of(s[1]) };
		struct habit h[2] = { known[0], known[1] };
		complete(&h[0], &known[1]);
		complete(&h[1], &known[0]);
#define NOW(factor) (mask >> (factor) & 1u)
		double share = s[NOW(FACTOR_MIX)]->requests / w->requests[NOW(FACTOR_MIX)];
		double input = h[NOW(FACTOR_INPUT)].input, cached = h[NOW(FACTOR_CACHE)].cached_share;
		const struct habit *price = &h[NOW(FACTOR_PRICE)];
		sum += share * (input * (1 - cached) * price->input_usd + input * cached * price->cached_usd +
				h[NOW(FACTOR_OUTPUT)].output * price->output_usd + price->other_usd);
	}
	return sum * w->per_day[NOW(FACTOR_VOLUME)];
#undef NOW
}

/* |S|! (n - |S| - 1)! / n!, by the size of S. */
static double weight(unsigned size, unsigned n)
{
	double w = 1.0 / n;

	for (unsigned i = 1; i <= size; i++)
		w *= (double)i / (n - i);
	return w;
}

static unsigned bits_of(unsigned mask)
{
	unsigned n = 0;

	for (; mask != 0; mask &= mask - 1)
		n++;
	return n;
}

static void share_out(const struct world *w, unsigned factors, struct decomposition *out)
{
	double costs[1u << FACTOR_COUNT];

	for (unsigned mask = 0; mask < 1u << factors; mask++)
		costs[mask] = cost_of(w, mask);
	memset(out, 0, sizeof(*out));
	out->before_usd = costs[0];
	out->after_usd = costs[(1u << factors) - 1];
	for (unsigned f = 0; f < factors; f++)
		for (unsigned mask = 0; mask < 1u << factors; mask++)
			if ((mask >> f & 1u) == 0)
				out->parts_usd[f] += weight(bits_of(mask), factors) * (costs[mask | 1u << f] - costs[mask]);
}

static struct world world_of(const struct cost_model *models, size_t count)
{
	struct world w = { .models = models, .count = count, .per_day = { 1, 1 } };

	for (size_t i = 0; i < count; i++) {
		w.requests[0] += models[i].before.requests;
		w.requests[1] += models[i].after.requests;
	}
	return w;
}

void decompose_request(const struct cost_model *models, size_t count, struct decomposition *out)
{
	struct world w = world_of(models, count);

	share_out(&w, FACTOR_VOLUME, out);
}

void decompose_day(const struct cost_model *models, size_t count, double before_days, double after_days,
		   struct decomposition *out)
{
	struct world w = world_of(models, count);

	w.per_day[0] = w.requests[0] / before_days;
	w.per_day[1] = w.requests[1] / after_days;
	share_out(&w, FACTOR_COUNT, out);
}
