/* SPDX-License-Identifier: Apache-2.0
 * daemon/learners.h - everyone who learns from samples.
 *
 * The agent's loop (judge.c), a replay and the benchmark feed them alike. They are borrowed; one thread at a time.
 */
#ifndef PLIMSOLL_DAEMON_LEARNERS_H
#define PLIMSOLL_DAEMON_LEARNERS_H

#include "agent/alerts/movement.h"
#include "agent/baselines/detector.h"
#include "agent/canary/canary.h"
#include "agent/cases/cases.h"
#include "agent/review/review.h"
#include "agent/slo/slo.h"

struct learners {
	struct detector *detector; /* NULL: there are no baselines */
	struct slo_tracker *slos;
	struct canary *canary;
	struct review *review;
	struct cases *cases;
	struct movement *movement;
};

/* Fills in what several of them want to know of the sample. latest_unix_ms: a later sample is of a day to come, which
 * review and cases do not believe. */
void learners_take(const struct learners *l, struct sample *s, uint64_t latest_unix_ms);

#endif
