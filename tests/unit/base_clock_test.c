/* SPDX-License-Identifier: Apache-2.0
 * Times as people and programs write them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agent/base/clock.h"

static void a_time_is_read_to_the_nanosecond_in_any_zone(void **state)
{
	static const struct {
		const char *text;
		uint64_t unix_ns;
	} rows[] = {
		{ "1970-01-01", 0 },
		{ "1970-01-01T00:00:00.000000001Z", 1 },
		{ "2026-11-21", UINT64_C(1795219200000000000) },
		{ "2026-11-21T15:57:16Z", UINT64_C(1795276636000000000) },
		{ "2026-11-21t15:57:16z", UINT64_C(1795276636000000000) },
		{ "2026-11-21 15:57:16", UINT64_C(1795276636000000000) },
		{ "2026-11-21T16:57:16.25+01:00", UINT64_C(1795276636250000000) },
		{ "2026-11-21T10:27:16.2500000009-05:30", UINT64_C(1795276636250000000) },
		{ "2024-02-29T23:59:60Z", UINT64_C(1709251200000000000) },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t got = 7;
		if (clock_parse_rfc3339(rows[i].text, &got) != 0 || got != rows[i].unix_ns)
			fail_msg("%s: %llu", rows[i].text, (unsigned long long)got);
	}
}

static void what_no_calendar_and_no_clock_shows_is_refused(void **state)
{
	static const char *const texts[] = {
		"", "2026", "2026-11", "2026-1-21", " 2026-1-21", "2026-11-21T", "2026-11-21T15:57", "2026-11-21T15:57:16+1",
		"2026-02-29", "2026-11-31", "2026-13-01", "2026-00-10", "2026-11-00", "1969-12-31T23:59:59Z", "2026-11-21X",
		"2026-11-21T24:00:00Z", "2026-11-21T-1:00:00Z", "2026-11-21T+1:00:00Z", "2026-11-21T15:60:00Z",
		"2026-11-21T15:57:61Z", "2026-11-21T15:57:16ZZ", "2026-11-21T15:57:16+24:00", "2026-11-21T15:57:16+01:00x",
		"1970-01-01T00:00:00+00:01",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		uint64_t got = 7;
		if (clock_parse_rfc3339(texts[i], &got) != -1 || got != 7)
			fail_msg("'%s': %llu", texts[i], (unsigned long long)got);
	}
}

static void a_time_beyond_64_bits_is_late_not_early(void **state)
{
	static const char *const texts[] = { "2555-01-01", "2800-06-01T00:00:00Z", "9999-12-31",
					     "9999-12-31T23:59:59.999Z" };
	uint64_t year_2553, got = 0;

	(void)state;
	assert_int_equal(clock_parse_rfc3339("2553-12-31", &year_2553), 0);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(clock_parse_rfc3339(texts[i], &got), 0);
		assert_true(got > year_2553);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_time_is_read_to_the_nanosecond_in_any_zone),
		cmocka_unit_test(what_no_calendar_and_no_clock_shows_is_refused),
		cmocka_unit_test(a_time_beyond_64_bits_is_late_not_early),
	};

	return cmocka_run_group_tests_name("base/clock", tests, NULL, NULL);
}
