/* SPDX-License-Identifier: Apache-2.0
 * dialects/reading.c - one pass over attributes: each key's rows put its value where it belongs.
 */
#include "agent/dialects/reading.h"

#include "agent/base/compiler.h"
#include "agent/dialects/apply.h"
#include "agent/dialects/convert.h"
#include "agent/dialects/members.h"

void reading_clear(struct reading *r)
{
	memset(r, 0, offsetof(struct reading, content));
	memset(r->rank, RANK_NONE, sizeof(r->rank));
	memset(r->content_rank, RANK_NONE, sizeof(r->content_rank));
	r->ttft_rank = r->cost_rank = r->streaming_rank = r->status_rank = RANK_NONE;
}

void reading_start(struct reading *r, const struct reading *blank)
{
	memcpy(r, blank, offsetof(struct reading, content));
}

static NOINLINE bool apply_unquoted(struct reading_context *c, struct reading *r, const struct dialect_row *row,
				    const struct any_value *v)
{
	struct any_value unquoted = convert_unquoted(v, c->arena);

	return apply_value(c, r, row, &unquoted);
}

static ALWAYS_INLINE bool is_quoted(const struct any_value *v)
{
	return v->kind == ANY_STRING && v->bytes.len > 1 && v->bytes.ptr[0] == '"';
}

static ALWAYS_INLINE bool apply_any(struct reading_context *c, struct reading *r, const struct dialect_row *row,
				    const struct any_value *v)
{
	if (is_quoted(v) && row->conversion != CONVERT_CONTENT)
		return apply_unquoted(c, r, row, v);
	return apply_value(c, r, row, v);
}

static void tell_trace(const struct reading_context *c, const struct dialect_row *row, bool understood)
{
	c->trace->row(c->trace->context, c->key, row->key,
		      c->dialect < DIALECTS_MAX ? dialects[c->dialect]->name : "configuration", row->field, row->rank,
		      c->is_resource, understood);
}

bool reading_apply(struct reading_context *c, struct reading *r, const struct dialect_row *row, const struct any_value *v)
{
	bool understood = apply_any(c, r, row, v);

	if (c->trace != NULL)
		tell_trace(c, row, understood);
	return understood;
}

static NOINLINE void apply_row(struct reading_context *c, struct reading *r, const struct known_row *known,
			       const struct any_value *v)
{
	c->dialect = known->dialect;
	if (!reading_apply(c, r, &known->row, v))
		meter_add(c->bad_attributes, 1);
}

/* A key that is a common word: in the spans of a dialect that claims it, it means what that one says, else nothing. */
static void apply_guarded(struct reading_context *c, struct reading *r, const struct known_key *e,
			  const struct any_value *v)
{
	uint64_t owners = e->guards & c->scope_dialects;

	r->dialects |= owners != 0 ? owners : e->unguarded;
	for (unsigned i = 0; i < e->row_count; i++) {
		const struct known_row *known = &e->rows[i];
		bool is_owners = known->dialect < DIALECTS_MAX && (owners >> known->dialect & 1u) != 0;
		if (known->dialect == DIALECTS_MAX || (owners != 0 ? is_owners : !known->guarded))
			apply_row(c, r, known, v);
	}
}

static void apply_nothing(struct reading_context *c, struct reading *r, const struct known_key *e,
			  const struct any_value *v)
{
	(void)c;
	(void)r;
	(void)e;
	(void)v;
}

static NOINLINE void apply_any_rows(struct reading_context *c, struct reading *r, const struct known_key *e,
				    const struct any_value *v)
{
	for (unsigned i = 0; i < e->row_count; i++)
		apply_row(c, r, &e->rows[i], v);
}

/* The short ways: for values of the usual kind, that nobody watches. */

static void apply_rows(struct reading_context *c, struct reading *r, const struct known_key *e,
		       const struct any_value *v)
{
	if (is_quoted(v)) {
		apply_any_rows(c, r, e, v);
		return;
	}
	for (const struct known_row *known = e->rows, *end = known + e->row_count; known < end; known++)
		if (!apply_value(c, r, &known->row, v))
			meter_add(c->bad_attributes, 1);
}

static void apply_text_key(struct reading_context *c, struct reading *r, const struct known_key *e,
			   const struct any_value *v)
{
	const struct dialect_row *row = &e->rows[0].row;

	if (v->kind != ANY_STRING || v->bytes.len == 0 || v->bytes.ptr[0] == '"' || apply_converts(row, v->bytes)) {
		apply_row(c, r, &e->rows[0], v);
	} else if (row->rank < r->rank[row->field]) {
		r->text[row->field] = v->bytes;
		r->rank[row->field] = row->rank;
	}
}

static void apply_tokens_key(struct reading_context *c, struct reading *r, const struct known_key *e,
			     const struct any_value *v)
{
	if (v->kind != ANY_INT || (uint64_t)v->integer > COUNT_MAX)
		apply_row(c, r, &e->rows[0], v);
	else
		apply_token_count(r, &e->rows[0].row, (uint64_t)v->integer);
}

static void apply_one_row(struct reading_context *c, struct reading *r, const struct known_key *e,
			  const struct any_value *v)
{
	const struct dialect_row *row = &e->rows[0].row;

	if (is_quoted(v))
		apply_row(c, r, &e->rows[0], v);
	else if (!appliers[row->field](c, r, row, v))
		meter_add(c->bad_attributes, 1);
}

/* By kind of key. */
static void (*const ways[KEY_KINDS])(struct reading_context *c, struct reading *r, const struct known_key *e,
				     const struct any_value *v) = {
	[KEY_NOTHING] = apply_nothing, [KEY_TEXT] = apply_text_key, [KEY_TOKENS] = apply_tokens_key,
	[KEY_ONE_ROW] = apply_one_row, [KEY_ROWS] = apply_rows,     [KEY_GUARDED] = apply_guarded,
};

static void apply_dimension(struct reading_context *c, struct reading *r, struct slice key, const struct any_value *v)
{
	const struct known_key *e = known_keys_find(c->keys, key);

	if (e == NULL || !e->is_dimension)
		return;
	for (unsigned i = 0; i < e->row_count; i++)
		if (e->rows[i].row.field < FIELD_TEXT_COUNT)
			reading_apply(c, r, &e->rows[i].row, v);
}

void reading_apply_metadata(struct reading_context *c, struct reading *r, const struct dialect_row *rows, struct slice key,
			    const struct any_value *v)
{
	bool is_container = v->kind == ANY_BYTES || v->kind == ANY_KVLIST || v->kind == ANY_ARRAY;

	for (; rows != NULL && rows->key != NULL; rows++)
		if (slice_equal(key, slice_of(rows->key)) && (!is_container || rows->field >= FIELD_MEMBERS))
			reading_apply(c, r, rows, v);
	if (!is_container)
		apply_dimension(c, r, key, v);
}

/* A key that nobody knows as a whole, but that begins as some do. */
static NOINLINE void take_prefixed(struct reading_context *c, struct reading *r, const struct attribute *a)
{
	const struct known_prefix *known = known_keys_find_prefix(c->keys, a->key);
	struct slice rest = slice_skip(a->key, known->text.len);

	c->dialect = known->dialect;
	r->dialects |= UINT64_C(1) << known->dialect;
	if (known->prefix->is_metadata) {
		reading_apply_metadata(c, r, known->prefix->rows, rest, &a->value);
		return;
	}
	for (const struct dialect_row *row = known->prefix->rows; row->key != NULL; row++)
		if (members_match(row->key, rest, &c->index) && !reading_apply(c, r, row, &a->value))
			meter_add(c->bad_attributes, 1);
}

/* The known key for an attribute without a note; NULL for a key that only begins as some do, and gets no note. */
static NOINLINE const struct known_key *look_up(const struct reading_context *c, struct slice key, const void **note)
{
	static const struct known_key stranger;
	const struct known_key *e = known_keys_find(c->keys, key);

	if (e == NULL && known_keys_find_prefix(c->keys, key) == NULL)
		e = &stranger;
	if (note != NULL)
		*note = e;
	return e;
}

static NOINLINE void take_watched(struct reading_context *c, struct reading *r, struct attributes attributes)
{
	for (size_t i = 0; i < attributes.count; i++) {
		const struct attribute *a = &attributes.items[i];
		const struct known_key *e = look_up(c, a->key, NULL);
		c->key = a->key;
		if (e == NULL) {
			take_prefixed(c, r, a);
			continue;
		}
		r->present |= e->contract;
		r->dialects |= e->dialects;
		(e->kind == KEY_GUARDED ? apply_guarded : apply_any_rows)(c, r, e, &a->value);
	}
}

void reading_take(struct reading_context *c, struct reading *r, struct attributes attributes, const void **notes)
{
	if (c->trace != NULL) {
		take_watched(c, r, attributes);
		return;
	}
	for (size_t i = 0; i < attributes.count; i++) {
		const struct attribute *a = &attributes.items[i];
		const struct known_key *e = notes != NULL ? notes[i] : NULL;
		if (e == NULL)
			e = look_up(c, a->key, notes != NULL ? &notes[i] : NULL);
		if (e == NULL) {
			take_prefixed(c, r, a);
			continue;
		}
		r->present |= e->contract;
		r->dialects |= e->dialects;
		ways[e->kind](c, r, e, &a->value);
	}
}
