/* SPDX-License-Identifier: Apache-2.0
 * alerts/channel.c - the list of channel kinds, and what they share.
 */
#include "agent/alerts/channel.h"

#include "agent/base/json.h"

const struct channel_kind *const alert_channels[CHANNEL_TYPE_COUNT] = {
	[CHANNEL_WEBHOOK] = &webhook_channel,     [CHANNEL_ALERTMANAGER] = &alertmanager_channel,
	[CHANNEL_SLACK] = &slack_channel,         [CHANNEL_PAGERDUTY] = &pagerduty_channel,
	[CHANNEL_OPSGENIE] = &opsgenie_channel,   [CHANNEL_TEAMS] = &teams_channel,
};

bool channel_refuses(unsigned code)
{
	return code / 100 == 3 || (code / 100 == 4 && code != 408 && code != 425 && code != 429);
}

void channel_header(struct channel_headers *h, const char *name, const char *value)
{
	h->items[h->count++] = (struct string_pair){ name, value };
}

void channel_write_cut(struct buf *out, struct slice text, size_t max)
{
	struct buf cut = BUF_INIT;

	if (text.len <= max) {
		json_write_string(out, text);
		return;
	}
	size_t n = max - 3;
	while (n > 0 && ((unsigned char)text.ptr[n] & 0xc0) == 0x80)
		n--;
	buf_slice(&cut, slice_head(text, n));
	buf_text(&cut, "...");
	json_write_string(out, buf_view(&cut));
	buf_release(&cut);
}
