/* SPDX-License-Identifier: Apache-2.0
 * budgets/crowd.c - when many groups of one budget cross a threshold, the first are told by name, the others as one.
 *
 * A budget for each of ten thousand users would else push all other alerts out of their queue on a busy evening.
 */
#include <math.h>

#include "agent/budgets/ledger.h"

void crowd_count(struct group *g, int by)
{
	for (size_t i = 0; i < BUDGET_SOFT_MAX; i++) {
		if (g->told.soft_at_s[i] == 0)
			continue;
		if (g->told.soft_unit[i] < AMOUNT_KINDS)
			g->rule->crowds[i].named += (size_t)by;
		else if (g->told.soft_unit[i] == TOLD_IN_CROWD)
			g->rule->crowds[i].others += (size_t)by;
	}
	struct crowd *forecast = &g->rule->crowds[CROWD_OF_FORECAST];
	if (g->told.forecast_at_s != 0)
		forecast->named += (size_t)by;
	else if (g->told.forecast_in_crowd)
		forecast->others += (size_t)by;
}

static struct slice only_or_all(const struct rule *r, enum budget_dimension d)
{
	return r->config->only[d] != NULL ? slice_of(r->config->only[d]) : SLICE("*");
}

/* started_at_s is the period's, so that the same crowd after a restart is the same alert; a second apart for each
 * threshold, so that another one's is another. */
static void tell(struct rule *r, size_t i, enum verdict_event event, const struct audience *to)
{
	bool is_forecast = i == CROWD_OF_FORECAST;
	struct verdict v = {
		.kind = VERDICT_BUDGET,
		.event = event,
		.metric = is_forecast ? "budget_forecast_groups" : "budget_groups",
		.name = slice_of(r->instance->id),
		.feature = only_or_all(r, BUDGET_BY_FEATURE),
		.model = only_or_all(r, BUDGET_BY_MODEL),
		.prompt_version = SLICE("*"),
		.started_at_s = (uint64_t)r->crowds[i].period_start_s + i,
		.at_s = (uint64_t)to->now_s,
		.value = (double)r->crowds[i].others,
		.baseline_mean = is_forecast ? (double)NAN : r->soft[i],
		.baseline_stddev = NAN,
		.deviation = NAN,
		.pooled_deviation = NAN,
		.ratio = is_forecast ? (double)NAN : r->soft[i],
		.sample_size = (double)(r->crowds[i].named + r->crowds[i].others),
		.run = 1,
		.window_s = (uint32_t)(rule_period(r, to->now_s).end_s - rule_period(r, to->now_s).start_s),
		.direction = +1,
	};

	to->emit(to->context, &v);
}

static void end(struct rule *r, size_t i, const struct audience *to)
{
	r->crowds[i].is_told = false;
	tell(r, i, VERDICT_RESOLVED, to);
}

static void advance(struct rule *r, size_t i, const struct audience *to)
{
	struct crowd *c = &r->crowds[i];
	int64_t start_s = rule_period(r, to->now_s).start_s;

	if (c->is_told && (c->others == 0 || c->period_start_s != start_s))
		end(r, i, to);
	if (c->others > 0 && !c->is_told) {
		enum verdict_event event = c->period_start_s == start_s ? VERDICT_REOPENED : VERDICT_RAISED;
		c->is_told = true;
		c->period_start_s = start_s;
		tell(r, i, event, to);
	}
}

void crowds_advance(struct budgets *b, const struct audience *to)
{
	for (size_t k = 0; k < b->rule_count; k++)
		for (size_t i = 0; i < CROWDS; i++)
			advance(&b->rules[k], i, to);
}

void crowds_end(struct rule *r, const struct audience *to)
{
	for (size_t i = 0; i < CROWDS; i++)
		if (r->crowds[i].is_told)
			end(r, i, to);
}
