/* SPDX-License-Identifier: Apache-2.0
 * daemon/metered.h - the points of one request that tell of calls, kept until all of it is read.
 */
#ifndef PLIMSOLL_DAEMON_METERED_H
#define PLIMSOLL_DAEMON_METERED_H

#include "agent/base/arena.h"
#include "agent/counting/tally.h"
#include "agent/dialects/reader.h"

/* In the request's arena; all zeros at first. */
struct metered {
	struct tally_point *points;
	size_t count, cap;
};

/* Keeps the point if it tells of calls. Errors: NOMEM. */
struct status metered_take(struct metered *m, struct dialect_reader *reader, const struct point_view *point,
			   struct arena *arena) MUST_USE;

#endif
