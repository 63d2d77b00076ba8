/* SPDX-License-Identifier: Apache-2.0
 * daemon/pending.c - the rule of a breach (facts: a bucket beyond k sigma), applied to where a series stands.
 */
#include "agent/daemon/pending.h"

#include <math.h>
#include <string.h>

#define LEARNED_HOURS_MIN 24 /* before that an hour is not judged */

static int bad_direction(const char *metric)
{
	for (int i = 0; i < METRIC_COUNT; i++)
		if (strcmp(metric_infos[i].name, metric) == 0)
			return metric_infos[i].direction;
	return DIRECTION_UP;
}

bool standing_is_pending(const struct standing_view *v, double sigma)
{
	int direction = bad_direction(v->metric);
	double z = direction == DIRECTION_BOTH ? fabs(v->deviation) : direction * v->deviation;

	return !v->firing && v->learned_hours >= LEARNED_HOURS_MIN && z >= sigma;
}
