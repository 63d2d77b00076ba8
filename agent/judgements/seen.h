/* SPDX-License-Identifier: Apache-2.0
 * judgements/seen.h - the identities of the last judgements, so that one that is sent again counts once.
 *
 * Remembers at least the last SEEN_MIN and at most twice as many. Owned by one thread at a time.
 */
#ifndef PLIMSOLL_JUDGEMENTS_SEEN_H
#define PLIMSOLL_JUDGEMENTS_SEEN_H

#include "agent/base/slice.h"
#include "agent/base/status.h"

#define SEEN_MIN 16384u

struct seen;

struct seen *seen_new(void); /* NULL without memory */
void seen_free(struct seen *s);

/* Remembers it. False where it was known already. */
bool seen_add(struct seen *s, uint64_t identity);

/* Hands over what changed since the last save, value.ptr NULL for what is forgotten. all: everything. */
void seen_save(struct seen *s, bool all, void (*put)(void *context, struct slice key, struct slice value), void *context);

/* Takes one entry over at start, in the order of keys. Errors: CORRUPT. */
struct status seen_load(struct seen *s, struct slice key, struct slice value) MUST_USE;

#endif
