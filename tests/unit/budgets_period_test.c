/* SPDX-License-Identifier: Apache-2.0
 * Periods: hours, days and months on the clocks of a zone, whatever those clocks do.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agent/budgets/period.h"

#define HOUR INT64_C(3600)

static struct period at(enum period_kind kind, const char *name, int64_t unix_s)
{
	struct zone *zone;

	assert_int_equal(zone_open(name, &zone).code, STATUS_OK);
	struct period p = period_at(kind, zone, unix_s);
	zone_free(zone);
	return p;
}

static void assert_period(struct period p, int64_t start_s, int64_t end_s)
{
	assert_int_equal(p.start_s, start_s);
	assert_int_equal(p.end_s, end_s);
}

static void the_day_on_which_clocks_go_forward_has_23_hours(void **state)
{
	(void)state;
	assert_period(at(PERIOD_DAY, "Europe/Berlin", 1806188400 + HOUR), 1806188400, 1806188400 + 23 * HOUR);
}

static void the_day_on_which_clocks_go_back_has_25_hours(void **state)
{
	(void)state;
	assert_period(at(PERIOD_DAY, "Europe/Berlin", 1824933600), 1824933600, 1824933600 + 25 * HOUR);
	assert_period(at(PERIOD_DAY, "Europe/Berlin", 1824933600 + 25 * HOUR - 1), 1824933600, 1824933600 + 25 * HOUR);
	assert_period(at(PERIOD_DAY, "Europe/Berlin", 1824933600 + 25 * HOUR), 1825023600, 1825023600 + 24 * HOUR);
}

static void the_hour_that_comes_twice_is_two_hours(void **state)
{
	struct period first = at(PERIOD_HOUR, "Europe/Berlin", 1824942600); /* 02:30 in summer time */
	struct period second = at(PERIOD_HOUR, "Europe/Berlin", 1824946200); /* 02:30 again */

	(void)state;
	assert_period(first, 1824942600 - HOUR / 2, 1824942600 + HOUR / 2);
	assert_period(second, first.end_s, first.end_s + HOUR);
}

static void hours_begin_where_clocks_show_none_of_the_minutes(void **state)
{
	(void)state; /* Kathmandu is 5:45 ahead */
	assert_period(at(PERIOD_HOUR, "Asia/Kathmandu", 1795243500), 1795241700, 1795241700 + HOUR);
}

static void a_day_without_midnight_begins_where_clocks_skip_it(void **state)
{
	(void)state; /* in Santiago, 2026-09-06 begins at one o'clock */
	assert_period(at(PERIOD_DAY, "America/Santiago", 1788706800), 1788667200, 1788750000);
	assert_period(at(PERIOD_DAY, "America/Santiago", 1788667199), 1788667200 - 24 * HOUR, 1788667200);
}

static void a_month_ends_where_the_next_begins_over_the_years_end_and_leap_days(void **state)
{
	(void)state;
	assert_period(at(PERIOD_MONTH, "Europe/Berlin", 1806188400), 1803855600, 1806530400); /* one hour short */
	assert_period(at(PERIOD_MONTH, "America/New_York", 1835499599), 1832994000, 1835499600); /* 29 days */
	assert_period(at(PERIOD_MONTH, "Asia/Tokyo", 1798729199), 1796050800, 1798729200);
	assert_period(at(PERIOD_MONTH, "Asia/Tokyo", 1798729200), 1798729200, 1801407600); /* January */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_day_on_which_clocks_go_forward_has_23_hours),
		cmocka_unit_test(the_day_on_which_clocks_go_back_has_25_hours),
		cmocka_unit_test(the_hour_that_comes_twice_is_two_hours),
		cmocka_unit_test(hours_begin_where_clocks_show_none_of_the_minutes),
		cmocka_unit_test(a_day_without_midnight_begins_where_clocks_skip_it),
		cmocka_unit_test(a_month_ends_where_the_next_begins_over_the_years_end_and_leap_days),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
