/* SPDX-License-Identifier: Apache-2.0
 * baselines/detector_priv.h - what the detector's files share: detector.c (time), detector_keys.c (keys and series),
 * observe.c (samples), detector_hour.c (ends of hours), detector_state.c and detector_record.c (disk).
 */
#ifndef PLIMSOLL_BASELINES_DETECTOR_PRIV_H
#define PLIMSOLL_BASELINES_DETECTOR_PRIV_H

#include "agent/base/buf.h"
#include "agent/base/clock.h"
#include "agent/base/meter.h"
#include "agent/baselines/detector.h"
#include "agent/baselines/groups.h"
#include "agent/baselines/key.h"
#include "agent/baselines/model_watch.h"
#include "agent/span/cohort.h"

#define TAIL_LEARNED_MIN 12 /* 1 h buckets of a metric before its tail is known */
#define LATENESS_S       60 /* a bucket stays open this long after its end */

#define NAMES_MAX 31 /* of scores and signals; the last one is `other` */

/* Keys wider than the usual one. */
enum rollup { ROLLUP_FEATURE, ROLLUP_MODEL, ROLLUP_SEGMENT, ROLLUP_WORKFLOW, ROLLUP_ALL, ROLLUP_COUNT };

struct detector {
	struct rules rules;
	uint64_t metrics; /* bit 1 << enum metric: judged */
	unsigned rollups; /* bit 1 << enum rollup */
	unsigned tails;   /* bit 1 << enum tail_of */
	int64_t idle_s;   /* a key that was silent for so long is dropped */
	int64_t notice_every_s;
	uint64_t max_series;
	verdict_fn emit;
	void *context;
	struct key_table table;
	struct cohort_memo found; /* a cohort's key, without roll-ups */
	struct baseline_key *other; /* where keys beyond the limit go; NULL until needed */
	int64_t full_until_s;       /* no key is idle enough to make room before then */
	struct slice names[NAMES_MAX + 1]; /* [0]: none; owned */
	uint8_t name_count;                /* [0] included */
	struct groups groups;
	struct model_watch models;
	struct runaway_bars bars;
	struct buf dropped, dropped_before; /* stored keys to delete: since the last save, and before it */
	bool started, dirty, names_dirty;
	bool is_to_drop; /* some key is */
	int64_t open_s;    /* start of the five-minute bucket in progress */
	int64_t settled_s; /* from then on no series has anything to close */
	int64_t clock_s;   /* 0: replay, no clock */
	int64_t newest_s;  /* newest event time */
	int64_t heard_s;   /* what the clock said when that came */
	uint64_t series_count;
	uint64_t budgeted; /* series that the thresholds were made for */
	struct {
		struct meter *series, *late, *cost, *latency, *ttft, *tokens, *score, *memory, *limit, *pooled, *clock, *idle;
	} meters;
};

/* Whom a verdict is about. */
struct subject {
	struct detector *detector;
	const struct baseline_key *key;
	const struct watch *watch; /* NULL: no traces, no name */
	bool all_versions;
};

/* A verdict_fn: adds labels, traces and group of the struct subject that is the context, and passes the verdict on. */
void detector_emit(void *subject, const struct verdict *bare);

/* Before the hour's last bucket closes: turns the number of its requests into an observation. */
void detector_count_hour(struct detector *d, int64_t end_s);

/* After it has closed; also at the quarters, since a configured day may begin at one. */
void detector_end_hour(struct detector *d, int64_t end_s);

/* Event time begins: here, or at the clock's time where that is earlier, and goes on with the clock from now. */
void detector_begin(struct detector *d, int64_t now_s);

/* Something of this key's is going to need closing. */
void detector_mark_open(struct detector *d, struct baseline_key *k);

/* From when on no series has anything to close, if nothing comes after the bucket that began at open_s. */
int64_t detector_settles(int64_t open_s);

/* Everything that one sample says of this key. now_s: its event time, put right. */
void detector_observe(struct detector *d, struct baseline_key *k, const struct sample *s, int64_t now_s);

/* The key of these labels (raw), made where there is room, else `other`. NULL without memory. */
struct baseline_key *detector_key(struct detector *d, struct labels raw, int64_t now_s);

/* Drops keys that have been silent for too long. */
void detector_drop_idle(struct detector *d, int64_t now_s);

/* Forgets a key that was not loaded whole. */
void detector_forget_key(struct detector *d, struct baseline_key *k);

/* Drops those that detector_reset has marked; alerts of theirs end as adopted. */
void detector_drop_marked(struct detector *d);

/* Number of the score's or signal's name; names beyond NAMES_MAX share one. 0 for an empty name, and without memory. */
uint8_t detector_name(struct detector *d, struct slice name);

/* The key's watch of this metric, made on its first observation. NULL (and counted) without memory or room. */
struct watch *detector_watch(struct detector *d, struct baseline_key *k, enum metric m, uint8_t name);

/* Hangs a new or loaded series onto its key and takes it over; frees it where there is no memory (NULL). */
struct watch *detector_adopt_series(struct detector *d, struct baseline_key *k, uint8_t name, struct series *s);

/* Copies what observations need of a series' baseline next to the key. */
void detector_refresh(struct watch *w);

/* The spend of the key's feature and model, made if missing. NULL without memory. */
struct spend *detector_spend(struct detector *d, struct baseline_key *k);

#define FORMAT 1 /* of stored values that never changed */

/* One series, or one day's spend, to bytes and back. A series is made for its metric before. */
void record_series(struct record *r, struct series *s);
void record_spend(struct record *r, struct spend *s);

/* A key is its labels and, behind the time when it was first seen, its state. Reading the state makes its watches. */
void record_labels(struct record *r, struct labels *l);
void record_key_state(struct record *r, uint8_t format, struct detector *d, struct baseline_key *k);

/* The state as it was stored before metrics had names: every metric had its place, observed or not. */
void read_key_format_1(struct record *r, struct detector *d, struct baseline_key *k);

static inline bool detector_judges(const struct detector *d, enum metric m)
{
	return (d->metrics >> m & 1) != 0;
}

#endif
