/* SPDX-License-Identifier: Apache-2.0
 * daemon/explain.c - tells of each span and log record which key fed which field, whether it counts and which other one
 * decided that: by the same counting stage as the agent's, over all of the input, in event time.
 *
 * What is held is decided late, so nothing is printed before the input ends.
 */
#include "agent/daemon/explain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/base/clock.h"
#include "agent/base/hex.h"
#include "agent/base/json.h"
#include "agent/base/plain.h"
#include "agent/cli/client.h"
#include "agent/counting/counting.h"
#include "agent/daemon/explain_live.h"
#include "agent/daemon/explain_uses.h"
#include "agent/daemon/kinds.h"
#include "agent/daemon/replay_input.h"
#include "agent/enrich/enrich.h"
#include "agent/otlp/walk.h"
#include "agent/span/record.h"

/* Room for as many spans as an hour of a busy service has. */
#define COUNTING_BYTES (64u << 20)

/* One span or record of the input. What is said of it lies in the explanation's text. */
struct item {
	uint64_t key, other;
	uint8_t span_id[8];
	enum call_role role;
	bool is_shown, counted;
	const char *why, *dialect; /* literals */
	size_t head, fields, fields_end, record, end; /* where its parts lie in the text */
	uint32_t in_batch;         /* its place in the batch that is being read */
	uint32_t call;             /* its call's place, or COUNTING_NO_CALL */
};

struct explanation {
	bool json, all; /* all: spans without anything to do with models too */
	struct known_keys *keys;
	struct dialect_reader *reader;
	struct counting *counting;
	struct arena arena;
	struct uses uses;
	struct buf text;
	struct item *items;
	size_t count, cap;
	/* the request that is being read */
	struct counting_batch batch;
	struct call *calls;
	size_t call_count, call_cap;
	uint64_t event_ns;
	uint64_t counted, not_counted;
};

static struct item *next_item(struct explanation *x)
{
	if (x->count == x->cap) {
		size_t cap = x->cap == 0 ? 256 : x->cap * 2;
		struct item *items = realloc(x->items, cap * sizeof(*items));
		if (items == NULL)
			return NULL;
		x->items = items;
		x->cap = cap;
	}
	memset(&x->items[x->count], 0, sizeof(*x->items));
	return &x->items[x->count];
}

static struct call *next_call(struct explanation *x)
{
	if (x->call_count == x->call_cap) {
		size_t cap = x->call_cap == 0 ? 64 : x->call_cap * 2;
		struct call *calls = realloc(x->calls, cap * sizeof(*calls));
		if (calls == NULL)
			return NULL;
		x->calls = calls;
		x->call_cap = cap;
	}
	return &x->calls[x->call_count];
}

/* ------------------------------------------------------------------ reading */

static void write_head(struct explanation *x, const char *type, struct slice name, struct slice scope,
		       const struct call *c)
{
	struct buf *b = &x->text;

	if (!x->json) {
		plain_write(b, name, "");
		buf_text(b, "  [");
		plain_write(b, scope, "");
		buf_text(b, "]\n");
		return;
	}
	buf_printf(b, "{\"type\":\"%s\"", type);
	json_write_key(b, "name");
	json_write_string(b, name);
	json_write_key(b, "scope");
	json_write_string(b, scope);
	json_write_key(b, "dialect");
	json_write_string(b, slice_of(c->dialect != NULL ? c->dialect : ""));
	json_write_key(b, "producer");
	json_write_string(b, slice_of(producer_names[c->producer]));
}

/* Name and fields are written as they are read; what others add to the call, and the verdict, come later. */
static void take(struct explanation *x, struct item *item, const char *type, struct slice name, struct slice scope,
		 const struct call *c)
{
	item->is_shown = c->role != ROLE_NONE || c->not_counted != NULL || x->all;
	item->role = c->role;
	item->why = c->not_counted;
	item->dialect = c->dialect;
	item->in_batch = (uint32_t)x->batch.count - 1;
	item->head = x->text.len;
	if (item->is_shown)
		write_head(x, type, name, scope, c);
	item->fields = x->text.len;
	if (item->is_shown && x->json)
		uses_write_json(&x->uses, c, &x->text);
	else if (item->is_shown)
		uses_write_text(&x->uses, c, &x->text);
	item->fields_end = item->record = item->end = x->text.len;
	x->count++;
}

static void notice_time(struct explanation *x, uint64_t unix_ns)
{
	if (unix_ns > x->event_ns && unix_ns < clock_unix_ns() + UINT64_C(86400) * NS_PER_SECOND)
		x->event_ns = unix_ns;
}

static const uint8_t *bytes_of(struct slice id)
{
	return id.len > 0 ? (const uint8_t *)id.ptr : NULL;
}

static struct status explain_span(void *context, const struct span_view *span, struct attribute_writer *added)
{
	struct explanation *x = context;
	struct item *item = next_item(x);
	struct call *c = next_call(x);

	(void)added;
	if (item == NULL || c == NULL)
		return FAIL(NOMEM, "no memory for the input");
	x->uses.count = 0;
	if (span->defect != NULL) {
		fprintf(stderr, "plimsoll: a span is refused: %s\n", span->defect);
		return OK;
	}
	dialect_reader_begin(x->reader, &x->arena); /* so that each span is told with its resource */
	bool is_read = dialect_read(x->reader, span, c);
	struct call told = *c;
	if (is_read)
		enrich_call(c, span->status_message);
	item->call = is_read || dialect_read_application(x->reader, span, c) ? (uint32_t)x->call_count++ : COUNTING_NO_CALL;
	memcpy(item->span_id, span->span_id.ptr, sizeof(item->span_id));
	notice_time(x, span->end_unix_ns);
	TRY(counting_note(&x->batch, bytes_of(span->trace_id), bytes_of(span->span_id), bytes_of(span->parent_span_id),
			  item->call));
	take(x, item, "span", span->name, span->scope->name, is_read ? c : &told);
	return OK;
}

static struct status explain_log(void *context, const struct log_view *log)
{
	struct explanation *x = context;
	struct item *item = next_item(x);
	struct call *c = next_call(x);

	if (item == NULL || c == NULL)
		return FAIL(NOMEM, "no memory for the input");
	x->uses.count = 0;
	dialect_reader_begin(x->reader, &x->arena);
	notice_time(x, log->time_unix_ns);
	if (log->defect != NULL || !dialect_read_log(x->reader, log, c) || !c->counted)
		return OK;
	enrich_call(c, SLICE_NONE);
	item->call = (uint32_t)x->call_count++;
	TRY(counting_note_log(&x->batch, c, item->call));
	take(x, item, "log", log->event_name, log->scope->name, c);
	return OK;
}

/* ------------------------------------------------------------------ deciding */

static void write_record(struct explanation *x, struct item *item, const struct call *c)
{
	struct buf *b = &x->text;

	item->record = b->len;
	if (c->role == ROLE_RETRIEVAL)
		record_write_retrieval(b, c, "");
	else
		record_write(b, c, "");
	item->end = b->len;
}

/* What is held is known by its number in the list of items. */
static void hold(struct explanation *x, const struct counting_span *span, const struct call *c, size_t number)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "%zu", number);

	counting_hold(x->counting, span, c, (struct slice){ text, (size_t)n });
}

static void settle(struct explanation *x, size_t number)
{
	struct item *item = &x->items[number];
	const struct counting_span *span = &x->batch.spans[item->in_batch];
	const struct call *c = item->call != COUNTING_NO_CALL ? &x->calls[item->call] : NULL;

	item->key = span->key;
	item->other = span->other;
	if (c == NULL)
		return;
	item->counted = c->counted;
	if (c->not_counted != NULL)
		item->why = c->not_counted;
	if (span->verdict == COUNTING_HELD)
		hold(x, span, c, number);
	if (x->json && item->is_shown && c->role != ROLE_NONE)
		write_record(x, item, c);
}

static void promote(struct explanation *x, bool all)
{
	struct buf number = BUF_INIT;

	while (counting_promote(x->counting, x->event_ns / NS_PER_SECOND, all, &number)) {
		struct item *item = &x->items[strtoull(buf_string(&number), NULL, 10)];
		item->counted = true;
		item->why = "it waited, and nobody else told of the call";
	}
	buf_release(&number);
}

static struct status explain_request(void *context, enum signal signal, struct slice wire)
{
	struct explanation *x = context;
	size_t first = x->count;

	if (signal == SIGNAL_METRICS)
		return OK;
	arena_reset(&x->arena);
	x->batch = (struct counting_batch){ .arena = &x->arena, .counting = x->counting };
	x->call_count = 0;
	TRY(signal == SIGNAL_TRACES ? walk_traces(wire, &x->arena, NULL, explain_span, x) :
				      walk_logs(wire, &x->arena, explain_log, x));
	counting_decide(x->counting, &x->batch, x->calls);
	for (size_t i = first; i < x->count; i++)
		settle(x, i);
	promote(x, false);
	return OK;
}

/* ------------------------------------------------------------------ telling */

static const char *reason_of(const struct item *item)
{
	if (item->why != NULL)
		return item->why;
	if (item->counted)
		return "a model call";
	return item->role == ROLE_NONE ? "nothing in it speaks of a model call" : "no model call itself";
}

static int compare_keys(const void *a, const void *b)
{
	uint64_t x = (*(struct item *const *)a)->key, y = (*(struct item *const *)b)->key;

	return x < y ? -1 : x > y;
}

/* The span that decided about this one, as hex; empty where it is none or not part of the input. */
static const char *other_of(struct item *const *by_key, size_t n, const struct item *item, char out[17])
{
	struct item wanted = { .key = item->other };
	const struct item *key = &wanted;
	struct item *const *found = item->other != 0 ? bsearch(&key, by_key, n, sizeof(*by_key), compare_keys) : NULL;

	out[0] = '\0';
	if (found != NULL)
		hex_format((*found)->span_id, 8, out);
	return out;
}

static void print_part(const struct explanation *x, size_t from, size_t to)
{
	fwrite(x->text.ptr + from, 1, to - from, stdout);
}

static void print_json(const struct explanation *x, const struct item *item, const char *other)
{
	print_part(x, item->head, item->fields);
	printf(",\"role\":\"%s\",\"counted\":%s,\"why\":\"%s\"", role_names[item->role], item->counted ? "true" : "false",
	       reason_of(item));
	if (other[0] != '\0')
		printf(",\"because_of\":\"%s\"", other);
	printf(",\"fields\":[");
	print_part(x, item->fields, item->fields_end);
	printf("]");
	if (item->end > item->record) {
		printf(",\"record\":");
		print_part(x, item->record, item->end);
	}
	printf("}\n");
}

static void print_text(const struct explanation *x, const struct item *item, const char *other)
{
	print_part(x, item->head, item->fields);
	printf("    %s: %s%s%s", item->counted ? "counted" : "not counted", reason_of(item), other[0] != '\0' ? ", span " : "",
	       other);
	if (item->role != ROLE_NONE)
		printf("; %s, read as %s", role_names[item->role], item->dialect != NULL ? item->dialect : "none");
	printf("\n");
	print_part(x, item->fields, item->fields_end);
}

static struct status print_all(struct explanation *x)
{
	struct item **by_key = malloc((x->count + 1) * sizeof(struct item *));
	char other[17];

	if (by_key == NULL || buf_failed(&x->text)) {
		free(by_key);
		return FAIL(NOMEM, "no memory for the explanation");
	}
	for (size_t i = 0; i < x->count; i++)
		by_key[i] = &x->items[i];
	qsort(by_key, x->count, sizeof(struct item *), compare_keys);
	for (size_t i = 0; i < x->count; i++) {
		const struct item *item = &x->items[i];
		x->counted += item->counted;
		x->not_counted += !item->counted && item->why != NULL;
		if (item->is_shown)
			(x->json ? print_json : print_text)(x, item, other_of(by_key, x->count, item, other));
	}
	free(by_key);
	return OK;
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
	{ "agent", 0, "URL", "Where to ask about a trace: the agent's admin endpoint, else PLIMSOLL_AGENT, else " CLIENT_AGENT_DEFAULT "." },
	{ 0 },
};

enum { OPTION_CONFIG, OPTION_ALL, OPTION_OUTPUT, OPTION_AGENT };

static int explain(struct explanation *x, const struct cli_args *args)
{
	const struct dialect_trace trace = { uses_note, &x->uses };
	const struct replay_sink sink = { x, explain_request, ignore_record };
	struct buf why = BUF_INIT;
	struct status s = OK;

	arena_init(&x->arena, 256u << 20);
	x->reader = dialect_reader_new(x->keys);
	x->counting = counting_new(COUNTING_BYTES);
	if (x->reader == NULL || x->counting == NULL)
		s = FAIL(NOMEM, "no memory");
	else
		dialect_reader_trace(x->reader, &trace);
	for (int i = 0; i < args->operand_count && !FAILED(s); i++)
		s = replay_read(args->operands[i], SIGNAL_TRACES, &sink, &why);
	if (!FAILED(s)) {
		promote(x, true);
		s = print_all(x);
	}
	if (FAILED(s))
		fprintf(stderr, "plimsoll: %s\n", why.len > 0 ? buf_string(&why) : s.why);
	else if (!x->json)
		printf("%zu span%s, %llu counted as model calls, %llu tell of calls counted elsewhere\n", x->count,
		       x->count == 1 ? "" : "s", (unsigned long long)x->counted, (unsigned long long)x->not_counted);
	buf_release(&why);
	dialect_reader_free(x->reader);
	counting_free(x->counting);
	arena_release(&x->arena);
	buf_release(&x->text);
	free(x->items);
	free(x->calls);
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
		return cli_usage_error(&command_explain, "name at least one file, or a trace of the running agent");
	if (args.operand_count == 1 && explain_names_trace(args.operands[0]))
		return explain_live(&command_explain, args.values[OPTION_AGENT], args.operands[0], x.json);
	x.all = args.values[OPTION_ALL] != NULL;
	struct status s = config_load(args.values[OPTION_CONFIG], exporter_config_kinds(), exporter_config_kind_count(),
				      &config, &errors);
	if (FAILED(s)) {
		fputs(buf_string(&errors), stderr);
		buf_release(&errors);
		return s.code == STATUS_IO ? CLI_UNREACHABLE : CLI_USAGE;
	}
	s = known_keys_new(&config->dimensions, &x.keys);
	if (FAILED(s))
		fprintf(stderr, "plimsoll: dimensions: %s\n", s.why);
	code = FAILED(s) ? CLI_USAGE : explain(&x, &args);
	known_keys_free(x.keys);
	config_free(config);
	return code;
}

const struct command command_explain = {
	.name = "explain",
	.summary =
		"Tell for each recorded span how it was read: its dialect, which key fed which field, counted or not, "
		"why, and which other one decided it. Of a trace that the running agent has seen, all but the keys.",
	.usage = "[--all] [--output json] FILE|FOLDER|-...|TRACE_ID",
	.run = run,
	.options = options,
};
