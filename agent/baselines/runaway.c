/* SPDX-License-Identifier: Apache-2.0
 * baselines/runaway.c - a tracked quantile in one double, and a cool-down.
 */
#include "agent/baselines/runaway.h"

#include <math.h>

#define RATIO_MIN     5.0
#define OVER_QUANTILE 1.5
#define QUANTILE      0.999
#define REQUESTS_MIN  500
#define COOLDOWN_S    3600

bool runaway_is(const struct runaway *r, double y, double offset, double mu, double sd, double k)
{
	return r->seen > REQUESTS_MIN && y - offset > mu + k * sd && exp(y) >= RATIO_MIN * exp(mu) &&
	       y > r->quantile + log(OVER_QUANTILE);
}

bool runaway_tell(struct runaway *r, int64_t now_s)
{
	if (r->last_s != 0 && now_s - r->last_s < COOLDOWN_S) {
		r->count++;
		return false;
	}
	r->last_s = now_s;
	r->count = 1;
	return true;
}

void runaway_track(struct runaway *r, double y, double sd)
{
	if (r->seen < UINT32_MAX)
		r->seen++;
	if (r->seen == 1)
		r->quantile = y;
	double gain = sd * fmax(0.05, 30.0 / (r->seen + 30.0)) * 2.0;
	double above = y - r->quantile;
	r->quantile += above > 0 ? gain * QUANTILE * fmin(1.0, above / sd) : -gain * (1 - QUANTILE);
}
