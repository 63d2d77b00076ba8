/* SPDX-License-Identifier: Apache-2.0
 * routing/record_lines.h - request records as lines that can be asked for attributes.
 *
 * A record has members of its own for what spans tell in many keys; record_line_find knows which.
 */
#ifndef PLIMSOLL_ROUTING_RECORD_LINES_H
#define PLIMSOLL_ROUTING_RECORD_LINES_H

#include "agent/base/arena.h"
#include "agent/base/status.h"

struct record_line {
	struct slice text; /* with its line end */
	struct arena *arena;
};

struct record_lines {
	struct record_line *lines;
	size_t count;
};

/* Errors: NOMEM. */
struct status record_lines_read(struct slice bytes, struct arena *a, struct record_lines *out) MUST_USE;

/* The chosen lines. Errors: NOMEM. */
struct status record_lines_write(const struct record_lines *from, const uint8_t *chosen, struct arena *a,
				 struct slice *out) MUST_USE;

/* The text of the member that an attribute's key stands for. False: the record has none. */
bool record_line_find(const struct record_line *line, struct slice key, struct slice *out);

#endif
