/* SPDX-License-Identifier: Apache-2.0
 * pricing/load_overrides.c - the user's own prices, consulted before every table (format: pricing/data/README.md).
 *
 * Each override becomes a provider of its own with one model, so that the file's order is the order of lookup.
 */
#include "agent/pricing/load_priv.h"

#define FACTOR_SCALE_MAX 9u
#define FACTOR_MAX 1000

struct override {
	struct slice provider, id;
	bool has_prices, has_factor;
	struct slice alias_provider, alias_model;
	struct image_model model;
};

static bool load_factor(struct loader *l, struct override *o)
{
	struct slice text;
	struct decimal factor;

	if (!json_number(&l->j, &text))
		return false;
	if (!decimal_parse(text, &factor) || factor.scale > FACTOR_SCALE_MAX ||
	    factor.digits > FACTOR_MAX * decimal_power(factor.scale) ||
	    !price_digits(factor, &o->model.factor_digits, &o->model.factor_scale))
		return loader_fail(l, "multiplier %.*s is not between 0 and %d", SLICE_ARG(text), FACTOR_MAX);
	o->has_factor = true;
	return true;
}

static bool load_alias(struct loader *l, struct override *o)
{
	struct json_string key;

	if (json_peek(&l->j) == JSON_STRING)
		return loader_text(l, &o->alias_model);
	if (!json_object(&l->j))
		return false;
	while (json_member(&l->j, &key)) {
		if (slice_equal(key.raw, SLICE("model")))
			loader_text(l, &o->alias_model);
		else if (slice_equal(key.raw, SLICE("provider")))
			loader_text(l, &o->alias_provider);
		else
			return loader_fail(l, "unknown member '%.*s' of an alias", SLICE_ARG(key.raw));
	}
	return l->j.why == NULL && (o->alias_model.len > 0 || loader_fail(l, "an alias needs its model"));
}

static bool load_member(struct loader *l, struct slice key, struct override *o)
{
	if (slice_equal(key, SLICE("provider")))
		return loader_text(l, &o->provider);
	if (slice_equal(key, SLICE("id")))
		return loader_text(l, &o->id);
	if (slice_equal(key, SLICE("match")))
		return load_clause(l, &o->model.match);
	if (slice_equal(key, SLICE("alias")))
		return load_alias(l, o);
	if (slice_equal(key, SLICE("multiplier")))
		return load_factor(l, o);
	if (slice_equal(key, SLICE("prices"))) {
		o->has_prices = true;
		return load_rows(l, &o->model);
	}
	if (slice_equal(key, SLICE("price_variants")))
		return load_variants(l, &o->model);
	if (slice_equal(key, SLICE("comment")))
		return json_skip(&l->j);
	return loader_fail(l, "unknown member '%.*s' of an override (provider, match, id, prices, price_variants, "
			      "multiplier, alias, comment)", SLICE_ARG(key));
}

static bool check(struct loader *l, const struct override *o)
{
	if (o->provider.len == 0)
		return loader_fail(l, "an override needs its provider (\"*\" for any)");
	if (o->has_prices + o->has_factor + (o->alias_model.len > 0) != 1)
		return loader_fail(l, "an override has exactly one of prices, multiplier and alias");
	if (o->model.variant_count > 0 && !o->has_prices)
		return loader_fail(l, "price_variants stand beside prices only");
	return true;
}

static uint32_t match_anything(struct loader *l)
{
	struct image_clause clause = { .kind = CLAUSE_STARTS_WITH, .size = 1 };
	uint32_t index = image_writer_count(&l->w, IMAGE_clauses);

	image_writer_push(&l->w, IMAGE_clauses, &clause);
	return index;
}

static bool load_override(struct loader *l)
{
	struct override o = { .model = { .match = IMAGE_NONE, .factor_digits = 1 } };
	struct json_string key;

	if (!json_object(&l->j))
		return false;
	while (json_member(&l->j, &key))
		if (!load_member(l, key.raw, &o))
			return false;
	if (l->j.why != NULL || !check(l, &o))
		return false;
	if (o.model.match == IMAGE_NONE)
		o.model.match = match_anything(l);
	o.model.id = image_writer_text(&l->w, o.id.len > 0 ? o.id : SLICE("*"), false);
	o.model.alias_provider = image_writer_text(&l->w, o.alias_provider, true);
	o.model.alias_model = image_writer_text(&l->w, o.alias_model, true);
	struct image_provider provider = {
		.id = image_writer_text(&l->w, slice_trim(o.provider), true),
		.provider_match = IMAGE_NONE,
		.model_match = IMAGE_NONE,
		.first_model = image_writer_count(&l->w, IMAGE_models),
		.model_count = 1,
	};
	image_writer_push(&l->w, IMAGE_models, &o.model);
	image_writer_push(&l->w, IMAGE_providers, &provider);
	return true;
}

bool load_overrides(struct loader *l)
{
	struct json_string key;

	if (!json_object(&l->j))
		return false;
	while (json_member(&l->j, &key)) {
		if (!slice_equal(key.raw, SLICE("overrides"))) {
			if (slice_equal(key.raw, SLICE("comment")) && json_skip(&l->j))
				continue;
			return loader_fail(l, "unknown member '%.*s'", SLICE_ARG(key.raw));
		}
		if (!json_array(&l->j))
			return false;
		while (json_element(&l->j))
			if (!load_override(l))
				return false;
	}
	return l->j.why == NULL;
}
