/* SPDX-License-Identifier: Apache-2.0
 * otlp/wire.h - the protobuf wire format: reading fields from borrowed bytes, writing them to a buffer.
 *
 * Source: protobuf encoding, wire types 0 (varint), 1 (fixed 64), 2 (length-delimited), 5 (fixed 32); groups (3, 4)
 * are deprecated and refused. Nothing here allocates, and nothing trusts a length.
 */
#ifndef PLIMSOLL_OTLP_WIRE_H
#define PLIMSOLL_OTLP_WIRE_H

#include "agent/base/arena.h"
#include "agent/base/slice.h"
#include "agent/base/status.h"

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
	return (struct wire_reader){ message.ptr, message.ptr + message.len, false };
}

/* Next field of the message. False at its end, and where the bytes are broken (then r->failed). */
bool wire_next(struct wire_reader *r, struct wire_field *f);

/* Bytes that value takes as a varint, 1 to 10. */
size_t wire_varint_size(uint64_t value);

/* Writes value at out (room for 10 bytes), returns the bytes written. */
size_t wire_put_varint(char *out, uint64_t value);

double wire_double(uint64_t bits);
uint64_t wire_double_bits(double value);

#endif
