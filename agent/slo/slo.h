/* SPDX-License-Identifier: Apache-2.0
 * slo/slo.h - service level objectives: counted calls in, a verdict when an error budget burns too fast.
 *
 * In:     one struct sample a counted call; objectives of the configuration
 * Out:    a VERDICT_SLO_BURN when both windows of a rule burn faster than the rule allows, and when it is over
 * Owns:   tallies by objective and group (what `by` tells apart), at most SLO_GROUPS_MAX; what is beyond shares one
 *         group an objective, called `other`
 * Time:   event time, as in baselines/detector.h. The loop's thread.
 *
 * Burn rate = share of bad calls / share that the objective allows; 1 uses up the budget exactly within its period. A
 * rule looks at a long window, so that it is true, and at a short one, so that it is over soon after its cause is.
 * Source of the windows and budgets: Google, The Site Reliability Workbook, chapter 5.
 */
#ifndef PLIMSOLL_SLO_SLO_H
#define PLIMSOLL_SLO_SLO_H

#include "agent/base/buf.h"
#include "agent/base/status.h"
#include "agent/config/config.h"
#include "agent/span/sample.h"
#include "agent/span/verdict.h"

#define SLO_GROUPS_MAX 512

/* A rule fires when this share of the period's budget would be gone at the end of the long window. */
#define SLO_RULE_MAP(X)                     \
	X(HOUR, 3600, 300, 0.02)            \
	X(SIX_HOURS, 21600, 1800, 0.05)     \
	X(THREE_DAYS, 259200, 21600, 0.10)

enum slo_rule {
#define X(id, long_s, short_s, budget) SLO_##id,
	SLO_RULE_MAP(X)
#undef X
	SLO_RULE_COUNT
};

struct slo_tracker;

/* config is borrowed until the next reload. emit is called from within add, advance and reload. NULL without memory. */
struct slo_tracker *slo_new(const struct config *config, verdict_fn emit, void *context);
void slo_free(struct slo_tracker *t);

/* Objectives that keep their id keep their tallies; a changed threshold holds for calls to come. One that is there no more
 * burns no more. */
void slo_reload(struct slo_tracker *t, const struct config *config);

/* Takes one sample; those that are no calls are passed over. Allocates only for a group not seen before. */
void slo_add(struct slo_tracker *t, const struct sample *s);

/* The clock of a live agent, before anything is loaded and then about once a second: times that lie ahead of it are not
 * believed, of calls and of what is stored, and windows go on while nothing comes. A replay does not call it. */
void slo_advance(struct slo_tracker *t, uint64_t unix_s);

/* One group. Labels that the objective does not tell apart are empty. */
struct slo_view {
	const char *slo, *metric;
	struct slice feature, model, prompt_version, context;
	double objective;
	uint64_t good, bad;           /* since the group was first seen, over restarts too */
	double budget_left;           /* share of the period's error budget, negative where it is overdrawn; NaN: no calls */
	double burn[SLO_RULE_COUNT];  /* of each rule's long window; NaN: no calls in it */
	bool is_burning;
};
void slo_visit(const struct slo_tracker *t, void (*visit)(void *context, const struct slo_view *v), void *context);

extern const uint32_t slo_long_windows_s[SLO_RULE_COUNT];

/* Hands over what changed since the last call (all: everything); a value without ptr: the key is to be deleted. */
typedef void (*slo_put)(void *context, struct slice key, struct slice value);
void slo_save(struct slo_tracker *t, bool all, slo_put put, void *context);

/* Loads one pair, before any sample. What belongs to no objective any more is passed over.
 * Errors: CORRUPT, left out; NOMEM. */
struct status slo_load(struct slo_tracker *t, struct slice key, struct slice value) MUST_USE;

#endif
