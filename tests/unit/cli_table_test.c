/* SPDX-License-Identifier: Apache-2.0
 * Columns are as wide as their widest cell, numbers stand to the right, and nothing in a cell moves a cursor.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agent/cli/table.h"

static void assert_table(unsigned numbers, const char *const cells[], size_t count, const char *wanted)
{
	struct table t = { .columns = 3, .numbers = numbers };
	struct buf out = BUF_INIT;

	for (size_t i = 0; i < count; i++)
		table_cell(&t, cells[i]);
	table_write(&t, &out);
	assert_string_equal(buf_string(&out), wanted);
	buf_release(&out);
}

static void columns_fit_their_widest_cell(void **state)
{
	static const char *const cells[] = { "NAME", "N", "LAST", "gr\xc3\xb6\xc3\x9f""e \xe2\x98\x95", "7", "x", "b",
					     "1200", "y" };

	(void)state;
	assert_table(1u << 1, cells, 9,
		     "NAME         N  LAST\ngr\xc3\xb6\xc3\x9f""e \xe2\x98\x95     7  x\nb         1200  y\n");
}

static void control_characters_are_blanks(void **state)
{
	static const char *const cells[] = { "a\x1b[31m", "b\nc", "d\x7f" };

	(void)state;
	assert_table(0, cells, 3, "a [31m  b c  d\n");
}

static void names_lose_their_middle_where_rows_are_too_wide(void **state)
{
	struct table t = { .columns = 3, .numbers = 1u << 2, .names = 1u << 0 | 1u << 1, .width = 30 };
	struct buf out = BUF_INIT;

	(void)state;
	table_cell(&t, "a-prompt-with-a-name@1.0.0");
	table_cell(&t, "feature");
	table_printf(&t, "%d", 1234567);
	table_cell(&t, "gr\xc3\xb6\xc3\x9f""e");
	table_cell(&t, "x");
	table_cell(&t, "1");
	table_write(&t, &out);
	assert_string_equal(buf_string(&out), "a-pr...1.0.0  feature  1234567\n"
					      "gr\xc3\xb6\xc3\x9f""e         x              1\n");
	buf_release(&out);
}

static void assert_narrow(unsigned width, const char *name, const char *wanted)
{
	struct table t = { .columns = 2, .numbers = 1u << 1, .names = 1u << 0, .width = width };
	struct buf out = BUF_INIT;

	table_cell(&t, name);
	table_cell(&t, "1234567");
	table_write(&t, &out);
	assert_string_equal(buf_string(&out), wanted);
	buf_release(&out);
}

static void figures_and_eight_characters_of_a_name_stay(void **state)
{
	(void)state;
	assert_narrow(17, "abcdefghijk", "ab...ijk  1234567\n");
}

static void names_of_rows_that_fit_in_no_way_can_be_read(void **state)
{
	(void)state;
	assert_narrow(16, "abcdefghijk", "abcdefghijk  1234567\n");
	assert_narrow(4, "abcdefghijklmnopqrstuvwxyz-of-the-shop", "abcdefghij...of-the-shop  1234567\n");
}

static void sentences_lose_their_end(void **state)
{
	struct table t = { .columns = 2, .names = 1u << 0, .texts = 1u << 1, .width = 30 };
	struct buf out = BUF_INIT;

	(void)state;
	table_cell(&t, "checkout");
	table_cell(&t, "prompt version 1.5.0 seen for the first time");
	table_write(&t, &out);
	assert_string_equal(buf_string(&out), "checkout  prompt version 1....\n");
	buf_release(&out);
}

static void empty_cells_at_the_end_leave_no_blanks(void **state)
{
	static const char *const cells[] = { "NAME", "N", "NOTE", "a", "1", "", "b", "", "" };

	(void)state;
	assert_table(1u << 1, cells, 9, "NAME  N  NOTE\na     1\nb\n");
}

static void nothing_is_no_row(void **state)
{
	(void)state;
	assert_table(0, NULL, 0, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_fit_their_widest_cell),
		cmocka_unit_test(control_characters_are_blanks),
		cmocka_unit_test(names_lose_their_middle_where_rows_are_too_wide),
		cmocka_unit_test(figures_and_eight_characters_of_a_name_stay),
		cmocka_unit_test(names_of_rows_that_fit_in_no_way_can_be_read),
		cmocka_unit_test(sentences_lose_their_end),
		cmocka_unit_test(empty_cells_at_the_end_leave_no_blanks),
		cmocka_unit_test(nothing_is_no_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
