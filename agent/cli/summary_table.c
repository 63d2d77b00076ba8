/* SPDX-License-Identifier: Apache-2.0
 * cli/summary_table.c - figures in few characters, columns from the most wanted to the least.
 */
#include "agent/cli/summary_table.h"

#include <math.h>

#include "agent/base/plain.h"
#include "agent/cli/answer.h"

#define NAME_MAX 40

/* ---------------------------------------------------------------- figures */
/* At most five characters. */
void summary_write_count(struct buf *out, double n)
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

/* At most eight characters below a hundred million. */
void summary_write_usd(struct buf *out, double usd)
{
	if (isnan(usd))
		buf_byte(out, '-');
	else
		buf_printf(out, usd >= 99999.995 ? "%.0f" : usd >= 0.9995 || usd == 0 ? "%.2f" : "%.3g", usd);
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

double summary_number(struct slice row, const char *name)
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
	{ "requests", "requests", summary_write_count, 8 },
	{ "errors", "errors", summary_write_count, 6 },
	{ "USD", "cost_usd", summary_write_usd, 8 },
	{ "USD/req", "cost_per_request_usd", summary_write_usd, 8 },
	{ "in", "input_tokens", summary_write_count, 6 },
	{ "out", "output_tokens", summary_write_count, 6 },
	{ "p50", "latency_p50_s", write_seconds, 7 },
	{ "p95", "latency_p95_s", write_seconds, 7 },
	{ "ttft", "ttft_p50_s", write_seconds, 7 },
	{ "tok/s", "output_tokens_per_second", summary_write_count, 5 },
	{ "unpriced", "unpriced", summary_write_count, 8 },
};

#define COLUMN_COUNT (sizeof(columns) / sizeof(columns[0]))

/* ---------------------------------------------------------------- rows */
void summary_write_cut(struct buf *out, struct slice text, size_t room)
{
	plain_write(out, plain_head(text, room), "");
}

struct summary_table summary_table_of(unsigned width, unsigned name_min)
{
	struct summary_table t = { .columns = 0 };
	unsigned used = name_min;

	while (t.columns < COLUMN_COUNT && used + 2 + columns[t.columns].width <= width)
		used += 2 + columns[t.columns++].width;
	t.name_width = name_min + (width > used ? width - used : 0);
	if (t.name_width > NAME_MAX)
		t.name_width = NAME_MAX;
	return t;
}

void summary_table_heading(const struct summary_table *t, const char *by, struct buf *out)
{
	buf_printf(out, "%-*s", (int)t->name_width, by);
	for (size_t i = 0; i < t->columns; i++)
		buf_printf(out, "  %*s", (int)columns[i].width, columns[i].title);
}

void summary_table_row(const struct summary_table *t, struct slice row, const char *name, struct buf *out)
{
	struct buf text = BUF_INIT;

	answer_text(row, "name", &text);
	struct slice shown = text.len > 0 ? buf_view(&text) : slice_of(name);
	plain_write_short(out, shown, t->name_width);
	for (size_t n = plain_columns(shown); n < t->name_width; n++)
		buf_byte(out, ' ');
	for (size_t i = 0; i < t->columns; i++) {
		buf_reset(&text);
		columns[i].write(&text, summary_number(row, columns[i].field));
		buf_printf(out, "  %*s", (int)columns[i].width, buf_string(&text));
	}
	buf_byte(out, '\n');
	buf_release(&text);
}
