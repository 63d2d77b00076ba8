/* SPDX-License-Identifier: Apache-2.0
 * gate/print.c - a gate's verdict for people: a table for the terminal, and Markdown for a pull request.
 */
#include <math.h>

#include "agent/base/plain.h"
#include "agent/gate/gate.h"

static const struct criterion {
	const char *name, *bound;
} criteria[GATE_CRITERIA] = {
	[GATE_PASS_RATE] = { "pass rate", "at least" },
	[GATE_AVERAGE_COST] = { "average cost", "at most" },
	[GATE_P95_LATENCY] = { "p95 latency", "at most" },
	[GATE_REGRESSIONS] = { "regressions", "at most" },
};

const char *gate_criterion_name(enum gate_criterion c)
{
	return criteria[c].name;
}

static void write_usd(struct buf *out, double usd)
{
	if (isnan(usd))
		buf_text(out, "unknown");
	else
		buf_printf(out, "%.3g USD", usd);
}

static void write_ms(struct buf *out, double ms)
{
	if (isnan(ms))
		buf_text(out, "unknown");
	else if (ms >= 1000)
		buf_printf(out, "%.3g s", ms / 1000);
	else
		buf_printf(out, "%.3g ms", ms);
}

void gate_criterion_value(const struct gate *g, enum gate_criterion c, struct buf *out)
{
	switch (c) {
	case GATE_PASS_RATE:
		buf_printf(out, "%.3f (95 %%: %.3f to %.3f)", g->pass_rate, g->pass_low, g->pass_high);
		break;
	case GATE_AVERAGE_COST:
		write_usd(out, g->average_cost_usd);
		break;
	case GATE_P95_LATENCY:
		write_ms(out, g->p95_latency_ms);
		break;
	default:
		if (g->has_baseline)
			buf_printf(out, "%u", g->regressions);
		else
			buf_text(out, "no baseline");
	}
}

void gate_criterion_limit(const struct gate *g, enum gate_criterion c, struct buf *out)
{
	if (isnan(g->limit[c])) {
		buf_byte(out, '-');
		return;
	}
	buf_printf(out, "%s ", criteria[c].bound);
	if (c == GATE_AVERAGE_COST)
		write_usd(out, g->limit[c]);
	else if (c == GATE_P95_LATENCY)
		write_ms(out, g->limit[c]);
	else
		buf_printf(out, "%g", g->limit[c]);
}

static const char *state_of(const struct gate_case *c)
{
	if (c->runs == 0)
		return "not run";
	if (gate_case_regressed(c))
		return "regressed";
	if (gate_case_is_flaky(c))
		return "flaky";
	return gate_case_passed(c) ? "passed" : "failed";
}

static bool is_news(const struct gate_case *c)
{
	return c->runs == 0 || c->passes < c->runs;
}

/* ---------------------------------------------------------------- terminal */
#define RED   "\033[31m"
#define GREEN "\033[32m"
#define PLAIN "\033[0m"

#define ID_MAX 36u /* a UUID is shown whole; with what stands beside it, 80 columns */

static void write_id(struct buf *out, struct slice id, size_t width)
{
	plain_write_short(out, id, width);
	for (size_t n = plain_columns(id); n < width; n++)
		buf_byte(out, ' ');
}

static size_t id_width(const struct gate *g, const struct gate_style *style)
{
	size_t width = 4;

	for (size_t i = 0; i < g->count; i++) {
		size_t n = plain_columns(g->cases[i].id);
		if ((style->all_cases || is_news(&g->cases[i])) && n > width)
			width = n;
	}
	return width < ID_MAX ? width : ID_MAX;
}

/* Text on one line, cut to what that has left. */
static void write_cut(struct buf *out, struct slice text, size_t room)
{
	bool is_long = plain_columns(text) > room;
	struct slice shown = is_long ? plain_head(text, room > 3 ? room - 3 : 0) : text;

	plain_write(out, shown, "");
	buf_text(out, is_long ? "..." : "");
}

/* Without the blanks of an empty last column. */
static void end_line(struct buf *out)
{
	while (out->len > 0 && out->ptr[out->len - 1] == ' ')
		out->len--;
	buf_byte(out, '\n');
}

static void print_case(const struct gate_case *c, size_t width, const struct gate_style *style, struct buf *out)
{
	struct buf cost = BUF_INIT, latency = BUF_INIT;
	struct slice why = c->runs > 0 ? c->why : SLICE_NONE;
	bool good = gate_case_passed(c) && !gate_case_is_flaky(c);

	write_usd(&cost, c->cost_usd);
	write_ms(&latency, c->latency_ms);
	write_id(out, c->id, width);
	buf_printf(out, "  %s%-9s%s  %3u/%-3u  %12s  %8s", !style->colour ? "" : good ? GREEN : RED, state_of(c),
		   style->colour ? PLAIN : "", c->passes, c->runs, c->runs > 0 ? buf_string(&cost) : "",
		   c->runs > 0 ? buf_string(&latency) : "");
	end_line(out);
	if (why.len > 0) {
		buf_text(out, "    ");
		write_cut(out, why, (style->width > 40 ? style->width : 40) - 4);
		end_line(out);
	}
	buf_release(&cost);
	buf_release(&latency);
}

static void print_cases(const struct gate *g, const struct gate_style *style, struct buf *out)
{
	size_t width = id_width(g, style), shown = 0;

	for (size_t i = 0; i < g->count; i++) {
		if (!style->all_cases && !is_news(&g->cases[i]))
			continue;
		if (shown++ == 0)
			buf_printf(out, "%-*s  %-9s  %3s/%-3s  %12s  %8s\n", (int)width, "case", "result", "ok", "run", "cost",
				   "latency");
		print_case(&g->cases[i], width, style, out);
	}
	if (shown > 0)
		buf_byte(out, '\n');
}

static void print_criterion(const struct gate *g, enum gate_criterion c, const struct gate_style *style, struct buf *out)
{
	struct buf value = BUF_INIT, limit = BUF_INIT;

	gate_criterion_value(g, c, &value);
	gate_criterion_limit(g, c, &limit);
	buf_printf(out, "%-13s  %-30s  %-18s", criteria[c].name, buf_string(&value), buf_string(&limit));
	if (!isnan(g->limit[c]))
		buf_printf(out, "  %s%s%s", !style->colour ? "" : g->kept[c] ? GREEN : RED, g->kept[c] ? "yes" : "no",
			   style->colour ? PLAIN : "");
	end_line(out);
	buf_release(&value);
	buf_release(&limit);
}

static bool has_limit(const struct gate *g)
{
	bool any = false;

	for (int c = 0; c < GATE_CRITERIA; c++)
		any = any || !isnan(g->limit[c]);
	return any;
}

/* What a reader must know to take the figures for what they are. */
static void print_remarks(const struct gate *g, struct buf *out)
{
	double more = cases_needed(g->pass_rate, (double)g->count, g->limit[GATE_PASS_RATE]);

	buf_count(out, g->count, "case");
	buf_text(out, ", ");
	buf_count(out, g->runs, "run");
	buf_printf(out, " (%s)", g->source);
	if (g->flaky > 0)
		buf_printf(out, ", %u flaky", g->flaky);
	if (g->missing > 0)
		buf_printf(out, ", %u not run", g->missing);
	if (g->skipped > 0)
		buf_printf(out, ", %zu skipped", g->skipped);
	buf_byte(out, '\n');
	if (g->unknown > 0) {
		buf_count(out, g->unknown, "result");
		buf_printf(out, " %s that the suite does not have ('", g->unknown == 1 ? "is of a case" : "are of cases");
		plain_write(out, g->first_unknown, "");
		buf_text(out, "'): left out\n");
	}
	if (g->gone > 0) {
		buf_count(out, g->gone, "case");
		buf_printf(out, " of the baseline %s no result now ('", g->gone == 1 ? "has" : "have");
		plain_write(out, g->first_gone, "");
		buf_text(out, "')\n");
	}
	if (!has_limit(g))
		buf_text(out, "no limit was given: the gate is open whatever the results say\n");
	if (g->cached > 0)
		buf_printf(out, "%u of the answers came from the tool's cache, and nobody knows their cost: run it without (--no-cache)\n",
			   g->cached);
	if (more > 0 && more < 1e6)
		buf_printf(out, "the pass rate is too close to its limit to be sure: about %.0f more cases would tell\n", more);
}

static void print_before(const struct gate *g, struct buf *out)
{
	buf_printf(out, "before: pass rate %.3f, average cost ", g->pass_rate_before);
	write_usd(out, g->average_cost_before_usd);
	buf_text(out, ", p95 latency ");
	write_ms(out, g->p95_latency_before_ms);
	buf_printf(out, "; %u regressed, %u fixed\n", g->regressions, g->fixed);
}

void gate_print_text(const struct gate *g, const struct gate_style *style, struct buf *out)
{
	print_cases(g, style, out);
	for (int c = 0; c < GATE_CRITERIA; c++)
		if (c != GATE_REGRESSIONS || g->has_baseline || !isnan(g->limit[c]))
			print_criterion(g, (enum gate_criterion)c, style, out);
	if (g->has_baseline)
		print_before(g, out);
	print_remarks(g, out);
	buf_printf(out, "gate: %s%s%s\n", !style->colour ? "" : g->open ? GREEN : RED, g->open ? "open" : "closed",
		   style->colour ? PLAIN : "");
}

/* ---------------------------------------------------------------- Markdown */
/* In a cell: no bar, no line end, no markup of ours. */
static void write_cell(struct buf *out, struct slice text)
{
	plain_write(out, plain_head(text, 200), "|`*_<>[]\\");
}

static void markdown_criteria(const struct gate *g, struct buf *out)
{
	buf_text(out, "| | is | may be | |\n| --- | --- | --- | --- |\n");
	for (int c = 0; c < GATE_CRITERIA; c++) {
		if (c == GATE_REGRESSIONS && !g->has_baseline && isnan(g->limit[c]))
			continue;
		buf_printf(out, "| %s | ", criteria[c].name);
		gate_criterion_value(g, (enum gate_criterion)c, out);
		buf_text(out, " | ");
		gate_criterion_limit(g, (enum gate_criterion)c, out);
		buf_printf(out, " | %s |\n", isnan(g->limit[c]) ? "" : g->kept[c] ? "yes" : "**no**");
	}
}

void gate_print_markdown(const struct gate *g, struct buf *out)
{
	bool any = false;

	buf_printf(out, "### Gate: %s\n\n", g->open ? "open" : "closed");
	markdown_criteria(g, out);
	buf_byte(out, '\n');
	if (g->has_baseline) {
		print_before(g, out);
		buf_byte(out, '\n');
	}
	print_remarks(g, out);
	for (size_t i = 0; i < g->count; i++) {
		const struct gate_case *c = &g->cases[i];
		if (!is_news(c))
			continue;
		if (!any)
			buf_text(out, "\n| case | result | passed | why |\n| --- | --- | --- | --- |\n");
		any = true;
		buf_text(out, "| ");
		write_cell(out, c->id);
		buf_printf(out, " | %s | %u of %u | ", state_of(c), c->passes, c->runs);
		write_cell(out, c->runs > 0 ? c->why : SLICE("no result of it"));
		buf_text(out, " |\n");
	}
}
