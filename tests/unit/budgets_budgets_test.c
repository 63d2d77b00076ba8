/* SPDX-License-Identifier: Apache-2.0
 * Budgets: what is spent is spent exactly and once, in its period, over restarts; what is decided holds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "agent/base/money.h"
#include "agent/budgets/budgets.h"

#define T0  INT64_C(1795262400) /* 2026-11-21T12:00:00Z */
#define DAY INT64_C(86400)
#define USD(x) ((__int128_t)(x) * PUSD_PER_USD)

/* ---------------------------------------------------------------- a store in memory */

#define PAIRS_MAX 2048

struct pair {
	char key[16];
	size_t key_len, value_len;
	char *value;
};

static struct pair pairs[PAIRS_MAX];
static size_t pair_count, flushes, writes;
static bool disk_is_full;

static void *begin(void *context)
{
	(void)context;
	return malloc(1);
}

static void put(void *batch, struct slice key, struct slice value)
{
	size_t at = 0;

	(void)batch;
	while (at < pair_count && !slice_equal((struct slice){ pairs[at].key, pairs[at].key_len }, key))
		at++;
	if (at < pair_count)
		free(pairs[at].value);
	if (value.ptr == NULL) {
		if (at < pair_count)
			pairs[at] = pairs[--pair_count];
		return;
	}
	assert_true(at < PAIRS_MAX);
	pair_count += at == pair_count;
	memcpy(pairs[at].key, key.ptr, key.len);
	pairs[at].key_len = key.len;
	pairs[at].value = malloc(value.len + 1);
	memcpy(pairs[at].value, value.ptr, value.len);
	pairs[at].value_len = value.len;
}

/* Reports are held back until the lock is free, as the writer's thread would be. */
static struct {
	void (*done)(void *context, struct status result);
	void *context;
} waiting[64];
static size_t waiting_count;

static struct status write_batch(void *context, void *batch, void (*done)(void *done_context, struct status result),
				 void *done_context)
{
	(void)context;
	free(batch);
	writes++;
	waiting[waiting_count].done = done;
	waiting[waiting_count++].context = done_context;
	return OK;
}

static void commit(void)
{
	for (size_t i = 0; i < waiting_count; i++)
		waiting[i].done(waiting[i].context, disk_is_full ? FAIL(FULL, "the disk is full") : OK);
	waiting_count = 0;
}

/* What a process that is killed never hears of. */
static void forget_reports(void)
{
	while (waiting_count > 0)
		free(waiting[--waiting_count].context);
}

static struct status flush(void *context)
{
	(void)context;
	flushes++;
	commit();
	return disk_is_full ? FAIL(FULL, "the disk is full") : OK;
}

/* Ten dollars for a million input tokens of any model but "unknown". */
static bool price(void *context, const struct call *call, int64_t *pusd)
{
	(void)context;
	*pusd = (int64_t)tokens_get(&call->tokens, TOKENS_INPUT) * (PUSD_PER_USD / 100000);
	return !slice_equal(call->request_model, SLICE("unknown"));
}

static const struct budgets_outlets outlets = { .keeper = { NULL, begin, put, write_batch, flush }, .price = price };

/* ---------------------------------------------------------------- the subject */

static struct config *config;

static struct budgets *opened(const char *limits)
{
	struct buf errors = BUF_INIT;
	struct budgets *b = NULL;
	char path[] = "/tmp/plimsoll-budgets-XXXXXX";
	FILE *f = fdopen(mkstemp(path), "w");

	fputs("{budgets: {reservation_timeout: 60s, limits: {", f);
	fputs(limits, f);
	fputs("}}}\n", f);
	fclose(f);
	config_free(config);
	config = NULL;
	if (FAILED(config_load(path, NULL, 0, &config, &errors)))
		fail_msg("%s", buf_string(&errors));
	remove(path);
	assert_int_equal(budgets_new(config, &outlets, &b).code, STATUS_OK);
	return b;
}

/* As after a kill: what is on the disk, and nothing else. */
static struct budgets *reopened(struct budgets *old, int64_t now_s)
{
	struct budgets *b = NULL;

	budgets_free(old);
	forget_reports();
	assert_int_equal(budgets_new(config, &outlets, &b).code, STATUS_OK);
	for (size_t i = 0; i < pair_count; i++)
		assert_int_equal(budgets_load(b, (struct slice){ pairs[i].key, pairs[i].key_len },
					      (struct slice){ pairs[i].value, pairs[i].value_len }, now_s).code, STATUS_OK);
	return b;
}

static uint8_t next_id;

static struct call call_of(const char *user, __int128_t pusd, int64_t at_s)
{
	struct call c = { .role = ROLE_LLM, .counted = true, .feature = SLICE("assistant"), .user_id = slice_of(user),
			  .request_model = SLICE("gpt-4o"), .end_unix_ns = (uint64_t)at_s * 1000000000u };

	c.cost.known = pusd >= 0;
	c.cost.total_pusd = (int64_t)pusd;
	tokens_set(&c.tokens, TOKENS_INPUT, 100);
	tokens_set(&c.tokens, TOKENS_OUTPUT, 20);
	memset(c.trace_id, ++next_id, sizeof(c.trace_id));
	memset(c.span_id, next_id, sizeof(c.span_id));
	return c;
}

static size_t acknowledged;

static void on_kept(void *context, struct status result)
{
	(void)context;
	(void)result;
	acknowledged++;
}

static void spend(struct budgets *b, const char *user, __int128_t pusd, int64_t at_s)
{
	struct call c = call_of(user, pusd, at_s);

	budgets_spend(b, &c, 1, at_s, on_kept, NULL);
	commit();
}

struct sought {
	const char *user;
	struct budget_view found;
	size_t groups;
};

static void find(void *context, const struct budget_view *v)
{
	struct sought *s = context;

	s->groups++;
	if (s->user == NULL || slice_equal(v->labels[BUDGET_BY_USER], slice_of(s->user)))
		s->found = *v;
}

static struct budget_view view_of(struct budgets *b, const char *user, int64_t now_s)
{
	struct sought s = { .user = user };

	budgets_visit(b, now_s, find, &s);
	return s.found;
}

static struct budget_answer decided(struct budgets *b, const char *user, uint64_t input_tokens, bool reserves, int64_t now_s)
{
	struct budget_question q = { .reserves = reserves, .has_tokens = input_tokens > 0, .input_tokens = input_tokens };
	struct budget_answer answer;

	q.labels[BUDGET_BY_FEATURE] = SLICE("assistant");
	q.labels[BUDGET_BY_USER] = slice_of(user);
	q.labels[BUDGET_BY_MODEL] = SLICE("gpt-4o");
	budgets_decide(b, &q, now_s, &answer);
	return answer;
}

static int set_up(void **state)
{
	(void)state;
	for (size_t i = 0; i < pair_count; i++)
		free(pairs[i].value);
	forget_reports();
	pair_count = flushes = writes = acknowledged = 0;
	disk_is_full = false;
	return 0;
}

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

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_user_has_a_budget_and_sums_are_exact),
		TEST(a_call_counts_only_for_budgets_that_it_fits),
		TEST(an_unpriced_call_is_unknown_and_not_free),
		TEST(a_late_call_goes_to_its_own_period),
		TEST(days_are_those_of_the_zone),
		TEST(further_groups_share_one_and_are_counted),
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
		TEST(thresholds_are_told_once_and_end_with_the_period),
		TEST(a_forecast_above_the_limit_is_told),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	set_up(NULL);
	config_free(config);
	return failed;
}
