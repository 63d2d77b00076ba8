/* SPDX-License-Identifier: Apache-2.0
 * baselines/tail_latency.h - the 99th percentile of a duration, hour by hour, and when it is three times the usual one.
 *
 * The sketch is a histogram in steps of a tenth (DDSketch, Masson et al. 2019, with fixed bounds): 1 ms to 25 min within
 * 5 %, 600 bytes. A window closes at the end of an hour with requests enough for a percentile; two in a row must be high.
 */
#ifndef PLIMSOLL_BASELINES_TAIL_LATENCY_H
#define PLIMSOLL_BASELINES_TAIL_LATENCY_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/baselines/rules.h"
#include "agent/span/verdict.h"

#define TAIL_BINS 150

enum tail_of { TAIL_OF_LATENCY, TAIL_OF_TTFT, TAIL_COUNT };

extern const char *const tail_names[TAIL_COUNT]; /* "latency_p99", "ttft_p99" */

struct tail_latency {
	uint32_t bins[TAIL_BINS]; /* of the open window, which a day ends at the latest */
	uint32_t n;
	uint32_t learned; /* windows */
	uint32_t high;    /* windows in a row at three times the usual */
	int64_t open_s;   /* start of the open window; 0: none */
	int64_t alert_s;  /* since when it is told; 0: all is well */
	double mu;        /* decayed mean of the logarithm of the windows' percentile, in ms */
	double weight;
};

/* log_ms: natural logarithm of the duration in ms. */
void tail_latency_add(struct tail_latency *t, double log_ms, int64_t now_s);

/* The end of an hour. Emits verdicts without labels. */
void tail_latency_hour(struct tail_latency *t, enum tail_of of, int64_t end_s, verdict_fn emit, void *context);

/* Ends the alert as adopted, and learns anew. False where there is no alert. */
bool tail_latency_accept(struct tail_latency *t, enum tail_of of, int64_t at_s, verdict_fn emit, void *context);

#endif
