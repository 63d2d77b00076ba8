/* SPDX-License-Identifier: Apache-2.0
 * One span of every framework of JavaScript, as it writes it, becomes the call that was made.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/dialects_vocabulary_rig.h"

static const struct vocabulary vocabularies[] = {
	{
		.name = "Vercel AI SDK 5, Anthropic: input without the cache",
		.scope = "ai",
		.attributes = { { "ai.operationId", "ai.streamText.doStream" },
				{ "ai.model.provider", "anthropic.messages" },
				{ "ai.model.id", "claude-sonnet-4-0" },
				{ "ai.response.model", "claude-sonnet-4-20250514" },
				{ "gen_ai.usage.input_tokens", "4000" },
				{ "gen_ai.usage.output_tokens", "50" },
				{ "ai.usage.inputTokens", "4000" },
				{ "ai.usage.outputTokens", "50" },
				{ "ai.usage.cachedInputTokens", "1000" },
				{ "ai.response.msToFirstChunk", "0.002" },
				{ "ai.telemetry.metadata.sessionId", "s2" },
				{ "ai.telemetry.metadata.promptName", "geo" },
				{ "ai.telemetry.metadata.promptVersion", "5" } },
		.dialect = "vercel-ai", .role = ROLE_LLM, .counted = true, .provider = "anthropic",
		.model = "claude-sonnet-4-20250514", .prompt = "geo@5", .session = "s2", .input = 5000, .output = 50,
		.cache_read = 1000, .ttft_ms = 0.002, .producer = PRODUCER_FRAMEWORK,
	},
	{
		.name = "Vercel AI SDK 5, Bedrock: input without the cache",
		.scope = "ai",
		.attributes = { { "ai.operationId", "ai.generateText.doGenerate" },
				{ "ai.model.provider", "amazon-bedrock" },
				{ "ai.model.id", "anthropic.claude-3-5-sonnet-20241022-v2:0" },
				{ "ai.usage.promptTokens", "4000" },
				{ "ai.usage.completionTokens", "50" },
				{ "ai.response.providerMetadata", "{\"bedrock\":{\"usage\":{\"cacheReadInputTokens\":1000}}}" } },
		.dialect = "vercel-ai", .role = ROLE_LLM, .counted = true, .provider = "aws.bedrock",
		.model = "anthropic.claude-3-5-sonnet-20241022-v2:0", .input = 5000, .output = 50, .cache_read = 1000,
		.producer = PRODUCER_FRAMEWORK,
	},
	{
		.name = "Vercel AI SDK 5, Gemini: output without the thoughts, which the total has",
		.scope = "ai",
		.attributes = { { "ai.operationId", "ai.generateText.doGenerate" },
				{ "ai.model.provider", "google.generative-ai" },
				{ "ai.model.id", "gemini-2.5-flash" },
				{ "ai.usage.promptTokens", "2000" },
				{ "ai.usage.completionTokens", "44" },
				{ "gen_ai.usage.input_tokens", "2000" },
				{ "gen_ai.usage.output_tokens", "44" },
				{ "ai.response.providerMetadata",
				  "{\"google\":{\"safetyRatings\":null,\"usageMetadata\":{\"cachedContentTokenCount\":1536,"
				  "\"thoughtsTokenCount\":256,\"promptTokenCount\":2000,\"candidatesTokenCount\":44,"
				  "\"totalTokenCount\":2300}}}" } },
		.dialect = "vercel-ai", .role = ROLE_LLM, .counted = true, .provider = "gcp.gemini",
		.model = "gemini-2.5-flash", .input = 2000, .output = 300, .cache_read = 1536, .reasoning = 256,
		.producer = PRODUCER_FRAMEWORK,
	},
	{
		.name = "Vercel AI SDK 5, Gemini's stream: the same under the SDK's own names",
		.scope = "ai",
		.attributes = { { "ai.operationId", "ai.streamText.doStream" },
				{ "ai.model.provider", "google.generative-ai" },
				{ "ai.model.id", "gemini-2.5-flash" },
				{ "ai.usage.inputTokens", "2000" },
				{ "ai.usage.outputTokens", "44" },
				{ "ai.usage.totalTokens", "2300" },
				{ "ai.usage.reasoningTokens", "256" },
				{ "ai.usage.cachedInputTokens", "1536" },
				{ "gen_ai.usage.input_tokens", "2000" },
				{ "gen_ai.usage.output_tokens", "44" } },
		.dialect = "vercel-ai", .role = ROLE_LLM, .counted = true, .provider = "gcp.gemini",
		.model = "gemini-2.5-flash", .input = 2000, .output = 300, .cache_read = 1536, .reasoning = 256,
		.producer = PRODUCER_FRAMEWORK,
	},
	{
		.name = "Vercel AI SDK 6, Gemini: output with the thoughts already",
		.scope = "ai",
		.attributes = { { "ai.operationId", "ai.generateText.doGenerate" },
				{ "ai.model.provider", "google.generative-ai" },
				{ "ai.model.id", "gemini-2.5-flash" },
				{ "ai.usage.inputTokens", "2000" },
				{ "ai.usage.inputTokenDetails.noCacheTokens", "464" },
				{ "ai.usage.outputTokens", "300" },
				{ "ai.usage.outputTokenDetails.reasoningTokens", "256" },
				{ "ai.usage.totalTokens", "2300" },
				{ "gen_ai.usage.input_tokens", "2000" },
				{ "gen_ai.usage.output_tokens", "300" },
				{ "ai.response.providerMetadata",
				  "{\"google\":{\"usageMetadata\":{\"thoughtsTokenCount\":256,\"totalTokenCount\":2300}}}" } },
		.dialect = "vercel-ai", .role = ROLE_LLM, .counted = true, .provider = "gcp.gemini",
		.model = "gemini-2.5-flash", .input = 2000, .output = 300, .reasoning = 256,
		.producer = PRODUCER_FRAMEWORK,
	},
	{ /* vercel/ai#12801: nothing of the cache and of reasoning is told, so nothing of them is known */
		.name = "Vercel AI SDK 4, generateText: sums alone",
		.scope = "ai",
		.attributes = { { "ai.operationId", "ai.generateText.doGenerate" },
				{ "ai.model.provider", "openai.chat" },
				{ "ai.model.id", "o3-mini" },
				{ "ai.usage.promptTokens", "4000" },
				{ "ai.usage.completionTokens", "50" } },
		.dialect = "vercel-ai", .role = ROLE_LLM, .counted = true, .provider = "openai", .model = "o3-mini",
		.input = 4000, .output = 50, .producer = PRODUCER_FRAMEWORK,
	},
	{
		.name = "Vercel AI SDK 6, Anthropic: input with the cache",
		.scope = "ai",
		.attributes = { { "ai.operationId", "ai.generateText.doGenerate" },
				{ "ai.model.provider", "anthropic.messages" },
				{ "ai.model.id", "claude-sonnet-4-0" },
				{ "ai.usage.inputTokens", "5000" },
				{ "ai.usage.outputTokens", "50" },
				{ "ai.usage.inputTokenDetails.noCacheTokens", "4000" },
				{ "ai.usage.inputTokenDetails.cacheReadTokens", "1000" } },
		.dialect = "vercel-ai", .role = ROLE_LLM, .counted = true, .provider = "anthropic",
		.model = "claude-sonnet-4-0", .input = 5000, .output = 50, .cache_read = 1000,
		.producer = PRODUCER_FRAMEWORK,
	},
	{
		.name = "Vercel AI SDK, outer span",
		.scope = "ai",
		.attributes = { { "ai.operationId", "ai.generateText" },
				{ "ai.model.id", "gpt-4o" },
				{ "ai.usage.promptTokens", "9" } },
		.dialect = "vercel-ai", .role = ROLE_AGENT, .provider = "openai", .model = "gpt-4o", .input = 9,
		.producer = PRODUCER_FRAMEWORK,
	},
	{
		.name = "Mastra: the innermost of four spans, with the application's metadata",
		.scope = "@mastra/otel-exporter",
		.attributes = { { "gen_ai.operation.name", "chat" },
				{ "mastra.span.type", "model_inference" },
				{ "gen_ai.request.model", "gpt-4o" },
				{ "gen_ai.provider.name", "openai.responses" },
				{ "gen_ai.usage.input_tokens", "2000" },
				{ "gen_ai.usage.output_tokens", "300" },
				{ "gen_ai.usage.reasoning_tokens", "256" },
				{ "gen_ai.usage.cache_read.input_tokens", "1536" },
				{ "mastra.completion_start_time", "2026-11-22T11:14:52.859Z" },
				{ "gen_ai.response.finish_reasons", "[\"stop\"]" },
				{ "gen_ai.response.model", "gpt-4o-2024-08-06" },
				{ "mastra.metadata.sessionId", "s1" } },
		.dialect = "misc", .role = ROLE_LLM, .counted = true, .provider = "openai",
		.model = "gpt-4o-2024-08-06", .session = "s1", .input = 2000, .output = 300, .cache_read = 1536,
		.reasoning = 256, .producer = PRODUCER_FRAMEWORK,
	},
	{
		.name = "Mastra's exporter 1.0: other names for the cache and the thread",
		.scope = "@mastra/otel-exporter",
		.attributes = { { "gen_ai.operation.name", "chat" },
				{ "mastra.span.type", "model_generation" },
				{ "gen_ai.request.model", "claude-sonnet-4-0" },
				{ "gen_ai.provider.name", "anthropic" },
				{ "gen_ai.usage.input_tokens", "3000" },
				{ "gen_ai.usage.output_tokens", "60" },
				{ "gen_ai.usage.cached_input_tokens", "2048" },
				{ "gen_ai.usage.cache_write_tokens", "512" },
				{ "mastra.metadata.threadId", "t1" } },
		.dialect = "misc", .role = ROLE_LLM, .counted = true, .provider = "anthropic",
		.model = "claude-sonnet-4-0", .session = "t1", .input = 3000, .output = 60, .cache_read = 2048,
		.producer = PRODUCER_FRAMEWORK,
	},
	{
		.name = "Genkit, Anthropic: the vendor's own usage, since Genkit's lacks the cache",
		.scope = "genkit-tracer",
		.attributes = { { "genkit:type", "action" },
				{ "genkit:metadata:subtype", "model" },
				{ "genkit:name", "anthropic/claude-sonnet-4-0" },
				{ "genkit:output",
				  "{\"candidates\":[{\"index\":0,\"finishReason\":\"stop\"}],\"usage\":{\"inputTokens\":4400,"
				  "\"outputTokens\":60,\"custom\":{\"cache_read_input_tokens\":2048}},\"custom\":{\"id\":\"m1\","
				  "\"model\":\"claude-sonnet-4-20250514\",\"usage\":{\"input_tokens\":4400,"
				  "\"cache_read_input_tokens\":2048,\"cache_creation_input_tokens\":512,\"output_tokens\":60}}}" } },
		.dialect = "genkit", .role = ROLE_LLM, .counted = true, .provider = "anthropic",
		.model = "claude-sonnet-4-20250514", .input = 6960, .output = 60, .cache_read = 2048,
		.producer = PRODUCER_FRAMEWORK,
	},
	{
		.name = "Genkit, OpenAI: the vendor's answer stands elsewhere",
		.scope = "genkit-tracer",
		.attributes = { { "genkit:metadata:subtype", "model" },
				{ "genkit:name", "openai/gpt-4o" },
				{ "genkit:output",
				  "{\"finishReason\":\"stop\",\"usage\":{\"inputTokens\":2000,\"outputTokens\":300,"
				  "\"totalTokens\":2300},\"raw\":{\"usage\":{\"prompt_tokens\":2000,\"completion_tokens\":300,"
				  "\"total_tokens\":2300,\"prompt_tokens_details\":{\"cached_tokens\":1536},"
				  "\"completion_tokens_details\":{\"reasoning_tokens\":256}},\"model\":\"gpt-4o-2024-08-06\"}}" } },
		.dialect = "genkit", .role = ROLE_LLM, .counted = true, .provider = "openai",
		.model = "gpt-4o-2024-08-06", .input = 2000, .output = 300, .cache_read = 1536, .reasoning = 256,
		.producer = PRODUCER_FRAMEWORK,
	},
	{
		.name = "Genkit, a model of Ollama's with a slash in its name",
		.scope = "genkit-tracer",
		.attributes = { { "genkit:metadata:subtype", "model" },
				{ "genkit:name", "ollama/someone/llama3" },
				{ "genkit:output", "{\"usage\":{\"inputTokens\":7,\"outputTokens\":3}}" } },
		.dialect = "genkit", .role = ROLE_LLM, .counted = true, .provider = "ollama", .model = "someone/llama3",
		.input = 7, .output = 3, .producer = PRODUCER_FRAMEWORK,
	},
	{
		.name = "Genkit's span around the model's: the same answer",
		.scope = "genkit-tracer",
		.attributes = { { "genkit:type", "util" },
				{ "genkit:name", "generate" },
				{ "genkit:output", "{\"usage\":{\"inputTokens\":7,\"outputTokens\":3}}" } },
		.dialect = "genkit", .role = ROLE_CHAIN, .model = "generate", .input = 7, .output = 3,
		.producer = PRODUCER_FRAMEWORK,
	},
	{
		.name = "OpenInference around LangChain.js, Gemini: the total alone has the thoughts",
		.scope = "@arizeai/openinference-instrumentation-langchain",
		.attributes = { { "openinference.span.kind", "LLM" },
				{ "llm.model_name", "gemini-2.5-flash" },
				{ "llm.provider", "google" },
				{ "llm.token_count.prompt", "2000" },
				{ "llm.token_count.completion", "44" },
				{ "llm.token_count.total", "2300" },
				{ "llm.token_count.prompt_details.cache_read", "1536" } },
		.dialect = "openinference", .role = ROLE_LLM, .counted = true, .provider = "gcp.gemini",
		.model = "gemini-2.5-flash", .input = 2000, .output = 300, .cache_read = 1536,
		.producer = PRODUCER_FRAMEWORK,
	},
	{
		.name = "Langfuse around LangChain.js, Gemini: the same, every class apart",
		.scope = "langfuse-sdk",
		.attributes = { { "langfuse.observation.type", "generation" },
				{ "langfuse.observation.model.name", "gemini-2.5-flash" },
				{ "langfuse.observation.usage_details",
				  "{\"input\":464,\"output\":44,\"total\":2300,\"input_cache_read\":1536}" } },
		.dialect = "langfuse", .role = ROLE_LLM, .counted = true, .provider = "gcp.gemini",
		.model = "gemini-2.5-flash", .input = 2000, .output = 300, .cache_read = 1536,
		.producer = PRODUCER_INSTRUMENTATION,
	},
};

static void every_vocabulary_of_javascript_becomes_the_call_it_tells_of(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(vocabularies) / sizeof(vocabularies[0]); i++)
		assert_reads_as_told(&vocabularies[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_vocabulary_of_javascript_becomes_the_call_it_tells_of),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
