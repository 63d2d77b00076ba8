/* SPDX-License-Identifier: Apache-2.0
 * baselines/detector_priv.h - what detector.c and detector_state.c share.
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

/* Hangs a new or loaded series onto its key and takes it over. */
void detector_adopt_series(struct detector *d, struct baseline_key *k, struct series *s);

/* The spend of the key's feature and model, made if missing. NULL without memory. */
struct spend *detector_spend(struct baseline_key *k);

#endif
