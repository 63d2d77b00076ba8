/* SPDX-License-Identifier: Apache-2.0
 * Waits grow, stay within their jitter and their cap, obey the peer, and end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agent/net/backoff.h"

static const struct retry_config collector_defaults = {
	.enabled = true,
	.initial_interval_ms = 5000,
	.max_interval_ms = 30000,
	.max_elapsed_time_ms = 300000,
	.multiplier = 1.5,
	.randomization_factor = 0.5,
};

static struct retry_config without_jitter(void)
{
	struct retry_config retry = collector_defaults;

	retry.randomization_factor = 0;
	return retry;
}

static void waits_grow_by_the_multiplier_up_to_the_cap(void **state)
{
	static const uint64_t want_ms[] = { 5000, 7500, 11250, 16875, 25312, 30000, 30000 };
	struct retry_config retry = without_jitter();

	(void)state;
	for (unsigned i = 0; i < sizeof(want_ms) / sizeof(want_ms[0]); i++)
		assert_int_equal(backoff_delay_ms(&retry, i, 0.9), want_ms[i]);
	assert_int_equal(backoff_delay_ms(&retry, 4000000000u, 0.9), 30000);
}

static void jitter_spreads_evenly_around_the_interval(void **state)
{
	(void)state;
	assert_int_equal(backoff_delay_ms(&collector_defaults, 0, 0), 2500);
	assert_int_equal(backoff_delay_ms(&collector_defaults, 0, 0.5), 5000);
	assert_in_range(backoff_delay_ms(&collector_defaults, 0, 0.999), 7490, 7500);
	for (int i = 0; i < 1000; i++) {
		double random = backoff_random();
		assert_true(random >= 0 && random < 1);
	}
}

static void the_peers_wish_is_the_least_wait(void **state)
{
	struct retry_config retry = without_jitter();
	struct backoff b = { 0 };
	uint64_t wait_ms = 0;

	(void)state;
	assert_true(backoff_next(&b, &retry, 1000, 60000, &wait_ms));
	assert_int_equal(wait_ms, 60000);
	assert_true(backoff_next(&b, &retry, 61000, 1, &wait_ms));
	assert_int_equal(wait_ms, 7500);
}

static void the_last_attempt_is_made_at_max_elapsed_time(void **state)
{
	struct retry_config retry = without_jitter();
	struct backoff b = { 0 };
	uint64_t wait_ms = 0;

	(void)state;
	assert_true(backoff_next(&b, &retry, 1000, 0, &wait_ms));
	assert_true(backoff_next(&b, &retry, 1000 + 295000, 3600000, &wait_ms));
	assert_int_equal(wait_ms, 5000);
	assert_false(backoff_next(&b, &retry, 1000 + 300000, 0, &wait_ms));
}

static void max_elapsed_time_zero_never_gives_up(void **state)
{
	struct retry_config retry = without_jitter();
	struct backoff b = { 0 };
	uint64_t wait_ms = 0;

	(void)state;
	retry.max_elapsed_time_ms = 0;
	for (uint64_t i = 0; i < 10000; i++)
		assert_true(backoff_next(&b, &retry, i * 30000, 0, &wait_ms));
	assert_int_equal(wait_ms, 30000);
}

static void disabled_means_one_attempt(void **state)
{
	struct retry_config retry = collector_defaults;
	struct backoff b = { 0 };
	uint64_t wait_ms = 0;

	(void)state;
	retry.enabled = false;
	assert_false(backoff_next(&b, &retry, 0, 1000, &wait_ms));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waits_grow_by_the_multiplier_up_to_the_cap),
		cmocka_unit_test(jitter_spreads_evenly_around_the_interval),
		cmocka_unit_test(the_peers_wish_is_the_least_wait),
		cmocka_unit_test(the_last_attempt_is_made_at_max_elapsed_time),
		cmocka_unit_test(max_elapsed_time_zero_never_gives_up),
		cmocka_unit_test(disabled_means_one_attempt),
	};
	return cmocka_run_group_tests_name("net/backoff", tests, NULL, NULL);
}
