/* SPDX-License-Identifier: Apache-2.0
 * observe/attribution.h - cost and requests by one dimension of attribution at a time: what a workflow costs, what a
 * service costs, without the product of both.
 *
 * A call counts once in each dimension whose value it tells. Each dimension holds at most as many values as its
 * registry's cap, over all shards; further ones share its overflow series. Sums are exact.
 */
#ifndef PLIMSOLL_OBSERVE_ATTRIBUTION_H
#define PLIMSOLL_OBSERVE_ATTRIBUTION_H

#include "agent/observe/exposition.h"
#include "agent/observe/labels.h"

/* X(id, member of struct call, whose name is the dimension's) */
#define DIMENSION_MAP(X)            \
	X(FEATURE, feature)         \
	X(WORKFLOW, workflow)       \
	X(USER_SEGMENT, user_segment) \
	X(ENVIRONMENT, environment) \
	X(RELEASE, release)         \
	X(SERVICE, service)         \
	X(OPERATION, operation)

enum dimension {
#define X(id, member) DIMENSION_##id,
	DIMENSION_MAP(X)
#undef X
	DIMENSION_COUNT
};

/* The values of all dimensions. Shared; see struct label_registry. */
struct attribution_registry {
	struct label_registry dimensions[DIMENSION_COUNT];
};

/* What one value has been counted. */
struct attribution_sum {
	const struct label_set *set; /* NULL: nothing yet */
	uint64_t requests, priced, priced_successes;
	__int128_t cost_pusd;
};

/* One shard's sums of one dimension. */
struct attribution {
	struct label_registry *registry;
	struct label_table table;     /* values that this shard has met */
	struct attribution_sum *sums; /* by label set index; the first is the overflow series */
	size_t room;
};

/* Where a call counts: the place in each dimension's sums. */
struct attribution_places {
	uint32_t at[DIMENSION_COUNT];
};
#define ATTRIBUTION_NONE UINT32_MAX /* it tells no value of that dimension */

/* cap: values a dimension. Errors: NOMEM, then there is nothing to release. */
struct status attribution_registry_init(struct attribution_registry *r, uint32_t cap, size_t max_bytes) MUST_USE;
void attribution_registry_release(struct attribution_registry *r);

/* Errors: NOMEM. Release it in either case. */
struct status attribution_init(struct attribution all[DIMENSION_COUNT], struct attribution_registry *r) MUST_USE;
void attribution_release(struct attribution all[DIMENSION_COUNT]);

/* Where the call counts, as does every other with the same values. On the thread, and under the lock, of the shard.
 * Allocates only for a new value; without memory that is the overflow series. */
void attribution_find(struct attribution all[DIMENSION_COUNT], const struct call *c, struct attribution_places *out);

/* Counts the call there. The same thread and lock. */
void attribution_count(struct attribution all[DIMENSION_COUNT], const struct attribution_places *places,
		       const struct call *c);

/* The shards added up. */
struct attribution_snapshot {
	struct attribution_sum *sums[DIMENSION_COUNT]; /* by label set index */
	uint32_t count[DIMENSION_COUNT];
};

/* Sums in a. Errors: NOMEM. */
struct status attribution_snapshot_init(struct attribution_snapshot *s, struct attribution_registry *r,
					struct arena *a) MUST_USE;

/* Adds one shard, under its lock. */
void attribution_snapshot_add(struct attribution_snapshot *s, const struct attribution all[DIMENSION_COUNT]);

/* How far the writing has come; begins as zeros. */
struct attribution_cursor {
	unsigned family, dimension;
	uint32_t value;
};

/* Writes samples until the output has full bytes; true while there are more. */
bool attribution_render(const struct attribution_snapshot *s, struct exposition *x, struct attribution_cursor *at,
			size_t full);

#endif
