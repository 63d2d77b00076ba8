/* SPDX-License-Identifier: Apache-2.0
 * daemon/chunk_queue.h - what batches leave behind, on its way from the receiving threads to the loop, bounded by bytes.
 *
 * A chunk is one block, made by one thread for one batch and handed over whole: one lock and one wake-up per batch.
 */
#ifndef PLIMSOLL_DAEMON_CHUNK_QUEUE_H
#define PLIMSOLL_DAEMON_CHUNK_QUEUE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

/* What a chunk begins with, whatever it holds: so a pointer to the one is a pointer to the other, also for free. */
struct chunk {
	struct chunk *next;
	size_t size_bytes; /* of the whole block */
};

struct chunk_queue {
	pthread_mutex_t lock; /* guards what follows */
	struct chunk *first, **last;
	size_t held_bytes, limit_bytes;
};

void chunk_queue_init(struct chunk_queue *q, size_t limit_bytes);
void chunk_queue_release(struct chunk_queue *q);

/* Takes the chunk over. False, and the chunk is freed, where the queue is full. Any thread. */
bool chunk_queue_push(struct chunk_queue *q, struct chunk *chunk);

/* All chunks in order, for the caller to free; NULL: none. */
struct chunk *chunk_queue_take(struct chunk_queue *q);

#endif
