/* SPDX-License-Identifier: Apache-2.0
 * judgements/seen.c - two generations of a set; the older one is forgotten when the newer one is full.
 *
 * In the store a generation is segments of SEGMENT identities in order, so that a new one rewrites 2 KiB.
 */
#include "agent/judgements/seen.h"

#include <stdlib.h>

#include "agent/base/record.h"

#define SLOTS      (2 * SEEN_MIN)
#define SEGMENT    256u
#define SEGMENTS   (SEEN_MIN / SEGMENT)
#define KEY_PREFIX 'S'
#define FORMAT     1

struct generation {
	uint64_t order[SEEN_MIN]; /* as they came */
	uint64_t slots[SLOTS];    /* open addressing; 0: free */
	uint32_t count;
};

struct seen {
	struct generation *now, *before;
	uint32_t first_segment; /* number of the first segment of now */
	uint32_t saved;         /* identities that were handed to a save: of now, or of before where it has turned since */
	uint32_t forget_from, forget_to; /* segments to delete at the next save */
};

struct seen *seen_new(void)
{
	struct seen *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->now = calloc(1, sizeof(*s->now));
	s->before = calloc(1, sizeof(*s->before));
	s->first_segment = SEGMENTS;
	if (s->now == NULL || s->before == NULL) {
		seen_free(s);
		return NULL;
	}
	return s;
}

void seen_free(struct seen *s)
{
	if (s == NULL)
		return;
	free(s->now);
	free(s->before);
	free(s);
}

/* Where it is, or would be. */
static uint64_t *slot_of(struct generation *g, uint64_t identity)
{
	uint64_t at = identity % SLOTS;

	while (g->slots[at] != 0 && g->slots[at] != identity)
		at = (at + 1) % SLOTS;
	return &g->slots[at];
}

static void turn(struct seen *s)
{
	struct generation *oldest = s->before;

	if (s->forget_from < s->forget_to)
		s->saved = 0; /* a turn since the last save already: of what becomes `before` nothing was saved */
	s->forget_from = s->forget_from == s->forget_to ? s->first_segment - SEGMENTS : s->forget_from;
	s->forget_to = s->first_segment;
	memset(oldest, 0, sizeof(*oldest));
	s->before = s->now;
	s->now = oldest;
	s->first_segment += SEGMENTS;
}

bool seen_add(struct seen *s, uint64_t identity)
{
	identity = identity != 0 ? identity : 1;
	if (*slot_of(s->before, identity) == identity)
		return false;
	uint64_t *slot = slot_of(s->now, identity);
	if (*slot == identity)
		return false;
	*slot = identity;
	s->now->order[s->now->count++] = identity;
	if (s->now->count == SEEN_MIN)
		turn(s);
	return true;
}

static void put_segment(const struct generation *g, uint32_t number, uint32_t index, struct buf *scratch,
			void (*put)(void *context, struct slice key, struct slice value), void *context)
{
	struct buf key = BUF_INIT;
	struct record k = record_writer(&key), w;
	uint32_t n = g->count - index * SEGMENT < SEGMENT ? g->count - index * SEGMENT : SEGMENT;

	buf_byte(&key, KEY_PREFIX);
	record_key_u32(&k, &number);
	buf_reset(scratch);
	w = record_writer(scratch);
	record_format(&w, FORMAT);
	for (uint32_t i = 0; i < n; i++) {
		uint64_t identity = g->order[index * SEGMENT + i];
		record_uint(&w, &identity);
	}
	if (!buf_failed(&key) && !buf_failed(scratch))
		put(context, buf_view(&key), buf_view(scratch));
	buf_release(&key);
}

static void put_from(const struct generation *g, uint32_t first_segment, uint32_t from,
		     void (*put)(void *context, struct slice key, struct slice value), void *context)
{
	struct buf scratch = BUF_INIT;

	for (uint32_t i = from / SEGMENT; i * SEGMENT < g->count; i++)
		put_segment(g, first_segment + i, i, &scratch, put, context);
	buf_release(&scratch);
}

static void forget(struct seen *s, void (*put)(void *context, struct slice key, struct slice value), void *context)
{
	for (; s->forget_from < s->forget_to; s->forget_from++) {
		struct buf key = BUF_INIT;
		struct record k = record_writer(&key);
		buf_byte(&key, KEY_PREFIX);
		record_key_u32(&k, &s->forget_from);
		if (!buf_failed(&key))
			put(context, buf_view(&key), SLICE_NONE);
		buf_release(&key);
	}
}

void seen_save(struct seen *s, bool all, void (*put)(void *context, struct slice key, struct slice value), void *context)
{
	bool turned = s->forget_from < s->forget_to; /* since the last save: then before has some that were not saved */

	forget(s, put, context);
	if (all || turned)
		put_from(s->before, s->first_segment - SEGMENTS, all ? 0 : s->saved, put, context);
	if (all || turned || s->saved < s->now->count)
		put_from(s->now, s->first_segment, all || turned ? 0 : s->saved, put, context);
	s->saved = s->now->count;
}

struct status seen_load(struct seen *s, struct slice key, struct slice value)
{
	struct record k = record_reader(slice_skip(key, 1)), r = record_reader(value);
	uint32_t number = 0;

	record_key_u32(&k, &number);
	record_format(&r, FORMAT);
	if (key.len == 0 || key.ptr[0] != KEY_PREFIX || !record_ok(&k) || number < SEGMENTS)
		return FAIL(CORRUPT, "not the key of a list of judgements");
	if (s->now->count == 0 && s->before->count == 0)
		s->first_segment = number - number % SEGMENTS;
	while (!r.failed && r.rest.len > 0) {
		uint64_t identity = 0;
		record_uint(&r, &identity);
		if (!r.failed)
			seen_add(s, identity);
	}
	s->saved = s->now->count;
	return r.failed ? FAIL(CORRUPT, "a list of judgements breaks off") : OK;
}
