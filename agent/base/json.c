/* SPDX-License-Identifier: Apache-2.0
 * base/json.c - the JSON cursor. Nesting is bounded by JSON_DEPTH_MAX, so callers may recurse.
 */
#include "agent/base/json.h"

#include <math.h>
#include <stdio.h>

#include "agent/base/hex.h"

void json_init(struct json *j, struct slice text)
{
	const char *start = text.ptr != NULL ? text.ptr : "";

	*j = (struct json){ .start = start, .at = start, .end = start + text.len };
}

static bool fail(struct json *j, const char *why)
{
	if (j->why == NULL)
		j->why = why;
	return false;
}

static void skip_blank(struct json *j)
{
	while (j->at < j->end && (*j->at == ' ' || *j->at == '\n' || *j->at == '\t' || *j->at == '\r'))
		j->at++;
}

enum json_kind json_peek(struct json *j)
{
	if (j->why != NULL)
		return JSON_BAD;
	skip_blank(j);
	if (j->at == j->end)
		return JSON_BAD;
	switch (*j->at) {
	case '{':
		return JSON_OBJECT;
	case '[':
		return JSON_ARRAY;
	case '"':
		return JSON_STRING;
	case 't':
	case 'f':
		return JSON_BOOL;
	case 'n':
		return JSON_NULL;
	case '-':
		return JSON_NUMBER;
	default:
		return *j->at >= '0' && *j->at <= '9' ? JSON_NUMBER : JSON_BAD;
	}
}

static bool enter(struct json *j, enum json_kind kind, const char *why)
{
	if (json_peek(j) != kind)
		return fail(j, why);
	if (j->depth == JSON_DEPTH_MAX)
		return fail(j, "nested too deeply");
	j->at++;
	j->depth++;
	j->first = true;
	return true;
}

bool json_object(struct json *j)
{
	return enter(j, JSON_OBJECT, "expected an object");
}

bool json_array(struct json *j)
{
	return enter(j, JSON_ARRAY, "expected an array");
}

/* Reads the bracket or the comma that may stand before the next item. False behind the bracket, or on an error. */
static bool next_item(struct json *j, char bracket)
{
	if (j->why != NULL)
		return false;
	skip_blank(j);
	if (j->at == j->end)
		return fail(j, "the text ends inside a value");
	if (*j->at == bracket) {
		j->at++;
		j->depth--;
		j->first = false;
		return false;
	}
	if (!j->first) {
		if (*j->at != ',')
			return fail(j, "expected a comma or the closing bracket");
		j->at++;
	}
	j->first = false;
	return true;
}

bool json_member(struct json *j, struct json_string *key)
{
	if (!next_item(j, '}'))
		return false;
	if (!json_string(j, key))
		return false;
	skip_blank(j);
	if (j->at == j->end || *j->at != ':')
		return fail(j, "expected a colon after the key");
	j->at++;
	return true;
}

bool json_element(struct json *j)
{
	return next_item(j, ']');
}

size_t utf8_sequence(struct slice s)
{
	const unsigned char *p = (const unsigned char *)s.ptr;

	if (s.len == 0)
		return 0;
	if (p[0] < 0x80)
		return 1;
	size_t n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	if (p[0] < 0xc2 || p[0] > 0xf4 || s.len < n)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	bool overlong = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xf0 && p[1] < 0x90);
	bool surrogate = p[0] == 0xed && p[1] >= 0xa0;
	bool too_high = p[0] == 0xf4 && p[1] >= 0x90;
	return overlong || surrogate || too_high ? 0 : n;
}

static bool check_escape(struct json *j)
{
	if (j->end - j->at < 2)
		return fail(j, "the text ends inside a string");
	if (j->at[1] == 'u') {
		if (j->end - j->at < 6)
			return fail(j, "the text ends inside a string");
		for (int i = 2; i < 6; i++)
			if (hex_digit(j->at[i]) < 0)
				return fail(j, "bad \\u escape in a string");
		j->at += 6;
		return true;
	}
	if (j->at[1] == '\0' || strchr("\"\\/bfnrt", j->at[1]) == NULL)
		return fail(j, "bad escape in a string");
	j->at += 2;
	return true;
}

bool json_string(struct json *j, struct json_string *out)
{
	if (json_peek(j) != JSON_STRING)
		return fail(j, "expected a string");
	const char *start = ++j->at;
	bool escaped = false;
	while (j->at < j->end) {
		unsigned char c = (unsigned char)*j->at;
		if (c == '"') {
			*out = (struct json_string){ { start, (size_t)(j->at - start) }, escaped };
			j->at++;
			return true;
		}
		if (c == '\\') {
			escaped = true;
			if (!check_escape(j))
				return false;
		} else if (c < 0x20) {
			return fail(j, "control character in a string");
		} else if (c < 0x80) {
			j->at++;
		} else {
			size_t n = utf8_sequence((struct slice){ j->at, (size_t)(j->end - j->at) });
			if (n == 0)
				return fail(j, "a string is not UTF-8");
			j->at += n;
		}
	}
	return fail(j, "the text ends inside a string");
}

static bool skip_digits(struct json *j)
{
	const char *start = j->at;

	while (j->at < j->end && *j->at >= '0' && *j->at <= '9')
		j->at++;
	return j->at > start;
}

bool json_number(struct json *j, struct slice *text)
{
	if (json_peek(j) != JSON_NUMBER)
		return fail(j, "expected a number");
	const char *start = j->at;
	if (*j->at == '-')
		j->at++;
	bool leading_zero = j->at < j->end && *j->at == '0';
	const char *digits = j->at;
	if (!skip_digits(j) || (leading_zero && j->at - digits > 1))
		return fail(j, "bad number");
	if (j->at < j->end && *j->at == '.') {
		j->at++;
		if (!skip_digits(j))
			return fail(j, "bad number");
	}
	if (j->at < j->end && (*j->at == 'e' || *j->at == 'E')) {
		j->at++;
		if (j->at < j->end && (*j->at == '+' || *j->at == '-'))
			j->at++;
		if (!skip_digits(j))
			return fail(j, "bad number");
	}
	*text = (struct slice){ start, (size_t)(j->at - start) };
	return true;
}

static bool word(struct json *j, struct slice expected)
{
	struct slice rest = { j->at, (size_t)(j->end - j->at) };

	if (!slice_starts_with(rest, expected))
		return fail(j, "unknown word");
	j->at += expected.len;
	return true;
}

bool json_bool(struct json *j, bool *out)
{
	if (json_peek(j) != JSON_BOOL)
		return fail(j, "expected true or false");
	bool value = *j->at == 't';
	if (!word(j, value ? SLICE("true") : SLICE("false")))
		return false;
	*out = value;
	return true;
}

bool json_null(struct json *j)
{
	return json_peek(j) == JSON_NULL ? word(j, SLICE("null")) : fail(j, "expected null");
}

static bool skip_scalar(struct json *j)
{
	struct json_string string;
	struct slice number;
	bool truth;

	switch (json_peek(j)) {
	case JSON_STRING:
		return json_string(j, &string);
	case JSON_NUMBER:
		return json_number(j, &number);
	case JSON_BOOL:
		return json_bool(j, &truth);
	case JSON_NULL:
		return json_null(j);
	default:
		return fail(j, j->at == j->end ? "the text ends where a value is due" : "expected a value");
	}
}

bool json_skip(struct json *j) /* recursion is bounded by JSON_DEPTH_MAX */
{
	struct json_string key;

	switch (json_peek(j)) {
	case JSON_OBJECT:
		if (!json_object(j))
			return false;
		while (json_member(j, &key))
			if (!json_skip(j))
				return false;
		return j->why == NULL;
	case JSON_ARRAY:
		if (!json_array(j))
			return false;
		while (json_element(j))
			if (!json_skip(j))
				return false;
		return j->why == NULL;
	default:
		return skip_scalar(j);
	}
}

bool json_raw(struct json *j, struct slice *text)
{
	skip_blank(j);
	const char *start = j->at;
	if (!json_skip(j))
		return false;
	*text = (struct slice){ start, (size_t)(j->at - start) };
	return true;
}

struct status json_finish(struct json *j)
{
	if (j->why == NULL) {
		skip_blank(j);
		if (j->depth > 0)
			fail(j, "the text ends inside a value");
		else if (j->at < j->end)
			fail(j, "more text after the value");
		else if (j->at == j->start || j->end == j->start)
			fail(j, "the text is empty");
	}
	return j->why == NULL ? OK : FAIL(MALFORMED, j->why);
}

void json_where(const struct json *j, unsigned *line, unsigned *column)
{
	*line = 1;
	*column = 1;
	for (const char *p = j->start; p < j->at; p++) {
		if (*p == '\n') {
			(*line)++;
			*column = 1;
		} else {
			(*column)++;
		}
	}
}

struct slice json_find(struct slice text, struct slice name)
{
	struct json j;
	struct json_string key;
	struct slice value;

	json_init(&j, text);
	if (json_peek(&j) != JSON_OBJECT || !json_object(&j))
		return SLICE_NONE;
	while (json_member(&j, &key) && json_raw(&j, &value))
		if (slice_equal(key.raw, name))
			return value;
	return SLICE_NONE;
}

bool json_is_valid(struct slice text)
{
	struct json j;

	json_init(&j, text);
	json_skip(&j);
	return !FAILED(json_finish(&j));
}

static uint32_t read_u4(const char *p)
{
	uint32_t value = 0;

	for (int i = 0; i < 4; i++)
		value = value << 4 | (uint32_t)hex_digit(p[i]);
	return value;
}

size_t utf8_write(uint32_t c, char out[4])
{
	static const uint8_t first[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	for (size_t i = n - 1; i > 0; i--, c >>= 6)
		out[i] = (char)(0x80 | (c & 0x3f));
	out[0] = (char)(first[n] | c);
	return n;
}

/* p stands behind "\u"; advances it over the digits, and over the second half of a surrogate pair. */
static uint32_t read_code_point(const char **p, const char *end)
{
	uint32_t c = read_u4(*p);

	*p += 4;
	if (c < 0xd800 || c > 0xdfff)
		return c;
	if (c < 0xdc00 && end - *p >= 6 && (*p)[0] == '\\' && (*p)[1] == 'u') {
		uint32_t low = read_u4(*p + 2);
		if (low >= 0xdc00 && low <= 0xdfff) {
			*p += 6;
			return 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
		}
	}
	return 0xfffd;
}

static char plain_escape(char c)
{
	switch (c) {
	case 'b':
		return '\b';
	case 'f':
		return '\f';
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 't':
		return '\t';
	default:
		return c;
	}
}

struct slice json_unescape(struct json_string s, struct arena *a)
{
	if (!s.escaped)
		return s.raw;
	char *text = arena_alloc(a, s.raw.len); /* an escape is never shorter than what it stands for */
	if (text == NULL)
		return SLICE_NONE;
	char *out = text;
	for (const char *p = s.raw.ptr, *end = p + s.raw.len; p < end;) {
		if (*p != '\\') {
			*out++ = *p++;
		} else if (p[1] == 'u') {
			p += 2;
			out += utf8_write(read_code_point(&p, end), out);
		} else {
			*out++ = plain_escape(p[1]);
			p += 2;
		}
	}
	return (struct slice){ text, (size_t)(out - text) };
}

bool json_text(struct json *j, struct arena *a, struct slice *out)
{
	struct json_string s;

	if (json_peek(j) == JSON_NULL)
		return json_null(j);
	if (!json_string(j, &s))
		return false;
	struct slice text = json_unescape(s, a);
	if (text.ptr == NULL)
		return fail(j, "no memory for a string");
	*out = text;
	return true;
}

static void write_special(struct buf *b, unsigned char c)
{
	switch (c) {
	case '"':
		buf_text(b, "\\\"");
		break;
	case '\\':
		buf_text(b, "\\\\");
		break;
	case '\n':
		buf_text(b, "\\n");
		break;
	case '\r':
		buf_text(b, "\\r");
		break;
	case '\t':
		buf_text(b, "\\t");
		break;
	default:
		buf_printf(b, "\\u%04x", c);
	}
}

void json_write_string(struct buf *b, struct slice s)
{
	size_t run = 0; /* bytes at the start of s that need no change */

	buf_byte(b, '"');
	while (run < s.len) {
		unsigned char c = (unsigned char)s.ptr[run];
		size_t n = c < 0x80 ? 1 : utf8_sequence(slice_skip(s, run));
		if (n > 0 && c >= 0x20 && c != '"' && c != '\\') {
			run += n;
			continue;
		}
		buf_append(b, s.ptr, run);
		if (n == 0)
			buf_text(b, "\xef\xbf\xbd");
		else
			write_special(b, c);
		s = slice_skip(s, run + 1);
		run = 0;
	}
	buf_append(b, s.ptr, run);
	buf_byte(b, '"');
}

void json_write_double(struct buf *b, double value)
{
	char text[32];
	double back;

	if (!isfinite(value)) {
		buf_text(b, "null");
		return;
	}
	for (int digits = 15; digits <= 17; digits++) {
		int n = snprintf(text, sizeof(text), "%.*g", digits, value);
		if (digits == 17 || (slice_to_double((struct slice){ text, (size_t)n }, &back) && back == value))
			break;
	}
	buf_text(b, text);
}

void json_write_comma(struct buf *b)
{
	if (b->len > 0 && b->ptr[b->len - 1] != '{' && b->ptr[b->len - 1] != '[' && b->ptr[b->len - 1] != ':')
		buf_byte(b, ',');
}

void json_write_key(struct buf *b, const char *key)
{
	json_write_comma(b);
	json_write_string(b, slice_of(key));
	buf_byte(b, ':');
}

void json_write_text(struct buf *b, const char *key, struct slice value)
{
	json_write_key(b, key);
	json_write_string(b, value);
}

void json_write_text_or_null(struct buf *b, const char *key, struct slice value)
{
	json_write_key(b, key);
	if (value.len > 0)
		json_write_string(b, value);
	else
		buf_text(b, "null");
}

void json_write_number(struct buf *b, const char *key, double value)
{
	json_write_key(b, key);
	json_write_double(b, value);
}

void json_write_count(struct buf *b, const char *key, uint64_t value)
{
	json_write_key(b, key);
	buf_printf(b, "%llu", (unsigned long long)value);
}

void json_write_flag(struct buf *b, const char *key, bool value)
{
	json_write_key(b, key);
	buf_text(b, value ? "true" : "false");
}

void json_write_text_if_any(struct buf *b, const char *key, struct slice value)
{
	if (value.len > 0)
		json_write_text(b, key, value);
}
