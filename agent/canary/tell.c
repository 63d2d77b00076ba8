/* SPDX-License-Identifier: Apache-2.0
 * canary/tell.c - what a pair of versions has come to, in a sentence, a verdict, an alert.
 */
#include <math.h>

#include "agent/base/hash.h"
#include "agent/canary/canary_priv.h"

/* In the metric's own unit. */
static double in_unit(enum canary_metric m, double value)
{
	return canary_metric_infos[m].kind == CANARY_LOG ? exp(value) : value;
}

static double sigmas(const struct canary_row *r)
{
	return fabs(r->difference.by) / sqrt(r->difference.variance);
}

/* ---------------------------------------------------------------- a look at all comparisons of a pair */
struct look {
	enum canary_verdict verdict;
	unsigned comparisons, better, equal, undecided; /* the last three: guarded rows */
	double calls_from, calls_to;
	struct canary_comparison worst_in; /* what it and the next are about; their rows: NULL where there is none */
	const struct canary_row *worst;    /* the guarded row that is worse by most of its own uncertainty */
	struct canary_row open;            /* the undecided one that will bring the verdict */
	const struct arm *open_in;         /* NULL: none */
};

static bool heads_for_worse(const struct canary_row *r)
{
	return r->difference.is_known && r->calls_needed > 0 &&
	       canary_metric_infos[r->metric].worse * r->difference.by > r->margin;
}

/* One that gets worse is enough for a verdict, the first of them; else the last one has to be decided. */
static bool decides_rather(const struct canary_row *r, const struct canary_row *other)
{
	if (heads_for_worse(r) != heads_for_worse(other))
		return heads_for_worse(r);
	return heads_for_worse(r) ? r->calls_needed < other->calls_needed : r->calls_needed > other->calls_needed;
}

static void take_row(struct look *l, const struct canary_comparison *c, size_t i)
{
	const struct canary_row *r = &c->rows[i];

	l->better += r->verdict == CANARY_BETTER;
	l->equal += r->verdict == CANARY_EQUAL;
	l->undecided += r->verdict == CANARY_UNDECIDED;
	if (r->verdict == CANARY_UNDECIDED && (l->open_in == NULL || decides_rather(r, &l->open))) {
		l->open = *r;
		l->open_in = c->b;
	}
	if (r->verdict == CANARY_WORSE && (l->worst == NULL || sigmas(r) > sigmas(l->worst))) {
		l->worst_in = *c;
		l->worst = &l->worst_in.rows[i];
	}
}

static void take_comparison(void *context, const struct canary_comparison *c)
{
	struct look *l = context;

	l->comparisons++;
	l->calls_from += (double)arm_calls(c->a, c->window.since_s);
	l->calls_to += (double)arm_calls(c->b, c->window.since_s);
	for (size_t i = 0; i < c->count; i++)
		if (c->rows[i].guarded)
			take_row(l, c, i);
}

static void look_at(const struct canary *c, const struct canary_wish *wish, const struct canary_pair *pair, struct look *l)
{
	*l = (struct look){ .comparisons = 0 };
	l->verdict = canary_visit(c, wish, pair, take_comparison, l);
}

/* ---------------------------------------------------------------- as a sentence */
static void write_value(struct buf *out, const struct canary_row *r, double n, double value)
{
	if (n == 0)
		buf_text(out, "unknown");
	else if (canary_metric_infos[r->metric].kind == CANARY_RATE)
		buf_printf(out, "%.2f %%", value * 100);
	else
		buf_printf(out, "%.4g", in_unit(r->metric, value));
}

static void write_row(struct buf *out, const struct canary_row *r, const struct arm *b)
{
	buf_text(out, canary_metric_infos[r->metric].name);
	if (r->name.len > 0)
		buf_printf(out, " %.*s", SLICE_ARG(r->name));
	buf_printf(out, " of %.*s (%.*s)", SLICE_ARG(b->labels.feature), SLICE_ARG(b->labels.model));
}

static void write_worst(struct buf *out, const struct look *l)
{
	const struct difference *d = &l->worst->difference;

	write_row(out, l->worst, l->worst_in.b);
	buf_text(out, " is ");
	write_value(out, l->worst, d->n_b, d->mean_b);
	buf_text(out, " against ");
	write_value(out, l->worst, d->n_a, d->mean_a);
}

static void write_open(struct buf *out, const struct look *l)
{
	write_row(out, &l->open, l->open_in);
	buf_text(out, " is not decided yet");
	if (l->open.calls_needed > 0 && l->open.calls_needed < 1e7)
		buf_printf(out, ": needs about %.0f more calls", ceil(l->open.calls_needed));
	if (l->undecided > 1)
		buf_printf(out, "; nor are %u other metrics", l->undecided - 1);
}

static bool has_calls(const struct canary *c, const struct canary_pair *pair, struct slice version)
{
	for (size_t i = 0; i < c->count; i++) {
		const struct arm *a = c->arms[i];
		bool here = pair->trial == NULL ||
			    canary_trial_of(c, canary_name_of(a), a->labels.environment) == pair->trial;
		if (here && slice_equal(a->labels.version, version) &&
		    arm_calls(a, pair->trial != NULL ? pair->trial->since_s : 0) > 0)
			return true;
	}
	return false;
}

static void write_nothing(struct buf *out, const struct canary *c, const struct canary_pair *pair)
{
	struct slice missing = !has_calls(c, pair, pair->to)     ? pair->to
			       : !has_calls(c, pair, pair->from) ? pair->from
								 : SLICE_NONE;

	if (missing.len == 0)
		buf_text(out, "they served no environment and feature both");
	else
		buf_printf(out, "no calls of %.*s were seen", SLICE_ARG(missing));
	if (missing.len > 0 && pair->trial != NULL)
		buf_printf(out, " in %.*s since the deployment", SLICE_ARG(pair->trial->environment));
}

static void write_reason(struct buf *out, const struct canary *c, const struct canary_pair *pair, const struct look *l)
{
	if (!c->config->enabled)
		buf_text(out, "canary.enabled is false");
	else if (c->config->guard.count == 0)
		buf_text(out, "no metric is guarded: canary.guard is empty");
	else if (l->comparisons == 0)
		write_nothing(out, c, pair);
	else if (l->worst != NULL)
		write_worst(out, l);
	else if (l->undecided > 0)
		write_open(out, l);
	else if (l->equal + l->better == 0)
		buf_text(out, "no guarded metric is known of them");
	else
		buf_printf(out, "equal in %u guarded metrics, better in %u", l->equal, l->better);
}

static void summarize(const struct canary *c, const struct canary_pair *pair, const struct look *l,
		      struct canary_summary *out)
{
	*out = (struct canary_summary){ .verdict = l->verdict, .calls_from = l->calls_from, .calls_to = l->calls_to };
	if (l->verdict == CANARY_UNDECIDED && l->open_in != NULL)
		out->calls_needed = ceil(l->open.calls_needed);
	write_reason(&out->reason, c, pair, l);
}

void canary_summarize(const struct canary *c, const struct canary_wish *wish, const struct canary_pair *pair,
		      struct canary_summary *out)
{
	struct look l;

	look_at(c, wish, pair, &l);
	summarize(c, pair, &l, out);
}

/* ---------------------------------------------------------------- as an alert */
static void add_trace(struct verdict *v, const struct arm *a, enum canary_metric m)
{
	static const uint8_t none[16];

	if (m < CANARY_ERROR_RATE || m >= CANARY_EVAL_SCORE || memcmp(a->bad_trace[m - CANARY_ERROR_RATE], none, 16) == 0)
		return;
	memcpy(v->trace_ids[v->trace_count++], a->bad_trace[m - CANARY_ERROR_RATE], 16);
}

static struct verdict verdict_on(const struct look *l, const struct canary_pair *pair, uint64_t now_s)
{
	const struct canary_comparison *c = &l->worst_in;
	const struct canary_row *r = l->worst;
	const struct difference *d = &r->difference;
	double value = in_unit(r->metric, d->mean_b), mean = in_unit(r->metric, d->mean_a), sigma = sqrt(d->variance);
	bool is_log = canary_metric_infos[r->metric].kind == CANARY_LOG;
	uint64_t first_s = c->b->first_s > c->window.since_s ? c->b->first_s : c->window.since_s;
	struct verdict v = {
		.event = VERDICT_RAISED,
		.kind = VERDICT_CANARY,
		.metric = canary_metric_infos[r->metric].name,
		.name = r->name,
		.feature = c->b->labels.feature,
		.model = c->b->labels.model,
		.prompt_version = c->b->labels.version,
		.reference_version = c->a->labels.version,
		.environment = pair->trial != NULL ? pair->trial->environment : c->b->labels.environment,
		.started_at_s = now_s,
		.at_s = now_s,
		.value = value,
		.baseline_mean = mean,
		.baseline_stddev = is_log ? mean * expm1(sigma) : sigma,
		.deviation = fabs(d->by) / sigma,
		.pooled_deviation = NAN,
		.ratio = mean != 0 ? value / mean : NAN,
		.sample_size = d->n_b,
		.run = 1,
		.window_s = (uint32_t)(now_s > first_s ? now_s - first_s : 0),
		.direction = d->by > 0 ? 1 : -1,
	};

	add_trace(&v, c->b, r->metric);
	return v;
}

/* A version that is put to trial again is told of again. */
static uint64_t pair_id(const struct canary_pair *p)
{
	const struct arm_labels both = { .feature = p->from, .model = p->to };
	uint64_t id = arm_id_of(&both);

	return p->trial != NULL ? hash_mix(id, p->trial->since_s) : id;
}

static bool is_told(const struct canary *c, const struct canary_wish *wish, const struct canary_pair *pair)
{
	for (size_t i = 0; i < c->count; i++)
		if (canary_is_compared(c, wish, pair, c->arms[i]) && c->arms[i]->told == pair_id(pair))
			return true;
	return false;
}

static void tell_worse(struct canary *c, const struct canary_wish *wish, const struct canary_pair *pair, const struct look *l)
{
	struct verdict v = verdict_on(l, pair, c->newest_s);

	for (size_t i = 0; i < c->count; i++) {
		struct arm *a = c->arms[i];
		if (!canary_is_compared(c, wish, pair, a))
			continue;
		a->told = pair_id(pair);
		a->dirty = true;
	}
	c->emit(c->context, &v);
}

/* ---------------------------------------------------------------- all pairs */
static void note_finding(struct canary *c, const struct canary_pair *pair, const struct look *l)
{
	struct canary_trial *t = &c->trials[pair->trial - c->trials];
	struct canary_summary summary;

	summarize(c, pair, l, &summary);
	const struct canary_finding f = { t, &summary, pair->from, c->wall_s > 0 ? c->wall_s : c->newest_s };
	t->verdict = l->verdict;
	if (c->found != NULL)
		c->found(c->found_context, &f);
	buf_release(&summary.reason);
}

static void judge_pair(void *context, const struct canary_wish *wish)
{
	struct canary *c = context;
	struct canary_pair pair;
	struct look l;

	if (FAILED(canary_choose(c, wish, &pair)) || (pair.trial != NULL && pair.trial->state == CANARY_TRIAL_ENDED))
		return;
	look_at(c, wish, &pair, &l);
	if (pair.trial != NULL && pair.trial->verdict != l.verdict && l.comparisons > 0)
		note_finding(c, &pair, &l);
	if (l.worst != NULL && !is_told(c, wish, &pair))
		tell_worse(c, wish, &pair, &l);
}

void canary_judge(struct canary *c)
{
	c->fresh = false;
	canary_pairs(c, judge_pair, c);
}
