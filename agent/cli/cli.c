/* SPDX-License-Identifier: Apache-2.0
 * cli/cli.c - finds the command and runs it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "agent/cli/command.h"
#include "agent/cli/usage.h"
#include "agent/config/suggest.h"

static const struct cli_program *the_program;

const struct cli_program *cli_program(void)
{
	return the_program;
}

static const struct command *find_command(const char *name)
{
	for (const struct command *const *c = the_program->commands; *c != NULL; c++)
		if (strcmp((*c)->name, name) == 0)
			return *c;
	return NULL;
}

/* What is spelt as an option elsewhere. */
static const char *command_word(const char *word)
{
	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
		return "help";
	if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0)
		return "version";
	return word;
}

static int unknown_command(const char *name)
{
	struct suggestion nearest = suggest_for(slice_of(name));

	for (const struct command *const *c = the_program->commands; *c != NULL; c++)
		suggest_consider(&nearest, (*c)->name);
	if (nearest.best != NULL)
		fprintf(stderr, "plimsoll: unknown command '%s'; did you mean '%s'?\n", name, nearest.best);
	else
		fprintf(stderr, "plimsoll: unknown command '%s'; 'plimsoll help' lists them\n", name);
	return CLI_USAGE;
}

/* A closed stream's number would go to the next file or socket, and output with it into that. What takes its place can
 * neither be read nor written, so that both still fail. */
static void hold_standard_streams(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/", O_RDONLY | O_DIRECTORY) < 0)
			return;
}

/* Output that did not arrive (a full disk, a closed pipe) is no success. */
static int flushed(int code)
{
	if (fflush(stdout) == 0 && ferror(stdout) == 0)
		return code;
	fprintf(stderr, "plimsoll: cannot write to standard output\n");
	return CLI_UNREACHABLE;
}

int cli_main(const struct cli_program *program, int argc, char **argv)
{
	the_program = program;
	hold_standard_streams();
	if (argc < 2) {
		usage_print_program(program, stdout);
		return flushed(CLI_DONE);
	}
	const struct command *c = find_command(command_word(argv[1]));
	if (c == NULL)
		return unknown_command(argv[1]);
	return flushed(c->run(argc - 1, argv + 1));
}
