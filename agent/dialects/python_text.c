/* SPDX-License-Identifier: Apache-2.0
 * dialects/python_text.c - the text of a Python dict, as careless exporters send it, to JSON.
 *
 * Strings change their quotes and escapes, True, False and None their spelling; the rest is the same. Whatever is no
 * literal (an object's repr) makes invalid JSON, which the reader of the result refuses.
 */
#include "agent/dialects/members.h"

struct writer {
	char *to;
	size_t len, cap;
};

static void put(struct writer *w, char byte)
{
	if (w->len < w->cap)
		w->to[w->len++] = byte;
}

static void put_text(struct writer *w, struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		put(w, text.ptr[i]);
}

/* One escape behind its backslash; JSON has no \' and no \xNN. */
static size_t put_escape(struct writer *w, struct slice rest)
{
	if (rest.len == 0)
		return 0;
	if (rest.ptr[0] == '\'') {
		put(w, '\'');
		return 1;
	}
	if (rest.ptr[0] == 'x' && rest.len >= 3) {
		put_text(w, SLICE("\\u00"));
		put_text(w, slice_head(slice_skip(rest, 1), 2));
		return 3;
	}
	put(w, '\\');
	put(w, rest.ptr[0]);
	return 1;
}

/* A string from its opening quote on; returns how many bytes it took. */
static size_t put_string(struct writer *w, struct slice text)
{
	char quote = text.ptr[0];
	size_t i = 1;

	put(w, '"');
	while (i < text.len && text.ptr[i] != quote) {
		if (text.ptr[i] == '\\') {
			i += 1 + put_escape(w, slice_skip(text, i + 1));
			continue;
		}
		if (text.ptr[i] == '"')
			put(w, '\\');
		put(w, text.ptr[i++]);
	}
	put(w, '"');
	return i + 1;
}

static const struct {
	struct slice python, json;
} words[] = {
	{ { "True", 4 }, { "true", 4 } },
	{ { "False", 5 }, { "false", 5 } },
	{ { "None", 4 }, { "null", 4 } },
};

static size_t put_word(struct writer *w, struct slice text)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (slice_starts_with(text, words[i].python)) {
			put_text(w, words[i].json);
			return words[i].python.len;
		}
	put(w, text.ptr[0]);
	return 1;
}

struct slice members_from_python(struct slice text, struct arena *a)
{
	struct writer w = { .cap = text.len > SIZE_MAX / 4 ? 0 : text.len * 2 + 16 };

	w.to = w.cap > 0 ? arena_alloc(a, w.cap) : NULL;
	if (w.to == NULL)
		return SLICE_NONE;
	for (size_t i = 0; i < text.len;) {
		struct slice rest = slice_skip(text, i);
		bool quoted = rest.ptr[0] == '\'' || rest.ptr[0] == '"';
		i += quoted ? put_string(&w, rest) : put_word(&w, rest);
	}
	return w.len < w.cap ? (struct slice){ w.to, w.len } : SLICE_NONE;
}
