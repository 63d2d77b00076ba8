/* SPDX-License-Identifier: Apache-2.0
 * baselines/metric.c - the rows of metric.h.
 */
#include "agent/baselines/metric.h"

const struct metric_info metric_infos[METRIC_COUNT] = {
#define X(id, name, kind, direction, effect, floor, bits) { name, KIND_##kind, DIRECTION_##direction, effect, floor, bits },
	METRIC_MAP(X)
#undef X
};

enum metric metric_tail_of(enum metric m)
{
	return m == METRIC_COST ? METRIC_COST_TAIL : m == METRIC_TPOT ? METRIC_LATENCY_TAIL : METRIC_NONE;
}

enum metric metric_find(struct slice name)
{
	int m = 0;

	while (m < METRIC_COUNT && !slice_equal(name, slice_of(metric_infos[m].name)))
		m++;
	return (enum metric)m;
}
