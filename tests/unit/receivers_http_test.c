/* SPDX-License-Identifier: Apache-2.0
 * OTLP/HTTP over real sockets: every status, every encoding, and clients that misbehave.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <zlib.h>

#include "proto/rpc_status.pb-c.h"
#include "tests/unit/receiver_rig.h"

#define MAX_BYTES 100000

static struct http_receiver *receiver;
static struct config config = {
	.http = { .enabled = true,
		  .endpoint = "localhost:0",
		  .max_request_body_size_bytes = MAX_BYTES,
		  .read_timeout_ms = 1000,
		  .max_connections = 8 },
	.limits.max_in_flight_bytes = 150000,
};

static int start(void **state)
{
	struct buf why = BUF_INIT;
	struct status s = http_receiver_start(&config, (struct ingest){ fake_ingest, &pipeline, 0 }, &receiver, &why);

	(void)state;
	if (FAILED(s))
		fail_msg("%s: %s", s.why, buf_string(&why));
	buf_release(&why);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	http_receiver_stop(receiver, 1000);
	buf_release(&pipeline.wire);
	return 0;
}

/* ---------------------------------------------------------------- a client */

static int connect_v4(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(http_receiver_port(receiver)) };
	struct timeval patience = { .tv_sec = 10 };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

static void put(int fd, struct slice bytes)
{
	while (bytes.len > 0) {
		ssize_t n = send(fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);
		if (n <= 0)
			return; /* what the other side answered is what counts */
		bytes = slice_skip(bytes, (size_t)n);
	}
}

/* Reads until the other side closes. */
static struct buf get_all(int fd)
{
	struct buf b = BUF_INIT;
	ssize_t n;

	do {
		n = recv(fd, buf_reserve(&b, 65536), 65536, 0);
		b.len += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	close(fd);
	return b;
}

struct reply {
	struct buf all;
	unsigned status;
	struct slice head, body;
};

static struct reply parse(struct buf all)
{
	struct reply r = { .all = all };
	ptrdiff_t end = slice_find(buf_view(&all), SLICE("\r\n\r\n"));

	if (end < 0)
		return r; /* no answer */
	r.head = slice_head(buf_view(&all), (size_t)end);
	r.body = slice_skip(buf_view(&all), (size_t)end + 4);
	assert_true(slice_starts_with(r.head, SLICE("HTTP/1.1 ")));
	r.status = (unsigned)atoi(r.head.ptr + 9);
	return r;
}

static bool has_header(const struct reply *r, const char *line)
{
	return slice_find(r->head, slice_of(line)) >= 0;
}

/* One request on a connection of its own. headers: lines with their ends. */
static struct reply request(const char *method, const char *path, const char *headers, struct slice body)
{
	struct buf b = BUF_INIT;
	int fd = connect_v4();

	buf_printf(&b, "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: %zu\r\n%s\r\n",
		   method, path, body.len, headers);
	buf_slice(&b, body);
	put(fd, buf_view(&b));
	buf_release(&b);
	return parse(get_all(fd));
}

#define PROTOBUF "Content-Type: application/x-protobuf\r\n"
#define JSON     "Content-Type: application/json; charset=utf-8\r\n"

static struct reply post(const char *headers, struct slice body)
{
	return request("POST", "/v1/traces", headers, body);
}

static unsigned status_of(const char *method, const char *path, const char *headers, struct slice body)
{
	struct reply r = request(method, path, headers, body);

	buf_release(&r.all);
	return r.status;
}

static struct buf gzipped(struct slice plain)
{
	struct buf b = BUF_INIT;
	z_stream z = { .next_in = (Bytef *)(uintptr_t)plain.ptr, .avail_in = (uInt)plain.len };

	deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY);
	size_t bound = deflateBound(&z, plain.len);
	z.next_out = (Bytef *)buf_reserve(&b, bound);
	z.avail_out = (uInt)bound;
	deflate(&z, Z_FINISH);
	b.len = z.total_out;
	deflateEnd(&z);
	return b;
}

static struct buf zeros(size_t n)
{
	struct buf b = BUF_INIT;

	memset(buf_reserve(&b, n), 0, n);
	b.len = n;
	return b;
}

static void assert_nothing_is_held(void)
{
	assert_true(meter_becomes(METER_IN_FLIGHT_BYTES, "", 0));
	assert_true(meter_becomes(METER_CONNECTIONS, "transport=\"http\"", 0));
}

/* ---------------------------------------------------------------- success */

static void each_path_is_its_signal_and_success_is_the_empty_message(void **state)
{
	static const char *const paths[SIGNAL_COUNT] = { "/v1/traces", "/v1/metrics", "/v1/logs" };

	(void)state;
	pipeline_answers((struct ingest_reply){ .status = OK });
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
	pipeline_answers((struct ingest_reply){ .status = OK });
	assert_int_equal(status_of("POST", "/v1/traces", PROTOBUF, SLICE_NONE), 200);
	assert_int_equal(pipeline.wire.len, 0);
}

static void json_reaches_the_pipeline_as_protobuf_and_is_answered_in_json(void **state)
{
	(void)state;
	pipeline_answers((struct ingest_reply){ .status = OK });
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
	pipeline_answers((struct ingest_reply){ .status = OK });
	assert_int_equal(status_of("POST", "/v1/traces", PROTOBUF "Content-Encoding: gzip\r\n", buf_view(&packed)),
			 200);
	assert_true(slice_equal(buf_view(&pipeline.wire), plain));
	buf_release(&packed);
}

static void chunked_bodies_are_joined(void **state)
{
	int fd = connect_v4();

	(void)state;
	pipeline_answers((struct ingest_reply){ .status = OK });
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
	pipeline_answers((struct ingest_reply){ .status = OK });
	put(fd, SLICE("POST /v1/traces HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\nExpect: "
		      "100-continue\r\n" PROTOBUF "\r\n"));
	assert_true(recv(fd, go_on, sizeof(go_on) - 1, 0) > 0);
	assert_non_null(strstr(go_on, " 100 "));
	put(fd, (struct slice){ "\x0a\x00", 2 });
	struct reply r = parse(get_all(fd));
	assert_int_equal(r.status, 200);
	buf_release(&r.all);
}

static void many_requests_share_a_connection(void **state)
{
	struct buf b = BUF_INIT;
	int fd = connect_v4();

	(void)state;
	pipeline_answers((struct ingest_reply){ .status = OK });
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

static void clients_of_both_loopback_addresses_are_served(void **state)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_port = htons(http_receiver_port(receiver)) };
	int fd = socket(AF_INET6, SOCK_STREAM, 0);

	(void)state;
	a.sin6_addr = in6addr_loopback;
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) != 0) {
		int probe = socket(AF_INET6, SOCK_STREAM, 0);
		a.sin6_port = 0;
		assert_int_not_equal(bind(probe, (struct sockaddr *)&a, sizeof(a)), 0); /* no IPv6 here at all */
		close(probe);
		close(fd);
		skip();
	}
	put(fd, SLICE("GET /v1/traces HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
	struct reply r = parse(get_all(fd));
	assert_int_equal(r.status, 405);
	buf_release(&r.all);
}

/* ---------------------------------------------------------------- refusals */

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
	pipeline_answers((struct ingest_reply){ .status = OK });
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

static void a_body_over_the_limit_is_413_whether_announced_chunked_or_compressed(void **state)
{
	struct buf plain = zeros(MAX_BYTES + 1), packed = gzipped(buf_view(&plain)), chunked = BUF_INIT;
	int fd = connect_v4();

	(void)state;
	pipeline_answers((struct ingest_reply){ .status = OK });
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
	struct reply r = parse(get_all(fd));
	assert_int_equal(r.status, 413);
	buf_release(&r.all);
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
	struct reply r = parse(get_all(fd));
	assert_int_equal(r.status, 413);
	buf_release(&r.all);
}

static void past_the_in_flight_budget_the_answer_is_503(void **state)
{
	struct buf half = zeros(MAX_BYTES);
	char head[256];
	int first = connect_v4();

	(void)state;
	pipeline_answers((struct ingest_reply){ .status = OK });
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
	r = parse(get_all(first));
	assert_int_equal(r.status, 200);
	buf_release(&r.all);
	assert_nothing_is_held();
	buf_release(&half);
}

/* ---------------------------------------------------------------- clients that misbehave */

static void a_client_that_leaves_in_mid_body_leaves_nothing_behind(void **state)
{
	struct meter *m = meter_get(METER_REFUSED, "signal=\"traces\",transport=\"http\",reason=\"incomplete\"");
	int64_t before = meter_value(m);
	int fd = connect_v4();

	(void)state;
	put(fd, SLICE("POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n" PROTOBUF "\r\nsome"));
	assert_true(meter_becomes(METER_IN_FLIGHT_BYTES, "", 4));
	close(fd);
	assert_nothing_is_held();
	assert_int_equal(meter_value(m), before + 1);
}

static void a_silent_sender_is_closed_after_the_read_timeout(void **state)
{
	uint64_t began_ns = clock_mono_ns();
	int fd = connect_v4();

	(void)state;
	put(fd, SLICE("POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n" PROTOBUF "\r\nsome"));
	struct buf all = get_all(fd);
	assert_in_range((clock_mono_ns() - began_ns) / NS_PER_MS, 900, 5000);
	buf_release(&all);
	assert_nothing_is_held();
}

static void a_sender_that_drips_is_closed_too(void **state)
{
	uint64_t began_ns = clock_mono_ns();
	int fd = connect_v4();

	(void)state;
	put(fd, SLICE("POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n" PROTOBUF "\r\n"));
	for (int i = 0; i < 500 && send(fd, "x", 1, MSG_NOSIGNAL) == 1; i++)
		usleep(20000);
	assert_in_range((clock_mono_ns() - began_ns) / NS_PER_MS, 900, 5000);
	close(fd);
	assert_nothing_is_held();
}

static void garbage_is_answered_400_and_closed(void **state)
{
	int fd = connect_v4();

	(void)state;
	put(fd, SLICE("\x16\x03\x01\x02garbage\r\n\r\n\r\n"));
	struct reply r = parse(get_all(fd));
	assert_true(r.status == 0 || r.status == 400);
	buf_release(&r.all);
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
	pipeline_answers((struct ingest_reply){ .status = OK });
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

static uint64_t cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / NS_PER_MS;
}

static void without_descriptors_it_waits_idly_and_goes_on_when_there_are_some(void **state)
{
	struct rlimit usual, tight;
	int fd = connect_v4(); /* served, so that nothing has to be opened later */
	int next = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in to;
	socklen_t length = sizeof(to);

	(void)state;
	pipeline_answers((struct ingest_reply){ .status = OK });
	assert_true(meter_becomes(METER_CONNECTIONS, "transport=\"http\"", 1));
	getpeername(fd, (struct sockaddr *)&to, &length);
	getrlimit(RLIMIT_NOFILE, &usual);
	tight = usual;
	int lowest_free = dup(next);
	close(lowest_free);
	tight.rlim_cur = (rlim_t)lowest_free;
	setrlimit(RLIMIT_NOFILE, &tight);
	assert_int_equal(connect(next, (struct sockaddr *)&to, length), 0);
	usleep(100000);
	uint64_t before_ms = cpu_ms();
	usleep(500000);
	assert_in_range(cpu_ms() - before_ms, 0, 100);
	setrlimit(RLIMIT_NOFILE, &usual);
	put(next, SLICE("POST /v1/traces HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n" PROTOBUF "\r\n"));
	struct reply r = parse(get_all(next));
	assert_int_equal(r.status, 200);
	buf_release(&r.all);
	close(fd);
	assert_nothing_is_held();
}

static void connections_past_the_limit_are_closed_and_the_others_served(void **state)
{
	int fds[8];

	(void)state;
	for (size_t i = 0; i < 8; i++)
		fds[i] = connect_v4();
	assert_true(meter_becomes(METER_CONNECTIONS, "transport=\"http\"", 8));
	struct buf all = get_all(connect_v4());
	assert_int_equal(all.len, 0);
	buf_release(&all);
	put(fds[7], SLICE("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
	struct reply r = parse(get_all(fds[7]));
	assert_int_equal(r.status, 404);
	buf_release(&r.all);
	for (size_t i = 0; i < 7; i++)
		close(fds[i]);
	assert_nothing_is_held();
}

/* ---------------------------------------------------------------- start and stop */

static void a_port_that_is_taken_is_named_with_the_remedy(void **state)
{
	struct config other = config;
	struct http_receiver *second = NULL;
	struct buf why = BUF_INIT;
	char endpoint[32];

	(void)state;
	snprintf(endpoint, sizeof(endpoint), "localhost:%u", http_receiver_port(receiver));
	other.http.endpoint = endpoint;
	struct status s = http_receiver_start(&other, (struct ingest){ fake_ingest, &pipeline, 0 }, &second, &why);
	assert_int_equal(s.code, STATUS_EXISTS);
	assert_null(second);
	assert_non_null(strstr(buf_string(&why), endpoint));
	assert_non_null(strstr(buf_string(&why), "the port is taken"));
	assert_non_null(strstr(buf_string(&why), "receivers.otlp.protocols.http.endpoint"));
	buf_release(&why);
}

static void *stop_receiver(void *r)
{
	http_receiver_stop(r, 5000);
	return NULL;
}

static void stopping_waits_for_the_request_under_way(void **state)
{
	struct http_receiver *kept = receiver;
	int fd;

	start(state);
	fd = connect_v4();
	pipeline_answers((struct ingest_reply){ .status = OK });
	put(fd, SLICE("POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n" PROTOBUF "\r\n\x0a"));
	assert_true(meter_becomes(METER_IN_FLIGHT_BYTES, "", 1));
	pthread_t stopper;
	pthread_create(&stopper, NULL, stop_receiver, receiver);
	usleep(50000);
	put(fd, (struct slice){ "\0", 1 });
	struct reply r = parse(get_all(fd));
	assert_int_equal(r.status, 200);
	assert_true(has_header(&r, "Connection: close"));
	buf_release(&r.all);
	pthread_join(stopper, NULL);
	receiver = kept;
	assert_nothing_is_held();
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
		cmocka_unit_test(clients_of_both_loopback_addresses_are_served),
		cmocka_unit_test(what_is_not_otlp_is_refused_by_name),
		cmocka_unit_test(broken_json_says_where),
		cmocka_unit_test(refusals_are_counted_by_reason),
		cmocka_unit_test(a_full_pipeline_is_told_as_retryable_in_the_requests_encoding),
		cmocka_unit_test(an_answer_that_follows_later_says_what_came_of_it),
		cmocka_unit_test(a_body_over_the_limit_is_413_whether_announced_chunked_or_compressed),
		cmocka_unit_test(a_sender_that_asks_first_is_refused_before_it_sends),
		cmocka_unit_test(past_the_in_flight_budget_the_answer_is_503),
		cmocka_unit_test(a_client_that_leaves_in_mid_body_leaves_nothing_behind),
		cmocka_unit_test(a_silent_sender_is_closed_after_the_read_timeout),
		cmocka_unit_test(a_sender_that_drips_is_closed_too),
		cmocka_unit_test(garbage_is_answered_400_and_closed),
		cmocka_unit_test(what_never_becomes_a_request_is_counted),
		cmocka_unit_test(a_request_whose_end_is_in_doubt_is_refused_and_its_connection_closed),
		cmocka_unit_test(without_descriptors_it_waits_idly_and_goes_on_when_there_are_some),
		cmocka_unit_test(connections_past_the_limit_are_closed_and_the_others_served),
		cmocka_unit_test(a_port_that_is_taken_is_named_with_the_remedy),
		cmocka_unit_test(stopping_waits_for_the_request_under_way),
	};
	return cmocka_run_group_tests_name("receivers/http", tests, start, stop);
}
