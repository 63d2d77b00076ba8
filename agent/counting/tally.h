/* SPDX-License-Identifier: Apache-2.0
 * counting/tally.h - calls that only metrics tell of: how many there were, their tokens, time and cost.
 *
 * A service that tells of its calls by spans or log records is believed there, and what its metrics say is the same again
 * (where it has no name, so is what comes from the same instrumentation scope).
 * Of any other one each point's growth (delta as it is; cumulative against the point before, from nothing after a reset)
 * is added up by what was asked of whom, waits a little for spans to come, and becomes calls: as many as the histograms
 * recorded, the sums shared out evenly, so that totals and means hold while the spread of single calls is not known. A
 * counter does not tell how many calls it grew by: its growth becomes one.
 *
 * Bounded: TALLY_SERIES series, TALLY_GROUPS sums, TALLY_TELLERS names of services and scopes; the oldest gives way. A
 * cumulative series that comes back after that is not counted from its start again: what it grew by meanwhile is
 * dropped, and counted as a dropped point. Of one group at most TALLY_CALLS_MAX calls come at a time; those beyond are
 * dropped, and counted.
 */
#ifndef PLIMSOLL_COUNTING_TALLY_H
#define PLIMSOLL_COUNTING_TALLY_H

#include "agent/base/buf.h"
#include "agent/counting/counting.h"
#include "agent/span/call.h"

#define TALLY_SERIES   4096u
#define TALLY_GROUPS   512u
#define TALLY_TELLERS 256u
#define TALLY_CALLS_MAX 100000u

/* One data point, as it was told. */
struct tally_point {
	uint64_t series; /* hash of resource, scope, metric and attributes */
	uint64_t start_unix_ns, time_unix_ns;
	bool is_cumulative, counts_calls;
	enum { TALLY_TOKENS, TALLY_TIME, TALLY_COST } amount;
	enum token_class class;
	bool input_excludes_cache, output_excludes_thought;
	uint64_t count;
	double sum;        /* tokens, seconds or USD */
	const struct call *call; /* who was asked and by whom */
};

/* Takes the points of one request in. Any thread. */
void counting_tally(struct counting *c, const struct tally_point *points, size_t n);

/* What one group came to. */
struct tally_sum {
	uint64_t calls; /* 1 to TALLY_CALLS_MAX */
	uint64_t told;  /* as many calls as the sums are of: at least these */
	uint64_t end_unix_ns;
	uint64_t tokens[TOKEN_CLASS_COUNT];
	uint32_t known; /* bit 1 << class */
	double seconds; /* 0: not told */
	double usd;
	bool has_cost;
};

/* Takes the next group that is due; record: the request record of its calls, without tokens, times and cost. False:
 * nothing more to do. As counting_promote, after which it is called. Any thread. */
bool counting_tally_take(struct counting *c, uint64_t now_s, bool all, struct tally_sum *sum, struct buf *record);

/* The part of one call in the sum, the which-th of sum->told. */
void tally_share(const struct tally_sum *sum, uint64_t which, struct call *c);

#endif
