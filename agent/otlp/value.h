/* SPDX-License-Identifier: Apache-2.0
 * otlp/value.h - one OTLP AnyValue and KeyValue as borrowed views. Attributes are written by otlp/attribute_writer.h.
 */
#ifndef PLIMSOLL_OTLP_VALUE_H
#define PLIMSOLL_OTLP_VALUE_H

#include "agent/otlp/wire.h"

#define WIRE_TAG(number, type) ((number) << 3 | (type))

/* Numbers are the field numbers of opentelemetry.proto.common.v1.AnyValue. */
enum any_kind {
	ANY_NONE = 0, /* no member set: a valid empty value */
	ANY_STRING = 1,
	ANY_BOOL = 2,
	ANY_INT = 3,
	ANY_DOUBLE = 4,
	ANY_ARRAY = 5,  /* bytes: an ArrayValue, for any_array_next */
	ANY_KVLIST = 6, /* bytes: a KeyValueList */
	ANY_BYTES = 7,
};

struct any_value {
	enum any_kind kind;
	union {
		int64_t integer;
		double real;
		bool boolean;
	};
	struct slice bytes; /* string, array, kvlist, bytes; meaningless for the others */
};

struct attribute {
	struct slice key;
	struct any_value value;
};

/* Reads the content of an AnyValue or KeyValue message. The last member of a value wins, also where an encoder wrote
 * one array in two pieces. What arrays and lists hold is checked when it is read. Errors: MALFORMED. */
struct status any_value_read(struct slice message, struct any_value *out) MUST_USE;
static inline struct status attribute_read(struct slice message, struct attribute *out) MUST_USE;

/* As any_value_read, for a further occurrence of the same field: out holds the earlier one, and keeps it where this one
 * is empty. */
struct status any_value_merge(struct slice message, struct any_value *out) MUST_USE;

/* Next element of an ArrayValue's bytes; r comes from wire_reader_of(value.bytes). Broken elements end the array. */
bool any_array_next(struct wire_reader *r, struct any_value *out);

/* Next entry of a KeyValueList's bytes. */
bool any_kvlist_next(struct wire_reader *r, struct attribute *out);

/* ---------------------------------------------------------------- the short cut of attribute_read */

/* A varint of exactly n bytes. */
bool any_whole_varint(const char *p, size_t n, int64_t *out);

/* The same of one or two bytes, as most numbers have, without a call. */
static ALWAYS_INLINE bool any_short_varint(const char *p, size_t n, int64_t *out)
{
	unsigned low = (unsigned char)p[0], high = n == 2 ? (unsigned char)p[1] : 0;

	if (n > 2 || (n == 2) != (low >= 0x80) || high >= 0x80)
		return any_whole_varint(p, n, out);
	*out = (int64_t)((low & 0x7f) | high << 7);
	return true;
}

/* The content of an AnyValue of n bytes (2 to 127) with one member and nothing else: its length takes one byte. */
static ALWAYS_INLINE bool any_read_only_member(const char *p, size_t n, struct any_value *out)
{
	if (p[0] == WIRE_TAG(ANY_STRING, WIRE_BYTES)) { /* the usual kinds first */
		out->kind = ANY_STRING;
		out->bytes = (struct slice){ p + 2, n - 2 };
		return (unsigned char)p[1] == n - 2;
	}
	if (p[0] == WIRE_TAG(ANY_INT, WIRE_VARINT)) {
		out->kind = ANY_INT;
		return any_short_varint(p + 1, n - 1, &out->integer);
	}
	out->kind = (enum any_kind)((unsigned char)p[0] >> 3);
	switch ((unsigned char)p[0]) {
	case WIRE_TAG(ANY_DOUBLE, WIRE_FIXED64):
		out->real = n == 9 ? wire_double(wire_get_fixed64(p + 1)) : 0;
		return n == 9;
	case WIRE_TAG(ANY_BOOL, WIRE_VARINT):
		out->boolean = p[1] != 0;
		return n == 2 && (unsigned char)p[1] < 0x80;
	case WIRE_TAG(ANY_ARRAY, WIRE_BYTES):
	case WIRE_TAG(ANY_KVLIST, WIRE_BYTES):
	case WIRE_TAG(ANY_BYTES, WIRE_BYTES):
		out->bytes = (struct slice){ p + 2, n - 2 };
		return (unsigned char)p[1] == n - 2;
	default:
		return false;
	}
}

/* The value of an attribute whose key was read: the rest of its message, n bytes (2 to 127). */
static ALWAYS_INLINE bool attribute_read_usual_value(const char *p, size_t n, struct any_value *out)
{
	return p[0] == WIRE_TAG(2, WIRE_BYTES) && (unsigned char)p[1] == n - 2 && any_read_only_member(p + 2, n - 2, out);
}

/* An attribute of less than 128 bytes as encoders write it: the key, then a value of one member, so that every length
 * in it takes one byte. False where it is anything else, and out may hold anything then. */
static ALWAYS_INLINE bool attribute_read_usual(struct slice message, struct attribute *out)
{
	const char *p = message.ptr;
	size_t n = message.len;

	if (n < 6 || n >= 0x80 || p[0] != WIRE_TAG(1, WIRE_BYTES) || n < 6u + (unsigned char)p[1])
		return false;
	out->key = (struct slice){ p + 2, (unsigned char)p[1] };
	return attribute_read_usual_value(p + 2 + out->key.len, n - 2 - out->key.len, &out->value);
}

/* The same, of a message of at most 127 bytes, where out holds an attribute that may have the same key, as the one at
 * the same place of the span before: one comparison reads the key and tells that it is known. out keeps that key, which
 * points to where it was read first. */
static ALWAYS_INLINE bool attribute_read_again(struct slice message, struct attribute *out)
{
	const char *p = message.ptr;
	size_t n = message.len, key = out->key.len;

	if (n < key + 6 || p[0] != WIRE_TAG(1, WIRE_BYTES) || (unsigned char)p[1] != key ||
	    !bytes_equal(p + 2, out->key.ptr, key))
		return false;
	return attribute_read_usual_value(p + 2 + key, n - 2 - key, &out->value);
}

/* The same of a text in a message of up to 16 KiB. */
bool attribute_read_text_again(struct slice message, struct attribute *out);

/* attribute_read without its short cut; call that. */
struct status attribute_read_any(struct slice message, struct attribute *out) MUST_USE;

static ALWAYS_INLINE struct status attribute_read(struct slice message, struct attribute *out)
{
	return attribute_read_usual(message, out) ? OK : attribute_read_any(message, out);
}

#endif
