/* SPDX-License-Identifier: Apache-2.0
 * baselines/groups.h - which verdicts have one cause.
 *
 * A verdict joins a group whose newest member is at most an hour older, when both are of one key (whatever the metric),
 * or of one metric that moves the same way for one feature (other versions, other models) or for one model (other
 * features). Groups only bind verdicts together: each is still told with its own evidence.
 */
#ifndef PLIMSOLL_BASELINES_GROUPS_H
#define PLIMSOLL_BASELINES_GROUPS_H

#include "agent/base/record.h"
#include "agent/span/verdict.h"

#define GROUPS_MAX 64 /* at once; beyond that the oldest one closes */

struct group {
	uint64_t id;
	uint64_t newest_s; /* when its newest member was raised; 0: free */
	uint32_t members, listed;
	int directions[VERDICT_MEMBERS_MAX];
	uint64_t extents[VERDICT_MEMBERS_MAX]; /* of a roll-up the hash of its workflow and segment; else, and after a restart, 0 */
	struct verdict_member member[VERDICT_MEMBERS_MAX]; /* strings are owned, in one block each */
	char *text[VERDICT_MEMBERS_MAX];
	struct verdict_group view;
};

struct groups {
	struct group items[GROUPS_MAX];
	bool dirty;
};

void groups_release(struct groups *g);

/* The group that a RAISED verdict belongs to, with it as a member; a new one where it joins none. The answer is good
 * until the next call; NULL without memory. */
const struct verdict_group *groups_take(struct groups *g, const struct verdict *v);

/* Closes groups that nothing can join any more. */
void groups_close(struct groups *g, uint64_t now_s);

/* All open groups as one stored value, and back. Metrics are kept by name; intern turns a name into a literal, or NULL
 * where there is no such metric, which fails the record. */
void groups_record(struct record *r, struct groups *g, const char *(*intern)(struct slice name));

#endif
