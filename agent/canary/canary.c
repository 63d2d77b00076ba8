/* SPDX-License-Identifier: Apache-2.0
 * canary/canary.c - samples to arms, and when to look at them.
 */
#include <stdlib.h>

#include "agent/canary/canary_priv.h"

#define JUDGE_EVERY_S 300u /* of event time */
#define LOOK_EVERY_S  5u   /* by the clock; a pair takes 50 us */
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
	deletions_release(&c->deleted);
	buf_release(&c->trial_texts);
	free(c);
}

void canary_reload(struct canary *c, const struct canary_config *config)
{
	c->config = config;
}

static bool is_believed(const struct canary *c, uint64_t unix_s)
{
	return c->wall_s == 0 || unix_s <= c->wall_s + CLOCK_AHEAD_MAX_S;
}

uint64_t canary_believed(const struct canary *c, uint64_t unix_s)
{
	return is_believed(c, unix_s) ? unix_s : c->wall_s;
}

/* The clock may have been set back. */
static void believe(struct canary *c)
{
	uint64_t latest_s = c->wall_s + CLOCK_AHEAD_MAX_S + SILENT_MIN_S;

	c->full_until_s = c->full_until_s < latest_s ? c->full_until_s : latest_s;
	c->newest_s = canary_believed(c, c->newest_s);
	c->judged = c->judged < c->newest_s / JUDGE_EVERY_S ? c->judged : c->newest_s / JUDGE_EVERY_S;
	c->looked_s = c->looked_s < c->wall_s ? c->looked_s : c->wall_s;
	for (size_t i = 0; i < c->count; i++)
		c->arms[i]->newest_s = canary_believed(c, c->arms[i]->newest_s);
}

void canary_advance(struct canary *c, uint64_t unix_s)
{
	c->wall_s = unix_s;
	believe(c);
	if (c->emit == NULL || !c->fresh || unix_s < c->looked_s + LOOK_EVERY_S)
		return;
	c->looked_s = unix_s;
	canary_judge(c);
}

bool canary_has_say(const struct canary *c)
{
	return c->config->enabled && c->config->guard.count > 0;
}

void canary_on_finding(struct canary *c, canary_finding_fn found, void *context)
{
	c->found = found;
	c->found_context = context;
}

/* ---------------------------------------------------------------- arms */
struct arm *canary_arm_find(const struct canary *c, uint64_t id)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->arms[i]->id == id)
			return c->arms[i];
	return NULL;
}

static void drop(struct canary *c, size_t i)
{
	canary_arm_gone(c, c->arms[i]);
	arm_free(c->arms[i]);
	c->arms[i] = c->arms[--c->count];
}

/* False where even the arm that was silent for longest was not silent for long enough. */
static bool make_room(struct canary *c, uint64_t unix_s)
{
	size_t oldest = 0;

	if (unix_s < c->full_until_s)
		return false;
	for (size_t i = 1; i < c->count; i++)
		if (c->arms[i]->newest_s < c->arms[oldest]->newest_s)
			oldest = i;
	c->full_until_s = c->arms[oldest]->newest_s + SILENT_MIN_S;
	if (unix_s < c->full_until_s)
		return false;
	drop(c, oldest);
	return true;
}

static bool runs(const struct canary_trial *t)
{
	return t != NULL && t->state == CANARY_TRIAL_RUNS;
}

/* Versions in trial go before all others. */
static bool make_room_for_trial(struct canary *c)
{
	size_t oldest = c->count;

	for (size_t i = 0; i < c->count; i++)
		if (!runs(canary_trial_of(c, canary_name_of(c->arms[i]), c->arms[i]->labels.environment)) &&
		    (oldest == c->count || c->arms[i]->newest_s < c->arms[oldest]->newest_s))
			oldest = i;
	if (oldest == c->count)
		return false;
	drop(c, oldest);
	return true;
}

struct arm *canary_arm_put(struct canary *c, const struct arm_labels *labels, uint64_t unix_s)
{
	bool is_full = c->count == CANARY_ARMS_MAX;
	struct slice name;
	const struct canary_trial *t = canary_split_version(labels->version, &name) ?
		canary_trial_of(c, name, labels->environment) : NULL;

	if (is_full && !(runs(t) && make_room_for_trial(c)) && !make_room(c, unix_s))
		return NULL;
	struct arm *a = arm_new(labels);
	if (a == NULL)
		return NULL;
	if (t != NULL)
		arm_begin(a, t->since_s, t->share_since_s);
	cohort_memo_clear(&c->memo);
	c->arms[c->count++] = a;
	return a;
}

bool canary_split_version(struct slice label, struct slice *name)
{
	size_t at = label.len;

	while (at > 0 && label.ptr[at - 1] != '@')
		at--;
	*name = slice_head(label, at > 0 ? at - 1 : 0);
	return label.len > at && !slice_equal(slice_skip(label, at), SLICE("unversioned"));
}

struct slice canary_name_of(const struct arm *a)
{
	struct slice name;

	return canary_split_version(a->labels.version, &name) ? name : SLICE_NONE;
}

/* ---------------------------------------------------------------- samples */
/* The arm of the call that was judged, where there can be but one. */
static struct arm *judged_arm(const struct canary *c, const struct arm_labels *l)
{
	struct arm *only = NULL;

	for (size_t i = 0; i < c->count; i++) {
		const struct arm_labels *its = &c->arms[i]->labels;
		if (!slice_equal(its->version, l->version) || !slice_equal(its->feature, l->feature) ||
		    !slice_equal(its->model, l->model))
			continue;
		if (only != NULL)
			return NULL;
		only = c->arms[i];
	}
	return only;
}

/* What is remembered of a cohort without an arm. */
#define NO_VERSION(c) ((void *)&(c)->config)
#define NO_ROOM(c)    ((void *)&(c)->full_until_s)

static void *look_up(struct canary *c, const struct sample *s, uint64_t unix_s)
{
	const struct arm_labels labels = { s->feature, s->model, s->prompt_version, s->environment };
	struct slice name;

	if (!canary_split_version(s->prompt_version, &name))
		return NO_VERSION(c);
	struct arm *a = canary_arm_find(c, arm_id_of(&labels));
	if (a == NULL && s->kind == SAMPLE_CALL)
		a = canary_arm_put(c, &labels, unix_s);
	else if (a == NULL && s->environment.len == 0)
		a = judged_arm(c, &labels);
	return a != NULL ? a : NO_ROOM(c);
}

/* The sample's arm; NULL: it has none. */
static struct arm *arm_for(struct canary *c, const struct sample *s, uint64_t unix_s)
{
	void *found = cohort_memo_find(&c->memo, s->cohort);

	if (found == NULL || (found == NO_ROOM(c) && unix_s >= c->full_until_s)) {
		found = look_up(c, s, unix_s);
		cohort_memo_keep(&c->memo, s->cohort, found);
	}
	if (found == NO_VERSION(c))
		return NULL;
	if (found != NO_ROOM(c))
		return found;
	if (s->kind == SAMPLE_CALL)
		meter_add(c->left_out, 1);
	return NULL;
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
	c->fresh = true;
	c->newest_s = unix_s > c->newest_s ? unix_s : c->newest_s;
	if (c->emit == NULL || c->newest_s / JUDGE_EVERY_S <= c->judged)
		return;
	c->judged = c->newest_s / JUDGE_EVERY_S;
	canary_judge(c);
}
