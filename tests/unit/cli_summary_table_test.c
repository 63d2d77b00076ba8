/* SPDX-License-Identifier: Apache-2.0
 * Rows of a summary: money keeps its digits in few characters, names of any alphabet stand in line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>

#include "agent/cli/summary_table.h"

static void money_has_cents_and_below_a_dollar_three_digits_that_count(void **state)
{
	static const struct {
		double usd;
		const char *text;
	} cases[] = {
		{ NAN, "-" },          { 0, "0.00" },           { 0.00000028, "2.8e-07" }, { 0.0000912, "9.12e-05" },
		{ 0.00012345, "0.000123" }, { 0.0108, "0.0108" }, { 0.9994, "0.999" },      { 0.9999, "1.00" },
		{ 119, "119.00" },     { 99999.99, "99999.99" }, { 1234567.8, "1234568" },
	};
	struct buf out = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_reset(&out);
		summary_write_usd(&out, cases[i].usd);
		assert_string_equal(buf_string(&out), cases[i].text);
		assert_true(out.len <= 8);
	}
	buf_release(&out);
}

static void names_of_any_alphabet_stand_in_line(void **state)
{
	static const char *const rows[] = {
		"{\"name\":\"geb\\u00fchren\",\"requests\":1}",
		"{\"name\":\"\u6599\u91d1\",\"requests\":1}",
		"{\"name\":\"\u00e4\u00f6\u00fc\u00e4\u00f6\u00fc\u00e4\u00f6\u00fc\u00e4\u00f6\u00fc\u00e4\u00f6\u00fc\u00e4\u00f6\u00fc\",\"requests\":1}",
		"{\"name\":\"two\\nlines\\u001b[2J\",\"requests\":1}",
		"{\"name\":\"answer-of-the-shop@1.4.0\",\"requests\":1}",
		"{\"name\":\"answer-of-the-shop@1.5.0\",\"requests\":1}",
		"{\"requests\":1}",
	};
	struct summary_table table = summary_table_of(26, 16);
	struct buf out = BUF_INIT;

	(void)state;
	assert_int_equal(table.columns, 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		summary_table_row(&table, slice_of(rows[i]), "all calls", &out);
	assert_string_equal(buf_string(&out), "geb\u00fchren                 1\n"
					      "\u6599\u91d1                     1\n"
					      "\u00e4\u00f6\u00fc\u00e4\u00f6\u00fc...\u00fc\u00e4\u00f6\u00fc\u00e4\u00f6\u00fc         1\n"
					      "two lines [2J            1\n"
					      "answer...p@1.4.0         1\n"
					      "answer...p@1.5.0         1\n"
					      "all calls                1\n");
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(money_has_cents_and_below_a_dollar_three_digits_that_count),
		cmocka_unit_test(names_of_any_alphabet_stand_in_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
