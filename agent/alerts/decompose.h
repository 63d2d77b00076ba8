/* SPDX-License-Identifier: Apache-2.0
 * alerts/decompose.h - a change of cost, split into what changed: exactly, and in no arbitrary order.
 *
 * Cost per request is a sum over models m of
 *     share_m x ( input_m (1 - cached_m) p_input_m + input_m cached_m p_cached_m + output_m p_output_m + other_m )
 * and spend per day is requests per day times that. The change between two windows is split by Shapley values: a
 * factor's part is the mean, over all orders in which the factors could have changed one after the other, of what its
 * own step adds. The parts sum up to the change, whatever it is, and no order is preferred.
 * Source: L. S. Shapley, "A Value for n-Person Games", 1953.
 */
#ifndef PLIMSOLL_ALERTS_DECOMPOSE_H
#define PLIMSOLL_ALERTS_DECOMPOSE_H

#include <stddef.h>

/* Price holds what a token of each class costs, and costs that no token explains. */
#define FACTOR_MAP(X)                       \
	X(INPUT, "input_tokens")            \
	X(OUTPUT, "output_tokens")          \
	X(CACHE, "cache_share")             \
	X(MIX, "model_mix")                 \
	X(PRICE, "price")                   \
	X(VOLUME, "volume")

enum factor {
#define X(id, name) FACTOR_##id,
	FACTOR_MAP(X)
#undef X
	FACTOR_COUNT
};

extern const char *const factor_names[FACTOR_COUNT];

/* Sums over the priced calls of one window. */
struct cost_sums {
	double requests;
	double input_tokens, cached_tokens, output_tokens; /* input includes cached */
	double cost_usd, cached_cost_usd, output_cost_usd; /* the parts: of the calls that know them */
};

static inline void cost_sums_add(struct cost_sums *to, const struct cost_sums *from)
{
	to->requests += from->requests;
	to->input_tokens += from->input_tokens;
	to->cached_tokens += from->cached_tokens;
	to->output_tokens += from->output_tokens;
	to->cost_usd += from->cost_usd;
	to->cached_cost_usd += from->cached_cost_usd;
	to->output_cost_usd += from->output_cost_usd;
}

/* One model in both windows; either may be empty. */
struct cost_model {
	struct cost_sums before, after;
};

struct decomposition {
	double before_usd, after_usd; /* per request, or per day */
	double parts_usd[FACTOR_COUNT];
};

/* Cost per request; VOLUME has no part in it. Both windows must have requests. */
void decompose_request(const struct cost_model *models, size_t count, struct decomposition *out);

/* Spend per day, of windows that are so long. */
void decompose_day(const struct cost_model *models, size_t count, double before_days, double after_days,
		   struct decomposition *out);

#endif
