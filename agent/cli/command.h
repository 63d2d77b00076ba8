/* SPDX-License-Identifier: Apache-2.0
 * cli/command.h - what a subcommand is, and how its arguments are read.
 *
 * --help, the list of commands and the man page are all made from these tables. Results go to standard output, all
 * else to standard error. Everything here runs on the main thread before any other is started.
 */
#ifndef PLIMSOLL_CLI_COMMAND_H
#define PLIMSOLL_CLI_COMMAND_H

#include "agent/config/config.h"

enum cli_exit {
	CLI_DONE = 0,
	CLI_NO = 1,          /* the check or gate says no */
	CLI_USAGE = 2,       /* wrong arguments, or a configuration that cannot be used */
	CLI_UNREACHABLE = 3, /* the agent or a file */
};

#define CLI_OPTIONS_MAX 24
#define CLI_GO_ON       (-1) /* of cli_parse: no exit code yet */

/* One option. Tables end at name == NULL. --help is understood everywhere and has no row. */
struct cli_option {
	const char *name;  /* without dashes */
	char letter;       /* short form, or 0 */
	const char *value; /* what it takes, as shown in help ("FILE"); NULL: a switch */
	const char *doc;   /* one sentence */
};

struct command {
	const char *name, *summary;
	const char *usage;                 /* what stands behind the name: "[--print] FILE" */
	int (*run)(int argc, char **argv); /* argv[0] is the command's name; gives an exit status */
	const struct cli_option *options;  /* NULL: none, or the command reads its arguments itself */
};

struct cli_args {
	const char *values[CLI_OPTIONS_MAX]; /* by row: NULL where not given, "" for a switch, else not empty; the last counts */
	char **operands;
	int operand_count;
};

/* Reads "--name value", "--name=value", "-x value" and switches, before, between and behind operands; "--" ends them.
 * Returns CLI_GO_ON; or, having printed help or the mistake, the exit code to end with. args points into argv, whose
 * operands are moved to the front. */
int cli_parse(const struct command *self, int argc, char **argv, struct cli_args *args) MUST_USE;

/* "plimsoll NAME: text", and where to find help, on standard error. Returns CLI_USAGE. */
int cli_usage_error(const struct command *self, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The value of an --output option ("text" or "json"): CLI_GO_ON, or CLI_USAGE after saying so. NULL means text. */
int cli_read_output(const struct command *self, const char *value, bool *json) MUST_USE;

/* Who does something: the value of a --by option, else the user's name, else "unknown". */
const char *cli_user(const char *by);

/* Keys of a file that a command reads: help and the manual show them behind its options. */
struct cli_file {
	const struct command *command;
	const char *what; /* "a manifest" */
	const struct conf_option *keys;
};

/* The program that the commands belong to: what cli itself may not include is handed in by main. */
struct cli_program {
	const struct command *const *commands; /* in the order of help; ends at NULL */
	const struct config_kind *kinds;       /* of exporters */
	size_t kind_count;
	const struct cli_file *files;          /* ends at command == NULL */
	void (*prices)(struct buf *out); /* appends a line about the built-in price table; NULL: none */
};

/* Runs argv[1], or prints help. Returns the exit status of the process. */
int cli_main(const struct cli_program *program, int argc, char **argv);

/* The program that cli_main was called with. */
const struct cli_program *cli_program(void);

extern const struct command command_check, command_version, command_help;

#endif
