/* SPDX-License-Identifier: Apache-2.0
 * base/slice.c - comparing, searching and reading numbers out of borrowed bytes.
 */
#include "agent/base/slice.h"

#include <math.h>
#include <stdlib.h>

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool slice_equal_nocase(struct slice a, struct slice b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (lower(a.ptr[i]) != lower(b.ptr[i]))
			return false;
	return true;
}

ptrdiff_t slice_find(struct slice haystack, struct slice needle)
{
	if (needle.len == 0)
		return 0;
	if (haystack.len < needle.len)
		return -1;
	const char *hit = memmem(haystack.ptr, haystack.len, needle.ptr, needle.len);
	return hit != NULL ? hit - haystack.ptr : -1;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct slice slice_trim(struct slice s)
{
	while (s.len > 0 && is_blank(s.ptr[0]))
		s = slice_skip(s, 1);
	while (s.len > 0 && is_blank(s.ptr[s.len - 1]))
		s.len--;
	return s;
}

bool slice_to_u64(struct slice s, uint64_t *out)
{
	uint64_t value = 0;

	if (s.len == 0)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			return false;
		if (__builtin_mul_overflow(value, 10u, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(s.ptr[i] - '0'), &value))
			return false;
	}
	*out = value;
	return true;
}

bool slice_to_i64(struct slice s, int64_t *out)
{
	bool negative = s.len > 0 && s.ptr[0] == '-';
	uint64_t magnitude;

	if (!slice_to_u64(negative ? slice_skip(s, 1) : s, &magnitude))
		return false;
	if (magnitude > (uint64_t)INT64_MAX + (negative ? 1 : 0))
		return false;
	*out = negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
	return true;
}

bool slice_to_double(struct slice s, double *out)
{
	char text[64]; /* longer texts hold more digits than a double can keep; they are no measurement */
	char *stop;

	if (s.len == 0 || s.len >= sizeof(text))
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (strchr("+-.0123456789eE", s.ptr[i]) == NULL || s.ptr[i] == '\0')
			return false;
	memcpy(text, s.ptr, s.len);
	text[s.len] = '\0';
	double value = strtod(text, &stop); /* the agent never calls setlocale: the point is '.' */
	if (stop != text + s.len || !isfinite(value))
		return false;
	*out = value;
	return true;
}
