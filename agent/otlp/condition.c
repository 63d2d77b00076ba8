/* SPDX-License-Identifier: Apache-2.0
 * otlp/condition.c - compares one value with the words of a condition.
 */
#include "agent/otlp/condition.h"

#include <inttypes.h>
#include <stdio.h>

static bool fits(struct slice word, struct slice text)
{
	if (slice_ends_with(word, SLICE("*")))
		return slice_starts_with(text, slice_head(word, word.len - 1));
	return slice_equal(word, text);
}

bool condition_holds_text(const struct condition *c, struct slice text)
{
	for (struct slice rest = c->values;;) {
		ptrdiff_t bar = slice_find(rest, SLICE("|"));
		if (fits(slice_trim(bar < 0 ? rest : slice_head(rest, (size_t)bar)), text))
			return true;
		if (bar < 0)
			return false;
		rest = slice_skip(rest, (size_t)bar + 1);
	}
}

bool condition_holds(const struct condition *c, const struct any_value *value)
{
	char text[32];

	switch (value->kind) {
	case ANY_STRING:
		return condition_holds_text(c, value->bytes);
	case ANY_BOOL:
		return condition_holds_text(c, value->boolean ? SLICE("true") : SLICE("false"));
	case ANY_INT:
		snprintf(text, sizeof(text), "%" PRId64, value->integer);
		return condition_holds_text(c, slice_of(text));
	case ANY_DOUBLE:
		snprintf(text, sizeof(text), "%g", value->real);
		return condition_holds_text(c, slice_of(text));
	default:
		return false;
	}
}
