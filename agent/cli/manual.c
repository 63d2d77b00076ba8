/* SPDX-License-Identifier: Apache-2.0
 * cli/manual.c - the two manual pages, in roff (man macros).
 */
#include "agent/cli/manual.h"

#include "agent/cli/usage.h"
#include "agent/config/scalar.h"

static const char *const type_names[] = {
	[CONF_BOOL] = "boolean",  [CONF_INT] = "number", [CONF_DOUBLE] = "number", [CONF_DURATION] = "duration",
	[CONF_SIZE] = "size",     [CONF_MIB] = "MiB",    [CONF_STRING] = "text",   [CONF_SECRET] = "secret",
	[CONF_ENUM] = "word",     [CONF_LIST] = "list",  [CONF_MAP] = "mapping",   [CONF_SECTION] = "section",
	[CONF_KINDS] = "section", [CONF_JSON] = "value",
};

const char *manual_type(const struct conf_option *o)
{
	return type_names[o->type];
}

const struct config_kind *manual_kinds(const struct cli_program *program, const struct conf_option *o, size_t *n)
{
	const struct config_kind *kinds = o->kinds != NULL ? o->kinds : program->kinds;

	*n = 0;
	if (o->kinds == NULL)
		*n = program->kind_count;
	else
		while (kinds[*n].name != NULL)
			++*n;
	return kinds;
}

void manual_facts(const struct conf_option *o, struct buf *out)
{
	struct buf range = BUF_INIT;

	buf_text(out, manual_type(o));
	if (o->choices != NULL)
		buf_printf(out, ": %s", o->choices);
	if (o->required)
		buf_text(out, "; required");
	if (o->fallback != NULL)
		buf_printf(out, "; default: %s", o->fallback);
	scalar_print_range(o, &range);
	if (range.len > 0)
		buf_printf(out, "; %s", buf_string(&range));
	if (o->reloads)
		buf_text(out, "; SIGHUP applies a change");
	buf_release(&range);
}

/* ------------------------------------------------------------------ roff */

/* Text as it is: '-' stays a hyphen-minus, backslashes show, and no line starts with a control character. A line may be
 * broken behind '|', since lists of choices are longer than one. */
static void roff_text(struct buf *out, const char *text)
{
	if (*text == '.' || *text == '\'')
		buf_text(out, "\\&");
	for (; *text != '\0'; text++) {
		if (*text == '\\')
			buf_text(out, "\\e");
		else if (*text == '-')
			buf_text(out, "\\-");
		else if (*text == '|')
			buf_text(out, "|\\:");
		else
			buf_byte(out, *text);
	}
}

static void roff_line(struct buf *out, const char *text)
{
	roff_text(out, text);
	buf_byte(out, '\n');
}

static void roff_heading(struct buf *out, const char *macro, const char *text)
{
	buf_printf(out, ".%s \"", macro);
	roff_text(out, text);
	buf_text(out, "\"\n");
}

static void roff_page(struct buf *out, const char *name, const char *section, const char *about)
{
	buf_text(out, ".\\\" Made from the program's tables by 'plimsoll help'.\n");
	buf_printf(out, ".TH %s %s \"\" \"plimsoll %s\" \"Plimsoll\"\n", name, section, PLIMSOLL_VERSION);
	buf_text(out, ".nh\n.ad l\n.SH NAME\n"); /* a key must not be cut in two by a hyphen */
	roff_text(out, name);
	buf_text(out, " \\- ");
	roff_line(out, about);
}

/* ".TP", then the words of the tag in bold. */
static void roff_tag(struct buf *out, const char *tag)
{
	buf_text(out, ".TP\n\\fB");
	roff_text(out, tag);
	buf_text(out, "\\fR");
}

/* The key, then its facts in brackets, then its sentence. */
static void roff_key(struct buf *out, const char *name, const struct conf_option *o)
{
	struct buf facts = BUF_INIT;

	manual_facts(o, &facts);
	roff_tag(out, name);
	buf_text(out, " (");
	roff_text(out, buf_string(&facts));
	buf_text(out, ")\n");
	roff_line(out, o->doc != NULL ? o->doc : "");
	buf_release(&facts);
}

/* ------------------------------------------------------------------ plimsoll(1) */

static void key_entry(void *context, const char *name, const struct conf_option *o)
{
	roff_key(context, name, o);
}

static void command_entry(const struct command *c, struct buf *out)
{
	char form[128];

	roff_heading(out, "SS", c->name);
	buf_printf(out, ".B plimsoll %s\n", c->name);
	if (c->usage[0] != '\0')
		roff_line(out, c->usage);
	buf_text(out, ".PP\n");
	roff_line(out, c->summary);
	for (const struct cli_option *o = c->options; o != NULL && o->name != NULL; o++) {
		usage_option_form(o, form, sizeof(form));
		roff_tag(out, form);
		buf_byte(out, '\n');
		roff_line(out, o->doc);
	}
	for (const struct cli_file *f = usage_next_file(c, NULL); f != NULL; f = usage_next_file(c, f)) {
		buf_text(out, ".PP\n");
		buf_printf(out, "Keys of %s:\n", f->what);
		usage_visit_keys(f->keys, key_entry, out);
	}
}

struct term {
	const char *term, *meaning;
};

static const struct term exit_codes[] = {
	{ "0", "Done." },
	{ "1", "The check, or the gate, says no." },
	{ "2", "Wrong arguments, or a configuration that cannot be used." },
	{ "3", "The agent or a file cannot be reached." },
	{ NULL, NULL },
};

static const struct term signals[] = {
	{ "SIGTERM, SIGINT", "Take no more, send what waits, commit, and end." },
	{ "SIGHUP", "Read the configuration again. A file with mistakes changes nothing; what waits for a restart is "
		    "named in the log." },
	{ NULL, NULL },
};

static const struct term environment[] = {
	{ "PLIMSOLL_AGENT", "The admin endpoint that commands ask where --agent names none." },
	{ "PLIMSOLL_TOKEN", "The admin.token of that agent." },
	{ "PLIMSOLL_CA_FILE, PLIMSOLL_CERT_FILE, PLIMSOLL_KEY_FILE",
	  "Whom to believe on a TLS endpoint, and the certificate to show there." },
	{ "USER", "Who does something, where --by names nobody." },
	{ "NO_COLOR", "Not empty: no colours on a terminal." },
	{ NULL, NULL },
};

static void term_entries(const struct term *t, struct buf *out)
{
	for (; t->term != NULL; t++) {
		roff_tag(out, t->term);
		buf_byte(out, '\n');
		roff_line(out, t->meaning);
	}
}

void manual_commands(const struct cli_program *program, struct buf *out)
{
	roff_page(out, "plimsoll", "1", usage_tagline);
	buf_text(out, ".SH SYNOPSIS\n.B plimsoll\n.I COMMAND\n[\\fIARGUMENTS\\fR]\n.SH DESCRIPTION\n");
	roff_line(out, "Plimsoll is a sidecar agent for applications that call large language models. It receives "
		       "their telemetry over OTLP, adds what the instrumentation left out (cost, tokens, latency, "
		       "prompt version), learns what is usual, raises an alert when cost or quality leaves that, and "
		       "passes everything on to Prometheus and to any OpenTelemetry back end.");
	buf_text(out, ".SH COMMANDS\n");
	for (const struct command *const *c = program->commands; *c != NULL; c++)
		command_entry(*c, out);
	buf_text(out, ".SH EXIT STATUS\n");
	term_entries(exit_codes, out);
	buf_text(out, ".SH ENVIRONMENT\n");
	term_entries(environment, out);
	buf_text(out, ".SH SIGNALS\n");
	term_entries(signals, out);
	buf_text(out, ".SH SEE ALSO\n.BR plimsoll.yaml (5)\n");
}

/* ------------------------------------------------------------------ plimsoll.yaml(5) */

static const char config_form[] =
	"The file is YAML, in UTF-8, with one document. Every key may be left out; without a file the agent runs with "
	"the defaults below. Where the OpenTelemetry Collector has a key for the same thing, it is the same key. An "
	"unknown key, a wrong type or an impossible value is an error; 'plimsoll check' prints all of them with their "
	"place, and names files that the agent would not find (not with --elsewhere, for the configuration of another "
	"machine).";

static const char config_variables[] = "In values, ${env:NAME} stands for an environment variable, "
				       "${env:NAME:-default} for the default where it is unset or empty, and $$ for a "
				       "dollar. An unset variable without a default is an error. A secret may be read "
				       "from a file: write token_file: /path (or token_FILE) instead of token.";

static const char config_units[] = "Durations are written with h, m, s and ms (30s, 1m30s); sizes in bytes, or with "
				   "KiB, MiB, GiB and TiB (64MiB).";


/* Rows of a section first, then its sections, each under its dotted name. */
static void section_entries(const struct cli_program *program, const char *path, const struct conf_option *table,
			    struct buf *out);

static void kind_entries(const struct cli_program *program, const char *path, const struct conf_option *o,
			 struct buf *out)
{
	size_t n;
	const struct config_kind *kinds = manual_kinds(program, o, &n);

	for (size_t i = 0; i < n; i++) {
		struct buf name = BUF_INIT;
		buf_printf(&name, "%s.%s", path, kinds[i].name);
		roff_heading(out, "SS", buf_string(&name));
		roff_line(out, kinds[i].doc != NULL ? kinds[i].doc : "");
		section_entries(program, buf_string(&name), kinds[i].options, out);
		if (o->kinds == NULL)
			section_entries(program, buf_string(&name), exporter_common_options, out);
		buf_release(&name);
	}
}

static void subsection(const struct cli_program *program, const char *path, const struct conf_option *o,
		       struct buf *out)
{
	struct buf name = BUF_INIT;

	buf_printf(&name, "%s%s%s", path, path[0] != '\0' ? "." : "", o->name);
	roff_heading(out, "SS", buf_string(&name));
	roff_line(out, o->doc != NULL ? o->doc : "");
	if (o->type == CONF_KINDS)
		kind_entries(program, buf_string(&name), o, out);
	else
		section_entries(program, buf_string(&name), o->section, out);
	buf_release(&name);
}

static bool has_section(const struct conf_option *o)
{
	return o->type == CONF_SECTION || o->type == CONF_KINDS;
}

static void section_entries(const struct cli_program *program, const char *path, const struct conf_option *table,
			    struct buf *out)
{
	for (const struct conf_option *o = table; o->name != NULL; o++)
		if (!has_section(o))
			roff_key(out, o->name, o);
	for (const struct conf_option *o = table; o->name != NULL; o++)
		if (has_section(o))
			subsection(program, path, o, out);
}

void manual_config(const struct cli_program *program, struct buf *out)
{
	roff_page(out, "plimsoll.yaml", "5", "configuration of plimsoll");
	buf_text(out, ".SH DESCRIPTION\n");
	roff_line(out, config_form);
	buf_text(out, ".PP\n");
	roff_line(out, config_variables);
	buf_text(out, ".PP\n");
	roff_line(out, config_units);
	buf_text(out, ".SH KEYS\n");
	section_entries(program, "", config_options, out);
	buf_text(out, ".SH EXAMPLE\n.nf\n");
	roff_line(out, "receivers:");
	roff_line(out, "  otlp:");
	roff_line(out, "    protocols:");
	roff_line(out, "      grpc: {endpoint: 0.0.0.0:4317}");
	roff_line(out, "      http: {endpoint: 0.0.0.0:4318}");
	roff_line(out, "alerts:");
	roff_line(out, "  channels:");
	roff_line(out, "    webhook/oncall:");
	roff_line(out, "      url: https://alerts.example.com/llm");
	roff_line(out, "      signing_secret: ${env:WEBHOOK_SECRET}");
	buf_text(out, ".fi\n.SH SEE ALSO\n.BR plimsoll (1)\n");
}
