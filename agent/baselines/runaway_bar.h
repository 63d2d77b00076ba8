/* SPDX-License-Identifier: Apache-2.0
 * baselines/runaway_bar.h - above which cost a request runs away, for those who must say so before the baselines see it.
 *
 * Set by the detector with each request of a cohort (span/cohort.h), read by receiving threads, which mark the span. A
 * cohort has no bar before the detector has seen one of its requests, or where another one has its place: then none of its
 * requests is marked.
 */
#ifndef PLIMSOLL_BASELINES_RUNAWAY_BAR_H
#define PLIMSOLL_BASELINES_RUNAWAY_BAR_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define RUNAWAY_BAR_PLACES 1024u /* a power of two */

/* Begins as zeros. */
struct runaway_bars {
	struct {
		_Atomic uint64_t bar; /* low half of the cohort's number, then the bits of a float: USD */
		double log_usd;       /* the detector's, to see whether the bar has moved */
	} places[RUNAWAY_BAR_PLACES];
};

/* On the detector's thread. cohort 0: none. log_usd: infinite where nothing can run away yet. */
void runaway_bars_set(struct runaway_bars *b, uint64_t cohort, double log_usd);

/* Any thread. */
static inline bool runaway_bars_passed(const struct runaway_bars *b, uint64_t cohort, double cost_usd)
{
	uint64_t bar = atomic_load_explicit(&b->places[cohort % RUNAWAY_BAR_PLACES].bar, memory_order_relaxed);
	uint32_t bits = (uint32_t)bar;
	float usd;

	memcpy(&usd, &bits, sizeof(usd));
	return bar >> 32 == (uint32_t)cohort && usd > 0 && cost_usd > (double)usd;
}

#endif
