/* SPDX-License-Identifier: Apache-2.0
 * cli/alerts_print.c - one alert on a screen.
 */
#include <math.h>
#include <stdio.h>

#include "agent/alerts/runbook.h"
#include "agent/cli/alerts.h"
#include "agent/cli/answer.h"

static void line(const char *name, struct buf *value)
{
	if (value->len > 0)
		printf("  %-17s %s\n", name, buf_string(value));
	buf_reset(value);
}

/* Labels that say who it is about. */
static void print_key(struct slice alert)
{
	static const char *const names[] = { "feature",      "model",         "prompt_version", "name",
					     "workflow",     "user_segment",  "reference_version", "environment",
					     "seen",	     "expected",      "request_model",  "previous_model" };
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		answer_words(alert, names[i], &text);
		line(names[i], &text);
	}
	buf_release(&text);
}

static void print_time(struct slice alert, const char *name, const char *field)
{
	char text[21];

	if (answer_field(alert, field).len == 0)
		return;
	answer_time(alert, field, text);
	printf("  %-17s %s\n", name, text);
}

static enum verdict_kind kind_of(struct slice alert)
{
	struct buf name = BUF_INIT;
	int kind = 0;

	answer_text(alert, "kind", &name);
	while (kind < VERDICT_KIND_COUNT && strcmp(verdict_kind_names[kind], buf_string(&name)) != 0)
		kind++;
	buf_release(&name);
	return kind < VERDICT_KIND_COUNT ? (enum verdict_kind)kind : VERDICT_SHIFT;
}

/* What the value is held against, in a word. */
static const char *const baseline_words[VERDICT_KIND_COUNT] = { [VERDICT_BUDGET] = "limit", [VERDICT_SLO_BURN] = "allowed" };

/* What is known of it: drift has no value, and not every value has a baseline. */
static void print_value(struct slice alert)
{
	static const struct {
		const char *field, *format;
	} parts[] = {
		{ "baseline_stddev", " +- %.3g" },
		{ "pooled_deviation", "; %.1f sigma" },
		{ "deviation", "; per window %.1f sigma" },
	};
	double value = answer_number(alert, "value"), baseline = answer_number(alert, "baseline_mean");
	const char *word = baseline_words[kind_of(alert)];

	if (isnan(value))
		return;
	printf("  %-17s %.6g", "value", value);
	if (!isnan(baseline))
		printf(", %s %.6g", word != NULL ? word : "usually", baseline);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		double part = answer_number(alert, parts[i].field);
		if (!isnan(part))
			printf(parts[i].format, part); /* NOLINT: formats are the literals above */
	}
	printf("\n");
}

/* "60 requests in 3 windows of 3600 s"; where requests themselves are what moved, the windows alone. */
static void print_samples(struct slice alert)
{
	double samples = answer_number(alert, "sample_size"), run = answer_number(alert, "run");
	struct buf text = BUF_INIT;

	if (!isnan(samples))
		buf_printf(&text, "%.0f request%s", samples, samples == 1 ? "" : "s");
	if (run > 0)
		buf_printf(&text, "%s%.0f window%s of %.0f s", text.len > 0 ? " in " : "", run, run == 1 ? "" : "s",
			   answer_number(alert, "window_s"));
	line("samples", &text);
	buf_release(&text);
}

/* What is too small to be shown is nothing, not -0.0. NaN stays. */
static double shown(double x, double least)
{
	return fabs(x) < least ? 0 : x;
}

/* "+12.5 %", and nothing where that is unknown. */
static void print_percent(struct slice part)
{
	double percent = answer_number(part, "percent_of_change");

	if (!isnan(percent))
		printf("  %+6.1f %%", shown(percent, 0.05));
	printf("\n");
}

static void print_part(void *context, struct slice part)
{
	struct buf name = BUF_INIT;

	(void)context;
	answer_words(part, "factor", &name);
	printf("    %-20s %+12.6f USD", buf_string(&name), shown(answer_number(part, "usd"), 0.5e-6));
	print_percent(part);
	buf_release(&name);
}

static void print_contributor(void *context, struct slice item)
{
	struct buf by = BUF_INIT, value = BUF_INIT;

	(void)context;
	answer_words(item, "by", &by);
	answer_words(item, "value", &value);
	printf("    %-14s %-30s %+12.6f USD", buf_string(&by), buf_string(&value), shown(answer_number(item, "usd"), 0.5e-6));
	print_percent(item);
	buf_release(&by);
	buf_release(&value);
}

static void print_change_of_cost(struct slice movement, const char *field, const char *title)
{
	struct slice d = answer_field(movement, field);

	if (d.len == 0)
		return;
	double percent = answer_number(d, "change_percent");
	printf("\n  %s: %.6g -> %.6g USD", title, answer_number(d, "before_usd"), answer_number(d, "after_usd"));
	if (!isnan(percent))
		printf(" (%+.1f %%)", percent);
	printf("\n");
	answer_each(answer_field(d, "parts"), print_part, NULL);
}

static void print_movement(struct slice alert)
{
	struct slice movement = answer_field(alert, "movement");

	if (movement.len == 0)
		movement = answer_field(alert, "movement_of_feature");
	print_change_of_cost(movement, "cost_per_request", "Cost per request");
	print_change_of_cost(movement, "spend_per_day", "Spend per day");
	struct slice wide = answer_path(alert, "movement_of_feature", "contributors");
	struct slice who = wide.len > 2 ? wide : answer_field(movement, "contributors");
	if (who.len > 2)
		printf("\n  Who contributes to the change of cost per request\n");
	answer_each(who, print_contributor, NULL);
}

static void print_change(void *context, struct slice entry)
{
	struct buf text = BUF_INIT;
	char time[21];

	(void)context;
	answer_time(entry, "time", time);
	answer_words(entry, "text", &text);
	printf("    %s  %s\n", time, buf_string(&text));
	buf_release(&text);
}

static void print_member(void *context, struct slice member)
{
	struct buf text = BUF_INIT;

	(void)context;
	answer_words(member, "id", &text);
	buf_text(&text, "  ");
	answer_words(member, "summary", &text);
	printf("    %s\n", buf_string(&text));
	buf_release(&text);
}

static void print_trace(void *context, struct slice id)
{
	(void)context;
	printf("    %.*s\n", SLICE_ARG(slice_head(slice_skip(id, 1), id.len - 2)));
}

static void print_list(struct slice alert, const char *field, const char *title,
		       void (*print)(void *context, struct slice element))
{
	struct slice array = answer_field(alert, field);

	if (array.len <= 2)
		return;
	printf("\n  %s\n", title);
	answer_each(array, print, NULL);
}

static void print_runbook(struct slice alert)
{
	struct buf metric = BUF_INIT, url = BUF_INIT;

	answer_words(alert, "metric", &metric);
	answer_words(alert, "runbook_url", &url);
	const struct runbook *r = runbook_of(kind_of(alert), buf_view(&metric));
	printf("\n  What to look at first (%s%s%s)\n", r->title, url.len > 0 ? "; " : "", buf_string(&url));
	for (size_t i = 0; r->steps[i] != NULL; i++)
		printf("    %zu. %s\n", i + 1, r->steps[i]);
	buf_release(&metric);
	buf_release(&url);
}

void alerts_print(struct slice alert)
{
	static const char *const words[] = { "id", "state", "severity", "kind", "metric", "muted_by" };
	struct buf text = BUF_INIT;

	answer_words(alert, "summary", &text);
	printf("%s\n\n", buf_string(&text));
	buf_reset(&text);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		answer_words(alert, words[i], &text);
		line(words[i], &text);
	}
	print_key(alert);
	print_time(alert, "since", "started_at");
	print_time(alert, "ended", "ended_at");
	print_value(alert);
	print_samples(alert);
	answer_words(alert, "cause", &text);
	line("cause", &text);
	print_movement(alert);
	print_list(alert, "changes", "What changed before", print_change);
	print_list(alert, "members", "Others of this incident", print_member);
	print_list(alert, "trace_ids", "Traces", print_trace);
	print_runbook(alert);
	buf_release(&text);
}
