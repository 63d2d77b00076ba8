/* SPDX-License-Identifier: Apache-2.0
 * exporters/kafka/split.c - one request a trace.
 *
 * Spans that follow each other in one scope and belong to one trace stay together; resource and scope go with them.
 * Fields that OTLP does not know go along too.
 */
#include <stdlib.h>

#include "agent/otlp/json_write.h"
#include "agent/otlp/wire.h"
#include "exporters/kafka/kafka_priv.h"

#define BROKEN FAIL(MALFORMED, "the request is not OTLP in protobuf")

/* Field numbers of ExportTraceServiceRequest, ResourceSpans, ScopeSpans and Span. */
enum { RESOURCE_SPANS = 1, SCOPE_SPANS = 2, SPANS = 2, TRACE_ID = 1 };

struct trace {
	char id[KAFKA_TRACE_ID_BYTES];
	struct buf request;
};

struct splitter {
	struct trace *traces;
	size_t count, cap;
	size_t newest;                     /* spans of a trace come in runs */
	struct buf resource, scope, spans; /* of the message at hand: all but what it contains; a run of spans */
	bool nomem;
};

static struct trace *trace_of(struct splitter *s, const char *id)
{
	if (s->newest < s->count && memcmp(s->traces[s->newest].id, id, KAFKA_TRACE_ID_BYTES) == 0)
		return &s->traces[s->newest];
	for (size_t i = 0; i < s->count; i++) {
		s->newest = i;
		if (memcmp(s->traces[i].id, id, KAFKA_TRACE_ID_BYTES) == 0)
			return &s->traces[i];
	}
	if (s->count == s->cap) {
		size_t cap = s->cap > 0 ? s->cap * 2 : 16;
		struct trace *longer = realloc(s->traces, cap * sizeof(*longer));
		if (longer == NULL)
			return NULL;
		s->traces = longer;
		s->cap = cap;
	}
	s->newest = s->count;
	struct trace *t = &s->traces[s->count++];
	*t = (struct trace){ .request = BUF_INIT };
	memcpy(t->id, id, KAFKA_TRACE_ID_BYTES);
	return t;
}

static void put_length(struct buf *out, uint32_t field, size_t length)
{
	char head[1 + WIRE_VARINT_MAX] = { (char)(field << 3 | WIRE_BYTES) };

	buf_append(out, head, 1 + wire_put_varint(head + 1, length));
}

/* The run of spans, in its scope, in its resource, behind what the trace has so far. */
static struct status end_run(struct splitter *s, const char *id)
{
	if (s->spans.len == 0)
		return OK;
	struct trace *t = trace_of(s, id);
	if (t == NULL)
		return FAIL(NOMEM, "no memory to split the request");
	size_t scope_bytes = s->scope.len + s->spans.len;
	put_length(&t->request, RESOURCE_SPANS, s->resource.len + 1 + wire_varint_size(scope_bytes) + scope_bytes);
	buf_slice(&t->request, buf_view(&s->resource));
	put_length(&t->request, SCOPE_SPANS, scope_bytes);
	buf_slice(&t->request, buf_view(&s->scope));
	buf_slice(&t->request, buf_view(&s->spans));
	s->nomem |= buf_failed(&t->request);
	buf_reset(&s->spans);
	return OK;
}

/* All fields of the message but those with this number. */
static struct status gather_rest(struct slice message, uint32_t number, struct buf *out)
{
	struct wire_reader r = wire_reader_of(message);
	struct wire_field f;

	buf_reset(out);
	while (wire_next(&r, &f))
		if (f.number != number)
			buf_append(out, f.start, (size_t)(r.at - f.start));
	return r.failed ? BROKEN : OK;
}

/* NULL where the span has none of the right length. */
static const char *trace_id_of(struct slice span)
{
	struct wire_reader r = wire_reader_of(span);
	struct wire_field f;

	while (wire_next(&r, &f))
		if (f.number == TRACE_ID && f.type == WIRE_BYTES && f.bytes.len == KAFKA_TRACE_ID_BYTES)
			return f.bytes.ptr;
	return NULL;
}

static struct status split_scope(struct splitter *s, struct slice message)
{
	static const char no_id[KAFKA_TRACE_ID_BYTES];
	struct wire_reader r = wire_reader_of(message);
	const char *run = no_id;
	struct wire_field f;

	TRY(gather_rest(message, SPANS, &s->scope));
	while (wire_next(&r, &f)) {
		if (f.number != SPANS || f.type != WIRE_BYTES)
			continue;
		const char *id = trace_id_of(f.bytes);
		id = id != NULL ? id : no_id;
		if (memcmp(id, run, KAFKA_TRACE_ID_BYTES) != 0)
			TRY(end_run(s, run));
		run = id;
		buf_append(&s->spans, f.start, (size_t)(r.at - f.start));
	}
	return end_run(s, run);
}

static struct status split_resource(struct splitter *s, struct slice message)
{
	struct wire_reader r = wire_reader_of(message);
	struct wire_field f;

	TRY(gather_rest(message, SCOPE_SPANS, &s->resource));
	while (wire_next(&r, &f))
		if (f.number == SCOPE_SPANS && f.type == WIRE_BYTES)
			TRY(split_scope(s, f.bytes));
	return OK;
}

static struct status split_request(struct splitter *s, struct slice request)
{
	struct wire_reader r = wire_reader_of(request);
	struct wire_field f;

	while (wire_next(&r, &f))
		if (f.number == RESOURCE_SPANS && f.type == WIRE_BYTES)
			TRY(split_resource(s, f.bytes));
	if (s->nomem || buf_failed(&s->resource) || buf_failed(&s->scope) || buf_failed(&s->spans))
		return FAIL(NOMEM, "no memory to split the request");
	return r.failed ? BROKEN : OK;
}

static struct status write_trace(const struct trace *t, int encoding, struct buf *out)
{
	uint64_t length = 0;

	buf_append(out, t->id, sizeof(t->id));
	size_t at = out->len;
	buf_append(out, &length, sizeof(length));
	if (encoding == ENCODING_OTLP_JSON)
		TRY(wire_to_json(buf_view(&t->request), SIGNAL_TRACES, out));
	else
		buf_slice(out, buf_view(&t->request));
	if (buf_failed(out))
		return FAIL(NOMEM, "no memory to split the request");
	length = out->len - at - sizeof(length);
	memcpy(out->ptr + at, &length, sizeof(length));
	return OK;
}

static void release(struct splitter *s)
{
	for (size_t i = 0; i < s->count; i++)
		buf_release(&s->traces[i].request);
	free(s->traces);
	buf_release(&s->resource);
	buf_release(&s->scope);
	buf_release(&s->spans);
}

struct status kafka_split_traces(struct slice request, int encoding, struct buf *out)
{
	struct splitter s = { 0 };
	struct status status = split_request(&s, request);

	for (size_t i = 0; i < s.count && !FAILED(status); i++)
		status = write_trace(&s.traces[i], encoding, out);
	release(&s);
	return status;
}

static uint64_t count_in(struct slice message, unsigned depth)
{
	static const uint32_t numbers[] = { RESOURCE_SPANS, SCOPE_SPANS, SPANS };
	struct wire_reader r = wire_reader_of(message);
	struct wire_field f;
	uint64_t count = 0;

	while (wire_next(&r, &f))
		if (f.number == numbers[depth] && f.type == WIRE_BYTES)
			count += depth == 2 ? 1 : count_in(f.bytes, depth + 1);
	return count;
}

uint64_t kafka_count_spans(struct slice request)
{
	return count_in(request, 0);
}
