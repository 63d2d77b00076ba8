/* SPDX-License-Identifier: Apache-2.0
 * observe/attribution.c - counting by dimension, adding up, writing the families.
 */
#include "agent/observe/attribution.h"

#include <stdlib.h>

#include "agent/base/compiler.h"

#define FIRST_ROOM 8

/* The one label of a set that is used here. */
#define LABEL_VALUE 0

static const struct dimension_info {
	size_t offset; /* of its value in struct call */
	struct label_schema schema;
} dimensions[DIMENSION_COUNT] = {
#define X(id, member)                                                               \
	[DIMENSION_##id] = { offsetof(struct call, member),                         \
			     { .common = "dimension=\"" #member "\"", .names = { "value" },             \
			       .overflow = "dimension=\"" #member "\",otel_metric_overflow=\"true\"" } },
	DIMENSION_MAP(X)
#undef X
};

struct status attribution_registry_init(struct attribution_registry *r, uint32_t cap, size_t max_bytes)
{
	for (int d = 0; d < DIMENSION_COUNT; d++) {
		struct status s = label_registry_init(&r->dimensions[d], &dimensions[d].schema, cap, max_bytes);
		if (!FAILED(s))
			continue;
		while (d-- > 0)
			label_registry_release(&r->dimensions[d]);
		return s;
	}
	return OK;
}

void attribution_registry_release(struct attribution_registry *r)
{
	for (int d = 0; d < DIMENSION_COUNT; d++)
		label_registry_release(&r->dimensions[d]);
}

static bool make_room(struct attribution *a, uint32_t index)
{
	size_t room = a->room > 0 ? a->room : FIRST_ROOM;

	while (room <= index)
		room *= 2;
	if (room == a->room)
		return true;
	struct attribution_sum *sums = realloc(a->sums, room * sizeof(*sums));
	if (sums == NULL)
		return false;
	memset(sums + a->room, 0, (room - a->room) * sizeof(*sums));
	a->sums = sums;
	a->room = room;
	return true;
}

struct status attribution_init(struct attribution all[DIMENSION_COUNT], struct attribution_registry *r)
{
	memset(all, 0, DIMENSION_COUNT * sizeof(*all));
	for (int d = 0; d < DIMENSION_COUNT; d++) {
		all[d].registry = &r->dimensions[d];
		if (!make_room(&all[d], 0))
			return FAIL(NOMEM, "no memory for the attribution of costs");
		all[d].sums[0].set = r->dimensions[d].overflow;
	}
	return OK;
}

void attribution_release(struct attribution all[DIMENSION_COUNT])
{
	for (int d = 0; d < DIMENSION_COUNT; d++) {
		free(all[d].table.slots);
		free(all[d].sums);
	}
}

/* ---------------------------------------------------------------- counting */

/* The long way: a value that this shard meets for the first time, that needs cleaning, or that is beyond the cap. */
static NOINLINE const struct label_set *find_clean(struct attribution *a, const struct labels *raw)
{
	char text[LABEL_COUNT][LABEL_BYTES_MAX];
	struct labels clean;

	labels_clean(raw, a->registry->max_bytes, text, &clean);
	uint64_t hash = labels_hash(&clean);
	const struct label_set *set = label_table_find(&a->table, hash, &clean);
	if (set != NULL)
		return set;
	set = label_registry_get(a->registry, &clean, hash);
	if (!make_room(a, set->index))
		return a->registry->overflow;
	if (a->sums[set->index].set == NULL) {
		a->sums[set->index].set = set;
		label_table_insert(&a->table, set);
	}
	return set;
}

static const struct label_set *look_up(struct attribution *a, struct slice value)
{
	struct labels labels = { .value[LABEL_VALUE] = slice_head(value, a->registry->max_bytes + 1) };
	const struct label_set *set = label_table_find(&a->table, labels_hash(&labels), &labels);

	return set != NULL ? set : find_clean(a, &labels);
}

void attribution_find(struct attribution all[DIMENSION_COUNT], const struct call *c, struct attribution_places *out)
{
	for (int d = 0; d < DIMENSION_COUNT; d++) {
		struct slice value = *(const struct slice *)(const void *)((const char *)c + dimensions[d].offset);
		out->at[d] = value.len > 0 ? look_up(&all[d], value)->index : ATTRIBUTION_NONE;
	}
}

void attribution_count(struct attribution all[DIMENSION_COUNT], const struct attribution_places *places,
		       const struct call *c)
{
	int64_t pusd = c->cost.known && c->cost.total_pusd > 0 ? c->cost.total_pusd : 0;
	bool is_priced_success = c->cost.known && c->outcome == OUTCOME_OK;

	for (int d = 0; d < DIMENSION_COUNT; d++) {
		if (places->at[d] == ATTRIBUTION_NONE)
			continue;
		struct attribution_sum *sum = &all[d].sums[places->at[d]];
		sum->requests++;
		sum->priced_successes += is_priced_success;
		sum->priced += c->cost.known;
		sum->cost_pusd += pusd;
	}
}

/* ---------------------------------------------------------------- adding up */

struct status attribution_snapshot_init(struct attribution_snapshot *s, struct attribution_registry *r, struct arena *a)
{
	for (int d = 0; d < DIMENSION_COUNT; d++) {
		s->count[d] = label_registry_count(&r->dimensions[d]);
		s->sums[d] = arena_array(a, s->count[d], sizeof(*s->sums[d]));
		if (s->sums[d] == NULL)
			return FAIL(NOMEM, "no memory to copy the attribution of costs");
		memset(s->sums[d], 0, s->count[d] * sizeof(*s->sums[d]));
	}
	return OK;
}

void attribution_snapshot_add(struct attribution_snapshot *s, const struct attribution all[DIMENSION_COUNT])
{
	for (int d = 0; d < DIMENSION_COUNT; d++)
		for (uint32_t i = 0; i < s->count[d] && i < all[d].room; i++) {
			const struct attribution_sum *from = &all[d].sums[i];
			struct attribution_sum *to = &s->sums[d][i];
			if (from->requests == 0)
				continue;
			to->set = from->set;
			to->requests += from->requests;
			to->priced_successes += from->priced_successes;
			to->priced += from->priced;
			to->cost_pusd += from->cost_pusd;
		}
}

/* ---------------------------------------------------------------- /metrics */

static void write_requests(struct exposition *x, const struct attribution_sum *sum)
{
	exposition_u64(x, sum->set->text, sum->requests);
}

static void write_cost(struct exposition *x, const struct attribution_sum *sum)
{
	exposition_decimal(x, sum->set->text, (struct decimal){ sum->cost_pusd, 12 });
}

static void write_cost_per_success(struct exposition *x, const struct attribution_sum *sum)
{
	exposition_decimal(x, sum->set->text, (struct decimal){ money_divide(sum->cost_pusd, sum->priced_successes), 12 });
}

static bool is_counted(const struct attribution_sum *sum)
{
	return sum->requests > 0;
}

static bool is_priced(const struct attribution_sum *sum)
{
	return sum->priced > 0;
}

static bool has_priced_success(const struct attribution_sum *sum)
{
	return sum->priced_successes > 0;
}

static const struct row {
	struct metric_family family;
	bool (*has)(const struct attribution_sum *sum);
	void (*write)(struct exposition *x, const struct attribution_sum *sum);
} rows[] = {
	{ { "plimsoll_attributed_requests", METRIC_COUNTER,
	    "Model calls by one dimension at a time: a call counts once in each, so do not add up dimensions" },
	  is_counted, write_requests },
	{ { "plimsoll_attributed_cost_usd", METRIC_COUNTER,
	    "Cost of the priced model calls in US dollars by one dimension at a time: do not add up dimensions" },
	  is_priced, write_cost },
	{ { "plimsoll_attributed_cost_per_success_usd", METRIC_GAUGE,
	    "Cost in US dollars of all priced calls, failed ones too, for each of them that ended ok" },
	  has_priced_success, write_cost_per_success },
};

#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

static void write_sample(struct exposition *x, const struct row *row, const struct attribution_sum *sum)
{
	if (!row->has(sum))
		return;
	if (x->family != &row->family)
		exposition_family(x, &row->family);
	row->write(x, sum);
}

bool attribution_render(const struct attribution_snapshot *s, struct exposition *x, struct attribution_cursor *at,
			size_t full)
{
	for (; at->family < ROW_COUNT; at->family++, at->dimension = 0)
		for (; at->dimension < DIMENSION_COUNT; at->dimension++, at->value = 0)
			for (; at->value < s->count[at->dimension]; at->value++) {
				if (x->out->len >= full)
					return true;
				write_sample(x, &rows[at->family], &s->sums[at->dimension][at->value]);
			}
	return false;
}
