/* SPDX-License-Identifier: Apache-2.0
 * alerts/channel.h - what a kind of channel is: how an alert looks there, and what an attempt carries besides.
 *
 * One row per enum channel_type (config/config.h). The queue, the retries and the counts are the notifier's.
 */
#ifndef PLIMSOLL_ALERTS_CHANNEL_H
#define PLIMSOLL_ALERTS_CHANNEL_H

#include "agent/alerts/alert.h"
#include "agent/alerts/signature.h"
#include "agent/base/status.h"
#include "agent/config/config.h"

#define CHANNEL_ID_SIZE     40 /* of a notification */
#define CHANNEL_HEADERS_MAX 3

/* The headers of one attempt; values live here. */
struct channel_headers {
	struct string_pair items[CHANNEL_HEADERS_MAX];
	size_t count;
	char timestamp[24];
	char signature[SIGNATURE_SIZE];
};

struct channel_kind {
	const char *content_type;

	/* Identity of this event: the same over retries and restarts, so that the receiver can drop repeats. */
	void (*id)(const struct alert *a, char out[CHANNEL_ID_SIZE]);

	/* The request body for the alert's present state. */
	void (*body)(const struct alert *a, const char *runbook_url, struct buf *out);

	/* key: NULL where the channel has no signing secret. */
	struct status (*headers)(const struct signing_key *key, const char *id, struct slice body, uint64_t now_s,
				 struct channel_headers *out);
};

extern const struct channel_kind *const alert_channels[];

extern const struct channel_kind webhook_channel;

#endif
