/* SPDX-License-Identifier: Apache-2.0
 * counting/span_table.c - a ring of entries and the buckets that point into it.
 */
#include "agent/counting/span_table.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "agent/base/pages.h"

/* Slots are a queue, newest first. Tags are lanes of 16 bits, the first slot's lowest. */
#define LANES     4u
#define EACH_LANE UINT64_C(0x0001000100010001)

struct bucket {
	_Alignas(64) uint64_t tags[BUCKET_SLOTS / LANES];
	uint32_t places[BUCKET_SLOTS]; /* in the ring; an empty slot leads to an entry with another key, as an old one does */
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

static uint64_t tag_of(uint64_t key)
{
	return key >> 48;
}

/* The highest bit of each lane that holds the tag; perhaps of more lanes above one that does. in_each: the tag in each. */
static uint64_t lanes_with(uint64_t tags, uint64_t in_each)
{
	uint64_t differ = tags ^ in_each;

	return (differ - EACH_LANE) & ~differ & EACH_LANE << 15;
}

/* Large pages, where the system gives them: searches go everywhere. */
static void *large_pages(size_t bytes)
{
	void *pages = pages_new(bytes);

	if (pages != NULL)
		madvise(pages, bytes, MADV_HUGEPAGE);
	return pages;
}

struct span_table *span_table_new(size_t bytes)
{
	size_t each = sizeof(struct entry) + INDEX_COUNT * sizeof(struct bucket) / 2; /* four slots for each at most */
	struct span_table *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->capacity = bytes / each > TABLE_ENTRIES_MIN ? bytes / each : TABLE_ENTRIES_MIN;
	t->mask = bucket_count(t->capacity) - 1;
	t->entries = large_pages(t->capacity * sizeof(*t->entries));
	bool complete = t->entries != NULL;
	for (int i = 0; i < INDEX_COUNT; i++) {
		t->buckets[i] = large_pages((t->mask + 1) * sizeof(*t->buckets[i]));
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

/* Newest of its bucket. */
static void put(struct span_table *t, struct bucket *b, struct entry *e, enum table_index index, uint64_t key)
{
	b->tags[1] = b->tags[1] << 16 | b->tags[0] >> 48;
	b->tags[0] = b->tags[0] << 16 | tag_of(key);
	memmove(b->places + 1, b->places, sizeof(b->places) - sizeof(b->places[0]));
	b->places[0] = (uint32_t)span_table_place(t, e);
	e->key[index] = key;
}

/* Of the slots from *cursor on. found: by lanes_with, for each word of tags. */
static struct entry *next_of(const struct span_table *t, const struct bucket *b, const uint64_t found[],
			     enum table_index index, uint64_t key, unsigned *cursor)
{
	for (unsigned slot = *cursor; slot < BUCKET_SLOTS; slot++) {
		if ((found[slot / LANES] >> slot % LANES * 16 & 1u << 15) == 0)
			continue;
		struct entry *e = &t->entries[b->places[slot]];
		if (e->key[index] != key)
			continue;
		*cursor = slot + 1;
		return e;
	}
	return NULL;
}

static struct entry *search(const struct span_table *t, const struct bucket *b, enum table_index index, uint64_t key,
			    unsigned *cursor)
{
	uint64_t in_each = tag_of(key) * EACH_LANE;
	const uint64_t found[] = { lanes_with(b->tags[0], in_each), lanes_with(b->tags[1], in_each) };

	return (found[0] | found[1]) != 0 ? next_of(t, b, found, index, key, cursor) : NULL;
}

struct entry *span_table_next(const struct span_table *t, enum table_index index, uint64_t key, unsigned *cursor)
{
	return search(t, bucket_of(t, index, key), index, key, cursor);
}

bool span_table_may_have(const struct span_table *t, enum table_index index, uint64_t key)
{
	const struct bucket *b = bucket_of(t, index, key);
	uint64_t in_each = tag_of(key) * EACH_LANE;

	return (lanes_with(b->tags[0], in_each) | lanes_with(b->tags[1], in_each)) != 0;
}

struct entry *span_table_find(const struct span_table *t, uint64_t key)
{
	unsigned cursor = 0;

	return span_table_next(t, INDEX_SPAN, key, &cursor);
}

struct entry *span_table_around(const struct span_table *t, const struct entry *e)
{
	struct entry *around = &t->entries[e->parent_place];

	if (e->parent == 0)
		return NULL;
	return around->key[INDEX_SPAN] == e->parent ? around : span_table_find(t, e->parent);
}

struct entry *span_table_get_around(struct span_table *t, const struct entry *e)
{
	struct entry *around = &t->entries[e->parent_place];

	return around->key[INDEX_SPAN] == e->parent ? around : span_table_get(t, e->parent);
}

/* The oldest place, empty. */
static struct entry *recycle(struct span_table *t)
{
	struct entry *e = &t->entries[t->next];

	t->next = t->next + 1 < t->capacity ? t->next + 1 : 0;
	memset(e, 0, sizeof(*e));
	return e;
}

struct entry *span_table_get(struct span_table *t, uint64_t key)
{
	struct bucket *b = bucket_of(t, INDEX_SPAN, key);
	unsigned cursor = 0;
	struct entry *e = search(t, b, INDEX_SPAN, key, &cursor);

	if (e != NULL)
		return e;
	e = recycle(t);
	put(t, b, e, INDEX_SPAN, key);
	return e;
}

void span_table_index(struct span_table *t, struct entry *e, enum table_index index, uint64_t key)
{
	if (e->key[index] == 0)
		put(t, bucket_of(t, index, key), e, index, key);
}

void span_table_prefetch(const struct span_table *t, enum table_index index, uint64_t key)
{
	__builtin_prefetch(bucket_of(t, index, key), 1);
}

void span_table_restore(struct span_table *t, size_t place, const struct entry *saved)
{
	struct entry *e = span_table_at(t, place);

	assert(e->key[INDEX_SPAN] == 0);
	*e = *saved;
	for (int i = 0; i < INDEX_COUNT; i++)
		if (saved->key[i] != 0)
			put(t, bucket_of(t, (enum table_index)i, saved->key[i]), e, (enum table_index)i, saved->key[i]);
}

void span_table_continue_at(struct span_table *t, size_t place)
{
	t->next = place < t->capacity ? place : 0;
}

size_t span_table_next_place(const struct span_table *t)
{
	return t->next;
}
