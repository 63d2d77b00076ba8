/* SPDX-License-Identifier: Apache-2.0
 * Columns are as wide as their widest cell in characters, numbers stand to the right, and nothing in a cell moves a cursor.
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
	static const char *const cells[] = { "NAME", "N", "LAST", "gr\xc3\xb6\xc3\x9f""e \xe2\x98\x95", "7", "x", "b", "1200", "y" };

	(void)state;
	assert_table(1u << 1, cells, 9, "NAME        N  LAST\ngr\xc3\xb6\xc3\x9f""e \xe2\x98\x95     7  x\nb        1200  y\n");
}

static void control_characters_are_blanks(void **state)
{
	static const char *const cells[] = { "a\x1b[31m", "b\nc", "d\x7f" };

	(void)state;
	assert_table(0, cells, 3, "a [31m  b c  d \n");
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
		cmocka_unit_test(nothing_is_no_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
