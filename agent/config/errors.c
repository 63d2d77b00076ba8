/* SPDX-License-Identifier: Apache-2.0
 * config/errors.c - places and texts of mistakes.
 */
#include "agent/config/errors.h"

#include <stdlib.h>

void conf_error(struct conf_errors *e, struct conf_mark at, const char *format, ...)
{
	va_list args;
	size_t start = e->text.len;

	if (e->count++ >= CONF_ERRORS_SHOWN)
		return;
	buf_printf(&e->text, "%s:", e->file);
	if (at.line > 0)
		buf_printf(&e->text, "%zu:%zu:", at.line, at.column);
	buf_byte(&e->text, ' ');
	va_start(args, format);
	buf_vprintf(&e->text, format, args);
	va_end(args);
	for (size_t i = start; i < e->text.len; i++)
		if ((unsigned char)e->text.ptr[i] < 0x20 || e->text.ptr[i] == 0x7f)
			e->text.ptr[i] = '?';
	e->shown[e->count - 1] = (struct conf_error){ at, start, e->text.len - start };
}

/* By place; of one place, as they were found. */
static int compare_places(const void *left, const void *right)
{
	const struct conf_error *a = left, *b = right;

	if (a->at.line != b->at.line)
		return a->at.line < b->at.line ? -1 : 1;
	if (a->at.column != b->at.column)
		return a->at.column < b->at.column ? -1 : 1;
	return a->start < b->start ? -1 : 1;
}

void conf_errors_finish(struct conf_errors *e, struct buf *out)
{
	size_t shown = e->count < CONF_ERRORS_SHOWN ? e->count : CONF_ERRORS_SHOWN;

	qsort(e->shown, shown, sizeof(e->shown[0]), compare_places);
	for (size_t i = 0; i < shown && !buf_failed(&e->text); i++) {
		buf_append(out, e->text.ptr + e->shown[i].start, e->shown[i].len);
		buf_byte(out, '\n');
	}
	if (e->count > shown)
		buf_printf(out, "%s: %zu more mistakes are not shown\n", e->file, e->count - shown);
	buf_release(&e->text);
}
