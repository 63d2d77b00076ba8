/* SPDX-License-Identifier: Apache-2.0
 * slo/slo_state.c - groups as stored values, and back.
 */
#include "agent/slo/slo_priv.h"

#define FORMAT 1

static struct slice key_of(const uint64_t *hash)
{
	return (struct slice){ (const char *)hash, sizeof(*hash) };
}

/* id: of the objective. labels: when reading, borrowed from the value. */
static void record_group(struct record *r, struct slice *id, struct slo_labels *labels, struct slo_group *g)
{
	record_format(r, FORMAT);
	record_slice(r, id);
	record_slice(r, &labels->feature);
	record_slice(r, &labels->model);
	record_slice(r, &labels->prompt_version);
	record_slice(r, &labels->context);
	record_uint(r, &g->good);
	record_uint(r, &g->bad);
	record_uint(r, &g->burning_since_s);
	record_uint(r, &g->hot_s);
	rings_record(r, &g->rings);
}

static void save_group(struct slo_group *g, uint64_t hash, struct buf *value, slo_put put, void *context)
{
	struct record r = record_writer(value);
	struct slice id = slice_of(g->slo->id);
	struct slo_labels labels = g->labels;

	buf_reset(value);
	record_group(&r, &id, &labels, g);
	if (!record_ok(&r))
		return; /* without memory: it stays dirty */
	put(context, key_of(&hash), buf_view(value));
	g->dirty = false;
}

void slo_save(struct slo_tracker *t, bool all, slo_put put, void *context)
{
	struct buf value = BUF_INIT;

	deletions_put(&t->deleted, sizeof(uint64_t), all, put, context);
	for (size_t i = 0; i < t->count; i++)
		if (all || t->groups[i]->dirty)
			save_group(t->groups[i], t->hashes[i], &value, put, context);
	buf_release(&value);
}

static const struct config_instance *find_slo(const struct config_instances *slos, struct slice id)
{
	for (size_t i = 0; i < slos->count; i++)
		if (slice_equal(slice_of(slos->items[i].id), id))
			return &slos->items[i];
	return NULL;
}

struct status slo_load(struct slo_tracker *t, struct slice key, struct slice value)
{
	struct slo_group read = { .slo = NULL };
	struct slo_labels labels;
	struct slice id;
	struct record r = record_reader(value);

	record_group(&r, &id, &labels, &read);
	if (!record_ok(&r) || !slice_equal(key, key_of(&(uint64_t){ slo_group_id(id, &labels) })))
		return FAIL(CORRUPT, "not the tallies of an objective");
	const struct config_instance *slo = find_slo(t->slos, id);
	if (slo == NULL)
		return OK;
	struct slo_group *g = slo_group_get(t, slo, &labels);
	if (g == NULL)
		return FAIL(NOMEM, "no room for the tallies of an objective");
	g->good = read.good;
	g->bad = read.bad;
	g->burning_since_s = read.burning_since_s;
	g->hot_s = read.hot_s;
	g->rings = read.rings;
	slo_group_believe(t, g);
	if (g->rings.newest_s > t->newest_s) {
		t->newest_s = g->rings.newest_s;
		t->arrived_s = t->wall_s;
	}
	return OK;
}
