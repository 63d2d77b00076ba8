/* SPDX-License-Identifier: Apache-2.0
 * exporters/split.c - one walk counts and measures leaves, another copies some of them.
 */
#include "exporters/split.h"

#include "agent/base/buf.h"
#include "agent/otlp/wire.h"

#define LEVELS 3 /* request, resource, scope: each holds the next one, the scope the leaves */

static const uint32_t child_fields[LEVELS] = { 1, 2, 2 };

/* Called for each leaf in order; end: offset in the payload behind it. False ends the walk. */
typedef bool (*leaf_visit)(void *context, struct slice leaf, size_t end);

/* ------------------------------------------------------------------ walking */

/* -1: the bytes are broken; 0: the visit had enough; 1: went through. */
static int walk_message(struct slice message, int level, const char *base, leaf_visit visit, void *context)
{
	struct wire_reader r = wire_reader_of(message);
	struct wire_field f;

	while (wire_next(&r, &f)) {
		if (f.number != child_fields[level] || f.type != WIRE_BYTES)
			continue;
		int went = level < LEVELS - 1 ? walk_message(f.bytes, level + 1, base, visit, context) :
						visit(context, f.bytes, (size_t)(r.at - base)) ? 1 : 0;
		if (went != 1)
			return went;
	}
	return r.failed ? -1 : 1;
}

static int walk_lines(struct slice text, leaf_visit visit, void *context)
{
	size_t at = 0;

	while (at < text.len) {
		const char *newline = memchr(text.ptr + at, '\n', text.len - at);
		size_t end = newline != NULL ? (size_t)(newline - text.ptr) + 1 : text.len;
		if (!visit(context, (struct slice){ text.ptr + at, end - at }, end))
			return 0;
		at = end;
	}
	return 1;
}

static int walk_leaves(const struct payload *p, leaf_visit visit, void *context)
{
	if (p->kind == PAYLOAD_RECORDS)
		return walk_lines(payload_view(p), visit, context);
	return p->kind <= PAYLOAD_LOGS ? walk_message(payload_view(p), 0, p->bytes, visit, context) : -1;
}

/* Data points of a Metric: gauge 5, sum 7, histogram 9, exponential histogram 10, summary 11 hold them in field 1. */
static uint32_t count_points(struct slice metric)
{
	struct wire_reader r = wire_reader_of(metric);
	struct wire_field f, point;
	uint32_t points = 0;

	while (wire_next(&r, &f)) {
		if (f.type != WIRE_BYTES || (f.number != 5 && f.number != 7 && (f.number < 9 || f.number > 11)))
			continue;
		for (struct wire_reader data = wire_reader_of(f.bytes); wire_next(&data, &point);)
			points += point.number == 1 && point.type == WIRE_BYTES;
	}
	return points;
}

static uint32_t items_of(enum payload_kind kind, struct slice leaf)
{
	return kind == PAYLOAD_METRICS ? count_points(leaf) : 1;
}

static bool count_leaf(void *count, struct slice leaf, size_t end)
{
	(void)leaf;
	(void)end;
	++*(uint32_t *)count;
	return true;
}

uint32_t payload_leaves(const struct payload *p)
{
	uint32_t count = 0;

	return walk_leaves(p, count_leaf, &count) == 1 ? count : 0;
}

/* ------------------------------------------------------------------ measuring */

struct fitting {
	enum payload_kind kind;
	uint32_t index, from, to;
	const struct payload_limits *limits;
	size_t start, longest_head; /* bytes before the first leaf come along with every part */
	uint64_t items;
	uint32_t fits; /* behind the last leaf that does */
};

static bool fit_leaf(void *context, struct slice leaf, size_t end)
{
	struct fitting *f = context;

	if (f->index++ < f->from) {
		f->start = end;
		return true;
	}
	f->items += items_of(f->kind, leaf);
	size_t bytes = f->longest_head + end - f->start;
	bool fits = (f->limits->max_bytes == 0 || bytes <= f->limits->max_bytes) &&
		    (f->limits->max_items == 0 || f->items <= f->limits->max_items);
	if (f->index - 1 > f->from && !fits)
		return false;
	f->fits = f->index;
	return f->index < f->to;
}

static bool first_leaf(void *start, struct slice leaf, size_t end)
{
	*(size_t *)start = end - leaf.len;
	return false;
}

uint32_t payload_fit(const struct payload *p, uint32_t from, uint32_t to, const struct payload_limits *limits)
{
	struct fitting f = { .kind = p->kind, .from = from, .to = to, .limits = limits, .fits = from + 1 };

	if (from > 0)
		walk_leaves(p, first_leaf, &f.longest_head);
	walk_leaves(p, fit_leaf, &f);
	return f.fits < to ? f.fits : to;
}

/* ------------------------------------------------------------------ copying */

struct extract {
	enum payload_kind kind;
	uint32_t index, from, to;
	uint32_t items, copied;
	struct buf levels[LEVELS];
};

static void copy_field(struct buf *out, const struct wire_field *f, const char *end)
{
	buf_append(out, f->start, (size_t)(end - f->start));
}

static void put_message(struct buf *out, uint32_t field, struct slice message)
{
	char head[2 * WIRE_VARINT_MAX];
	size_t n = wire_put_varint(head, field << 3 | WIRE_BYTES);

	n += wire_put_varint(head + n, message.len);
	buf_append(out, head, n);
	buf_slice(out, message);
}

static void extract_leaf(struct extract *x, const struct wire_field *f, const char *end)
{
	if (x->index >= x->from && x->index < x->to) {
		copy_field(&x->levels[LEVELS - 1], f, end);
		x->items += items_of(x->kind, f->bytes);
		x->copied++;
	}
	x->index++;
}

/* Writes what is wanted of the message to its level's buffer. */
static void extract_message(struct extract *x, struct slice message, int level)
{
	struct wire_reader r = wire_reader_of(message);
	struct wire_field f;

	buf_reset(&x->levels[level]);
	while (wire_next(&r, &f)) {
		if (f.number != child_fields[level] || f.type != WIRE_BYTES) {
			copy_field(&x->levels[level], &f, r.at);
		} else if (level == LEVELS - 1) {
			extract_leaf(x, &f, r.at);
		} else {
			uint32_t copied = x->copied;
			extract_message(x, f.bytes, level + 1);
			if (x->copied > copied)
				put_message(&x->levels[level], f.number, buf_view(&x->levels[level + 1]));
		}
	}
}

static bool extract_line(void *context, struct slice line, size_t end)
{
	struct extract *x = context;

	(void)end;
	if (x->index >= x->from && x->index < x->to) {
		buf_slice(&x->levels[0], line);
		x->items++;
	}
	return ++x->index < x->to;
}

struct payload *payload_extract(const struct payload *p, uint32_t from, uint32_t to)
{
	struct extract x = { .kind = p->kind, .from = from, .to = to };
	struct payload *part = NULL;
	bool failed = false;

	if (p->kind == PAYLOAD_RECORDS)
		walk_lines(payload_view(p), extract_line, &x);
	else
		extract_message(&x, payload_view(p), 0);
	for (int level = 0; level < LEVELS; level++)
		failed |= buf_failed(&x.levels[level]);
	if (!failed)
		part = payload_new(p->kind, x.levels[0].len, x.items);
	if (part != NULL)
		memcpy(part->bytes, x.levels[0].ptr, x.levels[0].len);
	for (int level = 0; level < LEVELS; level++)
		buf_release(&x.levels[level]);
	return part;
}
