/* SPDX-License-Identifier: Apache-2.0
 * cli/table.c - gathers cells, then writes them.
 */
#include "agent/cli/table.h"

#include "agent/base/plain.h"

#define BETWEEN     2u /* blanks */
#define NAME_MIN    8u
#define NAME_BROKEN 24u /* of rows that go on in the next line all the same */
#define GAP         "..."

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

static bool may_lose(const struct table *t, unsigned column)
{
	return (t->names | t->texts) >> column & 1;
}

/* The widest column that may lose some; NULL where none is wider than least. */
static size_t *widest(struct table *t, size_t least)
{
	size_t *found = NULL, width = least;

	for (unsigned i = 0; i < t->columns; i++)
		if (may_lose(t, i) && t->widths[i] > width) {
			found = &t->widths[i];
			width = *found;
		}
	return found;
}

/* Of a row whose names and texts are of so many columns at most. */
static size_t row_width(const struct table *t, size_t most)
{
	size_t total = BETWEEN * (t->columns - 1);

	for (unsigned i = 0; i < t->columns; i++)
		total += may_lose(t, i) && t->widths[i] > most ? most : t->widths[i];
	return total;
}

static void fit(struct table *t)
{
	const size_t least = row_width(t, NAME_MIN) <= t->width ? NAME_MIN : NAME_BROKEN;
	size_t total = row_width(t, SIZE_MAX), *column;

	for (; t->width > 0 && total > t->width && (column = widest(t, least)) != NULL; total--)
		--*column;
}

/* Of a sentence the beginning says what it is about. */
static void write_beginning(struct buf *out, struct slice text, size_t width)
{
	bool is_long = plain_columns(text) > width;

	plain_write(out, is_long ? plain_head(text, width - strlen(GAP)) : text, "");
	buf_text(out, is_long ? GAP : "");
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
		(t->texts >> column & 1 ? write_beginning : plain_write_short)(out, slice_of(cell), width);
		write_blanks(out, BETWEEN + (is_number ? 0 : room));
		if (is_last)
			end_line(out, line);
		line = is_last ? out->len : line;
	}
	buf_release(&t->text);
	*t = (struct table){ .columns = t->columns };
}
