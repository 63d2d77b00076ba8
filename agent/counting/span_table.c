/* SPDX-License-Identifier: Apache-2.0
 * counting/span_table.c - a ring of entries and the buckets that point into it.
 */
#include "agent/counting/span_table.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PREFETCH_AHEAD 8u /* places that will be recycled soon */

struct bucket {
	_Alignas(64) struct slot {
		uint32_t tag;
		uint32_t place; /* 1 + place in the ring; 0: free */
	} slots[BUCKET_SLOTS];
};

struct span_table {
	struct entry *entries;
	struct bucket *buckets[INDEX_COUNT];
	size_t capacity, mask, next;
};

/* Buckets are between a quarter and a half full, so that hardly any overflows. */
static size_t bucket_count(size_t entries)
{
	size_t p = 1;

	while (p * BUCKET_SLOTS < entries * 2)
		p *= 2;
	return p;
}

/* The lowest bit of a key is always set. */
static struct bucket *bucket_of(const struct span_table *t, enum table_index index, uint64_t key)
{
	return &t->buckets[index][key >> 8 & t->mask];
}

static uint32_t tag_of(uint64_t key)
{
	return (uint32_t)(key >> 32);
}

/* Zeroed memory that exists where it is touched. Large pages, where the system gives them: searches go everywhere. */
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
	size_t each = sizeof(struct entry) + 4 * INDEX_COUNT * sizeof(struct slot); /* four slots for each at most */
	struct span_table *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->capacity = bytes / each > TABLE_ENTRIES_MIN ? bytes / each : TABLE_ENTRIES_MIN;
	t->mask = bucket_count(t->capacity) - 1;
	t->entries = pages_new(t->capacity * sizeof(*t->entries));
	bool complete = t->entries != NULL;
	for (int i = 0; i < INDEX_COUNT; i++) {
		t->buckets[i] = pages_new((t->mask + 1) * sizeof(*t->buckets[i]));
		complete = complete && t->buckets[i] != NULL;
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
		pages_free(t->buckets[i], (t->mask + 1) * sizeof(*t->buckets[i]));
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

/* How many places ago this one was taken. */
static size_t age_of(const struct span_table *t, uint32_t place)
{
	return place - 1 < t->next ? t->next - place : t->next + t->capacity - place;
}

/* A free slot, else the one of the oldest entry, which leaves the index. */
static struct slot *slot_for(struct span_table *t, enum table_index index, struct bucket *b)
{
	struct slot *oldest = &b->slots[0];

	for (unsigned i = 0; i < BUCKET_SLOTS; i++) {
		if (b->slots[i].place == 0)
			return &b->slots[i];
		if (age_of(t, b->slots[i].place) > age_of(t, oldest->place))
			oldest = &b->slots[i];
	}
	t->entries[oldest->place - 1].key[index] = 0;
	return oldest;
}

static void link_in(struct span_table *t, struct entry *e, enum table_index index, uint64_t key)
{
	struct slot *slot = slot_for(t, index, bucket_of(t, index, key));

	e->key[index] = key;
	*slot = (struct slot){ tag_of(key), (uint32_t)span_table_place(t, e) + 1 };
}

static void unlink_from(struct span_table *t, const struct entry *e, enum table_index index)
{
	struct bucket *b = bucket_of(t, index, e->key[index]);
	uint32_t self = (uint32_t)span_table_place(t, e) + 1;

	for (unsigned i = 0; i < BUCKET_SLOTS; i++)
		if (b->slots[i].place == self)
			b->slots[i] = (struct slot){ 0 };
}

struct entry *span_table_next(const struct span_table *t, enum table_index index, uint64_t key, unsigned *cursor)
{
	const struct bucket *b = bucket_of(t, index, key);
	uint32_t tag = tag_of(key);

	while (*cursor < BUCKET_SLOTS) {
		const struct slot *slot = &b->slots[(*cursor)++];
		if (slot->tag == tag && slot->place != 0 && t->entries[slot->place - 1].key[index] == key)
			return &t->entries[slot->place - 1];
	}
	return NULL;
}

struct entry *span_table_find(const struct span_table *t, uint64_t key)
{
	unsigned cursor = 0;

	return span_table_next(t, INDEX_SPAN, key, &cursor);
}

/* What unlinking the entries after this one is going to touch. */
static void prefetch_recycled(const struct span_table *t)
{
	size_t soon = t->next + PREFETCH_AHEAD;

	if (soon + PREFETCH_AHEAD >= t->capacity)
		return;
	const char *later = (const char *)&t->entries[soon + PREFETCH_AHEAD];
	__builtin_prefetch(later, 1);
	__builtin_prefetch(later + sizeof(struct entry) - 1, 1);
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
	__builtin_prefetch(bucket_of(t, index, key), 1);
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
