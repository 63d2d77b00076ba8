/* SPDX-License-Identifier: Apache-2.0
 * otlp/json_messages.h - which JSON key of which OTLP message is which protobuf field: the tables of the transcoder.
 */
#ifndef PLIMSOLL_OTLP_JSON_MESSAGES_H
#define PLIMSOLL_OTLP_JSON_MESSAGES_H

#include "agent/base/slice.h"
#include "agent/span/batch.h"

/* protobuf's scalar types, as far as OTLP uses them; HEX_ID is `bytes` that OTLP/JSON writes in hex. */
enum json_type {
	JSON_TYPE_MESSAGE,
	JSON_TYPE_STRING,
	JSON_TYPE_BYTES,
	JSON_TYPE_HEX_ID,
	JSON_TYPE_BOOL,
	JSON_TYPE_ENUM,
	JSON_TYPE_INT64,
	JSON_TYPE_UINT32,
	JSON_TYPE_UINT64,
	JSON_TYPE_SINT32,
	JSON_TYPE_FIXED32,
	JSON_TYPE_FIXED64,
	JSON_TYPE_SFIXED64,
	JSON_TYPE_DOUBLE,
};

struct json_message;

struct json_field {
	struct slice key;
	uint32_t number;
	enum json_type type;
	bool is_repeated;                   /* scalars are packed */
	bool is_explicit;                   /* member of a oneof, or optional: written even where it is zero or empty */
	const struct json_message *message; /* of JSON_TYPE_MESSAGE */
};

struct json_message {
	const struct json_field *fields;
	size_t count;
	bool is_oneof; /* its fields exclude each other: the one that comes last holds */
};

/* The export request of each signal. */
extern const struct json_message *const json_requests[SIGNAL_COUNT];

#endif
