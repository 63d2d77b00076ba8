/* SPDX-License-Identifier: Apache-2.0
 * slo/rings.h - good and bad requests by time: six hours by five minutes, three days by hours, ninety days by days.
 *
 * In event time, constant memory. A request later than the newest one by less than a ring's length still goes to its
 * place there. Sums over a window end with the place in progress.
 */
#ifndef PLIMSOLL_SLO_RINGS_H
#define PLIMSOLL_SLO_RINGS_H

#include "agent/base/record.h"

#define RING_MINUTES_S 300u
#define RING_HOURS_S   3600u
#define RING_DAYS_S    86400u
#define RING_MINUTES   73 /* the one in progress and six hours before it */
#define RING_HOURS     73
#define RING_DAYS      90

struct tally {
	uint32_t good, bad;
};

struct rings {
	uint64_t oldest_s, newest_s; /* unix; of the first request since the rings were empty, and the newest; 0: none yet */
	struct tally minutes[RING_MINUTES], hours[RING_HOURS], days[RING_DAYS];
};

/* Counts one request. False where it is older than every ring reaches back. */
bool rings_add(struct rings *r, uint64_t unix_s, bool is_good);

/* For times ahead of now_s, which are damaged or from before the clock was set back: what was counted there is forgotten,
 * and the rings go on at now_s. */
void rings_turn_back(struct rings *r, uint64_t now_s);

struct share {
	double total, bad;
};

/* What happened in the window_s (at least five minutes, at most 90 days) before now_s: counted in the finest ring that
 * reaches so far back, the place in progress beside whole ones, so a window may be longer by one place. */
struct share rings_sum(const struct rings *r, uint64_t now_s, uint64_t window_s);

/* All of it as a stored value, and back. */
void rings_record(struct record *record, struct rings *r);

#endif
