/* SPDX-License-Identifier: Apache-2.0
 * The JSON cursor reads what RFC 8259 allows, refuses the rest, and loses no digit.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agent/base/json.h"

static void members_and_elements_are_read_in_order(void **state)
{
	struct json j;
	struct json_string key, text;
	struct slice number;
	bool flag = false;

	(void)state;
	json_init(&j, SLICE(" {\"a\": [1, -2.5e+3], \"b\": {\"c\": true}, \"d\": \"x\"} "));
	assert_true(json_object(&j));
	assert_true(json_member(&j, &key) && slice_equal(key.raw, SLICE("a")));
	assert_true(json_array(&j) && json_element(&j) && json_number(&j, &number));
	assert_true(json_element(&j) && json_number(&j, &number));
	assert_true(slice_equal(number, SLICE("-2.5e+3")));
	assert_false(json_element(&j));
	assert_true(json_member(&j, &key) && json_object(&j) && json_member(&j, &key) && json_bool(&j, &flag));
	assert_true(flag);
	assert_false(json_member(&j, &key));
	assert_true(json_member(&j, &key) && json_string(&j, &text));
	assert_true(slice_equal(text.raw, SLICE("x")));
	assert_false(json_member(&j, &key));
	assert_int_equal(json_finish(&j).code, STATUS_OK);
}

static void texts_that_break_the_grammar_are_refused(void **state)
{
	static const char *const bad[] = {
		"",	 " ",	   "{",	       "[1,]",	   "{\"a\":1,}", "{\"a\" 1}",  "[1 2]",     "01",
		"1.",	 "-",	   "1e",       "nul",	   "truex",	 "\"\x01\"",   "\"\\x\"",  "\"\\u12\"",
		"\"abc", "[1]]",   "\"\xff\"", "{a:1}",	   "[,1]",	 "+1",	       "{\"a\":}", "\"\xed\xa0\x80\"",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (json_is_valid(slice_of(bad[i])))
			fail_msg("accepted: %s", bad[i]);
}

static void texts_that_keep_the_grammar_are_accepted(void **state)
{
	static const char *const good[] = { "0", "-0.0", "[]", "{}", "[[],{}]", "\"\"", "null", "1E5", "\"\\u00e9\\n\"",
					    "\"\xc3\xa9\"" };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (!json_is_valid(slice_of(good[i])))
			fail_msg("refused: %s", good[i]);
}

static void nesting_is_bounded(void **state)
{
	char text[2 * JSON_DEPTH_MAX + 4];

	(void)state;
	memset(text, '[', JSON_DEPTH_MAX);
	memset(text + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
	assert_true(json_is_valid((struct slice){ text, 2 * JSON_DEPTH_MAX }));
	memset(text, '[', JSON_DEPTH_MAX + 1);
	memset(text + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX + 1);
	assert_false(json_is_valid((struct slice){ text, 2 * JSON_DEPTH_MAX + 2 }));
}

static void escapes_become_utf8(void **state)
{
	struct arena a;
	struct json j;
	struct json_string s;

	(void)state;
	arena_init(&a, 1 << 16);
	json_init(&j, SLICE("\"\\ud83d\\ude00 \\u20ac\\\"\\ud800\""));
	assert_true(json_string(&j, &s));
	assert_true(slice_equal(json_unescape(s, &a), SLICE("\xf0\x9f\x98\x80 \xe2\x82\xac\"\xef\xbf\xbd")));
	arena_release(&a);
}

static void writing_escapes_and_repairs(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	json_write_string(&b, SLICE("a\"\\\n\x01\xff\xc3\xa9"));
	assert_true(slice_equal(buf_view(&b), SLICE("\"a\\\"\\\\\\n\\u0001\xef\xbf\xbd\xc3\xa9\"")));
	buf_reset(&b);
	json_write_double(&b, 0.1);
	assert_string_equal(buf_string(&b), "0.1");
	buf_release(&b);
}

static void members_are_written_with_their_commas(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	buf_byte(&b, '{');
	json_write_text_if_any(&b, "none", SLICE(""));
	json_write_text(&b, "text", SLICE("a\"b"));
	json_write_text(&b, "empty", SLICE(""));
	json_write_text_if_any(&b, "some", SLICE("c"));
	json_write_number(&b, "number", 0.1);
	json_write_number(&b, "unknown", NAN);
	json_write_count(&b, "count", UINT64_MAX);
	json_write_flag(&b, "yes", true);
	json_write_flag(&b, "no", false);
	buf_byte(&b, '}');
	assert_string_equal(buf_string(&b),
			    "{\"text\":\"a\\\"b\",\"empty\":\"\",\"some\":\"c\",\"number\":0.1,\"unknown\":null,"
			    "\"count\":18446744073709551615,\"yes\":true,\"no\":false}");
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_and_elements_are_read_in_order),
		cmocka_unit_test(texts_that_break_the_grammar_are_refused),
		cmocka_unit_test(texts_that_keep_the_grammar_are_accepted),
		cmocka_unit_test(nesting_is_bounded),
		cmocka_unit_test(escapes_become_utf8),
		cmocka_unit_test(writing_escapes_and_repairs),
		cmocka_unit_test(members_are_written_with_their_commas),
	};
	return cmocka_run_group_tests_name("base/json", tests, NULL, NULL);
}
