/* SPDX-License-Identifier: Apache-2.0
 * exporters/remotewrite/series_set.h - the series that were sent, so that those which end can be marked stale.
 *
 * Each exposition is a generation. A series that an exposition does not hold any more keeps an older one. Grows with
 * the series of /metrics, which are bounded by limits.max_series. Loop thread.
 */
#ifndef PLIMSOLL_EXPORTERS_REMOTEWRITE_SERIES_SET_H
#define PLIMSOLL_EXPORTERS_REMOTEWRITE_SERIES_SET_H

#include "agent/base/slice.h"

struct series_set {
	struct known_series {
		uint64_t hash;
		uint32_t generation;
		uint32_t len;
		char *text; /* `name{labels}`; NULL: a free place */
	} * places;
	size_t room, count; /* room: a power of two, or 0 */
	uint32_t generation;
};

void series_set_release(struct series_set *s);

/* The series belongs to the current generation. False without memory: it will not be marked stale. */
bool series_set_mark(struct series_set *s, struct slice series);

/* The next series of an older generation from *place on, which moves behind it. False: no more. */
bool series_set_next_ended(const struct series_set *s, size_t *place, struct slice *out);

/* Forgets all series of older generations. */
void series_set_sweep(struct series_set *s);

#endif
