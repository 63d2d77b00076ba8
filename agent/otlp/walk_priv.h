/* SPDX-License-Identifier: Apache-2.0
 * otlp/walk_priv.h - what the walkers of the three signals share: the envelope of resources and scopes, and scratch.
 */
#ifndef PLIMSOLL_OTLP_WALK_PRIV_H
#define PLIMSOLL_OTLP_WALK_PRIV_H

#include "agent/otlp/walk.h"

/* Which wire types a message's fields may have: index is the field number, value a set of TYPE_ bits. Numbers that the
 * table does not know may have any. */
#define TYPE_VARINT  (1u << WIRE_VARINT)
#define TYPE_FIXED64 (1u << WIRE_FIXED64)
#define TYPE_BYTES   (1u << WIRE_BYTES)
#define TYPE_FIXED32 (1u << WIRE_FIXED32)

static inline bool field_fits(const uint8_t *types, size_t count, const struct wire_field *f)
{
	return f->number >= count || types[f->number] == 0 || (types[f->number] >> f->type & 1);
}

/* Reused from item to item; grows in the arena. Behind count it holds what was there before, zeros at first. */
struct attribute_list {
	struct attribute *items;
	const void **notes; /* as many, of the visitor of spans: walk.h */
	size_t count, cap;
};

static inline struct attributes attribute_list_view(const struct attribute_list *l)
{
	return (struct attributes){ l->items, l->count };
}

/* An array in the arena with room for at least one element more: items itself, or a copy twice as large. */
void *scratch_grow(struct arena *a, void *items, size_t count, size_t size, size_t *cap);

struct status attribute_list_grow(struct attribute_list *l, struct arena *a) MUST_USE;

/* Reads one KeyValue to the end of the list. Errors: MALFORMED, NOMEM. */
static ALWAYS_INLINE MUST_USE struct status attribute_list_read(struct attribute_list *l, struct arena *a,
								struct slice message)
{
	if (l->count == l->cap)
		TRY(attribute_list_grow(l, a));
	TRY(attribute_read(message, &l->items[l->count]));
	l->count++;
	return OK;
}

/* A message around an item, whose length changes when the item's does. */
struct enclosure {
	const struct wire_field *field;
	size_t place; /* of its length in the edit list, once reserved */
	bool reserved;
};

/* ExportTraceServiceRequest, ExportLogsServiceRequest and ExportMetricsServiceRequest are alike down to the item: field
 * 1 of the request is a group by resource; in it, field 1 is the resource and field 2 a group by scope; in that, field
 * 1 is the scope and field 2 the item. */
struct envelope {
	struct slice wire;
	struct arena *arena;
	struct edit_list *edits; /* NULL where nobody edits */
	/* Called for each item: a Span, LogRecord or Metric. */
	struct status (*item)(struct envelope *e, const struct wire_field *item);

	struct attribute_list resource_attributes, scope_attributes;
	struct resource_view resource;
	struct scope_view scope;
	struct enclosure groups[2]; /* by resource, by scope */
	bool is_late; /* a resource or scope stands behind what it describes: each group is searched for it first */
};

/* Checks the framing of the whole envelope, resources and scopes included, before the first item is handed over. */
struct status envelope_walk(struct envelope *e) MUST_USE;

/* Edits of the item that is being visited: a place kept at its end, or all of it left out. */
struct status envelope_append(struct envelope *e, const struct wire_field *item, size_t *place) MUST_USE;
struct status envelope_drop(struct envelope *e, const struct wire_field *item) MUST_USE;

#define TRACE_ID_BYTES 16u
#define SPAN_ID_BYTES  8u

/* True where an id is absent: empty, or all zeros. */
bool id_is_empty(struct slice id);

#endif
