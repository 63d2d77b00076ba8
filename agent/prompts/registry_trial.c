/* SPDX-License-Identifier: Apache-2.0
 * prompts/registry_trial.c - which versions are compared by what is deployed, and what came of it.
 */
#include "agent/base/clock.h"
#include "agent/prompts/registry_priv.h"

/* ---------------------------------------------------------------- which two */
/* The newest deployment of a prompt in an environment that holds, before the i-th. NULL: none. */
static const struct prompt_deployment *before(const struct registry *r, uint32_t i, struct slice name,
					      struct slice environment)
{
	while (i-- > 0)
		if (registry_deployment_is_of(&r->deployments[i].d, name, environment))
			return &r->deployments[i].d;
	return NULL;
}

static uint32_t place_of(const struct registry *r, const struct prompt_deployment *d)
{
	return (uint32_t)((const struct kept_deployment *)(const void *)d - r->deployments); /* its first member */
}

/* From the last deployment of a version back to the first one, as long as no other version comes between. canary_only:
 * as long as it gets but part of the traffic. */
static const struct prompt_deployment *first_of_run(const struct registry *r, const struct prompt_deployment *last,
						    bool canary_only)
{
	const struct prompt_deployment *first = last, *d = last;

	while (d != NULL && slice_equal(d->version, last->version) && d->kind == PROMPT_DEPLOY &&
	       (!canary_only || d->canary_share < 1)) {
		first = d;
		d = before(r, place_of(r, d), last->name, last->environment);
	}
	return first;
}

static struct slice verdict_of_run(const struct registry *r, const struct prompt_trial *t)
{
	const struct prompt_deployment *d = t->last;

	while (d != NULL && d->number >= t->first->number) {
		if (d->finding.verdict.len > 0)
			return d->finding.verdict;
		d = before(r, place_of(r, d), d->name, d->environment);
	}
	return SLICE_NONE;
}

/* A version was taken back: what was compared stays what it was. False: t is as before. */
static bool ended_trial(const struct registry *r, const struct prompt_deployment *back, struct prompt_trial *t)
{
	const struct prompt_deployment *last = before(r, place_of(r, back), back->name, back->environment);

	if (last == NULL || last->kind != PROMPT_DEPLOY || slice_equal(last->version, back->version))
		return false;
	t->state = PROMPT_TRIAL_ENDED;
	t->last = last;
	t->first = first_of_run(r, last, false);
	t->from = back->version;
	return true;
}

/* By that command, or by deploying once more what was in force beside it. */
static bool takes_back(const struct prompt_deployment *d)
{
	return d->kind == PROMPT_ROLLBACK || (d->canary_share >= 1 && slice_equal(d->previous, d->version));
}

/* newest: of its prompt and environment. False: nothing is compared by it. */
static bool trial_of(const struct registry *r, const struct prompt_deployment *newest, struct prompt_trial *t)
{
	const struct prompt_deployment *in_force = registry_in_force(r, newest->name, newest->environment);
	bool is_canary = newest->canary_share < 1;

	*t = (struct prompt_trial){ .last = newest, .state = is_canary ? PROMPT_TRIAL_RUNS : PROMPT_TRIAL_REPLACED };
	bool has_ended = takes_back(newest) && ended_trial(r, newest, t);
	if (!has_ended && newest->kind == PROMPT_ROLLBACK)
		return false;
	if (!has_ended) {
		t->first = first_of_run(r, newest, is_canary);
		t->from = !is_canary ? t->first->previous : in_force != NULL ? in_force->version : SLICE_NONE;
	}
	t->to = t->last->version;
	t->verdict = verdict_of_run(r, t);
	return !slice_equal(t->from, t->to) && (t->state == PROMPT_TRIAL_RUNS || t->from.len > 0);
}

static bool is_only_environment(const struct registry *r, const struct prompt_deployment *of)
{
	for (uint32_t i = 0; i < r->deployment_count; i++) {
		const struct prompt_deployment *d = &r->deployments[i].d;
		if (prompt_deployment_holds(d) && slice_equal(d->name, of->name) &&
		    !slice_equal(d->environment, of->environment))
			return false;
	}
	return true;
}

/* runs: those whose version gets part of the traffic now; else those that are over. Newest first. */
static void visit_trials(const struct registry *r, bool runs, void (*visit)(void *context, const struct prompt_trial *t),
			 void *context)
{
	struct prompt_trial t;

	for (uint32_t i = r->deployment_count; i-- > 0;) {
		const struct prompt_deployment *d = &r->deployments[i].d;
		if ((d->canary_share < 1) != runs || before(r, r->deployment_count, d->name, d->environment) != d ||
		    !trial_of(r, d, &t))
			continue;
		t.is_only_environment = is_only_environment(r, d);
		visit(context, &t);
	}
}

bool registry_visit_trials(struct registry *r, void (*visit)(void *context, const struct prompt_trial *t), void *context)
{
	pthread_mutex_lock(&r->lock);
	bool is_news = r->trials_stale;
	r->trials_stale = false;
	if (is_news) {
		visit_trials(r, true, visit, context);
		visit_trials(r, false, visit, context);
	}
	pthread_mutex_unlock(&r->lock);
	return is_news;
}

/* ---------------------------------------------------------------- what came of it */
static const struct prompt_deployment *newest_of_version(const struct registry *r, struct slice name, struct slice version,
							  struct slice environment)
{
	for (uint32_t i = r->deployment_count; i-- > 0;) {
		const struct prompt_deployment *d = &r->deployments[i].d;
		if (d->kind == PROMPT_DEPLOY && registry_deployment_is_of(d, name, environment) &&
		    slice_equal(d->version, version))
			return d;
	}
	return NULL;
}

void registry_note_finding(struct registry *r, struct slice name, struct slice version, struct slice environment,
			   const struct prompt_finding *f)
{
	pthread_mutex_lock(&r->lock);
	const struct prompt_deployment *d = newest_of_version(r, name, version, environment);
	bool is_news = d != NULL &&
		       (!slice_equal(d->finding.verdict, f->verdict) || slice_equal(f->verdict, SLICE("undecided")));
	if (is_news) {
		struct kept_deployment *kept = &r->deployments[place_of(r, d)];
		struct prompt_deployment said = kept->d;
		said.finding = *f;
		if (registry_change_deployment(kept, &said))
			registry_put_deployment(r, kept);
	}
	pthread_mutex_unlock(&r->lock);
}

const struct prompt_finding *registry_last_finding(const struct registry *r, struct slice name, struct slice version,
						   struct slice environment)
{
	for (uint32_t i = r->deployment_count; i-- > 0;) {
		const struct prompt_deployment *d = &r->deployments[i].d;
		if (registry_deployment_is_of(d, name, environment) && slice_equal(d->version, version) &&
		    d->finding.verdict.len > 0)
			return &d->finding;
	}
	return NULL;
}

/* ---------------------------------------------------------------- what a deployment would do to it */
static bool was_worse(const struct registry *r, const struct prompt_deployment *d, struct buf *finding)
{
	const struct prompt_finding *f = registry_last_finding(r, d->name, d->version, d->environment);
	const struct prompt_deployment *in_force = registry_in_force(r, d->name, d->environment);
	char at[21];

	if (f == NULL || !slice_equal(f->verdict, SLICE("worse")) ||
	    (in_force != NULL && slice_equal(in_force->version, d->version)))
		return false;
	clock_format_utc(f->at_s, at);
	buf_printf(finding, "worse on %s after %llu calls: %.*s", at, (unsigned long long)f->calls, SLICE_ARG(f->reason));
	return true;
}

static enum prompt_promotion promotion(const struct registry *r, const struct prompt_deployment *d, struct buf *finding)
{
	const struct prompt_deployment *canary = registry_canary(r, d->name, d->environment);

	if (canary != NULL && slice_equal(canary->version, d->version))
		return d->canary_share >= 1 ? PROMPT_PROMOTES_CANARY :
		       d->canary_share > canary->canary_share ? PROMPT_GROWS_CANARY : PROMPT_PROMOTES_NONE;
	return d->canary_share >= 1 && was_worse(r, d, finding) ? PROMPT_IGNORES_CANARY : PROMPT_PROMOTES_NONE;
}

enum prompt_promotion registry_promotion(struct registry *r, const struct prompt_deployment *d, struct buf *finding)
{
	pthread_mutex_lock(&r->lock);
	enum prompt_promotion p = promotion(r, d, finding);
	pthread_mutex_unlock(&r->lock);
	return p;
}

/* ---------------------------------------------------------------- for an alert */
void registry_with_deployment(struct registry *r, struct slice prompt, struct slice environment, uint64_t until_s,
			      void (*visit)(void *context, const struct prompt_deployment *d), void *context)
{
	pthread_mutex_lock(&r->lock);
	const struct entry *e = registry_find_prompt(r, prompt);
	for (uint32_t i = r->deployment_count; e != NULL && i-- > 0;) {
		const struct prompt_deployment *d = &r->deployments[i].d;
		if (d->kind != PROMPT_DEPLOY || d->at_s > until_s || !slice_equal(d->version, entry_version(e)) ||
		    !registry_deployment_is_of(d, entry_name(e), environment.len > 0 ? environment : d->environment))
			continue;
		visit(context, d);
		break;
	}
	pthread_mutex_unlock(&r->lock);
}
