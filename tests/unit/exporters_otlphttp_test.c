/* SPDX-License-Identifier: Apache-2.0
 * OTLP over HTTP: what is posted where, and what each answer means.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <zlib.h>
#include <zstd.h>

#include "agent/base/log.h"
#include "agent/otlp/json_transcode.h"
#include "tests/unit/exporter_rig.h"
#include "tests/unit/http_peer.h"

#define LABELS(kind)          "exporter=\"otlphttp/a\",kind=\"" kind "\""
#define DROPPED(kind, reason) METER_DROPPED, LABELS(kind) ",reason=\"" reason "\""
#define FAILURES(reason)      METER_EXPORT_FAILURES, "exporter=\"otlphttp/a\",reason=\"" reason "\""
#define OK_REPLY                                                                                                       \
	{                                                                                                              \
		.bytes = "HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n"        \
	}
#define QUICK_RETRY "    retry_on_failure: { initial_interval: 10ms, max_interval: 10ms }\n"

static struct http_peer peer;
static struct rig rig;

static void start(const struct http_peer_reply *replies, size_t count, const char *path, const char *more)
{
	char yaml[1024];

	http_peer_start(&peer, replies, count);
	snprintf(yaml, sizeof(yaml), "exporters:\n  otlphttp/a:\n    endpoint: http://127.0.0.1:%u%s\n%s", peer.port,
		 path, more);
	if (FAILED(rig_start(&rig, yaml)))
		fail_msg("%s", buf_string(&rig.why));
}

#define START(path, more, ...)                                                                                         \
	const struct http_peer_reply replies[] = { __VA_ARGS__ };                                                      \
	start(replies, sizeof(replies) / sizeof(replies[0]), path, more)

static void stop(void)
{
	assert_int_equal(rig_stop(&rig), 0);
	http_peer_stop(&peer);
}

static void requests_go_gzipped_to_the_path_of_their_signal(void **state)
{
	char plain[64] = "";
	uLongf size;

	(void)state;
	START("/", "    headers:\n      Authorization: Bearer abc\n", OK_REPLY);
	rig_offer(&rig, PAYLOAD_TRACES, SLICE("the spans"), 3);
	rig_offer(&rig, PAYLOAD_METRICS, SLICE("m"), 1);
	rig_offer(&rig, PAYLOAD_LOGS, SLICE("l"), 1);
	assert_true(rig_wait(&rig, METER_EXPORTED, LABELS("traces"), 3));
	assert_true(rig_wait(&rig, METER_EXPORTED, LABELS("metrics"), 1));
	assert_true(rig_wait(&rig, METER_EXPORTED, LABELS("logs"), 1));
	for (size_t i = 0; i < 3; i++) {
		struct http_peer_request *r = &peer.requests[i];
		assert_non_null(strstr(r->head, "Content-Type: application/x-protobuf\r\n"));
		assert_non_null(strstr(r->head, "Content-Encoding: gzip\r\n"));
		assert_non_null(strstr(r->head, "Authorization: Bearer abc\r\n"));
		assert_true((strstr(r->head, "POST /v1/traces HTTP/1.1") != NULL) +
				    (strstr(r->head, "POST /v1/metrics ") != NULL) +
				    (strstr(r->head, "POST /v1/logs ") != NULL) ==
			    1);
		if (strstr(r->head, "/v1/traces") == NULL)
			continue;
		z_stream z = { .next_in = (Bytef *)r->body,
			       .avail_in = (uInt)r->body_bytes,
			       .next_out = (Bytef *)plain,
			       .avail_out = sizeof(plain) };
		assert_int_equal(inflateInit2(&z, 31), Z_OK);
		assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
		size = z.total_out;
		inflateEnd(&z);
		assert_int_equal(size, 9);
	}
	assert_string_equal(plain, "the spans");
	stop();
}

static void a_signals_own_endpoint_is_used_as_it_stands(void **state)
{
	char yaml[512];
	static const struct http_peer_reply replies[] = { OK_REPLY };

	(void)state;
	http_peer_start(&peer, replies, 1);
	snprintf(yaml, sizeof(yaml),
		 "exporters:\n  otlphttp/a:\n    endpoint: http://127.0.0.1:%u/base\n    compression: none\n"
		 "    traces_endpoint: http://127.0.0.1:%u/api/public/otel?x=1\n",
		 peer.port, peer.port);
	assert_int_equal(rig_start(&rig, yaml).code, STATUS_OK);
	rig_offer(&rig, PAYLOAD_TRACES, SLICE("t"), 1);
	assert_true(rig_wait(&rig, METER_EXPORTED, LABELS("traces"), 1));
	rig_offer(&rig, PAYLOAD_LOGS, SLICE("l"), 1);
	assert_true(rig_wait(&rig, METER_EXPORTED, LABELS("logs"), 1));
	assert_non_null(strstr(peer.requests[0].head, "POST /api/public/otel?x=1 HTTP/1.1"));
	assert_null(strstr(peer.requests[0].head, "Content-Encoding"));
	assert_memory_equal(peer.requests[0].body, "t", 1);
	assert_non_null(strstr(peer.requests[1].head, "POST /base/v1/logs HTTP/1.1"));
	stop();
}

static void zstd_is_spoken_where_it_is_asked_for(void **state)
{
	char plain[64];

	(void)state;
	START("", "    compression: zstd\n", OK_REPLY);
	rig_offer(&rig, PAYLOAD_TRACES, SLICE("the spans"), 1);
	assert_true(rig_wait(&rig, METER_EXPORTED, LABELS("traces"), 1));
	assert_non_null(strstr(peer.requests[0].head, "Content-Encoding: zstd\r\n"));
	assert_int_equal(ZSTD_decompress(plain, sizeof(plain), peer.requests[0].body, peer.requests[0].body_bytes), 9);
	assert_memory_equal(plain, "the spans", 9);
	stop();
}

static void only_429_502_503_504_are_tried_again(void **state)
{
	static const unsigned codes[] = { 429, 502, 503, 504, 400, 401, 403, 404, 408, 500, 501, 302 };

	(void)state;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		char answer[64], failures[64];
		snprintf(answer, sizeof(answer), "HTTP/1.1 %u Word\r\nContent-Length: 0\r\n\r\n", codes[i]);
		snprintf(failures, sizeof(failures), "exporter=\"otlphttp/a\",reason=\"http_%u\"", codes[i]);
		START("", QUICK_RETRY, { .bytes = answer }, OK_REPLY);
		rig_offer(&rig, PAYLOAD_TRACES, SLICE("t"), 2);
		if (i < 4)
			assert_true(rig_wait(&rig, METER_EXPORTED, LABELS("traces"), 2));
		else
			assert_true(rig_wait(&rig, DROPPED("traces", "refused"), 2));
		assert_int_equal(rig_count(METER_EXPORT_FAILURES, failures), 1);
		assert_int_equal(http_peer_served(&peer), i < 4 ? 2 : 1);
		stop();
	}
}

static void retry_after_is_honoured(void **state)
{
	(void)state;
	START("", QUICK_RETRY, { .bytes = "HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n" },
	      OK_REPLY);
	uint64_t start_ns = clock_mono_ns();
	rig_offer(&rig, PAYLOAD_TRACES, SLICE("t"), 1);
	assert_true(rig_wait(&rig, METER_EXPORTED, LABELS("traces"), 1));
	assert_true(clock_mono_ns() - start_ns >= 990 * NS_PER_MS);
	stop();
}

/* ExportTraceServiceResponse{partial_success{rejected_spans: 2, error_message: "bad"}} */
static void a_partial_success_is_delivered_and_the_rejected_are_counted(void **state)
{
	(void)state;
	START("", "",
	      { .bytes = "HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 9\r\n\r\n"
			 "\x0a\x07\x08\x02\x12\x03"
			 "bad" });
	rig_offer(&rig, PAYLOAD_TRACES, SLICE("t"), 5);
	assert_true(rig_wait(&rig, METER_EXPORTED, LABELS("traces"), 3));
	assert_int_equal(rig_count(DROPPED("traces", "rejected")), 2);
	assert_int_equal(http_peer_served(&peer), 1);
	stop();
}

static void an_answer_of_garbage_is_success_all_the_same(void **state)
{
	(void)state;
	START("", "",
	      { .bytes = "HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: "
			 "4\r\n\r\n\xff\xff\xff\xff" });
	rig_offer(&rig, PAYLOAD_TRACES, SLICE("t"), 5);
	assert_true(rig_wait(&rig, METER_EXPORTED, LABELS("traces"), 5));
	stop();
}

static void no_answer_is_tried_again(void **state)
{
	(void)state;
	START("", QUICK_RETRY, { .bytes = "", .resets = 1 },
	      { .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nha", .resets = 1 }, OK_REPLY);
	rig_offer(&rig, PAYLOAD_TRACES, SLICE("t"), 1);
	assert_true(rig_wait(&rig, METER_EXPORTED, LABELS("traces"), 1));
	assert_int_equal(rig_count(FAILURES("UNAVAILABLE")), 2);
	assert_int_equal(http_peer_served(&peer), 3);
	stop();
}

static void a_slow_peer_is_a_timeout_and_tried_again(void **state)
{
	(void)state;
	START("", "    timeout: 50ms\n" QUICK_RETRY,
	      { .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", .delay_ms = 400 }, OK_REPLY);
	rig_offer(&rig, PAYLOAD_TRACES, SLICE("t"), 1);
	assert_true(rig_wait(&rig, METER_EXPORTED, LABELS("traces"), 1));
	assert_int_equal(rig_count(FAILURES("TIMEOUT")), 1);
	stop();
}

static void a_drain_that_runs_out_of_time_ends_requests(void **state)
{
	(void)state;
	START("", "", { .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", .delay_ms = 3000 });
	rig_offer(&rig, PAYLOAD_TRACES, SLICE("t"), 4);
	uv_run(&rig.loop, UV_RUN_NOWAIT);
	uint64_t start_ns = clock_mono_ns();
	rig_drain(&rig, 50);
	assert_in_range((clock_mono_ns() - start_ns) / NS_PER_MS, 49, 2900);
	assert_int_equal(rig_count(DROPPED("traces", "shutdown")), 4);
	stop();
}

static void an_endpoint_that_is_no_url_is_refused_with_the_remedy(void **state)
{
	(void)state;
	assert_int_equal(rig_start(&rig, "exporters:\n  otlphttp/a:\n    endpoint: localhost:4318\n").code,
			 STATUS_INVALID);
	assert_non_null(strstr(buf_string(&rig.why), ":2:3: otlphttp/a: endpoint must start with http://, https:// or unix:/ "
						     "(host:port alone is for otlp, over gRPC)"));
	assert_int_equal(rig_stop(&rig), 0);
	assert_int_equal(rig_start(&rig, "exporters:\n  otlphttp/a:\n    timeout: 1s\n").code, STATUS_INVALID);
	assert_non_null(strstr(buf_string(&rig.why), "endpoint is missing"));
	assert_int_equal(rig_stop(&rig), 0);
}

static void json_is_sent_and_its_answers_are_read(void **state)
{
	static const char json[] = "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{\"severityNumber\":9}]}]}]}";
	struct buf wire = BUF_INIT;

	(void)state;
	START("", "    encoding: json\n    compression: none\n",
	      { .bytes = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 69\r\n\r\n"
			 "{\"partialSuccess\":{\"rejectedLogRecords\":\"2\",\"errorMessage\":\"too old\"}}" },
	      { .bytes = "HTTP/1.1 400 Bad\r\nContent-Type: application/json\r\nContent-Length: 30\r\n\r\n"
			 "{\"code\":3,\"message\":\"no good\"}" });
	assert_false(FAILED(json_to_wire(slice_of(json), SIGNAL_LOGS, 1000, &wire, NULL)));
	rig_offer(&rig, PAYLOAD_LOGS, buf_view(&wire), 5);
	assert_true(rig_wait(&rig, DROPPED("logs", "rejected"), 2));
	assert_int_equal(rig_count(METER_EXPORTED, LABELS("logs")), 3);
	assert_non_null(strstr(peer.requests[0].head, "Content-Type: application/json\r\n"));
	assert_string_equal(peer.requests[0].body, json);
	rig_offer(&rig, PAYLOAD_LOGS, buf_view(&wire), 5);
	assert_true(rig_wait(&rig, DROPPED("logs", "refused"), 5));
	buf_release(&wire);
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_go_gzipped_to_the_path_of_their_signal),
		cmocka_unit_test(json_is_sent_and_its_answers_are_read),
		cmocka_unit_test(a_signals_own_endpoint_is_used_as_it_stands),
		cmocka_unit_test(zstd_is_spoken_where_it_is_asked_for),
		cmocka_unit_test(only_429_502_503_504_are_tried_again),
		cmocka_unit_test(retry_after_is_honoured),
		cmocka_unit_test(a_partial_success_is_delivered_and_the_rejected_are_counted),
		cmocka_unit_test(an_answer_of_garbage_is_success_all_the_same),
		cmocka_unit_test(no_answer_is_tried_again),
		cmocka_unit_test(a_slow_peer_is_a_timeout_and_tried_again),
		cmocka_unit_test(a_drain_that_runs_out_of_time_ends_requests),
		cmocka_unit_test(an_endpoint_that_is_no_url_is_refused_with_the_remedy),
	};
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests_name("exporters/otlphttp", tests, NULL, NULL);
}
