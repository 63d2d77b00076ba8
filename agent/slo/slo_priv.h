/* SPDX-License-Identifier: Apache-2.0
 * slo/slo_priv.h - what tallying (slo.c), judging (burn.c) and keeping (slo_state.c) share.
 */
#ifndef PLIMSOLL_SLO_SLO_PRIV_H
#define PLIMSOLL_SLO_SLO_PRIV_H

#include "agent/base/deletions.h"
#include "agent/slo/rings.h"
#include "agent/slo/slo.h"

struct slo_labels {
	struct slice feature, model, prompt_version, context;
};

struct slo_group {
	const struct config_instance *slo;
	struct slo_labels labels; /* point into text */
	uint64_t good, bad;
	uint64_t burning_since_s; /* unix; 0: it does not burn */
	uint64_t hot_s;           /* when a rule last held */
	bool dirty;
	struct rings rings;
	char text[];
};

struct slo_tracker {
	const struct config_instances *slos;
	verdict_fn emit;
	void *context;
	uint64_t newest_s;           /* of all samples */
	uint64_t judged_minute;      /* the last minute of event time that was judged */
	uint64_t wall_s, arrived_s;  /* the clock, and where it stood when the newest sample came; 0 in a replay */
	size_t count;
	uint64_t hashes[SLO_GROUPS_MAX];
	struct slo_group *groups[SLO_GROUPS_MAX];
	struct deletions deleted; /* keys of dropped groups, eight bytes each */
};

static inline const struct slo_config *slo_options(const struct slo_group *g)
{
	return g->slo->options;
}

/* Of a group, by the id of its objective and its labels; its key in the store. */
uint64_t slo_group_id(struct slice slo, const struct slo_labels *labels);

/* The group, made where it is missing; NULL: no memory, or no room. */
struct slo_group *slo_group_get(struct slo_tracker *t, const struct config_instance *slo,
				const struct slo_labels *labels);
void slo_group_drop(struct slo_tracker *t, size_t at);

/* Puts times right that lie ahead of the clock: the calls of today are judged, and what burns is over when they are good.
 * Without a clock, any time is believed. */
void slo_group_believe(const struct slo_tracker *t, struct slo_group *g);

/* Nobody judges it any more: a verdict that it is over, where it burns. */
void slo_group_end(struct slo_tracker *t, struct slo_group *g, uint64_t now_s);

/* Judges every group as of now_s, and drops those that have been silent for the whole period. */
void slo_judge(struct slo_tracker *t, uint64_t now_s);

/* NaN without calls. */
double slo_burn(const struct slo_group *g, uint64_t now_s, uint64_t window_s);
double slo_budget_left(const struct slo_group *g, uint64_t now_s);

#endif
