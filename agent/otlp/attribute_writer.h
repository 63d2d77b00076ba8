/* SPDX-License-Identifier: Apache-2.0
 * otlp/attribute_writer.h - attributes to be added to a span, one KeyValue message behind the other.
 *
 * They lie in memory from an arena, each with the tag of Span.attributes. attribute_put_text takes whatever it is given;
 * where many small ones follow each other, room is asked for once and the functions of attribute_at_* write into it: each
 * takes the place to write to and returns the place behind.
 */
#ifndef PLIMSOLL_OTLP_ATTRIBUTE_WRITER_H
#define PLIMSOLL_OTLP_ATTRIBUTE_WRITER_H

#include <assert.h>

#include "agent/base/arena.h"
#include "agent/otlp/value.h"

/* A key as it stands on the wire, with what is always around it: one copy of fixed size writes all of it. */
#define ATTRIBUTE_KEY_BYTES 48u

struct attribute_key {
	char head[4]; /* tag and length of the KeyValue, whose length is the writer's; tag and length of the key */
	char key[ATTRIBUTE_KEY_BYTES - 4]; /* and the tag of the value behind it */
};

/* Initialises one from a literal of at most ATTRIBUTE_KEY_BYTES - 5 bytes. 9: Span.attributes. */
#define ATTRIBUTE_KEY(text) { { WIRE_TAG(9, WIRE_BYTES), 0, WIRE_TAG(1, WIRE_BYTES), sizeof(text) - 1 }, text "\x12" }

struct attribute_writer {
	struct arena *arena;
	char *ptr;
	size_t len, cap;
	bool failed; /* the arena was full: nothing more is written */
	size_t *later; /* set by a visit that will write when the walk is over: gets the place in the edit list */
};

void attribute_writer_init(struct attribute_writer *w, struct arena *a);

void attribute_put_text(struct attribute_writer *w, const struct attribute_key *key, struct slice value);

/* Attributes that were written before. */
void attribute_put_written(struct attribute_writer *w, struct slice attributes);

/* Hands over what was written and goes on empty behind it, in the same memory. */
struct slice attribute_writer_take(struct attribute_writer *w);

/* What was taken last is needed no longer: the next ones may lie there. */
static inline void attribute_writer_reuse(struct attribute_writer *w, struct slice taken)
{
	w->ptr -= taken.len;
	w->cap += taken.len;
}

/* ---------------------------------------------------------------- many small ones */

/* The most that one of attribute_at_* takes. Lengths of the KeyValue and of the value stay below 128: one byte each. */
#define ATTRIBUTE_AT_BYTES 80u
#define ATTRIBUTE_WORD_MAX 16u

/* attribute_room without what it mostly finds. */
char *attribute_room_made(struct attribute_writer *w, size_t bytes);

/* Where the next attribute begins, with room for so many bytes. NULL without memory. */
static inline char *attribute_room(struct attribute_writer *w, size_t bytes)
{
	return bytes <= w->cap - w->len ? w->ptr + w->len : attribute_room_made(w, bytes);
}

/* at: behind the last attribute. */
static inline void attribute_written(struct attribute_writer *w, const char *at)
{
	w->len = (size_t)(at - w->ptr);
}

/* Returns where the value begins, with its length. */
static ALWAYS_INLINE char *attribute_begin(char *at, const struct attribute_key *key)
{
	memcpy(at, key, sizeof(*key));
	return at + 4 + (unsigned char)key->head[3] + 1;
}

static ALWAYS_INLINE char *attribute_end(char *at, char *value, char *end)
{
	at[1] = (char)(end - at - 2);
	value[0] = (char)(end - value - 1);
	return end;
}

static ALWAYS_INLINE char *attribute_at_double(char *at, const struct attribute_key *key, double number)
{
	char *value = attribute_begin(at, key);

	value[1] = WIRE_TAG(ANY_DOUBLE, WIRE_FIXED64);
	wire_put_fixed64(value + 2, wire_double_bits(number));
	return attribute_end(at, value, value + 10);
}

static ALWAYS_INLINE char *attribute_at_int(char *at, const struct attribute_key *key, int64_t number)
{
	char *value = attribute_begin(at, key);

	value[1] = WIRE_TAG(ANY_INT, WIRE_VARINT);
	return attribute_end(at, value, value + 2 + wire_put_varint(value + 2, (uint64_t)number));
}

static ALWAYS_INLINE char *attribute_at_bool(char *at, const struct attribute_key *key, bool truth)
{
	char *value = attribute_begin(at, key);

	value[1] = WIRE_TAG(ANY_BOOL, WIRE_VARINT);
	value[2] = truth ? 1 : 0;
	return attribute_end(at, value, value + 3);
}

/* A text of at most ATTRIBUTE_WORD_MAX bytes in a field of as many. */
static ALWAYS_INLINE char *attribute_at_word(char *at, const struct attribute_key *key,
					     const char word[ATTRIBUTE_WORD_MAX], size_t len)
{
	char *value = attribute_begin(at, key);

	assert(len <= ATTRIBUTE_WORD_MAX);
	value[1] = WIRE_TAG(ANY_STRING, WIRE_BYTES);
	value[2] = (char)len;
	memcpy(value + 3, word, ATTRIBUTE_WORD_MAX);
	return attribute_end(at, value, value + 3 + len);
}

#endif
