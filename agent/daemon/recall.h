/* SPDX-License-Identifier: Apache-2.0
 * daemon/recall.h - counted calls and what was said about calls, on their way from the receiving threads to the loop.
 *
 * As sample_queue.h: a chunk is one block made for one batch, the queue is bounded by bytes.
 */
#ifndef PLIMSOLL_DAEMON_RECALL_H
#define PLIMSOLL_DAEMON_RECALL_H

#include <pthread.h>

#include "agent/base/arena.h"
#include "agent/span/judgement.h"

struct recalled {
	struct known_call call;
	const struct call_labels *labels; /* shared by the calls of a cohort */
};

struct recall_chunk {
	struct recall_chunk *next;
	size_t size_bytes;
	struct recalled *calls;
	size_t call_count;
	struct judgement *judgements;
	size_t judgement_count;
};

/* scratch: of the lane, for the time of the call. NULL without memory. */
struct recall_chunk *recall_chunk_new(struct arena *scratch, const struct call *calls, size_t call_count,
				      const struct judgement *judgements, size_t judgement_count);

struct recall_queue {
	pthread_mutex_t lock;
	struct recall_chunk *first, **last;
	size_t held_bytes, limit_bytes;
};

void recall_queue_init(struct recall_queue *q, size_t limit_bytes);
void recall_queue_release(struct recall_queue *q);

/* Takes the chunk over. False, and the chunk is freed, where the queue is full. Any thread. */
bool recall_queue_push(struct recall_queue *q, struct recall_chunk *chunk);

/* All chunks in order, for the caller to free; NULL: none. */
struct recall_chunk *recall_queue_take(struct recall_queue *q);

#endif
