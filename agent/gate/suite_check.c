/* SPDX-License-Identifier: Apache-2.0
 * gate/suite_check.c - walks a schema keyword by keyword; what is data in it (enum, const, examples) stays alone.
 */
#include "agent/gate/suite_check.h"

#include "agent/gate/pattern.h"

static void check_schema(const struct tree_node *node, struct conf_errors *errors);

/* ---------------------------------------------------------------- patterns */
static void check_pattern(const struct tree_node *node, struct conf_errors *errors)
{
	struct buf why = BUF_INIT;

	if (node->kind == TREE_SCALAR && !pattern_is_good(node->text, &why))
		conf_error(errors, node->mark, "pattern '%.*s' is none: %s", SLICE_ARG(slice_head(node->text, 60)),
			   buf_string(&why));
	buf_release(&why);
}

static void check_patterns(const struct tree_node *node, struct conf_errors *errors)
{
	check_pattern(node, errors);
	for (const struct tree_item *i = node->kind == TREE_LIST ? node->first : NULL; i != NULL; i = i->next)
		check_pattern(i->value, errors);
}

/* ---------------------------------------------------------------- schemas */
static void check_type(const struct tree_node *node, struct conf_errors *errors)
{
	static const char *const names[] = { "object", "array", "string", "number", "integer", "boolean", "null" };
	bool is_known = node->kind == TREE_LIST;

	for (const struct tree_item *i = node->kind == TREE_LIST ? node->first : NULL; i != NULL; i = i->next)
		check_type(i->value, errors);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		is_known = is_known || (node->kind == TREE_SCALAR && slice_equal(node->text, slice_of(names[i])));
	if (!is_known)
		conf_error(errors, node->mark,
			   "no type of JSON Schema; write object, array, string, number, integer, boolean or 'null' (in quotes)");
}

static void check_each(const struct tree_node *node, struct conf_errors *errors)
{
	for (const struct tree_item *i = node->kind == TREE_SCALAR ? NULL : node->first; i != NULL; i = i->next)
		check_schema(i->value, errors);
}

static void check_pattern_properties(const struct tree_node *node, struct conf_errors *errors)
{
	for (const struct tree_item *i = node->kind == TREE_MAP ? node->first : NULL; i != NULL; i = i->next)
		check_pattern(i->key, errors);
	check_each(node, errors);
}

static const struct {
	const char *name;
	void (*check)(const struct tree_node *node, struct conf_errors *errors);
} keywords[] = {
	{ "type", check_type },
	{ "pattern", check_pattern },
	{ "patternProperties", check_pattern_properties },
	{ "properties", check_each },
	{ "$defs", check_each },
	{ "definitions", check_each },
	{ "dependentSchemas", check_each },
	{ "allOf", check_each },
	{ "anyOf", check_each },
	{ "oneOf", check_each },
	{ "prefixItems", check_each },
	{ "items", check_schema },
	{ "contains", check_schema },
	{ "additionalProperties", check_schema },
	{ "propertyNames", check_schema },
	{ "not", check_schema },
	{ "if", check_schema },
	{ "then", check_schema },
	{ "else", check_schema },
};

static bool is_truth(const struct tree_node *node)
{
	return node->kind == TREE_SCALAR &&
	       (slice_equal(node->text, SLICE("true")) || slice_equal(node->text, SLICE("false")));
}

static void check_schema(const struct tree_node *node, struct conf_errors *errors)
{
	if (node->kind != TREE_MAP && !is_truth(node))
		conf_error(errors, node->mark, "a JSON Schema is a mapping, such as {type: object, required: [id]}");
	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
		const struct tree_item *item = tree_find(node, keywords[i].name);
		if (item != NULL)
			keywords[i].check(item->value, errors);
	}
}

void suite_check(const struct tree_node *node, struct conf_errors *errors)
{
	static const char *const lists[] = { "regex", "not_regex" };
	const struct tree_item *schema = tree_find(node, "json_schema");

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		const struct tree_item *item = tree_find(node, lists[i]);
		if (item != NULL)
			check_patterns(item->value, errors);
	}
	if (schema != NULL)
		check_schema(schema->value, errors);
}
