/* SPDX-License-Identifier: Apache-2.0
 * routing/llm_spans.c - a table of span ids, and a climb from each call until what is marked already.
 */
#include "agent/routing/llm_spans.h"

#include "agent/base/hash.h"
#include "agent/otlp/wire.h"

#define NOBODY SIZE_MAX

/* Field numbers of Span: opentelemetry/proto/trace/v1/trace.proto. */
enum { SPAN_TRACE_ID = 1, SPAN_SPAN_ID = 2, SPAN_PARENT_SPAN_ID = 4 };

struct kinship {
	struct slice trace_id, span_id, parent_id;
};

struct family {
	struct kinship *spans;
	size_t count;
	size_t *slots; /* open addressing: a span's index, or NOBODY */
	size_t mask;
};

static struct kinship read_kinship(struct slice span)
{
	struct kinship k = { SLICE_NONE, SLICE_NONE, SLICE_NONE };
	struct wire_reader r = wire_reader_of(span);
	struct wire_field f;

	while (wire_next(&r, &f)) {
		if (f.type != WIRE_BYTES)
			continue;
		if (f.number == SPAN_TRACE_ID)
			k.trace_id = f.bytes;
		else if (f.number == SPAN_SPAN_ID)
			k.span_id = f.bytes;
		else if (f.number == SPAN_PARENT_SPAN_ID)
			k.parent_id = f.bytes;
	}
	return k;
}

/* The slot of the span with these ids, or the free one where it would be. */
static size_t *slot_of(const struct family *f, struct slice trace_id, struct slice span_id)
{
	size_t at = (size_t)hash_mix(hash_slice(span_id), hash_slice(trace_id)) & f->mask;

	for (; f->slots[at] != NOBODY; at = (at + 1) & f->mask) {
		const struct kinship *k = &f->spans[f->slots[at]];
		if (slice_equal(k->span_id, span_id) && slice_equal(k->trace_id, trace_id))
			break;
	}
	return &f->slots[at];
}

static struct status read_family(const struct request_items *spans, struct arena *a, struct family *f)
{
	size_t slots = 16;

	while (slots < spans->count * 2)
		slots *= 2;
	*f = (struct family){ .count = spans->count, .mask = slots - 1 };
	f->spans = arena_array(a, spans->count, sizeof(*f->spans));
	f->slots = arena_array(a, slots, sizeof(*f->slots));
	if (f->spans == NULL || f->slots == NULL)
		return FAIL(NOMEM, "no room to look for model calls");
	for (size_t i = 0; i < slots; i++)
		f->slots[i] = NOBODY;
	for (size_t i = 0; i < f->count; i++) {
		f->spans[i] = read_kinship(spans->items[i].content);
		*slot_of(f, f->spans[i].trace_id, f->spans[i].span_id) = i;
	}
	return OK;
}

static bool is_call(const struct request_item *span)
{
	struct any_value value;

	return items_attribute(SIGNAL_TRACES, span, SLICE("plimsoll.outcome"), &value) ||
	       items_attribute(SIGNAL_TRACES, span, SLICE("plimsoll.counted"), &value);
}

/* Ids that form a circle end where they began: that one is marked. */
static void mark_line(const struct family *f, size_t i, bool *marks)
{
	while (i != NOBODY && !marks[i]) {
		marks[i] = true;
		i = f->spans[i].parent_id.len > 0 ? *slot_of(f, f->spans[i].trace_id, f->spans[i].parent_id) : NOBODY;
	}
}

struct status llm_spans_mark(const struct request_items *spans, struct arena *a, bool *marks)
{
	struct family family;

	TRY(read_family(spans, a, &family));
	memset(marks, 0, spans->count * sizeof(*marks));
	for (size_t i = 0; i < spans->count; i++)
		if (is_call(&spans->items[i]))
			mark_line(&family, i, marks);
	return OK;
}
