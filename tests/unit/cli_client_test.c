/* SPDX-License-Identifier: Apache-2.0
 * How a command talks to the running agent, and what it says and exits with when that fails.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agent/cli/client.h"
#include "tests/unit/captured.h"
#include "tests/unit/http_peer.h"

static const struct command command_ask = { "ask", "Ask.", "", NULL, NULL };

/* What the agent was asked by the last call. */
static char asked[4096], asked_body[256];

static int call(const struct http_peer_reply *reply, const char *method, const char *path, struct buf *answer,
		struct http_peer *peer)
{
	struct client client;
	char url[64];
	int code;

	if (reply != NULL)
		http_peer_start(peer, reply, 1);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/", reply != NULL ? peer->port : 1u);
	assert_int_equal(client_open(&command_ask, url, &client), CLI_GO_ON);
	captured_begin();
	code = strcmp(method, "GET") == 0 ? client_get(&client, path, answer) :
					    client_post(&client, path, SLICE("{\"a\":1}"), answer);
	captured_end();
	if (reply != NULL) {
		snprintf(asked, sizeof(asked), "%s", peer->requests[0].head);
		snprintf(asked_body, sizeof(asked_body), "%s", peer->requests[0].body);
		http_peer_stop(peer);
	}
	return code;
}

#define ANSWER(status, body, length) \
	((struct http_peer_reply){ .bytes = "HTTP/1.1 " status "\r\nContent-Length: " length "\r\n\r\n" body })

static void an_answer_is_handed_over(void **state)
{
	struct http_peer peer;
	struct buf answer = BUF_INIT;

	(void)state;
	setenv("PLIMSOLL_TOKEN", "secret", 1);
	assert_int_equal(call(&ANSWER("200 OK", "[1]", "3"), "GET", "/api/v1/x?y=1", &answer, &peer), CLI_GO_ON);
	unsetenv("PLIMSOLL_TOKEN");
	assert_string_equal(buf_string(&answer), "[1]");
	assert_non_null(strstr(asked, "GET /api/v1/x?y=1 HTTP/1.1"));
	assert_non_null(strstr(asked, "Authorization: Bearer secret"));
	buf_release(&answer);
}

static void a_post_carries_its_body(void **state)
{
	struct http_peer peer;
	struct buf answer = BUF_INIT;

	(void)state;
	assert_int_equal(call(&ANSWER("201 Created", "{}", "2"), "POST", "/api/v1/x", &answer, &peer), CLI_GO_ON);
	assert_string_equal(asked_body, "{\"a\":1}");
	assert_null(strstr(asked, "Authorization"));
	buf_release(&answer);
}

static void a_refusal_shows_the_agents_words(void **state)
{
	static const struct {
		struct http_peer_reply reply;
		int code;
		const char *words;
	} cases[] = {
		{ { .bytes = "HTTP/1.1 404 Not Found\r\nContent-Length: 25\r\n\r\n{\"error\":\"no such alert\"}\n" }, CLI_NO,
		  "plimsoll ask: no such alert\n" },
		{ { .bytes = "HTTP/1.1 400 Bad Request\r\nContent-Length: 19\r\n\r\n{\"error\":\"a \\\"b\\\"\"}" },
		  CLI_USAGE, "plimsoll ask: a \"b\"\n" },
		{ { .bytes = "HTTP/1.1 404 Not Found\r\nContent-Length: 31\r\n\r\n{\"error\":\"no \\u001b[31m\\nname\"}" }, CLI_NO,
		  "plimsoll ask: no  [31m name\n" },
		{ { .bytes = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n" }, CLI_UNREACHABLE, "PLIMSOLL_TOKEN" },
		{ { .bytes = "HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy" }, CLI_UNREACHABLE, "busy" },
		{ { .bytes = "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n" },
		  CLI_UNREACHABLE, "answers 302" },
	};
	struct http_peer peer;
	struct buf answer = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(call(&cases[i].reply, "GET", "/", &answer, &peer), cases[i].code);
		assert_non_null(strstr(captured.err, cases[i].words));
		assert_int_equal(answer.len, 0);
	}
	buf_release(&answer);
}

static void who_sends_no_json_is_no_agent(void **state)
{
	static const struct http_peer_reply replies[] = {
		{ .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n<html></html>" },
		{ .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"alerts\":[" },
		{ .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n{} x" },
		{ .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" },
	};
	struct http_peer peer;
	struct buf answer = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
		assert_int_equal(call(&replies[i], "GET", "/", &answer, &peer), CLI_UNREACHABLE);
		assert_non_null(strstr(captured.err, "is no agent's admin endpoint"));
		assert_int_equal(answer.len, 0);
	}
	buf_release(&answer);
}

static void json_lines_are_an_answer(void **state)
{
	struct http_peer peer;
	struct buf answer = BUF_INIT;

	(void)state;
	assert_int_equal(call(&ANSWER("200 OK", "{\"a\":1}\n[2]\n", "12"), "GET", "/", &answer, &peer), CLI_GO_ON);
	assert_string_equal(buf_string(&answer), "{\"a\":1}\n[2]\n");
	buf_release(&answer);
}

static void nobody_there_names_the_address_and_the_remedy(void **state)
{
	struct buf answer = BUF_INIT;

	(void)state;
	assert_int_equal(call(NULL, "GET", "/", &answer, NULL), CLI_UNREACHABLE);
	assert_non_null(strstr(captured.err, "http://127.0.0.1:1"));
	assert_non_null(strstr(captured.err, "--agent"));
	buf_release(&answer);
}

static void a_socket_is_told_of_as_a_socket(void **state)
{
	struct buf answer = BUF_INIT;
	struct client client;

	(void)state;
	assert_int_equal(client_open(&command_ask, "unix:/nonexistent/socket", &client), CLI_GO_ON);
	captured_begin();
	assert_int_equal(client_get(&client, "/", &answer), CLI_UNREACHABLE);
	captured_end();
	assert_non_null(strstr(captured.err,
			       "cannot reach the agent at unix:/nonexistent/socket: No such file or directory\n"));
	assert_null(strstr(captured.err, "port"));
	buf_release(&answer);
}

static void the_address_comes_from_option_environment_or_default(void **state)
{
	struct client c;

	(void)state;
	unsetenv("PLIMSOLL_AGENT");
	assert_int_equal(client_open(&command_ask, NULL, &c), CLI_GO_ON);
	assert_string_equal(c.url, "http://localhost:9464");
	setenv("PLIMSOLL_AGENT", "pod:1234", 1);
	assert_int_equal(client_open(&command_ask, NULL, &c), CLI_GO_ON);
	assert_string_equal(c.url, "http://pod:1234");
	assert_int_equal(client_open(&command_ask, "https://other/", &c), CLI_GO_ON);
	assert_string_equal(c.url, "https://other");
	assert_int_equal(client_open(&command_ask, "ftp://other/", &c), CLI_USAGE);
	assert_int_equal(client_open(&command_ask, "http://", &c), CLI_USAGE);
	assert_int_equal(client_open(&command_ask, ":9464", &c), CLI_USAGE);
	unsetenv("PLIMSOLL_AGENT");
}

static void queries_are_percent_encoded(void **state)
{
	struct buf path = BUF_INIT;

	(void)state;
	buf_text(&path, "/api/v1/prompts/");
	buf_percent(&path, SLICE("a b/c"));
	client_query(&path, "version", SLICE("1.0+x"));
	client_query(&path, "empty", SLICE_NONE);
	client_query(&path, "who", SLICE("\xc3\xa9&"));
	assert_string_equal(buf_string(&path), "/api/v1/prompts/a%20b%2Fc?version=1.0%2Bx&who=%C3%A9%26");
	buf_release(&path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_is_handed_over),
		cmocka_unit_test(a_post_carries_its_body),
		cmocka_unit_test(a_refusal_shows_the_agents_words),
		cmocka_unit_test(who_sends_no_json_is_no_agent),
		cmocka_unit_test(json_lines_are_an_answer),
		cmocka_unit_test(nobody_there_names_the_address_and_the_remedy),
		cmocka_unit_test(a_socket_is_told_of_as_a_socket),
		cmocka_unit_test(the_address_comes_from_option_environment_or_default),
		cmocka_unit_test(queries_are_percent_encoded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
