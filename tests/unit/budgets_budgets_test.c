/* SPDX-License-Identifier: Apache-2.0
 * Budgets: what is spent is spent exactly and once, in its period, over restarts; what is decided holds.
 */
#include "tests/unit/budgets_rig.h"

/* ---------------------------------------------------------------- accounting */

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

/* ---------------------------------------------------------------- what a kill leaves */

static bool is_taken_back(__int128_t n)
{
	struct amount a = { { 1, 2, n } };
	struct buf bytes = BUF_INIT;
	struct record w = record_writer(&bytes);

	amount_record(&w, &a);
	struct record r = record_reader(buf_view(&bytes));
	amount_record(&r, &a);
	buf_release(&bytes);
	return record_ok(&r) && a.n[2] == n;
}

/* Else adding to it would overflow. */
static void an_amount_that_nobody_can_spend_is_refused(void **state)
{
	(void)state;
	assert_true(is_taken_back(0));
	assert_true(is_taken_back(((__int128_t)1 << 100) - 1));
	assert_false(is_taken_back((__int128_t)1 << 100));
	assert_false(is_taken_back(-1));
}

/* Its number is followed by none: the next group would have that of another one. */
static void a_group_behind_all_numbers_is_refused(void **state)
{
	struct budgets *b = opened("day/all: {limit_usd: 10, by: [user]}");
	const struct pair *p = pairs;

	(void)state;
	spend(b, "alice", USD(3), T0);
	while (p->key[0] != 'g')
		p++;
	char key[9];
	memset(key, 0xff, sizeof(key));
	key[0] = 'g';
	assert_int_equal(budgets_load(b, (struct slice){ key, sizeof(key) }, (struct slice){ p->value, p->value_len },
				      T0).code,
			 STATUS_CORRUPT);
	budgets_free(b);
}

static void what_was_acknowledged_is_there_after_a_kill(void **state)
{
	struct budgets *b = opened("day/all: {limit_usd: 10, by: [user]}");

	(void)state;
	spend(b, "alice", USD(3), T0);
	assert_int_equal(acknowledged, 1);
	b = reopened(b, T0 + 1);
	assert_true(view_of(b, "alice", T0).spent.n[AMOUNT_PUSD] == USD(3));
	budgets_free(b);
}

static void a_call_that_comes_again_after_a_kill_adds_nothing(void **state)
{
	struct budgets *b = opened("day/all: {limit_usd: 10}");
	struct call c = call_of("alice", USD(3), T0);

	(void)state;
	budgets_spend(b, &c, 1, T0, NULL, NULL);
	commit();
	b = reopened(b, T0 + 1);
	assert_false(budgets_spend(b, &c, 1, T0 + 1, on_kept, NULL));
	assert_true(view_of(b, NULL, T0).spent.n[AMOUNT_PUSD] == USD(3));
	budgets_free(b);
}

static void a_reservation_is_held_after_a_kill_and_ends_in_time(void **state)
{
	struct budgets *b = opened("day/all: {limit_usd: 10, hard: deny}");

	(void)state;
	assert_int_equal(decided(b, "alice", 900000, true, T0).decision, DECISION_ALLOW); /* nine dollars */
	assert_int_equal(flushes, 1);
	b = reopened(b, T0 + 1);
	assert_int_equal(decided(b, "alice", 200000, true, T0 + 1).decision, DECISION_DENY);
	assert_int_equal(decided(b, "alice", 200000, true, T0 + 62).decision, DECISION_ALLOW);
	budgets_free(b);
}

static void most_decisions_need_not_wait_for_the_disk(void **state)
{
	struct budgets *b = opened("day/all: {limit_usd: 1000, hard: deny}");

	(void)state;
	for (int i = 0; i < 1000; i++)
		assert_int_equal(decided(b, "alice", 1000, true, T0).decision, DECISION_ALLOW); /* a cent each */
	assert_true(flushes < 5);
	budgets_free(b);
}

static void a_failed_write_is_made_good_by_the_next(void **state)
{
	struct budgets *b = opened("day/all: {limit_usd: 10, by: [user]}");

	(void)state;
	disk_is_full = true;
	spend(b, "alice", USD(3), T0);
	set_up(NULL); /* what was written is gone */
	spend(b, "bob", USD(1), T0);
	b = reopened(b, T0 + 1);
	assert_true(view_of(b, "alice", T0).spent.n[AMOUNT_PUSD] == USD(3));
	budgets_free(b);
}

/* ---------------------------------------------------------------- decisions */

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

/* ---------------------------------------------------------------- alerts */

static struct {
	enum verdict_event event;
	char metric[32], name[64];
	double value, limit;
} told[32];
static size_t told_count;

static void on_verdict(void *context, const struct verdict *v)
{
	(void)context;
	told[told_count].event = v->event;
	told[told_count].value = v->value;
	told[told_count].limit = v->baseline_mean;
	snprintf(told[told_count].name, sizeof(told[0].name), "%.*s", SLICE_ARG(v->name));
	snprintf(told[told_count++].metric, sizeof(told[0].metric), "%s", v->metric);
}

static void thresholds_are_told_once_and_end_with_the_period(void **state)
{
	struct budgets *b = opened("day/all: {limit_usd: 10, by: [user], soft: [50, 100], forecast: false}");

	(void)state;
	told_count = 0;
	spend(b, "alice", USD(6), T0);
	budgets_advance(b, T0, on_verdict, NULL);
	budgets_advance(b, T0 + 1, on_verdict, NULL);
	assert_int_equal(told_count, 1);
	assert_string_equal(told[0].metric, "budget_usd");
	assert_string_equal(told[0].name, "day/all user=alice");
	assert_true(told[0].value == 6 && told[0].limit == 10);
	spend(b, "alice", USD(6), T0 + 2);
	budgets_advance(b, T0 + 2, on_verdict, NULL);
	assert_int_equal(told_count, 2);
	b = reopened(b, T0 + 3);
	budgets_advance(b, T0 + 3, on_verdict, NULL);
	assert_int_equal(told_count, 2);
	budgets_advance(b, T0 + 12 * 3600, on_verdict, NULL);
	assert_int_equal(told_count, 4);
	assert_int_equal(told[2].event, VERDICT_RESOLVED);
	assert_int_equal(told[3].event, VERDICT_RESOLVED);
	commit();
	budgets_free(b);
}

static void a_forecast_above_the_limit_is_told(void **state)
{
	struct budgets *b = opened("day/all: {limit_usd: 10, soft: [100]}");

	(void)state;
	told_count = 0;
	for (int i = 0; i < 20; i++) /* six of ten dollars by noon */
		spend(b, "alice", USD(3) / 10, T0);
	budgets_advance(b, T0, on_verdict, NULL);
	assert_int_equal(told_count, 1);
	assert_string_equal(told[0].metric, "budget_forecast");
	assert_true(told[0].value == 12);
	commit();
	budgets_free(b);
}

static void a_single_call_above_its_limit_is_told_once_an_hour(void **state)
{
	struct budgets *b = opened("request/one: {limit_usd: 1}");

	(void)state;
	told_count = 0;
	spend(b, "alice", USD(1), T0);
	budgets_advance(b, T0, on_verdict, NULL);
	assert_int_equal(told_count, 0);
	spend(b, "alice", USD(3), T0 + 10);
	spend(b, "alice", USD(2), T0 + 20);
	budgets_advance(b, T0 + 20, on_verdict, NULL);
	budgets_advance(b, T0 + 21, on_verdict, NULL);
	assert_int_equal(told_count, 1);
	assert_string_equal(told[0].metric, "budget_call_usd");
	assert_string_equal(told[0].name, "request/one");
	assert_true(told[0].value == 2 && told[0].limit == 1);
	spend(b, "alice", USD(2), T0 + 3600);
	budgets_advance(b, T0 + 3600, on_verdict, NULL);
	assert_int_equal(told_count, 2);
	budgets_free(b);
}

static void tokens_and_calls_have_forecasts_too(void **state)
{
	struct budgets *b = opened("day/tokens: {limit_tokens: 3000, soft: [100]}, day/calls: {limit_requests: 24, soft: [100]}");

	(void)state;
	told_count = 0;
	for (int i = 0; i < 20; i++) /* 2,400 tokens by noon */
		spend(b, "alice", USD(1), T0);
	budgets_advance(b, T0, on_verdict, NULL);
	assert_int_equal(told_count, 2);
	size_t tokens = strcmp(told[0].metric, "budget_forecast_tokens") == 0 ? 0 : 1;
	assert_string_equal(told[tokens].metric, "budget_forecast_tokens");
	assert_true(told[tokens].value == 4800 && told[tokens].limit == 3000);
	assert_string_equal(told[1 - tokens].metric, "budget_forecast_requests");
	assert_true(told[1 - tokens].value == 40 && told[1 - tokens].limit == 24);
	budgets_advance(b, T0 + 12 * 3600, on_verdict, NULL);
	assert_int_equal(told_count, 4);
	assert_int_equal(told[3].event, VERDICT_RESOLVED);
	commit();
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
		TEST(an_amount_that_nobody_can_spend_is_refused),
		TEST(a_group_behind_all_numbers_is_refused),
		TEST(what_was_acknowledged_is_there_after_a_kill),
		TEST(a_call_that_comes_again_after_a_kill_adds_nothing),
		TEST(a_reservation_is_held_after_a_kill_and_ends_in_time),
		TEST(most_decisions_need_not_wait_for_the_disk),
		TEST(a_failed_write_is_made_good_by_the_next),
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
		TEST(thresholds_are_told_once_and_end_with_the_period),
		TEST(a_forecast_above_the_limit_is_told),
		TEST(a_single_call_above_its_limit_is_told_once_an_hour),
		TEST(tokens_and_calls_have_forecasts_too),
	};

	return run(tests, sizeof(tests) / sizeof(tests[0]));
}
