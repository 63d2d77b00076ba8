/* SPDX-License-Identifier: Apache-2.0
 * otlp/rewrite.c - one table of where text stands in a request, and one walk over it.
 */
#include "agent/otlp/rewrite.h"

#include "agent/otlp/wire.h"

#define BROKEN FAIL(MALFORMED, "the request is cut off, or not an OTLP message of this signal")
#define FIELDS 16 /* no field that matters has a larger number */

struct message;

/* What a length-delimited field is to us; the index in message.fields is its number. */
struct field {
	enum field_kind { FIELD_OTHER, FIELD_MESSAGE, FIELD_ITEM, FIELD_EVENT, FIELD_TEXT, FIELD_PAIR, FIELD_VALUE } kind;
	enum rewrite_place place;
	const struct message *message;
};

struct message {
	struct field fields[FIELDS];
};

#define MESSAGE(of) { FIELD_MESSAGE, 0, &(of) }
#define PAIRS(where) { FIELD_PAIR, REWRITE_##where, NULL }
#define TEXT(where) { FIELD_TEXT, REWRITE_##where, NULL }

/* opentelemetry.proto.resource, .common */
static const struct message resource = { { [1] = PAIRS(RESOURCE) } };
static const struct message scope = { { [3] = PAIRS(SCOPE) } };

/* opentelemetry.proto.trace */
static const struct message event = { { [3] = PAIRS(EVENT) } };
static const struct message span_link = { { [4] = PAIRS(LINK) } };
static const struct message status = { { [2] = TEXT(STATUS) } };
static const struct message span = { {
	[3] = TEXT(TRACE_STATE),
	[5] = TEXT(SPAN_NAME),
	[9] = PAIRS(ATTRIBUTE),
	[11] = { FIELD_EVENT, 0, &event },
	[13] = MESSAGE(span_link),
	[15] = MESSAGE(status),
} };
static const struct message scope_spans = { { [1] = MESSAGE(scope), [2] = { FIELD_ITEM, 0, &span } } };
static const struct message resource_spans = { { [1] = MESSAGE(resource), [2] = MESSAGE(scope_spans) } };
static const struct message traces = { { [1] = MESSAGE(resource_spans) } };

/* opentelemetry.proto.logs */
static const struct message log_record = { { [5] = { FIELD_VALUE, REWRITE_BODY, NULL }, [6] = PAIRS(ATTRIBUTE) } };
static const struct message scope_logs = { { [1] = MESSAGE(scope), [2] = { FIELD_ITEM, 0, &log_record } } };
static const struct message resource_logs = { { [1] = MESSAGE(resource), [2] = MESSAGE(scope_logs) } };
static const struct message logs = { { [1] = MESSAGE(resource_logs) } };

/* opentelemetry.proto.metrics: gauge, sum, histogram, exponential histogram, summary */
static const struct message exemplar = { { [7] = PAIRS(ATTRIBUTE) } };
static const struct message number_point = { { [5] = MESSAGE(exemplar), [7] = PAIRS(ATTRIBUTE) } };
static const struct message histogram_point = { { [8] = MESSAGE(exemplar), [9] = PAIRS(ATTRIBUTE) } };
static const struct message exponential_point = { { [1] = PAIRS(ATTRIBUTE), [11] = MESSAGE(exemplar) } };
static const struct message summary_point = { { [7] = PAIRS(ATTRIBUTE) } };
static const struct message numbers = { { [1] = MESSAGE(number_point) } };
static const struct message histogram = { { [1] = MESSAGE(histogram_point) } };
static const struct message exponential = { { [1] = MESSAGE(exponential_point) } };
static const struct message summary = { { [1] = MESSAGE(summary_point) } };
static const struct message metric = { {
	[5] = MESSAGE(numbers),
	[7] = MESSAGE(numbers),
	[9] = MESSAGE(histogram),
	[10] = MESSAGE(exponential),
	[11] = MESSAGE(summary),
	[12] = PAIRS(ATTRIBUTE),
} };
static const struct message scope_metrics = { { [1] = MESSAGE(scope), [2] = MESSAGE(metric) } };
static const struct message resource_metrics = { { [1] = MESSAGE(resource), [2] = MESSAGE(scope_metrics) } };
static const struct message metrics = { { [1] = MESSAGE(resource_metrics) } };

static const struct message *const requests[SIGNAL_COUNT] = {
	[SIGNAL_TRACES] = &traces,
	[SIGNAL_METRICS] = &metrics,
	[SIGNAL_LOGS] = &logs,
};

/* opentelemetry.proto.common.v1.AnyValue */
enum { VALUE_STRING = 1, VALUE_ARRAY = 5, VALUE_LIST = 6, VALUE_BYTES = 7 };

struct rewrite {
	const struct rewriter *by;
	struct slice wire;
	struct edit_list *edits;
	unsigned nesting;
	bool dropped; /* a text said so: who holds it goes */
};

static size_t offset_of(const struct rewrite *w, const char *at)
{
	return (size_t)(at - w->wire.ptr);
}

static struct status drop_field(struct rewrite *w, const struct wire_field *f)
{
	size_t start = offset_of(w, f->start), end = offset_of(w, f->bytes.ptr) + f->bytes.len;

	return edit_list_add(w->edits, start, end - start, SLICE_NONE);
}

/* A message in a field is gone through between these two. Its length keeps a place only where something in it changes. */
static struct status open_field(struct rewrite *w, const struct wire_field *f, size_t *place)
{
	return edit_list_reserve(w->edits, offset_of(w, wire_length_start(f)), place);
}

static void close_field(struct rewrite *w, const struct wire_field *f, size_t place)
{
	if (w->edits->count == place + 1)
		edit_list_rewind(w->edits, place);
	else
		edit_list_close(w->edits, place, (size_t)(f->bytes.ptr - wire_length_start(f)), f->bytes.len);
}

static struct status replace_text(struct rewrite *w, const struct wire_field *f, struct slice replacement)
{
	const char *length = wire_length_start(f);
	size_t start = offset_of(w, length), end = offset_of(w, f->bytes.ptr) + f->bytes.len;
	char *bytes = arena_alloc(w->edits->arena, WIRE_VARINT_MAX + replacement.len);

	if (bytes == NULL)
		return FAIL(NOMEM, "the batch's memory limit leaves no room for its edits");
	size_t n = wire_put_varint(bytes, replacement.len);
	if (replacement.len > 0)
		memcpy(bytes + n, replacement.ptr, replacement.len);
	return edit_list_add(w->edits, start, end - start, (struct slice){ bytes, n + replacement.len });
}

static struct status show_text(struct rewrite *w, const struct wire_field *f, enum rewrite_place place, struct slice key)
{
	struct slice replacement = SLICE_NONE;

	switch (w->by->text(w->by->context, place, key, f->bytes, &replacement)) {
	case REWRITE_REPLACE:
		return replace_text(w, f, replacement);
	case REWRITE_DROP:
		w->dropped = true;
		return OK;
	default:
		return OK;
	}
}

static struct status show_value(struct rewrite *w, struct slice value, enum rewrite_place place, struct slice key);

/* A field that holds an AnyValue: an element of an array, a body, the value of a pair. is_owner: the field itself goes
 * where its value is dropped; else whoever holds the field sees to it. */
static struct status show_value_field(struct rewrite *w, const struct wire_field *f, enum rewrite_place place,
				      struct slice key, bool is_owner)
{
	size_t before;

	TRY(open_field(w, f, &before));
	TRY(show_value(w, f->bytes, place, key));
	if (!w->dropped || !is_owner) {
		close_field(w, f, before);
		return OK;
	}
	w->dropped = false;
	edit_list_rewind(w->edits, before);
	return drop_field(w, f);
}

static struct slice find_bytes(struct slice message, uint32_t number)
{
	struct wire_reader r = wire_reader_of(message);
	struct slice found = SLICE_NONE;
	struct wire_field f;

	while (wire_next(&r, &f))
		if (f.number == number && f.type == WIRE_BYTES)
			found = f.bytes;
	return found;
}

static enum rewrite_verdict ask_value(const struct rewrite *w, enum rewrite_place place, struct slice key)
{
	if (w->by->value == NULL)
		return w->by->text != NULL ? REWRITE_ENTER : REWRITE_KEEP;
	enum rewrite_verdict v = w->by->value(w->by->context, place, key, w->nesting > 0);
	return v == REWRITE_ENTER && w->by->text == NULL ? REWRITE_KEEP : v;
}

static struct status show_pair_content(struct rewrite *w, struct slice message, enum rewrite_place place, struct slice key)
{
	struct wire_reader r = wire_reader_of(message);
	struct wire_field f;

	while (!w->dropped && wire_next(&r, &f))
		if (f.number == 2 && f.type == WIRE_BYTES)
			TRY(show_value_field(w, &f, place, key, false));
	return r.failed ? BROKEN : OK;
}

/* The tags and lengths of a value that holds a text, and the text. */
static struct status insert_value(struct rewrite *w, size_t offset, struct slice text)
{
	size_t content = 1 + wire_varint_size(text.len) + text.len;
	char *bytes = arena_alloc(w->edits->arena, 2 + 2 * WIRE_VARINT_MAX + text.len), *at = bytes;

	if (bytes == NULL)
		return FAIL(NOMEM, "the batch's memory limit leaves no room for its edits");
	*at++ = 2 << 3 | WIRE_BYTES;
	at += wire_put_varint(at, content);
	*at++ = VALUE_STRING << 3 | WIRE_BYTES;
	at += wire_put_varint(at, text.len);
	if (text.len > 0)
		memcpy(at, text.ptr, text.len);
	return edit_list_add(w->edits, offset, 0, (struct slice){ bytes, (size_t)(at - bytes) + text.len });
}

/* Every occurrence of the value goes; a text stands at the end of the pair instead. */
static struct status replace_values(struct rewrite *w, const struct wire_field *pair, struct slice key)
{
	struct slice value = find_bytes(pair->bytes, 2), text = find_bytes(value, VALUE_STRING), by = SLICE_NONE;
	struct wire_reader r = wire_reader_of(pair->bytes);
	struct wire_field f;

	enum rewrite_verdict v = w->by->text(w->by->context, REWRITE_WHOLE, key, text.ptr != NULL ? text : value, &by);
	w->dropped = v == REWRITE_DROP;
	if (v != REWRITE_REPLACE)
		return OK;
	while (wire_next(&r, &f))
		if (f.number == 2 && f.type == WIRE_BYTES)
			TRY(drop_field(w, &f));
	return insert_value(w, offset_of(w, pair->bytes.ptr) + pair->bytes.len, by);
}

/* A KeyValue. */
static struct status show_pair(struct rewrite *w, const struct wire_field *f, enum rewrite_place place)
{
	struct slice key = find_bytes(f->bytes, 1);
	size_t before;

	enum rewrite_verdict v = ask_value(w, place, key);
	if (v == REWRITE_KEEP)
		return OK;
	if (v == REWRITE_DROP)
		return drop_field(w, f);
	TRY(open_field(w, f, &before));
	TRY(v == REWRITE_REPLACE ? replace_values(w, f, key) : show_pair_content(w, f->bytes, place, key));
	if (!w->dropped) {
		close_field(w, f, before);
		return OK;
	}
	w->dropped = false;
	edit_list_rewind(w->edits, before);
	return drop_field(w, f);
}

/* The values of an ArrayValue, the pairs of a KeyValueList: field 1 of both. */
static struct status show_container(struct rewrite *w, const struct wire_field *container, enum rewrite_place place,
				    struct slice key)
{
	struct wire_reader r = wire_reader_of(container->bytes);
	struct wire_field f;
	size_t before;

	TRY(open_field(w, container, &before));
	w->nesting++;
	while (wire_next(&r, &f)) {
		if (f.number != 1 || f.type != WIRE_BYTES)
			continue;
		TRY(container->number == VALUE_ARRAY ? show_value_field(w, &f, place, key, true) : show_pair(w, &f, place));
	}
	w->nesting--;
	close_field(w, container, before);
	return r.failed ? BROKEN : OK;
}

static struct status show_value(struct rewrite *w, struct slice value, enum rewrite_place place, struct slice key)
{
	struct wire_reader r = wire_reader_of(value);
	struct wire_field f;

	while (!w->dropped && wire_next(&r, &f)) {
		if (f.type != WIRE_BYTES)
			continue;
		if (f.number == VALUE_STRING || f.number == VALUE_BYTES) {
			TRY(show_text(w, &f, place, key));
		} else if (f.number == VALUE_ARRAY || f.number == VALUE_LIST) {
			if (w->nesting < REWRITE_NESTING_MAX) {
				TRY(show_container(w, &f, place, key));
				continue;
			}
			TRY(show_text(w, &f, REWRITE_TOO_DEEP, key));
			w->dropped = true;
		}
	}
	return r.failed ? BROKEN : OK;
}

static struct status show_message(struct rewrite *w, const struct message *m, struct slice wire);

static struct status enter_message(struct rewrite *w, const struct message *m, const struct wire_field *f, struct slice append)
{
	size_t before;

	TRY(open_field(w, f, &before));
	TRY(show_message(w, m, f->bytes));
	if (append.len > 0)
		TRY(edit_list_add(w->edits, offset_of(w, f->bytes.ptr) + f->bytes.len, 0, append));
	close_field(w, f, before);
	return OK;
}

static struct status show_item(struct rewrite *w, const struct field *field, const struct wire_field *f)
{
	struct slice append = SLICE_NONE;
	enum rewrite_verdict v = w->by->item == NULL ? REWRITE_ENTER : w->by->item(w->by->context, f->bytes, &append);

	if (v == REWRITE_DROP)
		return drop_field(w, f);
	return v == REWRITE_KEEP ? OK : enter_message(w, field->message, f, append);
}

static struct status show_event(struct rewrite *w, const struct field *field, const struct wire_field *f)
{
	enum rewrite_verdict v = REWRITE_ENTER;

	if (w->by->event != NULL)
		v = w->by->event(w->by->context, find_bytes(f->bytes, 2));
	if (v == REWRITE_DROP)
		return drop_field(w, f);
	return v == REWRITE_KEEP ? OK : enter_message(w, field->message, f, SLICE_NONE);
}

static struct status show_alone(struct rewrite *w, const struct field *field, const struct wire_field *f)
{
	if (w->by->text == NULL)
		return OK;
	TRY(show_text(w, f, field->place, SLICE_NONE));
	if (!w->dropped)
		return OK;
	w->dropped = false;
	return drop_field(w, f);
}

static struct status show_body(struct rewrite *w, const struct field *field, const struct wire_field *f)
{
	enum rewrite_verdict v = ask_value(w, field->place, SLICE_NONE);

	if (v == REWRITE_DROP)
		return drop_field(w, f);
	return v == REWRITE_KEEP ? OK : show_value_field(w, f, field->place, SLICE_NONE, true);
}

static struct status show_field(struct rewrite *w, const struct field *field, const struct wire_field *f)
{
	switch (field->kind) {
	case FIELD_MESSAGE:
		return enter_message(w, field->message, f, SLICE_NONE);
	case FIELD_ITEM:
		return show_item(w, field, f);
	case FIELD_EVENT:
		return show_event(w, field, f);
	case FIELD_TEXT:
		return show_alone(w, field, f);
	case FIELD_PAIR:
		return show_pair(w, f, field->place);
	case FIELD_VALUE:
		return show_body(w, field, f);
	default:
		return OK;
	}
}

static struct status show_message(struct rewrite *w, const struct message *m, struct slice wire)
{
	struct wire_reader r = wire_reader_of(wire);
	struct wire_field f;

	while (wire_next(&r, &f))
		if (f.type == WIRE_BYTES && f.number < FIELDS && m->fields[f.number].kind != FIELD_OTHER)
			TRY(show_field(w, &m->fields[f.number], &f));
	return r.failed ? BROKEN : OK;
}

struct status rewrite_request(const struct rewriter *r, enum signal signal, struct slice wire, struct edit_list *edits)
{
	struct rewrite w = { .by = r, .wire = wire, .edits = edits };

	return show_message(&w, requests[signal], wire);
}
