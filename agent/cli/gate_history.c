/* SPDX-License-Identifier: Apache-2.0
 * cli/gate_history.c - posts and fetches what `plimsoll gate --output json` prints.
 */
#include "agent/cli/gate_history.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/base/json.h"
#include "agent/cli/gate.h"

/* The last '@' parts name and version. */
static struct slice name_of(const char *prompt, struct slice *version)
{
	const char *at = strrchr(prompt, '@');

	*version = slice_of(at + 1);
	return slice_head(slice_of(prompt), (size_t)(at - prompt));
}

bool gate_history_is_version(const char *text)
{
	const char *at = strrchr(text, '@');

	return at != NULL && at > text && at[1] != '\0';
}

int gate_history_keep(const char *agent, const char *prompt, const struct gate *g)
{
	const char *user = getenv("USER"); /* NULL in many a container */
	struct buf path = BUF_INIT, body = BUF_INIT, answer = BUF_INIT;
	struct slice version, name = name_of(prompt, &version);
	struct client client;

	buf_text(&path, "/api/v1/prompts/");
	buf_percent(&path, name);
	buf_text(&path, "/gate");
	buf_text(&body, "{\"version\":");
	json_write_string(&body, version);
	if (user != NULL) {
		buf_text(&body, ",\"by\":");
		json_write_string(&body, slice_of(user));
	}
	buf_text(&body, ",\"gate\":");
	gate_print_json(g, &body);
	buf_byte(&body, '}');
	int code = client_open(&command_gate, agent, &client);
	if (code == CLI_GO_ON)
		code = client_post(&client, buf_string(&path), buf_view(&body), &answer);
	buf_release(&path);
	buf_release(&body);
	buf_release(&answer);
	return code;
}

int gate_history_load(const char *agent, const char *prompt, double pass_score, struct results **out)
{
	struct buf path = BUF_INIT, answer = BUF_INIT, why = BUF_INIT;
	struct slice version, name = name_of(prompt, &version);
	struct client client;

	buf_text(&path, "/api/v1/prompts/");
	buf_percent(&path, name);
	client_query(&path, "gate_of", version);
	int code = client_open(&command_gate, agent, &client);
	if (code == CLI_GO_ON)
		code = client_get(&client, buf_string(&path), &answer);
	if (code == CLI_GO_ON &&
	    FAILED(results_read(prompt, json_find(buf_view(&answer), SLICE("cases")), pass_score, out, &why))) {
		fprintf(stderr, "plimsoll gate: %s\n", buf_string(&why));
		code = CLI_USAGE;
	}
	buf_release(&path);
	buf_release(&answer);
	buf_release(&why);
	return code;
}
