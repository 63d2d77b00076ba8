/* SPDX-License-Identifier: Apache-2.0
 * cli/version.c - `plimsoll version`: what is running, for bug reports.
 */
#include <stdio.h>

#include "agent/base/json.h"
#include "agent/cli/command.h"

enum { OPTION_OUTPUT };

static const struct cli_option options[] = {
	[OPTION_OUTPUT] = { "output", 'o', "FORMAT", "text, or json for programs." },
	{ .name = NULL },
};

/* The Makefile says what was built, how, and with which libraries ("grpc 29.0.0, lmdb 0.9.24"). */
static const char build[] = PLIMSOLL_MODE ", " PLIMSOLL_COMPILER;
static const char libraries[] = PLIMSOLL_LIBRARIES;

static void print_member(struct buf *out, const char *name, const char *value, const char *end)
{
	json_write_string(out, slice_of(name));
	buf_byte(out, ':');
	json_write_string(out, slice_of(value));
	buf_text(out, end);
}

static void print_json(const char *prices)
{
	struct buf out = BUF_INIT;

	buf_byte(&out, '{');
	print_member(&out, "version", PLIMSOLL_VERSION, ",");
	print_member(&out, "build", build, ",");
	if (prices[0] != '\0')
		print_member(&out, "prices", prices, ",");
	print_member(&out, "libraries", libraries, "}\n");
	fwrite(out.ptr, 1, out.len, stdout);
	buf_release(&out);
}

static void print_text(const char *prices)
{
	printf("plimsoll %s\nbuild: %s\nlibraries: %s\n", PLIMSOLL_VERSION, build, libraries);
	if (prices[0] != '\0')
		printf("prices: %s\n", prices);
}

static int version_run(int argc, char **argv)
{
	struct buf prices = BUF_INIT;
	struct cli_args args;
	bool json = false;
	int code = cli_parse(&command_version, argc, argv, &args);

	if (code == CLI_GO_ON)
		code = cli_read_output(&command_version, args.values[OPTION_OUTPUT], &json);
	if (code != CLI_GO_ON)
		return code;
	if (args.operand_count > 0)
		return cli_usage_error(&command_version, "unexpected '%s'", args.operands[0]);
	if (cli_program()->prices != NULL)
		cli_program()->prices(&prices);
	if (json)
		print_json(buf_string(&prices));
	else
		print_text(buf_string(&prices));
	buf_release(&prices);
	return CLI_DONE;
}

const struct command command_version = {
	"version",
	"Print the version, how it was built, and the date of the built-in prices.",
	"[--output FORMAT]",
	version_run,
	options,
};
