/* SPDX-License-Identifier: Apache-2.0
 * otlp/value.h - one OTLP AnyValue and KeyValue as borrowed views, and writing attributes.
 */
#ifndef PLIMSOLL_OTLP_VALUE_H
#define PLIMSOLL_OTLP_VALUE_H

#include "agent/otlp/wire.h"

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
struct status attribute_read(struct slice message, struct attribute *out) MUST_USE;

/* As any_value_read, for a further occurrence of the same field: out holds the earlier one, and keeps it where this one
 * is empty. */
struct status any_value_merge(struct slice message, struct any_value *out) MUST_USE;

/* Next element of an ArrayValue's bytes; r comes from wire_reader_of(value.bytes). Broken elements end the array. */
bool any_array_next(struct wire_reader *r, struct any_value *out);

/* Next entry of a KeyValueList's bytes. */
bool any_kvlist_next(struct wire_reader *r, struct attribute *out);

/* Appends KeyValue messages, each with the tag of the field that holds it (9 in Span), to memory from an arena. */
struct attribute_writer {
	struct arena *arena;
	uint32_t field; /* number of the repeated KeyValue field */
	char *ptr;
	size_t len, cap;
	bool failed; /* the arena was full: nothing more is written */
	size_t *later; /* set by a visit that will write when the walk is over: gets the place in the edit list */
};

void attribute_writer_init(struct attribute_writer *w, struct arena *a, uint32_t field);
void attribute_put_string(struct attribute_writer *w, struct slice key, struct slice value);
void attribute_put_int(struct attribute_writer *w, struct slice key, int64_t value);
void attribute_put_double(struct attribute_writer *w, struct slice key, double value);
void attribute_put_bool(struct attribute_writer *w, struct slice key, bool value);

/* Hands over what was written and goes on empty behind it, in the same memory. */
struct slice attribute_writer_take(struct attribute_writer *w);

#endif
