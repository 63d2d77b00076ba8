/* SPDX-License-Identifier: Apache-2.0
 * baselines/detector.h - counted calls in, verdicts out: the rolling baselines of every key.
 *
 * In:     one struct sample a counted call, in about the order of event time
 * Out:    a struct verdict when a metric of a key leaves its baseline, and when it comes back
 * Owns:   all keys and their state, at most max_series series; what is beyond shares one key `other`
 * Time:   event time. A five-minute bucket closes when event time is a minute past its end. In a live agent event time
 *         also goes on with the clock while nothing comes, from the newest sample. One thread owns a detector.
 * Source: facts/baselines.md of the project's design; sections named there are named here where a rule is odd.
 */
#ifndef PLIMSOLL_BASELINES_DETECTOR_H
#define PLIMSOLL_BASELINES_DETECTOR_H

#include "agent/base/slice.h"
#include "agent/base/status.h"
#include "agent/baselines/metric.h"
#include "agent/baselines/runaway_bar.h"
#include "agent/baselines/scale.h"
#include "agent/config/config.h"
#include "agent/span/sample.h"
#include "agent/span/verdict.h"

struct detector;

/* NULL without memory. config is not kept. emit is called from within add, advance and finish. */
struct detector *detector_new(const struct baselines_config *config, verdict_fn emit, void *context);
void detector_free(struct detector *d);

/* Judges by another sigma and budget from now on; what was learned stays. The day's offset and the room wait for a
 * new detector. */
void detector_reload(struct detector *d, const struct baselines_config *config);

/* Takes one sample: of a call all that it says, of a judgement or retrieval what its kind says. Constant time;
 * allocates only for a key or metric not seen before. What is more than an hour older than the open bucket, and values
 * that are infinite, negative or beyond 1e12 (scores: 1e6), are counted (METER_BASELINE_REJECTED) and left out. After
 * detector_advance a time more than 5 minutes ahead of the clock is replaced by the clock's and counted. */
void detector_add(struct detector *d, const struct sample *s);

/* A live agent's clock, before anything is loaded and then about once a second: stored times that lie ahead of it are not
 * believed, and it closes buckets that no traffic closes. Spans of the past that are sent now are judged at their own
 * pace, since only silence makes event time follow the clock; where the clock is set back behind event time, that goes
 * back with it. A replay does not call it. */
void detector_advance(struct detector *d, uint64_t unix_s);

/* Above which cost requests of a cohort run away, for any thread, as long as the detector lives. */
const struct runaway_bars *detector_runaway_bars(const struct detector *d);

/* Event time: start of the bucket in progress, unix seconds; 0 before the first sample. For alerts_advance. */
uint64_t detector_time(const struct detector *d);

/* End of a replay: closes the bucket in progress. */
void detector_finish(struct detector *d);

/* Somebody says that the new level is right: the alert (its kind, metric, name, key and started_at_s) ends as adopted,
 * and what comes next is the baseline. Errors: NOTFOUND, nothing with a level of its own fires that is this alert. */
struct status detector_accept(struct detector *d, const struct verdict *alert) MUST_USE;

/* Prices have changed: the costs of these models step, and of what spans them, which is no news. Their level is learned
 * anew from what comes next, that of the day's spend from the next whole day; variances and seasons stay as they are. */
void detector_prices_changed(struct detector *d, bool (*is_affected)(void *context, struct slice model), void *context);

/* Where each series that was judged stands: its newest 1 h bucket beside its baseline, in the metric's own unit. */
struct standing_view {
	const char *metric;
	struct slice name; /* of the score or signal; else empty */
	struct slice feature, model, prompt_version;
	struct slice workflow, user_segment; /* of a roll-up by them; else empty */
	double value, mean, stddev;
	double deviation;       /* z of that bucket; signed */
	uint32_t learned_hours; /* 1 h buckets in the baseline; judged from 24 on */
	bool firing;
};
void detector_visit(const struct detector *d, void (*visit)(void *context, const struct standing_view *v),
		    void *context);

/* Forgets the keys with these labels (empty: whatever they are), at the next detector_save; alerts of theirs end as
 * adopted then. Returns how many. */
uint64_t detector_reset(struct detector *d, struct slice feature, struct slice model, struct slice prompt_version);

uint64_t detector_series_count(const struct detector *d);

/* Hands over what changed since the last call (all: everything) as key and value, for one atomic write to a table of
 * its own, in this order; no value (ptr NULL): the pair is to be deleted. If that write fails, save all the next time.
 * Values are versioned and little-endian, keys sort as they must be loaded. A detector that has loaded what another
 * saved goes on with the same verdicts; only trace ids are not kept. */
typedef void (*detector_put)(void *context, struct slice key, struct slice value);
void detector_save(struct detector *d, bool all, detector_put put, void *context);

/* Loads one pair into a new detector; pairs come in key order, before any sample.
 * Errors: CORRUPT, a value of another version or shape, which is left out; FULL, beyond max_series; NOMEM. */
struct status detector_load(struct detector *d, struct slice key, struct slice value) MUST_USE;

#endif
