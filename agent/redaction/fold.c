/* SPDX-License-Identifier: Apache-2.0
 * redaction/fold.c - see the header.
 */
#include "agent/redaction/fold.h"

#include "agent/base/hex.h"
#include "agent/base/json.h"

/* The four digits behind \u; -1: there are none. */
static int32_t code_unit(struct slice text, size_t at)
{
	int32_t value = 0;

	if (at + 6 > text.len || text.ptr[at] != '\\' || text.ptr[at + 1] != 'u')
		return -1;
	for (size_t i = at + 2; i < at + 6; i++) {
		int digit = hex_digit(text.ptr[i]);
		if (digit < 0)
			return -1;
		value = value * 16 + digit;
	}
	return value;
}

size_t fold_json(struct slice text, size_t at, char out[4], size_t *length)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	int32_t unit = code_unit(text, at), low = -1;

	out[0] = text.ptr[at];
	*length = 1;
	if (out[0] != '\\')
		return 1;
	if (unit >= 0) {
		*length = 6;
		if (unit >= 0xd800 && unit < 0xdc00)
			low = code_unit(text, at + 6);
		if (low >= 0xdc00 && low < 0xe000) {
			*length = 12;
			return utf8_write(0x10000u + ((uint32_t)(unit - 0xd800) << 10) + (uint32_t)(low - 0xdc00), out);
		}
		return utf8_write((uint32_t)unit, out);
	}
	const char *known = at + 1 < text.len && text.ptr[at + 1] != '\0' ? strchr(from, text.ptr[at + 1]) : NULL;
	if (known == NULL)
		return 1;
	*length = 2;
	out[0] = to[known - from];
	return 1;
}

/* The byte of a "%40"; -1: there is none. */
static int percent_byte(struct slice text, size_t at)
{
	if (at + 3 > text.len || text.ptr[at] != '%')
		return -1;
	int high = hex_digit(text.ptr[at + 1]), low = hex_digit(text.ptr[at + 2]);
	return high < 0 || low < 0 ? -1 : high << 4 | low;
}

/* What typesetters write in place of a blank or a hyphen: no line ends there, or it is narrower or wider. */
static const struct {
	struct slice written;
	char meant;
} separators[] = {
	{ { "\xc2\xa0", 2 }, ' ' },     /* no-break space */
	{ { "\xe2\x80\x87", 3 }, ' ' }, /* figure space */
	{ { "\xe2\x80\x89", 3 }, ' ' }, /* thin space */
	{ { "\xe2\x80\xaf", 3 }, ' ' }, /* narrow no-break space */
	{ { "\xe2\x80\x90", 3 }, '-' }, /* hyphen */
	{ { "\xe2\x80\x91", 3 }, '-' }, /* no-break hyphen */
	{ { "\xe2\x80\x92", 3 }, '-' }, /* figure dash */
	{ { "\xe2\x80\x93", 3 }, '-' }, /* en dash */
};

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The separator behind a digit or a letter of a number, before its next group; 0: there is none. */
static size_t separator_bytes(struct slice text, size_t at, char *meant)
{
	struct slice rest = slice_skip(text, at);
	char before = at > 0 ? text.ptr[at - 1] : '\0';

	if (!is_digit(before) && !is_letter(before) && before != ')')
		return 0;
	for (size_t i = 0; i < sizeof(separators) / sizeof(separators[0]); i++) {
		struct slice behind = slice_skip(rest, separators[i].written.len);
		if (!slice_starts_with(rest, separators[i].written))
			continue;
		*meant = separators[i].meant;
		return behind.len > 0 && (is_digit(behind.ptr[0]) || is_letter(behind.ptr[0]) || behind.ptr[0] == '(') ?
			       separators[i].written.len :
			       0;
	}
	return 0;
}

size_t fold_any(struct slice text, size_t at, char out[4], size_t *length)
{
	int byte = percent_byte(text, at);
	char meant;
	size_t n = (unsigned char)text.ptr[at] >= 0x80 ? separator_bytes(text, at, &meant) : 0;

	if (byte < 0 && n == 0)
		return fold_json(text, at, out, length);
	out[0] = n > 0 ? meant : (char)byte;
	*length = n > 0 ? n : 3;
	return 1;
}

/* Letters on both sides are words: no number is hidden there. */
static bool separates_digits(struct slice text, size_t at)
{
	char meant;
	size_t n = separator_bytes(text, at, &meant);

	return n > 0 && (!is_letter(text.ptr[at - 1]) || is_digit(text.ptr[at + n]));
}

/* The bytes with which the separators begin. */
static bool has_separator(struct slice text, char first)
{
	const char *end = text.ptr + text.len;

	for (const char *c = text.ptr; c < end && (c = memchr(c, first, (size_t)(end - c))) != NULL; c++)
		if (separates_digits(text, (size_t)(c - text.ptr)))
			return true;
	return false;
}

static bool has_percent(struct slice text)
{
	const char *end = text.ptr + text.len;

	for (const char *c = text.ptr; c < end && (c = memchr(c, '%', (size_t)(end - c))) != NULL; c++)
		if (percent_byte(text, (size_t)(c - text.ptr)) >= 0)
			return true;
	return false;
}

bool fold_changes(struct slice text)
{
	return memchr(text.ptr, '\\', text.len) != NULL || has_percent(text) || has_separator(text, '\xc2') ||
	       has_separator(text, '\xe2');
}
