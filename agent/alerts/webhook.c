/* SPDX-License-Identifier: Apache-2.0
 * alerts/webhook.c - a POST of JSON as Standard Webhooks has it: `type`, `timestamp`, `data`, and three headers.
 */
#include <inttypes.h>
#include <stdio.h>

#include "agent/alerts/channel.h"
#include "agent/base/clock.h"

static void body(const struct channel_config *c, const struct telling *t, struct buf *out)
{
	const struct alert *a = t->alert;
	bool fires = a->state == ALERT_FIRING;
	char time[21];

	(void)c;
	clock_format_utc(fires ? a->verdict.started_at_s : a->ended_at_s, time);
	buf_printf(out, "{\"type\":\"alert.%s\",\"timestamp\":\"%s\",\"data\":", fires ? "firing" : "resolved", time);
	telling_json(t, out);
	buf_byte(out, '}');
}

static struct status headers(const struct channel_config *c, const struct signing_key *key, const char *id,
			     struct slice bytes, uint64_t now_s, struct channel_headers *out)
{
	(void)c;
	snprintf(out->timestamp, sizeof(out->timestamp), "%" PRIu64, now_s);
	channel_header(out, "webhook-id", id);
	channel_header(out, "webhook-timestamp", out->timestamp);
	if (key == NULL)
		return OK;
	TRY(signature_make(key, id, now_s, bytes, out->signature));
	channel_header(out, "webhook-signature", out->signature);
	return OK;
}

const struct channel_kind webhook_channel = {
	.name = "webhook",
	.content_type = "application/json",
	.body = body,
	.headers = headers,
};
