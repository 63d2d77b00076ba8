/* SPDX-License-Identifier: Apache-2.0
 * canary/canary.h - versions of a prompt that serve: is the newer one as good as the older one?
 *
 * In:     samples of calls, scores and feedback that name a prompt version; what is deployed where
 * Out:    a comparison of two versions by environment, feature and model, whenever asked; a VERDICT_CANARY, once for each
 *         pair of versions (each trial), when a guarded metric is worse; what trials come to
 * Owns:   at most CANARY_ARMS_MAX arms (feature, model, version, environment), 100 KB each at most. The one silent for longest
 *         makes room once that was an hour, or for a version in trial; until then further ones are counted as left out: arms
 *         that push each other out learn nothing
 * Time:   event time. The loop's thread; others look under the judge's lock.
 */
#ifndef PLIMSOLL_CANARY_CANARY_H
#define PLIMSOLL_CANARY_CANARY_H

#include "agent/canary/trial.h"
#include "agent/span/verdict.h"

#define CANARY_ARMS_MAX 64u

struct canary;

/* config is borrowed until the next reload. emit NULL: nobody is told. NULL without memory. */
struct canary *canary_new(const struct canary_config *config, verdict_fn emit, void *context);
void canary_free(struct canary *c);
void canary_reload(struct canary *c, const struct canary_config *config);

/* What is deployed where, from now on: copied, CANARY_TRIALS_MAX at most. A trial that goes on keeps what it has come to. */
void canary_follow(struct canary *c, const struct canary_trial *trials, size_t count);

/* found is called when the verdict of a trial that has not ended changes. */
void canary_on_finding(struct canary *c, canary_finding_fn found, void *context);

/* Takes one sample; those without a prompt version are passed over. A judgement that names no environment belongs to the
 * one in which such calls were seen; it is passed over where there are several. */
void canary_add(struct canary *c, const struct sample *s);

/* The clock of a live agent, before anything is loaded and then every second or so: times from the future are not believed,
 * of calls and of what is stored, and verdicts come soon after the calls. A replay does not call it. */
void canary_advance(struct canary *c, uint64_t unix_s);

/* What is compared. from and to: versions, with or without "name@"; empty: the two of a trial, the newest that still runs
 * first; without one those that began to serve last. environment: ptr NULL, any; empty, calls that name none. */
struct canary_wish {
	struct slice name, from, to, feature, model, environment;
};
struct canary_pair {
	struct slice from, to;            /* "name@version"; borrowed until the next sample */
	const struct canary_trial *trial; /* NULL: none of them; borrowed until canary_follow */
};

/* Errors: NOTFOUND, there are no two such versions. */
struct status canary_choose(const struct canary *c, const struct canary_wish *wish, struct canary_pair *out) MUST_USE;

/* Where it found none: why, in a sentence that says which versions were seen, and where. */
void canary_write_missing(const struct canary *c, const struct canary_wish *wish, struct buf *out);

/* Each environment, feature and model that both versions served; gives the verdict of all. Where a version in trial never
 * uses a model of the older one, its calls are compared with those of the older one's busiest model. comparison: borrowed
 * for the visit. */
enum canary_verdict canary_visit(const struct canary *c, const struct canary_wish *wish, const struct canary_pair *pair,
				 void (*visit)(void *context, const struct canary_comparison *comparison), void *context);

/* out: to be released by the caller. */
void canary_summarize(const struct canary *c, const struct canary_wish *wish, const struct canary_pair *pair,
		      struct canary_summary *out);

/* Whether it compares anything, and has metrics that must not get worse. */
bool canary_has_say(const struct canary *c);

struct canary_share canary_share_of(const struct canary *c, const struct canary_trial *t);

/* Each trial, and each prompt and environment without one in which two versions or more are known: as a wish that names
 * both. */
void canary_pairs(const struct canary *c, void (*visit)(void *context, const struct canary_wish *wish), void *context);

/* Hands over what changed since the last call (all: everything); a value without ptr: the key is to be deleted. */
typedef void (*canary_put)(void *context, struct slice key, struct slice value);
void canary_save(struct canary *c, bool all, canary_put put, void *context);

/* Loads one pair, in the order of keys, before any sample. Errors: CORRUPT, left out; NOMEM. */
struct status canary_load(struct canary *c, struct slice key, struct slice value) MUST_USE;

#endif
