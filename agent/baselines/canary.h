/* SPDX-License-Identifier: Apache-2.0
 * baselines/canary.h - a new prompt version against the incumbent: one metric of it, tested every hour.
 *
 * The bound is always valid (normal mixture, mSPRT), so that looking every hour is the intended use; its variance
 * comes from the incumbent's 6 h scale, because what makes days differ lasts for hours.
 */
#ifndef PLIMSOLL_BASELINES_CANARY_H
#define PLIMSOLL_BASELINES_CANARY_H

#include "agent/baselines/series.h"

struct canary {
	double n, sum;
	bool done; /* one alert per metric and version */
};

/* True where the new version differs: then *v is the verdict without labels, and the canary is done.
 * old: the incumbent's series, NULL where it has none. since_s: when the first of its requests was
 * counted. */
bool canary_test(struct canary *c, enum metric m, const struct series *old, int64_t since_s, int64_t now_s,
		 struct verdict *v);

#endif
