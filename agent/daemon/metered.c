/* SPDX-License-Identifier: Apache-2.0
 * daemon/metered.c - from a data point's view, through the dialects, to what the tally adds up.
 */
#include "agent/daemon/metered.h"

#include <string.h>

#include "agent/base/hash.h"
#include "agent/dialects/points.h"

#define TEMPORALITY_CUMULATIVE 2u
#define FIRST_WITH_SUM         9u /* histograms; numbers are gauges and sums before it */

static uint64_t hash_value(const struct any_value *v)
{
	switch (v->kind) {
	case ANY_NONE:
		return 0;
	case ANY_BOOL:
		return 1 + (uint64_t)v->boolean;
	case ANY_INT:
	case ANY_DOUBLE:
		return (uint64_t)v->integer; /* or the same bits, as a double */
	default:
		return hash_stable(v->bytes.ptr, v->bytes.len);
	}
}

/* The same in whatever order. */
static uint64_t hash_attributes(struct attributes attributes)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < attributes.count; i++)
		sum += hash_mix(hash_stable(attributes.items[i].key.ptr, attributes.items[i].key.len),
				hash_value(&attributes.items[i].value));
	return sum;
}

static uint64_t series_of(const struct point_view *point)
{
	uint64_t key = hash_mix(hash_attributes(point->resource->attributes), hash_attributes(point->attributes));

	key = hash_mix(key, hash_stable(point->scope->name.ptr, point->scope->name.len));
	return hash_mix(key, hash_stable(point->metric.ptr, point->metric.len));
}

static struct tally_point *next_point(struct metered *m, struct arena *arena)
{
	if (m->count == m->cap) {
		size_t cap = m->cap == 0 ? 16 : m->cap * 2;
		struct tally_point *points = arena_array(arena, cap, sizeof(*points));
		if (points == NULL)
			return NULL;
		if (m->count > 0)
			memcpy(points, m->points, m->count * sizeof(*points));
		m->points = points;
		m->cap = cap;
	}
	return &m->points[m->count++];
}

struct status metered_take(struct metered *m, struct dialect_reader *reader, const struct point_view *point,
			   struct arena *arena)
{
	struct point_told told;

	if (!dialect_read_point(reader, point, &told))
		return OK;
	struct call *call = arena_alloc(arena, sizeof(*call));
	struct tally_point *p = call != NULL ? next_point(m, arena) : NULL;
	if (p == NULL)
		return FAIL(NOMEM, "the request's memory limit leaves no room for what its metrics tell");
	*call = told.call;
	call->end_unix_ns = point->time_unix_ns;
	*p = (struct tally_point){
		.series = series_of(point),
		.start_unix_ns = point->start_unix_ns,
		.time_unix_ns = point->time_unix_ns,
		.is_cumulative = point->temporality == TEMPORALITY_CUMULATIVE,
		.counts_calls = told.counts_calls,
		.amount = told.amount == TOLD_TIME ? TALLY_TIME : told.amount == TOLD_COST ? TALLY_COST : TALLY_TOKENS,
		.class = told.class,
		.input_excludes_cache = told.input_excludes_cache,
		.output_excludes_thought = told.output_excludes_thought,
		.count = told.counts_calls ? point->count : 0,
		.sum = (point->metric_kind >= FIRST_WITH_SUM ? point->sum : point->value) * told.scale,
		.call = call,
	};
	return OK;
}
