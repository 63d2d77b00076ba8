/* SPDX-License-Identifier: Apache-2.0
 * alerts/movement.h - who used how many tokens for how much, lately: what explains an alert about money.
 *
 * In:     samples of calls
 * Out:    the change of cost per request and of spend per day between an alert's window and the two days before it, as
 *         far as they are kept, split into factors (decompose.h) and by who contributes
 * Owns:   MOVEMENT_CELLS_MAX combinations of feature, model, prompt version and user segment, each with two hours in
 *         steps of five minutes and three days in steps of an hour: about 5 KB a cell. One of which nothing came for
 *         three days makes way for another. What is beyond is counted, said to be missing, and no news.
 * Kept:   over a restart, but for the five minutes in progress
 * Time:   event time. Thread: the loop's.
 */
#ifndef PLIMSOLL_ALERTS_MOVEMENT_H
#define PLIMSOLL_ALERTS_MOVEMENT_H

#include "agent/base/buf.h"
#include "agent/base/status.h"
#include "agent/span/sample.h"
#include "agent/span/verdict.h"

#define MOVEMENT_CELLS_MAX 512

struct movement;

/* A prompt version or model that a feature has not used before, as far as is remembered. is_feature_new: it is the first
 * thing that the feature ever shows. */
struct movement_news {
	uint64_t at_s;
	struct slice feature;
	struct slice prompt_version, model; /* one of them is empty */
	bool is_feature_new;
};
typedef void (*movement_news_fn)(void *context, const struct movement_news *news);

struct movement *movement_new(movement_news_fn on_news, void *context); /* NULL without memory */
void movement_free(struct movement *m);

/* A time more than five minutes ahead of the clock is replaced by the clock's, as in baselines/detector.h. */
void movement_add(struct movement *m, const struct sample *s);

/* The clock of a live agent, before anything is loaded and then every second or so: what is stored ahead of it, by damage or
 * from before it was set back, is forgotten. A replay does not call it. */
void movement_advance(struct movement *m, uint64_t unix_s);

/* Where a day begins, for alerts about the day's spend: as baselines.utc_offset_hours; without it at midnight UTC. */
void movement_days_begin(struct movement *m, double utc_offset_hours);

/* Where the window of a verdict begins. */
uint64_t movement_window_start(const struct movement *m, const struct verdict *v);

/* Appends `"movement":{...}` for verdicts about cost, with a sentence of what weighs most; and `"movement_of_feature"`
 * where the feature has more calls than the key; of a canary only this. Nothing where a window has no priced call, or
 * begins before what is kept. */
void movement_explain(const struct movement *m, const struct verdict *v, struct buf *evidence, struct buf *cause);

/* As alerts_save and alerts_load; keys begin with 'm'. */
typedef void (*movement_put)(void *context, struct slice key, struct slice value);
void movement_save(struct movement *m, bool all, movement_put put, void *context);
struct status movement_load(struct movement *m, struct slice key, struct slice value) MUST_USE;

#endif
