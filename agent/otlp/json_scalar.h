/* SPDX-License-Identifier: Apache-2.0
 * otlp/json_scalar.h - one JSON value as the bits or bytes of one protobuf scalar.
 */
#ifndef PLIMSOLL_OTLP_JSON_SCALAR_H
#define PLIMSOLL_OTLP_JSON_SCALAR_H

#include "agent/base/json.h"
#include "agent/otlp/json_messages.h"
#include "agent/otlp/wire.h"

enum wire_type json_scalar_wire_type(enum json_type type);

/* Reads the next value of j: bits is what a varint or fixed field of that type holds (zigzag for sint32).
 * Errors: MALFORMED, another kind of value, or out of the type's range. */
struct status json_scalar_read(enum json_type type, struct json *j, uint64_t *bits) MUST_USE;

/* The bytes of a string, of base64 (either alphabet, padded or not) or of a hex id; from scratch where they are not the
 * string's own. Errors: MALFORMED; NOMEM. */
struct status json_scalar_text(enum json_type type, struct json_string string, struct arena *scratch,
			       struct slice *bytes) MUST_USE;

#endif
