/* SPDX-License-Identifier: Apache-2.0
 * otlp/wire.h - the protobuf wire format: reading fields from borrowed bytes, writing them to a buffer.
 *
 * Source: protobuf encoding, wire types 0 (varint), 1 (fixed 64), 2 (length-delimited), 5 (fixed 32); groups (3, 4)
 * are deprecated and refused. Nothing here allocates, and nothing trusts a length.
 */
#ifndef PLIMSOLL_OTLP_WIRE_H
#define PLIMSOLL_OTLP_WIRE_H

#include <endian.h>

#include "agent/base/arena.h"
#include "agent/base/compiler.h"
#include "agent/base/slice.h"
#include "agent/base/status.h"

#define WIRE_VARINT_MAX 10 /* bytes of the longest varint */

enum wire_type { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

struct wire_reader {
	const char *at, *end;
	bool failed; /* the bytes broke the format; every later read says "no more" */
};

struct wire_field {
	uint32_t number;
	enum wire_type type;
	uint64_t value;     /* varint and fixed: the bits */
	struct slice bytes; /* WIRE_BYTES: the content */
	const char *start;  /* first byte of the field's tag */
};

static inline struct wire_reader wire_reader_of(struct slice message)
{
	return (struct wire_reader){ message.ptr, message.len > 0 ? message.ptr + message.len : message.ptr, false };
}

/* The eight bytes of a fixed64, least significant first. */
static inline uint64_t wire_get_fixed64(const char *bytes)
{
	uint64_t bits;

	memcpy(&bits, bytes, sizeof(bits));
	return le64toh(bits);
}

/* The content behind a length of one or two bytes, as nearly all are; at points to the length, and before end. Its ptr is
 * NULL where the length is longer than that, or the message ends before the content does. */
static ALWAYS_INLINE struct slice wire_short_content(const char *at, const char *end)
{
	size_t n = (unsigned char)*at++;

	if (n >= 0x80) {
		if (at == end || (unsigned char)*at >= 0x80)
			return SLICE_NONE;
		n = (n & 0x7f) | (size_t)(unsigned char)*at++ << 7;
	}
	return n <= (size_t)(end - at) ? (struct slice){ at, n } : SLICE_NONE;
}

/* wire_next without its short cuts; call that. */
bool wire_next_any(struct wire_reader *r, struct wire_field *f);

/* Next field of the message. False at its end, and where the bytes are broken (then r->failed). */
static inline bool wire_next(struct wire_reader *r, struct wire_field *f)
{
	/* Most fields are length-delimited, with one byte of tag and one or two of length. */
	if (r->end - r->at >= 2) {
		unsigned char tag = (unsigned char)r->at[0], second = (unsigned char)r->at[1];
		if ((tag & 0x87) == WIRE_BYTES && tag >= 8) {
			struct slice content = wire_short_content(r->at + 1, r->end);
			if (content.ptr != NULL) {
				*f = (struct wire_field){
					.number = tag >> 3, .type = WIRE_BYTES, .bytes = content, .start = r->at
				};
				r->at = content.ptr + content.len;
				return true;
			}
		}
		if ((tag & 0x87) == WIRE_VARINT && tag >= 8 && second < 0x80) { /* its kind */
			*f = (struct wire_field){
				.number = tag >> 3, .type = WIRE_VARINT, .value = second, .start = r->at
			};
			r->at += 2;
			return true;
		}
		if ((tag & 0x87) == WIRE_FIXED64 && tag >= 8 && r->end - r->at >= 9) { /* and its times */
			*f = (struct wire_field){
				.number = tag >> 3, .type = WIRE_FIXED64, .value = wire_get_fixed64(r->at + 1), .start = r->at
			};
			r->at += 9;
			return true;
		}
	}
	/* Copies, so that the address of r and f never leaves the caller and the compiler can keep them in registers. */
	struct wire_reader reader = *r;
	struct wire_field field = { 0 };
	bool found = wire_next_any(&reader, &field);
	*r = reader;
	*f = field;
	return found;
}

/* First byte of a WIRE_BYTES field's length, behind its tag. */
static inline const char *wire_length_start(const struct wire_field *f)
{
	const char *p = f->start;

	while (*p++ & 0x80)
		;
	return p;
}

/* Bytes that value takes as a varint, 1 to WIRE_VARINT_MAX. */
static inline size_t wire_varint_size(uint64_t value)
{
	unsigned bits = 64 - (unsigned)__builtin_clzll(value | 1);

	return (bits + 6) / 7;
}

/* Writes value at out (room for WIRE_VARINT_MAX bytes), returns the bytes written. */
static inline size_t wire_put_varint(char *out, uint64_t value)
{
	size_t n = 0;

	while (value >= 0x80) {
		out[n++] = (char)(value | 0x80);
		value >>= 7;
	}
	out[n++] = (char)value;
	return n;
}

void wire_put_fixed64(char *out, uint64_t bits);

static inline double wire_double(uint64_t bits)
{
	double value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

static inline uint64_t wire_double_bits(double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

#endif
