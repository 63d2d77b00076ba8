/* SPDX-License-Identifier: Apache-2.0
 * pricing/litellm_entry.c - the keys of one model ("input_cost_per_token_above_200k_tokens_priority"), taken apart.
 */
#include "agent/pricing/litellm_entry.h"

#define S(literal) { literal, sizeof(literal) - 1 }

/* ---------------------------------------------------------------- names */

static const struct base_key {
	struct slice name;
	enum unit unit;
	uint32_t shift; /* the price per one is per 10^shift in our table */
	uint32_t times; /* after that: 3600 for prices by the second */
} base_keys[] = {
	{ S("input_cost_per_token"), UNIT_INPUT_TOKENS, 6, 1 },
	{ S("output_cost_per_token"), UNIT_OUTPUT_TOKENS, 6, 1 },
	{ S("cache_read_input_token_cost"), UNIT_CACHE_READ_TOKENS, 6, 1 },
	{ S("cache_creation_input_token_cost"), UNIT_CACHE_WRITE_TOKENS, 6, 1 },
	{ S("cache_creation_input_token_cost_above_1hr"), UNIT_CACHE_WRITE_1H_TOKENS, 6, 1 },
	{ S("output_cost_per_reasoning_token"), UNIT_OUTPUT_REASONING_TOKENS, 6, 1 },
	{ S("input_cost_per_audio_token"), UNIT_INPUT_AUDIO_TOKENS, 6, 1 },
	{ S("output_cost_per_audio_token"), UNIT_OUTPUT_AUDIO_TOKENS, 6, 1 },
	{ S("input_cost_per_image_token"), UNIT_INPUT_IMAGE_TOKENS, 6, 1 },
	{ S("output_cost_per_image_token"), UNIT_OUTPUT_IMAGE_TOKENS, 6, 1 },
	{ S("input_cost_per_character"), UNIT_INPUT_CHARACTERS, 6, 1 },
	{ S("input_cost_per_second"), UNIT_INPUT_AUDIO_SECONDS, 0, 3600 },
	{ S("input_cost_per_query"), UNIT_RERANK_SEARCHES, 3, 1 },
	{ S("ocr_cost_per_page"), UNIT_INPUT_DOCUMENT_PAGES, 3, 1 },
};

const struct slice litellm_tier_suffixes[TIER_COUNT] = {
	[TIER_BATCHES] = S("_batches"),   [TIER_FLEX] = S("_flex"),           [TIER_PRIORITY] = S("_priority"),
	[TIER_BALANCED] = S("_balanced"), [TIER_ULTRAFAST] = S("_ultrafast"),
};

/* ---------------------------------------------------------------- values */

/* Cuts "_above_200k_tokens" out of the end of name. False where it ends otherwise. */
static bool cut_above(struct slice *name, uint64_t *tokens)
{
	ptrdiff_t at = slice_find(*name, SLICE("_above_"));
	struct slice number;

	for (ptrdiff_t next; at >= 0; at += 7 + next) { /* the last of them: "..._above_1hr_above_200k_tokens" */
		next = slice_find(slice_skip(*name, (size_t)at + 7), SLICE("_above_"));
		if (next < 0)
			break;
	}
	if (at < 0 || !slice_ends_with(*name, SLICE("k_tokens")))
		return false;
	number = slice_skip(*name, (size_t)at + 7);
	number.len -= sizeof("k_tokens") - 1;
	if (!slice_to_u64(number, tokens) || *tokens > UINT32_MAX)
		return false;
	*tokens *= 1000;
	name->len = (size_t)at;
	return true;
}

static enum litellm_tier cut_tier(struct slice *name)
{
	for (enum litellm_tier t = TIER_STANDARD + 1; t < TIER_COUNT; t++) {
		if (slice_ends_with(*name, litellm_tier_suffixes[t])) {
			name->len -= litellm_tier_suffixes[t].len;
			return t;
		}
	}
	return TIER_STANDARD;
}

static const struct base_key *find_base(struct slice name)
{
	for (size_t i = 0; i < sizeof(base_keys) / sizeof(base_keys[0]); i++)
		if (slice_equal(base_keys[i].name, name))
			return &base_keys[i];
	return NULL;
}

/* A number, or one in quotes. False without a message where the value is something else (null, an object). */
static bool read_decimal(struct loader *l, struct decimal *out)
{
	struct slice text;
	enum json_kind kind = json_peek(&l->j);

	if (kind != JSON_NUMBER && kind != JSON_STRING) {
		json_skip(&l->j);
		return false;
	}
	if (!(kind == JSON_STRING ? loader_text(l, &text) : json_number(&l->j, &text)))
		return false;
	if (decimal_parse(text, out))
		return true;
	return loader_fail(l, "'%.*s' is not a price", SLICE_ARG(text));
}

/* From a price per one to one per our unit's count. */
static bool to_table_scale(struct decimal *d, const struct base_key *key)
{
	if (__builtin_mul_overflow(d->digits, (__int128_t)key->times, &d->digits))
		return false;
	if (d->scale >= key->shift) {
		d->scale -= key->shift;
		return true;
	}
	uint32_t missing = key->shift - d->scale;
	d->scale = 0;
	return !__builtin_mul_overflow(d->digits, decimal_power(missing), &d->digits);
}

static bool set_price(struct loader *l, struct litellm_entry *e, enum litellm_tier tier, const struct base_key *key,
		      uint64_t above, struct decimal d)
{
	struct keyed_price *p = &e->prices[tier][key->unit];
	uint64_t digits;
	uint32_t scale;

	if (!to_table_scale(&d, key) || !price_digits(d, &digits, &scale))
		return loader_fail(l, "a price of '%.*s' is negative or too large", SLICE_ARG(e->key));
	if ((e->priced[tier] & UNIT_BIT(key->unit)) == 0)
		memset(p, 0, sizeof(*p));
	e->priced[tier] |= UNIT_BIT(key->unit);
	if (above == 0) {
		p->has_base = true;
		p->value.digits = digits;
		p->value.scale = scale;
		return true;
	}
	if (p->value.tier_count == TIERS_MAX)
		return loader_fail(l, "'%.*s' has more than %u input sizes", SLICE_ARG(e->key), TIERS_MAX);
	p->value.tiers[p->value.tier_count++] = (struct image_tier){ above, digits, scale };
	return true;
}

/* xAI prices "from 200k on", everybody else "above 200k". */
static uint64_t boundary(const struct litellm_entry *e, uint64_t tokens)
{
	return slice_equal(e->provider, SLICE("x-ai")) ? tokens - 1 : tokens;
}

static bool is_token_price(struct slice name)
{
	return slice_find(name, SLICE("token")) >= 0;
}

/* By the image, the pixel, the second: nothing that we count. */
static bool is_other_charge(struct slice name)
{
	bool is_charge = slice_starts_with(name, SLICE("input_cost_per_")) ||
			 slice_starts_with(name, SLICE("output_cost_per_"));

	return is_charge && !is_token_price(name);
}

static bool note_other_charge(struct loader *l, struct litellm_entry *e)
{
	struct slice text;
	struct decimal d;

	if (json_peek(&l->j) != JSON_NUMBER)
		return json_skip(&l->j);
	if (!json_number(&l->j, &text))
		return false;
	e->has_other_charge |= decimal_parse(text, &d) && d.digits > 0;
	return true;
}

static bool load_cost(struct loader *l, struct litellm_entry *e, struct slice name, uint64_t above)
{
	struct decimal d;
	enum litellm_tier tier = cut_tier(&name);
	uint64_t tokens = 0;

	if (above == 0 && cut_above(&name, &tokens))
		above = boundary(e, tokens);
	const struct base_key *key = find_base(name);
	if (key == NULL)
		return is_other_charge(name) ? note_other_charge(l, e) : json_skip(&l->j);
	if (!read_decimal(l, &d))
		return l->j.why == NULL;
	e->has_other_charge |= !is_token_price(name) && d.digits > 0;
	return set_price(l, e, tier, key, above, d);
}

/* {"range": [0, 256000.0], "input_cost_per_token": ...}: prices for requests of that size. */
static bool load_range(struct loader *l, struct litellm_entry *e)
{
	struct json ahead = l->j;
	struct json_string key;
	struct decimal from = { 0, 0 };

	if (!json_object(&l->j))
		return false;
	while (json_member(&l->j, &key)) {
		if (!slice_equal(key.raw, SLICE("range"))) {
			json_skip(&l->j);
			continue;
		}
		if (!json_array(&l->j) || !json_element(&l->j) || !read_decimal(l, &from))
			return l->j.why == NULL ? loader_fail(l, "a range starts with a number") : false;
		while (json_element(&l->j))
			json_skip(&l->j);
	}
	if (l->j.why != NULL)
		return false;
	if (from.scale != 0 || from.digits < 0 || from.digits > UINT32_MAX)
		return loader_fail(l, "a range starts at a whole number of tokens");
	l->j = ahead;
	if (!json_object(&l->j))
		return false;
	while (json_member(&l->j, &key))
		if (!load_cost(l, e, key.raw, (uint64_t)from.digits))
			return false;
	return l->j.why == NULL;
}

static bool is_zero(const struct price_value *v)
{
	bool zero = v->digits == 0;

	for (uint32_t i = 0; i < v->tier_count; i++)
		zero &= v->tiers[i].digits == 0;
	return zero;
}

/* A reranker at 0.002 a query and 0 a token is not free: what its tokens cost is not said. */
static void drop_free_tokens(struct litellm_entry *e)
{
	unit_set tokens = 0;

	for (size_t i = 0; i < sizeof(base_keys) / sizeof(base_keys[0]); i++) {
		unit_set unit = e->priced[TIER_STANDARD] & UNIT_BIT(base_keys[i].unit);
		if (unit == 0 || !is_token_price(base_keys[i].name))
			continue;
		if (!is_zero(&e->prices[TIER_STANDARD][base_keys[i].unit].value))
			return;
		tokens |= unit;
	}
	e->priced[TIER_STANDARD] &= ~tokens;
}

bool litellm_read_entry(struct loader *l, struct litellm_entry *e)
{
	struct json_string key;

	memset(e->priced, 0, sizeof(e->priced));
	e->has_other_charge = false;
	if (!json_object(&l->j))
		return false;
	while (json_member(&l->j, &key)) {
		if (!slice_equal(key.raw, SLICE("tiered_pricing"))) {
			if (!load_cost(l, e, key.raw, 0))
				return false;
			continue;
		}
		if (json_peek(&l->j) != JSON_ARRAY) {
			json_skip(&l->j);
			continue;
		}
		json_array(&l->j);
		while (json_element(&l->j))
			if (!load_range(l, e))
				return false;
	}
	if (e->has_other_charge)
		drop_free_tokens(e);
	return l->j.why == NULL;
}
