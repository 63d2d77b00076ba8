/* SPDX-License-Identifier: Apache-2.0
 * otlp/value.c - AnyValue and KeyValue, read and written.
 */
#include "agent/otlp/value.h"

#include <assert.h>

#define WRITER_BLOCK_BYTES 4096u

static struct status take_member(const struct wire_field *f, struct any_value *out)
{
	static const uint8_t types[] = {
		[ANY_STRING] = WIRE_BYTES,   [ANY_BOOL] = WIRE_VARINT, [ANY_INT] = WIRE_VARINT,
		[ANY_DOUBLE] = WIRE_FIXED64, [ANY_ARRAY] = WIRE_BYTES, [ANY_KVLIST] = WIRE_BYTES,
		[ANY_BYTES] = WIRE_BYTES,
	};

	if (f->number >= sizeof(types))
		return OK;
	if (f->type != types[f->number])
		return FAIL(MALFORMED, "an attribute value has a member of the wrong type");
	out->kind = (enum any_kind)f->number;
	if (f->type == WIRE_BYTES)
		out->bytes = f->bytes;
	else if (out->kind == ANY_DOUBLE)
		out->real = wire_double(f->value);
	else if (out->kind == ANY_BOOL)
		out->boolean = f->value != 0;
	else
		out->integer = (int64_t)f->value;
	return OK;
}

struct status any_value_merge(struct slice message, struct any_value *out)
{
	struct wire_reader r = wire_reader_of(message);
	struct wire_field f;

	while (wire_next(&r, &f)) {
		if (f.number == ANY_STRING && f.type == WIRE_BYTES) {
			out->kind = ANY_STRING;
			out->bytes = f.bytes;
		} else {
			TRY(take_member(&f, out));
		}
	}
	return r.failed ? FAIL(MALFORMED, "an attribute value is cut off or broken") : OK;
}

struct status any_value_read(struct slice message, struct any_value *out)
{
	out->kind = ANY_NONE;
	return any_value_merge(message, out);
}

bool any_whole_varint(const char *p, size_t n, int64_t *out)
{
	uint64_t value = 0;

	for (size_t i = 0; i < n && i < WIRE_VARINT_MAX; i++) {
		value |= (uint64_t)(p[i] & 0x7f) << (7 * i);
		if ((unsigned char)p[i] < 0x80) {
			*out = (int64_t)value;
			return i + 1 == n;
		}
	}
	return false;
}

/* The content of the field with this tag, which ends where the message does, or nothing. */
static struct slice last_content(const char *p, const char *end, char tag)
{
	if (end - p < 2 || *p != tag)
		return SLICE_NONE;
	struct slice content = wire_short_content(p + 1, end);
	return content.ptr != NULL && content.ptr + content.len == end ? content : SLICE_NONE;
}

/* The other usual attribute: a key with a text of up to 16 KiB. */
static bool read_text(struct slice message, struct attribute *out)
{
	const char *end = message.ptr + message.len;

	if (message.len < 2 || message.ptr[0] != WIRE_TAG(1, WIRE_BYTES))
		return false;
	out->key = wire_short_content(message.ptr + 1, end);
	if (out->key.ptr == NULL)
		return false;
	struct slice value = last_content(out->key.ptr + out->key.len, end, WIRE_TAG(2, WIRE_BYTES));
	if (value.ptr == NULL)
		return false;
	out->value.kind = ANY_STRING;
	out->value.bytes = last_content(value.ptr, value.ptr + value.len, WIRE_TAG(ANY_STRING, WIRE_BYTES));
	return out->value.bytes.ptr != NULL;
}

bool attribute_read_text_again(struct slice message, struct attribute *out)
{
	const char *p = message.ptr, *end = p + message.len;
	size_t key = out->key.len;

	if (message.len < key + 6 || p[0] != WIRE_TAG(1, WIRE_BYTES) || key >= 0x80 || (unsigned char)p[1] != key ||
	    !bytes_equal(p + 2, out->key.ptr, key))
		return false;
	struct slice value = last_content(p + 2 + key, end, WIRE_TAG(2, WIRE_BYTES));
	if (value.ptr == NULL)
		return false;
	out->value.kind = ANY_STRING;
	out->value.bytes = last_content(value.ptr, end, WIRE_TAG(ANY_STRING, WIRE_BYTES));
	return out->value.bytes.ptr != NULL;
}

struct status attribute_read_any(struct slice message, struct attribute *out)
{
	struct wire_reader r = wire_reader_of(message);
	struct wire_field f;

	if (read_text(message, out))
		return OK;
	*out = (struct attribute){ 0 };
	while (wire_next(&r, &f)) {
		if (f.number > 2)
			continue;
		if (f.type != WIRE_BYTES)
			return FAIL(MALFORMED, "an attribute has a member of the wrong type");
		if (f.number == 1)
			out->key = f.bytes;
		else
			TRY(any_value_merge(f.bytes, &out->value));
	}
	return r.failed ? FAIL(MALFORMED, "an attribute is cut off or broken") : OK;
}

/* Next occurrence of field 1, the `values` of both ArrayValue and KeyValueList. */
static bool next_entry(struct wire_reader *r, struct slice *content)
{
	struct wire_field f;

	while (wire_next(r, &f)) {
		if (f.number != 1)
			continue;
		*content = f.bytes;
		return f.type == WIRE_BYTES;
	}
	return false;
}

bool any_array_next(struct wire_reader *r, struct any_value *out)
{
	struct slice content;

	return next_entry(r, &content) && !FAILED(any_value_read(content, out));
}

bool any_kvlist_next(struct wire_reader *r, struct attribute *out)
{
	struct slice content;

	return next_entry(r, &content) && !FAILED(attribute_read(content, out));
}

void attribute_writer_init(struct attribute_writer *w, struct arena *a, uint32_t field)
{
	assert(field < 16); /* its tag takes one byte */
	*w = (struct attribute_writer){ .arena = a, .field = field };
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

/* Room for n bytes more. */
static NOINLINE bool writer_grow(struct attribute_writer *w, size_t n)
{
	size_t cap = w->len + n > WRITER_BLOCK_BYTES / 2 ? (w->len + n) * 2 : WRITER_BLOCK_BYTES;
	char *ptr = w->failed ? NULL : arena_alloc(w->arena, cap);

	w->failed = ptr == NULL;
	if (w->failed)
		return false;
	if (w->len > 0)
		memcpy(ptr, w->ptr, w->len);
	w->ptr = ptr;
	w->cap = cap;
	return true;
}

/* A KeyValue whose length takes more than a byte: all but the content of its AnyValue. */
static NOINLINE char *begin_long(char *at, const struct attribute_key *key, size_t key_bytes, size_t value_bytes)
{
	at += wire_put_varint(at, 2 + key_bytes + 1 + wire_varint_size(value_bytes) + value_bytes);
	memcpy(at, &key->head[2], 2 + key_bytes + 1);
	at += 2 + key_bytes + 1;
	return at + wire_put_varint(at, value_bytes);
}

/* Everything of the KeyValue before the content of its AnyValue, which will take value_bytes. NULL without memory. */
static ALWAYS_INLINE char *begin(struct attribute_writer *w, const struct attribute_key *key, size_t value_bytes)
{
	size_t room = ATTRIBUTE_KEY_BYTES + 2 * WIRE_VARINT_MAX + value_bytes, key_bytes = (unsigned char)key->head[3];
	size_t content = 2 + key_bytes + 2 + value_bytes;

	if ((w->failed || room > w->cap - w->len) && !writer_grow(w, room))
		return NULL;
	char *at = w->ptr + w->len;
	memcpy(at, key, sizeof(*key));
	at[0] = (char)WIRE_TAG(w->field, WIRE_BYTES);
	if (content >= 0x80)
		return begin_long(at + 1, key, key_bytes, value_bytes);
	at[1] = (char)content;
	at += 4 + key_bytes + 1;
	*at = (char)value_bytes;
	return at + 1;
}

static ALWAYS_INLINE void finish(struct attribute_writer *w, const char *at)
{
	w->len = (size_t)(at - w->ptr);
}

void attribute_put_string(struct attribute_writer *w, const struct attribute_key *key, struct slice value)
{
	char *at = begin(w, key, 1 + wire_varint_size(value.len) + value.len);

	if (at == NULL)
		return;
	*at++ = WIRE_TAG(ANY_STRING, WIRE_BYTES);
	at += wire_put_varint(at, value.len);
	if (value.len > 0)
		memcpy(at, value.ptr, value.len);
	finish(w, at + value.len);
}

void attribute_put_int(struct attribute_writer *w, const struct attribute_key *key, int64_t value)
{
	char *at = begin(w, key, 1 + wire_varint_size((uint64_t)value));

	if (at == NULL)
		return;
	*at++ = WIRE_TAG(ANY_INT, WIRE_VARINT);
	finish(w, at + wire_put_varint(at, (uint64_t)value));
}

void attribute_put_double(struct attribute_writer *w, const struct attribute_key *key, double value)
{
	char *at = begin(w, key, 1 + 8);

	if (at == NULL)
		return;
	*at++ = WIRE_TAG(ANY_DOUBLE, WIRE_FIXED64);
	wire_put_fixed64(at, wire_double_bits(value));
	finish(w, at + 8);
}

void attribute_put_bool(struct attribute_writer *w, const struct attribute_key *key, bool value)
{
	char *at = begin(w, key, 2);

	if (at == NULL)
		return;
	*at++ = WIRE_TAG(ANY_BOOL, WIRE_VARINT);
	*at = value ? 1 : 0;
	finish(w, at + 1);
}
