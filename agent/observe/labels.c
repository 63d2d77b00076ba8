/* SPDX-License-Identifier: Apache-2.0
 * observe/labels.c - cleaning label values, and the registry that keeps each set once.
 */
#include "agent/observe/labels.h"

#include <stdlib.h>

#include "agent/base/hash.h"
#include "agent/base/json.h"
#include "agent/observe/exposition.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */
#define FIRST_SLOTS 64

const struct label_schema call_label_schema = {
	.common = "",
	.names = { "provider", "model", "feature", "prompt" },
	.overflow = "otel_metric_overflow=\"true\"",
};

static struct slice known(struct slice s, size_t max_bytes)
{
	return s.len > 0 ? slice_head(s, max_bytes + 1) : SLICE("unknown");
}

static size_t append(char *out, size_t at, struct slice s, size_t end)
{
	size_t n = s.len < end - at ? s.len : end - at;

	memcpy(out + at, s.ptr, n);
	return at + n;
}

/* As call_prompt of span/call.h, without printf: this runs for every call. */
static struct slice prompt_label(const struct call *c, size_t max_bytes, char *joined)
{
	struct slice version = c->prompt_version.len > 0 ? c->prompt_version : SLICE("unversioned");
	size_t n = 0;

	if (c->prompt_name.len == 0)
		return SLICE("unversioned");
	n = append(joined, n, c->prompt_name, max_bytes + 1);
	n = append(joined, n, SLICE("@"), max_bytes + 1);
	n = append(joined, n, version, max_bytes + 1);
	return (struct slice){ joined, n };
}

void labels_of_call(const struct call *c, size_t max_bytes, char joined[LABEL_BYTES_MAX + 1], struct labels *out)
{
	out->value[LABEL_PROVIDER] = known(c->provider, max_bytes);
	out->value[LABEL_MODEL] = known(call_model(c), max_bytes);
	out->value[LABEL_FEATURE] = known(c->feature, max_bytes);
	out->value[LABEL_PROMPT] = prompt_label(c, max_bytes, joined);
}

/* NUL is valid UTF-8, but ends the text for some readers of the exposition format. */
static struct slice clean(struct slice raw, size_t max_bytes, char *text)
{
	size_t n = 0;

	while (raw.len > 0) {
		size_t step = utf8_sequence(raw);
		bool bad = step == 0 || raw.ptr[0] == '\0';
		struct slice next = bad ? SLICE(REPLACEMENT) : slice_head(raw, step);
		if (n + next.len > max_bytes)
			break;
		n = append(text, n, next, max_bytes);
		raw = slice_skip(raw, bad ? 1 : step);
	}
	return (struct slice){ text, n };
}

void labels_clean(const struct labels *raw, size_t max_bytes, char text[LABEL_COUNT][LABEL_BYTES_MAX],
		  struct labels *out)
{
	for (int i = 0; i < LABEL_COUNT; i++)
		out->value[i] = clean(raw->value[i], max_bytes, text[i]);
}

uint64_t labels_hash(const struct labels *l)
{
	uint64_t hash = 0;

	for (int i = 0; i < LABEL_COUNT; i++)
		hash = hash_mix(hash, hash_slice(l->value[i]));
	return hash;
}

/* From the end: prompt and feature tell more calls apart than model and provider. */
bool labels_equal(const struct labels *a, const struct labels *b)
{
	for (int i = LABEL_COUNT - 1; i >= 0; i--)
		if (!slice_equal(a->value[i], b->value[i]))
			return false;
	return true;
}

const struct label_set *label_table_find(const struct label_table *t, uint64_t hash, const struct labels *labels)
{
	if (t->size == 0)
		return NULL;
	for (size_t i = hash & (t->size - 1); t->slots[i].set != NULL; i = (i + 1) & (t->size - 1))
		if (t->slots[i].hash == hash && labels_equal(&t->slots[i].set->labels, labels))
			return t->slots[i].set;
	return NULL;
}

static void place(struct label_slot *slots, size_t size, const struct label_set *set)
{
	size_t i = set->hash & (size - 1);

	while (slots[i].set != NULL)
		i = (i + 1) & (size - 1);
	slots[i] = (struct label_slot){ set->hash, set };
}

static bool grow(struct label_table *t)
{
	size_t size = t->size == 0 ? FIRST_SLOTS : t->size * 2;
	struct label_slot *slots = calloc(size, sizeof(*slots));

	if (slots == NULL)
		return false;
	for (size_t i = 0; i < t->size; i++)
		if (t->slots[i].set != NULL)
			place(slots, size, t->slots[i].set);
	free(t->slots);
	t->slots = slots;
	t->size = size;
	return true;
}

void label_table_insert(struct label_table *t, const struct label_set *set)
{
	if (t->count + 1 > t->size / 4 * 3 && !grow(t))
		return;
	place(t->slots, t->size, set);
	t->count++;
}

static struct slice write_labels(struct arena *a, const struct label_schema *schema, const struct labels *l)
{
	struct buf text = BUF_INIT;

	buf_text(&text, schema->common);
	for (int i = 0; i < LABEL_COUNT; i++)
		if (schema->names[i] != NULL)
			exposition_label(&text, schema->names[i], l->value[i]);
	struct slice copy = buf_failed(&text) ? SLICE_NONE : arena_dup(a, buf_view(&text));
	buf_release(&text);
	return copy;
}

/* Called with the lock held. NULL without memory. */
static const struct label_set *add_set(struct label_registry *r, const struct labels *l, uint64_t hash)
{
	struct label_set *set = arena_alloc(&r->arena, sizeof(*set));

	if (set == NULL)
		return NULL;
	*set = (struct label_set){ .hash = hash, .index = r->count + 1 };
	set->text = write_labels(&r->arena, r->schema, l);
	for (int i = 0; i < LABEL_COUNT; i++) {
		set->labels.value[i] = arena_dup(&r->arena, l->value[i]);
		if (set->labels.value[i].ptr == NULL)
			return NULL;
	}
	if (set->text.ptr == NULL)
		return NULL;
	label_table_insert(&r->table, set);
	r->count++;
	return set;
}

struct status label_registry_init(struct label_registry *r, const struct label_schema *schema, uint32_t cap,
				  size_t max_bytes)
{
	struct label_set *overflow;

	*r = (struct label_registry){ .schema = schema, .cap = cap, .max_bytes = max_bytes };
	arena_init(&r->arena, SIZE_MAX);
	overflow = arena_alloc(&r->arena, sizeof(*overflow));
	if (overflow == NULL)
		return FAIL(NOMEM, "no memory for label sets");
	*overflow = (struct label_set){ .text = slice_of(schema->overflow) };
	r->overflow = overflow;
	pthread_mutex_init(&r->lock, NULL);
	return OK;
}

void label_registry_release(struct label_registry *r)
{
	pthread_mutex_destroy(&r->lock);
	free(r->table.slots);
	arena_release(&r->arena);
}

const struct label_set *label_registry_get(struct label_registry *r, const struct labels *clean_labels, uint64_t hash)
{
	pthread_mutex_lock(&r->lock);
	const struct label_set *set = label_table_find(&r->table, hash, clean_labels);
	if (set == NULL && r->count < r->cap)
		set = add_set(r, clean_labels, hash);
	pthread_mutex_unlock(&r->lock);
	return set != NULL ? set : r->overflow;
}

uint32_t label_registry_count(struct label_registry *r)
{
	pthread_mutex_lock(&r->lock);
	uint32_t count = r->count + 1;
	pthread_mutex_unlock(&r->lock);
	return count;
}
