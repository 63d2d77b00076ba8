/* SPDX-License-Identifier: Apache-2.0
 * base/block.c - the kept blocks in the order in which they came; the oldest one makes way.
 */
#include "agent/base/block.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define LARGE_BYTES    ((size_t)64 << 10) /* what is smaller malloc handles well */
#define KEPT_MAX       (BLOCK_KEPT_BYTES / LARGE_BYTES)
#define GRAIN_BYTES    ((size_t)16 << 10) /* so that requests that differ a little fit into each other's blocks */
#define ROOM_TIMES_MAX 2u                 /* a block may be this much larger than what is asked for */

/* Where every access is checked, a block that is used after it was freed must not look like one in use. */
#ifdef __SANITIZE_ADDRESS__
#define KEEPS_BLOCKS false
#else
#define KEEPS_BLOCKS true
#endif

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct kept {
	void *block;
	size_t room;
} kept[KEPT_MAX];
static size_t kept_count, kept_bytes;

static struct kept remove_at(size_t i)
{
	struct kept found = kept[i];

	kept_count--;
	kept_bytes -= found.room;
	memmove(&kept[i], &kept[i + 1], (kept_count - i) * sizeof(kept[0]));
	return found;
}

/* The smallest that is large enough, the newest among equals: its bytes may still be in a cache. */
static struct kept take(size_t n)
{
	size_t best = KEPT_MAX;
	struct kept found = { NULL, 0 };

	pthread_mutex_lock(&lock);
	for (size_t i = kept_count; i-- > 0;)
		if (kept[i].room >= n && kept[i].room / ROOM_TIMES_MAX <= n &&
		    (best == KEPT_MAX || kept[i].room < kept[best].room))
			best = i;
	if (best != KEPT_MAX)
		found = remove_at(best);
	pthread_mutex_unlock(&lock);
	return found;
}

void *block_alloc(size_t n, size_t *room)
{
	struct kept found = { NULL, n };

	if (n > SIZE_MAX - GRAIN_BYTES)
		return NULL;
	if (n >= LARGE_BYTES) {
		found = take(n);
		if (found.block == NULL)
			found.room = (n + GRAIN_BYTES - 1) / GRAIN_BYTES * GRAIN_BYTES;
	}
	*room = found.room;
	return found.block != NULL ? found.block : malloc(found.room);
}

/* Keeps it in place of the oldest ones where there is no room for all; gone: what is to be freed instead. */
static size_t keep(void *block, size_t room, struct kept gone[KEPT_MAX])
{
	size_t gone_count = 0;

	pthread_mutex_lock(&lock);
	while (kept_bytes + room > BLOCK_KEPT_BYTES)
		gone[gone_count++] = remove_at(0);
	kept[kept_count++] = (struct kept){ block, room };
	kept_bytes += room;
	pthread_mutex_unlock(&lock);
	return gone_count;
}

void block_free(void *block, size_t room)
{
	struct kept gone[KEPT_MAX];

	if (block == NULL || !KEEPS_BLOCKS || room < LARGE_BYTES || room > BLOCK_KEPT_BYTES) {
		free(block);
		return;
	}
	for (size_t i = 0, n = keep(block, room, gone); i < n; i++)
		free(gone[i].block);
}
