/* SPDX-License-Identifier: Apache-2.0
 * baselines/metric.h - what has a baseline: one row a metric.
 *
 * Three kinds cover them all: the mean of a logarithm (heavy-tailed positive values), the share of requests of which
 * something is true, and a plain mean. spend_day is not here: a sum per day is judged by its own rule (spend.h).
 */
#ifndef PLIMSOLL_BASELINES_METRIC_H
#define PLIMSOLL_BASELINES_METRIC_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/base/slice.h"

enum metric_kind { KIND_LOG, KIND_MEAN, KIND_RATE };

enum { DIRECTION_DOWN = -1, DIRECTION_BOTH = 0, DIRECTION_UP = 1 };

/* What is special about a metric; a set of bits. */
enum {
	METRIC_TAIL = 1,  /* the share of its parent's requests that lie far out; not judged at 5 minutes */
	METRIC_NAMED = 2, /* one series for each name of a score or signal */
	METRIC_RARE = 4,  /* no series until the first bad request; that one knows that there was none before */
	METRIC_EXTRA = 8, /* judged only where the configuration asks for it */
	METRIC_SLOW = 16, /* not judged at 5 minutes */
};

/* X(id, name, kind, bad direction, least effect worth an alert, floor of sigma, bits). The numbers of the enum are
 * stored on disk: append only. The first ten are the reference's. Rates are shares of all requests (error_rate,
 * rate_limited_rate, timeout_rate), of all votes or searches, else of requests that did not fail. */
#define METRIC_MAP(X)                                                                                      \
	X(COST, "cost", LOG, UP, 0.15, 0.03, 0)                                                            \
	X(LATENCY, "latency", LOG, UP, 0.15, 0.03, 0)                                                      \
	X(TTFT, "ttft", LOG, UP, 0.15, 0.03, 0)                                                            \
	X(TPOT, "tpot", LOG, UP, 0.15, 0.03, 0)                                                            \
	X(OUTPUT_TOKENS, "output_tokens", LOG, BOTH, 0.15, 0.03, 0)                                        \
	X(ERROR_RATE, "error_rate", RATE, UP, 0.01, 0.0, 0)                                                \
	X(REFUSAL_RATE, "refusal_rate", RATE, UP, 0.01, 0.0, 0)                                            \
	X(EVAL_SCORE, "eval_score", MEAN, DOWN, 0.03, 0.01, METRIC_NAMED)                                  \
	X(COST_TAIL, "cost_tail", RATE, UP, 0.03, 0.0, METRIC_TAIL | METRIC_SLOW)                          \
	X(LATENCY_TAIL, "latency_tail", RATE, UP, 0.03, 0.0, METRIC_TAIL | METRIC_SLOW)                    \
	X(REQUESTS, "requests", LOG, BOTH, 0.5, 0.1, METRIC_EXTRA | METRIC_SLOW)                           \
	X(INPUT_TOKENS, "input_tokens", LOG, BOTH, 0.15, 0.03, METRIC_EXTRA)                               \
	X(OUTPUT_SPEED, "output_tokens_per_second", LOG, DOWN, 0.15, 0.03, METRIC_EXTRA)                   \
	X(CACHE_HIT_SHARE, "cache_hit_share", MEAN, DOWN, 0.05, 0.02, METRIC_EXTRA)                        \
	X(RATE_LIMITED_RATE, "rate_limited_rate", RATE, UP, 0.01, 0.0, METRIC_RARE)                        \
	X(TIMEOUT_RATE, "timeout_rate", RATE, UP, 0.01, 0.0, METRIC_RARE)                                  \
	X(CONTENT_FILTER_RATE, "content_filter_rate", RATE, UP, 0.01, 0.0, METRIC_RARE)                    \
	X(TRUNCATED_RATE, "truncated_rate", RATE, UP, 0.01, 0.0, METRIC_RARE)                              \
	X(EMPTY_RATE, "empty_rate", RATE, UP, 0.01, 0.0, METRIC_RARE)                                      \
	X(INVALID_JSON_RATE, "invalid_json_rate", RATE, UP, 0.01, 0.0, METRIC_RARE)                        \
	X(SCHEMA_VIOLATION_RATE, "schema_violation_rate", RATE, UP, 0.01, 0.0, METRIC_RARE)                \
	X(UNPRICED_RATE, "unpriced_rate", RATE, UP, 0.05, 0.0, METRIC_RARE)                                \
	X(FEEDBACK_NEGATIVE_RATE, "feedback_negative_rate", RATE, UP, 0.03, 0.0, METRIC_NAMED)             \
	X(FEEDBACK_RATING, "feedback_rating", MEAN, DOWN, 0.1, 0.05, METRIC_NAMED)                         \
	X(CITATION_SHARE, "citation_share", MEAN, DOWN, 0.05, 0.02, 0)                                     \
	X(GROUNDEDNESS, "groundedness", MEAN, DOWN, 0.05, 0.02, 0)                                         \
	X(EMPTY_RETRIEVAL_RATE, "empty_retrieval_rate", RATE, UP, 0.02, 0.0, 0)                            \
	X(RETRIEVAL_SCORE, "retrieval_score", MEAN, DOWN, 0.03, 0.01, 0)

enum metric {
#define X(id, ...) METRIC_##id,
	METRIC_MAP(X)
#undef X
	METRIC_COUNT,
	METRIC_NONE = METRIC_COUNT
};

#define METRICS_ALL ((UINT64_C(1) << METRIC_COUNT) - 1)

struct metric_info {
	const char *name;
	enum metric_kind kind;
	int direction;
	double min_effect; /* log units, absolute change, or share */
	double floor;      /* least standard deviation between buckets that is believed */
	unsigned bits;
};

extern const struct metric_info metric_infos[METRIC_COUNT];

/* The share of far-out requests that belongs to this metric; METRIC_NONE for most. */
enum metric metric_tail_of(enum metric m);

static inline bool metric_is(enum metric m, unsigned bit)
{
	return (metric_infos[m].bits & bit) != 0;
}

/* The metric of this name; METRIC_NONE where there is none. */
enum metric metric_find(struct slice name);

#endif
