/* SPDX-License-Identifier: Apache-2.0
 * counting/counting_priv.h - what the files of this folder share.
 */
#ifndef PLIMSOLL_COUNTING_COUNTING_PRIV_H
#define PLIMSOLL_COUNTING_COUNTING_PRIV_H

#include <pthread.h>

#include "agent/base/deletions.h"
#include "agent/counting/counting.h"
#include "agent/counting/same.h"
#include "agent/counting/span_table.h"
#include "agent/counting/tally_priv.h"

#define DEPTH_MAX     64 /* spans between a call and one around it; a cycle of parents ends here */
#define HELD_SHARE    8u /* part of the memory for records that wait */
#define HEARD_TRACES  4096u
#define BLOCK_ENTRIES 512u /* saved together */

/* A span that repeats usage, until it is known whether a call inside it was counted. */
struct held {
	struct held *next; /* younger */
	uint64_t key, answer;
	uint64_t number; /* of its pair in the store */
	uint32_t trace;
	bool is_saved, is_call; /* a call that somebody may know better; else a span around calls */
	uint64_t since_s; /* by the clock of counting_promote */
	size_t record_bytes;
	char record[];
};

struct counting {
	pthread_mutex_t lock; /* all that follows */
	struct span_table *table;
	struct tally *tally;
	struct { /* was marked last as telling by spans */
		uint32_t service, scope;
		uint64_t seen_s;
	} teller;
	uint8_t *dirty; /* blocks of the table that changed since they were saved */
	size_t blocks;
	uint32_t spans; /* numbered so far, from 1 on; an entry's slot is the number of one of the batch, or of an
			   earlier one */
	struct held *oldest, *youngest;
	struct deletions gone; /* were saved and wait no longer: keys, HELD_KEY_BYTES each */
	size_t held_bytes, held_max_bytes;
	uint64_t held_numbers;            /* the last one given */
	uint64_t now_s;                   /* of the last promotion */
	uint64_t heard_s[HEARD_TRACES];   /* by trace hash, while something is held; strangers only lengthen a wait */
};

static inline void touch(struct counting *c, size_t place)
{
	c->dirty[place / BLOCK_ENTRIES] = 1;
}

/* Marks the spans around one: up to where that is said already, or where the parents are not known yet. False: not even
 * the first of them has come. */
bool mark_around(struct counting *c, struct entry *e, uint32_t marks);

/* A counted span that tells of the same call, or NULL. */
struct entry *twin_of(const struct span_table *t, const struct entry *e, const struct twin_keys *keys);

/* Makes the entry count. The caller touches it. */
static inline void count_entry(struct counting *c, struct entry *e, const struct twin_keys *keys)
{
	e->flags |= SPAN_LEAF | SPAN_COUNTED;
	if (keys->answer != 0)
		span_table_index(c->table, e, INDEX_ANSWER, keys->answer);
	if (keys->tokens != 0)
		span_table_index(c->table, e, INDEX_TOKENS, keys->tokens);
}

/* Bit of a countable role in SPAN_BELOW_* and SPAN_BARE_*. */
static inline uint32_t below_bit(uint8_t role)
{
	return role == ROLE_EMBEDDING ? SPAN_BELOW_EMBEDDING : role == ROLE_RERANK ? SPAN_BELOW_RERANK : SPAN_BELOW_LLM;
}

static inline uint32_t bare_bit(uint8_t role)
{
	return role == ROLE_EMBEDDING ? SPAN_BARE_EMBEDDING : role == ROLE_RERANK ? SPAN_BARE_RERANK : SPAN_BARE_LLM;
}

/* A batch brought spans of traces that something is held of. Under the lock. */
void held_notice(struct counting *c, const struct counting_batch *b);
void held_clear(struct counting *c);

/* Puts the key of a pair that holds one record behind what is in key. */
#define HELD_KEY_BYTES 12
void held_key(struct buf *key, uint64_t number);

/* Puts one more at the end. Past the limit the oldest ones are given up and counted as dropped. Under the lock. */
void held_append(struct counting *c, struct held *h);

#endif
