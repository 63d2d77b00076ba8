/* SPDX-License-Identifier: Apache-2.0
 * judgements/block.c - see the header.
 */
#include "agent/judgements/block.h"

#include "agent/base/record.h"

#define FORMAT 1

enum item { ITEM_LABELS = 1, ITEM_CALL = 2 };

static void code_call(struct record *r, struct known_call *c)
{
	record_bytes(r, c->trace_id, sizeof(c->trace_id));
	record_bytes(r, c->span_id, sizeof(c->span_id));
	record_bytes(r, c->parent_span_id, sizeof(c->parent_span_id));
	record_uint(r, &c->response);
	record_uint(r, &c->session);
	record_uint(r, &c->end_unix_ns);
	record_bool(r, &c->is_generation);
	record_bool(r, &c->is_evaluation_traffic);
}

static void code_labels(struct record *r, struct call_labels *l)
{
	record_slice(r, &l->feature);
	record_slice(r, &l->model);
	record_slice(r, &l->provider);
	record_slice(r, &l->prompt);
	record_slice(r, &l->workflow);
	record_slice(r, &l->user_segment);
}

static struct call_labels cut(const struct call_labels *l)
{
	return (struct call_labels){
		.feature = slice_head(l->feature, LABEL_MAX),
		.model = slice_head(l->model, LABEL_MAX),
		.provider = slice_head(l->provider, LABEL_MAX),
		.prompt = slice_head(l->prompt, LABEL_MAX),
		.workflow = slice_head(l->workflow, LABEL_MAX),
		.user_segment = slice_head(l->user_segment, LABEL_MAX),
	};
}

/* The labels as they will be in the block, to compare the next call's with: the bytes just written, read again. */
static void write_labels(struct block *b, const struct call_labels *labels)
{
	struct call_labels kept = *labels;
	struct record w = record_writer(&b->bytes);
	uint8_t item = ITEM_LABELS;

	record_u8(&w, &item);
	b->labels_at = b->bytes.len;
	code_labels(&w, &kept);
	b->has_labels = true;
}

static bool labels_equal(const struct call_labels *a, const struct call_labels *b)
{
	return slice_equal(a->feature, b->feature) && slice_equal(a->model, b->model) &&
	       slice_equal(a->provider, b->provider) && slice_equal(a->prompt, b->prompt) &&
	       slice_equal(a->workflow, b->workflow) && slice_equal(a->user_segment, b->user_segment);
}

static bool has_labels(const struct block *b, const struct call_labels *labels)
{
	struct call_labels last;
	struct record r;

	if (!b->has_labels)
		return false;
	r = record_reader(slice_skip(buf_view(&b->bytes), b->labels_at));
	code_labels(&r, &last);
	return !r.failed && labels_equal(&last, labels);
}

void block_add(struct block *b, const struct known_call *call, const struct call_labels *labels)
{
	struct call_labels kept = cut(labels);
	struct known_call copy = *call;
	struct record w = record_writer(&b->bytes);
	uint8_t item = ITEM_CALL;

	if (b->bytes.len == 0)
		record_format(&w, FORMAT);
	if (!has_labels(b, &kept))
		write_labels(b, &kept);
	record_u8(&w, &item);
	code_call(&w, &copy);
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
		struct record r = record_reader(b->rest);
		uint8_t item = 0;
		record_u8(&r, &item);
		if (item == ITEM_LABELS)
			code_labels(&r, &b->labels);
		else if (item == ITEM_CALL)
			code_call(&r, out);
		b->is_corrupt = r.failed || (item != ITEM_LABELS && item != ITEM_CALL);
		b->rest = r.rest;
		if (item == ITEM_CALL)
			return !b->is_corrupt;
	}
	return false;
}
