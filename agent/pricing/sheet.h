/* SPDX-License-Identifier: Apache-2.0
 * pricing/sheet.h - what a model costs at one time and in one context, and what a usage costs by it.
 *
 * sheet_select does everything that depends on the model, the time and the context, so that pricing a call is a few
 * multiplications. Counting follows genai-prices 0.2.3: counts nest, and each is billed once, at the rate of the most
 * specific priced unit that it was reported under.
 */
#ifndef PLIMSOLL_PRICING_SHEET_H
#define PLIMSOLL_PRICING_SHEET_H

#include "agent/base/buf.h"
#include "agent/base/money.h"
#include "agent/pricing/table.h"
#include "agent/pricing/unit.h"

/* Counts as reported: n[unit] x 10^-scale, meaningless where the unit is not in reported. */
struct price_usage {
	unit_set reported;
	unit_set nonzero; /* of them, those above zero */
	uint32_t scale;
	__int128_t n[UNIT_COUNT];
};

/* Adds a whole number under a unit. For a usage of scale 0. */
static inline void price_usage_set(struct price_usage *u, enum unit unit, uint64_t n)
{
	u->reported |= UNIT_BIT(unit);
	u->nonzero |= n > 0 ? UNIT_BIT(unit) : 0;
	u->n[unit] = (__int128_t)n;
}

/* Adds a count given as text. False where it is no number, negative, or too large. */
bool price_usage_add(struct price_usage *u, enum unit unit, struct slice text);

/* Which part of a call's cost a unit belongs to. */
enum price_part { PART_INPUT, PART_CACHE_READ, PART_CACHE_WRITE, PART_OUTPUT, PART_OTHER, PART_COUNT };

/* yusd / divisor for one unit. */
struct price_rate {
	__int128_t yusd, divisor;
};

struct sheet_price {
	uint8_t unit, part;
	bool is_overlap;      /* two other units may overlap in exactly this one */
	uint16_t inner;       /* bit i: prices[i] is a priced part of this unit; those come first */
	uint16_t tier_count;
	unit_set parts;       /* of the unit, priced or not */
	const struct image_tier *tiers;
	struct price_rate rate;
	uint64_t digits;      /* as in the table, in USD per unit_infos[unit].per, before the factor */
	uint32_t scale;
};

struct sheet {
	uint32_t count;
	bool is_tiered;
	uint64_t factor_digits; /* of an override */
	uint32_t factor_scale;
	uint64_t from_unix_s, until_unix_s; /* the times for which it holds, until excluded */
	unit_set priced;
	unit_set input_parts;
	enum unit minimum_of; /* a unit that is billed at least minimum where used at all; UNIT_COUNT: none */
	uint32_t minimum;
	struct sheet_price prices[PRICE_KEYS_MAX];
};

struct price_context {
	struct slice key, value;
};

struct price_component {
	enum unit unit;
	__int128_t count; /* x 10^-scale of the usage */
	struct price_exact price;
};

struct price_bill {
	struct price_exact input, output, total;
	struct price_exact parts[PART_COUNT]; /* PART_INPUT without the cached ones */
	struct price_exact uncached; /* what the cached tokens (cache_read_tokens) would have cost as plain input */
	uint32_t count;
	struct price_component components[PRICE_KEYS_MAX]; /* counts above zero */
};

/* The prices that hold at that time in that context, times factor_digits x 10^-factor_scale. contexts are ignored where
 * the model came from a fallback provider. False where the row's prices do not fit a sheet (more than PRICE_KEYS_MAX
 * after its variants). */
bool sheet_select(struct sheet *sheet, const struct found *found, uint64_t factor_digits, uint32_t factor_scale,
		  uint64_t unix_s, const struct price_context *contexts, size_t context_count);

/* The rate of one of p's tiers. */
struct price_rate sheet_tier_rate(const struct sheet *sheet, const struct sheet_price *p,
				  const struct image_tier *tier);

/* The price that applies to a usage with that many input tokens: p's own, or that of its tier, in USD per
 * unit_infos[p->unit].per, before the sheet's factor. */
struct decimal sheet_listed_price(const struct sheet_price *p, const struct price_usage *usage);

/* What the usage costs. NULL where all is well; else why the usage cannot be billed (a literal). *bill then holds
 * nothing of use. Allocates nothing. */
const char *sheet_bill(const struct sheet *sheet, const struct price_usage *usage, struct price_bill *bill);

/* The same, where the provider's minimum must be applied first. */
void sheet_apply_minimum(const struct sheet *sheet, struct price_usage *usage);

#endif
