/* SPDX-License-Identifier: Apache-2.0
 * otlp/any_json.c - the recursion over AnyValue.
 */
#include "agent/otlp/any_json.h"

#include <inttypes.h>

#include "agent/base/base64.h"
#include "agent/base/json.h"

#define DEPTH_MAX 24

static void write_value(struct buf *out, const struct any_value *v, enum any_json_bytes bytes_as, unsigned depth);

static void write_list(struct buf *out, struct slice bytes, enum any_json_bytes bytes_as, unsigned depth)
{
	struct wire_reader elements = wire_reader_of(bytes);
	struct any_value element;
	bool first = true;

	buf_byte(out, '[');
	for (; any_array_next(&elements, &element); first = false) {
		if (!first)
			buf_byte(out, ',');
		write_value(out, &element, bytes_as, depth + 1);
	}
	buf_byte(out, ']');
}

static void write_map(struct buf *out, struct slice bytes, enum any_json_bytes bytes_as, unsigned depth)
{
	struct wire_reader entries = wire_reader_of(bytes);
	struct attribute entry;
	bool first = true;

	buf_byte(out, '{');
	for (; any_kvlist_next(&entries, &entry); first = false) {
		if (!first)
			buf_byte(out, ',');
		json_write_string(out, entry.key);
		buf_byte(out, ':');
		write_value(out, &entry.value, bytes_as, depth + 1);
	}
	buf_byte(out, '}');
}

static void write_bytes(struct buf *out, struct slice bytes, enum any_json_bytes bytes_as)
{
	if (bytes_as == BYTES_AS_NULL) {
		buf_text(out, "null");
		return;
	}
	buf_byte(out, '"');
	base64_append(out, bytes);
	buf_byte(out, '"');
}

static void write_value(struct buf *out, const struct any_value *v, enum any_json_bytes bytes_as, unsigned depth)
{
	if (depth > DEPTH_MAX) {
		buf_text(out, "null");
		return;
	}
	switch (v->kind) {
	case ANY_STRING:
		json_write_string(out, v->bytes);
		break;
	case ANY_BOOL:
		buf_text(out, v->boolean ? "true" : "false");
		break;
	case ANY_INT:
		buf_printf(out, "%" PRId64, v->integer);
		break;
	case ANY_DOUBLE:
		json_write_double(out, v->real);
		break;
	case ANY_ARRAY:
		write_list(out, v->bytes, bytes_as, depth);
		break;
	case ANY_KVLIST:
		write_map(out, v->bytes, bytes_as, depth);
		break;
	case ANY_BYTES:
		write_bytes(out, v->bytes, bytes_as);
		break;
	case ANY_NONE:
		buf_text(out, "null");
		break;
	}
}

void any_json_write(struct buf *out, const struct any_value *v, enum any_json_bytes bytes)
{
	write_value(out, v, bytes, 0);
}
