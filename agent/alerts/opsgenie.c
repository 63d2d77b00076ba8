/* SPDX-License-Identifier: Apache-2.0
 * alerts/opsgenie.c - Opsgenie's alert API: created under an alias, closed by it.
 * Source: Opsgenie, "Alert API" (message 130, description 15000, alias 250 characters).
 */
#include "agent/alerts/channel.h"
#include "agent/alerts/severity.h"
#include "agent/base/json.h"

#define MESSAGE_MAX     130
#define DESCRIPTION_MAX 15000

static const char *const priorities[SEVERITY_COUNT] = { "P5", "P3", "P1" };

static void detail(void *context, const char *name, struct slice value)
{
	json_write_text(context, name, value);
}

static void write_alert(struct buf *out, const struct channel_config *c, const struct telling *t)
{
	struct buf text = BUF_INIT;

	telling_title(t, c, &text);
	json_write_key(out, "message");
	channel_write_cut(out, buf_view(&text), MESSAGE_MAX);
	buf_reset(&text);
	telling_text(t, c, &text);
	json_write_text(out, "alias", slice_of(t->alert->identity));
	json_write_key(out, "description");
	channel_write_cut(out, buf_view(&text), DESCRIPTION_MAX);
	json_write_text(out, "priority", slice_of(priorities[severity_of(&t->alert->verdict)]));
	json_write_text(out, "entity", t->alert->verdict.feature);
	json_write_key(out, "details");
	buf_byte(out, '{');
	telling_visit(t, detail, out);
	buf_byte(out, '}');
	buf_release(&text);
}

static void body(const struct channel_config *c, const struct telling *t, struct buf *out)
{
	buf_byte(out, '{');
	if (t->alert->state == ALERT_FIRING)
		write_alert(out, c, t);
	json_write_text(out, "source", SLICE("plimsoll"));
	buf_byte(out, '}');
}

static void path(const struct telling *t, struct buf *out)
{
	if (t->alert->state != ALERT_FIRING)
		buf_printf(out, "/%s/close?identifierType=alias", t->alert->identity);
}

static struct status headers(const struct channel_config *c, const struct signing_key *key, const char *id,
			     struct slice bytes, uint64_t now_s, struct channel_headers *out)
{
	(void)key;
	(void)id;
	(void)bytes;
	(void)now_s;
	buf_reset(&out->authorization);
	buf_printf(&out->authorization, "GenieKey %s", c->secret);
	channel_header(out, "Authorization", buf_string(&out->authorization));
	return buf_failed(&out->authorization) ? FAIL(NOMEM, "no memory for a header") : OK;
}

const struct channel_kind opsgenie_channel = {
	.name = "opsgenie",
	.content_type = "application/json",
	.tracks = true,
	.is_final = channel_refuses,
	.body = body,
	.path = path,
	.headers = headers,
};
