/* SPDX-License-Identifier: Apache-2.0
 * canary/compare.c - from differences to verdicts.
 */
#include "agent/canary/compare.h"

#include <math.h>

#include "agent/canary/sequential.h"

const char *const canary_verdict_names[] = { "undecided", "worse", "equal", "better" };

static double margin_of(const struct canary_config *c, enum canary_metric m)
{
	const double margins[] = {
#define X(id, name, kind, worse, tau, margin) c->margins.margin,
		CANARY_METRIC_MAP(X)
#undef X
	};

	/* a ratio of 1 + margin, in logarithms */
	return canary_metric_infos[m].kind == CANARY_LOG ? log1p(margins[m]) : margins[m];
}

static bool is_guarded(const struct canary_config *c, enum canary_metric m)
{
	for (size_t i = 0; i < c->guard.count; i++)
		if (strcmp(c->guard.items[i], canary_metric_infos[m].name) == 0)
			return true;
	return false;
}

/* ---------------------------------------------------------------- one metric */
static enum canary_verdict verdict_of(const struct canary_row *r, double worse_by)
{
	if (worse_by - r->half_width > 0 && worse_by > r->margin)
		return CANARY_WORSE;
	if (worse_by + r->half_width < 0)
		return CANARY_BETTER;
	return fabs(worse_by) + r->half_width < r->margin ? CANARY_EQUAL : CANARY_UNDECIDED;
}

/* The variance falls as calls come, at the rate and split of now. */
static double calls_needed(const struct canary_row *r, double worse_by, double tau, double alpha)
{
	const struct difference *d = &r->difference;
	double to_margin = r->margin - fabs(worse_by);
	double width = worse_by > r->margin ? worse_by : to_margin;

	if (worse_by < 0)
		width = fmax(-worse_by, to_margin);
	width = fmax(width, r->margin / 4); /* as near to the margin as this, nobody can say */
	return (d->n_a + d->n_b) * fmax(0, d->variance / sequential_variance(width, tau, alpha) - 1);
}

static double fewest_missing(const struct difference *d)
{
	double least = fmin(d->n_a, d->n_b);

	if (least == 0 || least >= COMPARE_CALLS_MIN)
		return 0;
	return (d->n_a + d->n_b) * (COMPARE_CALLS_MIN / least - 1);
}

static void judge_row(struct canary_row *r, double alpha)
{
	const struct canary_metric_info *info = &canary_metric_infos[r->metric];
	double worse_by = info->worse * r->difference.by;

	r->half_width = NAN;
	if (!r->difference.is_known) {
		r->calls_needed = fewest_missing(&r->difference);
		return;
	}
	r->half_width = sequential_half_width(r->difference.variance, info->tau, alpha);
	r->verdict = verdict_of(r, worse_by);
	if (r->verdict == CANARY_UNDECIDED)
		r->calls_needed = calls_needed(r, worse_by, info->tau, alpha);
}

/* ---------------------------------------------------------------- all of them */
static void add_row(struct canary_comparison *c, const struct canary_config *config, enum canary_metric m,
		    struct slice name)
{
	bool is_named = m >= CANARY_EVAL_SCORE;
	struct canary_row row = { .metric = m, .name = name, .guarded = is_guarded(config, m),
				  .margin = margin_of(config, m) };

	row.difference = arm_difference(c->a, c->b, m, is_named ? arm_slot(c->a, m, name) : 0,
					is_named ? arm_slot(c->b, m, name) : 0, &c->window);
	if (row.difference.n_a + row.difference.n_b > 0 && c->count < COMPARE_ROWS_MAX)
		c->rows[c->count++] = row;
}

static struct slice name_at(const struct arm *a, uint32_t i)
{
	return (struct slice){ a->names[i].text, a->names[i].length };
}

static void add_named_rows(struct canary_comparison *c, const struct canary_config *config)
{
	for (uint32_t i = 0; i < c->a->name_count; i++)
		add_row(c, config, c->a->names[i].metric, name_at(c->a, i));
	for (uint32_t i = 0; i < c->b->name_count; i++)
		if (arm_slot(c->a, c->b->names[i].metric, name_at(c->b, i)) == ARM_NAMES)
			add_row(c, config, c->b->names[i].metric, name_at(c->b, i));
}

enum canary_verdict canary_verdict_join(enum canary_verdict all, enum canary_verdict one)
{
	static const int strength[] = { [CANARY_EQUAL] = 0, [CANARY_BETTER] = 1, [CANARY_UNDECIDED] = 2,
					[CANARY_WORSE] = 3 };

	return strength[one] > strength[all] ? one : all;
}

void canary_compare(const struct canary_config *config, const struct arm *a, const struct arm *b,
		    const struct compare_window *w, struct canary_comparison *out)
{
	unsigned guarded = 0;

	*out = (struct canary_comparison){ .a = a, .b = b, .window = *w };
	for (int m = 0; m < CANARY_EVAL_SCORE; m++)
		add_row(out, config, (enum canary_metric)m, SLICE_NONE);
	add_named_rows(out, config);
	for (size_t i = 0; i < out->count; i++)
		guarded += out->rows[i].guarded;
	out->alpha = config->alpha / (guarded > 0 ? guarded : 1);
	out->verdict = guarded > 0 ? CANARY_EQUAL : CANARY_UNDECIDED;
	for (size_t i = 0; i < out->count; i++) {
		judge_row(&out->rows[i], out->alpha);
		if (out->rows[i].guarded)
			out->verdict = canary_verdict_join(out->verdict, out->rows[i].verdict);
	}
}
