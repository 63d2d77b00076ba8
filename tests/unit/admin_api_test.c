/* SPDX-License-Identifier: Apache-2.0
 * Registered routes get what was asked, and only those change something who may.
 */
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "agent/admin/access.h"
#include "agent/admin/admin.h"
#include "tests/unit/admin_rig.h"

#define JSON_POST "Content-Type: application/json\r\n"
#define AUTHORIZED "Authorization: Bearer open-sesame\r\n"

static void no_value(void *context, struct buf *out)
{
	(void)context;
	buf_text(out, "{}");
}

/* Says what it was asked. */
static void echo(void *context, const struct api_request *q, struct api_reply *reply)
{
	buf_printf(&reply->body, "%s %s rest='%.*s' color='%.*s' body=%zu", (const char *)context, q->method,
		   SLICE_ARG(q->rest), SLICE_ARG(api_parameter(q, "color")), q->body.len);
}

static void accept_it(void *context, const struct api_request *q, struct api_reply *reply)
{
	echo(context, q, reply);
	reply->status = 202;
	api_header(reply, "Cache-Control", "max-age=%d", 60);
}

static void refuse_it(void *context, const struct api_request *q, struct api_reply *reply)
{
	(void)context;
	buf_text(&reply->body, "half an answer");
	api_fail(reply, 422, "cannot take \"%.*s\"", SLICE_ARG(q->rest));
}

static const struct api_route first_table[] = {
	{ "GET", "/api/v1/things", false, echo },
	{ "POST", "/api/v1/things", true, accept_it },
	{ "DELETE", "/api/v1/things/", true, refuse_it },
	{ .path = NULL },
};

static const struct api_route second_table[] = {
	{ "GET", "/api/v1/things/", false, echo },
	{ "GET", "/api/v1/things/special/", false, accept_it },
	{ .path = NULL },
};

static char first_context[] = "first", second_context[] = "second";

static struct admin *start(const char *endpoint, const char *token)
{
	struct config config = { .admin = { .endpoint = endpoint, .token = token } };
	struct admin_source source = {
		.summary = no_value,
		.tables = { { first_table, first_context }, { second_table, second_context } },
		.table_count = 2,
	};
	struct buf why = BUF_INIT;
	struct admin *a = NULL;

	if (FAILED(admin_start(&config, &source, &a, &why)))
		fail_msg("%s", buf_string(&why));
	buf_release(&why);
	return a;
}

static void ask(const struct admin *a, const char *method, const char *path, const char *headers, struct slice body,
		struct buf *answer)
{
	struct buf request = BUF_INIT;

	buf_printf(&request, "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%s", method, path, headers);
	if (body.len > 0)
		buf_printf(&request, "Content-Length: %zu\r\n", body.len);
	buf_text(&request, "\r\n");
	buf_slice(&request, body);
	exchange(admin_port(a), buf_string(&request), answer);
	buf_release(&request);
}

static void the_longest_path_with_the_method_answers(void **state)
{
	static const struct {
		const char *method, *path, *text;
	} cases[] = {
		{ "GET", "/api/v1/things?color=blue%20sky&x", "first GET rest='' color='blue sky' body=0" },
		{ "GET", "/api/v1/things/a%2Fb%20c", "second GET rest='a/b c' color=''" },
		{ "GET", "/api/v1/things/special/7", "rest='7'" },
	};
	struct admin *a = start("localhost:0", NULL);
	struct buf answer = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ask(a, cases[i].method, cases[i].path, "", SLICE_NONE, &answer);
		assert_holds(&answer, cases[i].text);
		assert_holds(&answer, "Content-Type: application/json\r\n");
		assert_holds(&answer, "X-Content-Type-Options: nosniff\r\n");
	}
	ask(a, "HEAD", "/api/v1/things", "", SLICE_NONE, &answer);
	assert_holds(&answer, "HTTP/1.1 200 ");
	assert_true(slice_ends_with(buf_view(&answer), SLICE("\r\n\r\n")));
	buf_release(&answer);
	admin_stop(a);
}

static void status_header_and_errors_are_the_routes_own(void **state)
{
	struct admin *a = start("localhost:0", NULL);
	struct buf answer = BUF_INIT;

	(void)state;
	ask(a, "POST", "/api/v1/things", JSON_POST, SLICE("{}"), &answer);
	assert_holds(&answer, "HTTP/1.1 202 ");
	assert_holds(&answer, "Cache-Control: max-age=60\r\n");
	assert_true(slice_find(buf_view(&answer), SLICE("no-store")) < 0);
	assert_holds(&answer, "first POST rest='' color='' body=2");
	ask(a, "DELETE", "/api/v1/things/7", "", SLICE_NONE, &answer);
	assert_holds(&answer, "HTTP/1.1 422 ");
	assert_holds(&answer, "\r\n\r\n{\"error\":\"cannot take \\\"7\\\"\"}\n");
	buf_release(&answer);
	admin_stop(a);
}

static void other_methods_and_paths_say_what_there_is(void **state)
{
	struct admin *a = start("localhost:0", NULL);
	struct buf answer = BUF_INIT;

	(void)state;
	ask(a, "PUT", "/api/v1/things", JSON_POST, SLICE("{}"), &answer);
	assert_holds(&answer, "HTTP/1.1 405 ");
	assert_holds(&answer, "Allow: GET, HEAD, POST\r\n");
	ask(a, "POST", "/api/v1/things/7", JSON_POST, SLICE("{}"), &answer);
	assert_holds(&answer, "Allow: DELETE, GET, HEAD\r\n");
	ask(a, "GET", "/api/v1/things/", "", SLICE_NONE, &answer); /* nothing follows the slash */
	assert_holds(&answer, "HTTP/1.1 404 ");
	assert_holds(&answer, "GET /api/v1/things, POST /api/v1/things, DELETE /api/v1/things/");
	buf_release(&answer);
	admin_stop(a);
}

static void a_page_of_another_origin_cannot_post(void **state)
{
	static const char *const types[] = { "", "Content-Type: text/plain\r\n",
					     "Content-Type: application/x-www-form-urlencoded\r\n",
					     "Content-Type: text/plain; application/json\r\n" };
	struct admin *a = start("localhost:0", NULL);
	struct buf answer = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		ask(a, "POST", "/api/v1/things", types[i], SLICE("{}"), &answer);
		assert_holds(&answer, "HTTP/1.1 415 ");
		ask(a, "POST", "/api/v1/things", types[i], SLICE_NONE, &answer);
		assert_holds(&answer, "HTTP/1.1 415 ");
	}
	ask(a, "POST", "/api/v1/things", "Content-Type: Application/JSON; charset=utf-8\r\n", SLICE("{}"), &answer);
	assert_holds(&answer, "HTTP/1.1 202 ");
	buf_release(&answer);
	admin_stop(a);
}

/* A name that somebody points at 127.0.0.1 makes a browser here a peer on loopback. */
static void on_every_address_a_rebound_name_is_not_trusted(void **state)
{
	struct admin *a = start("0.0.0.0:0", "open-sesame");
	struct buf answer = BUF_INIT;

	(void)state;
	exchange(admin_port(a),
		 "POST /api/v1/things HTTP/1.1\r\nHost: rebound.example\r\nConnection: close\r\n" JSON_POST
		 "Content-Length: 2\r\n\r\n{}",
		 &answer);
	assert_holds(&answer, "HTTP/1.1 401 ");
	ask(a, "POST", "/api/v1/things", JSON_POST, SLICE("{}"), &answer);
	assert_holds(&answer, "HTTP/1.1 202 ");
	buf_release(&answer);
	admin_stop(a);
}

static void bodies_are_bounded(void **state)
{
	static char big[API_BODY_MAX + 1];
	struct admin *a = start("localhost:0", NULL);
	struct buf answer = BUF_INIT, request = BUF_INIT;

	(void)state;
	memset(big, ' ', sizeof(big));
	ask(a, "POST", "/api/v1/things", JSON_POST, (struct slice){ big, API_BODY_MAX }, &answer);
	assert_holds(&answer, "body=1048576");
	exchange(admin_port(a),
		 "POST /api/v1/things HTTP/1.1\r\nHost: localhost\r\n" JSON_POST "Content-Length: 1048577\r\n\r\n",
		 &answer);
	assert_holds(&answer, "HTTP/1.1 413 ");
	buf_printf(&request, "POST /api/v1/things HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" JSON_POST
			     "Transfer-Encoding: chunked\r\n\r\n%zx\r\n", sizeof(big));
	buf_append(&request, big, sizeof(big));
	buf_text(&request, "\r\n0\r\n\r\n");
	exchange(admin_port(a), buf_string(&request), &answer);
	assert_holds(&answer, "HTTP/1.1 413 ");
	buf_release(&request);
	buf_release(&answer);
	admin_stop(a);
}

/* An address of this machine that is not loopback: what comes over it counts as another machine. */
static bool own_address(struct sockaddr_in *out)
{
	struct ifaddrs *all = NULL;
	bool found = false;

	if (getifaddrs(&all) != 0)
		return false;
	for (const struct ifaddrs *i = all; i != NULL && !found; i = i->ifa_next) {
		if (i->ifa_addr == NULL || i->ifa_addr->sa_family != AF_INET || (i->ifa_flags & IFF_LOOPBACK) != 0)
			continue;
		memcpy(out, i->ifa_addr, sizeof(*out));
		found = true;
	}
	freeifaddrs(all);
	return found;
}

static void other_machines_need_the_token(void **state)
{
	static const char post[] = "POST /api/v1/things HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n";
	struct sockaddr_in own = { 0 };
	struct buf answer = BUF_INIT;

	(void)state;
	if (!own_address(&own))
		skip();
	struct admin *open_to_none = start("0.0.0.0:0", NULL), *guarded = start("0.0.0.0:0", "open-sesame");

	own.sin_port = htons(admin_port(open_to_none));
	exchange_with(&own, "GET /api/v1/things HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", &answer);
	assert_holds(&answer, "HTTP/1.1 200 ");
	struct buf request = BUF_INIT;
	buf_printf(&request, "%s" JSON_POST AUTHORIZED "\r\n{}", post);
	exchange_with(&own, buf_string(&request), &answer);
	assert_holds(&answer, "HTTP/1.1 403 ");
	assert_holds(&answer, "admin.token");

	own.sin_port = htons(admin_port(guarded));
	exchange_with(&own, buf_string(&request), &answer);
	assert_holds(&answer, "HTTP/1.1 202 ");
	buf_reset(&request);
	buf_printf(&request, "%s" JSON_POST "\r\n{}", post);
	exchange_with(&own, buf_string(&request), &answer);
	assert_holds(&answer, "HTTP/1.1 401 ");
	assert_holds(&answer, "WWW-Authenticate: Bearer realm=\"plimsoll\"\r\n");
	buf_release(&request);
	buf_release(&answer);
	admin_stop(open_to_none);
	admin_stop(guarded);
}

static void only_the_whole_token_is_the_token(void **state)
{
	(void)state;
	assert_true(carries_token(SLICE("Bearer open-sesame"), "open-sesame"));
	assert_true(carries_token(SLICE("bearer  open-sesame "), "open-sesame"));
	assert_false(carries_token(SLICE("Bearer open-sesam"), "open-sesame"));
	assert_false(carries_token(SLICE("Bearer open-sesame2"), "open-sesame"));
	assert_false(carries_token(SLICE("Basic open-sesame"), "open-sesame"));
	assert_false(carries_token(SLICE("open-sesame"), "open-sesame"));
	assert_false(carries_token(SLICE("Bearer "), ""));
	assert_false(carries_token(SLICE("Bearer "), NULL));
	assert_false(carries_token(SLICE_NONE, "open-sesame"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_longest_path_with_the_method_answers),
		cmocka_unit_test(status_header_and_errors_are_the_routes_own),
		cmocka_unit_test(other_methods_and_paths_say_what_there_is),
		cmocka_unit_test(a_page_of_another_origin_cannot_post),
		cmocka_unit_test(on_every_address_a_rebound_name_is_not_trusted),
		cmocka_unit_test(bodies_are_bounded),
		cmocka_unit_test(other_machines_need_the_token),
		cmocka_unit_test(only_the_whole_token_is_the_token),
	};
	return cmocka_run_group_tests_name("admin/api", tests, NULL, NULL);
}
