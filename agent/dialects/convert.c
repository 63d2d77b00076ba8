/* SPDX-License-Identifier: Apache-2.0
 * dialects/convert.c - the conversions that dialect tables name.
 */
#include "agent/dialects/convert.h"

#include <inttypes.h>
#include <math.h>

#include "agent/base/clock.h"
#include "agent/base/json.h"

#define PUSD_PER_USD 1e12

bool convert_text(const struct any_value *v, struct arena *a, struct slice *out)
{
	struct wire_reader elements;
	struct any_value first;

	switch (v->kind) {
	case ANY_STRING:
		*out = v->bytes;
		return true;
	case ANY_INT:
		*out = arena_printf(a, "%" PRId64, v->integer);
		return out->ptr != NULL;
	case ANY_DOUBLE:
		*out = arena_printf(a, "%.15g", v->real);
		return out->ptr != NULL;
	case ANY_BOOL:
		*out = v->boolean ? SLICE("true") : SLICE("false");
		return true;
	case ANY_ARRAY:
		elements = wire_reader_of(v->bytes);
		if (!any_array_next(&elements, &first) || first.kind != ANY_STRING)
			return false;
		*out = first.bytes;
		return true;
	case ANY_NONE:
		*out = SLICE_NONE;
		return true;
	default:
		return false;
	}
}

static bool count_of_real(double real, uint64_t *out)
{
	if (!(real >= 0 && real <= (double)COUNT_MAX) || floor(real) != real)
		return false;
	*out = (uint64_t)real;
	return true;
}

/* Of whole numbers, some write "12.0". */
static bool count_of_text(struct slice text, uint64_t *out)
{
	double real;

	if (slice_to_u64(text, out))
		return *out <= COUNT_MAX;
	return slice_to_double(text, &real) && count_of_real(real, out);
}

bool convert_count(const struct any_value *v, uint64_t *out)
{
	switch (v->kind) {
	case ANY_INT:
		*out = (uint64_t)v->integer;
		return *out <= COUNT_MAX;
	case ANY_DOUBLE:
		return count_of_real(v->real, out);
	case ANY_STRING:
		return count_of_text(slice_trim(v->bytes), out);
	default:
		return false;
	}
}

bool convert_real(const struct any_value *v, double *out)
{
	switch (v->kind) {
	case ANY_INT:
		*out = (double)v->integer;
		break;
	case ANY_DOUBLE:
		*out = v->real;
		break;
	case ANY_STRING:
		if (!slice_to_double(slice_trim(v->bytes), out))
			return false;
		break;
	default:
		return false;
	}
	return isfinite(*out);
}

bool convert_number(const struct any_value *v, double *out)
{
	return convert_real(v, out) && *out >= 0;
}

bool convert_usd(const struct any_value *v, int64_t *out_pusd)
{
	double usd;

	if (!convert_number(v, &usd) || usd * PUSD_PER_USD >= 9.2e18)
		return false;
	*out_pusd = (int64_t)llround(usd * PUSD_PER_USD);
	return true;
}

bool convert_duration(const struct any_value *v, double unit_ns, uint64_t *out_ns)
{
	double units;

	if (!convert_number(v, &units) || units * unit_ns >= 9.2e18)
		return false;
	*out_ns = (uint64_t)(units * unit_ns + 0.5);
	return true;
}

bool convert_truth(const struct any_value *v, bool *out)
{
	if (v->kind == ANY_BOOL) {
		*out = v->boolean;
		return true;
	}
	if (v->kind != ANY_STRING)
		return false;
	*out = slice_equal_nocase(v->bytes, SLICE("true"));
	return *out || slice_equal_nocase(v->bytes, SLICE("false"));
}

static bool find_word(struct slice text, const struct dialect_word *words, int *value)
{
	static const struct slice python_enum = { "FinishReason.", sizeof("FinishReason.") - 1 }; /* as Python prints it */

	if (slice_starts_with(text, python_enum))
		text = slice_skip(text, python_enum.len);
	if (text.len == 0)
		return false;
	char first = text.ptr[0] | 0x20; /* most words differ in their first letter already */
	for (; words->text != NULL; words++)
		if ((words->text[0] | 0x20) == first && slice_equal_nocase(text, slice_of(words->text))) {
			*value = words->value;
			return true;
		}
	return false;
}

/* A list of texts that came as JSON. */
static void find_json_words(struct slice text, const struct dialect_word *words, int *out, bool *found)
{
	struct json j;
	struct json_string element;
	int value;

	json_init(&j, text);
	if (!json_array(&j))
		return;
	while (json_element(&j)) {
		if (json_peek(&j) != JSON_STRING) {
			json_skip(&j);
		} else if (json_string(&j, &element) && find_word(element.raw, words, &value)) {
			*out |= value;
			*found = true;
		}
	}
}

/* A list of texts that Python printed: "['stop']". */
static void find_printed_words(struct slice text, const struct dialect_word *words, int *out, bool *found)
{
	int value;

	for (ptrdiff_t at; (at = slice_find(text, SLICE("'"))) >= 0;) {
		text = slice_skip(text, (size_t)at + 1);
		ptrdiff_t end = slice_find(text, SLICE("'"));
		if (end < 0)
			return;
		if (find_word(slice_head(text, (size_t)end), words, &value)) {
			*out |= value;
			*found = true;
		}
		text = slice_skip(text, (size_t)end + 1);
	}
}

bool convert_words(const struct any_value *v, const struct dialect_word *words, int *out, bool *found)
{
	struct wire_reader elements;
	struct any_value element;
	int value;

	*out = 0;
	*found = false;
	if (v->kind == ANY_STRING || v->kind == ANY_BYTES) {
		if (v->bytes.len > 1 && v->bytes.ptr[0] == '[' && v->bytes.ptr[1] == '\'')
			find_printed_words(v->bytes, words, out, found);
		else if (v->bytes.len > 0 && v->bytes.ptr[0] == '[')
			find_json_words(v->bytes, words, out, found);
		else
			*found = find_word(v->bytes, words, out);
		return true;
	}
	if (v->kind == ANY_BOOL) {
		*found = find_word(v->boolean ? SLICE("true") : SLICE("false"), words, out);
		return true;
	}
	if (v->kind != ANY_ARRAY)
		return false;
	elements = wire_reader_of(v->bytes);
	while (any_array_next(&elements, &element))
		if (element.kind == ANY_STRING && find_word(element.bytes, words, &value)) {
			*out |= value;
			*found = true;
		}
	return true;
}

bool convert_time(const struct any_value *v, uint64_t *out_unix_ns)
{
	char text[48];

	if (v->kind != ANY_STRING || v->bytes.len == 0 || v->bytes.len >= sizeof(text))
		return false;
	memcpy(text, v->bytes.ptr, v->bytes.len);
	text[v->bytes.len] = '\0';
	return clock_parse_rfc3339(text, out_unix_ns) == 0;
}

struct any_value convert_unquoted(const struct any_value *v, struct arena *a)
{
	size_t n = v->bytes.len;

	if (v->kind != ANY_STRING || n < 2 || v->bytes.ptr[0] != '"' || v->bytes.ptr[n - 1] != '"')
		return *v;
	struct json_string inner = { .raw = { v->bytes.ptr + 1, n - 2 } };
	inner.escaped = memchr(inner.raw.ptr, '\\', inner.raw.len) != NULL;
	struct any_value out = *v;
	out.bytes = json_unescape(inner, a);
	return out.bytes.ptr != NULL ? out : *v;
}
