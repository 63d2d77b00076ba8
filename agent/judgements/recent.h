/* SPDX-License-Identifier: Apache-2.0
 * judgements/recent.h - the calls of the last days, so that a judgement that comes late finds the one it is about.
 *
 * Calls are appended to blocks of about 32 KiB, each with its own list of labels. A block is changed only while it is the
 * newest, so a steady load writes each byte to the store once or a few times, in order. Memory holds the newest block,
 * those that are not yet in the store, and 4 KiB of a Bloom filter for each: an eighth of what the store holds. The
 * oldest blocks go when all together pass the byte bound, or when the newest call in them is too old.
 *
 * A kill loses the calls since the last save. Owned by one thread at a time; only recent_committed may be called by
 * another.
 */
#ifndef PLIMSOLL_JUDGEMENTS_RECENT_H
#define PLIMSOLL_JUDGEMENTS_RECENT_H

#include "agent/base/status.h"
#include "agent/span/judgement.h"

struct recent;

/* How blocks come back from the store: the block's bytes into out. NULL where nothing is stored: then all stay in memory. */
typedef struct status (*recent_fetch)(void *context, struct slice key, struct buf *out);

/* max_bytes: of all blocks. keep_ns: age of a call. NULL without memory. */
struct recent *recent_new(uint64_t max_bytes, uint64_t keep_ns, recent_fetch fetch, void *context);
void recent_free(struct recent *r);

/* Appends one call; labels are copied. Without memory the call is not known later. */
void recent_add(struct recent *r, const struct known_call *call, const struct call_labels *labels);

/* Forgets what is too old. */
void recent_expire(struct recent *r, uint64_t now_unix_ns);

/* How sure a call is the one that is meant. */
enum recent_match {
	MATCH_NONE,
	MATCH_TRACE,  /* of the same trace or session: of several the last answer */
	MATCH_PARENT, /* made directly inside the span that is meant */
	MATCH_EXACT,  /* the span or the response itself */
};

/* The call that is meant best; of equals the one that ended last. Labels live until the next call of any function here. */
enum recent_match recent_find(struct recent *r, const struct judgement_target *target, struct known_call *call,
			      struct call_labels *labels);

/* Hands over each block that changed since the last save, with value.ptr NULL for those that are gone. all: every block
 * that is still in memory. Returns the save's number, for recent_committed. */
uint64_t recent_save(struct recent *r, bool all, void (*put)(void *context, struct slice key, struct slice value),
		     void *context);

/* What that save and those before it wrote is in the store: its memory can go. Any thread. */
void recent_committed(struct recent *r, uint64_t save);

/* Takes a block over at start, in the order of keys. Errors: CORRUPT; NOMEM. */
struct status recent_load(struct recent *r, struct slice key, struct slice value) MUST_USE;

#endif
