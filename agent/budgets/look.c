/* SPDX-License-Identifier: Apache-2.0
 * budgets/look.c - views of groups: all of them, those with series of their own, the tightest of each budget.
 */
#include "agent/base/money.h"
#include "agent/budgets/ledger.h"

struct looking {
	struct budgets *b;
	int64_t now_s;
	budgets_visitor *visit;
	void *context;
	struct budget_view pooled[RULES_MAX]; /* what has no series of its own, by rule */
	bool has_pooled[RULES_MAX];
};

static const struct spell *spell_before(const struct group *g, int64_t start_s)
{
	const struct spell *found = NULL;

	for (size_t i = 0; i < PERIODS_KEPT; i++) {
		const struct spell *s = &g->spells[i];
		if (s->period.end_s != 0 && s->period.start_s < start_s &&
		    (found == NULL || s->period.start_s > found->period.start_s))
			found = s;
	}
	return found;
}

/* What a call that costs next to nothing is told. */
static enum budget_decision state_of(struct group *g, int64_t now_s)
{
	static const enum budget_decision used_up[] = { [BUDGET_TELLS] = DECISION_ALLOW,
							[BUDGET_DENIES] = DECISION_DENY,
							[BUDGET_THROTTLES] = DECISION_THROTTLE };
	struct amount remaining = group_remaining(g, now_s);

	for (int unit = 0; unit < AMOUNT_KINDS; unit++)
		if (g->rule->limit.n[unit] > 0 && remaining.n[unit] <= 0)
			return used_up[g->rule->config->hard];
	return DECISION_ALLOW;
}

static struct budget_view view_of(struct group *g, int64_t now_s)
{
	struct period now = rule_period(g->rule, now_s);
	const struct spell *s = group_spell_find(g, now.start_s), *before = spell_before(g, now.start_s);
	struct amount left = group_left(g, now_s);
	struct budget_view v = {
		.budget = g->rule->instance->id,
		.config = g->rule->config,
		.kind = g->rule->kind,
		.period = now,
		.limit = g->rule->limit,
		.reserved = g->open,
		.forecast_usd = group_forecast(g, now_s, AMOUNT_PUSD) / (double)PUSD_PER_USD,
		.state = state_of(g, now_s),
	};

	memcpy(v.labels, g->labels, sizeof(v.labels));
	amount_add(&v.reserved, &left);
	if (s != NULL) {
		v.spent = s->spent;
		v.forgiven = s->forgiven;
		v.calls = s->calls;
		v.unpriced = s->unpriced;
	}
	if (before != NULL) {
		v.previous = before->period;
		v.previous_spent = before->spent;
	}
	return v;
}

/* ---------------------------------------------------------------- all of them */

static void look(void *context, struct group *g)
{
	struct looking *l = context;
	struct budget_view v = view_of(g, l->now_s);

	l->visit(l->context, &v);
}

void budgets_visit(struct budgets *b, int64_t now_s, budgets_visitor *visit, void *context)
{
	struct looking l = { .b = b, .now_s = now_s, .visit = visit, .context = context };

	pthread_mutex_lock(&b->lock);
	groups_each_giving_way(b, look, &l);
	pthread_mutex_unlock(&b->lock);
}

/* ---------------------------------------------------------------- series */

/* These may be many: no more is looked at than is shown. */
static void pool(struct looking *l, struct group *g)
{
	size_t i = (size_t)(g->rule - l->b->rules);
	struct budget_view *v = &l->pooled[i];
	const struct spell *s = group_spell_find(g, rule_period(g->rule, l->now_s).start_s);
	struct amount left = group_left(g, l->now_s);

	if (!l->has_pooled[i]) {
		l->has_pooled[i] = true;
		*v = (struct budget_view){ .budget = g->rule->instance->id, .config = g->rule->config, .kind = g->rule->kind,
					   .limit = g->rule->limit, .is_overflow = true };
	}
	amount_add(&v->reserved, &g->open);
	amount_add(&v->reserved, &left);
	if (s != NULL) {
		amount_add(&v->spent, &s->spent);
		amount_add(&v->forgiven, &s->forgiven);
	}
}

static void look_at_series(void *context, struct group *g)
{
	struct looking *l = context;

	if (g->has_series)
		look(l, g);
	else
		pool(l, g);
}

void budgets_visit_series(struct budgets *b, int64_t now_s, budgets_visitor *visit, void *context)
{
	struct looking l = { .b = b, .now_s = now_s, .visit = visit, .context = context };

	pthread_mutex_lock(&b->lock);
	bool is_whole = groups_each_giving_way(b, look_at_series, &l);
	for (size_t i = 0; is_whole && i < b->rule_count; i++)
		if (l.has_pooled[i])
			visit(context, &l.pooled[i]);
	pthread_mutex_unlock(&b->lock);
}

/* ---------------------------------------------------------------- the tightest */

struct ranking {
	const struct budgets *b;
	int64_t now_s;
	size_t most; /* of each budget */
	size_t counts[RULES_MAX];
	struct ranked {
		struct group *group;
		double share;
	} ranked[RULES_MAX][BUDGETS_TOP_MAX]; /* falling */
};

static void rank(void *context, struct group *g)
{
	struct ranking *r = context;
	size_t i = (size_t)(g->rule - r->b->rules), *count = &r->counts[i];
	const struct spell *s = group_spell_find(g, rule_period(g->rule, r->now_s).start_s);
	double share = s != NULL ? spell_share(g->rule, s, NULL) : 0;
	struct ranked *list = r->ranked[i];
	size_t at = *count;

	if (*count == r->most && share <= list[at - 1].share)
		return;
	if (*count < r->most)
		(*count)++;
	else
		at--;
	for (; at > 0 && list[at - 1].share < share; at--)
		list[at] = list[at - 1];
	list[at] = (struct ranked){ g, share };
}

void budgets_visit_top(struct budgets *b, int64_t now_s, struct slice only, size_t most, budgets_visitor *visit,
		       void *context)
{
	struct ranking r = { .b = b, .now_s = now_s, .most = most < BUDGETS_TOP_MAX ? most : BUDGETS_TOP_MAX };

	if (r.most == 0)
		return;
	pthread_mutex_lock(&b->lock);
	uint64_t drops = b->drops;
	if (!groups_each_giving_way(b, rank, &r) || b->drops != drops) { /* one of the ranked may be gone: in one go then */
		memset(r.counts, 0, sizeof(r.counts));
		groups_each(b, rank, &r);
	}
	for (size_t i = 0; i < b->rule_count; i++) {
		if (only.len > 0 && !slice_equal(only, slice_of(b->rules[i].instance->id)))
			continue;
		for (size_t k = 0; k < r.counts[i]; k++) {
			struct budget_view v = view_of(r.ranked[i][k].group, now_s);
			visit(context, &v);
		}
	}
	pthread_mutex_unlock(&b->lock);
}

/* ---------------------------------------------------------------- rules */

void budgets_visit_rules(struct budgets *b, void (*visit)(void *context, const struct budget_counts *c), void *context)
{
	pthread_mutex_lock(&b->lock);
	for (size_t i = 0; i < b->rule_count; i++) {
		struct budget_counts c = b->rules[i].counts;
		c.groups = b->rules[i].group_count;
		visit(context, &c);
	}
	pthread_mutex_unlock(&b->lock);
}

uint64_t budgets_reservations(struct budgets *b)
{
	pthread_mutex_lock(&b->lock);
	uint64_t count = b->reservation_count;
	pthread_mutex_unlock(&b->lock);
	return count;
}
