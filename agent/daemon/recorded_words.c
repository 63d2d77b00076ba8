/* SPDX-License-Identifier: Apache-2.0
 * daemon/recorded_words.c - a sorted list of what is wanted, filled while the recordings are walked.
 */
#include "agent/daemon/recorded_words.h"

#include <stdlib.h>

#include "agent/base/hex.h"
#include "agent/daemon/redacted_words.h"
#include "agent/daemon/replay_input.h"

#define ARENA_PER_REQUEST ((size_t)2 << 30) /* a file is one request at most, of 1 GiB */

struct wanted {
	uint8_t trace_id[16], span_id[8];
	bool any_span;
	struct call_text text; /* in bytes */
	char *bytes;           /* NULL: not found yet */
};

struct recorded_words {
	struct words_rules rules;
	struct words_reader reader;
	struct known_keys *keys;
	struct dialect_reader *dialect;
	struct arena arena; /* of a walk */
	struct wanted *items;
	size_t count, cap;
	bool is_sorted;
};

struct status recorded_words_new(const struct config *config, struct recorded_words **out, struct buf *why)
{
	struct recorded_words *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return FAIL(NOMEM, "no memory");
	arena_init(&w->arena, ARENA_PER_REQUEST);
	struct status s = words_rules_init(&w->rules, &config->redaction, why);
	if (!FAILED(s))
		s = words_reader_init(&w->reader, &w->rules);
	if (!FAILED(s))
		s = known_keys_new(&config->dimensions, &w->keys);
	if (!FAILED(s) && (w->dialect = dialect_reader_new(w->keys)) == NULL)
		s = FAIL(NOMEM, "no memory");
	if (FAILED(s))
		recorded_words_free(w);
	else
		*out = w;
	return s;
}

void recorded_words_free(struct recorded_words *w)
{
	if (w == NULL)
		return;
	for (size_t i = 0; i < w->count; i++)
		free(w->items[i].bytes);
	free(w->items);
	dialect_reader_free(w->dialect);
	known_keys_free(w->keys);
	words_reader_release(&w->reader);
	words_rules_release(&w->rules);
	arena_release(&w->arena);
	free(w);
}

/* ---------------------------------------------------------------- what is wanted */
static bool read_ids(struct slice trace_id, struct slice span_id, struct wanted *out)
{
	*out = (struct wanted){ .any_span = span_id.len == 0 };
	return hex_parse(trace_id, out->trace_id, 16) && (out->any_span || hex_parse(span_id, out->span_id, 8));
}

static int by_ids(const void *a, const void *b)
{
	const struct wanted *x = a, *y = b;
	int order = memcmp(x->trace_id, y->trace_id, 16);

	if (order == 0)
		order = (int)y->any_span - (int)x->any_span;
	return order != 0 ? order : memcmp(x->span_id, y->span_id, 8);
}

void recorded_words_want(struct recorded_words *w, struct slice trace_id, struct slice span_id)
{
	struct wanted item;

	if (!read_ids(trace_id, span_id, &item))
		return;
	if (w->count == w->cap) {
		size_t cap = w->cap == 0 ? 64 : w->cap * 2;
		struct wanted *items = reallocarray(w->items, cap, sizeof(*items));
		if (items == NULL)
			return; /* then this one stays without words */
		w->items = items;
		w->cap = cap;
	}
	w->items[w->count++] = item;
	w->is_sorted = false;
}

static struct wanted *find_exactly(struct recorded_words *w, const struct wanted *key)
{
	if (!w->is_sorted && w->count > 0)
		qsort(w->items, w->count, sizeof(*w->items), by_ids);
	w->is_sorted = true;
	return w->count > 0 ? bsearch(key, w->items, w->count, sizeof(*w->items), by_ids) : NULL;
}

bool recorded_words_find(void *context, struct slice trace_id, struct slice span_id, struct call_text *out)
{
	struct wanted key;
	const struct wanted *found = read_ids(trace_id, span_id, &key) ? find_exactly(context, &key) : NULL;

	if (found == NULL || found->bytes == NULL)
		return false;
	*out = found->text;
	return true;
}

/* ---------------------------------------------------------------- what is found */
static void fill(struct wanted *item, const struct call_text *text)
{
	char *bytes = malloc(call_text_bytes(text) + 1), *at = bytes;

	if (bytes == NULL)
		return;
	free(item->bytes);
	item->bytes = bytes;
	item->text = *text;
	call_text_move(&item->text, &at);
}

/* The calls that are wanted by this span's ids, and by its trace alone. */
static size_t wanted_by(struct recorded_words *w, struct slice trace_id, struct slice span_id, struct wanted *out[2])
{
	struct wanted key = { .any_span = true };
	size_t n = 0;

	if (trace_id.len != 16 || span_id.len != 8)
		return 0;
	memcpy(key.trace_id, trace_id.ptr, 16);
	out[n] = find_exactly(w, &key);
	n += out[n] != NULL;
	key.any_span = false;
	memcpy(key.span_id, span_id.ptr, 8);
	out[n] = find_exactly(w, &key);
	return n + (out[n] != NULL);
}

static struct status on_span(void *context, const struct span_view *span, struct attribute_writer *added)
{
	struct recorded_words *w = context;
	struct wanted *wanted[2];
	size_t n = wanted_by(w, span->trace_id, span->span_id, wanted);
	struct call_text text;

	(void)added;
	if (n == 0 || span->defect != NULL || FAILED(words_of_span(&w->reader, w->dialect, span, &text)))
		return OK; /* stays without words */
	for (size_t i = 0; i < n; i++)
		fill(wanted[i], &text);
	return OK;
}

/* A record about the call, written in its span. */
static struct status on_log(void *context, const struct log_view *log)
{
	struct recorded_words *w = context;
	struct wanted *wanted[2];
	size_t n = wanted_by(w, log->trace_id, log->span_id, wanted);
	struct call_text text;

	if (n == 0 || log->defect != NULL || FAILED(words_of_log(&w->reader, w->dialect, log, &text)))
		return OK;
	for (size_t i = 0; i < n; i++)
		if (wanted[i]->bytes == NULL)
			fill(wanted[i], &text);
	return OK;
}

static struct status on_request(void *context, enum signal signal, struct slice wire)
{
	struct recorded_words *w = context;

	arena_reset(&w->arena);
	if (signal == SIGNAL_TRACES)
		return walk_traces(wire, &w->arena, NULL, on_span, w);
	return signal == SIGNAL_LOGS ? walk_logs(wire, &w->arena, on_log, w) : OK;
}

static struct status on_record(void *context, struct slice line)
{
	(void)context;
	(void)line;
	return OK;
}

struct status recorded_words_read(struct recorded_words *w, const char *path, struct buf *why)
{
	const struct replay_sink sink = { w, on_request, on_record };

	return replay_read(path, SIGNAL_TRACES, &sink, why);
}
