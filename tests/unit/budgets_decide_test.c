/* SPDX-License-Identifier: Apache-2.0
 * Decisions by what a call says of itself, by rates over time, and when they cannot be made right.
 */
#include "tests/unit/budgets_rig.h"

/* ---------------------------------------------------------------- dimensions */

static struct slice *member_of(struct call *c, enum budget_dimension d)
{
#define X(id, name, member) [BUDGET_BY_##id] = &c->member,
	struct slice *const members[BUDGET_DIMENSIONS] = { BUDGET_DIMENSION_MAP(X) };
#undef X

	return members[d];
}

static void spend_as(struct budgets *b, enum budget_dimension d, const char *value)
{
	struct call c = call_of("somebody", USD(1), T0);

	*member_of(&c, d) = slice_of(value);
	budgets_spend(b, &c, 1, T0, on_kept, NULL);
	commit();
}

static enum budget_decision asked_as(struct budgets *b, enum budget_dimension d, const char *value)
{
	struct budget_question q = { .reserves = false };
	struct budget_answer answer;

	q.labels[d] = slice_of(value);
	budgets_decide(b, &q, T0, &answer);
	return answer.decision;
}

static void each_dimension_has_budgets_of_its_own(void **state)
{
	char limits[100];

	(void)state;
	for (int d = 0; d < BUDGET_DIMENSIONS; d++) {
		snprintf(limits, sizeof(limits), "day/it: {limit_usd: 1, hard: deny, by: [%s]}",
			 budget_dimension_names[d]);
		struct budgets *b = opened(limits);
		spend_as(b, (enum budget_dimension)d, "one");
		assert_int_equal(asked_as(b, (enum budget_dimension)d, "one"), DECISION_DENY);
		assert_int_equal(asked_as(b, (enum budget_dimension)d, "two"), DECISION_ALLOW);
		budgets_free(b);
		set_up(NULL);
	}
}

static void each_dimension_can_say_which_calls_a_budget_is_about(void **state)
{
	char limits[100];

	(void)state;
	for (int d = 0; d < BUDGET_DIMENSIONS; d++) {
		snprintf(limits, sizeof(limits), "day/it: {limit_usd: 2, hard: deny, %s: one}",
			 budget_dimension_names[d]);
		struct budgets *b = opened(limits);
		spend_as(b, (enum budget_dimension)d, "two");
		spend_as(b, (enum budget_dimension)d, "one");
		assert_true(view_of(b, NULL, T0).spent.n[AMOUNT_PUSD] == USD(1));
		spend_as(b, (enum budget_dimension)d, "one");
		assert_int_equal(asked_as(b, (enum budget_dimension)d, "one"), DECISION_DENY);
		assert_int_equal(asked_as(b, (enum budget_dimension)d, "two"), DECISION_ALLOW);
		budgets_free(b);
		set_up(NULL);
	}
}

/* ---------------------------------------------------------------- rates */

static unsigned let_through(struct budgets *b, const char *user, int from_s, int to_s, bool reserves)
{
	unsigned count = 0;

	for (int s = from_s; s < to_s; s++)
		for (int i = 0; i < 5; i++) /* five a second want to */
			count += decided(b, user, 0, reserves, T0 + s).decision == DECISION_ALLOW;
	return count;
}

static void a_throttle_keeps_its_rate_over_time(void **state)
{
	struct budgets *b = opened("day/user: {limit_usd: 1, by: [user], hard: throttle, throttle_per_minute: 30}");

	(void)state;
	spend(b, "alice", USD(1), T0);
	assert_int_equal(let_through(b, "alice", 0, 600, false), 300);
	assert_int_equal(let_through(b, "alice", 660, 1260, false), 300); /* a minute of silence saves nothing up */
	budgets_free(b);
}

static void rates_above_one_a_second_are_kept_too(void **state)
{
	struct budgets *b = opened("day/all: {limit_usd: 1, hard: throttle, throttle_per_minute: 180}");

	(void)state;
	spend(b, "alice", USD(1), T0);
	unsigned count = let_through(b, "alice", 0, 100, false);
	assert_true(count >= 297 && count <= 300);
	budgets_free(b);
}

static void each_group_has_a_rate_of_its_own(void **state)
{
	struct budgets *b = opened("day/user: {limit_usd: 1, by: [user], hard: throttle, throttle_per_minute: 6}");

	(void)state;
	spend(b, "alice", USD(1), T0);
	spend(b, "bob", USD(1), T0);
	assert_int_equal(let_through(b, "alice", 0, 60, false), 6);
	assert_int_equal(let_through(b, "bob", 0, 60, false), 6);
	budgets_free(b);
}

static void a_throttle_counts_who_reserves_and_who_only_asks(void **state)
{
	struct budgets *b = opened("day/all: {limit_usd: 1, hard: throttle, throttle_per_minute: 6}");

	(void)state;
	spend(b, "alice", USD(1), T0);
	assert_int_equal(decided(b, "alice", 0, false, T0).max_age_s, 0); /* the answer is for this one call */
	assert_int_equal(decided(b, "alice", 0, true, T0).decision, DECISION_THROTTLE);
	assert_int_equal(decided(b, "alice", 0, true, T0 + 10).decision, DECISION_ALLOW);
	commit();
	budgets_free(b);
}

static void a_throttle_counts_each_of_several_calls(void **state)
{
	struct budgets *b = opened("day/all: {limit_usd: 1, hard: throttle, throttle_per_minute: 6}");
	struct budget_question q = { .reserves = true, .calls = 3 };
	struct budget_answer a;

	(void)state;
	spend(b, "alice", USD(1), T0);
	budgets_decide(b, &q, T0, &a);
	assert_int_equal(a.decision, DECISION_ALLOW);
	budgets_decide(b, &q, T0 + 10, &a);
	assert_int_equal(a.decision, DECISION_THROTTLE);
	assert_true(a.retry_after_s > 19 && a.retry_after_s <= 20);
	q.calls = UINT32_MAX;
	budgets_decide(b, &q, T0 + 30, &a);
	assert_int_equal(a.decision, DECISION_ALLOW);
	q.calls = 1;
	budgets_decide(b, &q, T0 + 30 + 3600, &a); /* a debt of an hour at most */
	assert_int_equal(a.decision, DECISION_THROTTLE);
	budgets_decide(b, &q, T0 + 30 + 3610, &a);
	assert_int_equal(a.decision, DECISION_ALLOW);
	commit();
	budgets_free(b);
}

/* ---------------------------------------------------------------- single calls */

static void single_calls_above_their_limit_are_counted_where_nobody_asked(void **state)
{
	struct budgets *b = opened("request/one: {limit_usd: 1, limit_tokens: 100, hard: deny, feature: assistant}");
	struct budget_counts counts = { .groups = 0 };

	(void)state;
	spend(b, "alice", USD(2), T0);
	spend(b, "alice", USD(1), T0); /* 120 tokens */
	budgets_visit_rules(b, last_rule, &counts);
	assert_int_equal(counts.over_request, 2);
	struct budget_answer a = decided(b, "alice", 200000, false, T0);
	assert_int_equal(a.decision, DECISION_DENY);
	assert_string_equal(a.reason, "this call would cost more than a single one may");
	assert_true(a.retry_after_s <= 0 && a.period_ends_s == 0); /* waiting will not help */
	budgets_free(b);
}

/* ---------------------------------------------------------------- periods roll over */

static void a_month_ends_and_its_budget_is_whole_again(void **state)
{
	struct budgets *b = opened("month/all: {limit_usd: 5, hard: deny, time_zone: Europe/Berlin}");
	int64_t next = 1796079600; /* 2026-12-01 in Berlin */

	(void)state;
	spend(b, "alice", USD(5), T0);
	struct budget_answer a = decided(b, "alice", 1000, false, next - 1);
	assert_int_equal(a.decision, DECISION_DENY);
	assert_int_equal(a.max_age_s, 1); /* a refusal holds no longer than its period */
	assert_int_equal(a.period_ends_s, next);
	assert_int_equal(decided(b, "alice", 1000, false, next).decision, DECISION_ALLOW);
	spend(b, "alice", USD(1), next);
	assert_true(view_of(b, NULL, next).spent.n[AMOUNT_PUSD] == USD(1));
	assert_true(view_of(b, NULL, next).previous_spent.n[AMOUNT_PUSD] == USD(5));
	budgets_free(b);
}

/* ---------------------------------------------------------------- a disk that is full */

static struct budget_answer asked_with_a_full_disk(const char *more)
{
	char limits[120];

	snprintf(limits, sizeof(limits), "day/all: {limit_usd: 100, hard: deny}}, %senvoy: {", more);
	struct budgets *b = opened(limits);
	disk_is_full = true;
	struct budget_answer a = decided(b, "alice", 1000, true, T0);
	commit();
	budgets_free(b);
	return a;
}

static void what_cannot_be_kept_is_let_through_unless_it_fails_closed(void **state)
{
	(void)state;
	assert_int_equal(asked_with_a_full_disk("").decision, DECISION_ALLOW);
	set_up(NULL);
	struct budget_answer closed = asked_with_a_full_disk("fail_closed: true, ");
	assert_int_equal(closed.decision, DECISION_DENY);
	assert_int_equal(closed.reservation, 0);
	assert_int_equal(closed.max_age_s, 0); /* nobody may keep it */
	assert_true(closed.retry_after_s > 0);
}

/* ---------------------------------------------------------------- why not, and how long to wait */

static void a_refusal_says_why_and_when_to_ask_again(void **state)
{
	struct budgets *b = opened("day/all: {limit_usd: 5, hard: deny}");

	(void)state;
	struct budget_answer a = decided(b, "alice", 600000, true, T0); /* six dollars */
	assert_string_equal(a.reason, "the call is likely to take more than the whole budget");
	assert_true(a.retry_after_s <= 0); /* waiting will not help */
	assert_int_equal(decided(b, "alice", 400000, true, T0).decision, DECISION_ALLOW);
	a = decided(b, "alice", 200000, true, T0 + 10);
	assert_string_equal(a.reason, "what is left of the budget is held back for calls that are under way");
	assert_true(a.retry_after_s >= 50 && a.retry_after_s <= 50); /* then the reservation is over at the latest */
	spend(b, "alice", USD(4), T0 + 60);
	a = decided(b, "alice", 200000, true, T0 + 60);
	assert_string_equal(a.reason, "the call is likely to take more than what is left of the budget");
	assert_true(a.retry_after_s >= 12 * 3600 - 60);
	spend(b, "alice", USD(1), T0 + 60);
	assert_string_equal(decided(b, "alice", 200000, true, T0 + 60).reason, "the budget is used up");
	budgets_free(b);
}

static void what_a_former_process_held_back_is_waited_for(void **state)
{
	struct budgets *b = opened("day/all: {limit_usd: 5, hard: deny}");

	(void)state;
	assert_int_equal(decided(b, "alice", 400000, true, T0).decision, DECISION_ALLOW);
	commit();
	b = reopened(b, T0 + 5);
	struct budget_answer a = decided(b, "alice", 400000, true, T0 + 5);
	assert_int_equal(a.decision, DECISION_DENY);
	assert_true(a.retry_after_s > 0 && a.retry_after_s <= 60);
	budgets_free(b);
}

static void several_calls_at_once_are_settled_one_by_one(void **state)
{
	struct budgets *b = opened("day/all: {limit_usd: 5, limit_requests: 10, hard: deny}, "
				   "request/one: {limit_usd: 1.5, hard: deny}");
	struct budget_question q = { .reserves = true, .has_estimate = true, .estimate_pusd = PUSD_PER_USD,
				     .calls = 3 };
	struct budget_answer a;
	char id[17];

	(void)state;
	budgets_decide(b, &q, T0, &a);
	assert_int_equal(a.decision, DECISION_ALLOW);
	assert_true(view_of(b, NULL, T0).reserved.n[AMOUNT_PUSD] == USD(3));
	assert_true(view_of(b, NULL, T0).reserved.n[AMOUNT_REQUESTS] == 3);
	snprintf(id, sizeof(id), "%016llx", (unsigned long long)a.reservation);
	for (int left = 2; left >= 0; left--) {
		struct call c = call_of("alice", USD(1), T0);
		c.reservation_id = slice_of(id);
		budgets_spend(b, &c, 1, T0, NULL, NULL);
		assert_true(view_of(b, NULL, T0).reserved.n[AMOUNT_PUSD] == USD(left));
	}
	assert_int_equal(budgets_reservations(b), 0);
	budgets_decide(b, &q, T0, &a);
	assert_int_equal(a.decision, DECISION_DENY); /* two dollars are left */
	budgets_free(b);
}

static void reservations_end_in_time_where_the_clock_is_set_back(void **state)
{
	struct budgets *b = opened("day/all: {limit_usd: 1, hard: deny}");
	int64_t back = T0 - 3600;

	(void)state;
	assert_int_equal(decided(b, "alice", 60000, true, T0 - 20).decision, DECISION_ALLOW);
	assert_int_equal(decided(b, "alice", 30000, true, T0).decision, DECISION_ALLOW);
	assert_int_equal(decided(b, "alice", 60000, false, back).decision, DECISION_DENY);
	assert_true(decided(b, "alice", 60000, false, back).retry_after_s == 40);
	assert_int_equal(decided(b, "alice", 60000, false, back + 41).decision, DECISION_ALLOW);
	assert_int_equal(decided(b, "alice", 90000, false, back + 59).decision, DECISION_DENY);
	assert_int_equal(decided(b, "alice", 90000, false, back + 60).decision, DECISION_ALLOW);
	commit();
	budgets_free(b);
}

static void so_does_what_a_former_process_held(void **state)
{
	struct budgets *b = opened("day/all: {limit_usd: 1, hard: deny}");
	int64_t back = T0 - 3600;

	(void)state;
	assert_int_equal(decided(b, "alice", 60000, true, T0).decision, DECISION_ALLOW);
	b = reopened(b, T0);
	assert_int_equal(decided(b, "alice", 60000, false, back).decision, DECISION_DENY);
	assert_int_equal(decided(b, "alice", 60000, false, back + 60).decision, DECISION_ALLOW);
	assert_int_equal(decided(b, "alice", 60000, false, back - 3600).decision, DECISION_ALLOW); /* over is over */
	commit();
	budgets_free(b);
}

/* Askers look at the clock before they have the lock: one may be a moment behind another. */
static void a_question_from_a_moment_before_ends_nothing_early(void **state)
{
	struct budgets *b = opened("day/all: {limit_usd: 1, hard: deny}");

	(void)state;
	assert_int_equal(decided(b, "alice", 60000, true, T0).decision, DECISION_ALLOW);
	for (int i = 0; i < 50; i++) {
		decided(b, "alice", 100, false, T0 + 1);
		decided(b, "alice", 100, false, T0);
	}
	assert_int_equal(decided(b, "alice", 60000, false, T0 + 59).decision, DECISION_DENY);
	commit();
	budgets_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_dimension_has_budgets_of_its_own),
		TEST(each_dimension_can_say_which_calls_a_budget_is_about),
		TEST(a_throttle_keeps_its_rate_over_time),
		TEST(rates_above_one_a_second_are_kept_too),
		TEST(each_group_has_a_rate_of_its_own),
		TEST(a_throttle_counts_who_reserves_and_who_only_asks),
		TEST(a_throttle_counts_each_of_several_calls),
		TEST(single_calls_above_their_limit_are_counted_where_nobody_asked),
		TEST(a_month_ends_and_its_budget_is_whole_again),
		TEST(what_cannot_be_kept_is_let_through_unless_it_fails_closed),
		TEST(a_refusal_says_why_and_when_to_ask_again),
		TEST(what_a_former_process_held_back_is_waited_for),
		TEST(several_calls_at_once_are_settled_one_by_one),
		TEST(reservations_end_in_time_where_the_clock_is_set_back),
		TEST(so_does_what_a_former_process_held),
		TEST(a_question_from_a_moment_before_ends_nothing_early),
	};

	return run(tests, sizeof(tests) / sizeof(tests[0]));
}
