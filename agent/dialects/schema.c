/* SPDX-License-Identifier: Apache-2.0
 * dialects/schema.c - required members and top-level types, checked without building either document.
 */
#include "agent/dialects/schema.h"

#include "agent/base/json.h"

/* Raw text of an object's member; empty where there is none. */
static struct slice member_of(struct slice object, struct slice name)
{
	struct json j;
	struct json_string key;
	struct slice value = SLICE_NONE;

	json_init(&j, object);
	if (json_peek(&j) != JSON_OBJECT || !json_object(&j))
		return SLICE_NONE;
	while (json_member(&j, &key)) {
		if (!slice_equal(key.raw, name)) {
			json_skip(&j);
			continue;
		}
		return json_raw(&j, &value) ? value : SLICE_NONE;
	}
	return SLICE_NONE;
}

static bool type_matches(struct slice type, struct slice value)
{
	struct json j;

	json_init(&j, value);
	switch (json_peek(&j)) {
	case JSON_OBJECT:
		return slice_equal(type, SLICE("object"));
	case JSON_ARRAY:
		return slice_equal(type, SLICE("array"));
	case JSON_STRING:
		return slice_equal(type, SLICE("string"));
	case JSON_BOOL:
		return slice_equal(type, SLICE("boolean"));
	case JSON_NULL:
		return slice_equal(type, SLICE("null"));
	case JSON_NUMBER:
		return slice_equal(type, SLICE("number")) ||
		       (slice_equal(type, SLICE("integer")) && slice_find(value, SLICE(".")) < 0);
	default:
		return false;
	}
}

/* "type" is one name or a list of names; without it every value will do. */
static bool has_type(struct slice schema, struct slice value)
{
	struct slice types = member_of(schema, SLICE("type"));
	struct json j;
	struct json_string name;
	bool matches = false;

	if (types.len == 0)
		return true;
	json_init(&j, types);
	if (json_peek(&j) == JSON_STRING)
		return !json_string(&j, &name) || type_matches(name.raw, value);
	if (!json_array(&j))
		return true;
	while (json_element(&j) && json_string(&j, &name))
		matches |= type_matches(name.raw, value);
	return matches;
}

static bool has_required(struct slice schema, struct slice answer)
{
	struct slice required = member_of(schema, SLICE("required"));
	struct json j;
	struct json_string name;

	json_init(&j, required);
	if (json_peek(&j) != JSON_ARRAY || !json_array(&j))
		return true;
	while (json_element(&j) && json_string(&j, &name))
		if (member_of(answer, name.raw).len == 0)
			return false;
	return true;
}

static bool members_have_types(struct slice schema, struct slice answer)
{
	struct slice properties = member_of(schema, SLICE("properties"));
	struct json j;
	struct json_string name;
	struct slice property;

	json_init(&j, properties);
	if (json_peek(&j) != JSON_OBJECT || !json_object(&j))
		return true;
	while (json_member(&j, &name) && json_raw(&j, &property)) {
		struct slice value = member_of(answer, name.raw);
		if (value.len > 0 && !has_type(property, value))
			return false;
	}
	return true;
}

enum tristate schema_fits(struct slice schema, struct slice answer)
{
	struct slice inner = member_of(schema, SLICE("schema")); /* OpenAI: {"name": ..., "schema": {...}} */

	if (inner.len > 0)
		schema = inner;
	if (member_of(schema, SLICE("type")).len == 0)
		return TRI_UNKNOWN;
	bool fits = has_type(schema, answer) && has_required(schema, answer) && members_have_types(schema, answer);
	return fits ? TRI_YES : TRI_NO;
}
