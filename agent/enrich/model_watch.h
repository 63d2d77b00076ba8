/* SPDX-License-Identifier: Apache-2.0
 * enrich/model_watch.h - notices when another model answers behind the name that was asked for.
 *
 * Remembers, per request model, which models have answered. The first pair seen of a request model is its normal; a
 * pair that is new while others are known is a change, told once: all lanes share one watch, and it is kept in the store.
 * Bounded: a newcomer displaces what its slot held.
 */
#ifndef PLIMSOLL_ENRICH_MODEL_WATCH_H
#define PLIMSOLL_ENRICH_MODEL_WATCH_H

#include "agent/base/status.h"
#include "agent/span/call.h"

struct model_watch;

/* NULL without memory. */
struct model_watch *model_watch_new(void);
void model_watch_free(struct model_watch *w);

/* Sets call->model_changed. Calls that name only one of the two models are left alone. Any thread, no lock. */
void model_watch_see(struct model_watch *w, struct call *c);

/* Hands over what it knows, as one pair for the store, where that changed since the last time (all: in any case); load
 * takes it back. Any thread. Errors: CORRUPT, the value is not one of these, or cut off: what could be read of it holds. */
typedef void (*model_watch_put)(void *context, struct slice key, struct slice value);
void model_watch_save(struct model_watch *w, bool all, model_watch_put put, void *context);
struct status model_watch_load(struct model_watch *w, struct slice key, struct slice value) MUST_USE;

#endif
