/* SPDX-License-Identifier: Apache-2.0
 * daemon/judge.h - samples to baselines to alerts to notifications, and all of that kept in the store.
 *
 * Lives on the loop thread. Samples arrive from any thread through a bounded queue; one lock guards the baselines and
 * alerts, so that a scrape or the page can look at them from another thread.
 */
#ifndef PLIMSOLL_DAEMON_JUDGE_H
#define PLIMSOLL_DAEMON_JUDGE_H

#include <uv.h>

#include "agent/alerts/alerts.h"
#include "agent/baselines/detector.h"
#include "agent/budgets/budgets.h"
#include "agent/canary/trial.h"
#include "agent/config/config.h"
#include "agent/counting/counting.h"
#include "agent/enrich/model_watch.h"
#include "agent/daemon/audit.h"
#include "agent/daemon/evidence.h"
#include "agent/daemon/sample_chunk.h"
#include "agent/net/http_client.h"
#include "agent/observe/exposition.h"
#include "agent/store/store.h"

struct judge;
struct senders;
struct case_words;
struct case_bar;

/* Loads what the store holds, also into counting and models. audit, store, http, counting and models are borrowed. why:
 * what is wrong, to print. */
struct status judge_new(const struct config *config, uv_loop_t *loop, struct http_client *http, struct store *store,
			struct audit *audit, struct counting *counting, struct model_watch *models,
			struct judge **out, struct buf *why) MUST_USE;

/* named is called for each trace that a new alert names (is_runaway: as a request that ran away), on the loop thread, under
 * the judge's lock. Before the loop runs. */
void judge_watch(struct judge *j, void (*named)(void *context, const uint8_t trace_id[16], bool is_runaway), void *context);

/* told is called for each alert that fires or ends, on the loop thread, under the judge's lock. Before the loop runs. */
void judge_tell_alerts(struct judge *j, void (*told)(void *context, const struct alert *a), void *context);

/* A verdict that others came to. On the loop's thread. */
void judge_raise(struct judge *j, const struct verdict *v);

/* Where log records of alerts go if alerts.log_records says so. On the loop's thread, before any sample. */
void judge_log_to(struct judge *j, struct senders *senders);

/* Budgets whose thresholds become alerts. On the loop's thread, before it runs. */
void judge_budgets(struct judge *j, struct budgets *budgets);

/* Where the words of cases come from. On the loop's thread, before any sample. */
void judge_words(struct judge *j, struct case_words *words);

/* Which cost makes a call a case. Lives as long as the judge; any thread. */
const struct case_bar *judge_case_bar(const struct judge *j);

/* Which cost makes a call a runaway request; the same. */
const struct runaway_bars *judge_runaway_bars(const struct judge *j);

/* Takes the chunk over; context is the judge. Any thread. */
void judge_offer(void *context, struct sample_chunk *chunk);

/* Other channels, another sigma, other budgets. config is borrowed until the next reload; the change of the budgets that
 * judge_budgets told of is taken over. On failure the old ones stay, and the change is the caller's; why: which channel. */
struct budgets_change;
struct status judge_reload(struct judge *j, const struct config *config, struct budgets_change *budgets,
			   struct buf *why) MUST_USE;

/* Judges what is queued, saves everything, gives running notifications until deadline_ms, then calls done. */
void judge_drain(struct judge *j, uint64_t deadline_ms, void (*done)(void *context), void *context);

/* After the drain. Closes its handles: the loop must turn once more. */
void judge_free(struct judge *j);

/* The families plimsoll_baseline_* and plimsoll_alert_active; an observe_source. Any thread. */
void judge_render(void *context, struct exposition *x);

/* Looks at the baselines, or changes what does not raise or end an alert, under the lock. Any thread. */
void judge_with_detector(struct judge *j, void (*use)(void *context, struct detector *d), void *context);

/* Reads or changes alerts and baselines, with the judge's lock held. */
typedef void (*judge_work)(void *context, struct alerts *alerts, struct detector *detector);

/* Looks at them, from any thread; work changes nothing. */
void judge_look(struct judge *j, judge_work work, void *context);

/* Looks at the versions that are compared, under the lock. Any thread. */
struct canary;
void judge_look_versions(struct judge *j, void (*use)(void *context, const struct canary *c), void *context);

/* What is deployed where, for them; and who is told what they come to, on the loop's thread, under the lock. */
void judge_follow(struct judge *j, const struct canary_trial *trials, size_t count);
void judge_on_finding(struct judge *j, canary_finding_fn found, void *context);

/* explain adds to what an alert is told with, as evidence.h says. Before the loop runs. */
void judge_explain_with(struct judge *j, evidence_explain_fn explain, void *context);

/* The same of what was, day by day, and of its alerts. */
struct review;
void judge_look_back(struct judge *j, void (*use)(void *context, const struct review *r, const struct alerts *a),
		     void *context);

/* The same of the worst calls. */
struct cases;
void judge_look_cases(struct judge *j, void (*use)(void *context, const struct cases *c), void *context);

/* Has them changed on the loop's thread and waits for it. Any thread but the loop's. False: the loop is too busy. */
bool judge_change(struct judge *j, judge_work work, void *context) MUST_USE;

/* Waits until all that was changed or recorded before is on the disk, or it is known and logged that it cannot be: who is
 * told that it was done may rely on it. Any thread but the loop's. */
void judge_settle(struct judge *j);

/* alerts.runbook_url and all that, and baselines.sigma, as of the last reload. For judge_look and judge_change only. */
const struct alerts_config *judge_alerts_config(const struct judge *j);
double judge_sigma(const struct judge *j);

#endif
