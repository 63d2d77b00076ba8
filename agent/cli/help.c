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

static int help_run(int argc, char **argv)
{
	struct cli_args args;
	int code = cli_parse(&command_help, argc, argv, &args);

	if (code != CLI_GO_ON)
		return code;
	for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++)
		if (args.values[i] != NULL)
			return print_document(documents[i]);
	if (args.operand_count == 0)
		usage_print_program(cli_program(), stdout);
	for (const struct command *const *c = cli_program()->commands; args.operand_count > 0 && *c != NULL; c++)
		if (strcmp((*c)->name, args.operands[0]) == 0) {
			usage_print_command(*c, stdout);
			return CLI_DONE;
		}
	return args.operand_count == 0 ? CLI_DONE
				       : cli_usage_error(&command_help, "no command is called '%s'", args.operands[0]);
}

const struct command command_help = {
	"help",
	"List the commands, explain one, or print a manual page or a sample configuration.",
	"[COMMAND | --man | --man-config | --sample]",
	help_run,
	options,
};
