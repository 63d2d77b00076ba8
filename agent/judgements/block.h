/* SPDX-License-Identifier: Apache-2.0
 * judgements/block.h - a run of calls as bytes: written at the end, read from the start.
 *
 * A label list stands in front of the first call that uses it, and holds for those behind it until the next one: calls
 * come in runs. The value in the store is the format byte and these bytes, little-endian; a call is 57 of them.
 */
#ifndef PLIMSOLL_JUDGEMENTS_BLOCK_H
#define PLIMSOLL_JUDGEMENTS_BLOCK_H

#include "agent/span/judgement.h"

#define BLOCK_BYTES  32768u /* a block is closed past this */
#define LABEL_MAX    256u   /* longer labels are cut */

struct block {
	struct buf bytes;
	struct {
		uint32_t at, len; /* in bytes */
	} last[CALL_LABEL_COUNT]; /* the labels that hold for the next call */
	bool has_last;
};

void block_add(struct block *b, const struct known_call *call, const struct call_labels *labels);

struct block_reader {
	struct slice rest;
	struct call_labels labels; /* of the call read last */
	bool is_corrupt;
};

/* bytes: of a block, as in the store. False from block_next at the end, or with is_corrupt where it breaks off. */
struct block_reader block_read(struct slice bytes);
bool block_next(struct block_reader *r, struct known_call *out);

#endif
