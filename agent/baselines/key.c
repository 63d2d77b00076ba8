/* SPDX-License-Identifier: Apache-2.0
 * baselines/key.c - find a key by its labels; make one.
 */
#include "agent/baselines/key.h"

#include <math.h>
#include <stdlib.h>

#include "agent/base/hash.h"

bool key_table_init(struct key_table *t, uint32_t max)
{
	uint32_t slots = 16;

	while (slots < max * 2)
		slots *= 2;
	*t = (struct key_table){ .max = max, .slot_mask = slots - 1 };
	t->keys = calloc(max, sizeof(t->keys[0]));
	t->slots = calloc(slots, sizeof(t->slots[0]));
	return t->keys != NULL && t->slots != NULL;
}

static void key_free(struct baseline_key *k)
{
	if (k == NULL)
		return;
	for (int m = 0; m < METRIC_COUNT; m++)
		series_free(k->series[m]);
	free(k->canaries);
	free(k->spend);
	free(k);
}

void key_table_release(struct key_table *t)
{
	for (uint32_t i = 0; i < t->count; i++)
		key_free(t->keys[i]);
	free(t->keys);
	free(t->slots);
	*t = (struct key_table){ 0 };
}

static struct slice label(struct slice s)
{
	return s.len == 0 ? SLICE("unknown") : slice_head(s, LABEL_MAX);
}

struct labels labels_normalise(struct labels l)
{
	return (struct labels){ label(l.feature), label(l.model), label(l.prompt_version) };
}

static uint64_t hash_of(struct labels l)
{
	return hash_mix(hash_mix(hash_slice(l.feature), hash_slice(l.model)), hash_slice(l.prompt_version));
}

static bool same_series_of_versions(struct labels a, struct labels b)
{
	return slice_equal(a.feature, b.feature) && slice_equal(a.model, b.model);
}

struct baseline_key *key_table_find(const struct key_table *t, struct labels l)
{
	uint64_t hash = hash_of(l);

	for (uint32_t at = (uint32_t)hash & t->slot_mask; t->slots[at] != 0; at = (at + 1) & t->slot_mask) {
		struct baseline_key *k = t->keys[t->slots[at] - 1];
		if (k->hash == hash && slice_equal(k->labels.prompt_version, l.prompt_version) &&
		    same_series_of_versions(k->labels, l))
			return k;
	}
	return NULL;
}

static struct slice copy_label(char **at, struct slice s)
{
	struct slice copy = { *at, s.len };

	memcpy(*at, s.ptr, s.len);
	*at += s.len;
	return copy;
}

/* The oldest version of this feature and model. A walk over all keys, but only when a key is made. */
static struct baseline_key *find_incumbent(const struct key_table *t, struct baseline_key *k)
{
	for (uint32_t i = 0; i < t->count; i++)
		if (t->keys[i] != NULL && same_series_of_versions(t->keys[i]->labels, k->labels))
			return t->keys[i];
	return k;
}

static void insert(struct key_table *t, struct baseline_key *k)
{
	uint32_t at = (uint32_t)k->hash & t->slot_mask;

	while (t->slots[at] != 0)
		at = (at + 1) & t->slot_mask;
	t->slots[at] = k->id + 1;
	t->keys[k->id] = k;
	t->count = k->id + 1;
}

struct baseline_key *key_table_add(struct key_table *t, struct labels l, uint32_t id, int64_t first_s)
{
	struct baseline_key *k;

	if (id < t->count || id >= t->max)
		return NULL;
	k = calloc(1, sizeof(*k) + l.feature.len + l.model.len + l.prompt_version.len);
	if (k == NULL)
		return NULL;
	char *at = k->text;
	k->labels.feature = copy_label(&at, l.feature);
	k->labels.model = copy_label(&at, l.model);
	k->labels.prompt_version = copy_label(&at, l.prompt_version);
	k->hash = hash_of(l);
	k->id = id;
	k->first_s = first_s;
	for (int m = 0; m < METRIC_COUNT; m++)
		k->centre[m] = NAN;
	k->incumbent = find_incumbent(t, k);
	if (k->incumbent != k) {
		k->canaries = calloc(METRIC_COUNT, sizeof(k->canaries[0]));
		if (k->canaries == NULL) {
			free(k);
			return NULL;
		}
	}
	insert(t, k);
	return k;
}
