/* SPDX-License-Identifier: Apache-2.0
 * cli/usage.c - aligned columns.
 */
#include "agent/cli/usage.h"

#define WIDTH 100

const char usage_tagline[] = "watches the cost, the latency and the quality of LLM calls from their OpenTelemetry data";

void usage_option_form(const struct cli_option *o, char *text, size_t size)
{
	char letter[] = "-x, ";

	letter[1] = o->letter;
	snprintf(text, size, "%s--%s%s%s", o->letter != 0 ? letter : "", o->name, o->value != NULL ? " " : "",
		 o->value != NULL ? o->value : "");
}

/* "  left    text", the text wrapped and kept in its column. */
static void print_row(FILE *out, const char *left, int column, const char *text)
{
	int at = fprintf(out, "  %-*s", column, left);

	for (struct slice rest = slice_of(text); rest.len > 0;) {
		struct slice word = slice_head(rest, strcspn(rest.ptr, " "));
		if (at + 1 + (int)word.len > WIDTH)
			at = fprintf(out, "\n%*s", column + 2, "") - 1;
		at += fprintf(out, " %.*s", SLICE_ARG(word));
		rest = slice_skip(rest, word.len + 1);
	}
	fputc('\n', out);
}

static int wider(int width, const char *text)
{
	int n = (int)strlen(text) + 1;

	return n > width ? n : width;
}

void usage_print_program(const struct cli_program *program, FILE *out)
{
	int column = 0;

	fprintf(out, "plimsoll %s\n\nusage: plimsoll COMMAND [ARGUMENTS]\n\ncommands:\n", usage_tagline);
	for (const struct command *const *c = program->commands; *c != NULL; c++)
		column = wider(column, (*c)->name);
	for (const struct command *const *c = program->commands; *c != NULL; c++)
		print_row(out, (*c)->name, column, (*c)->summary);
	fprintf(out, "\n'plimsoll COMMAND --help' says more about one. 'plimsoll run' needs no arguments.\n");
}

void usage_print_command(const struct command *c, FILE *out)
{
	char form[128];
	int column = wider(0, "-h, --help");

	fprintf(out, "usage: plimsoll %s%s%s\n\n%s\n\noptions:\n", c->name, c->usage[0] != '\0' ? " " : "", c->usage,
		c->summary);
	for (const struct cli_option *o = c->options; o != NULL && o->name != NULL; o++) {
		usage_option_form(o, form, sizeof(form));
		column = wider(column, form);
	}
	for (const struct cli_option *o = c->options; o != NULL && o->name != NULL; o++) {
		usage_option_form(o, form, sizeof(form));
		print_row(out, form, column, o->doc);
	}
	print_row(out, "-h, --help", column, "Print this and exit.");
}
