/* SPDX-License-Identifier: Apache-2.0
 * cli/client.h - how a subcommand talks to the running agent: over its admin endpoint.
 *
 *     struct client client;
 *     int code = client_open(&command_alerts, args.values[OPTION_AGENT], &client);
 *     if (code == CLI_GO_ON)
 *             code = client_get(&client, "/api/v1/alerts", &answer);
 *     if (code == CLI_GO_ON)
 *             print(buf_view(&answer));
 *
 * The agent is the one of --agent, else of PLIMSOLL_AGENT, else http://localhost:9464; "unix:/path" is a socket of this
 * machine. PLIMSOLL_TOKEN is sent as bearer token. For https, PLIMSOLL_CA_FILE holds the certificates to trust,
 * PLIMSOLL_CERT_FILE and PLIMSOLL_KEY_FILE our own. What goes wrong is said on standard error, and the exit status
 * follows: 3 (CLI_UNREACHABLE) where nobody answers or somebody else does (a redirect, no JSON), the agent is not ready or
 * the token is refused; 2 (CLI_USAGE) where the agent calls the request wrong (400, 413, 422); 1 (CLI_NO) for any other
 * refusal: no such thing (404), not now (409).
 */
#ifndef PLIMSOLL_CLI_CLIENT_H
#define PLIMSOLL_CLI_CLIENT_H

#include "agent/base/buf.h"
#include "agent/cli/command.h"

#define CLIENT_AGENT_DEFAULT    "http://localhost:9464"
#define CLIENT_TIMEOUT_MS       10000
#define CLIENT_ANSWER_BYTES_MAX (64u << 20)

/* The row that such a command has in its table of options. */
#define CLIENT_AGENT_OPTION \
	{ "agent", 'a', "URL", "The agent's admin endpoint, or unix:/path; else PLIMSOLL_AGENT, else " CLIENT_AGENT_DEFAULT "." }

struct client {
	const struct command *self;
	char url[512];     /* without a slash at the end, or "unix:/path" */
	const char *token; /* NULL: none */
	uint64_t timeout_ms;
};

/* agent: the value of --agent, NULL where not given. A URL without a scheme is taken as http. Returns CLI_GO_ON, or
 * CLI_USAGE after saying what is wrong with the URL. */
int client_open(const struct command *self, const char *agent, struct client *out) MUST_USE;

/* path: with its query, "/api/v1/alerts?state=firing". answer: the body of a 2xx answer is appended. Returns CLI_GO_ON,
 * or the exit status, having said why. */
int client_get(const struct client *c, const char *path, struct buf *answer) MUST_USE;
int client_post(const struct client *c, const char *path, struct slice json, struct buf *answer) MUST_USE;
int client_delete(const struct client *c, const char *path, struct buf *answer) MUST_USE;

/* Appends "name=value" to a path, percent-encoded, behind '?' or '&' as is due. Empty values are left out. */
void client_query(struct buf *path, const char *name, struct slice value);

#endif
