/* SPDX-License-Identifier: Apache-2.0
 * A value that breaks its schema is told where and how; one that keeps to it passes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#include "agent/base/clock.h"
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
	{ "{\"minLength\":2,\"maxLength\":2}", "\"\\ud83d\\ude00\\uD83D\\uDE00\"", NULL },
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
	{ "{\"$ref\":\"#/anyOf/1\",\"anyOf\":[true,{\"type\":\"number\"}]}", "\"a\"", "/: not of type number" },
	{ "{\"$ref\":\"#/$defs/a~1b~0c\",\"$defs\":{\"a/b~c\":{\"type\":\"number\"}}}", "\"a\"", "/: not of type number" },
	{ "{\"$ref\":\"#/$defs/\u00e4\",\"$defs\":{\"\\u00e4\":{\"type\":\"number\"}}}", "\"a\"", "/: not of type number" },
	{ "{\"$ref\":\"#named\",\"$defs\":{\"n\":{\"$anchor\":\"named\"}}}", "1", NULL },
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
		enum json_schema_verdict v = json_schema_check(slice_of(rows[i].schema), slice_of(rows[i].value), holds,
							       &why);
		assert_string_equal(buf_string(&why), rows[i].why != NULL ? rows[i].why : "");
		assert_int_equal(v, rows[i].why == NULL ? JSON_SCHEMA_KEPT : JSON_SCHEMA_BROKEN);
		buf_release(&why);
	}
}

static void without_a_way_to_match_patterns_are_taken_as_kept(void **state)
{
	struct slice schema = SLICE("{\"pattern\":\"x\",\"patternProperties\":{\"x\":false},\"additionalProperties\":false}");

	(void)state;
	assert_int_equal(json_schema_check(schema, SLICE("\"a\""), NULL, NULL), JSON_SCHEMA_KEPT);
	assert_int_equal(json_schema_check(schema, SLICE("{\"x\":1,\"y\":2}"), NULL, NULL), JSON_SCHEMA_KEPT);
}

static void a_schema_that_refers_to_itself_comes_to_an_end(void **state)
{
	struct slice endless = SLICE("{\"anyOf\":[{\"$ref\":\"#\"},{\"$ref\":\"#\"}]}");

	(void)state;
	assert_int_equal(json_schema_check(endless, SLICE("1"), NULL, NULL), JSON_SCHEMA_UNDECIDED);
	assert_int_equal(json_schema_check(SLICE("{\"$ref\":\"#\"}"), SLICE("1"), NULL, NULL), JSON_SCHEMA_UNDECIDED);
}

static void a_schema_at_fault_is_not_held_against_the_value(void **state)
{
	static const struct {
		const char *schema, *why;
	} faults[] = {
		{ "{\"type\":", "the schema is no valid JSON" },
		{ "{\"$ref\":\"#\"}", "the schema nests too deeply" },
		{ "{\"$ref\":\"#/$defs/n\"}", "the schema's #/$defs/n leads nowhere" },
		{ "{\"anyOf\":[{\"$ref\":\"#/anyOf/x\"},{\"$ref\":\"#/anyOf/2\"}]}", "the schema's #/anyOf/x leads nowhere" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		struct buf why = BUF_INIT;
		enum json_schema_verdict v = json_schema_check(slice_of(faults[i].schema), SLICE("1"), holds, &why);
		assert_string_equal(buf_string(&why), faults[i].why);
		assert_int_equal(v, JSON_SCHEMA_UNDECIDED);
		buf_release(&why);
	}
}

/* [0,1,2,...] */
static struct buf numbers(unsigned n)
{
	struct buf b = BUF_INIT;

	for (unsigned i = 0; i < n; i++)
		buf_printf(&b, "%s%u", i == 0 ? "[" : ",", i);
	buf_byte(&b, ']');
	assert_false(buf_failed(&b));
	return b;
}

/* {"k0":0,"k1":1,...}, where 1 is step */
static struct buf members(unsigned n, unsigned step)
{
	struct buf b = BUF_INIT;

	for (unsigned i = 0; i < n; i++)
		buf_printf(&b, "%s\"k%u\":%u", i == 0 ? "{" : ",", i * step % n, i * step % n);
	buf_byte(&b, '}');
	assert_false(buf_failed(&b));
	return b;
}

static void assert_verdict(const char *format, struct slice inside, struct slice value, enum json_schema_verdict wanted)
{
	struct buf schema = BUF_INIT, why = BUF_INIT;
	uint64_t start_ns = clock_process_cpu_ns();

	buf_printf(&schema, format, SLICE_ARG(inside));
	assert_int_equal(json_schema_check(buf_view(&schema), value, holds, &why), wanted);
	assert_true(clock_process_cpu_ns() - start_ns < 2 * NS_PER_SECOND); /* also under a sanitizer */
	if (wanted == JSON_SCHEMA_UNDECIDED)
		assert_string_equal(buf_string(&why), "there is too much to compare");
	buf_release(&schema);
	buf_release(&why);
}

static void what_takes_too_long_to_compare_is_undecided_not_broken(void **state)
{
	struct buf many = numbers(20000), wide = members(7000, 1), turned = members(7000, 3);

	(void)state;
	assert_verdict("{\"uniqueItems\":true%.*s}", SLICE_NONE, buf_view(&many), JSON_SCHEMA_UNDECIDED);
	assert_verdict("{\"not\":{\"uniqueItems\":true%.*s}}", SLICE_NONE, buf_view(&many), JSON_SCHEMA_UNDECIDED);
	assert_verdict("{\"items\":{\"enum\":%.*s}}", buf_view(&many), buf_view(&many), JSON_SCHEMA_UNDECIDED);
	assert_verdict("{\"const\":%.*s}", buf_view(&turned), buf_view(&wide), JSON_SCHEMA_UNDECIDED);
	assert_verdict("{\"properties\":%.*s,\"additionalProperties\":false}", buf_view(&turned), buf_view(&wide),
		       JSON_SCHEMA_UNDECIDED);
	buf_release(&many);
	buf_release(&wide);
	buf_release(&turned);
}

static void what_an_answer_usually_holds_is_decided(void **state)
{
	struct buf few = numbers(300), many = numbers(20000), wide = members(60, 1), turned = members(60, 7);

	(void)state;
	assert_verdict("{\"uniqueItems\":true%.*s}", SLICE_NONE, buf_view(&few), JSON_SCHEMA_KEPT);
	assert_verdict("{\"items\":{\"type\":\"integer\",\"minimum\":0}%.*s}", SLICE_NONE, buf_view(&many),
		       JSON_SCHEMA_KEPT);
	assert_verdict("{\"const\":%.*s}", buf_view(&turned), buf_view(&wide), JSON_SCHEMA_KEPT);
	buf_release(&few);
	buf_release(&many);
	buf_release(&wide);
	buf_release(&turned);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_breaks_a_schema_is_told_where_and_how),
		cmocka_unit_test(without_a_way_to_match_patterns_are_taken_as_kept),
		cmocka_unit_test(a_schema_that_refers_to_itself_comes_to_an_end),
		cmocka_unit_test(a_schema_at_fault_is_not_held_against_the_value),
		cmocka_unit_test(what_takes_too_long_to_compare_is_undecided_not_broken),
		cmocka_unit_test(what_an_answer_usually_holds_is_decided),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
