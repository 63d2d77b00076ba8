/* SPDX-License-Identifier: Apache-2.0
 * otlp/json_write.c - one message is read twice: which of its fields are there, then each of those with all its values,
 * since JSON wants the elements of a repeated field together.
 */
#include "agent/otlp/json_write.h"

#include <inttypes.h>
#include <math.h>

#include "agent/base/base64.h"
#include "agent/base/hex.h"
#include "agent/base/json.h"
#include "agent/otlp/json_scalar.h"

#define DEPTH_MAX  100 /* of messages in messages, as protobuf's own parsers have it */
#define FIELDS_MAX 32  /* of one message */
#define BROKEN     FAIL(MALFORMED, "the request is not OTLP in protobuf")

/* What a message holds of one field. */
struct presence {
	const char *first; /* where its first value begins; NULL: it is not there */
	struct wire_field last;
	uint32_t count;
};

static struct status write_message(const struct json_message *m, struct slice bytes, unsigned depth, struct buf *out);

static void write_hex(struct buf *out, struct slice bytes)
{
	buf_byte(out, '"');
	buf_hex(out, bytes.ptr, bytes.len);
	buf_byte(out, '"');
}

static void write_base64(struct buf *out, struct slice bytes)
{
	buf_byte(out, '"');
	base64_append(out, bytes);
	buf_byte(out, '"');
}

/* What is no number has a word in proto3 JSON. */
static void write_double(struct buf *out, double value)
{
	if (isfinite(value))
		json_write_double(out, value);
	else
		buf_text(out, isnan(value) ? "\"NaN\"" : value > 0 ? "\"Infinity\"" : "\"-Infinity\"");
}

static int32_t from_zigzag(uint64_t bits)
{
	uint32_t n = (uint32_t)bits;

	return (int32_t)(n >> 1) ^ -(int32_t)(n & 1);
}

/* A scalar that is a varint or fixed on the wire. */
static void write_number(enum json_type type, uint64_t bits, struct buf *out)
{
	switch (type) {
	case JSON_TYPE_BOOL:
		buf_text(out, bits != 0 ? "true" : "false");
		break;
	case JSON_TYPE_ENUM:
		buf_printf(out, "%" PRId32, (int32_t)bits);
		break;
	case JSON_TYPE_UINT32:
	case JSON_TYPE_FIXED32:
		buf_printf(out, "%" PRIu32, (uint32_t)bits);
		break;
	case JSON_TYPE_SINT32:
		buf_printf(out, "%" PRId32, from_zigzag(bits));
		break;
	case JSON_TYPE_INT64:
	case JSON_TYPE_SFIXED64:
		buf_printf(out, "\"%" PRId64 "\"", (int64_t)bits);
		break;
	case JSON_TYPE_DOUBLE:
		write_double(out, wire_double(bits));
		break;
	default: /* UINT64, FIXED64 */
		buf_printf(out, "\"%" PRIu64 "\"", bits);
	}
}

static struct status write_value(const struct json_field *field, const struct wire_field *f, unsigned depth,
				 struct buf *out)
{
	switch (field->type) {
	case JSON_TYPE_MESSAGE:
		return write_message(field->message, f->bytes, depth + 1, out);
	case JSON_TYPE_STRING:
		json_write_string(out, f->bytes);
		return OK;
	case JSON_TYPE_BYTES:
		write_base64(out, f->bytes);
		return OK;
	case JSON_TYPE_HEX_ID:
		write_hex(out, f->bytes);
		return OK;
	default:
		write_number(field->type, f->value, out);
		return OK;
	}
}

/* ------------------------------------------------------------------ repeated fields */

static void separate(struct buf *out)
{
	if (out->ptr != NULL && out->ptr[out->len - 1] != '[')
		buf_byte(out, ',');
}

/* One scalar of a packed field. False at its end, or where it is broken. */
static bool next_packed(enum wire_type type, struct slice *rest, uint64_t *bits)
{
	size_t size = type == WIRE_FIXED64 ? 8 : type == WIRE_FIXED32 ? 4 : 0;
	uint64_t value = 0;

	if (rest->len == 0 || rest->len < size)
		return false;
	for (size_t i = 0; i < size; i++)
		value |= (uint64_t)(unsigned char)rest->ptr[i] << 8 * i;
	while (type == WIRE_VARINT && size < rest->len && size < WIRE_VARINT_MAX) {
		unsigned char byte = (unsigned char)rest->ptr[size];
		value |= (uint64_t)(byte & 0x7f) << 7 * size++;
		if ((byte & 0x80) == 0)
			break;
	}
	*rest = slice_skip(*rest, size);
	*bits = value;
	return true;
}

static void write_packed(const struct json_field *field, struct slice bytes, struct buf *out)
{
	uint64_t bits;

	while (next_packed(json_scalar_wire_type(field->type), &bytes, &bits)) {
		separate(out);
		write_number(field->type, bits, out);
	}
}

static struct status write_list(const struct json_field *field, const char *first, const char *end, unsigned depth,
				struct buf *out)
{
	struct wire_reader r = { first, end, false };
	enum wire_type type = json_scalar_wire_type(field->type);
	struct wire_field f;

	buf_byte(out, '[');
	while (wire_next(&r, &f)) {
		if (f.number != field->number)
			continue;
		if (f.type == type) {
			separate(out);
			TRY(write_value(field, &f, depth, out));
		} else if (f.type == WIRE_BYTES) {
			write_packed(field, f.bytes, out);
		}
	}
	buf_byte(out, ']');
	return OK;
}

/* ------------------------------------------------------------------ messages */

static bool fits(const struct json_field *field, const struct wire_field *f)
{
	enum wire_type type = json_scalar_wire_type(field->type);

	return f->type == type || (field->is_repeated && type != WIRE_BYTES && f->type == WIRE_BYTES);
}

/* The row of a field number, or -1. */
static int row_of(const struct json_message *m, const struct wire_field *f)
{
	for (size_t i = 0; i < m->count; i++)
		if (m->fields[i].number == f->number)
			return fits(&m->fields[i], f) ? (int)i : -1;
	return -1;
}

/* *newest: row of the member that came last. */
static struct status take_stock(const struct json_message *m, struct slice bytes, struct presence found[FIELDS_MAX],
				int *newest)
{
	struct wire_reader r = wire_reader_of(bytes);
	struct wire_field f;

	memset(found, 0, m->count * sizeof(*found));
	*newest = -1;
	while (wire_next(&r, &f)) {
		int row = row_of(m, &f);
		if (row < 0)
			continue;
		if (found[row].first == NULL)
			found[row].first = f.start;
		found[row].last = f;
		found[row].count++;
		*newest = row;
	}
	return r.failed ? BROKEN : OK;
}

/* Several values of a message that is not repeated are one message: their bytes behind each other. */
static struct status write_merged(const struct json_field *field, const char *first, const char *end, unsigned depth,
				  struct buf *out)
{
	struct wire_reader r = { first, end, false };
	struct wire_field f;
	struct buf whole = BUF_INIT;

	while (wire_next(&r, &f))
		if (f.number == field->number && f.type == WIRE_BYTES)
			buf_slice(&whole, f.bytes);
	struct status s = buf_failed(&whole) ? FAIL(NOMEM, "no memory to write JSON")
					     : write_message(field->message, buf_view(&whole), depth + 1, out);
	buf_release(&whole);
	return s;
}

static struct status write_field(const struct json_field *field, const struct presence *p, const char *end,
				 unsigned depth, struct buf *out)
{
	bool is_empty = p->last.type == WIRE_BYTES ? p->last.bytes.len == 0 : p->last.value == 0;

	if (!field->is_repeated && !field->is_explicit && field->type != JSON_TYPE_MESSAGE && is_empty)
		return OK;
	json_write_key(out, field->key.ptr);
	if (field->is_repeated)
		return write_list(field, p->first, end, depth, out);
	if (field->type == JSON_TYPE_MESSAGE && p->count > 1)
		return write_merged(field, p->first, end, depth, out);
	return write_value(field, &p->last, depth, out);
}

static struct status write_message(const struct json_message *m, struct slice bytes, unsigned depth, struct buf *out)
{
	struct presence found[FIELDS_MAX];
	int newest;

	if (depth > DEPTH_MAX)
		return FAIL(MALFORMED, "the request is nested too deeply");
	TRY(take_stock(m, bytes, found, &newest));
	buf_byte(out, '{');
	for (size_t i = 0; i < m->count; i++)
		if (found[i].first != NULL && (!m->is_oneof || (int)i == newest))
			TRY(write_field(&m->fields[i], &found[i], bytes.ptr + bytes.len, depth, out));
	buf_byte(out, '}');
	return OK;
}

struct status wire_to_json(struct slice wire, enum signal signal, struct buf *out)
{
	size_t before = out->len;
	struct status s = write_message(json_requests[signal], wire, 0, out);

	if (!FAILED(s) && buf_failed(out))
		s = FAIL(NOMEM, "no memory to write JSON");
	if (FAILED(s))
		out->len = before;
	return s;
}
