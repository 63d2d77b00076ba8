/* SPDX-License-Identifier: Apache-2.0
 * baselines/runaway_bar.c - a bar is written when it has moved by a percent, so that readers keep it in their caches.
 */
#include "agent/baselines/runaway_bar.h"

#include <math.h>

#define MOVED 0.01

void runaway_bars_set(struct runaway_bars *b, uint64_t cohort, double log_usd)
{
	size_t place = cohort % RUNAWAY_BAR_PLACES;
	uint64_t now = atomic_load_explicit(&b->places[place].bar, memory_order_relaxed);
	double moved = log_usd - b->places[place].log_usd;

	if (cohort == 0 || (now >> 32 == (uint32_t)cohort && (fabs(moved) < MOVED || isnan(moved))))
		return;
	float usd = (float)exp(log_usd);
	uint32_t bits;
	memcpy(&bits, &usd, sizeof(bits));
	b->places[place].log_usd = log_usd;
	atomic_store_explicit(&b->places[place].bar, (uint64_t)(uint32_t)cohort << 32 | bits, memory_order_relaxed);
}
