/* SPDX-License-Identifier: Apache-2.0
 * otlp/edit.h - changes to wire bytes, kept as a list and applied in one pass.
 *
 * An edit deletes del bytes at offset and puts ins there. The list is sorted by offset because the walker goes
 * forward; length prefixes of enclosing messages come before their content and are known only after it, so the walker
 * reserves their place (edit_list_reserve) and fills it in on the way out (edit_list_length). Bytes that no edit names,
 * unknown fields among them, come out as they went in. A list lives in a batch's arena.
 */
#ifndef PLIMSOLL_OTLP_EDIT_H
#define PLIMSOLL_OTLP_EDIT_H

#include "agent/base/arena.h"
#include "agent/base/status.h"

struct edit {
	size_t offset; /* into the wire bytes */
	size_t del;
	struct slice ins; /* borrowed, lives as long as the arena */
};

struct edit_list {
	struct arena *arena;
	struct edit *items;
	size_t count, cap;
	ptrdiff_t delta; /* bytes that the output is longer than the input */
};

void edit_list_init(struct edit_list *l, struct arena *a);

/* offset must not lie before an earlier edit's end. Errors: NOMEM, the arena is full. */
struct status edit_list_add(struct edit_list *l, size_t offset, size_t del, struct slice ins) MUST_USE;

/* Keeps a place in the order for a length prefix that starts at offset. index: the place, for edit_list_length. */
struct status edit_list_reserve(struct edit_list *l, size_t offset, size_t *index) MUST_USE;

/* Fills a reserved place: the varint there (old_bytes long) becomes new_length. Where the message kept its length,
 * call nothing: an unfilled place changes nothing. */
struct status edit_list_length(struct edit_list *l, size_t index, size_t old_bytes, uint64_t new_length) MUST_USE;

/* Size of the edited wire bytes. */
size_t edit_list_size(const struct edit_list *l, struct slice wire);

/* Writes the edited bytes to out, which has edit_list_size bytes. */
void edit_list_write(const struct edit_list *l, struct slice wire, char *out);

#endif
