/* SPDX-License-Identifier: Apache-2.0
 * baselines/key.h - the keys that have baselines: feature, model, prompt version; and all that one key holds.
 *
 * What every observation touches lies together in struct baseline_key; the learned state hangs off it and is touched
 * when a bucket closes.
 */
#ifndef PLIMSOLL_BASELINES_KEY_H
#define PLIMSOLL_BASELINES_KEY_H

#include "agent/baselines/canary.h"
#include "agent/baselines/runaway.h"
#include "agent/baselines/series.h"
#include "agent/baselines/spend.h"
#include "agent/base/slice.h"

#define LABEL_MAX 255 /* bytes; a longer label is cut */

struct labels {
	struct slice feature, model, prompt_version;
};

/* Recent requests that pull a metric in its bad direction: where to look when it alerts. Not kept over a restart. */
struct traces {
	uint8_t ids[VERDICT_TRACES_MAX][16];
	uint8_t next, count;
};

struct baseline_key {
	uint64_t hash;
	uint32_t id;     /* its number on disk: keys are numbered as they come */
	bool has_open;   /* a bucket of some series is being gathered */
	bool dirty;      /* changed since it was saved */
	int64_t first_s; /* when it was first seen */
	struct labels labels;
	struct baseline_key *incumbent; /* first version of this feature and model; itself where it is that */

	struct bucket open[METRIC_COUNT];    /* the five minutes in progress */
	double centre[METRIC_COUNT];         /* mu of the 1 h scale; NaN before it has one; 0 for rates */
	double spread[METRIC_COUNT];         /* of metrics with a tail: sd of one request, 0 until known well enough */
	struct series *series[METRIC_COUNT]; /* NULL: never observed */
	struct canary *canaries;             /* METRIC_COUNT of them; NULL for an incumbent */
	struct spend *spend;                 /* incumbents only; NULL: nothing was priced */
	struct runaway runaway;
	struct traces traces[METRIC_COUNT];
	char text[]; /* the labels' bytes */
};

/* Keys in the order in which they came, and a hash table over them. */
struct key_table {
	struct baseline_key **keys; /* by id; NULL where a stored key could not be read */
	uint32_t count;             /* ids given */
	uint32_t max;               /* room in keys */
	uint32_t *slots;            /* id + 1; 0: free */
	uint32_t slot_mask;
};

/* Room for max keys. False without memory. */
bool key_table_init(struct key_table *t, uint32_t max);
void key_table_release(struct key_table *t);

/* Labels as they are kept: "unknown" for an empty one, long ones cut. */
struct labels labels_normalise(struct labels l);

/* NULL where there is none. l: normalised. */
struct baseline_key *key_table_find(const struct key_table *t, struct labels l);

/* Makes the key with this id (>= count), which must not exist. NULL without memory or room. l: normalised. */
struct baseline_key *key_table_add(struct key_table *t, struct labels l, uint32_t id, int64_t first_s);

#endif
