/* SPDX-License-Identifier: Apache-2.0
 * A reload of budgets: what was spent and counted stays, what failed changes nothing.
 */
#include "tests/unit/budgets_rig.h"

static uint64_t allowed(struct budgets *b)
{
	struct budget_counts counts = { .groups = 0 };

	budgets_visit_rules(b, last_rule, &counts);
	return counts.decisions[DECISION_ALLOW];
}

static void other_limits_keep_what_was_spent(void **state)
{
	struct budgets *b = opened("day/all: {limit_usd: 5, hard: deny, by: [user]}");

	(void)state;
	spend(b, "alice", USD(5), T0);
	assert_int_equal(decided(b, "alice", 1000, false, T0).decision, DECISION_DENY);
	reload(b, "day/all: {limit_usd: 6, hard: deny, by: [user]}");
	assert_true(view_of(b, "alice", T0).spent.n[AMOUNT_PUSD] == USD(5));
	assert_true(view_of(b, "alice", T0).limit.n[AMOUNT_PUSD] == USD(6));
	assert_int_equal(decided(b, "alice", 1000, false, T0).decision, DECISION_ALLOW);
	reload(b, "day/all: {limit_usd: 4, hard: deny, by: [user]}");
	assert_int_equal(decided(b, "alice", 1000, false, T0).decision, DECISION_DENY);
	b = reopened(b, T0); /* the new ones hold after a kill, too */
	assert_true(view_of(b, "alice", T0).spent.n[AMOUNT_PUSD] == USD(5));
	budgets_free(b);
}

static void a_budget_that_tells_other_things_apart_starts_from_zero(void **state)
{
	struct budgets *b = opened("day/all: {limit_usd: 5, by: [user]}");
	struct sought s = { .user = NULL };

	(void)state;
	spend(b, "alice", USD(5), T0);
	reload(b, "day/all: {limit_usd: 5, by: [feature]}");
	budgets_visit(b, T0, find, &s);
	assert_int_equal(s.groups, 0);
	budgets_free(b);
}

static void counters_never_go_back(void **state)
{
	struct budgets *b = opened("request/one: {limit_usd: 5, hard: deny}");

	(void)state;
	decided(b, "alice", 1000, false, T0); /* such a budget has no groups that could carry them over */
	reload(b, "request/one: {limit_usd: 6, hard: deny}");
	decided(b, "alice", 1000, false, T0);
	assert_int_equal(allowed(b), 2);
	budgets_free(b);
}

static void what_is_reserved_stays_reserved(void **state)
{
	struct budgets *b = opened("day/all: {limit_usd: 2, hard: deny}");

	(void)state;
	uint64_t reservation = decided(b, "alice", 100000, true, T0).reservation;
	reload(b, "day/all: {limit_usd: 1, hard: deny}");
	assert_int_equal(decided(b, "alice", 1000, false, T0).decision, DECISION_DENY);
	assert_true(budgets_cancel(b, reservation));
	assert_int_equal(decided(b, "alice", 1000, false, T0).decision, DECISION_ALLOW);
	commit();
	budgets_free(b);
}

static void a_change_that_is_given_up_changes_nothing(void **state)
{
	struct budgets *b = opened("day/all: {limit_usd: 5, hard: deny}");
	struct config *in_force = config;
	struct budgets_change *change;

	(void)state;
	spend(b, "alice", USD(5), T0);
	config = NULL;
	configure("day/all: {limit_usd: 50, hard: deny}");
	assert_int_equal(budgets_prepare(config, &change).code, STATUS_OK);
	budgets_discard(change);
	config_free(config);
	config = in_force;
	assert_true(view_of(b, NULL, T0).limit.n[AMOUNT_PUSD] == USD(5));
	assert_int_equal(decided(b, "alice", 1000, false, T0).decision, DECISION_DENY);
	budgets_free(b);
}

static size_t groups_on_disk(void)
{
	size_t count = 0;

	for (size_t i = 0; i < pair_count; i++)
		count += pairs[i].key[0] == 'g';
	return count;
}

static void advance(struct budgets *b, int64_t now_s)
{
	budgets_advance(b, now_s, ignore_verdict, NULL);
	commit();
}

/* Else its spend would be there again with the budget. */
static void a_budget_that_goes_while_the_disk_is_full_is_gone_from_it_afterwards(void **state)
{
	struct budgets *b = opened("day/all: {limit_usd: 5, by: [user]}");

	(void)state;
	spend(b, "alice", USD(3), T0);
	assert_int_equal(groups_on_disk(), 1);
	disk_is_full = true;
	reload(b, "day/other: {limit_usd: 5, by: [user]}");
	advance(b, T0 + 1);
	advance(b, T0 + 2);
	disk_is_full = false;
	advance(b, T0 + 3);
	assert_int_equal(groups_on_disk(), 0);
	budgets_free(b);
}

/* A write that deletes nothing was queued behind the one that fails. */
static void a_write_in_between_does_not_forget_what_is_to_be_deleted(void **state)
{
	struct budgets *b = opened("day/all: {limit_usd: 5, by: [user]}");
	struct call c = call_of("bob", USD(1), T0);

	(void)state;
	spend(b, "alice", USD(3), T0);
	disk_is_full = true;
	reload(b, "day/other: {limit_usd: 5, by: [user]}");
	budgets_advance(b, T0 + 1, ignore_verdict, NULL);
	budgets_spend(b, &c, 1, T0 + 1, on_kept, NULL);
	commit();
	disk_is_full = false;
	advance(b, T0 + 2);
	assert_int_equal(groups_on_disk(), 1); /* bob's */
	budgets_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(other_limits_keep_what_was_spent),
		TEST(a_budget_that_tells_other_things_apart_starts_from_zero),
		TEST(counters_never_go_back),
		TEST(what_is_reserved_stays_reserved),
		TEST(a_change_that_is_given_up_changes_nothing),
		TEST(a_budget_that_goes_while_the_disk_is_full_is_gone_from_it_afterwards),
		TEST(a_write_in_between_does_not_forget_what_is_to_be_deleted),
	};

	return run(tests, sizeof(tests) / sizeof(tests[0]));
}
