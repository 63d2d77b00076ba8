/* SPDX-License-Identifier: Apache-2.0
 * config/template.c - find {{name}} and replace it.
 */
#include "agent/config/template.h"

const char *const placeholder_names[PLACEHOLDER_COUNT] = {
#define X(id, name, doc) name,
	PLACEHOLDER_MAP(X)
#undef X
};

static bool find_placeholder(struct slice name, enum placeholder *out)
{
	for (int i = 0; i < PLACEHOLDER_COUNT; i++) {
		if (slice_equal(slice_of(placeholder_names[i]), name)) {
			*out = (enum placeholder)i;
			return true;
		}
	}
	return false;
}

/* The next placeholder: before gets what stands in front of it, rest moves behind it. False where there is none. */
static bool next_placeholder(struct slice *rest, struct slice *before, struct slice *name, const char **why)
{
	ptrdiff_t open = slice_find(*rest, SLICE("{{"));

	if (open < 0)
		return false;
	*before = slice_head(*rest, (size_t)open);
	struct slice inside = slice_skip(*rest, (size_t)open + 2);
	ptrdiff_t close = slice_find(inside, SLICE("}}"));
	if (close < 0) {
		*why = "a {{ has no }}";
		return false;
	}
	*name = slice_trim(slice_head(inside, (size_t)close));
	*rest = slice_skip(inside, (size_t)close + 2);
	return true;
}

const char *template_check(const char *text)
{
	struct slice rest = slice_of(text), before, name;
	enum placeholder which;
	const char *why = NULL;

	while (next_placeholder(&rest, &before, &name, &why))
		if (!find_placeholder(name, &which))
			return "no such placeholder; there are summary, details, state, severity, kind, metric, feature, "
			       "model, prompt_version, value, baseline, deviation, cause, runbook_url and id";
	return why;
}

void template_write(const char *text, placeholder_fn write, const void *context, struct buf *out)
{
	struct slice rest = slice_of(text), before, name;
	enum placeholder which;
	const char *why = NULL;

	while (next_placeholder(&rest, &before, &name, &why)) {
		buf_slice(out, before);
		if (find_placeholder(name, &which))
			write(context, which, out);
	}
	buf_slice(out, rest);
}
