/* SPDX-License-Identifier: Apache-2.0
 * daemon/edited_request.c - room for what is written, made in advance by what spans usually get.
 */
#include "agent/daemon/edited_request.h"

#include "agent/base/prefetch.h"

#define ADDED_TIMES_MAX 4u /* the request's size, as a guess: what the last one got may tell nothing of this one */
#define AHEAD_BYTES_MAX 4096u

void edited_request_release(struct edited_request *r)
{
	payload_unref(r->payload);
	r->payload = NULL;
}

/* Moves what is written to a payload with room for so many bytes. */
static void move(struct edited_request *r, size_t room_bytes)
{
	struct payload *larger = payload_new(PAYLOAD_TRACES, room_bytes, 0);

	if (larger != NULL && r->writer.len > 0)
		memcpy(larger->bytes, r->payload->bytes, r->writer.len);
	edited_request_release(r);
	r->payload = larger;
	r->room_bytes = room_bytes;
	if (larger != NULL)
		r->writer.out = larger->bytes;
}

void edited_request_begin(struct edited_request *r, struct edit_list *edits, struct slice wire, size_t calls)
{
	size_t added = calls * r->guess_bytes, most = ADDED_TIMES_MAX * wire.len;

	edited_request_release(r);
	r->edits = edits;
	r->wire = wire;
	edit_writer_begin(&r->writer, edits, wire, NULL);
	move(r, edit_list_bound(edits, wire) + (added < most ? added : most));
	r->fills = r->filled_bytes = 0;
}

static size_t at_most(size_t n, size_t limit)
{
	return n < limit ? n : limit;
}

/* The next span is about as long as the last one. */
static ALWAYS_INLINE void look_ahead(const struct edited_request *r, size_t last_read, size_t last_written)
{
	const struct edit_writer *w = &r->writer;

	prefetch_to_read(w->wire.ptr + w->done, at_most(last_read, AHEAD_BYTES_MAX));
	prefetch_to_write(w->out + w->len, at_most(last_written, AHEAD_BYTES_MAX));
}

void edited_request_fill(struct edited_request *r, size_t place, struct slice attributes)
{
	edit_list_fill(r->edits, place, attributes);
	if (r->payload == NULL)
		return;
	size_t bound = edit_list_bound(r->edits, r->wire);
	if (bound > r->room_bytes)
		move(r, bound + bound / 4);
	if (r->payload == NULL)
		return;
	size_t done = r->writer.done, len = r->writer.len;
	edit_writer_pass(&r->writer, place + 1);
	look_ahead(r, r->writer.done - done, r->writer.len - len);
	r->filled_bytes += attributes.len;
	r->fills++;
}

struct payload *edited_request_end(struct edited_request *r, enum payload_kind kind, uint32_t items)
{
	struct payload *done = r->payload;

	r->payload = NULL;
	if (done == NULL)
		return NULL;
	if (r->fills > 0)
		r->guess_bytes = r->filled_bytes / r->fills * 9 / 8;
	done->kind = kind;
	done->items = items;
	done->size_bytes = edit_writer_finish(&r->writer);
	return done;
}
