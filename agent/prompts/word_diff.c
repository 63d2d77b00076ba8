/* SPDX-License-Identifier: Apache-2.0
 * prompts/word_diff.c - see the header.
 */
#include "agent/prompts/word_diff.h"

#include <stdlib.h>

struct words {
	struct slice *items;
	size_t count;
};

struct diff {
	struct words a, b;
	uint16_t *lengths; /* of common subsequences of what follows: (a.count + 1) * (b.count + 1) */
	void (*visit)(void *context, enum word_op op, struct slice text);
	void *context;
	enum word_op op;
	struct slice run; /* not told yet */
};

enum kind { KIND_BLANK, KIND_MARK, KIND_OTHER };

/* Marks are what JSON and templates put around words. */
static enum kind kind_of(char c)
{
	if (c == ' ' || c == '\t' || c == '\n' || c == '\r')
		return KIND_BLANK;
	return c != '\0' && strchr("\"{}[]:,", c) != NULL ? KIND_MARK : KIND_OTHER;
}

/* A word is a run of blanks, of marks, or of anything else. */
static struct status split(struct slice text, struct words *out)
{
	out->items = malloc((text.len + 1) * sizeof(*out->items));
	if (out->items == NULL)
		return FAIL(NOMEM, "no memory to compare texts");
	for (size_t i = 0, start = 0; i < text.len; start = i) {
		while (i < text.len && kind_of(text.ptr[i]) == kind_of(text.ptr[start]))
			i++;
		out->items[out->count++] = (struct slice){ text.ptr + start, i - start };
	}
	return OK;
}

/* Words of one text stand side by side, so that a run of them is one slice. */
static void tell(struct diff *d, enum word_op op, struct slice word)
{
	if (d->run.len > 0 && d->op == op && d->run.ptr + d->run.len == word.ptr) {
		d->run.len += word.len;
		return;
	}
	if (d->run.len > 0)
		d->visit(d->context, d->op, d->run);
	d->op = op;
	d->run = word;
}

static void tell_all(struct diff *d, enum word_op op, const struct slice *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		tell(d, op, words[i]);
}

static uint16_t *cell(const struct diff *d, size_t i, size_t j)
{
	return &d->lengths[i * (d->b.count + 1) + j];
}

static void measure(struct diff *d)
{
	for (size_t i = d->a.count; i-- > 0;)
		for (size_t j = d->b.count; j-- > 0;) {
			uint16_t down = *cell(d, i + 1, j), right = *cell(d, i, j + 1);
			bool same = slice_equal(d->a.items[i], d->b.items[j]);
			*cell(d, i, j) = same ? (uint16_t)(*cell(d, i + 1, j + 1) + 1) : down > right ? down : right;
		}
}

static void walk(struct diff *d)
{
	size_t i = 0, j = 0;

	while (i < d->a.count && j < d->b.count) {
		if (slice_equal(d->a.items[i], d->b.items[j])) {
			tell(d, WORD_KEPT, d->a.items[i++]);
			j++;
		} else if (*cell(d, i + 1, j) >= *cell(d, i, j + 1)) {
			tell(d, WORD_DELETED, d->a.items[i++]);
		} else {
			tell(d, WORD_INSERTED, d->b.items[j++]);
		}
	}
	tell_all(d, WORD_DELETED, d->a.items + i, d->a.count - i);
	tell_all(d, WORD_INSERTED, d->b.items + j, d->b.count - j);
}

static struct status compare_middle(struct diff *d)
{
	if (d->a.count > WORD_DIFF_MAX || d->b.count > WORD_DIFF_MAX) {
		tell_all(d, WORD_DELETED, d->a.items, d->a.count);
		tell_all(d, WORD_INSERTED, d->b.items, d->b.count);
		return OK;
	}
	d->lengths = calloc((d->a.count + 1) * (d->b.count + 1), sizeof(*d->lengths));
	if (d->lengths == NULL)
		return FAIL(NOMEM, "no memory to compare texts");
	measure(d);
	walk(d);
	free(d->lengths);
	return OK;
}

static size_t common_end(const struct words *a, const struct words *b, size_t first)
{
	size_t n = 0;

	while (n + first < a->count && n + first < b->count &&
	       slice_equal(a->items[a->count - 1 - n], b->items[b->count - 1 - n]))
		n++;
	return n;
}

static struct status compare(struct diff *d)
{
	struct words a = d->a, b = d->b;
	size_t first = 0;

	while (first < a.count && first < b.count && slice_equal(a.items[first], b.items[first]))
		first++;
	size_t last = common_end(&a, &b, first);
	tell_all(d, WORD_KEPT, a.items, first);
	d->a = (struct words){ a.items + first, a.count - first - last };
	d->b = (struct words){ b.items + first, b.count - first - last };
	struct status s = compare_middle(d);
	tell_all(d, WORD_KEPT, a.items + a.count - last, last);
	if (d->run.len > 0)
		d->visit(d->context, d->op, d->run);
	d->a = a;
	d->b = b;
	return s;
}

struct status word_diff(struct slice before, struct slice after,
			void (*visit)(void *context, enum word_op op, struct slice text), void *context)
{
	struct diff d = { .visit = visit, .context = context };
	struct status s = split(before, &d.a);

	if (!FAILED(s))
		s = split(after, &d.b);
	if (!FAILED(s))
		s = compare(&d);
	free(d.a.items);
	free(d.b.items);
	return s;
}
