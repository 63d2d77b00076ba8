/* SPDX-License-Identifier: Apache-2.0
 * prompts/prompt_table_build.c - copies all that the table needs into its own arena, then indexes it.
 */
#include <math.h>
#include <stdlib.h>

#include "agent/base/hash.h"
#include "agent/base/log.h"
#include "agent/prompts/prompt_table_priv.h"
#include "agent/span/fingerprint.h"

#define ARENA_BYTES (64u << 20)

struct build {
	struct prompt_table *a;
	const struct prompt_table_input *in;
	bool nomem;
	struct text_source {
		uint64_t hash; /* of the version's text as it stands */
		uint32_t version;
	} *sources;
	uint32_t source_count;
	struct buf text; /* of one version */
	uint32_t templates_left_out;
};

static void *take(struct build *b, size_t count, size_t size)
{
	void *memory = arena_array(&b->a->arena, count, size);

	b->nomem |= memory == NULL;
	return memory;
}

static struct slice copy(struct build *b, struct slice s)
{
	struct slice mine = arena_dup(&b->a->arena, s);

	b->nomem |= mine.ptr == NULL;
	return mine;
}

/* ---------------------------------------------------------------- indexes */
static void index_make(struct build *b, struct hash_index *x, uint32_t count)
{
	uint32_t cap = 8;

	while (cap < count * 2)
		cap *= 2;
	x->slots = take(b, cap, sizeof(*x->slots));
	x->cap = x->slots != NULL ? cap : 0;
	for (uint32_t i = 0; i < x->cap; i++)
		x->slots[i].value = INDEX_NONE;
}

static void index_add(struct hash_index *x, uint64_t hash, uint32_t value)
{
	uint32_t i = (uint32_t)hash & (x->cap - 1);

	while (x->slots[i].value != INDEX_NONE)
		i = (i + 1) & (x->cap - 1);
	x->slots[i] = (struct hash_slot){ hash, value };
}

/* ---------------------------------------------------------------- versions and places */
static struct prompt_promise promise_of(struct build *b, const struct manifest *m)
{
	struct prompt_promise p = { .temperature = NAN, .min_score = NAN };

	if (m == NULL)
		return p;
	if (m->model != NULL)
		p.model = copy(b, slice_of(m->model));
	if (m->retrieval.collection != NULL)
		p.collection = copy(b, slice_of(m->retrieval.collection));
	p.temperature = m->temperature;
	p.max_output_tokens = (uint64_t)m->max_output_tokens;
	p.top_k = (uint64_t)m->retrieval.top_k;
	p.min_score = m->retrieval.min_score;
	return p;
}

static void add_versions(struct build *b)
{
	struct prompt_table *a = b->a;

	a->versions = take(b, b->in->version_count, sizeof(*a->versions));
	index_make(b, &a->by_version, b->in->version_count);
	for (uint32_t i = 0; i < b->in->version_count && !b->nomem; i++) {
		const struct prompt_table_version *v = &b->in->versions[i];
		a->versions[i] = (struct version_entry){
			.name = copy(b, v->name),
			.version = copy(b, v->version),
			.drift = v->manifest != NULL ? v->drift : NULL,
			.promise = promise_of(b, v->manifest),
		};
		index_add(&a->by_version, pair_hash(v->name, v->version), i);
		a->version_count++;
	}
}

static void add_places(struct build *b)
{
	struct prompt_table *a = b->a;

	a->places = take(b, b->in->place_count, sizeof(*a->places));
	index_make(b, &a->by_place, b->in->place_count);
	for (uint32_t i = 0; i < b->in->place_count && !b->nomem; i++) {
		const struct prompt_table_place *p = &b->in->places[i];
		const struct version_entry *v = &a->versions[p->version];
		a->places[i] = (struct place_entry){ p->version, copy(b, p->environment), copy(b, p->release), p->use };
		const struct news_place key = { v->name, v->version, p->environment, p->release };
		index_add(&a->by_place, news_place_hash(&key), i);
		a->place_count++;
	}
}

static struct named_place *find_release(struct prompt_table *a, struct slice name, struct slice release)
{
	uint32_t at = INDEX_START, found;

	while ((found = index_find(&a->by_release, pair_hash(name, release), &at)) != INDEX_NONE)
		if (slice_equal(a->releases[found].name, name) && slice_equal(a->releases[found].place, release))
			return &a->releases[found];
	return NULL;
}

/* Which version each release served, by calls that told it: what was assumed would prove itself. Several: none can be
 * told from the release. */
static void add_releases(struct build *b)
{
	struct prompt_table *a = b->a;

	a->releases = take(b, b->in->place_count, sizeof(*a->releases));
	index_make(b, &a->by_release, b->in->place_count);
	for (uint32_t i = 0; i < a->place_count && !b->nomem; i++) {
		const struct place_entry *p = &a->places[i];
		struct slice name = a->versions[p->version].name;
		if (p->release.len == 0 || !b->in->places[i].is_told)
			continue;
		struct named_place *known = find_release(a, name, p->release);
		if (known != NULL && known->version != p->version)
			known->version = INDEX_NONE;
		if (known != NULL)
			continue;
		a->releases[a->release_count] = (struct named_place){ name, p->release, p->version };
		index_add(&a->by_release, pair_hash(name, p->release), a->release_count++);
	}
}

static void add_deployed(struct build *b)
{
	struct prompt_table *a = b->a;

	a->environments = take(b, b->in->deployed_count, sizeof(*a->environments));
	index_make(b, &a->by_environment, b->in->deployed_count);
	for (uint32_t i = 0; i < b->in->deployed_count && !b->nomem; i++) {
		const struct prompt_table_deployed *d = &b->in->deployed[i];
		struct slice name = a->versions[d->version].name;
		a->environments[i] = (struct named_place){ name, copy(b, d->environment), d->version };
		index_add(&a->by_environment, pair_hash(name, d->environment), i);
		a->environment_count++;
	}
}

/* ---------------------------------------------------------------- texts */
/* What the version tells the model, until the next one. False: nothing. */
static bool text_of(struct build *b, uint32_t version, struct slice *out)
{
	const struct manifest *m = b->in->versions[version].manifest;

	buf_reset(&b->text);
	if (m == NULL || !manifest_system_text(m, &b->text) || buf_failed(&b->text))
		return false;
	*out = slice_trim(buf_view(&b->text));
	return true;
}

static void add_source(struct build *b, uint32_t version)
{
	struct slice text;

	if (text_of(b, version, &text))
		b->sources[b->source_count++] = (struct text_source){ fingerprint_of(text), version };
}

static int by_text(const void *x, const void *y)
{
	const struct text_source *a = x, *b = y;

	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	return a->version < b->version ? -1 : a->version > b->version;
}

static int by_literal(const void *x, const void *y)
{
	const struct pattern *a = x, *b = y;

	if (a->template.literal_bytes != b->template.literal_bytes)
		return a->template.literal_bytes > b->template.literal_bytes ? -1 : 1;
	return a->text < b->text ? -1 : a->text > b->text;
}

/* Whether variables are to be looked for: else its fingerprint does, or it says too little. */
static bool is_pattern(struct slice text)
{
	struct arena scratch;
	struct template t;

	arena_init(&scratch, ARENA_BYTES);
	bool is = slice_find(text, SLICE("{{")) >= 0 && !FAILED(template_parse(text, &scratch, &t)) && t.part_count > 1 &&
		  t.literal_bytes >= TEMPLATE_LITERAL_MIN;
	arena_release(&scratch);
	return is;
}

/* What needs more memory than is left is one too many. */
static bool keep_pattern(struct prompt_table *a, struct slice text, uint32_t number)
{
	struct slice mine = a->pattern_count < PROMPT_TABLE_TEMPLATES_MAX ? arena_dup(&a->arena, text) : SLICE_NONE;
	struct template t;

	if (mine.ptr == NULL || FAILED(template_parse(mine, &a->arena, &t)))
		return false;
	a->patterns[a->pattern_count++] = (struct pattern){ t, number };
	return true;
}

static void add_pattern(struct build *b, uint32_t version, uint32_t number)
{
	struct slice text;

	if (text_of(b, version, &text) && is_pattern(text) && !keep_pattern(b->a, text, number))
		b->templates_left_out++;
}

/* Sources in the order of their texts become one text for each, with the versions that have it. */
static void group_texts(struct build *b)
{
	struct prompt_table *a = b->a;

	for (uint32_t i = 0; i < b->source_count && !b->nomem; i++) {
		const struct text_source *s = &b->sources[i];
		if (i == 0 || s->hash != b->sources[i - 1].hash) {
			a->texts[a->text_count] = (struct known_text){ s->hash, a->candidate_count, 0 };
			index_add(&a->by_fingerprint, s->hash, a->text_count);
			add_pattern(b, s->version, a->text_count++);
		}
		a->candidates[a->candidate_count++] = s->version;
		a->texts[a->text_count - 1].count++;
	}
	if (a->pattern_count > 0)
		qsort(a->patterns, a->pattern_count, sizeof(*a->patterns), by_literal);
}

static void add_texts(struct build *b)
{
	struct prompt_table *a = b->a;

	b->sources = take(b, b->in->version_count, sizeof(*b->sources));
	a->texts = take(b, b->in->version_count, sizeof(*a->texts));
	a->candidates = take(b, b->in->version_count, sizeof(*a->candidates));
	a->patterns = take(b, PROMPT_TABLE_TEMPLATES_MAX, sizeof(*a->patterns));
	index_make(b, &a->by_fingerprint, b->in->version_count);
	for (uint32_t i = 0; i < b->in->version_count && !b->nomem; i++)
		add_source(b, i);
	if (b->source_count > 0)
		qsort(b->sources, b->source_count, sizeof(*b->sources), by_text);
	group_texts(b);
	buf_release(&b->text);
	if (b->templates_left_out > 0)
		LOG(WARN, "prompts", "templates_left_out", "count=%u most=%u most_bytes=%u next=\"calls are not recognised by them; "
		    "name the prompt on spans\"", b->templates_left_out, PROMPT_TABLE_TEMPLATES_MAX, ARENA_BYTES);
}

/* ---------------------------------------------------------------- rules */
static void add_rules(struct build *b)
{
	const struct string_list *rules = b->in->rules;
	struct prompt_table *a = b->a;

	a->rules = take(b, PROMPT_RULES_MAX, sizeof(*a->rules));
	for (size_t i = 0; rules != NULL && i < rules->count && a->rule_count < PROMPT_RULES_MAX && !b->nomem; i++) {
		struct slice text = copy(b, slice_of(rules->items[i]));
		if (prompt_rule_read(text, &a->rules[a->rule_count]) == NULL) /* else the configuration was refused */
			a->rule_count++;
	}
}

struct status prompt_table_new(const struct prompt_table_input *in, struct prompt_table **out)
{
	struct build b = { .a = calloc(1, sizeof(*b.a)), .in = in };

	if (b.a == NULL)
		return FAIL(NOMEM, "no memory for the prompts");
	atomic_init(&b.a->references, 1);
	arena_init(&b.a->arena, ARENA_BYTES);
	b.a->news = in->news;
	add_versions(&b);
	add_places(&b);
	add_releases(&b);
	add_deployed(&b);
	add_rules(&b);
	add_texts(&b); /* last: they make do with what is left */
	if (b.nomem) {
		prompt_table_unref(b.a);
		return FAIL(NOMEM, "the prompts need more memory than they may have");
	}
	*out = b.a;
	return OK;
}

void prompt_table_unref(struct prompt_table *a)
{
	if (a == NULL || atomic_fetch_sub(&a->references, 1) != 1)
		return;
	arena_release(&a->arena);
	free(a);
}
