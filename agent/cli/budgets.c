/* SPDX-License-Identifier: Apache-2.0
 * cli/budgets.c - the verbs of `plimsoll budgets`.
 */
#include "agent/cli/budgets.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/base/json.h"
#include "agent/cli/answer.h"
#include "agent/cli/client.h"

enum { OPTION_AGENT, OPTION_OUTPUT, OPTION_BY };

static const struct cli_option options[] = {
	[OPTION_AGENT] = CLIENT_AGENT_OPTION,
	[OPTION_OUTPUT] = { "output", 'o', "FORMAT", "text, or json for programs." },
	[OPTION_BY] = { "by", 0, "NAME", "reset: who; the user's name unless given." },
	{ .name = NULL },
};

struct asking {
	struct client client;
	const struct cli_args *args;
	const char *operand; /* a budget's name; NULL: none */
	bool json;
	struct buf answer;
};

static int print_answer(struct asking *a)
{
	if (!a->json)
		return budgets_print(buf_view(&a->answer)) ? CLI_DONE : CLI_UNREACHABLE;
	printf("%.*s\n", (int)a->answer.len, a->answer.ptr);
	return CLI_DONE;
}

/* ---------------------------------------------------------------- verbs */

static int list(struct asking *a)
{
	int code = client_get(&a->client, "/api/v1/budgets", &a->answer);

	return code == CLI_GO_ON ? print_answer(a) : code;
}

static int show(struct asking *a)
{
	struct buf path = BUF_INIT;

	buf_text(&path, "/api/v1/budgets/");
	buf_percent(&path, slice_of(a->operand));
	int code = client_get(&a->client, buf_string(&path), &a->answer);
	buf_release(&path);
	return code == CLI_GO_ON ? print_answer(a) : code;
}

static int reset(struct asking *a)
{
	const char *given = a->args->values[OPTION_BY], *user = getenv("USER");
	struct buf body = BUF_INIT;

	buf_text(&body, "{\"budget\":");
	json_write_string(&body, slice_of(a->operand));
	buf_text(&body, ",\"by\":");
	json_write_string(&body, slice_of(given != NULL ? given : user != NULL ? user : "unknown"));
	buf_byte(&body, '}');
	int code = client_post(&a->client, "/api/v1/budgets/reset", buf_view(&body), &a->answer);
	buf_release(&body);
	if (code != CLI_GO_ON)
		return code;
	if (a->json)
		printf("%.*s\n", (int)a->answer.len, a->answer.ptr);
	else
		printf("budget %s starts anew\n", a->operand);
	return CLI_DONE;
}

static const struct {
	const char *name, *wants; /* NULL: no operand */
	int (*run)(struct asking *a);
} verbs[] = {
	{ "list", NULL, list },
	{ "show", "a budget's name, such as day/assistant", show },
	{ "reset", "a budget's name, such as day/assistant", reset },
};

static int run_verb(size_t verb, struct asking *a)
{
	int operands = a->args->operand_count - 1;

	a->operand = operands > 0 ? a->args->operands[1] : NULL;
	if (verbs[verb].wants != NULL && operands < 1)
		return cli_usage_error(&command_budgets, "%s wants %s", verbs[verb].name, verbs[verb].wants);
	if (operands > (verbs[verb].wants != NULL))
		return cli_usage_error(&command_budgets, "unexpected '%s'", a->args->operands[operands]);
	int code = client_open(&command_budgets, a->args->values[OPTION_AGENT], &a->client);
	return code == CLI_GO_ON ? verbs[verb].run(a) : code;
}

static int budgets_run(int argc, char **argv)
{
	struct cli_args args;
	struct asking a = { .args = &args };
	int code = cli_parse(&command_budgets, argc, argv, &args);

	if (code == CLI_GO_ON)
		code = cli_read_output(&command_budgets, args.values[OPTION_OUTPUT], &a.json);
	if (code != CLI_GO_ON)
		return code;
	const char *name = args.operand_count > 0 ? args.operands[0] : "list";
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(verbs[i].name, name) != 0)
			continue;
		code = run_verb(i, &a);
		buf_release(&a.answer);
		return code;
	}
	return cli_usage_error(&command_budgets, "'%s' is none of list, show and reset", name);
}

const struct command command_budgets = {
	"budgets",
	"Show what was spent of which limit, the tightest first; let a budget start anew.",
	"[list | show NAME | reset NAME] [--output FORMAT]",
	budgets_run,
	options,
};
