/* SPDX-License-Identifier: Apache-2.0
 * alerts/movement_priv.h - what movement.c (sums over time) and movement_explain.c (what they say) share.
 */
#ifndef PLIMSOLL_ALERTS_MOVEMENT_PRIV_H
#define PLIMSOLL_ALERTS_MOVEMENT_PRIV_H

#include "agent/alerts/decompose.h"
#include "agent/alerts/movement.h"
#include "agent/base/deletions.h"
#include "agent/span/cohort.h"

#define CELL_KEY_BYTES 17 /* 'm' and sixteen hexadecimal digits */
#define FINE_S     300
#define FINE_COUNT 24
#define HOUR_S     3600
#define HOUR_COUNT 72
#define KEPT_S     (HOUR_COUNT * HOUR_S) /* what is older is compared with nothing */
#define SLOT_COUNT (2 * MOVEMENT_CELLS_MAX)

enum cell_label { CELL_FEATURE, CELL_MODEL, CELL_PROMPT, CELL_SEGMENT, CELL_LABEL_COUNT };

struct step {
	uint64_t start_s; /* 0: empty */
	struct cost_sums sums;
};

struct cell {
	uint64_t hash;
	struct slice labels[CELL_LABEL_COUNT];
	struct step fine[FINE_COUNT]; /* by start_s / FINE_S; what is pushed out goes to its hour */
	struct step hours[HOUR_COUNT];
	bool dirty;
	char text[];
};

struct movement {
	movement_news_fn on_news;
	void *context;
	struct cell *cells[MOVEMENT_CELLS_MAX];
	struct cell *slots[SLOT_COUNT]; /* by hash, next free one */
	size_t count;
	struct cohort_memo found;
	uint64_t first_s, newest_s; /* event time seen, but for what no window reached; 0: none */
	uint64_t clock_s;           /* 0: replay, no clock */
	int64_t utc_offset_s;       /* of days */
	uint64_t full_until_s;      /* no cell is old enough to make room before then */
	struct deletions deleted;   /* keys of cells that made room, CELL_KEY_BYTES each */
	uint64_t left_out, left_out_s; /* calls of late of combinations that found no room; when the last one came */
};

#endif
