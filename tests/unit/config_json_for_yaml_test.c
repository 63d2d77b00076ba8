/* SPDX-License-Identifier: Apache-2.0
 * What JSON and YAML write alike stays byte for byte; the rest is escaped as YAML has it. (That a reader of YAML then
 * finds the same: config_yaml_test.c.)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agent/config/json_for_yaml.h"

static void becomes(const char *json, const char *yaml)
{
	struct buf out = BUF_INIT;

	json_for_yaml(slice_of(json), &out);
	assert_string_equal(buf_string(&out), yaml);
	buf_release(&out);
}

static void what_both_write_alike_stays(void **state)
{
	(void)state;
	becomes("", "");
	becomes("{\"a\":[1,-2.5e3,true,null,\"\\u00e9 \\n \\\\ \\\" gr\xc3\xbcn \xf0\x9f\x98\x80\"]}",
		"{\"a\":[1,-2.5e3,true,null,\"\\u00e9 \\n \\\\ \\\" gr\xc3\xbcn \xf0\x9f\x98\x80\"]}");
}

static void a_pair_of_surrogates_is_one_escape_and_a_lone_one_none(void **state)
{
	(void)state;
	becomes("\"\\ud83d\\uDE00\"", "\"\\U0001F600\"");
	becomes("\"\\ud83d\"", "\"\\uFFFD\"");
	becomes("\"\\ude00\\ud83dx\"", "\"\\uFFFD\\uFFFDx\"");
	becomes("\"\\\\ud83d\"", "\"\\\\ud83d\""); /* a backslash, then letters */
}

static void what_may_not_stand_in_yaml_is_escaped(void **state)
{
	(void)state;
	becomes("\"\x7f\xc2\x85\xc2\x9f\"", "\"\\u007F\\u0085\\u009F\"");
	becomes("\"\xe2\x80\xa8\xe2\x80\xa9\xef\xbf\xbe\xef\xbf\xbf\"", "\"\\u2028\\u2029\\uFFFE\\uFFFF\"");
	becomes("\"\xc2\xa0\xe2\x80\xaa\"", "\"\xc2\xa0\xe2\x80\xaa\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_both_write_alike_stays),
		cmocka_unit_test(a_pair_of_surrogates_is_one_escape_and_a_lone_one_none),
		cmocka_unit_test(what_may_not_stand_in_yaml_is_escaped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
