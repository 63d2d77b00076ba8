/* SPDX-License-Identifier: Apache-2.0
 * counting/beside.c - two short lists, searched for each counted call of a batch that has any.
 */
#include "agent/counting/beside.h"

#include <string.h>

static void keep(struct beside_list *l, uint32_t place)
{
	if (l->count < BESIDE_MAX)
		l->call[l->count++] = place;
}

void beside_note(struct beside *b, const struct call *calls, uint32_t place)
{
	const struct call *c = &calls[place];

	if (c->role == ROLE_RETRIEVAL && c->retrieval != NULL)
		keep(&b->retrievals, place);
	else if (c->role == ROLE_GUARDRAIL)
		keep(&b->guardrails, place);
}

static bool same_trace(const struct call *a, const struct call *b)
{
	return memcmp(a->trace_id, b->trace_id, sizeof(a->trace_id)) == 0;
}

static const struct call *last_retrieval(const struct beside_list *l, const struct call *calls, const struct call *c)
{
	const struct call *last = NULL;

	for (size_t i = 0; i < l->count; i++) {
		const struct call *r = &calls[l->call[i]];
		bool is_before = r->end_unix_ns <= c->start_unix_ns && same_trace(r, c);
		if (is_before && (last == NULL || r->end_unix_ns > last->end_unix_ns))
			last = r;
	}
	return last;
}

/* Time between the two; 0 where one runs during the other. */
static uint64_t distance(const struct call *a, const struct call *b)
{
	if (a->end_unix_ns < b->start_unix_ns)
		return b->start_unix_ns - a->end_unix_ns;
	return a->start_unix_ns > b->end_unix_ns ? a->start_unix_ns - b->end_unix_ns : 0;
}

/* A guardrail that found something goes before one that did not. */
static bool says_more(const struct call *a, const struct call *b)
{
	bool a_found = a->blocked == TRI_YES || a->injection_suspected || a->sensitive_data;

	return a_found && b->blocked != TRI_YES && !b->injection_suspected && !b->sensitive_data;
}

static const struct call *nearest_guardrail(const struct beside_list *l, const struct call *calls, const struct call *c)
{
	const struct call *best = NULL;

	for (size_t i = 0; i < l->count; i++) {
		const struct call *g = &calls[l->call[i]];
		if (!same_trace(g, c) || (best != NULL && says_more(best, g)))
			continue;
		if (best == NULL || says_more(g, best) || distance(g, c) < distance(best, c))
			best = g;
	}
	return best;
}

static void take_verdict(struct call *c, const struct call *guardrail)
{
	if (c->policy_result.len == 0)
		c->policy_result = guardrail->policy_result;
	if (c->blocked == TRI_UNKNOWN)
		c->blocked = guardrail->blocked;
	c->injection_suspected |= guardrail->injection_suspected;
	c->sensitive_data |= guardrail->sensitive_data;
}

void beside_tell(const struct beside *b, const struct call *calls, struct call *c)
{
	const struct call *found;

	if (b->retrievals.count > 0 && c->role == ROLE_LLM && c->retrieval == NULL) {
		found = last_retrieval(&b->retrievals, calls, c);
		if (found != NULL)
			c->retrieval = found->retrieval;
	}
	if (b->guardrails.count > 0) {
		found = nearest_guardrail(&b->guardrails, calls, c);
		if (found != NULL)
			take_verdict(c, found);
	}
}
