/* SPDX-License-Identifier: Apache-2.0
 * judgements/block.h - a run of calls as bytes: written at the end, read from the start.
 *
 * Calls refer to sets of labels by number, and a set stands in front of the first call that needs it. The last BLOCK_SETS
 * sets are known; a new one takes the place of the oldest, for the writer and the reader alike. The value in the store is
 * the format byte and these bytes, little-endian; a call is 58 of them.
 */
#ifndef PLIMSOLL_JUDGEMENTS_BLOCK_H
#define PLIMSOLL_JUDGEMENTS_BLOCK_H

#include "agent/span/judgement.h"

#define BLOCK_BYTES  32768u /* a block is full past this */
#define BLOCK_SETS   32u
#define LABEL_MAX    256u   /* longer labels are cut */

/* What the writer of the newest block remembers of it; all zeros at its beginning. */
struct block_writer {
	struct block_set {
		uint32_t tag; /* differs for most sets that differ */
		struct {
			uint32_t at, len; /* in bytes */
		} text[CALL_LABEL_COUNT];
	} sets[BLOCK_SETS];
	uint32_t count; /* of sets, ever */
	uint32_t last;  /* number of the one used last */
};

/* Appends one call. Without memory b is marked as failed. */
void block_add(struct buf *b, struct block_writer *w, const struct known_call *call, const struct call_labels *labels);

struct block_reader {
	struct slice rest;
	struct call_labels sets[BLOCK_SETS];
	uint32_t count;
	struct call_labels labels; /* of the call read last */
	bool is_corrupt;
};

/* bytes: of a block, as in the store. False from block_next at the end, or with is_corrupt where it breaks off. */
void block_read(struct block_reader *r, struct slice bytes);
bool block_next(struct block_reader *r, struct known_call *out);

#endif
