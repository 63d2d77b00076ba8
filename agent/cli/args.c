/* SPDX-License-Identifier: Apache-2.0
 * cli/args.c - options and operands of one command.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/cli/command.h"
#include "agent/cli/usage.h"
#include "agent/config/suggest.h"

int cli_usage_error(const struct command *self, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "plimsoll %s: ", self->name);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "; see 'plimsoll %s --help'\n", self->name);
	return CLI_USAGE;
}

int cli_read_output(const struct command *self, const char *value, bool *json)
{
	*json = value != NULL && strcmp(value, "json") == 0;
	if (value == NULL || *json || strcmp(value, "text") == 0)
		return CLI_GO_ON;
	return cli_usage_error(self, "--output is text or json, not '%s'", value);
}

const char *cli_user(const char *by)
{
	const char *user = getenv("USER");

	return by != NULL ? by : user != NULL ? user : "unknown";
}

static const struct cli_option *find_long(const struct cli_option *options, struct slice name)
{
	for (const struct cli_option *o = options; o != NULL && o->name != NULL; o++)
		if (slice_equal(slice_of(o->name), name))
			return o;
	return NULL;
}

static const struct cli_option *find_letter(const struct cli_option *options, char letter)
{
	for (const struct cli_option *o = options; o != NULL && o->name != NULL; o++)
		if (o->letter == letter)
			return o;
	return NULL;
}

static int unknown_option(const struct command *self, const char *word, struct slice name)
{
	struct suggestion nearest = suggest_for(name);

	suggest_consider(&nearest, "help");
	for (const struct cli_option *o = self->options; o != NULL && o->name != NULL; o++)
		suggest_consider(&nearest, o->name);
	if (nearest.best != NULL && slice_starts_with(slice_of(word), SLICE("--")))
		return cli_usage_error(self, "unknown option '--%.*s' (did you mean '--%s'?)", SLICE_ARG(name),
				       nearest.best);
	return cli_usage_error(self, "unknown option '%s'", word);
}

/* One option at argv[*at], its value behind '=' or in the next word; *at is left on the last word used. */
static int read_option(const struct command *self, int argc, char **argv, int *at, struct cli_args *args)
{
	const char *word = argv[*at];
	bool is_long = word[1] == '-';
	struct slice name = slice_of(word + (is_long ? 2 : 1));
	const char *value = is_long ? strchr(word, '=') : NULL;

	if (value != NULL)
		name.len = (size_t)(value++ - name.ptr);
	const struct cli_option *o = is_long         ? find_long(self->options, name)
				     : name.len == 1 ? find_letter(self->options, name.ptr[0])
						     : NULL;
	if (o == NULL)
		return unknown_option(self, word, name);
	if (o->value == NULL && value != NULL)
		return cli_usage_error(self, "--%s takes no value", o->name);
	if (o->value != NULL && value == NULL) {
		if (*at + 1 >= argc)
			return cli_usage_error(self, "--%s wants a value (%s)", o->name, o->value);
		value = argv[++*at];
	}
	if (o->value != NULL && value[0] == '\0') /* as an unset variable of a script leaves it */
		return cli_usage_error(self, "--%s is empty; it wants a value (%s)", o->name, o->value);
	assert(o - self->options < CLI_OPTIONS_MAX);
	args->values[o - self->options] = value != NULL ? value : "";
	return CLI_GO_ON;
}

static bool is_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

int cli_parse(const struct command *self, int argc, char **argv, struct cli_args *args)
{
	bool only_operands = false;

	*args = (struct cli_args){ .operands = argv + 1 };
	for (int i = 1; i < argc; i++) {
		char *word = argv[i];
		if (only_operands || word[0] != '-' || word[1] == '\0') {
			args->operands[args->operand_count++] = word;
		} else if (strcmp(word, "--") == 0) {
			only_operands = true;
		} else if (is_help(word)) {
			usage_print_command(self, stdout);
			return CLI_DONE;
		} else {
			int code = read_option(self, argc, argv, &i, args);
			if (code != CLI_GO_ON)
				return code;
		}
	}
	return CLI_GO_ON;
}
