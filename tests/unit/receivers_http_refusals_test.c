/* SPDX-License-Identifier: Apache-2.0
 * What an OTLP/HTTP receiver refuses, and what it says of it: wrong names, broken bodies, too much of them, and
 * requests whose end is in doubt.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/receivers_http_rig.h"

static void what_is_not_otlp_is_refused_by_name(void **state)
{
	static const struct {
		const char *method, *path, *headers;
		unsigned status;
	} rows[] = {
		{ "POST", "/v1/other", PROTOBUF, 404 },
		{ "POST", "/", PROTOBUF, 404 },
		{ "POST", "/v1/traces/", PROTOBUF, 404 },
		{ "GET", "/v1/traces", "", 405 },
		{ "PUT", "/v1/logs", PROTOBUF, 405 },
		{ "POST", "/v1/traces", "", 415 },
		{ "POST", "/v1/traces", "Content-Type: text/plain\r\n", 415 },
		{ "POST", "/v1/traces", "Content-Type: application/jsonx\r\n", 415 },
		{ "POST", "/v1/traces", PROTOBUF "Content-Encoding: br\r\n", 415 },
		{ "POST", "/v1/traces", PROTOBUF "Content-Encoding: gzip\r\n", 400 },
		{ "POST", "/v1/traces", JSON, 400 },
	};

	(void)state;
	pipeline_takes_all();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (status_of(rows[i].method, rows[i].path, rows[i].headers, SLICE("[garbage")) != rows[i].status)
			fail_msg("%s %s %s", rows[i].method, rows[i].path, rows[i].headers);
	assert_int_equal(pipeline_calls(), 0);
	struct reply r = request("GET", "/v1/traces", "", SLICE_NONE);
	assert_true(has_header(&r, "Allow: POST"));
	buf_release(&r.all);
	assert_nothing_is_held();
}

static void broken_json_says_where(void **state)
{
	(void)state;
	struct reply r = post(JSON, SLICE("{\n\"resourceSpans\": 5}"));
	assert_int_equal(r.status, 400);
	assert_true(slice_starts_with(r.body, SLICE("{\"code\":3,\"message\":\"line 2, column ")));
	buf_release(&r.all);
}

static void refusals_are_counted_by_reason(void **state)
{
	struct meter *m = meter_get(METER_REFUSED, "signal=\"traces\",transport=\"http\",reason=\"malformed\"");
	int64_t before = meter_value(m);

	(void)state;
	assert_int_equal(status_of("POST", "/v1/traces", JSON, SLICE("{")), 400);
	assert_int_equal(meter_value(m), before + 1);
}

static void a_body_over_the_limit_is_413_whether_announced_chunked_or_compressed(void **state)
{
	struct buf plain = zeros(MAX_BYTES + 1), packed = gzipped(buf_view(&plain)), chunked = BUF_INIT;
	int fd = connect_v4();

	(void)state;
	pipeline_takes_all();
	assert_int_equal(status_of("POST", "/v1/traces", PROTOBUF, buf_view(&plain)), 413);
	assert_int_equal(status_of("POST", "/v1/traces", PROTOBUF "Content-Encoding: gzip\r\n", buf_view(&packed)),
			 413);
	buf_printf(&chunked,
		   "POST /v1/traces HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n" PROTOBUF
		   "\r\n%zx\r\n",
		   plain.len);
	buf_slice(&chunked, buf_view(&plain));
	buf_text(&chunked, "\r\n0\r\n\r\n");
	put(fd, buf_view(&chunked));
	assert_answered(fd, 413);
	assert_int_equal(pipeline_calls(), 0);
	assert_int_equal(status_of("POST", "/v1/traces", PROTOBUF, slice_head(buf_view(&plain), MAX_BYTES)), 200);
	assert_nothing_is_held();
	buf_release(&chunked);
	buf_release(&packed);
	buf_release(&plain);
}

static void a_sender_that_asks_first_is_refused_before_it_sends(void **state)
{
	int fd = connect_v4();

	(void)state;
	put(fd, SLICE("POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Length: 1073741824\r\nExpect: "
		      "100-continue\r\n" PROTOBUF "\r\n"));
	assert_answered(fd, 413);
}

static void past_the_in_flight_budget_the_answer_is_503(void **state)
{
	struct buf half = zeros(MAX_BYTES);
	char head[256];
	int first = connect_v4();

	(void)state;
	pipeline_takes_all();
	snprintf(head, sizeof(head),
		 "POST /v1/traces HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n" PROTOBUF "\r\n",
		 MAX_BYTES);
	put(first, slice_of(head));
	put(first, slice_head(buf_view(&half), MAX_BYTES - 1));
	assert_true(meter_becomes(METER_IN_FLIGHT_BYTES, "", MAX_BYTES - 1));
	struct reply r = post(PROTOBUF, buf_view(&half));
	assert_int_equal(r.status, 503);
	assert_true(has_header(&r, "Retry-After: 1\r\n"));
	buf_release(&r.all);
	put(first, slice_head(buf_view(&half), 1));
	assert_answered(first, 200);
	assert_nothing_is_held();
	buf_release(&half);
}

static void garbage_is_closed_without_an_answer(void **state)
{
	int fd = connect_v4();

	(void)state;
	put(fd, SLICE("\x16\x03\x01\x02garbage\r\n\r\n\r\n"));
	assert_answered(fd, 0);
	assert_nothing_is_held();
}

static void what_never_becomes_a_request_is_counted(void **state)
{
	static const struct slice broken[] = {
		{ "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24 },
		{ "\x16\x03\x01\x02garbage\r\n\r\n\r\n", 17 },
		{ "POST /v1/tra", 12 },
		{ "POST /v1/traces HTTP/1.1\r\nno header\r\n\r\n", 39 },
		{ "POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n", 57 },
	};
	enum { COUNT = sizeof(broken) / sizeof(broken[0]) };
	const char *labels = "signal=\"unknown\",transport=\"http\",reason=\"incomplete\"";
	int64_t before = meter_value(meter_get(METER_REFUSED, labels));

	(void)state;
	for (int64_t i = 0; i < COUNT; i++) {
		int fd = connect_v4();
		put(fd, broken[i]);
		shutdown(fd, SHUT_WR);
		struct buf all = get_all(fd);
		assert_true(meter_becomes(METER_REFUSED, labels, before + i + 1));
		buf_release(&all);
	}
	close(connect_v4()); /* as a health check of a load balancer does */
	assert_nothing_is_held();
	assert_int_equal(meter_value(meter_get(METER_REFUSED, labels)), before + COUNT);
}

/* headers: lines with their ends; what follows them is a whole request without, and one more. */
static void assert_closed_with(unsigned status, const char *headers)
{
	struct buf b = BUF_INIT;
	int fd = connect_v4();

	buf_printf(&b, "POST /v1/traces HTTP/1.1\r\nHost: x\r\n" JSON "%s\r\n2\r\n{}\r\n0\r\n\r\n", headers);
	buf_text(&b, "GET /next HTTP/1.1\r\nHost: x\r\n\r\n");
	put(fd, buf_view(&b));
	struct reply r = parse(get_all(fd));
	if (r.status != status || slice_find(r.body, SLICE("HTTP/1.1")) >= 0)
		fail_msg("after %s: %s", headers, buf_string(&r.all));
	buf_release(&r.all);
	buf_release(&b);
}

static void a_request_whose_end_is_in_doubt_is_refused_and_its_connection_closed(void **state)
{
	struct meter *m = meter_get(METER_REFUSED, "signal=\"traces\",transport=\"http\",reason=\"malformed\"");
	int64_t before = meter_value(m);

	(void)state;
	pipeline_takes_all();
	assert_closed_with(400, "Content-Length: 12\r\nTransfer-Encoding: chunked\r\n");
	assert_closed_with(400, "Content-Length: 12\r\nContent-Length: 2\r\n");
	assert_closed_with(400, "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n");
	assert_closed_with(400, "Transfer-Encoding: chunked\r\nHost: y\r\n");
	assert_closed_with(400, "Transfer-Encoding : chunked\r\n");
	assert_int_equal(meter_value(m), before + 5);
	assert_closed_with(501, "Transfer-Encoding: gzip, chunked\r\n");
	assert_closed_with(501, "Transfer-Encoding: identity\r\n");
	assert_int_equal(pipeline_calls(), 0);
	assert_nothing_is_held();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_otlp_is_refused_by_name),
		cmocka_unit_test(broken_json_says_where),
		cmocka_unit_test(refusals_are_counted_by_reason),
		cmocka_unit_test(a_body_over_the_limit_is_413_whether_announced_chunked_or_compressed),
		cmocka_unit_test(a_sender_that_asks_first_is_refused_before_it_sends),
		cmocka_unit_test(past_the_in_flight_budget_the_answer_is_503),
		cmocka_unit_test(garbage_is_closed_without_an_answer),
		cmocka_unit_test(what_never_becomes_a_request_is_counted),
		cmocka_unit_test(a_request_whose_end_is_in_doubt_is_refused_and_its_connection_closed),
	};

	return cmocka_run_group_tests_name("receivers/http_refusals", tests, start, stop);
}
