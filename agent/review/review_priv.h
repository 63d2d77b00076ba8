/* SPDX-License-Identifier: Apache-2.0
 * review/review_priv.h - the table of days that keeping (review.c) and reporting (report.c) share.
 */
#ifndef PLIMSOLL_REVIEW_REVIEW_PRIV_H
#define PLIMSOLL_REVIEW_REVIEW_PRIV_H

#include "agent/base/deletions.h"
#include "agent/review/review.h"
#include "agent/span/cohort.h"

#define REVIEW_SLOTS 32768u /* a power of two, more than twice REVIEW_MAX */

struct review_entry {
	uint32_t day; /* after 1970 */
	uint64_t id;  /* of its labels */
	struct slice feature, model, version; /* point into text */
	struct day_sums sums;
	bool dirty;
	char text[];
};

struct review {
	uint32_t newest_day;
	uint32_t latest_day; /* by the clock; 0: there is none */
	struct cohort_memo found; /* an entry of a cohort, of whatever day */
	size_t count;
	struct review_entry *entries[REVIEW_MAX];
	uint32_t slots[REVIEW_SLOTS]; /* place in entries + 1, by id and day; 0: free */
	uint32_t keys_of_newest;
	struct deletions deleted; /* keys, REVIEW_KEY_BYTES each */
};

#define REVIEW_KEY_BYTES 12

#endif
