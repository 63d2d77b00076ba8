/* SPDX-License-Identifier: Apache-2.0
 * gate/gate.c - answers become cases, cases become figures, figures are held against limits.
 */
#include "agent/gate/gate.h"

#include <math.h>
#include <stdlib.h>

#define ARENA_BYTES (64u << 20)
#define Z95         1.959963984540054

/* ---------------------------------------------------------------- statistics */
void wilson_interval(double share, double n, double *low, double *high)
{
	double z2 = Z95 * Z95, centre = share + z2 / (2 * n);
	double half = Z95 * sqrt(share * (1 - share) / n + z2 / (4 * n * n));

	*low = n > 0 ? fmax(0, (centre - half) / (1 + z2 / n)) : 0;
	*high = n > 0 ? fmin(1, (centre + half) / (1 + z2 / n)) : 1;
}

double cases_needed(double share, double n, double limit)
{
	double low, high, more = 0;

	if (isnan(limit) || share == limit)
		return 0;
	for (double total = n; total < 1e6; total = ceil(total * 1.1 + 1), more = total - n) {
		wilson_interval(share, total, &low, &high);
		if (limit < low || limit > high)
			return more;
	}
	return 1e6;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The smallest value that 95 % do not exceed (nearest rank). NaN of none. */
static double p95_of(double *values, size_t n)
{
	if (n == 0)
		return NAN;
	qsort(values, n, sizeof(*values), by_value);
	return values[(size_t)ceil(0.95 * (double)n) - 1];
}

/* ---------------------------------------------------------------- cases */
static struct gate_case *found(struct gate *g, const struct text_index *x, struct slice text)
{
	uint32_t place = text_index_find(x, text);

	return place != TEXT_INDEX_NONE ? &g->cases[place] : NULL;
}

static struct gate_case *find_case(struct gate *g, struct slice id)
{
	return found(g, &g->by_id, id);
}

static bool make_room(struct gate *g)
{
	if (g->count < g->cap)
		return true;
	size_t cap = g->cap > 0 ? 2 * g->cap : 64;
	struct gate_case *cases = realloc(g->cases, cap * sizeof(*cases));
	if (cases == NULL)
		return false;
	g->cases = cases;
	g->cap = cap;
	return true;
}

static struct gate_case *add_case(struct gate *g, struct slice id, const struct suite_case *asked)
{
	struct slice question = asked != NULL && asked->question != NULL ? slice_trim(slice_of(asked->question)) : SLICE_NONE;

	if (!make_room(g) || !text_index_add(&g->by_id, id, (uint32_t)g->count) ||
	    (question.len > 0 && !text_index_add(&g->by_question, question, (uint32_t)g->count)))
		return NULL;
	g->cases[g->count] = (struct gate_case){
		.id = id, .asked = asked, .cost_usd = NAN, .latency_ms = NAN, .passed_before = TRI_UNKNOWN,
		.cost_before_usd = NAN, .latency_before_ms = NAN,
	};
	return &g->cases[g->count++];
}

/* By its id; else by what was asked, since platforms have ids of their own. */
static struct gate_case *match(struct gate *g, const struct result *r)
{
	struct gate_case *c = find_case(g, r->case_id);

	if (c == NULL && r->short_id.len > 0)
		c = find_case(g, r->short_id);
	return c != NULL || r->question.len == 0 ? c : found(g, &g->by_question, r->question);
}

static struct gate_case *case_of(struct gate *g, const struct suite *suite, const struct result *r)
{
	struct gate_case *c = match(g, r);

	if (c != NULL || suite == NULL)
		return c != NULL ? c : add_case(g, r->case_id, NULL);
	if (g->unknown++ == 0)
		g->first_unknown = r->case_id;
	return NULL;
}

/* Which results are meant. text: NULL, all of them. */
struct wanted {
	const char *text;
	bool is_whole; /* a variant's name in full: others that hold it too are not meant */
};

static struct wanted wanted_of(const struct results *all, const char *text)
{
	struct wanted w = { .text = text };

	for (size_t i = 0; text != NULL && i < all->count && !w.is_whole; i++)
		w.is_whole = slice_equal(all->items[i].variant, slice_of(text));
	return w;
}

static bool is_wanted(const struct result *r, struct wanted w)
{
	if (w.text == NULL)
		return true;
	return w.is_whole ? slice_equal(r->variant, slice_of(w.text)) : slice_find(r->variant, slice_of(w.text)) >= 0;
}

static struct status take(struct gate *g, struct gate_case *c, const struct result *r)
{
	struct buf why = BUF_INIT;
	bool passes = answer_passes(c->asked, r, &why);

	if (!passes && c->why.len == 0)
		c->why = arena_dup(&g->arena, buf_view(&why));
	bool nomem = c->why.len > 0 && c->why.ptr == NULL;
	buf_release(&why);
	c->runs++;
	c->passes += passes;
	g->runs++;
	g->cached += r->is_cached;
	/* running means; once one run does not tell, nothing is known */
	c->cost_usd = c->runs == 1 ? r->cost_usd : c->cost_usd + (r->cost_usd - c->cost_usd) / c->runs;
	c->latency_ms = c->runs == 1 ? r->latency_ms : c->latency_ms + (r->latency_ms - c->latency_ms) / c->runs;
	return nomem ? FAIL(NOMEM, "no memory for the gate") : OK;
}

/* Several prompts or providers in one file are several versions: which one is meant? option: what says it. */
static struct status check_variants(const struct results *all, struct wanted wanted, const char *option, struct buf *why)
{
	const struct result *first = NULL;

	for (size_t i = 0; i < all->count; i++) {
		const struct result *r = &all->items[i];
		if (!is_wanted(r, wanted))
			continue;
		if (first == NULL)
			first = r;
		if (slice_equal(first->variant, r->variant))
			continue;
		buf_printf(why, "%s is wanted: there are results of '%.*s' and of '%.*s'", option, SLICE_ARG(first->variant),
			   SLICE_ARG(r->variant));
		return FAIL(INVALID, "several variants");
	}
	if (first != NULL)
		return OK;
	buf_printf(why, "%s: no result is of variant '%s', but of '%.*s'", option, wanted.text,
		   SLICE_ARG(all->items[0].variant));
	return FAIL(INVALID, "no such variant");
}

static struct status gather(struct gate *g, const struct suite *suite, const struct results *all, struct wanted wanted)
{
	for (size_t i = 0; suite != NULL && i < suite->count; i++)
		if (add_case(g, slice_of(suite->cases[i].id), &suite->cases[i]) == NULL)
			return FAIL(NOMEM, "no memory for the gate");
	for (size_t i = 0; i < all->count; i++) {
		if (!is_wanted(&all->items[i], wanted))
			continue;
		struct gate_case *c = case_of(g, suite, &all->items[i]);
		if (c == NULL && suite == NULL)
			return FAIL(NOMEM, "no memory for the gate");
		if (c != NULL)
			TRY(take(g, c, &all->items[i]));
	}
	return OK;
}

/* ---------------------------------------------------------------- figures */
static struct status latency_p95(const struct results *all, struct gate *g, struct wanted wanted, double *out)
{
	double *values = malloc((all->count + 1) * sizeof(*values));
	size_t n = 0;
	bool all_told = true;

	if (values == NULL)
		return FAIL(NOMEM, "no memory for the gate");
	for (size_t i = 0; i < all->count; i++) {
		const struct result *r = &all->items[i];
		bool counts = is_wanted(r, wanted) && match(g, r) != NULL;
		if (counts && isnan(r->latency_ms))
			all_told = false;
		else if (counts)
			values[n++] = r->latency_ms;
	}
	*out = all_told ? p95_of(values, n) : NAN;
	free(values);
	return OK;
}

static void sum_up(struct gate *g)
{
	double shares = 0, cost = 0;
	unsigned with_runs = 0;

	for (size_t i = 0; i < g->count; i++) {
		const struct gate_case *c = &g->cases[i];
		shares += c->runs > 0 ? (double)c->passes / c->runs : 0;
		g->flaky += gate_case_is_flaky(c);
		g->missing += c->runs == 0;
		if (c->runs > 0) {
			cost += c->cost_usd * c->runs; /* NaN stays */
			with_runs += c->runs;
		}
	}
	g->pass_rate = g->count > 0 ? shares / (double)g->count : 0;
	wilson_interval(g->pass_rate, (double)g->count, &g->pass_low, &g->pass_high);
	g->average_cost_usd = with_runs > 0 ? cost / with_runs : NAN;
}

static void compare(struct gate *g, struct gate *before)
{
	g->has_baseline = true;
	g->pass_rate_before = before->pass_rate;
	g->average_cost_before_usd = before->average_cost_usd;
	g->p95_latency_before_ms = before->p95_latency_ms;
	for (size_t i = 0; i < before->count; i++)
		if (find_case(g, before->cases[i].id) == NULL && g->gone++ == 0)
			g->first_gone = before->cases[i].id;
	for (size_t i = 0; i < g->count; i++) {
		struct gate_case *c = &g->cases[i];
		const struct gate_case *old = find_case(before, c->id);
		if (old == NULL || old->runs == 0)
			continue;
		c->passed_before = gate_case_passed(old) ? TRI_YES : TRI_NO;
		c->cost_before_usd = old->cost_usd;
		c->latency_before_ms = old->latency_ms;
		g->regressions += gate_case_regressed(c);
		g->fixed += c->passed_before == TRI_NO && gate_case_passed(c);
	}
}

/* A figure that is not known keeps to no limit. */
static void hold_against(struct gate *g, const struct gate_limits *limits)
{
	const double values[GATE_CRITERIA] = {
		[GATE_PASS_RATE] = -g->pass_rate,
		[GATE_AVERAGE_COST] = g->average_cost_usd,
		[GATE_P95_LATENCY] = g->p95_latency_ms,
		[GATE_REGRESSIONS] = g->has_baseline ? (double)g->regressions : NAN,
	};
	const double most[GATE_CRITERIA] = {
		[GATE_PASS_RATE] = -limits->min_pass_rate,
		[GATE_AVERAGE_COST] = limits->max_average_cost_usd,
		[GATE_P95_LATENCY] = limits->max_p95_latency_ms,
		[GATE_REGRESSIONS] = limits->max_regressions,
	};

	g->open = true;
	for (int i = 0; i < GATE_CRITERIA; i++) {
		g->limit[i] = i == GATE_PASS_RATE ? limits->min_pass_rate : most[i];
		g->kept[i] = isnan(most[i]) || values[i] <= most[i] + 1e-12;
		g->open = g->open && g->kept[i];
	}
}

static struct status measure(const struct suite *suite, const struct results *all, struct wanted wanted, struct gate **out)
{
	struct gate *g = calloc(1, sizeof(*g));

	if (g == NULL)
		return FAIL(NOMEM, "no memory for the gate");
	arena_init(&g->arena, ARENA_BYTES);
	g->source = all->source;
	g->skipped = all->skipped;
	*out = g;
	TRY(gather(g, suite, all, wanted));
	sum_up(g);
	return latency_p95(all, g, wanted, &g->p95_latency_ms);
}

struct status gate_judge(const struct suite *suite, const struct results *now, const struct results *baseline,
			 const struct gate_limits *limits, const struct gate_variants *variants, struct gate **out,
			 struct buf *why)
{
	struct gate *g = NULL, *before = NULL;
	struct wanted new = wanted_of(now, variants->now), old = { .text = NULL };

	TRY(check_variants(now, new, "--variant", why));
	if (baseline != NULL) {
		old = wanted_of(baseline, variants->before);
		TRY(check_variants(baseline, old, "--baseline-variant", why));
	}
	struct status s = measure(suite, now, new, &g);
	if (!FAILED(s) && baseline != NULL)
		s = measure(suite, baseline, old, &before);
	if (FAILED(s)) {
		buf_text(why, s.why);
		gate_free(g);
		gate_free(before);
		return s;
	}
	if (before != NULL)
		compare(g, before);
	gate_free(before);
	hold_against(g, limits);
	*out = g;
	return OK;
}

void gate_free(struct gate *g)
{
	if (g == NULL)
		return;
	arena_release(&g->arena);
	text_index_release(&g->by_id);
	text_index_release(&g->by_question);
	free(g->cases);
	free(g);
}
