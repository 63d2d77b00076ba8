/* SPDX-License-Identifier: Apache-2.0
 * dialects/points.h - data points of client metrics that tell of model calls: tokens, durations, cost.
 *
 * Source: semantic conventions 1.27 to 1.42 and the drafts after them, vendors' documentation of command-line agents.
 */
#ifndef PLIMSOLL_DIALECTS_POINTS_H
#define PLIMSOLL_DIALECTS_POINTS_H

#include "agent/dialects/reader.h"

enum told_amount {
	TOLD_TOKENS, /* of one class */
	TOLD_TIME,   /* a histogram's count is how many calls ended */
	TOLD_COST,
};

/* What one point tells of some calls; slices borrow from the point. */
struct point_told {
	enum told_amount amount;
	enum token_class class;
	bool input_excludes_cache;  /* cached tokens are beside the input */
	bool output_excludes_thought;
	bool counts_calls; /* each recording of the histogram is a call, and the class is one that every call has */
	double scale;      /* of the sum: to tokens, seconds or USD */
	struct call call;  /* who was asked and by whom; no tokens, no times */
};

/* False for a point that does not tell of calls. */
bool dialect_read_point(struct dialect_reader *r, const struct point_view *point, struct point_told *out);

#endif
