/* SPDX-License-Identifier: Apache-2.0
 * daemon/slo_metrics.c - one pass over the groups for each family: families may not interleave.
 */
#include "agent/daemon/slo_metrics.h"

#include <math.h>

struct rendering {
	struct exposition *x;
	struct buf labels;
};

static void label_if_any(struct buf *labels, const char *name, struct slice value)
{
	if (value.len > 0)
		exposition_label(labels, name, value);
}

/* The labels that all families carry. */
static void begin_labels(struct rendering *r, const struct slo_view *v)
{
	buf_reset(&r->labels);
	exposition_label(&r->labels, "slo", slice_of(v->slo));
	exposition_label(&r->labels, "metric", slice_of(v->metric));
	label_if_any(&r->labels, "feature", v->feature);
	label_if_any(&r->labels, "model", v->model);
	label_if_any(&r->labels, "prompt", v->prompt_version);
	label_if_any(&r->labels, "context", v->context);
}

static void render_requests(void *context, const struct slo_view *v)
{
	struct rendering *r = context;

	begin_labels(r, v);
	exposition_label(&r->labels, "result", SLICE("good"));
	exposition_u64(r->x, buf_view(&r->labels), v->good);
	begin_labels(r, v);
	exposition_label(&r->labels, "result", SLICE("bad"));
	exposition_u64(r->x, buf_view(&r->labels), v->bad);
}

static void render_objective(void *context, const struct slo_view *v)
{
	struct rendering *r = context;

	begin_labels(r, v);
	exposition_double(r->x, buf_view(&r->labels), v->objective);
}

static void render_budget(void *context, const struct slo_view *v)
{
	struct rendering *r = context;

	if (isnan(v->budget_left))
		return;
	begin_labels(r, v);
	exposition_double(r->x, buf_view(&r->labels), v->budget_left);
}

static void render_burn(void *context, const struct slo_view *v)
{
	static const char *const windows[SLO_RULE_COUNT] = { "1h", "6h", "3d" };
	struct rendering *r = context;

	for (int rule = 0; rule < SLO_RULE_COUNT; rule++) {
		if (isnan(v->burn[rule]))
			continue;
		begin_labels(r, v);
		exposition_label(&r->labels, "window", slice_of(windows[rule]));
		exposition_double(r->x, buf_view(&r->labels), v->burn[rule]);
	}
}

static const struct {
	struct metric_family family;
	void (*render)(void *context, const struct slo_view *v);
} families[] = {
	{ { "plimsoll_slo_requests", METRIC_COUNTER, "Calls that an objective speaks of, and whether they met it" },
	  render_requests },
	{ { "plimsoll_slo_objective", METRIC_GAUGE, "Share of calls that must meet the objective" }, render_objective },
	{ { "plimsoll_slo_error_budget_left", METRIC_GAUGE, "Share of the period's error budget that is left" },
	  render_budget },
	{ { "plimsoll_slo_burn_rate", METRIC_GAUGE, "How fast the error budget burns; 1 uses it up within the period" },
	  render_burn },
};

void slo_metrics_render(const struct slo_tracker *slos, struct exposition *x)
{
	struct rendering r = { .x = x, .labels = BUF_INIT };

	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		exposition_family(x, &families[i].family);
		slo_visit(slos, families[i].render, &r);
	}
	buf_release(&r.labels);
}
