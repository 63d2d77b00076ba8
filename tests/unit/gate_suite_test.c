/* SPDX-License-Identifier: Apache-2.0
 * A suite is read with its defaults; what could not judge anything is a mistake with its place, not a verdict.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/gate/suite.h"

static char path[] = "/tmp/gate_suite_XXXXXX";

static struct status load(const char *text, struct suite **out, struct buf *errors)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
	buf_reset(errors);
	return suite_load(path, out, errors);
}

static void defaults_hold_for_every_case(void **state)
{
	struct buf errors = BUF_INIT;
	struct suite *s = NULL;

	(void)state;
	assert_false(FAILED(load("prompt: answer\ndefaults: {max_cost_usd: 0.05, regex: '^[A-Z]'}\n"
				 "cases:\n  - {id: 1, max_cost_usd: 0.5}\n  - {id: b}\n", &s, &errors)));
	assert_int_equal(s->count, 2);
	assert_string_equal(s->cases[0].id, "1");
	assert_true(s->cases[0].max_cost_usd > 0.4 && s->cases[1].max_cost_usd < 0.1);
	assert_string_equal(s->cases[1].regex.items[0], "^[A-Z]");
	suite_free(s);
	buf_release(&errors);
}

static const struct row {
	const char *text, *said;
} rows[] = {
	{ "- {id: a}\n- {id: a}\n", ":2:3: id 'a' is used twice" },
	{ "- {id: a, expcted: x}\n", ":1:11: unknown key 'expcted'; did you mean 'expected'?" },
	{ "- {id: a, regex: '('}\n", ":1:18: pattern '(' is none: missing closing parenthesis, at byte 1" },
	{ "- id: a\n  not_regex: [good, '[']\n", ":2:21: pattern '[' is none" },
	{ "defaults: {regex: '('}\ncases: [{id: a}]\n", ":1:19: pattern '(' is none" },
	{ "- {id: a, json_schema: '{}'}\n", ":1:24: a JSON Schema is a mapping" },
	{ "- {id: a, json_schema: {type: strng}}\n", ":1:31: no type of JSON Schema" },
	{ "- {id: a, json_schema: {type: [string, null]}}\n", ":1:40: no type of JSON Schema" },
	{ "- id: a\n  json_schema: {properties: {x: {items: {pattern: '('}}}}\n", ":2:51: pattern '(' is none" },
	{ "- id: a\n  json_schema: {patternProperties: {'(': {}}}\n", ":2:37: pattern '(' is none" },
};

static void mistake_is_told_with_its_place(void **state)
{
	struct buf errors = BUF_INIT;
	struct suite *s = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(load(rows[i].text, &s, &errors).code, STATUS_INVALID);
		if (slice_find(buf_view(&errors), slice_of(rows[i].said)) < 0)
			fail_msg("'%s' is told as '%s'", rows[i].said, buf_string(&errors));
	}
	buf_release(&errors);
}

static void what_stands_in_quotes_in_a_schema_stays_text(void **state)
{
	struct buf errors = BUF_INIT;
	struct suite *s = NULL;

	(void)state;
	assert_false(FAILED(load("- id: a\n  json_schema: {enum: ['1', \"true\", 2, true, null, word]}\n", &s,
				 &errors)));
	assert_string_equal(s->cases[0].json_schema, "{\"enum\":[\"1\",\"true\",2,true,null,\"word\"]}");
	suite_free(s);
	buf_release(&errors);
}

static void data_in_a_schema_is_no_schema(void **state)
{
	struct buf errors = BUF_INIT;
	struct suite *s = NULL;

	(void)state;
	assert_false(FAILED(load("- id: a\n  json_schema:\n    enum: [{type: anything}]\n    default: {pattern: '('}\n"
				 "    properties: {type: {const: 1}, pattern: true}\n", &s, &errors)));
	suite_free(s);
	buf_release(&errors);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_hold_for_every_case),
		cmocka_unit_test(mistake_is_told_with_its_place),
		cmocka_unit_test(what_stands_in_quotes_in_a_schema_stays_text),
		cmocka_unit_test(data_in_a_schema_is_no_schema),
	};
	int fd = mkstemp(path);

	if (fd < 0)
		return EXIT_FAILURE;
	close(fd);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return failed;
}
