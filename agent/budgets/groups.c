/* SPDX-License-Identifier: Apache-2.0
 * budgets/groups.c - who has a budget of its own, and what it has spent in its last periods.
 */
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "agent/base/hash.h"
#include "agent/budgets/ledger.h"

#define RATE_MEMORY_S    60.0 /* spend of the last minute tells how fast it burns */
#define FORECAST_SHARE   0.1  /* of the period must have passed, */
#define FORECAST_CALLS   20u  /* with so many calls in it, before a forecast is worth a word */

#define AT_A_TIME        512u /* groups are visited before others may have the lock */

static const struct slice unknown = { "unknown", 7 }, other = { "other", 5 };

/* The labels that the budget tells apart; the others empty. */
static void narrow(const struct rule *r, const struct slice labels[BUDGET_DIMENSIONS], struct slice out[BUDGET_DIMENSIONS])
{
	for (int d = 0; d < BUDGET_DIMENSIONS; d++) {
		bool is_told_apart = (r->by >> d & 1u) != 0;
		out[d] = !is_told_apart ? SLICE_NONE : labels[d].len > 0 ? slice_head(labels[d], BUDGET_LABEL_BYTES) : unknown;
	}
}

static size_t bucket_of(const struct rule *r, const struct slice labels[BUDGET_DIMENSIONS])
{
	uint64_t hash = hash_slice(slice_of(r->instance->id));

	for (int d = 0; d < BUDGET_DIMENSIONS; d++)
		if (labels[d].len > 0)
			hash = hash_mix(hash + (uint64_t)d, hash_slice(labels[d]));
	return hash % GROUP_BUCKETS;
}

static struct group *find_narrowed(const struct budgets *b, const struct rule *r,
				   const struct slice labels[BUDGET_DIMENSIONS])
{
	for (struct group *g = b->buckets[bucket_of(r, labels)]; g != NULL; g = g->next) {
		bool same = g->rule == r;
		for (int d = 0; same && d < BUDGET_DIMENSIONS; d++)
			same = slice_equal(g->labels[d], labels[d]);
		if (same)
			return g;
	}
	return NULL;
}

struct group *group_find(const struct budgets *b, const struct rule *r, const struct slice labels[BUDGET_DIMENSIONS])
{
	struct slice narrowed[BUDGET_DIMENSIONS], pooled[BUDGET_DIMENSIONS];

	narrow(r, labels, narrowed);
	struct group *g = find_narrowed(b, r, narrowed);
	if (g != NULL || r->group_count < (size_t)r->config->max_groups)
		return g;
	for (int d = 0; d < BUDGET_DIMENSIONS; d++)
		pooled[d] = other;
	narrow(r, pooled, narrowed);
	return find_narrowed(b, r, narrowed);
}

void group_take_series(struct group *g)
{
	g->has_series = g->rule->series_count < g->rule->series_max;
	g->rule->series_count += g->has_series;
}

struct group *group_make(struct budgets *b, struct rule *r, const struct slice labels[BUDGET_DIMENSIONS], uint64_t id)
{
	size_t size = 0;

	for (int d = 0; d < BUDGET_DIMENSIONS; d++)
		size += labels[d].len;
	struct group *g = calloc(1, sizeof(*g) + size);
	if (g == NULL)
		return NULL;
	char *at = g->text;
	for (int d = 0; d < BUDGET_DIMENSIONS; d++) {
		if (labels[d].len > 0)
			memcpy(at, labels[d].ptr, labels[d].len);
		g->labels[d] = (struct slice){ at, labels[d].len };
		at += labels[d].len;
	}
	g->rule = r;
	g->id = id;
	if (id >= b->next_group_id)
		b->next_group_id = id + 1;
	struct group **bucket = &b->buckets[bucket_of(r, g->labels)];
	g->next = *bucket;
	*bucket = g;
	r->group_count++;
	group_take_series(g);
	return g;
}

struct group *group_get(struct budgets *b, struct rule *r, const struct slice labels[BUDGET_DIMENSIONS])
{
	struct slice narrowed[BUDGET_DIMENSIONS], pooled[BUDGET_DIMENSIONS];

	narrow(r, labels, narrowed);
	struct group *g = find_narrowed(b, r, narrowed);
	if (g != NULL)
		return g;
	if (r->group_count >= (size_t)r->config->max_groups) {
		for (int d = 0; d < BUDGET_DIMENSIONS; d++)
			pooled[d] = other;
		narrow(r, pooled, narrowed);
		r->counts.pooled++;
		g = find_narrowed(b, r, narrowed);
	}
	return g != NULL ? g : group_make(b, r, narrowed, b->next_group_id);
}

void group_touch(struct budgets *b, struct group *g)
{
	if (g->dirty)
		return;
	g->dirty = true;
	g->next_dirty = b->dirty;
	b->dirty = g;
}

static void leave_dirty(struct budgets *b, const struct group *g)
{
	struct group **place = &b->dirty;

	while (*place != g)
		place = &(*place)->next_dirty;
	*place = g->next_dirty;
}

void group_drop(struct budgets *b, struct group *g)
{
	if (g->dirty)
		leave_dirty(b, g);
	struct group **place = &b->buckets[bucket_of(g->rule, g->labels)];

	while (*place != g)
		place = &(*place)->next;
	*place = g->next;
	crowd_count(g, -1);
	g->rule->group_count--;
	g->rule->series_count -= g->has_series;
	buf_append(&b->deleted.fresh, &g->id, sizeof(g->id));
	b->drops++;
	free(g);
}

void groups_each(struct budgets *b, void (*visit)(void *context, struct group *g), void *context)
{
	for (size_t i = 0; i < GROUP_BUCKETS; i++) {
		struct group *next;
		for (struct group *g = b->buckets[i]; g != NULL; g = next) {
			next = g->next; /* the visit may drop it */
			visit(context, g);
		}
	}
}

static size_t visit_bucket(struct budgets *b, size_t i, void (*visit)(void *context, struct group *g), void *context)
{
	size_t count = 0;

	for (struct group *g = b->buckets[i]; g != NULL; g = g->next) {
		visit(context, g);
		count++;
	}
	return count;
}

bool groups_each_giving_way(struct budgets *b, void (*visit)(void *context, struct group *g), void *context)
{
	static const struct timespec moment = { .tv_nsec = 20000 }; /* unlocking alone wakes a waiter too late */
	uint64_t generation = b->generation;
	size_t since = 0;

	for (size_t i = 0; i < GROUP_BUCKETS && b->generation == generation; i++) {
		since += visit_bucket(b, i, visit, context);
		if (since < AT_A_TIME)
			continue;
		since = 0;
		pthread_mutex_unlock(&b->lock);
		nanosleep(&moment, NULL);
		pthread_mutex_lock(&b->lock);
	}
	return b->generation == generation;
}

/* ---------------------------------------------------------------- periods */

const struct spell *group_spell_find(const struct group *g, int64_t start_s)
{
	for (size_t i = 0; i < PERIODS_KEPT; i++)
		if (g->spells[i].period.end_s != 0 && g->spells[i].period.start_s == start_s)
			return &g->spells[i];
	return NULL;
}

struct spell *group_spell(struct group *g, struct period p)
{
	struct spell *oldest = &g->spells[0];

	for (size_t i = 0; i < PERIODS_KEPT; i++) {
		struct spell *s = &g->spells[i];
		if (s->period.end_s != 0 && s->period.start_s == p.start_s)
			return s;
		if (s->period.start_s < oldest->period.start_s || s->period.end_s == 0)
			oldest = s;
	}
	if (oldest->period.end_s != 0 && oldest->period.start_s > p.start_s)
		return NULL;
	*oldest = (struct spell){ .period = p };
	return oldest;
}

double spell_share(const struct rule *r, const struct spell *s, int *unit)
{
	double most = 0;

	for (int u = 0; u < AMOUNT_KINDS; u++) {
		double limit = (double)r->limit.n[u], used = (double)(s->spent.n[u] - s->forgiven.n[u]);
		if (limit <= 0 || used / limit <= most)
			continue;
		most = used / limit;
		if (unit != NULL)
			*unit = u;
	}
	return most;
}

struct amount group_left(const struct group *g, int64_t now_s)
{
	return now_s < g->left_until_s ? g->left : (struct amount){ { 0 } };
}

struct amount group_held(const struct group *g, int64_t now_s)
{
	struct amount held = group_left(g, now_s);

	amount_add(&held, &g->open);
	return held;
}

struct amount group_remaining(struct group *g, int64_t now_s)
{
	const struct spell *s = group_spell_find(g, rule_period(g->rule, now_s).start_s);
	struct amount remaining = g->rule->limit, held = group_held(g, now_s);

	if (s != NULL) {
		amount_subtract(&remaining, &s->spent);
		amount_add(&remaining, &s->forgiven);
	}
	amount_subtract(&remaining, &held);
	return remaining;
}

double group_rate(const struct group *g, int64_t now_s)
{
	int64_t passed_s = now_s > g->rate_at_s ? now_s - g->rate_at_s : 0; /* a clock that was set back: none */

	return g->rate_pusd_per_s * exp(-(double)passed_s / RATE_MEMORY_S);
}

double group_forecast(struct group *g, int64_t now_s, int unit)
{
	struct period p = rule_period(g->rule, now_s);
	const struct spell *s = group_spell_find(g, p.start_s);
	double passed = (double)(now_s - p.start_s), whole = (double)(p.end_s - p.start_s);

	if (s == NULL || s->calls < FORECAST_CALLS || passed < FORECAST_SHARE * whole)
		return NAN;
	return (double)(s->spent.n[unit] - s->forgiven.n[unit]) * whole / passed;
}
