/* SPDX-License-Identifier: Apache-2.0
 * alerts/alerts.h - verdicts become alerts: raised once, told once, ended once, remembered over a restart.
 *
 * In:     verdicts of the baselines
 * Out:    a call of on_change and a notification to every channel when an alert fires, and when it has ended
 * Rules:  alerts of one key that start within an hour are one incident. An alert that comes back soon after it ended is
 *         the same alert and is not told again. Notices (runaway, canary) end by themselves after a while, and nobody
 *         is told that they did; so does an alert whose series has fallen silent.
 * Owns:   the last ALERTS_MAX alerts, and notifications on their way
 * Thread: the loop's. What alerts_visit reads changes only in alerts_verdict, alerts_advance and alerts_load.
 */
#ifndef PLIMSOLL_ALERTS_ALERTS_H
#define PLIMSOLL_ALERTS_ALERTS_H

#include <uv.h>

#include "agent/alerts/alert.h"
#include "agent/base/status.h"
#include "agent/config/config.h"
#include "agent/net/http_client.h"

#define ALERTS_MAX 1024 /* beyond it the oldest that has ended is forgotten, or the oldest */

struct alerts;

typedef void (*alert_fn)(void *context, const struct alert *a);

/* config is borrowed. loop and http NULL: no notifications, as in a replay. why: what is wrong with a channel, named.
 * Errors: INVALID, a signing secret that is none; NOMEM. */
struct status alerts_new(const struct alerts_config *config, uv_loop_t *loop, struct http_client *http,
			 struct alerts **out, struct buf *why) MUST_USE;

/* Stops attempts without waiting; undelivered notifications are in what was saved. The loop must turn once more. */
void alerts_free(struct alerts *a);

/* A changed configuration: other channels, another runbook_url. Waiting notifications go on where their channel still
 * exists; a channel that a receiver disabled is tried again. On failure nothing has changed. Errors as alerts_new. */
struct status alerts_reload(struct alerts *a, const struct alerts_config *config, struct buf *why) MUST_USE;

/* Called whenever an alert fires (again) or ends. */
void alerts_on_change(struct alerts *a, alert_fn on_change, void *context);

void alerts_verdict(struct alerts *a, const struct verdict *v);

/* Event time has come to unix_s: ends what has had its time. alerts_verdict does the same for its own time. */
void alerts_advance(struct alerts *a, uint64_t unix_s);

/* Oldest first; all of them, or those that fire. */
void alerts_visit(const struct alerts *a, bool firing_only, alert_fn visit, void *context);

/* Hands over what changed since the last call (all: everything) as key and value; a value without ptr: the key is to
 * be deleted. If the write fails, save all the next time. */
typedef void (*alerts_put)(void *context, struct slice key, struct slice value);
void alerts_save(struct alerts *a, bool all, alerts_put put, void *context);

/* Loads one pair, before any verdict. Undelivered notifications are sent. Errors: CORRUPT, left out; NOMEM. */
struct status alerts_load(struct alerts *a, struct slice key, struct slice value) MUST_USE;

/* Gives attempts until deadline_ms from now, starts no retry, then calls done, later, on the loop. What was not
 * delivered stays in what alerts_save hands over. */
void alerts_drain(struct alerts *a, uint64_t deadline_ms, void (*done)(void *context), void *context);

#endif
