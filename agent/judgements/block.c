/* SPDX-License-Identifier: Apache-2.0
 * judgements/block.c - see the header.
 */
#include "agent/judgements/block.h"

#include <assert.h>
#include <endian.h>

#define FORMAT                     3
#define FORMAT_WITHOUT_ENVIRONMENT 2 /* the last of the labels */

enum item { ITEM_LABELS = 1, ITEM_CALL = 2 };

#define FLAG_GENERATION 1u
#define FLAG_EVALUATION 2u
#define CALL_BYTES      60u /* item, place of its labels, the call */
#define LABELS_BYTES    (1u + CALL_LABEL_COUNT * (2u + LABEL_MAX)) /* at most */

static_assert(BLOCK_BYTES + CALL_BYTES + LABELS_BYTES <= BLOCK_BYTES_MAX, "the last call fits");
static_assert(BLOCK_BYTES_MAX <= UINT16_MAX, "places are 16 bits");
static_assert(offsetof(struct call_labels, environment) == (CALL_LABEL_COUNT - 1) * sizeof(struct slice), "it is the last");

/* ------------------------------------------------------------------ a call: fixed places, since each one is written */

static void put_u16(char *at, uint16_t n)
{
	n = htole16(n);
	memcpy(at, &n, sizeof(n));
}

static uint16_t get_u16(const char *at)
{
	uint16_t n;

	memcpy(&n, at, sizeof(n));
	return le16toh(n);
}

static void put_u64(char *at, uint64_t n)
{
	n = htole64(n);
	memcpy(at, &n, sizeof(n));
}

static uint64_t get_u64(const char *at)
{
	uint64_t n;

	memcpy(&n, at, sizeof(n));
	return le64toh(n);
}

static void put_call(char *at, const struct known_call *c, uint16_t labels_at)
{
	at[0] = ITEM_CALL;
	put_u16(at + 1, labels_at);
	memcpy(at + 3, c->trace_id, 16);
	memcpy(at + 19, c->span_id, 8);
	memcpy(at + 27, c->parent_span_id, 8);
	put_u64(at + 35, c->response);
	put_u64(at + 43, c->session);
	put_u64(at + 51, c->end_unix_ns);
	at[59] = (char)((c->is_generation ? FLAG_GENERATION : 0) | (c->is_evaluation_traffic ? FLAG_EVALUATION : 0));
}

static void get_call(const char *at, struct known_call *c)
{
	memcpy(c->trace_id, at + 3, 16);
	memcpy(c->span_id, at + 19, 8);
	memcpy(c->parent_span_id, at + 27, 8);
	c->response = get_u64(at + 35);
	c->session = get_u64(at + 43);
	c->end_unix_ns = get_u64(at + 51);
	c->is_generation = (at[59] & FLAG_GENERATION) != 0;
	c->is_evaluation_traffic = (at[59] & FLAG_EVALUATION) != 0;
}

/* ------------------------------------------------------------------ labels */

static const struct slice *texts_of(const struct call_labels *l)
{
	return (const struct slice *)(const void *)l;
}

/* Returns the place behind them. */
static char *write_labels(char *at, const struct call_labels *labels)
{
	*at++ = ITEM_LABELS;
	for (int i = 0; i < CALL_LABEL_COUNT; i++) {
		struct slice text = slice_head(texts_of(labels)[i], LABEL_MAX);
		put_u16(at, (uint16_t)text.len);
		if (text.len > 0)
			memcpy(at + 2, text.ptr, text.len);
		at += 2 + text.len;
	}
	return at;
}

/* Where these labels stand, written at the end unless they were written before. There is room. */
static uint16_t place_of(struct buf *b, struct block_writer *w, const struct call_labels *labels)
{
	size_t slot = labels->cohort % BLOCK_SETS;

	if (labels->cohort == 0 || w->cohort[slot] != labels->cohort) {
		w->cohort[slot] = labels->cohort;
		w->at[slot] = (uint16_t)b->len;
		b->len = (size_t)(write_labels(b->ptr + b->len, labels) - b->ptr);
	}
	return w->at[slot];
}

/* The place behind labels that stand at a place; 0: they break off. Those that the format has not are left alone. */
static size_t labels_end(struct slice bytes, size_t at, struct call_labels *labels)
{
	struct slice *texts = (struct slice *)(void *)labels;
	int count = bytes.ptr[0] == FORMAT ? CALL_LABEL_COUNT : CALL_LABEL_COUNT - 1;

	at++;
	for (int i = 0; i < count; i++) {
		size_t len = at + 2 <= bytes.len ? get_u16(bytes.ptr + at) : SIZE_MAX;
		if (len > LABEL_MAX || at + 2 + len > bytes.len)
			return 0;
		texts[i] = (struct slice){ bytes.ptr + at + 2, len };
		at += 2 + len;
	}
	return at;
}

/* ------------------------------------------------------------------ the block */

void block_add(struct buf *b, struct block_writer *w, const struct known_call *call, const struct call_labels *labels)
{
	if (buf_reserve(b, b->len == 0 ? BLOCK_BYTES_MAX : BLOCK_BYTES_MAX - b->len) == NULL)
		return;
	if (b->len == 0)
		b->ptr[b->len++] = FORMAT;
	uint16_t labels_at = place_of(b, w, labels);
	put_call(b->ptr + b->len, call, labels_at);
	b->len += CALL_BYTES;
}

void block_read(struct block_reader *r, struct slice bytes)
{
	bool is_block = bytes.len > 0 && (bytes.ptr[0] == FORMAT || bytes.ptr[0] == FORMAT_WITHOUT_ENVIRONMENT);

	*r = (struct block_reader){ .bytes = bytes, .at = is_block ? 1 : 0, .is_corrupt = !is_block };
}

static bool take_call(struct block_reader *r, struct known_call *out)
{
	const char *at = r->bytes.ptr + r->at;

	r->is_corrupt = r->bytes.len - r->at < CALL_BYTES || get_u16(at + 1) >= r->at ||
			r->bytes.ptr[get_u16(at + 1)] != ITEM_LABELS;
	if (r->is_corrupt)
		return false;
	r->labels_at = get_u16(at + 1);
	get_call(at, out);
	r->at += CALL_BYTES;
	return true;
}

bool block_next(struct block_reader *r, struct known_call *out)
{
	struct call_labels labels;

	while (!r->is_corrupt && r->at < r->bytes.len) {
		if (r->bytes.ptr[r->at] == ITEM_CALL)
			return take_call(r, out);
		r->at = r->bytes.ptr[r->at] == ITEM_LABELS ? labels_end(r->bytes, r->at, &labels) : 0;
		r->is_corrupt = r->at == 0;
	}
	return false;
}

struct call_labels block_labels(const struct block_reader *r)
{
	struct call_labels labels = { .cohort = 0 };

	if (labels_end(r->bytes, r->labels_at, &labels) == 0) /* it points into something else */
		labels = (struct call_labels){ .cohort = 0 };
	return labels;
}
