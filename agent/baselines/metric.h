/* SPDX-License-Identifier: Apache-2.0
 * baselines/metric.h - what has a baseline: one row a metric.
 *
 * Three kinds cover them all: the mean of a logarithm (heavy-tailed positive values), the share of requests of which
 * something is true, and a plain mean. spend_day is not here: a sum per day is judged by its own rule (spend.h).
 */
#ifndef PLIMSOLL_BASELINES_METRIC_H
#define PLIMSOLL_BASELINES_METRIC_H

#include <stdbool.h>

enum metric_kind { KIND_LOG, KIND_MEAN, KIND_RATE };

enum { DIRECTION_DOWN = -1, DIRECTION_BOTH = 0, DIRECTION_UP = 1 };

/* X(id, name, kind, bad direction, least effect worth an alert, floor of sigma). The numbers of the enum are stored on
 * disk: append only. A tail is the share of its parent's requests that lie far out. */
#define METRIC_MAP(X)                                                   \
	X(COST, "cost", LOG, UP, 0.15, 0.03)                            \
	X(LATENCY, "latency", LOG, UP, 0.15, 0.03)                      \
	X(TTFT, "ttft", LOG, UP, 0.15, 0.03)                            \
	X(TPOT, "tpot", LOG, UP, 0.15, 0.03)                            \
	X(OUTPUT_TOKENS, "output_tokens", LOG, BOTH, 0.15, 0.03)        \
	X(ERROR_RATE, "error_rate", RATE, UP, 0.01, 0.0)                \
	X(REFUSAL_RATE, "refusal_rate", RATE, UP, 0.01, 0.0)            \
	X(EVAL_SCORE, "eval_score", MEAN, DOWN, 0.03, 0.01)             \
	X(COST_TAIL, "cost_tail", RATE, UP, 0.03, 0.0)                  \
	X(LATENCY_TAIL, "latency_tail", RATE, UP, 0.03, 0.0)

enum metric {
#define X(id, ...) METRIC_##id,
	METRIC_MAP(X)
#undef X
	METRIC_COUNT,
	METRIC_NONE = METRIC_COUNT
};

struct metric_info {
	const char *name;
	enum metric_kind kind;
	int direction;
	double min_effect; /* log units, absolute change, or share */
	double floor;      /* least standard deviation between buckets that is believed */
	bool is_tail;
};

extern const struct metric_info metric_infos[METRIC_COUNT];

/* The share of far-out requests that belongs to this metric; METRIC_NONE for most. */
enum metric metric_tail_of(enum metric m);

#endif
