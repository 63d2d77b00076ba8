/* SPDX-License-Identifier: Apache-2.0
 * gate/csv.c - one pass over the text; a cell in quotes may hold line ends.
 */
#include "agent/gate/csv.h"

#include "agent/base/json.h"

struct csv {
	struct slice rest;
	size_t line; /* of rest, from 1 */
	struct buf cell;
	struct buf names[CSV_COLUMNS_MAX];
	size_t name_count;
};

/* Reads up to the closing quote, of which two stand for one. */
static bool read_quoted(struct csv *c)
{
	struct slice s = slice_skip(c->rest, 1);

	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == '"' && (i + 1 == s.len || s.ptr[i + 1] != '"')) {
			c->rest = slice_skip(s, i + 1);
			return true;
		}
		buf_byte(&c->cell, s.ptr[i]);
		c->line += s.ptr[i] == '\n';
		i += s.ptr[i] == '"';
	}
	return false;
}

/* One cell, and what ends it. Sets whether it was the row's last. False: a quote without an end, or text behind one. */
static bool read_cell(struct csv *c, bool *is_last)
{
	size_t n = 0;

	buf_reset(&c->cell);
	if (slice_starts_with(c->rest, SLICE("\"")) && !read_quoted(c))
		return false;
	while (n < c->rest.len && c->rest.ptr[n] != ',' && c->rest.ptr[n] != '\n')
		n++;
	struct slice plain = slice_trim(slice_head(c->rest, n));
	if (c->cell.len > 0 && plain.len > 0)
		return false;
	buf_slice(&c->cell, plain);
	*is_last = n == c->rest.len || c->rest.ptr[n] == '\n';
	c->line += n < c->rest.len && c->rest.ptr[n] == '\n';
	c->rest = slice_skip(c->rest, n < c->rest.len ? n + 1 : n);
	return true;
}

static struct status read_header(struct csv *c)
{
	for (bool is_last = false; !is_last; c->name_count++) {
		if (c->name_count == CSV_COLUMNS_MAX)
			return FAIL(TOOBIG, "too many columns");
		if (!read_cell(c, &is_last))
			return FAIL(MALFORMED, "a quote has no end");
		buf_slice(&c->names[c->name_count], buf_view(&c->cell));
	}
	return OK;
}

static struct status read_row(struct csv *c, struct buf *object)
{
	size_t column = 0;

	buf_reset(object);
	buf_byte(object, '{');
	for (bool is_last = false; !is_last; column++) {
		if (!read_cell(c, &is_last))
			return FAIL(MALFORMED, "a quote has no end");
		if (column >= c->name_count)
			return FAIL(MALFORMED, "more cells than the header has");
		if (c->cell.len == 0)
			continue;
		buf_text(object, object->len > 1 ? "," : "");
		json_write_string(object, buf_view(&c->names[column]));
		buf_byte(object, ':');
		json_write_string(object, buf_view(&c->cell));
	}
	buf_byte(object, '}');
	return buf_failed(object) ? FAIL(NOMEM, "no memory for the results") : OK;
}

struct status csv_read(struct slice text, struct status (*visit)(void *context, struct slice object), void *context,
		       struct buf *why)
{
	struct csv c = { .rest = text, .line = 1 };
	struct buf object = BUF_INIT;
	size_t line = 1;
	struct status s = read_header(&c);

	while (!FAILED(s) && c.rest.len > 0) {
		line = c.line;
		s = read_row(&c, &object);
		if (!FAILED(s) && object.len > 2) /* an empty line is no row */
			s = visit(context, buf_view(&object));
	}
	if (FAILED(s))
		buf_printf(why, "%zu:1: %s", line, s.why);
	for (size_t i = 0; i < c.name_count; i++)
		buf_release(&c.names[i]);
	buf_release(&c.cell);
	buf_release(&object);
	return s;
}
