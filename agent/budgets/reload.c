/* SPDX-License-Identifier: Apache-2.0
 * budgets/reload.c - a new configuration: what may fail is done first, beside what is in force.
 */
#include <stdlib.h>

#include "agent/budgets/ledger.h"

struct budgets_change {
	const struct config *config;
	struct rule *rules;
	size_t count;
	/* while groups find their new rules: */
	struct budgets *b;
	const struct audience *audience;
};

struct status budgets_prepare(const struct config *config, struct budgets_change **out)
{
	struct budgets_change *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return FAIL(NOMEM, "no memory for the budgets");
	c->config = config;
	struct status s = rules_new(config, &c->rules, &c->count);
	if (FAILED(s)) {
		free(c);
		return s;
	}
	*out = c;
	return OK;
}

void budgets_discard(struct budgets_change *c)
{
	if (c == NULL)
		return;
	rules_free(c->rules, c->count);
	free(c);
}

static struct rule *successor(const struct budgets_change *c, const struct rule *old)
{
	for (size_t i = 0; i < c->count; i++)
		if (strcmp(c->rules[i].instance->id, old->instance->id) == 0 && c->rules[i].by == old->by)
			return &c->rules[i];
	return NULL;
}

static void adopt_group(void *context, struct group *g)
{
	struct budgets_change *c = context;
	struct rule *fresh = successor(c, g->rule);

	if (fresh == NULL) {
		group_end_told(c->b, g, c->audience);
		reservations_drop_group(c->b, g);
		group_drop(c->b, g);
		return;
	}
	g->rule = fresh; /* the old one's counts go with it */
	crowd_count(g, +1);
	fresh->group_count++;
	group_take_series(g);
}

static void adopt_rule(const struct budgets_change *c, struct rule *old)
{
	struct rule *fresh = successor(c, old);

	if (fresh == NULL) {
		crowds_end(old, c->audience);
		return;
	}
	struct budget_counts counts = old->counts;
	counts.budget = fresh->counts.budget;
	counts.config = fresh->counts.config;
	counts.limit = fresh->counts.limit;
	fresh->counts = counts;
	fresh->throttle = old->throttle;
	for (size_t i = 0; i < CROWDS; i++) {
		fresh->crowds[i].is_told = old->crowds[i].is_told;
		fresh->crowds[i].period_start_s = old->crowds[i].period_start_s;
	}
}

void budgets_adopt(struct budgets *b, struct budgets_change *c, int64_t now_s, verdict_fn emit, void *context)
{
	const struct audience audience = { now_s, emit, context };

	c->b = b;
	c->audience = &audience;
	pthread_mutex_lock(&b->lock);
	for (size_t i = 0; i < b->rule_count; i++)
		adopt_rule(c, &b->rules[i]);
	groups_each(b, adopt_group, c);
	rules_free(b->rules, b->rule_count);
	b->generation++;
	b->rules = c->rules;
	b->rule_count = c->count;
	b->config = c->config;
	pthread_mutex_unlock(&b->lock);
	free(c);
}
