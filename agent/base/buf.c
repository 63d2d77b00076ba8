/* SPDX-License-Identifier: Apache-2.0
 * base/buf.c - a growable byte buffer with a sticky failure.
 */
#include "agent/base/buf.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

void buf_release(struct buf *b)
{
	free(b->ptr);
	*b = BUF_INIT;
}

void buf_reset(struct buf *b)
{
	b->len = 0;
	b->failed = false;
}

char *buf_reserve(struct buf *b, size_t n)
{
	size_t need;

	if (b->failed || __builtin_add_overflow(b->len, n, &need)) {
		b->failed = true;
		return NULL;
	}
	if (need > b->cap) {
		size_t cap = b->cap < 256 ? 256 : b->cap;
		while (cap < need)
			cap = cap > SIZE_MAX / 2 ? need : cap * 2;
		char *ptr = realloc(b->ptr, cap);
		if (ptr == NULL) {
			b->failed = true;
			return NULL;
		}
		b->ptr = ptr;
		b->cap = cap;
	}
	return b->ptr + b->len;
}

void buf_append(struct buf *b, const void *bytes, size_t n)
{
	char *at = n > 0 ? buf_reserve(b, n) : NULL;

	if (at == NULL)
		return;
	memcpy(at, bytes, n);
	b->len += n;
}

void buf_byte(struct buf *b, char c)
{
	buf_append(b, &c, 1);
}

void buf_vprintf(struct buf *b, const char *format, va_list args)
{
	va_list again;

	va_copy(again, args);
	int n = vsnprintf(NULL, 0, format, args);
	char *at = n >= 0 ? buf_reserve(b, (size_t)n + 1) : NULL;
	if (at != NULL) {
		vsnprintf(at, (size_t)n + 1, format, again);
		b->len += (size_t)n;
	}
	va_end(again);
}

void buf_printf(struct buf *b, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	buf_vprintf(b, format, args);
	va_end(args);
}

const char *buf_string(struct buf *b)
{
	char *at = buf_reserve(b, 1);

	if (at == NULL)
		return "";
	*at = '\0';
	return b->ptr;
}

void buf_count(struct buf *b, uint64_t n, const char *one)
{
	buf_printf(b, "%" PRIu64 " %s%s", n, one, n == 1 ? "" : "s");
}

void buf_percent(struct buf *b, struct slice text)
{
	static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

	for (size_t i = 0; i < text.len; i++)
		if (memchr(unreserved, text.ptr[i], sizeof(unreserved) - 1) != NULL)
			buf_byte(b, text.ptr[i]);
		else
			buf_printf(b, "%%%02X", (unsigned char)text.ptr[i]);
}
