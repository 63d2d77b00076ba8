/* SPDX-License-Identifier: Apache-2.0
 * exporters/split.c - one walk counts and measures leaves, another deletes those that are not wanted.
 */
#include "exporters/split.h"

#include "agent/otlp/edit.h"
#include "agent/otlp/wire.h"

#define LEVELS         3 /* request, resource, scope: each holds the next one, the scope the leaves */
#define EDIT_BYTES_MAX ((size_t)256 << 20) /* of memory for edits: far more than the scopes of any request take */

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
	if (payload_is_lines(p->kind))
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

struct counting {
	enum payload_kind kind;
	uint32_t index, from, to, items;
};

static bool count_items(void *context, struct slice leaf, size_t end)
{
	struct counting *c = context;

	(void)end;
	if (c->index >= c->from)
		c->items += items_of(c->kind, leaf);
	return ++c->index < c->to;
}

uint32_t payload_items(const struct payload *p, uint32_t from, uint32_t to)
{
	struct counting c = { .kind = p->kind, .from = from, .to = to };

	walk_leaves(p, count_items, &c);
	return c.items;
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

/* The part is what is left when everything else is deleted: one edit for each run of unwanted leaves and for each length
 * of what encloses the wanted ones, so that all bytes are copied once. */
struct extract {
	enum payload_kind kind;
	const char *base;
	uint32_t index, from, to;
	uint32_t items, wanted; /* so far */
	struct edit_list edits;
};

/* Deletes a field. deleted: edits up to and with the last one that deletes a field of the same message, 0: none yet; where
 * that one is the last of all and ends where the field begins, it is extended. */
static struct status delete_field(struct extract *x, const struct wire_field *f, const char *end, size_t *deleted)
{
	size_t offset = (size_t)(f->start - x->base), size = (size_t)(end - f->start);

	if (*deleted > 0 && *deleted == x->edits.count) {
		struct edit *last = &x->edits.items[*deleted - 1];
		if (last->offset + last->del == offset) {
			last->del += size;
			return OK;
		}
	}
	TRY(edit_list_add(&x->edits, offset, size, SLICE_NONE));
	*deleted = x->edits.count;
	return OK;
}

static bool leaf_is_wanted(struct extract *x, struct slice leaf)
{
	bool is_wanted = x->index >= x->from && x->index < x->to;

	x->index++;
	if (is_wanted) {
		x->items += items_of(x->kind, leaf);
		x->wanted++;
	}
	return is_wanted;
}

static struct status cut_message(struct extract *x, struct slice message, int level);

/* Cuts what is inside of it. is_empty: nothing of it is wanted. */
static struct status cut_child(struct extract *x, const struct wire_field *f, int level, bool *is_empty)
{
	const char *length = wire_length_start(f);
	uint32_t wanted = x->wanted;
	size_t place;

	TRY(edit_list_reserve(&x->edits, (size_t)(length - x->base), &place));
	TRY(cut_message(x, f->bytes, level));
	*is_empty = x->wanted == wanted;
	if (*is_empty)
		edit_list_rewind(&x->edits, place);
	else
		edit_list_close(&x->edits, place, (size_t)(f->bytes.ptr - length), f->bytes.len);
	return OK;
}

static struct status cut_message(struct extract *x, struct slice message, int level)
{
	struct wire_reader r = wire_reader_of(message);
	struct wire_field f;
	size_t deleted = 0;

	while (wire_next(&r, &f)) {
		bool is_unwanted = false;
		if (f.number != child_fields[level] || f.type != WIRE_BYTES)
			continue;
		if (level == LEVELS - 1)
			is_unwanted = !leaf_is_wanted(x, f.bytes);
		else
			TRY(cut_child(x, &f, level + 1, &is_unwanted));
		if (is_unwanted)
			TRY(delete_field(x, &f, r.at, &deleted));
	}
	return OK;
}

static struct payload *extract_leaves(const struct payload *p, uint32_t from, uint32_t to)
{
	struct slice wire = payload_view(p);
	struct extract x = { .kind = p->kind, .base = wire.ptr, .from = from, .to = to };
	struct payload *part = NULL;
	struct arena arena;

	arena_init(&arena, EDIT_BYTES_MAX);
	edit_list_init(&x.edits, &arena);
	if (!FAILED(cut_message(&x, wire, 0)))
		part = payload_new(p->kind, edit_list_bound(&x.edits, wire), x.items);
	if (part != NULL)
		part->size_bytes = edit_list_write(&x.edits, wire, part->bytes);
	arena_release(&arena);
	return part;
}

struct line_range {
	uint32_t index, from, to;
	size_t start, end;
};

static bool range_line(void *context, struct slice line, size_t end)
{
	struct line_range *range = context;

	if (range->index == range->from)
		range->start = end - line.len;
	range->end = end;
	return ++range->index < range->to;
}

static struct payload *extract_lines(const struct payload *p, uint32_t from, uint32_t to)
{
	struct line_range range = { .from = from, .to = to };

	walk_lines(payload_view(p), range_line, &range);
	struct payload *part = payload_new(p->kind, range.end - range.start, to - from);
	if (part != NULL)
		memcpy(part->bytes, p->bytes + range.start, part->size_bytes);
	return part;
}

struct payload *payload_extract(const struct payload *p, uint32_t from, uint32_t to)
{
	return payload_is_lines(p->kind) ? extract_lines(p, from, to) : extract_leaves(p, from, to);
}
