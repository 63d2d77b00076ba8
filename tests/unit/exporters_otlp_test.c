/* SPDX-License-Identifier: Apache-2.0
 * OTLP over gRPC: what is sent where, and what each status means, against a server of gRPC core.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agent/base/log.h"
#include "agent/base/file.h"
#include "tests/unit/exporter_rig.h"
#include "tests/unit/grpc_peer.h"
#include "tests/unit/test_certificate.h"

#define LABELS(kind)          "exporter=\"otlp/a\",kind=\"" kind "\""
#define DROPPED(kind, reason) METER_DROPPED, LABELS(kind) ",reason=\"" reason "\""
#define FAILURES(reason)      METER_EXPORT_FAILURES, "exporter=\"otlp/a\",reason=\"" reason "\""
#define QUICK_RETRY           "    retry_on_failure: { initial_interval: 10ms, max_interval: 10ms }\n"
#define SUCCESS                                                                                                        \
	{                                                                                                              \
		.status = GRPC_STATUS_OK                                                                               \
	}

/* google.rpc.Status{code: 8, details: [Any{RetryInfo{retry_delay{seconds: 0, nanos: 300000000}}}]} */
#define RETRY_INFO                                                                                                     \
	"\x08\x08\x1a\x34\x0a\x28type.googleapis.com/google.rpc.RetryInfo\x12\x08\x0a\x06\x10\x80\xc6\x86"             \
	"\x8f\x01"
#define WITH_RETRY_INFO .status_details_bin = RETRY_INFO, .status_details_bytes = sizeof(RETRY_INFO) - 1

static struct grpc_peer peer;
static struct rig rig;

static void start_exporter(int port, const char *more)
{
	char yaml[1024];

	snprintf(yaml, sizeof(yaml),
		 "exporters:\n  otlp/a:\n    endpoint: 127.0.0.1:%d\n    tls: { insecure: true }\n%s", port, more);
	if (FAILED(rig_start(&rig, yaml)))
		fail_msg("%s", buf_string(&rig.why));
}

#define START(more, ...)                                                                                               \
	static const struct grpc_peer_reply replies[] = { __VA_ARGS__ };                                               \
	grpc_peer_start(&peer, 0, replies, sizeof(replies) / sizeof(replies[0]), NULL);                                \
	start_exporter(peer.port, more)

static void stop(void)
{
	assert_int_equal(rig_stop(&rig), 0);
	grpc_peer_stop(&peer);
}

static void requests_go_to_the_service_of_their_signal_with_metadata(void **state)
{
	static const char *const methods[] = { "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
					       "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
					       "/opentelemetry.proto.collector.logs.v1.LogsService/Export" };

	(void)state;
	START("    headers: { Authorization: Bearer abc }\n    sending_queue: { num_consumers: 1 }\n", SUCCESS);
	rig_offer(&rig, PAYLOAD_TRACES, SLICE("the spans"), 3);
	rig_offer(&rig, PAYLOAD_METRICS, SLICE("the points"), 4);
	rig_offer(&rig, PAYLOAD_LOGS, SLICE("the logs"), 5);
	assert_true(rig_wait(&rig, METER_EXPORTED, LABELS("logs"), 5));
	assert_int_equal(rig_count(METER_EXPORTED, LABELS("traces")), 3);
	assert_int_equal(rig_count(METER_EXPORTED, LABELS("metrics")), 4);
	for (size_t i = 0; i < 3; i++) {
		assert_string_equal(grpc_peer_request(&peer, i)->method, methods[i]);
		assert_string_equal(grpc_peer_request(&peer, i)->authorization, "Bearer abc");
	}
	assert_int_equal(grpc_peer_request(&peer, 0)->body_bytes, 9);
	assert_memory_equal(grpc_peer_request(&peer, 0)->body, "the spans", 9);
	stop();
}

static void large_requests_arrive_whole_plain_and_gzipped(void **state)
{
	static const char *const compressions[] = { "    compression: none\n", "    compression: gzip\n" };
	size_t size = 3 << 20;
	char *bytes = malloc(size);

	(void)state;
	for (size_t i = 0; i < size; i++)
		bytes[i] = (char)(i * i >> 7);
	for (size_t i = 0; i < 2; i++) {
		START(compressions[i], SUCCESS);
		rig_offer(&rig, PAYLOAD_TRACES, (struct slice){ bytes, size }, 1);
		assert_true(rig_wait(&rig, METER_EXPORTED, LABELS("traces"), 1));
		assert_int_equal(grpc_peer_request(&peer, 0)->body_bytes, size);
		assert_memory_equal(grpc_peer_request(&peer, 0)->body, bytes, size);
		stop();
	}
	free(bytes);
}

/* Waiting requests of these sizes leave as one, whatever way they are put together. */
static void check_joined(const char *compression, const size_t sizes[], size_t count)
{
	char *all = malloc(1 << 20);
	size_t size = 0;

	START(compression, SUCCESS);
	for (size_t i = 0; i < count; i++) {
		memset(all + size, 'a' + (int)i, sizes[i]);
		rig_offer(&rig, PAYLOAD_TRACES, (struct slice){ all + size, sizes[i] }, 1);
		size += sizes[i];
	}
	assert_true(rig_wait(&rig, METER_EXPORTED, LABELS("traces"), (int64_t)count));
	assert_int_equal(grpc_peer_served(&peer), 1);
	assert_int_equal(grpc_peer_request(&peer, 0)->body_bytes, size);
	assert_memory_equal(grpc_peer_request(&peer, 0)->body, all, size);
	stop();
	free(all);
}

static void waiting_requests_leave_joined_in_their_order(void **state)
{
	static const char *const compressions[] = { "    compression: none\n", "    compression: gzip\n" };
	static const size_t small[] = { 1, 20, 3 }, large[] = { 100000, 40000, 300000 }, both[] = { 5, 200000, 7, 1 };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		check_joined(compressions[i], small, 3);
		check_joined(compressions[i], large, 3);
		check_joined(compressions[i], both, 4);
	}
}

/* ExportTraceServiceRequest{resource_spans{scope_spans{spans{name}}}} */
#define ONE_SPAN(name) SLICE("\x0a\x07\x12\x05\x12\x03\x2a\x01" name)

static void check_split_again(grpc_status_code code, const char *details)
{
	const struct grpc_peer_reply replies[] = { { .status = code, .details = details }, SUCCESS, SUCCESS };

	grpc_peer_start(&peer, 0, replies, 3, NULL);
	start_exporter(peer.port, "");
	rig_offer(&rig, PAYLOAD_TRACES, ONE_SPAN("a"), 1);
	rig_offer(&rig, PAYLOAD_TRACES, ONE_SPAN("b"), 1);
	assert_true(rig_wait(&rig, METER_EXPORTED, LABELS("traces"), 2));
	assert_int_equal(grpc_peer_served(&peer), 3);
	assert_int_equal(grpc_peer_request(&peer, 0)->body_bytes, 18);
	assert_int_equal(grpc_peer_request(&peer, 1)->body_bytes, 9);
	assert_memory_equal(grpc_peer_request(&peer, 1)->body, ONE_SPAN("a").ptr, 9);
	assert_memory_equal(grpc_peer_request(&peer, 2)->body, ONE_SPAN("b").ptr, 9);
	stop();
}

/* As gRPC for Go, Java and Rust put it. */
static void joined_requests_that_are_too_big_are_split_again(void **state)
{
	(void)state;
	check_split_again(GRPC_STATUS_RESOURCE_EXHAUSTED, "grpc: received message larger than max (18 vs. 9)");
	check_split_again(GRPC_STATUS_RESOURCE_EXHAUSTED, "gRPC message exceeds maximum size 9: 18");
	check_split_again(GRPC_STATUS_OUT_OF_RANGE,
			  "Error, decoded message length too large: found 18 bytes, the limit is: 9 bytes");
	check_split_again(GRPC_STATUS_RESOURCE_EXHAUSTED,
			  "Error decompressing: size limit, of 9 bytes, exceeded while decompressing message");
}

static void retryable_codes_are_tried_again(void **state)
{
	static const grpc_status_code codes[] = { GRPC_STATUS_UNAVAILABLE,       GRPC_STATUS_CANCELLED,
						  GRPC_STATUS_DEADLINE_EXCEEDED, GRPC_STATUS_ABORTED,
						  GRPC_STATUS_OUT_OF_RANGE,      GRPC_STATUS_DATA_LOSS };

	(void)state;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		struct grpc_peer_reply replies[] = { { .status = codes[i], .details = "later" }, SUCCESS };
		grpc_peer_start(&peer, 0, replies, 2, NULL);
		start_exporter(peer.port, QUICK_RETRY);
		rig_offer(&rig, PAYLOAD_TRACES, SLICE("t"), 2);
		assert_true(rig_wait(&rig, METER_EXPORTED, LABELS("traces"), 2));
		assert_int_equal(rig_count(METER_EXPORT_RETRIES, "exporter=\"otlp/a\""), 1);
		assert_int_equal(grpc_peer_served(&peer), 2);
		stop();
	}
}

static void other_codes_are_not(void **state)
{
	static const grpc_status_code codes[] = {
		GRPC_STATUS_UNKNOWN,
		GRPC_STATUS_INVALID_ARGUMENT,
		GRPC_STATUS_NOT_FOUND,
		GRPC_STATUS_ALREADY_EXISTS,
		GRPC_STATUS_PERMISSION_DENIED,
		GRPC_STATUS_UNAUTHENTICATED,
		GRPC_STATUS_FAILED_PRECONDITION,
		GRPC_STATUS_UNIMPLEMENTED,
		GRPC_STATUS_INTERNAL,
		GRPC_STATUS_RESOURCE_EXHAUSTED,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		struct grpc_peer_reply replies[] = { { .status = codes[i], .details = "never" }, SUCCESS };
		grpc_peer_start(&peer, 0, replies, 2, NULL);
		start_exporter(peer.port, QUICK_RETRY);
		rig_offer(&rig, PAYLOAD_TRACES, SLICE("t"), 2);
		assert_true(rig_wait(&rig, DROPPED("traces", "refused"), 2));
		assert_int_equal(grpc_peer_served(&peer), 1);
		stop();
	}
}

static void resource_exhausted_with_retry_info_waits_as_told(void **state)
{
	(void)state;
	START(QUICK_RETRY, { .status = GRPC_STATUS_RESOURCE_EXHAUSTED, .details = "full", WITH_RETRY_INFO }, SUCCESS);
	uint64_t start_ns = clock_mono_ns();
	rig_offer(&rig, PAYLOAD_TRACES, SLICE("t"), 2);
	assert_true(rig_wait(&rig, METER_EXPORTED, LABELS("traces"), 2));
	assert_true(clock_mono_ns() - start_ns >= 295 * NS_PER_MS);
	assert_int_equal(rig_count(FAILURES("RESOURCE_EXHAUSTED")), 1);
	stop();
}

/* ExportTraceServiceResponse{partial_success{rejected_spans: 2, error_message: "bad"}} */
static void a_partial_success_is_delivered_and_the_rejected_are_counted(void **state)
{
	(void)state;
	START("", { .status = GRPC_STATUS_OK,
		    .response = "\x0a\x07\x08\x02\x12\x03"
				"bad",
		    .response_bytes = 9 });
	rig_offer(&rig, PAYLOAD_TRACES, SLICE("t"), 5);
	assert_true(rig_wait(&rig, METER_EXPORTED, LABELS("traces"), 3));
	assert_int_equal(rig_count(DROPPED("traces", "rejected")), 2);
	assert_int_equal(grpc_peer_served(&peer), 1);
	stop();
}

static void a_silent_peer_is_a_deadline_exceeded_and_tried_again(void **state)
{
	(void)state;
	START("    timeout: 500ms\n" QUICK_RETRY, { .never = 1 }, SUCCESS);
	rig_offer(&rig, PAYLOAD_TRACES, SLICE("t"), 1);
	assert_true(rig_wait(&rig, METER_EXPORTED, LABELS("traces"), 1));
	assert_int_equal(rig_count(FAILURES("DEADLINE_EXCEEDED")), 1);
	stop();
}

static void a_dead_port_is_unavailable_until_a_server_comes(void **state)
{
	static const struct grpc_peer_reply success[] = { SUCCESS };

	(void)state;
	grpc_peer_start(&peer, 0, success, 1, NULL);
	int port = peer.port;
	grpc_peer_stop(&peer);
	start_exporter(port, QUICK_RETRY);
	rig_offer(&rig, PAYLOAD_TRACES, SLICE("t"), 1);
	assert_true(rig_wait(&rig, FAILURES("UNAVAILABLE"), 2));
	grpc_peer_start(&peer, port, success, 1, NULL);
	assert_true(rig_wait(&rig, METER_EXPORTED, LABELS("traces"), 1));
	stop();
}

static void a_drain_that_runs_out_of_time_ends_calls(void **state)
{
	(void)state;
	START("", { .never = 1 });
	rig_offer(&rig, PAYLOAD_TRACES, SLICE("t"), 4);
	while (grpc_peer_served(&peer) == 0)
		uv_run(&rig.loop, UV_RUN_NOWAIT);
	uint64_t start_ns = clock_mono_ns();
	rig_drain(&rig, 50);
	assert_in_range((clock_mono_ns() - start_ns) / NS_PER_MS, 49, 2000);
	assert_int_equal(rig_count(DROPPED("traces", "shutdown")), 4);
	stop();
}

static void endpoints_may_have_a_scheme(void **state)
{
	static const struct grpc_peer_reply success[] = { SUCCESS };
	char yaml[128];

	(void)state;
	grpc_peer_start(&peer, 0, success, 1, NULL);
	snprintf(yaml, sizeof(yaml), "exporters:\n  otlp/a:\n    endpoint: http://127.0.0.1:%d/\n", peer.port);
	assert_int_equal(rig_start(&rig, yaml).code, STATUS_OK);
	rig_offer(&rig, PAYLOAD_TRACES, SLICE("t"), 1);
	assert_true(rig_wait(&rig, METER_EXPORTED, LABELS("traces"), 1));
	stop();
}

static grpc_server_credentials *tls_server(const char *certificate_path, const char *key_path)
{
	struct buf certificate = BUF_INIT, key = BUF_INIT;

	assert_true(test_certificate_write(certificate_path, key_path));
	assert_int_equal(file_read(certificate_path, 1 << 16, &certificate).code, STATUS_OK);
	assert_int_equal(file_read(key_path, 1 << 16, &key).code, STATUS_OK);
	grpc_ssl_pem_key_cert_pair pair = { buf_string(&key), buf_string(&certificate) };
	grpc_server_credentials *credentials =
		grpc_ssl_server_credentials_create_ex(NULL, &pair, 1, GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE, NULL);
	buf_release(&certificate);
	buf_release(&key);
	return credentials;
}

static void tls_trusts_the_given_authority_or_any_where_told_and_none_else(void **state)
{
	static const struct grpc_peer_reply success[] = { SUCCESS };
	static const struct {
		const char *tls;
		bool needs_file, works;
	} cases[] = { { "{ ca_file: ", true, true },
		      { "{ insecure_skip_verify: true", false, true },
		      { "{ insecure: false", false, false } };
	char directory[] = "/tmp/plimsoll-tls-XXXXXX", certificate[64], key[64], tls[128], yaml[512];

	(void)state;
	assert_non_null(mkdtemp(directory));
	snprintf(certificate, sizeof(certificate), "%s/cert.pem", directory);
	snprintf(key, sizeof(key), "%s/key.pem", directory);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		grpc_init();
		grpc_peer_start(&peer, 0, success, 1, tls_server(certificate, key));
		snprintf(tls, sizeof(tls), "%s%s }", cases[i].tls, cases[i].needs_file ? certificate : "");
		snprintf(yaml, sizeof(yaml),
			 "exporters:\n  otlp/a:\n    endpoint: https://127.0.0.1:%d\n    tls: %s\n%s", peer.port, tls,
			 QUICK_RETRY);
		assert_int_equal(rig_start(&rig, yaml).code, STATUS_OK);
		rig_offer(&rig, PAYLOAD_TRACES, SLICE("t"), 1);
		if (cases[i].works)
			assert_true(rig_wait(&rig, METER_EXPORTED, LABELS("traces"), 1));
		else
			assert_true(rig_wait(&rig, FAILURES("UNAVAILABLE"), 2));
		stop();
		grpc_shutdown();
	}
	unlink(certificate);
	unlink(key);
	rmdir(directory);
}

static void what_cannot_work_is_refused_at_start(void **state)
{
	static const char *const cases[][2] = {
		{ "endpoint: localhost", "has no port; write host:port" },
		{ "endpoint: localhost:1\n    headers: { 'a b': c }", "headers: 'a b' is no name of a header" },
		{ "endpoint: localhost:1\n    headers: { a-bin: c }",
		  "exporters.otlp.headers: 'a-bin' is not a header that can be sent: printable ASCII, no -bin name" },
		{ "endpoint: localhost:1\n    tls: { ca_file: /nosuch/ca.pem }",
		  "exporters.otlp.tls: cannot read '/nosuch/ca.pem': No such file or directory" },
		{ "endpoint: localhost:1\n    tls: { cert_file: /a }", "cert_file and key_file go together" },
	};
	char yaml[256];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(yaml, sizeof(yaml), "exporters:\n  otlp:\n    %s\n", cases[i][0]);
		assert_true(FAILED(rig_start(&rig, yaml)));
		if (strstr(buf_string(&rig.why), cases[i][1]) == NULL)
			fail_msg("%s", buf_string(&rig.why));
		assert_int_equal(rig_stop(&rig), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_go_to_the_service_of_their_signal_with_metadata),
		cmocka_unit_test(large_requests_arrive_whole_plain_and_gzipped),
		cmocka_unit_test(waiting_requests_leave_joined_in_their_order),
		cmocka_unit_test(joined_requests_that_are_too_big_are_split_again),
		cmocka_unit_test(retryable_codes_are_tried_again),
		cmocka_unit_test(other_codes_are_not),
		cmocka_unit_test(resource_exhausted_with_retry_info_waits_as_told),
		cmocka_unit_test(a_partial_success_is_delivered_and_the_rejected_are_counted),
		cmocka_unit_test(a_silent_peer_is_a_deadline_exceeded_and_tried_again),
		cmocka_unit_test(a_dead_port_is_unavailable_until_a_server_comes),
		cmocka_unit_test(a_drain_that_runs_out_of_time_ends_calls),
		cmocka_unit_test(endpoints_may_have_a_scheme),
		cmocka_unit_test(tls_trusts_the_given_authority_or_any_where_told_and_none_else),
		cmocka_unit_test(what_cannot_work_is_refused_at_start),
	};
	log_set_level(LOG_LEVEL_WARN);
	return cmocka_run_group_tests_name("exporters/otlp", tests, NULL, NULL);
}
