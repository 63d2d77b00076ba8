/* SPDX-License-Identifier: Apache-2.0
 * otlp/json_scalar.c - numbers as numbers or strings, enums as numbers only, ids in hex, other bytes in base64.
 */
#include "agent/otlp/json_scalar.h"

#include <math.h>

#include "agent/base/hex.h"

#define BAD_RANGE FAIL(MALFORMED, "a number does not fit its field")

enum wire_type json_scalar_wire_type(enum json_type type)
{
	switch (type) {
	case JSON_TYPE_FIXED64:
	case JSON_TYPE_SFIXED64:
	case JSON_TYPE_DOUBLE:
		return WIRE_FIXED64;
	case JSON_TYPE_FIXED32:
		return WIRE_FIXED32;
	case JSON_TYPE_MESSAGE:
	case JSON_TYPE_STRING:
	case JSON_TYPE_BYTES:
	case JSON_TYPE_HEX_ID:
		return WIRE_BYTES;
	default:
		return WIRE_VARINT;
	}
}

static struct status failure(const struct json *j)
{
	return FAIL(MALFORMED, j->why != NULL ? j->why : "not OTLP/JSON");
}

/* A number's text, quoted or not. Escapes in it make it no number. */
static struct status number_text(struct json *j, struct slice *text)
{
	struct json_string string;

	if (json_peek(j) != JSON_STRING)
		return json_number(j, text) ? OK : failure(j);
	if (!json_string(j, &string))
		return failure(j);
	*text = string.raw;
	return OK;
}

/* Also 1e3 and 5.0: what a JSON library may write for a whole number. */
static bool to_signed(struct slice text, int64_t *out)
{
	double real;

	if (slice_to_i64(text, out))
		return true;
	if (!slice_to_double(text, &real) || real < -0x1p63 || real >= 0x1p63 || real != trunc(real))
		return false;
	*out = (int64_t)real;
	return true;
}

static bool to_unsigned(struct slice text, uint64_t *out)
{
	double real;

	if (slice_to_u64(text, out))
		return true;
	if (!slice_to_double(text, &real) || real < 0 || real >= 0x1p64 || real != trunc(real))
		return false;
	*out = (uint64_t)real;
	return true;
}

static struct status read_signed(struct json *j, int64_t min, int64_t max, int64_t *out)
{
	struct slice text;

	TRY(number_text(j, &text));
	return to_signed(text, out) && *out >= min && *out <= max ? OK : BAD_RANGE;
}

static struct status read_unsigned(struct json *j, uint64_t max, uint64_t *out)
{
	struct slice text;

	TRY(number_text(j, &text));
	return to_unsigned(text, out) && *out <= max ? OK : BAD_RANGE;
}

static struct status read_double(struct json *j, double *out)
{
	struct slice text;

	TRY(number_text(j, &text));
	if (slice_to_double(text, out))
		return OK;
	if (slice_equal(text, SLICE("NaN")))
		*out = NAN;
	else if (slice_equal(text, SLICE("Infinity")))
		*out = INFINITY;
	else if (slice_equal(text, SLICE("-Infinity")))
		*out = -INFINITY;
	else
		return BAD_RANGE;
	return OK;
}

struct status json_scalar_read(enum json_type type, struct json *j, uint64_t *bits)
{
	int64_t whole = 0;
	double real = 0;
	bool truth = false;

	switch (type) {
	case JSON_TYPE_BOOL:
		if (!json_bool(j, &truth))
			return failure(j);
		*bits = truth;
		return OK;
	case JSON_TYPE_ENUM:
		if (json_peek(j) != JSON_NUMBER)
			return FAIL(MALFORMED, "an enum must be a number");
		TRY(read_signed(j, INT32_MIN, INT32_MAX, &whole));
		*bits = (uint64_t)whole;
		return OK;
	case JSON_TYPE_SINT32:
		TRY(read_signed(j, INT32_MIN, INT32_MAX, &whole));
		*bits = whole < 0 ? ~((uint64_t)whole << 1) : (uint64_t)whole << 1;
		return OK;
	case JSON_TYPE_INT64:
	case JSON_TYPE_SFIXED64:
		TRY(read_signed(j, INT64_MIN, INT64_MAX, &whole));
		*bits = (uint64_t)whole;
		return OK;
	case JSON_TYPE_DOUBLE:
		TRY(read_double(j, &real));
		*bits = wire_double_bits(real);
		return OK;
	case JSON_TYPE_UINT32:
	case JSON_TYPE_FIXED32:
		return read_unsigned(j, UINT32_MAX, bits);
	default:
		return read_unsigned(j, UINT64_MAX, bits);
	}
}

static struct status from_hex(struct slice text, char *out, size_t *n)
{
	if (text.len % 2 != 0)
		return FAIL(MALFORMED, "an id has an odd number of hex digits");
	*n = text.len / 2;
	return hex_parse(text, out, *n) ? OK : FAIL(MALFORMED, "an id is not in hex");
}

static int base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+' || c == '-')
		return 62;
	return c == '/' || c == '_' ? 63 : -1;
}

static struct status from_base64(struct slice text, char *out, size_t *n)
{
	uint32_t bits = 0, have = 0;

	*n = 0;
	if (text.len % 4 == 0)
		for (int padding = 0; padding < 2 && text.len > 0 && text.ptr[text.len - 1] == '='; padding++)
			text.len--;
	if (text.len % 4 == 1)
		return FAIL(MALFORMED, "bytes in base64 are cut off");
	for (size_t i = 0; i < text.len; i++) {
		int value = base64_value(text.ptr[i]);
		if (value < 0)
			return FAIL(MALFORMED, "bytes are not in base64");
		bits = bits << 6 | (uint32_t)value;
		have += 6;
		if (have >= 8) {
			have -= 8;
			out[(*n)++] = (char)(bits >> have);
		}
	}
	return OK;
}

struct status json_scalar_text(enum json_type type, struct json_string string, struct arena *scratch,
			       struct slice *bytes)
{
	struct slice text = json_unescape(string, scratch);
	size_t n = 0;

	if (text.ptr == NULL)
		return FAIL(NOMEM, "no memory for a string");
	if (type == JSON_TYPE_STRING) {
		*bytes = text;
		return OK;
	}
	char *out = arena_alloc(scratch, text.len); /* both encodings are longer than what they encode */
	if (out == NULL)
		return FAIL(NOMEM, "no memory for a string");
	TRY(type == JSON_TYPE_HEX_ID ? from_hex(text, out, &n) : from_base64(text, out, &n));
	*bytes = (struct slice){ out, n };
	return OK;
}
