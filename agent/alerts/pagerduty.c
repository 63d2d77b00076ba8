/* SPDX-License-Identifier: Apache-2.0
 * alerts/pagerduty.c - PagerDuty's Events API v2: trigger and resolve under one dedup_key.
 * Source: PagerDuty developer documentation, "Send an alert event" (summary 1024, dedup_key 255 characters).
 */
#include "agent/alerts/channel.h"
#include "agent/alerts/severity.h"
#include "agent/base/clock.h"
#include "agent/base/json.h"

#define SUMMARY_MAX 1024

static void detail(void *context, const char *name, struct slice value)
{
	json_write_text(context, name, value);
}

static void write_payload(struct buf *out, const struct channel_config *c, const struct telling *t)
{
	const struct verdict *v = &t->alert->verdict;
	struct buf text = BUF_INIT;
	char started[21];

	json_write_key(out, "payload");
	buf_byte(out, '{');
	telling_title(t, c, &text);
	json_write_key(out, "summary");
	channel_write_cut(out, buf_view(&text), SUMMARY_MAX);
	json_write_text(out, "source", v->feature.len > 0 ? v->feature : SLICE("plimsoll"));
	json_write_text(out, "severity", slice_of(severity_names[severity_of(v)]));
	clock_format_utc(v->started_at_s, started);
	json_write_text(out, "timestamp", slice_of(started));
	json_write_text(out, "component", v->model);
	json_write_text(out, "group", v->feature);
	json_write_text(out, "class", slice_of(v->metric));
	json_write_key(out, "custom_details");
	buf_byte(out, '{');
	if (c->text != NULL) {
		buf_reset(&text);
		telling_text(t, c, &text);
		json_write_text(out, "text", buf_view(&text));
	}
	telling_visit(t, detail, out);
	buf_text(out, "}}");
	buf_release(&text);
}

static void write_links(struct buf *out, const struct telling *t)
{
	struct buf address = BUF_INIT;

	json_write_key(out, "links");
	buf_byte(out, '[');
	alert_runbook(t->alert, t->config, &address);
	if (address.len > 0) {
		buf_byte(out, '{');
		json_write_text(out, "href", buf_view(&address));
		json_write_text(out, "text", SLICE("Runbook"));
		buf_byte(out, '}');
	}
	buf_byte(out, ']');
	buf_release(&address);
}

static void body(const struct channel_config *c, const struct telling *t, struct buf *out)
{
	bool fires = t->alert->state == ALERT_FIRING;

	buf_byte(out, '{');
	json_write_text(out, "routing_key", slice_of(c->secret));
	json_write_text(out, "event_action", slice_of(fires ? "trigger" : "resolve"));
	json_write_text(out, "dedup_key", slice_of(t->alert->identity));
	if (fires) {
		json_write_text(out, "client", SLICE("plimsoll"));
		write_payload(out, c, t);
		write_links(out, t);
	}
	buf_byte(out, '}');
}

const struct channel_kind pagerduty_channel = {
	.name = "pagerduty",
	.content_type = "application/json",
	.tracks = true,
	.is_final = channel_refuses,
	.body = body,
};
