/* SPDX-License-Identifier: Apache-2.0
 * otlp/edit.h - changes to wire bytes, kept as a list and applied in one pass.
 *
 * An edit deletes del bytes at offset and puts ins there. The list is sorted by offset because the walker goes
 * forward; length prefixes of enclosing messages come before their content and are known only after it, so the walker
 * reserves their place (edit_list_reserve) and says on the way out where the message ends (edit_list_close). The writer
 * corrects them in what it has written. Bytes that no edit names, unknown fields among them, come out as they went in. A
 * list lives in a batch's arena.
 */
#ifndef PLIMSOLL_OTLP_EDIT_H
#define PLIMSOLL_OTLP_EDIT_H

#include "agent/base/arena.h"
#include "agent/base/status.h"

struct edit {
	size_t offset; /* into the wire bytes */
	size_t del;
	struct slice ins; /* borrowed, lives as long as the arena */
	size_t end;       /* of a length prefix: place behind the last edit in its message; 0: not one */
	uint64_t length;  /* of a length prefix: what it was */
	uint8_t length_bytes; /* of a length prefix: how many it took */
};

struct edit_list {
	struct arena *arena;
	struct edit *items;
	size_t count, cap;
	ptrdiff_t delta; /* bytes that the output is longer than the input, but for lengths */
};

void edit_list_init(struct edit_list *l, struct arena *a);

/* offset must not lie before an earlier edit's end. Errors: NOMEM, the arena is full. */
struct status edit_list_add(struct edit_list *l, size_t offset, size_t del, struct slice ins) MUST_USE;

/* Keeps a place in the order for a length prefix, or for bytes that are known later, at offset. index: the place. An
 * unfilled place changes nothing. */
struct status edit_list_reserve(struct edit_list *l, size_t offset, size_t *index) MUST_USE;

/* The reserved place is the prefix, old_bytes long, of a message of old_length bytes, and that message ends here: its
 * edits are those added between. */
void edit_list_close(struct edit_list *l, size_t index, size_t old_bytes, uint64_t old_length);

/* Fills a reserved place that is no length, once. */
void edit_list_fill(struct edit_list *l, size_t index, struct slice ins);

/* Forgets what was added since the list had count edits. */
void edit_list_rewind(struct edit_list *l, size_t count);

/* Room for the edited wire bytes, and for what is written on the way to them. */
size_t edit_list_bound(const struct edit_list *l, struct slice wire);

/* Writes the edited bytes to out, which has edit_list_bound bytes. Returns how many there are. */
size_t edit_list_write(const struct edit_list *l, struct slice wire, char *out);

/* ---------------------------------------------------------------- the same, step by step */

#define EDIT_DEPTH_MAX 64 /* resource, scope, span, and what an attribute nests: see REWRITE_NESTING_MAX */

/* Whoever gives out more room moves what is written and sets out anew. */
struct edit_writer {
	const struct edit_list *list;
	struct slice wire;
	char *out;
	size_t len;  /* written */
	size_t done; /* bytes of wire that were written or deleted */
	size_t next; /* place in the list */
	unsigned depth;
	struct edit_open {
		const struct edit *edit;
		size_t length_at, content_at; /* in out */
	} open[EDIT_DEPTH_MAX];
};

void edit_writer_begin(struct edit_writer *w, const struct edit_list *l, struct slice wire, char *out);

/* Writes the edits before place end, which may not change from then on: their bytes are needed no longer. */
void edit_writer_pass(struct edit_writer *w, size_t end);

/* Writes all that is left. Returns the size of the edited bytes. */
size_t edit_writer_finish(struct edit_writer *w);

#endif
