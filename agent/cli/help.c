/* SPDX-License-Identifier: Apache-2.0
 * cli/help.c - `plimsoll help`: the commands, one command, and the generated documents.
 */
#include <stdio.h>

#include "agent/cli/command.h"
#include "agent/cli/manual.h"
#include "agent/cli/usage.h"

enum { OPTION_MAN, OPTION_MAN_CONFIG, OPTION_SAMPLE };

static const struct cli_option options[] = {
	[OPTION_MAN] = { "man", 0, NULL, "Print the manual page plimsoll(1), in roff." },
	[OPTION_MAN_CONFIG] = { "man-config", 0, NULL, "Print the manual page plimsoll.yaml(5), in roff." },
	[OPTION_SAMPLE] = { "sample", 0, NULL, "Print a configuration with every key, its default and what it does." },
	{ .name = NULL },
};

typedef void (*document)(const struct cli_program *program, struct buf *out);

static const document documents[] = {
	[OPTION_MAN] = manual_commands,
	[OPTION_MAN_CONFIG] = manual_config,
	[OPTION_SAMPLE] = manual_sample,
};

static int print_document(document d)
{
	struct buf out = BUF_INIT;

	d(cli_program(), &out);
	bool good = !buf_failed(&out) && fwrite(out.ptr, 1, out.len, stdout) == out.len;
	buf_release(&out);
	return good ? CLI_DONE : CLI_UNREACHABLE;
}

/* "price", "price list", or "alerts list", which the usage of "alerts" has; NULL: there is none. */
static const struct command *named(char **words, int count)
{
	const struct command *whole = count == 2 ? named(words, 1) : NULL;

	for (const struct command *const *c = cli_program()->commands; *c != NULL; c++) {
		size_t first = strlen(words[0]);
		if (count == 1 && strcmp((*c)->name, words[0]) == 0)
			return *c;
		if (count == 2 && strncmp((*c)->name, words[0], first) == 0 && (*c)->name[first] == ' ' &&
		    strcmp((*c)->name + first + 1, words[1]) == 0)
			return *c;
	}
	return whole != NULL && strstr(whole->usage, words[1]) != NULL ? whole : NULL;
}

static int help_run(int argc, char **argv)
{
	struct cli_args args;
	int code = cli_parse(&command_help, argc, argv, &args);

	if (code != CLI_GO_ON)
		return code;
	for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++)
		if (args.values[i] != NULL)
			return print_document(documents[i]);
	if (args.operand_count == 0) {
		usage_print_program(cli_program(), stdout);
		return CLI_DONE;
	}
	const struct command *c = named(args.operands, args.operand_count);
	if (c == NULL)
		return cli_usage_error(&command_help, "no command is called '%s%s%s'", args.operands[0],
				       args.operand_count > 1 ? " " : "",
				       args.operand_count > 1 ? args.operands[1] : "");
	usage_print_command(c, stdout);
	return CLI_DONE;
}

const struct command command_help = {
	"help",
	"List the commands, explain one, or print a manual page or a sample configuration.",
	"[COMMAND | --man | --man-config | --sample]",
	help_run,
	options,
};
