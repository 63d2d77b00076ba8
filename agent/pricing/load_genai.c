/* SPDX-License-Identifier: Apache-2.0
 * pricing/load_genai.c - the genai-prices format: providers and their models. Unknown members are skipped.
 */
#include "agent/pricing/load_priv.h"

static bool load_model(struct loader *l)
{
	struct image_model model = { .match = IMAGE_NONE, .factor_digits = 1 };
	struct json_string key;
	struct slice id = SLICE_NONE;

	if (!json_object(&l->j))
		return false;
	while (json_member(&l->j, &key)) {
		if (slice_equal(key.raw, SLICE("id")))
			loader_text(l, &id);
		else if (slice_equal(key.raw, SLICE("match")))
			load_clause(l, &model.match);
		else if (slice_equal(key.raw, SLICE("prices")))
			load_rows(l, &model);
		else if (slice_equal(key.raw, SLICE("price_variants")))
			load_variants(l, &model);
		else
			json_skip(&l->j);
	}
	if (l->j.why != NULL)
		return false;
	if (id.len == 0 || model.match == IMAGE_NONE || model.row_count == 0)
		return loader_fail(l, "model '%.*s' needs id, match and prices", SLICE_ARG(id));
	model.id = image_writer_text(&l->w, id, false);
	image_writer_push(&l->w, IMAGE_models, &model);
	return true;
}

static bool load_models(struct loader *l, struct image_provider *provider)
{
	provider->first_model = image_writer_count(&l->w, IMAGE_models);
	if (!json_array(&l->j))
		return false;
	while (json_element(&l->j))
		if (!load_model(l))
			return false;
	provider->model_count = image_writer_count(&l->w, IMAGE_models) - provider->first_model;
	return l->j.why == NULL;
}

static bool load_fallbacks(struct loader *l, struct image_provider *provider)
{
	struct slice name;

	if (json_peek(&l->j) == JSON_NULL)
		return json_null(&l->j);
	if (provider->fallback_count > 0)
		return loader_fail(l, "'fallback_model_providers' is given twice");
	provider->first_fallback = (uint32_t)(l->fallbacks.len / sizeof(struct image_text));
	if (!json_array(&l->j))
		return false;
	while (json_element(&l->j)) {
		if (!loader_text(l, &name))
			return false;
		struct image_text text = image_writer_text(&l->w, name, true);
		buf_append(&l->fallbacks, &text, sizeof(text));
		provider->fallback_count++;
	}
	return l->j.why == NULL;
}

static bool load_optional_clause(struct loader *l, uint32_t *index)
{
	return json_peek(&l->j) == JSON_NULL ? json_null(&l->j) : load_clause(l, index);
}

static bool load_provider_member(struct loader *l, struct slice key, struct image_provider *provider)
{
	struct slice text;

	if (slice_equal(key, SLICE("id"))) {
		if (!loader_text(l, &text))
			return false;
		provider->id = image_writer_text(&l->w, text, true);
		return true;
	}
	if (slice_equal(key, SLICE("api_pattern"))) {
		if (!loader_text(l, &text) || !load_check_regex(l, text))
			return false;
		provider->api_pattern = image_writer_text(&l->w, text, false);
		return true;
	}
	if (slice_equal(key, SLICE("provider_match")))
		return load_optional_clause(l, &provider->provider_match);
	if (slice_equal(key, SLICE("model_match")))
		return load_optional_clause(l, &provider->model_match);
	if (slice_equal(key, SLICE("fallback_model_providers")))
		return load_fallbacks(l, provider);
	if (slice_equal(key, SLICE("models")))
		return load_models(l, provider);
	return json_skip(&l->j);
}

static bool load_provider(struct loader *l)
{
	struct image_provider provider = { .provider_match = IMAGE_NONE, .model_match = IMAGE_NONE };
	struct json_string key;

	if (!json_object(&l->j))
		return false;
	while (json_member(&l->j, &key))
		if (!load_provider_member(l, key.raw, &provider))
			return false;
	if (l->j.why != NULL)
		return false;
	if (provider.id.len == 0)
		return loader_fail(l, "a provider needs its id");
	image_writer_push(&l->w, IMAGE_providers, &provider);
	return true;
}

static bool resolve_fallback(struct loader *l, struct slice name)
{
	for (uint32_t i = 0; i < image_writer_count(&l->w, IMAGE_providers); i++) {
		const struct image_provider *provider = image_writer_at(&l->w, IMAGE_providers, i);
		if (slice_equal(image_writer_view(&l->w, provider->id), name)) {
			image_writer_push(&l->w, IMAGE_fallbacks, &i);
			return true;
		}
	}
	return loader_fail(l, "fallback provider '%.*s' is not in the file", SLICE_ARG(name));
}

bool load_genai_providers(struct loader *l)
{
	if (!json_array(&l->j))
		return false;
	while (json_element(&l->j))
		if (!load_provider(l))
			return false;
	if (l->j.why != NULL)
		return false;
	for (size_t at = 0; at < l->fallbacks.len; at += sizeof(struct image_text)) {
		struct image_text name;
		memcpy(&name, l->fallbacks.ptr + at, sizeof(name));
		if (!resolve_fallback(l, image_writer_view(&l->w, name)))
			return false;
	}
	return image_writer_count(&l->w, IMAGE_providers) > 0 || loader_fail(l, "the file names no provider");
}
