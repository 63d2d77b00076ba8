/* SPDX-License-Identifier: Apache-2.0
 * cli/review.c - `plimsoll report`.
 */
#include "agent/cli/review.h"

#include <stdio.h>

#include "agent/cli/client.h"

enum { OPTION_AGENT, OPTION_WEEK, OPTION_DAYS, OPTION_OUTPUT };

static const struct cli_option options[] = {
	[OPTION_AGENT] = CLIENT_AGENT_OPTION,
	[OPTION_WEEK] = { "week", 'w', NULL, "The last seven days that are over, against the seven before; the default." },
	[OPTION_DAYS] = { "days", 'd', "N", "So many days instead, up to 30." },
	[OPTION_OUTPUT] = { "output", 'o', "FORMAT", "markdown, or json for programs." },
	{ .name = NULL },
};

static int ask(const struct cli_args *args, bool json)
{
	struct client client;
	struct buf path = BUF_INIT, answer = BUF_INIT, text = BUF_INIT;
	int code = client_open(&command_report, args->values[OPTION_AGENT], &client);

	buf_text(&path, "/api/v1/report");
	client_query(&path, "days", slice_of(args->values[OPTION_DAYS] != NULL ? args->values[OPTION_DAYS] : "7"));
	if (code == CLI_GO_ON)
		code = client_get(&client, buf_string(&path), &answer);
	if (code == CLI_GO_ON && json)
		printf("%.*s\n", (int)answer.len, answer.ptr);
	else if (code == CLI_GO_ON) {
		review_print(buf_view(&answer), &text);
		fwrite(text.ptr, 1, text.len, stdout);
	}
	buf_release(&path);
	buf_release(&answer);
	buf_release(&text);
	return code == CLI_GO_ON ? CLI_DONE : code;
}

static int report_run(int argc, char **argv)
{
	struct cli_args args;
	int code = cli_parse(&command_report, argc, argv, &args);

	if (code != CLI_GO_ON)
		return code;
	if (args.operand_count > 0)
		return cli_usage_error(&command_report, "unexpected '%s'", args.operands[0]);
	struct slice output = slice_of(args.values[OPTION_OUTPUT]);
	bool json = slice_equal(output, SLICE("json"));
	if (output.len > 0 && !json && !slice_equal(output, SLICE("markdown")))
		return cli_usage_error(&command_report, "--output is markdown or json, not '%s'", args.values[OPTION_OUTPUT]);
	if (args.values[OPTION_WEEK] != NULL && args.values[OPTION_DAYS] != NULL)
		return cli_usage_error(&command_report, "--week and --days exclude each other");
	return ask(&args, json);
}

const struct command command_report = {
	"report",
	"Look back over a week: cost, quality and latency against the week before, alerts, new versions, deployments.",
	"[--week | --days N] [--output markdown|json]",
	report_run,
	options,
};
