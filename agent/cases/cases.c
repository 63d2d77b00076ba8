/* SPDX-License-Identifier: Apache-2.0
 * cases/cases.c - which calls are bad enough, and which of them are kept.
 */
#include <math.h>
#include <stdlib.h>

#include "agent/base/hash.h"
#include "agent/cases/cases_priv.h"

#define MEMORY_CALLS 10000.0 /* what is usual follows the last so many calls */
#define LOW_SCORE    0.5
#define AGE_MAX_S    UINT64_C(1209600) /* two weeks */

const char *const case_reason_names[CASE_REASON_COUNT] = {
#define X(id, name) name,
	CASE_REASON_MAP(X)
#undef X
};

struct cases *cases_new(void)
{
	return calloc(1, sizeof(struct cases));
}

void cases_free(struct cases *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->count; i++)
		free(c->lists[i]);
	buf_release(&c->deleted);
	free(c);
}

static struct case_label label(struct slice text)
{
	struct case_label l = { .length = (uint8_t)slice_head(text, CASE_LABEL_BYTES).len };

	if (l.length > 0)
		memcpy(l.text, text.ptr, l.length);
	return l;
}

static void drop_quietest(struct cases *c)
{
	size_t quiet = 0;

	for (size_t i = 1; i < c->count; i++)
		if (c->lists[i]->newest_s < c->lists[quiet]->newest_s)
			quiet = i;
	buf_append(&c->deleted, &c->lists[quiet]->id, sizeof(c->lists[quiet]->id));
	free(c->lists[quiet]);
	cohort_memo_clear(&c->found);
	c->lists[quiet] = c->lists[--c->count];
}

static uint64_t list_id(struct slice feature, enum case_reason reason)
{
	feature = slice_head(feature, CASE_LABEL_BYTES);
	return hash_mix(hash_stable(feature.ptr, feature.len), (uint64_t)reason + 1);
}

struct case_list *case_list_find(const struct cases *c, struct slice feature, enum case_reason reason)
{
	uint64_t id = list_id(feature, reason);

	for (size_t i = 0; i < c->count; i++)
		if (c->lists[i]->id == id)
			return c->lists[i];
	return NULL;
}

struct case_list *case_list_get(struct cases *c, struct slice feature, enum case_reason reason)
{
	struct case_list *l = case_list_find(c, feature, reason);

	if (l != NULL || (l = calloc(1, sizeof(*l))) == NULL)
		return l;
	if (c->count == CASES_LISTS_MAX)
		drop_quietest(c);
	l->id = list_id(feature, reason);
	l->feature = label(feature);
	l->reason = (uint8_t)reason;
	c->lists[c->count++] = l;
	return l;
}

/* ---------------------------------------------------------------- what is kept */
/* What is too old goes first. */
static double worth(const struct exemplar *e, uint64_t now_s)
{
	return e->time_s + AGE_MAX_S < now_s ? -INFINITY : e->badness;
}

/* How much a newcomer must be worth, and how long that holds: then the next one gets too old. */
static struct exemplar *find_least(struct case_list *l)
{
	struct exemplar *least = &l->items[0];

	l->least_until = UINT64_MAX;
	for (size_t i = 0; i < CASES_EACH; i++) {
		uint64_t until_s = l->items[i].time_s + AGE_MAX_S;
		if (worth(&l->items[i], l->newest_s) < worth(least, l->newest_s))
			least = &l->items[i];
		if (until_s >= l->newest_s && until_s < l->least_until)
			l->least_until = until_s;
	}
	l->least = worth(least, l->newest_s);
	return least;
}

/* Nearly no call is: found out before anything is copied. */
static bool may_be_kept(struct case_list *l, uint64_t time_s, double badness)
{
	l->newest_s = time_s > l->newest_s ? time_s : l->newest_s;
	return l->count < CASES_EACH || l->newest_s > l->least_until || !(badness <= l->least);
}

static void keep(struct case_list *l, const struct exemplar *e)
{
	if (!may_be_kept(l, e->time_s, e->badness))
		return;
	if (l->count < CASES_EACH) {
		l->items[l->count++] = *e;
		l->dirty = true;
		return;
	}
	struct exemplar *least = find_least(l);
	if (worth(e, l->newest_s) <= l->least)
		return;
	*least = *e;
	l->least_until = 0;
	l->dirty = true;
}

static void keep_for(struct cases *c, struct slice feature, enum case_reason reason, const struct exemplar *e)
{
	struct case_list *l = case_list_get(c, feature, reason);

	if (l != NULL)
		keep(l, e);
}

static void learn(struct usual *u, const struct sample *s, enum sample_log which, double value)
{
	if (!(value > 0) || !isfinite(value))
		return;
	double by = sample_log(s, which, value) - u->mean;
	u->n = u->n + 1 < MEMORY_CALLS ? u->n + 1 : MEMORY_CALLS;
	u->mean += by / u->n;
	u->variance += (by * by * (1 - 1 / u->n) - u->variance) / u->n;
}

static struct exemplar exemplar_of(const struct sample *s, double badness)
{
	struct exemplar e = {
		.time_s = s->time_unix_ms / 1000,
		.outcome = (uint8_t)s->outcome,
		.badness = badness,
		.cost_usd = s->cost_usd,
		.latency_ms = s->latency_ms,
		.score = s->name.len > 0 ? s->value : (double)NAN,
		.model = label(s->model),
		.version = label(s->prompt_version),
	};

	memcpy(e.trace_id, s->trace_id, sizeof(e.trace_id));
	return e;
}

static void take(struct case_list *l, const struct sample *s, double badness)
{
	if (l == NULL || !may_be_kept(l, s->time_unix_ms / 1000, badness))
		return;
	struct exemplar e = exemplar_of(s, badness);
	keep(l, &e);
}

/* By what is wrong with it, the newest first. */
static void take_fault(struct cases *c, const struct sample *s)
{
	enum case_reason reason = CASE_FLAWED;

	if (outcome_is_error(s->outcome))
		reason = CASE_FAILED;
	else if (s->outcome == OUTCOME_REFUSAL || s->outcome == OUTCOME_CONTENT_FILTER)
		reason = CASE_REFUSED;
	take(case_list_get(c, s->feature, reason), s, (double)s->time_unix_ms);
}

static struct case_list *expensive_list(struct cases *c, const struct sample *s)
{
	struct case_list *l = cohort_memo_find(&c->found, s->cohort);

	if (l == NULL) {
		l = case_list_get(c, s->feature, CASE_EXPENSIVE);
		cohort_memo_keep(&c->found, s->cohort, l);
	}
	return l;
}

static void add_call(struct cases *c, const struct sample *s)
{
	if (s->outcome != OUTCOME_OK)
		take_fault(c, s);
	struct case_list *l = expensive_list(c, s);
	if (l == NULL)
		return;
	l->dirty = true;
	learn(&l->cost, s, SAMPLE_LOG_COST, s->cost_usd);
	if (!outcome_is_error(s->outcome))
		learn(&l->latency, s, SAMPLE_LOG_LATENCY, s->latency_ms);
	if (s->cost_usd > 0)
		take(l, s, s->cost_usd);
}

void cases_add(struct cases *c, const struct sample *s)
{
	bool is_judged = s->kind == SAMPLE_SCORE || s->kind == SAMPLE_VOTE || (s->kind == SAMPLE_CALL && s->name.len > 0);

	if (s->kind == SAMPLE_CALL)
		add_call(c, s);
	if (is_judged && s->value < LOW_SCORE)
		take(case_list_get(c, s->feature, CASE_LOW_RATED), s, (double)s->time_unix_ms);
}

void cases_verdict(struct cases *c, const struct verdict *v)
{
	struct exemplar e = { .time_s = v->at_s, .badness = (double)v->at_s, .cost_usd = v->value, .latency_ms = NAN,
			      .score = NAN, .outcome = OUTCOME_OK, .model = label(v->model),
			      .version = label(v->prompt_version) };

	if (v->kind != VERDICT_RUNAWAY || v->event != VERDICT_RAISED || v->trace_count == 0)
		return;
	memcpy(e.trace_id, v->trace_ids[0], sizeof(e.trace_id));
	keep_for(c, v->feature, CASE_RUNAWAY, &e);
}
