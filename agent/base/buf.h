/* SPDX-License-Identifier: Apache-2.0
 * base/buf.h - bytes that we own and that grow: pages, JSON lines, messages to send.
 *
 * A failed allocation marks the buffer instead of every call: append as much as you like, then ask buf_failed once.
 * Owned by one thread at a time.
 */
#ifndef PLIMSOLL_BASE_BUF_H
#define PLIMSOLL_BASE_BUF_H

#include <stdarg.h>

#include "agent/base/slice.h"

struct buf {
	char *ptr;
	size_t len, cap;
	bool failed;
};

#define BUF_INIT ((struct buf){ NULL, 0, 0, false })

/* Frees the contents; the buffer is empty and usable again. */
void buf_release(struct buf *b);

/* Empties the buffer, keeps its memory, forgets a failure. */
void buf_reset(struct buf *b);

/* Room for n more bytes at ptr + len; the caller adds to len what it wrote. NULL (and failed) without memory. */
char *buf_reserve(struct buf *b, size_t n);

void buf_append(struct buf *b, const void *bytes, size_t n);
void buf_byte(struct buf *b, char c);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *format, va_list args);

/* "1 call", "2 calls": of what has its plural with an s. */
void buf_count(struct buf *b, uint64_t n, const char *one);

/* Percent-encoded, for a path's segment, a query's or a form's value: all but the unreserved characters of RFC 3986,
 * section 2.3. */
void buf_percent(struct buf *b, struct slice text);

static inline void buf_slice(struct buf *b, struct slice s)
{
	buf_append(b, s.ptr, s.len);
}

static inline void buf_text(struct buf *b, const char *text)
{
	buf_append(b, text, strlen(text));
}

static inline bool buf_failed(const struct buf *b)
{
	return b->failed;
}

static inline struct slice buf_view(const struct buf *b)
{
	return (struct slice){ b->ptr, b->len };
}

/* The contents as a NUL-terminated string; the NUL is not counted in len. "" without memory. */
const char *buf_string(struct buf *b);

#endif
