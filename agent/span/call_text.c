/* SPDX-License-Identifier: Apache-2.0
 * span/call_text.c - cut, moved and kept.
 */
#include "agent/span/call_text.h"

/* No more than max bytes, and no piece of a character at the end. */
static size_t whole_characters(struct slice text, size_t max)
{
	if (text.len <= max)
		return text.len;
	for (size_t back = 0; back < 4 && back < max; back++)
		if (((unsigned char)text.ptr[max - back] & 0xc0) != 0x80)
			return max - back;
	return max; /* no UTF-8 anyway */
}

void call_text_cut(struct buf *out, struct slice text, size_t max)
{
	size_t n = whole_characters(text, max);

	buf_slice(out, slice_head(text, n));
	if (n < text.len)
		buf_printf(out, "\n[... %zu bytes more]", text.len - n);
}

void call_text_move(struct call_text *t, char **at)
{
	t->question = slice_pack(at, t->question);
	t->messages = slice_pack(at, t->messages);
	t->actual = slice_pack(at, t->actual);
}

void call_text_record(struct record *r, struct call_text *t)
{
	record_slice(r, &t->question);
	record_slice(r, &t->messages);
	record_slice(r, &t->actual);
}
