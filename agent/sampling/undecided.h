/* SPDX-License-Identifier: Apache-2.0
 * sampling/undecided.h - spans that wait for the decision on their trace, and the decisions of late.
 *
 * Traces wait in the order of their first span. Decisions live in sets of four; the oldest of a set goes first.
 * Not locked: the sampler does that.
 */
#ifndef PLIMSOLL_SAMPLING_UNDECIDED_H
#define PLIMSOLL_SAMPLING_UNDECIDED_H

#include "agent/base/slice.h"
#include "agent/base/status.h"

enum decision { DECISION_NONE, DECISION_KEPT, DECISION_BY_RATE, DECISION_DROPPED };

struct fragment {
	struct fragment *next;
	uint32_t items;
	size_t len;
	char bytes[]; /* a request */
};

struct undecided_trace {
	struct undecided_trace *next, *previous; /* in the order of arrival */
	struct undecided_trace *chain;           /* of its bucket */
	uint8_t id[16];
	uint64_t since_ms;
	bool passes_rate;
	struct fragment *first, **last;
};

struct undecided {
	struct undecided_trace *oldest, *newest;
	struct undecided_trace **buckets;
	size_t mask;
	size_t held_bytes;
	struct decision_entry *decisions;
	size_t sets_mask;
	uint32_t clock;
};

struct status undecided_init(struct undecided *w, size_t max_decisions) MUST_USE;
void undecided_release(struct undecided *w);

enum decision undecided_decision(const struct undecided *w, const uint8_t id[16]);
void undecided_decide(struct undecided *w, const uint8_t id[16], enum decision d);

struct undecided_trace *undecided_find(const struct undecided *w, const uint8_t id[16]);

/* Copies a request with spans of the trace. False without memory. */
bool undecided_add(struct undecided *w, const uint8_t id[16], bool passes_rate, uint64_t now_ms, struct slice request,
		 uint32_t items);

/* Takes the trace out; the caller frees it. */
void undecided_take(struct undecided *w, struct undecided_trace *t);
void undecided_trace_free(struct undecided_trace *t);

#endif
