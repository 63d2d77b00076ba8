/* SPDX-License-Identifier: Apache-2.0
 * baselines/rules.h - what the configuration says about judging, in the form in which it is used.
 */
#ifndef PLIMSOLL_BASELINES_RULES_H
#define PLIMSOLL_BASELINES_RULES_H

#include <stdint.h>

#include "agent/config/config.h"

#define BUCKET_S    300
#define HOUR_S      3600
#define DAY_S       86400
#define WEEK_S      604800
#define SCALE_COUNT 3

/* One time scale: judged by buckets of width_s, each held open up to max_hold_s until it has enough requests. */
struct scale_info {
	int64_t width_s, max_hold_s;
	double half_life_s;
	uint32_t warm_up; /* buckets learned before one is judged */
	uint32_t min_run; /* buckets that must agree */
};

enum { SCALE_5M, SCALE_1H, SCALE_6H };
extern const struct scale_info scale_infos[SCALE_COUNT];

struct rules {
	double k;                      /* sigmas */
	double threshold[SCALE_COUNT]; /* pooled deviation that raises an alert */
	int64_t utc_offset_s;          /* multiple of 15 minutes */
	double budget;                 /* false alerts per series and week, at most */
	double budget_of_all;          /* false alerts per week, all series together; 0: no such limit */
};

void rules_init(struct rules *r, const struct baselines_config *config);

/* Thresholds for so many series: each has its own budget, or its share of that of all where this is less. */
void rules_spread_budget(struct rules *r, uint64_t series);

/* z with P(Z > z) = q under the standard normal distribution, 0 < q <= 0.5. */
double normal_upper_quantile(double q);

/* Hour of the configured day, 0..23. */
unsigned hour_of_day(const struct rules *r, int64_t unix_s);

#endif
