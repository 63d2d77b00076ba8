/* SPDX-License-Identifier: Apache-2.0
 * canary/choose.c - which two versions are compared, and in which calls.
 */
#include "agent/canary/canary_priv.h"

/* ---------------------------------------------------------------- what is asked for */
struct version {
	struct slice label;
	uint64_t first_s;
};

/* wanted: as written on the command line. */
static bool is_version(struct slice label, struct slice wanted)
{
	struct slice name;

	return slice_equal(label, wanted) ||
	       (canary_split_version(label, &name) && slice_equal(slice_skip(label, name.len + 1), wanted));
}

static bool is_wanted(struct slice wanted, struct slice label)
{
	return wanted.len == 0 || slice_equal(wanted, label);
}

static bool is_of_prompt(const struct arm *a, const struct canary_wish *wish)
{
	return slice_equal(canary_name_of(a), wish->name) && is_wanted(wish->feature, a->labels.feature) &&
	       is_wanted(wish->model, a->labels.model);
}

static bool fits(const struct arm *a, const struct canary_wish *wish)
{
	return is_of_prompt(a, wish) &&
	       (wish->environment.ptr == NULL || slice_equal(wish->environment, a->labels.environment));
}

/* ---------------------------------------------------------------- guessed from traffic */
/* A version is as old as its oldest arm. */
static uint64_t age_of(const struct canary *c, const struct canary_wish *wish, const struct arm *a)
{
	uint64_t first_s = a->first_s;

	for (size_t i = 0; i < c->count; i++) {
		const struct arm *other = c->arms[i];
		if (slice_equal(other->labels.version, a->labels.version) && fits(other, wish) && other->first_s != 0 &&
		    other->first_s < first_s)
			first_s = other->first_s;
	}
	return first_s;
}

/* The version of this prompt that began to serve last, other than one; or the one that was asked for. */
static bool find_version(const struct canary *c, const struct canary_wish *wish, struct slice wanted, struct slice other,
			 struct version *out)
{
	*out = (struct version){ .first_s = 0 };
	for (size_t i = 0; i < c->count; i++) {
		const struct arm *a = c->arms[i];
		bool is_meant = wanted.len > 0 ? is_version(a->labels.version, wanted) :
						 !slice_equal(a->labels.version, other);
		if (!fits(a, wish) || !is_meant || a->first_s == 0)
			continue;
		uint64_t first_s = age_of(c, wish, a);
		if (first_s >= out->first_s)
			*out = (struct version){ a->labels.version, first_s };
	}
	return out->label.len > 0;
}

static struct status guess(const struct canary *c, const struct canary_wish *wish, struct canary_pair *out)
{
	struct version to, from, named = { .first_s = 0 };

	if (wish->from.len > 0 && !find_version(c, wish, wish->from, SLICE_NONE, &named))
		named.label = SLICE_NONE;
	if (!find_version(c, wish, wish->to, named.label, &to))
		return FAIL(NOTFOUND, "no calls of that prompt's newer version");
	if (!find_version(c, wish, wish->from, to.label, &from) || slice_equal(from.label, to.label))
		return FAIL(NOTFOUND, "no calls of another version of that prompt to compare with");
	*out = (struct canary_pair){ from.label, to.label, NULL };
	return OK;
}

/* ---------------------------------------------------------------- by what is deployed */
/* The one that still runs, of these the newest. */
static const struct canary_trial *find_trial(const struct canary *c, const struct canary_wish *wish)
{
	const struct canary_trial *best = NULL;

	for (size_t i = 0; i < c->trial_count; i++) {
		const struct canary_trial *t = &c->trials[i];
		bool here = wish->environment.ptr == NULL || slice_equal(wish->environment, t->environment);
		if (!here || !slice_equal(t->name, wish->name) || (wish->from.len > 0 && !is_version(t->from, wish->from)) ||
		    (wish->to.len > 0 && !is_version(t->to, wish->to)))
			continue;
		if (best == NULL || t->state < best->state || (t->state == best->state && t->since_s >= best->since_s))
			best = t;
	}
	return best;
}

struct status canary_choose(const struct canary *c, const struct canary_wish *wish, struct canary_pair *out)
{
	const struct canary_trial *t = find_trial(c, wish);
	struct version from;

	if (t == NULL)
		return guess(c, wish, out);
	*out = (struct canary_pair){ t->from, t->to, t };
	if (t->from.len > 0)
		return OK;
	struct canary_wish there = { .name = t->name, .environment = t->environment };
	if (t->takes_unnamed)
		there.environment = SLICE_NONE;
	if (!find_version(c, &there, wish->from, t->to, &from))
		return FAIL(NOTFOUND,
			    "nobody recorded what served before its newest deployment, and no calls of another version "
			    "were seen there");
	out->from = from.label;
	return OK;
}

/* ---------------------------------------------------------------- comparing */
/* The older version's calls that stand against those of b. */
static const struct arm *counterpart(const struct canary *c, const struct canary_pair *pair, const struct arm *b)
{
	struct arm_labels labels = b->labels;
	const struct arm *busiest = NULL;
	uint64_t most = 0;

	labels.version = pair->from;
	const struct arm *same = canary_arm_find(c, arm_id_of(&labels));
	if (same != NULL || pair->trial == NULL)
		return same;
	for (size_t i = 0; i < c->count; i++) {
		const struct arm *a = c->arms[i];
		uint64_t calls = arm_calls(a, 0);
		if (slice_equal(a->labels.version, pair->from) && slice_equal(a->labels.feature, labels.feature) &&
		    slice_equal(a->labels.environment, labels.environment) && calls > most) {
			busiest = a;
			most = calls;
		}
	}
	return busiest;
}

bool canary_is_compared(const struct canary *c, const struct canary_wish *wish, const struct canary_pair *pair,
			const struct arm *b)
{
	if (!slice_equal(b->labels.version, pair->to))
		return false;
	if (pair->trial == NULL)
		return fits(b, wish);
	return is_of_prompt(b, wish) && canary_trial_of(c, wish->name, b->labels.environment) == pair->trial &&
	       arm_calls(b, pair->trial->since_s) > 0;
}

enum canary_verdict canary_visit(const struct canary *c, const struct canary_wish *wish, const struct canary_pair *pair,
				 void (*visit)(void *context, const struct canary_comparison *comparison), void *context)
{
	struct compare_window window = canary_window(pair->trial);
	enum canary_verdict all = CANARY_EQUAL;
	struct canary_comparison one;
	bool any = false;

	for (size_t i = 0; i < c->count; i++) {
		const struct arm *b = c->arms[i], *a = canary_is_compared(c, wish, pair, b) ? counterpart(c, pair, b) : NULL;
		if (a == NULL)
			continue;
		canary_compare(c->config, a, b, &window, &one);
		visit(context, &one);
		all = canary_verdict_join(all, one.verdict);
		any = true;
	}
	return any ? all : CANARY_UNDECIDED;
}

/* ---------------------------------------------------------------- all there are */
static bool is_same_place(const struct arm *a, const struct arm *b)
{
	return slice_equal(a->labels.environment, b->labels.environment) && slice_equal(canary_name_of(a), canary_name_of(b));
}

/* Whether the i-th arm is the first of its prompt and environment, and there is another version. */
static bool begins_pair(const struct canary *c, size_t i)
{
	const struct arm *a = c->arms[i];
	bool has_other = false;

	for (size_t k = 0; k < c->count; k++) {
		if (!is_same_place(c->arms[k], a))
			continue;
		if (k < i)
			return false;
		has_other = has_other || !slice_equal(c->arms[k]->labels.version, a->labels.version);
	}
	return has_other && canary_trial_of(c, canary_name_of(a), a->labels.environment) == NULL;
}

void canary_pairs(const struct canary *c, void (*visit)(void *context, const struct canary_wish *wish), void *context)
{
	for (size_t i = 0; i < c->trial_count; i++) {
		const struct canary_wish wish = { .name = c->trials[i].name, .environment = c->trials[i].environment };
		visit(context, &wish);
	}
	for (size_t i = 0; i < c->count; i++) {
		const struct arm *a = c->arms[i];
		const struct canary_wish wish = { .name = canary_name_of(a), .environment = a->labels.environment };
		if (begins_pair(c, i))
			visit(context, &wish);
	}
}
