/* SPDX-License-Identifier: Apache-2.0
 * otlp/any_json.h - an OTLP value as plain JSON text: what it holds, without the names of its types.
 */
#ifndef PLIMSOLL_OTLP_ANY_JSON_H
#define PLIMSOLL_OTLP_ANY_JSON_H

#include "agent/base/buf.h"
#include "agent/otlp/value.h"

/* What stands for bytes, which JSON has no word for. */
enum any_json_bytes {
	BYTES_AS_NULL, /* for those who look for words */
	BYTES_AS_BASE64,
};

/* Appended. Lists and maps nest up to a bound, beyond which they are null. */
void any_json_write(struct buf *out, const struct any_value *v, enum any_json_bytes bytes);

#endif
