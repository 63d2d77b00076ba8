/* SPDX-License-Identifier: Apache-2.0
 * judgements/waiting.h - judgements whose call is not known yet, found by what they ask for.
 *
 * At most WAITING_MAX; owned copies. Owned by one thread at a time.
 */
#ifndef PLIMSOLL_JUDGEMENTS_WAITING_H
#define PLIMSOLL_JUDGEMENTS_WAITING_H

#include "agent/base/deletions.h"
#include "agent/base/status.h"
#include "agent/span/judgement.h"

#define WAITING_MAX       4096u
#define WAITING_KEY_BYTES 9

struct waiter {
	struct judgement judgement; /* borrows from bytes */
	uint64_t identity, since_unix_ns;
	bool is_touched; /* a call came that it may be about */
	bool has_guessed; /* has waited long enough for better, and found not even a guess */
	bool is_saved;
	uint64_t key;
	struct waiter *next;        /* same bucket */
	struct waiter *older, *newer;
	struct buf bytes;
};

struct waiting {
	struct waiter *buckets[1024];
	struct waiter *oldest, *newest;
	size_t count, touched;
	struct deletions gone; /* keys of saved ones that left, WAITING_KEY_BYTES each */
};

void waiting_release(struct waiting *w);

/* Copies it in. False without memory. The caller keeps count below WAITING_MAX. */
bool waiting_add(struct waiting *w, const struct judgement *j, uint64_t identity, uint64_t now_unix_ns);

void waiting_remove(struct waiting *w, struct waiter *one); /* and frees it */

/* Marks those that this call may be what they ask for. */
void waiting_touch(struct waiting *w, const struct known_call *call);

/* Hands over what came, and with value.ptr NULL what left, since the last save. all: whatever waits. */
void waiting_save(struct waiting *w, bool all, void (*put)(void *context, struct slice key, struct slice value),
		  void *context);

/* Takes one over at start. Errors: CORRUPT; NOMEM. */
struct status waiting_load(struct waiting *w, struct slice key, struct slice value) MUST_USE;

#endif
