/* SPDX-License-Identifier: Apache-2.0
 * alerts/alerts.h - verdicts become alerts: raised once, told once, ended once, remembered over a restart.
 *
 * In:     verdicts of the baselines
 * Out:    a call of on_change when an alert fires, and when it has ended; notifications to the channels, at the next
 *         alerts_settle
 * Rules:  alerts of one group, or of one key that start within an hour, are one incident: people are told of the one
 *         that says most, with the others listed, and of the end when all have ended. An alert that comes back soon
 *         after it ended is the same alert and is not told again. Notices (runaway, canary) end by themselves after a
 *         while, and only channels that keep alerts open are told; so does an alert whose series has fallen silent.
 *         Nobody is told of what is silenced, on probation, hidden by another alert, or fires too often.
 * Owns:   the last ALERTS_MAX alerts, and notifications on their way
 * Thread: the loop's. What alerts_visit reads changes only in alerts_verdict, alerts_advance, alerts_end_orphans and
 *         alerts_load.
 */
#ifndef PLIMSOLL_ALERTS_ALERTS_H
#define PLIMSOLL_ALERTS_ALERTS_H

#include <uv.h>

#include "agent/alerts/alert.h"
#include "agent/alerts/silence.h"
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

/* Asked once for each new alert, before anybody hears of it: what explains it, as members of a JSON object and as a
 * sentence. */
typedef void (*alert_explain)(void *context, const struct alert *a, struct buf *evidence, struct buf *cause);
void alerts_on_explain(struct alerts *a, alert_explain explain, void *context);

/* Called whenever an alert fires (again) or ends. */
void alerts_on_change(struct alerts *a, alert_fn on_change, void *context);

void alerts_verdict(struct alerts *a, const struct verdict *v);

/* Event time has come to unix_s: ends what has had its time. alerts_verdict does the same for its own time. */
void alerts_advance(struct alerts *a, uint64_t unix_s);

/* Ends what fires and is_judged denies: what was taken out of the configuration, while the agent was down too. */
void alerts_end_orphans(struct alerts *a, bool (*is_judged)(const void *context, const struct alert *alert),
			const void *context, uint64_t unix_s);

/* Oldest first; all of them, or those that fire. */
void alerts_visit(const struct alerts *a, bool firing_only, alert_fn visit, void *context);

/* Tells what is to be told now: what fires or ended since, whose silence is over, what is due again. About once a
 * second, by the clock. */
void alerts_settle(struct alerts *a);

/* The alert of this id as telling_json writes it; false where there is none. */
bool alerts_show(const struct alerts *a, struct slice id, struct buf *out);

/* Silences: begun, ended early, listed as a JSON array of silence_json. out: the new one. Errors: as of silence.h. */
struct silence_wish {
	struct slice matchers, by, comment;
	uint64_t duration_s;
};
struct status alerts_silence(struct alerts *a, const struct silence_wish *wish, struct buf *out) MUST_USE;
struct status alerts_unsilence(struct alerts *a, struct slice id) MUST_USE;
void alerts_silences_json(const struct alerts *a, struct buf *out);

/* Sends a test to the channel of this name. names: where there is none, those that there are. Errors: NOTFOUND; as of
 * channel_tests_start. */
struct status alerts_test_channel(struct alerts *a, struct slice channel, bool resolved, unsigned *number,
				  struct buf *names) MUST_USE;

/* What came of it, as channel_tests_json; false where the test is not known. */
bool alerts_channel_test_json(struct alerts *a, unsigned number, struct buf *out);

/* Hands over what changed since the last call (all: everything) as key and value; a value without ptr: the key is to
 * be deleted. If the write fails, save all the next time. */
typedef void (*alerts_put)(void *context, struct slice key, struct slice value);
void alerts_save(struct alerts *a, bool all, alerts_put put, void *context);

/* Whether an alert fired, ended or was told, or a silence began or was ended, since the last alerts_save: better saved
 * soon. */
bool alerts_unsaved(const struct alerts *a);

/* Loads one pair, before any verdict. Undelivered notifications are sent. Errors: CORRUPT, left out; NOMEM. */
struct status alerts_load(struct alerts *a, struct slice key, struct slice value) MUST_USE;

/* After a last alerts_settle. Gives attempts until deadline_ms from now, starts no retry, then calls done, later, on
 * the loop. What was not delivered stays in what alerts_save hands over. */
void alerts_drain(struct alerts *a, uint64_t deadline_ms, void (*done)(void *context), void *context);

#endif
