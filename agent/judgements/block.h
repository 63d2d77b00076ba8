/* SPDX-License-Identifier: Apache-2.0
 * judgements/block.h - a run of calls as bytes: written at the end, read from the start.
 *
 * Calls refer to sets of labels by the place in the block where a set stands: in front of the first call that needs it.
 * The value in the store is the format byte and these bytes, little-endian; a call is 60 of them.
 */
#ifndef PLIMSOLL_JUDGEMENTS_BLOCK_H
#define PLIMSOLL_JUDGEMENTS_BLOCK_H

#include "agent/span/judgement.h"

#define BLOCK_BYTES     32768u /* a block is full past this */
#define BLOCK_BYTES_MAX 36864u /* what it can become by its last call and its labels */
#define BLOCK_SETS      1024u  /* remembered of the newest one */
#define LABEL_MAX       256u   /* longer labels are cut */

/* What the writer of the newest block remembers of it; all zeros at its beginning. */
struct block_writer {
	uint64_t cohort[BLOCK_SETS]; /* by its number: the one whose labels were written last */
	uint16_t at[BLOCK_SETS];     /* where they stand */
};

/* Appends one call. Without memory b is marked as failed. */
void block_add(struct buf *b, struct block_writer *w, const struct known_call *call, const struct call_labels *labels);

struct block_reader {
	struct slice bytes;
	size_t at;        /* of the next item */
	size_t labels_at; /* of the call read last */
	bool is_corrupt;
};

/* bytes: of a block, as in the store. False from block_next at the end, or with is_corrupt where it breaks off. */
void block_read(struct block_reader *r, struct slice bytes);
bool block_next(struct block_reader *r, struct known_call *out);

/* The labels of the call read last; they borrow from the block's bytes. */
struct call_labels block_labels(const struct block_reader *r);

#endif
