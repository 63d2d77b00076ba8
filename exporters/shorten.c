/* SPDX-License-Identifier: Apache-2.0
 * exporters/shorten.c - a table of messages that lead to string values; source: opentelemetry-proto 1.11.
 */
#include "exporters/shorten.h"

#include <stdio.h>

#include "agent/base/buf.h"
#include "agent/otlp/wire.h"

#define DEPTH_MAX    48
#define LENGTH_BYTES 5 /* room that is left for a length before the message is known */

enum message {
	END, /* of a row */
	TRACES,
	LOGS,
	METRICS,
	RESOURCE_SPANS,
	RESOURCE_LOGS,
	RESOURCE_METRICS,
	RESOURCE,
	SCOPE_SPANS,
	SCOPE_LOGS,
	SCOPE_METRICS,
	SCOPE,
	SPAN,
	EVENT,
	LINK,
	LOG_RECORD,
	KEY_VALUE,
	ANY_VALUE,
	ARRAY,
	KVLIST,
	TEXT, /* a string value itself */
};

static const struct child {
	uint32_t field;
	enum message message;
} children[][4] = {
	[TRACES] = { { 1, RESOURCE_SPANS } },
	[LOGS] = { { 1, RESOURCE_LOGS } },
	[METRICS] = { { 1, RESOURCE_METRICS } },
	[RESOURCE_SPANS] = { { 1, RESOURCE }, { 2, SCOPE_SPANS } },
	[RESOURCE_LOGS] = { { 1, RESOURCE }, { 2, SCOPE_LOGS } },
	[RESOURCE_METRICS] = { { 1, RESOURCE }, { 2, SCOPE_METRICS } },
	[RESOURCE] = { { 1, KEY_VALUE } },
	[SCOPE_SPANS] = { { 1, SCOPE }, { 2, SPAN } },
	[SCOPE_LOGS] = { { 1, SCOPE }, { 2, LOG_RECORD } },
	[SCOPE_METRICS] = { { 1, SCOPE } },
	[SCOPE] = { { 3, KEY_VALUE } },
	[SPAN] = { { 9, KEY_VALUE }, { 11, EVENT }, { 13, LINK } },
	[EVENT] = { { 3, KEY_VALUE } },
	[LINK] = { { 4, KEY_VALUE } },
	[LOG_RECORD] = { { 5, ANY_VALUE }, { 6, KEY_VALUE } },
	[KEY_VALUE] = { { 2, ANY_VALUE } },
	[ANY_VALUE] = { { 1, TEXT }, { 5, ARRAY }, { 6, KVLIST } },
	[ARRAY] = { { 1, ANY_VALUE } },
	[KVLIST] = { { 1, KEY_VALUE } },
	[TEXT] = { { 0, END } },
};

static const enum message roots[PAYLOAD_KIND_COUNT] = {
	[PAYLOAD_TRACES] = TRACES,
	[PAYLOAD_METRICS] = METRICS,
	[PAYLOAD_LOGS] = LOGS,
	[PAYLOAD_RECORDS] = END,
};

static enum message child_of(enum message parent, const struct wire_field *f)
{
	const struct child *row = children[parent];

	for (int i = 0; f->type == WIRE_BYTES && i < 4 && row[i].message != END; i++)
		if (row[i].field == f->number)
			return row[i].message;
	return END;
}

/* False where the bytes are broken. */
static bool measure(struct slice bytes, enum message message, int depth, size_t *longest)
{
	struct wire_reader r = wire_reader_of(bytes);
	struct wire_field f;

	if (message == TEXT && bytes.len > *longest)
		*longest = bytes.len;
	if (message == TEXT || depth == DEPTH_MAX)
		return true;
	while (wire_next(&r, &f)) {
		enum message child = child_of(message, &f);
		if (child != END && f.bytes.len > *longest && !measure(f.bytes, child, depth + 1, longest))
			return false;
	}
	return !r.failed;
}

size_t payload_longest_value(const struct payload *p)
{
	size_t longest = 0;

	if (roots[p->kind] == END || !measure(payload_view(p), roots[p->kind], 0, &longest))
		return 0;
	return longest;
}

static void write_text(struct slice text, size_t max_bytes, struct buf *out)
{
	char mark[48];
	size_t kept = max_bytes - (size_t)snprintf(mark, sizeof(mark), "...[%zu bytes cut]", text.len);

	while (kept > 0 && ((unsigned char)text.ptr[kept] & 0xc0) == 0x80) /* never inside a character */
		kept--;
	snprintf(mark, sizeof(mark), "...[%zu bytes cut]", text.len - kept);
	buf_slice(out, slice_head(text, kept));
	buf_text(out, mark);
}

static void write_message(struct slice bytes, enum message message, int depth, size_t max_bytes, struct buf *out);

/* Tag, length and content. The length is known last: the content moves up to it. */
static void write_child(const struct wire_field *f, enum message child, int depth, size_t max_bytes, struct buf *out)
{
	char length[WIRE_VARINT_MAX];
	const char *tag_end = wire_length_start(f);

	buf_append(out, f->start, (size_t)(tag_end - f->start));
	size_t place = out->len;
	buf_append(out, "\0\0\0\0", LENGTH_BYTES);
	write_message(f->bytes, child, depth, max_bytes, out);
	if (buf_failed(out))
		return;
	size_t content = out->len - place - LENGTH_BYTES;
	size_t n = wire_put_varint(length, content);
	memcpy(out->ptr + place, length, n);
	memmove(out->ptr + place + n, out->ptr + place + LENGTH_BYTES, content);
	out->len = place + n + content;
}

static void write_message(struct slice bytes, enum message message, int depth, size_t max_bytes, struct buf *out)
{
	struct wire_reader r = wire_reader_of(bytes);
	struct wire_field f;

	if (message == TEXT && bytes.len > max_bytes)
		write_text(bytes, max_bytes, out);
	else if (message == TEXT || depth == DEPTH_MAX)
		buf_slice(out, bytes);
	if (message == TEXT || depth == DEPTH_MAX)
		return;
	while (wire_next(&r, &f)) {
		enum message child = child_of(message, &f);
		if (child != END && f.bytes.len > max_bytes)
			write_child(&f, child, depth + 1, max_bytes, out);
		else
			buf_append(out, f.start, (size_t)(r.at - f.start));
	}
}

struct payload *payload_shorten(const struct payload *p, size_t max_bytes)
{
	struct buf out = BUF_INIT;
	struct payload *shorter = NULL;

	if (max_bytes < SHORTEN_MIN_BYTES)
		max_bytes = SHORTEN_MIN_BYTES;
	if (payload_longest_value(p) == 0)
		return NULL;
	write_message(payload_view(p), roots[p->kind], 0, max_bytes, &out);
	if (!buf_failed(&out))
		shorter = payload_new(p->kind, out.len, p->items);
	if (shorter != NULL)
		memcpy(shorter->bytes, out.ptr, out.len);
	buf_release(&out);
	return shorter;
}
