/* SPDX-License-Identifier: Apache-2.0
 * daemon/explain.c - reads each span alone and tells which key fed which field, and why the span counts or not.
 *
 * What other spans do to this one (a call told twice, a request sent again) is the counting stage's matter and not told
 * here: the reason given is the one that the span itself carries.
 */
#include "agent/daemon/explain.h"

#include <stdio.h>
#include <string.h>

#include "agent/base/json.h"
#include "agent/daemon/kinds.h"
#include "agent/daemon/replay_input.h"
#include "agent/dialects/reader.h"
#include "agent/enrich/enrich.h"
#include "agent/otlp/walk.h"
#include "agent/span/record.h"

#define USES_MAX 256u

/* One row that was applied to one value. */
struct use {
	struct slice key;
	const char *member; /* inside the value; the same as the key, or below it */
	const char *dialect;
	enum field field;
	unsigned rank;
	bool of_resource, understood;
};

struct explanation {
	bool json, all; /* all: spans without anything to do with models too */
	struct known_keys *keys;
	struct dialect_reader *reader;
	struct arena arena;
	struct use uses[USES_MAX];
	unsigned use_count;
	struct buf line;
	uint64_t spans, counted, not_counted;
};

static void note_use(void *context, struct slice key, const char *member, const char *dialect, enum field field,
		     unsigned rank, bool of_resource, bool understood)
{
	struct explanation *x = context;

	if (x->use_count < USES_MAX)
		x->uses[x->use_count++] = (struct use){ key, member, dialect, field, rank, of_resource, understood };
}

/* Fields of which only the best-ranked value holds; of token counts, the first family. */
static bool is_ranked(enum field field)
{
	return field < FIELD_LEAF || field == FIELD_STREAMING || field == FIELD_TTFT || field == FIELD_REPORTED_COST ||
	       field == FIELD_HTTP_STATUS || field == FIELD_TOKENS ||
	       (field >= FIELD_SYSTEM_TEXT && field < FIELD_CONTENT_END);
}

static const char *verdict_of(const struct explanation *x, const struct use *u)
{
	if (!u->understood)
		return "not understood";
	for (unsigned i = 0; is_ranked(u->field) && i < x->use_count; i++) {
		const struct use *other = &x->uses[i];
		bool before = other->of_resource == u->of_resource ? other->rank < u->rank : u->of_resource;
		if (other->field == u->field && other->understood && before)
			return u->field == FIELD_TOKENS ? "details at most" : "outranked";
	}
	return "used";
}

/* Rows that only lead to others, and words that did not say what their field is about. */
static bool says_nothing(const struct use *u, const struct call *c)
{
	bool is_leaf = c->role == ROLE_LLM || c->role == ROLE_EMBEDDING || c->role == ROLE_RERANK;

	if (!u->understood)
		return false;
	return u->field == FIELD_MEMBERS || u->field == FIELD_METADATA || (u->field == FIELD_LEAF && !is_leaf) ||
	       (u->field == FIELD_AGGREGATE && is_leaf) || (u->field == FIELD_DROP && c->not_counted == NULL);
}

static void write_use_json(struct explanation *x, const struct use *u)
{
	struct buf *b = &x->line;

	if (b->ptr[b->len - 1] != '[')
		buf_byte(b, ',');
	buf_byte(b, '{');
	json_write_key(b, "field");
	json_write_string(b, slice_of(field_name(u->field)));
	json_write_key(b, "key");
	json_write_string(b, u->key);
	if (!slice_equal(u->key, slice_of(u->member))) {
		json_write_key(b, "member");
		json_write_string(b, slice_of(u->member));
	}
	json_write_key(b, "dialect");
	json_write_string(b, slice_of(u->dialect));
	json_write_key(b, "rank");
	buf_printf(b, "%u", u->rank);
	json_write_key(b, "verdict");
	json_write_string(b, slice_of(verdict_of(x, u)));
	buf_byte(b, '}');
}

static const char *reason_of(const struct call *c)
{
	if (c->not_counted != NULL)
		return c->not_counted;
	if (c->counted)
		return "a model call";
	return c->role == ROLE_NONE ? "nothing in it speaks of a model call" : "no model call itself";
}

static void write_json(struct explanation *x, const struct span_view *span, const struct call *c)
{
	struct buf *b = &x->line;

	buf_text(b, "{\"type\":\"span\"");
	json_write_key(b, "name");
	json_write_string(b, span->name);
	json_write_key(b, "scope");
	json_write_string(b, span->scope->name);
	json_write_key(b, "dialect");
	json_write_string(b, slice_of(c->dialect != NULL ? c->dialect : ""));
	json_write_key(b, "producer");
	json_write_string(b, slice_of(producer_names[c->producer]));
	json_write_key(b, "role");
	json_write_string(b, slice_of(role_names[c->role]));
	json_write_key(b, "counted");
	buf_text(b, c->counted ? "true" : "false");
	json_write_key(b, "why");
	json_write_string(b, slice_of(reason_of(c)));
	json_write_key(b, "fields");
	buf_byte(b, '[');
	for (unsigned i = 0; i < x->use_count; i++)
		if (!says_nothing(&x->uses[i], c))
			write_use_json(x, &x->uses[i]);
	buf_byte(b, ']');
	if (c->role != ROLE_NONE) {
		json_write_key(b, "record");
		if (c->role == ROLE_RETRIEVAL)
			record_write_retrieval(b, c, "");
		else
			record_write(b, c, "");
	}
	buf_text(b, "}\n");
}

static void write_use_text(struct explanation *x, const struct use *u)
{
	struct slice member = slice_of(u->member);

	buf_printf(&x->line, "    %-22s %.*s", field_name(u->field), SLICE_ARG(u->key));
	if (!slice_equal(u->key, member))
		buf_printf(&x->line, " > %.*s", SLICE_ARG(member));
	buf_printf(&x->line, "  (%s, %s)\n", u->dialect, verdict_of(x, u));
}

static void write_text(struct explanation *x, const struct span_view *span, const struct call *c)
{
	buf_printf(&x->line, "%.*s  [%.*s]\n", SLICE_ARG(span->name), SLICE_ARG(span->scope->name));
	buf_printf(&x->line, "    %s: %s", c->counted ? "counted" : "not counted", reason_of(c));
	if (c->role != ROLE_NONE)
		buf_printf(&x->line, "; %s, read as %s", role_names[c->role], c->dialect);
	buf_byte(&x->line, '\n');
	for (unsigned i = 0; i < x->use_count; i++)
		if (!says_nothing(&x->uses[i], c))
			write_use_text(x, &x->uses[i]);
}

static struct status explain_span(void *context, const struct span_view *span, struct attribute_writer *added)
{
	struct explanation *x = context;
	struct call c;

	(void)added;
	x->spans++;
	x->use_count = 0;
	if (span->defect != NULL) {
		fprintf(stderr, "plimsoll: a span is refused: %s\n", span->defect);
		return OK;
	}
	dialect_reader_begin(x->reader, &x->arena); /* so that each span is told with its resource */
	if (dialect_read(x->reader, span, &c))
		enrich_call(&c, span->status_message);
	x->counted += c.counted;
	x->not_counted += c.not_counted != NULL;
	if (c.role == ROLE_NONE && c.not_counted == NULL && !x->all)
		return OK;
	if (x->json)
		write_json(x, span, &c);
	else
		write_text(x, span, &c);
	fwrite(x->line.ptr, 1, x->line.len, stdout);
	buf_reset(&x->line);
	return OK;
}

static struct status explain_request(void *context, enum signal signal, struct slice wire)
{
	struct explanation *x = context;

	if (signal != SIGNAL_TRACES)
		return OK;
	arena_reset(&x->arena);
	return walk_traces(wire, &x->arena, NULL, explain_span, x);
}

static struct status ignore_record(void *context, struct slice line)
{
	(void)context;
	(void)line;
	return OK;
}

static const struct cli_option options[] = {
	{ "config", 'c', "FILE", "Read the attribution tags by the dimensions of this configuration." },
	{ "all", 'a', NULL, "Tell of spans too that have nothing to do with models." },
	{ "output", 'o', "FORMAT", "text, or json (a line for each span)." },
	{ 0 },
};

enum { OPTION_CONFIG, OPTION_ALL, OPTION_OUTPUT };

static int explain(struct explanation *x, const struct cli_args *args)
{
	const struct dialect_trace trace = { note_use, x };
	const struct replay_sink sink = { x, explain_request, ignore_record };
	struct buf why = BUF_INIT;
	struct status s = OK;

	arena_init(&x->arena, 256u << 20);
	x->reader = dialect_reader_new(x->keys);
	if (x->reader == NULL)
		s = FAIL(NOMEM, "no memory");
	else
		dialect_reader_trace(x->reader, &trace);
	for (int i = 0; i < args->operand_count && !FAILED(s); i++)
		s = replay_read(args->operands[i], SIGNAL_TRACES, &sink, &why);
	if (FAILED(s))
		fprintf(stderr, "plimsoll: %s\n", why.len > 0 ? buf_string(&why) : s.why);
	else if (!x->json)
		printf("%llu spans, %llu counted as model calls, %llu tell of calls counted elsewhere\n",
		       (unsigned long long)x->spans, (unsigned long long)x->counted, (unsigned long long)x->not_counted);
	buf_release(&why);
	dialect_reader_free(x->reader);
	arena_release(&x->arena);
	buf_release(&x->line);
	if (!FAILED(s))
		return CLI_DONE;
	return s.code == STATUS_IO || s.code == STATUS_NOTFOUND ? CLI_UNREACHABLE : CLI_NO;
}

static int run(int argc, char **argv)
{
	static struct explanation x;
	struct cli_args args;
	struct config *config;
	struct buf errors = BUF_INIT;
	int code = cli_parse(&command_explain, argc, argv, &args);

	if (code == CLI_GO_ON)
		code = cli_read_output(&command_explain, args.values[OPTION_OUTPUT], &x.json);
	if (code != CLI_GO_ON)
		return code;
	if (args.operand_count == 0)
		return cli_usage_error(&command_explain, "name at least one file");
	x.all = args.values[OPTION_ALL] != NULL;
	struct status s = config_load(args.values[OPTION_CONFIG], exporter_config_kinds(), exporter_config_kind_count(),
				      &config, &errors);
	if (FAILED(s)) {
		fputs(buf_string(&errors), stderr);
		buf_release(&errors);
		return s.code == STATUS_IO ? CLI_UNREACHABLE : CLI_USAGE;
	}
	s = known_keys_new(&config->dimensions, &x.keys);
	code = FAILED(s) ? CLI_USAGE : explain(&x, &args);
	known_keys_free(x.keys);
	config_free(config);
	return code;
}

const struct command command_explain = {
	.name = "explain",
	.summary = "Tell for each recorded span how it was read: its dialect, which key fed which field, counted or not and why.",
	.usage = "[--all] [--output json] FILE|FOLDER|-...",
	.run = run,
	.options = options,
};
