/* SPDX-License-Identifier: Apache-2.0
 * daemon/recall.h - a batch's counted calls and what was said about calls as one chunk, for a queue from the receiving
 * threads to the loop.
 */
#ifndef PLIMSOLL_DAEMON_RECALL_H
#define PLIMSOLL_DAEMON_RECALL_H

#include "agent/base/arena.h"
#include "agent/daemon/chunk_queue.h"
#include "agent/span/judgement.h"

struct recalled {
	struct known_call call;
	const struct call_labels *labels; /* shared by the calls of a cohort */
};

struct recall_chunk {
	struct chunk link;
	struct recalled *calls;
	size_t call_count;
	struct judgement *judgements;
	size_t judgement_count;
};

/* scratch: of the lane, for the time of the call. NULL without memory. */
struct recall_chunk *recall_chunk_new(struct arena *scratch, const struct call *calls, size_t call_count,
				      const struct judgement *judgements, size_t judgement_count);

#endif
