/* SPDX-License-Identifier: Apache-2.0
 * cli/budgets_print.c - the table of budgets.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/base/json.h"
#include "agent/base/plain.h"
#include "agent/cli/answer.h"
#include "agent/cli/budgets.h"
#include "agent/cli/table.h"
#include "agent/cli/terminal.h"

#define LABELS_BYTES_MAX ((size_t)1 << 20)

/* ---------------------------------------------------------------- what is shown of a row */

/* A group, or a budget that has none: there, nothing was spent. */
static double number(struct slice row, const char *name)
{
	double value = answer_number(row, name);

	return isnan(value) ? 0 : value;
}

static bool is_for_requests(struct slice row)
{
	return slice_starts_with(answer_field(row, "budget"), SLICE("\"request/")) ||
	       slice_equal(answer_field(row, "budget"), SLICE("\"request\""));
}

static const struct unit {
	const char *limit, *spent, *forgiven, *name;
} units[] = {
	{ "limit_usd", "spent_usd", "forgiven_usd", "USD" },
	{ "limit_tokens", "spent_tokens", "forgiven_tokens", "tokens" },
	{ "limit_requests", "calls", "forgiven_requests", "calls" },
};

static double used_of(struct slice row, const struct unit *u)
{
	return number(row, u->spent) - number(row, u->forgiven);
}

/* The unit that is nearest to its limit; the first one that has a limit where nothing was used. */
static const struct unit *tightest(struct slice row)
{
	const struct unit *found = NULL;
	double most = 0;

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		double share = used_of(row, &units[i]) / answer_number(row, units[i].limit);
		if (isnan(share) || (found != NULL && share <= most))
			continue;
		found = &units[i];
		most = share;
	}
	return found != NULL ? found : &units[0];
}

static void write_budget(struct slice row, struct buf *out)
{
	answer_words(row, "budget", out);
}

/* "user=alice feature=assistant", or "all calls" */
static void write_labels(struct slice row, struct buf *out)
{
	size_t before = out->len;
	struct slice value = SLICE_NONE;
	struct json_string key;
	struct arena arena;
	struct json j;

	arena_init(&arena, LABELS_BYTES_MAX);
	json_init(&j, answer_field(row, "group"));
	if (json_object(&j))
		while (json_member(&j, &key) && json_text(&j, &arena, &value)) {
			buf_printf(out, "%s%.*s=", out->len > before ? " " : "", SLICE_ARG(key.raw));
			plain_write(out, value, "");
		}
	if (out->len == before)
		buf_text(out, answer_field(row, "by").len > 2 ? "none yet" : "all calls");
	arena_release(&arena);
}

static void write_share(struct slice row, struct buf *out)
{
	if (is_for_requests(row))
		buf_byte(out, '-');
	else
		buf_printf(out, "%.0f %%", 100 * number(row, "used"));
}

static void write_amount(struct slice row, struct buf *out)
{
	const struct unit *u = tightest(row);

	if (is_for_requests(row))
		buf_printf(out, "%.10g %s a call", number(row, u->limit), u->name);
	else
		buf_printf(out, "%.10g of %.10g %s", used_of(row, u), number(row, u->limit), u->name);
}

static void write_next(struct slice row, struct buf *out)
{
	size_t before = out->len;

	answer_words(row, "state", out);
	if (out->len == before)
		buf_text(out, "allow");
}

static void write_end(struct slice row, struct buf *out)
{
	size_t before = out->len;

	answer_words(row, "period_ends", out);
	if (out->len == before)
		buf_byte(out, '-');
}

static void note(struct buf *out, size_t before, double value, const char *what)
{
	if (value > 0)
		buf_printf(out, "%s%.6g %s", out->len > before ? ", " : "", value, what);
}

static void write_note(struct slice row, struct buf *out)
{
	size_t before = out->len;

	note(out, before, number(row, "reserved_usd"), "USD reserved");
	note(out, before, number(row, "forecast_usd"), "USD expected");
	note(out, before, number(row, "forgiven_usd"), "USD forgiven");
	note(out, before, answer_field(row, "group").len > 0 ? number(row, "unpriced_calls") : 0, "unpriced");
	note(out, before, number(answer_field(row, "decisions"), "deny"), "denied");
}

/* ---------------------------------------------------------------- the table */

static const struct column {
	const char *name;
	bool is_number, is_name;
	void (*write)(struct slice row, struct buf *out);
} columns[] = {
	{ "BUDGET", false, false, write_budget },
	{ "FOR", false, true, write_labels },
	{ "USED", true, false, write_share },
	{ "SPENT", true, false, write_amount },
	{ "NEXT CALL", false, false, write_next },
	{ "UNTIL", false, false, write_end },
	{ "", false, false, write_note },
};
#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

static struct table table_of_budgets(void)
{
	const struct terminal terminal = terminal_look();
	struct table t = { .columns = COLUMNS, .width = terminal.is_one ? terminal.columns : 0 };

	for (unsigned i = 0; i < COLUMNS; i++) {
		t.numbers |= (unsigned)columns[i].is_number << i;
		t.names |= (unsigned)columns[i].is_name << i;
		table_cell(&t, columns[i].name);
	}
	return t;
}

static void add_row(struct table *t, struct slice row)
{
	struct buf cell = BUF_INIT;

	for (size_t i = 0; i < COLUMNS; i++) {
		buf_reset(&cell);
		columns[i].write(row, &cell);
		table_cell(t, buf_string(&cell));
	}
	buf_release(&cell);
}

struct rows {
	struct slice *items;
	size_t count, cap;
	bool failed;
};

static void gather(void *context, struct slice row)
{
	struct rows *r = context;

	if (r->count == r->cap) {
		size_t cap = r->cap == 0 ? 64 : r->cap * 2;
		struct slice *items = realloc(r->items, cap * sizeof(*items));
		r->failed |= items == NULL;
		if (items == NULL)
			return;
		r->items = items;
		r->cap = cap;
	}
	r->items[r->count++] = row;
}

static void gather_unspent(void *context, struct slice budget)
{
	if (number(budget, "groups") <= 0)
		gather(context, budget);
}

static int by_use(const void *a, const void *b)
{
	double x = answer_number(*(const struct slice *)a, "used"), y = answer_number(*(const struct slice *)b, "used");

	return (x < y) - (x > y);
}

static bool print_rows(const struct rows *rows)
{
	struct table t = table_of_budgets();
	struct buf out = BUF_INIT;

	for (size_t i = 0; i < rows->count; i++)
		add_row(&t, rows->items[i]);
	table_write(&t, &out);
	bool done = !buf_failed(&out);
	fputs(buf_string(&out), stdout);
	buf_release(&out);
	return done;
}

bool budgets_print(struct slice answer)
{
	struct rows rows = { .items = NULL };
	bool done = true;

	answer_each(answer_field(answer, "groups"), gather, &rows);
	if (rows.count > 0)
		qsort(rows.items, rows.count, sizeof(*rows.items), by_use);
	answer_each(answer_field(answer, "budgets"), gather_unspent, &rows);
	if (rows.count == 0)
		printf("no budget is configured: budgets.limits has them\n");
	else
		done = print_rows(&rows);
	free(rows.items);
	return done && !rows.failed;
}
