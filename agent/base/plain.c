/* SPDX-License-Identifier: Apache-2.0
 * base/plain.c - character by character.
 */
#include "agent/base/plain.h"

#include "agent/base/json.h"

#define GAP "..."

static bool starts_character(char c)
{
	return ((unsigned char)c & 0xc0) != 0x80;
}

size_t plain_length(struct slice text)
{
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++)
		n += starts_character(text.ptr[i]);
	return n;
}

struct slice plain_head(struct slice text, size_t characters)
{
	size_t i = 0;

	for (size_t n = 0; i < text.len; i++) {
		n += starts_character(text.ptr[i]);
		if (n > characters)
			break;
	}
	return slice_head(text, i);
}

/* s: one character of so many bytes. */
static bool is_control(const char *s, size_t bytes)
{
	unsigned char first = (unsigned char)s[0];

	return bytes == 1 ? first < ' ' || first == 0x7f : bytes == 2 && first == 0xc2 && (unsigned char)s[1] < 0xa0;
}

void plain_write(struct buf *out, struct slice text, const char *escaped)
{
	for (size_t i = 0, n; i < text.len; i += n > 0 ? n : 1) {
		n = utf8_sequence(slice_skip(text, i));
		if (n > 0 && is_control(text.ptr + i, n)) {
			buf_byte(out, ' ');
			continue;
		}
		if (n == 1 && strchr(escaped, text.ptr[i]) != NULL)
			buf_byte(out, '\\');
		buf_append(out, text.ptr + i, n);
	}
}

void plain_write_short(struct buf *out, struct slice text, size_t characters)
{
	size_t length = plain_length(text);

	if (length <= characters) {
		plain_write(out, text, "");
		return;
	}
	size_t kept = characters - strlen(GAP), head = kept / 2;
	plain_write(out, plain_head(text, head), "");
	buf_text(out, GAP);
	plain_write(out, slice_skip(text, plain_head(text, length - (kept - head)).len), "");
}
