/* SPDX-License-Identifier: Apache-2.0
 * counting/span_table.h - the spans of the last while, found by identity, by the answer's id and by their token counts.
 *
 * A ring of fixed size: a new span takes the place of the oldest one. Each of three indexes is an array of buckets, one
 * cache line long, of hash tags and places in the ring, so that a search loads one line, compares all tags at once, and
 * hardly ever loads an entry in vain.
 * A bucket is a queue: what is put in pushes the oldest out, which is then found by that index no more. An entry that is
 * overwritten leaves its slots as they are, to be pushed out in time: what stands at their place has another key. All
 * memory is taken once, when the table is made; untouched pages of it cost nothing. Not locked.
 */
#ifndef PLIMSOLL_COUNTING_SPAN_TABLE_H
#define PLIMSOLL_COUNTING_SPAN_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is known of a span. SPAN_BELOW_* and SPAN_BARE_* are said of a span by what is inside it, perhaps before the
 * span itself arrives: its entry exists from then on, without SPAN_SEEN. */
enum span_flag {
	SPAN_SEEN = 1,
	SPAN_LEAF = 2,    /* a model call of its own or a wrapper that looks like one; the fields below are set */
	SPAN_COUNTED = 4,
	SPAN_USAGE = 8,   /* tells token counts */
	SPAN_FROM_LOG = 16,
	SPAN_ROOT = 32,   /* has no parent */
	SPAN_CLAIM_BELOW = 64, /* a span inside repeats usage that may have to be counted in the end */
	SPAN_BELOW_LLM = 256,  /* a model call with usage is inside: one bit for each countable role */
	SPAN_BELOW_EMBEDDING = 512,
	SPAN_BELOW_RERANK = 1024,
	SPAN_BARE_LLM = 4096,  /* the same, without usage */
	SPAN_BARE_EMBEDDING = 8192,
	SPAN_BARE_RERANK = 16384,
};

#define SPAN_BELOW_ANY (SPAN_BELOW_LLM | SPAN_BELOW_EMBEDDING | SPAN_BELOW_RERANK)
#define SPAN_BARE_ANY  (SPAN_BARE_LLM | SPAN_BARE_EMBEDDING | SPAN_BARE_RERANK)
#define SPAN_INSIDE    (SPAN_BELOW_ANY | SPAN_BARE_ANY | SPAN_CLAIM_BELOW)

enum table_index { INDEX_SPAN, INDEX_ANSWER, INDEX_TOKENS, INDEX_COUNT };

struct entry {
	uint64_t key[INDEX_COUNT]; /* 0: not in that index */
	uint64_t parent;           /* key of the parent span; 0: none */
	uint32_t flags;
	uint32_t parent_place;      /* where the parent was found last; may be another's by now */
	uint32_t slot;              /* number of the span that it was entered for last, as struct counting counts them */
	uint32_t duration_us;       /* stops at its maximum, 71 minutes */
	uint64_t start_unix_ns;
	uint32_t trace, scope, service, request_model, response_model; /* hashes; 0: not told */
	uint32_t input_tokens, output_tokens;
	uint8_t role, producer; /* enum call_role, enum producer */
};

struct span_table;

/* bytes: in all; at least TABLE_ENTRIES_MIN entries. NULL without memory. */
#define TABLE_ENTRIES_MIN 4096u
struct span_table *span_table_new(size_t bytes);
void span_table_free(struct span_table *t);

size_t span_table_capacity(const struct span_table *t);
struct entry *span_table_at(struct span_table *t, size_t place); /* below the capacity; key[INDEX_SPAN] is 0 where nothing is */
size_t span_table_place(const struct span_table *t, const struct entry *e);

/* The span's entry, or NULL. */
struct entry *span_table_find(const struct span_table *t, uint64_t key);

/* The entry around this one, or NULL. */
struct entry *span_table_around(const struct span_table *t, const struct entry *e);

/* The same; where there is none yet, a new one. e must have a parent. */
struct entry *span_table_get_around(struct span_table *t, const struct entry *e);

/* The span's entry; a new one is all zeros but its key. What was returned before may be the oldest one now and change. */
struct entry *span_table_get(struct span_table *t, uint64_t key);

/* Puts the entry into INDEX_ANSWER or INDEX_TOKENS, once. */
void span_table_index(struct span_table *t, struct entry *e, enum table_index index, uint64_t key);

/* The entries with this key, at most BUCKET_SLOTS. cursor: 0 at first. NULL ends. */
#define BUCKET_SLOTS 8u
struct entry *span_table_next(const struct span_table *t, enum table_index index, uint64_t key, unsigned *cursor);

/* False: there is none. Cheap: loads no entry. */
bool span_table_may_have(const struct span_table *t, enum table_index index, uint64_t key);

/* Loads where a search for the key is going to look. */
void span_table_prefetch(const struct span_table *t, enum table_index index, uint64_t key);

/* After a restart: puts a saved entry back to its place, which must be empty. */
void span_table_restore(struct span_table *t, size_t place, const struct entry *saved);

/* Places from here on are taken next; for the first one after a restart. */
void span_table_continue_at(struct span_table *t, size_t place);
size_t span_table_next_place(const struct span_table *t);

#endif
