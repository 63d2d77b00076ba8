/* SPDX-License-Identifier: Apache-2.0
 * Protobuf bytes become OTLP/JSON, and that becomes the same message again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "agent/base/base64.h"
#include "agent/otlp/json_transcode.h"
#include "agent/otlp/json_write.h"
#include "proto/otlp_logs.pb-c.h"
#include "proto/otlp_metrics.pb-c.h"
#include "tests/oracle/otlp_random.h"

static const ProtobufCMessageDescriptor *const requests[SIGNAL_COUNT] = {
	[SIGNAL_TRACES] = &otlp__export_trace_service_request__descriptor,
	[SIGNAL_METRICS] = &otlp__export_metrics_service_request__descriptor,
	[SIGNAL_LOGS] = &otlp__export_logs_service_request__descriptor,
};

/* From JSON to bytes and back to the text. */
static void expect_same(const char *json, enum signal signal)
{
	struct buf wire = BUF_INIT, text = BUF_INIT;

	assert_false(FAILED(json_to_wire(slice_of(json), signal, 1 << 20, &wire, NULL)));
	assert_false(FAILED(wire_to_json(buf_view(&wire), signal, &text)));
	assert_string_equal(buf_string(&text), json);
	buf_release(&wire);
	buf_release(&text);
}

static void ids_are_hex_long_integers_text_and_bytes_base64(void **state)
{
	(void)state;
	expect_same("{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{\"stringValue\":"
		    "\"shop\"}}]},\"scopeSpans\":[{\"scope\":{\"name\":\"s\"},\"spans\":[{"
		    "\"traceId\":\"0123456789abcdef0123456789abcdef\",\"spanId\":\"0123456789abcdef\",\"name\":\"a\\n\\u00001\","
		    "\"kind\":3,\"startTimeUnixNano\":\"1700000000000000001\",\"attributes\":["
		    "{\"key\":\"i\",\"value\":{\"intValue\":\"-9223372036854775808\"}},"
		    "{\"key\":\"z\",\"value\":{\"intValue\":\"0\"}},"
		    "{\"key\":\"d\",\"value\":{\"doubleValue\":0.1}},"
		    "{\"key\":\"n\",\"value\":{\"doubleValue\":\"NaN\"}},"
		    "{\"key\":\"b\",\"value\":{\"boolValue\":false}},"
		    "{\"key\":\"y\",\"value\":{\"bytesValue\":\"AAH/\"}},"
		    "{\"key\":\"a\",\"value\":{\"arrayValue\":{\"values\":[{\"stringValue\":\"\"},{}]}}},"
		    "{\"key\":\"k\",\"value\":{\"kvlistValue\":{\"values\":[{\"key\":\"x\",\"value\":{\"intValue\":\"1\"}}]}}}],"
		    "\"events\":[{\"name\":\"e\"},{\"name\":\"f\"}],\"status\":{\"message\":\"no\",\"code\":2},\"flags\":257}]}]}]}",
		    SIGNAL_TRACES);
}

static void packed_numbers_and_signs_survive(void **state)
{
	(void)state;
	expect_same("{\"resourceMetrics\":[{\"scopeMetrics\":[{\"metrics\":[{\"name\":\"h\",\"exponentialHistogram\":{\"dataPoints\":"
		    "[{\"count\":\"300\",\"sum\":0,\"scale\":-3,\"positive\":{\"offset\":-2,\"bucketCounts\":[\"0\",\"300\",\"7\"]}}],"
		    "\"aggregationTemporality\":2}},{\"name\":\"i\",\"histogram\":{\"dataPoints\":[{\"bucketCounts\":[\"1\",\"0\"],"
		    "\"explicitBounds\":[0.5]}]}},{\"name\":\"s\",\"sum\":{\"dataPoints\":[{\"asInt\":\"-5\"}],\"isMonotonic\":true}}]}]}]}",
		    SIGNAL_METRICS);
}

static void log_records_survive(void **state)
{
	(void)state;
	expect_same("{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{\"timeUnixNano\":\"5\",\"severityNumber\":9,\"body\":"
		    "{\"stringValue\":\"x\"},\"eventName\":\"gen_ai.choice\"}]}]}]}",
		    SIGNAL_LOGS);
}

static void any_request_is_the_same_after_json(void **state)
{
	struct arena arena;
	struct random r = { .state = 7, .arena = &arena };

	(void)state;
	arena_init(&arena, SIZE_MAX);
	for (int i = 0; i < 300; i++) {
		struct buf text = BUF_INIT, back = BUF_INIT;
		Otlp__ExportTraceServiceRequest *m = random_request(&r);
		size_t size = otlp__export_trace_service_request__get_packed_size(m);
		char *wire = arena_alloc(&arena, size);
		otlp__export_trace_service_request__pack(m, (uint8_t *)wire);
		assert_false(FAILED(wire_to_json((struct slice){ wire, size }, SIGNAL_TRACES, &text)));
		assert_false(FAILED(json_to_wire(buf_view(&text), SIGNAL_TRACES, SIZE_MAX, &back, NULL)));
		ProtobufCMessage *again = protobuf_c_message_unpack(requests[SIGNAL_TRACES], NULL, back.len,
								    (uint8_t *)back.ptr);
		assert_non_null(again);
		assert_int_equal(protobuf_c_message_get_packed_size(again), size);
		char *packed = arena_alloc(&arena, size);
		protobuf_c_message_pack(again, (uint8_t *)packed);
		assert_memory_equal(packed, wire, size);
		protobuf_c_message_free_unpacked(again, NULL);
		buf_release(&text);
		buf_release(&back);
		arena_reset(&arena);
	}
	arena_release(&arena);
}

static void of_two_values_the_last_holds_and_messages_in_pieces_are_one(void **state)
{
	/* attribute "k" with a string and then an int in one value; resource in two pieces */
	static const char wire[] = "\x0a\x1e"
				   "\x0a\x10\x0a\x0e\x0a\x01k\x12\x09\x0a\x03"
				   "abc\x18\x05\x08\x01"
				   "\x0a\x0a\x0a\x08\x0a\x01l\x12\x03\x0a\x01"
				   "m";
	struct buf text = BUF_INIT;

	(void)state;
	assert_false(FAILED(wire_to_json((struct slice){ wire, sizeof(wire) - 1 }, SIGNAL_TRACES, &text)));
	assert_string_equal(buf_string(&text),
			    "{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"k\",\"value\":{\"intValue\":\"5\"}},"
			    "{\"key\":\"l\",\"value\":{\"stringValue\":\"m\"}}]}}]}");
	buf_release(&text);
}

static void what_is_broken_or_too_deep_is_refused(void **state)
{
	struct buf text = BUF_INIT, deep = BUF_INIT;

	(void)state;
	buf_text(&text, "kept");
	assert_int_equal(wire_to_json(SLICE("\x0a\x05\x0a"), SIGNAL_TRACES, &text).code, STATUS_MALFORMED);
	assert_int_equal(text.len, 4);
	for (int i = 0; i < 120; i++) { /* an array in an array ... */
		struct buf outer = BUF_INIT;
		char head[2 * (WIRE_VARINT_MAX + 1)];
		size_t n = 0, inner = deep.len;
		char length[WIRE_VARINT_MAX];
		size_t length_bytes = wire_put_varint(length, inner);
		head[n++] = 0x2a; /* AnyValue.array_value */
		n += wire_put_varint(head + n, inner + 1 + length_bytes);
		head[n++] = 0x0a; /* ArrayValue.values */
		memcpy(head + n, length, length_bytes);
		buf_append(&outer, head, n + length_bytes);
		buf_slice(&outer, buf_view(&deep));
		buf_release(&deep);
		deep = outer;
	}
	struct buf wire = BUF_INIT;
	const unsigned char tags[] = { 0x12, 0x0a, 0x0a, 0x0a }; /* value, attributes, resource, resource_spans */
	for (size_t i = 0; i < sizeof(tags); i++) {
		char head[WIRE_VARINT_MAX + 1] = { (char)tags[i] };
		buf_reset(&wire);
		buf_append(&wire, head, 1 + wire_put_varint(head + 1, deep.len));
		buf_slice(&wire, buf_view(&deep));
		buf_reset(&deep);
		buf_slice(&deep, buf_view(&wire));
	}
	struct status s = wire_to_json(buf_view(&deep), SIGNAL_TRACES, &text);
	assert_int_equal(s.code, STATUS_MALFORMED);
	assert_string_equal(s.why, "the request is nested too deeply");
	buf_release(&wire);
	buf_release(&deep);
	buf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_are_hex_long_integers_text_and_bytes_base64),
		cmocka_unit_test(packed_numbers_and_signs_survive),
		cmocka_unit_test(log_records_survive),
		cmocka_unit_test(any_request_is_the_same_after_json),
		cmocka_unit_test(of_two_values_the_last_holds_and_messages_in_pieces_are_one),
		cmocka_unit_test(what_is_broken_or_too_deep_is_refused),
	};
	return cmocka_run_group_tests_name("otlp/json_write", tests, NULL, NULL);
}
