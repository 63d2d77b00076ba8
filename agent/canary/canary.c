/* SPDX-License-Identifier: Apache-2.0
 * canary/canary.c - samples to arms, and which two of them are compared.
 */
#include <math.h>
#include <stdlib.h>

#include "agent/canary/canary_priv.h"

#define JUDGE_EVERY_S 300u
#define AHEAD_MAX_S   300u
#define SILENT_MIN_S  3600u /* before an arm makes room */

struct canary *canary_new(const struct canary_config *config, verdict_fn emit, void *context)
{
	struct canary *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->config = config;
	c->emit = emit;
	c->context = context;
	c->left_out = meter_get(METER_VERSIONS_LEFT_OUT, "");
	return c;
}

void canary_free(struct canary *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->count; i++)
		arm_free(c->arms[i]);
	buf_release(&c->deleted);
	free(c);
}

void canary_reload(struct canary *c, const struct canary_config *config)
{
	c->config = config;
}

void canary_advance(struct canary *c, uint64_t unix_s)
{
	c->wall_s = unix_s;
}

/* ---------------------------------------------------------------- arms */
struct arm *canary_arm_find(const struct canary *c, uint64_t id)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->arms[i]->id == id)
			return c->arms[i];
	return NULL;
}

/* False where even the arm that was silent for longest was not silent for long enough. */
static bool make_room(struct canary *c, uint64_t unix_s)
{
	size_t oldest = 0;

	for (size_t i = 1; i < c->count; i++)
		if (c->arms[i]->newest_s < c->arms[oldest]->newest_s)
			oldest = i;
	c->full_until_s = c->arms[oldest]->newest_s + SILENT_MIN_S;
	if (unix_s < c->full_until_s)
		return false;
	canary_arm_gone(c, c->arms[oldest]);
	arm_free(c->arms[oldest]);
	c->arms[oldest] = c->arms[--c->count];
	return true;
}

struct arm *canary_arm_put(struct canary *c, struct slice feature, struct slice model, struct slice version,
			   uint64_t unix_s)
{
	bool is_full = c->count == CANARY_ARMS_MAX;

	if (is_full && (unix_s < c->full_until_s || !make_room(c, unix_s)))
		return NULL;
	struct arm *a = arm_new(feature, model, version);
	if (a == NULL)
		return NULL;
	cohort_memo_clear(&c->found);
	c->arms[c->count++] = a;
	return a;
}

/* "name" of "name@version"; false for a call whose version is not told. */
static bool split_version(struct slice label, struct slice *name)
{
	size_t at = label.len;

	while (at > 0 && label.ptr[at - 1] != '@')
		at--;
	*name = slice_head(label, at > 0 ? at - 1 : 0);
	return label.len > at && !slice_equal(slice_skip(label, at), SLICE("unversioned"));
}

static struct slice name_of(const struct arm *a)
{
	struct slice name;

	return split_version(a->version, &name) ? name : SLICE_NONE;
}

/* ---------------------------------------------------------------- which two */
struct version {
	struct slice label;
	uint64_t first_s;
};

/* wanted: as written on the command line. */
static bool is_version(struct slice label, struct slice wanted)
{
	struct slice name;

	return slice_equal(label, wanted) ||
	       (split_version(label, &name) && slice_equal(slice_skip(label, name.len + 1), wanted));
}

static bool fits(const struct arm *a, const struct canary_wish *wish)
{
	return slice_equal(name_of(a), wish->name) && (wish->feature.len == 0 || slice_equal(a->feature, wish->feature)) &&
	       (wish->model.len == 0 || slice_equal(a->model, wish->model));
}

/* The version of this prompt that began to serve last, before another one; or the one that was asked for. */
static bool find_version(const struct canary *c, const struct canary_wish *wish, struct slice wanted,
			 const struct version *before, struct version *out)
{
	*out = (struct version){ .first_s = 0 };
	for (size_t i = 0; i < c->count; i++) {
		const struct arm *a = c->arms[i];
		bool is_meant = wanted.len > 0 ? is_version(a->version, wanted) :
			before == NULL || !slice_equal(a->version, before->label);
		if (!fits(a, wish) || !is_meant || a->first_s == 0)
			continue;
		uint64_t first_s = a->first_s;
		for (size_t k = 0; k < c->count; k++) /* a version is as old as its oldest arm */
			if (slice_equal(c->arms[k]->version, a->version) && c->arms[k]->first_s != 0 &&
			    c->arms[k]->first_s < first_s)
				first_s = c->arms[k]->first_s;
		if (first_s >= out->first_s)
			*out = (struct version){ a->version, first_s };
	}
	return out->label.len > 0;
}

struct status canary_choose(const struct canary *c, const struct canary_wish *wish, struct canary_pair *out)
{
	struct version to, from, named;
	bool names_from = wish->from.len > 0 && find_version(c, wish, wish->from, NULL, &named);

	if (!find_version(c, wish, wish->to, names_from ? &named : NULL, &to))
		return FAIL(NOTFOUND, "no calls of that prompt's newer version");
	if (!find_version(c, wish, wish->from, &to, &from) || slice_equal(from.label, to.label))
		return FAIL(NOTFOUND, "no calls of another version of that prompt to compare with");
	*out = (struct canary_pair){ from.label, to.label };
	return OK;
}

enum canary_verdict canary_visit(const struct canary *c, const struct canary_wish *wish, const struct canary_pair *pair,
				 void (*visit)(void *context, const struct canary_comparison *comparison), void *context)
{
	enum canary_verdict all = CANARY_EQUAL;
	struct canary_comparison one;
	bool any = false;

	for (size_t i = 0; i < c->count; i++) {
		const struct arm *b = c->arms[i];
		if (!fits(b, wish) || !slice_equal(b->version, pair->to))
			continue;
		const struct arm *a = canary_arm_find(c, arm_id_of(b->feature, b->model, pair->from));
		if (a == NULL)
			continue;
		canary_compare(c->config, a, b, &one);
		visit(context, &one);
		all = canary_verdict_join(all, one.verdict);
		any = true;
	}
	return any ? all : CANARY_UNDECIDED;
}

void canary_names(const struct canary *c, void (*visit)(void *context, struct slice name), void *context)
{
	for (size_t i = 0; i < c->count; i++) {
		struct slice name = name_of(c->arms[i]);
		bool is_first = true, has_other = false;
		for (size_t k = 0; k < c->count; k++) {
			bool is_same = slice_equal(name_of(c->arms[k]), name);
			is_first = is_first && !(is_same && k < i);
			has_other = has_other || (is_same && !slice_equal(c->arms[k]->version, c->arms[i]->version));
		}
		if (is_first && has_other)
			visit(context, name);
	}
}

/* ---------------------------------------------------------------- telling */
/* In the metric's own unit. */
static double in_unit(enum canary_metric m, double value)
{
	return canary_metric_infos[m].kind == CANARY_LOG ? exp(value) : value;
}

/* The guarded row that is worse by most of its own uncertainty. */
static const struct canary_row *worst_row(const struct canary_comparison *c)
{
	const struct canary_row *worst = NULL;
	double most = 0;

	for (size_t i = 0; i < c->count; i++) {
		const struct canary_row *r = &c->rows[i];
		double sigmas = fabs(r->difference.by) / sqrt(r->difference.variance);
		if (r->guarded && r->verdict == CANARY_WORSE && sigmas > most) {
			worst = r;
			most = sigmas;
		}
	}
	return worst;
}

static void add_trace(struct verdict *v, const struct arm *a, enum canary_metric m)
{
	static const uint8_t none[16];

	if (m < CANARY_ERROR_RATE || m >= CANARY_EVAL_SCORE || memcmp(a->bad_trace[m - CANARY_ERROR_RATE], none, 16) == 0)
		return;
	memcpy(v->trace_ids[v->trace_count++], a->bad_trace[m - CANARY_ERROR_RATE], 16);
}

static struct verdict verdict_on(const struct canary_comparison *c, const struct canary_row *r, uint64_t now_s)
{
	const struct difference *d = &r->difference;
	double value = in_unit(r->metric, d->mean_b), mean = in_unit(r->metric, d->mean_a), sigma = sqrt(d->variance);
	bool is_log = canary_metric_infos[r->metric].kind == CANARY_LOG;
	struct verdict v = {
		.event = VERDICT_RAISED,
		.kind = VERDICT_CANARY,
		.metric = canary_metric_infos[r->metric].name,
		.name = r->name,
		.feature = c->b->feature,
		.model = c->b->model,
		.prompt_version = c->b->version,
		.reference_version = c->a->version,
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
		.window_s = (uint32_t)(now_s > c->b->first_s ? now_s - c->b->first_s : 0),
		.direction = d->by > 0 ? 1 : -1,
	};

	add_trace(&v, c->b, r->metric);
	return v;
}

struct telling {
	struct canary *canary;
	bool is_told;
};

static void tell_worse(void *context, const struct canary_comparison *c)
{
	struct telling *t = context;
	const struct canary_row *r = c->verdict == CANARY_WORSE ? worst_row(c) : NULL;

	if (r == NULL || t->is_told)
		return;
	struct verdict v = verdict_on(c, r, t->canary->newest_s);
	t->is_told = true;
	t->canary->emit(t->canary->context, &v);
}

static uint64_t pair_id(const struct canary_pair *p)
{
	return arm_id_of(p->from, p->to, SLICE_NONE);
}

static bool is_told(const struct canary *c, const struct canary_pair *pair)
{
	for (size_t i = 0; i < c->count; i++)
		if (slice_equal(c->arms[i]->version, pair->to) && c->arms[i]->told == pair_id(pair))
			return true;
	return false;
}

static void judge_name(void *context, struct slice name)
{
	struct telling t = { .canary = context };
	struct canary_wish wish = { .name = name };
	struct canary_pair pair;

	if (FAILED(canary_choose(t.canary, &wish, &pair)) || is_told(t.canary, &pair))
		return;
	canary_visit(t.canary, &wish, &pair, tell_worse, &t);
	for (size_t i = 0; t.is_told && i < t.canary->count; i++)
		if (slice_equal(t.canary->arms[i]->version, pair.to)) {
			t.canary->arms[i]->told = pair_id(&pair);
			t.canary->arms[i]->dirty = true;
		}
}

/* ---------------------------------------------------------------- samples */
static bool is_believed(const struct canary *c, uint64_t unix_s)
{
	return c->wall_s == 0 || unix_s <= c->wall_s + AHEAD_MAX_S;
}

/* What is remembered of a cohort without an arm. */
#define NO_VERSION(c) ((void *)&(c)->config)
#define NO_ROOM(c)    ((void *)&(c)->full_until_s)

static void *look_up(struct canary *c, const struct sample *s, uint64_t unix_s)
{
	struct slice name;

	if (!split_version(s->prompt_version, &name))
		return NO_VERSION(c);
	struct arm *a = canary_arm_find(c, arm_id_of(s->feature, s->model, s->prompt_version));
	if (a == NULL && s->kind == SAMPLE_CALL)
		a = canary_arm_put(c, s->feature, s->model, s->prompt_version, unix_s);
	return a != NULL ? a : NO_ROOM(c);
}

/* The sample's arm; NULL: it has none. */
static struct arm *arm_for(struct canary *c, const struct sample *s, uint64_t unix_s)
{
	void *found = cohort_memo_find(&c->found, s->cohort);

	if (found == NULL || (found == NO_ROOM(c) && unix_s >= c->full_until_s)) {
		found = look_up(c, s, unix_s);
		cohort_memo_keep(&c->found, s->cohort, found);
	}
	meter_add(c->left_out, found == NO_ROOM(c) && s->kind == SAMPLE_CALL);
	return found == NO_VERSION(c) || found == NO_ROOM(c) ? NULL : found;
}

void canary_add(struct canary *c, const struct sample *s)
{
	uint64_t unix_s = s->time_unix_ms / 1000;
	uint32_t gone = 0;

	if (!c->config->enabled || s->kind == SAMPLE_RETRIEVAL || !is_believed(c, unix_s))
		return;
	struct arm *a = arm_for(c, s, unix_s);
	if (a == NULL || !arm_add(a, s, &gone))
		return;
	if (gone != 0)
		canary_hour_gone(c, a->id, gone);
	c->newest_s = unix_s > c->newest_s ? unix_s : c->newest_s;
	if (c->emit == NULL || c->newest_s / JUDGE_EVERY_S <= c->judged)
		return;
	c->judged = c->newest_s / JUDGE_EVERY_S;
	canary_names(c, judge_name, c);
}
