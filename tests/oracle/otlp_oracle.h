/* SPDX-License-Identifier: Apache-2.0
 * protobuf-c as the oracle: what the walker hands over must be what protobuf-c unpacks from the same bytes.
 *
 * A walk is given one of the oracle_*_visit functions and a struct oracle over the unpacked request; afterwards
 * oracle.difference is NULL where both agree. Documented differences, all of them on purpose:
 *   - protobuf-c hands strings over without their length: text behind a NUL is not compared.
 *   - protobuf-c merges a second scope so that an empty member keeps the first one's, and a second status so that the
 *     first one's code is lost; the walker takes the last occurrence of each member, as the protobuf specification
 * says. Scope members that the walker sees as empty, and statuses in more than one piece, are not compared.
 *   - of an attribute value in two pieces protobuf-c loses the first one where the second is empty; the walker keeps it,
 * as the specification says. Values that protobuf-c calls unset are not compared.
 *   - the walker calls a span with ids of the wrong length defective; protobuf-c does not mind.
 *   - protobuf-c lets field number 0 pass where its tag is longer than it need be; bytes that may hold one are not
 * compared.
 *   - protobuf-c reads a bool of any wire type; the walker refuses the attribute value.
 *   - the walker does not look into what it does not read (links, exemplars, buckets, nested arrays), so it accepts
 *     some requests that protobuf-c refuses.
 */
#ifndef PLIMSOLL_TESTS_OTLP_ORACLE_H
#define PLIMSOLL_TESTS_OTLP_ORACLE_H

#include "agent/otlp/walk.h"
#include "agent/span/batch.h"
#include "proto/otlp_logs.pb-c.h"
#include "proto/otlp_metrics.pb-c.h"
#include "proto/otlp_trace.pb-c.h"

struct oracle {
	const Otlp__ExportTraceServiceRequest *traces;
	const Otlp__ExportLogsServiceRequest *logs;
	const Otlp__ExportMetricsServiceRequest *metrics;
	size_t group, scope, item, point; /* the next one to be visited */
	const char *difference;
};

/* True where the walker's complaint may be about a bool of another wire type. */
static inline bool oracle_may_be_odd_bool(const char *why)
{
	return why != NULL && strcmp(why, "an attribute value has a member of the wrong type") == 0;
}

static inline bool oracle_text(struct slice s, const char *text)
{
	size_t n = strlen(text);

	return strnlen(s.len > 0 ? s.ptr : "", s.len) == n && (n == 0 || memcmp(s.ptr, text, n) == 0);
}

static inline bool oracle_bytes(struct slice s, ProtobufCBinaryData data)
{
	return slice_equal(s, (struct slice){ (const char *)data.data, data.len });
}

static inline bool oracle_attribute(const struct attribute *a, const Otlp__KeyValue *kv);

static inline bool oracle_array(struct slice bytes, const Otlp__ArrayValue *array);
static inline bool oracle_kvlist(struct slice bytes, const Otlp__KeyValueList *list);

static inline bool oracle_value(const struct any_value *v, const Otlp__AnyValue *o)
{
	if (o == NULL)
		return v->kind == ANY_NONE;
	if (o->value_case == OTLP__ANY_VALUE__VALUE__NOT_SET)
		return true;
	if ((int)v->kind != (int)o->value_case)
		return false;
	switch (v->kind) {
	case ANY_STRING:
		return oracle_text(v->bytes, o->string_value);
	case ANY_BOOL:
		return v->boolean == (o->bool_value != 0);
	case ANY_INT:
		return v->integer == o->int_value;
	case ANY_DOUBLE:
		return memcmp(&v->real, &o->double_value, sizeof(double)) == 0;
	case ANY_ARRAY:
		return oracle_array(v->bytes, o->array_value);
	case ANY_KVLIST:
		return oracle_kvlist(v->bytes, o->kvlist_value);
	case ANY_BYTES:
		return oracle_bytes(v->bytes, o->bytes_value);
	default:
		return true;
	}
}

/* Whether an array or list ended at an element with a bool of another wire type. */
static inline bool oracle_ends_at_odd_bool(struct wire_reader rest, bool is_list)
{
	struct wire_field f;
	struct any_value v;
	struct attribute a;

	while (wire_next(&rest, &f))
		if (f.number == 1)
			return oracle_may_be_odd_bool(
				(is_list ? attribute_read(f.bytes, &a) : any_value_read(f.bytes, &v)).why);
	return false;
}

static inline bool oracle_array(struct slice bytes, const Otlp__ArrayValue *array)
{
	struct wire_reader r = wire_reader_of(bytes), before = r;
	struct any_value v;
	size_t n = 0;

	for (; any_array_next(&r, &v); before = r)
		if (n == array->n_values || !oracle_value(&v, array->values[n++]))
			return false;
	return n == array->n_values || oracle_ends_at_odd_bool(before, false);
}

static inline bool oracle_kvlist(struct slice bytes, const Otlp__KeyValueList *list)
{
	struct wire_reader r = wire_reader_of(bytes), before = r;
	struct attribute a;
	size_t n = 0;

	for (; any_kvlist_next(&r, &a); before = r)
		if (n == list->n_values || !oracle_attribute(&a, list->values[n++]))
			return false;
	return n == list->n_values || oracle_ends_at_odd_bool(before, true);
}

static inline bool oracle_attribute(const struct attribute *a, const Otlp__KeyValue *kv)
{
	return oracle_text(a->key, kv->key) && oracle_value(&a->value, kv->value);
}

static inline bool oracle_attributes(struct attributes a, Otlp__KeyValue *const *kvs, size_t n)
{
	if (a.count != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!oracle_attribute(&a.items[i], kvs[i]))
			return false;
	return true;
}

static inline bool oracle_resource(const struct resource_view *r, const Otlp__Resource *o)
{
	return o == NULL ? r->attributes.count == 0 : oracle_attributes(r->attributes, o->attributes, o->n_attributes);
}

static inline bool oracle_scope(const struct scope_view *s, const Otlp__InstrumentationScope *o)
{
	if (o == NULL)
		return s->name.len == 0 && s->version.len == 0 && s->attributes.count == 0;
	return (s->name.len == 0 || oracle_text(s->name, o->name)) &&
	       (s->version.len == 0 || oracle_text(s->version, o->version)) &&
	       oracle_attributes(s->attributes, o->attributes, o->n_attributes);
}

static inline bool oracle_events(const struct span_view *s, const Otlp__Span *o)
{
	if (s->event_count != o->n_events)
		return false;
	for (size_t i = 0; i < o->n_events; i++) {
		const struct event_view *e = &s->events[i];
		const Otlp__Span__Event *oe = o->events[i];
		if (e->time_unix_ns != oe->time_unix_nano || !oracle_text(e->name, oe->name) ||
		    !oracle_attributes(e->attributes, oe->attributes, oe->n_attributes))
			return false;
	}
	return true;
}

static inline bool oracle_is_zero(ProtobufCBinaryData data)
{
	for (size_t i = 0; i < data.len; i++)
		if (data.data[i] != 0)
			return false;
	return true;
}

/* What the walker says about ids: an optional one that is all zeros counts as absent. */
static inline bool oracle_optional_id(struct slice id, ProtobufCBinaryData data)
{
	return id.len == 0 ? oracle_is_zero(data) : oracle_bytes(id, data);
}

static inline bool oracle_span_ids_are_sound(const Otlp__Span *o)
{
	return o->trace_id.len == 16 && !oracle_is_zero(o->trace_id) && o->span_id.len == 8 &&
	       !oracle_is_zero(o->span_id) && (o->parent_span_id.len == 0 || o->parent_span_id.len == 8);
}

static inline bool oracle_status(const struct span_view *s, const Otlp__Status *o)
{
	struct wire_reader r = wire_reader_of(s->wire);
	struct wire_field f;
	int pieces = 0;

	while (wire_next(&r, &f))
		pieces += f.number == 15;
	if (pieces > 1)
		return true;
	if (o == NULL)
		return s->status_code == 0 && s->status_message.len == 0;
	return s->status_code == (uint32_t)o->code && oracle_text(s->status_message, o->message);
}

static inline const char *oracle_span(const struct span_view *s, const Otlp__Span *o)
{
	if (oracle_may_be_odd_bool(s->defect))
		return NULL;
	if (!oracle_bytes(s->trace_id, o->trace_id) || !oracle_bytes(s->span_id, o->span_id) ||
	    !oracle_optional_id(s->parent_span_id, o->parent_span_id))
		return "ids of a span";
	if ((s->defect == NULL) != oracle_span_ids_are_sound(o))
		return "soundness of a span";
	if (!oracle_text(s->name, o->name) || s->kind != (uint32_t)o->kind ||
	    s->start_unix_ns != o->start_time_unix_nano || s->end_unix_ns != o->end_time_unix_nano)
		return "name, kind or times of a span";
	if (!oracle_status(s, o->status))
		return "status of a span";
	if (!oracle_attributes(s->attributes, o->attributes, o->n_attributes))
		return "attributes of a span";
	return oracle_events(s, o) ? NULL : "events of a span";
}

/* Moves to the next span; NULL behind the last one. */
static inline const Otlp__Span *oracle_next_span(struct oracle *o, const Otlp__ResourceSpans **rs,
						 const Otlp__ScopeSpans **ss)
{
	for (; o->group < o->traces->n_resource_spans; o->group++, o->scope = 0) {
		*rs = o->traces->resource_spans[o->group];
		for (; o->scope < (*rs)->n_scope_spans; o->scope++, o->item = 0) {
			*ss = (*rs)->scope_spans[o->scope];
			if (o->item < (*ss)->n_spans)
				return (*ss)->spans[o->item++];
		}
	}
	return NULL;
}

static inline struct status oracle_span_visit(void *context, const struct span_view *s, struct attribute_writer *added)
{
	struct oracle *o = context;
	const Otlp__ResourceSpans *rs;
	const Otlp__ScopeSpans *ss;
	const Otlp__Span *span = oracle_next_span(o, &rs, &ss);

	(void)added;
	if (o->difference != NULL)
		return OK;
	if (span == NULL)
		o->difference = "number of spans";
	else if (!oracle_resource(s->resource, rs->resource))
		o->difference = "resource of a span";
	else if (!oracle_scope(s->scope, ss->scope))
		o->difference = "scope of a span";
	else
		o->difference = oracle_span(s, span);
	return OK;
}

static inline const Otlp__LogRecord *oracle_next_log(struct oracle *o, const Otlp__ResourceLogs **rl,
						     const Otlp__ScopeLogs **sl)
{
	for (; o->group < o->logs->n_resource_logs; o->group++, o->scope = 0) {
		*rl = o->logs->resource_logs[o->group];
		for (; o->scope < (*rl)->n_scope_logs; o->scope++, o->item = 0) {
			*sl = (*rl)->scope_logs[o->scope];
			if (o->item < (*sl)->n_log_records)
				return (*sl)->log_records[o->item++];
		}
	}
	return NULL;
}

static inline bool oracle_id_fits(ProtobufCBinaryData id, size_t length)
{
	return oracle_is_zero(id) || id.len == length;
}

static inline const char *oracle_log(const struct log_view *l, const Otlp__LogRecord *o)
{
	if (oracle_may_be_odd_bool(l->defect))
		return NULL;
	if ((l->defect == NULL) != (oracle_id_fits(o->trace_id, 16) && oracle_id_fits(o->span_id, 8)))
		return "soundness of a log record";
	if (l->time_unix_ns != o->time_unix_nano || l->observed_unix_ns != o->observed_time_unix_nano ||
	    l->severity != (uint32_t)o->severity_number || !oracle_text(l->event_name, o->event_name))
		return "times, severity or name of a log record";
	if (!oracle_optional_id(l->trace_id, o->trace_id) || !oracle_optional_id(l->span_id, o->span_id))
		return "ids of a log record";
	if (!oracle_value(&l->body, o->body))
		return "body of a log record";
	return oracle_attributes(l->attributes, o->attributes, o->n_attributes) ? NULL : "attributes of a log record";
}

static inline struct status oracle_log_visit(void *context, const struct log_view *l)
{
	struct oracle *o = context;
	const Otlp__ResourceLogs *rl;
	const Otlp__ScopeLogs *sl;
	const Otlp__LogRecord *record = oracle_next_log(o, &rl, &sl);

	if (o->difference != NULL)
		return OK;
	if (record == NULL)
		o->difference = "number of log records";
	else if (!oracle_resource(l->resource, rl->resource) || !oracle_scope(l->scope, sl->scope))
		o->difference = "resource or scope of a log record";
	else
		o->difference = oracle_log(l, record);
	return OK;
}

/* The i-th data point of a metric, as a view. False behind the last one. */
static inline bool oracle_point_at(const Otlp__Metric *m, size_t i, struct point_view *v, Otlp__KeyValue ***kvs)
{
#define NUMBERS(list)                                                                                                  \
	do {                                                                                                           \
		if (i >= (list)->n_data_points)                                                                        \
			return false;                                                                                  \
		const Otlp__NumberDataPoint *p = (list)->data_points[i];                                               \
		v->has_value = p->value_case != 0;                                                                     \
		v->value = p->value_case == OTLP__NUMBER_DATA_POINT__VALUE_AS_INT ? (double)p->as_int                  \
			   : p->value_case != 0                                   ? p->as_double                       \
										  : 0;                                                                   \
		COMMON(p);                                                                                             \
	} while (0)
#define HISTOGRAMS(list, known)                                                                                        \
	do {                                                                                                           \
		if (i >= (list)->n_data_points)                                                                        \
			return false;                                                                                  \
		COMMON((list)->data_points[i]);                                                                        \
		v->has_value = (list)->data_points[i]->known;                                                          \
		v->sum = v->has_value ? (list)->data_points[i]->sum : 0;                                               \
		v->count = (list)->data_points[i]->count;                                                              \
	} while (0)
#define COMMON(p)                                                                                                      \
	do {                                                                                                           \
		v->start_unix_ns = (p)->start_time_unix_nano;                                                          \
		v->time_unix_ns = (p)->time_unix_nano;                                                                 \
		v->attributes.count = (p)->n_attributes;                                                               \
		*kvs = (p)->attributes;                                                                                \
	} while (0)
	*v = (struct point_view){ .metric_kind = (uint32_t)m->data_case };
	switch (m->data_case) {
	case OTLP__METRIC__DATA_GAUGE:
		NUMBERS(m->gauge);
		return true;
	case OTLP__METRIC__DATA_SUM:
		NUMBERS(m->sum);
		v->temporality = (uint32_t)m->sum->aggregation_temporality;
		return true;
	case OTLP__METRIC__DATA_HISTOGRAM:
		HISTOGRAMS(m->histogram, has_sum_case);
		v->temporality = (uint32_t)m->histogram->aggregation_temporality;
		return true;
	case OTLP__METRIC__DATA_EXPONENTIAL_HISTOGRAM:
		HISTOGRAMS(m->exponential_histogram, has_sum_case);
		v->temporality = (uint32_t)m->exponential_histogram->aggregation_temporality;
		return true;
	case OTLP__METRIC__DATA_SUMMARY:
		HISTOGRAMS(m->summary, sum != 0);
		return true;
	default:
		return false;
	}
#undef NUMBERS
#undef HISTOGRAMS
#undef COMMON
}

static inline bool oracle_same_double(double a, double b)
{
	return memcmp(&a, &b, sizeof(a)) == 0 || (a == 0 && b == 0);
}

static inline const char *oracle_point(const struct point_view *p, const struct point_view *want, const Otlp__Metric *m,
				       Otlp__KeyValue *const *kvs)
{
	bool is_summary =
		m->data_case == OTLP__METRIC__DATA_SUMMARY; /* whether its sum was sent, protobuf-c cannot say */

	if (oracle_may_be_odd_bool(p->defect))
		return NULL;
	if (!oracle_text(p->metric, m->name) || !oracle_text(p->unit, m->unit) || p->metric_kind != want->metric_kind)
		return "name, unit or kind of a metric";
	if (p->defect != NULL)
		return "soundness of a data point";
	if (p->temporality != want->temporality || p->start_unix_ns != want->start_unix_ns ||
	    p->time_unix_ns != want->time_unix_ns || p->count != want->count)
		return "times, temporality or count of a data point";
	if ((!is_summary && p->has_value != want->has_value) || !oracle_same_double(p->value, want->value) ||
	    !oracle_same_double(p->sum, want->sum))
		return "value of a data point";
	return oracle_attributes(p->attributes, kvs, want->attributes.count) ? NULL : "attributes of a data point";
}

struct oracle_point_place {
	const Otlp__ResourceMetrics *rm;
	const Otlp__ScopeMetrics *sm;
	const Otlp__Metric *metric;
	struct point_view want;
	Otlp__KeyValue **kvs;
};

static inline bool oracle_next_point(struct oracle *o, struct oracle_point_place *at)
{
	for (; o->group < o->metrics->n_resource_metrics; o->group++, o->scope = 0) {
		at->rm = o->metrics->resource_metrics[o->group];
		for (; o->scope < at->rm->n_scope_metrics; o->scope++, o->item = 0) {
			at->sm = at->rm->scope_metrics[o->scope];
			for (; o->item < at->sm->n_metrics; o->item++, o->point = 0) {
				at->metric = at->sm->metrics[o->item];
				if (oracle_point_at(at->metric, o->point++, &at->want, &at->kvs))
					return true;
			}
		}
	}
	return false;
}

static inline struct status oracle_point_visit(void *context, const struct point_view *p)
{
	struct oracle *o = context;
	struct oracle_point_place at;

	if (o->difference != NULL)
		return OK;
	if (!oracle_next_point(o, &at))
		o->difference = "number of data points";
	else if (!oracle_resource(p->resource, at.rm->resource) || !oracle_scope(p->scope, at.sm->scope))
		o->difference = "resource or scope of a data point";
	else
		o->difference = oracle_point(p, &at.want, at.metric, at.kvs);
	return OK;
}

/* After a walk: whether everything was visited. */
static inline const char *oracle_finish_traces(struct oracle *o)
{
	const Otlp__ResourceSpans *rs;
	const Otlp__ScopeSpans *ss;

	if (o->difference == NULL && oracle_next_span(o, &rs, &ss) != NULL)
		o->difference = "spans that were not visited";
	return o->difference;
}

static inline const char *oracle_finish_logs(struct oracle *o)
{
	const Otlp__ResourceLogs *rl;
	const Otlp__ScopeLogs *sl;

	if (o->difference == NULL && oracle_next_log(o, &rl, &sl) != NULL)
		o->difference = "log records that were not visited";
	return o->difference;
}

static inline const char *oracle_finish_metrics(struct oracle *o)
{
	struct oracle_point_place at;

	if (o->difference == NULL && oracle_next_point(o, &at))
		o->difference = "data points that were not visited";
	return o->difference;
}

/* Whether a tag of field 0 in more than one byte may be among the bytes. */
static inline bool oracle_may_have_field_zero(struct slice wire)
{
	for (size_t i = 0; i + 1 < wire.len; i++) {
		size_t k = i;
		if (((unsigned char)wire.ptr[i] & 0xf8) != 0x80)
			continue;
		while (k + 1 < wire.len && (unsigned char)wire.ptr[k + 1] == 0x80)
			k++;
		if (k + 1 < wire.len && wire.ptr[k + 1] == 0)
			return true;
	}
	return false;
}

/* What a walker makes of the bytes, next to what protobuf-c does. */
struct verdict {
	bool walker_accepts, oracle_accepts;
	const char *difference; /* NULL where both accept and agree, or one of them refuses */
};

static inline struct verdict oracle_compare(struct slice wire, enum signal signal, struct arena *a)
{
	const uint8_t *bytes = (const uint8_t *)wire.ptr;
	struct verdict v;
	struct oracle o = { 0 };
	struct status s;

	switch (signal) {
	case SIGNAL_TRACES: {
		Otlp__ExportTraceServiceRequest *request =
			otlp__export_trace_service_request__unpack(NULL, wire.len, bytes);
		static const Otlp__ExportTraceServiceRequest none = OTLP__EXPORT_TRACE_SERVICE_REQUEST__INIT;
		o.traces = request != NULL ? request : &none;
		s = walk_traces(wire, a, NULL, oracle_span_visit, &o);
		v = (struct verdict){ !FAILED(s), request != NULL, oracle_finish_traces(&o) };
		if (request != NULL)
			otlp__export_trace_service_request__free_unpacked(request, NULL);
		break;
	}
	case SIGNAL_LOGS: {
		Otlp__ExportLogsServiceRequest *request =
			otlp__export_logs_service_request__unpack(NULL, wire.len, bytes);
		static const Otlp__ExportLogsServiceRequest none = OTLP__EXPORT_LOGS_SERVICE_REQUEST__INIT;
		o.logs = request != NULL ? request : &none;
		s = walk_logs(wire, a, oracle_log_visit, &o);
		v = (struct verdict){ !FAILED(s), request != NULL, oracle_finish_logs(&o) };
		if (request != NULL)
			otlp__export_logs_service_request__free_unpacked(request, NULL);
		break;
	}
	default: {
		Otlp__ExportMetricsServiceRequest *request =
			otlp__export_metrics_service_request__unpack(NULL, wire.len, bytes);
		static const Otlp__ExportMetricsServiceRequest none = OTLP__EXPORT_METRICS_SERVICE_REQUEST__INIT;
		o.metrics = request != NULL ? request : &none;
		s = walk_metrics(wire, a, oracle_point_visit, &o);
		v = (struct verdict){ !FAILED(s), request != NULL, oracle_finish_metrics(&o) };
		if (request != NULL)
			otlp__export_metrics_service_request__free_unpacked(request, NULL);
	}
	}
	if (oracle_may_be_odd_bool(s.why) || (v.oracle_accepts && oracle_may_have_field_zero(wire)))
		v.oracle_accepts = false;
	if (!v.walker_accepts || !v.oracle_accepts)
		v.difference = NULL;
	return v;
}

#endif
