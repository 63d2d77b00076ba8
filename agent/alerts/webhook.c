/* SPDX-License-Identifier: Apache-2.0
 * alerts/webhook.c - a POST of JSON as Standard Webhooks has it: `type`, `timestamp`, `data`, and three headers.
 */
#include <inttypes.h>
#include <stdio.h>

#include "agent/alerts/channel.h"
#include "agent/base/clock.h"
#include "agent/base/json.h"

static const char *event_of(const struct alert *a)
{
	return a->state == ALERT_FIRING ? "firing" : "resolved";
}

/* Neither id nor timestamp may hold a dot: it separates them in what is signed. */
static void id(const struct alert *a, char out[CHANNEL_ID_SIZE])
{
	snprintf(out, CHANNEL_ID_SIZE, "alert_%s_%s", a->id, event_of(a));
}

static void body(const struct alert *a, const char *runbook_url, struct buf *out)
{
	char time[21];

	clock_format_utc(a->state == ALERT_FIRING ? a->verdict.started_at_s : a->ended_at_s, time);
	buf_printf(out, "{\"type\":\"alert.%s\",\"timestamp\":\"%s\",\"data\":", event_of(a), time);
	alert_json(a, runbook_url, out);
	buf_byte(out, '}');
}

static void add(struct channel_headers *h, const char *name, const char *value)
{
	h->items[h->count++] = (struct string_pair){ name, value };
}

static struct status headers(const struct signing_key *key, const char *event_id, struct slice bytes, uint64_t now_s,
			     struct channel_headers *out)
{
	out->count = 0;
	snprintf(out->timestamp, sizeof(out->timestamp), "%" PRIu64, now_s);
	add(out, "webhook-id", event_id);
	add(out, "webhook-timestamp", out->timestamp);
	if (key == NULL)
		return OK;
	TRY(signature_make(key, event_id, now_s, bytes, out->signature));
	add(out, "webhook-signature", out->signature);
	return OK;
}

const struct channel_kind webhook_channel = {
	.content_type = "application/json",
	.id = id,
	.body = body,
	.headers = headers,
};
