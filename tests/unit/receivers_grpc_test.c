/* SPDX-License-Identifier: Apache-2.0
 * OTLP/gRPC against gRPC core's own client: every service and encoding is answered as the protocol says, what is
 * refused with its code and whether to try again; and health.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <grpc/byte_buffer_reader.h>
#include <grpc/support/alloc.h>
#include <zstd.h>

#include "proto/grpc_health.pb-c.h"
#include "proto/otlp_trace.pb-c.h"
#include "proto/rpc_status.pb-c.h"
#include "tests/unit/receivers_grpc_rig.h"

/* Response bytes, copied. */
static struct buf response_of(const struct client_call *c)
{
	struct buf b = BUF_INIT;
	grpc_byte_buffer_reader reader;

	assert_non_null(c->response);
	grpc_byte_buffer_reader_init(&reader, c->response);
	grpc_slice all = grpc_byte_buffer_reader_readall(&reader);
	buf_append(&b, GRPC_SLICE_START_PTR(all), GRPC_SLICE_LENGTH(all));
	grpc_slice_unref(all);
	grpc_byte_buffer_reader_destroy(&reader);
	return b;
}

static struct slice text_of(const grpc_slice *s)
{
	return (struct slice){ (const char *)GRPC_SLICE_START_PTR(*s), GRPC_SLICE_LENGTH(*s) };
}

/* google.rpc.Status in the trailers, or NULL. */
static Rpc__Status *details_of(const struct client_call *c)
{
	for (size_t i = 0; i < c->trailing.count; i++) {
		struct slice value = text_of(&c->trailing.metadata[i].value);
		if (slice_equal(text_of(&c->trailing.metadata[i].key), SLICE("grpc-status-details-bin")))
			return rpc__status__unpack(NULL, value.len, (const uint8_t *)value.ptr);
	}
	return NULL;
}

static void each_service_is_its_signal_and_success_is_the_empty_message(void **state)
{
	static const char *const methods[SIGNAL_COUNT] = { TRACES, METRICS, LOGS };

	(void)state;
	pipeline_takes_all();
	for (int s = 0; s < SIGNAL_COUNT; s++) {
		struct client_call c;
		call_run(&c, channel, methods[s], SLICE("\x0a\x03\x1a\x01u"));
		assert_int_equal(c.status, GRPC_STATUS_OK);
		assert_int_equal(grpc_byte_buffer_length(c.response), 0);
		assert_took(SLICE("\x0a\x03\x1a\x01u"));
		assert_int_equal(pipeline_signal(), s);
		call_end(&c);
	}
}

static void an_empty_request_is_a_success(void **state)
{
	(void)state;
	pipeline_takes_all();
	assert_int_equal(call_status(channel, TRACES, SLICE_NONE), GRPC_STATUS_OK);
	assert_int_equal(pipeline_calls(), 1);
}

static void a_request_in_many_slices_arrives_in_one_piece(void **state)
{
	struct buf body = BUF_INIT;

	(void)state;
	pipeline_takes_all();
	for (unsigned i = 0; i < 100000; i++)
		buf_printf(&body, "%07u,", i);
	assert_int_equal(call_status(channel, TRACES, buf_view(&body)), GRPC_STATUS_OK);
	assert_took(buf_view(&body));
	buf_release(&body);
}

static void a_gzipped_request_is_inflated(void **state)
{
	struct buf body = zeros(MAX_BYTES);
	struct client_call c;
	int64_t before = meter_value(meter_get(METER_RECEIVED_BYTES, "transport=\"grpc\""));

	(void)state;
	pipeline_takes_all();
	call_start(&c, channel, TRACES, buf_view(&body), GZIPPED);
	call_next();
	assert_int_equal(c.status, GRPC_STATUS_OK);
	assert_took(buf_view(&body));
	assert_in_range(meter_value(meter_get(METER_RECEIVED_BYTES, "transport=\"grpc\"")) - before, 100,
			MAX_BYTES / 2);
	call_end(&c);
	buf_release(&body);
}

static void a_zstd_request_is_inflated_though_core_does_not_know_it(void **state)
{
	struct buf body = zeros(MAX_BYTES);
	char packed[1024];
	size_t n = ZSTD_compress(packed, sizeof(packed), body.ptr, body.len, 1);

	(void)state;
	pipeline_takes_all();
	assert_false(ZSTD_isError(n));
	assert_int_equal(call_status(channel, TRACES, (struct slice){ packed, n }), GRPC_STATUS_OK);
	assert_took(buf_view(&body));
	buf_release(&body);
}

static void a_snappy_request_is_refused_by_name(void **state)
{
	struct client_call c;

	(void)state;
	pipeline_takes_all();
	call_run(&c, channel, TRACES, SLICE("\xff\x06\0\0sNaPpY\x01\x05\0\0"));
	assert_int_equal(c.status, GRPC_STATUS_UNIMPLEMENTED);
	char *said = grpc_slice_to_c_string(c.details);
	assert_string_equal(said, "snappy is not taken: compress with gzip or zstd");
	gpr_free(said);
	call_end(&c);
	assert_int_equal(pipeline_calls(), 0);
}

static void partial_success_carries_its_counts(void **state)
{
	struct client_call c;

	(void)state;
	pipeline_answers((struct ingest_reply){ .status = OK, .rejected_items = 3, .rejected_why = "no trace id" });
	call_run(&c, channel, TRACES, SLICE_NONE);
	assert_int_equal(c.status, GRPC_STATUS_OK);
	struct buf bytes = response_of(&c);
	Otlp__ExportTraceServiceResponse *r =
		otlp__export_trace_service_response__unpack(NULL, bytes.len, (const uint8_t *)bytes.ptr);
	assert_int_equal(r->partial_success->rejected_spans, 3);
	assert_string_equal(r->partial_success->error_message, "no trace id");
	otlp__export_trace_service_response__free_unpacked(r, NULL);
	buf_release(&bytes);
	call_end(&c);
}

static void malformed_is_invalid_argument_and_not_to_be_retried(void **state)
{
	struct client_call c;

	(void)state;
	pipeline_answers((struct ingest_reply){ .status = FAIL(MALFORMED, "field runs past the message") });
	call_run(&c, channel, LOGS, SLICE("x"));
	assert_int_equal(c.status, GRPC_STATUS_INVALID_ARGUMENT);
	assert_true(slice_equal(text_of(&c.details), SLICE("field runs past the message")));
	Rpc__Status *status = details_of(&c);
	assert_int_equal(status->code, GRPC_STATUS_INVALID_ARGUMENT);
	assert_int_equal(status->n_details, 0);
	rpc__status__free_unpacked(status, NULL);
	call_end(&c);
}

static void full_is_unavailable_with_retry_info(void **state)
{
	struct client_call c;
	struct meter *m = meter_get(METER_REFUSED, "signal=\"traces\",transport=\"grpc\",reason=\"full\"");
	int64_t before = meter_value(m);

	(void)state;
	pipeline_answers((struct ingest_reply){ .status = FAIL(FULL, "queue is full"), .retry_after_ms = 1500 });
	call_run(&c, channel, TRACES, SLICE("x"));
	assert_int_equal(c.status, GRPC_STATUS_UNAVAILABLE);
	Rpc__Status *status = details_of(&c);
	assert_string_equal(status->details[0]->type_url, "type.googleapis.com/google.rpc.RetryInfo");
	rpc__status__free_unpacked(status, NULL);
	call_end(&c);
	assert_int_equal(meter_value(m), before + 1);
}

static void an_answer_that_follows_later_says_what_came_of_it(void **state)
{
	static const unsigned delays_ms[] = { 0, 0, 0, 20 };
	struct client_call c;

	(void)state;
	for (size_t i = 0; i < sizeof(delays_ms) / sizeof(delays_ms[0]); i++) {
		pipeline_answers_later((struct ingest_reply){ .status = OK, .rejected_items = 3,
							      .rejected_why = "no trace id" },
				       delays_ms[i]);
		call_run(&c, channel, TRACES, SLICE("x"));
		assert_int_equal(c.status, GRPC_STATUS_OK);
		call_end(&c);
		pipeline_answers_later((struct ingest_reply){ .status = FAIL(FULL, "the disk is full") }, delays_ms[i]);
		call_run(&c, channel, TRACES, SLICE("x"));
		assert_int_equal(c.status, GRPC_STATUS_UNAVAILABLE);
		call_end(&c);
	}
}

static void an_oversize_request_is_resource_exhausted_without_retry_info(void **state)
{
	struct buf body = zeros(MAX_BYTES + 1);
	struct client_call c;

	(void)state;
	pipeline_takes_all();
	call_run(&c, channel, TRACES, buf_view(&body));
	assert_int_equal(c.status, GRPC_STATUS_RESOURCE_EXHAUSTED);
	assert_null(details_of(&c));
	call_end(&c);
	assert_int_equal(call_status(channel, TRACES, slice_head(buf_view(&body), MAX_BYTES)), GRPC_STATUS_OK);
	assert_int_equal(pipeline_calls(), 1);
	buf_release(&body);
}

static void a_gzip_bomb_is_resource_exhausted_without_retry_info(void **state)
{
	struct buf body = zeros(64 * MAX_BYTES);
	struct client_call c;

	(void)state;
	pipeline_takes_all();
	call_start(&c, channel, TRACES, buf_view(&body), GZIPPED);
	call_next();
	assert_int_equal(c.status, GRPC_STATUS_RESOURCE_EXHAUSTED);
	Rpc__Status *status = details_of(&c);
	assert_int_equal(status->n_details, 0);
	rpc__status__free_unpacked(status, NULL);
	assert_int_equal(pipeline_calls(), 0);
	call_end(&c);
	buf_release(&body);
}

static void an_unknown_method_is_unimplemented(void **state)
{
	(void)state;
	assert_int_equal(call_status(channel,
				     "/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export",
				     SLICE("x")),
			 GRPC_STATUS_UNIMPLEMENTED);
	assert_int_equal(call_status(channel, "/grpc.health.v1.Health/Watch", SLICE_NONE), GRPC_STATUS_UNIMPLEMENTED);
}

static int serving_status(struct slice request)
{
	struct client_call c;

	call_run(&c, channel, CHECK, request);
	assert_int_equal(c.status, GRPC_STATUS_OK);
	struct buf bytes = response_of(&c);
	Health__CheckResponse *r = health__check_response__unpack(NULL, bytes.len, (const uint8_t *)bytes.ptr);
	int status = (int)r->status;
	health__check_response__free_unpacked(r, NULL);
	buf_release(&bytes);
	call_end(&c);
	return status;
}

static void health_says_serving_or_not_and_knows_its_services(void **state)
{
	struct slice traces = SLICE("\x0a\x33opentelemetry.proto.collector.trace.v1.TraceService");

	(void)state;
	assert_int_equal(serving_status(SLICE_NONE), HEALTH__CHECK_RESPONSE__SERVING_STATUS__SERVING);
	assert_int_equal(serving_status(traces), HEALTH__CHECK_RESPONSE__SERVING_STATUS__SERVING);
	grpc_receiver_set_serving(receiver, false);
	assert_int_equal(serving_status(SLICE_NONE), HEALTH__CHECK_RESPONSE__SERVING_STATUS__NOT_SERVING);
	grpc_receiver_set_serving(receiver, true);
	assert_int_equal(call_status(channel, CHECK, SLICE("\x0a\x01x")), GRPC_STATUS_NOT_FOUND);
	assert_int_equal(call_status(channel, CHECK, SLICE("\x0a\x7fx")), GRPC_STATUS_INVALID_ARGUMENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_service_is_its_signal_and_success_is_the_empty_message),
		cmocka_unit_test(an_empty_request_is_a_success),
		cmocka_unit_test(a_request_in_many_slices_arrives_in_one_piece),
		cmocka_unit_test(a_gzipped_request_is_inflated),
		cmocka_unit_test(a_zstd_request_is_inflated_though_core_does_not_know_it),
		cmocka_unit_test(a_snappy_request_is_refused_by_name),
		cmocka_unit_test(partial_success_carries_its_counts),
		cmocka_unit_test(malformed_is_invalid_argument_and_not_to_be_retried),
		cmocka_unit_test(full_is_unavailable_with_retry_info),
		cmocka_unit_test(an_answer_that_follows_later_says_what_came_of_it),
		cmocka_unit_test(an_oversize_request_is_resource_exhausted_without_retry_info),
		cmocka_unit_test(a_gzip_bomb_is_resource_exhausted_without_retry_info),
		cmocka_unit_test(an_unknown_method_is_unimplemented),
		cmocka_unit_test(health_says_serving_or_not_and_knows_its_services),
	};

	return cmocka_run_group_tests_name("receivers/grpc", tests, start, stop);
}
