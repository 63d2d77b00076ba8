/* SPDX-License-Identifier: Apache-2.0
 * daemon/redacted_words.c - a request of one item, redacted, walked and read.
 */
#include "agent/daemon/redacted_words.h"

#include "agent/otlp/wire.h"

#define ARENA_BYTES (32u << 20)
#define DEPTH       3 /* request, resource's items, scope's items: the same field numbers for spans and log records */

struct status words_rules_init(struct words_rules *r, const struct redaction_config *config, struct buf *why)
{
	r->config = *config;
	r->config.allow_keys = (struct string_list){ NULL, 0 };
	return redactor_new(&r->config, &r->redactor, why);
}

void words_rules_release(struct words_rules *r)
{
	redactor_free(r->redactor);
}

struct status words_reader_init(struct words_reader *w, const struct words_rules *rules)
{
	arena_init(&w->arena, ARENA_BYTES);
	w->redaction = redaction_lane_new(rules->redactor);
	return w->redaction != NULL ? OK : FAIL(NOMEM, "no memory for redaction");
}

void words_reader_release(struct words_reader *w)
{
	redaction_lane_free(w->redaction);
	arena_release(&w->arena);
}

/* ---------------------------------------------------------------- a request of one */
static size_t put_varint(char *at, uint64_t v)
{
	size_t n = 0;

	for (; v >= 0x80; v >>= 7)
		at[n++] = (char)(v | 0x80);
	at[n++] = (char)v;
	return n;
}

/* The item as the only one of a request, without resource and scope. */
static struct slice request_of(struct slice item, struct arena *a)
{
	static const char tags[DEPTH] = { 0x0a, 0x12, 0x12 }; /* field 1, then 2 twice; length-delimited */
	char heads[DEPTH][11];
	size_t sizes[DEPTH], inside = item.len, total = 0;

	for (int i = DEPTH - 1; i >= 0; i--) {
		heads[i][0] = tags[i];
		sizes[i] = 1 + put_varint(heads[i] + 1, inside);
		inside += sizes[i];
	}
	char *wire = arena_alloc(a, inside);
	if (wire == NULL)
		return SLICE_NONE;
	for (int i = 0; i < DEPTH; i++) {
		memcpy(wire + total, heads[i], sizes[i]);
		total += sizes[i];
	}
	memcpy(wire + total, item.ptr, item.len);
	return (struct slice){ wire, inside };
}

static struct status redact(struct words_reader *w, enum signal signal, struct slice item, struct slice *out)
{
	struct slice wire = request_of(item, &w->arena);
	struct edit_list edits;

	if (wire.ptr == NULL)
		return FAIL(NOMEM, "no memory to redact a text");
	edit_list_init(&edits, &w->arena);
	TRY(redact_request(w->redaction, signal, wire, &w->arena, &edits));
	char *redacted = arena_alloc(&w->arena, edit_list_bound(&edits, wire));
	if (redacted == NULL)
		return FAIL(NOMEM, "no memory to redact a text");
	*out = (struct slice){ redacted, edit_list_write(&edits, wire, redacted) };
	return OK;
}

/* ---------------------------------------------------------------- reading it */
struct one {
	struct words_reader *words;
	struct dialect_reader *dialect;
	const struct scope_view *scope; /* of the item as it came */
	const struct resource_view *resource;
	struct call_text *out;
	bool found;
};

/* A call that failed has its error for an answer. */
static void add_error(struct one *o, const struct call *c, struct slice status_message)
{
	struct slice message = c->error_message.len > 0 ? c->error_message : status_message;
	struct buf text = BUF_INIT;

	if (!c->status_error && c->error_type.len == 0)
		return;
	buf_text(&text, "error");
	for (int i = 0; i < 2; i++) {
		struct slice part = i == 0 ? c->error_type : message;
		if (part.len > 0) {
			buf_text(&text, ": ");
			call_text_cut(&text, part, CALL_ACTUAL_BYTES);
		}
	}
	struct slice copy = buf_failed(&text) ? SLICE_NONE : arena_dup(&o->words->arena, buf_view(&text));
	if (copy.ptr != NULL)
		o->out->actual = copy;
	buf_release(&text);
}

static struct status on_span(void *context, const struct span_view *span, struct attribute_writer *added)
{
	struct one *o = context;
	struct span_view whole = *span;
	struct call c;

	(void)added;
	whole.scope = o->scope;
	whole.resource = o->resource;
	if (span->defect != NULL || !dialect_read(o->dialect, &whole, &c) || !c.counted)
		return OK;
	dialect_read_text(o->dialect, whole.attributes, whole.events, whole.event_count, o->out);
	add_error(o, &c, span->status_message);
	o->found = !call_text_is_empty(o->out);
	return OK;
}

static struct status on_log(void *context, const struct log_view *log)
{
	struct one *o = context;
	struct log_view whole = *log;
	struct call c;

	whole.scope = o->scope;
	whole.resource = o->resource;
	if (log->defect != NULL || !dialect_read_log(o->dialect, &whole, &c))
		return OK;
	dialect_read_text(o->dialect, whole.attributes, NULL, 0, o->out);
	add_error(o, &c, SLICE_NONE);
	o->found = !call_text_is_empty(o->out);
	return OK;
}

static struct status read_one(struct one *o, enum signal signal, struct slice item)
{
	struct slice wire;
	struct arena *a = &o->words->arena;

	arena_reset(a);
	dialect_reader_begin(o->dialect, a);
	TRY(redact(o->words, signal, item, &wire));
	if (signal == SIGNAL_TRACES)
		TRY(walk_traces(wire, a, NULL, on_span, o));
	else
		TRY(walk_logs(wire, a, on_log, o));
	return o->found ? OK : FAIL(NOTFOUND, "carries no text");
}

struct status words_of_span(struct words_reader *w, struct dialect_reader *dialect, const struct span_view *span,
			    struct call_text *out)
{
	struct one o = { w, dialect, span->scope, span->resource, out, false };

	return read_one(&o, SIGNAL_TRACES, span->wire);
}

struct status words_of_log(struct words_reader *w, struct dialect_reader *dialect, const struct log_view *log,
			   struct call_text *out)
{
	struct one o = { w, dialect, log->scope, log->resource, out, false };

	return read_one(&o, SIGNAL_LOGS, log->wire);
}
