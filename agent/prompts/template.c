/* SPDX-License-Identifier: Apache-2.0
 * prompts/template.c - the leftmost place for each part is as good as any other, so one pass decides.
 */
#include "agent/prompts/template.h"

/* The next variable: where it opens, and its length with its braces. False: none follows. */
static bool next_variable(struct slice text, size_t *at, size_t *len)
{
	ptrdiff_t open = slice_find(text, SLICE("{{"));

	if (open < 0)
		return false;
	ptrdiff_t close = slice_find(slice_skip(text, (size_t)open + 2), SLICE("}}"));
	if (close < 0)
		return false;
	*at = (size_t)open;
	*len = (size_t)close + 4;
	return true;
}

static uint32_t count_variables(struct slice text)
{
	size_t at, len;
	uint32_t n = 0;

	for (; next_variable(text, &at, &len); n++)
		text = slice_skip(text, at + len);
	return n;
}

struct status template_parse(struct slice whole, struct arena *a, struct template *out)
{
	struct slice text = slice_trim(whole);
	size_t at, len;

	*out = (struct template){ .part_count = 0 };
	out->parts = arena_array(a, count_variables(text) + 1, sizeof(*out->parts));
	if (out->parts == NULL)
		return FAIL(NOMEM, "no memory for a template");
	while (next_variable(text, &at, &len)) {
		out->parts[out->part_count++] = slice_head(text, at);
		out->literal_bytes += at;
		text = slice_skip(text, at + len);
	}
	out->parts[out->part_count++] = text;
	out->literal_bytes += text.len;
	return OK;
}

bool template_matches(const struct template *t, struct slice whole)
{
	struct slice text = slice_trim(whole), first = t->parts[0], last = t->parts[t->part_count - 1];

	if (t->part_count == 1)
		return slice_equal(text, first);
	if (text.len < first.len + last.len || !slice_starts_with(text, first) || !slice_ends_with(text, last))
		return false;
	text = slice_skip(slice_head(text, text.len - last.len), first.len);
	for (uint32_t i = 1; i + 1 < t->part_count; i++) {
		ptrdiff_t at = slice_find(text, t->parts[i]);
		if (at < 0)
			return false;
		text = slice_skip(text, (size_t)at + t->parts[i].len);
	}
	return true;
}
