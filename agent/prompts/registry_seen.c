/* SPDX-License-Identifier: Apache-2.0
 * prompts/registry_seen.c - what traffic, alerts and judgements tell of the versions, and where calls are not made as
 * their manifest says.
 */
#include <stdio.h>
#include <stdlib.h>

#include "agent/base/clock.h"
#include "agent/prompts/registry_priv.h"

static uint64_t take(_Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed) == 0 ?
		       0 : atomic_exchange_explicit(counter, 0, memory_order_relaxed);
}

struct ticking {
	struct registry *registry;
	uint64_t now_s;
};

static uint64_t later(uint64_t a_s, uint64_t b_s)
{
	return a_s > b_s ? a_s : b_s;
}

static uint64_t not_ahead(uint64_t at_s, uint64_t now_s)
{
	return at_s > now_s + CLOCK_AHEAD_MAX_S ? now_s : at_s;
}

/* What senders do not tell is now. */
static uint64_t seen_at(uint64_t told_s, uint64_t now_s)
{
	return told_s == 0 ? now_s : not_ahead(told_s, now_s);
}

static bool fold(struct prompt_use *use, struct entry *e, struct prompt_place *sums, uint64_t now_s)
{
	if (atomic_load_explicit(&use->counters[USE_CALLS], memory_order_relaxed) == 0)
		return false;
	uint64_t first_s = seen_at(take(&use->first_seen_s), now_s), last_s = seen_at(take(&use->last_seen_s), now_s);
	sums->told += take(&use->counters[USE_TOLD]);
	sums->failed += take(&use->counters[USE_FAILED]);
	sums->flawed += take(&use->counters[USE_FLAWED]);
	sums->input_tokens += take(&use->counters[USE_INPUT_TOKENS]);
	sums->output_tokens += take(&use->counters[USE_OUTPUT_TOKENS]);
	sums->priced += take(&use->counters[USE_PRICED]);
	sums->cost_pusd += take(&use->counters[USE_COST_PUSD]);
	sums->latency_ms += take(&use->counters[USE_LATENCY_MS]);
	e->judged += take(&use->counters[USE_SCORED]);
	e->score_sum += (double)take(&use->counters[USE_SCORES]) / USE_SCORE_ONE;
	sums->calls += take(&use->counters[USE_CALLS]); /* last: lanes add it first, and no share shall be more than the whole */
	if (sums->first_seen_s == 0 || first_s < sums->first_seen_s)
		sums->first_seen_s = first_s;
	sums->last_seen_s = later(last_s, not_ahead(sums->last_seen_s, now_s));
	return true;
}

static void note_seen(struct entry *e, const struct prompt_place *sums, uint64_t now_s)
{
	if (e->first_seen_s == 0 || sums->first_seen_s < e->first_seen_s)
		e->first_seen_s = sums->first_seen_s;
	e->last_seen_s = later(sums->last_seen_s, not_ahead(e->last_seen_s, now_s));
	e->dirty = true;
}

/* Adds what was counted since. The first call that told its version makes a release known. */
static void take_use(const struct ticking *t, struct entry *e, struct place *p, struct prompt_use *use)
{
	bool was_told = p->sums.told > 0;

	if (!fold(use, e, &p->sums, t->now_s))
		return;
	note_seen(e, &p->sums, t->now_s);
	t->registry->stale |= !was_told && p->sums.told > 0;
}

static struct place *find_place(struct entry *e, struct slice environment, struct slice release)
{
	for (uint32_t i = 0; i < e->place_count; i++)
		if (slice_equal(slice_of(e->places[i].environment), environment) &&
		    slice_equal(slice_of(e->places[i].release), release))
			return &e->places[i];
	return NULL;
}

/* The place itself, or the one for all that found no room. NULL without memory. */
static struct place *place_for(struct registry *r, struct entry *e, struct slice environment, struct slice release)
{
	struct place *p = find_place(e, environment, release);

	if (p == NULL && e->place_count + 1 < PROMPT_PLACES_MAX) {
		p = registry_add_place(e, environment, release, true);
		r->stale = true;
	}
	if (p == NULL)
		p = find_place(e, SLICE_NONE, SLICE_NONE);
	if (p == NULL)
		p = registry_add_place(e, SLICE_NONE, SLICE_NONE, true);
	return p;
}

static void take_news(void *context, const struct news_place *n, struct news_slot *slot)
{
	const struct ticking *t = context;
	uint64_t first_seen_s = atomic_load_explicit(&slot->use.first_seen_s, memory_order_relaxed);
	bool is_counted = atomic_load_explicit(&slot->use.counters[USE_CALLS], memory_order_relaxed) > 0;
	struct entry *e = !is_counted && slot->age == 0 ?
		NULL : /* noted, and not counted yet */
		registry_entry(t->registry, n->name, n->version, PROMPT_FROM_TRAFFIC, seen_at(first_seen_s, t->now_s));
	struct place *p = e != NULL ? place_for(t->registry, e, n->environment, n->release) : NULL;

	if (p != NULL)
		take_use(t, e, p, &slot->use);
	if (++slot->age >= NEWS_KEPT_TICKS)
		news_forget(slot);
}

static void fold_entry(const struct ticking *t, struct entry *e)
{
	for (uint32_t i = 0; i < e->place_count; i++)
		if (e->places[i].use != NULL)
			take_use(t, e, &e->places[i], e->places[i].use);
}

/* ---------------------------------------------------------------- drift */
static void write_number(double value, char *out, size_t size)
{
	snprintf(out, size, "%.9g", value);
}

static void take_text(struct prompt_drift_text *kept, struct registry_drift *out)
{
	bool is_there = atomic_load_explicit(&kept->state, memory_order_acquire) == 2;

	registry_copy_text(out->seen, sizeof(out->seen), is_there ? slice_of(kept->text) : SLICE("another one"));
	if (is_there)
		atomic_store_explicit(&kept->state, 0, memory_order_release);
}

static void describe(struct entry *e, enum drift_field f, struct registry_drift *out)
{
	const struct manifest *m = e->manifest;
	double seen = atomic_load_explicit(&e->drift->seen[f], memory_order_relaxed);
	const double expected[DRIFT_FIELDS] = {
		[DRIFT_TEMPERATURE] = m->temperature,
		[DRIFT_MAX_OUTPUT_TOKENS] = (double)m->max_output_tokens,
		[DRIFT_TOP_K] = (double)m->retrieval.top_k,
		[DRIFT_MIN_SCORE] = m->retrieval.min_score,
	};

	snprintf(out->prompt, sizeof(out->prompt), "%s@%s", e->name, e->version);
	out->field = f;
	if (prompt_drift_text_of(e->drift, f) != NULL) {
		registry_copy_text(out->expected, sizeof(out->expected),
				   slice_of(f == DRIFT_MODEL ? m->model : m->retrieval.collection));
		take_text(prompt_drift_text_of(e->drift, f), out);
		return;
	}
	write_number(expected[f], out->expected, sizeof(out->expected));
	write_number(seen, out->seen, sizeof(out->seen));
}

/* The first of each day is told. */
static bool find_drift(struct entry *e, enum drift_field f, uint64_t day, struct registry_drift *out)
{
	uint64_t calls = atomic_load_explicit(&e->drift->counts[f], memory_order_relaxed);

	if (calls == e->drift_told_calls[f] || e->drift_told_day[f] == day || e->manifest == NULL)
		return false;
	e->drift_told_day[f] = day;
	e->drift_told_calls[f] = calls;
	out->calls = calls;
	describe(e, f, out);
	return true;
}

void registry_tick(struct registry *r, uint64_t now_s, struct registry_drift *drift, size_t drift_cap, size_t *drift_count)
{
	struct ticking t = { r, now_s };
	uint64_t day = now_s / 86400;

	*drift_count = 0;
	pthread_mutex_lock(&r->lock);
	news_visit(r->news, take_news, &t);
	for (uint32_t i = 0; i < r->entry_count; i++) {
		fold_entry(&t, r->entries[i]);
		for (int f = 0; f < DRIFT_FIELDS && *drift_count < drift_cap; f++)
			*drift_count += find_drift(r->entries[i], (enum drift_field)f, day, &drift[*drift_count]);
	}
	pthread_mutex_unlock(&r->lock);
}

void registry_visit_drift(struct registry *r,
			  void (*visit)(void *context, struct slice prompt, enum drift_field field, uint64_t calls),
			  void *context)
{
	char prompt[PROMPT_NAME_MAX + PROMPT_VERSION_MAX + 2];

	pthread_mutex_lock(&r->lock);
	for (uint32_t i = 0; i < r->entry_count; i++) {
		const struct entry *e = r->entries[i];
		for (int f = 0; f < DRIFT_FIELDS; f++) {
			uint64_t calls = atomic_load_explicit(&e->drift->counts[f], memory_order_relaxed);
			int n = snprintf(prompt, sizeof(prompt), "%s@%s", e->name, e->version);
			if (calls > 0)
				visit(context, (struct slice){ prompt, (size_t)n }, (enum drift_field)f, calls);
		}
	}
	pthread_mutex_unlock(&r->lock);
}

void registry_note_alert(struct registry *r, struct slice prompt, uint64_t at_s)
{
	pthread_mutex_lock(&r->lock);
	struct entry *e = registry_find_prompt(r, prompt);
	if (e != NULL) {
		if (e->alerts == 0 || at_s < e->first_alert_s)
			e->first_alert_s = at_s;
		if (e->alerts == 0 || at_s > e->last_alert_s)
			e->last_alert_s = at_s;
		e->alerts++;
		e->dirty = true;
	}
	pthread_mutex_unlock(&r->lock);
}

void registry_note_score(struct registry *r, struct slice prompt, double score)
{
	pthread_mutex_lock(&r->lock);
	struct entry *e = registry_find_prompt(r, prompt);
	if (e != NULL) {
		e->judged++;
		e->score_sum += score;
		e->dirty = true;
	}
	pthread_mutex_unlock(&r->lock);
}
