/* SPDX-License-Identifier: Apache-2.0
 * exporters/spool_look.h - what a queue on the disk holds, for people.
 */
#ifndef PLIMSOLL_EXPORTERS_SPOOL_LOOK_H
#define PLIMSOLL_EXPORTERS_SPOOL_LOOK_H

#include "agent/store/store.h"
#include "exporters/spool.h"

struct spool_pile {
	uint64_t payloads, items, bytes;
	uint64_t oldest_unix_ms; /* 0: there is none */
};

struct spool_look {
	struct spool_pile waiting[PAYLOAD_KIND_COUNT]; /* until every exporter is done with it */
	struct spool_pile aside;                       /* refused for good by a peer, kept to be looked at */
};

/* s: the queue's environment, opened anyhow. Errors: as store_scan_keys. */
struct status spool_look(struct store *s, struct spool_look *out) MUST_USE;

#endif
