/* SPDX-License-Identifier: Apache-2.0
 * observe/group.h - a snapshot's series in order of some of their labels, so that equal ones stand together.
 */
#ifndef PLIMSOLL_OBSERVE_GROUP_H
#define PLIMSOLL_OBSERVE_GROUP_H

#include "agent/observe/observe_priv.h"

enum grouping { GROUP_BY_FEATURE, GROUP_BY_PROMPT, GROUP_BY_MODEL, GROUPING_COUNT };

struct grouped {
	struct series **series; /* those that counted something; the overflow series is last, alone */
	size_t count;
};

/* The array lives in the snapshot's arena. Errors: NOMEM. GROUP_BY_MODEL is by provider and model. */
struct status snapshot_group(struct snapshot *s, enum grouping by, struct grouped *out) MUST_USE;

/* One behind the last series that is in the group of series[first]. */
size_t group_end(const struct grouped *g, enum grouping by, size_t first);

#endif
