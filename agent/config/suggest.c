/* SPDX-License-Identifier: Apache-2.0
 * config/suggest.c - edit distance: letters inserted, left out, replaced, or two neighbours swapped.
 */
#include "agent/config/suggest.h"

#define WORD_MAX 48 /* longer words are no typing mistakes of ours */

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Optimal string alignment distance (Damerau and Levenshtein without overlapping edits); three rows are enough. */
static size_t edit_distance(struct slice a, struct slice b)
{
	size_t rows[3][WORD_MAX + 1];
	size_t *two_back = rows[0], *back = rows[1], *now = rows[2];

	for (size_t j = 0; j <= b.len; j++)
		back[j] = j;
	for (size_t i = 1; i <= a.len; i++) {
		now[0] = i;
		for (size_t j = 1; j <= b.len; j++) {
			size_t replaced = back[j - 1] + (a.ptr[i - 1] != b.ptr[j - 1]);
			now[j] = least(replaced, least(back[j], now[j - 1]) + 1);
			if (i > 1 && j > 1 && a.ptr[i - 1] == b.ptr[j - 2] && a.ptr[i - 2] == b.ptr[j - 1])
				now[j] = least(now[j], two_back[j - 2] + 1);
		}
		size_t *free_row = two_back;
		two_back = back;
		back = now;
		now = free_row;
	}
	return back[b.len];
}

struct suggestion suggest_for(struct slice typed)
{
	return (struct suggestion){ .typed = typed, .distance = (typed.len + 2) / 3 + 1 };
}

void suggest_consider(struct suggestion *s, const char *known)
{
	struct slice word = slice_of(known);

	if (s->typed.len > WORD_MAX || word.len > WORD_MAX)
		return;
	size_t distance = edit_distance(s->typed, word);
	if (distance < s->distance) {
		s->distance = distance;
		s->best = known;
	}
}
