/* SPDX-License-Identifier: Apache-2.0
 * exporters/reemit/rewrite.c - copies a request span by span; what no row names goes along byte for byte.
 */
#include "exporters/reemit/reemit.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "agent/base/clock.h"
#include "agent/base/json.h"

#define BROKEN FAIL(MALFORMED, "the request is not OTLP in protobuf")

/* Field numbers of ExportTraceServiceRequest, ResourceSpans, ScopeSpans, Span and Resource. */
enum {
	RESOURCE_SPANS = 1,
	RESOURCE = 1,
	SCOPE_SPANS = 2,
	SPANS = 2,
	START_TIME = 7,
	ATTRIBUTES = 9,
	RESOURCE_ATTRIBUTES = 1
};

struct rewriter {
	const struct reemit_rules *rules;
	const char *project;
	struct buf scope, resource; /* messages in the making, whose length comes first */
	struct buf span, text;
};

static void put_message(struct buf *out, uint32_t field, struct slice content)
{
	char head[1 + WIRE_VARINT_MAX] = { (char)(field << 3 | WIRE_BYTES) };

	buf_append(out, head, 1 + wire_put_varint(head + 1, content.len));
	buf_slice(out, content);
}

/* ------------------------------------------------------------------ attributes */

/* A KeyValue: key, and an AnyValue whose bytes are made. */
static void put_attribute(struct buf *out, uint32_t field, struct slice key, const char *value, size_t value_bytes)
{
	size_t content = 1 + wire_varint_size(key.len) + key.len + 1 + wire_varint_size(value_bytes) + value_bytes;
	char head[1 + WIRE_VARINT_MAX] = { (char)(field << 3 | WIRE_BYTES) };

	buf_append(out, head, 1 + wire_put_varint(head + 1, content));
	put_message(out, 1, key);
	put_message(out, 2, (struct slice){ value, value_bytes });
}

static void put_string(struct buf *out, uint32_t field, const char *key, struct slice value)
{
	struct buf any = BUF_INIT;

	put_message(&any, ANY_STRING, value);
	put_attribute(out, field, slice_of(key), any.ptr, any.len);
	out->failed |= any.failed;
	buf_release(&any);
}

static void put_int(struct buf *out, const char *key, int64_t value)
{
	char any[1 + WIRE_VARINT_MAX] = { ANY_INT << 3 | WIRE_VARINT };

	put_attribute(out, ATTRIBUTES, slice_of(key), any, 1 + wire_put_varint(any + 1, (uint64_t)value));
}

static void put_double(struct buf *out, const char *key, double value)
{
	char any[9] = { ANY_DOUBLE << 3 | WIRE_FIXED64 };

	wire_put_fixed64(any + 1, wire_double_bits(value));
	put_attribute(out, ATTRIBUTES, slice_of(key), any, sizeof(any));
}

/* ------------------------------------------------------------------ rows */

static void write_member(struct buf *json, const struct reemit_member *m, double value, struct slice *group)
{
	const char *dot = strchr(m->key, '.');
	struct slice own = dot != NULL ? (struct slice){ m->key, (size_t)(dot - m->key) } : SLICE_NONE;
	char name[64];

	if (group->len > 0 && !slice_equal(*group, own))
		buf_byte(json, '}');
	if (own.len > 0 && !slice_equal(*group, own)) {
		snprintf(name, sizeof(name), "%.*s", SLICE_ARG(own));
		json_write_key(json, name);
		buf_byte(json, '{');
	}
	*group = own;
	json_write_key(json, dot != NULL ? dot + 1 : m->key);
	if (m->is_money)
		json_write_double(json, value);
	else
		buf_printf(json, "%.0f", value);
}

/* False where no member is known. */
static bool write_object(const struct reemit_member *members, const struct span_facts *f, struct buf *json)
{
	struct slice group = SLICE_NONE;

	buf_reset(json);
	buf_byte(json, '{');
	for (; members->key != NULL; members++)
		if (span_facts_has(f, members->fact))
			write_member(json, members, f->number[members->fact], &group);
	if (group.len > 0)
		buf_byte(json, '}');
	buf_byte(json, '}');
	return json->len > 2;
}

static void write_first_token_time(const struct span_facts *f, struct buf *text)
{
	uint64_t unix_ns = f->start_unix_ns + (uint64_t)llround(f->number[FACT_TTFT] * 1e9);
	char utc[21];

	clock_format_utc(unix_ns / NS_PER_SECOND, utc);
	buf_reset(text);
	buf_printf(text, "%.19s.%03uZ", utc, (unsigned)(unix_ns % NS_PER_SECOND / NS_PER_MS));
}

static struct slice kind_of(struct slice operation)
{
	if (slice_equal(operation, SLICE("embeddings")))
		return SLICE("EMBEDDING");
	return slice_equal(operation, SLICE("rerank")) ? SLICE("RERANKER") : SLICE("LLM");
}

/* Whether the facts give the row a value. */
static bool has_value(const struct reemit_row *row, const struct span_facts *f)
{
	int64_t whole;

	switch (row->form) {
	case REEMIT_INT:
	case REEMIT_DOUBLE:
		return span_facts_has(f, (enum fact)row->fact);
	case REEMIT_STRING:
		return f->text[row->fact].len > 0;
	case REEMIT_WHOLE:
		return slice_to_i64(f->text[row->fact], &whole);
	case REEMIT_FIRST_TOKEN_TIME:
		return span_facts_has(f, FACT_TTFT) && f->start_unix_ns > 0;
	case REEMIT_JSON:
		for (const struct reemit_member *m = row->members; m->key != NULL; m++)
			if (span_facts_has(f, m->fact))
				return true;
		return false;
	default:
		return true;
	}
}

static void write_row(struct rewriter *w, const struct reemit_row *row, const struct span_facts *f, struct buf *out)
{
	int64_t whole = 0;

	switch (row->form) {
	case REEMIT_INT:
		put_int(out, row->key, llround(f->number[row->fact]));
		break;
	case REEMIT_DOUBLE:
		put_double(out, row->key, f->number[row->fact]);
		break;
	case REEMIT_STRING:
		put_string(out, ATTRIBUTES, row->key, f->text[row->fact]);
		break;
	case REEMIT_WHOLE:
		if (slice_to_i64(f->text[row->fact], &whole))
			put_int(out, row->key, whole);
		break;
	case REEMIT_JSON:
		if (write_object(row->members, f, &w->text))
			put_string(out, ATTRIBUTES, row->key, buf_view(&w->text));
		break;
	case REEMIT_FIRST_TOKEN_TIME:
		write_first_token_time(f, &w->text);
		put_string(out, ATTRIBUTES, row->key, buf_view(&w->text));
		break;
	case REEMIT_SPAN_KIND:
		put_string(out, ATTRIBUTES, row->key, kind_of(f->text[TEXT_OPERATION]));
		break;
	case REEMIT_LITERAL:
		put_string(out, ATTRIBUTES, row->key, slice_of(row->literal));
		break;
	}
}

/* ------------------------------------------------------------------ spans */

/* What back ends add up, in any dialect: left out of wrappers. */
static const char *const usage_prefixes[] = {
	"gen_ai.usage.",
	"gen_ai.cost.",
	"llm.usage.",
	"llm.token_count.",
	"llm.cost.",
	"ai.usage.",
	"langfuse.observation.usage",
	"langfuse.observation.cost",
	"langsmith.usage_metadata",
	"langsmith.metadata.usage_metadata",
	"braintrust.metrics",
	"operation.cost",
	"traceloop.usage.",
};

static bool is_usage(struct slice key)
{
	for (size_t i = 0; i < sizeof(usage_prefixes) / sizeof(usage_prefixes[0]); i++)
		if (slice_starts_with(key, slice_of(usage_prefixes[i])))
			return true;
	return false;
}

static struct status read_facts(struct slice span, struct span_facts *f)
{
	struct wire_reader r = wire_reader_of(span);
	struct wire_field field;
	struct attribute a;

	while (wire_next(&r, &field)) {
		if (field.number == START_TIME && field.type == WIRE_FIXED64)
			f->start_unix_ns = field.value;
		if (field.number != ATTRIBUTES || field.type != WIRE_BYTES)
			continue;
		TRY(attribute_read(field.bytes, &a));
		span_facts_read(f, &a);
	}
	span_facts_complete(f);
	return r.failed ? BROKEN : OK;
}

static int row_with_key(const struct reemit_row *rows, struct slice key)
{
	for (int i = 0; rows[i].key != NULL; i++)
		if (slice_equal(slice_of(rows[i].key), key))
			return i;
	return -1;
}

/* Copies the span without what is replaced or stripped; *taken: rows that the span fills itself. */
static struct status copy_span(struct slice span, const struct reemit_row *rows, const struct span_facts *f,
			       struct buf *out, uint32_t *taken)
{
	struct wire_reader r = wire_reader_of(span);
	struct wire_field field;
	struct attribute a;

	while (wire_next(&r, &field)) {
		bool keeps = true;
		if (field.number == ATTRIBUTES && field.type == WIRE_BYTES) {
			TRY(attribute_read(field.bytes, &a));
			int row = row_with_key(rows, a.key);
			keeps = !(f->is_wrapper && is_usage(a.key)) &&
				!(row >= 0 && rows[row].is_replaced && has_value(&rows[row], f));
			if (keeps && row >= 0)
				*taken |= 1u << row;
		}
		if (keeps)
			buf_append(out, field.start, (size_t)(r.at - field.start));
	}
	return r.failed ? BROKEN : OK;
}

static struct status rewrite_span(struct rewriter *w, const struct wire_field *span, const char *end, struct buf *out)
{
	static const struct reemit_row none[] = { { .key = NULL } };
	struct span_facts f = { .is_call = false };
	uint32_t taken = 0;

	TRY(read_facts(span->bytes, &f));
	if (!f.is_call && !f.is_wrapper) {
		buf_append(out, span->start, (size_t)(end - span->start));
		return OK;
	}
	const struct reemit_row *rows = f.is_call ? w->rules->calls : w->rules->wrappers;
	if (rows == NULL)
		rows = none;
	buf_reset(&w->span);
	TRY(copy_span(span->bytes, rows, &f, &w->span, &taken));
	for (int i = 0; rows[i].key != NULL; i++)
		if ((taken >> i & 1u) == 0 && has_value(&rows[i], &f))
			write_row(w, &rows[i], &f, &w->span);
	put_message(out, SPANS, buf_view(&w->span));
	return OK;
}

/* ------------------------------------------------------------------ what is around spans */

static struct status rewrite_scope(struct rewriter *w, struct slice message)
{
	struct wire_reader r = wire_reader_of(message);
	struct wire_field f;

	buf_reset(&w->scope);
	while (wire_next(&r, &f))
		if (f.number == SPANS && f.type == WIRE_BYTES)
			TRY(rewrite_span(w, &f, r.at, &w->scope));
		else
			buf_append(&w->scope, f.start, (size_t)(r.at - f.start));
	return r.failed ? BROKEN : OK;
}

static struct status names_project(struct rewriter *w, struct slice resource, bool *out)
{
	struct wire_reader r = wire_reader_of(resource);
	struct wire_field f;
	struct attribute a;

	*out = false;
	while (wire_next(&r, &f)) {
		if (f.number != RESOURCE_ATTRIBUTES || f.type != WIRE_BYTES)
			continue;
		TRY(attribute_read(f.bytes, &a));
		*out |= slice_equal(a.key, slice_of(w->rules->resource_key));
	}
	return r.failed ? BROKEN : OK;
}

/* The resource, with the project where it names none. */
static struct status rewrite_resource(struct rewriter *w, struct slice resource)
{
	bool is_named;

	TRY(names_project(w, resource, &is_named));
	buf_reset(&w->span);
	buf_slice(&w->span, resource);
	if (!is_named)
		put_string(&w->span, RESOURCE_ATTRIBUTES, w->rules->resource_key, slice_of(w->project));
	put_message(&w->resource, RESOURCE, buf_view(&w->span));
	return OK;
}

static struct status rewrite_group(struct rewriter *w, struct slice message)
{
	bool adds_project = w->rules->resource_key != NULL && w->project != NULL, has_resource = false;
	struct wire_reader r = wire_reader_of(message);
	struct wire_field f;

	buf_reset(&w->resource);
	while (wire_next(&r, &f)) {
		if (f.number == SCOPE_SPANS && f.type == WIRE_BYTES) {
			TRY(rewrite_scope(w, f.bytes));
			put_message(&w->resource, SCOPE_SPANS, buf_view(&w->scope));
		} else if (f.number == RESOURCE && f.type == WIRE_BYTES && adds_project) {
			has_resource = true;
			TRY(rewrite_resource(w, f.bytes));
		} else {
			buf_append(&w->resource, f.start, (size_t)(r.at - f.start));
		}
	}
	if (adds_project && !has_resource)
		TRY(rewrite_resource(w, SLICE_NONE));
	return r.failed ? BROKEN : OK;
}

static struct status rewrite_request(struct rewriter *w, struct slice request, struct buf *out)
{
	struct wire_reader r = wire_reader_of(request);
	struct wire_field f;

	while (wire_next(&r, &f)) {
		if (f.number != RESOURCE_SPANS || f.type != WIRE_BYTES) {
			buf_append(out, f.start, (size_t)(r.at - f.start));
			continue;
		}
		TRY(rewrite_group(w, f.bytes));
		put_message(out, RESOURCE_SPANS, buf_view(&w->resource));
	}
	if (buf_failed(out) || buf_failed(&w->span) || buf_failed(&w->scope) || buf_failed(&w->resource) ||
	    buf_failed(&w->text))
		return FAIL(NOMEM, "no memory to rewrite the request");
	return r.failed ? BROKEN : OK;
}

struct status reemit_spans(const struct reemit_rules *rules, const char *project, struct slice request, struct buf *out)
{
	struct rewriter w = { .rules = rules, .project = project };
	struct status s = rewrite_request(&w, request, out);

	buf_release(&w.scope);
	buf_release(&w.resource);
	buf_release(&w.span);
	buf_release(&w.text);
	return s;
}
