/* SPDX-License-Identifier: Apache-2.0
 * otlp/wire.c - tags, varints and lengths, bounds checked before every read.
 */
#include "agent/otlp/wire.h"

#include <endian.h>

#define TAG_BYTES_MAX    5 /* a tag is a 32-bit varint */
#define LENGTH_BYTES_MAX 5 /* so is a length, and it is positive as int32 */

/* At most bytes_max bytes long; bits past the 64th are dropped, as protobuf's own parsers do. */
static bool read_varint(struct wire_reader *r, unsigned bytes_max, uint64_t *out)
{
	uint64_t value = 0;

	if (r->at < r->end && (unsigned char)*r->at < 0x80) {
		*out = (unsigned char)*r->at++;
		return true;
	}
	for (unsigned i = 0; i < bytes_max && r->at < r->end; i++) {
		unsigned char byte = (unsigned char)*r->at++;
		value |= (uint64_t)(byte & 0x7f) << (7 * i);
		if (byte < 0x80) {
			*out = value;
			return true;
		}
	}
	return false;
}

static bool read_fixed64(struct wire_reader *r, uint64_t *out)
{
	if (r->end - r->at < 8)
		return false;
	*out = wire_get_fixed64(r->at);
	r->at += 8;
	return true;
}

static bool read_fixed32(struct wire_reader *r, uint64_t *out)
{
	uint32_t bits;

	if (r->end - r->at < 4)
		return false;
	memcpy(&bits, r->at, 4);
	*out = le32toh(bits);
	r->at += 4;
	return true;
}

static bool read_bytes(struct wire_reader *r, struct slice *out)
{
	uint64_t length;

	if (!read_varint(r, LENGTH_BYTES_MAX, &length) || length > INT32_MAX || length > (uint64_t)(r->end - r->at))
		return false;
	*out = (struct slice){ r->at, (size_t)length };
	r->at += length;
	return true;
}

static bool read_content(struct wire_reader *r, struct wire_field *f)
{
	switch (f->type) {
	case WIRE_VARINT:
		return read_varint(r, WIRE_VARINT_MAX, &f->value);
	case WIRE_FIXED64:
		return read_fixed64(r, &f->value);
	case WIRE_BYTES:
		return read_bytes(r, &f->bytes);
	case WIRE_FIXED32:
		return read_fixed32(r, &f->value);
	default:
		return false;
	}
}

bool wire_next_any(struct wire_reader *r, struct wire_field *f)
{
	uint64_t tag;

	if (r->failed || r->at == r->end)
		return false;
	f->start = r->at;
	if (read_varint(r, TAG_BYTES_MAX, &tag)) {
		f->number = (uint32_t)(tag >> 3);
		f->type = (enum wire_type)(tag & 7);
		if (f->number != 0 && read_content(r, f))
			return true;
	}
	r->failed = true;
	r->at = r->end;
	return false;
}

void wire_put_fixed64(char *out, uint64_t bits)
{
	bits = htole64(bits);
	memcpy(out, &bits, sizeof(bits));
}
