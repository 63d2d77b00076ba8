/* SPDX-License-Identifier: Apache-2.0
 * cli/client.c - ask the agent, and turn what goes wrong into a sentence and an exit status.
 */
#include "agent/cli/client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/base/json.h"
#include "agent/base/plain.h"
#include "agent/net/http_exchange.h"

#define MESSAGE_BYTES_MAX 4096

static const char *environment(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && value[0] != '\0' ? value : NULL;
}

static bool has_host(const char *url)
{
	const char *host = strstr(url, "://");

	return (strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0) && strchr("/:?#", host[3]) == NULL;
}

int client_open(const struct command *self, const char *agent, struct client *out)
{
	const char *url = agent != NULL ? agent : environment("PLIMSOLL_AGENT");

	if (url == NULL)
		url = CLIENT_AGENT_DEFAULT;
	bool is_unix = endpoint_unix_path(url) != NULL;
	int n = snprintf(out->url, sizeof(out->url), "%s%s", strstr(url, "://") == NULL && !is_unix ? "http://" : "", url);
	if (n < 0 || (size_t)n >= sizeof(out->url))
		return cli_usage_error(self, "the agent's URL is longer than %zu bytes", sizeof(out->url) - 1);
	if (!is_unix && !has_host(out->url))
		return cli_usage_error(self, "'%s' is no URL of an agent; write %s", out->url, CLIENT_AGENT_DEFAULT);
	while (n > 0 && out->url[n - 1] == '/')
		out->url[--n] = '\0';
	out->self = self;
	out->token = environment("PLIMSOLL_TOKEN");
	out->timeout_ms = CLIENT_TIMEOUT_MS;
	return CLI_GO_ON;
}

/* ---------------------------------------------------------------- what goes wrong */
/* The text of {"error":"..."}, or the body itself where it is something else. */
static void print_message(const struct client *c, unsigned code, struct slice body)
{
	struct arena arena;
	struct json j;
	struct json_string key;
	struct slice message = SLICE_NONE;
	struct buf words = BUF_INIT; /* it may name what senders have named */

	arena_init(&arena, MESSAGE_BYTES_MAX);
	json_init(&j, body);
	if (json_object(&j))
		while (json_member(&j, &key))
			if (!slice_equal(key.raw, SLICE("error")) || !json_text(&j, &arena, &message))
				json_skip(&j);
	if (message.len == 0)
		message = slice_head(slice_trim(body), MESSAGE_BYTES_MAX);
	plain_write(&words, message, "");
	if (words.len > 0)
		fprintf(stderr, "plimsoll %s: %s\n", c->self->name, buf_string(&words));
	else
		fprintf(stderr, "plimsoll %s: the agent at %s answers %u\n", c->self->name, c->url, code);
	buf_release(&words);
	arena_release(&arena);
}

static int refused(const struct client *c, unsigned code, struct slice body)
{
	print_message(c, code, body);
	switch (code) {
	case 400:
	case 413:
	case 422:
		return CLI_USAGE;
	case 401:
	case 403:
		fprintf(stderr, "plimsoll %s: set PLIMSOLL_TOKEN to the agent's admin.token%s\n", c->self->name,
			c->token != NULL ? "; the one that is set was refused" : "");
		return CLI_UNREACHABLE;
	default:
		return code < 400 || code >= 500 ? CLI_UNREACHABLE : CLI_NO;
	}
}

static int unreachable(const struct client *c, struct buf *why)
{
	fprintf(stderr,
		"plimsoll %s: cannot reach the agent at %s: %s\n"
		"plimsoll %s: start it with 'plimsoll run', or name its admin endpoint with --agent or PLIMSOLL_AGENT\n",
		c->self->name, c->url, buf_string(why), c->self->name);
	return CLI_UNREACHABLE;
}

/* curl tells of a port, which a socket does not have. */
static void tell_of_socket(const char *path, struct buf *why)
{
	const char *words = access(path, R_OK | W_OK) != 0 ? strerror(errno) : "nobody listens there";

	if (slice_starts_with(buf_view(why), SLICE("Failed to connect"))) {
		buf_reset(why);
		buf_text(why, words);
	}
}

/* One JSON value, or one a line. */
static bool is_json(struct slice body)
{
	struct json j;

	json_init(&j, body);
	while (json_peek(&j) != JSON_BAD && json_skip(&j))
		;
	return !FAILED(json_finish(&j));
}

/* Another server's page must not pass for an agent on which nothing fires. */
static int no_agent(const struct client *c)
{
	fprintf(stderr,
		"plimsoll %s: what answers at %s is no agent's admin endpoint: it sends no JSON; name that with --agent or "
		"PLIMSOLL_AGENT\n",
		c->self->name, c->url);
	return CLI_UNREACHABLE;
}

/* ---------------------------------------------------------------- asking */
static int ask(const struct client *c, const char *method, const char *path, struct slice json, struct buf *answer)
{
	struct buf url = BUF_INIT, why = BUF_INIT, body = BUF_INIT;
	unsigned status = 0;

	const char *unix_socket = endpoint_unix_path(c->url);
	buf_printf(&url, "%s%s", unix_socket == NULL ? c->url : "http://localhost", path);
	struct http_exchange request = {
		.method = method,
		.url = buf_string(&url),
		.unix_socket = unix_socket,
		.ca_file = environment("PLIMSOLL_CA_FILE"),
		.cert_file = environment("PLIMSOLL_CERT_FILE"),
		.key_file = environment("PLIMSOLL_KEY_FILE"),
		.token = c->token,
		.body = json,
		.timeout_ms = c->timeout_ms,
		.answer_bytes_max = CLIENT_ANSWER_BYTES_MAX,
	};
	struct status s = http_exchange(&request, &status, &body, &why);
	int code = CLI_GO_ON;
	if (FAILED(s) && unix_socket != NULL)
		tell_of_socket(unix_socket, &why);
	if (FAILED(s))
		code = unreachable(c, &why);
	else if (status / 100 != 2)
		code = refused(c, status, buf_view(&body));
	else if (!is_json(buf_view(&body)))
		code = no_agent(c);
	else
		buf_slice(answer, buf_view(&body));
	buf_release(&url);
	buf_release(&why);
	buf_release(&body);
	return code;
}

int client_get(const struct client *c, const char *path, struct buf *answer)
{
	return ask(c, "GET", path, SLICE_NONE, answer);
}

int client_post(const struct client *c, const char *path, struct slice json, struct buf *answer)
{
	return ask(c, "POST", path, json, answer);
}

int client_delete(const struct client *c, const char *path, struct buf *answer)
{
	return ask(c, "DELETE", path, SLICE_NONE, answer);
}

/* ---------------------------------------------------------------- paths */
void client_query(struct buf *path, const char *name, struct slice value)
{
	if (value.len == 0)
		return;
	buf_printf(path, "%c%s=", path->len > 0 && memchr(path->ptr, '?', path->len) != NULL ? '&' : '?', name);
	buf_percent(path, value);
}
