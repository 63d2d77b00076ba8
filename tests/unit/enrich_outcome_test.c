/* SPDX-License-Identifier: Apache-2.0
 * How a call ended, in one word; and what follows from its times and counts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agent/enrich/enrich.h"

static struct call llm(uint32_t finish)
{
	struct call c = { .role = ROLE_LLM, .counted = true, .finish = finish };

	tokens_set(&c.tokens, TOKENS_INPUT, 100);
	tokens_set(&c.tokens, TOKENS_OUTPUT, 11);
	return c;
}

static void failures_are_told_apart(void **state)
{
	static const struct {
		const char *error_type, *message;
		uint32_t http_status;
		enum outcome want;
	} cases[] = {
		{ "RateLimitError", "", 0, OUTCOME_RATE_LIMITED },
		{ "openai.RateLimitError", "", 0, OUTCOME_RATE_LIMITED },
		{ "429", "", 0, OUTCOME_RATE_LIMITED },
		{ "", "", 429, OUTCOME_RATE_LIMITED },
		{ "", "Error code: 429 - slow down", 0, OUTCOME_RATE_LIMITED },
		{ "", "429 Too many requests", 0, OUTCOME_RATE_LIMITED },
		{ "", "Error: 429 status code (no body)", 0, OUTCOME_RATE_LIMITED },
		{ "azure.core.exceptions.HttpResponseError", "(429) slow down\nCode: 429\nMessage: slow down", 0,
		  OUTCOME_RATE_LIMITED },
		{ "", "ModelHTTPError: status_code: 429, model_name: gpt-4o", 0, OUTCOME_RATE_LIMITED },
		{ "AxiosError", "Request failed with status code 429", 0, OUTCOME_RATE_LIMITED },
		{ "", "HTTP 429: slow down", 0, OUTCOME_RATE_LIMITED },
		{ "", "upstream said HTTP status: 504", 0, OUTCOME_TIMEOUT },
		{ "AI_APICallError", "Too Many Requests", 0, OUTCOME_RATE_LIMITED },
		{ "AI_APICallError", "Too many requests, please wait before trying again.", 0, OUTCOME_RATE_LIMITED },
		{ "AI_APICallError", "Too many tokens, please wait before trying again.", 0, OUTCOME_RATE_LIMITED },
		{ "AI_APICallError", "You exceeded your current quota, please check your plan.", 0, OUTCOME_RATE_LIMITED },
		{ "AI_APICallError", "Resource exhausted. Please try again later.", 0, OUTCOME_RATE_LIMITED },
		{ "AI_APICallError", "Resource has been exhausted (e.g. check quota).", 0, OUTCOME_RATE_LIMITED },
		{ "AI_APICallError", "Quota exceeded for generate_content_requests_per_minute", 0, OUTCOME_RATE_LIMITED },
		{ "AI_APICallError", "Too many tokens in the prompt", 0, OUTCOME_ERROR },
		{ "", "the prompt has 4290 tokens too many", 0, OUTCOME_ERROR },
		{ "", "order 42914 failed, status code 4", 0, OUTCOME_ERROR },
		{ "APITimeoutError", "", 0, OUTCOME_TIMEOUT },
		{ "", "Request timed out.", 0, OUTCOME_TIMEOUT },
		{ "504", "", 0, OUTCOME_TIMEOUT },
		{ "BadRequestError", "Error code: 400 - content_filter", 400, OUTCOME_CONTENT_FILTER },
		{ "InternalServerError", "Error code: 500", 500, OUTCOME_ERROR },
		{ "KeyError", "", 0, OUTCOME_ERROR },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct call c = { .role = ROLE_LLM, .status_error = true };
		c.error_type = slice_of(cases[i].error_type);
		c.http_status = cases[i].http_status;
		assert_int_equal(outcome_of(&c, slice_of(cases[i].message)), cases[i].want);
	}
}

static void finish_reasons_become_outcomes(void **state)
{
	static const struct {
		uint32_t finish;
		enum outcome want;
	} cases[] = {
		{ FINISH_STOP, OUTCOME_OK },
		{ 0, OUTCOME_OK },
		{ FINISH_TOOL_CALL, OUTCOME_OK },
		{ FINISH_LENGTH, OUTCOME_TRUNCATED },
		{ FINISH_REFUSAL, OUTCOME_REFUSAL },
		{ FINISH_CONTENT_FILTER, OUTCOME_CONTENT_FILTER },
		{ FINISH_STOP | FINISH_CONTENT_FILTER, OUTCOME_CONTENT_FILTER },
		{ FINISH_ERROR, OUTCOME_ERROR },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct call c = llm(cases[i].finish);
		assert_int_equal(outcome_of(&c, SLICE_NONE), cases[i].want);
	}
}

static void an_answer_without_a_token_is_empty_but_an_unknown_count_is_not(void **state)
{
	struct call c = llm(FINISH_STOP);

	(void)state;
	c.tokens.n[TOKENS_OUTPUT] = 0;
	assert_int_equal(outcome_of(&c, SLICE_NONE), OUTCOME_EMPTY);
	c.tokens.known = 0;
	assert_int_equal(outcome_of(&c, SLICE_NONE), OUTCOME_OK);
	c.answer_is_empty = TRI_YES;
	assert_int_equal(outcome_of(&c, SLICE_NONE), OUTCOME_EMPTY);
	c.finish = FINISH_TOOL_CALL;
	assert_int_equal(outcome_of(&c, SLICE_NONE), OUTCOME_OK);
	c.role = ROLE_EMBEDDING;
	c.finish = FINISH_STOP;
	assert_int_equal(outcome_of(&c, SLICE_NONE), OUTCOME_OK);
}

static void rates_and_classes_follow_from_times_and_counts(void **state)
{
	struct call c = llm(FINISH_STOP);

	(void)state;
	c.start_unix_ns = 1000000000;
	c.end_unix_ns = 2200000000;
	c.ttft_ns = 200000000;
	enrich_call(&c, SLICE_NONE);
	assert_int_equal(c.latency_ns, 1200000000);
	/* 10 in the second after the first */
	assert_true(c.output_tokens_per_second > 9.99 && c.output_tokens_per_second < 10.01);
	assert_int_equal(c.streaming, TRI_YES);
	assert_int_equal(c.context, CONTEXT_1K);
}

static void a_first_token_outside_the_span_is_unknown(void **state)
{
	struct call c = llm(FINISH_STOP);

	(void)state;
	c.start_unix_ns = 1000;
	c.end_unix_ns = 2000;
	c.ttft_ns = 1001;
	enrich_call(&c, SLICE_NONE);
	assert_int_equal(c.ttft_ns, 0);
	assert_int_equal(c.streaming, TRI_UNKNOWN);
}

static void a_span_that_ends_before_it_starts_has_no_latency(void **state)
{
	struct call c = llm(FINISH_STOP);

	(void)state;
	c.start_unix_ns = 2000;
	c.end_unix_ns = 1000;
	enrich_call(&c, SLICE_NONE);
	assert_int_equal(c.latency_ns, 0);
	assert_true(c.output_tokens_per_second == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(failures_are_told_apart),
		cmocka_unit_test(finish_reasons_become_outcomes),
		cmocka_unit_test(an_answer_without_a_token_is_empty_but_an_unknown_count_is_not),
		cmocka_unit_test(rates_and_classes_follow_from_times_and_counts),
		cmocka_unit_test(a_first_token_outside_the_span_is_unknown),
		cmocka_unit_test(a_span_that_ends_before_it_starts_has_no_latency),
	};
	return cmocka_run_group_tests_name("enrich/outcome", tests, NULL, NULL);
}
