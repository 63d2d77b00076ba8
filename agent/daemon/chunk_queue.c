/* SPDX-License-Identifier: Apache-2.0
 * daemon/chunk_queue.c - a list under a lock.
 */
#include "agent/daemon/chunk_queue.h"

#include <stdlib.h>

void chunk_queue_init(struct chunk_queue *q, size_t limit_bytes)
{
	*q = (struct chunk_queue){ .limit_bytes = limit_bytes };
	q->last = &q->first;
	pthread_mutex_init(&q->lock, NULL);
}

void chunk_queue_release(struct chunk_queue *q)
{
	for (struct chunk *chunk = chunk_queue_take(q), *next; chunk != NULL; chunk = next) {
		next = chunk->next;
		free(chunk);
	}
	pthread_mutex_destroy(&q->lock);
}

bool chunk_queue_push(struct chunk_queue *q, struct chunk *chunk)
{
	pthread_mutex_lock(&q->lock);
	bool fits = chunk->size_bytes <= q->limit_bytes - q->held_bytes;
	if (fits) {
		*q->last = chunk;
		q->last = &chunk->next;
		q->held_bytes += chunk->size_bytes;
	}
	pthread_mutex_unlock(&q->lock);
	if (!fits)
		free(chunk);
	return fits;
}

struct chunk *chunk_queue_take(struct chunk_queue *q)
{
	pthread_mutex_lock(&q->lock);
	struct chunk *first = q->first;
	q->first = NULL;
	q->last = &q->first;
	q->held_bytes = 0;
	pthread_mutex_unlock(&q->lock);
	return first;
}
