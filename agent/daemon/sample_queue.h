/* SPDX-License-Identifier: Apache-2.0
 * daemon/sample_queue.h - samples on their way from the receiving threads to the loop, bounded by bytes.
 *
 * A chunk is made by one thread for one batch and handed over whole: one lock and one wake-up per batch.
 */
#ifndef PLIMSOLL_DAEMON_SAMPLE_QUEUE_H
#define PLIMSOLL_DAEMON_SAMPLE_QUEUE_H

#include <pthread.h>

#include "agent/span/call.h"
#include "agent/span/sample.h"

struct sample_chunk {
	struct sample_chunk *next;
	size_t size_bytes;
	size_t count;
	char *text, *text_end; /* free bytes, behind the items, for texts that are still to come */
	struct sample items[]; /* followed by the bytes that their slices point into */
};

/* One block with room for the samples of count complete calls, and for text_bytes, which is sample_text_bytes of all of
 * them. NULL without memory. */
struct sample_chunk *sample_chunk_new(size_t count, size_t text_bytes);
size_t sample_text_bytes(const struct call *c);

/* The next sample, where the call is one of production; test and evaluation runs stay out. */
void sample_chunk_add(struct sample_chunk *chunk, const struct call *c);

/* A whole chunk of samples that borrow their strings: judgements that came apart from their calls, retrievals. */
struct sample_chunk *sample_chunk_of(const struct sample *samples, size_t count);

/* What a search found; borrows the span's strings. */
struct sample sample_of_retrieval(const struct call *c);

struct sample_queue {
	pthread_mutex_t lock;
	struct sample_chunk *first, **last;
	size_t held_bytes, limit_bytes;
};

void sample_queue_init(struct sample_queue *q, size_t limit_bytes);
void sample_queue_release(struct sample_queue *q);

/* Takes the chunk over. False, and the chunk is freed, where the queue is full. Any thread. */
bool sample_queue_push(struct sample_queue *q, struct sample_chunk *chunk);

/* All chunks in order, for the caller to free; NULL: none. */
struct sample_chunk *sample_queue_take(struct sample_queue *q);

#endif
