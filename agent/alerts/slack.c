/* SPDX-License-Identifier: Apache-2.0
 * alerts/slack.c - a message of blocks for an incoming webhook. It can not change an earlier message, so an end is a
 * message of its own.
 * Source: Slack, "Sending messages using incoming webhooks" and "Block Kit" (header 150, section 3000 characters).
 */
#include "agent/alerts/channel.h"
#include "agent/alerts/severity.h"
#include "agent/base/json.h"

#define HEADER_MAX  150
#define SECTION_MAX 2900
#define TEXT_MAX    400

/* Only these three characters are special in Slack's markup. */
static void escape(struct buf *out, struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		switch (text.ptr[i]) {
		case '&':
			buf_text(out, "&amp;");
			break;
		case '<':
			buf_text(out, "&lt;");
			break;
		case '>':
			buf_text(out, "&gt;");
			break;
		default:
			buf_byte(out, text.ptr[i]);
		}
	}
}

static void write_link(struct buf *out, struct slice address, const char *words)
{
	if (address.len == 0)
		return;
	buf_printf(out, "%s<", out->len > 0 ? "  " : "");
	escape(out, address);
	buf_printf(out, "|%s>", words);
}

static void write_section(struct buf *out, struct slice markup)
{
	buf_text(out, ",{\"type\":\"section\",\"text\":{\"type\":\"mrkdwn\",\"text\":");
	channel_write_cut(out, markup, SECTION_MAX);
	buf_text(out, "}}");
}

static void write_links(struct buf *out, const struct telling *t)
{
	struct buf links = BUF_INIT, address = BUF_INIT;

	alert_runbook(t->alert, t->config, &address);
	write_link(&links, buf_view(&address), "Runbook");
	buf_reset(&address);
	telling_link(t, &address);
	write_link(&links, buf_view(&address), "Alert");
	if (links.len > 0)
		write_section(out, buf_view(&links));
	buf_release(&links);
	buf_release(&address);
}

static void body(const struct channel_config *c, const struct telling *t, struct buf *out)
{
	struct buf title = BUF_INIT, text = BUF_INIT, escaped = BUF_INIT;

	telling_title(t, c, &title);
	telling_text(t, c, &text);
	escape(&escaped, buf_view(&title));
	buf_text(out, "{\"text\":");
	channel_write_cut(out, buf_view(&escaped), TEXT_MAX);
	buf_text(out, ",\"blocks\":[{\"type\":\"header\",\"text\":{\"type\":\"plain_text\",\"text\":");
	channel_write_cut(out, buf_view(&title), HEADER_MAX);
	buf_text(out, "}}");
	buf_reset(&escaped);
	escape(&escaped, buf_view(&text));
	if (escaped.len > 0)
		write_section(out, buf_view(&escaped));
	write_links(out, t);
	buf_text(out, "]}");
	buf_release(&title);
	buf_release(&text);
	buf_release(&escaped);
}

const struct channel_kind slack_channel = {
	.name = "slack",
	.content_type = "application/json",
	.is_final = channel_refuses,
	.body = body,
};
