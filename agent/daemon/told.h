/* SPDX-License-Identifier: Apache-2.0
 * daemon/told.h - what one request says about model calls: evaluations and feedback, found while its spans are read.
 */
#ifndef PLIMSOLL_DAEMON_TOLD_H
#define PLIMSOLL_DAEMON_TOLD_H

#include "agent/counting/counting.h"
#include "agent/span/judgement.h"

/* All zeros but the arena at first. */
struct told {
	struct arena *arena;
	struct judgement *items;
	uint32_t *calls; /* of each: the call on whose span it stands, or COUNTING_NO_CALL */
	size_t count, cap;
	uint32_t call; /* of the span that is being read */
	bool failed;   /* without memory for one */
};

/* A judgement_visit; context is the list. */
void told_note(void *context, const struct judgement *j);

/* Once it is decided what counts, and before calls is changed: the first score on a call's own span becomes the call's,
 * for its record and its sample. */
void told_settle(struct told *t, struct call *calls);

/* Model calls inside an evaluator's span judge others: they are marked as evaluation traffic. Spans of other batches are
 * not seen. Does nothing where the batch has no evaluator. */
void told_mark_judges(const struct counting_batch *b, struct call *calls);

#endif
