/* SPDX-License-Identifier: Apache-2.0
 * alerts/channel.c - the list of channel kinds.
 */
#include "agent/alerts/channel.h"

const struct channel_kind *const alert_channels[] = {
	[CHANNEL_WEBHOOK] = &webhook_channel,
};
