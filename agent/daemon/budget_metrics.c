/* SPDX-License-Identifier: Apache-2.0
 * daemon/budget_metrics.c - budgets on /metrics: limits, what was spent of them, and what decisions said.
 */
#include <stdio.h>

#include "agent/base/clock.h"
#include "agent/daemon/spending.h"

struct rendering {
	struct exposition *x;
	struct buf labels;
	enum amount_kind unit;
};

static void begin_labels(struct rendering *r, const char *budget)
{
	buf_reset(&r->labels);
	exposition_label(&r->labels, "budget", slice_of(budget));
}

static void group_labels(struct rendering *r, const struct budget_view *v)
{
	begin_labels(r, v->budget);
	if (v->is_overflow)
		exposition_label(&r->labels, "otel_metric_overflow", SLICE("true"));
	for (int d = 0; d < BUDGET_DIMENSIONS; d++)
		if (v->labels[d].len > 0)
			exposition_label(&r->labels, budget_dimension_names[d], v->labels[d]);
}

/* In USD, tokens or calls, every digit of it. */
static struct decimal decimal_of(const struct rendering *r, __int128_t n)
{
	struct decimal d = { n, r->unit == AMOUNT_PUSD ? 12 : 0 };

	while (d.scale > 0 && d.digits % 10 == 0) {
		d.digits /= 10;
		d.scale--;
	}
	return d;
}

static void render_limit(void *context, const struct budget_counts *c)
{
	struct rendering *r = context;

	if (c->limit.n[r->unit] == 0)
		return;
	begin_labels(r, c->budget);
	exposition_decimal(r->x, buf_view(&r->labels), decimal_of(r, c->limit.n[r->unit]));
}

static void render_spent(struct rendering *r, const struct budget_view *v)
{
	group_labels(r, v);
	exposition_decimal(r->x, buf_view(&r->labels), decimal_of(r, v->spent.n[r->unit]));
}

static void render_reserved(struct rendering *r, const struct budget_view *v)
{
	group_labels(r, v);
	exposition_decimal(r->x, buf_view(&r->labels), decimal_of(r, v->reserved.n[r->unit]));
}

static void render_remaining(struct rendering *r, const struct budget_view *v)
{
	__int128_t left = v->limit.n[r->unit] - v->spent.n[r->unit] + v->forgiven.n[r->unit] - v->reserved.n[r->unit];

	if (v->limit.n[r->unit] == 0 || v->is_overflow) /* each group has its own: a sum of them says nothing */
		return;
	group_labels(r, v);
	exposition_decimal(r->x, buf_view(&r->labels), decimal_of(r, left));
}

static const struct {
	struct metric_family family;
	enum amount_kind unit;
} limits[] = {
	{ { "plimsoll_budget_limit_usd", METRIC_GAUGE, "Limit of a budget" }, AMOUNT_PUSD },
	{ { "plimsoll_budget_limit_tokens", METRIC_GAUGE, "Limit of a budget" }, AMOUNT_TOKENS },
	{ { "plimsoll_budget_limit_requests", METRIC_GAUGE, "Limit of a budget" }, AMOUNT_REQUESTS },
};

static const struct {
	struct metric_family family;
	enum amount_kind unit;
	void (*render)(struct rendering *r, const struct budget_view *v);
} amounts[] = {
	{ { "plimsoll_budget_spent_usd", METRIC_GAUGE, "Spent in the budget's current period" }, AMOUNT_PUSD, render_spent },
	{ { "plimsoll_budget_spent_tokens", METRIC_GAUGE, "Tokens of the budget's current period" }, AMOUNT_TOKENS,
	  render_spent },
	{ { "plimsoll_budget_spent_requests", METRIC_GAUGE, "Calls of the budget's current period" }, AMOUNT_REQUESTS,
	  render_spent },
	{ { "plimsoll_budget_reserved_usd", METRIC_GAUGE, "Held back for calls that were allowed and are not over" },
	  AMOUNT_PUSD, render_reserved },
	{ { "plimsoll_budget_remaining_usd", METRIC_GAUGE, "Left of the limit, negative where it is overdrawn" }, AMOUNT_PUSD,
	  render_remaining },
	{ { "plimsoll_budget_remaining_tokens", METRIC_GAUGE, "Left of the limit, negative where it is overdrawn" },
	  AMOUNT_TOKENS, render_remaining },
	{ { "plimsoll_budget_remaining_requests", METRIC_GAUGE, "Left of the limit, negative where it is overdrawn" },
	  AMOUNT_REQUESTS, render_remaining },
};
#define AMOUNTS (sizeof(amounts) / sizeof(amounts[0]))

/* One walk over the groups fills all families, each in a text of its own. */
struct amount_texts {
	struct buf texts[AMOUNTS];
	struct exposition expositions[AMOUNTS];
	struct rendering renderings[AMOUNTS];
};

static void render_group(void *context, const struct budget_view *v)
{
	struct amount_texts *all = context;

	for (size_t i = 0; i < AMOUNTS; i++)
		amounts[i].render(&all->renderings[i], v);
}

static void render_amounts(struct budgets *b, int64_t now_s, struct exposition *x)
{
	struct amount_texts all = { 0 };

	for (size_t i = 0; i < AMOUNTS; i++) {
		all.texts[i] = BUF_INIT;
		all.expositions[i] = (struct exposition){ .out = &all.texts[i], .format = x->format };
		all.renderings[i] = (struct rendering){ &all.expositions[i], BUF_INIT, amounts[i].unit };
		exposition_family(&all.expositions[i], &amounts[i].family);
	}
	budgets_visit_series(b, now_s, render_group, &all);
	for (size_t i = 0; i < AMOUNTS; i++) {
		buf_slice(x->out, buf_view(&all.texts[i]));
		x->out->failed |= buf_failed(&all.texts[i]);
		buf_release(&all.texts[i]);
		buf_release(&all.renderings[i].labels);
	}
}

static void render_decisions(void *context, const struct budget_counts *c)
{
	struct rendering *r = context;

	for (int d = 0; d < DECISION_COUNT; d++) {
		begin_labels(r, c->budget);
		exposition_label(&r->labels, "result", slice_of(budget_decision_names[d]));
		exposition_u64(r->x, buf_view(&r->labels), c->decisions[d]);
	}
}

static void render_count(struct rendering *r, const struct budget_counts *c, uint64_t count)
{
	begin_labels(r, c->budget);
	exposition_u64(r->x, buf_view(&r->labels), count);
}

static void render_unpriced(void *context, const struct budget_counts *c)
{
	render_count(context, c, c->unpriced);
}

static void render_late(void *context, const struct budget_counts *c)
{
	render_count(context, c, c->late);
}

static void render_pooled(void *context, const struct budget_counts *c)
{
	render_count(context, c, c->pooled);
}

static void render_over(void *context, const struct budget_counts *c)
{
	render_count(context, c, c->over_request);
}

static void render_overflow(void *context, const struct budget_counts *c)
{
	render_count(context, c, c->overflow);
}

static const struct {
	struct metric_family family;
	void (*render)(void *context, const struct budget_counts *c);
} counters[] = {
	{ { "plimsoll_budget_decisions", METRIC_COUNTER, "Decisions by what this budget said" }, render_decisions },
	{ { "plimsoll_budget_unpriced", METRIC_COUNTER, "Calls of the budget that did not fail and whose cost is unknown, so not in what was spent" },
	  render_unpriced },
	{ { "plimsoll_budget_late", METRIC_COUNTER, "Calls of periods that are forgotten, so not in what was spent" },
	  render_late },
	{ { "plimsoll_budget_pooled", METRIC_COUNTER, "Calls and decisions that share the group `other`: max_groups is reached" },
	  render_pooled },
	{ { "plimsoll_budget_overflow", METRIC_COUNTER, "Calls of groups that share the series otel_metric_overflow: "
	    "limits.max_series is reached" }, render_overflow },
	{ { "plimsoll_budget_over_request", METRIC_COUNTER, "Single calls above a budget for a request" }, render_over },
};

void spending_render(void *context, struct exposition *x)
{
	static const struct metric_family reservations = { "plimsoll_budget_reservations", METRIC_GAUGE, "Open reservations" };
	struct budgets *b = spending_budgets(context);
	struct rendering r = { .x = x, .labels = BUF_INIT };
	int64_t now_s = (int64_t)(clock_unix_ns() / NS_PER_SECOND);

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		exposition_family(x, &limits[i].family);
		r.unit = limits[i].unit;
		budgets_visit_rules(b, render_limit, &r);
	}
	render_amounts(b, now_s, x);
	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
		exposition_family(x, &counters[i].family);
		budgets_visit_rules(b, counters[i].render, &r);
	}
	exposition_family(x, &reservations);
	exposition_u64(x, SLICE_NONE, budgets_reservations(b));
	buf_release(&r.labels);
}
