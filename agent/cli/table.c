/* SPDX-License-Identifier: Apache-2.0
 * cli/table.c - gathers cells, then writes them.
 */
#include "agent/cli/table.h"

#include "agent/base/plain.h"

void table_cell(struct table *t, const char *text)
{
	size_t *width = &t->widths[t->cells++ % t->columns], before = t->text.len;

	plain_write(&t->text, slice_of(text), "");
	size_t n = plain_length(slice_skip(buf_view(&t->text), before));
	if (n > *width)
		*width = n;
	buf_byte(&t->text, '\0');
}

void table_heads(struct table *t, const char *const *heads)
{
	for (unsigned i = 0; i < t->columns; i++)
		table_cell(t, heads[i]);
}

static void write_blanks(struct buf *out, size_t n)
{
	for (; n > 0; n--)
		buf_byte(out, ' ');
}

void table_write(struct table *t, struct buf *out)
{
	const char *cell = t->text.ptr;

	for (size_t i = 0; i < t->cells && !buf_failed(&t->text); i++, cell += strlen(cell) + 1) {
		unsigned column = (unsigned)(i % t->columns);
		bool is_last = column + 1 == t->columns, is_number = t->numbers >> column & 1;
		size_t room = t->widths[column] - plain_length(slice_of(cell));
		write_blanks(out, is_number ? room : 0);
		buf_text(out, cell);
		write_blanks(out, is_last || is_number ? 0 : room);
		buf_text(out, is_last ? "\n" : "  ");
	}
	buf_release(&t->text);
	*t = (struct table){ .columns = t->columns };
}
