/* SPDX-License-Identifier: Apache-2.0
 * OTLP/gRPC against gRPC core's own client: answers, limits, health, and the end.
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
#include "tests/unit/grpc_client.h"
#include "tests/unit/receiver_rig.h"

#define MAX_BYTES (1u << 20)
#define TRACES    "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
#define METRICS   "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
#define LOGS      "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
#define CHECK     "/grpc.health.v1.Health/Check"

static struct grpc_receiver *receiver;
static grpc_channel *channel;
static struct config config = {
	.grpc = { .enabled = true,
		  .endpoint = "localhost:0",
		  .max_recv_msg_size_bytes = MAX_BYTES,
		  .max_concurrent_streams = 16,
		  .threads = 1 },
	.limits.max_in_flight_bytes = 4 * MAX_BYTES,
};

/* ---------------------------------------------------------------- a client */

static grpc_channel *connect_to(const char *host)
{
	return client_connect(host, grpc_receiver_port(receiver));
}

static int start(void **state)
{
	struct buf why = BUF_INIT;

	(void)state;
	client_begin();
	if (FAILED(grpc_receiver_start(&config, (struct ingest){ fake_ingest, &pipeline, 0 }, &receiver, &why)))
		fail_msg("%s", buf_string(&why));
	channel = connect_to("127.0.0.1");
	buf_release(&why);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	grpc_channel_destroy(channel);
	grpc_receiver_stop(receiver, 2000);
	client_end();
	buf_release(&pipeline.wire);
	return 0;
}

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

static struct buf zeros(size_t n)
{
	struct buf b = BUF_INIT;

	memset(buf_reserve(&b, n), 0, n);
	b.len = n;
	return b;
}

/* ---------------------------------------------------------------- success */

static void each_service_is_its_signal_and_success_is_the_empty_message(void **state)
{
	static const char *const methods[SIGNAL_COUNT] = { TRACES, METRICS, LOGS };

	(void)state;
	pipeline_answers((struct ingest_reply){ .status = OK });
	for (int s = 0; s < SIGNAL_COUNT; s++) {
		struct client_call c;
		call_run(&c, channel, methods[s], SLICE("\x0a\x03\x1a\x01u"));
		assert_int_equal(c.status, GRPC_STATUS_OK);
		assert_int_equal(grpc_byte_buffer_length(c.response), 0);
		pthread_mutex_lock(&pipeline.lock);
		assert_int_equal(pipeline.signal, s);
		assert_true(slice_equal(buf_view(&pipeline.wire), SLICE("\x0a\x03\x1a\x01u")));
		pthread_mutex_unlock(&pipeline.lock);
		call_end(&c);
	}
}

static void an_empty_request_is_a_success(void **state)
{
	(void)state;
	pipeline_answers((struct ingest_reply){ .status = OK });
	assert_int_equal(call_status(channel, TRACES, SLICE_NONE), GRPC_STATUS_OK);
	assert_int_equal(pipeline_calls(), 1);
}

static void a_request_in_many_slices_arrives_in_one_piece(void **state)
{
	struct buf body = BUF_INIT;

	(void)state;
	pipeline_answers((struct ingest_reply){ .status = OK });
	for (unsigned i = 0; i < 100000; i++)
		buf_printf(&body, "%07u,", i);
	assert_int_equal(call_status(channel, TRACES, buf_view(&body)), GRPC_STATUS_OK);
	pthread_mutex_lock(&pipeline.lock);
	assert_true(slice_equal(buf_view(&pipeline.wire), buf_view(&body)));
	pthread_mutex_unlock(&pipeline.lock);
	buf_release(&body);
}

static void a_gzipped_request_is_inflated(void **state)
{
	struct buf body = zeros(MAX_BYTES);
	struct client_call c;
	int64_t before = meter_value(meter_get(METER_RECEIVED_BYTES, "transport=\"grpc\""));

	(void)state;
	pipeline_answers((struct ingest_reply){ .status = OK });
	call_start(&c, channel, TRACES, buf_view(&body), GZIPPED);
	call_next();
	assert_int_equal(c.status, GRPC_STATUS_OK);
	pthread_mutex_lock(&pipeline.lock);
	assert_true(slice_equal(buf_view(&pipeline.wire), buf_view(&body)));
	pthread_mutex_unlock(&pipeline.lock);
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
	pipeline_answers((struct ingest_reply){ .status = OK });
	assert_false(ZSTD_isError(n));
	assert_int_equal(call_status(channel, TRACES, (struct slice){ packed, n }), GRPC_STATUS_OK);
	pthread_mutex_lock(&pipeline.lock);
	assert_true(slice_equal(buf_view(&pipeline.wire), buf_view(&body)));
	pthread_mutex_unlock(&pipeline.lock);
	buf_release(&body);
}

static void a_snappy_request_is_refused_by_name(void **state)
{
	struct client_call c;

	(void)state;
	pipeline_answers((struct ingest_reply){ .status = OK });
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

static void clients_of_both_loopback_addresses_are_served(void **state)
{
	struct client_call c;
	grpc_channel *v6 = connect_to("ipv6:[::1]");

	(void)state;
	pipeline_answers((struct ingest_reply){ .status = OK });
	call_start(&c, v6, TRACES, SLICE_NONE, PLAIN);
	call_next();
	if (c.status == GRPC_STATUS_UNAVAILABLE)
		print_message("no IPv6 here\n");
	else
		assert_int_equal(c.status, GRPC_STATUS_OK);
	call_end(&c);
	grpc_channel_destroy(v6);
}

/* ---------------------------------------------------------------- refusals */

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
		pipeline_answers_later((struct ingest_reply){ .status = OK, .rejected_items = 3, .rejected_why = "no trace id" },
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
	pipeline_answers((struct ingest_reply){ .status = OK });
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
	pipeline_answers((struct ingest_reply){ .status = OK });
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
	assert_int_equal(call_status(channel, "/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export",
				     SLICE("x")),
			 GRPC_STATUS_UNIMPLEMENTED);
	assert_int_equal(call_status(channel, "/grpc.health.v1.Health/Watch", SLICE_NONE), GRPC_STATUS_UNIMPLEMENTED);
}

/* ---------------------------------------------------------------- health */

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

/* ---------------------------------------------------------------- clients that leave, many clients */

static void a_cancelled_call_leaves_nothing_behind(void **state)
{
	struct buf body = zeros(MAX_BYTES);
	struct client_call c;

	(void)state;
	pipeline_answers((struct ingest_reply){ .status = OK });
	for (int i = 0; i < 20; i++) {
		call_start(&c, channel, TRACES, buf_view(&body), PLAIN);
		usleep((unsigned)i * 200);
		grpc_call_cancel(c.core, NULL);
		call_next();
		call_end(&c);
	}
	assert_true(meter_becomes(METER_IN_FLIGHT_BYTES, "", 0));
	assert_int_equal(call_status(channel, TRACES, buf_view(&body)), GRPC_STATUS_OK);
	buf_release(&body);
}

static void more_bytes_than_the_budget_are_served_in_turns(void **state)
{
	enum { CHANNELS = 8, CALLS = 8 * 8 };
	struct buf body = zeros(MAX_BYTES);
	static struct client_call calls[CALLS];
	grpc_channel *channels[CHANNELS];

	(void)state;
	pipeline_answers((struct ingest_reply){ .status = OK });
	for (size_t i = 0; i < CHANNELS; i++)
		channels[i] = connect_to("127.0.0.1");
	for (size_t i = 0; i < CALLS; i++)
		call_start(&calls[i], channels[i % CHANNELS], TRACES, buf_view(&body), PLAIN);
	for (size_t i = 0; i < CALLS; i++)
		call_next();
	for (size_t i = 0; i < CALLS; i++) {
		assert_int_equal(calls[i].status, GRPC_STATUS_OK);
		call_end(&calls[i]);
	}
	for (size_t i = 0; i < CHANNELS; i++)
		grpc_channel_destroy(channels[i]);
	assert_int_equal(pipeline_calls(), CALLS);
	assert_true(meter_becomes(METER_IN_FLIGHT_BYTES, "", 0));
	buf_release(&body);
}

/* ---------------------------------------------------------------- start and stop */

static void a_port_that_is_taken_is_named_with_the_remedy(void **state)
{
	struct config other = config;
	struct grpc_receiver *second = NULL;
	struct buf why = BUF_INIT;
	char endpoint[32];

	(void)state;
	snprintf(endpoint, sizeof(endpoint), "localhost:%u", grpc_receiver_port(receiver));
	other.grpc.endpoint = endpoint;
	struct status s = grpc_receiver_start(&other, (struct ingest){ fake_ingest, &pipeline, 0 }, &second, &why);
	assert_int_equal(s.code, STATUS_EXISTS);
	assert_null(second);
	assert_non_null(strstr(buf_string(&why), endpoint));
	assert_non_null(strstr(buf_string(&why), "the port is taken"));
	assert_non_null(strstr(buf_string(&why), "receivers.otlp.protocols.grpc.endpoint"));
	buf_release(&why);
}

static struct grpc_receiver *start_another(unsigned threads)
{
	struct config other = config;
	struct grpc_receiver *another = NULL;
	struct buf why = BUF_INIT;

	other.grpc.threads = threads;
	if (FAILED(grpc_receiver_start(&other, (struct ingest){ fake_ingest, &pipeline, 0 }, &another, &why)))
		fail_msg("%s", buf_string(&why));
	buf_release(&why);
	return another;
}

static void several_threads_serve_and_stop(void **state)
{
	struct grpc_receiver *kept = receiver;
	static struct client_call calls[32];
	static grpc_channel *channels[32];

	(void)state;
	pipeline_answers((struct ingest_reply){ .status = OK });
	receiver = start_another(3);
	for (size_t i = 0; i < 32; i++) {
		channels[i] = connect_to("127.0.0.1");
		call_start(&calls[i], channels[i], TRACES, SLICE("x"), PLAIN);
	}
	for (size_t i = 0; i < 32; i++)
		call_next();
	for (size_t i = 0; i < 32; i++) {
		assert_int_equal(calls[i].status, GRPC_STATUS_OK);
		call_end(&calls[i]);
		grpc_channel_destroy(channels[i]);
	}
	grpc_receiver_stop(receiver, 2000);
	receiver = kept;
}

static void *stop_receiver(void *r)
{
	grpc_receiver_stop(r, 5000);
	return NULL;
}

static void stopping_lets_running_calls_end_and_refuses_new_ones(void **state)
{
	struct grpc_receiver *kept = receiver;
	struct client_call running, late;
	pthread_t stopper;

	(void)state;
	receiver = start_another(1);
	pipeline_answers((struct ingest_reply){ .status = OK });
	pthread_mutex_lock(&pipeline.lock);
	pipeline.delay_ms = 300;
	pthread_mutex_unlock(&pipeline.lock);
	grpc_channel *c = connect_to("127.0.0.1");
	call_start(&running, c, TRACES, SLICE("x"), PLAIN);
	while (pipeline_calls() == 0)
		usleep(1000);
	pthread_create(&stopper, NULL, stop_receiver, receiver);
	usleep(50000);
	call_start(&late, c, TRACES, SLICE("x"), PLAIN);
	call_next();
	call_next();
	assert_int_equal(running.status, GRPC_STATUS_OK);
	assert_int_equal(late.status, GRPC_STATUS_UNAVAILABLE);
	pthread_join(stopper, NULL);
	call_end(&running);
	call_end(&late);
	grpc_channel_destroy(c);
	receiver = kept;
}

static void stopping_cuts_off_calls_that_do_not_end(void **state)
{
	struct grpc_receiver *kept = receiver;
	struct client_call c;

	(void)state;
	receiver = start_another(1);
	grpc_channel *to = connect_to("127.0.0.1");
	struct meter *requests = meter_get(METER_REQUESTS, "signal=\"logs\",transport=\"grpc\"");
	int64_t before = meter_value(requests);
	call_start_hanging(&c, to, LOGS);
	assert_true(meter_becomes(METER_REQUESTS, "signal=\"logs\",transport=\"grpc\"", before + 1));
	uint64_t began_ns = clock_mono_ns();
	grpc_receiver_stop(receiver, 100);
	assert_in_range((clock_mono_ns() - began_ns) / NS_PER_MS, 90, 3000);
	call_next();
	assert_int_not_equal(c.status, GRPC_STATUS_OK);
	call_end(&c);
	grpc_channel_destroy(to);
	receiver = kept;
}

/* The core holds the server shut down once nobody is connected, whatever is still with us. */
static void stopping_waits_for_what_is_being_stored_for_a_client_that_left(void **state)
{
	struct grpc_receiver *kept = receiver;
	struct client_call c;

	(void)state;
	for (unsigned threads = 1; threads <= 2; threads++) {
		receiver = start_another(threads);
		grpc_channel *to = connect_to("127.0.0.1");
		pipeline_answers_later((struct ingest_reply){ .status = OK }, 400);
		call_start(&c, to, LOGS, SLICE_NONE, PLAIN);
		while (pipeline_calls() == 0)
			usleep(1000);
		grpc_call_cancel(c.core, NULL);
		call_next();
		call_end(&c);
		grpc_channel_destroy(to);
		uint64_t began_ns = clock_mono_ns();
		grpc_receiver_stop(receiver, 1000);
		assert_in_range((clock_mono_ns() - began_ns) / NS_PER_MS, 200, 3000);
	}
	receiver = kept;
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
		cmocka_unit_test(clients_of_both_loopback_addresses_are_served),
		cmocka_unit_test(malformed_is_invalid_argument_and_not_to_be_retried),
		cmocka_unit_test(full_is_unavailable_with_retry_info),
		cmocka_unit_test(an_answer_that_follows_later_says_what_came_of_it),
		cmocka_unit_test(an_oversize_request_is_resource_exhausted_without_retry_info),
		cmocka_unit_test(a_gzip_bomb_is_resource_exhausted_without_retry_info),
		cmocka_unit_test(an_unknown_method_is_unimplemented),
		cmocka_unit_test(health_says_serving_or_not_and_knows_its_services),
		cmocka_unit_test(a_cancelled_call_leaves_nothing_behind),
		cmocka_unit_test(more_bytes_than_the_budget_are_served_in_turns),
		cmocka_unit_test(a_port_that_is_taken_is_named_with_the_remedy),
		cmocka_unit_test(several_threads_serve_and_stop),
		cmocka_unit_test(stopping_lets_running_calls_end_and_refuses_new_ones),
		cmocka_unit_test(stopping_cuts_off_calls_that_do_not_end),
		cmocka_unit_test(stopping_waits_for_what_is_being_stored_for_a_client_that_left),
	};
	return cmocka_run_group_tests_name("receivers/grpc", tests, start, stop);
}
