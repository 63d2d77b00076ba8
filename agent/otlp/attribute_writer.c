/* SPDX-License-Identifier: Apache-2.0
 * otlp/attribute_writer.c - room, and attributes with texts of any length.
 */
#include "agent/otlp/attribute_writer.h"

#define BLOCK_BYTES ((size_t)16 << 10) /* taken from the arena at a time */

void attribute_writer_init(struct attribute_writer *w, struct arena *a)
{
	*w = (struct attribute_writer){ .arena = a };
}

struct slice attribute_writer_take(struct attribute_writer *w)
{
	struct slice written = { w->ptr, w->len };

	if (w->len > 0)
		w->ptr += w->len;
	w->cap -= w->len;
	w->len = 0;
	return written;
}

NOINLINE char *attribute_room_made(struct attribute_writer *w, size_t bytes)
{
	size_t needed = w->len + bytes, cap = needed > BLOCK_BYTES / 2 ? needed * 2 : BLOCK_BYTES;
	char *ptr = w->failed ? NULL : arena_alloc(w->arena, cap);

	if (ptr == NULL) {
		w->failed = true;
		w->cap = w->len; /* nothing fits any more */
		return NULL;
	}
	if (w->len > 0)
		memcpy(ptr, w->ptr, w->len);
	w->ptr = ptr;
	w->cap = cap;
	return ptr + w->len;
}

/* Of any length: those of the KeyValue and of the value come before what they measure. */
void attribute_put_text(struct attribute_writer *w, const struct attribute_key *key, struct slice text)
{
	size_t name = 2 + (size_t)(unsigned char)key->head[3]; /* the key, with tag and length */
	size_t value = 1 + wire_varint_size(text.len) + text.len;
	size_t content = name + 1 + wire_varint_size(value) + value;
	char *at = attribute_room(w, 1 + wire_varint_size(content) + content);

	if (at == NULL)
		return;
	*at++ = key->head[0];
	at += wire_put_varint(at, content);
	memcpy(at, &key->head[2], name + 1); /* and the tag of the value */
	at += name + 1;
	at += wire_put_varint(at, value);
	*at++ = WIRE_TAG(ANY_STRING, WIRE_BYTES);
	at += wire_put_varint(at, text.len);
	if (text.len > 0)
		memcpy(at, text.ptr, text.len);
	attribute_written(w, at + text.len);
}

void attribute_put_written(struct attribute_writer *w, struct slice attributes)
{
	char *at = attribute_room(w, attributes.len);

	if (at == NULL || attributes.len == 0)
		return;
	memcpy(at, attributes.ptr, attributes.len);
	attribute_written(w, at + attributes.len);
}
