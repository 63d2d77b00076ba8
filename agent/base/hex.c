/* SPDX-License-Identifier: Apache-2.0
 * base/hex.c - two digits a byte.
 */
#include "agent/base/hex.h"

static const char digits[] = "0123456789abcdef";

void hex_format(const void *bytes, size_t n, char *out)
{
	const unsigned char *in = bytes;

	for (size_t i = 0; i < n; i++) {
		*out++ = digits[in[i] >> 4];
		*out++ = digits[in[i] & 15];
	}
	*out = '\0';
}

bool hex_parse(struct slice text, void *out, size_t n)
{
	unsigned char *to = out;

	if (text.len != 2 * n)
		return false;
	for (size_t i = 0; i < n; i++) {
		int high = hex_digit(text.ptr[2 * i]), low = hex_digit(text.ptr[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		to[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}

void buf_hex(struct buf *b, const void *bytes, size_t n)
{
	const unsigned char *in = bytes;

	for (size_t i = 0; i < n; i++) {
		buf_byte(b, digits[in[i] >> 4]);
		buf_byte(b, digits[in[i] & 15]);
	}
}
