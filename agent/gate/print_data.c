/* SPDX-License-Identifier: Apache-2.0
 * gate/print_data.c - a gate's verdict for programs: JSON, and the JUnit XML that CI systems show.
 */
#include <math.h>

#include "agent/base/json.h"
#include "agent/gate/gate.h"

static const char *const keys[GATE_CRITERIA] = {
	[GATE_PASS_RATE] = "pass_rate",
	[GATE_AVERAGE_COST] = "average_cost_usd",
	[GATE_P95_LATENCY] = "p95_latency_ms",
	[GATE_REGRESSIONS] = "regressions",
};

static double value_of(const struct gate *g, enum gate_criterion c)
{
	const double values[GATE_CRITERIA] = {
		[GATE_PASS_RATE] = g->pass_rate,
		[GATE_AVERAGE_COST] = g->average_cost_usd,
		[GATE_P95_LATENCY] = g->p95_latency_ms,
		[GATE_REGRESSIONS] = g->has_baseline ? (double)g->regressions : NAN,
	};

	return values[c];
}

static void write_criteria(const struct gate *g, struct buf *out)
{
	json_write_key(out, "criteria");
	buf_byte(out, '{');
	for (int c = 0; c < GATE_CRITERIA; c++) {
		json_write_key(out, keys[c]);
		buf_byte(out, '{');
		json_write_number(out, "value", value_of(g, (enum gate_criterion)c));
		json_write_number(out, "limit", g->limit[c]);
		json_write_flag(out, "kept", g->kept[c]);
		buf_byte(out, '}');
	}
	buf_byte(out, '}');
}

static void write_case(const struct gate_case *c, struct buf *out)
{
	buf_byte(out, '{');
	json_write_text(out, "id", c->id);
	json_write_number(out, "runs", c->runs);
	json_write_number(out, "passes", c->passes);
	json_write_flag(out, "passed", gate_case_passed(c));
	json_write_flag(out, "flaky", gate_case_is_flaky(c));
	json_write_key(out, "passed_before");
	buf_text(out, c->passed_before == TRI_UNKNOWN ? "null" : c->passed_before == TRI_YES ? "true" : "false");
	json_write_number(out, "cost_usd", c->cost_usd);
	json_write_number(out, "latency_ms", c->latency_ms);
	json_write_text_if_any(out, "why", c->why);
	buf_byte(out, '}');
}

void gate_print_json(const struct gate *g, struct buf *out)
{
	buf_byte(out, '{');
	json_write_flag(out, "open", g->open);
	json_write_text(out, "source", slice_of(g->source));
	write_criteria(g, out);
	json_write_number(out, "pass_rate_low", g->pass_low);
	json_write_number(out, "pass_rate_high", g->pass_high);
	json_write_number(out, "runs", g->runs);
	json_write_number(out, "flaky", g->flaky);
	json_write_number(out, "missing", g->missing);
	json_write_number(out, "fixed", g->fixed);
	json_write_number(out, "cached", g->cached);
	json_write_number(out, "skipped", (double)g->skipped);
	json_write_number(out, "unknown_cases", g->unknown);
	json_write_number(out, "gone_cases", g->gone);
	json_write_key(out, "cases");
	buf_byte(out, '[');
	for (size_t i = 0; i < g->count; i++) {
		if (i > 0)
			buf_byte(out, ',');
		write_case(&g->cases[i], out);
	}
	buf_text(out, "]}\n");
}

/* ---------------------------------------------------------------- JUnit */
/* XML has no control characters but tab and the ends of lines, and neither U+FFFE nor U+FFFF. */
static bool is_xml(struct slice character)
{
	return character.len == 3 ? memcmp(character.ptr, "\xef\xbf", 2) != 0 || (unsigned char)character.ptr[2] < 0xbe :
				    character.len != 1 || (unsigned char)character.ptr[0] >= ' ';
}

/* Into an attribute, which keeps tabs and ends of lines by reference only. */
static void write_xml(struct buf *out, struct slice text)
{
	for (size_t i = 0, n; i < text.len; i += n > 0 ? n : 1) {
		n = utf8_sequence(slice_skip(text, i));
		if (n == 1 && text.ptr[i] != '\0' && strchr("<>&\"\t\n\r", text.ptr[i]) != NULL)
			buf_printf(out, "&#%d;", text.ptr[i]);
		else if (n == 0 || !is_xml((struct slice){ text.ptr + i, n }))
			buf_byte(out, '?');
		else
			buf_append(out, text.ptr + i, n);
	}
}

static void write_failure(const char *kind, struct slice why, struct buf *out)
{
	buf_printf(out, "><%s message=\"", kind);
	write_xml(out, why);
	buf_text(out, "\"/></testcase>\n");
}

static void junit_case(const struct gate_case *c, struct buf *out)
{
	buf_text(out, "  <testcase classname=\"cases\" name=\"");
	write_xml(out, c->id);
	buf_byte(out, '"');
	if (!isnan(c->latency_ms))
		buf_printf(out, " time=\"%.3f\"", c->latency_ms / 1000);
	if (c->runs == 0)
		write_failure("error", SLICE("no result for it"), out);
	else if (!gate_case_passed(c))
		write_failure("failure", c->why, out);
	else
		buf_text(out, "/>\n");
}

static void junit_criterion(const struct gate *g, enum gate_criterion c, struct buf *out)
{
	struct buf why = BUF_INIT;

	if (isnan(g->limit[c]))
		return;
	buf_printf(out, "  <testcase classname=\"gate\" name=\"%s\"", gate_criterion_name(c));
	gate_criterion_value(g, c, &why);
	buf_text(&why, ", ");
	gate_criterion_limit(g, c, &why);
	if (g->kept[c])
		buf_text(out, "/>\n");
	else
		write_failure("failure", buf_view(&why), out);
	buf_release(&why);
}

void gate_print_junit(const struct gate *g, struct buf *out)
{
	size_t tests = g->count, failures = 0;

	for (size_t i = 0; i < g->count; i++)
		failures += g->cases[i].runs > 0 && !gate_case_passed(&g->cases[i]) ? 1 : 0;
	for (int c = 0; c < GATE_CRITERIA; c++) {
		tests += isnan(g->limit[c]) ? 0 : 1;
		failures += g->kept[c] ? 0 : 1;
	}
	buf_printf(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
	buf_printf(out, "<testsuite name=\"plimsoll gate\" tests=\"%zu\" failures=\"%zu\" errors=\"%u\">\n", tests, failures,
		   g->missing);
	for (int c = 0; c < GATE_CRITERIA; c++)
		junit_criterion(g, (enum gate_criterion)c, out);
	for (size_t i = 0; i < g->count; i++)
		junit_case(&g->cases[i], out);
	buf_text(out, "</testsuite>\n");
}
