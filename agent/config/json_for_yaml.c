/* SPDX-License-Identifier: Apache-2.0
 * config/json_for_yaml.c - what both write alike is copied in one go. (YAML 1.1, section 5.1; libyaml's reader.)
 */
#include "agent/config/json_for_yaml.h"

#include <inttypes.h>

#include "agent/base/hex.h"

#define ESCAPE_BYTES 6u /* \u1234 */

/* The code point of an escape at the start of s; 0: there is none. */
static uint32_t escaped(struct slice s)
{
	uint32_t value = 0;

	if (s.len < ESCAPE_BYTES || s.ptr[0] != '\\' || s.ptr[1] != 'u')
		return 0;
	for (size_t i = 2; i < ESCAPE_BYTES; i++)
		value = value << 4 | (uint32_t)hex_digit(s.ptr[i]);
	return value;
}

static bool is_between(uint32_t c, uint32_t first, uint32_t last)
{
	return c >= first && c <= last;
}

/* Writes an escape, of a surrogate with the one behind it; returns its length. */
static size_t write_escape(struct slice s, struct buf *out)
{
	uint32_t c = escaped(s), low = escaped(slice_skip(s, ESCAPE_BYTES));

	if (is_between(c, 0xd800, 0xdbff) && is_between(low, 0xdc00, 0xdfff)) {
		buf_printf(out, "\\U%08" PRIX32, 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00));
		return 2 * ESCAPE_BYTES;
	}
	if (is_between(c, 0xd800, 0xdfff))
		buf_text(out, "\\uFFFD");
	else
		buf_slice(out, slice_head(s, s.ptr[1] == 'u' ? ESCAPE_BYTES : 2));
	return s.ptr[1] == 'u' ? ESCAPE_BYTES : 2;
}

/* What YAML wants escaped: DEL, 0x80 to 0x9f, the separators of lines and paragraphs, U+FFFE and U+FFFF. Returns its
 * length, and its code point; 0: s begins with something else. */
static size_t special(struct slice s, uint32_t *c)
{
	static const struct {
		const char *bytes;
		uint32_t code_point;
	} threes[] = { { "\xe2\x80\xa8", 0x2028 }, { "\xe2\x80\xa9", 0x2029 }, { "\xef\xbf\xbe", 0xfffe },
		       { "\xef\xbf\xbf", 0xffff } };
	unsigned char first = (unsigned char)s.ptr[0], second = s.len > 1 ? (unsigned char)s.ptr[1] : 0;

	if (first == 0x7f || (first == 0xc2 && second >= 0x80 && second < 0xa0)) {
		*c = first == 0x7f ? first : second;
		return first == 0x7f ? 1 : 2;
	}
	for (size_t i = 0; i < sizeof(threes) / sizeof(threes[0]); i++)
		if (slice_starts_with(s, slice_of(threes[i].bytes))) {
			*c = threes[i].code_point;
			return 3;
		}
	return 0;
}

void json_for_yaml(struct slice json, struct buf *out)
{
	size_t run = 0; /* bytes at the start that are the same in both */

	while (run < json.len) {
		struct slice rest = slice_skip(json, run);
		uint32_t c;
		bool is_escape = rest.ptr[0] == '\\' && rest.len > 1;
		size_t taken = is_escape ? 0 : special(rest, &c);
		if (!is_escape && taken == 0) {
			run++;
			continue;
		}
		buf_append(out, json.ptr, run);
		if (is_escape)
			taken = write_escape(rest, out);
		else
			buf_printf(out, "\\u%04" PRIX32, c);
		json = slice_skip(rest, taken);
		run = 0;
	}
	buf_append(out, json.ptr, run);
}
