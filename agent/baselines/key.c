/* SPDX-License-Identifier: Apache-2.0
 * baselines/key.c - find a key by its labels; make one.
 */
#include "agent/baselines/key.h"

#include <math.h>
#include <stdlib.h>

#include "agent/base/hash.h"

#define RECENT_KEYS 512u

bool key_table_init(struct key_table *t, uint32_t max)
{
	uint32_t slots = 16;

	while (slots < max * 2)
		slots *= 2;
	*t = (struct key_table){ .max = max, .slot_mask = slots - 1 };
	t->keys = calloc(max, sizeof(t->keys[0]));
	t->slots = calloc(slots, sizeof(t->slots[0]));
	t->families = calloc(slots, sizeof(t->families[0]));
	t->taken = calloc(max / 64 + 1, sizeof(t->taken[0]));
	t->recent = calloc(RECENT_KEYS, sizeof(t->recent[0]));
	return t->keys != NULL && t->slots != NULL && t->families != NULL && t->taken != NULL && t->recent != NULL;
}

static void key_free(struct baseline_key *k)
{
	if (k == NULL)
		return;
	for (unsigned i = 0; i < k->watch_count; i++)
		series_free(k->watches[i].series);
	free(k->watches);
	free(k->spend);
	free(k->tails);
	free(k);
}

void key_table_release(struct key_table *t)
{
	for (uint32_t i = 0; i < t->count; i++)
		key_free(t->keys[i]);
	free(t->keys);
	free(t->slots);
	free(t->families);
	free(t->taken);
	free(t->recent);
	*t = (struct key_table){ 0 };
}

static struct slice label(struct slice s)
{
	return s.len == 0 ? SLICE("unknown") : slice_head(s, LABEL_MAX);
}

struct labels labels_normalise(struct labels l)
{
	return (struct labels){ label(l.feature), label(l.model), label(l.prompt_version),
				slice_head(l.workflow, LABEL_MAX), slice_head(l.user_segment, LABEL_MAX) };
}

/* What the versions of one feature and model share. */
static uint64_t family_of(struct labels l)
{
	uint64_t hash = hash_mix(hash_slice(l.feature), hash_slice(l.model));

	if (l.workflow.len + l.user_segment.len > 0)
		hash = hash_mix(hash, hash_mix(hash_slice(l.workflow), hash_slice(l.user_segment)));
	return hash;
}

static bool same_family(struct labels a, struct labels b)
{
	return slice_equal(a.feature, b.feature) && slice_equal(a.model, b.model) &&
	       slice_equal(a.workflow, b.workflow) && slice_equal(a.user_segment, b.user_segment);
}

static struct baseline_key **recent_of(const struct key_table *t, struct labels l)
{
	uint64_t glance = hash_glance(hash_glance(hash_glance(0, l.feature), l.model), l.prompt_version);

	if (l.workflow.len + l.user_segment.len > 0)
		glance = hash_glance(hash_glance(glance, l.workflow), l.user_segment);
	return &t->recent[glance % RECENT_KEYS];
}

static struct baseline_key *look_up(const struct key_table *t, struct labels l)
{
	uint64_t hash = hash_mix(family_of(l), hash_slice(l.prompt_version));

	for (uint32_t at = (uint32_t)hash & t->slot_mask; t->slots[at] != 0; at = (at + 1) & t->slot_mask) {
		struct baseline_key *k = t->keys[t->slots[at] - 1];
		if (k->hash == hash && slice_equal(k->labels.prompt_version, l.prompt_version) &&
		    same_family(k->labels, l))
			return k;
	}
	return NULL;
}

struct baseline_key *key_table_find(const struct key_table *t, struct labels l)
{
	struct baseline_key **recent = recent_of(t, l), *k = *recent;

	if (k == NULL || !slice_equal(k->labels.prompt_version, l.prompt_version) || !same_family(k->labels, l))
		*recent = k = look_up(t, l);
	return k;
}

/* ---------------------------------------------------------------- numbers */
/* There is a bit for max, which is never taken: the search ends there. */
uint32_t key_table_free_id(struct key_table *t)
{
	while (t->taken[t->full_words] == UINT64_MAX)
		t->full_words++;
	return t->full_words * 64 + (uint32_t)__builtin_ctzll(~t->taken[t->full_words]);
}

static void take_id(struct key_table *t, uint32_t id)
{
	t->taken[id / 64] |= UINT64_C(1) << id % 64;
}

static void give_id_back(struct key_table *t, uint32_t id)
{
	t->taken[id / 64] &= ~(UINT64_C(1) << id % 64);
	if (id / 64 < t->full_words)
		t->full_words = id / 64;
}

/* ---------------------------------------------------------------- families */
/* Takes a slot out of its run of occupied ones, and moves later ones up so that no search breaks off early. */
static void remove_slot(struct key_table *t, uint32_t *slots, uint32_t at)
{
	uint32_t hole = at;

	for (;;) {
		at = (at + 1) & t->slot_mask;
		if (slots[at] == 0)
			break;
		const struct baseline_key *k = t->keys[slots[at] - 1];
		uint32_t home = (uint32_t)(slots == t->families ? k->family : k->hash) & t->slot_mask;
		if (((at - home) & t->slot_mask) < ((at - hole) & t->slot_mask))
			continue;
		slots[hole] = slots[at];
		hole = at;
	}
	slots[hole] = 0;
}

/* Where one of its family stands, or would stand. */
static uint32_t family_slot(const struct key_table *t, const struct baseline_key *k)
{
	for (uint32_t at = (uint32_t)k->family & t->slot_mask;; at = (at + 1) & t->slot_mask) {
		const struct baseline_key *one = t->families[at] != 0 ? t->keys[t->families[at] - 1] : NULL;
		if (one == NULL || (one->family == k->family && same_family(one->labels, k->labels)))
			return at;
	}
}

/* All versions of a family have the same incumbent: each has taken it from one that was there. */
static void join_family(struct key_table *t, struct baseline_key *k)
{
	uint32_t at = family_slot(t, k);

	k->next_version = k->previous_version = k;
	k->incumbent = k->id;
	if (t->families[at] == 0) {
		t->families[at] = k->id + 1;
		return;
	}
	struct baseline_key *one = t->keys[t->families[at] - 1];
	k->incumbent = one->incumbent;
	k->next_version = one;
	k->previous_version = one->previous_version;
	k->previous_version->next_version = one->previous_version = k;
}

static void leave_family(struct key_table *t, struct baseline_key *k)
{
	uint32_t at = family_slot(t, k);

	if (k->next_version == k)
		remove_slot(t, t->families, at);
	else if (t->families[at] == k->id + 1)
		t->families[at] = k->next_version->id + 1;
	k->previous_version->next_version = k->next_version;
	k->next_version->previous_version = k->previous_version;
}

/* ---------------------------------------------------------------- keys come and go */
static void insert(struct key_table *t, struct baseline_key *k)
{
	uint32_t at = (uint32_t)k->hash & t->slot_mask;

	while (t->slots[at] != 0)
		at = (at + 1) & t->slot_mask;
	t->slots[at] = k->id + 1;
	t->keys[k->id] = k;
	take_id(t, k->id);
	t->live++;
	if (k->id >= t->count)
		t->count = k->id + 1;
}

struct baseline_key *key_table_add(struct key_table *t, struct labels l, uint32_t id, int64_t first_s)
{
	struct baseline_key *k;

	if (id >= t->max || t->keys[id] != NULL)
		return NULL;
	k = calloc(1, sizeof(*k) + l.feature.len + l.model.len + l.prompt_version.len + l.workflow.len +
			      l.user_segment.len);
	if (k == NULL)
		return NULL;
	char *at = k->text;
	k->labels.feature = slice_pack(&at, l.feature);
	k->labels.model = slice_pack(&at, l.model);
	k->labels.prompt_version = slice_pack(&at, l.prompt_version);
	k->labels.workflow = slice_pack(&at, l.workflow);
	k->labels.user_segment = slice_pack(&at, l.user_segment);
	k->is_rollup = slice_equal(l.prompt_version, SLICE("*"));
	k->family = family_of(l);
	k->hash = hash_mix(k->family, hash_slice(l.prompt_version));
	k->id = id;
	k->first_s = k->last_s = k->counted_s = first_s;
	join_family(t, k);
	insert(t, k);
	return k;
}

void key_table_drop(struct key_table *t, struct baseline_key *k)
{
	uint32_t at = (uint32_t)k->hash & t->slot_mask;

	while (t->slots[at] != k->id + 1)
		at = (at + 1) & t->slot_mask;
	remove_slot(t, t->slots, at);
	leave_family(t, k);
	if (*recent_of(t, k->labels) == k)
		*recent_of(t, k->labels) = NULL;
	t->keys[k->id] = NULL;
	give_id_back(t, k->id);
	t->live--;
	key_free(k);
}

struct baseline_key *key_incumbent(const struct key_table *t, struct baseline_key *k)
{
	struct baseline_key *first = k->incumbent < t->count ? t->keys[k->incumbent] : NULL;

	return first != NULL && first->family == k->family ? first : k;
}

/* ---------------------------------------------------------------- watches */
struct watch *key_watch(const struct baseline_key *k, enum metric m, uint8_t name)
{
	if (name == 0)
		return k->at[m] != 0 ? &k->watches[k->at[m] - 1] : NULL;
	for (unsigned i = 0; i < k->watch_count; i++)
		if (k->watches[i].name == name && k->watches[i].metric == m)
			return &k->watches[i];
	return NULL;
}

static bool make_room(struct baseline_key *k)
{
	unsigned room = k->watch_room + 4u;

	if (k->watch_count < k->watch_room)
		return true;
	if (k->watch_count >= WATCHES_MAX)
		return false;
	if (room > WATCHES_MAX)
		room = WATCHES_MAX;
	struct watch *watches = realloc(k->watches, room * sizeof(watches[0]));
	if (watches == NULL)
		return false;
	k->watches = watches;
	k->watch_room = (uint8_t)room;
	return true;
}

/* Watches lie in the order of metric and name, so that nothing depends on which came first. */
struct watch *key_add_watch(struct baseline_key *k, enum metric m, uint8_t name, struct series *s)
{
	unsigned at = k->watch_count;

	if (!make_room(k))
		return NULL;
	for (; at > 0; at--) {
		const struct watch *before = &k->watches[at - 1];
		if (before->metric < m || (before->metric == m && before->name < name))
			break;
		k->watches[at] = k->watches[at - 1];
	}
	k->watches[at] = (struct watch){ .metric = (uint8_t)m, .name = name, .centre = NAN, .series = s };
	k->watch_count++;
	for (unsigned i = at; i < k->watch_count; i++)
		if (k->watches[i].name == 0)
			k->at[k->watches[i].metric] = (uint8_t)(i + 1);
	return &k->watches[at];
}
