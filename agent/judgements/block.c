/* SPDX-License-Identifier: Apache-2.0
 * judgements/block.c - see the header.
 */
#include "agent/judgements/block.h"

#include "agent/base/record.h"

#define FORMAT 1

enum item { ITEM_LABELS = 1, ITEM_CALL = 2 };

#define FLAG_GENERATION 1u
#define FLAG_EVALUATION 2u
#define CALL_BYTES      58u /* with the number of its labels in front */

/* ------------------------------------------------------------------ a call: fixed places, since each one is written */

static char *put_u64(char *at, uint64_t n)
{
	for (int i = 0; i < 8; i++) /* one store on the machines we know */
		at[i] = (char)(n >> 8 * i);
	return at + 8;
}

static uint64_t get_u64(const char *at)
{
	uint64_t n = 0;

	for (int i = 8; i-- > 0;)
		n = n << 8 | (unsigned char)at[i];
	return n;
}

static void put_call(char *at, const struct known_call *c)
{
	memcpy(at, c->trace_id, 16);
	memcpy(at + 16, c->span_id, 8);
	memcpy(at + 24, c->parent_span_id, 8);
	at = put_u64(at + 32, c->response);
	at = put_u64(at, c->session);
	at = put_u64(at, c->end_unix_ns);
	*at = (char)((c->is_generation ? FLAG_GENERATION : 0) | (c->is_evaluation_traffic ? FLAG_EVALUATION : 0));
}

static void get_call(const char *at, struct known_call *c)
{
	memcpy(c->trace_id, at, 16);
	memcpy(c->span_id, at + 16, 8);
	memcpy(c->parent_span_id, at + 24, 8);
	c->response = get_u64(at + 32);
	c->session = get_u64(at + 40);
	c->end_unix_ns = get_u64(at + 48);
	c->is_generation = (at[56] & FLAG_GENERATION) != 0;
	c->is_evaluation_traffic = (at[56] & FLAG_EVALUATION) != 0;
}

/* ------------------------------------------------------------------ labels */

static const struct slice *texts_of(const struct call_labels *l)
{
	return (const struct slice *)(const void *)l;
}

static uint32_t tag_of(const struct call_labels *labels)
{
	const struct slice *texts = texts_of(labels);
	uint32_t tag = 0;

	for (int i = 0; i < CALL_LABEL_COUNT; i++) {
		size_t n = texts[i].len < LABEL_MAX ? texts[i].len : LABEL_MAX;
		uint32_t bytes = n > 0 ? (uint32_t)(unsigned char)texts[i].ptr[n / 2] << 8 | (unsigned char)texts[i].ptr[n - 1] : 0;
		tag = (tag ^ (uint32_t)n << 16 ^ bytes) * 2654435761u;
	}
	return tag;
}

static bool is_set(const struct buf *b, const struct block_set *set, uint32_t tag, const struct call_labels *labels)
{
	const struct slice *texts = texts_of(labels);

	if (set->tag != tag)
		return false;
	for (int i = 0; i < CALL_LABEL_COUNT; i++) {
		struct slice kept = { b->ptr + set->text[i].at, set->text[i].len };
		if (!slice_equal(kept, slice_head(texts[i], LABEL_MAX)))
			return false;
	}
	return true;
}

static void write_labels(struct buf *b, struct block_set *set, const struct call_labels *labels)
{
	struct record w = record_writer(b);
	uint8_t item = ITEM_LABELS;

	record_u8(&w, &item);
	for (int i = 0; i < CALL_LABEL_COUNT; i++) {
		struct slice text = slice_head(texts_of(labels)[i], LABEL_MAX);
		record_slice(&w, &text);
		set->text[i].len = (uint32_t)text.len;
		set->text[i].at = (uint32_t)(b->len - text.len);
	}
}

/* The number of this set, written where it is not among the last ones. */
static uint32_t set_of(struct buf *b, struct block_writer *w, const struct call_labels *labels)
{
	uint32_t known = w->count < BLOCK_SETS ? w->count : BLOCK_SETS, tag = tag_of(labels);

	if (known > 0 && is_set(b, &w->sets[w->last], tag, labels))
		return w->last;
	for (uint32_t i = 0; i < known; i++)
		if (is_set(b, &w->sets[i], tag, labels))
			return w->last = i;
	w->last = w->count++ % BLOCK_SETS;
	w->sets[w->last].tag = tag;
	write_labels(b, &w->sets[w->last], labels);
	return w->last;
}

static void read_labels(struct record *r, struct call_labels *l)
{
	struct slice *texts = (struct slice *)(void *)l;

	for (int i = 0; i < CALL_LABEL_COUNT; i++)
		record_slice(r, &texts[i]);
}

/* ------------------------------------------------------------------ the block */

void block_add(struct buf *b, struct block_writer *w, const struct known_call *call, const struct call_labels *labels)
{
	if (b->len == 0)
		buf_byte(b, FORMAT);
	uint32_t set = set_of(b, w, labels);
	char *at = buf_reserve(b, 1 + CALL_BYTES);
	if (at == NULL)
		return;
	at[0] = ITEM_CALL;
	at[1] = (char)set;
	put_call(at + 2, call);
	b->len += 1 + CALL_BYTES;
}

void block_read(struct block_reader *b, struct slice bytes)
{
	struct record r = record_reader(bytes);

	record_format(&r, FORMAT);
	b->rest = r.rest;
	b->count = 0;
	b->is_corrupt = r.failed;
}

/* Reads a set, into the place of the oldest. */
static void take_set(struct block_reader *b, struct slice bytes)
{
	struct record r = record_reader(bytes);

	read_labels(&r, &b->sets[b->count++ % BLOCK_SETS]);
	b->is_corrupt = r.failed;
	b->rest = r.rest;
}

static bool take_call(struct block_reader *b, struct slice bytes, struct known_call *out)
{
	uint32_t known = b->count < BLOCK_SETS ? b->count : BLOCK_SETS, set;

	b->is_corrupt = bytes.len < CALL_BYTES || (unsigned char)bytes.ptr[0] >= known;
	if (b->is_corrupt)
		return false;
	set = (unsigned char)bytes.ptr[0];
	b->labels = b->sets[set];
	get_call(bytes.ptr + 1, out);
	b->rest = slice_skip(bytes, CALL_BYTES);
	return true;
}

bool block_next(struct block_reader *b, struct known_call *out)
{
	while (!b->is_corrupt && b->rest.len > 0) {
		char item = b->rest.ptr[0];
		struct slice bytes = slice_skip(b->rest, 1);
		if (item == ITEM_CALL)
			return take_call(b, bytes, out);
		if (item == ITEM_LABELS)
			take_set(b, bytes);
		else
			b->is_corrupt = true;
	}
	return false;
}
