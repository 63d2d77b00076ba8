/* SPDX-License-Identifier: Apache-2.0
 * OTLP/HTTP over real sockets: every path, encoding and way of sending is answered as the protocol says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "proto/rpc_status.pb-c.h"
#include "tests/unit/receivers_http_rig.h"

static void each_path_is_its_signal_and_success_is_the_empty_message(void **state)
{
	static const char *const paths[SIGNAL_COUNT] = { "/v1/traces", "/v1/metrics", "/v1/logs" };

	(void)state;
	pipeline_takes_all();
	for (int s = 0; s < SIGNAL_COUNT; s++) {
		struct reply r = request("POST", paths[s], PROTOBUF, SLICE("\x0a\x00"));
		assert_int_equal(r.status, 200);
		assert_true(has_header(&r, "Content-Type: application/x-protobuf"));
		assert_int_equal(r.body.len, 0);
		assert_int_equal(pipeline.signal, s);
		assert_true(slice_equal(buf_view(&pipeline.wire), (struct slice){ "\x0a\x00", 2 }));
		buf_release(&r.all);
	}
	assert_nothing_is_held();
}

static void an_empty_request_is_a_success(void **state)
{
	(void)state;
	pipeline_takes_all();
	assert_int_equal(status_of("POST", "/v1/traces", PROTOBUF, SLICE_NONE), 200);
	assert_int_equal(pipeline.wire.len, 0);
}

static void json_reaches_the_pipeline_as_protobuf_and_is_answered_in_json(void **state)
{
	(void)state;
	pipeline_takes_all();
	struct reply r = post(JSON, SLICE("{\"resourceSpans\":[{\"schemaUrl\":\"u\"}]}"));
	assert_int_equal(r.status, 200);
	assert_true(has_header(&r, "Content-Type: application/json"));
	assert_true(slice_equal(r.body, SLICE("{}")));
	assert_true(slice_equal(buf_view(&pipeline.wire), SLICE("\x0a\x03\x1a\x01u")));
	buf_release(&r.all);
}

static void compressed_bodies_are_inflated(void **state)
{
	struct slice plain = SLICE("\x0a\x03\x1a\x01u");
	struct buf packed = gzipped(plain);

	(void)state;
	pipeline_takes_all();
	assert_int_equal(status_of("POST", "/v1/traces", PROTOBUF "Content-Encoding: gzip\r\n", buf_view(&packed)),
			 200);
	assert_true(slice_equal(buf_view(&pipeline.wire), plain));
	buf_release(&packed);
}

static void chunked_bodies_are_joined(void **state)
{
	int fd = connect_v4();

	(void)state;
	pipeline_takes_all();
	put(fd,
	    SLICE("POST /v1/logs HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n" PROTOBUF
		  "\r\n2\r\n\x0a\x03\r\n"));
	usleep(20000);
	put(fd, SLICE("3\r\n\x1a\x01u\r\n0\r\n\r\n"));
	struct reply r = parse(get_all(fd));
	assert_int_equal(r.status, 200);
	assert_true(slice_equal(buf_view(&pipeline.wire), SLICE("\x0a\x03\x1a\x01u")));
	buf_release(&r.all);
}

static void a_sender_that_asks_first_is_told_to_go_on(void **state)
{
	char go_on[64] = "";
	int fd = connect_v4();

	(void)state;
	pipeline_takes_all();
	put(fd, SLICE("POST /v1/traces HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\nExpect: "
		      "100-continue\r\n" PROTOBUF "\r\n"));
	assert_true(recv(fd, go_on, sizeof(go_on) - 1, 0) > 0);
	assert_non_null(strstr(go_on, " 100 "));
	put(fd, (struct slice){ "\x0a\x00", 2 });
	assert_answered(fd, 200);
}

static void many_requests_share_a_connection(void **state)
{
	struct buf b = BUF_INIT;
	int fd = connect_v4();

	(void)state;
	pipeline_takes_all();
	for (int i = 0; i < 10; i++)
		buf_printf(&b, "POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n%s" PROTOBUF "\r\n\x0a%c",
			   i == 9 ? "Connection: close\r\n" : "", 0);
	put(fd, buf_view(&b));
	struct reply r = parse(get_all(fd));
	assert_int_equal(r.status, 200);
	assert_int_equal(pipeline_calls(), 10);
	buf_release(&r.all);
	buf_release(&b);
}

static void partial_success_is_200_with_its_counts(void **state)
{
	(void)state;
	pipeline_answers((struct ingest_reply){ .status = OK, .rejected_items = 3, .rejected_why = "no trace id" });
	struct reply r = post(JSON, SLICE("{}"));
	assert_int_equal(r.status, 200);
	assert_true(slice_equal(
		r.body, SLICE("{\"partialSuccess\":{\"rejectedSpans\":\"3\",\"errorMessage\":\"no trace id\"}}")));
	buf_release(&r.all);
	r = post(PROTOBUF, SLICE_NONE);
	assert_true(slice_equal(r.body, SLICE("\x0a\x0f\x08\x03\x12\x0bno trace id")));
	buf_release(&r.all);
}

static void a_full_pipeline_is_told_as_retryable_in_the_requests_encoding(void **state)
{
	(void)state;
	pipeline_answers((struct ingest_reply){ .status = FAIL(FULL, "queue is full"), .retry_after_ms = 2500 });
	struct reply r = post(PROTOBUF, SLICE_NONE);
	assert_int_equal(r.status, 429);
	assert_true(has_header(&r, "Retry-After: 3\r\n"));
	Rpc__Status *status = rpc__status__unpack(NULL, r.body.len, (const uint8_t *)r.body.ptr);
	assert_int_equal(status->code, 14);
	assert_string_equal(status->message, "queue is full");
	rpc__status__free_unpacked(status, NULL);
	buf_release(&r.all);

	pipeline_answers((struct ingest_reply){ .status = FAIL(UNAVAILABLE, "starting") });
	r = post(JSON, SLICE("{}"));
	assert_int_equal(r.status, 503);
	assert_true(has_header(&r, "Retry-After: 1\r\n"));
	assert_true(slice_starts_with(r.body, SLICE("{\"code\":14,\"message\":\"starting\"")));
	buf_release(&r.all);
}

static void an_answer_that_follows_later_says_what_came_of_it(void **state)
{
	static const unsigned delays_ms[] = { 0, 0, 0, 20 };

	(void)state;
	for (size_t i = 0; i < sizeof(delays_ms) / sizeof(delays_ms[0]); i++) {
		pipeline_answers_later((struct ingest_reply){ .status = OK }, delays_ms[i]);
		struct reply r = post(PROTOBUF, SLICE_NONE);
		assert_int_equal(r.status, 200);
		buf_release(&r.all);
		pipeline_answers_later((struct ingest_reply){ .status = FAIL(FULL, "the disk is full") }, delays_ms[i]);
		r = post(JSON, SLICE("{}"));
		assert_int_equal(r.status, 429);
		assert_true(has_header(&r, "Retry-After: 1\r\n"));
		buf_release(&r.all);
	}
}

/* The read timeout is for what the sender does. */
static void a_disk_that_takes_longer_than_a_sender_may_is_waited_for(void **state)
{
	(void)state;
	pipeline_answers_later((struct ingest_reply){ .status = OK }, 1600);
	struct reply r = post(PROTOBUF, SLICE_NONE);
	assert_int_equal(r.status, 200);
	buf_release(&r.all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_path_is_its_signal_and_success_is_the_empty_message),
		cmocka_unit_test(an_empty_request_is_a_success),
		cmocka_unit_test(json_reaches_the_pipeline_as_protobuf_and_is_answered_in_json),
		cmocka_unit_test(compressed_bodies_are_inflated),
		cmocka_unit_test(chunked_bodies_are_joined),
		cmocka_unit_test(a_sender_that_asks_first_is_told_to_go_on),
		cmocka_unit_test(many_requests_share_a_connection),
		cmocka_unit_test(partial_success_is_200_with_its_counts),
		cmocka_unit_test(a_full_pipeline_is_told_as_retryable_in_the_requests_encoding),
		cmocka_unit_test(an_answer_that_follows_later_says_what_came_of_it),
		cmocka_unit_test(a_disk_that_takes_longer_than_a_sender_may_is_waited_for),
	};

	return cmocka_run_group_tests_name("receivers/http", tests, start, stop);
}
