/* SPDX-License-Identifier: Apache-2.0
 * canary/canary.h - versions of a prompt that serve: is the newer one as good as the older one?
 *
 * In:     samples of calls, scores and feedback that name a prompt version
 * Out:    a comparison of two versions by feature and model, whenever asked; a VERDICT_CANARY, once for each pair of
 *         versions, when a guarded metric is worse
 * Owns:   at most CANARY_ARMS_MAX arms (feature, model, version), 100 KB each at most. The one silent for longest makes room
 *         once that was an hour; until then further ones are counted as left out: arms that push each other out learn
 *         nothing
 * Time:   event time. The loop's thread; others look under the judge's lock.
 */
#ifndef PLIMSOLL_CANARY_CANARY_H
#define PLIMSOLL_CANARY_CANARY_H

#include "agent/canary/compare.h"
#include "agent/span/verdict.h"

#define CANARY_ARMS_MAX 64u

struct canary;

/* config is borrowed until the next reload. emit NULL: nobody is told. NULL without memory. */
struct canary *canary_new(const struct canary_config *config, verdict_fn emit, void *context);
void canary_free(struct canary *c);
void canary_reload(struct canary *c, const struct canary_config *config);

/* Takes one sample; those without a prompt version are passed over. */
void canary_add(struct canary *c, const struct sample *s);

/* The clock of a live agent: calls from the future are not believed. A replay does not call it. */
void canary_advance(struct canary *c, uint64_t unix_s);

/* What is compared. from and to: versions, with or without "name@"; empty: the two that began to serve last. */
struct canary_wish {
	struct slice name, from, to, feature, model;
};
struct canary_pair {
	struct slice from, to; /* "name@version"; borrowed until the next sample */
};

/* Errors: NOTFOUND, there are no two such versions. */
struct status canary_choose(const struct canary *c, const struct canary_wish *wish, struct canary_pair *out) MUST_USE;

/* Each feature and model that both versions served; gives the verdict of all. comparison: borrowed for the visit. */
enum canary_verdict canary_visit(const struct canary *c, const struct canary_wish *wish, const struct canary_pair *pair,
				 void (*visit)(void *context, const struct canary_comparison *comparison), void *context);

/* Each prompt of which two versions or more are known. */
void canary_names(const struct canary *c, void (*visit)(void *context, struct slice name), void *context);

/* Hands over what changed since the last call (all: everything); a value without ptr: the key is to be deleted. */
typedef void (*canary_put)(void *context, struct slice key, struct slice value);
void canary_save(struct canary *c, bool all, canary_put put, void *context);

/* Loads one pair, in the order of keys, before any sample. Errors: CORRUPT, left out; NOMEM. */
struct status canary_load(struct canary *c, struct slice key, struct slice value) MUST_USE;

#endif
