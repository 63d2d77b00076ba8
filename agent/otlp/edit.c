/* SPDX-License-Identifier: Apache-2.0
 * otlp/edit.c - a sorted list of edits, grown by doubling in the arena, and one pass that writes them.
 */
#include "agent/otlp/edit.h"

#include <assert.h>

#include "agent/otlp/wire.h"

#define FIRST_CAP      64u

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
	assert(index < l->count && l->items[index].end == 0 && l->items[index].ins.len == 0);
	l->items[index].ins = ins;
	l->delta += (ptrdiff_t)ins.len;
}

void edit_list_rewind(struct edit_list *l, size_t count)
{
	assert(count <= l->count);
	for (; l->count > count; l->count--) {
		const struct edit *e = &l->items[l->count - 1];
		l->delta -= (ptrdiff_t)e->ins.len - (ptrdiff_t)e->del;
	}
}

size_t edit_list_bound(const struct edit_list *l, struct slice wire)
{
	return (size_t)((ptrdiff_t)wire.len + l->delta) + l->count * WIRE_VARINT_MAX;
}

/* ---------------------------------------------------------------- writing */

void edit_writer_begin(struct edit_writer *w, const struct edit_list *l, struct slice wire, char *out)
{
	*w = (struct edit_writer){ .list = l, .wire = wire, .out = out };
}

static void put(struct edit_writer *w, const char *bytes, size_t n)
{
	if (n > 0)
		memcpy(w->out + w->len, bytes, n);
	w->len += n;
}

static void put_wire_until(struct edit_writer *w, size_t end)
{
	put(w, w->wire.ptr + w->done, end - w->done);
	w->done = end;
}

/* The length is written as it was, with what comes before the next edit, and corrected when its message is over. */
static void open_message(struct edit_writer *w, const struct edit *e)
{
	assert(w->depth < EDIT_DEPTH_MAX);
	w->open[w->depth++] = (struct edit_open){
		.edit = e,
		.length_at = w->len + (e->offset - w->done),
		.content_at = w->len + (e->offset - w->done) + e->length_bytes,
	};
}

/* Messages are inside each other like brackets: the innermost open one closes first. */
static void close_message(struct edit_writer *w)
{
	const struct edit_open *o = &w->open[--w->depth];
	size_t content_before = o->edit->offset + o->edit->length_bytes; /* where it began in the wire bytes */
	ptrdiff_t grown = (ptrdiff_t)(w->len - o->content_at) - (ptrdiff_t)(w->done - content_before);

	if (grown == 0)
		return;
	uint64_t length = (uint64_t)((ptrdiff_t)o->edit->length + grown);
	size_t bytes = wire_varint_size(length);
	if (bytes != o->edit->length_bytes)
		memmove(w->out + o->length_at + bytes, w->out + o->content_at, w->len - o->content_at);
	w->len = w->len + bytes - o->edit->length_bytes;
	wire_put_varint(w->out + o->length_at, length);
}

void edit_writer_pass(struct edit_writer *w, size_t end)
{
	for (; w->next < end; w->next++) {
		const struct edit *e = &w->list->items[w->next];
		if (e->end != 0) {
			open_message(w, e);
		} else if (e->ins.len > 0 || e->del > 0) {
			put_wire_until(w, e->offset);
			put(w, e->ins.ptr, e->ins.len);
			w->done += e->del;
		}
		while (w->depth > 0 && w->open[w->depth - 1].edit->end == w->next + 1)
			close_message(w);
	}
}

size_t edit_writer_finish(struct edit_writer *w)
{
	edit_writer_pass(w, w->list->count);
	put_wire_until(w, w->wire.len);
	return w->len;
}

size_t edit_list_write(const struct edit_list *l, struct slice wire, char *out)
{
	struct edit_writer w;

	edit_writer_begin(&w, l, wire, out);
	return edit_writer_finish(&w);
}
