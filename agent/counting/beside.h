/* SPDX-License-Identifier: Apache-2.0
 * counting/beside.h - what spans beside a call, in its trace and batch, tell of it: retrievals before it, guardrails.
 *
 * A hint for the call's record, not a count: the first few of a batch are kept, what is in another batch is not known.
 */
#ifndef PLIMSOLL_COUNTING_BESIDE_H
#define PLIMSOLL_COUNTING_BESIDE_H

#include <stddef.h>
#include <stdint.h>

#include "agent/span/call.h"

#define BESIDE_MAX 64u

struct beside_list {
	uint32_t call[BESIDE_MAX]; /* places in the batch's calls */
	size_t count;
};

struct beside {
	struct beside_list retrievals, guardrails;
};

/* Keeps calls[place] if it is a retrieval or a guardrail that says something. */
void beside_note(struct beside *b, const struct call *calls, uint32_t place);

/* Fills in what the call itself does not say: documents of the last retrieval before it, the verdict of the guardrail
 * that is nearest in time. */
void beside_tell(const struct beside *b, const struct call *calls, struct call *c);

#endif
