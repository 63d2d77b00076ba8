/* SPDX-License-Identifier: Apache-2.0
 * alerts/channel.h - what a kind of channel is: how an alert looks there, and what an attempt carries besides.
 *
 * One row per enum channel_type (config/config.h). The queue, the retries and the counts are the notifier's.
 */
#ifndef PLIMSOLL_ALERTS_CHANNEL_H
#define PLIMSOLL_ALERTS_CHANNEL_H

#include "agent/alerts/signature.h"
#include "agent/alerts/telling.h"
#include "agent/base/status.h"

#define CHANNEL_ID_SIZE     TELLING_ID_SIZE /* of a notification */
#define CHANNEL_HEADERS_MAX 3

/* The headers of one attempt; values live here. */
struct channel_headers {
	struct string_pair items[CHANNEL_HEADERS_MAX];
	size_t count;
	char timestamp[24];
	char signature[SIGNATURE_SIZE];
	struct buf authorization;
};

struct channel_kind {
	const char *name, *content_type;
	bool tracks; /* keeps alerts open until told of their end: is told of it also where that is no news */

	/* Whether an answer other than 2xx will be the same next time. NULL: none is. */
	bool (*is_final)(unsigned code);

	/* The request body for the alert's present state. */
	void (*body)(const struct channel_config *c, const struct telling *t, struct buf *out);

	/* One element of a body that is a JSON array, sent again and again while alerts fire. NULL: nothing is. */
	void (*resend)(const struct channel_config *c, const struct telling *t, struct buf *out);

	/* What is put behind the channel's URL. NULL: nothing. */
	void (*path)(const struct telling *t, struct buf *out);

	/* NULL: none beside the configured. key: NULL where the channel has no signing secret. */
	struct status (*headers)(const struct channel_config *c, const struct signing_key *key, const char *id,
				 struct slice body, uint64_t now_s, struct channel_headers *out);
};

extern const struct channel_kind *const alert_channels[CHANNEL_TYPE_COUNT];

extern const struct channel_kind webhook_channel, alertmanager_channel, slack_channel, pagerduty_channel,
	opsgenie_channel, teams_channel;

/* Most receivers: 4xx will not change, but for 408, 425 and 429; nor does a redirect, which is not followed. */
bool channel_refuses(unsigned code);

void channel_header(struct channel_headers *h, const char *name, const char *value);

/* Text as a JSON string of at most max bytes, cut between characters, "..." where it was. */
void channel_write_cut(struct buf *out, struct slice text, size_t max);

#endif
