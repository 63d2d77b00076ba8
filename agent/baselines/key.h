/* SPDX-License-Identifier: Apache-2.0
 * baselines/key.h - the keys that have baselines: feature, model, prompt version; and all that one key holds.
 *
 * A roll-up is a key too, with "*" where it spans everything. What every observation touches lies together in a key's
 * watches, one for each metric that was observed; the learned state hangs off them and is touched when a bucket closes.
 */
#ifndef PLIMSOLL_BASELINES_KEY_H
#define PLIMSOLL_BASELINES_KEY_H

#include "agent/baselines/canary.h"
#include "agent/baselines/runaway.h"
#include "agent/baselines/series.h"
#include "agent/baselines/spend.h"
#include "agent/baselines/tail_latency.h"
#include "agent/base/slice.h"

#define LABEL_MAX   255 /* bytes; a longer label is cut */
#define WATCHES_MAX 250 /* of one key */

/* workflow, user_segment: of a roll-up by them, else empty. */
struct labels {
	struct slice feature, model, prompt_version, workflow, user_segment;
};

/* Recent requests that pull a metric in its bad direction: where to look when it alerts. Not kept over a restart. */
struct traces {
	uint8_t ids[VERDICT_TRACES_MAX][16];
	uint8_t next, count;
};

/* One metric of a key, and of a score or signal where the metric is named. */
struct watch {
	uint8_t metric; /* enum metric */
	uint8_t name;   /* number of the name; 0: none */
	struct bucket open;    /* the five minutes in progress */
	double centre;         /* mu of the 1 h scale; NaN before it has one; 0 for rates */
	double spread;         /* of metrics with a tail: sd of one request, 0 until known well enough */
	struct series *series; /* never NULL */
	struct canary canary;  /* unused where the key is its own incumbent */
	struct traces traces;
};

struct baseline_key {
	uint64_t hash, family; /* of all labels; of those that versions share */
	uint32_t id;           /* its number on disk; that of a key which was dropped is given again */
	uint32_t incumbent;    /* id of the first version of this feature and model; its own where it is that */
	bool has_open;         /* a bucket of some series is being gathered */
	bool dirty;            /* changed since it was saved */
	bool is_to_drop;       /* somebody asked for it */
	bool is_rollup;        /* its requests have keys of their own, which tell of single ones */
	bool is_pinned;        /* the newest call named an exact model */
	int64_t first_s, last_s; /* when it was first and last seen; elsewhere, too, where it was imported */
	int64_t counted_s;       /* since when it is seen here; 0: only imported so far */
	struct labels labels;
	struct baseline_key *next_version, *previous_version; /* of its family, in a ring */

	uint8_t at[METRIC_COUNT]; /* of an unnamed metric its place in watches, plus 1; 0: never observed */
	uint8_t watch_count, watch_room;
	struct watch *watches;
	struct spend *spend;         /* incumbents only; NULL: nothing was priced */
	struct tail_latency *tails;  /* TAIL_COUNT of them; NULL: not asked for */
	double requests;             /* of the hour, where they are judged */
	int64_t drift_s;             /* when a drift of the model was last told; 0: never */
	struct runaway runaway;
	char text[]; /* the labels' bytes */
};

/* Keys by number, and a hash table over them. */
struct key_table {
	struct baseline_key **keys; /* NULL: free */
	uint32_t count;             /* numbers ever given */
	uint32_t live;              /* keys that are */
	uint32_t max;               /* room in keys */
	uint32_t *slots;            /* id + 1; 0: free */
	uint32_t *families;         /* likewise, of one key of each family */
	uint32_t slot_mask;         /* of both */
	uint64_t *taken;            /* a bit for each number */
	uint32_t full_words;        /* of these, from the first one on */
	struct baseline_key **recent; /* by a glance at the labels: what was found there last, or NULL */
};

/* Room for max keys. False without memory. */
bool key_table_init(struct key_table *t, uint32_t max);
void key_table_release(struct key_table *t);

/* Labels as they are kept: "unknown" for an empty one, long ones cut; workflow and user_segment stay empty. */
struct labels labels_normalise(struct labels l);

/* NULL where there is none. l: normalised. */
struct baseline_key *key_table_find(const struct key_table *t, struct labels l);

/* The least number that is free; max where all are taken. */
uint32_t key_table_free_id(struct key_table *t);

/* Makes the key with this free number; its incumbent is that of the other versions, or itself where there are none. NULL
 * without memory or where the number is not free. l: normalised, and not in the table. */
struct baseline_key *key_table_add(struct key_table *t, struct labels l, uint32_t id, int64_t first_s);

/* Forgets the key and all it holds. */
void key_table_drop(struct key_table *t, struct baseline_key *k);

/* The version that later ones are measured against; the key itself where it is that one, or that one is lost. */
struct baseline_key *key_incumbent(const struct key_table *t, struct baseline_key *k);

/* NULL where it was never observed. name: 0 for metrics without one. */
struct watch *key_watch(const struct baseline_key *k, enum metric m, uint8_t name);

/* Makes it, around this series. Earlier watches of the key may move. NULL without memory or room. */
struct watch *key_add_watch(struct baseline_key *k, enum metric m, uint8_t name, struct series *s);

#endif
