/* SPDX-License-Identifier: Apache-2.0
 * daemon/state.h - baselines, alerts and what was counted to the store and back, always in one transaction.
 */
#ifndef PLIMSOLL_DAEMON_STATE_H
#define PLIMSOLL_DAEMON_STATE_H

#include <stdatomic.h>

#include "agent/alerts/alerts.h"
#include "agent/alerts/movement.h"
#include "agent/baselines/detector.h"
#include "agent/canary/canary.h"
#include "agent/cases/cases.h"
#include "agent/counting/counting.h"
#include "agent/enrich/model_watch.h"
#include "agent/review/review.h"
#include "agent/slo/slo.h"
#include "agent/store/store.h"

/* Whoever makes one names the stages; all are borrowed. */
struct state {
	struct store *store;
	struct detector *detector;
	struct alerts *alerts;
	struct movement *movement;
	struct counting *counting;
	struct model_watch *models;
	struct slo_tracker *slos;
	struct canary *canary;
	struct review *review;
	struct cases *cases;
	_Atomic bool is_incomplete; /* a write failed: the next one must hold everything */
	_Atomic bool is_under_way;  /* a save whose end is not known yet */
};

/* Loads into a new detector, new alerts and a new table. What is damaged is left out and logged: its baseline starts anew.
 * Errors: IO, the store cannot be read. */
struct status state_load(struct state *s) MUST_USE;

/* Queues what changed since the last save. A failure is logged, and made good by the next save, which therefore waits for
 * the end of this one: while that is not known nothing is done, and false says so. Call from the thread that owns detector
 * and alerts. */
bool state_save(struct state *s);

#endif
