/* SPDX-License-Identifier: Apache-2.0
 * dialects/members.c - walks into objects by rows, however they were written down.
 */
#include "agent/dialects/members.h"

#define LIST_MAX 256u /* elements of one list that are looked at */

bool members_json_value(struct json *j, struct arena *a, struct any_value *out)
{
	struct json_string string;

	*out = (struct any_value){ 0 };
	switch (json_peek(j)) {
	case JSON_STRING:
		if (!json_string(j, &string))
			return false;
		out->kind = ANY_STRING;
		out->bytes = json_unescape(string, a);
		return out->bytes.ptr != NULL;
	case JSON_NUMBER:
		out->kind = ANY_STRING; /* the conversions read numbers from their text */
		return json_number(j, &out->bytes);
	case JSON_BOOL:
		out->kind = ANY_BOOL;
		return json_bool(j, &out->boolean);
	case JSON_NULL:
		return json_null(j);
	default:
		out->kind = ANY_BYTES;
		return json_raw(j, &out->bytes);
	}
}

bool members_match(const char *pattern, struct slice rest, uint32_t *index)
{
	bool first = true;
	size_t i = 0;

	for (; *pattern != '\0'; pattern++) {
		if (*pattern == '*')
			return true;
		if (*pattern != '#') {
			if (i == rest.len || rest.ptr[i++] != *pattern)
				return false;
			continue;
		}
		size_t start = i;
		uint32_t n = 0;
		while (i < rest.len && rest.ptr[i] >= '0' && rest.ptr[i] <= '9' && i - start < 6)
			n = n * 10 + (uint32_t)(rest.ptr[i++] - '0');
		if (i == start)
			return false;
		if (first)
			*index = n;
		first = false;
	}
	return i == rest.len;
}

/* A scalar goes to the row; an object goes on inward where the row expects one. */
static void apply_member(struct reading_context *c, struct reading *r, const struct dialect_row *row,
			 const struct any_value *v)
{
	bool holds = row->field == FIELD_MEMBERS || row->field == FIELD_METADATA;

	if (v->kind == ANY_NONE || (v->kind == ANY_BYTES && !holds && row->conversion != CONVERT_CONTENT &&
				    row->conversion != CONVERT_WORDS && row->conversion != CONVERT_PRESENCE))
		return;
	reading_apply(c, r, row, v);
}

static void apply_rows(struct reading_context *c, struct reading *r, const struct dialect_row *outer, struct slice key,
		       const struct any_value *v)
{
	if (outer->field == FIELD_METADATA) {
		reading_apply_metadata(c, r, outer->members, key, v);
		return;
	}
	for (const struct dialect_row *row = outer->members; row->key != NULL; row++)
		if (slice_equal(key, slice_of(row->key)))
			apply_member(c, r, row, v);
}

/* Rows with an empty key are about the object as such. */
static void apply_presence(struct reading_context *c, struct reading *r, const struct dialect_row *rows)
{
	static const struct any_value there = { .kind = ANY_BOOL, .boolean = true };

	for (; rows != NULL && rows->key != NULL; rows++)
		if (rows->key[0] == '\0')
			reading_apply(c, r, rows, &there);
}

static bool walk_object(struct reading_context *c, struct reading *r, const struct dialect_row *row, struct json *j)
{
	struct json_string key;
	struct any_value v;

	if (!json_object(j))
		return false;
	apply_presence(c, r, row->members);
	while (json_member(j, &key)) {
		if (!members_json_value(j, c->arena, &v))
			return false;
		apply_rows(c, r, row, key.raw, &v);
	}
	return j->why == NULL;
}

static uint32_t elements_read(const struct dialect_row *row)
{
	return row->field == FIELD_MEMBERS && row->rank != 0 ? row->rank : LIST_MAX;
}

static bool walk_list(struct reading_context *c, struct reading *r, const struct dialect_row *row, struct json *j)
{
	uint32_t outer = c->index, most = elements_read(row);

	if (!json_array(j))
		return false;
	for (c->index = 0; json_element(j); c->index++) {
		bool wanted = c->index < most && json_peek(j) == JSON_OBJECT;
		if (!(wanted ? walk_object(c, r, row, j) : json_skip(j)))
			break;
	}
	c->index = outer;
	return j->why == NULL;
}

static bool walk_json(struct reading_context *c, struct reading *r, const struct dialect_row *row, struct slice text)
{
	struct json j;

	json_init(&j, text);
	switch (json_peek(&j)) {
	case JSON_OBJECT:
		return walk_object(c, r, row, &j);
	case JSON_ARRAY:
		return walk_list(c, r, row, &j);
	default:
		return false;
	}
}

static bool walk_kvlist(struct reading_context *c, struct reading *r, const struct dialect_row *row, struct slice bytes)
{
	struct wire_reader entries = wire_reader_of(bytes);
	struct attribute entry;

	apply_presence(c, r, row->members);
	while (any_kvlist_next(&entries, &entry))
		apply_rows(c, r, row, entry.key, &entry.value);
	return true;
}

static bool walk_array(struct reading_context *c, struct reading *r, const struct dialect_row *row, struct slice bytes)
{
	struct wire_reader elements = wire_reader_of(bytes);
	struct any_value element;
	uint32_t outer = c->index, most = elements_read(row);

	for (c->index = 0; c->index < most && any_array_next(&elements, &element); c->index++)
		members_apply(c, r, row, &element);
	c->index = outer;
	return true;
}

/* Python writes a dict with single quotes as a rule, JSON never does. */
static bool looks_like_python(struct slice text)
{
	text = slice_trim(text);
	if (text.len > 0 && (text.ptr[0] == '[' || text.ptr[0] == '{'))
		text = slice_trim(slice_skip(text, 1));
	if (text.len > 0 && text.ptr[0] == '{')
		text = slice_trim(slice_skip(text, 1));
	return text.len > 0 && text.ptr[0] == '\'';
}

bool members_apply(struct reading_context *c, struct reading *r, const struct dialect_row *row, const struct any_value *v)
{
	switch (v->kind) {
	case ANY_STRING:
		if (slice_trim(v->bytes).len == 0)
			return true;
		if (looks_like_python(v->bytes)) {
			struct slice json = members_from_python(v->bytes, c->arena);
			return json.ptr != NULL && walk_json(c, r, row, json);
		}
		return walk_json(c, r, row, v->bytes);
	case ANY_BYTES: /* a container inside JSON */
		return walk_json(c, r, row, v->bytes);
	case ANY_KVLIST:
		return walk_kvlist(c, r, row, v->bytes);
	case ANY_ARRAY:
		return walk_array(c, r, row, v->bytes);
	default:
		return v->kind == ANY_NONE;
	}
}
