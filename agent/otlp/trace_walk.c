/* SPDX-License-Identifier: Apache-2.0
 * otlp/trace_walk.c - spans: the hot path. One pass over a span's fields, attributes into scratch that is reused.
 */
#include "agent/otlp/walk_priv.h"

#define BROKEN_SPAN FAIL(MALFORMED, "the span is cut off, or a field of it has the wrong type")
#define NO_ROOM     FAIL(NOMEM, "the batch's memory limit leaves no room for its events")

/* Spans of one name have the same attributes, as a rule. So that spans which take turns do not take each other's memory of
 * keys and notes too, each of a few lengths of names has a list of its own. */
#define SHAPES 8u

struct trace_walker {
	struct envelope envelope; /* first: the envelope's item function gets its address */
	struct attribute_list shapes[SHAPES], event_attributes;
	struct attribute_list *attributes; /* of shapes: the span's */
	struct event_view *events;
	size_t event_count, event_cap;
	struct attribute_writer added;
	span_visit visit;
	void *context;
};

static struct status read_event(struct trace_walker *w, struct slice message)
{
	static const uint8_t types[] = { [1] = TYPE_FIXED64, [2] = TYPE_BYTES, [3] = TYPE_BYTES, [4] = TYPE_VARINT };
	struct wire_reader r = wire_reader_of(message);
	struct wire_field f;
	size_t attributes_before = w->event_attributes.count;

	if (w->event_count == w->event_cap) {
		void *events =
			scratch_grow(w->envelope.arena, w->events, w->event_count, sizeof(*w->events), &w->event_cap);
		if (events == NULL)
			return NO_ROOM;
		w->events = events;
	}
	struct event_view *event = &w->events[w->event_count];
	*event = (struct event_view){ 0 };
	while (wire_next(&r, &f)) {
		if (!field_fits(types, sizeof(types), &f))
			return BROKEN_SPAN;
		if (f.number == 1)
			event->time_unix_ns = f.value;
		else if (f.number == 2)
			event->name = f.bytes;
		else if (f.number == 3)
			TRY(attribute_list_read(&w->event_attributes, w->envelope.arena, f.bytes));
	}
	event->attributes.count = w->event_attributes.count - attributes_before;
	w->event_count++;
	return r.failed ? BROKEN_SPAN : OK;
}

static struct status read_status(struct span_view *span, struct slice message)
{
	static const uint8_t types[] = { [2] = TYPE_BYTES, [3] = TYPE_VARINT };
	struct wire_reader r = wire_reader_of(message);
	struct wire_field f;

	while (wire_next(&r, &f)) {
		if (!field_fits(types, sizeof(types), &f))
			return BROKEN_SPAN;
		if (f.number == 2)
			span->status_message = f.bytes;
		else if (f.number == 3)
			span->status_code = (uint32_t)f.value;
	}
	return r.failed ? BROKEN_SPAN : OK;
}

/* Of any form, with whatever key: the note that was left for another one is not its. */
static struct status read_attribute(struct trace_walker *w, struct slice content)
{
	struct attribute_list *l = w->attributes;

	if (l->count == l->cap)
		TRY(attribute_list_grow(l, w->envelope.arena));
	struct slice last_key = l->items[l->count].key;
	struct status s = attribute_read(content, &l->items[l->count]);
	if (!slice_equal(l->items[l->count].key, last_key))
		l->notes[l->count] = NULL;
	TRY(s);
	l->count++;
	return OK;
}

/* An attribute that has another key than the last one in its place, or not the usual form. r stays where it is before
 * one with a length of three bytes: wire_next reads those. */
static NOINLINE struct status read_other_attribute(struct trace_walker *w, struct wire_reader *r)
{
	struct slice content = wire_short_content(r->at + 1, r->end);
	struct attribute_list *l = w->attributes;

	if (content.ptr == NULL)
		return OK;
	if (l->count < l->cap && attribute_read_text_again(content, &l->items[l->count]))
		l->count++;
	else
		TRY(read_attribute(w, content));
	r->at = content.ptr + content.len;
	return OK;
}

/* Attributes come in runs, and are most of a span. Stops at anything else. */
static struct status read_attributes(struct trace_walker *w, struct wire_reader *r)
{
	struct attribute_list *l = w->attributes;
	const char *at = r->at, *end = r->end; /* copies stay in registers */
	struct attribute *out = l->items + l->count, *full = l->items + l->cap;

	while (end - at > 2 && *at == WIRE_TAG(9, WIRE_BYTES)) {
		size_t n = (size_t)(signed char)at[1]; /* a length of two bytes is more than there is */
		if (n <= (size_t)(end - at) - 2 && out < full && attribute_read_again((struct slice){ at + 2, n }, out)) {
			at += 2 + n;
			out++;
			continue;
		}
		r->at = at;
		l->count = (size_t)(out - l->items);
		TRY(read_other_attribute(w, r));
		if (r->at == at)
			return OK;
		at = r->at;
		out = l->items + l->count;
		full = l->items + l->cap;
	}
	r->at = at;
	l->count = (size_t)(out - l->items);
	return OK;
}

static struct status take_field(struct trace_walker *w, const struct wire_field *f, struct span_view *span)
{
	switch (f->number) {
	case 1:
		span->trace_id = f->bytes;
		return OK;
	case 2:
		span->span_id = f->bytes;
		return OK;
	case 4:
		span->parent_span_id = f->bytes;
		return OK;
	case 5:
		span->name = f->bytes;
		return OK;
	case 6:
		span->kind = (uint32_t)f->value;
		return OK;
	case 7:
		span->start_unix_ns = f->value;
		return OK;
	case 8:
		span->end_unix_ns = f->value;
		return OK;
	case 9: /* with a length of three bytes */
		return read_attribute(w, f->bytes);
	case 11:
		return read_event(w, f->bytes);
	case 15:
		return read_status(span, f->bytes);
	default:
		return OK;
	}
}

#define HAS(bytes) (end - at >= (bytes))

/* What nearly all encoders begin a span with, in this order: its ids, name, kind and times, each with a tag of one
 * byte, which says the type too. Reads as far as that holds; the rest is for wire_next. */
static void read_head(struct wire_reader *r, struct span_view *span)
{
	const char *at = r->at, *end = r->end;

	if (HAS(28) && at[0] == WIRE_TAG(1, WIRE_BYTES) && at[1] == 16 && at[18] == WIRE_TAG(2, WIRE_BYTES) && at[19] == 8) {
		span->trace_id = (struct slice){ at + 2, 16 };
		span->span_id = (struct slice){ at + 20, 8 };
		at += 28;
	}
	if (HAS(10) && at[0] == WIRE_TAG(4, WIRE_BYTES) && at[1] == 8) {
		span->parent_span_id = (struct slice){ at + 2, 8 };
		at += 10;
	}
	if (HAS(2) && at[0] == WIRE_TAG(5, WIRE_BYTES) && (unsigned char)at[1] < 0x80 && HAS(2 + at[1])) {
		span->name = (struct slice){ at + 2, (unsigned char)at[1] };
		at += 2 + at[1];
	}
	if (HAS(2) && at[0] == WIRE_TAG(6, WIRE_VARINT) && (unsigned char)at[1] < 0x80) {
		span->kind = (unsigned char)at[1];
		at += 2;
	}
	if (HAS(18) && at[0] == WIRE_TAG(7, WIRE_FIXED64) && at[9] == WIRE_TAG(8, WIRE_FIXED64)) {
		span->start_unix_ns = wire_get_fixed64(at + 1);
		span->end_unix_ns = wire_get_fixed64(at + 10);
		at += 18;
	}
	r->at = at;
}

static struct status read_fields(struct trace_walker *w, struct span_view *span)
{
	static const uint8_t types[] = {
		[1] = TYPE_BYTES,  [2] = TYPE_BYTES,   [3] = TYPE_BYTES,   [4] = TYPE_BYTES,
		[5] = TYPE_BYTES,  [6] = TYPE_VARINT,  [7] = TYPE_FIXED64, [8] = TYPE_FIXED64,
		[9] = TYPE_BYTES,  [10] = TYPE_VARINT, [11] = TYPE_BYTES,  [12] = TYPE_VARINT,
		[13] = TYPE_BYTES, [14] = TYPE_VARINT, [15] = TYPE_BYTES,  [16] = TYPE_FIXED32,
	};
	struct wire_reader r = wire_reader_of(span->wire);
	struct wire_field f;

	read_head(&r, span);
	w->attributes = &w->shapes[span->name.len % SHAPES];
	w->attributes->count = 0;
	if (w->attributes->cap == 0)
		TRY(attribute_list_grow(w->attributes, w->envelope.arena));
	TRY(read_attributes(w, &r));
	while (r.at != r.end && wire_next(&r, &f)) {
		if (!field_fits(types, sizeof(types), &f))
			return BROKEN_SPAN;
		TRY(take_field(w, &f, span));
		TRY(read_attributes(w, &r));
	}
	return r.failed ? BROKEN_SPAN : OK;
}

/* Scratch moves while it grows, so pointers into it are set once the span is read. */
static void point_into_scratch(struct trace_walker *w, struct span_view *span)
{
	const struct attribute *next = w->event_attributes.items;

	span->attributes = attribute_list_view(w->attributes);
	span->notes = w->attributes->notes;
	for (size_t i = 0; i < w->event_count; i++) {
		w->events[i].attributes.items = next;
		if (next != NULL)
			next += w->events[i].attributes.count;
	}
	span->events = w->events;
	span->event_count = w->event_count;
}

static void check_ids(struct span_view *span)
{
	if (span->trace_id.len != TRACE_ID_BYTES || id_is_empty(span->trace_id))
		span->defect = "trace_id is not 16 bytes, or all zeros";
	else if (span->span_id.len != SPAN_ID_BYTES || id_is_empty(span->span_id))
		span->defect = "span_id is not 8 bytes, or all zeros";
	else if (span->parent_span_id.len != 0 && span->parent_span_id.len != SPAN_ID_BYTES)
		span->defect = "parent_span_id is neither empty nor 8 bytes";
	else if (id_is_empty(span->parent_span_id))
		span->parent_span_id = SLICE_NONE;
}

static struct status read_span(struct trace_walker *w, struct span_view *span)
{
	w->event_attributes.count = w->event_count = 0;
	struct status s = read_fields(w, span);
	if (s.code == STATUS_MALFORMED)
		span->defect = s.why;
	else if (FAILED(s))
		return s;
	else
		check_ids(span);
	point_into_scratch(w, span);
	return OK;
}

static struct status edit_span(struct trace_walker *w, const struct wire_field *item, const struct span_view *span)
{
	size_t *later = w->added.later, place;

	w->added.later = NULL;
	if (w->added.failed)
		return FAIL(NOMEM, "the batch's memory limit leaves no room for added attributes");
	struct slice added = attribute_writer_take(&w->added);
	if (span->defect != NULL)
		return envelope_drop(&w->envelope, item);
	if (added.len == 0 && later == NULL)
		return OK;
	TRY(envelope_append(&w->envelope, item, &place));
	edit_list_fill(w->envelope.edits, place, added);
	if (later != NULL)
		*later = place;
	return OK;
}

static struct status walk_span(struct envelope *e, const struct wire_field *item)
{
	struct trace_walker *w = (struct trace_walker *)e;
	struct span_view span = { .wire = item->bytes, .scope = &e->scope, .resource = &e->resource };

	TRY(read_span(w, &span));
	TRY(w->visit(w->context, &span, e->edits != NULL ? &w->added : NULL));
	return e->edits != NULL ? edit_span(w, item, &span) : OK;
}

struct status walk_traces(struct slice wire, struct arena *a, struct edit_list *edits, span_visit visit, void *context)
{
	struct trace_walker w = {
		.envelope = { .wire = wire, .arena = a, .edits = edits, .item = walk_span },
		.visit = visit,
		.context = context,
	};

	attribute_writer_init(&w.added, a);
	return envelope_walk(&w.envelope);
}
