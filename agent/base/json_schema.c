/* SPDX-License-Identifier: Apache-2.0
 * base/json_schema.c - one function a keyword, in one table; neither document becomes a tree.
 */
#include "agent/base/json_schema.h"

#include <stdio.h>
#include <math.h>

#include "agent/base/hex.h"
#include "agent/base/json_schema_priv.h"

#define SCRATCH_BYTES (4 * JSON_SCHEMA_WORK_BYTES) /* what is unescaped takes at most this much of what is read */

bool schema_broken(struct schema_check *c, const char *format, ...)
{
	va_list args;

	if (c->why == NULL || c->silent || c->work.bytes_left == 0)
		return false;
	buf_printf(c->why, "%s: ", c->path.len > 0 ? buf_string(&c->path) : "/");
	va_start(args, format);
	buf_vprintf(c->why, format, args);
	va_end(args);
	return false;
}

/* The schema itself is at fault: nothing is said of the value. Always false. */
static bool schema_undecided(struct schema_check *c, const char *format, ...)
{
	va_list args;

	if (c->work.bytes_left == 0)
		return false;
	if (c->why != NULL) {
		va_start(args, format);
		buf_vprintf(c->why, format, args);
		va_end(args);
	}
	c->is_told = true;
	c->work.bytes_left = 0;
	return false;
}

/* ---------------------------------------------------------------- reading */
enum json_kind schema_kind_of(struct slice value)
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

/* "\udc00" to "\udfff", which with the escape before it is one character */
static bool is_low_surrogate(const char *escape)
{
	return (escape[2] | 0x20) == 'd' && hex_digit(escape[3]) >= 0xc;
}

/* Characters, not bytes. */
static size_t length_of(struct slice value)
{
	size_t n = 0;

	for (size_t i = 1; i + 1 < value.len; n++)
		if (value.ptr[i] != '\\') {
			for (i++; i + 1 < value.len && ((unsigned char)value.ptr[i] & 0xc0) == 0x80; i++)
				;
		} else if (value.ptr[i + 1] != 'u') {
			i += 2;
		} else {
			n -= is_low_surrogate(value.ptr + i);
			i += 6;
		}
	return n;
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
		return schema_kind_of(value) == JSON_NUMBER && is_whole(number_of(value));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (slice_equal(type, slice_of(names[i].name)))
			return schema_kind_of(value) == names[i].kind;
	return false;
}

static bool check_type(struct schema_check *c, const struct schema_site *s)
{
	struct json j;
	struct json_string name;

	json_init(&j, s->keyword);
	if (json_peek(&j) == JSON_STRING)
		return (json_string(&j, &name) && is_of_type(name.raw, s->value)) ||
		       schema_broken(c, "not of type %.*s", SLICE_ARG(name.raw));
	if (!json_array(&j))
		return true;
	while (json_element(&j) && json_string(&j, &name))
		if (is_of_type(name.raw, s->value))
			return true;
	return schema_broken(c, "not of type %.*s", SLICE_ARG(s->keyword));
}

static bool check_enum(struct schema_check *c, const struct schema_site *s)
{
	struct json j;
	struct slice choice;

	json_init(&j, s->keyword);
	if (json_peek(&j) != JSON_ARRAY || !json_array(&j))
		return true;
	while (json_element(&j) && json_raw(&j, &choice))
		if (json_same_value(choice, s->value, &c->work))
			return true;
	return schema_broken(c, "none of %.*s", SLICE_ARG(slice_head(s->keyword, 80)));
}

static bool check_const(struct schema_check *c, const struct schema_site *s)
{
	return json_same_value(s->keyword, s->value, &c->work) ||
	       schema_broken(c, "not %.*s", SLICE_ARG(slice_head(s->keyword, 80)));
}

bool schema_has_all(struct schema_check *c, struct slice names, struct slice value)
{
	struct json j;
	struct json_string name;

	json_init(&j, names);
	if (schema_kind_of(value) != JSON_OBJECT || json_peek(&j) != JSON_ARRAY || !json_array(&j))
		return true;
	while (json_element(&j) && json_string(&j, &name))
		if (json_find_member(value, name, &c->work).len == 0)
			return schema_broken(c, "'%.*s' is missing", SLICE_ARG(name.raw));
	return true;
}

static bool check_required(struct schema_check *c, const struct schema_site *s)
{
	return schema_has_all(c, s->keyword, s->value);
}

bool schema_fits_below(struct schema_check *c, struct slice schema, struct slice value, struct slice name)
{
	size_t before = c->path.len;

	buf_byte(&c->path, '/');
	buf_slice(&c->path, name);
	bool good = schema_fits_value(c, schema, value);
	c->path.len = before;
	return good;
}

/* ---------------------------------------------------------------- elements */
/* The elements from the first on by schema, or each by its own of a list of schemas. */
static bool check_elements(struct schema_check *c, struct slice schema, bool each_its_own, size_t from, struct slice value)
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
		if (i >= from && !schema_fits_below(c, own, element, index))
			return false;
	}
	return true;
}

static bool check_items(struct schema_check *c, const struct schema_site *s)
{
	return check_elements(c, s->keyword, false, count_of(json_find(s->schema, SLICE("prefixItems"))), s->value);
}

static bool check_prefix_items(struct schema_check *c, const struct schema_site *s)
{
	return check_elements(c, s->keyword, true, 0, s->value);
}

static bool check_unique(struct schema_check *c, const struct schema_site *s)
{
	struct json outer, inner;
	struct slice a, b;

	json_init(&outer, s->value);
	if (!slice_equal(s->keyword, SLICE("true")) || json_peek(&outer) != JSON_ARRAY || !json_array(&outer))
		return true;
	while (json_element(&outer) && json_raw(&outer, &a))
		for (inner = outer; c->work.bytes_left > 0 && json_element(&inner) && json_raw(&inner, &b);)
			if (json_same_value(a, b, &c->work))
				return schema_broken(c, "an element comes twice");
	return c->work.bytes_left > 0;
}

/* ---------------------------------------------------------------- sizes */
enum measure { NUMBER, LENGTH, ELEMENTS, MEMBERS };

/* NaN where the value has no such measure. */
static double measure_of(enum measure m, struct slice value)
{
	static const enum json_kind kinds[] = { JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

	if (schema_kind_of(value) != kinds[m])
		return NAN;
	return m == NUMBER ? number_of(value) : m == LENGTH ? (double)length_of(value) : (double)count_of(value);
}

struct schema_bound {
	const char *keyword;
	enum measure measure;
	bool is_least, is_exclusive;
};

static bool check_bound(struct schema_check *c, const struct schema_site *s)
{
	const struct schema_bound *b = s->bound;
	double limit = number_of(s->keyword), n = measure_of(b->measure, s->value);

	if (isnan(limit) || isnan(n))
		return true;
	if (b->is_least ? n < limit : n > limit)
		return schema_broken(c, "%s is %g, here it is %g", b->keyword, limit, n);
	return !b->is_exclusive || n != limit || schema_broken(c, "%s is %g", b->keyword, limit);
}

static bool check_multiple(struct schema_check *c, const struct schema_site *s)
{
	double of = number_of(s->keyword), n = number_of(s->value);

	if (schema_kind_of(s->value) != JSON_NUMBER || isnan(of) || of <= 0)
		return true;
	double times = n / of; /* 19.99 / 0.01 is not quite whole */
	return fabs(times - round(times)) <= 1e-9 * fmax(1, fabs(times)) || schema_broken(c, "%g is no multiple of %g", n, of);
}

/* ---------------------------------------------------------------- combinations */
/* How many schemas of the list the value keeps to. */
static size_t count_fitting(struct schema_check *c, struct slice list, struct slice value, size_t *of)
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
			n += schema_fits_value(c, schema, value);
	c->silent = was_silent;
	return n;
}

static bool check_all_of(struct schema_check *c, const struct schema_site *s)
{
	struct json j;
	struct slice schema;

	json_init(&j, s->keyword);
	if (json_peek(&j) != JSON_ARRAY || !json_array(&j))
		return true;
	while (json_element(&j) && json_raw(&j, &schema))
		if (!schema_fits_value(c, schema, s->value))
			return false;
	return true;
}

static bool check_any_of(struct schema_check *c, const struct schema_site *s)
{
	size_t of;

	return count_fitting(c, s->keyword, s->value, &of) > 0 || of == 0 || schema_broken(c, "keeps to none of anyOf");
}

static bool check_one_of(struct schema_check *c, const struct schema_site *s)
{
	size_t of, n = count_fitting(c, s->keyword, s->value, &of);

	return n == 1 || of == 0 || schema_broken(c, "keeps to %zu of oneOf", n);
}

static bool fits_silently(struct schema_check *c, struct slice schema, struct slice value)
{
	bool was_silent = c->silent;

	c->silent = true;
	bool does = schema_fits_value(c, schema, value);
	c->silent = was_silent;
	return does;
}

static bool check_not(struct schema_check *c, const struct schema_site *s)
{
	return !fits_silently(c, s->keyword, s->value) || schema_broken(c, "is what 'not' forbids");
}

static bool check_if(struct schema_check *c, const struct schema_site *s)
{
	bool does = fits_silently(c, s->keyword, s->value);
	struct slice next = json_find(s->schema, does ? SLICE("then") : SLICE("else"));

	return next.len == 0 || schema_fits_value(c, next, s->value);
}

static bool check_contains(struct schema_check *c, const struct schema_site *s)
{
	double least = number_of(json_find(s->schema, SLICE("minContains"))), n = 0;
	double most = number_of(json_find(s->schema, SLICE("maxContains")));
	struct slice element;
	struct json j;

	json_init(&j, s->value);
	if (json_peek(&j) != JSON_ARRAY || !json_array(&j))
		return true;
	while (json_element(&j) && json_raw(&j, &element))
		n += fits_silently(c, s->keyword, element);
	if (n < (isnan(least) ? 1 : least))
		return schema_broken(c, "%g elements fit 'contains'", n);
	return isnan(most) || n <= most || schema_broken(c, "maxContains is %g, here it is %g", most, n);
}

/* ---------------------------------------------------------------- references */
/* A step of a JSON pointer as a name: ~1 is a slash, ~0 a tilde (RFC 6901, section 3). */
static struct slice step_name(struct slice step, struct arena *a)
{
	char *text = arena_alloc(a, step.len);
	size_t n = 0;

	for (size_t i = 0; text != NULL && i < step.len; i++) {
		bool is_escape = step.ptr[i] == '~' && i + 1 < step.len;
		text[n++] = !is_escape ? step.ptr[i] : step.ptr[++i] == '1' ? '/' : '~';
	}
	return (struct slice){ text, n };
}

static struct slice element_at(struct slice array, struct slice index)
{
	struct json j;
	struct slice element;
	uint64_t n;

	json_init(&j, array);
	if (!slice_to_u64(index, &n) || !json_array(&j))
		return SLICE_NONE;
	while (json_element(&j) && json_raw(&j, &element))
		if (n-- == 0)
			return element;
	return SLICE_NONE;
}

static struct slice step_into(struct slice at, struct slice step, struct json_work *w)
{
	if (schema_kind_of(at) == JSON_ARRAY)
		return element_at(at, step);
	return json_find_member(at, (struct json_string){ step_name(step, &w->scratch), false }, w);
}

/* What a pointer such as "/$defs/name" or "/anyOf/0" leads to; empty where that is nothing. */
static struct slice follow(struct schema_check *c, struct slice pointer)
{
	struct slice at = c->root;

	while (pointer.len > 0 && at.len > 0 && json_work_take(&c->work, at.len)) {
		pointer = slice_skip(pointer, 1);
		ptrdiff_t end = slice_find(pointer, SLICE("/"));
		struct slice step = slice_head(pointer, end < 0 ? pointer.len : (size_t)end);
		at = step_into(at, step, &c->work);
		pointer = slice_skip(pointer, step.len);
	}
	return c->work.bytes_left > 0 ? at : SLICE_NONE;
}

/* Into this document; another one, or a place that an anchor names, is taken as kept. */
static bool check_ref(struct schema_check *c, const struct schema_site *s)
{
	struct json j;
	struct json_string to;

	json_init(&j, s->keyword);
	if (!json_string(&j, &to) || (!slice_equal(to.raw, SLICE("#")) && !slice_starts_with(to.raw, SLICE("#/"))))
		return true;
	struct slice schema = follow(c, slice_skip(to.raw, 1));
	if (schema.len == 0)
		return schema_undecided(c, "the schema's %.*s leads nowhere", SLICE_ARG(slice_head(to.raw, 80)));
	return schema_fits_value(c, schema, s->value);
}

static const struct {
	struct slice name;
	bool (*check)(struct schema_check *c, const struct schema_site *s);
	struct schema_bound bound;
} keywords[] = {
#define KEYWORD(text, function) { { text, sizeof(text) - 1 }, function, { NULL, NUMBER, false, false } }
#define BOUND(text, measure, is_least, is_exclusive) \
	{ { text, sizeof(text) - 1 }, check_bound, { text, measure, is_least, is_exclusive } }
	KEYWORD("$ref", check_ref),
	KEYWORD("type", check_type),
	KEYWORD("enum", check_enum),
	KEYWORD("const", check_const),
	KEYWORD("required", check_required),
	KEYWORD("properties", schema_check_properties),
	KEYWORD("patternProperties", schema_check_pattern_properties),
	KEYWORD("additionalProperties", schema_check_additional),
	KEYWORD("propertyNames", schema_check_names),
	KEYWORD("dependentRequired", schema_check_dependent_required),
	KEYWORD("dependentSchemas", schema_check_dependent_schemas),
	KEYWORD("pattern", schema_check_pattern),
	KEYWORD("items", check_items),
	KEYWORD("prefixItems", check_prefix_items),
	KEYWORD("contains", check_contains),
	KEYWORD("uniqueItems", check_unique),
	KEYWORD("multipleOf", check_multiple),
	KEYWORD("allOf", check_all_of),
	KEYWORD("anyOf", check_any_of),
	KEYWORD("oneOf", check_one_of),
	KEYWORD("not", check_not),
	KEYWORD("if", check_if),
	BOUND("minimum", NUMBER, true, false),
	BOUND("maximum", NUMBER, false, false),
	BOUND("exclusiveMinimum", NUMBER, true, true),
	BOUND("exclusiveMaximum", NUMBER, false, true),
	BOUND("minLength", LENGTH, true, false),
	BOUND("maxLength", LENGTH, false, false),
	BOUND("minItems", ELEMENTS, true, false),
	BOUND("maxItems", ELEMENTS, false, false),
	BOUND("minProperties", MEMBERS, true, false),
	BOUND("maxProperties", MEMBERS, false, false),
#undef KEYWORD
#undef BOUND
};

#define KEYWORD_COUNT (sizeof(keywords) / sizeof(keywords[0]))

/* The schema's own keywords in one walk; of one that comes twice the first. */
static void find_keywords(struct slice schema, struct slice found[KEYWORD_COUNT])
{
	struct json_string name;
	struct slice value;
	struct json j;

	json_init(&j, schema);
	json_object(&j);
	while (json_member(&j, &name) && json_raw(&j, &value))
		for (size_t i = 0; i < KEYWORD_COUNT; i++)
			if (found[i].len == 0 && slice_equal(name.raw, keywords[i].name))
				found[i] = value;
}

static bool check_keywords(struct schema_check *c, struct slice schema, struct slice value)
{
	struct slice found[KEYWORD_COUNT] = { SLICE_NONE };

	find_keywords(schema, found);
	for (size_t i = 0; i < KEYWORD_COUNT; i++) {
		const struct schema_site s = { found[i], schema, value, &keywords[i].bound };
		if (found[i].len > 0 &&
		    (!json_work_take(&c->work, found[i].len + value.len) || !keywords[i].check(c, &s)))
			return false;
	}
	return true;
}

bool schema_fits_value(struct schema_check *c, struct slice schema, struct slice value)
{
	if (!json_work_take(&c->work, schema.len))
		return false;
	if (slice_equal(schema, SLICE("false")))
		return schema_broken(c, "nothing is allowed here");
	if (c->depth >= JSON_DEPTH_MAX)
		return schema_undecided(c, "the schema nests too deeply");
	c->depth++;
	bool good = schema_kind_of(schema) != JSON_OBJECT || check_keywords(c, schema, value);
	c->depth--;
	return good;
}

enum json_schema_verdict json_schema_check(struct slice schema, struct slice value, json_pattern_fn match, struct buf *why)
{
	struct schema_check c = { .root = schema, .path = BUF_INIT, .why = why, .match = match,
				  .work = { .bytes_left = JSON_SCHEMA_WORK_BYTES } };

	arena_init(&c.work.scratch, SCRATCH_BYTES);
	bool good = json_is_valid(schema) ? json_is_valid(value) || schema_broken(&c, "no valid JSON") :
					    schema_undecided(&c, "the schema is no valid JSON");

	good = good && schema_fits_value(&c, slice_trim(schema), slice_trim(value));
	bool is_decided = c.work.bytes_left > 0;
	if (!is_decided && !c.is_told && why != NULL)
		buf_text(why, "there is too much to compare");
	arena_release(&c.work.scratch);
	buf_release(&c.path);
	return !is_decided ? JSON_SCHEMA_UNDECIDED : good ? JSON_SCHEMA_KEPT : JSON_SCHEMA_BROKEN;
}
