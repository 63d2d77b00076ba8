/* SPDX-License-Identifier: Apache-2.0
 * cli/top_render.c - one screen: the last minute, what fires, and a table, dearest first.
 */
#include "agent/cli/answer.h"
#include "agent/cli/summary_table.h"
#include "agent/cli/top.h"

#define BOLD  "\033[1m"
#define RED   "\033[31m"
#define PLAIN "\033[0m"

#define NAME_MIN   16
#define ALERTS_MAX 5 /* lines; the rest is counted */

struct screen {
	unsigned lines, columns, used;
	bool colour;
	struct buf *out;
};

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

static void write_heading(struct screen *s, const struct summary_table *t, const char *by)
{
	buf_text(s->out, s->colour ? BOLD : "");
	summary_table_heading(t, by, s->out);
	buf_text(s->out, s->colour ? PLAIN : "");
	end_line(s);
}

struct table {
	struct screen *screen;
	struct summary_table layout;
	size_t rows, left_out;
};

static void visit_row(void *context, struct slice row)
{
	struct table *t = context;

	t->rows++;
	if (t->screen->used + 1 >= t->screen->lines) { /* the last line says how many are left out */
		t->left_out++;
		return;
	}
	summary_table_row(&t->layout, row, "unknown", t->screen->out);
	t->screen->used++;
}

/* ---------------------------------------------------------------- parts of the screen */
/* "1 error", "2 errors" */
static void write_counted(struct buf *line, double n, const char *one)
{
	summary_write_count(line, n);
	buf_printf(line, " %s%s", one, n == 1 ? "" : "s");
}

/* " (0.035/s), ", " (190/s), " */
static void write_rate(struct buf *line, double per_second)
{
	buf_text(line, " (");
	if (per_second < 9.95)
		buf_printf(line, "%.2g", per_second);
	else
		summary_write_count(line, per_second);
	buf_text(line, "/s), ");
}

static void write_minute(struct screen *s, struct slice summary)
{
	struct slice minute = answer_field(summary, "last_minute"), totals = answer_field(summary, "totals");
	double seconds = summary_number(minute, "seconds"), requests = summary_number(minute, "requests");
	struct buf line = BUF_INIT;

	buf_text(&line, "last minute: ");
	write_counted(&line, requests, "request");
	write_rate(&line, seconds > 0 ? requests / seconds : 0.0);
	write_counted(&line, summary_number(minute, "errors"), "error");
	buf_text(&line, ", ");
	summary_write_usd(&line, summary_number(minute, "cost_usd"));
	buf_text(&line, " USD   since the start: ");
	write_counted(&line, summary_number(totals, "requests"), "request");
	buf_text(&line, ", ");
	summary_write_usd(&line, summary_number(totals, "cost_usd"));
	buf_text(&line, " USD   plimsoll ");
	answer_text(summary, "version", &line);
	summary_write_cut(s->out, buf_view(&line), s->columns);
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
	summary_write_cut(a->screen->out, buf_view(&text), a->screen->columns > 2 ? a->screen->columns - 2 : 0);
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
	struct table t = { .screen = s, .layout = summary_table_of(s->columns, NAME_MIN) };
	struct slice rows = answer_path(summary, "by", by);

	write_heading(s, &t.layout, by);
	answer_each(rows, visit_row, &t);
	if (t.rows == 0 && has_line(s))
		write_where_to_send(s, summary);
	if (t.left_out > 0) {
		buf_printf(s->out, "and %zu more", t.left_out);
		end_line(s);
	}
}

/* A terminal of few lines would scroll. */
static void keep_lines(struct buf *out, size_t start, unsigned lines)
{
	size_t end = start;

	for (; end < out->len && lines > 0; end++)
		lines -= out->ptr[end] == '\n';
	if (!buf_failed(out))
		out->len = end;
}

void top_render(struct slice summary, struct slice alerts, const char *by, unsigned lines, unsigned width, bool colour,
		struct buf *out)
{
	struct screen s = { .lines = lines, .columns = width, .colour = colour, .out = out };
	const size_t start = out->len;

	write_minute(&s, summary);
	write_alerts(&s, alerts);
	end_line(&s);
	write_table(&s, summary, by);
	keep_lines(out, start, lines);
}
