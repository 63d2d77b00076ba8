/* SPDX-License-Identifier: Apache-2.0
 * dialects/usage.h - from the token counts that a span claims, in several families, to one set of counts.
 */
#ifndef PLIMSOLL_DIALECTS_USAGE_H
#define PLIMSOLL_DIALECTS_USAGE_H

#include "agent/dialects/dialect.h"

struct usage_claim {
	struct tokens tokens;
	uint64_t total; /* as claimed; 0: not */
	uint64_t written; /* to the cache, by lifetime added up; 0: not told by lifetime */
};

/* What is known of the producer's habit where the numbers alone do not decide. */
struct usage_habit {
	bool input_excludes_cache;
	bool output_lacks_thoughts; /* what the total holds beyond input and output was generated, too */
};

/* Takes the first family that names an input or output count, fills a detail it lacks from a later family only where
 * both come to the same input, and makes input include the cached tokens whatever the family's habit. A family of nothing
 * but 0 counts nothing.
 * families: bit 1 << enum token_family for each claim that was made; the others are not read, and claims are changed. */
void usage_resolve(struct usage_claim claims[FAMILY_COUNT], unsigned families, const struct usage_habit *habit,
		   struct tokens *out);

/* Takes over classes that `to` lacks where both tell the same input. */
void usage_fill_details(struct tokens *to, const struct tokens *from);

/* Whether any family names an input or output count. */
bool usage_claimed(const struct usage_claim claims[FAMILY_COUNT], unsigned families);

#endif
