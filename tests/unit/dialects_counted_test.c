/* SPDX-License-Identifier: Apache-2.0
 * Which span is a call and counts, in whose words; which is one of an evaluation, and which cost is none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/dialects_vocabulary_rig.h"

static void plain_words_mean_nothing_outside_their_own_scope(void **state)
{
	static const struct pair words[] = {
		{ "model", "gpt-4o" }, { "input_tokens", "10" }, { "output_tokens", "2" }, { 0 },
	};
	struct call c;

	(void)state;
	assert_false(read_span("my.app", "work", words, &c));
}

static void a_pending_span_is_no_call_and_says_why(void **state)
{
	static const struct pair pending[] = {
		{ "gen_ai.operation.name", "chat" }, { "logfire.span_type", "pending_span" }, { 0 },
	};
	struct call c;

	(void)state;
	assert_false(read_span("logfire.openai", "chat", pending, &c));
	assert_non_null(c.not_counted);
}

static void a_stream_that_opens_is_counted_when_it_has_ended(void **state)
{
	static const struct pair opens[] = {
		{ "gen_ai.operation.name", "chat" }, { "gen_ai.request.model", "gpt-4o" }, { 0 },
	};
	static const struct pair ends[] = {
		{ "gen_ai.operation.name", "chat" }, { "gen_ai.request.model", "gpt-4o" },
		{ "gen_ai.usage.input_tokens", "4" }, { "duration", "0.000000003" }, { 0 },
	};
	struct call c;

	(void)state;
	assert_true(read_span("logfire.openai", "chat", opens, &c));
	assert_false(c.counted);
	assert_true(read_span("logfire.openai", "streaming response", ends, &c));
	assert_true(c.counted);
}

static void evaluation_runs_are_marked(void **state)
{
	static const struct pair run[] = {
		{ "gen_ai.operation.name", "chat" }, { "promptfoo.test.index", "3" }, { 0 },
	};
	struct call c;

	(void)state;
	assert_true(read_span("promptfoo.providers", "chat", run, &c));
	assert_true(c.is_evaluation_traffic);
}

static void a_reported_cost_of_nothing_is_no_cost(void **state)
{
	static const struct pair free_of_charge[] = {
		{ "gen_ai.operation.name", "chat" }, { "gen_ai.usage.cost", "0" }, { 0 },
	};
	struct call c;

	(void)state;
	assert_true(read_span("openlit", "chat", free_of_charge, &c));
	assert_false(c.reported_cost.known);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_words_mean_nothing_outside_their_own_scope),
		cmocka_unit_test(a_pending_span_is_no_call_and_says_why),
		cmocka_unit_test(a_stream_that_opens_is_counted_when_it_has_ended),
		cmocka_unit_test(evaluation_runs_are_marked),
		cmocka_unit_test(a_reported_cost_of_nothing_is_no_cost),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
