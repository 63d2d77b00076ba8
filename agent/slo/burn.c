/* SPDX-License-Identifier: Apache-2.0
 * slo/burn.c - the rules: two windows each, and what a group that breaks one is reported as.
 */
#include <math.h>
#include <stdlib.h>

#include "agent/base/meter.h"
#include "agent/slo/slo_priv.h"

#define BAD_MIN     4u   /* fewer bad calls than this in the long window are chance */
#define COOLED_S    900u /* no rule has held for so long: it is over */
#define MS_PER_S    1000u

static const struct rule {
	uint32_t long_s, short_s;
	double budget;
} rules[SLO_RULE_COUNT] = {
#define X(id, long_s, short_s, budget) { long_s, short_s, budget },
	SLO_RULE_MAP(X)
#undef X
};

const uint32_t slo_long_windows_s[SLO_RULE_COUNT] = {
#define X(id, long_s, short_s, budget) long_s,
	SLO_RULE_MAP(X)
#undef X
};

static double allowed_share(const struct slo_group *g)
{
	return 1 - slo_options(g)->objective;
}

static double burn_of(const struct slo_group *g, struct share s)
{
	return s.total > 0 ? s.bad / s.total / allowed_share(g) : NAN;
}

double slo_burn(const struct slo_group *g, uint64_t now_s, uint64_t window_s)
{
	return burn_of(g, rings_sum(&g->rings, now_s, window_s));
}

double slo_budget_left(const struct slo_group *g, uint64_t now_s)
{
	return 1 - slo_burn(g, now_s, slo_options(g)->window_ms / MS_PER_S);
}

/* A window that was hardly lived in says nothing about its length: four bad calls of the first ten are no trend. */
static bool is_lived_in(const struct slo_group *g, uint64_t now_s, uint32_t window_s)
{
	return now_s >= g->rings.oldest_s + window_s / 2;
}

/* The first rule that holds, or SLO_RULE_COUNT. seen: its long window. */
static size_t rule_that_holds(const struct slo_group *g, uint64_t now_s, struct share *seen)
{
	double period_s = (double)slo_options(g)->window_ms / MS_PER_S;

	for (size_t i = 0; i < SLO_RULE_COUNT; i++) {
		double limit = rules[i].budget * period_s / rules[i].long_s;
		*seen = rings_sum(&g->rings, now_s, rules[i].long_s);
		if (is_lived_in(g, now_s, rules[i].long_s) && seen->bad >= BAD_MIN && burn_of(g, *seen) > limit &&
		    slo_burn(g, now_s, rules[i].short_s) > limit)
			return i;
	}
	return SLO_RULE_COUNT;
}

static struct slice or_all(struct slice s)
{
	return s.len > 0 ? s : SLICE("*");
}

static struct verdict verdict_of(const struct slo_group *g, enum verdict_event event, uint64_t now_s)
{
	return (struct verdict){
		.event = event,
		.kind = VERDICT_SLO_BURN,
		.metric = g->slo->kind,
		.name = slice_of(g->slo->id),
		.feature = or_all(g->labels.feature),
		.model = or_all(g->labels.model),
		.prompt_version = or_all(g->labels.prompt_version),
		.context = g->labels.context,
		.started_at_s = g->burning_since_s,
		.at_s = now_s,
	};
}

static void raise(struct slo_tracker *t, struct slo_group *g, size_t rule, struct share seen, uint64_t now_s)
{
	g->burning_since_s = now_s;
	struct verdict v = verdict_of(g, VERDICT_RAISED, now_s);
	v.value = seen.bad / seen.total;
	v.baseline_mean = allowed_share(g);
	v.baseline_stddev = v.deviation = v.pooled_deviation = NAN; /* an objective is set, not learned */
	v.ratio = burn_of(g, seen);
	v.sample_size = seen.total;
	v.run = 1;
	v.window_s = rules[rule].long_s;
	v.direction = +1;
	t->emit(t->context, &v);
}

static void resolve(struct slo_tracker *t, struct slo_group *g, uint64_t now_s)
{
	struct verdict v = verdict_of(g, VERDICT_RESOLVED, now_s);

	g->burning_since_s = 0;
	t->emit(t->context, &v);
}

void slo_group_end(struct slo_tracker *t, struct slo_group *g, uint64_t now_s)
{
	if (g->burning_since_s != 0)
		resolve(t, g, now_s);
}

static void judge(struct slo_tracker *t, struct slo_group *g, uint64_t now_s)
{
	struct share seen;
	size_t rule = rule_that_holds(g, now_s, &seen);

	if (rule < SLO_RULE_COUNT) {
		g->hot_s = now_s;
		g->dirty = true;
		if (g->burning_since_s == 0)
			raise(t, g, rule, seen, now_s);
	} else if (g->burning_since_s != 0 && now_s >= g->hot_s + COOLED_S) {
		g->dirty = true;
		resolve(t, g, now_s);
	}
}

void slo_judge(struct slo_tracker *t, uint64_t now_s)
{
	t->judged_minute = now_s / 60;
	for (size_t i = t->count; i-- > 0;) {
		struct slo_group *g = t->groups[i];
		judge(t, g, now_s);
		if (g->burning_since_s == 0 && now_s > g->rings.newest_s + slo_options(g)->window_ms / MS_PER_S)
			slo_group_drop(t, i);
	}
}
