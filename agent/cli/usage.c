/* SPDX-License-Identifier: Apache-2.0
 * cli/usage.c - aligned columns.
 */
#include "agent/cli/usage.h"

#include "agent/cli/manual.h"

#define WIDTH     80
#define NAME_SIZE 128

const char usage_tagline[] = "watches the cost, the latency and the quality of LLM calls from their OpenTelemetry data";

void usage_option_form(const struct cli_option *o, char *text, size_t size)
{
	char letter[] = "-x, ";

	letter[1] = o->letter;
	snprintf(text, size, "%s--%s%s%s", o->letter != 0 ? letter : "", o->name, o->value != NULL ? " " : "",
		 o->value != NULL ? o->value : "");
}

/* How much of a text stays on one line: texts end with a NUL. */
typedef size_t (*part_length)(const char *text);

static size_t word_length(const char *text)
{
	return strcspn(text, " ");
}

/* "[--env NAME]" and "FILE" */
static size_t argument_length(const char *text)
{
	size_t n = text[0] == '[' ? strcspn(text, "]") : 0;

	return n + word_length(text + n);
}

/* "list" and "| log NAME" */
static size_t alternative_length(const char *text)
{
	const char *next = strstr(text, " | ");

	return next != NULL ? (size_t)(next - text) : strlen(text);
}

/* The text behind what stands on the line up to at, its further lines beginning at column. */
static void print_wrapped(FILE *out, int at, int column, const char *text, part_length length)
{
	for (struct slice rest = slice_of(text); rest.len > 0;) {
		struct slice part = slice_head(rest, length(rest.ptr));
		if (at > 0 && at + 1 + (int)part.len > WIDTH)
			at = fprintf(out, "\n%*s", column, "") - 1;
		else if (at > 0)
			at += fprintf(out, " ");
		at += fprintf(out, "%.*s", SLICE_ARG(part));
		rest = slice_skip(rest, part.len + 1);
	}
	fputc('\n', out);
}

/* "  left    text", the text wrapped and kept in its column. */
static void print_row(FILE *out, const char *left, int column, const char *text)
{
	print_wrapped(out, fprintf(out, "  %-*s", column, left), column + 3, text, word_length);
}

static int wider(int width, const char *text)
{
	int n = (int)strlen(text) + 1;

	return n > width ? n : width;
}

void usage_print_program(const struct cli_program *program, FILE *out)
{
	int column = 0;

	print_wrapped(out, fprintf(out, "plimsoll"), 0, usage_tagline, word_length);
	fprintf(out, "\nusage: plimsoll COMMAND [ARGUMENTS]\n\ncommands:\n");
	for (const struct command *const *c = program->commands; *c != NULL; c++)
		column = wider(column, (*c)->name);
	for (const struct command *const *c = program->commands; *c != NULL; c++)
		print_row(out, (*c)->name, column, (*c)->summary);
	fprintf(out, "\n'plimsoll COMMAND --help' says more about one; 'plimsoll run' needs no options.\n");
}

/* ---------------------------------------------------------------- keys of files */
const struct cli_file *usage_next_file(const struct command *c, const struct cli_file *before)
{
	const struct cli_file *f = before != NULL ? before + 1 : cli_program()->files;

	while (f != NULL && f->command != NULL && f->command != c)
		f++;
	return f != NULL && f->command != NULL ? f : NULL;
}

static void visit_below(const char *path, const struct conf_option *keys, usage_visitor *visit, void *context)
{
	char name[NAME_SIZE];

	for (const struct conf_option *o = keys; o->name != NULL; o++) {
		snprintf(name, sizeof(name), "%s%s%s", path, path[0] != '\0' ? "." : "", o->name);
		if (o->type == CONF_SECTION)
			visit_below(name, o->section, visit, context);
		else
			visit(context, name, o);
	}
}

void usage_visit_keys(const struct conf_option *keys, usage_visitor *visit, void *context)
{
	visit_below("", keys, visit, context);
}

struct key_rows {
	FILE *out;
	int column;
};

static void measure_key(void *context, const char *name, const struct conf_option *o)
{
	struct key_rows *rows = context;

	(void)o;
	rows->column = wider(rows->column, name);
}

static void print_key(void *context, const char *name, const struct conf_option *o)
{
	const struct key_rows *rows = context;
	struct buf text = BUF_INIT;

	buf_printf(&text, "%s (", o->doc);
	manual_facts(o, &text);
	buf_byte(&text, ')');
	print_row(rows->out, name, rows->column, buf_string(&text));
	buf_release(&text);
}

static void print_keys(const struct cli_file *f, FILE *out)
{
	struct key_rows rows = { out, 0 };

	fprintf(out, "\nkeys of %s:\n", f->what);
	usage_visit_keys(f->keys, measure_key, &rows);
	usage_visit_keys(f->keys, print_key, &rows);
}

/* ---------------------------------------------------------------- one command */
void usage_print_command(const struct command *c, FILE *out)
{
	char form[128];
	int column = wider(0, "-h, --help");

	int at = fprintf(out, "usage: plimsoll %s", c->name);
	print_wrapped(out, at, at + 1, c->usage, strstr(c->usage, " | ") ? alternative_length : argument_length);
	fputc('\n', out);
	print_wrapped(out, 0, 0, c->summary, word_length);
	fputs("\noptions:\n", out);
	for (const struct cli_option *o = c->options; o != NULL && o->name != NULL; o++) {
		usage_option_form(o, form, sizeof(form));
		column = wider(column, form);
	}
	for (const struct cli_option *o = c->options; o != NULL && o->name != NULL; o++) {
		usage_option_form(o, form, sizeof(form));
		print_row(out, form, column, o->doc);
	}
	print_row(out, "-h, --help", column, "Print this and exit.");
	for (const struct cli_file *f = usage_next_file(c, NULL); f != NULL; f = usage_next_file(c, f))
		print_keys(f, out);
}
