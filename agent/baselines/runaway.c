/* SPDX-License-Identifier: Apache-2.0
 * baselines/runaway.c - a tracked quantile in one double, and a cool-down.
 */
#include "agent/baselines/runaway.h"

#include <math.h>

#define LOG_RATIO_MIN     1.6094379124341003 /* ln 5 */
#define LOG_OVER_QUANTILE 0.4054651081081644 /* ln 1.5 */
#define QUANTILE          0.999
#define REQUESTS_MIN      500
#define COOLDOWN_S        3600

double runaway_bar(const struct runaway *r, double offset, double mu, double sd, double k)
{
	if (r->seen <= REQUESTS_MIN)
		return INFINITY;
	return fmax(offset + mu + k * sd, fmax(LOG_RATIO_MIN + mu, LOG_OVER_QUANTILE + r->quantile));
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
