/* SPDX-License-Identifier: Apache-2.0
 * enrich/model_watch.c - two small sets of hashes, each slot an atomic.
 *
 * Two lanes that see a new pair at the same moment may both tell of it; the exchange makes even that unlikely.
 */
#include "agent/enrich/model_watch.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "agent/base/hash.h"
#include "agent/base/record.h"
#include "agent/span/cohort.h"

#define SLOTS  1024u
#define FORMAT 1

struct model_watch {
	_Atomic uint64_t requests[SLOTS]; /* hashes; 0: free */
	_Atomic uint64_t pairs[SLOTS];
	_Atomic bool is_dirty;
};

struct model_watch *model_watch_new(void)
{
	return calloc(1, sizeof(struct model_watch));
}

void model_watch_free(struct model_watch *w)
{
	free(w);
}

/* True where the hash was there already; it is there afterwards. */
static bool remember(struct model_watch *w, _Atomic uint64_t slots[SLOTS], uint64_t hash)
{
	_Atomic uint64_t *slot = &slots[hash / 2 % SLOTS];

	if (atomic_load_explicit(slot, memory_order_relaxed) == hash || atomic_exchange(slot, hash) == hash)
		return true;
	atomic_store_explicit(&w->is_dirty, true, memory_order_relaxed);
	return false;
}

static uint64_t request_hash(const struct call *c)
{
	return c->cohort != NULL ? c->cohort->request_model_hash : hash_stable(c->request_model.ptr, c->request_model.len);
}

static uint64_t response_hash(const struct call *c)
{
	return c->cohort != NULL ? c->cohort->response_model_hash :
				   hash_stable(c->response_model.ptr, c->response_model.len);
}

void model_watch_see(struct model_watch *w, struct call *c)
{
	if (c->request_model.len == 0 || c->response_model.len == 0)
		return;
	uint64_t request = request_hash(c) | 1, response = response_hash(c);
	bool request_known = remember(w, w->requests, request);
	bool pair_known = remember(w, w->pairs, hash_mix(request, response) | 1);
	c->model_changed = request_known && !pair_known;
}

static void slot_field(struct record *r, _Atomic uint64_t *slot)
{
	uint64_t hash = record_writes(r) ? atomic_load(slot) : 0;
	uint32_t high = (uint32_t)(hash >> 32), low = (uint32_t)hash;

	record_u32(r, &high);
	record_u32(r, &low);
	if (!record_writes(r) && !r->failed)
		atomic_store(slot, (uint64_t)high << 32 | low);
}

static void fields(struct record *r, struct model_watch *w)
{
	record_format(r, FORMAT);
	for (unsigned i = 0; i < SLOTS && !r->failed; i++) {
		slot_field(r, &w->requests[i]);
		slot_field(r, &w->pairs[i]);
	}
}

void model_watch_save(struct model_watch *w, bool all, model_watch_put put, void *context)
{
	struct buf value = BUF_INIT;
	struct record r = record_writer(&value);

	if (!atomic_exchange(&w->is_dirty, false) && !all)
		return;
	fields(&r, w);
	if (!buf_failed(&value))
		put(context, SLICE("watch"), buf_view(&value));
	buf_release(&value);
}

struct status model_watch_load(struct model_watch *w, struct slice key, struct slice value)
{
	struct record r = record_reader(value);

	if (!slice_equal(key, SLICE("watch")))
		return FAIL(CORRUPT, "not the memory of models");
	fields(&r, w);
	return record_ok(&r) ? OK : FAIL(CORRUPT, "the memory of models is cut off");
}
