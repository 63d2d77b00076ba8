/* SPDX-License-Identifier: Apache-2.0
 * Alerts of budgets that have many groups: the first by name, the others as one.
 */
#include "tests/unit/budgets_rig.h"

#define NAMED 20

static struct heard {
	size_t raised, resolved, crowd_raised, crowd_reopened, crowd_resolved;
	double others;
	uint64_t crowd_started_at_s;
	double ratio;
} heard;

static void listen(void *context, const struct verdict *v)
{
	bool is_crowd = strcmp(v->metric, "budget_groups") == 0, is_raised = v->event == VERDICT_RAISED;

	(void)context;
	if (!is_crowd) {
		*(is_raised ? &heard.raised : &heard.resolved) += 1;
		return;
	}
	heard.crowd_reopened += v->event == VERDICT_REOPENED;
	heard.crowd_raised += is_raised;
	heard.crowd_resolved += v->event == VERDICT_RESOLVED;
	heard.others = v->value;
	heard.ratio = v->ratio;
	heard.crowd_started_at_s = v->started_at_s;
}

static void advance(struct budgets *b, int64_t now_s)
{
	budgets_advance(b, now_s, listen, NULL);
	commit();
}

static void spend_by_many(struct budgets *b, int from, int to, int64_t at_s)
{
	char user[32];

	for (int i = from; i < to; i++) {
		snprintf(user, sizeof(user), "user-%d", i);
		spend(b, user, USD(5), at_s);
	}
}

static int listen_anew(void **state)
{
	heard = (struct heard){ 0 };
	return set_up(state);
}

static struct budgets *crowded(void)
{
	struct budgets *b = opened("day/user: {limit_usd: 5, by: [user], soft: [50, 100], forecast: false}");

	spend_by_many(b, 0, NAMED + 30, T0);
	advance(b, T0);
	return b;
}

static void the_first_are_told_by_name_and_the_others_as_one(void **state)
{
	struct budgets *b = crowded();

	(void)state;
	assert_int_equal(heard.raised, NAMED);
	assert_int_equal(heard.crowd_raised, 1);
	assert_true(heard.others == 30 && heard.ratio == 1);
	spend_by_many(b, NAMED + 30, NAMED + 60, T0 + 1);
	advance(b, T0 + 1); /* the crowd is known */
	assert_int_equal(heard.raised, NAMED);
	assert_int_equal(heard.crowd_raised, 1);
	budgets_free(b);
}

static void a_crowd_ends_with_its_period(void **state)
{
	struct budgets *b = crowded();

	(void)state;
	advance(b, T0 + DAY);
	assert_int_equal(heard.resolved, NAMED);
	assert_int_equal(heard.crowd_resolved, 1);
	spend_by_many(b, 0, NAMED + 1, T0 + DAY);
	advance(b, T0 + DAY); /* names are free again */
	assert_int_equal(heard.raised, 2 * NAMED);
	assert_int_equal(heard.crowd_raised, 2);
	budgets_free(b);
}

static void a_crowd_of_the_next_period_is_another_one(void **state)
{
	struct budgets *b = crowded();

	(void)state;
	spend_by_many(b, 0, NAMED + 30, T0 + DAY); /* before anybody looked */
	advance(b, T0 + DAY);
	advance(b, T0 + DAY + 1);
	assert_int_equal(heard.crowd_resolved, 1);
	assert_int_equal(heard.crowd_raised, 2);
	budgets_free(b);
}

static void a_budget_that_starts_anew_ends_its_crowd(void **state)
{
	struct budgets *b = crowded();

	(void)state;
	assert_true(budgets_reset(b, SLICE("day/user"), T0 + 1));
	advance(b, T0 + 1);
	assert_int_equal(heard.resolved, NAMED);
	assert_int_equal(heard.crowd_resolved, 1);
	budgets_free(b);
}

static void a_crowd_that_comes_back_in_its_period_is_the_same_one(void **state)
{
	struct budgets *b = crowded();
	uint64_t started_at_s = heard.crowd_started_at_s;

	(void)state;
	assert_true(budgets_reset(b, SLICE("day/user"), T0 + 1));
	advance(b, T0 + 1);
	spend_by_many(b, 0, NAMED + 30, T0 + 2);
	advance(b, T0 + 2);
	assert_int_equal(heard.crowd_raised, 1);
	assert_int_equal(heard.crowd_reopened, 1);
	assert_int_equal(heard.crowd_started_at_s, started_at_s);
	budgets_free(b);
}

/* An alert is known by its name and by when it started. */
static void crowds_of_two_thresholds_are_two(void **state)
{
	struct budgets *b = opened("day/user: {limit_usd: 10, by: [user], soft: [50, 100], forecast: false}");

	(void)state;
	spend_by_many(b, 0, NAMED + 30, T0);
	advance(b, T0);
	uint64_t started_at_s = heard.crowd_started_at_s;
	spend_by_many(b, 0, NAMED + 30, T0 + 1);
	advance(b, T0 + 1);
	assert_int_equal(heard.crowd_raised, 2);
	assert_true(heard.crowd_started_at_s != started_at_s);
	budgets_free(b);
}

static void after_a_restart_it_is_the_same_crowd(void **state)
{
	struct budgets *b = crowded();
	uint64_t started_at_s = heard.crowd_started_at_s;

	(void)state;
	b = reopened(b, T0 + 1);
	advance(b, T0 + 1);
	assert_int_equal(heard.raised, NAMED); /* nobody is named twice */
	assert_int_equal(heard.crowd_started_at_s, started_at_s); /* so that alerts know it again */
	advance(b, T0 + DAY);
	assert_int_equal(heard.crowd_resolved, 1);
	budgets_free(b);
}

static void each_threshold_has_names_of_its_own(void **state)
{
	struct budgets *b = opened("day/user: {limit_usd: 10, by: [user], soft: [50, 100], forecast: false}");

	(void)state;
	spend_by_many(b, 0, NAMED + 30, T0);
	advance(b, T0);
	assert_true(heard.raised == NAMED && heard.ratio == 0.5);
	spend_by_many(b, 0, 3, T0 + 1); /* these use all of theirs */
	advance(b, T0 + 1);
	assert_int_equal(heard.raised, NAMED + 3);
	budgets_free(b);
}

#define HEARD(name) cmocka_unit_test_setup(name, listen_anew)

int main(void)
{
	const struct CMUnitTest tests[] = {
		HEARD(the_first_are_told_by_name_and_the_others_as_one),
		HEARD(a_crowd_ends_with_its_period),
		HEARD(a_crowd_of_the_next_period_is_another_one),
		HEARD(a_budget_that_starts_anew_ends_its_crowd),
		HEARD(a_crowd_that_comes_back_in_its_period_is_the_same_one),
		HEARD(crowds_of_two_thresholds_are_two),
		HEARD(after_a_restart_it_is_the_same_crowd),
		HEARD(each_threshold_has_names_of_its_own),
	};

	return run(tests, sizeof(tests) / sizeof(tests[0]));
}
