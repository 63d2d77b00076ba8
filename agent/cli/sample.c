/* SPDX-License-Identifier: Apache-2.0
 * cli/sample.c - a configuration file with every key in it.
 *
 * Keys that have a default carry it; keys that have none, and all that stands under kinds ("exporters"), are commented
 * out, so that the file loads as it is and means the same as no file.
 */
#include "agent/cli/manual.h"

#define WIDTH 100

/* Where a line begins: its indentation, and "# " from a certain column on. */
struct margin {
	unsigned depth;
	bool commented;
	unsigned comment_depth;
};

static void begin_line(const struct margin *m, struct buf *out)
{
	for (unsigned i = 0; i < m->depth; i++) {
		if (m->commented && i == m->comment_depth)
			buf_text(out, "# ");
		buf_text(out, "  ");
	}
	if (m->commented && m->comment_depth >= m->depth)
		buf_text(out, "# ");
}

static struct margin deeper(struct margin m)
{
	m.depth++;
	return m;
}

static struct margin commented(struct margin m)
{
	if (!m.commented) {
		m.commented = true;
		m.comment_depth = m.depth;
	}
	return m;
}

/* The sentence as a comment, wrapped. */
static void write_doc(const struct margin *m, const char *doc, struct buf *out)
{
	size_t at = WIDTH;

	for (struct slice rest = slice_of(doc); rest.len > 0;) {
		struct slice word = slice_head(rest, strcspn(rest.ptr, " "));
		if (at + 1 + word.len > WIDTH) {
			size_t start = out->len + (rest.ptr != doc);
			if (rest.ptr != doc)
				buf_byte(out, '\n');
			begin_line(m, out);
			buf_byte(out, '#');
			at = out->len - start;
		}
		buf_byte(out, ' ');
		buf_slice(out, word);
		at += 1 + word.len;
		rest = slice_skip(rest, word.len + 1);
	}
	if (doc[0] != '\0')
		buf_byte(out, '\n');
}

static void write_section(const struct cli_program *program, struct margin m, const struct conf_option *table,
			  struct buf *out);

static void write_kinds(const struct cli_program *program, struct margin m, const struct conf_option *o,
			struct buf *out)
{
	size_t n;
	const struct config_kind *kinds = manual_kinds(program, o, &n);

	begin_line(&m, out);
	buf_printf(out, "%s:\n", o->name);
	m = commented(deeper(m));
	for (size_t i = 0; i < n; i++) {
		write_doc(&m, kinds[i].doc != NULL ? kinds[i].doc : "", out);
		begin_line(&m, out);
		buf_printf(out, "%s/name:\n", kinds[i].name);
		write_section(program, deeper(m), kinds[i].options, out);
		if (o->kinds == NULL)
			write_section(program, deeper(m), exporter_common_options, out);
	}
}

/* "30s", "[a, b]", or what kind of value belongs there. */
static void write_value(const struct conf_option *o, struct buf *out)
{
	if (o->fallback != NULL && o->type == CONF_LIST)
		buf_printf(out, "[%s]", o->fallback);
	else if (o->fallback != NULL)
		buf_text(out, o->fallback);
	else if (o->type == CONF_MAP)
		buf_text(out, "{name: value}");
	else
		buf_printf(out, "<%s>%s", manual_type(o), o->required ? " # required" : "");
}

static void write_option(const struct cli_program *program, struct margin m, const struct conf_option *o,
			 struct buf *out)
{
	write_doc(&m, o->doc != NULL ? o->doc : "", out);
	if (o->type == CONF_KINDS) {
		write_kinds(program, m, o, out);
		return;
	}
	bool has_value = o->type == CONF_SECTION || o->fallback != NULL;
	bool in_comment = m.commented;
	if (!has_value)
		m = commented(m);
	begin_line(&m, out);
	if (in_comment && !has_value && !o->required)
		buf_text(out, "# "); /* stays out when its section is switched on */
	buf_printf(out, "%s:", o->name);
	if (o->type == CONF_SECTION) {
		buf_byte(out, '\n');
		write_section(program, deeper(m), o->section, out);
		return;
	}
	buf_byte(out, ' ');
	write_value(o, out);
	buf_byte(out, '\n');
}

static void write_section(const struct cli_program *program, struct margin m, const struct conf_option *table,
			  struct buf *out)
{
	for (const struct conf_option *o = table; o->name != NULL; o++) {
		if (m.depth == 0)
			buf_byte(out, '\n');
		write_option(program, m, o, out);
	}
}

void manual_sample(const struct cli_program *program, struct buf *out)
{
	buf_text(out,
		 "# Every key of plimsoll.yaml with its default. What is commented out has none.\n"
		 "# Keep what you change, delete the rest; 'plimsoll check FILE' says whether it will run.\n"
		 "# ${env:NAME} and ${env:NAME:-default} work in every value, and a <secret> may stand in a file:\n"
		 "# token_file: /path in place of token. plimsoll.yaml(5) has the rest.\n");
	write_section(program, (struct margin){ 0, false, 0 }, config_options, out);
}
