/* SPDX-License-Identifier: Apache-2.0
 * sampling/threshold.c - reads and writes "ot=th:...;rv:..." in a tracestate.
 */
#include "agent/sampling/threshold.h"

#define HEX_DIGITS  14
#define MEMBERS_MAX 32 /* W3C Trace Context */

uint64_t threshold_of_share(double share)
{
	if (share <= 0)
		return THRESHOLD_NEVER;
	if (share >= 1)
		return 0;
	return THRESHOLD_NEVER - (uint64_t)(share * (double)THRESHOLD_NEVER + 0.5);
}

/* The text up to the separator; *rest goes on behind it. */
static struct slice next_part(struct slice *rest, char separator)
{
	const char *end = rest->len > 0 ? memchr(rest->ptr, separator, rest->len) : NULL;
	struct slice part = end != NULL ? slice_head(*rest, (size_t)(end - rest->ptr)) : *rest;

	*rest = slice_skip(*rest, part.len + 1);
	return part;
}

static bool is_ot(struct slice member)
{
	return slice_starts_with(slice_trim(member), SLICE("ot="));
}

/* The value of the `ot` member, or empty. */
static struct slice find_ot(struct slice tracestate)
{
	while (tracestate.len > 0) {
		struct slice member = next_part(&tracestate, ',');
		if (is_ot(member))
			return slice_skip(slice_trim(member), 3);
	}
	return SLICE_NONE;
}

static struct slice find_sub_key(struct slice ot, struct slice name)
{
	while (ot.len > 0) {
		struct slice part = next_part(&ot, ';');
		if (slice_starts_with(part, name))
			return slice_skip(part, name.len);
	}
	return SLICE_NONE;
}

/* Up to 14 digits, as if zeros followed. */
static bool read_hex(struct slice text, size_t shortest, uint64_t *out)
{
	uint64_t value = 0;

	if (text.len < shortest || text.len > HEX_DIGITS)
		return false;
	for (size_t i = 0; i < HEX_DIGITS; i++) {
		char c = i < text.len ? text.ptr[i] : '0';
		unsigned digit = c >= '0' && c <= '9' ? (unsigned)(c - '0') :
				 c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10u : 16u;
		if (digit > 15)
			return false;
		value = value << 4 | digit;
	}
	*out = value;
	return true;
}

struct randomness randomness_read(struct slice trace_id, struct slice tracestate)
{
	struct slice ot = find_ot(tracestate);
	struct randomness found = { 0 };

	if (!read_hex(find_sub_key(ot, SLICE("rv:")), HEX_DIGITS, &found.r))
		for (size_t i = 9; i < 16 && i < trace_id.len; i++)
			found.r = found.r << 8 | (unsigned char)trace_id.ptr[i];
	if (!read_hex(find_sub_key(ot, SLICE("th:")), 1, &found.threshold) || found.r < found.threshold)
		found.threshold = 0;
	return found;
}

static void format_threshold(uint64_t threshold, char out[HEX_DIGITS + 1])
{
	int n = HEX_DIGITS;

	for (int i = HEX_DIGITS - 1; i >= 0; i--, threshold >>= 4)
		out[i] = "0123456789abcdef"[threshold & 15];
	while (n > 1 && out[n - 1] == '0')
		n--;
	out[n] = '\0';
}

struct slice tracestate_write(struct slice tracestate, uint64_t threshold, struct arena *a)
{
	static const struct slice begin = { "ot=th:", 6 }, semicolon = { ";", 1 }, comma = { ",", 1 };
	struct slice ot = find_ot(tracestate);
	char th[HEX_DIGITS + 1];
	char *written = arena_alloc(a, begin.len + HEX_DIGITS + 2 + tracestate.len), *at = written;

	if (written == NULL)
		return SLICE_NONE;
	format_threshold(threshold, th);
	slice_pack(&at, begin);
	slice_pack(&at, slice_of(th));
	while (ot.len > 0) {
		struct slice part = next_part(&ot, ';');
		if (part.len == 0 || slice_starts_with(part, SLICE("th:")))
			continue;
		slice_pack(&at, semicolon);
		slice_pack(&at, part);
	}
	for (unsigned members = 1; tracestate.len > 0 && members < MEMBERS_MAX;) {
		struct slice member = slice_trim(next_part(&tracestate, ','));
		if (member.len == 0 || is_ot(member))
			continue;
		slice_pack(&at, comma);
		slice_pack(&at, member);
		members++;
	}
	return (struct slice){ written, (size_t)(at - written) };
}
