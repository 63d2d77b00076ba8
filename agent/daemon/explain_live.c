/* SPDX-License-Identifier: Apache-2.0
 * daemon/explain_live.c - asks /api/v1/traces/ID.
 */
#include "agent/daemon/explain_live.h"

#include <stdio.h>
#include <unistd.h>

#include "agent/base/hex.h"
#include "agent/base/json.h"
#include "agent/cli/client.h"

bool explain_names_trace(const char *operand)
{
	uint8_t trace_id[16];

	return hex_parse(slice_of(operand), trace_id, sizeof(trace_id)) && access(operand, F_OK) != 0;
}

/* A text member of the span, or empty. The agent's own words need no unescaping. */
static struct slice text_of(struct slice span, const char *name)
{
	struct slice raw = json_find(span, slice_of(name));

	return raw.len > 1 ? (struct slice){ raw.ptr + 1, raw.len - 2 } : SLICE_NONE;
}

static void print_span(struct slice span)
{
	bool counted = slice_equal(json_find(span, SLICE("counted")), SLICE("true"));
	struct slice other = text_of(span, "because_of"), dialect = text_of(span, "dialect");

	printf("%.*s  %.*s\n", SLICE_ARG(text_of(span, "span_id")), SLICE_ARG(text_of(span, "time")));
	printf("    %s: %.*s%s%.*s", counted ? "counted" : "not counted", SLICE_ARG(text_of(span, "why")),
	       other.len > 0 ? ", span " : "", SLICE_ARG(other));
	printf("; %.*s, read as %.*s\n", SLICE_ARG(text_of(span, "role")),
	       SLICE_ARG(dialect.len > 0 ? dialect : SLICE("none")));
}

static void print_answer(struct slice answer, bool as_json)
{
	struct slice spans = json_find(answer, SLICE("spans")), span;
	struct json j;

	json_init(&j, spans);
	if (!json_array(&j))
		return;
	while (json_element(&j) && json_raw(&j, &span)) {
		if (as_json)
			printf("%.*s\n", SLICE_ARG(span));
		else
			print_span(span);
	}
}

int explain_live(const struct command *self, const char *agent, const char *trace_id, bool as_json)
{
	struct buf path = BUF_INIT, answer = BUF_INIT;
	struct client client;
	int code = client_open(self, agent, &client);

	buf_text(&path, "/api/v1/traces/");
	buf_percent(&path, slice_of(trace_id));
	if (code == CLI_GO_ON)
		code = client_get(&client, buf_string(&path), &answer);
	if (code == CLI_GO_ON) {
		print_answer(buf_view(&answer), as_json);
		code = CLI_DONE;
	}
	buf_release(&path);
	buf_release(&answer);
	return code;
}
