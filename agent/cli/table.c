/* SPDX-License-Identifier: Apache-2.0
 * cli/table.c - gathers cells, then writes them.
 */
#include "agent/cli/table.h"

static size_t characters(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

void table_cell(struct table *t, const char *text)
{
	size_t *width = &t->widths[t->cells++ % t->columns], n = characters(text);

	if (n > *width)
		*width = n;
	for (; *text != '\0'; text++)
		buf_byte(&t->text, (unsigned char)*text < ' ' || *text == 0x7f ? ' ' : *text);
	buf_byte(&t->text, '\0');
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
		size_t room = t->widths[column] - characters(cell);
		write_blanks(out, is_number ? room : 0);
		buf_text(out, cell);
		write_blanks(out, is_last || is_number ? 0 : room);
		buf_text(out, is_last ? "\n" : "  ");
	}
	buf_release(&t->text);
	*t = (struct table){ .columns = t->columns };
}
