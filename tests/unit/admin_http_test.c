/* SPDX-License-Identifier: Apache-2.0
 * The admin endpoint answers its routes, negotiates /metrics, and only to whom it should.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#include <cmocka.h>

#include "agent/admin/admin.h"
#include "agent/admin/negotiate.h"
#include "tests/unit/admin_rig.h"

/* A scrape of this many pieces, so that it takes several reads. */
#define PIECES      40
#define PIECE_LINES 100

static void *open_metrics(void *context, bool openmetrics)
{
	int *left = malloc(sizeof(*left));

	(void)context;
	assert_non_null(left);
	*left = openmetrics ? PIECES + 1 : PIECES;
	return left;
}

static bool next_metrics(void *scrape, struct buf *out)
{
	int *left = scrape;

	if (*left == 0)
		return false;
	for (int i = 0; i < PIECE_LINES; i++)
		buf_printf(out, "piece_%d_total %d\n", *left, i);
	--*left;
	return true;
}

static void write_summary(void *context, struct buf *out)
{
	buf_printf(out, "{\"context\":\"%s\"}", (const char *)context);
}

static struct admin *start(const char *endpoint)
{
	static char context[] = "here";
	struct config config = { 0 };
	struct admin_source source = { context, open_metrics, next_metrics, free, write_summary, { { 0 } }, 0 };
	struct buf why = BUF_INIT;
	struct admin *a = NULL;

	config.admin.endpoint = endpoint;
	if (FAILED(admin_start(&config, &source, &a, &why)))
		fail_msg("%s", buf_string(&why));
	buf_release(&why);
	return a;
}

static void every_route_answers_with_its_type_and_the_security_headers(void **state)
{
	static const struct {
		const char *path, *type, *text;
	} routes[] = {
		{ "/", "text/html", "<title>Plimsoll</title>" },
		{ "/page.js", "text/javascript", "api/v1/summary" },
		{ "/page.css", "text/css", "prefers-color-scheme" },
		{ "/metrics", "text/plain; version=0.0.4; charset=utf-8", "piece_1_total 99\n" },
		{ "/livez", "text/plain", "ok\n" },
		{ "/api/v1/summary", "application/json", "{\"context\":\"here\"}" },
	};
	struct admin *a = start("localhost:0");
	struct buf answer = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		get(admin_port(a), routes[i].path, "", &answer);
		assert_holds(&answer, "HTTP/1.1 200 OK\r\n");
		assert_holds(&answer, routes[i].type);
		assert_holds(&answer, routes[i].text);
		assert_holds(&answer, "Content-Security-Policy: default-src 'self'");
		assert_holds(&answer, "X-Content-Type-Options: nosniff\r\n");
		assert_holds(&answer, "X-Frame-Options: DENY\r\n");
	}
	buf_release(&answer);
	admin_stop(a);
}

static void the_page_loads_nothing_from_elsewhere(void **state)
{
	static const char *const paths[] = { "/",	      "/page.js",    "/words.js", "/alerts.js",
					     "/budgets.js", "/prompts.js", "/page.css" };
	struct admin *a = start("localhost:0");
	struct buf answer = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		get(admin_port(a), paths[i], "", &answer);
		assert_holds(&answer, "HTTP/1.1 200 OK\r\n");
		assert_true(slice_find(buf_view(&answer), SLICE("https://")) < 0);
		assert_true(slice_find(buf_view(&answer), SLICE("innerHTML")) < 0);
		assert_true(slice_find(buf_view(&answer), SLICE("style=\"")) < 0); /* the policy would refuse it */
	}
	buf_release(&answer);
	admin_stop(a);
}

static void readiness_says_why_not(void **state)
{
	struct admin *a = start("localhost:0");
	struct buf answer = BUF_INIT;

	(void)state;
	get(admin_port(a), "/readyz", "", &answer);
	assert_holds(&answer, "HTTP/1.1 503 ");
	assert_holds(&answer, "not ready: starting\n");
	admin_set_ready(a, true, NULL);
	get(admin_port(a), "/readyz", "", &answer);
	assert_holds(&answer, "HTTP/1.1 200 ");
	admin_set_ready(a, false, "draining");
	get(admin_port(a), "/readyz", "", &answer);
	assert_holds(&answer, "not ready: draining\n");
	buf_release(&answer);
	admin_stop(a);
}

static void unknown_paths_and_methods_are_refused_in_json(void **state)
{
	struct admin *a = start("localhost:0");
	struct buf answer = BUF_INIT;

	(void)state;
	get(admin_port(a), "/metrics/", "", &answer);
	assert_holds(&answer, "HTTP/1.1 404 ");
	assert_holds(&answer, "{\"error\":\"no such path");
	exchange(admin_port(a),
		 "POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc",
		 &answer);
	assert_holds(&answer, "HTTP/1.1 405 ");
	assert_holds(&answer, "Allow: GET, HEAD\r\n");
	assert_holds(&answer, "{\"error\":");
	exchange(admin_port(a), "DELETE /nope HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", &answer);
	assert_holds(&answer, "HTTP/1.1 404 ");
	exchange(admin_port(a), "HEAD /api/v1/summary HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
		 &answer);
	assert_holds(&answer, "HTTP/1.1 200 ");
	assert_true(slice_ends_with(buf_view(&answer), SLICE("\r\n\r\n")));
	buf_release(&answer);
	admin_stop(a);
}

/* A client that keeps the connection would read a body of it, even the chunk that ends one, as the next answer. */
static void head_of_metrics_has_no_body_at_all(void **state)
{
	struct admin *a = start("localhost:0");
	struct buf answer = BUF_INIT;

	(void)state;
	exchange(admin_port(a), "HEAD /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", &answer);
	assert_holds(&answer, "HTTP/1.1 200 ");
	assert_holds(&answer, "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n");
	assert_int_equal(slice_find(buf_view(&answer), SLICE("\r\n\r\n")), answer.len - 4);
	assert_true(slice_find(buf_view(&answer), SLICE("Content-Length")) < 0); /* it is not that of a GET */
	buf_release(&answer);
	admin_stop(a);
}

static void a_request_that_could_be_read_in_two_ways_is_refused_and_its_connection_closed(void **state)
{
	struct admin *a = start("localhost:0");
	struct buf answer = BUF_INIT;

	(void)state;
	exchange(admin_port(a),
		 "GET /metrics HTTP/1.1\r\nHost: localhost\r\nHost: rebound.example\r\n\r\n"
		 "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
		 &answer);
	assert_holds(&answer, "HTTP/1.1 400 ");
	assert_holds(&answer, "{\"error\":\"more than one Host\"}");
	assert_true(slice_find(buf_view(&answer), SLICE("piece_")) < 0);
	exchange(admin_port(a),
		 "POST /api/v1/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
		 "0\r\n\r\nGET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n",
		 &answer);
	assert_holds(&answer, "HTTP/1.1 400 ");
	assert_true(slice_find(buf_view(&answer), SLICE("piece_")) < 0);
	buf_release(&answer);
	admin_stop(a);
}

static void a_foreign_host_header_is_refused_on_loopback(void **state)
{
	struct admin *a = start("localhost:0");
	struct buf answer = BUF_INIT;

	(void)state;
	exchange(admin_port(a), "GET /metrics HTTP/1.1\r\nHost: rebound.example:9464\r\nConnection: close\r\n\r\n",
		 &answer);
	assert_holds(&answer, "HTTP/1.1 421 ");
	assert_true(slice_find(buf_view(&answer), SLICE("piece_")) < 0);
	buf_release(&answer);
	admin_stop(a);

	assert_true(host_is_local(SLICE("LOCALHOST:9464"), SLICE("")));
	assert_true(host_is_local(SLICE("[::1]:9464"), SLICE("")));
	assert_true(host_is_local(SLICE("127.0.0.1"), SLICE("")));
	assert_true(host_is_local(SLICE("agent.local:1"), SLICE("agent.local")));
	assert_false(host_is_local(SLICE("localhost.example"), SLICE("")));
	assert_false(host_is_local(SLICE("127.0.0.1.example"), SLICE("")));
	assert_false(host_is_local(SLICE(""), SLICE("")));
	assert_false(host_is_local(SLICE(":80"), SLICE("")));
}

static void openmetrics_comes_only_to_who_asks(void **state)
{
	(void)state;
	assert_false(accepts_openmetrics(SLICE("")));
	assert_false(accepts_openmetrics(SLICE("*/*")));
	assert_false(accepts_openmetrics(SLICE("text/plain;version=0.0.4;q=0.5,*/*;q=0.1")));
	assert_true(accepts_openmetrics(SLICE("application/openmetrics-text")));
	assert_true(accepts_openmetrics(SLICE("application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
					      "application/openmetrics-text;version=0.0.1;q=0.5,"
					      "text/plain;version=0.0.4;q=0.3,*/*;q=0.2")));
	assert_false(accepts_openmetrics(SLICE("application/openmetrics-text;q=0.2, text/plain;q=0.8")));
	assert_false(accepts_openmetrics(SLICE("application/openmetrics-text;q=0")));
	assert_false(accepts_openmetrics(SLICE("application/openmetrics-text; version=2.0.0")));
	assert_true(accepts_gzip(SLICE("deflate, gzip;q=1.0, *;q=0.5")));
	assert_true(accepts_gzip(SLICE("*")));
	assert_false(accepts_gzip(SLICE("gzip;q=0, *")));
	assert_false(accepts_gzip(SLICE("identity")));
	assert_false(accepts_gzip(SLICE(";;,,=;q")));
}

/* Joins the chunks of a chunked body in place. */
static struct slice body_of(struct buf *answer)
{
	char *from = strstr(answer->ptr, "\r\n\r\n") + 4, *to = from, *start_of_body = from;

	for (unsigned long n = strtoul(from, &from, 16); n > 0; n = strtoul(from, &from, 16)) {
		memmove(to, from + 2, n);
		to += n;
		from += 2 + n + 2;
	}
	return (struct slice){ start_of_body, (size_t)(to - start_of_body) };
}

static void metrics_can_be_compressed(void **state)
{
	static unsigned char text[1 << 20];
	struct admin *a = start("localhost:0");
	struct buf answer = BUF_INIT;
	z_stream z = { .next_out = text, .avail_out = sizeof(text) };

	(void)state;
	get(admin_port(a), "/metrics",
	    "Accept: application/openmetrics-text;version=1.0.0\r\nAccept-Encoding: gzip\r\n", &answer);
	assert_holds(&answer, "Content-Encoding: gzip\r\n");
	assert_holds(&answer, "Vary: Accept, Accept-Encoding\r\n");
	assert_holds(&answer, "Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n");
	struct slice body = body_of(&answer);
	z.next_in = (unsigned char *)(uintptr_t)body.ptr;
	z.avail_in = (unsigned)body.len;
	assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
	assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
	struct slice plain = { (const char *)text, z.total_out };
	assert_true(slice_starts_with(plain, SLICE("piece_41_total 0\n")));
	assert_true(slice_ends_with(plain, SLICE("\npiece_1_total 99\n")));
	inflateEnd(&z);
	buf_release(&answer);
	admin_stop(a);
}

static void *ask_often(void *argument)
{
	uint16_t port = admin_port(argument);
	struct buf answer = BUF_INIT;

	for (int i = 0; i < 50; i++) {
		get(port, i % 2 ? "/metrics" : "/api/v1/summary", "Accept-Encoding: gzip\r\n", &answer);
		assert_true(slice_starts_with(buf_view(&answer), SLICE("HTTP/1.1 ")));
	}
	buf_release(&answer);
	return NULL;
}

static void many_clients_are_served_at_once(void **state)
{
	struct admin *a = start("localhost:0");
	pthread_t threads[6];

	(void)state;
	for (int i = 0; i < 6; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, ask_often, a), 0);
	for (int i = 0; i < 6; i++) {
		admin_set_ready(a, i % 2 == 0, "testing");
		pthread_join(threads[i], NULL);
	}
	admin_stop(a);
}

static void a_taken_port_is_named(void **state)
{
	struct admin *first = start("127.0.0.1:0"), *second = NULL;
	struct config config = { 0 };
	struct admin_source source = { 0 };
	struct buf why = BUF_INIT;
	char endpoint[32];

	(void)state;
	snprintf(endpoint, sizeof(endpoint), "127.0.0.1:%u", admin_port(first));
	config.admin.endpoint = endpoint;
	assert_int_equal(admin_start(&config, &source, &second, &why).code, STATUS_EXISTS);
	assert_null(second);
	assert_holds(&why, endpoint);
	assert_holds(&why, "admin.endpoint");
	buf_release(&why);
	admin_stop(first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_route_answers_with_its_type_and_the_security_headers),
		cmocka_unit_test(the_page_loads_nothing_from_elsewhere),
		cmocka_unit_test(readiness_says_why_not),
		cmocka_unit_test(unknown_paths_and_methods_are_refused_in_json),
		cmocka_unit_test(head_of_metrics_has_no_body_at_all),
		cmocka_unit_test(a_request_that_could_be_read_in_two_ways_is_refused_and_its_connection_closed),
		cmocka_unit_test(a_foreign_host_header_is_refused_on_loopback),
		cmocka_unit_test(openmetrics_comes_only_to_who_asks),
		cmocka_unit_test(metrics_can_be_compressed),
		cmocka_unit_test(many_clients_are_served_at_once),
		cmocka_unit_test(a_taken_port_is_named),
	};
	return cmocka_run_group_tests_name("admin/http", tests, NULL, NULL);
}
