/* SPDX-License-Identifier: Apache-2.0
 * daemon/told.c - see the header.
 */
#include "agent/daemon/told.h"

#include <stdlib.h>

#define DEPTH_MAX 16u /* spans between an evaluator and the calls it makes */

static bool make_room(struct told *t)
{
	size_t cap = t->cap == 0 ? 16 : t->cap * 2;
	struct judgement *items = arena_array(t->arena, cap, sizeof(*items));
	uint32_t *calls = arena_array(t->arena, cap, sizeof(*calls));

	if (items == NULL || calls == NULL)
		return false;
	if (t->count > 0) {
		memcpy(items, t->items, t->count * sizeof(*items));
		memcpy(calls, t->calls, t->count * sizeof(*calls));
	}
	t->items = items;
	t->calls = calls;
	t->cap = cap;
	return true;
}

void told_note(void *context, const struct judgement *j)
{
	struct told *t = context;

	if (t->count == t->cap && !make_room(t)) {
		t->failed = true;
		return;
	}
	t->items[t->count] = *j;
	t->calls[t->count++] = t->call;
}

static void take_rating(struct call *c, const struct judgement *j)
{
	if (!judgement_rates(j))
		return;
	c->has_user_rating = true;
	c->user_rating = j->value;
}

void told_settle(struct told *t, struct call *calls)
{
	for (size_t i = 0; i < t->count; i++) {
		struct judgement *j = &t->items[i];
		struct call *c = j->came_with_call && t->calls[i] != COUNTING_NO_CALL ? &calls[t->calls[i]] : NULL;
		if (c != NULL && c->counted)
			take_rating(c, j);
		j->came_with_call = c != NULL && c->counted && c->score_name.len == 0 &&
				    j->kind == JUDGEMENT_EVALUATION && j->scale == SCALE_SCORE;
		if (!j->came_with_call)
			continue;
		c->score_name = j->name;
		c->score = j->value;
	}
}

static int compare_spans(const void *a, const void *b)
{
	const struct counting_span *const *x = a, *const *y = b;

	return ((*x)->key > (*y)->key) - ((*x)->key < (*y)->key);
}

static const struct counting_span *find_span(const struct counting_span *const *sorted, size_t count, uint64_t key)
{
	struct counting_span wanted = { .key = key };
	const struct counting_span *at = &wanted;
	const void *found = key != 0 ? bsearch(&at, sorted, count, sizeof(*sorted), compare_spans) : NULL;

	return found != NULL ? *(const struct counting_span *const *)found : NULL;
}

static bool is_evaluator(const struct counting_span *s, const struct call *calls)
{
	return s->call != COUNTING_NO_CALL && calls[s->call].role == ROLE_EVALUATOR;
}

static bool is_inside_evaluator(const struct counting_span *s, const struct counting_span *const *sorted, size_t count,
				const struct call *calls)
{
	for (unsigned depth = 0; depth < DEPTH_MAX; depth++) {
		s = find_span(sorted, count, s->parent);
		if (s == NULL || is_evaluator(s, calls))
			return s != NULL;
	}
	return false;
}

void told_mark_judges(const struct counting_batch *b, struct call *calls)
{
	size_t evaluators = 0;

	for (size_t i = 0; i < b->count; i++)
		evaluators += is_evaluator(&b->spans[i], calls);
	if (evaluators == 0)
		return;
	const struct counting_span **sorted = arena_array(b->arena, b->count, sizeof(*sorted));
	if (sorted == NULL)
		return;
	for (size_t i = 0; i < b->count; i++)
		sorted[i] = &b->spans[i];
	qsort(sorted, b->count, sizeof(*sorted), compare_spans);
	for (size_t i = 0; i < b->count; i++) {
		const struct counting_span *s = &b->spans[i];
		if (s->call != COUNTING_NO_CALL && calls[s->call].counted && is_inside_evaluator(s, sorted, b->count, calls))
			calls[s->call].is_evaluation_traffic = true;
	}
}
