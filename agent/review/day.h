/* SPDX-License-Identifier: Apache-2.0
 * review/day.h - what one feature, model and prompt version did on one day (UTC), as sums that add up.
 */
#ifndef PLIMSOLL_REVIEW_DAY_H
#define PLIMSOLL_REVIEW_DAY_H

#include "agent/base/record.h"
#include "agent/span/sample.h"

#define DAY_LATENCIES 80 /* four to an octave, from 1 ms on; the last one takes all that is longer */

struct day_sums {
	uint64_t requests, failed, flawed; /* failed: no answer; flawed: refused, cut, empty, filtered, broken JSON */
	uint64_t unpriced;                 /* answered, and nobody knows at what cost */
	uint64_t cost_pusd;                /* of the others */
	uint64_t input_tokens, output_tokens;
	uint64_t scores, votes, negative;
	double score_sum;
	uint32_t latencies[DAY_LATENCIES]; /* of calls that were answered */
};

void day_add(struct day_sums *d, const struct sample *s);
void day_merge(struct day_sums *d, const struct day_sums *other);

/* About so long the share q of answered calls took at most, in ms, within a tenth; NaN without any. */
double day_latency_ms(const struct day_sums *d, double q);

void day_record(struct record *r, struct day_sums *d);

#endif
