/* SPDX-License-Identifier: Apache-2.0
 * daemon/explain_uses.h - which key fed which field of one span: noted while it is read, told afterwards.
 */
#ifndef PLIMSOLL_DAEMON_EXPLAIN_USES_H
#define PLIMSOLL_DAEMON_EXPLAIN_USES_H

#include "agent/base/buf.h"
#include "agent/dialects/reader.h"

#define USES_MAX 256u

/* One row that was applied to one value. */
struct use {
	struct slice key;
	const char *member; /* inside the value; the same as the key, or below it */
	const char *dialect;
	enum field field;
	unsigned rank;
	bool of_resource, understood;
};

struct uses {
	struct use items[USES_MAX];
	unsigned count;
};

/* A dialect_trace's row; context is a struct uses. */
void uses_note(void *context, struct slice key, const char *member, const char *dialect, enum field field, unsigned rank,
	       bool of_resource, bool understood);

/* The uses that say something about the call: as members of a JSON array, or a line each. */
void uses_write_json(const struct uses *u, const struct call *c, struct buf *out);
void uses_write_text(const struct uses *u, const struct call *c, struct buf *out);

#endif
