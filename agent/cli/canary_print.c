/* SPDX-License-Identifier: Apache-2.0
 * cli/canary_print.c - the table of two versions.
 */
#include <math.h>
#include <stdio.h>

#include "agent/cli/answer.h"
#include "agent/cli/canary.h"
#include "agent/cli/table.h"

/* A figure of the table. */
struct cell {
	char text[48];
};

/* A value in the metric's unit: shares as percents. */
static struct cell value_cell(double value, bool is_share)
{
	struct cell c;

	if (isnan(value))
		snprintf(c.text, sizeof(c.text), "unknown");
	else if (is_share)
		snprintf(c.text, sizeof(c.text), "%.2f %%", value * 100);
	else
		snprintf(c.text, sizeof(c.text), "%.4g", value);
	return c;
}

/* Differences: ratios in percent, shares in points. */
static const struct scale {
	const char *unit;
	double factor;
	int digits;
	const char *suffix;
} scales[] = { { "\"ratio\"", 100, 1, " %" }, { "\"share\"", 100, 2, " pt" }, { "", 1, 3, "" } };

static const struct scale *scale_of(struct slice row)
{
	struct slice unit = answer_field(row, "unit");
	const struct scale *s = scales;

	while (s->unit[0] != '\0' && !slice_equal(unit, slice_of(s->unit)))
		s++;
	return s;
}

static struct cell difference_cell(struct slice row)
{
	const struct scale *s = scale_of(row);
	double value = answer_number(row, "difference");
	struct cell c;

	if (isnan(value))
		snprintf(c.text, sizeof(c.text), "unknown");
	else
		snprintf(c.text, sizeof(c.text), "%+.*f%s", s->digits, value * s->factor, s->suffix);
	return c;
}

static struct cell interval_cell(struct slice row)
{
	double low = answer_number(row, "low"), high = answer_number(row, "high");
	const struct scale *s = scale_of(row);
	struct cell c;

	if (isnan(low))
		snprintf(c.text, sizeof(c.text), "too few calls");
	else
		snprintf(c.text, sizeof(c.text), "%+.*f .. %+.*f%s", s->digits, low * s->factor, s->digits, high * s->factor,
			 s->suffix);
	return c;
}

/* "undecided (needs about 86 more)" */
static void write_verdict(struct slice object, struct buf *out)
{
	double needs = answer_number(object, "needs");

	answer_words(object, "verdict", out);
	if (needs < 1e7)
		buf_printf(out, " (needs about %.0f more)", needs);
}

static struct cell calls_cell(struct slice version)
{
	double calls = answer_number(version, "calls");
	struct cell c;

	snprintf(c.text, sizeof(c.text), isnan(calls) ? "unknown" : "%.0f", calls);
	return c;
}

/* "  eval_score helpful (shown)" */
static void add_metric(struct table *t, struct slice row)
{
	struct buf text = BUF_INIT;

	buf_text(&text, "  ");
	answer_words(row, "metric", &text);
	if (answer_field(row, "name").len > 0) {
		buf_byte(&text, ' ');
		answer_words(row, "name", &text);
	}
	if (!slice_equal(answer_field(row, "guarded"), SLICE("true")))
		buf_text(&text, " (shown)");
	table_cell(t, buf_string(&text));
	buf_release(&text);
}

static void add_row(void *context, struct slice row)
{
	struct table *t = context;
	struct slice from = answer_field(row, "from"), to = answer_field(row, "to");
	bool is_share = slice_equal(answer_field(row, "unit"), SLICE("\"share\""));
	struct buf verdict = BUF_INIT;

	add_metric(t, row);
	table_cell(t, value_cell(answer_number(from, "value"), is_share).text);
	table_cell(t, value_cell(answer_number(to, "value"), is_share).text);
	table_cell(t, difference_cell(row).text);
	table_cell(t, interval_cell(row).text);
	table_cell(t, calls_cell(from).text);
	table_cell(t, calls_cell(to).text);
	write_verdict(row, &verdict);
	if (slice_equal(answer_field(row, "side_by_side"), SLICE("false")))
		buf_text(&verdict, ", not side by side");
	table_cell(t, buf_string(&verdict));
	buf_release(&verdict);
}

static void print_comparison(void *context, struct slice comparison)
{
	static const char *const heads[] = { "  metric", "from", "to", "change", "always within", "from n", "to n", "verdict" };
	struct table t = { .columns = 8, .numbers = 1u << 1 | 1u << 2 | 1u << 3 | 1u << 5 | 1u << 6 };
	struct buf *out = context;

	buf_byte(out, '\n');
	answer_words(comparison, "feature", out);
	buf_text(out, " (");
	answer_words(comparison, "model", out);
	if (answer_field(comparison, "from_model").len > 0) {
		buf_text(out, " against ");
		answer_words(comparison, "from_model", out);
	}
	buf_text(out, "): ");
	answer_words(comparison, "verdict", out);
	buf_byte(out, '\n');
	table_heads(&t, heads);
	answer_each(answer_field(comparison, "metrics"), add_row, &t);
	table_write(&t, out);
}

/* "running in production since 2026-11-21T10:00:00Z, by ana" */
static void print_trial(struct slice answer, struct buf *out)
{
	char since[21];

	if (answer_field(answer, "since").len == 0)
		return;
	answer_time(answer, "since", since);
	answer_words(answer, "state", out);
	buf_text(out, " in ");
	answer_words(answer, "environment", out);
	buf_printf(out, ", deployed %s by ", since);
	answer_words(answer, "by", out);
	buf_byte(out, '\n');
}

static void print_share(struct slice share, struct buf *out)
{
	double actual = answer_number(share, "actual");

	if (share.len == 0)
		return;
	buf_printf(out, "share of calls: told %.3g %%, ", answer_number(share, "told") * 100);
	if (isnan(actual))
		buf_text(out, "none seen yet\n");
	else
		buf_printf(out, "actual %.3g %% (%.0f of %.0f)%s\n", actual * 100, answer_number(share, "calls"),
			   answer_number(share, "of"),
			   slice_equal(answer_field(share, "differs"), SLICE("true")) ?
				   ": not what it was told, and no chance" : "");
}

static void print_reason(struct slice answer, struct buf *out)
{
	answer_words(answer, "reason", out);
	buf_printf(out, "; compared %.0f calls of it with %.0f\n", answer_number(answer, "calls_to"),
		   answer_number(answer, "calls_from"));
}

void canary_print(struct slice comparison, struct buf *out)
{
	bool promote = slice_equal(answer_field(comparison, "promote"), SLICE("true"));

	answer_words(comparison, "to", out);
	buf_text(out, " against ");
	answer_words(comparison, "from", out);
	buf_text(out, ": ");
	answer_words(comparison, "verdict", out);
	buf_text(out, promote ? " - it may be promoted\n" : "\n");
	print_trial(comparison, out);
	print_share(answer_field(comparison, "share"), out);
	print_reason(comparison, out);
	answer_each(answer_field(comparison, "comparisons"), print_comparison, out);
}

static void add_pair(void *context, struct slice pair)
{
	static const char *const fields[] = { "environment", "from", "to" };
	struct table *t = context;
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		buf_reset(&text);
		answer_words(pair, fields[i], &text);
		table_cell(t, buf_string(&text));
	}
	buf_reset(&text);
	write_verdict(pair, &text);
	table_cell(t, buf_string(&text));
	buf_release(&text);
}

void canary_print_list(struct slice answer, struct buf *out)
{
	static const char *const heads[] = { "ENVIRONMENT", "FROM", "TO", "VERDICT" };
	struct slice prompts = answer_field(answer, "prompts");
	struct table t = { .columns = 4 };

	if (prompts.len <= 2) {
		buf_text(out, "nothing to compare: no prompt was seen in two versions\n");
		return;
	}
	table_heads(&t, heads);
	answer_each(prompts, add_pair, &t);
	table_write(&t, out);
}
