/* SPDX-License-Identifier: Apache-2.0
 * span/runner_tag.c - see the header.
 */
#include "agent/span/runner_tag.h"

/* "7b", "1.5b", "8x7b", "270m", also with more behind it; not a version ("0") and no context ("300k"). */
static bool starts_with_size(struct slice tag)
{
	size_t n = 0;

	while (n < tag.len && (is_digit(tag.ptr[n]) || (n > 0 && (tag.ptr[n] == '.' || tag.ptr[n] == 'x'))))
		n++;
	return n > 0 && n < tag.len && (tag.ptr[n] == 'b' || tag.ptr[n] == 'm');
}

bool has_runner_tag(struct slice model)
{
	ptrdiff_t colon = slice_find(model, SLICE(":"));

	if (colon <= 0 || slice_find(model, SLICE("/")) >= 0) /* a path names its vendor */
		return false;
	struct slice tag = slice_skip(model, (size_t)colon + 1);
	return slice_equal(tag, SLICE("latest")) || starts_with_size(tag);
}
