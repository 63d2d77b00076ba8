/* SPDX-License-Identifier: Apache-2.0
 * baselines/spend.h - what a feature spends on a model per day, and whether today is going to be too much.
 *
 * Each hour the day's total is projected: spent so far, and what a normal day spends in its remaining hours.
 */
#ifndef PLIMSOLL_BASELINES_SPEND_H
#define PLIMSOLL_BASELINES_SPEND_H

#include "agent/baselines/rules.h"
#include "agent/span/verdict.h"

#define SPEND_METRIC "spend_day"

struct spend {
	double total_usd;      /* of the day */
	double by_hour[24];    /* total at the end of each hour of it */
	double weight, mu, m2; /* decayed days; mean (NaN: to be learned anew) and variance of the logarithm of their totals */
	double profile[24];    /* share of a day's total that is spent by the end of each hour */
	uint32_t profile_days;
	bool has_day;    /* an hour of this day has ended */
	bool partial;    /* the day was not seen from its start */
	int64_t alert_s; /* when the alert of this day was raised; 0: none was */
	bool dirty;
};

void spend_init(struct spend *s);

/* The end of an hour (of the configured day). Emits what happened to the day's alert, without labels. */
void spend_hour(struct spend *s, const struct rules *r, int64_t end_s, verdict_fn emit, void *context);

/* From now on days cost something else: what is left of this one is not judged, and the next whole day is the level. */
void spend_forget_level(struct spend *s);

/* Ends the day's alert as adopted, and forgets the level. False where there is no alert. */
bool spend_accept(struct spend *s, int64_t at_s, verdict_fn emit, void *context);

#endif
