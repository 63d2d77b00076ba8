/* SPDX-License-Identifier: Apache-2.0
 * baselines/spend.c - the daily total, projected each hour.
 */
#include "agent/baselines/spend.h"

#include <math.h>

#define DAYS_MIN       5
#define HALF_LIFE_DAYS 10.0
#define SD_FLOOR       0.10
#define SD_UNKNOWN     1e9
#define SD_KNOWN_FROM  3.0
#define WINSOR         2.0
#define ALERT_Z        1.5 /* of k: 3 sigma by default */
#define MIN_EFFECT     0.35
#define PROFILE_DAYS   7

void spend_init(struct spend *s)
{
	*s = (struct spend){ 0 };
	for (int h = 0; h < 24; h++)
		s->profile[h] = (h + 1) / 24.0;
}

static void tell(const struct spend *s, enum verdict_event event, int64_t at_s, struct verdict v, verdict_fn emit,
		 void *context)
{
	v.event = event;
	v.kind = VERDICT_SHIFT;
	v.metric = SPEND_METRIC;
	v.started_at_s = (uint64_t)s->alert_s;
	v.at_s = (uint64_t)at_s;
	v.direction = 1;
	emit(context, &v);
}

static void judge(struct spend *s, const struct rules *r, unsigned hour, int64_t end_s, verdict_fn emit, void *context)
{
	double sd = fmax(SD_FLOOR, sqrt(s->m2) * sqrt(1 + 3 / s->weight));
	double usual = exp(s->mu);
	double projected = s->total_usd + (1 - s->profile[hour]) * usual;
	double excess = log(projected) - s->mu;

	if (excess / sd <= ALERT_Z * r->k || excess <= MIN_EFFECT)
		return;
	s->alert_s = end_s;
	struct verdict v = {
		.value = projected,
		.baseline_mean = usual,
		.baseline_stddev = usual * expm1(sd),
		.deviation = excess / sd,
		.pooled_deviation = NAN,
		.ratio = projected / usual,
		.sample_size = NAN,
		.run = 1,
		.window_s = DAY_S,
	};
	tell(s, VERDICT_RAISED, end_s, v, emit, context);
}

static void learn_profile(struct spend *s)
{
	double gain = 1.0 / (s->profile_days + 1);

	if (s->profile_days < PROFILE_DAYS - 1)
		s->profile_days++;
	for (int h = 0; h < 24; h++)
		s->profile[h] += gain * (s->by_hour[h] / s->total_usd - s->profile[h]);
}

static void learn_level(struct spend *s, double y)
{
	double sd = s->weight >= SD_KNOWN_FROM ? fmax(SD_FLOOR, sqrt(s->m2)) : SD_UNKNOWN;

	if (s->weight == 0)
		s->mu = y;
	double residual = fmax(-WINSOR * sd, fmin(WINSOR * sd, y - s->mu));
	s->weight = s->weight * exp2(-1 / HALF_LIFE_DAYS) + 1;
	s->mu += residual / s->weight;
	s->m2 = s->weight > 1 ? s->m2 + (residual * residual - s->m2) / fmax(s->weight - 1, 1) : 0;
}

static void learn_day(struct spend *s)
{
	double y = log(s->total_usd);

	if (isnan(s->mu))
		s->mu = y; /* one day tells the new level; how much days differ is known already */
	else
		learn_level(s, y);
	learn_profile(s);
}

static void end_day(struct spend *s, int64_t end_s, verdict_fn emit, void *context)
{
	if (s->total_usd > 0 && !s->partial)
		learn_day(s);
	if (s->alert_s != 0)
		tell(s, VERDICT_RESOLVED, end_s, (struct verdict){ 0 }, emit, context);
	s->has_day = false;
	s->alert_s = 0;
	s->total_usd = 0;
	for (int h = 0; h < 24; h++)
		s->by_hour[h] = 0;
}

void spend_hour(struct spend *s, const struct rules *r, int64_t end_s, verdict_fn emit, void *context)
{
	unsigned hour = hour_of_day(r, end_s - 1);

	if (!s->has_day) {
		s->has_day = true;
		s->partial = hour > 0;
	}
	s->by_hour[hour] = s->total_usd;
	if (s->weight >= DAYS_MIN - 0.5 && !isnan(s->mu) && s->alert_s == 0 && s->total_usd > 0)
		judge(s, r, hour, end_s, emit, context);
	if (hour == 23)
		end_day(s, end_s, emit, context);
	s->dirty = true;
}

void spend_forget_level(struct spend *s)
{
	if (s->weight > 0)
		s->mu = NAN;
	s->partial = true;
	s->dirty = true;
}

bool spend_accept(struct spend *s, int64_t at_s, verdict_fn emit, void *context)
{
	if (s->alert_s == 0)
		return false;
	tell(s, VERDICT_ADOPTED, at_s, (struct verdict){ 0 }, emit, context);
	s->alert_s = 0;
	spend_forget_level(s);
	return true;
}
