/* SPDX-License-Identifier: Apache-2.0
 * otlp/json_messages.c - the OTLP messages as proto/otlp_*.proto has them, with their JSON keys.
 */
#include "agent/otlp/json_messages.h"

/* clang-format off: one field a line */
#define FIELD(key, number, type) { SLICE_INIT(key), number, JSON_TYPE_##type, false, false, NULL }
#define REPEATED(key, number, type) { SLICE_INIT(key), number, JSON_TYPE_##type, true, false, NULL }
#define MEMBER(key, number, type) { SLICE_INIT(key), number, JSON_TYPE_##type, false, true, NULL }
#define MESSAGE(key, number, message) { SLICE_INIT(key), number, JSON_TYPE_MESSAGE, false, false, &message }
#define MESSAGES(key, number, message) { SLICE_INIT(key), number, JSON_TYPE_MESSAGE, true, false, &message }
#define SLICE_INIT(literal) { literal, sizeof(literal) - 1 }
#define TABLE(fields) { fields, sizeof(fields) / sizeof(fields[0]), false }
#define ONEOF(fields) { fields, sizeof(fields) / sizeof(fields[0]), true }

/* An AnyValue may hold arrays of AnyValues. */
static const struct json_message any_value;

static const struct json_field array_value_fields[] = {
	MESSAGES("values", 1, any_value),
};
static const struct json_message array_value = TABLE(array_value_fields);

static const struct json_field key_value_fields[] = {
	FIELD("key", 1, STRING),
	MESSAGE("value", 2, any_value),
};
static const struct json_message key_value = TABLE(key_value_fields);

static const struct json_field key_value_list_fields[] = {
	MESSAGES("values", 1, key_value),
};
static const struct json_message key_value_list = TABLE(key_value_list_fields);

static const struct json_field any_value_fields[] = {
	MEMBER("stringValue", 1, STRING),
	MEMBER("boolValue", 2, BOOL),
	MEMBER("intValue", 3, INT64),
	MEMBER("doubleValue", 4, DOUBLE),
	MESSAGE("arrayValue", 5, array_value),
	MESSAGE("kvlistValue", 6, key_value_list),
	MEMBER("bytesValue", 7, BYTES),
};
static const struct json_message any_value = ONEOF(any_value_fields);

static const struct json_field entity_ref_fields[] = {
	FIELD("schemaUrl", 1, STRING),
	FIELD("type", 2, STRING),
	REPEATED("idKeys", 3, STRING),
	REPEATED("descriptionKeys", 4, STRING),
};
static const struct json_message entity_ref = TABLE(entity_ref_fields);

static const struct json_field resource_fields[] = {
	MESSAGES("attributes", 1, key_value),
	FIELD("droppedAttributesCount", 2, UINT32),
	MESSAGES("entityRefs", 3, entity_ref),
};
static const struct json_message resource = TABLE(resource_fields);

static const struct json_field instrumentation_scope_fields[] = {
	FIELD("name", 1, STRING),
	FIELD("version", 2, STRING),
	MESSAGES("attributes", 3, key_value),
	FIELD("droppedAttributesCount", 4, UINT32),
};
static const struct json_message instrumentation_scope = TABLE(instrumentation_scope_fields);

static const struct json_field event_fields[] = {
	FIELD("timeUnixNano", 1, FIXED64),
	FIELD("name", 2, STRING),
	MESSAGES("attributes", 3, key_value),
	FIELD("droppedAttributesCount", 4, UINT32),
};
static const struct json_message event = TABLE(event_fields);

static const struct json_field link_fields[] = {
	FIELD("traceId", 1, HEX_ID),
	FIELD("spanId", 2, HEX_ID),
	FIELD("traceState", 3, STRING),
	MESSAGES("attributes", 4, key_value),
	FIELD("droppedAttributesCount", 5, UINT32),
	FIELD("flags", 6, FIXED32),
};
static const struct json_message link = TABLE(link_fields);

static const struct json_field status_fields[] = {
	FIELD("message", 2, STRING),
	FIELD("code", 3, ENUM),
};
static const struct json_message status = TABLE(status_fields);

static const struct json_field span_fields[] = {
	FIELD("traceId", 1, HEX_ID),
	FIELD("spanId", 2, HEX_ID),
	FIELD("traceState", 3, STRING),
	FIELD("parentSpanId", 4, HEX_ID),
	FIELD("name", 5, STRING),
	FIELD("kind", 6, ENUM),
	FIELD("startTimeUnixNano", 7, FIXED64),
	FIELD("endTimeUnixNano", 8, FIXED64),
	MESSAGES("attributes", 9, key_value),
	FIELD("droppedAttributesCount", 10, UINT32),
	MESSAGES("events", 11, event),
	FIELD("droppedEventsCount", 12, UINT32),
	MESSAGES("links", 13, link),
	FIELD("droppedLinksCount", 14, UINT32),
	MESSAGE("status", 15, status),
	FIELD("flags", 16, FIXED32),
};
static const struct json_message span = TABLE(span_fields);

static const struct json_field scope_spans_fields[] = {
	MESSAGE("scope", 1, instrumentation_scope),
	MESSAGES("spans", 2, span),
	FIELD("schemaUrl", 3, STRING),
};
static const struct json_message scope_spans = TABLE(scope_spans_fields);

static const struct json_field resource_spans_fields[] = {
	MESSAGE("resource", 1, resource),
	MESSAGES("scopeSpans", 2, scope_spans),
	FIELD("schemaUrl", 3, STRING),
};
static const struct json_message resource_spans = TABLE(resource_spans_fields);

static const struct json_field export_trace_request_fields[] = {
	MESSAGES("resourceSpans", 1, resource_spans),
};
static const struct json_message export_trace_request = TABLE(export_trace_request_fields);

static const struct json_field exemplar_fields[] = {
	FIELD("timeUnixNano", 2, FIXED64),
	MEMBER("asDouble", 3, DOUBLE),
	MEMBER("asInt", 6, SFIXED64),
	FIELD("spanId", 4, HEX_ID),
	FIELD("traceId", 5, HEX_ID),
	MESSAGES("filteredAttributes", 7, key_value),
};
static const struct json_message exemplar = TABLE(exemplar_fields);

static const struct json_field number_data_point_fields[] = {
	FIELD("startTimeUnixNano", 2, FIXED64),
	FIELD("timeUnixNano", 3, FIXED64),
	MEMBER("asDouble", 4, DOUBLE),
	MEMBER("asInt", 6, SFIXED64),
	MESSAGES("exemplars", 5, exemplar),
	MESSAGES("attributes", 7, key_value),
	FIELD("flags", 8, UINT32),
};
static const struct json_message number_data_point = TABLE(number_data_point_fields);

static const struct json_field gauge_fields[] = {
	MESSAGES("dataPoints", 1, number_data_point),
};
static const struct json_message gauge = TABLE(gauge_fields);

static const struct json_field sum_fields[] = {
	MESSAGES("dataPoints", 1, number_data_point),
	FIELD("aggregationTemporality", 2, ENUM),
	FIELD("isMonotonic", 3, BOOL),
};
static const struct json_message sum = TABLE(sum_fields);

static const struct json_field histogram_data_point_fields[] = {
	FIELD("startTimeUnixNano", 2, FIXED64),
	FIELD("timeUnixNano", 3, FIXED64),
	FIELD("count", 4, FIXED64),
	MEMBER("sum", 5, DOUBLE),
	REPEATED("bucketCounts", 6, FIXED64),
	REPEATED("explicitBounds", 7, DOUBLE),
	MESSAGES("exemplars", 8, exemplar),
	MESSAGES("attributes", 9, key_value),
	FIELD("flags", 10, UINT32),
	MEMBER("min", 11, DOUBLE),
	MEMBER("max", 12, DOUBLE),
};
static const struct json_message histogram_data_point = TABLE(histogram_data_point_fields);

static const struct json_field histogram_fields[] = {
	MESSAGES("dataPoints", 1, histogram_data_point),
	FIELD("aggregationTemporality", 2, ENUM),
};
static const struct json_message histogram = TABLE(histogram_fields);

static const struct json_field buckets_fields[] = {
	FIELD("offset", 1, SINT32),
	REPEATED("bucketCounts", 2, UINT64),
};
static const struct json_message buckets = TABLE(buckets_fields);

static const struct json_field exponential_histogram_data_point_fields[] = {
	MESSAGES("attributes", 1, key_value),
	FIELD("startTimeUnixNano", 2, FIXED64),
	FIELD("timeUnixNano", 3, FIXED64),
	FIELD("count", 4, FIXED64),
	MEMBER("sum", 5, DOUBLE),
	FIELD("scale", 6, SINT32),
	FIELD("zeroCount", 7, FIXED64),
	MESSAGE("positive", 8, buckets),
	MESSAGE("negative", 9, buckets),
	FIELD("flags", 10, UINT32),
	MESSAGES("exemplars", 11, exemplar),
	MEMBER("min", 12, DOUBLE),
	MEMBER("max", 13, DOUBLE),
	FIELD("zeroThreshold", 14, DOUBLE),
};
static const struct json_message exponential_histogram_data_point = TABLE(exponential_histogram_data_point_fields);

static const struct json_field exponential_histogram_fields[] = {
	MESSAGES("dataPoints", 1, exponential_histogram_data_point),
	FIELD("aggregationTemporality", 2, ENUM),
};
static const struct json_message exponential_histogram = TABLE(exponential_histogram_fields);

static const struct json_field value_at_quantile_fields[] = {
	FIELD("quantile", 1, DOUBLE),
	FIELD("value", 2, DOUBLE),
};
static const struct json_message value_at_quantile = TABLE(value_at_quantile_fields);

static const struct json_field summary_data_point_fields[] = {
	FIELD("startTimeUnixNano", 2, FIXED64),
	FIELD("timeUnixNano", 3, FIXED64),
	FIELD("count", 4, FIXED64),
	FIELD("sum", 5, DOUBLE),
	MESSAGES("quantileValues", 6, value_at_quantile),
	MESSAGES("attributes", 7, key_value),
	FIELD("flags", 8, UINT32),
};
static const struct json_message summary_data_point = TABLE(summary_data_point_fields);

static const struct json_field summary_fields[] = {
	MESSAGES("dataPoints", 1, summary_data_point),
};
static const struct json_message summary = TABLE(summary_fields);

static const struct json_field metric_fields[] = {
	FIELD("name", 1, STRING),
	FIELD("description", 2, STRING),
	FIELD("unit", 3, STRING),
	MESSAGE("gauge", 5, gauge),
	MESSAGE("sum", 7, sum),
	MESSAGE("histogram", 9, histogram),
	MESSAGE("exponentialHistogram", 10, exponential_histogram),
	MESSAGE("summary", 11, summary),
	MESSAGES("metadata", 12, key_value),
};
static const struct json_message metric = TABLE(metric_fields);

static const struct json_field scope_metrics_fields[] = {
	MESSAGE("scope", 1, instrumentation_scope),
	MESSAGES("metrics", 2, metric),
	FIELD("schemaUrl", 3, STRING),
};
static const struct json_message scope_metrics = TABLE(scope_metrics_fields);

static const struct json_field resource_metrics_fields[] = {
	MESSAGE("resource", 1, resource),
	MESSAGES("scopeMetrics", 2, scope_metrics),
	FIELD("schemaUrl", 3, STRING),
};
static const struct json_message resource_metrics = TABLE(resource_metrics_fields);

static const struct json_field export_metrics_request_fields[] = {
	MESSAGES("resourceMetrics", 1, resource_metrics),
};
static const struct json_message export_metrics_request = TABLE(export_metrics_request_fields);

static const struct json_field log_record_fields[] = {
	FIELD("timeUnixNano", 1, FIXED64),
	FIELD("severityNumber", 2, ENUM),
	FIELD("severityText", 3, STRING),
	MESSAGE("body", 5, any_value),
	MESSAGES("attributes", 6, key_value),
	FIELD("droppedAttributesCount", 7, UINT32),
	FIELD("flags", 8, FIXED32),
	FIELD("traceId", 9, HEX_ID),
	FIELD("spanId", 10, HEX_ID),
	FIELD("observedTimeUnixNano", 11, FIXED64),
	FIELD("eventName", 12, STRING),
};
static const struct json_message log_record = TABLE(log_record_fields);

static const struct json_field scope_logs_fields[] = {
	MESSAGE("scope", 1, instrumentation_scope),
	MESSAGES("logRecords", 2, log_record),
	FIELD("schemaUrl", 3, STRING),
};
static const struct json_message scope_logs = TABLE(scope_logs_fields);

static const struct json_field resource_logs_fields[] = {
	MESSAGE("resource", 1, resource),
	MESSAGES("scopeLogs", 2, scope_logs),
	FIELD("schemaUrl", 3, STRING),
};
static const struct json_message resource_logs = TABLE(resource_logs_fields);

static const struct json_field export_logs_request_fields[] = {
	MESSAGES("resourceLogs", 1, resource_logs),
};
static const struct json_message export_logs_request = TABLE(export_logs_request_fields);

const struct json_message *const json_requests[SIGNAL_COUNT] = {
	[SIGNAL_TRACES] = &export_trace_request,
	[SIGNAL_METRICS] = &export_metrics_request,
	[SIGNAL_LOGS] = &export_logs_request,
};
