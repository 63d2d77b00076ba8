/* SPDX-License-Identifier: Apache-2.0
 * dialects/usage.h - from the token counts that a span claims, in several families, to one set of counts.
 */
#ifndef PLIMSOLL_DIALECTS_USAGE_H
#define PLIMSOLL_DIALECTS_USAGE_H

#include "agent/dialects/dialect.h"

struct usage_claim {
	struct tokens tokens;
	uint64_t total; /* as claimed; 0: not */
};

/* Takes the first family that names an input or output count, fills a detail it lacks from a later family only where
 * both name the same input, and makes input include the cached tokens whatever the family's habit.
 * scope: name of the instrumentation scope, which decides where the numbers alone do not. */
void usage_resolve(const struct usage_claim claims[FAMILY_COUNT], struct slice scope, struct tokens *out);

/* Whether any family names an input or output count. */
bool usage_claimed(const struct usage_claim claims[FAMILY_COUNT]);

#endif
