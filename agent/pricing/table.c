/* SPDX-License-Identifier: Apache-2.0
 * pricing/table.c - matching provider and model names against a table.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "agent/pricing/table.h"

#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>

#define MATCH_STEPS_MAX 20000
#define MATCH_DEPTH_MAX 500
#define MATCH_HEAP_KIB 256

/* ---------------------------------------------------------------- opening */

static pcre2_code *compile(struct slice pattern, uint32_t options)
{
	int code;
	PCRE2_SIZE at;

	return pcre2_compile((PCRE2_SPTR)pattern.ptr, pattern.len, options, &code, &at, NULL);
}

static bool compile_all(struct table *t)
{
	uint32_t clauses = image_count(&t->image, IMAGE_clauses), providers = image_count(&t->image, IMAGE_providers);

	t->clause_regexes = calloc((size_t)clauses + 1, sizeof(*t->clause_regexes));
	t->api_regexes = calloc((size_t)providers + 1, sizeof(*t->api_regexes));
	if (t->clause_regexes == NULL || t->api_regexes == NULL)
		return false;
	for (uint32_t i = 0; i < clauses; i++) {
		const struct image_clause *clause = &t->image.clauses[i];
		if (clause->kind != CLAUSE_REGEX)
			continue;
		t->clause_regexes[i] = compile(image_slice(&t->image, clause->text), 0);
		if (t->clause_regexes[i] == NULL)
			return false;
	}
	for (uint32_t i = 0; i < providers; i++) {
		struct slice pattern = image_slice(&t->image, t->image.providers[i].api_pattern);
		if (pattern.len == 0)
			continue;
		t->api_regexes[i] = compile(pattern, PCRE2_ANCHORED);
		if (t->api_regexes[i] == NULL)
			return false;
	}
	return true;
}

struct status table_open_embedded(struct table *t, const void *block, size_t size)
{
	*t = (struct table){ .block = BUF_INIT };
	if (!image_open(&t->image, block, size))
		return FAIL(CORRUPT, "price table is not of this version");
	if (!compile_all(t)) {
		table_release(t);
		return FAIL(NOMEM, "no memory for the price table's expressions");
	}
	return OK;
}

struct status table_open(struct table *t, struct buf *block)
{
	TRY(table_open_embedded(t, block->ptr, block->len));
	t->block = *block;
	*block = BUF_INIT;
	return OK;
}

void table_release(struct table *t)
{
	for (uint32_t i = 0; t->clause_regexes != NULL && i < image_count(&t->image, IMAGE_clauses); i++)
		pcre2_code_free(t->clause_regexes[i]);
	for (uint32_t i = 0; t->api_regexes != NULL && i < image_count(&t->image, IMAGE_providers); i++)
		pcre2_code_free(t->api_regexes[i]);
	free(t->clause_regexes);
	free(t->api_regexes);
	buf_release(&t->block);
	t->clause_regexes = NULL;
	t->api_regexes = NULL;
}

struct status scratch_init(struct scratch *s)
{
	s->match_data = pcre2_match_data_create(1, NULL);
	s->context = pcre2_match_context_create(NULL);
	if (s->match_data == NULL || s->context == NULL) {
		scratch_release(s);
		return FAIL(NOMEM, "no memory for matching");
	}
	pcre2_set_match_limit(s->context, MATCH_STEPS_MAX);
	pcre2_set_depth_limit(s->context, MATCH_DEPTH_MAX);
	pcre2_set_heap_limit(s->context, MATCH_HEAP_KIB);
	return OK;
}

void scratch_release(struct scratch *s)
{
	pcre2_match_data_free(s->match_data);
	pcre2_match_context_free(s->context);
	*s = (struct scratch){ NULL, NULL };
}

/* ---------------------------------------------------------------- matching */

static bool regex_accepts(struct scratch *s, const pcre2_code *code, struct slice text)
{
	return pcre2_match(code, (PCRE2_SPTR)text.ptr, text.len, 0, 0, s->match_data, s->context) >= 0;
}

static bool children_accept(const struct table *t, struct scratch *s, uint32_t clause, struct slice text)
{
	bool any = t->image.clauses[clause].kind == CLAUSE_OR;
	uint32_t end = clause + t->image.clauses[clause].size;

	for (uint32_t child = clause + 1; child < end; child += t->image.clauses[child].size)
		if (table_clause_accepts(t, s, child, text) == any)
			return any;
	return !any;
}

bool table_clause_accepts(const struct table *t, struct scratch *s, uint32_t index, struct slice text)
{
	const struct image_clause *clause = &t->image.clauses[index];
	struct slice wanted = image_slice(&t->image, clause->text);

	switch ((enum clause_kind)clause->kind) {
	case CLAUSE_EQUALS:
		return slice_equal(text, wanted);
	case CLAUSE_STARTS_WITH:
		return slice_starts_with(text, wanted);
	case CLAUSE_ENDS_WITH:
		return slice_ends_with(text, wanted);
	case CLAUSE_CONTAINS:
		return slice_find(text, wanted) >= 0;
	case CLAUSE_REGEX:
		return regex_accepts(s, t->clause_regexes[index], text);
	case CLAUSE_OR:
	case CLAUSE_AND:
		return children_accept(t, s, index, text);
	}
	return false;
}

struct slice table_lower_case(struct slice s, char *out)
{
	if (s.len > MODEL_NAME_MAX)
		return SLICE_NONE;
	for (size_t i = 0; i < s.len; i++)
		out[i] = s.ptr[i] >= 'A' && s.ptr[i] <= 'Z' ? (char)(s.ptr[i] + ('a' - 'A')) : s.ptr[i];
	return (struct slice){ out, s.len };
}

/* The provider of that id (in lower case) or alias, or NULL. */
static const struct image_provider *named_provider(const struct table *t, struct scratch *s, struct slice provider)
{
	char buffer[MODEL_NAME_MAX];
	struct slice name = table_lower_case(slice_trim(provider), buffer);
	uint32_t count = image_count(&t->image, IMAGE_providers);

	if (name.ptr == NULL)
		return NULL;
	for (uint32_t i = 0; i < count; i++)
		if (slice_equal(image_slice(&t->image, t->image.providers[i].id), name))
			return &t->image.providers[i];
	for (uint32_t i = 0; i < count; i++) {
		uint32_t clause = t->image.providers[i].provider_match;
		if (clause != IMAGE_NONE && table_clause_accepts(t, s, clause, name))
			return &t->image.providers[i];
	}
	return NULL;
}

static const struct image_provider *provider_by_url(const struct table *t, struct scratch *s, struct slice url)
{
	for (uint32_t i = 0; i < image_count(&t->image, IMAGE_providers); i++)
		if (t->api_regexes[i] != NULL && regex_accepts(s, t->api_regexes[i], url))
			return &t->image.providers[i];
	return NULL;
}

static const struct image_provider *provider_by_model(const struct table *t, struct scratch *s, struct slice model)
{
	for (uint32_t i = 0; i < image_count(&t->image, IMAGE_providers); i++) {
		uint32_t clause = t->image.providers[i].model_match;
		if (clause != IMAGE_NONE && table_clause_accepts(t, s, clause, model))
			return &t->image.providers[i];
	}
	return NULL;
}

static const struct image_model *own_model(const struct table *t, struct scratch *s,
					   const struct image_provider *provider, struct slice model)
{
	const struct image_model *m = &t->image.models[provider->first_model];

	for (const struct image_model *end = m + provider->model_count; m < end; m++)
		if (table_clause_accepts(t, s, m->match, model))
			return m;
	return NULL;
}

static bool find_model(const struct table *t, struct scratch *s, struct slice model, struct found *out)
{
	const struct image_provider *asked = out->provider;

	out->owner = asked;
	out->model = own_model(t, s, asked, model);
	for (uint32_t i = 0; out->model == NULL && i < asked->fallback_count; i++) {
		out->owner = &t->image.providers[t->image.fallbacks[asked->first_fallback + i]];
		out->model = own_model(t, s, out->owner, model);
	}
	return out->model != NULL;
}

/* ---------------------------------------------------------------- compact dates */

static bool is_day(struct slice s) /* yyyymmdd */
{
	static const int days[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	uint64_t number;

	if (s.len != 8 || !slice_to_u64(s, &number))
		return false;
	int year = (int)(number / 10000), month = (int)(number / 100 % 100), day = (int)(number % 100);
	if (year < 2000 || year > 2099 || month < 1 || month > 12 || day < 1 || day > days[month - 1])
		return false;
	return month != 2 || day < 29 || year % 4 == 0;
}

static bool is_compact_date(struct slice rest) /* behind a '-' */
{
	return rest.len >= 8 && is_day(slice_head(rest, 8)) &&
	       (rest.len == 8 || rest.ptr[8] == '-' || rest.ptr[8] == ':');
}

/* "gpt-5.2-20251211" to "gpt-5.2-2025-12-11", at out (2 x MODEL_NAME_MAX bytes). ptr NULL where there is no date. */
static struct slice spread_dates(struct slice model, char *out)
{
	size_t n = 0;
	bool any = false;

	for (size_t i = 0; i < model.len;) {
		char c = model.ptr[i++];
		out[n++] = c;
		struct slice rest = slice_skip(model, i);
		if (c != '-' || !is_compact_date(rest))
			continue;
		n += (size_t)snprintf(out + n, 11, "%.4s-%.2s-%.2s", rest.ptr, rest.ptr + 4, rest.ptr + 6);
		i += 8;
		any = true;
	}
	return any ? (struct slice){ out, n } : SLICE_NONE;
}

/* ---------------------------------------------------------------- the rule */

static bool is_litellm(struct slice provider)
{
	return slice_equal_nocase(provider, SLICE("litellm"));
}

/* A provider named "litellm" stands for the one before the model's first '/', where that is known. */
static void unwrap_litellm(const struct table *t, struct scratch *s, struct slice *provider, struct slice *model)
{
	const char *slash = model->len > 0 ? memchr(model->ptr, '/', model->len) : NULL;

	if (slash == NULL || slash == model->ptr || !is_litellm(*provider))
		return;
	struct slice name = slice_head(*model, (size_t)(slash - model->ptr));
	if (named_provider(t, s, name) == NULL)
		return;
	*provider = name;
	*model = slice_skip(*model, name.len + 1);
}

static const struct image_provider *find_provider(const struct table *t, struct scratch *s, struct slice provider,
						  struct slice url, struct slice model)
{
	if (provider.ptr != NULL) {
		const struct image_provider *named = named_provider(t, s, provider);
		if (named != NULL || !is_litellm(provider))
			return named;
	}
	return url.ptr != NULL ? provider_by_url(t, s, url) : provider_by_model(t, s, model);
}

enum find_result table_find(const struct table *t, struct scratch *s, struct slice provider, struct slice url,
			    struct slice model, struct found *out)
{
	char lower[MODEL_NAME_MAX], spread[2 * MODEL_NAME_MAX];

	*out = (struct found){ .table = t };
	model = table_lower_case(model, lower);
	unwrap_litellm(t, s, &provider, &model);
	out->provider = find_provider(t, s, provider, url, model);
	if (out->provider == NULL)
		return FIND_NO_PROVIDER;
	if (model.ptr == NULL)
		return FIND_NO_MODEL;
	if (find_model(t, s, model, out))
		return FIND_OK;
	struct slice dated = spread_dates(model, spread);
	return dated.ptr != NULL && find_model(t, s, dated, out) ? FIND_OK : FIND_NO_MODEL;
}
