/* SPDX-License-Identifier: Apache-2.0
 * otlp/edit.c - a sorted list of edits, grown by doubling in the arena.
 */
#include "agent/otlp/edit.h"

#include <assert.h>

#include "agent/otlp/wire.h"

#define FIRST_CAP      64u
#define EDIT_DEPTH_MAX 64 /* resource, scope, span, and what an attribute nests: see REWRITE_NESTING_MAX */

void edit_list_init(struct edit_list *l, struct arena *a)
{
	*l = (struct edit_list){ .arena = a };
}

static struct status grow(struct edit_list *l)
{
	size_t cap = l->cap > 0 ? l->cap * 2 : FIRST_CAP;
	struct edit *items = arena_array(l->arena, cap, sizeof(*items));

	if (items == NULL)
		return FAIL(NOMEM, "the batch's memory limit leaves no room for its edits");
	if (l->count > 0)
		memcpy(items, l->items, l->count * sizeof(*items));
	l->items = items;
	l->cap = cap;
	return OK;
}

struct status edit_list_add(struct edit_list *l, size_t offset, size_t del, struct slice ins)
{
	assert(l->count == 0 || offset >= l->items[l->count - 1].offset + l->items[l->count - 1].del);
	if (l->count == l->cap)
		TRY(grow(l));
	l->items[l->count++] = (struct edit){ .offset = offset, .del = del, .ins = ins };
	l->delta += (ptrdiff_t)ins.len - (ptrdiff_t)del;
	return OK;
}

struct status edit_list_reserve(struct edit_list *l, size_t offset, size_t *index)
{
	size_t place = l->count;

	TRY(edit_list_add(l, offset, 0, SLICE_NONE));
	*index = place;
	return OK;
}

void edit_list_close(struct edit_list *l, size_t index, size_t old_bytes, uint64_t old_length)
{
	struct edit *e = &l->items[index];

	assert(index < l->count && e->del == 0 && e->ins.len == 0);
	e->end = l->count;
	e->length = old_length;
	e->length_bytes = (uint8_t)old_bytes;
}

void edit_list_fill(struct edit_list *l, size_t index, struct slice ins)
{
	assert(index < l->count && l->items[index].end == 0);
	l->items[index].ins = ins;
}

void edit_list_rewind(struct edit_list *l, size_t count)
{
	assert(count <= l->count);
	l->count = count;
}

/* grown: bytes that the message has more than before. */
static struct status set_length(struct edit_list *l, struct edit *e, ptrdiff_t grown)
{
	char *bytes = (char *)e->ins.ptr; /* from the arena, where it was settled before */

	e->del = 0;
	e->ins.len = 0;
	if (grown == 0)
		return OK;
	if (bytes == NULL)
		bytes = arena_alloc(l->arena, WIRE_VARINT_MAX);
	if (bytes == NULL)
		return FAIL(NOMEM, "the batch's memory limit leaves no room for its edits");
	e->del = e->length_bytes;
	e->ins = (struct slice){ bytes, wire_put_varint(bytes, (uint64_t)((ptrdiff_t)e->length + grown)) };
	return OK;
}

static ptrdiff_t growth(const struct edit *e)
{
	return (ptrdiff_t)e->ins.len - (ptrdiff_t)e->del;
}

/* Messages are inside each other like brackets: the innermost open one closes first. */
struct status edit_list_settle(struct edit_list *l)
{
	struct {
		size_t place;
		ptrdiff_t delta_before;
	} open[EDIT_DEPTH_MAX];
	int depth = 0;

	l->delta = 0;
	for (size_t i = 0; i < l->count; i++) {
		struct edit *e = &l->items[i];
		if (e->end != 0) {
			assert(depth < EDIT_DEPTH_MAX);
			open[depth].place = i;
			open[depth++].delta_before = l->delta;
		} else {
			l->delta += growth(e);
		}
		while (depth > 0 && l->items[open[depth - 1].place].end == i + 1) {
			struct edit *length = &l->items[open[--depth].place];
			TRY(set_length(l, length, l->delta - open[depth].delta_before));
			l->delta += growth(length);
		}
	}
	return OK;
}

size_t edit_list_size(const struct edit_list *l, struct slice wire)
{
	return (size_t)((ptrdiff_t)wire.len + l->delta);
}

static char *put(char *out, const char *bytes, size_t n)
{
	if (n > 0)
		memcpy(out, bytes, n);
	return out + n;
}

void edit_list_write(const struct edit_list *l, struct slice wire, char *out)
{
	size_t done = 0; /* bytes of wire that were written or deleted */

	for (size_t i = 0; i < l->count; i++) {
		const struct edit *e = &l->items[i];
		out = put(out, wire.ptr + done, e->offset - done);
		out = put(out, e->ins.ptr, e->ins.len);
		done = e->offset + e->del;
	}
	if (done < wire.len)
		put(out, wire.ptr + done, wire.len - done);
}
