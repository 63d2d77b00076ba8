/* SPDX-License-Identifier: Apache-2.0
 * cli/canary_print.c - the table of two versions.
 */
#include <math.h>
#include <stdio.h>

#include "agent/base/clock.h"
#include "agent/cli/answer.h"
#include "agent/cli/canary.h"

#define WIDTHS "  %-30s %12s %12s %10s %-22s %-10s %8s %8s"

struct cell {
	char text[64];
};

static struct cell text_cell(struct slice object, const char *name)
{
	struct buf text = BUF_INIT;
	struct cell c;

	answer_text(object, name, &text);
	snprintf(c.text, sizeof(c.text), "%s", buf_string(&text));
	buf_release(&text);
	return c;
}

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

/* A difference: ratios and shares as percents or points. */
static struct cell difference_cell(double value, struct slice unit)
{
	bool is_ratio = slice_equal(unit, SLICE("\"ratio\"")), is_share = slice_equal(unit, SLICE("\"share\""));
	struct cell c;

	if (isnan(value))
		snprintf(c.text, sizeof(c.text), "unknown");
	else if (is_ratio)
		snprintf(c.text, sizeof(c.text), "%+.1f %%", value * 100);
	else if (is_share)
		snprintf(c.text, sizeof(c.text), "%+.2f pt", value * 100);
	else
		snprintf(c.text, sizeof(c.text), "%+.4f", value);
	return c;
}

static struct cell metric_cell(struct slice row)
{
	struct cell metric = text_cell(row, "metric"), name = text_cell(row, "name"), c;
	bool guarded = slice_equal(answer_field(row, "guarded"), SLICE("true"));

	snprintf(c.text, sizeof(c.text), "%.24s%s%.20s%s", metric.text, name.text[0] != '\0' ? " " : "", name.text,
		 guarded ? "" : " (shown)");
	return c;
}

static struct cell interval_cell(struct slice row, struct slice unit)
{
	double low = answer_number(row, "low"), high = answer_number(row, "high");
	struct cell from = difference_cell(low, unit), to = difference_cell(high, unit), c;

	if (isnan(low))
		snprintf(c.text, sizeof(c.text), "too few calls");
	else
		snprintf(c.text, sizeof(c.text), "%.20s .. %.20s", from.text, to.text);
	return c;
}

static struct cell calls_cell(struct slice version)
{
	struct cell c;

	snprintf(c.text, sizeof(c.text), "%.0f", answer_number(version, "calls"));
	return c;
}

static void print_row(void *context, struct slice row)
{
	struct buf *out = context;
	struct slice unit = answer_field(row, "unit"), from = answer_field(row, "from"), to = answer_field(row, "to");
	bool is_share = slice_equal(unit, SLICE("\"share\""));
	double needs = answer_number(row, "needs");

	buf_printf(out, WIDTHS, metric_cell(row).text, value_cell(answer_number(from, "value"), is_share).text,
		   value_cell(answer_number(to, "value"), is_share).text,
		   difference_cell(answer_number(row, "difference"), unit).text, interval_cell(row, unit).text,
		   text_cell(row, "verdict").text, calls_cell(from).text, calls_cell(to).text);
	if (!isnan(needs) && needs < 1e7)
		buf_printf(out, "  needs about %.0f more", needs);
	if (slice_equal(answer_field(row, "side_by_side"), SLICE("false")))
		buf_text(out, "  not side by side");
	buf_byte(out, '\n');
}

static void print_comparison(void *context, struct slice comparison)
{
	struct buf *out = context;

	buf_printf(out, "\n%s (%s", text_cell(comparison, "feature").text, text_cell(comparison, "model").text);
	if (answer_field(comparison, "from_model").len > 0)
		buf_printf(out, " against %s", text_cell(comparison, "from_model").text);
	buf_printf(out, "): %s\n", text_cell(comparison, "verdict").text);
	buf_printf(out, WIDTHS "\n", "metric", "from", "to", "difference", "always-valid interval", "verdict", "from n", "to n");
	answer_each(answer_field(comparison, "metrics"), print_row, out);
}

/* "running in production since 2026-11-21T10:00:00Z, by ana" */
static void print_trial(struct slice answer, struct buf *out)
{
	double since_s = answer_number(answer, "since");
	char since[21];

	if (isnan(since_s))
		return;
	clock_format_utc((uint64_t)since_s, since);
	buf_printf(out, "%s in %s, deployed %s by %s\n", text_cell(answer, "state").text, text_cell(answer, "environment").text,
		   since, text_cell(answer, "by").text);
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
	answer_text(answer, "reason", out);
	buf_printf(out, "; compared %.0f calls of it with %.0f\n", answer_number(answer, "calls_to"),
		   answer_number(answer, "calls_from"));
}

void canary_print(struct slice comparison, struct buf *out)
{
	bool promote = slice_equal(answer_field(comparison, "promote"), SLICE("true"));

	buf_printf(out, "%s against %s: %s%s\n", text_cell(comparison, "to").text, text_cell(comparison, "from").text,
		   text_cell(comparison, "verdict").text,
		   promote ? " - it may be promoted" : "");
	print_trial(comparison, out);
	print_share(answer_field(comparison, "share"), out);
	print_reason(comparison, out);
	answer_each(answer_field(comparison, "comparisons"), print_comparison, out);
}
