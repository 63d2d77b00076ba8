/* SPDX-License-Identifier: Apache-2.0
 * observe/group.c - see the header.
 */
#include "agent/observe/group.h"

#include <stdlib.h>

static int compare_label(const struct series *a, const struct series *b, enum label label)
{
	struct slice x = a->set->labels.value[label], y = b->set->labels.value[label];
	int order = memcmp(x.ptr, y.ptr, x.len < y.len ? x.len : y.len);

	return order != 0 ? order : (x.len > y.len) - (x.len < y.len);
}

static int compare(const struct series *a, const struct series *b, enum label first, enum label second)
{
	bool a_is_overflow = series_is_overflow(a), b_is_overflow = series_is_overflow(b);

	if (a_is_overflow || b_is_overflow)
		return a_is_overflow - b_is_overflow;
	int order = compare_label(a, b, first);
	return order != 0 || first == second ? order : compare_label(a, b, second);
}

static int by_feature(const void *a, const void *b)
{
	return compare(*(struct series *const *)a, *(struct series *const *)b, LABEL_FEATURE, LABEL_FEATURE);
}

static int by_prompt(const void *a, const void *b)
{
	return compare(*(struct series *const *)a, *(struct series *const *)b, LABEL_PROMPT, LABEL_PROMPT);
}

static int by_model(const void *a, const void *b)
{
	return compare(*(struct series *const *)a, *(struct series *const *)b, LABEL_PROVIDER, LABEL_MODEL);
}

static int (*const orders[GROUPING_COUNT])(const void *, const void *) = {
	[GROUP_BY_FEATURE] = by_feature,
	[GROUP_BY_PROMPT] = by_prompt,
	[GROUP_BY_MODEL] = by_model,
};

struct status snapshot_group(struct snapshot *s, enum grouping by, struct grouped *out)
{
	struct grouped g = { .series = arena_array(&s->arena, s->count, sizeof(struct series *)) };

	if (g.series == NULL)
		return FAIL(NOMEM, "no memory to sort the series");
	for (uint32_t i = 0; i < s->count; i++)
		if (s->series[i] != NULL)
			g.series[g.count++] = s->series[i];
	qsort(g.series, g.count, sizeof(struct series *), orders[by]);
	*out = g;
	return OK;
}

size_t group_end(const struct grouped *g, enum grouping by, size_t first)
{
	size_t end = first + 1;

	while (end < g->count && orders[by](&g->series[first], &g->series[end]) == 0)
		end++;
	return end;
}
