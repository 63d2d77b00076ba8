/* SPDX-License-Identifier: Apache-2.0
 * baselines/rules.c - the three time scales, and thresholds from a budget of false alerts.
 */
#include "agent/baselines/rules.h"

#include <math.h>

const struct scale_info scale_infos[SCALE_COUNT] = {
	[SCALE_5M] = { 300, 1 * HOUR_S, 2 * DAY_S, 144, 3 },
	[SCALE_1H] = { HOUR_S, 6 * HOUR_S, 4 * DAY_S, 24, 2 },
	[SCALE_6H] = { 6 * HOUR_S, 48 * HOUR_S, 10 * DAY_S, 12, 1 },
};

/* By bisection: it runs three times in the life of a process, and the result is as exact as erfc. */
double normal_upper_quantile(double q)
{
	double low = 0.0, high = 40.0;

	for (double z = 20.0; z > low && z < high; z = (low + high) / 2) {
		if (0.5 * erfc(z / sqrt(2.0)) > q)
			low = z;
		else
			high = z;
	}
	return high;
}

/* Each scale may spend its share of the budget of one (metric, key) and week, by the number of its buckets in one. */
static double threshold(double sigma, double budget, int64_t width_s)
{
	double q = budget / SCALE_COUNT * (double)width_s / WEEK_S;

	return fmax(sigma, normal_upper_quantile(fmin(q, 0.5)) * sigma / 2.0);
}

void rules_spread_budget(struct rules *r, uint64_t series)
{
	double budget = r->budget;

	if (r->budget_of_all > 0 && series > 0)
		budget = fmin(budget, r->budget_of_all / (double)series);
	for (int i = 0; i < SCALE_COUNT; i++)
		r->threshold[i] = threshold(r->k, budget, scale_infos[i].width_s);
}

void rules_init(struct rules *r, const struct baselines_config *config)
{
	r->k = config->sigma;
	r->budget = config->false_alert_budget;
	r->budget_of_all = config->false_alerts_per_week;
	rules_spread_budget(r, 0);
	r->utc_offset_s = llround(config->utc_offset_hours * 4) * (HOUR_S / 4);
}

unsigned hour_of_day(const struct rules *r, int64_t unix_s)
{
	int64_t second = (unix_s + r->utc_offset_s) % DAY_S;

	return (unsigned)((second < 0 ? second + DAY_S : second) / HOUR_S);
}
