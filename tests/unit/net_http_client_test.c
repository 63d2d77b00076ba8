/* SPDX-License-Identifier: Apache-2.0
 * The HTTP client posts what it is given, tells answers from failures, and ends everything that it started.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>

#include <cmocka.h>

#include "agent/base/clock.h"
#include "agent/net/http_client.h"
#include "agent/net/url.h"
#include "tests/unit/http_peer.h"

#define PEER(peer, ...)                                                                                                \
	static struct http_peer peer;                                                                                  \
	const struct http_peer_reply peer##_replies[] = { __VA_ARGS__ };                                               \
	http_peer_start(&peer, peer##_replies, sizeof(peer##_replies) / sizeof(peer##_replies[0]))

#define OK_REPLY                                                                                                       \
	{                                                                                                              \
		.bytes = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"                  \
	}

struct result {
	unsigned calls, code;
	enum status_code status;
	uint64_t retry_after_ms;
	size_t body_bytes;
	char error[256], body[64];
};

static uv_loop_t loop;
static struct http_client *client;

static int set_up(void **state)
{
	(void)state;
	uv_loop_init(&loop);
	return FAILED(http_client_new(&loop, &client)) ? -1 : 0;
}

static int tear_down(void **state)
{
	(void)state;
	http_client_free(client);
	uv_run(&loop, UV_RUN_DEFAULT);
	return uv_loop_close(&loop);
}

static void keep(void *context, const struct http_response *response)
{
	struct result *r = context;

	r->calls++;
	r->status = response->status.code;
	r->code = response->code;
	r->retry_after_ms = response->retry_after_ms;
	r->body_bytes = response->body.len;
	snprintf(r->body, sizeof(r->body), "%.*s", (int)(response->body.len < 60 ? response->body.len : 60),
		 response->body.ptr != NULL ? response->body.ptr : "");
	snprintf(r->error, sizeof(r->error), "%s", response->error);
}

static void post_to(uint16_t port, struct slice body, uint64_t timeout_ms, struct result *result)
{
	char url[64];
	struct http_request request = {
		.url = url, .content_type = "text/plain", .body = body, .timeout_ms = timeout_ms
	};

	snprintf(url, sizeof(url), "http://127.0.0.1:%u/path", port);
	*result = (struct result){ 0 };
	assert_int_equal(http_client_post(client, &request, keep, result).code, STATUS_OK);
	assert_int_equal(result->calls, 0);
}

static void wait_for(const struct result *result)
{
	while (result->calls == 0)
		assert_true(uv_run(&loop, UV_RUN_ONCE) != 0 || result->calls > 0);
}

static void a_post_carries_body_and_headers_and_brings_the_answer(void **state)
{
	struct string_pair pairs[] = { { "X-Key", "secret" }, { "X-Empty", "" } };
	struct string_map headers = { pairs, 2 };
	char url[64];
	struct result result = { 0 };

	(void)state;
	PEER(peer, OK_REPLY);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/v1/x?y=z", peer.port);
	struct http_request request = { .url = url,
					.content_type = "application/json",
					.content_encoding = "gzip",
					.headers = &headers,
					.body = SLICE("\0body"),
					.timeout_ms = 5000 };
	assert_int_equal(http_client_post(client, &request, keep, &result).code, STATUS_OK);
	wait_for(&result);
	assert_int_equal(result.status, STATUS_OK);
	assert_int_equal(result.code, 200);
	assert_string_equal(result.body, "ok");
	const char *head = peer.requests[0].head;
	assert_non_null(strstr(head, "POST /v1/x?y=z HTTP/1.1\r\n"));
	assert_non_null(strstr(head, "Content-Type: application/json\r\n"));
	assert_non_null(strstr(head, "Content-Encoding: gzip\r\n"));
	assert_non_null(strstr(head, "X-Key: secret\r\n"));
	assert_non_null(strstr(head, "X-Empty:\r\n"));
	assert_null(strstr(head, "Expect"));
	assert_int_equal(peer.requests[0].body_bytes, 5);
	assert_memory_equal(peer.requests[0].body, "\0body", 5);
	http_peer_stop(&peer);
}

static void retry_after_is_read_as_seconds_and_as_date(void **state)
{
	char dated[128];
	time_t later = time(NULL) + 60;
	struct tm tm;
	struct result result;

	(void)state;
	gmtime_r(&later, &tm);
	strftime(dated, sizeof(dated),
		 "HTTP/1.1 503 Busy\r\nRetry-After: %a, %d %b %Y %H:%M:%S GMT\r\nContent-Length: 0\r\n\r\n", &tm);
	PEER(peer, { .bytes = "HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n" }, { .bytes = dated },
	     { .bytes = "HTTP/1.1 503 Busy\r\nRetry-After: soon\r\nContent-Length: 0\r\n\r\n" });
	post_to(peer.port, SLICE("x"), 5000, &result);
	wait_for(&result);
	assert_int_equal(result.code, 429);
	assert_int_equal(result.retry_after_ms, 7000);
	post_to(peer.port, SLICE("x"), 5000, &result);
	wait_for(&result);
	assert_int_equal(result.code, 503);
	assert_in_range(result.retry_after_ms, 57000, 60000);
	post_to(peer.port, SLICE("x"), 5000, &result);
	wait_for(&result);
	assert_int_equal(result.retry_after_ms, 0);
	http_peer_stop(&peer);
}

static void a_redirect_is_an_answer_not_an_order(void **state)
{
	struct result result;

	(void)state;
	PEER(peer, { .bytes = "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n" });
	post_to(peer.port, SLICE("x"), 5000, &result);
	wait_for(&result);
	assert_int_equal(result.code, 302);
	assert_int_equal(http_peer_served(&peer), 1);
	http_peer_stop(&peer);
}

static void a_refused_connection_is_unavailable_and_says_so(void **state)
{
	struct result result;

	(void)state;
	post_to(http_peer_dead_port(), SLICE("x"), 5000, &result);
	wait_for(&result);
	assert_int_equal(result.status, STATUS_UNAVAILABLE);
	assert_int_equal(result.code, 0);
	assert_non_null(strstr(result.error, "connect"));
}

static void a_slow_server_is_a_timeout(void **state)
{
	struct result result;

	(void)state;
	PEER(peer, { .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", .delay_ms = 600 });
	uint64_t start_ns = clock_mono_ns();
	post_to(peer.port, SLICE("x"), 100, &result);
	wait_for(&result);
	assert_int_equal(result.status, STATUS_TIMEOUT);
	assert_in_range((clock_mono_ns() - start_ns) / NS_PER_MS, 90, 500);
	http_peer_stop(&peer);
}

static void a_reset_in_mid_body_is_a_failure_not_an_answer(void **state)
{
	struct result result;

	(void)state;
	PEER(peer, { .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", .resets = 1 });
	post_to(peer.port, SLICE("x"), 5000, &result);
	wait_for(&result);
	assert_int_equal(result.status, STATUS_UNAVAILABLE);
	assert_true(result.error[0] != '\0');
	http_peer_stop(&peer);
}

static void a_big_answer_is_read_but_only_its_head_is_kept(void **state)
{
	struct result result;

	(void)state;
	PEER(peer, { .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", .filler_bytes = 1000000 },
	     OK_REPLY);
	post_to(peer.port, SLICE("x"), 5000, &result);
	wait_for(&result);
	assert_int_equal(result.code, 200);
	assert_int_equal(result.body_bytes, 64 << 10);
	post_to(peer.port, SLICE("x"), 5000, &result);
	wait_for(&result);
	assert_int_equal(result.code, 200);
	http_peer_stop(&peer);
}

static void a_big_body_goes_out_without_waiting_for_100_continue(void **state)
{
	struct result result;
	size_t size = 4 << 20;
	char *body = malloc(size);

	(void)state;
	memset(body, 'b', size);
	PEER(peer, OK_REPLY);
	uint64_t start_ns = clock_mono_ns();
	post_to(peer.port, (struct slice){ body, size }, 5000, &result);
	wait_for(&result);
	assert_int_equal(result.code, 200);
	assert_true((clock_mono_ns() - start_ns) / NS_PER_MS < 900);
	assert_int_equal(peer.requests[0].body_bytes, size);
	assert_memory_equal(peer.requests[0].body, body, size);
	http_peer_stop(&peer);
	free(body);
}

static void connections_are_kept_and_many_requests_run_at_once(void **state)
{
	struct result results[20];

	(void)state;
	PEER(peer, OK_REPLY);
	for (size_t i = 0; i < 10; i++)
		post_to(peer.port, SLICE("x"), 5000, &results[i]);
	for (size_t i = 0; i < 10; i++)
		wait_for(&results[i]);
	for (size_t i = 10; i < 20; i++) {
		post_to(peer.port, SLICE("x"), 5000, &results[i]);
		wait_for(&results[i]);
	}
	assert_int_equal(http_peer_served(&peer), 20);
	assert_true(peer.fd_count <= 10);
	http_peer_stop(&peer);
}

static void requests_that_run_can_be_ended_by_their_context(void **state)
{
	struct result ended, kept;

	(void)state;
	PEER(peer, { .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", .delay_ms = 100 });
	post_to(peer.port, SLICE("x"), 5000, &ended);
	post_to(peer.port, SLICE("x"), 5000, &kept);
	http_client_cancel(client, &ended);
	assert_int_equal(ended.calls, 1);
	assert_int_equal(ended.status, STATUS_UNAVAILABLE);
	wait_for(&kept);
	assert_int_equal(kept.code, 200);
	assert_int_equal(ended.calls, 1);
	http_peer_stop(&peer);
}

static void closing_the_client_ends_what_runs(void **state)
{
	struct result result;

	(void)state;
	PEER(peer, { .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", .delay_ms = 100 });
	post_to(peer.port, SLICE("x"), 5000, &result);
	uv_run(&loop, UV_RUN_ONCE);
	tear_down(NULL);
	assert_int_equal(result.calls, 1);
	assert_int_equal(result.status, STATUS_UNAVAILABLE);
	http_peer_stop(&peer);
	set_up(NULL);
}

static void what_cannot_be_sent_is_refused_at_once(void **state)
{
	struct string_pair pair = { "X-Key", "a\r\nX-Injected: b" };
	struct string_map headers = { &pair, 1 };
	struct http_request request = { .url = "http://127.0.0.1/", .content_type = "text/plain", .headers = &headers };
	struct result result = { 0 };

	(void)state;
	assert_int_equal(http_client_post(client, &request, keep, &result).code, STATUS_INVALID);
	request = (struct http_request){ .url = "ftp://127.0.0.1/", .content_type = "text/plain" };
	assert_int_equal(http_client_post(client, &request, keep, &result).code, STATUS_OK);
	wait_for(&result);
	assert_int_equal(result.calls, 1);
	assert_int_equal(result.status, STATUS_INVALID);
}

static void urls_are_shown_without_secrets(void **state)
{
	static const char *const cases[][2] = {
		{ "https://user:pw@host:443/v1/traces?key=abc#f", "https://host:443/v1/traces" },
		{ "http://host/a@b", "http://host/a@b" },
		{ "http://a@b@host?x", "http://host" },
		{ "host:4317", "host:4317" },
		{ "u@host:4317", "host:4317" },
		{ "", "" },
	};
	char shown[64];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		url_for_log(cases[i][0], shown, sizeof(shown));
		assert_string_equal(shown, cases[i][1]);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_post_carries_body_and_headers_and_brings_the_answer),
		TEST(retry_after_is_read_as_seconds_and_as_date),
		TEST(a_redirect_is_an_answer_not_an_order),
		TEST(a_refused_connection_is_unavailable_and_says_so),
		TEST(a_slow_server_is_a_timeout),
		TEST(a_reset_in_mid_body_is_a_failure_not_an_answer),
		TEST(a_big_answer_is_read_but_only_its_head_is_kept),
		TEST(a_big_body_goes_out_without_waiting_for_100_continue),
		TEST(connections_are_kept_and_many_requests_run_at_once),
		TEST(requests_that_run_can_be_ended_by_their_context),
		TEST(closing_the_client_ends_what_runs),
		TEST(what_cannot_be_sent_is_refused_at_once),
		TEST(urls_are_shown_without_secrets),
	};
	return cmocka_run_group_tests_name("net/http_client", tests, NULL, NULL);
}
