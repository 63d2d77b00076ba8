/* SPDX-License-Identifier: Apache-2.0
 * The report of a replay has the totals, then a table for each group, in lines that the terminal has room for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agent/daemon/report.h"

#define FIGURES \
	"\"requests\":161,\"errors\":16,\"unpriced\":5,\"cost_usd\":\"0.439271\",\"cost_per_request_usd\":\"0.002816\"," \
	"\"input_tokens\":138993,\"output_tokens\":18169,\"latency_p50_s\":0.12,\"latency_p95_s\":2.55"

static const char summary[] = "{\"totals\":{" FIGURES "},\"by\":{\"feature\":[{\"name\":\"shop-assistant\"," FIGURES "}],"
			      "\"prompt\":[],\"model\":[{\"name\":\"anthropic.claude-3-5-sonnet-20241022-v2:0\"," FIGURES "}]}}";

static void a_table_fits_a_terminal_of_eighty_columns(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	report_write(&out, slice_of(summary), 80);
	assert_string_equal(buf_string(&out),
			    "\n"
			    "                            requests  errors       USD   USD/req      in     out\n"
			    "all calls                        161      16     0.439   0.00282    139k     18k\n"
			    "\n"
			    "feature                     requests  errors       USD   USD/req      in     out\n"
			    "shop-assistant                   161      16     0.439   0.00282    139k     18k\n"
			    "\n"
			    "prompt                      requests  errors       USD   USD/req      in     out\n"
			    "\n"
			    "model                       requests  errors       USD   USD/req      in     out\n"
			    "anthropic.c...0241022-v2:0       161      16     0.439   0.00282    139k     18k\n");
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(a_table_fits_a_terminal_of_eighty_columns) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
