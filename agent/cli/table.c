/* SPDX-License-Identifier: Apache-2.0
 * cli/table.c - gathers cells, then writes them.
 */
#include "agent/cli/table.h"

#include "agent/base/plain.h"

#define BETWEEN  2u /* blanks */
#define NAME_MIN 8u

void table_cell(struct table *t, const char *text)
{
	size_t *width = &t->widths[t->cells++ % t->columns], before = t->text.len;

	plain_write(&t->text, slice_of(text), "");
	size_t n = plain_columns(slice_skip(buf_view(&t->text), before));
	if (n > *width)
		*width = n;
	buf_byte(&t->text, '\0');
}

void table_printf(struct table *t, const char *format, ...)
{
	struct buf text = BUF_INIT;
	va_list args;

	va_start(args, format);
	buf_vprintf(&text, format, args);
	va_end(args);
	table_cell(t, buf_string(&text));
	buf_release(&text);
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

/* The widest column of names; NULL where none may lose more. */
static size_t *widest_names(struct table *t)
{
	size_t *found = NULL, width = NAME_MIN;

	for (unsigned i = 0; i < t->columns; i++)
		if ((t->names >> i & 1) && t->widths[i] > width) {
			found = &t->widths[i];
			width = *found;
		}
	return found;
}

static void fit(struct table *t)
{
	size_t total = BETWEEN * (t->columns - 1), *names;

	for (unsigned i = 0; i < t->columns; i++)
		total += t->widths[i];
	for (; t->width > 0 && total > t->width && (names = widest_names(t)) != NULL; total--)
		--*names;
}

static void end_line(struct buf *out, size_t start)
{
	while (!buf_failed(out) && out->len > start && out->ptr[out->len - 1] == ' ')
		out->len--;
	buf_byte(out, '\n');
}

void table_write(struct table *t, struct buf *out)
{
	const char *cell = t->text.ptr;
	size_t line = out->len;

	fit(t);
	for (size_t i = 0; i < t->cells && !buf_failed(&t->text); i++, cell += strlen(cell) + 1) {
		unsigned column = (unsigned)(i % t->columns);
		bool is_last = column + 1 == t->columns, is_number = t->numbers >> column & 1;
		size_t length = plain_columns(slice_of(cell)), width = t->widths[column];
		size_t room = length < width ? width - length : 0;
		write_blanks(out, is_number ? room : 0);
		plain_write_short(out, slice_of(cell), width);
		write_blanks(out, BETWEEN + (is_number ? 0 : room));
		if (is_last)
			end_line(out, line);
		line = is_last ? out->len : line;
	}
	buf_release(&t->text);
	*t = (struct table){ .columns = t->columns };
}
