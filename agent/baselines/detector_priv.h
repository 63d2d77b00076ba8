/* SPDX-License-Identifier: Apache-2.0
 * baselines/detector_priv.h - what detector.c (keys and time), observe.c (samples) and detector_state.c (disk) share.
 */
#ifndef PLIMSOLL_BASELINES_DETECTOR_PRIV_H
#define PLIMSOLL_BASELINES_DETECTOR_PRIV_H

#include "agent/base/meter.h"
#include "agent/baselines/detector.h"
#include "agent/baselines/key.h"

struct detector {
	struct rules rules;
	verdict_fn emit;
	void *context;
	struct key_table table;
	struct baseline_key *other; /* where keys beyond the limit go; NULL until needed */
	bool started, dirty;
	int64_t open_s;    /* start of the five-minute bucket in progress */
	int64_t settled_s; /* from then on no series has anything to close */
	int64_t clock_s;   /* 0: replay, no clock */
	int64_t newest_s;  /* newest event time */
	int64_t heard_s;   /* what the clock said when that came */
	uint64_t series_count;
	struct {
		struct meter *series, *late, *cost, *latency, *ttft, *output_tokens, *score, *memory, *pooled, *clock;
	} meters;
};

/* Whom a verdict is about. */
struct subject {
	const struct detector *detector;
	const struct baseline_key *key;
	enum metric metric; /* METRIC_NONE: all versions together, no traces */
};

/* A verdict_fn: adds labels and traces of the struct subject that is the context, and passes the verdict on. */
void detector_emit(void *subject, const struct verdict *bare);

/* Everything that one sample says. now_s: its event time, put right. */
void detector_observe(struct detector *d, struct baseline_key *k, const struct sample *s, int64_t now_s);

/* The key's series of this metric, made on its first observation. False (and counted) without memory. */
bool detector_has_series(struct detector *d, struct baseline_key *k, enum metric m);

/* Hangs a new or loaded series onto its key and takes it over. */
void detector_adopt_series(struct detector *d, struct baseline_key *k, struct series *s);

/* The spend of the key's feature and model, made if missing. NULL without memory. */
struct spend *detector_spend(struct baseline_key *k);

#endif
