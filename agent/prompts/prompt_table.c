/* SPDX-License-Identifier: Apache-2.0
 * prompts/prompt_table.c - looks up, then decides.
 */
#include "agent/prompts/prompt_table.h"

#include "agent/base/hash.h"
#include "agent/config/prompt_rule.h"
#include "agent/prompts/prompt_table_priv.h"

struct prompt_table *prompt_table_ref(struct prompt_table *a)
{
	atomic_fetch_add(&a->references, 1);
	return a;
}

uint32_t index_find(const struct hash_index *x, uint64_t hash, uint32_t *at)
{
	if (x->cap == 0)
		return INDEX_NONE;
	for (uint32_t i = *at == INDEX_START ? (uint32_t)hash & (x->cap - 1) : (*at + 1) & (x->cap - 1);;
	     i = (i + 1) & (x->cap - 1)) {
		if (x->slots[i].value == INDEX_NONE)
			return INDEX_NONE;
		if (x->slots[i].hash == hash) {
			*at = i;
			return x->slots[i].value;
		}
	}
}

uint64_t pair_hash(struct slice a, struct slice b)
{
	return hash_mix(hash_slice(a), hash_slice(b) + 1);
}

/* ---------------------------------------------------------------- by text */
uint32_t prompt_table_match(const void *context, struct slice text)
{
	const struct prompt_table *a = context;

	for (uint32_t i = 0; i < a->pattern_count; i++)
		if (template_matches(&a->patterns[i].template, text))
			return a->patterns[i].text + 1;
	return 0;
}

static const struct known_text *text_of(const struct prompt_table *a, const struct call *c)
{
	uint32_t at = INDEX_START;
	uint32_t found = c->prompt_fingerprint != 0 ? index_find(&a->by_fingerprint, c->prompt_fingerprint, &at) : INDEX_NONE;

	if (found != INDEX_NONE)
		return &a->texts[found];
	return c->prompt_template > 0 && c->prompt_template <= a->text_count ? &a->texts[c->prompt_template - 1] : NULL;
}

/* ---------------------------------------------------------------- by name */
static uint32_t deployed_to(const struct prompt_table *a, struct slice name, struct slice environment)
{
	uint32_t at = INDEX_START, found;

	while ((found = index_find(&a->by_environment, pair_hash(name, environment), &at)) != INDEX_NONE) {
		const struct named_place *p = &a->environments[found];
		if (slice_equal(p->name, name) && slice_equal(p->place, environment))
			return p->version;
	}
	return INDEX_NONE;
}

static uint32_t served_by(const struct prompt_table *a, struct slice name, struct slice release)
{
	uint32_t at = INDEX_START, found;

	if (release.len == 0)
		return INDEX_NONE;
	while ((found = index_find(&a->by_release, pair_hash(name, release), &at)) != INDEX_NONE) {
		const struct named_place *p = &a->releases[found];
		if (slice_equal(p->name, name) && slice_equal(p->place, release))
			return p->version; /* or INDEX_NONE: it served several */
	}
	return INDEX_NONE;
}

static uint32_t by_name(const struct prompt_table *a, const struct call *c)
{
	uint32_t found = served_by(a, c->prompt_name, c->release);

	return found != INDEX_NONE ? found : deployed_to(a, c->prompt_name, c->environment);
}

/* ---------------------------------------------------------------- deciding */
struct choice {
	uint32_t version; /* INDEX_NONE: none of them */
	bool is_assumed;  /* others have the text, too */
	struct slice shared_name; /* of all that have it, where they have one */
};

/* Of the versions that have this text, and the name where the span has one: the only one, else the one deployed where
 * the call was made. */
static struct choice choose(const struct prompt_table *a, const struct known_text *t, struct slice name, const struct call *c)
{
	struct choice made = { .version = INDEX_NONE };
	uint32_t only = INDEX_NONE, deployed = INDEX_NONE, fitting = 0;
	bool one_name = true;

	for (uint32_t i = 0; i < t->count; i++) {
		uint32_t candidate = a->candidates[t->first + i];
		const struct version_entry *v = &a->versions[candidate];
		if ((name.len > 0 && !slice_equal(v->name, name)) ||
		    (c->prompt_version.len > 0 && !slice_equal(v->version, c->prompt_version)))
			continue;
		one_name = one_name && (only == INDEX_NONE || slice_equal(a->versions[only].name, v->name));
		only = candidate;
		fitting++;
		if (deployed_to(a, v->name, c->environment) == candidate)
			deployed = candidate;
	}
	if (fitting > 0 && one_name)
		made.shared_name = a->versions[only].name;
	made.is_assumed = fitting > 1;
	made.version = fitting == 1 ? only : deployed;
	return made;
}

static void set(const struct prompt_table *a, uint32_t version, bool is_assumed, struct call *c)
{
	if (version == INDEX_NONE)
		return;
	c->prompt_name = a->versions[version].name;
	c->prompt_version = a->versions[version].version;
	c->prompt_version_is_assumed = is_assumed;
}

static bool apply_text(const struct prompt_table *a, struct call *c)
{
	const struct known_text *t = text_of(a, c);
	struct slice told = c->prompt_name_is_made ? SLICE_NONE : c->prompt_name;

	if (t == NULL)
		return false;
	struct choice made = choose(a, t, told, c);
	if (made.version == INDEX_NONE && made.shared_name.len > 0) {
		c->prompt_name = made.shared_name;
		made.version = by_name(a, c);
	}
	set(a, made.version, made.is_assumed, c);
	return made.version != INDEX_NONE || made.shared_name.len > 0;
}

static void apply_rule(const struct prompt_table *a, struct call *c)
{
	const struct slice labels[PROMPT_RULE_LABEL_COUNT] = {
		[PROMPT_RULE_FEATURE] = c->feature,
		[PROMPT_RULE_WORKFLOW] = c->workflow,
		[PROMPT_RULE_USER_SEGMENT] = c->user_segment,
		[PROMPT_RULE_TENANT] = c->tenant,
		[PROMPT_RULE_SERVICE] = c->service,
		[PROMPT_RULE_ENVIRONMENT] = c->environment,
		[PROMPT_RULE_RELEASE] = c->release,
		[PROMPT_RULE_MODEL] = call_model(c),
		[PROMPT_RULE_PROVIDER] = c->provider,
		[PROMPT_RULE_OPERATION] = c->operation,
		[PROMPT_RULE_SCOPE] = c->scope,
	};

	for (uint32_t i = 0; i < a->rule_count; i++) {
		if (!prompt_rule_holds(&a->rules[i], labels))
			continue;
		c->prompt_name = a->rules[i].name;
		c->prompt_version = a->rules[i].version;
		c->prompt_version_is_assumed = true;
		if (c->prompt_version.len == 0)
			set(a, by_name(a, c), true, c);
		return;
	}
}

void prompt_table_apply(const struct prompt_table *a, struct call *c)
{
	bool is_named = c->prompt_name.len > 0 && !c->prompt_name_is_made;

	if (c->prompt_version.len > 0 && !c->prompt_name_is_made)
		return;
	if (apply_text(a, c))
		return;
	if (is_named)
		set(a, by_name(a, c), true, c);
	else if (c->prompt_version.len == 0)
		apply_rule(a, c);
}

/* ---------------------------------------------------------------- counting */
static const struct place_entry *place_of(const struct prompt_table *a, const struct news_place *p, uint64_t hash)
{
	uint32_t at = INDEX_START, found;

	while ((found = index_find(&a->by_place, hash, &at)) != INDEX_NONE) {
		const struct place_entry *e = &a->places[found];
		const struct version_entry *v = &a->versions[e->version];
		if (slice_equal(v->name, p->name) && slice_equal(v->version, p->version) &&
		    slice_equal(e->environment, p->environment) && slice_equal(e->release, p->release))
			return e;
	}
	return NULL;
}

static uint32_t version_of(const struct prompt_table *a, const struct news_place *p)
{
	uint32_t at = INDEX_START, found;

	while ((found = index_find(&a->by_version, pair_hash(p->name, p->version), &at)) != INDEX_NONE)
		if (slice_equal(a->versions[found].name, p->name) && slice_equal(a->versions[found].version, p->version))
			return found;
	return INDEX_NONE;
}

static void check_drift(const struct prompt_table *a, uint32_t version, const struct call *c)
{
	if (a->versions[version].drift != NULL)
		prompt_drift_check(a->versions[version].drift, &a->versions[version].promise, c);
}

void prompt_table_count(const struct prompt_table *a, const struct call *c)
{
	struct news_place place;

	if (c->is_evaluation_traffic || !news_place_of(c, &place))
		return;
	uint64_t hash = news_place_hash(&place);
	const struct place_entry *known = place_of(a, &place, hash);
	uint32_t version = known != NULL ? known->version : version_of(a, &place);
	if (version != INDEX_NONE)
		check_drift(a, version, c);
	if (c->role == ROLE_RETRIEVAL)
		return;
	struct prompt_use *use = known != NULL ? known->use : a->news != NULL ? news_note(a->news, &place, hash) : NULL;
	if (use != NULL)
		prompt_use_count(use, c);
}

/* NULL: the call names none that is known. */
static struct place_entry *place_of_call(const struct prompt_table *a, const struct call *c)
{
	struct news_place place;

	if (!news_place_of(c, &place))
		return NULL;
	const struct place_entry *known = place_of(a, &place, news_place_hash(&place));
	return known != NULL && known->use != NULL ? &a->places[known - a->places] : NULL;
}

static void count_at(struct prompt_use_sum *sum, struct prompt_use *use, const struct call *c)
{
	if (sum->use != use) {
		prompt_use_sum_end(sum);
		sum->use = use;
	}
	prompt_use_sum_add(sum, c);
}

void prompt_table_count_one(const struct prompt_table *a, struct prompt_counting *p, const struct call *c)
{
	uint64_t cohort = c->cohort != NULL ? c->cohort->id : 0;
	struct place_entry *place = cohort_memo_find(&p->places, cohort);

	if (c->is_evaluation_traffic)
		return;
	if (place == NULL) {
		place = place_of_call(a, c);
		if (place == NULL) {
			prompt_table_count(a, c);
			return;
		}
		cohort_memo_keep(&p->places, cohort, place);
	}
	check_drift(a, place->version, c);
	count_at(&p->sums[(size_t)(place - a->places) % LANE_SUMS], place->use, c);
}

void prompt_table_count_end(struct prompt_counting *p)
{
	for (unsigned i = 0; i < LANE_SUMS; i++)
		prompt_use_sum_end(&p->sums[i]);
}
