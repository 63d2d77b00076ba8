/* SPDX-License-Identifier: Apache-2.0
 * Where a span says one thing twice, or says what cannot be: what holds, whatever the order.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/dialects_vocabulary_rig.h"

#define CHAT { "gen_ai.operation.name", "chat" }
#define START UINT64_C(1000000000)

static void assert_prompt(const struct pair *pairs, const char *want)
{
	char prompt[64];
	struct call c;

	assert_true(read_span("", "", pairs, &c));
	assert_text(call_prompt(&c, prompt, sizeof(prompt)), want);
}

static void the_first_of_several_linked_prompts_holds(void **state)
{
	static const struct pair listed[] = {
		{ "mlflow.spanType", "\"LLM\"" },
		{ "mlflow.linkedPrompts", "[{\"name\":\"a\",\"version\":\"1\"},{\"name\":\"b\",\"version\":\"2\"}]" },
		{ 0 },
	};

	(void)state;
	assert_prompt(listed, "a@1");
}

static void what_langfuse_puts_into_baggage_is_known_on_a_span(void **state)
{
	static const struct pair pairs[] = {
		CHAT,
		{ "langfuse_prompt_name", "support" },
		{ "langfuse_prompt_version", "3" },
		{ "langfuse_session_id", "s" },
		{ "langfuse_user_id", "u" },
		{ "langfuse_trace_name", "checkout" },
		{ 0 },
	};
	struct call c;

	(void)state;
	assert_prompt(pairs, "support@3");
	assert_true(read_span("", "", pairs, &c));
	assert_text(c.session_id, "s");
	assert_text(c.user_id, "u");
	assert_text(c.feature, "checkout");
}

static void assert_reported(const struct pair *pairs, int64_t want_pusd)
{
	struct call c;

	assert_true(read_span("", "", pairs, &c));
	assert_true(c.reported_cost.known);
	assert_int_equal(c.reported_cost.pusd, want_pusd);
}

static void a_cost_of_nothing_hides_no_other(void **state)
{
	static const struct pair first[] = { CHAT, { "litellm.cost.total", "0" }, { "gen_ai.usage.cost", "0.01" }, { 0 } };
	static const struct pair last[] = { CHAT, { "gen_ai.usage.cost", "0.01" }, { "litellm.cost.total", "0" }, { 0 } };

	(void)state;
	assert_reported(first, INT64_C(10000000000));
	assert_reported(last, INT64_C(10000000000));
}

static void a_first_token_after_no_time_hides_no_other(void **state)
{
	static const struct pair pairs[] = {
		CHAT,
		{ "gen_ai.response.time_to_first_chunk", "0" },
		{ "ai.response.msToFirstChunk", "0.002" },
		{ 0 },
	};
	struct call c;

	(void)state;
	assert_true(read_span("", "", pairs, &c));
	assert_int_equal(c.ttft_ns, 2000);
}

static void assert_input(const struct pair *pairs, uint64_t want)
{
	struct call c;

	assert_true(read_span("my-own-tracer", "", pairs, &c));
	assert_int_equal(tokens_get(&c.tokens, TOKENS_INPUT), want);
}

#define AI_SDK                                                     \
	{ "ai.operationId", "ai.generateText.doGenerate" },        \
	{ "ai.model.provider", "anthropic.messages" },             \
	{ "ai.model.id", "claude-sonnet-4-5" },                    \
	{ "ai.usage.inputTokens", "400" },                         \
	{ "ai.usage.outputTokens", "20" }

static void the_ai_sdk_is_known_by_its_counts_under_any_tracers_name(void **state)
{
	static const struct pair pairs[] = { AI_SDK, { "ai.usage.cachedInputTokens", "300" }, { 0 } };

	(void)state;
	assert_input(pairs, 700);
}

static void any_detail_of_the_ai_sdks_input_says_that_it_includes_the_cache(void **state)
{
	static const struct pair read[] = { AI_SDK, { "ai.usage.inputTokenDetails.cacheReadTokens", "300" }, { 0 } };
	static const struct pair written[] = { AI_SDK, { "ai.usage.inputTokenDetails.cacheWriteTokens", "300" }, { 0 } };

	(void)state;
	assert_input(read, 400);
	assert_input(written, 400);
}

static void a_count_that_no_call_can_have_is_none(void **state)
{
	static const struct pair pairs[] = {
		CHAT,
		{ "gen_ai.usage.input_tokens", "5" },
		{ "gen_ai.usage.cache_read.input_tokens", "9223372036854775807" },
		{ "gen_ai.usage.cache_write.input_tokens", "9223372036854775807.0" },
		{ "gen_ai.usage.output_tokens", "1000000000001" },
		{ 0 },
	};
	struct call c;

	(void)state;
	assert_true(read_span("", "", pairs, &c));
	assert_int_equal(c.tokens.known, 1u << TOKENS_INPUT);
	assert_int_equal(tokens_get(&c.tokens, TOKENS_INPUT), 5);
}

static void assert_role(const char *key, const char *value, const char *other_key, const char *other, enum call_role want)
{
	const struct pair forth[] = { { key, value }, { other_key, other }, { 0 } };
	const struct pair back[] = { { other_key, other }, { key, value }, { 0 } };
	struct call c;

	assert_true(read_span("", "", forth, &c));
	assert_int_equal(c.role, want);
	assert_true(read_span("", "", back, &c));
	assert_int_equal(c.role, want);
}

static void the_more_telling_kind_holds_whatever_the_order(void **state)
{
	(void)state;
	assert_role("langfuse.observation.type", "generation", "gen_ai.operation.name", "embeddings", ROLE_EMBEDDING);
	assert_role("openinference.span.kind", "RERANKER", "llm.request.type", "chat", ROLE_RERANK);
	assert_role("openinference.span.kind", "RETRIEVER", "traceloop.span.kind", "task", ROLE_RETRIEVAL);
	assert_role("openinference.span.kind", "AGENT", "traceloop.span.kind", "workflow", ROLE_AGENT);
	assert_role("langfuse.observation.type", "evaluator", "traceloop.span.kind", "agent", ROLE_EVALUATOR);
}

/* ------------------------------------------------------------------ times, status, events */

static void read_ended(const struct pair *pairs, uint64_t end_unix_ns, uint32_t status_code, struct call *out)
{
	static struct attribute attributes[ATTRIBUTES_MAX], told[2];
	static const struct pair exception[] = {
		{ "exception.type", "openai.RateLimitError" }, { "exception.message", "Error code: 429" }, { 0 } };
	struct event_view event = { .name = SLICE("exception"), .attributes = attributes_of(told, exception) };
	struct scope_view scope = { 0 };
	struct resource_view resource = { .sequence = 1 };
	struct span_view span = {
		.trace_id = SLICE("0123456789abcdef"), .span_id = SLICE("01234567"), .start_unix_ns = START,
		.end_unix_ns = end_unix_ns, .status_code = status_code, .events = &event, .event_count = 1,
		.scope = &scope, .resource = &resource,
	};

	span.attributes = attributes_of(attributes, pairs);
	assert_true(dialect_read(reader, &span, out));
}

static void a_span_without_an_end_is_of_the_time_of_its_start(void **state)
{
	static const struct pair pairs[] = { CHAT, { 0 } };
	struct call c;

	(void)state;
	read_ended(pairs, 0, 0, &c);
	assert_int_equal(c.end_unix_ns, START);
	read_ended(pairs, START - 1, 0, &c);
	assert_int_equal(c.end_unix_ns, START - 1);
}

/* A client that tried again, say: what was caught is told by an event too. */
static void an_exception_fails_the_call_where_nothing_says_that_it_was_caught(void **state)
{
	static const struct pair answered[] = { CHAT, { "gen_ai.usage.output_tokens", "7" }, { 0 } }, silent[] = { CHAT, { 0 } };
	struct call c;

	(void)state;
	read_ended(answered, START + 5, 2, &c);
	assert_text(c.error_type, "openai.RateLimitError");
	read_ended(silent, START + 5, 0, &c);
	assert_text(c.error_type, "openai.RateLimitError");
	assert_text(c.error_message, "Error code: 429");
	read_ended(silent, START + 5, 1, &c);
	assert_text(c.error_type, "openai.RateLimitError");
	read_ended(answered, START + 5, 1, &c);
	assert_text(c.error_type, NULL);
	assert_text(c.error_message, NULL);
	read_ended(answered, START + 5, 0, &c);
	assert_text(c.error_type, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_of_several_linked_prompts_holds),
		cmocka_unit_test(what_langfuse_puts_into_baggage_is_known_on_a_span),
		cmocka_unit_test(a_cost_of_nothing_hides_no_other),
		cmocka_unit_test(a_first_token_after_no_time_hides_no_other),
		cmocka_unit_test(the_ai_sdk_is_known_by_its_counts_under_any_tracers_name),
		cmocka_unit_test(any_detail_of_the_ai_sdks_input_says_that_it_includes_the_cache),
		cmocka_unit_test(a_count_that_no_call_can_have_is_none),
		cmocka_unit_test(the_more_telling_kind_holds_whatever_the_order),
		cmocka_unit_test(a_span_without_an_end_is_of_the_time_of_its_start),
		cmocka_unit_test(an_exception_fails_the_call_where_nothing_says_that_it_was_caught),
	};

	return cmocka_run_group_tests_name("dialects/choice", tests, set_up, tear_down);
}
