/* SPDX-License-Identifier: Apache-2.0
 * exporters/clickhouse/rows.c - spans as rows of the traces table, in the Collector's columns.
 *
 * Attribute values are texts there: what is no string is written as JSON. A server without maps gets keys and values in
 * two arrays.
 */
#include "agent/base/clock.h"
#include "agent/base/hex.h"
#include "agent/base/json.h"
#include "agent/otlp/any_json.h"
#include "agent/otlp/walk.h"
#include "exporters/clickhouse/clickhouse_priv.h"

#define ARENA_BYTES_MAX (256u << 20)

struct row_writer {
	const struct clickhouse_server *server;
	struct buf *out;
	struct buf scratch;
};

/* ------------------------------------------------------------------ values */

/* The value as the text that the column holds, as a JSON string. */
static void write_value(struct row_writer *w, const struct any_value *v)
{
	if (v->kind == ANY_STRING) {
		json_write_string(w->out, v->bytes);
		return;
	}
	buf_reset(&w->scratch);
	if (v->kind != ANY_NONE)
		any_json_write(&w->scratch, v, BYTES_AS_BASE64);
	json_write_string(w->out, buf_view(&w->scratch));
}

/* ------------------------------------------------------------------ columns */

static void write_pair(struct row_writer *w, const struct attribute *a)
{
	json_write_comma(w->out);
	json_write_string(w->out, a->key);
	buf_byte(w->out, ':');
	write_value(w, &a->value);
}

static void write_map(struct row_writer *w, struct attributes a)
{
	buf_byte(w->out, '{');
	for (size_t i = 0; i < a.count; i++)
		write_pair(w, &a.items[i]);
	buf_byte(w->out, '}');
}

static void begin_column(struct row_writer *w, const char *name, const char *member)
{
	buf_printf(w->out, ",\"%s%s\":", name, member);
}

static void write_attributes(struct row_writer *w, const char *column, struct attributes a)
{
	if (w->server->is_modern) {
		begin_column(w, column, "");
		write_map(w, a);
		return;
	}
	begin_column(w, column, ".key");
	buf_byte(w->out, '[');
	for (size_t i = 0; i < a.count; i++) {
		if (i > 0)
			buf_byte(w->out, ',');
		json_write_string(w->out, a.items[i].key);
	}
	buf_byte(w->out, ']');
	begin_column(w, column, ".value");
	buf_byte(w->out, '[');
	for (size_t i = 0; i < a.count; i++) {
		if (i > 0)
			buf_byte(w->out, ',');
		write_value(w, &a.items[i].value);
	}
	buf_byte(w->out, ']');
}

static void write_text(struct row_writer *w, const char *column, struct slice text)
{
	begin_column(w, column, "");
	json_write_string(w->out, text);
}

static void write_hex(struct row_writer *w, struct slice id)
{
	buf_byte(w->out, '"');
	buf_hex(w->out, id.ptr, id.len);
	buf_byte(w->out, '"');
}

static void write_id(struct row_writer *w, const char *column, struct slice id)
{
	begin_column(w, column, "");
	write_hex(w, id);
}

static void write_time(struct row_writer *w, uint64_t unix_ns)
{
	char text[31];

	clock_format_utc_ns(unix_ns, text);
	json_write_string(w->out, slice_of(text));
}

static void write_events(struct row_writer *w, const struct span_view *span)
{
	begin_column(w, "Events", ".Timestamp");
	buf_byte(w->out, '[');
	for (size_t i = 0; i < span->event_count; i++) {
		if (i > 0)
			buf_byte(w->out, ',');
		write_time(w, span->events[i].time_unix_ns);
	}
	buf_byte(w->out, ']');
	begin_column(w, "Events", ".Name");
	buf_byte(w->out, '[');
	for (size_t i = 0; i < span->event_count; i++) {
		if (i > 0)
			buf_byte(w->out, ',');
		json_write_string(w->out, span->events[i].name);
	}
	buf_byte(w->out, ']');
	begin_column(w, "Events", ".Attributes");
	buf_byte(w->out, '[');
	for (size_t i = 0; i < span->event_count; i++) {
		if (i > 0)
			buf_byte(w->out, ',');
		if (w->server->is_modern) {
			write_map(w, span->events[i].attributes);
			continue;
		}
		struct buf json = BUF_INIT; /* an array of maps, as one JSON text an event */
		struct row_writer inner = { w->server, &json, w->scratch };
		write_map(&inner, span->events[i].attributes);
		w->scratch = inner.scratch;
		json_write_string(w->out, buf_view(&json));
		buf_release(&json);
	}
	buf_byte(w->out, ']');
}

/* ------------------------------------------------------------------ what the walker has no view of */

/* Field numbers of Span and Span.Link. */
enum { TRACE_STATE = 3, LINKS = 13, LINK_TRACE_ID = 1, LINK_SPAN_ID = 2, LINK_TRACE_STATE = 3, LINK_ATTRIBUTES = 4 };

/* The content of the last field of that number; empty where there is none. */
static struct slice field_of(struct slice message, uint32_t number)
{
	struct wire_reader r = wire_reader_of(message);
	struct slice found = SLICE_NONE;
	struct wire_field f;

	while (wire_next(&r, &f))
		if (f.number == number && f.type == WIRE_BYTES)
			found = f.bytes;
	return found;
}

static void write_link_trace_id(struct row_writer *w, struct slice link)
{
	write_hex(w, field_of(link, LINK_TRACE_ID));
}

static void write_link_span_id(struct row_writer *w, struct slice link)
{
	write_hex(w, field_of(link, LINK_SPAN_ID));
}

static void write_link_trace_state(struct row_writer *w, struct slice link)
{
	json_write_string(w->out, field_of(link, LINK_TRACE_STATE));
}

static void write_link_attributes(struct row_writer *w, struct slice link)
{
	struct wire_reader r = wire_reader_of(link);
	struct attribute a;
	struct wire_field f;

	buf_byte(w->out, '{');
	while (wire_next(&r, &f))
		if (f.number == LINK_ATTRIBUTES && f.type == WIRE_BYTES && !FAILED(attribute_read(f.bytes, &a)))
			write_pair(w, &a);
	buf_byte(w->out, '}');
}

/* Old servers have no columns for them. */
static void write_links(struct row_writer *w, struct slice span)
{
	static const struct {
		const char *member;
		void (*write)(struct row_writer *w, struct slice link);
	} members[] = {
		{ ".TraceId", write_link_trace_id },
		{ ".SpanId", write_link_span_id },
		{ ".TraceState", write_link_trace_state },
		{ ".Attributes", write_link_attributes },
	};

	if (!w->server->is_modern || field_of(span, LINKS).ptr == NULL)
		return;
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		struct wire_reader r = wire_reader_of(span);
		struct wire_field f;
		begin_column(w, "Links", members[i].member);
		buf_byte(w->out, '[');
		while (wire_next(&r, &f)) {
			if (f.number != LINKS || f.type != WIRE_BYTES)
				continue;
			json_write_comma(w->out);
			members[i].write(w, f.bytes);
		}
		buf_byte(w->out, ']');
	}
}

/* ------------------------------------------------------------------ rows */

/* As the Collector writes them. */
static const char *const kinds[] = { "Unspecified", "Internal", "Server", "Client", "Producer", "Consumer" };
static const char *const codes[] = { "Unset", "Ok", "Error" };

static const char *word_of(const char *const *words, size_t count, uint32_t number)
{
	return number < count ? words[number] : words[0];
}

static struct slice service_of(const struct span_view *span)
{
	const struct any_value *v = attributes_find(span->resource->attributes, SLICE("service.name"));

	return v != NULL && v->kind == ANY_STRING ? v->bytes : SLICE_NONE;
}

static struct status write_row(void *context, const struct span_view *span, struct attribute_writer *added)
{
	struct row_writer *w = context;
	uint64_t duration_ns = span->end_unix_ns > span->start_unix_ns ? span->end_unix_ns - span->start_unix_ns : 0;

	(void)added;
	if (span->defect != NULL)
		return OK;
	buf_text(w->out, "{\"Timestamp\":");
	write_time(w, span->start_unix_ns);
	write_id(w, "TraceId", span->trace_id);
	write_id(w, "SpanId", span->span_id);
	write_id(w, "ParentSpanId", span->parent_span_id);
	struct slice trace_state = field_of(span->wire, TRACE_STATE);
	if (trace_state.len > 0)
		write_text(w, "TraceState", trace_state);
	write_text(w, "SpanName", span->name);
	write_text(w, "SpanKind", slice_of(word_of(kinds, 6, span->kind)));
	write_text(w, "ServiceName", service_of(span));
	write_attributes(w, "ResourceAttributes", span->resource->attributes);
	write_text(w, "ScopeName", span->scope->name);
	write_text(w, "ScopeVersion", span->scope->version);
	write_attributes(w, "SpanAttributes", span->attributes);
	begin_column(w, "Duration", "");
	buf_printf(w->out, "%llu", (unsigned long long)duration_ns);
	write_text(w, "StatusCode", slice_of(word_of(codes, 3, span->status_code)));
	write_text(w, "StatusMessage", span->status_message);
	write_events(w, span);
	write_links(w, span->wire);
	buf_text(w->out, "}\n");
	return OK;
}

struct status clickhouse_rows(const struct clickhouse_server *server, struct slice request, struct buf *out)
{
	struct row_writer w = { .server = server, .out = out };
	struct arena arena;

	arena_init(&arena, ARENA_BYTES_MAX);
	struct status s = walk_traces(request, &arena, NULL, write_row, &w);
	if (!FAILED(s) && (buf_failed(out) || buf_failed(&w.scratch)))
		s = FAIL(NOMEM, "no memory for the rows");
	arena_release(&arena);
	buf_release(&w.scratch);
	return s;
}
