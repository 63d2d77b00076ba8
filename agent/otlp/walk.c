/* SPDX-License-Identifier: Apache-2.0
 * otlp/walk.c - the envelope around spans, log records and metrics.
 *
 * Two passes over the framing. The first steps from length to length, so that a request with broken framing is refused
 * before anything in it was visited, and finds out whether resources and scopes stand before what they describe, as
 * every known encoder writes them. The second hands over the items. Singular messages that occur twice are merged as
 * protobuf says, by reading each occurrence onto what the one before it gave.
 */
#include "agent/otlp/walk_priv.h"

#define FIRST_CAP 32u

#define BROKEN FAIL(MALFORMED, "the request is cut off, or not an OTLP message of this signal")

enum { BY_RESOURCE, BY_SCOPE };

void *scratch_grow(struct arena *a, void *items, size_t count, size_t size, size_t *cap)
{
	size_t new_cap = *cap > 0 ? *cap * 2 : FIRST_CAP;
	char *bigger = arena_array(a, new_cap, size);

	if (bigger == NULL)
		return NULL;
	if (count > 0)
		memcpy(bigger, items, count * size);
	*cap = new_cap;
	return bigger;
}

struct status attribute_list_grow(struct attribute_list *l, struct arena *a)
{
	size_t cap = l->cap, notes_cap = l->cap;
	struct attribute *items = scratch_grow(a, l->items, l->count, sizeof(*l->items), &cap);
	const void **notes = scratch_grow(a, l->notes, l->count, sizeof(*l->notes), &notes_cap);

	if (items == NULL || notes == NULL)
		return FAIL(NOMEM, "the batch's memory limit leaves no room for its attributes");
	memset(items + l->count, 0, (cap - l->count) * sizeof(*items));
	memset(notes + l->count, 0, (cap - l->count) * sizeof(*notes));
	l->items = items;
	l->notes = notes;
	l->cap = cap;
	return OK;
}

const struct any_value *attributes_find(struct attributes attributes, struct slice key)
{
	for (size_t i = 0; i < attributes.count; i++)
		if (slice_equal(attributes.items[i].key, key))
			return &attributes.items[i].value;
	return NULL;
}

bool id_is_empty(struct slice id)
{
	for (size_t i = 0; i < id.len; i++)
		if (id.ptr[i] != 0)
			return false;
	return true;
}

static struct status read_resource(struct envelope *e, struct slice message)
{
	static const uint8_t types[] = { [1] = TYPE_BYTES, [2] = TYPE_VARINT, [3] = TYPE_BYTES };
	struct wire_reader r = wire_reader_of(message);
	struct wire_field f;

	while (wire_next(&r, &f)) {
		if (!field_fits(types, sizeof(types), &f))
			return BROKEN;
		if (f.number == 1)
			TRY(attribute_list_read(&e->resource_attributes, e->arena, f.bytes));
	}
	e->resource.attributes = attribute_list_view(&e->resource_attributes);
	return r.failed ? BROKEN : OK;
}

static struct status read_scope(struct envelope *e, struct slice message)
{
	static const uint8_t types[] = { [1] = TYPE_BYTES, [2] = TYPE_BYTES, [3] = TYPE_BYTES, [4] = TYPE_VARINT };
	struct wire_reader r = wire_reader_of(message);
	struct wire_field f;

	while (wire_next(&r, &f)) {
		if (!field_fits(types, sizeof(types), &f))
			return BROKEN;
		if (f.number == 1)
			e->scope.name = f.bytes;
		else if (f.number == 2)
			e->scope.version = f.bytes;
		else if (f.number == 3)
			TRY(attribute_list_read(&e->scope_attributes, e->arena, f.bytes));
	}
	e->scope.attributes = attribute_list_view(&e->scope_attributes);
	return r.failed ? BROKEN : OK;
}

/* What describes a group: its resource, its scope. */
static struct status read_description(struct envelope *e, int level, struct slice message)
{
	return level == BY_RESOURCE ? read_resource(e, message) : read_scope(e, message);
}

static void forget_description(struct envelope *e, int level)
{
	if (level == BY_RESOURCE) {
		e->resource_attributes.count = 0;
		e->resource.attributes = attribute_list_view(&e->resource_attributes);
		e->resource.sequence++;
	} else {
		e->scope_attributes.count = 0;
		e->scope = (struct scope_view){ .attributes = attribute_list_view(&e->scope_attributes) };
	}
}

static bool group_field_fits(const struct wire_field *f)
{
	static const uint8_t types[] = { [1] = TYPE_BYTES, [2] = TYPE_BYTES, [3] = TYPE_BYTES };

	return field_fits(types, sizeof(types), f);
}

/* Past a run of items, whose content is no matter of the first pass. */
static void skip_items(struct wire_reader *r)
{
	while (r->end - r->at > 2 && *r->at == WIRE_TAG(2, WIRE_BYTES)) {
		struct slice content = wire_short_content(r->at + 1, r->end);
		if (content.ptr == NULL)
			return;
		r->at = content.ptr + content.len;
	}
}

/* First pass over a group. */
static struct status check_group(struct envelope *e, int level, struct slice message)
{
	struct wire_reader r = wire_reader_of(message);
	struct wire_field f;
	bool has_content = false;

	forget_description(e, level);
	while (wire_next(&r, &f)) {
		if (!group_field_fits(&f))
			return BROKEN;
		if (f.number == 1) {
			e->is_late |= has_content;
			TRY(read_description(e, level, f.bytes));
		} else if (f.number == 2) {
			has_content = true;
			if (level == BY_RESOURCE)
				TRY(check_group(e, BY_SCOPE, f.bytes));
			else
				skip_items(&r);
		}
	}
	return r.failed ? BROKEN : OK;
}

static struct status find_description(struct envelope *e, int level, struct slice message)
{
	struct wire_reader r = wire_reader_of(message);
	struct wire_field f;

	while (wire_next(&r, &f))
		if (f.number == 1)
			TRY(read_description(e, level, f.bytes));
	return OK;
}

/* Keeps the place of the length of a message that is going to change, before any edit inside it. */
static struct status enclosure_open(struct enclosure *c, struct envelope *e)
{
	if (c->reserved)
		return OK;
	TRY(edit_list_reserve(e->edits, (size_t)(wire_length_start(c->field) - e->wire.ptr), &c->place));
	c->reserved = true;
	return OK;
}

static void enclosure_close(const struct enclosure *c, struct envelope *e)
{
	if (c->reserved)
		edit_list_close(e->edits, c->place, (size_t)(c->field->bytes.ptr - wire_length_start(c->field)),
				c->field->bytes.len);
}

static size_t end_of(const struct envelope *e, const struct wire_field *f)
{
	return (size_t)(f->bytes.ptr - e->wire.ptr) + f->bytes.len;
}

struct status envelope_append(struct envelope *e, const struct wire_field *item, size_t *place)
{
	struct enclosure around = { .field = item };

	TRY(enclosure_open(&e->groups[BY_RESOURCE], e));
	TRY(enclosure_open(&e->groups[BY_SCOPE], e));
	TRY(enclosure_open(&around, e));
	TRY(edit_list_reserve(e->edits, end_of(e, item), place));
	enclosure_close(&around, e);
	return OK;
}

struct status envelope_drop(struct envelope *e, const struct wire_field *item)
{
	size_t start = (size_t)(item->start - e->wire.ptr);

	TRY(enclosure_open(&e->groups[BY_RESOURCE], e));
	TRY(enclosure_open(&e->groups[BY_SCOPE], e));
	return edit_list_add(e->edits, start, end_of(e, item) - start, SLICE_NONE);
}

/* Second pass; what the first one checked is not checked again. */
static struct status walk_group(struct envelope *e, int level, const struct wire_field *group)
{
	struct wire_reader r = wire_reader_of(group->bytes);
	struct wire_field f;

	forget_description(e, level);
	if (e->is_late)
		TRY(find_description(e, level, group->bytes));
	e->groups[level] = (struct enclosure){ .field = group };
	while (wire_next(&r, &f)) {
		if (f.number == 1 && !e->is_late)
			TRY(read_description(e, level, f.bytes));
		else if (f.number == 2)
			TRY(level == BY_RESOURCE ? walk_group(e, BY_SCOPE, &f) : e->item(e, &f));
	}
	enclosure_close(&e->groups[level], e);
	return OK;
}

struct status envelope_walk(struct envelope *e)
{
	struct wire_reader r = wire_reader_of(e->wire);
	struct wire_field f;

	while (wire_next(&r, &f)) {
		if (f.number != 1)
			continue;
		if (f.type != WIRE_BYTES)
			return BROKEN;
		TRY(check_group(e, BY_RESOURCE, f.bytes));
	}
	if (r.failed)
		return BROKEN;
	e->resource.sequence = 0;
	r = wire_reader_of(e->wire);
	while (wire_next(&r, &f))
		if (f.number == 1)
			TRY(walk_group(e, BY_RESOURCE, &f));
	return OK;
}
