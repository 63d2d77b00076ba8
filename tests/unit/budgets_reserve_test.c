/* SPDX-License-Identifier: Apache-2.0
 * What is decided holds: money is held back for calls under way, settled by their spans, and denied when it is gone.
 */
#include "tests/unit/budgets_rig.h"

static void a_used_up_budget_denies_until_its_period_ends(void **state)
{
	struct budgets *b = opened("day/all: {limit_usd: 5, by: [user], hard: deny}");

	(void)state;
	spend(b, "alice", USD(5), T0);
	struct budget_answer a = decided(b, "alice", 0, true, T0);
	assert_int_equal(a.decision, DECISION_DENY);
	assert_string_equal(a.budget, "day/all");
	assert_true(a.retry_after_s == 12 * 3600);
	assert_true(a.remaining.n[AMOUNT_PUSD] == 0);
	assert_int_equal(decided(b, "bob", 0, true, T0).decision, DECISION_ALLOW);
	assert_int_equal(decided(b, "alice", 0, true, T0 + 12 * 3600).decision, DECISION_ALLOW);
	budgets_free(b);
}

static void reservations_count_until_their_span_settles_them(void **state)
{
	struct budgets *b = opened("day/all: {limit_usd: 5, hard: deny}");
	struct budget_answer a = decided(b, "alice", 400000, true, T0); /* four dollars */
	char id[17];

	(void)state;
	assert_int_equal(decided(b, "alice", 400000, true, T0).decision, DECISION_DENY);
	struct call c = call_of("alice", USD(1), T0);
	snprintf(id, sizeof(id), "%016llx", (unsigned long long)a.reservation);
	c.reservation_id = slice_of(id);
	budgets_spend(b, &c, 1, T0, NULL, NULL);
	assert_true(view_of(b, NULL, T0).reserved.n[AMOUNT_PUSD] == 0);
	assert_int_equal(decided(b, "alice", 400000, true, T0).decision, DECISION_ALLOW);
	budgets_free(b);
}

static void a_span_of_the_same_trace_settles_too(void **state)
{
	struct budgets *b = opened("day/all: {limit_usd: 5}");
	struct call c = call_of("alice", USD(1), T0);
	struct budget_question q = { .reserves = true, .has_trace_id = true, .has_tokens = true, .input_tokens = 100000,
				     .labels = { [BUDGET_BY_MODEL] = SLICE("gpt-4o") } };
	struct budget_answer a;

	(void)state;
	memcpy(q.trace_id, c.trace_id, 16);
	budgets_decide(b, &q, T0, &a);
	assert_true(view_of(b, NULL, T0).reserved.n[AMOUNT_PUSD] == USD(1));
	budgets_spend(b, &c, 1, T0, NULL, NULL);
	assert_true(view_of(b, NULL, T0).reserved.n[AMOUNT_PUSD] == 0);
	budgets_free(b);
}

static void without_tokens_the_average_is_reserved_and_without_one_nothing_is_known(void **state)
{
	struct budgets *b = opened("day/all: {limit_usd: 5}");

	(void)state;
	assert_false(decided(b, "alice", 0, true, T0).has_estimate);
	spend(b, "alice", USD(1), T0);
	struct budget_answer a = decided(b, "alice", 0, true, T0);
	assert_true(a.has_estimate);
	assert_true(a.estimate_pusd == USD(1));
	budgets_free(b);
}

static void a_question_alone_reserves_nothing_and_makes_no_group(void **state)
{
	struct budgets *b = opened("day/all: {limit_usd: 5, by: [user], hard: deny}");
	struct sought s = { .user = NULL };

	(void)state;
	struct budget_answer a = decided(b, "mallory", 1000, false, T0);
	assert_int_equal(a.decision, DECISION_ALLOW);
	assert_true(a.reservation == 0 && a.max_age_s > 0);
	budgets_visit(b, T0, find, &s);
	assert_int_equal(s.groups, 0);
	assert_int_equal(writes, 0);
	budgets_free(b);
}

static void a_throttle_lets_its_rate_through(void **state)
{
	struct budgets *b = opened("day/all: {limit_usd: 1, hard: throttle, throttle_per_minute: 6}");

	(void)state;
	spend(b, "alice", USD(1), T0);
	assert_int_equal(decided(b, "alice", 0, true, T0).decision, DECISION_ALLOW);
	struct budget_answer a = decided(b, "alice", 0, true, T0);
	assert_int_equal(a.decision, DECISION_THROTTLE);
	assert_true(a.retry_after_s > 9 && a.retry_after_s <= 10);
	assert_int_equal(decided(b, "alice", 0, true, T0 + 10).decision, DECISION_ALLOW);
	budgets_free(b);
}

static void a_single_call_has_a_limit_of_its_own(void **state)
{
	struct budgets *b = opened("request/one: {limit_usd: 1, hard: deny}");

	(void)state;
	assert_int_equal(decided(b, "alice", 90000, true, T0).decision, DECISION_ALLOW);
	assert_int_equal(decided(b, "alice", 110000, true, T0).decision, DECISION_DENY);
	budgets_free(b);
}

static void a_budget_that_starts_anew_lets_calls_through_and_forgets_nothing(void **state)
{
	struct budgets *b = opened("day/all: {limit_usd: 5, hard: deny}");

	(void)state;
	spend(b, "alice", USD(5), T0);
	assert_int_equal(decided(b, "alice", 1000, false, T0).decision, DECISION_DENY);
	assert_true(budgets_reset(b, SLICE("day/all"), T0));
	assert_int_equal(decided(b, "alice", 1000, false, T0).decision, DECISION_ALLOW);
	assert_true(view_of(b, NULL, T0).spent.n[AMOUNT_PUSD] == USD(5));
	assert_false(budgets_reset(b, SLICE("day/nothing"), T0));
	budgets_free(b);
}

static void answers_hold_for_a_shorter_time_the_faster_it_burns(void **state)
{
	struct budgets *b = opened("day/all: {limit_usd: 100, hard: deny}");

	(void)state;
	spend(b, "alice", USD(1), T0);
	uint32_t calm = decided(b, "alice", 1000, false, T0).max_age_s;
	for (int i = 0; i < 60; i++)
		spend(b, "alice", USD(1), T0);
	uint32_t hot = decided(b, "alice", 1000, false, T0).max_age_s;
	assert_true(hot < calm);
	budgets_free(b);
}

static size_t journal_entries(void)
{
	size_t n = 0;

	for (size_t i = 0; i < pair_count; i++)
		n += pairs[i].key[0] == 'j';
	return n;
}

static void a_clock_that_is_set_back_neither_heats_a_group_nor_holds_its_journal(void **state)
{
	struct budgets *b = opened("day/all: {limit_usd: 1000, hard: deny}");

	(void)state;
	spend(b, "alice", USD(1), T0 + DAY);
	for (int64_t at_s = T0; at_s <= T0 + 1000; at_s += 100)
		spend(b, "alice", USD(1), at_s);
	assert_true(decided(b, "alice", 1000, false, T0 + 1000).max_age_s > 0);
	assert_true(journal_entries() <= 3);
	budgets_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_used_up_budget_denies_until_its_period_ends),
		TEST(reservations_count_until_their_span_settles_them),
		TEST(a_span_of_the_same_trace_settles_too),
		TEST(without_tokens_the_average_is_reserved_and_without_one_nothing_is_known),
		TEST(a_question_alone_reserves_nothing_and_makes_no_group),
		TEST(a_throttle_lets_its_rate_through),
		TEST(a_single_call_has_a_limit_of_its_own),
		TEST(a_budget_that_starts_anew_lets_calls_through_and_forgets_nothing),
		TEST(answers_hold_for_a_shorter_time_the_faster_it_burns),
		TEST(a_clock_that_is_set_back_neither_heats_a_group_nor_holds_its_journal),
	};

	return run(tests, sizeof(tests) / sizeof(tests[0]));
}
