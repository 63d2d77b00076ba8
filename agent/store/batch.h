/* SPDX-License-Identifier: Apache-2.0
 * store/batch.h - how a batch of changes waits for the writer: one run of bytes, values framed already.
 */
#ifndef PLIMSOLL_STORE_BATCH_H
#define PLIMSOLL_STORE_BATCH_H

#include "agent/store/store.h"

struct store_batch {
	struct buf changes;    /* read by batch_next */
	struct status result;  /* the first failure while it is built; after the commit, how that went */
	uint32_t puts, deletes;
	size_t lent_bytes;     /* values that lie elsewhere */
	uint64_t ticket;       /* place in the queue; for store_flush */
	void (*done)(void *context, struct status result);
	void *context;
	struct store_batch *next; /* younger one in the queue */
};

struct change {
	enum store_table table;
	enum change_kind { CHANGE_PUT, CHANGE_LEND, CHANGE_DELETE, CHANGE_DELETE_RANGE } kind;
	struct slice key;
	struct slice value; /* PUT: framed; LEND: not framed; DELETE_RANGE: the end; all borrowed */
};

/* The change at *at (0 at first), which moves behind it. False behind the last one. */
bool batch_next(const struct store_batch *b, size_t *at, struct change *out);

/* What the batch holds in memory. */
size_t batch_size_bytes(const struct store_batch *b);

#endif
