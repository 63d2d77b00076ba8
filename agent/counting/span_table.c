/* SPDX-License-Identifier: Apache-2.0
 * counting/span_table.c - a ring of entries and the chains through it.
 */
#include "agent/counting/span_table.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct span_table {
	struct entry *entries;
	uint32_t *heads[INDEX_COUNT]; /* 1 + place */
	size_t capacity, mask, next;
};

#define PREFETCH_AHEAD 8u /* places that will be recycled soon */

/* At least as many chains as entries, so that few have more than one. */
static size_t chain_count(size_t entries)
{
	size_t p = 1;

	while (p < entries)
		p *= 2;
	return p;
}

/* The lowest bit of a key is always set. */
static uint32_t *head_of(const struct span_table *t, enum table_index index, uint64_t key)
{
	return &t->heads[index][key >> 8 & t->mask];
}

/* Zeroed memory that exists where it is touched. Large pages, where the system gives them: the chains go everywhere. */
static void *pages_new(size_t bytes)
{
	void *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (pages == MAP_FAILED)
		return NULL;
	madvise(pages, bytes, MADV_HUGEPAGE);
	return pages;
}

static void pages_free(void *pages, size_t bytes)
{
	if (pages != NULL)
		munmap(pages, bytes);
}

struct span_table *span_table_new(size_t bytes)
{
	size_t each = sizeof(struct entry) + 2 * INDEX_COUNT * sizeof(uint32_t); /* up to two chains each */
	struct span_table *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->capacity = bytes / each > TABLE_ENTRIES_MIN ? bytes / each : TABLE_ENTRIES_MIN;
	size_t heads = chain_count(t->capacity);
	t->mask = heads - 1;
	t->entries = pages_new(t->capacity * sizeof(*t->entries));
	bool complete = t->entries != NULL;
	for (int i = 0; i < INDEX_COUNT; i++) {
		t->heads[i] = pages_new(heads * sizeof(*t->heads[i]));
		complete = complete && t->heads[i] != NULL;
	}
	if (complete)
		return t;
	span_table_free(t);
	return NULL;
}

void span_table_free(struct span_table *t)
{
	if (t == NULL)
		return;
	for (int i = 0; i < INDEX_COUNT; i++)
		pages_free(t->heads[i], (t->mask + 1) * sizeof(*t->heads[i]));
	pages_free(t->entries, t->capacity * sizeof(*t->entries));
	free(t);
}

size_t span_table_capacity(const struct span_table *t)
{
	return t->capacity;
}

struct entry *span_table_at(struct span_table *t, size_t place)
{
	assert(place < t->capacity);
	return &t->entries[place];
}

size_t span_table_place(const struct span_table *t, const struct entry *e)
{
	return (size_t)(e - t->entries);
}

static void link_in(struct span_table *t, struct entry *e, enum table_index index, uint64_t key)
{
	uint32_t *head = head_of(t, index, key);

	e->key[index] = key;
	e->next[index] = *head;
	*head = (uint32_t)span_table_place(t, e) + 1;
}

static void unlink_from(struct span_table *t, const struct entry *e, enum table_index index)
{
	uint32_t self = (uint32_t)span_table_place(t, e) + 1;
	uint32_t *link = head_of(t, index, e->key[index]);

	while (*link != self) {
		assert(*link != 0);
		link = &t->entries[*link - 1].next[index];
	}
	*link = e->next[index];
}

struct entry *span_table_next(const struct span_table *t, enum table_index index, uint64_t key, const struct entry *after)
{
	uint32_t at = after != NULL ? after->next[index] : *head_of(t, index, key);

	while (at != 0 && t->entries[at - 1].key[index] != key)
		at = t->entries[at - 1].next[index];
	return at != 0 ? &t->entries[at - 1] : NULL;
}

struct entry *span_table_find(const struct span_table *t, uint64_t key)
{
	return span_table_next(t, INDEX_SPAN, key, NULL);
}

/* What unlinking the entries after this one is going to touch. */
static void prefetch_recycled(const struct span_table *t)
{
	size_t soon = t->next + PREFETCH_AHEAD;

	if (soon + PREFETCH_AHEAD >= t->capacity)
		return;
	__builtin_prefetch(&t->entries[soon + PREFETCH_AHEAD], 1);
	for (int i = 0; i < INDEX_COUNT; i++)
		if (t->entries[soon].key[i] != 0)
			span_table_prefetch(t, (enum table_index)i, t->entries[soon].key[i]);
}

/* The oldest place, empty. */
static struct entry *recycle(struct span_table *t)
{
	struct entry *e = &t->entries[t->next];

	t->next = t->next + 1 < t->capacity ? t->next + 1 : 0;
	for (int i = 0; i < INDEX_COUNT; i++)
		if (e->key[i] != 0)
			unlink_from(t, e, (enum table_index)i);
	memset(e, 0, sizeof(*e));
	prefetch_recycled(t);
	return e;
}

struct entry *span_table_get(struct span_table *t, uint64_t key)
{
	struct entry *e = span_table_find(t, key);

	if (e != NULL)
		return e;
	e = recycle(t);
	link_in(t, e, INDEX_SPAN, key);
	return e;
}

void span_table_index(struct span_table *t, struct entry *e, enum table_index index, uint64_t key)
{
	if (e->key[index] == 0)
		link_in(t, e, index, key);
}

void span_table_prefetch(const struct span_table *t, enum table_index index, uint64_t key)
{
	__builtin_prefetch(head_of(t, index, key), 1);
}

void span_table_prefetch_first(const struct span_table *t, enum table_index index, uint64_t key)
{
	uint32_t first = *head_of(t, index, key);

	if (first != 0)
		__builtin_prefetch(&t->entries[first - 1], 1);
}

void span_table_restore(struct span_table *t, size_t place, const struct entry *saved)
{
	struct entry *e = span_table_at(t, place);
	uint64_t keys[INDEX_COUNT];

	assert(e->key[INDEX_SPAN] == 0);
	memcpy(keys, saved->key, sizeof(keys));
	*e = *saved;
	memset(e->key, 0, sizeof(e->key));
	for (int i = 0; i < INDEX_COUNT; i++)
		if (keys[i] != 0)
			link_in(t, e, (enum table_index)i, keys[i]);
}

void span_table_continue_at(struct span_table *t, size_t place)
{
	t->next = place < t->capacity ? place : 0;
}

size_t span_table_next_place(const struct span_table *t)
{
	return t->next;
}
