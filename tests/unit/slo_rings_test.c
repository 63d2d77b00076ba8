/* SPDX-License-Identifier: Apache-2.0
 * Good and bad requests are found again in every window that reaches back to them, and in no other.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agent/slo/rings.h"

#define HOUR 3600u
#define DAY  86400u
#define T0   (20000u * DAY)

static void a_request_is_in_every_window_that_reaches_back_to_it(void **state)
{
	struct rings r = { 0 };

	(void)state;
	assert_true(rings_add(&r, T0, false));
	assert_true(rings_add(&r, T0 + 2 * HOUR, true));
	assert_int_equal(rings_sum(&r, T0 + 2 * HOUR, HOUR).total, 1);
	assert_int_equal(rings_sum(&r, T0 + 2 * HOUR, 6 * HOUR).total, 2);
	assert_int_equal(rings_sum(&r, T0 + 2 * HOUR, 6 * HOUR).bad, 1);
	assert_int_equal(rings_sum(&r, T0 + 2 * HOUR, 3 * DAY).bad, 1);
	assert_int_equal(rings_sum(&r, T0 + 2 * HOUR, 30 * DAY).total, 2);
}

static void windows_empty_themselves_as_time_goes_on_without_requests(void **state)
{
	struct rings r = { 0 };

	(void)state;
	rings_add(&r, T0, false);
	assert_int_equal(rings_sum(&r, T0 + 6 * HOUR + 600, 6 * HOUR).total, 0);
	assert_int_equal(rings_sum(&r, T0 + 6 * HOUR + 600, 3 * DAY).total, 1);
	assert_int_equal(rings_sum(&r, T0 + 100 * DAY, 90 * DAY).total, 0);
}

static void a_place_is_cleared_before_its_second_use(void **state)
{
	struct rings r = { 0 };

	(void)state;
	rings_add(&r, T0, false);
	rings_add(&r, T0 + RING_MINUTES * RING_MINUTES_S, true);
	assert_int_equal(rings_sum(&r, T0 + RING_MINUTES * RING_MINUTES_S, 6 * HOUR).bad, 0);
	rings_add(&r, T0 + 1000 * DAY, true);
	assert_int_equal(rings_sum(&r, T0 + 1000 * DAY, 90 * DAY).total, 1);
}

static void late_requests_go_to_their_own_time_and_too_late_ones_nowhere(void **state)
{
	struct rings r = { 0 };

	(void)state;
	rings_add(&r, T0 + 10 * DAY, true);
	assert_true(rings_add(&r, T0, false));
	assert_int_equal(rings_sum(&r, T0 + 10 * DAY, 6 * HOUR).bad, 0);
	assert_int_equal(rings_sum(&r, T0 + 10 * DAY, 30 * DAY).bad, 1);
	assert_false(rings_add(&r, T0 - 200 * DAY, false));
}

static void stored_rings_are_the_same_again(void **state)
{
	struct rings r = { 0 }, back = { 0 };
	struct buf bytes = BUF_INIT;

	(void)state;
	for (unsigned i = 0; i < 500; i++)
		rings_add(&r, T0 + i * 977, i % 3 == 0);
	struct record writer = record_writer(&bytes);
	rings_record(&writer, &r);
	assert_true(record_ok(&writer));
	struct record reader = record_reader(buf_view(&bytes));
	rings_record(&reader, &back);
	assert_true(record_ok(&reader));
	assert_memory_equal(&r, &back, sizeof(r));
	buf_release(&bytes);
}

static void rings_that_are_turned_back_forget_what_was_to_come(void **state)
{
	struct rings r = { 0 };

	(void)state;
	rings_add(&r, T0, false);
	rings_add(&r, T0 + 2 * DAY, false);
	rings_turn_back(&r, T0 + DAY);
	assert_int_equal(rings_sum(&r, T0 + DAY, 3 * DAY).bad, 1);
	assert_int_equal(rings_sum(&r, T0 + 2 * DAY, 3 * DAY).bad, 1);
	rings_add(&r, T0 + 2 * DAY, true);
	assert_int_equal(rings_sum(&r, T0 + 2 * DAY, 30 * DAY).total, 2);
	rings_turn_back(&r, T0 - 1000 * DAY);
	assert_true(rings_add(&r, T0 - 1000 * DAY, true));
	assert_int_equal(rings_sum(&r, T0 - 1000 * DAY, 90 * DAY).total, 1);
	assert_int_equal(r.oldest_s, T0 - 1000 * DAY);
}

static bool is_taken_back(struct rings *r)
{
	struct rings back = { 0 };
	struct buf bytes = BUF_INIT;
	struct record writer = record_writer(&bytes);

	rings_record(&writer, r);
	struct record reader = record_reader(buf_view(&bytes));
	rings_record(&reader, &back);
	bool is_taken = record_ok(&reader);
	buf_release(&bytes);
	return is_taken;
}

/* What began after its end would be judged by windows that it never lived in. */
static void stored_rings_do_not_begin_after_their_end(void **state)
{
	struct rings r = { .oldest_s = T0, .newest_s = T0 };

	(void)state;
	assert_true(is_taken_back(&r));
	r.oldest_s++;
	assert_false(is_taken_back(&r));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_in_every_window_that_reaches_back_to_it),
		cmocka_unit_test(windows_empty_themselves_as_time_goes_on_without_requests),
		cmocka_unit_test(a_place_is_cleared_before_its_second_use),
		cmocka_unit_test(late_requests_go_to_their_own_time_and_too_late_ones_nowhere),
		cmocka_unit_test(stored_rings_are_the_same_again),
		cmocka_unit_test(rings_that_are_turned_back_forget_what_was_to_come),
		cmocka_unit_test(stored_rings_do_not_begin_after_their_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
