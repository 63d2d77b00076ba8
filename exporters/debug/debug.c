/* SPDX-License-Identifier: Apache-2.0
 * exporters/debug/debug.c - prints what passes to standard output, for people.
 *
 * basic: one line a payload with its counts. normal: one line a model call, from its request record, in columns. What a
 * record does not say is shown as "-". Records hold no prompt text.
 */
#include <stdio.h>
#include <stdlib.h>

#include "agent/base/json.h"
#include "exporters/kinds.h"

enum verbosity { VERBOSITY_BASIC, VERBOSITY_NORMAL };

struct debug_options {
	int verbosity;
};

struct debug_exporter {
	const struct debug_options *options;
	struct buf text;
	bool has_header;
};

static const struct conf_option debug_option_table[] = {
	{ "verbosity", CONF_ENUM, .offset = offsetof(struct debug_options, verbosity), .choices = "basic|normal",
	  .fallback = "normal", .doc = "basic: one line a batch with its counts; normal: one line a model call." },
	{ .name = NULL },
};

/* ------------------------------------------------------------------ one record, one line */

static void write_text(struct buf *out, struct slice value)
{
	buf_slice(out, value);
}

/* "2026-11-21T16:14:17Z" -> "16:14:17" */
static void write_time(struct buf *out, struct slice value)
{
	buf_slice(out, value.len >= 19 && value.ptr[10] == 'T' ? (struct slice){ value.ptr + 11, 8 } : value);
}

static void write_cost(struct buf *out, struct slice value)
{
	double usd;

	if (slice_to_double(value, &usd))
		buf_printf(out, "$%.6f", usd);
}

static void write_latency(struct buf *out, struct slice value)
{
	double ms;

	if (slice_to_double(value, &ms))
		buf_printf(out, ms < 10000 ? "%.0f ms" : "%.1f s", ms < 10000 ? ms : ms / 1000);
}

static const struct column {
	const char *key, *title;
	void (*write)(struct buf *out, struct slice value);
	unsigned width;
	bool is_right;
} columns[] = {
	{ "time", "TIME", write_time, 8, false },
	{ "feature", "FEATURE", write_text, 20, false },
	{ "prompt_version", "PROMPT", write_text, 26, false },
	{ "model", "MODEL", write_text, 28, false },
	{ "input_tokens", "INPUT", write_text, 8, true },
	{ "output_tokens", "OUTPUT", write_text, 8, true },
	{ "cost_usd", "COST", write_cost, 11, true },
	{ "latency_ms", "LATENCY", write_latency, 9, true },
	{ "outcome", "OUTCOME", write_text, 0, false },
};

#define VALUE_BYTES_MAX 256
#define COLUMN_COUNT    (sizeof(columns) / sizeof(columns[0]))

/* Characters, not bytes: continuation bytes take no column. */
static unsigned width_of(struct slice text)
{
	unsigned width = 0;

	for (size_t i = 0; i < text.len; i++)
		width += (text.ptr[i] & 0xc0) != 0x80;
	return width;
}

/* The longest head of at most this many characters. */
static struct slice fit(struct slice text, unsigned width)
{
	size_t at = 0;

	for (unsigned seen = 0; at < text.len; at++)
		if ((text.ptr[at] & 0xc0) != 0x80 && seen++ == width)
			break;
	return slice_head(text, at);
}

static void write_cell(struct buf *out, const struct column *c, struct slice cell)
{
	unsigned width = width_of(cell);
	unsigned pad = c->width > width ? c->width - width : 0;

	if (c->is_right)
		buf_printf(out, "%*s%.*s", (int)pad, "", SLICE_ARG(cell));
	else if (c->width > 0 && width > c->width)
		buf_printf(out, "%.*s~", SLICE_ARG(fit(cell, c->width - 1)));
	else
		buf_printf(out, "%.*s%*s", SLICE_ARG(cell), (int)pad, "");
}

static void write_header(struct buf *out)
{
	for (size_t i = 0; i < COLUMN_COUNT; i++) {
		write_cell(out, &columns[i], slice_of(columns[i].title));
		buf_text(out, i + 1 < COLUMN_COUNT ? "  " : "\n");
	}
}

/* Text as it stands between its quotes (escapes stay, so nothing in it can move a terminal's cursor), numbers as
 * written; nothing for null and for what a cell cannot show. */
static struct slice read_value(struct json *j)
{
	struct json_string text;
	struct slice number;

	switch (json_peek(j)) {
	case JSON_STRING:
		return json_string(j, &text) ? text.raw : SLICE_NONE;
	case JSON_NUMBER:
		return json_number(j, &number) ? number : SLICE_NONE;
	default:
		json_skip(j);
		return SLICE_NONE;
	}
}

static void write_record(struct buf *out, struct slice line)
{
	struct slice values[COLUMN_COUNT] = { { NULL, 0 } };
	struct json_string key;
	struct json j;

	json_init(&j, line);
	if (!json_object(&j))
		return;
	while (json_member(&j, &key)) {
		struct slice value = read_value(&j);
		for (size_t i = 0; i < COLUMN_COUNT; i++)
			if (slice_equal(key.raw, slice_of(columns[i].key)))
				values[i] = value;
	}
	for (size_t i = 0; i < COLUMN_COUNT; i++) {
		struct buf cell = BUF_INIT;
		columns[i].write(&cell, slice_head(values[i], VALUE_BYTES_MAX));
		write_cell(out, &columns[i], cell.len > 0 ? buf_view(&cell) : SLICE("-"));
		buf_text(out, i + 1 < COLUMN_COUNT ? "  " : "\n");
		buf_release(&cell);
	}
}

static void write_records(struct debug_exporter *d, struct slice lines)
{
	if (!d->has_header)
		write_header(&d->text);
	d->has_header = true;
	while (lines.len > 0) {
		const char *end = memchr(lines.ptr, '\n', lines.len);
		size_t n = end != NULL ? (size_t)(end - lines.ptr) : lines.len;
		write_record(&d->text, slice_head(lines, n));
		lines = slice_skip(lines, n + 1);
	}
}

/* ------------------------------------------------------------------ the exporter */

static struct status debug_open(const char *id, const void *options, struct exporter_env *env, void **state,
				struct buf *why)
{
	struct debug_exporter *d = calloc(1, sizeof(*d));

	(void)env;
	if (d == NULL) {
		buf_printf(why, "exporters.%s: no memory", id);
		return FAIL(NOMEM, "no memory for the exporter");
	}
	d->options = options;
	*state = d;
	return OK;
}

static void debug_send(void *state, struct payload *p, delivery_done done, void *context)
{
	struct debug_exporter *d = state;
	struct delivery delivery = { .result = DELIVERY_DONE };

	buf_reset(&d->text);
	if (d->options->verbosity == VERBOSITY_BASIC)
		buf_printf(&d->text, "%-8s %8u items %10zu bytes\n", payload_kind_names[p->kind], p->items,
			   p->size_bytes);
	else if (p->kind == PAYLOAD_RECORDS)
		write_records(d, payload_view(p));
	else if (p->kind == PAYLOAD_JUDGEMENTS)
		buf_slice(&d->text, payload_view(p));
	if (d->text.len > 0 && (fwrite(d->text.ptr, 1, d->text.len, stdout) != d->text.len || fflush(stdout) != 0))
		delivery = (struct delivery){ .result = DELIVERY_REFUSED,
					      .reason = "io: cannot write to standard output" };
	done(context, &delivery);
}

static void debug_close(void *state)
{
	struct debug_exporter *d = state;

	buf_release(&d->text);
	free(d);
}

const struct exporter_kind exporter_debug = {
	.name = "debug",
	.doc = "Prints what passes to standard output: a line a model call, or counts.",
	.accepts = PAYLOADS_OTLP | PAYLOADS_LINES,
	.options = debug_option_table,
	.options_size = sizeof(struct debug_options),
	.open = debug_open,
	.send = debug_send,
	.close = debug_close,
	.queue_offset = SIZE_MAX,
	.retry_offset = SIZE_MAX,
};
