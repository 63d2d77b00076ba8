/* SPDX-License-Identifier: Apache-2.0
 * judgements/block.c - see the header.
 */
#include "agent/judgements/block.h"

#include "agent/base/record.h"

#define FORMAT 1

enum item { ITEM_LABELS = 1, ITEM_CALL = 2 };

#define FLAG_GENERATION 1u
#define FLAG_EVALUATION 2u
#define CALL_BYTES      57u

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

static bool has_labels(const struct block *b, const struct call_labels *labels)
{
	const struct slice *texts = texts_of(labels);

	for (int i = 0; b->has_last && i < CALL_LABEL_COUNT; i++) {
		struct slice kept = { b->bytes.ptr + b->last[i].at, b->last[i].len };
		if (!slice_equal(kept, slice_head(texts[i], LABEL_MAX)))
			return false;
	}
	return b->has_last;
}

static void write_labels(struct block *b, const struct call_labels *labels)
{
	struct record w = record_writer(&b->bytes);
	uint8_t item = ITEM_LABELS;

	record_u8(&w, &item);
	for (int i = 0; i < CALL_LABEL_COUNT; i++) {
		struct slice text = slice_head(texts_of(labels)[i], LABEL_MAX);
		record_slice(&w, &text);
		b->last[i].len = (uint32_t)text.len;
		b->last[i].at = (uint32_t)(b->bytes.len - text.len);
	}
	b->has_last = true;
}

static void read_labels(struct record *r, struct call_labels *l)
{
	struct slice *texts = (struct slice *)(void *)l;

	for (int i = 0; i < CALL_LABEL_COUNT; i++)
		record_slice(r, &texts[i]);
}

/* ------------------------------------------------------------------ the block */

void block_add(struct block *b, const struct known_call *call, const struct call_labels *labels)
{
	if (b->bytes.len == 0)
		buf_byte(&b->bytes, FORMAT);
	if (!has_labels(b, labels))
		write_labels(b, labels);
	char *at = buf_reserve(&b->bytes, 1 + CALL_BYTES);
	if (at == NULL)
		return;
	*at = ITEM_CALL;
	put_call(at + 1, call);
	b->bytes.len += 1 + CALL_BYTES;
}

struct block_reader block_read(struct slice bytes)
{
	struct record r = record_reader(bytes);

	record_format(&r, FORMAT);
	return (struct block_reader){ .rest = r.rest, .is_corrupt = r.failed };
}

bool block_next(struct block_reader *b, struct known_call *out)
{
	while (!b->is_corrupt && b->rest.len > 0) {
		struct record r = record_reader(slice_skip(b->rest, 1));
		if (b->rest.ptr[0] == ITEM_CALL && r.rest.len >= CALL_BYTES) {
			get_call(r.rest.ptr, out);
			b->rest = slice_skip(r.rest, CALL_BYTES);
			return true;
		}
		b->is_corrupt = b->rest.ptr[0] != ITEM_LABELS;
		if (!b->is_corrupt)
			read_labels(&r, &b->labels);
		b->is_corrupt |= r.failed;
		b->rest = r.rest;
	}
	return false;
}
