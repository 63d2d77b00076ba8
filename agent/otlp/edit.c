/* SPDX-License-Identifier: Apache-2.0
 * otlp/edit.c - a sorted list of edits, grown by doubling in the arena.
 */
#include "agent/otlp/edit.h"

#include <assert.h>

#include "agent/otlp/wire.h"

#define FIRST_CAP 64u

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
	l->items[l->count++] = (struct edit){ offset, del, ins };
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

struct status edit_list_length(struct edit_list *l, size_t index, size_t old_bytes, uint64_t new_length)
{
	struct edit *e = &l->items[index];
	char *bytes = arena_alloc(l->arena, WIRE_VARINT_MAX);

	assert(index < l->count && e->del == 0 && e->ins.len == 0);
	if (bytes == NULL)
		return FAIL(NOMEM, "the batch's memory limit leaves no room for its edits");
	e->del = old_bytes;
	e->ins = (struct slice){ bytes, wire_put_varint(bytes, new_length) };
	l->delta += (ptrdiff_t)e->ins.len - (ptrdiff_t)old_bytes;
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
