/* SPDX-License-Identifier: Apache-2.0
 * canary/metric.h - what two versions are compared by: one row a metric, under the names that the baselines use.
 *
 * LOG: the mean of a logarithm, so differences are ratios of what a typical call has. RATE: the share of calls of which
 * something is true. MEAN: a plain mean. The last three have a name besides: of the score or the signal.
 */
#ifndef PLIMSOLL_CANARY_METRIC_H
#define PLIMSOLL_CANARY_METRIC_H

#include <stdbool.h>

enum canary_kind { CANARY_LOG, CANARY_RATE, CANARY_MEAN };

/* X(id, name, kind, which way is worse, tau, margin of the configuration). */
#define CANARY_METRIC_MAP(X)                                                      \
	X(COST, "cost", LOG, +1, 0.25, cost)                                      \
	X(LATENCY, "latency", LOG, +1, 0.25, latency)                             \
	X(TTFT, "ttft", LOG, +1, 0.25, ttft)                                      \
	X(OUTPUT_TOKENS, "output_tokens", LOG, +1, 0.25, output_tokens)           \
	X(ERROR_RATE, "error_rate", RATE, +1, 0.06, rate)                         \
	X(REFUSAL_RATE, "refusal_rate", RATE, +1, 0.06, rate)                     \
	X(INVALID_JSON_RATE, "invalid_json_rate", RATE, +1, 0.06, rate)           \
	X(SCHEMA_VIOLATION_RATE, "schema_violation_rate", RATE, +1, 0.06, rate)   \
	X(EMPTY_RATE, "empty_rate", RATE, +1, 0.06, rate)                         \
	X(TRUNCATED_RATE, "truncated_rate", RATE, +1, 0.06, rate)                 \
	X(EVAL_SCORE, "eval_score", MEAN, -1, 0.06, score)                        \
	X(FEEDBACK_NEGATIVE_RATE, "feedback_negative_rate", RATE, +1, 0.06, vote) \
	X(FEEDBACK_RATING, "feedback_rating", MEAN, -1, 0.2, rating)

enum canary_metric {
#define X(id, ...) CANARY_##id,
	CANARY_METRIC_MAP(X)
#undef X
	CANARY_METRIC_COUNT
};

#define CANARY_LOG_COUNT  CANARY_ERROR_RATE                         /* the first ones */
#define CANARY_RATE_COUNT (CANARY_EVAL_SCORE - CANARY_ERROR_RATE)   /* the next ones */

struct canary_metric_info {
	const char *name;
	enum canary_kind kind;
	int worse; /* +1: more of it, -1: less of it */
	double tau;
};

extern const struct canary_metric_info canary_metric_infos[CANARY_METRIC_COUNT];

#endif
