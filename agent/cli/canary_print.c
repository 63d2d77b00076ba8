/* SPDX-License-Identifier: Apache-2.0
 * cli/canary_print.c - the table of two versions.
 */
#include <math.h>
#include <stdio.h>

#include "agent/base/clock.h"
#include "agent/cli/answer.h"
#include "agent/cli/canary.h"

#define WIDTHS      "  %-22s %9s %9s %9s  %-18s %6s %6s  %s"
#define LIST_WIDTHS "%-16s %-26s %-26s %s\n"

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

static struct cell metric_cell(struct slice row)
{
	struct cell metric = text_cell(row, "metric"), name = text_cell(row, "name"), c;
	bool guarded = slice_equal(answer_field(row, "guarded"), SLICE("true"));

	snprintf(c.text, sizeof(c.text), "%.24s%s%.20s%s", metric.text, name.text[0] != '\0' ? " " : "", name.text,
		 guarded ? "" : " (shown)");
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
static struct cell verdict_cell(struct slice object)
{
	struct cell c = text_cell(object, "verdict");
	double needs = answer_number(object, "needs");
	size_t length = strlen(c.text);

	if (!isnan(needs) && needs < 1e7)
		snprintf(c.text + length, sizeof(c.text) - length, " (needs about %.0f more)", needs);
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
	struct slice from = answer_field(row, "from"), to = answer_field(row, "to");
	bool is_share = slice_equal(answer_field(row, "unit"), SLICE("\"share\""));

	buf_printf(out, WIDTHS, metric_cell(row).text, value_cell(answer_number(from, "value"), is_share).text,
		   value_cell(answer_number(to, "value"), is_share).text, difference_cell(row).text, interval_cell(row).text,
		   calls_cell(from).text, calls_cell(to).text, verdict_cell(row).text);
	if (slice_equal(answer_field(row, "side_by_side"), SLICE("false")))
		buf_text(out, ", not side by side");
	buf_byte(out, '\n');
}

static void print_comparison(void *context, struct slice comparison)
{
	struct buf *out = context;

	buf_printf(out, "\n%s (%s", text_cell(comparison, "feature").text, text_cell(comparison, "model").text);
	if (answer_field(comparison, "from_model").len > 0)
		buf_printf(out, " against %s", text_cell(comparison, "from_model").text);
	buf_printf(out, "): %s\n", text_cell(comparison, "verdict").text);
	buf_printf(out, WIDTHS "\n", "metric", "from", "to", "change", "always within", "from n", "to n", "verdict");
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

static void print_pair(void *context, struct slice pair)
{
	struct buf *out = context;

	buf_printf(out, LIST_WIDTHS, text_cell(pair, "environment").text, text_cell(pair, "from").text,
		   text_cell(pair, "to").text, verdict_cell(pair).text);
}

void canary_print_list(struct slice answer, struct buf *out)
{
	struct slice prompts = answer_field(answer, "prompts");

	if (prompts.len <= 2) {
		buf_text(out, "nothing to compare: no prompt was seen in two versions\n");
		return;
	}
	buf_printf(out, LIST_WIDTHS, "ENVIRONMENT", "FROM", "TO", "VERDICT");
	answer_each(prompts, print_pair, out);
}
