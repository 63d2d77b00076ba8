/* SPDX-License-Identifier: Apache-2.0
 * enrich/model_watch.c - two small sets of hashes; a newcomer displaces what its slot held.
 */
#include "agent/enrich/model_watch.h"

#include "agent/base/hash.h"

/* True where the hash was there already; it is there afterwards. */
static bool remember(uint64_t slots[MODEL_WATCH_SLOTS], uint64_t hash)
{
	uint64_t *slot = &slots[hash % MODEL_WATCH_SLOTS];
	bool known = *slot == hash;

	*slot = hash;
	return known;
}

void model_watch_see(struct model_watch *w, struct call *c)
{
	if (c->request_model.len == 0 || c->response_model.len == 0)
		return;
	uint64_t request = hash_slice(c->request_model) | 1;
	bool request_known = remember(w->requests, request);
	bool pair_known = remember(w->pairs, hash_mix(request, hash_slice(c->response_model)) | 1);
	c->model_changed = request_known && !pair_known;
}
