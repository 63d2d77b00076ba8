/* SPDX-License-Identifier: Apache-2.0
 * One span of every gateway between clients and models, as it writes it, becomes the call that was made.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/dialects_vocabulary_rig.h"

static const struct vocabulary vocabularies[] = {
	{
		.name = "Bifrost's first versions, a chat: details in a namespace of their own",
		.scope = "bifrost",
		.span_name = "llm.call",
		.attributes = { { "gen_ai.provider.name", "openai" },
				{ "gen_ai.request.model", "gpt-4o" },
				{ "gen_ai.response.model", "gpt-4o-2024-08-06" },
				{ "gen_ai.response.finish_reason", "stop" },
				{ "gen_ai.usage.prompt_tokens", "2000" },
				{ "gen_ai.usage.completion_tokens", "300" },
				{ "gen_ai.usage.total_tokens", "2300" },
				{ "gen_ai.usage.prompt_token_details.cached_read_tokens", "1536" },
				{ "gen_ai.usage.completion_token_details.reasoning_tokens", "200" } },
		.dialect = "gateway", .role = ROLE_LLM, .counted = true, .provider = "openai",
		.model = "gpt-4o-2024-08-06", .input = 2000, .output = 300, .cache_read = 1536, .reasoning = 200,
		.producer = PRODUCER_PROXY,
	},
	{
		.name = "the same, of the responses API",
		.scope = "models of the shop",
		.attributes = { { "gen_ai.provider.name", "openai" },
				{ "gen_ai.request.model", "gpt-4o" },
				{ "gen_ai.usage.input_tokens", "2000" },
				{ "gen_ai.usage.output_tokens", "300" },
				{ "gen_ai.usage.input_token_details.cached_read_tokens", "1536" },
				{ "gen_ai.usage.output_token_details.reasoning_tokens", "200" } },
		.dialect = "gateway", .role = ROLE_LLM, .counted = true, .provider = "openai", .model = "gpt-4o",
		.input = 2000, .output = 300, .cache_read = 1536, .reasoning = 200,
	},
	{
		.name = "Cloudflare's, with its own name of the provider",
		.scope = "ai-gateway",
		.attributes = { { "gen_ai.request.model", "gemini-2.5-flash" },
				{ "gen_ai.model.provider", "google-ai-studio" },
				{ "gen_ai.usage.input_tokens", "12" },
				{ "gen_ai.usage.output_tokens", "7" },
				{ "gen_ai.prompt_json", "[{\"role\":\"user\",\"content\":\"hi\"}]" } },
		.dialect = "gateway", .role = ROLE_LLM, .counted = true, .provider = "gcp.gemini",
		.model = "gemini-2.5-flash", .input = 12, .output = 7,
	},
	{
		.name = "Cloudflare's, a model that it runs itself",
		.scope = "ai-gateway",
		.attributes = { { "gen_ai.request.model", "@cf/meta/llama-3.1-8b-instruct" },
				{ "gen_ai.model.provider", "workers-ai" },
				{ "gen_ai.usage.input_tokens", "12" },
				{ "gen_ai.usage.output_tokens", "7" } },
		.dialect = "gateway", .role = ROLE_LLM, .counted = true, .provider = "cloudflare",
		.model = "@cf/meta/llama-3.1-8b-instruct", .input = 12, .output = 7,
	},
	{
		.name = "Vercel's",
		.scope = "ai-gateway",
		.attributes = { { "gen_ai.operation.name", "chat" },
				{ "gen_ai.provider.name", "aws.bedrock" },
				{ "gen_ai.request.model", "anthropic/claude-sonnet-4" },
				{ "gen_ai.response.time_to_first_chunk", "0.000002" },
				{ "gen_ai.request.stream", "true" },
				{ "gen_ai.usage.input_tokens", "3000" },
				{ "gen_ai.usage.output_tokens", "60" },
				{ "gen_ai.usage.cache_read.input_tokens", "2048" },
				{ "vercel.ai_gateway.provider", "bedrock" } },
		.dialect = "gateway", .role = ROLE_LLM, .counted = true, .provider = "aws.bedrock",
		.model = "anthropic/claude-sonnet-4", .input = 3000, .output = 60, .cache_read = 2048, .ttft_ms = 0.002,
	},
};

static void every_vocabulary_of_a_gateway_becomes_the_call_it_tells_of(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(vocabularies) / sizeof(vocabularies[0]); i++)
		assert_reads_as_told(&vocabularies[i]);
}

static void what_vercels_gateway_charged_is_told_with_whom_it_served(void **state)
{
	static const struct pair served[] = {
		{ "gen_ai.operation.name", "chat" },
		{ "gen_ai.request.model", "anthropic/claude-sonnet-4" },
		{ "gen_ai.usage.input_tokens", "3000" },
		{ "vercel.ai_gateway.cost.total", "0.0123" },
		{ "vercel.ai_gateway.cost.market", "0.02" },
		{ "vercel.ai_gateway.request.id", "r1" },
		{ "vercel.ai_gateway.user.id", "u2" },
		{ "vercel.ai_gateway.service_tier", "priority" },
		{ 0 },
	};
	struct call c;

	(void)state;
	assert_true(read_span("ai-gateway", "chat", served, &c));
	assert_true(c.reported_cost.known);
	assert_int_equal(c.reported_cost.pusd, 12300000000);
	assert_text(c.request_id, "r1");
	assert_text(c.user_id, "u2");
	assert_text(c.service_tier, "priority");
}

/* The request stands around it, its attempts below; none of them is a call of its own. */
static void an_attempt_of_vercels_gateway_is_no_second_call(void **state)
{
	static const struct pair attempt[] = {
		{ "gen_ai.provider.name", "aws.bedrock" },
		{ "gen_ai.request.model", "anthropic/claude-sonnet-4" },
		{ "http.response.status_code", "429" },
		{ "vercel.ai_gateway.attempt.number", "1" },
		{ 0 },
	};
	struct call c;

	(void)state;
	assert_false(read_span("ai-gateway", "attempt", attempt, &c));
}

static void what_failed_behind_bifrost_says_why(void **state)
{
	static const struct pair failed[] = {
		{ "gen_ai.operation.name", "chat" },
		{ "gen_ai.provider.name", "openai" },
		{ "gen_ai.request.model", "gpt-4o" },
		{ "gen_ai.error", "Rate limit reached for gpt-4o" },
		{ "gen_ai.error.type", "tokens" },
		{ "bifrost.request.id", "r2" },
		{ "bifrost.user.id", "u3" },
		{ 0 },
	};
	struct call c;

	(void)state;
	assert_true(read_span("bifrost", "chat gpt-4o", failed, &c));
	assert_true(c.counted);
	assert_text(c.error_type, "tokens");
	assert_text(c.error_message, "Rate limit reached for gpt-4o");
	assert_text(c.request_id, "r2");
	assert_text(c.user_id, "u3");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_vocabulary_of_a_gateway_becomes_the_call_it_tells_of),
		cmocka_unit_test(what_vercels_gateway_charged_is_told_with_whom_it_served),
		cmocka_unit_test(an_attempt_of_vercels_gateway_is_no_second_call),
		cmocka_unit_test(what_failed_behind_bifrost_says_why),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
