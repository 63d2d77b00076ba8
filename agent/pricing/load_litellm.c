/* SPDX-License-Identifier: Apache-2.0
 * pricing/load_litellm.c - LiteLLM's model price map: flat, in USD per token, without history.
 *
 * Its keys spell out unit, input size and service tier ("input_cost_per_token_above_200k_tokens_priority"). They become
 * rows of our form: the standard prices, a variant a tier, and a variant for batches. The rules that the names leave
 * open are LiteLLM's (1.109.1): an input-size key that a tier lacks is that of the standard price; reasoning without a
 * rate of its own costs the output rate of the same tier; batches without keys of their own cost half.
 */
#include <stdlib.h>

#include "agent/pricing/load_priv.h"

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

enum tier { TIER_STANDARD, TIER_BATCHES, TIER_FLEX, TIER_PRIORITY, TIER_BALANCED, TIER_ULTRAFAST, TIER_COUNT };

static const struct slice tier_suffixes[TIER_COUNT] = {
	[TIER_BATCHES] = S("_batches"),   [TIER_FLEX] = S("_flex"),           [TIER_PRIORITY] = S("_priority"),
	[TIER_BALANCED] = S("_balanced"), [TIER_ULTRAFAST] = S("_ultrafast"),
};

/* The provider ids that the tables share. */
static const struct {
	struct slice litellm, table;
} providers[] = {
	{ S("bedrock"), S("aws") },
	{ S("bedrock_converse"), S("aws") },
	{ S("bedrock_mantle"), S("aws") },
	{ S("gemini"), S("google") },
	{ S("azure_ai"), S("azure") },
	{ S("azure_text"), S("azure") },
	{ S("text-completion-openai"), S("openai") },
	{ S("xai"), S("x-ai") },
	{ S("moonshot"), S("moonshotai") },
	{ S("together_ai"), S("together") },
	{ S("fireworks_ai"), S("fireworks") },
	{ S("fireworks_ai-embedding-models"), S("fireworks") },
	{ S("cohere_chat"), S("cohere") },
	{ S("codestral"), S("mistral") },
	{ S("text-completion-codestral"), S("mistral") },
};

static struct slice table_provider_id(struct slice litellm)
{
	for (size_t i = 0; i < sizeof(providers) / sizeof(providers[0]); i++)
		if (slice_equal(providers[i].litellm, litellm))
			return providers[i].table;
	return slice_starts_with(litellm, SLICE("vertex_ai")) ? SLICE("google") : litellm;
}

/* ---------------------------------------------------------------- one model's prices */

struct keyed_price {
	bool has_base;
	struct price_value value; /* its tiers: in the order of the file until sorted */
};

struct entry {
	struct slice key, provider;
	struct slice text; /* the object's */
	struct keyed_price prices[TIER_COUNT][UNIT_COUNT];
	unit_set priced[TIER_COUNT];
};

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

static enum tier cut_tier(struct slice *name)
{
	for (enum tier t = TIER_STANDARD + 1; t < TIER_COUNT; t++) {
		if (slice_ends_with(*name, tier_suffixes[t])) {
			name->len -= tier_suffixes[t].len;
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

static bool set_price(struct loader *l, struct entry *e, enum tier tier, const struct base_key *key, uint64_t above,
		      struct decimal d)
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
static uint64_t boundary(const struct entry *e, uint64_t tokens)
{
	return slice_equal(e->provider, SLICE("x-ai")) ? tokens - 1 : tokens;
}

static bool load_cost(struct loader *l, struct entry *e, struct slice name, uint64_t above)
{
	struct decimal d;
	enum tier tier = cut_tier(&name);
	uint64_t tokens = 0;

	if (above == 0 && cut_above(&name, &tokens))
		above = boundary(e, tokens);
	const struct base_key *key = find_base(name);
	if (key == NULL)
		return json_skip(&l->j);
	if (!read_decimal(l, &d))
		return l->j.why == NULL;
	return set_price(l, e, tier, key, above, d);
}

/* {"range": [0, 256000.0], "input_cost_per_token": ...}: prices for requests of that size. */
static bool load_range(struct loader *l, struct entry *e)
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

static bool load_entry_prices(struct loader *l, struct entry *e)
{
	struct json_string key;

	memset(e->priced, 0, sizeof(e->priced));
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
	return l->j.why == NULL;
}

/* ---------------------------------------------------------------- writing rows */

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
static bool tier_value(const struct entry *e, enum tier tier, enum unit unit, struct price_value *out)
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

static void write_standard(struct loader *l, const struct entry *e, struct image_model *model)
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

static void write_tier(struct loader *l, const struct entry *e, enum tier tier)
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
	push_variant(l, row, SLICE("service_tier"), slice_skip(tier_suffixes[tier], 1));
}

static void write_batches(struct loader *l, const struct entry *e)
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

static uint32_t push_equals(struct loader *l, struct slice text)
{
	struct image_clause clause = { CLAUSE_EQUALS, 1, image_writer_text(&l->w, text, true) };
	uint32_t index = image_writer_count(&l->w, IMAGE_clauses);

	image_writer_push(&l->w, IMAGE_clauses, &clause);
	return index;
}

/* Writes the model under its key; *model says where its rows are. False where nothing in it is a price of ours. */
static bool write_model(struct loader *l, const struct entry *e, struct image_model *model)
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
	for (enum tier t = TIER_FLEX; t < TIER_COUNT; t++)
		write_tier(l, e, t);
	write_batches(l, e);
	model->variant_count = image_writer_count(&l->w, IMAGE_rows) - model->first_variant;
	model->id = image_writer_text(&l->w, e->key, false);
	model->match = push_equals(l, e->key);
	image_writer_push(&l->w, IMAGE_models, model);
	return true;
}

/* ---------------------------------------------------------------- the map */

struct listed {
	struct slice key, provider; /* provider: the table's id */
	struct slice text;
};

static bool list_entry(struct loader *l, struct slice name, struct buf *list)
{
	struct listed listed = { .key = name };
	struct json_string key;

	if (!json_raw(&l->j, &listed.text))
		return false;
	struct json inner = { .start = l->j.start, .at = listed.text.ptr, .end = listed.text.ptr + listed.text.len };
	if (json_peek(&inner) != JSON_OBJECT || slice_equal(name, SLICE("sample_spec")))
		return true;
	struct json outer = l->j;
	l->j = inner;
	json_object(&l->j);
	while (json_member(&l->j, &key))
		if (slice_equal(key.raw, SLICE("litellm_provider")) && json_peek(&l->j) == JSON_STRING)
			loader_text(l, &listed.provider);
		else
			json_skip(&l->j);
	l->j = outer;
	if (listed.provider.len == 0)
		return true;
	listed.provider = table_provider_id(listed.provider);
	buf_append(list, &listed, sizeof(listed));
	return true;
}

static bool list_entries(struct loader *l, struct buf *list)
{
	struct json_string key;

	if (!json_object(&l->j))
		return false;
	while (json_member(&l->j, &key)) {
		struct slice name = json_unescape(key, &l->arena);
		if (name.ptr == NULL || !list_entry(l, name, list))
			return false;
	}
	return l->j.why == NULL && !buf_failed(list);
}

static bool load_entry(struct loader *l, const struct listed *listed, struct entry *e, struct image_model *model,
		       bool *written)
{
	struct json outer = l->j;

	e->key = listed->key;
	e->provider = listed->provider;
	l->j = (struct json){ .start = outer.start, .at = listed->text.ptr, .end = listed->text.ptr + listed->text.len };
	bool good = load_entry_prices(l, e);
	if (!good) {
		loader_fail(l, "%s", l->j.why);
		outer.why = l->j.why;
	}
	l->j = outer;
	*written = good && write_model(l, e, model);
	return good;
}

/* The key without the routing prefix in front of it ("gemini/", "azure/"); ptr NULL where it has none, or where the
 * prefix says more than the provider ("bedrock/eu-west-1/", "azure/eu/"). */
static struct slice bare_key(struct slice key)
{
	ptrdiff_t slash = slice_find(key, SLICE("/"));
	struct slice rest = slash > 0 ? slice_skip(key, (size_t)slash + 1) : SLICE_NONE;

	if (slice_starts_with(key, SLICE("bedrock/")) || slice_starts_with(key, SLICE("azure/eu/")) ||
	    slice_starts_with(key, SLICE("azure/us/")))
		return SLICE_NONE;
	return rest;
}

/* The models of one provider: first all under their keys, then all that have a shorter name too, so that an exact key
 * is found first. */
static bool load_provider(struct loader *l, struct listed *list, size_t count, struct slice id, struct entry *e)
{
	struct image_provider provider = { .provider_match = IMAGE_NONE, .model_match = IMAGE_NONE };
	struct buf bare = BUF_INIT; /* struct image_model, to be written again */
	struct image_model model;
	bool written, good = true;

	provider.first_model = image_writer_count(&l->w, IMAGE_models);
	for (size_t i = 0; good && i < count; i++) {
		if (!slice_equal(list[i].provider, id))
			continue;
		good = load_entry(l, &list[i], e, &model, &written);
		struct slice shorter = bare_key(list[i].key);
		if (good && written && shorter.len > 0) {
			model.match = push_equals(l, shorter);
			buf_append(&bare, &model, sizeof(model));
		}
	}
	for (size_t at = 0; at < bare.len; at += sizeof(model)) {
		memcpy(&model, bare.ptr + at, sizeof(model));
		image_writer_push(&l->w, IMAGE_models, &model);
	}
	buf_release(&bare);
	provider.model_count = image_writer_count(&l->w, IMAGE_models) - provider.first_model;
	provider.id = image_writer_text(&l->w, id, true);
	image_writer_push(&l->w, IMAGE_providers, &provider);
	return good;
}

static bool is_new_provider(const struct listed *list, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (slice_equal(list[i].provider, list[index].provider))
			return false;
	return true;
}

bool load_litellm(struct loader *l)
{
	struct buf list = BUF_INIT;
	struct entry *e = malloc(sizeof(*e));
	bool good = e != NULL && list_entries(l, &list);
	size_t count = list.len / sizeof(struct listed);
	struct listed *items = (struct listed *)(void *)list.ptr;

	for (size_t i = 0; good && i < count; i++)
		if (is_new_provider(items, i))
			good = load_provider(l, items, count, items[i].provider, e);
	free(e);
	buf_release(&list);
	return good;
}
