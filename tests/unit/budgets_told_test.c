/* SPDX-License-Identifier: Apache-2.0
 * Who is told of a budget, once: of thresholds and forecasts, of money, tokens and calls, and of a single call.
 */
#include "tests/unit/budgets_rig.h"

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
	struct budgets *b = opened("day/tokens: {limit_tokens: 3000, soft: [100]}, "
				   "day/calls: {limit_requests: 24, soft: [100]}");

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
		TEST(thresholds_are_told_once_and_end_with_the_period),
		TEST(a_forecast_above_the_limit_is_told),
		TEST(a_single_call_above_its_limit_is_told_once_an_hour),
		TEST(tokens_and_calls_have_forecasts_too),
	};

	return run(tests, sizeof(tests) / sizeof(tests[0]));
}
