/* SPDX-License-Identifier: Apache-2.0
 * alerts/alertmanager.c - Alertmanager's API v2: an array of alerts, told again while they fire.
 *
 * The label set is the identity there, so labels hold nothing that differs between pods or grows with time: values,
 * trace ids, the incident and its cause are annotations. A firing alert goes without endsAt and so lives for the
 * receiver's resolve_timeout, however late it is delivered; being sent again keeps it alive.
 * Source: Alertmanager, api/v2/openapi.yaml (postAlerts).
 */
#include "agent/alerts/channel.h"
#include "agent/alerts/severity.h"
#include "agent/base/clock.h"
#include "agent/base/json.h"

static void write_label(struct buf *out, const char *name, struct slice value)
{
	if (value.len == 0 || slice_equal(value, SLICE("*")))
		return;
	json_write_key(out, name);
	json_write_string(out, value);
}

/* One of ours, unless the configuration has one of this name. */
static void write_own_label(struct buf *out, const struct channel_config *c, const char *name, struct slice value)
{
	for (size_t i = 0; i < c->labels.count; i++)
		if (strcmp(c->labels.items[i].key, name) == 0)
			return;
	write_label(out, name, value);
}

static void write_labels(struct buf *out, const struct channel_config *c, const struct verdict *v)
{
	struct match_labels labels = severity_labels(v);
	struct buf name = BUF_INIT;

	json_write_key(out, "labels");
	buf_printf(&name, "Plimsoll_%s", verdict_kind_names[v->kind]);
	if (v->metric[0] != '\0')
		buf_printf(&name, "_%s", v->metric);
	buf_byte(out, '{');
	write_own_label(out, c, "alertname", buf_view(&name));
	for (int i = 0; i < MATCH_LABEL_COUNT; i++)
		write_own_label(out, c, match_label_names[i], labels.of[i]);
	for (size_t i = 0; i < c->labels.count; i++)
		write_label(out, c->labels.items[i].key, slice_of(c->labels.items[i].value));
	buf_byte(out, '}');
	buf_release(&name);
}

static void annotate(void *context, const char *name, struct slice value)
{
	write_label(context, name, value);
}

static void write_annotations(struct buf *out, const struct telling *t)
{
	struct buf text = BUF_INIT;

	json_write_key(out, "annotations");
	buf_byte(out, '{');
	alert_summary(t->alert, &text);
	write_label(out, "summary", buf_view(&text));
	telling_visit(t, annotate, out);
	write_label(out, "incident", slice_of(t->alert->incident));
	buf_reset(&text);
	alert_runbook(t->alert, t->config, &text);
	write_label(out, "runbook_url", buf_view(&text));
	buf_byte(out, '}');
	buf_release(&text);
}

static void write_time(struct buf *out, const char *name, uint64_t unix_s)
{
	char text[21];

	clock_format_utc(unix_s, text);
	write_label(out, name, slice_of(text));
}

/* Never ahead of the clock, which may have been set back: a start behind the end is refused, and an end in the future
 * would be no end. */
static void write_times(struct buf *out, const struct telling *t)
{
	const struct alert *a = t->alert;
	uint64_t now_s = clock_unix_ns() / NS_PER_SECOND, end_s = now_s;
	bool has_ended = a->state != ALERT_FIRING && !t->goes_on;

	if (has_ended && a->ended_at_s < now_s)
		end_s = a->ended_at_s;
	write_time(out, "startsAt", a->verdict.started_at_s < end_s ? a->verdict.started_at_s : end_s);
	if (has_ended)
		write_time(out, "endsAt", end_s);
}

static void element(const struct channel_config *c, const struct telling *t, struct buf *out)
{
	struct buf link = BUF_INIT;

	buf_byte(out, '{');
	write_labels(out, c, &t->alert->verdict);
	write_annotations(out, t);
	write_times(out, t);
	telling_link(t, &link);
	write_label(out, "generatorURL", buf_view(&link));
	buf_byte(out, '}');
	buf_release(&link);
}

static void body(const struct channel_config *c, const struct telling *t, struct buf *out)
{
	buf_byte(out, '[');
	element(c, t, out);
	buf_byte(out, ']');
}

static void path(const struct telling *t, struct buf *out)
{
	(void)t;
	buf_text(out, "/api/v2/alerts");
}

const struct channel_kind alertmanager_channel = {
	.name = "alertmanager",
	.content_type = "application/json",
	.tracks = true,
	.is_final = channel_refuses,
	.body = body,
	.resend = element,
	.path = path,
};
