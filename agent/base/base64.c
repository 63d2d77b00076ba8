/* SPDX-License-Identifier: Apache-2.0
 * base/base64.c - see the header.
 */
#include "agent/base/base64.h"

static void append_group(struct buf *out, const unsigned char *in, size_t n)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint32_t bits = (uint32_t)in[0] << 16 | (uint32_t)(n > 1 ? in[1] : 0) << 8 | (n > 2 ? in[2] : 0);
	char text[4] = { digits[bits >> 18], digits[bits >> 12 & 63], digits[bits >> 6 & 63], digits[bits & 63] };

	if (n < 3)
		text[3] = '=';
	if (n < 2)
		text[2] = '=';
	buf_append(out, text, sizeof(text));
}

void base64_append(struct buf *out, struct slice bytes)
{
	const unsigned char *in = (const unsigned char *)bytes.ptr;

	for (size_t i = 0; i < bytes.len; i += 3)
		append_group(out, in + i, bytes.len - i < 3 ? bytes.len - i : 3);
}
