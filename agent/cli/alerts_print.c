/* SPDX-License-Identifier: Apache-2.0
 * cli/alerts_print.c - one alert on a screen.
 */
#include <math.h>
#include <stdio.h>

#include "agent/alerts/runbook.h"
#include "agent/base/clock.h"
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
	double at = answer_number(alert, field);
	char text[21];

	if (isnan(at))
		return;
	clock_format_utc((uint64_t)at, text);
	printf("  %-17s %s\n", name, text);
}

/* What is known of it: drift has no value, and not every value has a baseline. */
static void print_value(struct slice alert)
{
	static const struct {
		const char *field, *format;
	} parts[] = {
		{ "baseline_mean", ", usually %.6g" },
		{ "baseline_stddev", " +- %.3g" },
		{ "pooled_deviation", "; %.1f sigma" },
		{ "deviation", "; per window %.1f sigma" },
	};
	double value = answer_number(alert, "value");

	if (isnan(value))
		return;
	printf("  %-17s %.6g", "value", value);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		double part = answer_number(alert, parts[i].field);
		if (!isnan(part))
			printf(parts[i].format, part); /* NOLINT: formats are the literals above */
	}
	printf("\n");
}

static void print_evidence(struct slice alert)
{
	double run = answer_number(alert, "run");

	print_value(alert);
	printf("  %-17s %.0f requests", "samples", answer_number(alert, "sample_size"));
	if (run > 0)
		printf(" in %.0f windows of %.0f s", run, answer_number(alert, "window_s"));
	printf("\n");
}

static void print_part(void *context, struct slice part)
{
	double usd = answer_number(part, "usd"), percent = answer_number(part, "percent_of_change");
	struct buf name = BUF_INIT;

	(void)context;
	answer_words(part, "factor", &name);
	printf("    %-20s %+12.6f USD  %+6.1f %%\n", buf_string(&name), usd, isnan(percent) ? 0 : percent);
	buf_release(&name);
}

static void print_contributor(void *context, struct slice item)
{
	struct buf by = BUF_INIT, value = BUF_INIT;

	(void)context;
	answer_words(item, "by", &by);
	answer_words(item, "value", &value);
	printf("    %-14s %-30s %+12.6f USD  %+6.1f %%\n", buf_string(&by), buf_string(&value), answer_number(item, "usd"),
	       answer_number(item, "percent_of_change"));
	buf_release(&by);
	buf_release(&value);
}

static void print_change_of_cost(struct slice movement, const char *field, const char *title)
{
	struct slice d = answer_field(movement, field);

	if (d.len == 0)
		return;
	printf("\n  %s: %.6g -> %.6g USD (%+.1f %%)\n", title, answer_number(d, "before_usd"), answer_number(d, "after_usd"),
	       answer_number(d, "change_percent"));
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
	clock_format_utc((uint64_t)answer_number(entry, "time"), time);
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

static enum verdict_kind kind_of(const char *name)
{
	for (int kind = 0; kind < VERDICT_KIND_COUNT; kind++)
		if (strcmp(verdict_kind_names[kind], name) == 0)
			return (enum verdict_kind)kind;
	return VERDICT_SHIFT;
}

static void print_runbook(struct slice alert)
{
	struct buf kind = BUF_INIT, metric = BUF_INIT, url = BUF_INIT;

	answer_words(alert, "kind", &kind);
	answer_words(alert, "metric", &metric);
	answer_words(alert, "runbook_url", &url);
	const struct runbook *r = runbook_of(kind_of(buf_string(&kind)), buf_view(&metric));
	printf("\n  What to look at first (%s%s%s)\n", r->title, url.len > 0 ? "; " : "", buf_string(&url));
	for (size_t i = 0; r->steps[i] != NULL; i++)
		printf("    %zu. %s\n", i + 1, r->steps[i]);
	buf_release(&kind);
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
	print_evidence(alert);
	answer_words(alert, "cause", &text);
	line("cause", &text);
	print_movement(alert);
	print_list(alert, "changes", "What changed before", print_change);
	print_list(alert, "members", "Others of this incident", print_member);
	print_list(alert, "trace_ids", "Traces", print_trace);
	print_runbook(alert);
	buf_release(&text);
}
