/* SPDX-License-Identifier: Apache-2.0
 * base/slice.h - a borrowed run of bytes.
 *
 * A slice points into memory that somebody else owns (a batch's wire bytes, an arena, a literal), lives no
 * longer than it, has no terminator and may hold NUL. Print it with "%.*s", SLICE_ARG(s).
 */
#ifndef PLIMSOLL_BASE_SLICE_H
#define PLIMSOLL_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

struct slice {
	const char *ptr;
	size_t len;
};

#define SLICE(literal) ((struct slice){ (literal), sizeof(literal) - 1 })
#define SLICE_ARG(s) (int)(s).len, (s).ptr
#define SLICE_NONE ((struct slice){ NULL, 0 })

static inline struct slice slice_of(const char *text)
{
	return (struct slice){ text, text != NULL ? strlen(text) : 0 };
}

/* memcmp for less than eight bytes, by loads that overlap. */
static inline bool few_bytes_equal(const char *a, const char *b, size_t n)
{
	uint32_t x[2], y[2];

	if (n < 4)
		return n == 0 || (a[0] == b[0] && a[n / 2] == b[n / 2] && a[n - 1] == b[n - 1]);
	memcpy(&x[0], a, 4);
	memcpy(&y[0], b, 4);
	memcpy(&x[1], a + n - 4, 4);
	memcpy(&y[1], b + n - 4, 4);
	return x[0] == y[0] && x[1] == y[1];
}

/* memcmp for 16 bytes and for 16 more, `second` bytes behind: by vectors, where compilers take two steps for each. */
static inline bool blocks_equal(const char *a, const char *b, size_t second)
{
#ifdef __SSE2__
	__m128i first_equal = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(const void *)a),
					     _mm_loadu_si128((const __m128i *)(const void *)b));
	__m128i second_equal = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(const void *)(a + second)),
					      _mm_loadu_si128((const __m128i *)(const void *)(b + second)));
	return _mm_movemask_epi8(_mm_and_si128(first_equal, second_equal)) == 0xffff;
#else
	return memcmp(a, b, 16) == 0 && memcmp(a + second, b + second, 16) == 0;
#endif
}

/* memcmp for the short texts that keys and labels are: from both ends, by loads that overlap. */
static inline bool bytes_equal(const char *a, const char *b, size_t n)
{
	if (n >= 16) {
		if (n <= 32)
			return blocks_equal(a, b, n - 16);
		return n <= 64 ? blocks_equal(a, b, 16) && blocks_equal(a + n - 32, b + n - 32, 16) : memcmp(a, b, n) == 0;
	}
	if (n >= 8)
		return memcmp(a, b, 8) == 0 && memcmp(a + n - 8, b + n - 8, 8) == 0;
	return few_bytes_equal(a, b, n);
}

static inline bool slice_equal(struct slice a, struct slice b)
{
	return a.len == b.len && bytes_equal(a.ptr, b.ptr, a.len);
}

/* Copies s to *at, which then points behind the copy, and gives the copy: texts are kept behind each other in one block. */
static inline struct slice slice_pack(char **at, struct slice s)
{
	struct slice copy = { *at, s.len };

	if (s.len > 0)
		memcpy(*at, s.ptr, s.len);
	*at += s.len;
	return copy;
}

static inline bool slice_starts_with(struct slice s, struct slice prefix)
{
	return s.len >= prefix.len && (prefix.len == 0 || memcmp(s.ptr, prefix.ptr, prefix.len) == 0);
}

static inline bool slice_ends_with(struct slice s, struct slice suffix)
{
	return s.len >= suffix.len &&
	       (suffix.len == 0 || memcmp(s.ptr + s.len - suffix.len, suffix.ptr, suffix.len) == 0);
}

static inline struct slice slice_skip(struct slice s, size_t n)
{
	return n >= s.len ? (struct slice){ s.ptr + s.len, 0 } : (struct slice){ s.ptr + n, s.len - n };
}

static inline struct slice slice_head(struct slice s, size_t n)
{
	return (struct slice){ s.ptr, n < s.len ? n : s.len };
}

/* ASCII digits, whatever the locale. */
static inline bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* ASCII letters compare without case; other bytes as they are. */
bool slice_equal_nocase(struct slice a, struct slice b);

/* Offset of the first occurrence, or -1. An empty needle is found at 0. */
ptrdiff_t slice_find(struct slice haystack, struct slice needle);

/* Without the spaces, tabs and line ends around it. */
struct slice slice_trim(struct slice s);

/* The whole slice as a decimal number. False on an empty slice, any other byte, or overflow. */
bool slice_to_u64(struct slice s, uint64_t *out);
bool slice_to_i64(struct slice s, int64_t *out);

/* The whole slice as a decimal floating point number, whatever the locale. NaN and infinities are refused. */
bool slice_to_double(struct slice s, double *out);

#endif
