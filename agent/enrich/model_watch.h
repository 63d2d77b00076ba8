/* SPDX-License-Identifier: Apache-2.0
 * enrich/model_watch.h - notices when another model answers behind the name that was asked for.
 *
 * Remembers, per request model, which models have answered. The first pair seen of a request model is its normal; a
 * pair that is new while others are known is a change, told once. Bounded: the oldest pairs are forgotten. One watch
 * per lane.
 */
#ifndef PLIMSOLL_ENRICH_MODEL_WATCH_H
#define PLIMSOLL_ENRICH_MODEL_WATCH_H

#include "agent/span/call.h"

#define MODEL_WATCH_SLOTS 1024u

struct model_watch {
	uint64_t requests[MODEL_WATCH_SLOTS]; /* hashes; 0: free */
	uint64_t pairs[MODEL_WATCH_SLOTS];
};

/* Sets call->model_changed. Calls that name only one of the two models are left alone. */
void model_watch_see(struct model_watch *w, struct call *c);

#endif
