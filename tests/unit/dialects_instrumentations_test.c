/* SPDX-License-Identifier: Apache-2.0
 * One span of every instrumentation of a vendor's client, as it writes it, becomes the call that was made.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/dialects_vocabulary_rig.h"

static const struct vocabulary vocabularies[] = {
	{ /* open-telemetry/semantic-conventions#2094, PR #3163: cached tokens are a part of the input */
		.name = "The conventions since 1.40: input includes what came from the cache",
		.scope = "opentelemetry.instrumentation.genai.openai",
		.attributes = { { "gen_ai.operation.name", "chat" },
				{ "gen_ai.provider.name", "openai" },
				{ "gen_ai.request.model", "gpt-4o" },
				{ "gen_ai.usage.input_tokens", "2000" },
				{ "gen_ai.usage.output_tokens", "30" },
				{ "gen_ai.usage.cache_read.input_tokens", "900" },
				{ "gen_ai.usage.cache_creation.input_tokens", "100" } },
		.dialect = "otel-genai", .role = ROLE_LLM, .counted = true, .provider = "openai", .model = "gpt-4o",
		.input = 2000, .output = 30, .cache_read = 900, .producer = PRODUCER_INSTRUMENTATION,
	},
	{
		.name = "Traceloop's SDK in Go, with the first names of all; its scope is the program",
		.scope = "/usr/local/bin/shop",
		.span_name = "openai.chat",
		.attributes = { { "llm.vendor", "OpenAI" },
				{ "llm.request.type", "chat" },
				{ "llm.request.model", "gpt-4o" },
				{ "llm.response.model", "gpt-4o-2024-08-06" },
				{ "llm.usage.prompt_tokens", "500" },
				{ "llm.usage.completion_tokens", "40" },
				{ "llm.usage.total_tokens", "540" },
				{ "llm.prompts.0.role", "system" },
				{ "llm.prompts.0.content", "You are a shop." },
				{ "llm.completions.0.content", "Good morning." } },
		.dialect = "openllmetry", .role = ROLE_LLM, .counted = true, .provider = "openai",
		.model = "gpt-4o-2024-08-06", .input = 500, .output = 40,
	},
	{
		.name = "LoongSuite: a step around model calls, which repeats their model and usage",
		.scope = "loongsuite.instrumentation.agentscope",
		.attributes = { { "gen_ai.span.kind", "STEP" },
				{ "gen_ai.request.model", "qwen-max" },
				{ "gen_ai.usage.input_tokens", "500" } },
		.dialect = "loongsuite", .role = ROLE_CHAIN, .model = "qwen-max", .input = 500,
	},
	{
		.name = "LoongSuite: a call without usage, by its kind alone",
		.scope = "github.com/anthropics/anthropic-sdk-go",
		.attributes = { { "gen_ai.span.kind", "LLM" }, { "gen_ai.model_name", "claude-sonnet-4-0" } },
		.dialect = "loongsuite", .role = ROLE_LLM, .counted = true, .provider = "anthropic",
		.model = "claude-sonnet-4-0",
	},
	{
		.name = "OpenLLMetry, older shape",
		.scope = "opentelemetry.instrumentation.cohere",
		.attributes = { { "llm.request.type", "chat" },
				{ "gen_ai.system", "Cohere" },
				{ "gen_ai.request.model", "command-r-plus" },
				{ "gen_ai.usage.prompt_tokens", "1449" },
				{ "gen_ai.usage.completion_tokens", "338" },
				{ "traceloop.prompt.key", "tutor" },
				{ "traceloop.prompt.version", "12" },
				{ "traceloop.association.properties.session_id", "s1" } },
		.dialect = "openllmetry", .role = ROLE_LLM, .counted = true, .provider = "cohere",
		.model = "command-r-plus", .prompt = "tutor@12", .session = "s1", .input = 1449, .output = 338,
		.producer = PRODUCER_INSTRUMENTATION,
	},
	{ /* traceloop/openllmetry#2819 */
		.name = "OpenLLMetry, OpenAI: cached tokens under the older name",
		.scope = "opentelemetry.instrumentation.openai.v1",
		.attributes = { { "llm.request.type", "chat" },
				{ "gen_ai.system", "OpenAI" },
				{ "gen_ai.request.model", "gpt-4o" },
				{ "gen_ai.usage.prompt_tokens", "2000" },
				{ "gen_ai.usage.completion_tokens", "30" },
				{ "llm.usage.total_tokens", "2030" },
				{ "gen_ai.usage.cache_read_input_tokens", "1920" } },
		.dialect = "openllmetry", .role = ROLE_LLM, .counted = true, .provider = "openai", .model = "gpt-4o",
		.input = 2000, .output = 30, .cache_read = 1920, .producer = PRODUCER_INSTRUMENTATION,
	},
	{
		.name = "OpenLLMetry's Gemini: the total alone tells that the model thought",
		.scope = "opentelemetry.instrumentation.google_generativeai",
		.attributes = { { "gen_ai.operation.name", "generate_content" },
				{ "gen_ai.provider.name", "gcp.gen_ai" },
				{ "gen_ai.request.model", "gemini-2.5-flash" },
				{ "gen_ai.response.model", "gemini-2.5-flash" },
				{ "gen_ai.usage.total_tokens", "2300" },
				{ "gen_ai.usage.output_tokens", "100" },
				{ "gen_ai.usage.input_tokens", "2000" },
				{ "gen_ai.usage.cache_read.input_tokens", "1536" } },
		.dialect = "openllmetry", .role = ROLE_LLM, .counted = true, .provider = "gcp.gen_ai",
		.model = "gemini-2.5-flash", .input = 2000, .output = 300, .cache_read = 1536,
		.producer = PRODUCER_INSTRUMENTATION,
	},
	{
		.name = "Traceloop's workflow span",
		.scope = "traceloop.tracer",
		.attributes = { { "traceloop.span.kind", "workflow" }, { "gen_ai.usage.input_tokens", "5" } },
		.dialect = "openllmetry", .role = ROLE_CHAIN, .input = 5, .producer = PRODUCER_FRAMEWORK,
	},
	{
		.name = "OpenInference's Bedrock, which adds the cache to the input",
		.scope = "openinference.instrumentation.bedrock",
		.attributes = { { "openinference.span.kind", "LLM" },
				{ "llm.provider", "aws" },
				{ "llm.model_name", "anthropic.claude-3-5-sonnet-20240620-v1:0" },
				{ "llm.token_count.prompt", "3000" },
				{ "llm.token_count.completion", "61" },
				{ "llm.token_count.total", "3061" },
				{ "llm.token_count.prompt_details.cache_write", "0" },
				{ "llm.token_count.prompt_details.cache_read", "2048" } },
		.dialect = "openinference", .role = ROLE_LLM, .counted = true, .provider = "aws.bedrock",
		.model = "anthropic.claude-3-5-sonnet-20240620-v1:0", .input = 3000, .output = 61, .cache_read = 2048,
		.producer = PRODUCER_INSTRUMENTATION,
	},
	{
		.name = "OpenInference's Bedrock of older versions, which does not: the total has the cache",
		.scope = "openinference.instrumentation.bedrock",
		.attributes = { { "openinference.span.kind", "LLM" },
				{ "llm.provider", "aws" },
				{ "llm.model_name", "anthropic.claude-3-5-sonnet-20240620-v1:0" },
				{ "llm.token_count.prompt", "3000" },
				{ "llm.token_count.completion", "61" },
				{ "llm.token_count.total", "5109" },
				{ "llm.token_count.prompt_details.cache_read", "2048" } },
		.dialect = "openinference", .role = ROLE_LLM, .counted = true, .provider = "aws.bedrock",
		.model = "anthropic.claude-3-5-sonnet-20240620-v1:0", .input = 5048, .output = 61, .cache_read = 2048,
		.producer = PRODUCER_INSTRUMENTATION,
	},
	{
		.name = "OpenInference's Haystack: an embedder's usage in its output alone",
		.scope = "openinference.instrumentation.haystack",
		.attributes = { { "openinference.span.kind", "EMBEDDING" },
				{ "embedding.model_name", "text-embedding-3-small" },
				{ "output.value", "{\"embedding\":\"<2-dimensional vector>\",\"meta\":{\"model\":"
						  "\"text-embedding-3-small\",\"usage\": {\"prompt_tokens\":700,"
						  "\"total_tokens\":700}}}" } },
		.dialect = "openinference", .role = ROLE_EMBEDDING, .counted = true, .provider = "openai",
		.model = "text-embedding-3-small", .input = 700, .producer = PRODUCER_FRAMEWORK,
	},
	{
		.name = "OpenLIT, Anthropic: input without the cache",
		.scope = "openlit.instrumentation.anthropic",
		.attributes = { { "gen_ai.operation.name", "chat" },
				{ "gen_ai.provider.name", "anthropic" },
				{ "gen_ai.request.model", "claude-sonnet-4-0" },
				{ "gen_ai.usage.input_tokens", "5000" },
				{ "gen_ai.usage.output_tokens", "10" },
				{ "gen_ai.usage.cache_read.input_tokens", "100" },
				{ "gen_ai.request.stream", "false" },
				{ "gen_ai.server.time_to_first_token", "0.000001" } },
		.dialect = "openlit", .role = ROLE_LLM, .counted = true, .provider = "anthropic",
		.model = "claude-sonnet-4-0", .input = 5100, .output = 10, .cache_read = 100,
		.producer = PRODUCER_INSTRUMENTATION,
	},
	{
		.name = "botocore: Bedrock's raw input",
		.scope = "opentelemetry.instrumentation.botocore.bedrock-runtime",
		.attributes = { { "gen_ai.operation.name", "chat" },
				{ "gen_ai.system", "aws.bedrock" },
				{ "gen_ai.request.model", "amazon.nova-lite-v1:0" },
				{ "gen_ai.usage.input_tokens", "300" },
				{ "gen_ai.usage.output_tokens", "3" },
				{ "gen_ai.usage.cache_read.input_tokens", "200" } },
		.dialect = "strands", .role = ROLE_LLM, .counted = true, .provider = "aws.bedrock",
		.model = "amazon.nova-lite-v1:0", .input = 500, .output = 3, .cache_read = 200,
		.producer = PRODUCER_INSTRUMENTATION,
	},
};

static void every_vocabulary_of_an_instrumentation_becomes_the_call_it_tells_of(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(vocabularies) / sizeof(vocabularies[0]); i++)
		assert_reads_as_told(&vocabularies[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_vocabulary_of_an_instrumentation_becomes_the_call_it_tells_of),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
