/* SPDX-License-Identifier: Apache-2.0
 * What was acknowledged and what was held is there after a kill, once; values that nobody can have spent are refused.
 */
#include "tests/unit/budgets_rig.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_amount_that_nobody_can_spend_is_refused),
		TEST(a_group_behind_all_numbers_is_refused),
		TEST(what_was_acknowledged_is_there_after_a_kill),
		TEST(a_call_that_comes_again_after_a_kill_adds_nothing),
		TEST(a_reservation_is_held_after_a_kill_and_ends_in_time),
		TEST(most_decisions_need_not_wait_for_the_disk),
		TEST(a_failed_write_is_made_good_by_the_next),
	};

	return run(tests, sizeof(tests) / sizeof(tests[0]));
}
