/* SPDX-License-Identifier: Apache-2.0
 * alerts/telling.c - an alert in words.
 */
#include "agent/alerts/telling.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "agent/alerts/severity.h"
#include "agent/base/clock.h"
#include "agent/base/hex.h"
#include "agent/base/json.h"
#include "agent/config/template.h"

void telling_id(const struct telling *t, char out[TELLING_ID_SIZE])
{
	const struct alert *a = t->alert;
	int n = snprintf(out, TELLING_ID_SIZE, "alert_%s_%s", a->id, alert_state_names[a->state]);

	if (a->state == ALERT_FIRING && a->tellings > 1)
		snprintf(out + n, TELLING_ID_SIZE - (size_t)n, "_%" PRIu32, a->tellings);
}

void telling_link(const struct telling *t, struct buf *out)
{
	struct slice base = slice_of(t->config->external_url);

	if (base.len > 0)
		buf_printf(out, "%.*s/#alert-%s",
			   SLICE_ARG(slice_head(base, base.len - slice_ends_with(base, SLICE("/")))), t->alert->id);
}

/* ---------------------------------------------------------------- lines */
/* One line of what is known; nothing is appended where it is not known. */
static void say_since(const struct telling *t, struct buf *out)
{
	char time[21];

	clock_format_utc(t->alert->verdict.started_at_s, time);
	buf_text(out, time);
	if (t->alert->state == ALERT_FIRING)
		return;
	clock_format_utc(t->alert->ended_at_s, time);
	buf_printf(out, " to %s", time);
}

static void say_value(const struct telling *t, struct buf *out)
{
	if (!isnan(t->alert->verdict.value))
		alert_value(t->alert, t->alert->verdict.value, out);
}

static void say_baseline(const struct telling *t, struct buf *out)
{
	const struct verdict *v = &t->alert->verdict;

	if (isnan(v->baseline_mean))
		return;
	alert_value(t->alert, v->baseline_mean, out);
	if (isnan(v->baseline_stddev))
		return;
	buf_text(out, " +- ");
	alert_value(t->alert, v->baseline_stddev, out);
}

static void say_deviation(const struct telling *t, struct buf *out)
{
	const struct verdict *v = &t->alert->verdict;
	double sigmas = isnan(v->pooled_deviation) ? v->deviation : v->pooled_deviation;

	if (!isnan(sigmas))
		buf_printf(out, "%.1f sigma", sigmas);
}

static void say_samples(const struct telling *t, struct buf *out)
{
	const struct verdict *v = &t->alert->verdict;

	if (isnan(v->sample_size))
		return;
	buf_printf(out, "%.0f requests", v->sample_size);
	if (v->run > 0)
		buf_printf(out, " in %" PRIu32 " windows of %" PRIu32 " s", v->run, v->window_s);
}

static void say_cause(const struct telling *t, struct buf *out)
{
	buf_slice(out, buf_view(&t->alert->cause));
}

static void say_members(const struct telling *t, struct buf *out)
{
	for (size_t i = 0; i < t->member_count; i++) {
		buf_text(out, i > 0 ? "; " : "");
		alert_summary(t->members[i], out);
	}
}

static void say_traces(const struct telling *t, struct buf *out)
{
	const struct verdict *v = &t->alert->verdict;

	for (uint32_t i = 0; i < v->trace_count; i++) {
		buf_text(out, i > 0 ? " " : "");
		buf_hex(out, v->trace_ids[i], sizeof(v->trace_ids[i]));
	}
}

static const struct {
	const char *name;
	void (*say)(const struct telling *t, struct buf *out);
} lines[] = {
	{ "since", say_since },         { "value", say_value },   { "baseline", say_baseline },
	{ "deviation", say_deviation }, { "samples", say_samples }, { "cause", say_cause },
	{ "also", say_members },        { "traces", say_traces },
};

void telling_visit(const struct telling *t, telling_line line, void *context)
{
	struct buf value = BUF_INIT;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		buf_reset(&value);
		lines[i].say(t, &value);
		if (value.len > 0)
			line(context, lines[i].name, buf_view(&value));
	}
	buf_release(&value);
}

/* ---------------------------------------------------------------- title and text */
static void add_line(void *context, const char *name, struct slice value)
{
	struct buf *out = context;

	buf_printf(out, "%s%s: %.*s", out->len > 0 ? "\n" : "", name, SLICE_ARG(value));
}

static void write_details(const struct telling *t, struct buf *out)
{
	struct buf text = BUF_INIT; /* its own: what stands before is no line of ours */

	telling_visit(t, add_line, &text);
	buf_slice(out, buf_view(&text));
	buf_release(&text);
}

/* In a sentence of the user's there is a gap to fill. */
static void write_or_unknown(void (*say)(const struct telling *t, struct buf *out), const struct telling *t,
			     struct buf *out)
{
	size_t before = out->len;

	say(t, out);
	if (out->len == before)
		buf_text(out, "unknown");
}

static void write_placeholder(const void *context, enum placeholder which, struct buf *out)
{
	const struct telling *t = context;
	const struct alert *a = t->alert;
	const struct verdict *v = &a->verdict;
	struct match_labels labels = severity_labels(v);

	switch (which) {
	case PLACEHOLDER_SUMMARY:
		alert_summary(a, out);
		break;
	case PLACEHOLDER_DETAILS:
		write_details(t, out);
		break;
	case PLACEHOLDER_STATE:
		buf_text(out, alert_state_names[a->state]);
		break;
	case PLACEHOLDER_SEVERITY:
		buf_slice(out, labels.of[MATCH_SEVERITY]);
		break;
	case PLACEHOLDER_KIND:
		buf_slice(out, labels.of[MATCH_KIND]);
		break;
	case PLACEHOLDER_METRIC:
		buf_slice(out, labels.of[MATCH_METRIC]);
		break;
	case PLACEHOLDER_FEATURE:
		buf_slice(out, labels.of[MATCH_FEATURE]);
		break;
	case PLACEHOLDER_MODEL:
		buf_slice(out, labels.of[MATCH_MODEL]);
		break;
	case PLACEHOLDER_PROMPT:
		buf_slice(out, labels.of[MATCH_PROMPT]);
		break;
	case PLACEHOLDER_VALUE:
		write_or_unknown(say_value, t, out);
		break;
	case PLACEHOLDER_BASELINE:
		write_or_unknown(say_baseline, t, out);
		break;
	case PLACEHOLDER_DEVIATION:
		write_or_unknown(say_deviation, t, out);
		break;
	case PLACEHOLDER_CAUSE:
		say_cause(t, out);
		break;
	case PLACEHOLDER_RUNBOOK:
		alert_runbook(a, t->config, out);
		break;
	case PLACEHOLDER_ID:
		buf_text(out, a->id);
		break;
	case PLACEHOLDER_COUNT:
		break;
	}
}

void telling_title(const struct telling *t, const struct channel_config *c, struct buf *out)
{
	size_t before = out->len;

	if (c->title != NULL)
		template_write(c->title, write_placeholder, t, out);
	if (slice_trim(slice_skip(buf_view(out), before)).len > 0)
		return;
	out->len = before;
	buf_text(out, t->alert->state == ALERT_FIRING ? "[FIRING] " : "[RESOLVED] ");
	alert_summary(t->alert, out);
}

void telling_text(const struct telling *t, const struct channel_config *c, struct buf *out)
{
	template_write(c->text != NULL ? c->text : "{{details}}", write_placeholder, t, out);
}

/* ---------------------------------------------------------------- JSON */
static void write_member(const struct alert *a, struct buf *out)
{
	struct buf summary = BUF_INIT;

	alert_summary(a, &summary);
	buf_printf(out, "{\"id\":\"%s\",\"state\":\"%s\",\"metric\":", a->id, alert_state_names[a->state]);
	json_write_string(out, slice_of(a->verdict.metric));
	buf_text(out, ",\"summary\":");
	json_write_string(out, buf_view(&summary));
	buf_byte(out, '}');
	buf_release(&summary);
}

void telling_json(const struct telling *t, struct buf *out)
{
	alert_json(t->alert, t->config, out);
	if (out->len == 0)
		return;
	out->len--; /* the closing brace */
	buf_text(out, ",\"members\":[");
	for (size_t i = 0; i < t->member_count; i++) {
		buf_text(out, i > 0 ? "," : "");
		write_member(t->members[i], out);
	}
	buf_text(out, "]}");
}
