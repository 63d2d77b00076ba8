/* SPDX-License-Identifier: Apache-2.0
 * What is spent is spent exactly and once, in its group and period; what is not known is not free.
 */
#include "tests/unit/budgets_rig.h"

static void each_user_has_a_budget_and_sums_are_exact(void **state)
{
	struct budgets *b = opened("day/all: {limit_usd: 10, by: [user]}");

	(void)state;
	for (int i = 0; i < 1000; i++)
		spend(b, "alice", 333333333, T0);
	spend(b, "bob", USD(1), T0);
	assert_true(view_of(b, "alice", T0).spent.n[AMOUNT_PUSD] == 333333333000);
	assert_true(view_of(b, "bob", T0).spent.n[AMOUNT_PUSD] == USD(1));
	assert_true(view_of(b, "alice", T0).spent.n[AMOUNT_TOKENS] == 120000);
	budgets_free(b);
}

static void a_call_counts_only_for_budgets_that_it_fits(void **state)
{
	struct budgets *b = opened("day/other: {limit_usd: 10, feature: search}");
	struct sought s = { .user = NULL };

	(void)state;
	spend(b, "alice", USD(1), T0);
	budgets_visit(b, T0, find, &s);
	assert_int_equal(s.groups, 0);
	assert_int_equal(acknowledged, 0);
	budgets_free(b);
}

static void an_unpriced_call_is_unknown_and_not_free(void **state)
{
	struct budgets *b = opened("day/all: {limit_usd: 10}");

	(void)state;
	spend(b, "alice", -1, T0);
	assert_int_equal(view_of(b, NULL, T0).unpriced, 1);
	assert_int_equal(view_of(b, NULL, T0).calls, 1);
	assert_true(view_of(b, NULL, T0).spent.n[AMOUNT_PUSD] == 0);
	budgets_free(b);
}

static void a_call_that_failed_is_not_one_of_unknown_cost(void **state)
{
	struct budgets *b = opened("day/all: {limit_usd: 10}");
	struct call limited = call_of("alice", -1, T0);

	(void)state;
	limited.outcome = OUTCOME_RATE_LIMITED;
	budgets_spend(b, &limited, 1, T0, NULL, NULL);
	assert_int_equal(view_of(b, NULL, T0).unpriced, 0);
	assert_int_equal(view_of(b, NULL, T0).calls, 1);
	budgets_free(b);
}

static void a_late_call_goes_to_its_own_period(void **state)
{
	struct budgets *b = opened("day/all: {limit_usd: 10}");

	(void)state;
	spend(b, "alice", USD(1), T0);
	struct call late = call_of("alice", USD(2), T0 - DAY);
	budgets_spend(b, &late, 1, T0, NULL, NULL);
	struct budget_view v = view_of(b, NULL, T0);
	assert_true(v.spent.n[AMOUNT_PUSD] == USD(1));
	assert_true(v.previous_spent.n[AMOUNT_PUSD] == USD(2));
	assert_true(view_of(b, NULL, T0 + DAY).spent.n[AMOUNT_PUSD] == 0);
	budgets_free(b);
}

static void days_are_those_of_the_zone(void **state)
{
	struct budgets *b = opened("day/all: {limit_usd: 10, time_zone: Europe/Berlin}");
	struct period p = (spend(b, "alice", USD(1), T0), view_of(b, NULL, T0).period);

	(void)state;
	assert_int_equal(p.start_s, T0 - 13 * 3600); /* midnight in Berlin is 23:00 UTC */
	assert_int_equal(p.end_s - p.start_s, DAY);
	struct period spring = view_of(b, NULL, 1806228000).period; /* 2027-03-28, when clocks go forward */
	assert_int_equal(spring.end_s - spring.start_s, 23 * 3600);
	budgets_free(b);
}

static void further_groups_share_one_and_are_counted(void **state)
{
	struct budgets *b = opened("day/all: {limit_usd: 10, by: [user], max_groups: 2}");

	(void)state;
	spend(b, "a", USD(1), T0);
	spend(b, "b", USD(1), T0);
	spend(b, "c", USD(1), T0);
	spend(b, "d", USD(1), T0);
	assert_true(view_of(b, "other", T0).spent.n[AMOUNT_PUSD] == USD(2));
	budgets_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_user_has_a_budget_and_sums_are_exact),
		TEST(a_call_counts_only_for_budgets_that_it_fits),
		TEST(an_unpriced_call_is_unknown_and_not_free),
		TEST(a_call_that_failed_is_not_one_of_unknown_cost),
		TEST(a_late_call_goes_to_its_own_period),
		TEST(days_are_those_of_the_zone),
		TEST(further_groups_share_one_and_are_counted),
	};

	return run(tests, sizeof(tests) / sizeof(tests[0]));
}
