/* SPDX-License-Identifier: Apache-2.0
 * A reader of all dialects, with the memory of one batch, and attributes out of a test's own words.
 */
#ifndef PLIMSOLL_TESTS_DIALECTS_RIG_H
#define PLIMSOLL_TESTS_DIALECTS_RIG_H

#include "agent/dialects/reader.h"

static struct known_keys *keys;
static struct dialect_reader *reader;
static struct arena arena;

/* 0, or -1 without memory: what cmocka wants of a set-up. */
static inline int dialects_open(const struct dimensions_config *dimensions, size_t arena_bytes)
{
	if (FAILED(known_keys_new(dimensions, &keys)))
		return -1;
	reader = dialect_reader_new(keys);
	arena_init(&arena, arena_bytes);
	dialect_reader_begin(reader, &arena);
	return reader != NULL ? 0 : -1;
}

static inline int set_up(void **state)
{
	static const struct dimensions_config none;

	(void)state;
	return dialects_open(&none, 1 << 20);
}

static inline int tear_down(void **state)
{
	(void)state;
	dialect_reader_free(reader);
	known_keys_free(keys);
	arena_release(&arena);
	return 0;
}

/* One attribute; numbers are texts here, since every count is read from text too. Tables end at key == NULL. */
struct pair {
	const char *key, *value;
};

/* As many texts as there are pairs, written to `to`. */
static inline struct attributes attributes_of(struct attribute *to, const struct pair *pairs)
{
	struct attributes a = { to, 0 };

	for (; pairs[a.count].key != NULL; a.count++)
		to[a.count] = (struct attribute){
			slice_of(pairs[a.count].key), { .kind = ANY_STRING, .bytes = slice_of(pairs[a.count].value) } };
	return a;
}

static inline void assert_text(struct slice have, const char *want)
{
	if (!slice_equal(have, slice_of(want)))
		fail_msg("'%.*s' instead of '%s'", SLICE_ARG(have), want != NULL ? want : "");
}

#endif
