/* SPDX-License-Identifier: Apache-2.0
 * cli/top_render.c - one screen: the last minute, what fires, and a table, dearest first.
 */
#include <math.h>

#include "agent/cli/answer.h"
#include "agent/cli/top.h"

#define BOLD  "\033[1m"
#define RED   "\033[31m"
#define PLAIN "\033[0m"

#define NAME_MIN  16
#define NAME_MAX  40
#define ALERTS_MAX 5 /* lines; the rest is counted */

struct screen {
	unsigned lines, columns, used;
	bool colour;
	struct buf *out;
};

/* ---------------------------------------------------------------- figures */
/* At most five characters: 950, 1.2k, 34M. */
static void write_count(struct buf *out, double n)
{
	static const char *const units[] = { "", "k", "M", "G", "T" };
	unsigned u = 0;

	if (isnan(n)) {
		buf_byte(out, '-');
		return;
	}
	for (; n >= 999.5 && u + 1 < sizeof(units) / sizeof(units[0]); u++)
		n /= 1000;
	buf_printf(out, u > 0 && n < 9.95 ? "%.1f%s" : "%.0f%s", n, units[u]);
}

static void write_usd(struct buf *out, double usd)
{
	if (isnan(usd))
		buf_byte(out, '-');
	else
		buf_printf(out, usd >= 100 ? "%.0f" : usd >= 0.0995 || usd == 0 ? "%.2f" : "%.2g", usd);
}

static void write_seconds(struct buf *out, double s)
{
	if (isnan(s))
		buf_byte(out, '-');
	else if (s < 0.9995)
		buf_printf(out, "%.0f ms", s * 1000);
	else
		buf_printf(out, s < 99.95 ? "%.1f s" : "%.0f s", s);
}

/* Decimal strings and numbers alike. */
static double number(struct slice row, const char *name)
{
	struct buf text = BUF_INIT;
	double n = NAN;

	answer_text(row, name, &text);
	if (!slice_to_double(buf_view(&text), &n))
		n = NAN;
	buf_release(&text);
	return n;
}

static const struct column {
	const char *title, *field;
	void (*write)(struct buf *out, double value);
	unsigned width;
} columns[] = {
	{ "requests", "requests", write_count, 8 },      { "errors", "errors", write_count, 6 },
	{ "USD", "cost_usd", write_usd, 8 },             { "USD/req", "cost_per_request_usd", write_usd, 8 },
	{ "in", "input_tokens", write_count, 6 },        { "out", "output_tokens", write_count, 6 },
	{ "p50", "latency_p50_s", write_seconds, 7 },    { "p95", "latency_p95_s", write_seconds, 7 },
	{ "ttft", "ttft_p50_s", write_seconds, 7 },      { "tok/s", "output_tokens_per_second", write_count, 5 },
};

#define COLUMN_COUNT (sizeof(columns) / sizeof(columns[0]))

/* ---------------------------------------------------------------- lines */
static bool has_line(const struct screen *s)
{
	return s->used < s->lines;
}

static void end_line(struct screen *s)
{
	buf_byte(s->out, '\n');
	s->used++;
}

/* Text cut to so many bytes, never inside a character; control characters become spaces. */
static void write_cut(struct buf *out, struct slice text, size_t room)
{
	size_t n = text.len < room ? text.len : room;

	while (n > 0 && n < text.len && ((unsigned char)text.ptr[n] & 0xc0) == 0x80)
		n--;
	for (size_t i = 0; i < n; i++)
		buf_byte(out, (unsigned char)text.ptr[i] < ' ' ? ' ' : text.ptr[i]);
}

/* How many columns fit beside a name of the least width. */
static size_t columns_that_fit(const struct screen *s, unsigned *name_width)
{
	unsigned used = NAME_MIN;
	size_t n = 0;

	while (n < COLUMN_COUNT && used + 2 + columns[n].width <= s->columns)
		used += 2 + columns[n++].width;
	*name_width = s->columns > used ? NAME_MIN + s->columns - used : NAME_MIN;
	if (*name_width > NAME_MAX)
		*name_width = NAME_MAX;
	return n;
}

static void write_heading(struct screen *s, const char *by, size_t count, unsigned name_width)
{
	buf_printf(s->out, "%s%-*s", s->colour ? BOLD : "", (int)name_width, by);
	for (size_t i = 0; i < count; i++)
		buf_printf(s->out, "  %*s", (int)columns[i].width, columns[i].title);
	buf_text(s->out, s->colour ? PLAIN : "");
	end_line(s);
}

static void write_row(struct screen *s, struct slice row, size_t count, unsigned name_width)
{
	struct buf text = BUF_INIT;

	answer_text(row, "name", &text);
	size_t before = s->out->len;
	write_cut(s->out, text.len > 0 ? buf_view(&text) : SLICE("unknown"), name_width);
	for (size_t n = s->out->len - before; n < name_width; n++)
		buf_byte(s->out, ' ');
	for (size_t i = 0; i < count; i++) {
		buf_reset(&text);
		columns[i].write(&text, number(row, columns[i].field));
		buf_printf(s->out, "  %*s", (int)columns[i].width, buf_string(&text));
	}
	buf_release(&text);
	end_line(s);
}

struct table {
	struct screen *screen;
	size_t columns, rows, left_out;
	unsigned name_width;
};

static void visit_row(void *context, struct slice row)
{
	struct table *t = context;

	t->rows++;
	if (t->screen->used + 1 < t->screen->lines) /* the last line says how many are left out */
		write_row(t->screen, row, t->columns, t->name_width);
	else
		t->left_out++;
}

/* ---------------------------------------------------------------- parts of the screen */
static void write_minute(struct screen *s, struct slice summary)
{
	struct slice minute = answer_field(summary, "last_minute"), totals = answer_field(summary, "totals");
	double seconds = number(minute, "seconds"), requests = number(minute, "requests");
	struct buf line = BUF_INIT;

	buf_text(&line, "last minute: ");
	write_count(&line, requests);
	buf_printf(&line, " requests (%.2g/s), ", seconds > 0 ? requests / seconds : 0.0);
	write_count(&line, number(minute, "errors"));
	buf_text(&line, " errors, ");
	write_usd(&line, number(minute, "cost_usd"));
	buf_text(&line, " USD   since the start: ");
	write_count(&line, number(totals, "requests"));
	buf_text(&line, " requests, ");
	write_usd(&line, number(totals, "cost_usd"));
	buf_text(&line, " USD   plimsoll ");
	answer_text(summary, "version", &line);
	write_cut(s->out, buf_view(&line), s->columns);
	end_line(s);
	buf_release(&line);
}

struct alert_lines {
	struct screen *screen;
	size_t count;
};

static void visit_alert(void *context, struct slice alert)
{
	struct alert_lines *a = context;
	struct buf text = BUF_INIT;

	if (a->count++ >= ALERTS_MAX || !has_line(a->screen))
		return;
	answer_text(alert, "summary", &text);
	buf_printf(a->screen->out, "%s! ", a->screen->colour ? RED : "");
	write_cut(a->screen->out, buf_view(&text), a->screen->columns > 2 ? a->screen->columns - 2 : 0);
	buf_text(a->screen->out, a->screen->colour ? PLAIN : "");
	end_line(a->screen);
	buf_release(&text);
}

static void write_alerts(struct screen *s, struct slice alerts)
{
	struct alert_lines a = { s, 0 };

	answer_each(answer_field(alerts, "alerts"), visit_alert, &a);
	if (a.count <= ALERTS_MAX)
		return;
	buf_printf(s->out, "! and %zu more: plimsoll alerts list", a.count - ALERTS_MAX);
	end_line(s);
}

static void write_where_to_send(struct screen *s, struct slice summary)
{
	struct slice endpoints = answer_field(summary, "endpoints");
	struct buf url = BUF_INIT;

	answer_text(endpoints, "otlp_http", &url);
	if (url.len == 0)
		answer_text(endpoints, "otlp_grpc", &url);
	buf_text(s->out, "no model call yet");
	if (url.len > 0)
		buf_printf(s->out, "; point an SDK at %s", buf_string(&url));
	end_line(s);
	buf_release(&url);
}

static void write_table(struct screen *s, struct slice summary, const char *by)
{
	struct table t = { .screen = s };
	struct slice rows = answer_path(summary, "by", by);

	t.columns = columns_that_fit(s, &t.name_width);
	write_heading(s, by, t.columns, t.name_width);
	answer_each(rows, visit_row, &t);
	if (t.rows == 0 && has_line(s))
		write_where_to_send(s, summary);
	if (t.left_out > 0) {
		buf_printf(s->out, "and %zu more", t.left_out);
		end_line(s);
	}
}

void top_render(struct slice summary, struct slice alerts, const char *by, unsigned lines, unsigned width, bool colour,
		struct buf *out)
{
	struct screen s = { .lines = lines, .columns = width, .colour = colour, .out = out };

	write_minute(&s, summary);
	write_alerts(&s, alerts);
	end_line(&s);
	write_table(&s, summary, by);
}
