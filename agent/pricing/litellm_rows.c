/* SPDX-License-Identifier: Apache-2.0
 * pricing/litellm_rows.c - LiteLLM's prices of one model as rows of our form.
 *
 * The rules that its keys leave open are LiteLLM's (1.109.1): an input size that a tier lacks is priced as in the
 * standard prices; reasoning without a rate of its own costs the output rate of the same tier; batches without keys of
 * their own cost half.
 */
#include <stdlib.h>

#include "agent/pricing/litellm_entry.h"

static int compare_tiers(const void *a, const void *b)
{
	const struct image_tier *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

static bool has_start(const struct price_value *v, uint64_t start)
{
	for (uint32_t i = 0; i < v->tier_count; i++)
		if (v->tiers[i].start == start)
			return true;
	return false;
}

/* A tier's price of a unit; what it leaves open is filled from the standard price. False where neither has any. */
static bool tier_value(const struct litellm_entry *e, enum litellm_tier tier, enum unit unit, struct price_value *out)
{
	const struct keyed_price *standard = &e->prices[TIER_STANDARD][unit], *own = &e->prices[tier][unit];
	bool has_standard = (e->priced[TIER_STANDARD] & UNIT_BIT(unit)) != 0;

	if (!own->has_base && !(has_standard && standard->has_base))
		return false;
	*out = own->value;
	if (!own->has_base) {
		out->digits = standard->value.digits;
		out->scale = standard->value.scale;
	}
	for (uint32_t i = 0; tier != TIER_STANDARD && has_standard && i < standard->value.tier_count; i++)
		if (!has_start(out, standard->value.tiers[i].start) && out->tier_count < TIERS_MAX)
			out->tiers[out->tier_count++] = standard->value.tiers[i];
	qsort(out->tiers, out->tier_count, sizeof(out->tiers[0]), compare_tiers);
	return true;
}

static void halve(struct price_value *v)
{
	for (uint32_t i = 0; i <= v->tier_count; i++) {
		uint64_t *digits = i == 0 ? &v->digits : &v->tiers[i - 1].digits;
		uint32_t *scale = i == 0 ? &v->scale : &v->tiers[i - 1].scale;
		if (*digits % 2 == 0) {
			*digits /= 2;
		} else if (*digits <= UINT64_MAX / 5 && *scale < DECIMAL_SCALE_MAX) {
			*digits *= 5;
			(*scale)++;
		}
	}
}

static void write_standard(struct loader *l, const struct litellm_entry *e, struct image_model *model)
{
	struct image_row row = { .first_price = image_writer_count(&l->w, IMAGE_prices) };
	struct price_value value;

	for (enum unit u = 0; u < UNIT_COUNT; u++)
		if ((e->priced[TIER_STANDARD] & UNIT_BIT(u)) != 0 && tier_value(e, TIER_STANDARD, u, &value))
			loader_push_price(l, u, &value);
	row.price_count = image_writer_count(&l->w, IMAGE_prices) - row.first_price;
	model->first_row = image_writer_count(&l->w, IMAGE_rows);
	model->row_count = 1;
	image_writer_push(&l->w, IMAGE_rows, &row);
}

static void push_variant(struct loader *l, struct image_row row, struct slice key, struct slice value)
{
	struct image_when when = { image_writer_text(&l->w, key, false), image_writer_text(&l->w, value, false) };

	row.price_count = image_writer_count(&l->w, IMAGE_prices) - row.first_price;
	row.first_when = image_writer_count(&l->w, IMAGE_whens);
	row.when_count = 1;
	image_writer_push(&l->w, IMAGE_whens, &when);
	image_writer_push(&l->w, IMAGE_rows, &row);
}

static void write_tier(struct loader *l, const struct litellm_entry *e, enum litellm_tier tier)
{
	struct image_row row = { .first_price = image_writer_count(&l->w, IMAGE_prices) };
	struct price_value value;
	unit_set own = e->priced[tier], reasoning = UNIT_BIT(UNIT_OUTPUT_REASONING_TOKENS);

	if (own == 0)
		return;
	for (enum unit u = 0; u < UNIT_COUNT; u++)
		if ((own & UNIT_BIT(u)) != 0 && tier_value(e, tier, u, &value))
			loader_push_price(l, u, &value);
	if ((own & reasoning) == 0 && (e->priced[TIER_STANDARD] & reasoning) != 0 &&
	    (own & UNIT_BIT(UNIT_OUTPUT_TOKENS)) != 0 && tier_value(e, tier, UNIT_OUTPUT_TOKENS, &value))
		loader_push_price(l, UNIT_OUTPUT_REASONING_TOKENS, &value);
	push_variant(l, row, SLICE("service_tier"), slice_skip(litellm_tier_suffixes[tier], 1));
}

static void write_batches(struct loader *l, const struct litellm_entry *e)
{
	struct image_row row = { .first_price = image_writer_count(&l->w, IMAGE_prices) };
	struct price_value value;

	for (enum unit u = 0; u < UNIT_COUNT; u++) {
		if ((e->priced[TIER_BATCHES] & UNIT_BIT(u)) != 0) {
			if (tier_value(e, TIER_BATCHES, u, &value))
				loader_push_price(l, u, &value);
		} else if ((e->priced[TIER_STANDARD] & UNIT_BIT(u)) != 0 && tier_value(e, TIER_STANDARD, u, &value)) {
			halve(&value);
			loader_push_price(l, u, &value);
		}
	}
	push_variant(l, row, SLICE("processing"), SLICE("batch"));
}

uint32_t litellm_push_equals(struct loader *l, struct slice text)
{
	struct image_clause clause = { CLAUSE_EQUALS, 1, image_writer_text(&l->w, text, true) };
	uint32_t index = image_writer_count(&l->w, IMAGE_clauses);

	image_writer_push(&l->w, IMAGE_clauses, &clause);
	return index;
}

bool litellm_write_model(struct loader *l, const struct litellm_entry *e, struct image_model *model)
{
	unit_set any = 0;

	*model = (struct image_model){ .factor_digits = 1 };
	for (enum unit u = 0; u < UNIT_COUNT; u++)
		if ((e->priced[TIER_STANDARD] & UNIT_BIT(u)) != 0 && e->prices[TIER_STANDARD][u].has_base)
			any |= UNIT_BIT(u);
	if (any == 0)
		return false;
	write_standard(l, e, model);
	model->first_variant = image_writer_count(&l->w, IMAGE_rows);
	for (enum litellm_tier t = TIER_FLEX; t < TIER_COUNT; t++)
		write_tier(l, e, t);
	write_batches(l, e);
	model->variant_count = image_writer_count(&l->w, IMAGE_rows) - model->first_variant;
	model->id = image_writer_text(&l->w, e->key, false);
	model->match = litellm_push_equals(l, e->key);
	image_writer_push(&l->w, IMAGE_models, model);
	return true;
}
