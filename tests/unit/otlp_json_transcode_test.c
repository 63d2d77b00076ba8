/* SPDX-License-Identifier: Apache-2.0
 * OTLP/JSON becomes the bytes that protobuf-c would pack.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "agent/otlp/json_transcode.h"
#include "proto/otlp_logs.pb-c.h"
#include "proto/otlp_metrics.pb-c.h"
#include "proto/otlp_trace.pb-c.h"
#include "tests/oracle/corpus.h"

#define LIMIT (1u << 20)

/* Wraps the fields of one span, log record or metric into a request. */
#define SPAN(fields)   "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{" fields "}]}]}]}"
#define LOG(fields)    "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{" fields "}]}]}]}"
#define METRIC(fields) "{\"resourceMetrics\":[{\"scopeMetrics\":[{\"metrics\":[{" fields "}]}]}]}"

static const ProtobufCMessageDescriptor *const requests[SIGNAL_COUNT] = {
	[SIGNAL_TRACES] = &otlp__export_trace_service_request__descriptor,
	[SIGNAL_METRICS] = &otlp__export_metrics_service_request__descriptor,
	[SIGNAL_LOGS] = &otlp__export_logs_service_request__descriptor,
};

/* Transcodes, unpacks, and checks that packing again takes as many bytes: nothing unknown, nothing too long. */
static ProtobufCMessage *transcode(struct slice json, enum signal signal)
{
	struct buf out = BUF_INIT;
	char where[40] = "";
	struct status s = json_to_wire(json, signal, LIMIT, &out, where);

	if (FAILED(s))
		fail_msg("%s at %s", s.why, where);
	ProtobufCMessage *m = protobuf_c_message_unpack(requests[signal], NULL, out.len, (const uint8_t *)out.ptr);
	assert_non_null(m);
	assert_int_equal(protobuf_c_message_get_packed_size(m), out.len);
	assert_int_equal(m->n_unknown_fields, 0);
	buf_release(&out);
	return m;
}

static Otlp__Span *span_of(const ProtobufCMessage *m)
{
	return ((const Otlp__ExportTraceServiceRequest *)m)->resource_spans[0]->scope_spans[0]->spans[0];
}

static Otlp__LogRecord *log_of(const ProtobufCMessage *m)
{
	return ((const Otlp__ExportLogsServiceRequest *)m)->resource_logs[0]->scope_logs[0]->log_records[0];
}

static Otlp__Metric *metric_of(const ProtobufCMessage *m)
{
	return ((const Otlp__ExportMetricsServiceRequest *)m)->resource_metrics[0]->scope_metrics[0]->metrics[0];
}

static void a_span_comes_out_whole(void **state)
{
	ProtobufCMessage *m = transcode(
		SLICE(SPAN(
			"\"traceId\":\"5B8EFFF798038103d269b633813fc60c\",\"spanId\":\"eee19b7ec3c1b174\","
			"\"parentSpanId\":\"\",\"name\":\"chat\",\"kind\":3,\"startTimeUnixNano\":"
			"\"1544712660000000000\","
			"\"endTimeUnixNano\":1544712661000000000,\"flags\":257,\"droppedAttributesCount\":2,"
			"\"attributes\":[{\"key\":\"a\",\"value\":{\"intValue\":\"-7\"}},{\"key\":\"b\",\"value\":{}}],"
			"\"events\":[{\"timeUnixNano\":\"5\",\"name\":\"e\",\"attributes\":[]}],"
			"\"links\":[{\"traceId\":\"00000000000000000000000000000001\",\"spanId\":\"0000000000000002\"}]"
			","
			"\"status\":{\"code\":2,\"message\":\"rate limit\"}")),
		SIGNAL_TRACES);
	const Otlp__Span *s = span_of(m);

	(void)state;
	assert_int_equal(s->trace_id.len, 16);
	assert_memory_equal(s->trace_id.data, "\x5b\x8e\xff\xf7\x98\x03\x81\x03\xd2\x69\xb6\x33\x81\x3f\xc6\x0c", 16);
	assert_int_equal(s->span_id.len, 8);
	assert_int_equal(s->parent_span_id.len, 0);
	assert_string_equal(s->name, "chat");
	assert_int_equal(s->kind, 3);
	assert_true(s->start_time_unix_nano == UINT64_C(1544712660000000000));
	assert_true(s->end_time_unix_nano == UINT64_C(1544712661000000000));
	assert_int_equal(s->flags, 257);
	assert_int_equal(s->dropped_attributes_count, 2);
	assert_int_equal(s->n_attributes, 2);
	assert_int_equal(s->attributes[0]->value->int_value, -7);
	assert_int_equal(s->attributes[1]->value->value_case, OTLP__ANY_VALUE__VALUE__NOT_SET);
	assert_int_equal(s->events[0]->time_unix_nano, 5);
	assert_int_equal(s->links[0]->span_id.data[7], 2);
	assert_int_equal(s->status->code, 2);
	protobuf_c_message_free_unpacked(m, NULL);
}

static void every_kind_of_value_comes_out(void **state)
{
	ProtobufCMessage *m = transcode(
		SLICE(LOG("\"severityNumber\":9,\"severityText\":\"Info\",\"eventName\":\"gen_ai.evaluation.result\","
			  "\"body\":"
			  "{\"kvlistValue\":{\"values\":["
			  "{\"key\":\"s\",\"value\":{\"stringValue\":\"\\u00e9\\n\\ud83d\\ude00\"}},"
			  "{\"key\":\"empty\",\"value\":{\"stringValue\":\"\"}},"
			  "{\"key\":\"b\",\"value\":{\"boolValue\":false}},"
			  "{\"key\":\"i\",\"value\":{\"intValue\":0}},"
			  "{\"key\":\"d\",\"value\":{\"doubleValue\":\"-Infinity\"}},"
			  "{\"key\":\"a\",\"value\":{\"arrayValue\":{\"values\":[null,{\"doubleValue\":0.5}]}}},"
			  "{\"key\":\"y\",\"value\":{\"bytesValue\":\"AP-_\"}}]}}")),
		SIGNAL_LOGS);
	const Otlp__LogRecord *l = log_of(m);
	Otlp__KeyValue *const *v = l->body->kvlist_value->values;

	(void)state;
	assert_string_equal(l->event_name, "gen_ai.evaluation.result");
	assert_int_equal(l->severity_number, 9);
	assert_int_equal(l->body->kvlist_value->n_values, 7);
	assert_string_equal(v[0]->value->string_value, "\xc3\xa9\n\xf0\x9f\x98\x80");
	assert_int_equal(v[1]->value->value_case, OTLP__ANY_VALUE__VALUE_STRING_VALUE); /* set, though empty */
	assert_int_equal(v[2]->value->value_case, OTLP__ANY_VALUE__VALUE_BOOL_VALUE);
	assert_int_equal(v[3]->value->value_case, OTLP__ANY_VALUE__VALUE_INT_VALUE);
	assert_true(v[4]->value->double_value < -1e308);
	assert_int_equal(v[5]->value->array_value->n_values, 2);
	assert_int_equal(v[5]->value->array_value->values[0]->value_case, OTLP__ANY_VALUE__VALUE__NOT_SET);
	assert_true(v[5]->value->array_value->values[1]->double_value == 0.5);
	assert_int_equal(v[6]->value->bytes_value.len, 3);
	assert_memory_equal(v[6]->value->bytes_value.data, "\x00\xff\xbf", 3);
	protobuf_c_message_free_unpacked(m, NULL);
}

static void metrics_come_out_whole(void **state)
{
	ProtobufCMessage *m = transcode(
		SLICE(METRIC(
			"\"name\":\"h\",\"unit\":\"s\",\"histogram\":{\"aggregationTemporality\":2,\"dataPoints\":[{"
			"\"count\":\"3\",\"sum\":0,\"bucketCounts\":[\"1\",2,\"0\"],\"explicitBounds\":[0.5,1],\"max\":"
			"2,"
			"\"exemplars\":[{\"asInt\":\"-1\",\"traceId\":\"0123456789abcdef0123456789abcdef\"}]}]}")),
		SIGNAL_METRICS);
	const Otlp__HistogramDataPoint *p = metric_of(m)->histogram->data_points[0];

	(void)state;
	assert_int_equal(metric_of(m)->histogram->aggregation_temporality, OTLP__AGGREGATION_TEMPORALITY__CUMULATIVE);
	assert_int_equal(p->count, 3);
	assert_int_equal(p->has_sum_case, OTLP__HISTOGRAM_DATA_POINT__HAS_SUM_SUM); /* optional: set, though zero */
	assert_int_equal(p->has_min_case, 0);
	assert_int_equal(p->n_bucket_counts, 3);
	assert_int_equal(p->bucket_counts[1], 2);
	assert_true(p->explicit_bounds[1] == 1.0);
	assert_int_equal(p->exemplars[0]->as_int, -1);
	protobuf_c_message_free_unpacked(m, NULL);

	m = transcode(
		SLICE(METRIC(
			"\"name\":\"x\",\"exponentialHistogram\":{\"dataPoints\":[{\"scale\":-3,\"positive\":"
			"{\"offset\":-2147483648,\"bucketCounts\":[\"18446744073709551615\"]},\"negative\":{}}]}")),
		SIGNAL_METRICS);
	const Otlp__ExponentialHistogramDataPoint *x = metric_of(m)->exponential_histogram->data_points[0];
	assert_int_equal(x->scale, -3);
	assert_int_equal(x->positive->offset, INT32_MIN);
	assert_true(x->positive->bucket_counts[0] == UINT64_MAX);
	assert_non_null(x->negative);
	protobuf_c_message_free_unpacked(m, NULL);
}

static void unknown_keys_nulls_and_defaults_leave_nothing(void **state)
{
	static const char *const empty[] = {
		"{}",
		"{\"resource_spans\":[{}]}", /* snake case is unknown */
		"{\"resourceSpans\":null}",
		"{\"resourceSpans\":[]}",
		"{\"x\":{\"resourceSpans\":[{}]}}",
	};
	struct buf out = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++) {
		assert_false(FAILED(json_to_wire(slice_of(empty[i]), SIGNAL_TRACES, LIMIT, &out, NULL)));
		assert_int_equal(out.len, 0);
	}
	assert_false(
		FAILED(json_to_wire(SLICE(SPAN("\"name\":\"\",\"kind\":0,\"startTimeUnixNano\":\"0\",\"status\":null")),
				    SIGNAL_TRACES, LIMIT, &out, NULL)));
	assert_true(slice_equal(buf_view(&out), SLICE("\x0a\x04\x12\x02\x12\x00")));
	buf_release(&out);
}

static void an_escaped_key_is_the_key(void **state)
{
	ProtobufCMessage *m = transcode(SLICE(SPAN("\"n\\u0061me\":\"x\"")), SIGNAL_TRACES);

	(void)state;
	assert_string_equal(span_of(m)->name, "x");
	protobuf_c_message_free_unpacked(m, NULL);
}

static void whole_numbers_may_look_like_doubles(void **state)
{
	ProtobufCMessage *m =
		transcode(SLICE(SPAN("\"startTimeUnixNano\":1.5e3,\"droppedLinksCount\":\"4.0\"")), SIGNAL_TRACES);

	(void)state;
	assert_int_equal(span_of(m)->start_time_unix_nano, 1500);
	assert_int_equal(span_of(m)->dropped_links_count, 4);
	protobuf_c_message_free_unpacked(m, NULL);
}

static void wrong_shapes_are_refused_with_their_place(void **state)
{
	static const char *const wrong[] = {
		"",
		"null",
		"[]",
		"{\"resourceSpans\":{}}",
		"{} {}",
		"{\"resourceSpans\":[{}",
		SPAN("\"traceId\":\"xyz0\""),
		SPAN("\"traceId\":\"abc\""),
		SPAN("\"traceId\":12"),
		SPAN("\"name\":5"),
		SPAN("\"kind\":\"SPAN_KIND_CLIENT\""), /* enums are numbers */
		SPAN("\"kind\":\"3\""),
		SPAN("\"kind\":3.5"),
		SPAN("\"kind\":3000000000"),
		SPAN("\"flags\":-1"),
		SPAN("\"flags\":4294967296"),
		SPAN("\"startTimeUnixNano\":\"-1\""),
		SPAN("\"startTimeUnixNano\":\"18446744073709551616\""),
		SPAN("\"startTimeUnixNano\":\"\""),
		SPAN("\"startTimeUnixNano\":\"soon\""),
		SPAN("\"attributes\":[{\"key\":\"k\",\"value\":{\"intValue\":9223372036854775808}}]"),
		SPAN("\"attributes\":[{\"key\":\"k\",\"value\":{\"intValue\":0.5}}]"),
		SPAN("\"attributes\":[{\"key\":\"k\",\"value\":{\"boolValue\":1}}]"),
		SPAN("\"attributes\":[{\"key\":\"k\",\"value\":{\"doubleValue\":\"nan\"}}]"),
		SPAN("\"attributes\":[{\"key\":\"k\",\"value\":{\"bytesValue\":\"A\"}}]"),
		SPAN("\"attributes\":[{\"key\":\"k\",\"value\":{\"bytesValue\":\"A%==\"}}]"),
		SPAN("\"attributes\":{\"k\":1}"),
	};
	struct buf out = BUF_INIT;
	char where[40];

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct status s = json_to_wire(slice_of(wrong[i]), SIGNAL_TRACES, LIMIT, &out, where);
		if (s.code != STATUS_MALFORMED || strncmp(where, "line 1, column ", 15) != 0)
			fail_msg("accepted, or without a place: %s", wrong[i]);
		assert_int_equal(out.len, 0);
	}
	buf_release(&out);
}

static void output_and_depth_are_bounded(void **state)
{
	struct buf json = BUF_INIT, out = BUF_INIT;

	(void)state;
	assert_int_equal(json_to_wire(SLICE(SPAN("\"name\":\"0123456789\"")), SIGNAL_TRACES, 17, &out, NULL).code,
			 STATUS_TOOBIG);
	assert_int_equal(out.len, 0);
	assert_int_equal(json_to_wire(SLICE(SPAN("\"name\":\"0123456789\"")), SIGNAL_TRACES, 18, &out, NULL).code,
			 STATUS_OK);
	assert_int_equal(out.len, 18);

	buf_text(&json, "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{\"body\":");
	for (int i = 0; i < 1000; i++)
		buf_text(&json, "{\"arrayValue\":{\"values\":[");
	assert_int_equal(json_to_wire(buf_view(&json), SIGNAL_LOGS, LIMIT, &out, NULL).code, STATUS_MALFORMED);
	buf_release(&json);
	buf_release(&out);
}

static void lengths_of_two_and_three_bytes_are_shifted_in(void **state)
{
	struct buf json = BUF_INIT;

	(void)state;
	for (int n = 100; n < 17000; n = n < 140 || n > 16300 ? n + 1 : n + 131) {
		buf_reset(&json);
		buf_printf(&json, "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"name\":\"%0*d\"}]}]}]}", n, 0);
		ProtobufCMessage *m = transcode(buf_view(&json), SIGNAL_TRACES);
		assert_int_equal(strlen(span_of(m)->name), n);
		protobuf_c_message_free_unpacked(m, NULL);
		if (n > 16500)
			break;
	}
	buf_release(&json);
}

static void recorded_requests_come_out_canonical(void **state)
{
	struct corpus corpus;
	enum signal signal;
	struct slice body;

	(void)state;
	if (!corpus_open(&corpus, "json"))
		skip();
	while (corpus_next(&corpus, &signal, &body))
		protobuf_c_message_free_unpacked(transcode(body, signal), NULL);
	corpus_close(&corpus);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_span_comes_out_whole),
		cmocka_unit_test(every_kind_of_value_comes_out),
		cmocka_unit_test(metrics_come_out_whole),
		cmocka_unit_test(unknown_keys_nulls_and_defaults_leave_nothing),
		cmocka_unit_test(an_escaped_key_is_the_key),
		cmocka_unit_test(whole_numbers_may_look_like_doubles),
		cmocka_unit_test(wrong_shapes_are_refused_with_their_place),
		cmocka_unit_test(output_and_depth_are_bounded),
		cmocka_unit_test(lengths_of_two_and_three_bytes_are_shifted_in),
		cmocka_unit_test(recorded_requests_come_out_canonical),
	};
	return cmocka_run_group_tests_name("otlp/json_transcode", tests, NULL, NULL);
}
