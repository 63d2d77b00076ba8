/* SPDX-License-Identifier: Apache-2.0
 * canary/compare.h - two versions, metric by metric: the difference, how sure it is, and the verdict.
 *
 * Side by side: where both served in the same hours they are compared within each hour, and the hours are weighted by
 * how much they tell (n_a n_b / (n_a + n_b)). Drift that both went through cancels out. The variance comes from the
 * spread within hours, times how much more than that the hours disagree, where they do (calls that come in clusters).
 * Apart: else their means are compared, and the variance gains what days of the older version, five at least,
 * differ from each other. Drift between the two stays in the difference.
 *
 * Differences are in the metric's own scale (log, share, score); positive is worse, whatever the metric.
 */
#ifndef PLIMSOLL_CANARY_COMPARE_H
#define PLIMSOLL_CANARY_COMPARE_H

#include "agent/canary/arm.h"
#include "agent/config/config.h"

#define COMPARE_CALLS_MIN 50u /* of each version, before anything is said */

enum canary_verdict { CANARY_UNDECIDED, CANARY_WORSE, CANARY_EQUAL, CANARY_BETTER };

extern const char *const canary_verdict_names[];

struct difference {
	double n_a, n_b;         /* calls that were compared */
	double mean_a, mean_b;   /* over them, each version's own */
	double by, variance;     /* b - a, in the metric's scale */
	uint32_t hours;          /* in which both served */
	bool side_by_side, is_known; /* not known: too little to compare */
};

/* Which calls of two arms are compared. */
struct compare_window {
	uint64_t since_s;  /* unix: from then on; 0, or where the arms' trial began */
	bool older_before; /* where they did not serve side by side, the older one's of before stand for it */
};

/* slots: of a named metric in either arm, else anything. */
struct difference arm_difference(const struct arm *a, const struct arm *b, enum canary_metric m, unsigned slot_a,
				 unsigned slot_b, const struct compare_window *w);

struct canary_row {
	enum canary_metric metric;
	struct slice name; /* of the score or signal, else empty; borrowed from the arms */
	bool guarded;
	struct difference difference;
	double margin;     /* of practical equivalence, in the metric's scale */
	double half_width; /* of the always-valid interval around difference.by */
	enum canary_verdict verdict;
	double calls_needed; /* about so many more of both, where undecided; 0: not known */
};

#define COMPARE_ROWS_MAX (CANARY_EVAL_SCORE + 2 * ARM_NAMES)

struct canary_comparison {
	const struct arm *a, *b; /* the older and the newer version, of one feature, model and environment */
	struct compare_window window;
	struct canary_row rows[COMPARE_ROWS_MAX];
	size_t count;
	double alpha; /* of each row: the configured one, shared by the guarded rows */
	enum canary_verdict verdict; /* worse: a guarded row is; equal or better: all of them are */
};

/* Metrics of which neither version tells anything have no row. */
void canary_compare(const struct canary_config *config, const struct arm *a, const struct arm *b,
		    const struct compare_window *w, struct canary_comparison *out);

/* The verdict of several rows or comparisons, taken one by one: worse beats undecided beats better beats equal. */
enum canary_verdict canary_verdict_join(enum canary_verdict all, enum canary_verdict one);

#endif
