/* SPDX-License-Identifier: Apache-2.0
 * pricing/load_litellm.c - LiteLLM's model price map: flat, in USD per token, without history. Each model's prices
 * become the standard row, a variant a service tier, and a variant for batches.
 */
#include <stdlib.h>

#include "agent/pricing/litellm_entry.h"

#define S(literal) { literal, sizeof(literal) - 1 }

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
	{ S("voyage"), S("voyageai") },
	{ S("bigmodel"), S("zhipuai") },
};

static struct slice table_provider_id(struct slice litellm)
{
	for (size_t i = 0; i < sizeof(providers) / sizeof(providers[0]); i++)
		if (slice_equal(providers[i].litellm, litellm))
			return providers[i].table;
	return slice_starts_with(litellm, SLICE("vertex_ai")) ? SLICE("google") : litellm;
}

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

static bool load_entry(struct loader *l, const struct listed *listed, struct litellm_entry *e,
		       struct image_model *model, bool *written)
{
	struct json outer = l->j;

	e->key = listed->key;
	e->provider = listed->provider;
	l->j = (struct json){ .start = outer.start,
			      .at = listed->text.ptr,
			      .end = listed->text.ptr + listed->text.len };
	bool good = litellm_read_entry(l, e);
	if (!good) {
		loader_fail(l, "%s", l->j.why);
		outer.why = l->j.why;
	}
	l->j = outer;
	*written = good && litellm_write_model(l, e, model);
	return good;
}

/* The key without the routing prefix in front of it ("gemini/", "azure/"); ptr NULL where it has none. A region stays
 * ("bedrock/eu-west-1/...", "azure/eu/..."): it has prices of its own. */
static struct slice bare_key(struct slice key)
{
	ptrdiff_t slash = slice_find(key, SLICE("/"));

	return slash > 0 ? slice_skip(key, (size_t)slash + 1) : SLICE_NONE;
}

/* The models of one provider, which are count in list: first all under their keys, then all that have a shorter name
 * too, so that an exact key is found first. */
static bool load_provider(struct loader *l, struct listed *list, size_t count, struct litellm_entry *e)
{
	struct image_provider provider = { .provider_match = IMAGE_NONE, .model_match = IMAGE_NONE };
	struct buf bare = BUF_INIT; /* struct image_model, to be written again */
	struct image_model model;
	bool written, good = true;

	provider.first_model = image_writer_count(&l->w, IMAGE_models);
	for (size_t i = 0; good && i < count; i++) {
		good = load_entry(l, &list[i], e, &model, &written);
		struct slice shorter = bare_key(list[i].key);
		if (good && written && shorter.len > 0) {
			model.match = litellm_push_equals(l, shorter);
			buf_append(&bare, &model, sizeof(model));
		}
	}
	for (size_t at = 0; at < bare.len; at += sizeof(model)) {
		memcpy(&model, bare.ptr + at, sizeof(model));
		image_writer_push(&l->w, IMAGE_models, &model);
	}
	if (buf_failed(&bare))
		good = loader_fail(l, "no memory for the models' short names");
	buf_release(&bare);
	provider.model_count = image_writer_count(&l->w, IMAGE_models) - provider.first_model;
	provider.id = image_writer_text(&l->w, list[0].provider, true);
	image_writer_push(&l->w, IMAGE_providers, &provider);
	return good;
}

/* By provider, and then as in the file. */
static int compare_listed(const void *a, const void *b)
{
	const struct listed *x = a, *y = b;
	size_t n = x->provider.len < y->provider.len ? x->provider.len : y->provider.len;
	int order = memcmp(x->provider.ptr, y->provider.ptr, n);

	if (order == 0)
		order = (x->provider.len > y->provider.len) - (x->provider.len < y->provider.len);
	return order != 0 ? order : (x->text.ptr > y->text.ptr) - (x->text.ptr < y->text.ptr);
}

static size_t count_of_provider(const struct listed *list, size_t count)
{
	size_t n = 1;

	while (n < count && slice_equal(list[n].provider, list[0].provider))
		n++;
	return n;
}

bool load_litellm(struct loader *l)
{
	struct buf list = BUF_INIT;
	struct litellm_entry *e = malloc(sizeof(*e));
	bool good = e != NULL && list_entries(l, &list);
	size_t count = good ? list.len / sizeof(struct listed) : 0;
	struct listed *items = (struct listed *)(void *)list.ptr;

	if (count > 0)
		qsort(items, count, sizeof(*items), compare_listed);
	for (size_t i = 0, n; good && i < count; i += n) {
		n = count_of_provider(items + i, count - i);
		good = load_provider(l, items + i, n, e);
	}
	free(e);
	buf_release(&list);
	return good;
}
