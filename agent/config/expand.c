/* SPDX-License-Identifier: Apache-2.0
 * config/expand.c - one pass over the text, no recursion.
 */
#include "agent/config/expand.h"

#include <ctype.h>
#include <stdlib.h>

static bool is_variable_name(struct slice s)
{
	if (s.len == 0 || isdigit((unsigned char)s.ptr[0]))
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (!isalnum((unsigned char)s.ptr[i]) && s.ptr[i] != '_')
			return false;
	return true;
}

static const char *variable(struct slice name)
{
	char text[256];

	if (name.len >= sizeof(text))
		return NULL;
	memcpy(text, name.ptr, name.len);
	text[name.len] = '\0';
	return getenv(text);
}

/* inside: what stands between ${ and }. */
static bool append_variable(struct slice inside, struct buf *out, struct buf *why)
{
	struct slice name = inside, fallback = SLICE_NONE;
	ptrdiff_t dash = slice_find(inside, SLICE(":-"));

	if (dash >= 0) {
		name = slice_head(inside, (size_t)dash);
		fallback = slice_skip(inside, (size_t)dash + 2);
	}
	if (slice_starts_with(name, SLICE("env:")))
		name = slice_skip(name, 4);
	if (!is_variable_name(name)) {
		buf_printf(why,
			   "'${%.*s}' is not understood; write ${env:NAME}, ${env:NAME:-default}, or $$ for a dollar",
			   SLICE_ARG(slice_head(inside, 60)));
		return false;
	}
	const char *value = variable(name);
	if (value != NULL && (value[0] != '\0' || dash < 0))
		buf_text(out, value);
	else if (dash >= 0)
		buf_slice(out, fallback);
	else
		buf_printf(why, "environment variable '%.*s' is not set; set it, or write ${env:%.*s:-default}",
			   SLICE_ARG(slice_head(name, 60)), SLICE_ARG(slice_head(name, 60)));
	return value != NULL || dash >= 0;
}

/* Handles what follows the dollar at the start of *rest, and skips it. */
static bool append_dollar(struct slice *rest, struct buf *out, struct buf *why)
{
	if (!slice_starts_with(*rest, SLICE("${"))) {
		buf_byte(out, '$');
		*rest = slice_skip(*rest, slice_starts_with(*rest, SLICE("$$")) ? 2 : 1);
		return true;
	}
	ptrdiff_t close = slice_find(*rest, SLICE("}"));
	if (close < 0) {
		buf_text(why, "'${' has no closing '}'; write $${ where a dollar is meant");
		return false;
	}
	struct slice inside = slice_skip(slice_head(*rest, (size_t)close), 2);
	*rest = slice_skip(*rest, (size_t)close + 1);
	return append_variable(inside, out, why);
}

static bool expand_into(struct slice rest, struct buf *out, struct buf *why)
{
	while (rest.len > 0) {
		ptrdiff_t dollar = slice_find(rest, SLICE("$"));
		struct slice plain = slice_head(rest, dollar < 0 ? rest.len : (size_t)dollar);
		buf_slice(out, plain);
		rest = slice_skip(rest, plain.len);
		if (rest.len > 0 && !append_dollar(&rest, out, why))
			return false;
		if (out->len > EXPANDED_BYTES_MAX) {
			buf_printf(why, "longer than %u bytes once its variables are filled in", EXPANDED_BYTES_MAX);
			return false;
		}
	}
	return true;
}

bool expand(struct slice text, struct arena *arena, struct slice *out, struct buf *why)
{
	struct buf filled = BUF_INIT;

	if (text.len == 0 || memchr(text.ptr, '$', text.len) == NULL) {
		*out = text;
		return true;
	}
	bool good = expand_into(text, &filled, why);
	if (good) {
		*out = arena_dup(arena, buf_view(&filled));
		good = out->ptr != NULL && !buf_failed(&filled);
		if (!good)
			buf_text(why, "the configuration needs more memory than it may have");
	}
	buf_release(&filled);
	return good;
}
