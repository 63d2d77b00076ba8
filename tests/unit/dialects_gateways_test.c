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
		.name = "agentgateway's",
		.scope = "agentgateway",
		.span_name = "POST /v1/*",
		.attributes = { { "http.status", "200" },
				{ "protocol", "llm" },
				{ "gen_ai.operation.name", "chat" },
				{ "gen_ai.provider.name", "openai" },
				{ "gen_ai.request.model", "gpt-4o" },
				{ "gen_ai.response.model", "gpt-4o-2024-08-06" },
				{ "gen_ai.usage.input_tokens", "500" },
				{ "gen_ai.usage.output_tokens", "40" } },
		.dialect = "gateway", .role = ROLE_LLM, .counted = true, .provider = "openai",
		.model = "gpt-4o-2024-08-06", .input = 500, .output = 40, .producer = PRODUCER_PROXY,
	},
	{
		.name = "Traceloop's Hub, an embedding",
		.scope = "traceloop_hub",
		.span_name = "vectors",
		.attributes = { { "gen_ai.system", "OpenAI" },
				{ "llm.request.type", "embeddings" },
				{ "gen_ai.request.model", "vectors-of-the-shop" },
				{ "gen_ai.usage.prompt_tokens", "700" },
				{ "gen_ai.usage.total_tokens", "700" } },
		.dialect = "openllmetry", .role = ROLE_EMBEDDING, .counted = true, .provider = "openai",
		.model = "vectors-of-the-shop", .input = 700, .producer = PRODUCER_PROXY,
	},
	{
		.name = "TrueFoundry's, a model that was tried; the name before its model is the account's",
		.scope = "tfy-llm-gateway",
		.span_name = "Model: openai-main/gpt-4o",
		.attributes = { { "tfy.span_type", "Model" },
				{ "tfy.model.request_type", "ChatCompletion" },
				{ "tfy.model.name", "openai-main/gpt-4o" },
				{ "tfy.model.request_url", "https://api.openai.com/v1/chat/completions" },
				{ "tfy.model.streaming", "true" },
				{ "tfy.model.metric.time_to_first_token_in_ms", "0.002" },
				{ "tfy.model.metric.input_tokens", "2000" },
				{ "tfy.model.metric.output_tokens", "300" },
				{ "tfy.model.metric.cache_read_input_tokens", "1536" },
				{ "tfy.request.conversation_id", "s1" } },
		.dialect = "truefoundry", .role = ROLE_LLM, .counted = true, .provider = "openai", .model = "gpt-4o",
		.session = "s1", .input = 2000, .output = 300, .cache_read = 1536, .ttft_ms = 0.002,
		.producer = PRODUCER_PROXY,
	},
	{
		.name = "TrueFoundry's request around it",
		.scope = "tfy-llm-gateway",
		.span_name = "ChatCompletion: shop/any",
		.attributes = { { "tfy.span_type", "ChatCompletion" },
				{ "tfy.model.request_type", "ChatCompletion" },
				{ "tfy.model.name", "openai-main/gpt-4o" },
				{ "tfy.request.conversation_id", "s1" } },
		.dialect = "truefoundry", .role = ROLE_CHAIN, .counted = false, .model = "gpt-4o", .provider = "openai",
		.session = "s1", .producer = PRODUCER_PROXY,
	},
	{
		.name = "TrueFoundry's, vectors of a Bedrock account",
		.scope = "tfy-llm-gateway",
		.attributes = { { "tfy.span_type", "Model" },
				{ "tfy.model.request_type", "Embedding" },
				{ "tfy.model.name", "aws/amazon.titan-embed-text-v2:0" },
				{ "tfy.model.request_url", "https://bedrock-runtime.us-east-1.amazonaws.com/model" },
				{ "tfy.model.metric.input_tokens", "700" } },
		.dialect = "truefoundry", .role = ROLE_EMBEDDING, .counted = true, .provider = "aws.bedrock",
		.model = "amazon.titan-embed-text-v2:0", .input = 700, .producer = PRODUCER_PROXY,
	},
	{
		.name = "OpenRouter's, a model of Anthropic's that Bedrock ran: counts include the cache, OpenRouter is paid",
		.scope = "openrouter",
		.span_name = "LLM Generation",
		.attributes = { { "gen_ai.operation.name", "chat" },
				{ "gen_ai.provider.name", "anthropic" },
				{ "gen_ai.request.model", "anthropic/claude-sonnet-4" },
				{ "gen_ai.response.model", "anthropic/claude-sonnet-4" },
				{ "gen_ai.usage.input_tokens", "2000" },
				{ "gen_ai.usage.output_tokens", "300" },
				{ "gen_ai.usage.input_tokens.cached", "1536" },
				{ "gen_ai.usage.output_tokens.reasoning", "200" },
				{ "trace.metadata.openrouter.source", "openrouter" },
				{ "trace.metadata.openrouter.provider_name", "Amazon Bedrock" },
				{ "trace.metadata.openrouter.first_token_ms", "0.002" },
				{ "gen_ai.completion", "{\"completion\":\"yes\",\"rawRequest\":{\"stream\":true}}" },
				{ "session.id", "s1" } },
		.dialect = "openrouter", .role = ROLE_LLM, .counted = true, .provider = "openrouter",
		.model = "anthropic/claude-sonnet-4", .session = "s1", .input = 2000, .output = 300, .cache_read = 1536,
		.reasoning = 200, .ttft_ms = 0.002, .producer = PRODUCER_PROXY,
	},
	{
		.name = "the same, which asked for no stream",
		.scope = "openrouter",
		.span_name = "LLM Generation",
		.attributes = { { "gen_ai.operation.name", "chat" },
				{ "gen_ai.provider.name", "z-ai" },
				{ "gen_ai.request.model", "z-ai/glm-4.6" },
				{ "gen_ai.usage.input_tokens", "20" },
				{ "gen_ai.usage.output_tokens", "3" },
				{ "trace.metadata.openrouter.source", "openrouter" },
				{ "trace.metadata.openrouter.first_token_ms", "0.002" },
				{ "gen_ai.completion", "{\"completion\":\"yes\",\"rawRequest\":{\"model\":\"z-ai/glm-4.6\"}}" } },
		.dialect = "openrouter", .role = ROLE_LLM, .counted = true, .provider = "openrouter", .model = "z-ai/glm-4.6",
		.input = 20, .output = 3, .producer = PRODUCER_PROXY,
	},
	{
		.name = "Higress', which had another model answer than was asked for",
		.scope = "",
		.span_name = "ai-route",
		.attributes = { { "gen_ai.span.kind", "LLM" },
				{ "gen_ai.request.model", "gpt-4o" },
				{ "gen_ai.model_name", "qwen-max" },
				{ "gen_ai.usage.input_tokens", "500" },
				{ "gen_ai.usage.output_tokens", "40" },
				{ "http.status_code", "200" } },
		.dialect = "loongsuite", .role = ROLE_LLM, .counted = true, .model = "qwen-max",
		.input = 500, .output = 40,
	},
	{
		.name = "who writes cached_tokens is no vLLM for that",
		.scope = "rig",
		.attributes = { { "gen_ai.operation.name", "chat" },
				{ "gen_ai.provider.name", "openai" },
				{ "gen_ai.request.model", "gpt-4o" },
				{ "gen_ai.usage.input_tokens", "2000" },
				{ "gen_ai.usage.output_tokens", "300" },
				{ "gen_ai.usage.cached_tokens", "1536" } },
		.dialect = "otel-genai", .role = ROLE_LLM, .counted = true, .provider = "openai", .model = "gpt-4o",
		.input = 2000, .output = 300, .cache_read = 1536,
	},
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

static void what_openrouter_charged_and_was_asked_is_told(void **state)
{
	static const struct pair served[] = {
		{ "gen_ai.operation.name", "chat" },
		{ "gen_ai.request.model", "openai/gpt-4o-mini" },
		{ "gen_ai.usage.input_tokens", "20" },
		{ "gen_ai.usage.total_cost", "0.0003" },
		{ "trace.metadata.openrouter.source", "openrouter" },
		{ "gen_ai.completion", "{\"rawRequest\":{\"stream\":false,\"temperature\":0.25}}" },
		{ 0 },
	};
	struct call c;

	(void)state;
	assert_true(read_span("openrouter", "LLM Generation", served, &c));
	assert_true(c.reported_cost.known);
	assert_int_equal(c.reported_cost.pusd, 300000000);
	assert_int_equal(c.streaming, TRI_NO);
	assert_true(c.temperature > 0.24 && c.temperature < 0.26);
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

/* Its spans have no status, whatever was answered: the number alone tells. */
static void what_failed_behind_agentgateway_is_told_by_its_number(void **state)
{
	static const struct pair failed[] = {
		{ "http.status", "429" },
		{ "retry.attempt", "2" },
		{ "gen_ai.operation.name", "chat" },
		{ "gen_ai.provider.name", "openai" },
		{ "gen_ai.request.model", "gpt-4o" },
		{ 0 },
	};
	struct call c;

	(void)state;
	assert_true(read_span("agentgateway", "POST /v1/*", failed, &c));
	assert_true(c.counted);
	assert_int_equal(c.http_status, 429);
	assert_int_equal(c.retries, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_vocabulary_of_a_gateway_becomes_the_call_it_tells_of),
		cmocka_unit_test(what_vercels_gateway_charged_is_told_with_whom_it_served),
		cmocka_unit_test(what_openrouter_charged_and_was_asked_is_told),
		cmocka_unit_test(an_attempt_of_vercels_gateway_is_no_second_call),
		cmocka_unit_test(what_failed_behind_bifrost_says_why),
		cmocka_unit_test(what_failed_behind_agentgateway_is_told_by_its_number),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
