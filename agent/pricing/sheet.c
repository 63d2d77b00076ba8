/* SPDX-License-Identifier: Apache-2.0
 * pricing/sheet.c - selecting prices by time and context, and billing by them.
 */
#include "agent/pricing/sheet.h"

#include <stdlib.h>

#define SECONDS_PER_DAY 86400u
#define YUSD_SCALE 24u

/* ---------------------------------------------------------------- usage */

/* Brings all counts to a finer scale. False where 128 bits do not hold them. */
static bool rescale(struct price_usage *u, uint32_t scale)
{
	__int128_t factor = decimal_power(scale - u->scale);

	for (unit_set left = u->reported; left != 0; left &= left - 1)
		if (__builtin_mul_overflow(u->n[__builtin_ctzll(left)], factor, &u->n[__builtin_ctzll(left)]))
			return false;
	u->scale = scale;
	return true;
}

bool price_usage_add(struct price_usage *u, enum unit unit, struct slice text)
{
	struct decimal d;

	if (!decimal_parse(text, &d) || d.digits < 0)
		return false;
	if (d.scale > u->scale && !rescale(u, d.scale))
		return false;
	if (__builtin_mul_overflow(d.digits, decimal_power(u->scale - d.scale), &u->n[unit]))
		return false;
	u->reported |= UNIT_BIT(unit);
	if (d.digits > 0)
		u->nonzero |= UNIT_BIT(unit);
	else
		u->nonzero &= ~UNIT_BIT(unit);
	return true;
}

/* ---------------------------------------------------------------- selecting */

static bool constraint_holds(const struct image_row *row, uint64_t unix_s)
{
	uint32_t second = (uint32_t)(unix_s % SECONDS_PER_DAY);

	switch ((enum constraint_kind)row->constraint) {
	case CONSTRAINT_NONE:
		return true;
	case CONSTRAINT_START_DATE:
		return unix_s >= row->start_unix_s;
	case CONSTRAINT_HOURS:
		if (row->end_s < row->start_s)
			return second >= row->start_s || second < row->end_s;
		return second >= row->start_s && second < row->end_s;
	}
	return false;
}

static void narrow(struct sheet *sheet, uint64_t boundary, uint64_t unix_s)
{
	if (boundary <= unix_s) {
		if (boundary > sheet->from_unix_s)
			sheet->from_unix_s = boundary;
	} else if (boundary < sheet->until_unix_s) {
		sheet->until_unix_s = boundary;
	}
}

/* Cuts the time for which the sheet holds at the places where the row's constraint changes its mind. */
static void narrow_by(struct sheet *sheet, const struct image_row *row, uint64_t unix_s)
{
	uint64_t day = unix_s - unix_s % SECONDS_PER_DAY;

	if (row->constraint == CONSTRAINT_START_DATE)
		narrow(sheet, row->start_unix_s, unix_s);
	if (row->constraint != CONSTRAINT_HOURS)
		return;
	narrow(sheet, day, unix_s);
	narrow(sheet, day + row->start_s, unix_s);
	narrow(sheet, day + row->end_s, unix_s);
	narrow(sheet, day + SECONDS_PER_DAY, unix_s);
}

static bool context_holds(const struct image *image, const struct image_row *row, const struct price_context *contexts,
			  size_t count)
{
	for (uint32_t i = 0; i < row->when_count; i++) {
		const struct image_when *when = &image->whens[row->first_when + i];
		bool equal = false;
		for (size_t c = 0; c < count && !equal; c++)
			equal = slice_equal(contexts[c].key, image_slice(image, when->key)) &&
				slice_equal(contexts[c].value, image_slice(image, when->value));
		if (!equal)
			return false;
	}
	return true;
}

static enum price_part part_of(enum unit unit)
{
	const struct unit_info *info = &unit_infos[unit];

	if (info->direction == DIRECTION_OUTPUT)
		return PART_OUTPUT;
	if (info->direction != DIRECTION_INPUT)
		return PART_OTHER;
	return info->type == TYPE_CACHE_READ  ? PART_CACHE_READ :
	       info->type == TYPE_CACHE_WRITE ? PART_CACHE_WRITE :
						PART_INPUT;
}

/* digits x 10^-scale USD per `per` units, times the factor. Divides out what it can, so that the divisor is 1 for all
 * prices but those by the hour and those finer than 1e-24 USD. */
static struct price_rate rate_of(const struct sheet *sheet, uint64_t digits, uint32_t scale, uint32_t per)
{
	struct price_rate rate = { (__int128_t)digits * (__int128_t)sheet->factor_digits, 1 };
	int exponent = (int)YUSD_SCALE - (int)scale - (int)sheet->factor_scale;

	for (; per % 10 == 0; per /= 10)
		exponent--;
	rate.divisor = (__int128_t)per; /* 1, or what is left of 3600 */
	for (; exponent < 0 && rate.yusd % 10 == 0 && rate.yusd != 0; exponent++)
		rate.yusd /= 10;
	if (exponent >= 0)
		rate.yusd *= decimal_power((uint32_t)exponent);
	else
		rate.divisor *= decimal_power((uint32_t)-exponent);
	return rate;
}

static void put_price(struct sheet *sheet, const struct image *image, const struct image_price *price)
{
	struct sheet_price *p = &sheet->prices[sheet->count++];
	enum unit unit = (enum unit)price->unit;

	sheet->priced |= UNIT_BIT(unit);
	sheet->is_tiered |= price->tier_count > 0;
	*p = (struct sheet_price){
		.unit = price->unit,
		.part = (uint8_t)part_of(unit),
		.parts = unit_parts(unit),
		.is_overlap = unit_is_overlap(unit, ~UINT64_C(0)),
		.tiers = &image->tiers[price->first_tier],
		.tier_count = price->tier_count,
		.rate = rate_of(sheet, price->digits, price->scale, unit_infos[unit].per),
		.digits = price->digits,
		.scale = price->scale,
	};
}

/* Adds the row's prices for units that have none yet. */
static bool put_row(struct sheet *sheet, const struct image *image, const struct image_row *row)
{
	for (uint32_t i = 0; i < row->price_count; i++) {
		const struct image_price *price = &image->prices[row->first_price + i];
		if ((sheet->priced & UNIT_BIT(price->unit)) != 0)
			continue;
		if (sheet->count == PRICE_KEYS_MAX)
			return false;
		put_price(sheet, image, price);
	}
	return true;
}

static const struct image_row *standard_row(struct sheet *sheet, const struct image *image,
					    const struct image_model *model, uint64_t unix_s)
{
	const struct image_row *rows = &image->rows[model->first_row], *chosen = NULL;

	for (uint32_t i = 0; i < model->row_count; i++) {
		narrow_by(sheet, &rows[i], unix_s);
		if (constraint_holds(&rows[i], unix_s))
			chosen = &rows[i];
	}
	return chosen != NULL ? chosen : rows;
}

static int compare_prices(const void *a, const void *b)
{
	const struct sheet_price *x = a, *y = b;
	int parts_x = __builtin_popcountll(x->parts), parts_y = __builtin_popcountll(y->parts);

	return parts_x != parts_y ? parts_x - parts_y : x->unit - y->unit;
}

/* Parts come before their wholes (a part has fewer parts itself), and each knows its priced parts. */
static void nest(struct sheet *sheet)
{
	qsort(sheet->prices, sheet->count, sizeof(sheet->prices[0]), compare_prices);
	for (uint32_t i = 0; i < sheet->count; i++)
		for (uint32_t k = 0; k < i; k++)
			if ((sheet->prices[i].parts & UNIT_BIT(sheet->prices[k].unit)) != 0)
				sheet->prices[i].inner |= (uint16_t)(1u << k);
}

/* Groq bills at least ten seconds of audio a request. The table has no word for it: the reference has it in its code.
 */
static void set_minimum(struct sheet *sheet, const struct found *found)
{
	const struct image *image = &found->table->image;

	sheet->minimum_of = UNIT_COUNT;
	if (slice_equal(image_slice(image, found->provider->id), SLICE("groq")) &&
	    slice_starts_with(image_slice(image, found->model->id), SLICE("whisper-large-v3"))) {
		sheet->minimum_of = UNIT_AUDIO_SECONDS;
		sheet->minimum = 10;
	}
}

bool sheet_select(struct sheet *sheet, const struct found *found, uint64_t factor_digits, uint32_t factor_scale,
		  uint64_t unix_s, const struct price_context *contexts, size_t context_count)
{
	const struct image *image = &found->table->image;
	const struct image_model *model = found->model;
	bool own = found->owner == found->provider;

	*sheet = (struct sheet){
		.until_unix_s = UINT64_MAX,
		.factor_digits = factor_digits,
		.factor_scale = factor_scale,
	};
	set_minimum(sheet, found);
	const struct image_row *variants = &image->rows[model->first_variant];
	for (uint32_t i = 0; own && context_count > 0 && i < model->variant_count; i++) {
		narrow_by(sheet, &variants[i], unix_s);
		if (constraint_holds(&variants[i], unix_s) &&
		    context_holds(image, &variants[i], contexts, context_count) && !put_row(sheet, image, &variants[i]))
			return false;
	}
	if (!put_row(sheet, image, standard_row(sheet, image, model, unix_s)))
		return false;
	nest(sheet);
	sheet->input_parts = unit_parts(UNIT_INPUT_TOKENS);
	return true;
}

/* ---------------------------------------------------------------- billing */

static const char *const why_missing_whole = "a part is counted, but not its whole";
static const char *const why_missing_overlap = "two counts overlap, but not by how much";
static const char *const why_negative = "the parts are larger than their whole";
static const char *const why_too_large = "a count is too large";

/* The count of a unit as reported, 0 where nothing was said. */
static const char *reported_count(const struct price_usage *usage, enum unit unit, unit_set parts, bool is_overlap,
				  __int128_t *count)
{
	*count = 0;
	if ((usage->reported & UNIT_BIT(unit)) != 0) {
		*count = usage->n[unit];
		return NULL;
	}
	if ((usage->nonzero & parts) != 0)
		return why_missing_whole;
	return is_overlap && unit_is_overlap(unit, usage->nonzero) ? why_missing_overlap : NULL;
}

/* What each price applies to: the unit's count without that of its priced parts. */
static const char *bill_counts(const struct sheet *sheet, const struct price_usage *usage, __int128_t *counts)
{
	for (uint32_t i = 0; i < sheet->count; i++) {
		const struct sheet_price *p = &sheet->prices[i];
		if (p->unit == UNIT_REQUESTS) {
			counts[i] = decimal_power(usage->scale);
			continue;
		}
		const char *why = reported_count(usage, (enum unit)p->unit, p->parts, p->is_overlap, &counts[i]);
		if (why != NULL)
			return why;
		for (uint32_t inner = p->inner; inner != 0; inner &= inner - 1)
			counts[i] -= counts[__builtin_ctz(inner)];
		if (counts[i] < 0)
			return why_negative;
	}
	return NULL;
}

struct price_rate sheet_tier_rate(const struct sheet *sheet, const struct sheet_price *p, const struct image_tier *tier)
{
	return rate_of(sheet, tier->digits, tier->scale, unit_infos[p->unit].per);
}

/* The highest tier that so many input tokens pass, or NULL. */
static const struct image_tier *applicable_tier(const struct sheet_price *p, __int128_t input, __int128_t one)
{
	for (uint32_t i = p->tier_count; i > 0; i--)
		if (input > (__int128_t)p->tiers[i - 1].start * one)
			return &p->tiers[i - 1];
	return NULL;
}

struct decimal sheet_listed_price(const struct sheet_price *p, const struct price_usage *usage)
{
	bool has_input = (usage->reported & UNIT_BIT(UNIT_INPUT_TOKENS)) != 0;
	const struct image_tier *tier = applicable_tier(p, has_input ? usage->n[UNIT_INPUT_TOKENS] : 0,
							decimal_power(usage->scale));

	return tier != NULL ? (struct decimal){ (__int128_t)tier->digits, tier->scale } :
			      (struct decimal){ (__int128_t)p->digits, p->scale };
}

static bool multiply(struct price_rate rate, __int128_t count, __int128_t one, struct price_exact *out)
{
	__int128_t product;

	if (__builtin_mul_overflow(rate.yusd, count, &product))
		return false;
	if (rate.divisor != 1 || one != 1) {
		if (__builtin_mul_overflow(rate.divisor, one, &one))
			return false;
		product = money_divide(product, one);
	}
	out->yusd = product;
	return true;
}

static bool add_component(struct price_bill *bill, const struct sheet_price *p, __int128_t count,
			  struct price_exact price)
{
	if (!price_exact_add(&bill->total, price))
		return false;
	bill->components[bill->count++] = (struct price_component){ (enum unit)p->unit, count, price };
	bill->parts[p->part].yusd += price.yusd; /* never above the total, which was checked */
	return true;
}

static const struct sheet_price *find_price(const struct sheet *sheet, enum unit unit)
{
	for (uint32_t i = 0; i < sheet->count; i++)
		if (sheet->prices[i].unit == unit)
			return &sheet->prices[i];
	return NULL;
}

static void bill_uncached(const struct sheet *sheet, const __int128_t *counts, __int128_t input, __int128_t one,
			  struct price_bill *bill)
{
	const struct sheet_price *cached = find_price(sheet, UNIT_CACHE_READ_TOKENS);
	const struct sheet_price *plain = find_price(sheet, UNIT_INPUT_TOKENS);

	bill->uncached.yusd = 0;
	if (cached == NULL || plain == NULL)
		return;
	const struct image_tier *tier = applicable_tier(plain, input, one);
	if (!multiply(tier != NULL ? sheet_tier_rate(sheet, plain, tier) : plain->rate, counts[cached - sheet->prices],
		      one, &bill->uncached))
		bill->uncached.yusd = 0;
}

const char *sheet_bill(const struct sheet *sheet, const struct price_usage *usage, struct price_bill *bill)
{
	__int128_t counts[PRICE_KEYS_MAX], one = usage->scale == 0 ? 1 : decimal_power(usage->scale), input = 0;

	bill->count = 0;
	bill->total.yusd = 0;
	memset(bill->parts, 0, sizeof(bill->parts));
	const char *why = bill_counts(sheet, usage, counts);
	if (why == NULL && sheet->is_tiered)
		why = reported_count(usage, UNIT_INPUT_TOKENS, sheet->input_parts, false, &input);
	if (why != NULL)
		return why;
	for (uint32_t i = 0; i < sheet->count; i++) {
		const struct sheet_price *p = &sheet->prices[i];
		const struct image_tier *tier = applicable_tier(p, input, one);
		struct price_exact price;
		if (counts[i] == 0)
			continue;
		if (!multiply(tier != NULL ? sheet_tier_rate(sheet, p, tier) : p->rate, counts[i], one, &price) ||
		    !add_component(bill, p, counts[i], price))
			return why_too_large;
	}
	bill_uncached(sheet, counts, input, one, bill);
	bill->input.yusd = bill->parts[PART_INPUT].yusd + bill->parts[PART_CACHE_READ].yusd +
			   bill->parts[PART_CACHE_WRITE].yusd;
	bill->output = bill->parts[PART_OUTPUT];
	return NULL;
}

void sheet_apply_minimum(const struct sheet *sheet, struct price_usage *usage)
{
	if (sheet->minimum_of != UNIT_AUDIO_SECONDS)
		return;
	unit_set seconds = UNIT_BIT(UNIT_AUDIO_SECONDS) | UNIT_BIT(UNIT_INPUT_AUDIO_SECONDS);
	unit_set said = usage->reported & seconds, used = usage->nonzero & seconds;
	if (said == 0)
		return;
	__int128_t least = (__int128_t)sheet->minimum * decimal_power(usage->scale);
	__int128_t billed = used == 0 ? 0 : usage->n[__builtin_ctzll(used)];
	if (used != 0 && billed < least)
		billed = least;
	usage->n[UNIT_AUDIO_SECONDS] = usage->n[UNIT_INPUT_AUDIO_SECONDS] = billed;
	usage->reported |= seconds;
	usage->nonzero = used == 0 ? usage->nonzero & ~seconds : usage->nonzero | seconds;
}
