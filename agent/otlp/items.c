/* SPDX-License-Identifier: Apache-2.0
 * otlp/items.c - the three requests are alike down to the item: field 1, in that field 2, in that field 2.
 */
#include "agent/otlp/items.h"

#include "agent/otlp/wire.h"

#define BROKEN  FAIL(MALFORMED, "the request is cut off")
#define NO_ROOM FAIL(NOMEM, "the batch's memory limit leaves no room for a part of it")

static struct slice whole_field(const struct wire_field *f)
{
	return (struct slice){ f->start, (size_t)(f->bytes.ptr - f->start) + f->bytes.len };
}

static bool is_content(const struct wire_field *f)
{
	return f->number == 2 && f->type == WIRE_BYTES;
}

static size_t rest_size(struct slice message)
{
	struct wire_reader r = wire_reader_of(message);
	struct wire_field f;
	size_t n = 0;

	while (wire_next(&r, &f))
		n += is_content(&f) ? 0 : (size_t)(r.at - f.start);
	return n;
}

/* All fields but the content, one behind the other. NULL without memory. */
static const struct slice *read_rest(struct slice message, struct arena *a)
{
	struct slice *rest = arena_alloc(a, sizeof(*rest));
	size_t n = 0, size_of_rest = rest_size(message);
	char *bytes = arena_alloc(a, size_of_rest);
	struct wire_reader r = wire_reader_of(message);
	struct wire_field f;

	if (rest == NULL || bytes == NULL)
		return NULL;
	while (wire_next(&r, &f)) {
		size_t size = (size_t)(r.at - f.start);
		if (is_content(&f))
			continue;
		memcpy(bytes + n, f.start, size);
		n += size;
	}
	*rest = (struct slice){ bytes, n };
	return rest;
}

struct reading_items {
	struct arena *arena;
	struct request_items *out;
	size_t cap;
};

static struct status add_item(struct reading_items *r, struct request_item item)
{
	if (r->out->count == r->cap) {
		size_t cap = r->cap > 0 ? r->cap * 2 : 64;
		struct request_item *bigger = arena_array(r->arena, cap, sizeof(*bigger));
		if (bigger == NULL)
			return NO_ROOM;
		if (r->out->count > 0)
			memcpy(bigger, r->out->items, r->out->count * sizeof(*bigger));
		r->out->items = bigger;
		r->cap = cap;
	}
	r->out->items[r->out->count++] = item;
	return OK;
}

static struct status read_group(struct reading_items *reading, struct slice message, const struct slice *resource)
{
	const struct slice *rest = read_rest(message, reading->arena);
	struct wire_reader r = wire_reader_of(message);
	struct wire_field f;

	if (rest == NULL)
		return NO_ROOM;
	while (wire_next(&r, &f)) {
		if (!is_content(&f))
			continue;
		if (resource == NULL)
			TRY(read_group(reading, f.bytes, rest));
		else
			TRY(add_item(reading, (struct request_item){ f.bytes, whole_field(&f), rest, resource }));
	}
	return r.failed ? BROKEN : OK;
}

struct status items_read(struct slice wire, struct arena *a, struct request_items *out)
{
	struct reading_items reading = { .arena = a, .out = out };
	struct wire_reader r = wire_reader_of(wire);
	struct wire_field f;

	*out = (struct request_items){ 0 };
	while (wire_next(&r, &f))
		if (f.number == 1 && f.type == WIRE_BYTES)
			TRY(read_group(&reading, f.bytes, NULL));
	return r.failed ? BROKEN : OK;
}

/* ------------------------------------------------------------------ written */

struct choice {
	const struct request_items *from;
	const uint8_t *chosen;
	uint8_t bits;
};

static bool is_chosen(const struct choice *c, size_t i)
{
	return (c->chosen[i] & c->bits) != 0;
}

/* Behind the items from i on that share its scope's group, and what the chosen ones among them take. */
static size_t scope_run(const struct choice *c, size_t i, size_t *size)
{
	const struct slice *scope = c->from->items[i].scope;

	*size = 0;
	for (; i < c->from->count && c->from->items[i].scope == scope; i++)
		*size += is_chosen(c, i) ? c->from->items[i].field.len : 0;
	return i;
}

static size_t framed(size_t content)
{
	return 1 + wire_varint_size(content) + content;
}

/* The same for the groups of one resource: what their messages take, without the resource itself. */
static size_t resource_run(const struct choice *c, size_t i, size_t *size)
{
	const struct slice *resource = c->from->items[i].resource;

	*size = 0;
	while (i < c->from->count && c->from->items[i].resource == resource) {
		const struct slice *scope = c->from->items[i].scope;
		size_t items;
		i = scope_run(c, i, &items);
		*size += items > 0 ? framed(scope->len + items) : 0;
	}
	return i;
}

static char *put(char *at, struct slice s)
{
	if (s.len > 0)
		memcpy(at, s.ptr, s.len);
	return at + s.len;
}

static char *put_head(char *at, uint32_t number, size_t content)
{
	*at++ = (char)(number << 3 | WIRE_BYTES);
	return at + wire_put_varint(at, content);
}

static char *write_resource(const struct choice *c, size_t i, size_t end, size_t size, char *at)
{
	const struct slice *resource = c->from->items[i].resource;

	at = put(put_head(at, 1, resource->len + size), *resource);
	while (i < end) {
		const struct slice *scope = c->from->items[i].scope;
		size_t items, next = scope_run(c, i, &items);
		if (items > 0)
			at = put(put_head(at, 2, scope->len + items), *scope);
		for (; i < next; i++)
			if (is_chosen(c, i))
				at = put(at, c->from->items[i].field);
	}
	return at;
}

struct status items_write(const struct request_items *from, const uint8_t *chosen, uint8_t bits, struct arena *a,
			  struct slice *out)
{
	struct choice c = { from, chosen, bits };
	size_t total = 0, size;

	for (size_t i = 0; i < from->count;) {
		const struct slice *resource = from->items[i].resource;
		i = resource_run(&c, i, &size);
		total += size > 0 ? framed(resource->len + size) : 0;
	}
	char *bytes = arena_alloc(a, total), *at = bytes;
	if (bytes == NULL)
		return NO_ROOM;
	for (size_t i = 0, end; i < from->count; i = end) {
		end = resource_run(&c, i, &size);
		if (size > 0)
			at = write_resource(&c, i, end, size, at);
	}
	*out = (struct slice){ bytes, (size_t)(at - bytes) };
	return OK;
}

/* ------------------------------------------------------------------ attributes */

static bool find_attribute(struct slice message, uint32_t number, struct slice key, struct any_value *out)
{
	struct wire_reader r = wire_reader_of(message);
	struct attribute attribute;
	struct wire_field f;

	while (wire_next(&r, &f))
		if (f.number == number && f.type == WIRE_BYTES && !FAILED(attribute_read(f.bytes, &attribute)) &&
		    slice_equal(attribute.key, key)) {
			*out = attribute.value;
			return true;
		}
	return false;
}

static bool find_message(struct slice message, uint32_t number, struct slice *out)
{
	struct wire_reader r = wire_reader_of(message);
	struct wire_field f;

	while (wire_next(&r, &f))
		if (f.number == number && f.type == WIRE_BYTES) {
			*out = f.bytes;
			return true;
		}
	return false;
}

static bool find_in_metric(struct slice metric, struct slice key, struct any_value *out)
{
	/* gauge, sum, histogram, exponential histogram, summary; where their points keep attributes */
	static const uint8_t kinds[][2] = { { 5, 7 }, { 7, 7 }, { 9, 9 }, { 10, 1 }, { 11, 7 } };
	struct slice data, point;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (find_message(metric, kinds[i][0], &data) && find_message(data, 1, &point))
			return find_attribute(point, kinds[i][1], key, out);
	return false;
}

static bool find_in_item(enum signal signal, struct slice item, struct slice key, struct any_value *out)
{
	switch (signal) {
	case SIGNAL_TRACES:
		return find_attribute(item, 9, key, out);
	case SIGNAL_LOGS:
		return find_attribute(item, 6, key, out);
	default:
		return find_in_metric(item, key, out);
	}
}

bool items_attribute(enum signal signal, const struct request_item *item, struct slice key, struct any_value *out)
{
	struct slice resource;

	return find_in_item(signal, item->content, key, out) ||
	       (find_message(*item->resource, 1, &resource) && find_attribute(resource, 1, key, out));
}
