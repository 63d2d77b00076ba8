/* SPDX-License-Identifier: Apache-2.0
 * One alert for people: what is not known is left out or "-", never zero or "nan".
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "agent/base/slice.h"
#include "agent/cli/alerts.h"
#include "tests/unit/captured.h"

#define KEY "\"id\":\"1f\",\"state\":\"firing\",\"feature\":\"triage\",\"summary\":\"s\",\"started_at\":1700000000,"

static const char *shown(const char *alert)
{
	captured_begin();
	alerts_print(slice_of(alert));
	captured_end();
	return captured.out;
}

static void a_shift_is_told_with_its_baseline(void **state)
{
	const char *text = shown("{" KEY "\"kind\":\"shift\",\"metric\":\"cost\",\"value\":0.3,\"baseline_mean\":0.1,\"baseline_stddev\":0.02,"
				 "\"pooled_deviation\":10,\"deviation\":4,\"sample_size\":60,\"run\":3,\"window_s\":3600}");

	(void)state;
	assert_non_null(strstr(text,
			       "  value             0.3, usually 0.1 +- 0.02; 10.0 sigma; per window 4.0 sigma\n"));
	assert_non_null(strstr(text, "  samples           60 requests in 3 windows of 3600 s\n"));
	assert_non_null(strstr(text, "  since             2023-11-14T22:13:20Z\n"));
	assert_null(strstr(text, "  ended"));
}

static void a_limit_is_not_what_is_usual(void **state)
{
	(void)state;
	assert_non_null(strstr(shown("{" KEY "\"kind\":\"budget\",\"metric\":\"budget_usd\",\"value\":6,\"baseline_mean\":5,\"sample_size\":1,"
				     "\"run\":1,\"window_s\":86400}"),
			       "  value             6, limit 5\n  samples           1 request in 1 window of 86400 s\n"));
	assert_non_null(strstr(shown("{" KEY "\"kind\":\"slo_burn\",\"value\":0.2,\"baseline_mean\":0.01}"),
			       "0.2, allowed 0.01\n"));
}

static void what_is_not_known_is_not_a_number(void **state)
{
	const char *text = shown("{" KEY "\"kind\":\"shift\",\"metric\":\"requests\",\"value\":9,\"baseline_mean\":null,\"sample_size\":null,"
				 "\"run\":2,\"window_s\":3600,\"changes\":[{\"text\":\"deployed\"}],\"movement\":{\"cost_per_request\":{"
				 "\"before_usd\":0,\"after_usd\":0.5,\"change_percent\":null,\"parts\":[{\"factor\":\"price\",\"usd\":0.5,"
				 "\"percent_of_change\":null},{\"factor\":\"cache_share\",\"usd\":-1e-9,"
				 "\"percent_of_change\":-0.01}]},\"contributors\":[{\"by\":\"model\",\"value\":\"m\",\"usd\":0.5,"
				 "\"percent_of_change\":null}]}}");

	(void)state;
	assert_non_null(strstr(text, "  value             9\n  samples           2 windows of 3600 s\n"));
	assert_non_null(strstr(text, "Cost per request: 0 -> 0.5 USD\n    price                   +0.500000 USD\n"));
	assert_non_null(strstr(text, "    cache_share             +0.000000 USD    +0.0 %\n")); /* not -0 */
	assert_non_null(strstr(text, "    model          m                                 +0.500000 USD\n"));
	assert_non_null(strstr(text, "    -  deployed\n"));
	assert_null(strstr(text, "nan"));
	assert_null(strstr(shown("{" KEY "\"kind\":\"drift\"}"), "samples"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_shift_is_told_with_its_baseline),
		cmocka_unit_test(a_limit_is_not_what_is_usual),
		cmocka_unit_test(what_is_not_known_is_not_a_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
