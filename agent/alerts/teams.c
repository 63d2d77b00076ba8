/* SPDX-License-Identifier: Apache-2.0
 * alerts/teams.c - an adaptive card for a Workflows webhook of Microsoft Teams.
 * Source: Microsoft, "Create incoming webhooks with Workflows" and the Adaptive Card schema 1.4 (28 KB a card).
 */
#include "agent/alerts/channel.h"
#include "agent/alerts/severity.h"
#include "agent/base/json.h"

#define TITLE_MAX 300
#define TEXT_MAX  8000

static const char *color_of(const struct alert *a)
{
	if (a->state != ALERT_FIRING)
		return "good";
	return severity_of(&a->verdict) == SEVERITY_CRITICAL ? "attention" : "warning";
}

static void write_action(struct buf *out, const char *title, struct slice address)
{
	if (address.len == 0)
		return;
	json_write_comma(out);
	buf_printf(out, "{\"type\":\"Action.OpenUrl\",\"title\":\"%s\",\"url\":", title);
	json_write_string(out, address);
	buf_byte(out, '}');
}

static void write_actions(struct buf *out, const struct telling *t)
{
	struct buf address = BUF_INIT;

	buf_text(out, "\"actions\":[");
	alert_runbook(t->alert, t->config, &address);
	write_action(out, "Runbook", buf_view(&address));
	buf_reset(&address);
	telling_link(t, &address);
	write_action(out, "Alert", buf_view(&address));
	buf_byte(out, ']');
	buf_release(&address);
}

/* A single line end is a blank in a text block; two make a paragraph. */
static void part_lines(struct buf *out, struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		buf_byte(out, text.ptr[i]);
		if (text.ptr[i] == '\n')
			buf_byte(out, '\n');
	}
}

static void body(const struct channel_config *c, const struct telling *t, struct buf *out)
{
	struct buf title = BUF_INIT, text = BUF_INIT, parted = BUF_INIT;

	telling_title(t, c, &title);
	telling_text(t, c, &text);
	part_lines(&parted, buf_view(&text));
	buf_text(out, "{\"type\":\"message\",\"attachments\":[{\"contentType\":\"application/vnd.microsoft.card.adaptive\","
		      "\"contentUrl\":null,\"content\":{\"$schema\":\"http://adaptivecards.io/schemas/adaptive-card.json\","
		      "\"type\":\"AdaptiveCard\",\"version\":\"1.4\",\"msteams\":{\"width\":\"full\"},\"body\":["
		      "{\"type\":\"TextBlock\",\"weight\":\"Bolder\",\"size\":\"Medium\",\"wrap\":true,\"color\":");
	json_write_string(out, slice_of(color_of(t->alert)));
	buf_text(out, ",\"text\":");
	channel_write_cut(out, buf_view(&title), TITLE_MAX);
	buf_text(out, "},{\"type\":\"TextBlock\",\"wrap\":true,\"text\":");
	channel_write_cut(out, buf_view(&parted), TEXT_MAX);
	buf_text(out, "}],");
	write_actions(out, t);
	buf_text(out, "}}]}");
	buf_release(&title);
	buf_release(&text);
	buf_release(&parted);
}

const struct channel_kind teams_channel = {
	.name = "teams",
	.content_type = "application/json",
	.is_final = channel_refuses,
	.body = body,
};
