/* SPDX-License-Identifier: Apache-2.0
 * exec/answer.c - the words of answer.h, in a table.
 */
#include "exporters/exec/answer.h"

#include <stdio.h>

static const struct {
	const char *word;
	enum delivery_result result;
} words[] = {
	{ "ok", DELIVERY_DONE },
	{ "retry", DELIVERY_RETRY },
	{ "toobig", DELIVERY_TOO_BIG },
	{ "refuse", DELIVERY_REFUSED },
};

/* The first word; *rest is what follows it. */
static struct slice first_word(struct slice line, struct slice *rest)
{
	ptrdiff_t end = slice_find(line, SLICE(" "));
	struct slice word = slice_head(line, end < 0 ? line.len : (size_t)end);

	*rest = slice_trim(slice_skip(line, word.len));
	return word;
}

bool answer_read(struct slice line, struct delivery *out)
{
	struct slice rest, after;
	struct slice word = first_word(slice_trim(line), &rest);
	uint64_t number = 0;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!slice_equal(word, slice_of(words[i].word)))
			continue;
		*out = (struct delivery){ .result = words[i].result };
		if (slice_to_u64(first_word(rest, &after), &number))
			rest = after;
		if (out->result == DELIVERY_DONE)
			out->rejected_items = number;
		else if (out->result == DELIVERY_RETRY)
			out->retry_after_ms = number;
		if (out->result != DELIVERY_DONE || number > 0)
			snprintf(out->reason, sizeof(out->reason), "program: %.*s", SLICE_ARG(slice_head(rest, 120)));
		return true;
	}
	return false;
}
