/* SPDX-License-Identifier: Apache-2.0
 * cases/cases.c - which calls are bad enough, and which of them are kept.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "agent/base/clock.h"
#include "agent/base/hash.h"
#include "agent/cases/cases_priv.h"

#define MEMORY_CALLS 10000.0 /* what is usual follows the last so many calls */
#define LOW_SCORE    0.5
#define TEXT_WORTH_MS 86400000.0 /* a case with words is worth as much as one a day younger */

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
	deletions_release(&c->deleted);
	case_texts_release(&c->texts);
	free(c);
}

void cases_keep_texts(struct cases *c, size_t max_bytes)
{
	c->policy = max_bytes > 0 ? TEXTS_KEPT : TEXTS_DELETED;
	c->texts.max_bytes = max_bytes;
	c->texts.given_up = meter_get(METER_CASE_TEXTS, "result=\"dropped\",reason=\"full\"");
}

const struct case_bar *cases_bar(const struct cases *c)
{
	return &c->bar;
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
	struct case_list *gone = c->lists[quiet];
	buf_append(&c->deleted.fresh, &gone->id, sizeof(gone->id));
	cohort_memo_clear(&c->found);
	c->lists[quiet] = c->lists[--c->count];
	case_bar_set(c, case_label_slice(&gone->feature));
	free(gone);
}

uint64_t case_list_id(struct slice feature, enum case_reason reason)
{
	feature = slice_head(feature, CASE_LABEL_BYTES);
	return hash_mix(hash_stable(feature.ptr, feature.len), (uint64_t)reason + 1);
}

struct case_list *case_list_find(const struct cases *c, struct slice feature, enum case_reason reason)
{
	uint64_t id = case_list_id(feature, reason);

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
	l->id = case_list_id(feature, reason);
	l->feature = label(feature);
	l->reason = (uint8_t)reason;
	c->lists[c->count++] = l;
	return l;
}

/* ---------------------------------------------------------------- the bar */
size_t case_bar_place(struct slice feature)
{
	return case_list_id(feature, CASE_EXPENSIVE) % CASE_BAR_PLACES;
}

/* What a call must cost to be kept in this list. */
static double bar_of(const struct case_list *l)
{
	double least = l->count < CASES_EACH ? 0 : INFINITY;

	for (size_t i = 0; i < l->count; i++)
		least = fmin(least, l->items[i].badness);
	return least;
}

void case_bar_set(struct cases *c, struct slice feature)
{
	size_t place = case_bar_place(feature);
	double lowest = INFINITY;

	for (size_t i = 0; i < c->count; i++)
		if (c->lists[i]->reason == CASE_EXPENSIVE && c->lists[i]->id % CASE_BAR_PLACES == place)
			lowest = fmin(lowest, bar_of(c->lists[i]));
	atomic_store_explicit(&c->bar.cost_usd[place], isinf(lowest) ? 0 : lowest, memory_order_relaxed);
}

/* ---------------------------------------------------------------- what is kept */
/* What is too old goes first; of the others, all but the expensive ones are as good as they are young. */
static double worth(const struct case_list *l, const struct exemplar *e)
{
	if (e->time_s + CASES_AGE_MAX_S < l->newest_s)
		return -INFINITY;
	return e->badness + (e->has_text && l->reason != CASE_EXPENSIVE ? TEXT_WORTH_MS : 0);
}

/* How much a newcomer must be worth, and how long that holds: then the next one gets too old. */
static struct exemplar *find_least(struct case_list *l)
{
	struct exemplar *least = &l->items[0];

	l->least_until = UINT64_MAX;
	for (size_t i = 0; i < CASES_EACH; i++) {
		uint64_t until_s = l->items[i].time_s + CASES_AGE_MAX_S;
		if (worth(l, &l->items[i]) < worth(l, least))
			least = &l->items[i];
		if (until_s >= l->newest_s && until_s < l->least_until)
			l->least_until = until_s;
	}
	l->least = worth(l, least);
	return least;
}

/* Nearly no call is: found out before anything is copied. */
static inline bool may_be_kept(struct case_list *l, uint64_t time_s, double worth_of_it)
{
	l->newest_s = time_s > l->newest_s ? time_s : l->newest_s;
	return l->count < CASES_EACH || l->newest_s > l->least_until || !(worth_of_it <= l->least);
}

static void keep(struct cases *c, struct case_list *l, const struct exemplar *e)
{
	if (!may_be_kept(l, e->time_s, worth(l, e)))
		return;
	struct exemplar *least = l->count < CASES_EACH ? &l->items[l->count] : find_least(l);
	if (l->count == CASES_EACH && worth(l, e) <= l->least)
		return;
	l->count += l->count < CASES_EACH;
	*least = *e;
	l->least_until = 0;
	l->dirty = true;
	if (l->reason == CASE_EXPENSIVE)
		case_bar_set(c, case_label_slice(&l->feature));
}

static inline void learn(struct usual *u, const struct sample *s, enum sample_log which, double value)
{
	if (!(value > 0 && value <= DBL_MAX))
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
	memcpy(e.span_id, s->span_id, sizeof(e.span_id));
	return e;
}

/* The words that came for it, from now on in use. */
static void link_text(struct cases *c, struct exemplar *e)
{
	struct case_text *t = case_texts_find(&c->texts, e->trace_id, e->span_id);

	e->has_text = t != NULL;
	if (t != NULL)
		t->is_used = true;
}

static void take(struct cases *c, struct case_list *l, const struct sample *s, double badness)
{
	bool may_have_words = l != NULL && l->reason != CASE_EXPENSIVE && c->texts.count > 0;

	if (l == NULL || !may_be_kept(l, s->time_unix_ms / 1000, badness + (may_have_words ? TEXT_WORTH_MS : 0)))
		return;
	struct exemplar e = exemplar_of(s, badness);
	link_text(c, &e);
	keep(c, l, &e);
}

/* By what is wrong with it, the newest first. */
static void take_fault(struct cases *c, const struct sample *s)
{
	enum case_reason reason = CASE_FLAWED;

	if (outcome_is_error(s->outcome))
		reason = CASE_FAILED;
	else if (s->outcome == OUTCOME_REFUSAL || s->outcome == OUTCOME_CONTENT_FILTER)
		reason = CASE_REFUSED;
	take(c, case_list_get(c, s->feature, reason), s, (double)s->time_unix_ms);
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
		take(c, l, s, s->cost_usd);
}

void cases_add(struct cases *c, const struct sample *s)
{
	bool is_judged = s->kind == SAMPLE_SCORE || s->kind == SAMPLE_VOTE || (s->kind == SAMPLE_CALL && s->name.len > 0);

	if (s->kind == SAMPLE_CALL)
		add_call(c, s);
	if (is_judged && s->value < LOW_SCORE)
		take(c, case_list_get(c, s->feature, CASE_LOW_RATED), s, (double)s->time_unix_ms);
}

void cases_verdict(struct cases *c, const struct verdict *v)
{
	struct exemplar e = { .time_s = v->at_s, .badness = (double)v->at_s * 1000, .cost_usd = v->value, .latency_ms = NAN,
			      .score = NAN, .outcome = OUTCOME_OK, .model = label(v->model),
			      .version = label(v->prompt_version) };

	if (v->kind != VERDICT_RUNAWAY || v->event != VERDICT_RAISED || v->trace_count == 0)
		return;
	memcpy(e.trace_id, v->trace_ids[0], sizeof(e.trace_id));
	struct case_list *l = case_list_get(c, v->feature, CASE_RUNAWAY);
	link_text(c, &e);
	if (l != NULL)
		keep(c, l, &e);
}

/* ---------------------------------------------------------------- words */
void cases_text(struct cases *c, const struct told_call *call, uint64_t now_s)
{
	if (c->policy == TEXTS_KEPT && call->end_unix_s + CASES_AGE_MAX_S >= now_s)
		case_texts_add(&c->texts, call, now_s);
}

/* From before the clock was set back: taken for a call of now, or it would keep all of today out, and be kept until then. */
static void believe(struct case_list *l, uint64_t now_s)
{
	if (l->newest_s > now_s + CLOCK_AHEAD_MAX_S)
		l->newest_s = now_s; /* else every call of today would be too old */
	for (uint32_t i = 0; i < l->count; i++) {
		struct exemplar *e = &l->items[i];
		if (e->time_s <= now_s + CLOCK_AHEAD_MAX_S)
			continue;
		e->time_s = now_s;
		if (l->reason != CASE_EXPENSIVE)
			e->badness = fmin(e->badness, (double)now_s * 1000);
		l->dirty = true;
	}
}

static void drop_old(struct cases *c, struct case_list *l, uint64_t now_s)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < l->count; i++)
		if (l->items[i].time_s + CASES_AGE_MAX_S >= now_s)
			l->items[kept++] = l->items[i];
	if (kept == l->count)
		return;
	l->count = kept;
	l->dirty = true;
	if (l->reason == CASE_EXPENSIVE)
		case_bar_set(c, case_label_slice(&l->feature));
}

void cases_advance(struct cases *c, uint64_t now_s)
{
	for (size_t i = 0; i < CASE_TEXT_BUCKETS && c->texts.count > 0; i++)
		for (struct case_text *t = c->texts.buckets[i]; t != NULL; t = t->next) {
			t->is_used = false;
			t->came_s = t->came_s < now_s ? t->came_s : now_s;
		}
	for (size_t i = 0; i < c->count; i++) {
		believe(c->lists[i], now_s);
		drop_old(c, c->lists[i], now_s);
		c->lists[i]->least_until = 0;
		for (uint32_t k = 0; k < c->lists[i]->count && c->texts.count > 0; k++)
			link_text(c, &c->lists[i]->items[k]);
	}
	case_texts_sweep(&c->texts, now_s);
}
