/* SPDX-License-Identifier: Apache-2.0
 * slo/slo.c - which objective a call belongs to, whether it meets it, and the group that it is counted in.
 */
#include <math.h>
#include <stdlib.h>

#include "agent/base/clock.h"
#include "agent/base/hash.h"
#include "agent/slo/slo_priv.h"
#include "agent/span/call.h"

#define MINUTE_S      60u

struct slo_tracker *slo_new(const struct config *config, verdict_fn emit, void *context)
{
	struct slo_tracker *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->slos = &config->slos;
	t->emit = emit;
	t->context = context;
	return t;
}

void slo_free(struct slo_tracker *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < t->count; i++)
		free(t->groups[i]);
	deletions_release(&t->deleted);
	free(t);
}

/* ---------------------------------------------------------------- time */
static uint64_t believed(const struct slo_tracker *t, uint64_t unix_s)
{
	return t->wall_s != 0 && unix_s > t->wall_s + CLOCK_AHEAD_MAX_S ? t->wall_s : unix_s;
}

void slo_group_believe(const struct slo_tracker *t, struct slo_group *g)
{
	g->burning_since_s = believed(t, g->burning_since_s);
	g->hot_s = believed(t, g->hot_s);
	if (believed(t, g->rings.newest_s) != g->rings.newest_s)
		rings_turn_back(&g->rings, t->wall_s);
}

/* ---------------------------------------------------------------- groups */
uint64_t slo_group_id(struct slice slo, const struct slo_labels *l)
{
	const struct slice parts[] = { slo, l->feature, l->model, l->prompt_version, l->context };
	uint64_t hash = 0;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		hash = hash_mix(hash, hash_stable(parts[i].ptr, parts[i].len));
	return hash;
}

static struct slo_group *find_group(const struct slo_tracker *t, uint64_t hash)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->hashes[i] == hash)
			return t->groups[i];
	return NULL;
}

static struct slo_group *group_new(const struct config_instance *slo, const struct slo_labels *l)
{
	size_t size = l->feature.len + l->model.len + l->prompt_version.len + l->context.len;
	struct slo_group *g = calloc(1, sizeof(*g) + size);

	if (g == NULL)
		return NULL;
	char *at = g->text;
	g->slo = slo;
	g->labels = (struct slo_labels){ slice_pack(&at, l->feature), slice_pack(&at, l->model),
					 slice_pack(&at, l->prompt_version), slice_pack(&at, l->context) };
	return g;
}

struct slo_group *slo_group_get(struct slo_tracker *t, const struct config_instance *slo,
				const struct slo_labels *labels)
{
	uint64_t hash = slo_group_id(slice_of(slo->id), labels);
	struct slo_group *g = find_group(t, hash);

	if (g != NULL || t->count == SLO_GROUPS_MAX)
		return g;
	g = group_new(slo, labels);
	if (g == NULL)
		return NULL;
	t->hashes[t->count] = hash;
	t->groups[t->count++] = g;
	return g;
}

void slo_group_drop(struct slo_tracker *t, size_t at)
{
	buf_append(&t->deleted.fresh, &t->hashes[at], sizeof(t->hashes[at]));
	free(t->groups[at]);
	t->count--;
	t->hashes[at] = t->hashes[t->count];
	t->groups[at] = t->groups[t->count];
}

static const struct config_instance *find_slo(const struct config_instances *slos, const char *id)
{
	for (size_t i = 0; i < slos->count; i++)
		if (strcmp(slos->items[i].id, id) == 0)
			return &slos->items[i];
	return NULL;
}

/* Where event time stands. */
static uint64_t event_now(const struct slo_tracker *t)
{
	return t->newest_s + (t->wall_s - t->arrived_s);
}

void slo_reload(struct slo_tracker *t, const struct config *config)
{
	for (size_t i = t->count; i-- > 0;) {
		const struct config_instance *slo = find_slo(&config->slos, t->groups[i]->slo->id);
		if (slo != NULL) {
			t->groups[i]->slo = slo;
			continue;
		}
		slo_group_end(t, t->groups[i], event_now(t));
		slo_group_drop(t, i);
	}
	t->slos = &config->slos;
}

/* ---------------------------------------------------------------- samples */
static bool wants(const char *only, struct slice value)
{
	return only == NULL || slice_equal(slice_of(only), value);
}

static struct slice or_unknown(struct slice s)
{
	return s.len > 0 ? s : SLICE("unknown");
}

static struct slice context_class(const struct sample *s)
{
	struct tokens tokens = { .known = isnan(s->input_tokens) ? 0 : 1u << TOKENS_INPUT };

	if (tokens.known != 0)
		tokens.n[TOKENS_INPUT] = (uint64_t)s->input_tokens;
	return or_unknown(slice_of(context_names[context_of(&tokens)]));
}

static struct slo_labels labels_of(const struct sample *s)
{
	return (struct slo_labels){ or_unknown(s->feature), or_unknown(s->model), or_unknown(s->prompt_version),
				    context_class(s) };
}

/* The labels that the objective tells apart; the others empty. */
static struct slo_labels group_labels(const struct slo_config *c, const struct slo_labels *all)
{
	struct slo_labels out = { SLICE_NONE, SLICE_NONE, SLICE_NONE, SLICE_NONE };
	const struct {
		const char *name;
		const struct slice *from;
		struct slice *to;
	} dimensions[] = {
		{ "feature", &all->feature, &out.feature },
		{ "model", &all->model, &out.model },
		{ "prompt", &all->prompt_version, &out.prompt_version },
		{ "context", &all->context, &out.context },
	};

	for (size_t i = 0; i < c->by.count; i++)
		for (size_t d = 0; d < sizeof(dimensions) / sizeof(dimensions[0]); d++)
			if (strcmp(c->by.items[i], dimensions[d].name) == 0)
				*dimensions[d].to = *dimensions[d].from;
	return out;
}

/* What failed fast was not fast: only what was answered has a time, and what timed out had too long a one. */
static enum tristate in_time(const struct sample *s, double ms, double threshold_ms)
{
	if (s->outcome == OUTCOME_TIMEOUT)
		return TRI_NO;
	if (outcome_is_error(s->outcome) || isnan(ms))
		return TRI_UNKNOWN;
	return ms <= threshold_ms ? TRI_YES : TRI_NO;
}

/* Whether the call meets the objective; unknown where the objective does not speak of it. */
static enum tristate meets(const char *metric, const struct slo_config *c, const struct sample *s)
{
	if (strcmp(metric, "ttft") == 0)
		return in_time(s, s->ttft_ms, (double)c->threshold_ms);
	if (strcmp(metric, "latency") == 0)
		return in_time(s, s->latency_ms, (double)c->threshold_ms);
	return outcome_is_error(s->outcome) ? TRI_NO : TRI_YES;
}

static struct slo_group *group_for(struct slo_tracker *t, const struct config_instance *slo,
				   const struct slo_labels *all)
{
	struct slo_labels labels = group_labels(slo->options, all);
	bool has_room = t->count + t->slos->count < SLO_GROUPS_MAX; /* what is left is for one `other` each */
	struct slo_group *g = find_group(t, slo_group_id(slice_of(slo->id), &labels));

	if (g != NULL || has_room)
		return g != NULL ? g : slo_group_get(t, slo, &labels);
	struct slice other = SLICE("other");
	struct slo_labels pooled = { other, other, other, other };
	labels = group_labels(slo->options, &pooled);
	return slo_group_get(t, slo, &labels);
}

static void tally(struct slo_tracker *t, const struct config_instance *slo, const struct sample *s,
		  const struct slo_labels *labels, uint64_t unix_s)
{
	const struct slo_config *c = slo->options;
	bool is_meant = wants(c->feature, labels->feature) && wants(c->model, labels->model) &&
			wants(c->prompt, labels->prompt_version) && wants(c->context, labels->context);
	enum tristate met = is_meant ? meets(slo->kind, c, s) : TRI_UNKNOWN;

	if (met == TRI_UNKNOWN)
		return;
	struct slo_group *g = group_for(t, slo, labels);
	if (g == NULL || !rings_add(&g->rings, unix_s, met == TRI_YES))
		return;
	g->good += met == TRI_YES;
	g->bad += met == TRI_NO;
	g->dirty = true;
}

void slo_add(struct slo_tracker *t, const struct sample *s)
{
	if (t->slos->count == 0 || s->kind != SAMPLE_CALL)
		return;
	uint64_t unix_s = s->time_unix_ms / 1000;
	unix_s = believed(t, unix_s);
	if (unix_s > t->newest_s) {
		if (t->newest_s != 0 && unix_s / MINUTE_S > t->judged_minute)
			slo_judge(t, unix_s);
		t->newest_s = unix_s;
		t->arrived_s = t->wall_s;
	}
	struct slo_labels labels = labels_of(s);
	for (size_t i = 0; i < t->slos->count; i++)
		tally(t, &t->slos->items[i], s, &labels, unix_s);
}

/* The clock was set back. */
static void believe(struct slo_tracker *t)
{
	t->newest_s = believed(t, t->newest_s);
	t->judged_minute = believed(t, t->judged_minute * MINUTE_S) / MINUTE_S;
	for (size_t i = 0; i < t->count; i++)
		slo_group_believe(t, t->groups[i]);
}

void slo_advance(struct slo_tracker *t, uint64_t unix_s)
{
	bool is_back = unix_s < t->wall_s;

	t->wall_s = unix_s;
	if (is_back || t->arrived_s == 0)
		t->arrived_s = unix_s;
	if (is_back)
		believe(t);
	if (t->newest_s != 0 && event_now(t) / MINUTE_S > t->judged_minute)
		slo_judge(t, event_now(t));
}

void slo_visit(const struct slo_tracker *t, void (*visit)(void *context, const struct slo_view *v), void *context)
{
	uint64_t now_s = event_now(t);

	for (size_t i = 0; i < t->count; i++) {
		const struct slo_group *g = t->groups[i];
		struct slo_view v = {
			.slo = g->slo->id,
			.metric = g->slo->kind,
			.feature = g->labels.feature,
			.model = g->labels.model,
			.prompt_version = g->labels.prompt_version,
			.context = g->labels.context,
			.objective = slo_options(g)->objective,
			.good = g->good,
			.bad = g->bad,
			.budget_left = slo_budget_left(g, now_s),
			.is_burning = g->burning_since_s != 0,
		};
		for (int rule = 0; rule < SLO_RULE_COUNT; rule++)
			v.burn[rule] = slo_burn(g, now_s, slo_long_windows_s[rule]);
		visit(context, &v);
	}
}
