/* SPDX-License-Identifier: Apache-2.0
 * base/json_schema.c - one function a keyword, in one table; neither document becomes a tree.
 */
#include "agent/base/json_schema.h"

#include <stdio.h>
#include <math.h>

#include "agent/base/json.h"

#define STEPS_MAX 100000u /* schemas tried: references may multiply */

struct check {
	struct slice root; /* of the schema, for $ref */
	struct buf path;   /* of the value, "/items/0" */
	struct buf *why;
	unsigned depth, steps;
	bool silent; /* inside anyOf, oneOf, not: a failure there is no news */
};

/* A keyword's own value, the schema around it, and the value that is checked. */
struct site {
	struct slice keyword, schema, value;
};

static bool fits(struct check *c, struct slice schema, struct slice value);

static bool broken(struct check *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool broken(struct check *c, const char *format, ...)
{
	va_list args;

	if (c->why == NULL || c->silent)
		return false;
	buf_printf(c->why, "%s: ", c->path.len > 0 ? buf_string(&c->path) : "/");
	va_start(args, format);
	buf_vprintf(c->why, format, args);
	va_end(args);
	return false;
}

/* ---------------------------------------------------------------- reading */
static enum json_kind kind_of(struct slice value)
{
	struct json j;

	json_init(&j, value);
	return json_peek(&j);
}

static size_t count_of(struct slice container)
{
	struct json j;
	struct json_string key;
	size_t n = 0;

	json_init(&j, container);
	if (json_peek(&j) == JSON_OBJECT && json_object(&j))
		for (; json_member(&j, &key) && json_skip(&j); n++)
			;
	else if (json_peek(&j) == JSON_ARRAY && json_array(&j))
		for (; json_element(&j) && json_skip(&j); n++)
			;
	return n;
}

/* NaN where it is no number. */
static double number_of(struct slice value)
{
	double number;

	return slice_to_double(value, &number) ? number : NAN;
}

static bool is_whole(double number)
{
	return number == floor(number);
}

/* Characters, not bytes. */
static size_t length_of(struct slice value)
{
	size_t n = 0;

	for (size_t i = 1; i + 1 < value.len; n++)
		if (value.ptr[i] != '\\')
			for (i++; i + 1 < value.len && ((unsigned char)value.ptr[i] & 0xc0) == 0x80; i++)
				;
		else
			i += value.ptr[i + 1] == 'u' ? 6 : 2;
	return n;
}

/* As texts: 1 and 1.0 are the same number, but {"a":1,"b":2} and {"b":2,"a":1} are told apart. */
static bool same(struct slice a, struct slice b)
{
	if (kind_of(a) == JSON_NUMBER && kind_of(b) == JSON_NUMBER)
		return number_of(a) == number_of(b);
	return slice_equal(a, b);
}

/* ---------------------------------------------------------------- keywords */
static bool is_of_type(struct slice type, struct slice value)
{
	static const struct {
		const char *name;
		enum json_kind kind;
	} names[] = {
		{ "object", JSON_OBJECT }, { "array", JSON_ARRAY }, { "string", JSON_STRING },
		{ "boolean", JSON_BOOL },  { "null", JSON_NULL },   { "number", JSON_NUMBER },
	};

	if (slice_equal(type, SLICE("integer")))
		return kind_of(value) == JSON_NUMBER && is_whole(number_of(value));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (slice_equal(type, slice_of(names[i].name)))
			return kind_of(value) == names[i].kind;
	return false;
}

static bool check_type(struct check *c, const struct site *s)
{
	struct json j;
	struct json_string name;

	json_init(&j, s->keyword);
	if (json_peek(&j) == JSON_STRING)
		return (json_string(&j, &name) && is_of_type(name.raw, s->value)) ||
		       broken(c, "not of type %.*s", SLICE_ARG(name.raw));
	if (!json_array(&j))
		return true;
	while (json_element(&j) && json_string(&j, &name))
		if (is_of_type(name.raw, s->value))
			return true;
	return broken(c, "not of type %.*s", SLICE_ARG(s->keyword));
}

static bool check_enum(struct check *c, const struct site *s)
{
	struct json j;
	struct slice choice;

	json_init(&j, s->keyword);
	if (json_peek(&j) != JSON_ARRAY || !json_array(&j))
		return true;
	while (json_element(&j) && json_raw(&j, &choice))
		if (same(choice, s->value))
			return true;
	return broken(c, "none of %.*s", SLICE_ARG(slice_head(s->keyword, 80)));
}

static bool check_const(struct check *c, const struct site *s)
{
	return same(s->keyword, s->value) || broken(c, "not %.*s", SLICE_ARG(slice_head(s->keyword, 80)));
}

static bool check_required(struct check *c, const struct site *s)
{
	struct json j;
	struct json_string name;

	json_init(&j, s->keyword);
	if (kind_of(s->value) != JSON_OBJECT || json_peek(&j) != JSON_ARRAY || !json_array(&j))
		return true;
	while (json_element(&j) && json_string(&j, &name))
		if (json_find(s->value, name.raw).len == 0)
			return broken(c, "'%.*s' is missing", SLICE_ARG(name.raw));
	return true;
}

/* Checks value under a longer path. */
static bool fits_below(struct check *c, struct slice schema, struct slice value, struct slice name)
{
	size_t before = c->path.len;

	buf_byte(&c->path, '/');
	buf_slice(&c->path, name);
	bool good = fits(c, schema, value);
	c->path.len = before;
	return good;
}

/* Of properties and additionalProperties together: the latter is for the members that the former does not name. */
static bool check_members(struct check *c, struct slice properties, struct slice additional, struct slice value)
{
	struct json j;
	struct json_string name;
	struct slice member;

	json_init(&j, value);
	if (json_peek(&j) != JSON_OBJECT || !json_object(&j))
		return true;
	while (json_member(&j, &name) && json_raw(&j, &member)) {
		struct slice schema = json_find(properties, name.raw);
		if (schema.len == 0)
			schema = additional;
		if (slice_equal(schema, SLICE("false")))
			return broken(c, "'%.*s' is not allowed", SLICE_ARG(name.raw));
		if (schema.len > 0 && !fits_below(c, schema, member, name.raw))
			return false;
	}
	return true;
}

static bool check_properties(struct check *c, const struct site *s)
{
	return check_members(c, s->keyword, SLICE_NONE, s->value);
}

static bool check_additional(struct check *c, const struct site *s)
{
	return check_members(c, json_find(s->schema, SLICE("properties")), s->keyword, s->value);
}

/* The elements from the first on by schema, or each by its own of a list of schemas. */
static bool check_elements(struct check *c, struct slice schema, bool each_its_own, size_t from, struct slice value)
{
	struct json j, schemas;
	struct slice element, own = schema;
	char name[24];

	json_init(&j, value);
	json_init(&schemas, schema);
	if (json_peek(&j) != JSON_ARRAY || !json_array(&j) || (each_its_own && !json_array(&schemas)))
		return true;
	for (size_t i = 0; json_element(&j) && json_raw(&j, &element); i++) {
		if (each_its_own && (!json_element(&schemas) || !json_raw(&schemas, &own)))
			break;
		struct slice index = { name, (size_t)snprintf(name, sizeof(name), "%zu", i) };
		if (i >= from && !fits_below(c, own, element, index))
			return false;
	}
	return true;
}

static bool check_items(struct check *c, const struct site *s)
{
	return check_elements(c, s->keyword, false, count_of(json_find(s->schema, SLICE("prefixItems"))), s->value);
}

static bool check_prefix_items(struct check *c, const struct site *s)
{
	return check_elements(c, s->keyword, true, 0, s->value);
}

static bool check_unique(struct check *c, const struct site *s)
{
	struct json outer, inner;
	struct slice a, b;

	json_init(&outer, s->value);
	if (!slice_equal(s->keyword, SLICE("true")) || json_peek(&outer) != JSON_ARRAY || !json_array(&outer))
		return true;
	while (json_element(&outer) && json_raw(&outer, &a))
		for (inner = outer; json_element(&inner) && json_raw(&inner, &b);)
			if (same(a, b))
				return broken(c, "an element comes twice");
	return true;
}

/* ---------------------------------------------------------------- sizes */
enum measure { NUMBER, LENGTH, ELEMENTS, MEMBERS };

/* NaN where the value has no such measure. */
static double measure_of(enum measure m, struct slice value)
{
	static const enum json_kind kinds[] = { JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

	if (kind_of(value) != kinds[m])
		return NAN;
	return m == NUMBER ? number_of(value) : m == LENGTH ? (double)length_of(value) : (double)count_of(value);
}

static const struct bound {
	const char *keyword;
	enum measure measure;
	bool is_least, is_exclusive;
} bounds[] = {
	{ "minimum", NUMBER, true, false },       { "maximum", NUMBER, false, false },
	{ "exclusiveMinimum", NUMBER, true, true }, { "exclusiveMaximum", NUMBER, false, true },
	{ "minLength", LENGTH, true, false },     { "maxLength", LENGTH, false, false },
	{ "minItems", ELEMENTS, true, false },    { "maxItems", ELEMENTS, false, false },
	{ "minProperties", MEMBERS, true, false }, { "maxProperties", MEMBERS, false, false },
};

static bool check_bounds(struct check *c, struct slice schema, struct slice value)
{
	for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
		const struct bound *b = &bounds[i];
		double limit = number_of(json_find(schema, slice_of(b->keyword))), n = measure_of(b->measure, value);
		if (isnan(limit) || isnan(n))
			continue;
		if (b->is_least ? n < limit : n > limit)
			return broken(c, "%s is %g, here it is %g", b->keyword, limit, n);
		if (b->is_exclusive && n == limit)
			return broken(c, "%s is %g", b->keyword, limit);
	}
	return true;
}

static bool check_multiple(struct check *c, const struct site *s)
{
	double of = number_of(s->keyword), n = number_of(s->value);

	if (kind_of(s->value) != JSON_NUMBER || isnan(of) || of <= 0)
		return true;
	return is_whole(n / of) || broken(c, "%g is no multiple of %g", n, of);
}

/* ---------------------------------------------------------------- combinations */
/* How many schemas of the list the value keeps to. */
static size_t count_fitting(struct check *c, struct slice list, struct slice value, size_t *of)
{
	struct json j;
	struct slice schema;
	bool was_silent = c->silent;
	size_t n = 0;

	c->silent = true;
	json_init(&j, list);
	*of = 0;
	if (json_peek(&j) == JSON_ARRAY && json_array(&j))
		for (; json_element(&j) && json_raw(&j, &schema); ++*of)
			n += fits(c, schema, value);
	c->silent = was_silent;
	return n;
}

static bool check_all_of(struct check *c, const struct site *s)
{
	struct json j;
	struct slice schema;

	json_init(&j, s->keyword);
	if (json_peek(&j) != JSON_ARRAY || !json_array(&j))
		return true;
	while (json_element(&j) && json_raw(&j, &schema))
		if (!fits(c, schema, s->value))
			return false;
	return true;
}

static bool check_any_of(struct check *c, const struct site *s)
{
	size_t of;

	return count_fitting(c, s->keyword, s->value, &of) > 0 || of == 0 || broken(c, "keeps to none of anyOf");
}

static bool check_one_of(struct check *c, const struct site *s)
{
	size_t of, n = count_fitting(c, s->keyword, s->value, &of);

	return n == 1 || of == 0 || broken(c, "keeps to %zu of oneOf", n);
}

static bool check_not(struct check *c, const struct site *s)
{
	bool was_silent = c->silent;

	c->silent = true;
	bool does = fits(c, s->keyword, s->value);
	c->silent = was_silent;
	return !does || broken(c, "is what 'not' forbids");
}

/* "#/$defs/name" */
static bool check_ref(struct check *c, const struct site *s)
{
	struct slice at = c->root, path = slice_head(slice_skip(s->keyword, 1), s->keyword.len - 2);

	if (!slice_starts_with(path, SLICE("#")))
		return true; /* another document */
	for (path = slice_skip(path, 1); path.len > 0 && at.len > 0;) {
		path = slice_skip(path, 1);
		ptrdiff_t end = slice_find(path, SLICE("/"));
		struct slice name = slice_head(path, end < 0 ? path.len : (size_t)end);
		at = json_find(at, name);
		path = slice_skip(path, name.len);
	}
	return at.len > 0 ? fits(c, at, s->value) : broken(c, "%.*s leads nowhere", SLICE_ARG(s->keyword));
}

static const struct {
	struct slice name;
	bool (*check)(struct check *c, const struct site *s);
} keywords[] = {
#define KEYWORD(text, function) { { text, sizeof(text) - 1 }, function }
	KEYWORD("$ref", check_ref),
	KEYWORD("type", check_type),
	KEYWORD("enum", check_enum),
	KEYWORD("const", check_const),
	KEYWORD("required", check_required),
	KEYWORD("properties", check_properties),
	KEYWORD("additionalProperties", check_additional),
	KEYWORD("items", check_items),
	KEYWORD("prefixItems", check_prefix_items),
	KEYWORD("uniqueItems", check_unique),
	KEYWORD("multipleOf", check_multiple),
	KEYWORD("allOf", check_all_of),
	KEYWORD("anyOf", check_any_of),
	KEYWORD("oneOf", check_one_of),
	KEYWORD("not", check_not),
#undef KEYWORD
};

static bool check_keywords(struct check *c, struct slice schema, struct slice value)
{
	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
		struct site s = { json_find(schema, keywords[i].name), schema, value };
		if (s.keyword.len > 0 && !keywords[i].check(c, &s))
			return false;
	}
	return check_bounds(c, schema, value);
}

static bool fits(struct check *c, struct slice schema, struct slice value)
{
	if (slice_equal(schema, SLICE("false")))
		return broken(c, "nothing is allowed here");
	if (c->depth >= JSON_DEPTH_MAX || ++c->steps > STEPS_MAX)
		return broken(c, "the schema nests too deeply");
	c->depth++;
	bool good = kind_of(schema) != JSON_OBJECT || check_keywords(c, schema, value);
	c->depth--;
	return good;
}

bool json_schema_fits(struct slice schema, struct slice value, struct buf *why)
{
	struct check c = { .root = schema, .path = BUF_INIT, .why = why };
	bool good = json_is_valid(schema) ? json_is_valid(value) || broken(&c, "no valid JSON") :
					    broken(&c, "the schema is no valid JSON");

	good = good && fits(&c, slice_trim(schema), slice_trim(value));
	buf_release(&c.path);
	return good;
}
