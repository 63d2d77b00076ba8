/* SPDX-License-Identifier: Apache-2.0
 * cli/check.c - `plimsoll check`: is this a configuration that the agent would run with?
 */
#include <stdio.h>

#include "agent/base/json.h"
#include "agent/cli/command.h"
#include "agent/cli/check_parts.h"

enum { OPTION_PRINT, OPTION_OUTPUT, OPTION_ELSEWHERE };

static const struct cli_option options[] = {
	[OPTION_PRINT] = { "print", 'p', NULL,
			   "Print the configuration in force, defaults included and secrets left out." },
	[OPTION_OUTPUT] = { "output", 'o', "FORMAT", "text, or json for programs." },
	[OPTION_ELSEWHERE] = { "elsewhere", 0, NULL,
			       "For another machine: leave out the files that it names (certificates, tokens, "
			       "passwords, prices), what is in them, and the user." },
	{ .name = NULL },
};

/* {"file":"...","ok":false,"errors":["file:line:column: text", ...]} */
static void print_json(const char *path, bool good, struct slice errors)
{
	struct buf out = BUF_INIT;

	buf_text(&out, "{\"file\":");
	json_write_string(&out, slice_of(path));
	buf_printf(&out, ",\"ok\":%s,\"errors\":[", good ? "true" : "false");
	for (const char *separator = ""; errors.len > 0; separator = ",") {
		ptrdiff_t end = slice_find(errors, SLICE("\n"));
		struct slice line = slice_head(errors, end < 0 ? errors.len : (size_t)end);
		buf_text(&out, separator);
		json_write_string(&out, line);
		errors = slice_skip(errors, line.len + 1);
	}
	buf_text(&out, "]}\n");
	fwrite(out.ptr, 1, out.len, stdout);
	buf_release(&out);
}

static void print_effective(const struct config *c)
{
	struct buf out = BUF_INIT;

	config_print(c, &out);
	fwrite(out.ptr, 1, out.len, stdout);
	buf_release(&out);
}

static int exit_code(struct status s)
{
	return !FAILED(s) ? CLI_DONE : s.code == STATUS_INVALID ? CLI_NO : CLI_UNREACHABLE;
}

/* c: NULL where it could not be made of the file. effective: print it. */
static void report(const char *path, struct status s, struct buf *errors, const struct config *c, bool effective)
{
	if (errors->len > 0)
		fputs(buf_string(errors), stderr);
	else if (FAILED(s))
		fprintf(stderr, "plimsoll check: '%s': %s\n", path, s.why);
	if (effective && c != NULL)
		print_effective(c);
	else if (!FAILED(s))
		printf("%s: ok\n", path);
}

static int check_run(int argc, char **argv)
{
	const struct cli_program *program = cli_program();
	struct cli_args args;
	struct buf errors = BUF_INIT;
	struct config *c = NULL;
	bool json = false;
	int code = cli_parse(&command_check, argc, argv, &args);

	if (code == CLI_GO_ON)
		code = cli_read_output(&command_check, args.values[OPTION_OUTPUT], &json);
	if (code != CLI_GO_ON)
		return code;
	if (args.operand_count != 1 || args.operands[0][0] == '\0')
		return cli_usage_error(&command_check, "one configuration file is wanted");
	const char *path = args.operands[0];
	enum config_files files = args.values[OPTION_ELSEWHERE] != NULL ? CONFIG_FILES_ELSEWHERE : CONFIG_FILES_ALL;
	struct status s = config_load_as(files, path, program->kinds, program->kind_count, &c, &errors);
	if (!FAILED(s))
		s = check_parts(c, files == CONFIG_FILES_ALL, &errors);
	if (json)
		print_json(path, !FAILED(s), buf_view(&errors));
	else
		report(path, s, &errors, c, args.values[OPTION_PRINT] != NULL);
	config_free(c);
	buf_release(&errors);
	return exit_code(s);
}

const struct command command_check = {
	"check",
	"Check a configuration file and print every mistake in it, with its place.",
	"[--elsewhere] [--print] [--output FORMAT] FILE",
	check_run,
	options,
};
