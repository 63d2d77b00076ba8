/* SPDX-License-Identifier: Apache-2.0
 * What people and Prometheus see of budgets, however many groups there are.
 */
#include "tests/unit/budgets_rig.h"

#include <pthread.h>
#include <semaphore.h>

struct list {
	struct {
		char user[32];
		__int128_t spent;
		enum budget_decision state;
		bool is_overflow;
	} items[64];
	size_t count;
};

static void add_item(void *context, const struct budget_view *v)
{
	struct list *l = context;

	assert_true(l->count < 64);
	snprintf(l->items[l->count].user, sizeof(l->items[0].user), "%.*s", SLICE_ARG(v->labels[BUDGET_BY_USER]));
	l->items[l->count].spent = v->spent.n[AMOUNT_PUSD];
	l->items[l->count].state = v->state;
	l->items[l->count++].is_overflow = v->is_overflow;
}

/* user-0 has spent nothing, user-1 one cent, and so on. */
static void spend_by_many(struct budgets *b, int users)
{
	char user[32];

	for (int i = 0; i < users; i++) {
		snprintf(user, sizeof(user), "user-%d", i * 7919 % users);
		spend(b, user, USD(i * 7919 % users) / 100, T0);
	}
}

static void the_tightest_groups_of_each_budget_come_first(void **state)
{
	struct budgets *b = opened("day/user: {limit_usd: 100, by: [user]}, month/user: {limit_usd: 900, by: [user]}");
	struct list l = { .count = 0 }, of_one = { .count = 0 };
	struct budget_counts counts = { .groups = 0 };

	(void)state;
	spend_by_many(b, 500);
	budgets_visit_top(b, T0, SLICE_NONE, 3, add_item, &l);
	assert_int_equal(l.count, 6);
	for (size_t i = 0; i < 6; i++)
		assert_true(l.items[i].spent == USD(499 - (__int128_t)(i % 3)) / 100);
	budgets_visit_top(b, T0, SLICE("month/user"), 2, add_item, &of_one);
	assert_int_equal(of_one.count, 2);
	budgets_visit_rules(b, last_rule, &counts);
	assert_int_equal(counts.groups, 500);
	budgets_free(b);
}

static void a_group_says_what_its_next_call_is_told(void **state)
{
	static const struct {
		const char *hard;
		enum budget_decision state;
	} cases[] = { { "none", DECISION_ALLOW }, { "deny", DECISION_DENY }, { "throttle", DECISION_THROTTLE } };
	char limits[100];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct list l = { .count = 0 };
		snprintf(limits, sizeof(limits), "day/user: {limit_usd: 1, by: [user], hard: %s}", cases[i].hard);
		struct budgets *b = opened(limits);
		spend(b, "alice", USD(1), T0);
		spend(b, "bob", USD(1) / 2, T0);
		budgets_visit_top(b, T0, SLICE_NONE, 10, add_item, &l);
		assert_int_equal(l.count, 2);
		assert_string_equal(l.items[0].user, "alice");
		assert_int_equal(l.items[0].state, cases[i].state);
		assert_int_equal(l.items[1].state, DECISION_ALLOW);
		budgets_free(b);
		set_up(NULL);
	}
}

/* limits.max_series is 20 here: ten for each budget. */
static void series_are_bounded_and_what_is_beyond_is_one_sum_and_counted(void **state)
{
	struct budgets *b = opened("day/user: {limit_usd: 100, by: [user]}, month/all: {limit_usd: 100}}}, limits: {"
				   "max_series: 20, memory: {");
	struct list l = { .count = 0 };
	struct budget_counts counts = { .groups = 0 };
	__int128_t sum = 0;
	size_t overflows = 0;

	(void)state;
	spend_by_many(b, 50);
	budgets_visit_series(b, T0, add_item, &l);
	assert_int_equal(l.count, 12); /* ten users, the others, and all of the month */
	for (size_t i = 0; i < l.count; i++) {
		sum += l.items[i].spent;
		overflows += l.items[i].is_overflow;
	}
	assert_int_equal(overflows, 1);
	assert_true(sum == 2 * USD(49 * 50 / 2) / 100); /* nothing is left out */
	budgets_visit_rules(b, first_rule, &counts);
	assert_int_equal(counts.overflow, 40);
	budgets_free(b);
}

static void a_group_that_is_forgotten_gives_its_series_back(void **state)
{
	struct budgets *b = opened("hour/user: {limit_usd: 100, by: [user]}}}, limits: {max_series: 10, memory: {");
	struct list l = { .count = 0 };

	(void)state;
	spend_by_many(b, 10);
	budgets_advance(b, T0 + 3 * 3600, ignore_verdict, NULL);
	commit();
	spend(b, "late", USD(1), T0 + 3 * 3600);
	budgets_visit_series(b, T0 + 3 * 3600, add_item, &l);
	assert_int_equal(l.count, 1);
	assert_string_equal(l.items[0].user, "late");
	budgets_free(b);
}

#define RETURNING 1400
#define SPENDING  100

static char names[RETURNING + SPENDING][16];
static struct call many[RETURNING + SPENDING];

static void fill_calls(int64_t at_s)
{
	for (size_t i = 0; i < RETURNING + SPENDING; i++) {
		snprintf(names[i], sizeof(names[i]), "u%zu", i);
		many[i] = call_of(names[i], USD(2), at_s);
	}
}

static struct {
	struct budgets *b;
	sem_t has_begun;
	bool is_told;
} meanwhile;

static void on_first_verdict(void *context, const struct verdict *v)
{
	(void)context;
	(void)v;
	if (!meanwhile.is_told)
		sem_post(&meanwhile.has_begun);
	meanwhile.is_told = true;
}

static void *come_back(void *unused)
{
	(void)unused;
	sem_wait(&meanwhile.has_begun);
	budgets_spend(meanwhile.b, many, RETURNING, T0, NULL, NULL); /* as soon as the advance gives way */
	return NULL;
}

static void count_spent(void *context, const struct budget_view *v)
{
	*(size_t *)context += v->spent.n[AMOUNT_PUSD] > 0;
}

static void a_group_that_spends_while_others_are_looked_at_is_not_forgotten(void **state)
{
	struct budgets *b = opened("day/user: {limit_usd: 1, by: [user], soft: [50], max_groups: 5000}");
	size_t with_spend = 0;
	pthread_t thread;

	(void)state;
	meanwhile.b = b;
	assert_int_equal(sem_init(&meanwhile.has_begun, 0, 0), 0);
	fill_calls(T0 - 10 * DAY);
	budgets_spend(b, many, RETURNING, T0 - 10 * DAY, NULL, NULL);
	fill_calls(T0);
	budgets_spend(b, many + RETURNING, SPENDING, T0, NULL, NULL);
	commit();
	assert_int_equal(pthread_create(&thread, NULL, come_back, NULL), 0);
	budgets_advance(b, T0, on_first_verdict, NULL);
	assert_int_equal(pthread_join(thread, NULL), 0);
	commit();
	budgets_visit(b, T0, count_spent, &with_spend);
	assert_int_equal(with_spend, RETURNING + SPENDING);
	sem_destroy(&meanwhile.has_begun);
	budgets_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_tightest_groups_of_each_budget_come_first),
		TEST(a_group_says_what_its_next_call_is_told),
		TEST(series_are_bounded_and_what_is_beyond_is_one_sum_and_counted),
		TEST(a_group_that_is_forgotten_gives_its_series_back),
		TEST(a_group_that_spends_while_others_are_looked_at_is_not_forgotten),
	};

	return run(tests, sizeof(tests) / sizeof(tests[0]));
}
