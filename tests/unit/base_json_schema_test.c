/* SPDX-License-Identifier: Apache-2.0
 * A value that breaks its schema is told where and how; one that keeps to it passes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#include "agent/base/json_schema.h"

struct row {
	const char *schema, *value, *why; /* NULL: it fits */
};

static const struct row rows[] = {
	{ "{\"type\":\"object\",\"required\":[\"a\"]}", "{\"a\":1}", NULL },
	{ "{\"type\":\"object\",\"required\":[\"a\"]}", "{\"b\":1}", "/: 'a' is missing" },
	{ "{\"type\":\"object\"}", "[1]", "/: not of type object" },
	{ "{\"type\":[\"string\",\"null\"]}", "null", NULL },
	{ "{\"type\":[\"string\",\"null\"]}", "1", "/: not of type [\"string\",\"null\"]" },
	{ "{\"type\":\"integer\"}", "3.0", NULL },
	{ "{\"type\":\"integer\"}", "3.5", "/: not of type integer" },
	{ "{\"properties\":{\"n\":{\"minimum\":0}}}", "{\"n\":-1}", "/n: minimum is 0, here it is -1" },
	{ "{\"exclusiveMaximum\":1}", "1", "/: exclusiveMaximum is 1" },
	{ "{\"minLength\":3}", "\"\\u00e4\xc3\xa4\xc3\xb6\"", NULL },
	{ "{\"maxLength\":2}", "\"abc\"", "/: maxLength is 2, here it is 3" },
	{ "{\"enum\":[\"red\",\"blue\",7]}", "7.0", NULL },
	{ "{\"enum\":[\"red\",\"blue\"]}", "\"green\"", "/: none of [\"red\",\"blue\"]" },
	{ "{\"const\":\"x\"}", "\"y\"", "/: not \"x\"" },
	{ "{\"items\":{\"type\":\"string\"}}", "[\"a\",1]", "/1: not of type string" },
	{ "{\"prefixItems\":[{\"type\":\"string\"}],\"items\":{\"type\":\"number\"}}", "[\"a\",1]", NULL },
	{ "{\"prefixItems\":[{\"type\":\"string\"}],\"items\":{\"type\":\"number\"}}", "[1,1]", "/0: not of type string" },
	{ "{\"maxItems\":1}", "[1,2]", "/: maxItems is 1, here it is 2" },
	{ "{\"uniqueItems\":true}", "[1,2,1]", "/: an element comes twice" },
	{ "{\"properties\":{\"a\":{}},\"additionalProperties\":false}", "{\"a\":1,\"b\":2}", "/: 'b' is not allowed" },
	{ "{\"properties\":{\"a\":{}},\"additionalProperties\":{\"type\":\"string\"}}", "{\"b\":2}", "/b: not of type string" },
	{ "{\"anyOf\":[{\"type\":\"string\"},{\"type\":\"null\"}]}", "1", "/: keeps to none of anyOf" },
	{ "{\"oneOf\":[{\"minimum\":1},{\"minimum\":2}]}", "3", "/: keeps to 2 of oneOf" },
	{ "{\"allOf\":[{\"minimum\":1},{\"maximum\":2}]}", "3", "/: maximum is 2, here it is 3" },
	{ "{\"not\":{\"type\":\"string\"}}", "\"a\"", "/: is what 'not' forbids" },
	{ "{\"$ref\":\"#/$defs/n\",\"$defs\":{\"n\":{\"type\":\"number\"}}}", "\"a\"", "/: not of type number" },
	{ "{\"multipleOf\":0.5}", "1.25", "/: 1.25 is no multiple of 0.5" },
	{ "{\"multipleOf\":0.01}", "19.99", NULL },
	{ "{\"multipleOf\":0.01}", "19.995", "/: 19.995 is no multiple of 0.01" },
	{ "{\"enum\":[\"gr\u00fcn\"]}", "\"gr\\u00fcn\"", NULL },
	{ "{\"const\":{\"a\":1,\"b\":[2]}}", "{ \"b\": [2.0], \"a\": 1 }", NULL },
	{ "{\"const\":{\"a\":1}}", "{\"a\":1,\"b\":2}", "/: not {\"a\":1}" },
	{ "{\"required\":[\"gr\u00f6\u00dfe\"]}", "{\"gr\\u00f6\\u00dfe\":1}", NULL },
	{ "{\"pattern\":\"b\"}", "\"abc\"", NULL },
	{ "{\"pattern\":\"x\"}", "\"abc\"", "/: does not match x" },
	{ "{\"pattern\":\"x\"}", "7", NULL },
	{ "{\"patternProperties\":{\"x_\":{\"type\":\"number\"}}}", "{\"x_a\":\"1\"}", "/x_a: not of type number" },
	{ "{\"patternProperties\":{\"x_\":{}},\"additionalProperties\":false}", "{\"x_a\":1}", NULL },
	{ "{\"patternProperties\":{\"x_\":{}},\"additionalProperties\":false}", "{\"y\":1}", "/: 'y' is not allowed" },
	{ "{\"propertyNames\":{\"maxLength\":2}}", "{\"abc\":1}", "/abc: maxLength is 2, here it is 3" },
	{ "{\"dependentRequired\":{\"a\":[\"b\"]}}", "{\"a\":1}", "/: 'b' is missing" },
	{ "{\"dependentSchemas\":{\"a\":{\"minProperties\":2}}}", "{\"a\":1}", "/: minProperties is 2, here it is 1" },
	{ "{\"contains\":{\"type\":\"null\"}}", "[1,null]", NULL },
	{ "{\"contains\":{\"type\":\"null\"}}", "[1]", "/: 0 elements fit 'contains'" },
	{ "{\"contains\":{},\"maxContains\":1}", "[1,2]", "/: maxContains is 1, here it is 2" },
	{ "{\"if\":{\"type\":\"string\"},\"then\":{\"minLength\":2},\"else\":{\"minimum\":2}}", "\"a\"",
	  "/: minLength is 2, here it is 1" },
	{ "{\"if\":{\"type\":\"string\"},\"then\":{\"minLength\":2},\"else\":{\"minimum\":2}}", "1",
	  "/: minimum is 2, here it is 1" },
	{ "true", "1", NULL },
	{ "false", "1", "/: nothing is allowed here" },
	{ "{\"type\":\"object\"}", "{\"a\":", "/: no valid JSON" },
	{ "{\"type\":", "1", "/: the schema is no valid JSON" },
	{ "{\"properties\":{\"a\":{\"properties\":{\"b\":{\"type\":\"null\"}}}}}", "{\"a\":{\"b\":0}}", "/a/b: not of type null" },
};

/* Enough of a pattern language for these rows. */
static bool holds(struct slice pattern, struct slice text)
{
	return slice_find(text, pattern) >= 0;
}

static void what_breaks_a_schema_is_told_where_and_how(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf why = BUF_INIT;
		bool fits = json_schema_fits(slice_of(rows[i].schema), slice_of(rows[i].value), holds, &why);
		assert_string_equal(buf_string(&why), rows[i].why != NULL ? rows[i].why : "");
		assert_int_equal(fits, rows[i].why == NULL);
		buf_release(&why);
	}
}

static void without_a_way_to_match_patterns_are_taken_as_kept(void **state)
{
	struct slice schema = SLICE("{\"pattern\":\"x\",\"patternProperties\":{\"x\":false},\"additionalProperties\":false}");

	(void)state;
	assert_true(json_schema_fits(schema, SLICE("\"a\""), NULL, NULL));
	assert_true(json_schema_fits(schema, SLICE("{\"x\":1,\"y\":2}"), NULL, NULL));
}

static void a_schema_that_refers_to_itself_comes_to_an_end(void **state)
{
	struct slice endless = SLICE("{\"anyOf\":[{\"$ref\":\"#\"},{\"$ref\":\"#\"}]}");

	(void)state;
	assert_false(json_schema_fits(endless, SLICE("1"), NULL, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_breaks_a_schema_is_told_where_and_how),
		cmocka_unit_test(without_a_way_to_match_patterns_are_taken_as_kept),
		cmocka_unit_test(a_schema_that_refers_to_itself_comes_to_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
