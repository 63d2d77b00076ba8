/* SPDX-License-Identifier: Apache-2.0
 * daemon/sample_chunk.h - the samples of a batch as one chunk, for a queue from the receiving threads to the loop.
 */
#ifndef PLIMSOLL_DAEMON_SAMPLE_CHUNK_H
#define PLIMSOLL_DAEMON_SAMPLE_CHUNK_H

#include "agent/daemon/chunk_queue.h"
#include "agent/span/call.h"
#include "agent/span/sample.h"

struct sample_chunk {
	struct chunk link;
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

#endif
