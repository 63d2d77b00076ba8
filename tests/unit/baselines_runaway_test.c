/* SPDX-License-Identifier: Apache-2.0
 * A request runs away above what its key's requests usually cost, many times over and beyond their quantile.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agent/baselines/runaway.h"
#include "agent/baselines/runaway_bar.h"

static struct runaway tracked(unsigned requests)
{
	struct runaway r = { 0 };

	for (unsigned i = 0; i < requests; i++)
		runaway_track(&r, log(0.01), 0.1);
	return r;
}

static void nothing_runs_away_before_500_requests(void **state)
{
	struct runaway few = tracked(500), enough = tracked(501);

	(void)state;
	assert_true(isinf(runaway_bar(&few, 0, log(0.01), 0.1, 2)));
	assert_true(isfinite(runaway_bar(&enough, 0, log(0.01), 0.1, 2)));
}

static bool is_about(double a, double b)
{
	return fabs(a - b) < 1e-9;
}

static void the_highest_of_three_bars_counts(void **state)
{
	struct runaway r = tracked(1000);
	double mu = log(0.01);

	(void)state;
	assert_true(is_about(exp(runaway_bar(&r, 0, mu, 0.1, 2)), 0.05));      /* five times the usual */
	assert_true(is_about(exp(runaway_bar(&r, 0, mu, 1, 2)), 0.01 * exp(2))); /* two deviations */
	/* at an hour that is dear anyway */
	assert_true(is_about(exp(runaway_bar(&r, 3, mu, 0.1, 2)), 0.01 * exp(3.2)));
	r.quantile = log(0.1);
	assert_true(is_about(exp(runaway_bar(&r, 0, mu, 0.1, 2)), 0.15));      /* 1.5 times the quantile */
}

static void a_cohort_is_marked_above_its_own_bar(void **state)
{
	static struct runaway_bars b;

	(void)state;
	assert_false(runaway_bars_passed(&b, 7, 1e9)); /* none is known */
	runaway_bars_set(&b, 7, log(0.05));
	assert_true(runaway_bars_passed(&b, 7, 0.051));
	assert_false(runaway_bars_passed(&b, 7, 0.049));
	assert_false(runaway_bars_passed(&b, 7 + RUNAWAY_BAR_PLACES, 1)); /* another one, at the same place */
	runaway_bars_set(&b, 7 + RUNAWAY_BAR_PLACES, log(2));
	assert_false(runaway_bars_passed(&b, 7, 1e9));
	assert_true(runaway_bars_passed(&b, 7 + RUNAWAY_BAR_PLACES, 2.1));
}

static void a_bar_follows_in_steps_of_a_percent(void **state)
{
	static struct runaway_bars b;

	(void)state;
	runaway_bars_set(&b, 3, INFINITY);
	runaway_bars_set(&b, 3, INFINITY);
	assert_false(runaway_bars_passed(&b, 3, 1e12));
	for (int i = 0; i <= 100; i++) /* from 1 to 2 USD, in steps that are too small by themselves */
		runaway_bars_set(&b, 3, i * log(2) / 100);
	assert_false(runaway_bars_passed(&b, 3, 1.97));
	assert_true(runaway_bars_passed(&b, 3, 2.01));
	runaway_bars_set(&b, 3, INFINITY); /* prices have changed: all is learned anew */
	assert_false(runaway_bars_passed(&b, 3, 1e12));
}

static void calls_without_a_cohort_have_no_bar(void **state)
{
	static struct runaway_bars b;

	(void)state;
	runaway_bars_set(&b, 0, log(0.05));
	assert_false(runaway_bars_passed(&b, 0, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_runs_away_before_500_requests),
		cmocka_unit_test(the_highest_of_three_bars_counts),
		cmocka_unit_test(a_cohort_is_marked_above_its_own_bar),
		cmocka_unit_test(a_bar_follows_in_steps_of_a_percent),
		cmocka_unit_test(calls_without_a_cohort_have_no_bar),
	};
	return cmocka_run_group_tests_name("baselines/runaway", tests, NULL, NULL);
}
