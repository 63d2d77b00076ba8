/* SPDX-License-Identifier: Apache-2.0
 * Thresholds that are crossed no more, after a new start or a reload: their alerts end, and they may be told again.
 */
#include "tests/unit/budgets_rig.h"

static struct {
	size_t raised, resolved;
	double ratio;        /* of the one that was raised last */
	uint64_t started_at_s; /* of the one that ended last */
} told;

static void on_verdict(void *context, const struct verdict *v)
{
	(void)context;
	told.raised += v->event == VERDICT_RAISED;
	told.resolved += v->event == VERDICT_RESOLVED;
	if (v->event == VERDICT_RAISED)
		told.ratio = v->ratio;
	else
		told.started_at_s = v->started_at_s;
}

static void advance(struct budgets *b, int64_t now_s)
{
	budgets_advance(b, now_s, on_verdict, NULL);
	commit();
}

static void after_a_new_start_under_load_the_limit_is_told_again(void **state)
{
	struct budgets *b = opened("day/all: {limit_usd: 10, soft: [100], forecast: false}");

	(void)state;
	memset(&told, 0, sizeof(told));
	spend(b, "alice", USD(10), T0);
	advance(b, T0);
	assert_int_equal(told.raised, 1);
	assert_true(budgets_reset(b, SLICE("day/all"), T0 + 1));
	spend(b, "alice", USD(1), T0 + 1); /* before anybody looks */
	advance(b, T0 + 2);
	assert_int_equal(told.resolved, 1);
	assert_int_equal(told.started_at_s, T0);
	spend(b, "alice", USD(9), T0 + 3);
	advance(b, T0 + 3);
	assert_int_equal(told.raised, 2);
	assert_true(told.ratio == 1);
	budgets_free(b);
}

static void a_limit_that_is_raised_is_told_again(void **state)
{
	struct budgets *b = opened("day/all: {limit_usd: 10, by: [user], soft: [50, 80, 100], forecast: false}");

	(void)state;
	memset(&told, 0, sizeof(told));
	spend(b, "alice", USD(10), T0);
	advance(b, T0);
	assert_int_equal(told.raised, 1);
	reload_telling(b, "day/all: {limit_usd: 20, by: [user], soft: [50, 80, 100], forecast: false}", on_verdict);
	advance(b, T0 + 1);
	assert_int_equal(told.resolved, 1);
	assert_int_equal(told.raised, 1);
	spend(b, "alice", USD(6), T0 + 2);
	advance(b, T0 + 2);
	assert_int_equal(told.raised, 2);
	assert_true(told.ratio == 0.8);
	spend(b, "alice", USD(4), T0 + 3);
	advance(b, T0 + 3);
	assert_int_equal(told.raised, 3);
	assert_int_equal(told.resolved, 1);
	budgets_free(b);
}

static void other_thresholds_are_told_where_they_are_crossed(void **state)
{
	struct budgets *b = opened("day/all: {limit_usd: 10, soft: [50, 100], forecast: false}");

	(void)state;
	memset(&told, 0, sizeof(told));
	spend(b, "alice", USD(6), T0);
	advance(b, T0);
	reload_telling(b, "day/all: {limit_usd: 10, soft: [80], forecast: false}", on_verdict);
	advance(b, T0 + 1);
	assert_int_equal(told.resolved, 1);
	spend(b, "alice", USD(2), T0 + 2);
	advance(b, T0 + 2);
	assert_int_equal(told.raised, 2);
	assert_true(told.ratio == 0.8);
	budgets_free(b);
}

static void a_threshold_that_is_gone_ends(void **state)
{
	struct budgets *b = opened("day/all: {limit_usd: 10, soft: [50, 60], forecast: false}");

	(void)state;
	memset(&told, 0, sizeof(told));
	spend(b, "alice", USD(6), T0);
	advance(b, T0);
	reload_telling(b, "day/all: {limit_usd: 10, soft: [50], forecast: false}", on_verdict);
	advance(b, T0 + 1);
	assert_int_equal(told.resolved, 1);
	budgets_free(b);
}

static void a_forecast_that_is_switched_off_ends(void **state)
{
	struct budgets *b = opened("day/all: {limit_usd: 10, soft: [100]}");

	(void)state;
	memset(&told, 0, sizeof(told));
	for (int i = 0; i < 20; i++) /* six of ten dollars by noon */
		spend(b, "alice", USD(3) / 10, T0);
	advance(b, T0);
	assert_int_equal(told.raised, 1);
	reload_telling(b, "day/all: {limit_usd: 10, soft: [100], forecast: false}", on_verdict);
	advance(b, T0 + 1);
	assert_int_equal(told.resolved, 1);
	advance(b, T0 + 2);
	assert_int_equal(told.raised + told.resolved, 2);
	budgets_free(b);
}

static void what_was_told_of_a_budget_that_is_gone_ends(void **state)
{
	static const char *const others[] = { "day/other: {limit_usd: 10}", "day/all: {limit_usd: 10, by: [user]}" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct budgets *b = opened("day/all: {limit_usd: 10, soft: [100]}");
		memset(&told, 0, sizeof(told));
		spend(b, "alice", USD(10), T0);
		advance(b, T0);
		assert_int_equal(told.raised, 1);
		reload_telling(b, others[i], on_verdict);
		assert_int_equal(told.resolved, 1);
		assert_int_equal(told.started_at_s, T0);
		advance(b, T0 + 1);
		assert_int_equal(told.raised + told.resolved, 2);
		budgets_free(b);
	}
}

static void so_does_a_crowd_of_its_groups(void **state)
{
	struct budgets *b = opened("day/each: {limit_usd: 1, by: [user], soft: [100], forecast: false}");
	char user[16];

	(void)state;
	memset(&told, 0, sizeof(told));
	for (int i = 0; i < 25; i++) {
		snprintf(user, sizeof(user), "u%d", i);
		spend(b, user, USD(2), T0);
	}
	advance(b, T0);
	assert_int_equal(told.raised, 21);
	reload_telling(b, "day/other: {limit_usd: 10}", on_verdict);
	assert_int_equal(told.resolved, 21);
	budgets_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(after_a_new_start_under_load_the_limit_is_told_again),
		TEST(a_limit_that_is_raised_is_told_again),
		TEST(other_thresholds_are_told_where_they_are_crossed),
		TEST(a_threshold_that_is_gone_ends),
		TEST(a_forecast_that_is_switched_off_ends),
		TEST(what_was_told_of_a_budget_that_is_gone_ends),
		TEST(so_does_a_crowd_of_its_groups),
	};

	return run(tests, sizeof(tests) / sizeof(tests[0]));
}
