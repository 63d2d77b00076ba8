/* SPDX-License-Identifier: Apache-2.0
 * canary/canary_priv.h - what taking samples (canary.c), keeping arms (canary_state.c), trials (trial.c), choosing two
 * versions (choose.c) and telling of them (tell.c) share.
 */
#ifndef PLIMSOLL_CANARY_CANARY_PRIV_H
#define PLIMSOLL_CANARY_CANARY_PRIV_H

#include "agent/base/clock.h"
#include "agent/base/deletions.h"
#include "agent/base/meter.h"
#include "agent/canary/canary.h"
#include "agent/span/cohort.h"

struct canary {
	const struct canary_config *config;
	verdict_fn emit;
	void *context;
	uint64_t wall_s;   /* 0 in a replay */
	uint64_t newest_s; /* of all calls */
	uint64_t judged;   /* the last stretch of event time after which pairs were judged */
	uint64_t full_until_s; /* no arm makes room before then */
	struct meter *left_out;
	struct cohort_memo memo; /* the arm of a cohort, or why it has none */
	uint64_t looked_s; /* by the clock: when they were last */
	bool fresh;        /* samples came since */
	canary_finding_fn found;
	void *found_context;
	struct canary_trial trials[CANARY_TRIALS_MAX];
	size_t trial_count;
	struct buf trial_texts; /* what they point to */
	size_t count;
	struct arm *arms[CANARY_ARMS_MAX];
	struct deletions deleted; /* keys, each behind a byte that is its length */
};

/* A time of calls, or the clock's where that lies further ahead than a sender's clock may: such a time is damaged, or from
 * before the clock was set back, and every call of today would be too old beside it. Without a clock, any is believed. */
uint64_t canary_believed(const struct canary *c, uint64_t unix_s);

struct arm *canary_arm_find(const struct canary *c, uint64_t id);

/* As of unix_s, makes room where there is none. NULL: no memory, or no arm has been silent for so long that it would. */
struct arm *canary_arm_put(struct canary *c, const struct arm_labels *labels, uint64_t unix_s);

/* "name" of "name@version"; false for a call whose version is not told. */
bool canary_split_version(struct slice label, struct slice *name);
struct slice canary_name_of(const struct arm *a);

/* The trial that calls of this prompt and environment belong to. NULL: none. */
const struct canary_trial *canary_trial_of(const struct canary *c, struct slice name, struct slice environment);

/* Which of an arm's calls count for the pair. */
struct compare_window canary_window(const struct canary_trial *t);

/* Whether b's calls are those of the pair's newer version that were wished for. */
bool canary_is_compared(const struct canary *c, const struct canary_wish *wish, const struct canary_pair *pair,
			const struct arm *b);

/* Looks at all pairs: verdicts and findings. */
void canary_judge(struct canary *c);

/* The stored hour of an arm is to be deleted. */
void canary_hour_gone(struct canary *c, uint64_t id, uint32_t hour);
void canary_arm_gone(struct canary *c, const struct arm *a);

#endif
