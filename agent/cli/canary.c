/* SPDX-License-Identifier: Apache-2.0
 * cli/canary.c - `plimsoll canary`. Exit status 0: better, equal or not decided yet; 1: worse, or undecided with
 * --fail-undecided.
 */
#include "agent/cli/canary.h"

#include <stdio.h>

#include "agent/cli/answer.h"
#include "agent/cli/client.h"

enum { OPTION_AGENT, OPTION_ENV, OPTION_FROM, OPTION_TO, OPTION_FEATURE, OPTION_MODEL, OPTION_FAIL_UNDECIDED, OPTION_OUTPUT };

static const struct cli_option options[] = {
	[OPTION_AGENT] = CLIENT_AGENT_OPTION,
	[OPTION_ENV] = { "env", 'e', "NAME", "Only calls of this environment; else, of those it was deployed to, the one of the "
			"newest canary." },
	[OPTION_FROM] = { "from", 0, "VERSION", "The version to compare with; else the one that served before by what was deployed, "
			  "or the one that began to serve last but one." },
	[OPTION_TO] = { "to", 0, "VERSION", "The version to judge; else the one deployed last, or the one that began to serve last." },
	[OPTION_FEATURE] = { "feature", 0, "NAME", "Only calls of this feature." },
	[OPTION_MODEL] = { "model", 0, "NAME", "Only calls that this model answered." },
	[OPTION_FAIL_UNDECIDED] = { "fail-undecided", 0, NULL, "Exit with 1 as long as there is no verdict: promote only what is proven." },
	[OPTION_OUTPUT] = { "output", 'o', "FORMAT", "text, or json for programs." },
	{ .name = NULL },
};

static void query(struct buf *path, const char *name, const char *value)
{
	client_query(path, name, slice_of(value));
}

static int exit_status(struct slice answer, bool fail_undecided)
{
	struct slice verdict = answer_field(answer, "verdict");
	bool is_proven = slice_equal(verdict, SLICE("\"better\"")) || slice_equal(verdict, SLICE("\"equal\""));

	return slice_equal(verdict, SLICE("\"worse\"")) || (fail_undecided && !is_proven) ? CLI_NO : CLI_DONE;
}

/* Without a name: the prompts of which two versions are known. */
static int answer(const struct cli_args *args, const char *name, bool json)
{
	struct client client;
	struct buf path = BUF_INIT, reply = BUF_INIT, text = BUF_INIT;
	int code = client_open(&command_canary, args->values[OPTION_AGENT], &client);

	buf_text(&path, "/api/v1/canary");
	if (name != NULL) {
		buf_byte(&path, '/');
		buf_percent(&path, slice_of(name));
		query(&path, "environment", args->values[OPTION_ENV]);
		query(&path, "from", args->values[OPTION_FROM]);
		query(&path, "to", args->values[OPTION_TO]);
		query(&path, "feature", args->values[OPTION_FEATURE]);
		query(&path, "model", args->values[OPTION_MODEL]);
	}
	if (code == CLI_GO_ON)
		code = client_get(&client, buf_string(&path), &reply);
	if (code == CLI_GO_ON) {
		if (json)
			buf_printf(&text, "%.*s\n", SLICE_ARG(buf_view(&reply)));
		else if (name != NULL)
			canary_print(buf_view(&reply), &text);
		else
			canary_print_list(buf_view(&reply), &text);
		fwrite(text.ptr, 1, text.len, stdout);
		code = name == NULL ? CLI_DONE : exit_status(buf_view(&reply), args->values[OPTION_FAIL_UNDECIDED] != NULL);
	}
	buf_release(&path);
	buf_release(&reply);
	buf_release(&text);
	return code;
}

/* Options that are about one prompt, in a command line that names none: an empty variable must not pass for a verdict. */
static int no_name(const struct cli_args *args)
{
	for (int option = OPTION_ENV; option <= OPTION_FAIL_UNDECIDED; option++)
		if (args->values[option] != NULL)
			return cli_usage_error(&command_canary, "--%s is of one prompt: its NAME is missing", options[option].name);
	return CLI_GO_ON;
}

static int canary_run(int argc, char **argv)
{
	struct cli_args args;
	bool json = false;
	int code = cli_parse(&command_canary, argc, argv, &args);

	if (code == CLI_GO_ON)
		code = cli_read_output(&command_canary, args.values[OPTION_OUTPUT], &json);
	if (code != CLI_GO_ON)
		return code;
	if (args.operand_count > 1)
		return cli_usage_error(&command_canary, "unexpected '%s'", args.operands[1]);
	if (args.operand_count == 1 && args.operands[0][0] == '\0')
		return cli_usage_error(&command_canary, "the prompt's NAME is empty");
	code = args.operand_count == 0 ? no_name(&args) : CLI_GO_ON;
	return code == CLI_GO_ON ? answer(&args, args.operand_count == 1 ? args.operands[0] : NULL, json) : code;
}

const struct command command_canary = {
	"canary",
	"Compare two versions of a prompt that serve; exit status 1 when the newer one is worse.",
	"[NAME] [--env NAME] [--from VERSION] [--to VERSION] [--fail-undecided]",
	canary_run,
	options,
};
