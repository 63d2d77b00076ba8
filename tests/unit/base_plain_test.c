/* SPDX-License-Identifier: Apache-2.0
 * What others have named is shown on one line, in columns of a terminal, and tells it nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agent/base/plain.h"

static void assert_plain(struct slice text, const char *escaped, const char *wanted)
{
	struct buf out = BUF_INIT;

	plain_write(&out, text, escaped);
	assert_string_equal(buf_string(&out), wanted);
	buf_release(&out);
}

static void control_characters_become_blanks(void **state)
{
	(void)state;
	assert_plain(SLICE("a\x1b[31mb\tc\r\nd\x7f"), "", "a [31mb c  d ");
	assert_plain(SLICE("nul\0inside"), "", "nul inside");
	assert_plain(SLICE("\xc2\x80" "csi \xc2\x9b" "31m \xc2\x9f \xc2\xa0"), "", " csi  31m   \xc2\xa0");
}

static void other_characters_stay(void **state)
{
	(void)state;
	assert_plain(SLICE("gr\xc3\xb6\xc3\x9f""e \xe6\x97\xa5 \xf0\x9f\x9a\xa2 ~!"), "",
		     "gr\xc3\xb6\xc3\x9f""e \xe6\x97\xa5 \xf0\x9f\x9a\xa2 ~!");
	assert_plain(SLICE_NONE, "", "");
}

static void bytes_that_are_no_utf8_are_dropped(void **state)
{
	(void)state;
	assert_plain(SLICE("a\xffz\xc3"), "", "az");
	assert_plain(SLICE("\x9b" "31m"), "", "31m");
}

static void characters_that_mean_something_get_a_backslash(void **state)
{
	(void)state;
	assert_plain(SLICE("a|b\\*"), "|*\\", "a\\|b\\\\\\*");
}

static void marks_that_turn_text_around_are_dropped(void **state)
{
	(void)state;
	assert_plain(SLICE("evil\xe2\x80\xae" "gnp.exe"), "", "evilgnp.exe");
	assert_plain(SLICE("\xe2\x80\xaa\xe2\x81\xa6" "a\xe2\x81\xa9\xe2\x80\xa6"), "", "a\xe2\x80\xa6");
}

static void columns_are_those_of_a_terminal(void **state)
{
	(void)state;
	assert_int_equal(plain_columns(SLICE("gr\xc3\xb6\xc3\x9f""e")), 5);
	assert_int_equal(plain_columns(SLICE("\xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x9a\xa2")), 7);
	assert_int_equal(plain_columns(SLICE("a\xcc\x88o\xcc\x88")), 2);
	assert_int_equal(plain_columns(SLICE("\x1b[1m\xff\xe2\x80\xae")), 4); /* as they are written */
	assert_int_equal(plain_columns(SLICE_NONE), 0);
}

static void a_head_ends_between_characters(void **state)
{
	struct slice text = SLICE("\xe6\x97\xa5\xe6\x9c\xac");

	(void)state;
	assert_int_equal(plain_head(text, 0).len, 0);
	assert_int_equal(plain_head(text, 1).len, 0);
	assert_int_equal(plain_head(text, 3).len, 3);
	assert_int_equal(plain_head(text, 4).len, 6);
	assert_int_equal(plain_head(text, 9).len, 6);
	assert_int_equal(plain_head(SLICE("a\xcc\x88o"), 1).len, 3);
}

static void a_long_name_loses_its_middle(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	plain_write_short(&out, SLICE("answer-of-the-shop@1.4.0"), 14);
	plain_write_short(&out, SLICE(" \xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe3\x81\xae"), 9);
	plain_write_short(&out, SLICE("|\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe3\x81\xae"), 6);
	plain_write_short(&out, SLICE("|\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe3\x81\xae"), 5);
	assert_string_equal(buf_string(&out), "answe...@1.4.0 \xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe3\x81\xae"
					      "|...\xe3\x81\xae" "|....");
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(control_characters_become_blanks),
		cmocka_unit_test(other_characters_stay),
		cmocka_unit_test(bytes_that_are_no_utf8_are_dropped),
		cmocka_unit_test(characters_that_mean_something_get_a_backslash),
		cmocka_unit_test(marks_that_turn_text_around_are_dropped),
		cmocka_unit_test(columns_are_those_of_a_terminal),
		cmocka_unit_test(a_head_ends_between_characters),
		cmocka_unit_test(a_long_name_loses_its_middle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
