/* SPDX-License-Identifier: Apache-2.0
 * baselines/runaway.h - single requests that cost many times what their key's requests cost.
 *
 * Told at once, at most once per key and hour. Five times the typical request alone would flag one in twenty of some
 * ordinary traffic, so the request must also be far beyond the key's own 99.9th percentile.
 */
#ifndef PLIMSOLL_BASELINES_RUNAWAY_H
#define PLIMSOLL_BASELINES_RUNAWAY_H

#include <stdbool.h>
#include <stdint.h>

struct runaway {
	double quantile; /* of the logarithm of the cost, tracked (Robbins and Monro 1951) */
	uint32_t seen;   /* requests tracked */
	uint32_t count;  /* runaways since last_s */
	int64_t last_s;  /* when one was told; 0: never */
};

/* A request whose cost has a larger logarithm than this runs away. mu, sd: of the key's baseline, less the season's offset.
 * Infinite while too few requests were tracked. */
double runaway_bar(const struct runaway *r, double offset, double mu, double sd, double k);

/* Counts a runaway request; true where it is to be told. */
bool runaway_tell(struct runaway *r, int64_t now_s);

/* Every request, runaway or not, after the test. */
void runaway_track(struct runaway *r, double y, double sd);

#endif
