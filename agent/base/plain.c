/* SPDX-License-Identifier: Apache-2.0
 * base/plain.c - character by character.
 */
#include "agent/base/plain.h"

#include <locale.h>
#include <pthread.h>
#include <wchar.h>

#include "agent/base/json.h"

#define GAP 3u /* dots, or one or two more where half a wide character would not fit */

/* ---------------------------------------------------------------- characters */
static locale_t utf8;

static void open_utf8(void)
{
	utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
}

/* character: one, valid. 1 where the C library has no table for it. */
static size_t width_of(struct slice character)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	mbstate_t state = { 0 };
	wchar_t c;

	if (character.len == 1)
		return 1;
	pthread_once(&once, open_utf8);
	if (utf8 == (locale_t)0)
		return 1;
	locale_t before = uselocale(utf8);
	int width = mbrtowc(&c, character.ptr, character.len, &state) == character.len ? wcwidth(c) : -1;
	uselocale(before);
	return width < 0 ? 1 : (size_t)width;
}

static bool is_control(struct slice c)
{
	unsigned char first = (unsigned char)c.ptr[0];

	return c.len == 1 ? first < ' ' || first == 0x7f : c.len == 2 && first == 0xc2 && (unsigned char)c.ptr[1] < 0xa0;
}

/* U+202A to U+202E and U+2066 to U+2069, which show what follows in another order. */
static bool is_turning(struct slice c)
{
	if (c.len != 3 || (unsigned char)c.ptr[0] != 0xe2)
		return false;
	unsigned char second = (unsigned char)c.ptr[1], third = (unsigned char)c.ptr[2];
	return (second == 0x80 && third >= 0xaa && third <= 0xae) || (second == 0x81 && third >= 0xa6 && third <= 0xa9);
}

/* The first character, as it will stand there: a blank for a control character. rest moves behind it. columns: 0 also of
 * what is left out. Empty at the end. */
static struct slice next_character(struct slice *rest, size_t *columns)
{
	size_t n = utf8_sequence(*rest);
	struct slice c = slice_head(*rest, n);

	*rest = slice_skip(*rest, n > 0 ? n : 1);
	if (n == 0 || is_turning(c)) {
		*columns = 0;
		return SLICE_NONE;
	}
	if (is_control(c))
		c = SLICE(" ");
	*columns = width_of(c);
	return c;
}

/* ---------------------------------------------------------------- texts */
size_t plain_columns(struct slice text)
{
	size_t n = 0, columns;

	while (text.len > 0) {
		next_character(&text, &columns);
		n += columns;
	}
	return n;
}

struct slice plain_head(struct slice text, size_t columns)
{
	struct slice rest = text;
	size_t width;

	while (rest.len > 0) {
		struct slice before = rest;
		next_character(&rest, &width);
		if (width > columns)
			return slice_head(text, text.len - before.len);
		columns -= width;
	}
	return text;
}

/* The end of text, so many columns at most. */
static struct slice tail(struct slice text, size_t columns)
{
	size_t left = plain_columns(text), width;

	while (left > columns) {
		next_character(&text, &width);
		left -= width;
	}
	return text;
}

void plain_write(struct buf *out, struct slice text, const char *escaped)
{
	size_t columns;

	while (text.len > 0) {
		struct slice c = next_character(&text, &columns);
		if (c.len == 1 && strchr(escaped, c.ptr[0]) != NULL)
			buf_byte(out, '\\');
		buf_append(out, c.ptr, c.len);
	}
}

void plain_write_short(struct buf *out, struct slice text, size_t columns)
{
	if (plain_columns(text) <= columns) {
		plain_write(out, text, "");
		return;
	}
	size_t kept = columns - GAP;
	struct slice head = plain_head(text, kept / 2), end = tail(text, kept - kept / 2);
	size_t dots = columns - plain_columns(head) - plain_columns(end);
	plain_write(out, head, "");
	for (; dots > 0; dots--)
		buf_byte(out, '.');
	plain_write(out, end, "");
}
