/* SPDX-License-Identifier: Apache-2.0
 * Random OTLP trace requests as protobuf-c trees, and their bytes with the fields of every message in another order.
 */
#ifndef PLIMSOLL_TESTS_OTLP_RANDOM_H
#define PLIMSOLL_TESTS_OTLP_RANDOM_H

#include <assert.h>

#include "agent/base/arena.h"
#include "agent/otlp/wire.h"
#include "proto/otlp_trace.pb-c.h"

struct random {
	uint64_t state;
	struct arena *arena;
};

static inline uint64_t random_below(struct random *r, uint64_t n)
{
	r->state = r->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (r->state >> 33) % n;
}

static inline void *random_alloc(struct random *r, size_t n)
{
	void *p = arena_alloc(r->arena, n);

	assert(p != NULL);
	return p;
}

/* Mostly short, at times around the lengths where a varint grows. */
static inline size_t random_length(struct random *r)
{
	switch (random_below(r, 64)) {
	case 0:
	case 2:
	case 3:
		return 100 + random_below(r, 60);
	case 1:
		return 16300 + random_below(r, 200);
	default:
		return random_below(r, 24);
	}
}

static inline char *random_text(struct random *r)
{
	size_t n = random_length(r);
	char *text = random_alloc(r, n + 1);

	for (size_t i = 0; i < n; i++)
		text[i] = (char)('a' + random_below(r, 26));
	text[n] = '\0';
	return text;
}

static inline ProtobufCBinaryData random_bytes(struct random *r, size_t n)
{
	ProtobufCBinaryData data = { n, random_alloc(r, n) };

	for (size_t i = 0; i < n; i++)
		data.data[i] = (uint8_t)(1 + random_below(r, 255));
	return data;
}

#define RANDOM_NEW(r, variable, type, init)                                                                            \
	type *variable = random_alloc((r), sizeof(type));                                                              \
	*variable = (type)init

static inline Otlp__AnyValue *random_value(struct random *r, int depth)
{
	RANDOM_NEW(r, v, Otlp__AnyValue, OTLP__ANY_VALUE__INIT);
	v->value_case = (Otlp__AnyValue__ValueCase)random_below(r, depth > 2 ? 5 : 8);
	switch (v->value_case) {
	case OTLP__ANY_VALUE__VALUE_STRING_VALUE:
		v->string_value = random_text(r);
		break;
	case OTLP__ANY_VALUE__VALUE_BOOL_VALUE:
		v->bool_value = random_below(r, 2) != 0;
		break;
	case OTLP__ANY_VALUE__VALUE_INT_VALUE:
		v->int_value =
			(int64_t)(random_below(r, 1u << 31) << random_below(r, 34)) - (int64_t)random_below(r, 1000);
		break;
	case OTLP__ANY_VALUE__VALUE_DOUBLE_VALUE:
		v->double_value = (double)random_below(r, 1u << 30) / 1024;
		break;
	case OTLP__ANY_VALUE__VALUE_ARRAY_VALUE: {
		RANDOM_NEW(r, array, Otlp__ArrayValue, OTLP__ARRAY_VALUE__INIT);
		array->n_values = random_below(r, 4);
		array->values = random_alloc(r, array->n_values * sizeof(void *));
		for (size_t i = 0; i < array->n_values; i++)
			array->values[i] = random_value(r, depth + 1);
		v->array_value = array;
		break;
	}
	case OTLP__ANY_VALUE__VALUE_KVLIST_VALUE: {
		RANDOM_NEW(r, list, Otlp__KeyValueList, OTLP__KEY_VALUE_LIST__INIT);
		list->n_values = random_below(r, 3);
		list->values = random_alloc(r, list->n_values * sizeof(void *));
		for (size_t i = 0; i < list->n_values; i++) {
			RANDOM_NEW(r, kv, Otlp__KeyValue, OTLP__KEY_VALUE__INIT);
			kv->key = random_text(r);
			kv->value = random_value(r, depth + 1);
			list->values[i] = kv;
		}
		v->kvlist_value = list;
		break;
	}
	case OTLP__ANY_VALUE__VALUE_BYTES_VALUE:
		v->bytes_value = random_bytes(r, random_length(r));
		break;
	default:
		break;
	}
	return v;
}

static inline Otlp__KeyValue **random_attributes(struct random *r, size_t max, size_t *n)
{
	*n = random_below(r, max);
	Otlp__KeyValue **kvs = random_alloc(r, *n * sizeof(*kvs));
	for (size_t i = 0; i < *n; i++) {
		RANDOM_NEW(r, kv, Otlp__KeyValue, OTLP__KEY_VALUE__INIT);
		kv->key = random_text(r);
		kv->value = random_below(r, 10) != 0 ? random_value(r, 0) : NULL;
		kvs[i] = kv;
	}
	return kvs;
}

static inline Otlp__Span *random_span(struct random *r)
{
	RANDOM_NEW(r, s, Otlp__Span, OTLP__SPAN__INIT);
	s->trace_id = random_bytes(r, 16);
	s->span_id = random_bytes(r, 8);
	if (random_below(r, 2) != 0)
		s->parent_span_id = random_bytes(r, 8);
	s->name = random_text(r);
	s->kind = (Otlp__Span__SpanKind)random_below(r, 6);
	s->start_time_unix_nano = random_below(r, 1u << 31) << 30;
	s->end_time_unix_nano = s->start_time_unix_nano + random_below(r, 1u << 30);
	s->attributes = random_attributes(r, 24, &s->n_attributes);
	s->flags = (uint32_t)random_below(r, 512);
	s->n_events = random_below(r, 3);
	s->events = random_alloc(r, s->n_events * sizeof(void *));
	for (size_t i = 0; i < s->n_events; i++) {
		RANDOM_NEW(r, event, Otlp__Span__Event, OTLP__SPAN__EVENT__INIT);
		event->name = random_text(r);
		event->time_unix_nano = random_below(r, 1u << 31);
		event->attributes = random_attributes(r, 4, &event->n_attributes);
		s->events[i] = event;
	}
	if (random_below(r, 2) != 0) {
		RANDOM_NEW(r, status, Otlp__Status, OTLP__STATUS__INIT);
		status->code = (Otlp__Status__StatusCode)random_below(r, 3);
		status->message = random_text(r);
		s->status = status;
	}
	return s;
}

static inline Otlp__ScopeSpans *random_scope_spans(struct random *r)
{
	RANDOM_NEW(r, ss, Otlp__ScopeSpans, OTLP__SCOPE_SPANS__INIT);
	if (random_below(r, 4) != 0) {
		RANDOM_NEW(r, scope, Otlp__InstrumentationScope, OTLP__INSTRUMENTATION_SCOPE__INIT);
		scope->name = random_text(r);
		scope->version = random_text(r);
		scope->attributes = random_attributes(r, 3, &scope->n_attributes);
		ss->scope = scope;
	}
	ss->n_spans = random_below(r, 5);
	ss->spans = random_alloc(r, ss->n_spans * sizeof(void *));
	for (size_t i = 0; i < ss->n_spans; i++)
		ss->spans[i] = random_span(r);
	return ss;
}

static inline Otlp__ExportTraceServiceRequest *random_request(struct random *r)
{
	RANDOM_NEW(r, request, Otlp__ExportTraceServiceRequest, OTLP__EXPORT_TRACE_SERVICE_REQUEST__INIT);
	request->n_resource_spans = random_below(r, 4);
	request->resource_spans = random_alloc(r, request->n_resource_spans * sizeof(void *));
	for (size_t i = 0; i < request->n_resource_spans; i++) {
		RANDOM_NEW(r, rs, Otlp__ResourceSpans, OTLP__RESOURCE_SPANS__INIT);
		if (random_below(r, 4) != 0) {
			RANDOM_NEW(r, resource, Otlp__Resource, OTLP__RESOURCE__INIT);
			resource->attributes = random_attributes(r, 8, &resource->n_attributes);
			rs->resource = resource;
		}
		rs->n_scope_spans = random_below(r, 4);
		rs->scope_spans = random_alloc(r, rs->n_scope_spans * sizeof(void *));
		for (size_t k = 0; k < rs->n_scope_spans; k++)
			rs->scope_spans[k] = random_scope_spans(r);
		rs->schema_url = random_text(r);
		request->resource_spans[i] = rs;
	}
	return request;
}

static inline struct slice random_pack(struct random *r, const ProtobufCMessage *m)
{
	size_t n = protobuf_c_message_get_packed_size(m);
	uint8_t *bytes = random_alloc(r, n);

	protobuf_c_message_pack(m, bytes);
	return (struct slice){ (char *)bytes, n };
}

static inline char *random_copy_field(char *out, const struct wire_field *f, const char *end, struct slice content)
{
	if (f->type != WIRE_BYTES) {
		memcpy(out, f->start, (size_t)(end - f->start));
		return out + (end - f->start);
	}
	out += wire_put_varint(out, (uint64_t)f->number << 3 | WIRE_BYTES);
	out += wire_put_varint(out, content.len);
	if (content.len > 0)
		memcpy(out, content.ptr, content.len);
	return out + content.len;
}

/* Below a request: its groups by resource, by scope, and spans. */
#define RANDOM_LEVELS 3

/* The same fields in another order, at this level and those below it: of a group, field 2 is what it holds. */
static inline struct slice random_shuffle(struct random *r, struct slice message, int levels)
{
	struct wire_field fields[128];
	const char *ends[128];
	struct wire_reader reader = wire_reader_of(message);
	size_t n = 0;
	char *out = random_alloc(r, message.len), *at = out;

	while (n < 128 && wire_next(&reader, &fields[n]))
		ends[n++] = reader.at;
	assert(n < 128 && !reader.failed);
	for (size_t i = n; i > 1; i--) {
		size_t k = random_below(r, i);
		struct wire_field f = fields[i - 1];
		const char *end = ends[i - 1];
		fields[i - 1] = fields[k];
		fields[k] = f;
		ends[i - 1] = ends[k];
		ends[k] = end;
	}
	for (size_t i = 0; i < n; i++) {
		bool goes_down = levels > 0 && fields[i].type == WIRE_BYTES &&
				 (levels == RANDOM_LEVELS || fields[i].number == 2);
		struct slice content = goes_down ? random_shuffle(r, fields[i].bytes, levels - 1) : fields[i].bytes;
		at = random_copy_field(at, &fields[i], ends[i], content);
	}
	return (struct slice){ out, (size_t)(at - out) };
}

#endif
