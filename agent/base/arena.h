/* SPDX-License-Identifier: Apache-2.0
 * base/arena.h - memory that is given back all at once.
 *
 * One arena serves one batch (or one file, one config): everything derived from it is allocated here and freed by
 * a single reset. The cap bounds what a hostile input can make us hold; past it arena_alloc returns NULL.
 * Owned by one thread at a time. Memory is 16-byte aligned and not zeroed.
 */
#ifndef PLIMSOLL_BASE_ARENA_H
#define PLIMSOLL_BASE_ARENA_H

#include "agent/base/slice.h"

struct arena_chunk;

struct arena {
	struct arena_chunk *chunk; /* newest first; the one that is being filled */
	char *at, *end;            /* free part of it */
	size_t held_bytes;         /* malloc'ed in all */
	size_t cap_bytes;
};

/* cap_bytes: the most the arena may hold, rounded up to its first chunk. Allocates nothing yet. */
void arena_init(struct arena *a, size_t cap_bytes);

/* Frees everything; the arena may be used again. */
void arena_release(struct arena *a);

/* Forgets everything but keeps one chunk, so that a steady load allocates nothing from the system. */
void arena_reset(struct arena *a);

/* n bytes, or NULL past the cap. n may be 0: then any non-NULL pointer. */
void *arena_alloc(struct arena *a, size_t n);

/* As arena_alloc for count elements of size bytes each, refusing on overflow. */
void *arena_array(struct arena *a, size_t count, size_t size);

/* A copy of s in the arena, followed by a NUL that is not counted. ptr is NULL past the cap. */
struct slice arena_dup(struct arena *a, struct slice s);

/* printf into the arena. ptr is NULL past the cap. */
struct slice arena_printf(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
