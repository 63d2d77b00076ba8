/* SPDX-License-Identifier: Apache-2.0
 * cases/bar.h - from which cost on a call may be among the most expensive of its feature.
 *
 * Set by the loop from what it keeps, read by receiving threads before they copy a text. Features share a place now and then:
 * the bar there is the lowest one, so that a call which is kept was never passed over. Nothing is set at first: all reach it.
 */
#ifndef PLIMSOLL_CASES_BAR_H
#define PLIMSOLL_CASES_BAR_H

#include <stdatomic.h>

#include "agent/base/slice.h"

#define CASE_BAR_PLACES 1024u

struct case_bar {
	_Atomic double cost_usd[CASE_BAR_PLACES];
};

size_t case_bar_place(struct slice feature);

/* Any thread. */
static inline bool case_bar_reached(const struct case_bar *b, struct slice feature, double cost_usd)
{
	return cost_usd > 0 &&
	       cost_usd > atomic_load_explicit(&b->cost_usd[case_bar_place(feature)], memory_order_relaxed);
}

#endif
