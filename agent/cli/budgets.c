/* SPDX-License-Identifier: Apache-2.0
 * cli/budgets.c - the verbs of `plimsoll budgets`.
 */
#include "agent/cli/budgets.h"

#include <stdio.h>

#include "agent/base/json.h"
#include "agent/cli/verb.h"

enum { OPTION_BY = VERB_OPTIONS };

static const struct cli_option options[] = {
	VERB_OPTION_ROWS,
	[OPTION_BY] = { "by", 0, "NAME", "reset: who; the user's name unless given." },
	{ .name = NULL },
};

static int print_answer(const struct verb_call *c)
{
	if (!c->json)
		return budgets_print(buf_view(&c->answer)) ? CLI_DONE : CLI_UNREACHABLE;
	verb_print_json(c);
	return CLI_DONE;
}

/* ---------------------------------------------------------------- verbs */

static int list(struct verb_call *c)
{
	int code = verb_get(c, "/api/v1/budgets");

	return code == CLI_GO_ON ? print_answer(c) : code;
}

static int show(struct verb_call *c)
{
	int code = verb_get_one(c, "/api/v1/budgets/", c->operands[0]);

	return code == CLI_GO_ON ? print_answer(c) : code;
}

static int reset(struct verb_call *c)
{
	struct buf body = BUF_INIT;

	buf_text(&body, "{\"budget\":");
	json_write_string(&body, slice_of(c->operands[0]));
	buf_text(&body, ",\"by\":");
	json_write_string(&body, slice_of(cli_user(c->args.values[OPTION_BY])));
	buf_byte(&body, '}');
	int code = verb_post(c, "/api/v1/budgets/reset", buf_view(&body));
	buf_release(&body);
	if (code != CLI_GO_ON)
		return code;
	if (c->json)
		verb_print_json(c);
	else
		printf("budget %s starts anew\n", c->operands[0]);
	return CLI_DONE;
}

static const struct verb verbs[] = {
	{ "list", NULL, 0, false, list },
	{ "show", "a budget's name, such as day/assistant", 1, false, show },
	{ "reset", "a budget's name, such as day/assistant", 1, false, reset },
	{ .name = NULL },
};

static int budgets_run(int argc, char **argv)
{
	struct verb_call c;
	int code = verb_read(&command_budgets, verbs, argc, argv, &c);

	return code == CLI_GO_ON ? verb_run(&c) : code;
}

const struct command command_budgets = {
	"budgets",
	"Show what was spent of which limit, the tightest first; let a budget start anew.",
	"[list | show NAME | reset NAME] [--output FORMAT]",
	budgets_run,
	options,
};
