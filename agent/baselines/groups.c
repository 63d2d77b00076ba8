/* SPDX-License-Identifier: Apache-2.0
 * baselines/groups.c - find the group of a verdict, widen its key.
 */
#include "agent/baselines/groups.h"

#include <stdlib.h>

#include "agent/base/hash.h"

#define CAUSE_S 3600

static void group_release(struct group *g)
{
	for (uint32_t i = 0; i < g->listed; i++)
		free(g->text[i]);
	*g = (struct group){ 0 };
}

void groups_release(struct groups *g)
{
	for (size_t i = 0; i < GROUPS_MAX; i++)
		group_release(&g->items[i]);
}

void groups_close(struct groups *g, uint64_t now_s)
{
	for (size_t i = 0; i < GROUPS_MAX; i++)
		if (g->items[i].newest_s != 0 && g->items[i].newest_s + CAUSE_S < now_s)
			group_release(&g->items[i]);
}

static bool covers(struct slice wide, struct slice s)
{
	return slice_equal(wide, SLICE("*")) || slice_equal(s, SLICE("*")) || slice_equal(wide, s);
}

/* Roll-ups by workflow or segment differ in nothing else. */
static uint64_t extent_of(const struct verdict *v)
{
	if (v->workflow.len + v->user_segment.len == 0)
		return 0;
	return hash_mix(hash_slice(v->workflow), hash_slice(v->user_segment)) | 1;
}

static bool one_cause(const struct group *g, uint32_t place, const struct verdict *v)
{
	const struct verdict_member *m = &g->member[place];
	bool same_feature = slice_equal(m->feature, v->feature), same_model = slice_equal(m->model, v->model);

	if (same_feature && same_model && g->extents[place] == extent_of(v) && covers(m->prompt_version, v->prompt_version))
		return true;
	/* a roll-up covers what it spans */
	return (covers(m->feature, v->feature) || covers(m->model, v->model)) && g->directions[place] == v->direction &&
	       strcmp(m->metric, v->metric) == 0;
}

static bool is_near(const struct group *g, const struct verdict *v)
{
	return g->newest_s != 0 && v->started_at_s <= g->newest_s + CAUSE_S;
}

static struct group *find(struct groups *g, const struct verdict *v)
{
	for (size_t i = 0; i < GROUPS_MAX; i++) {
		struct group *x = &g->items[i];
		for (uint32_t m = 0; is_near(x, v) && m < x->listed; m++)
			if (one_cause(x, m, v))
				return x;
	}
	return NULL;
}

/* A free place, else that of the group that has been quiet for longest. */
static struct group *make(struct groups *g, const struct verdict *v)
{
	const struct slice parts[] = { slice_of(verdict_kind_names[v->kind]), slice_of(v->metric), v->name, v->feature,
				       v->model, v->prompt_version, v->workflow, v->user_segment };
	struct group *oldest = &g->items[0];

	for (size_t i = 1; i < GROUPS_MAX; i++)
		if (g->items[i].newest_s < oldest->newest_s)
			oldest = &g->items[i];
	group_release(oldest);
	oldest->id = v->started_at_s;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		oldest->id = hash_mix(oldest->id, hash_stable(parts[i].ptr, parts[i].len));
	oldest->id |= 1; /* 0 is none */
	return oldest;
}

static bool list(struct group *g, struct verdict_member m, int direction, uint64_t extent)
{
	char *at = malloc(m.feature.len + m.model.len + m.prompt_version.len + 1);

	if (at == NULL)
		return false;
	g->text[g->listed] = at;
	g->directions[g->listed] = direction;
	g->extents[g->listed] = extent;
	g->member[g->listed++] = (struct verdict_member){
		m.metric, slice_pack(&at, m.feature), slice_pack(&at, m.model), slice_pack(&at, m.prompt_version) };
	return true;
}

static void widen(struct slice *wide, struct slice s)
{
	if (!slice_equal(*wide, s))
		*wide = SLICE("*");
}

static void make_view(struct group *g, const struct verdict *v)
{
	struct verdict_group *view = &g->view;

	if (g->listed > 0 && view->listed == 0) {
		view->feature = g->member[0].feature;
		view->model = g->member[0].model;
		view->prompt_version = g->member[0].prompt_version;
	}
	view->id = g->id;
	view->members = g->members;
	view->listed = g->listed;
	memcpy(view->member, g->member, sizeof(view->member));
	widen(&view->feature, v->feature);
	widen(&view->model, v->model);
	widen(&view->prompt_version, v->prompt_version);
}

const struct verdict_group *groups_take(struct groups *g, const struct verdict *v)
{
	struct group *x = find(g, v);

	if (x == NULL)
		x = make(g, v);
	if (x->listed < VERDICT_MEMBERS_MAX &&
	    !list(x, (struct verdict_member){ v->metric, v->feature, v->model, v->prompt_version }, v->direction,
		  extent_of(v)))
		return NULL;
	x->members++;
	if (x->newest_s < v->started_at_s)
		x->newest_s = v->started_at_s;
	make_view(x, v);
	g->dirty = true;
	return &x->view;
}

/* ---------------------------------------------------------------- kept over a restart */
static void record_member(struct record *r, struct group *g, uint32_t i, const char *(*intern)(struct slice name))
{
	struct verdict_member m = g->member[i];
	uint8_t direction = (uint8_t)(g->directions[i] + 1);
	struct slice metric = slice_of(m.metric);

	record_slice(r, &metric);
	record_slice(r, &m.feature);
	record_slice(r, &m.model);
	record_slice(r, &m.prompt_version);
	record_u8(r, &direction);
	if (record_writes(r) || r->failed)
		return;
	m.metric = intern(metric);
	if (m.metric == NULL || direction > 2 || !list(g, m, direction - 1, 0))
		r->failed = true;
}

static void record_group(struct record *r, struct group *g, const char *(*intern)(struct slice name))
{
	uint32_t listed = g->listed;
	struct slice *wide[] = { &g->view.feature, &g->view.model, &g->view.prompt_version };

	record_uint(r, &g->id);
	record_uint(r, &g->newest_s);
	if (r->latest_s != 0 && g->newest_s > (uint64_t)r->latest_s)
		g->newest_s = (uint64_t)r->latest_s; /* else all that comes would join it */
	r->failed |= g->newest_s == 0;
	record_u32(r, &g->members);
	record_u32(r, &listed);
	r->failed |= listed == 0 || listed > VERDICT_MEMBERS_MAX;
	for (uint32_t i = 0; i < listed && !r->failed; i++)
		record_member(r, g, i, intern);
	for (size_t i = 0; i < 3 && !r->failed; i++) {
		bool all = slice_equal(*wide[i], SLICE("*"));
		record_bool(r, &all);
		*wide[i] = all ? SLICE("*") : i == 0 ? g->member[0].feature : i == 1 ? g->member[0].model :
									     g->member[0].prompt_version;
	}
	g->view.listed = g->listed;
}

void groups_record(struct record *r, struct groups *g, const char *(*intern)(struct slice name))
{
	uint32_t count = 0;

	for (size_t i = 0; i < GROUPS_MAX; i++)
		count += g->items[i].newest_s != 0;
	record_u32(r, &count);
	r->failed |= count > GROUPS_MAX;
	for (size_t i = 0, at = 0; i < count && !r->failed; i++, at++) {
		while (record_writes(r) && g->items[at].newest_s == 0)
			at++;
		record_group(r, &g->items[at], intern);
	}
}
