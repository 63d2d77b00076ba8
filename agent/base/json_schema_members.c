/* SPDX-License-Identifier: Apache-2.0
 * base/json_schema_members.c - keywords about the members of an object, and patterns, which their names keep to.
 */
#include "agent/base/json_schema_priv.h"

typedef bool (*member_fn)(struct schema_check *c, const struct schema_site *s, struct json_string name, struct slice member);

static bool each_member(struct schema_check *c, const struct schema_site *s, struct slice object, member_fn visit)
{
	struct json j;
	struct json_string name;
	struct slice member;

	json_init(&j, object);
	if (json_peek(&j) != JSON_OBJECT || !json_object(&j))
		return true;
	while (json_member(&j, &name) && json_raw(&j, &member))
		if (!visit(c, s, name, member))
			return false;
	return true;
}

static bool fits_member(struct schema_check *c, struct slice schema, struct json_string name, struct slice member)
{
	if (slice_equal(schema, SLICE("false")))
		return schema_broken(c, "'%.*s' is not allowed", SLICE_ARG(name.raw));
	return schema.len == 0 || schema_fits_below(c, schema, member, name.raw);
}

static bool matches(struct schema_check *c, struct json_string pattern, struct json_string text)
{
	return c->match == NULL || c->match(json_unescape(pattern, &c->work.scratch), json_unescape(text, &c->work.scratch));
}

static bool fits_property(struct schema_check *c, const struct schema_site *s, struct json_string name, struct slice member)
{
	return fits_member(c, json_find_member(s->keyword, name, &c->work), name, member);
}

bool schema_check_properties(struct schema_check *c, const struct schema_site *s)
{
	return each_member(c, s, s->value, fits_property);
}

/* Visits with each pattern that fits the name; false: visit said so. */
static bool each_pattern(struct schema_check *c, struct slice patterns, struct json_string name, struct slice member,
			 bool (*visit)(struct schema_check *c, struct slice schema, struct json_string name,
				       struct slice member))
{
	struct json j;
	struct json_string pattern;
	struct slice schema;

	json_init(&j, patterns);
	if (patterns.len == 0 || json_peek(&j) != JSON_OBJECT || !json_object(&j))
		return true;
	while (json_member(&j, &pattern) && json_raw(&j, &schema))
		if (matches(c, pattern, name) && !visit(c, schema, name, member))
			return false;
	return true;
}

static bool fits_patterns(struct schema_check *c, const struct schema_site *s, struct json_string name, struct slice member)
{
	return each_pattern(c, s->keyword, name, member, fits_member);
}

bool schema_check_pattern_properties(struct schema_check *c, const struct schema_site *s)
{
	return c->match == NULL || each_member(c, s, s->value, fits_patterns);
}

static bool is_never(struct schema_check *c, struct slice schema, struct json_string name, struct slice member)
{
	(void)c, (void)schema, (void)name, (void)member;
	return false;
}

/* additionalProperties is for the members that neither properties nor a pattern names. */
static bool fits_additional(struct schema_check *c, const struct schema_site *s, struct json_string name,
			    struct slice member)
{
	struct slice patterns = json_find(s->schema, SLICE("patternProperties"));

	if (!json_work_take(&c->work, s->schema.len))
		return false;
	return json_find_member(json_find(s->schema, SLICE("properties")), name, &c->work).len > 0 ||
	       !each_pattern(c, patterns, name, member, is_never) || fits_member(c, s->keyword, name, member);
}

bool schema_check_additional(struct schema_check *c, const struct schema_site *s)
{
	return each_member(c, s, s->value, fits_additional);
}

static bool fits_name(struct schema_check *c, const struct schema_site *s, struct json_string name, struct slice member)
{
	const struct slice quoted = { name.raw.ptr - 1, name.raw.len + 2 };

	(void)member;
	return schema_fits_below(c, s->keyword, quoted, name.raw);
}

bool schema_check_names(struct schema_check *c, const struct schema_site *s)
{
	return each_member(c, s, s->value, fits_name);
}

static bool has_dependents(struct schema_check *c, const struct schema_site *s, struct json_string name, struct slice names)
{
	return json_find_member(s->value, name, &c->work).len == 0 || schema_has_all(c, names, s->value);
}

bool schema_check_dependent_required(struct schema_check *c, const struct schema_site *s)
{
	return schema_kind_of(s->value) != JSON_OBJECT || each_member(c, s, s->keyword, has_dependents);
}

static bool fits_dependent(struct schema_check *c, const struct schema_site *s, struct json_string name, struct slice schema)
{
	return json_find_member(s->value, name, &c->work).len == 0 || schema_fits_value(c, schema, s->value);
}

bool schema_check_dependent_schemas(struct schema_check *c, const struct schema_site *s)
{
	return schema_kind_of(s->value) != JSON_OBJECT || each_member(c, s, s->keyword, fits_dependent);
}

bool schema_check_pattern(struct schema_check *c, const struct schema_site *s)
{
	struct json_string pattern, text;
	struct json j, value;

	json_init(&j, s->keyword);
	json_init(&value, s->value);
	if (json_peek(&value) != JSON_STRING || json_peek(&j) != JSON_STRING || !json_string(&j, &pattern) ||
	    !json_string(&value, &text))
		return true;
	return matches(c, pattern, text) || schema_broken(c, "does not match %.*s", SLICE_ARG(slice_head(pattern.raw, 80)));
}
