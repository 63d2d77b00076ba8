/* SPDX-License-Identifier: Apache-2.0
 * cli/review_print.c - the report as Markdown.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/base/plain.h"
#include "agent/cli/answer.h"
#include "agent/cli/review.h"

#define ROWS_SHOWN    20u
#define CHANGES_SHOWN 512u
#define PERCENT       100 /* the scale of shares: they change by points */

/* What the columns show, in order. */
static const struct column {
	const char *title, *name;
	double scale;
	int decimals;
	bool is_usd;
} columns[] = {
	{ "requests", "requests", 1, 0, false },
	{ "cost USD", "cost_usd", 1, 4, true },
	{ "each USD", "cost_per_request_usd", 1, 6, true },
	{ "failed", "failed_share", PERCENT, 2, false },
	{ "flawed", "flawed_share", PERCENT, 2, false },
	{ "unpriced", "unpriced_share", PERCENT, 1, false },
	{ "score", "score", 1, 3, false },
	{ "negative", "negative_share", PERCENT, 1, false },
	{ "p50 ms", "latency_p50_ms", 1, 0, false },
	{ "p95 ms", "latency_p95_ms", 1, 0, false },
};

#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

/* Money has two digits that are not zero at least, down to the pico-dollars that a call keeps. */
static void print_number(struct buf *out, const struct column *c, double value)
{
	int decimals = c->decimals;

	while (c->is_usd && value > 0 && decimals < 12 && value * pow(10, decimals) < 10)
		decimals++;
	buf_printf(out, "%.*f%s", decimals, value * c->scale, c->scale >= PERCENT ? " %" : "");
}

/* " (+20 %)", " (-1.4 pt)"; a value that was unknown before has no change, nor has one that was zero a ratio. */
static void print_movement(struct buf *out, const struct column *c, double value, double was)
{
	bool is_share = c->scale >= PERCENT;
	double by = is_share ? (value - was) * PERCENT : (value / was - 1) * 100;

	if (isnan(was) || (!is_share && was <= 0))
		return;
	if (is_share && fabs(by) >= 0.05)
		buf_printf(out, " (%+.1f pt)", by);
	else if (!is_share && fabs(by) >= 0.5)
		buf_printf(out, " (%+.0f %%)", by);
}

static void print_cell(struct buf *out, const struct column *c, struct slice now, struct slice before)
{
	double value = answer_number(now, c->name), was = answer_number(before, c->name);

	if (isnan(value)) {
		buf_text(out, " - |");
		return;
	}
	buf_byte(out, ' ');
	print_number(out, c, value);
	print_movement(out, c, value, was);
	buf_text(out, " |");
}

static void print_heading(struct buf *out, const char *first)
{
	buf_printf(out, "| %s |", first);
	for (size_t i = 0; i < COLUMNS; i++)
		buf_printf(out, " %s |", columns[i].title);
	buf_text(out, "\n| --- |");
	for (size_t i = 0; i < COLUMNS; i++)
		buf_text(out, " ---: |");
	buf_byte(out, '\n');
}

static void print_cells(struct buf *out, struct slice row)
{
	struct slice now = answer_field(row, "now"), before = answer_field(row, "before");

	for (size_t i = 0; i < COLUMNS; i++)
		print_cell(out, &columns[i], now, before);
	buf_byte(out, '\n');
}

/* A name may hold what Markdown would take for its own. */
static void print_name(struct buf *out, struct slice object, const char *name)
{
	struct buf text = BUF_INIT;

	answer_text(object, name, &text);
	plain_write(out, buf_view(&text), "|*`<[\\");
	buf_release(&text);
}

struct listing {
	struct buf *out;
	size_t count;
};

static void print_row(void *context, struct slice row)
{
	struct listing *l = context;

	if (l->count++ >= ROWS_SHOWN)
		return;
	buf_text(l->out, "| ");
	print_name(l->out, row, "feature");
	buf_text(l->out, " / ");
	print_name(l->out, row, "prompt_version");
	buf_text(l->out, " (");
	print_name(l->out, row, "model");
	buf_text(l->out, ") |");
	print_cells(l->out, row);
}

static void print_alert(void *context, struct slice alert)
{
	struct listing *l = context;
	char time[21];

	answer_time(alert, "started_at", time);
	buf_printf(l->out, "- %s ", time);
	print_name(l->out, alert, "summary");
	buf_text(l->out, " (");
	print_name(l->out, alert, "state");
	buf_text(l->out, ")\n");
	l->count++;
}

static void print_change(void *context, struct slice change)
{
	static const char *const fields[] = { "kind", "feature", "subject", "by", "text" };
	struct listing *l = context;
	char time[21];

	answer_time(change, "time", time);
	buf_printf(l->out, "- %s", time);
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		buf_byte(l->out, ' ');
		print_name(l->out, change, fields[i]);
	}
	buf_byte(l->out, '\n');
	l->count++;
}

/* The oldest first, which the answer need not have. */
static int by_time(const void *a, const void *b)
{
	double x = answer_number(*(const struct slice *)a, "time"), y = answer_number(*(const struct slice *)b, "time");

	return (x > y) - (x < y);
}

struct changes {
	struct slice items[CHANGES_SHOWN];
	size_t count;
};

static void gather(void *context, struct slice change)
{
	struct changes *all = context;

	if (all->count < CHANGES_SHOWN) /* the newest were recorded last, and come first */
		all->items[all->count++] = change;
}

static void print_changes(struct buf *out, struct slice array)
{
	struct changes all = { .count = 0 };
	struct listing l = { out, 0 };

	if (array.len == 0)
		return;
	buf_text(out, "\n## Deployments and other changes\n\n");
	answer_each(array, gather, &all);
	if (all.count > 0)
		qsort(all.items, all.count, sizeof(all.items[0]), by_time);
	for (size_t i = 0; i < all.count; i++)
		print_change(&l, all.items[i]);
	if (l.count == 0)
		buf_text(out, "none\n");
}

static void print_version(void *context, struct slice version)
{
	struct listing *l = context;

	buf_text(l->out, "- ");
	print_name(l->out, version, "day");
	buf_byte(l->out, ' ');
	print_name(l->out, version, "prompt_version");
	buf_text(l->out, " in ");
	print_name(l->out, version, "feature");
	buf_byte(l->out, '\n');
	l->count++;
}

static void print_list(struct buf *out, const char *title, struct slice array,
		       void (*print)(void *context, struct slice element))
{
	struct listing l = { out, 0 };

	if (array.len == 0)
		return; /* a replay tells of them elsewhere */
	buf_printf(out, "\n## %s\n\n", title);
	answer_each(array, print, &l);
	if (l.count == 0)
		buf_text(out, "none\n");
}

void review_print(struct slice answer, struct buf *out)
{
	double days = answer_number(answer, "days");
	struct listing l = { out, 0 };

	buf_text(out, "# Model calls from ");
	print_name(out, answer, "from");
	buf_text(out, " to ");
	print_name(out, answer, "to");
	if (days > 1)
		buf_printf(out, " (UTC), against the %.0f days before\n\n", days);
	else
		buf_text(out, " (UTC), against the day before\n\n");
	print_heading(out, "all");
	buf_text(out, "| all calls |");
	print_cells(out, answer_field(answer, "totals"));
	buf_text(out, "\n## Largest changes of cost first\n\n");
	print_heading(out, "feature / prompt (model)");
	answer_each(answer_field(answer, "rows"), print_row, &l);
	if (l.count > ROWS_SHOWN)
		buf_printf(out, "\n%zu more in the JSON.\n", l.count - ROWS_SHOWN);
	print_list(out, "Alerts", answer_field(answer, "alerts"), print_alert);
	print_list(out, "Versions seen first", answer_field(answer, "first_seen"), print_version);
	print_changes(out, answer_field(answer, "changes"));
}
