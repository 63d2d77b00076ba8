/* SPDX-License-Identifier: Apache-2.0
 * canary/canary_priv.h - what taking samples (canary.c) and keeping arms (canary_state.c) share.
 */
#ifndef PLIMSOLL_CANARY_CANARY_PRIV_H
#define PLIMSOLL_CANARY_CANARY_PRIV_H

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
	struct cohort_memo found; /* the arm of a cohort, or the canary itself: it has none */
	size_t count;
	struct arm *arms[CANARY_ARMS_MAX];
	struct buf deleted; /* keys, each behind a byte that is its length */
};

struct arm *canary_arm_find(const struct canary *c, uint64_t id);

/* As of unix_s, makes room where there is none. NULL: no memory, or no arm has been silent for so long that it would. */
struct arm *canary_arm_put(struct canary *c, struct slice feature, struct slice model, struct slice version,
			   uint64_t unix_s);

/* The stored hour of an arm is to be deleted. */
void canary_hour_gone(struct canary *c, uint64_t id, uint32_t hour);
void canary_arm_gone(struct canary *c, const struct arm *a);

#endif
