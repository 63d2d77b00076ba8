/* SPDX-License-Identifier: Apache-2.0
 * budgets/advance.c - what time brings: ends of reservations and periods, thresholds that are crossed.
 */
#include <math.h>

#include "agent/base/money.h"
#include "agent/budgets/ledger.h"

#define FORECAST_MARGIN 1.1 /* a forecast this far above the limit is worth a word */
#define SINGLE_EACH_S   3600
#define KNOWN_AT_ONCE   64  /* groups that are forgotten in one advance */

struct advancing {
	struct budgets *b;
	struct audience to;
	struct group *idle[KNOWN_AT_ONCE];
	size_t idle_count;
};

/* "day/assistant", or "day/assistant user=alice" */
static void write_name(struct buf *out, const struct group *g)
{
	buf_text(out, g->rule->instance->id);
	for (int d = 0; d < BUDGET_DIMENSIONS; d++)
		if (g->labels[d].len > 0)
			buf_printf(out, " %s=%.*s", budget_dimension_names[d], SLICE_ARG(g->labels[d]));
}

static struct slice label_or_all(const struct group *g, enum budget_dimension d)
{
	if (g->labels[d].len > 0)
		return g->labels[d];
	return g->rule->config->only[d] != NULL ? slice_of(g->rule->config->only[d]) : SLICE("*");
}

static struct verdict verdict_of(const struct group *g, const char *metric, struct slice name, uint64_t started_at_s)
{
	return (struct verdict){
		.kind = VERDICT_BUDGET,
		.metric = metric,
		.name = name,
		.feature = label_or_all(g, BUDGET_BY_FEATURE),
		.model = label_or_all(g, BUDGET_BY_MODEL),
		.prompt_version = SLICE("*"),
		.workflow = g->labels[BUDGET_BY_WORKFLOW],
		.user_segment = g->labels[BUDGET_BY_USER_SEGMENT],
		.started_at_s = started_at_s,
	};
}

static double scale_of(int unit)
{
	return unit == AMOUNT_PUSD ? 1 / (double)PUSD_PER_USD : 1;
}

static void emit(struct advancing *a, const struct group *g, const char *metric, enum verdict_event event,
		 uint64_t started_at_s, int unit, double value, const struct spell *s)
{
	struct buf name = BUF_INIT;

	write_name(&name, g);
	struct verdict v = verdict_of(g, metric, buf_view(&name), started_at_s);
	v.event = event;
	v.at_s = (uint64_t)a->to.now_s;
	v.value = value * scale_of(unit);
	v.baseline_mean = (double)g->rule->limit.n[unit] * scale_of(unit);
	v.baseline_stddev = v.deviation = v.pooled_deviation = NAN; /* a limit is set, not learned */
	v.ratio = v.value / v.baseline_mean;
	v.sample_size = s != NULL ? (double)s->calls : NAN;
	v.run = 1;
	v.window_s = (uint32_t)(rule_period(g->rule, a->to.now_s).end_s - rule_period(g->rule, a->to.now_s).start_s);
	v.direction = +1;
	a->to.emit(a->to.context, &v);
	buf_release(&name);
}

/* By unit, as alerts know them. */
static const char *const metrics[AMOUNT_KINDS] = { "budget_usd", "budget_tokens", "budget_requests" };
static const char *const forecast_metrics[AMOUNT_KINDS] = { "budget_forecast", "budget_forecast_tokens",
							    "budget_forecast_requests" };

/* The first that has a limit: of a budget it is always the same. */
static int forecast_unit(const struct rule *r)
{
	int unit = 0;

	while (unit + 1 < AMOUNT_KINDS && r->limit.n[unit] == 0)
		unit++;
	return unit;
}

static void emit_forecast(struct advancing *a, const struct group *g, enum verdict_event event, double forecast,
			  const struct spell *s)
{
	int unit = forecast_unit(g->rule);

	emit(a, g, forecast_metrics[unit], event, g->told.forecast_at_s, unit, forecast, s);
}

static void end_soft(struct advancing *a, const struct group *g, size_t i, const struct spell *s)
{
	int unit = g->told.soft_unit[i];

	if (g->told.soft_at_s[i] != 0 && unit < AMOUNT_KINDS)
		emit(a, g, metrics[unit], VERDICT_RESOLVED, g->told.soft_at_s[i], unit,
		     s != NULL ? (double)(s->spent.n[unit] - s->forgiven.n[unit]) : 0, s);
}

static void end_all(struct advancing *a, struct group *g)
{
	for (size_t i = 0; i < BUDGET_SOFT_MAX; i++)
		end_soft(a, g, i, NULL);
	if (g->told.forecast_at_s != 0)
		emit_forecast(a, g, VERDICT_RESOLVED, 0, NULL);
	g->told = (struct told){ .period_start_s = rule_period(g->rule, a->to.now_s).start_s };
	group_touch(a->b, g);
}

void group_end_told(struct budgets *b, struct group *g, const struct audience *to)
{
	struct advancing a = { .b = b, .to = *to };

	crowd_count(g, -1);
	end_all(&a, g);
	crowd_count(g, +1);
}

/* The budget was started anew, or a reload has other limits or thresholds: what is no longer crossed may be told again. */
static void end_uncrossed(struct advancing *a, struct group *g, const struct spell *s)
{
	double share = spell_share(g->rule, s, NULL);

	for (size_t i = 0; i < BUDGET_SOFT_MAX; i++) {
		if (g->told.soft_at_s[i] == 0 || (i < g->rule->soft_count && share >= g->rule->soft[i]))
			continue;
		end_soft(a, g, i, s);
		g->told.soft_at_s[i] = 0;
		group_touch(a->b, g);
	}
}

/* Of thresholds that were crossed since the last look, only the highest is told. */
static void judge_soft(struct advancing *a, struct group *g, const struct spell *s)
{
	int unit = AMOUNT_PUSD;
	double share = spell_share(g->rule, s, &unit);
	size_t crossed = 0;

	while (crossed < g->rule->soft_count && share >= g->rule->soft[crossed])
		crossed++;
	if (crossed == 0 || g->told.soft_at_s[crossed - 1] != 0)
		return;
	for (size_t i = 0; i + 1 < crossed; i++) /* the higher one stands for the lower ones from now on */
		if (g->told.soft_at_s[i] == 0) {
			g->told.soft_at_s[i] = (uint64_t)a->to.now_s;
			g->told.soft_unit[i] = TOLD_BY_HIGHER;
		}
	bool is_named = g->rule->crowds[crossed - 1].named < CROWD_NAMED;
	g->told.soft_at_s[crossed - 1] = (uint64_t)a->to.now_s;
	g->told.soft_unit[crossed - 1] = is_named ? (uint8_t)unit : TOLD_IN_CROWD;
	group_touch(a->b, g);
	if (!is_named)
		return;
	emit(a, g, metrics[unit], VERDICT_RAISED, (uint64_t)a->to.now_s, unit,
	     (double)(s->spent.n[unit] - s->forgiven.n[unit]), s);
}

static void judge_forecast(struct advancing *a, struct group *g, const struct spell *s)
{
	int unit = forecast_unit(g->rule);
	double limit = (double)g->rule->limit.n[unit], forecast = group_forecast(g, a->to.now_s, unit);
	bool is_over = (double)(s->spent.n[unit] - s->forgiven.n[unit]) >= limit;

	if (limit <= 0 || isnan(forecast))
		return;
	bool is_low = !g->rule->config->forecast || forecast < limit;
	bool is_high = !is_low && !is_over && forecast > FORECAST_MARGIN * limit, is_told = g->told.forecast_at_s != 0;
	if (is_high && !is_told && g->rule->crowds[CROWD_OF_FORECAST].named < CROWD_NAMED) {
		g->told.forecast_in_crowd = false;
		g->told.forecast_at_s = (uint64_t)a->to.now_s;
		group_touch(a->b, g);
		emit_forecast(a, g, VERDICT_RAISED, forecast, s);
	} else if (is_told && is_low) {
		emit_forecast(a, g, VERDICT_RESOLVED, forecast, s);
		g->told.forecast_at_s = 0;
		group_touch(a->b, g);
	} else if (!is_told) {
		g->told.forecast_in_crowd = is_high || (g->told.forecast_in_crowd && !is_low);
	}
}

static bool is_told(const struct told *t)
{
	for (size_t i = 0; i < BUDGET_SOFT_MAX; i++)
		if (t->soft_at_s[i] != 0)
			return true;
	return t->forecast_at_s != 0 || t->forecast_in_crowd;
}

/* Its last period ended a whole period ago, and nothing is open. */
static bool is_idle(struct group *g, int64_t now_s)
{
	struct period now = rule_period(g->rule, now_s);
	int64_t last_s = 0;

	for (size_t i = 0; i < PERIODS_KEPT; i++)
		if (g->spells[i].period.end_s > last_s)
			last_s = g->spells[i].period.end_s;
	return g->open.n[AMOUNT_REQUESTS] == 0 && now_s >= g->left_until_s && last_s + (now.end_s - now.start_s) < now_s;
}

static void judge(struct advancing *a, struct group *g)
{
	struct period now = rule_period(g->rule, a->to.now_s);
	const struct spell *s = group_spell_find(g, now.start_s);

	if (is_told(&g->told) && g->told.period_start_s != now.start_s)
		end_all(a, g);
	if (s != NULL) {
		g->told.period_start_s = now.start_s;
		end_uncrossed(a, g, s);
		judge_soft(a, g, s);
		judge_forecast(a, g, s);
	} else if (is_idle(g, a->to.now_s) && a->idle_count < KNOWN_AT_ONCE) {
		a->idle[a->idle_count++] = g;
	}
}

/* ---------------------------------------------------------------- single calls */

/* Told as of the hour's start: after a restart it is the same alert. It has its time, nothing ends it. */
static void tell_single(struct advancing *a, struct rule *r)
{
	static const uint8_t no_trace[16];
	static const char *const single_metrics[AMOUNT_KINDS] = { "budget_call_usd", "budget_call_tokens" };
	const struct group nobody = { .rule = r };
	struct single *s = &r->single;

	if (s->at_s == 0 || s->at_s / SINGLE_EACH_S == s->told_at_s / SINGLE_EACH_S)
		return;
	s->told_at_s = s->at_s;
	struct verdict v = verdict_of(&nobody, single_metrics[s->unit], slice_of(r->instance->id),
				      (uint64_t)(s->at_s / SINGLE_EACH_S * SINGLE_EACH_S));
	v.event = VERDICT_RAISED;
	v.at_s = (uint64_t)s->at_s;
	v.value = (double)s->value * scale_of(s->unit);
	v.baseline_mean = (double)r->limit.n[s->unit] * scale_of(s->unit);
	v.baseline_stddev = v.deviation = v.pooled_deviation = NAN;
	v.ratio = v.value / v.baseline_mean;
	v.sample_size = v.run = 1;
	v.direction = +1;
	if (memcmp(s->trace_id, no_trace, sizeof(no_trace)) != 0)
		memcpy(v.trace_ids[v.trace_count++], s->trace_id, sizeof(s->trace_id));
	a->to.emit(a->to.context, &v);
}

static void advance_group(void *context, struct group *g)
{
	crowd_count(g, -1);
	judge(context, g);
	crowd_count(g, +1);
}

void budgets_advance(struct budgets *b, int64_t now_s, verdict_fn emit_verdict, void *context)
{
	struct advancing a = { .b = b, .to = { now_s, emit_verdict, context } };
	bool is_queued = true;

	pthread_mutex_lock(&b->lock);
	reservations_expire(b, now_s);
	groups_each_giving_way(b, advance_group, &a); /* who reloads is on this thread */
	for (size_t i = 0; i < a.idle_count; i++)
		if (is_idle(a.idle[i], now_s)) /* still: others had the lock in between */
			group_drop(b, a.idle[i]);
	for (size_t i = 0; i < b->rule_count; i++)
		tell_single(&a, &b->rules[i]);
	crowds_advance(b, &a.to);
	if (b->known_count > 0 && now_s > b->known_until_s)
		b->known_count = 0; /* its memory stays: it is small */
	if (b->dirty != NULL || b->deleted.fresh.len > 0 || b->is_incomplete)
		is_queued = keep(b, NULL, 0, now_s, NULL, NULL);
	pthread_mutex_unlock(&b->lock);
	(void)is_queued; /* else the next write holds it */
}
