/* SPDX-License-Identifier: Apache-2.0
 * observe/observe_priv.h - what the files of this folder share: series, shards, and the merged copy that readers get.
 */
#ifndef PLIMSOLL_OBSERVE_OBSERVE_PRIV_H
#define PLIMSOLL_OBSERVE_OBSERVE_PRIV_H

#include "agent/base/meter.h"
#include "agent/observe/attribution.h"
#include "agent/observe/labels.h"
#include "agent/observe/observe.h"
#include "agent/span/cohort.h"

/* All that is counted for one label set. Histograms are NULL until their first value: most contexts never occur. */
struct series {
	const struct label_set *set;
	uint64_t outcomes[OUTCOME_COUNT];
	uint64_t tokens[TOKEN_CLASS_COUNT];
	uint32_t tokens_known;       /* bit 1u << class */
	uint64_t unpriced, reported; /* calls without a price; calls whose span named a cost */
	uint64_t priced_successes;   /* calls that ended ok and have a cost */
	__int128_t cost_pusd, reported_pusd;
	uint64_t compared;          /* calls with both a reported and a computed cost */
	__int128_t difference_pusd; /* of those, reported minus computed */
	uint64_t cached;            /* calls whose cache savings are known; sums of those that won, and that lost */
	__int128_t cache_savings_pusd, cache_losses_pusd;
	struct histogram *duration[CONTEXT_COUNT + 1], *ttft[CONTEXT_COUNT + 1];
	struct histogram *input, *output, *cost, *rate;
};

/* One lane's running sums, for the rates of the last minutes. */
struct totals {
	uint64_t requests, errors, input_tokens, output_tokens, priced;
	__int128_t cost_pusd;
};

/* Where a cohort's calls count. */
struct call_place {
	uint64_t cohort; /* its number */
	struct series *series;
	struct attribution_places values;
};

#define CALL_PLACES 2048u /* a power of two */

struct observe_shard {
	pthread_mutex_t lock;
	struct label_registry *registry;
	struct meter *series_meter, *overflow_meter;
	struct arena arena;       /* series and histograms, until the end */
	struct label_table table; /* label sets that this shard has met */
	struct series **series;   /* by label set index; NULL: not met */
	size_t series_room;
	struct series *overflow;
	struct totals totals;
	struct attribution attribution[DIMENSION_COUNT];
	struct call_place places[CALL_PLACES]; /* by the cohort's number */
} __attribute__((aligned(64)));

#define TICK_COUNT 301 /* one a second, five minutes */

struct observer {
	unsigned lanes;
	struct observe_shard *shards;
	size_t shards_bytes;
	struct label_registry registry;
	struct attribution_registry attribution;
	struct quality *quality;
	uint64_t start_mono_ns;
	double start_unix_s;
	struct {
		observe_source render;
		void *context;
	} sources[OBSERVE_SOURCES_MAX];
	unsigned source_count;
	pthread_mutex_t tick_lock;
	struct tick {
		uint64_t mono_ns;
		struct totals totals;
	} ticks[TICK_COUNT];
	size_t tick_count; /* ever; the newest is at (tick_count - 1) % TICK_COUNT */
};

/* Every series of all shards added up by label set, as of one moment per shard. */
struct snapshot {
	struct arena arena;
	struct series **series; /* by label set index; NULL: nothing counted */
	uint32_t count;
	struct attribution_snapshot attribution;
};

/* Errors: NOMEM. */
struct status snapshot_take(struct observer *o, struct snapshot *out) MUST_USE;
void snapshot_release(struct snapshot *s);

/* Adds all of from to to. Without memory a histogram is left out. */
void series_add(struct series *to, const struct series *from, struct arena *a);

uint64_t series_requests(const struct series *s);
/* Whether its cost is known: that of any call, or all of them failed, which costs nothing; beside calls without a price a
 * failed one does not make it 0. Whether its cost per successful call is known, and that cost. */
bool series_is_priced(const struct series *s);
bool series_cost_per_success(const struct series *s, __int128_t *out_pusd);
bool series_is_overflow(const struct series *s);

void totals_add(struct totals *to, const struct totals *from);

/* When this process began, 0 where the system does not say. Ask once: each answer is a rounding apart. */
double process_start_unix_s(void);

/* The process_* families and the build info, and the meters. */
void process_render(struct exposition *x, double start_unix_s);
void meters_render(struct exposition *x);

#endif
