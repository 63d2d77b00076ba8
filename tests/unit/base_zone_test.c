/* SPDX-License-Identifier: Apache-2.0
 * Clocks of time zones: what the tz database says, on both sides of every change, and after its list ends.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "agent/base/zone.h"
#include "agent/base/zone_rule.h"

#define HOUR 3600

static struct zone *opened(const char *name)
{
	struct zone *z = NULL;

	assert_int_equal(zone_open(name, &z).code, STATUS_OK);
	return z;
}

static int64_t local(int64_t year, int month, int day, int hour)
{
	return civil_days(year, month, day) * 86400 + hour * HOUR;
}

static void dates_and_days_are_inverse_over_four_centuries(void **state)
{
	(void)state;
	for (int64_t days = -80000; days < 80000; days++) {
		int64_t year;
		int month, day;
		civil_date(days, &year, &month, &day);
		assert_int_equal(civil_days(year, month, day), days);
	}
	assert_int_equal(civil_days(1970, 1, 1), 0);
	assert_int_equal(civil_days(2026, 13, 1), civil_days(2027, 1, 1));
}

static void berlin_changes_on_the_last_sundays_of_march_and_october(void **state)
{
	struct zone *z = opened("Europe/Berlin");
	int64_t spring = local(2026, 3, 29, 1), autumn = local(2026, 10, 25, 1); /* in UTC */

	(void)state;
	assert_int_equal(zone_offset(z, spring - 1), HOUR);
	assert_int_equal(zone_offset(z, spring), 2 * HOUR);
	assert_int_equal(zone_offset(z, autumn - 1), 2 * HOUR);
	assert_int_equal(zone_offset(z, autumn), HOUR);
	assert_int_equal(zone_offset(z, local(2085, 7, 1, 0)), 2 * HOUR);
	zone_free(z);
}

static void a_local_hour_that_is_skipped_is_the_moment_of_the_change(void **state)
{
	struct zone *z = opened("Europe/Berlin");

	(void)state;
	assert_int_equal(zone_to_unix(z, local(2026, 3, 29, 2) + 1800), local(2026, 3, 29, 1));
	zone_free(z);
	z = opened("America/Santiago"); /* skips midnight: the day starts at one */
	assert_int_equal(zone_to_unix(z, local(2026, 9, 6, 0)), local(2026, 9, 6, 4));
	zone_free(z);
}

static void a_local_hour_that_comes_twice_is_its_first_time(void **state)
{
	struct zone *z = opened("Europe/Berlin");

	(void)state;
	assert_int_equal(zone_to_unix(z, local(2026, 10, 25, 2)), local(2026, 10, 25, 0));
	zone_free(z);
}

/* The C library reads the same database by code of its own. */
static void it_agrees_with_the_c_library_everywhere(void **state)
{
	static const char *const names[] = { "Europe/Berlin",	"America/New_York", "Australia/Lord_Howe", "Asia/Kolkata",
					     "America/Santiago", "Africa/Casablanca", "Pacific/Apia",	     "Asia/Tehran",
					     "Europe/Dublin",	 "UTC",		      "America/St_Johns" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct zone *z = opened(names[i]);
		setenv("TZ", names[i], 1);
		tzset();
		for (time_t t = 86400; t < (time_t)local(2090, 1, 1, 0); t += 36 * HOUR + 977) {
			struct tm tm;
			localtime_r(&t, &tm);
			if (zone_offset(z, t) != (int32_t)tm.tm_gmtoff)
				fail_msg("%s at %lld: %d, the C library says %ld", names[i], (long long)t,
					 zone_offset(z, t), tm.tm_gmtoff);
		}
		zone_free(z);
	}
}

static void names_do_not_lead_out_of_the_database(void **state)
{
	static const char *const bad[] = { "", "/etc/passwd", "../../../etc/passwd", "Europe/Nowhere", "Europe",
					   "a b" };
	struct zone *z = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_not_equal(zone_open(bad[i], &z).code, STATUS_OK);
	assert_null(z);
}

static void a_broken_rule_is_refused(void **state)
{
	static const char *const bad[] = { "", "CET", "1", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0",
					   "CET-1CEST,M3.6.0,M10.5.0", "<+03-3", "CET-1CEST,M3.5.0,M10.5.0/3x", "CET-999" };
	struct zone_rule r;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(zone_rule_read(slice_of(bad[i]), &r));
	assert_true(zone_rule_read(SLICE("<-03>3<-02>,M3.5.0/-2,M10.5.0/-1"), &r));
	assert_true(zone_rule_read(SLICE("EST5EDT,J60/2,300/2"), &r));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dates_and_days_are_inverse_over_four_centuries),
		cmocka_unit_test(berlin_changes_on_the_last_sundays_of_march_and_october),
		cmocka_unit_test(a_local_hour_that_is_skipped_is_the_moment_of_the_change),
		cmocka_unit_test(a_local_hour_that_comes_twice_is_its_first_time),
		cmocka_unit_test(it_agrees_with_the_c_library_everywhere),
		cmocka_unit_test(names_do_not_lead_out_of_the_database),
		cmocka_unit_test(a_broken_rule_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
