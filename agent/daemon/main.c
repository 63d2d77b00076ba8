/* SPDX-License-Identifier: Apache-2.0
 * daemon/main.c - the program's entry: the one table of commands.
 */
#include "agent/cli/command.h"

static const struct command *const commands[] = {
	&command_check,
	&command_version,
	&command_help,
	NULL,
};

int main(int argc, char **argv)
{
	const struct cli_program program = { .commands = commands };

	return cli_main(&program, argc, argv);
}
