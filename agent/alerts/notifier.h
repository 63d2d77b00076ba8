/* SPDX-License-Identifier: Apache-2.0
 * alerts/notifier.h - notifications on their way to the channels: queued, tried, retried, counted.
 *
 * Each channel has a queue of at most NOTIFICATIONS_MAX, in order, and one attempt at a time, so that a receiver that
 * hangs holds up nobody else. Past that the oldest that waits is dropped. Only 2xx is success, 410 disables the
 * channel, anything else is tried again as its retry_on_failure says. At least once: what is not known to have been
 * delivered is sent again after a restart, under the same id.
 */
#ifndef PLIMSOLL_ALERTS_NOTIFIER_H
#define PLIMSOLL_ALERTS_NOTIFIER_H

#include "agent/alerts/alerts.h"
#include "agent/alerts/outlet.h"

struct notifier;

/* config is borrowed. why and errors as alerts_new. */
struct status notifier_new(const struct alerts_config *config, uv_loop_t *loop, struct http_client *http,
			   struct notifier **out, struct buf *why) MUST_USE;

/* Ends running attempts. NULL is allowed. The loop must turn once more. */
void notifier_free(struct notifier *n);

/* Queues the alert's present state for every channel that wants it. is_news: see outlet_tell. */
void notifier_tell(struct notifier *n, const struct telling *t, bool is_news);

/* Sends what fires again where a channel wants that and it is time: each hands the alerts to outlet_remind. */
typedef void (*notifier_each)(void *context, struct outlet *o);
void notifier_remind(struct notifier *n, uint64_t now_ms, notifier_each each, void *context);

/* The outlet of this name; NULL: none. names, if not NULL, then gets those that there are. */
struct outlet *notifier_outlet(struct notifier *n, struct slice name, struct buf *names);

/* What waits in from goes to the channel of the same name in to; the rest is dropped. */
void notifier_move(struct notifier *from, struct notifier *to);

/* Its part of alerts_save and alerts_load; keys begin with 'n'. */
void notifier_save(struct notifier *n, bool all, alerts_put put, void *context);
struct status notifier_load(struct notifier *n, struct slice key, struct slice value) MUST_USE;

/* As alerts_drain. n NULL: done is called at once. */
void notifier_drain(struct notifier *n, uint64_t deadline_ms, void (*done)(void *context), void *context);

#endif
