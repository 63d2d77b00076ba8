/* SPDX-License-Identifier: Apache-2.0
 * otlp/value.c - AnyValue and KeyValue, read.
 */
#include "agent/otlp/value.h"

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
