/* SPDX-License-Identifier: Apache-2.0
 * One span of every dialect, as its SDK writes it, becomes the call that was made.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/dialects_rig.h"

#define ATTRIBUTES_MAX 16
#define UNKNOWN UINT64_MAX

struct vocabulary {
	const char *name, *scope, *span_name;
	struct pair attributes[ATTRIBUTES_MAX];
	/* what it means */
	const char *dialect;
	enum call_role role;
	bool counted;
	const char *provider, *model, *prompt, *session;
	uint64_t input, output, cache_read, reasoning;
	double ttft_ms;
	enum producer producer;
};

static const struct vocabulary vocabularies[] = {
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
		.dialect = "openllmetry", .role = ROLE_LLM, .counted = true, .provider = "cohere", .model = "command-r-plus",
		.prompt = "tutor@12", .session = "s1", .input = 1449, .output = 338, .cache_read = UNKNOWN, .reasoning = UNKNOWN,
		.producer = PRODUCER_INSTRUMENTATION,
	},
	{
		.name = "Traceloop's workflow span",
		.scope = "traceloop.tracer",
		.attributes = { { "traceloop.span.kind", "workflow" }, { "gen_ai.usage.input_tokens", "5" } },
		.dialect = "openllmetry", .role = ROLE_CHAIN, .input = 5, .output = UNKNOWN, .cache_read = UNKNOWN,
		.reasoning = UNKNOWN, .producer = PRODUCER_FRAMEWORK,
	},
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
		.dialect = "vercel-ai", .role = ROLE_LLM, .counted = true, .provider = "anthropic", .model = "claude-sonnet-4-20250514",
		.prompt = "geo@5", .session = "s2", .input = 5000, .output = 50, .cache_read = 1000, .reasoning = UNKNOWN,
		.ttft_ms = 0.002, .producer = PRODUCER_FRAMEWORK,
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
		.reasoning = UNKNOWN, .producer = PRODUCER_FRAMEWORK,
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
		.dialect = "vercel-ai", .role = ROLE_LLM, .counted = true, .provider = "gcp.gemini", .model = "gemini-2.5-flash",
		.input = 2000, .output = 300, .cache_read = 1536, .reasoning = 256, .producer = PRODUCER_FRAMEWORK,
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
		.dialect = "vercel-ai", .role = ROLE_LLM, .counted = true, .provider = "gcp.gemini", .model = "gemini-2.5-flash",
		.input = 2000, .output = 300, .cache_read = 1536, .reasoning = 256, .producer = PRODUCER_FRAMEWORK,
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
		.dialect = "vercel-ai", .role = ROLE_LLM, .counted = true, .provider = "gcp.gemini", .model = "gemini-2.5-flash",
		.input = 2000, .output = 300, .cache_read = UNKNOWN, .reasoning = 256, .producer = PRODUCER_FRAMEWORK,
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
		.dialect = "misc", .role = ROLE_LLM, .counted = true, .provider = "openai", .model = "gpt-4o-2024-08-06",
		.session = "s1", .input = 2000, .output = 300, .cache_read = 1536, .reasoning = 256, .producer = PRODUCER_FRAMEWORK,
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
		.dialect = "misc", .role = ROLE_LLM, .counted = true, .provider = "anthropic", .model = "claude-sonnet-4-0",
		.session = "t1", .input = 3000, .output = 60, .cache_read = 2048, .reasoning = UNKNOWN,
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
		.model = "claude-sonnet-4-20250514", .input = 6960, .output = 60, .cache_read = 2048, .reasoning = UNKNOWN,
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
		.dialect = "genkit", .role = ROLE_LLM, .counted = true, .provider = "openai", .model = "gpt-4o-2024-08-06",
		.input = 2000, .output = 300, .cache_read = 1536, .reasoning = 256, .producer = PRODUCER_FRAMEWORK,
	},
	{
		.name = "Genkit, a model of Ollama's with a slash in its name",
		.scope = "genkit-tracer",
		.attributes = { { "genkit:metadata:subtype", "model" },
				{ "genkit:name", "ollama/someone/llama3" },
				{ "genkit:output", "{\"usage\":{\"inputTokens\":7,\"outputTokens\":3}}" } },
		.dialect = "genkit", .role = ROLE_LLM, .counted = true, .provider = "ollama", .model = "someone/llama3",
		.input = 7, .output = 3, .cache_read = UNKNOWN, .reasoning = UNKNOWN, .producer = PRODUCER_FRAMEWORK,
	},
	{
		.name = "Genkit's span around the model's: the same answer",
		.scope = "genkit-tracer",
		.attributes = { { "genkit:type", "util" },
				{ "genkit:name", "generate" },
				{ "genkit:output", "{\"usage\":{\"inputTokens\":7,\"outputTokens\":3}}" } },
		.dialect = "genkit", .role = ROLE_CHAIN, .model = "generate", .input = 7, .output = 3, .cache_read = UNKNOWN, .reasoning = UNKNOWN,
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
		.model = "gemini-2.5-flash", .input = 2000, .output = 300, .cache_read = 1536, .reasoning = UNKNOWN,
		.producer = PRODUCER_FRAMEWORK,
	},
	{
		.name = "Langfuse around LangChain.js, Gemini: the same, every class apart",
		.scope = "langfuse-sdk",
		.attributes = { { "langfuse.observation.type", "generation" },
				{ "langfuse.observation.model.name", "gemini-2.5-flash" },
				{ "langfuse.observation.usage_details",
				  "{\"input\":464,\"output\":44,\"total\":2300,\"input_cache_read\":1536}" } },
		.dialect = "langfuse", .role = ROLE_LLM, .counted = true, .provider = "gcp.gemini", .model = "gemini-2.5-flash",
		.input = 2000, .output = 300, .cache_read = 1536, .reasoning = UNKNOWN, .producer = PRODUCER_INSTRUMENTATION,
	},
	{
		.name = "MLflow, Anthropic: input with the cache",
		.scope = "mlflow.tracing.provider",
		.attributes = { { "mlflow.spanType", "\"CHAT_MODEL\"" },
				{ "mlflow.llm.model", "\"claude-sonnet-4-0\"" },
				{ "mlflow.llm.provider", "\"anthropic\"" },
				{ "mlflow.message.format", "\"anthropic\"" },
				{ "mlflow.chat.tokenUsage", "{\"input_tokens\":5000,\"output_tokens\":50,\"total_tokens\":5050,"
							    "\"cache_read_input_tokens\":1000}" } },
		.dialect = "mlflow", .role = ROLE_LLM, .counted = true, .provider = "anthropic", .model = "claude-sonnet-4-0",
		.input = 5000, .output = 50, .cache_read = 1000, .reasoning = UNKNOWN, .producer = PRODUCER_INSTRUMENTATION,
	},
	{
		.name = "Google ADK's own model span: the framework is no provider",
		.scope = "gcp.vertex.agent",
		.attributes = { { "gen_ai.system", "gcp.vertex.agent" },
				{ "gen_ai.operation.name", "generate_content" },
				{ "gen_ai.request.model", "gemini-2.0-flash" },
				{ "gen_ai.usage.input_tokens", "12" },
				{ "gen_ai.usage.output_tokens", "5" } },
		.dialect = "google-adk", .role = ROLE_LLM, .counted = true, .provider = "gcp.gemini", .model = "gemini-2.0-flash",
		.input = 12, .output = 5, .cache_read = UNKNOWN, .reasoning = UNKNOWN, .producer = PRODUCER_FRAMEWORK,
	},
	{ /* vercel/ai#12801: nothing of the cache and of reasoning is told, so nothing of them is known */
		.name = "Vercel AI SDK 4, generateText: sums alone",
		.scope = "ai",
		.attributes = { { "ai.operationId", "ai.generateText.doGenerate" },
				{ "ai.model.provider", "openai.chat" },
				{ "ai.model.id", "o3-mini" },
				{ "ai.usage.promptTokens", "4000" },
				{ "ai.usage.completionTokens", "50" } },
		.dialect = "vercel-ai", .role = ROLE_LLM, .counted = true, .provider = "openai", .model = "o3-mini", .input = 4000,
		.output = 50, .cache_read = UNKNOWN, .reasoning = UNKNOWN, .producer = PRODUCER_FRAMEWORK,
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
		.dialect = "openllmetry", .role = ROLE_LLM, .counted = true, .provider = "openai", .model = "gpt-4o", .input = 2000,
		.output = 30, .cache_read = 1920, .reasoning = UNKNOWN, .producer = PRODUCER_INSTRUMENTATION,
	},
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
		.dialect = "otel-genai", .role = ROLE_LLM, .counted = true, .provider = "openai", .model = "gpt-4o", .input = 2000,
		.output = 30, .cache_read = 900, .reasoning = UNKNOWN, .producer = PRODUCER_INSTRUMENTATION,
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
		.dialect = "vercel-ai", .role = ROLE_LLM, .counted = true, .provider = "anthropic", .model = "claude-sonnet-4-0",
		.input = 5000, .output = 50, .cache_read = 1000, .reasoning = UNKNOWN, .producer = PRODUCER_FRAMEWORK,
	},
	{
		.name = "Vercel AI SDK, outer span",
		.scope = "ai",
		.attributes = { { "ai.operationId", "ai.generateText" }, { "ai.model.id", "gpt-4o" }, { "ai.usage.promptTokens", "9" } },
		.dialect = "vercel-ai", .role = ROLE_AGENT, .provider = "openai", .model = "gpt-4o", .input = 9, .output = UNKNOWN,
		.cache_read = UNKNOWN, .reasoning = UNKNOWN, .producer = PRODUCER_FRAMEWORK,
	},
	{
		.name = "Langfuse, every class apart",
		.scope = "langfuse-sdk",
		.attributes = { { "langfuse.observation.type", "generation" },
				{ "langfuse.observation.model.name", "o3-mini-2025-01-31" },
				{ "langfuse.observation.usage_details",
				  "{\"input\":100,\"output\":20,\"total\":180,\"input_cached_tokens\":50,\"output_reasoning_tokens\":10}" },
				{ "langfuse.observation.prompt.name", "geo/tutor" },
				{ "langfuse.observation.prompt.version", "7" },
				{ "session.id", "s3" } },
		.dialect = "langfuse", .role = ROLE_LLM, .counted = true, .provider = "openai", .model = "o3-mini-2025-01-31",
		.prompt = "geo/tutor@7", .session = "s3", .input = 150, .output = 30, .cache_read = 50, .reasoning = 10,
		.producer = PRODUCER_INSTRUMENTATION,
	},
	{
		.name = "Langfuse, OpenAI's usage as it came",
		.scope = "langfuse-sdk",
		.attributes = { { "langfuse.observation.type", "generation" },
				{ "langfuse.observation.model.name", "gpt-4o" },
				{ "langfuse.observation.usage_details",
				  "{\"prompt_tokens\":100,\"completion_tokens\":20,\"prompt_tokens_details\":{\"cached_tokens\":50},"
				  "\"completion_tokens_details\":{\"reasoning_tokens\":5}}" } },
		.dialect = "langfuse", .role = ROLE_LLM, .counted = true, .provider = "openai", .model = "gpt-4o", .input = 100,
		.output = 20, .cache_read = 50, .reasoning = 5, .producer = PRODUCER_INSTRUMENTATION,
	},
	{
		.name = "LangSmith, details as a Python dict",
		.scope = "langsmith",
		.attributes = { { "langsmith.span.kind", "llm" },
				{ "gen_ai.operation.name", "chat" },
				{ "gen_ai.system", "langchain" },
				{ "gen_ai.request.model", "gpt-4o" },
				{ "gen_ai.usage.input_tokens", "2162" },
				{ "gen_ai.usage.output_tokens", "116" },
				{ "gen_ai.usage.input_token_details", "{'audio': 0, 'cache_read': 1536}" },
				{ "langsmith.metadata.session_id", "s4" } },
		.dialect = "langsmith", .role = ROLE_LLM, .counted = true, .provider = "openai", .model = "gpt-4o", .session = "s4",
		.input = 2162, .output = 116, .cache_read = 1536, .reasoning = UNKNOWN, .producer = PRODUCER_FRAMEWORK,
	},
	{
		.name = "LangSmith, a retriever that calls itself embeddings",
		.scope = "langsmith",
		.attributes = { { "langsmith.span.kind", "retriever" }, { "gen_ai.operation.name", "embeddings" } },
		.dialect = "langsmith", .role = ROLE_RETRIEVAL, .input = UNKNOWN, .output = UNKNOWN, .cache_read = UNKNOWN,
		.reasoning = UNKNOWN, .producer = PRODUCER_FRAMEWORK,
	},
	{
		.name = "Logfire, Anthropic's usage as it came beside an inclusive input",
		.scope = "logfire.anthropic",
		.attributes = { { "gen_ai.operation.name", "chat" },
				{ "gen_ai.provider.name", "anthropic" },
				{ "gen_ai.response.model", "claude-sonnet-4-20250514" },
				{ "gen_ai.response.id", "msg_1" },
				{ "gen_ai.usage.input_tokens", "3914" },
				{ "gen_ai.usage.output_tokens", "107" },
				{ "gen_ai.usage.raw", "{\"cache_creation_input_tokens\":1024,\"cache_read_input_tokens\":2048,"
						      "\"input_tokens\":842,\"output_tokens\":107}" } },
		.dialect = "logfire", .role = ROLE_LLM, .counted = true, .provider = "anthropic",
		.model = "claude-sonnet-4-20250514", .input = 3914, .output = 107, .cache_read = 2048, .reasoning = UNKNOWN,
		.producer = PRODUCER_INSTRUMENTATION,
	},
	{
		.name = "Pydantic AI's agent span",
		.scope = "pydantic-ai",
		.attributes = { { "gen_ai.aggregated_usage.input_tokens", "100" }, { "gen_ai.request.model", "gpt-4o" } },
		.dialect = "pydantic-ai", .role = ROLE_AGENT, .provider = "openai", .model = "gpt-4o", .input = UNKNOWN,
		.output = UNKNOWN, .cache_read = UNKNOWN, .reasoning = UNKNOWN, .producer = PRODUCER_FRAMEWORK,
	},
	{
		.name = "MLflow, every value quoted",
		.scope = "mlflow.tracing.provider",
		.attributes = { { "mlflow.spanType", "\"CHAT_MODEL\"" },
				{ "mlflow.llm.model", "\"gpt-4o-2024-08-06\"" },
				{ "mlflow.llm.provider", "\"openai\"" },
				{ "mlflow.chat.tokenUsage", "{\"input_tokens\": 3553, \"output_tokens\": 437, \"total_tokens\": 3990, "
							    "\"cache_read_input_tokens\": 1536}" },
				{ "mlflow.linkedPrompts", "[{\"name\": \"geo\", \"version\": \"3\"}]" } },
		.dialect = "mlflow", .role = ROLE_LLM, .counted = true, .provider = "openai", .model = "gpt-4o-2024-08-06",
		.prompt = "geo@3", .input = 3553, .output = 437, .cache_read = 1536, .reasoning = UNKNOWN,
		.producer = PRODUCER_INSTRUMENTATION,
	},
	{
		.name = "LiteLLM, details in the vendor's usage as a Python dict",
		.scope = "litellm",
		.span_name = "litellm_request",
		.attributes = { { "gen_ai.operation.name", "chat" },
				{ "gen_ai.system", "anthropic" },
				{ "gen_ai.request.model", "claude-sonnet-4-0" },
				{ "gen_ai.usage.input_tokens", "3888" },
				{ "gen_ai.usage.output_tokens", "101" },
				{ "metadata.usage_object", "{'completion_tokens': 101, 'prompt_tokens': 3888, 'prompt_tokens_details': "
							   "{'cached_tokens': 2048, 'text_tokens': None}}" } },
		.dialect = "litellm", .role = ROLE_LLM, .counted = true, .provider = "anthropic", .model = "claude-sonnet-4-0",
		.input = 3888, .output = 101, .cache_read = 2048, .reasoning = UNKNOWN, .producer = PRODUCER_PROXY,
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
		.dialect = "openlit", .role = ROLE_LLM, .counted = true, .provider = "anthropic", .model = "claude-sonnet-4-0",
		.input = 5100, .output = 10, .cache_read = 100, .reasoning = UNKNOWN, .producer = PRODUCER_INSTRUMENTATION,
	},
	{
		.name = "Braintrust",
		.attributes = { { "braintrust.span_attributes", "{\"type\":\"llm\"}" },
				{ "braintrust.metadata", "{\"model\":\"gpt-4o\"}" },
				{ "braintrust.metrics.prompt_tokens", "70" },
				{ "braintrust.metrics.completion_tokens", "7" } },
		.dialect = "braintrust", .role = ROLE_LLM, .counted = true, .provider = "openai", .model = "gpt-4o", .input = 70,
		.output = 7, .cache_read = UNKNOWN, .reasoning = UNKNOWN,
	},
	{
		.name = "Strands: whole milliseconds under a name that means seconds",
		.scope = "strands.telemetry.tracer",
		.attributes = { { "gen_ai.operation.name", "chat" },
				{ "gen_ai.system", "strands-agents" },
				{ "gen_ai.request.model", "gpt-4o" },
				{ "gen_ai.usage.input_tokens", "1503" },
				{ "gen_ai.usage.prompt_tokens", "1503" },
				{ "gen_ai.usage.output_tokens", "336" },
				{ "gen_ai.server.time_to_first_token", "0.002" } },
		.dialect = "strands", .role = ROLE_LLM, .counted = true, .provider = "openai", .model = "gpt-4o", .input = 1503,
		.output = 336, .cache_read = UNKNOWN, .reasoning = UNKNOWN, .ttft_ms = 0.002, .producer = PRODUCER_FRAMEWORK,
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
		.dialect = "strands", .role = ROLE_LLM, .counted = true, .provider = "aws.bedrock", .model = "amazon.nova-lite-v1:0",
		.input = 500, .output = 3, .cache_read = 200, .reasoning = UNKNOWN, .producer = PRODUCER_INSTRUMENTATION,
	},
	{
		.name = "Google ADK",
		.scope = "gcp.vertex.agent",
		.attributes = { { "gen_ai.operation.name", "generate_content" },
				{ "gen_ai.request.model", "gemini-2.0-flash" },
				{ "gen_ai.usage.input_tokens", "10" },
				{ "gen_ai.usage.output_tokens", "9" },
				{ "gen_ai.usage.experimental.reasoning_tokens", "4" },
				{ "gcp.vertex.agent.session_id", "s5" } },
		.dialect = "google-adk", .role = ROLE_LLM, .counted = true, .provider = "gcp.gemini", .model = "gemini-2.0-flash",
		.session = "s5", .input = 10, .output = 9, .cache_read = UNKNOWN, .reasoning = 4, .producer = PRODUCER_FRAMEWORK,
	},
	{
		.name = "Microsoft's Agent Framework",
		.scope = "agent_framework",
		.attributes = { { "gen_ai.operation.name", "invoke_agent" },
				{ "gen_ai.provider.name", "microsoft.agent_framework" },
				{ "gen_ai.usage.input_tokens", "3101" },
				{ "gen_ai.request.model", "gpt-4o" } },
		.dialect = "microsoft", .role = ROLE_AGENT, .provider = "openai", .model = "gpt-4o", .input = 3101, .output = UNKNOWN,
		.cache_read = UNKNOWN, .reasoning = UNKNOWN, .producer = PRODUCER_FRAMEWORK,
	},
	{
		.name = "Semantic Kernel in .NET: a call without usage, such as one that failed",
		.scope = "Microsoft.SemanticKernel.Diagnostics",
		.attributes = { { "gen_ai.operation.name", "chat.completions" },
				{ "gen_ai.system", "openai" },
				{ "gen_ai.request.model", "gpt-4o" },
				{ "error.type", "Microsoft.SemanticKernel.HttpOperationException" } },
		.dialect = "microsoft", .role = ROLE_LLM, .counted = true, .provider = "openai", .model = "gpt-4o",
		.input = UNKNOWN, .output = UNKNOWN, .cache_read = UNKNOWN, .reasoning = UNKNOWN,
		.producer = PRODUCER_FRAMEWORK,
	},
	{
		.name = "Semantic Kernel of 2024: usage under the response",
		.scope = "Microsoft.SemanticKernel.Diagnostics",
		.attributes = { { "gen_ai.operation.name", "text.completions" },
				{ "gen_ai.system", "openai" },
				{ "gen_ai.request.model", "gpt-4o" },
				{ "gen_ai.response.prompt_tokens", "300" },
				{ "gen_ai.response.completion_tokens", "12" } },
		.dialect = "microsoft", .role = ROLE_LLM, .counted = true, .provider = "openai", .model = "gpt-4o",
		.input = 300, .output = 12, .cache_read = UNKNOWN, .reasoning = UNKNOWN, .producer = PRODUCER_FRAMEWORK,
	},
	{
		.name = "the .NET client of OpenAI, which tells of itself",
		.scope = "Experimental.OpenAI.ChatClient",
		.attributes = { { "gen_ai.operation.name", "chat" },
				{ "gen_ai.system", "openai" },
				{ "gen_ai.request.model", "gpt-4o" },
				{ "gen_ai.usage.input_tokens", "300" },
				{ "gen_ai.usage.output_tokens", "12" } },
		.dialect = "vendor-sdk", .role = ROLE_LLM, .counted = true, .provider = "openai", .model = "gpt-4o",
		.input = 300, .output = 12, .cache_read = UNKNOWN, .reasoning = UNKNOWN, .producer = PRODUCER_VENDOR_SDK,
	},
	{
		.name = "Haystack with content tracing",
		.scope = "haystack",
		.attributes = { { "haystack.component.output", "{\"replies\":[{\"meta\":{\"model\":\"gpt-4o-2024-08-06\","
							       "\"usage\":{\"prompt_tokens\":31,\"completion_tokens\":3}}}]}" } },
		.dialect = "haystack", .role = ROLE_LLM, .counted = true, .provider = "openai", .model = "gpt-4o-2024-08-06",
		.input = 31, .output = 3, .cache_read = UNKNOWN, .reasoning = UNKNOWN, .producer = PRODUCER_FRAMEWORK,
	},
	{
		.name = "Haystack's agent, which asks a model outside of any component",
		.scope = "haystack",
		.span_name = "haystack.agent.step.llm",
		.attributes = { { "haystack.agent.step.llm.output",
				  "{\"replies\":[{\"role\":\"assistant\",\"meta\":{\"model\":\"gpt-4o-2024-08-06\",\"index\":0,"
				  "\"finish_reason\":\"tool_calls\",\"completion_start_time\":\"1970-01-01T00:00:00.000005\","
				  "\"usage\":{\"completion_tokens\":12,\"prompt_tokens\":300,"
				  "\"prompt_tokens_details\":{\"cached_tokens\":128}}}}]}" } },
		.dialect = "haystack", .role = ROLE_LLM, .counted = true, .provider = "openai", .model = "gpt-4o-2024-08-06",
		.input = 300, .output = 12, .cache_read = 128, .reasoning = UNKNOWN, .ttft_ms = 0.004,
		.producer = PRODUCER_FRAMEWORK,
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
		.model = "gemini-2.5-flash", .input = 2000, .output = 300, .cache_read = 1536, .reasoning = UNKNOWN,
		.producer = PRODUCER_INSTRUMENTATION,
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
		.reasoning = UNKNOWN, .producer = PRODUCER_INSTRUMENTATION,
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
		.reasoning = UNKNOWN, .producer = PRODUCER_INSTRUMENTATION,
	},
	{
		.name = "Pydantic AI with Gemini: thoughts under their vendor's name, part of the output",
		.scope = "pydantic-ai",
		.attributes = { { "gen_ai.operation.name", "chat" },
				{ "gen_ai.provider.name", "google" },
				{ "gen_ai.request.model", "gemini-2.5-flash" },
				{ "gen_ai.usage.input_tokens", "2000" },
				{ "gen_ai.usage.output_tokens", "300" },
				{ "gen_ai.usage.cache_read.input_tokens", "1536" },
				{ "gen_ai.usage.details.thoughts_tokens", "200" } },
		.dialect = "pydantic-ai", .role = ROLE_LLM, .counted = true, .provider = "gcp.gemini",
		.model = "gemini-2.5-flash", .input = 2000, .output = 300, .cache_read = 1536, .reasoning = 200,
		.producer = PRODUCER_FRAMEWORK,
	},
	{
		.name = "vLLM's server span",
		.scope = "vllm.llm_engine",
		.attributes = { { "gen_ai.response.model", "meta-llama/Llama-3" },
				{ "gen_ai.usage.prompt_tokens", "12" },
				{ "gen_ai.usage.completion_tokens", "6" },
				{ "gen_ai.latency.time_to_first_token", "0.000003" } },
		.dialect = "vllm", .role = ROLE_LLM, .counted = true, .model = "meta-llama/Llama-3", .input = 12, .output = 6,
		.cache_read = UNKNOWN, .reasoning = UNKNOWN, .ttft_ms = 0.003, .producer = PRODUCER_SERVER,
	},
	{
		.name = "Claude Code, cache beside input",
		.scope = "com.anthropic.claude_code.tracing",
		.attributes = { { "span.type", "llm_request" },
				{ "model", "claude-sonnet-4-20250514" },
				{ "input_tokens", "10" },
				{ "output_tokens", "70" },
				{ "cache_read_tokens", "185891" },
				{ "prompt.id", "turn-1" },
				{ "session.id", "s6" } },
		.dialect = "claude-code", .role = ROLE_LLM, .counted = true, .provider = "anthropic",
		.model = "claude-sonnet-4-20250514", .session = "s6", .input = 185901, .output = 70, .cache_read = 185891,
		.reasoning = UNKNOWN, .producer = PRODUCER_VENDOR_SDK,
	},
	{
		.name = "Anthropic's own client",
		.scope = "com.anthropic.sdk.python",
		.attributes = { { "gen_ai.operation.name", "chat" },
				{ "gen_ai.provider.name", "anthropic" },
				{ "gen_ai.response.model", "claude-sonnet-4-20250514" },
				{ "gen_ai.usage.input_tokens", "3901" },
				{ "gen_ai.usage.cache_read.input_tokens", "2048" },
				{ "gen_ai.usage.output_tokens", "104" } },
		.dialect = "vendor-sdk", .role = ROLE_LLM, .counted = true, .provider = "anthropic",
		.model = "claude-sonnet-4-20250514", .input = 3901, .output = 104, .cache_read = 2048, .reasoning = UNKNOWN,
		.producer = PRODUCER_VENDOR_SDK,
	},
	{
		.name = "Mistral's own client: old and new names mixed",
		.scope = "mistralai_sdk_tracer",
		.attributes = { { "gen_ai.provider.name", "mistral_ai" },
				{ "gen_ai.request.model", "mistral-large-latest" },
				{ "gen_ai.usage.prompt_tokens", "1441" },
				{ "gen_ai.usage.output_tokens", "335" } },
		.dialect = "vendor-sdk", .role = ROLE_LLM, .counted = true, .provider = "mistral_ai", .model = "mistral-large-latest",
		.input = 1441, .output = 335, .cache_read = UNKNOWN, .reasoning = UNKNOWN, .producer = PRODUCER_VENDOR_SDK,
	},
	{
		.name = "Sentry's names of cache and reasoning",
		.attributes = { { "gen_ai.operation.name", "chat" },
				{ "gen_ai.request.model", "gpt-4o" },
				{ "gen_ai.usage.input_tokens", "100" },
				{ "gen_ai.usage.input_tokens.cached", "40" },
				{ "gen_ai.usage.output_tokens", "20" },
				{ "gen_ai.usage.output_tokens.reasoning", "8" } },
		.dialect = "misc", .role = ROLE_LLM, .counted = true, .provider = "openai", .model = "gpt-4o", .input = 100, .output = 20,
		.cache_read = 40, .reasoning = 8,
	},
	{
		.name = "Langfuse: images in a bucket of their own, numbers with a fraction of nothing",
		.scope = "langfuse-sdk",
		.attributes = { { "langfuse.observation.type", "generation" },
				{ "langfuse.observation.model.name", "gpt-4o" },
				{ "langfuse.observation.usage_details",
				  "{\"input\":12.0,\"input_image_tokens\":100.0,\"output\":5,\"total\":117}" } },
		.dialect = "langfuse", .role = ROLE_LLM, .counted = true, .provider = "openai", .model = "gpt-4o",
		.input = 112, .output = 5, .cache_read = UNKNOWN, .reasoning = UNKNOWN, .producer = PRODUCER_INSTRUMENTATION,
	},
	{
		.name = "Google ADK's first versions: usage in the answer alone, thoughts beside the output",
		.scope = "gcp.vertex.agent",
		.span_name = "call_llm",
		.attributes = { { "gen_ai.system", "gcp.vertex.agent" },
				{ "gen_ai.request.model", "gemini-2.5-flash" },
				{ "gcp.vertex.agent.llm_response",
				  "{\"content\":{\"parts\":[{\"text\":\"hi\"}]},\"usage_metadata\":{\"candidates_token_count\":5,"
				  "\"prompt_token_count\":100,\"cached_content_token_count\":60,\"thoughts_token_count\":7,"
				  "\"total_token_count\":112}}" } },
		.dialect = "google-adk", .role = ROLE_LLM, .counted = true, .provider = "gcp.gemini",
		.model = "gemini-2.5-flash", .input = 100, .output = 12, .cache_read = 60, .reasoning = 7,
		.producer = PRODUCER_FRAMEWORK,
	},
	{
		.name = "Spring AI: numbers as text, no answer's model",
		.scope = "org.springframework.boot",
		.attributes = { { "gen_ai.operation.name", "chat" },
				{ "gen_ai.system", "mistral_ai" },
				{ "gen_ai.request.model", "mistral-small-latest" },
				{ "gen_ai.response.model", "none" },
				{ "gen_ai.response.finish_reasons", "[\"STOP\"]" },
				{ "gen_ai.usage.input_tokens", "18" },
				{ "gen_ai.usage.output_tokens", "3" },
				{ "gen_ai.usage.total_tokens", "21" } },
		.dialect = "otel-genai", .role = ROLE_LLM, .counted = true, .provider = "mistral_ai",
		.model = "mistral-small-latest", .input = 18, .output = 3, .cache_read = UNKNOWN, .reasoning = UNKNOWN,
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
		.model = "text-embedding-3-small", .input = 700, .output = UNKNOWN, .cache_read = UNKNOWN,
		.reasoning = UNKNOWN, .producer = PRODUCER_FRAMEWORK,
	},
};

static bool read_span(const char *scope_name, const char *span_name, const struct pair *pairs, struct call *out)
{
	static struct attribute attributes[ATTRIBUTES_MAX];
	static uint32_t sequence;
	struct scope_view scope = { .name = slice_of(scope_name) };
	struct resource_view resource = { .sequence = ++sequence };
	struct span_view span = {
		.trace_id = SLICE("0123456789abcdef"), .span_id = SLICE("01234567"), .name = slice_of(span_name),
		.start_unix_ns = 1000, .end_unix_ns = 6000, .scope = &scope, .resource = &resource,
	};

	span.attributes = attributes_of(attributes, pairs);
	return dialect_read(reader, &span, out);
}

static void assert_count(const struct tokens *t, enum token_class class, uint64_t want)
{
	uint64_t have = tokens_has(t, class) ? t->n[class] : UNKNOWN;

	if (have != want)
		fail_msg("%s is %lld instead of %lld", token_class_names[class], (long long)have, (long long)want);
}

static void every_vocabulary_becomes_the_call_it_tells_of(void **state)
{
	char prompt[64];
	struct call c;

	(void)state;
	for (size_t i = 0; i < sizeof(vocabularies) / sizeof(vocabularies[0]); i++) {
		const struct vocabulary *v = &vocabularies[i];
		print_message("         %s\n", v->name);
		assert_true(read_span(v->scope, v->span_name, v->attributes, &c));
		assert_string_equal(c.dialect, v->dialect);
		assert_int_equal(c.role, v->role);
		assert_int_equal(c.counted, v->counted);
		assert_int_equal(c.producer, v->producer);
		assert_text(c.provider, v->provider);
		assert_text(call_model(&c), v->model);
		assert_text(call_prompt(&c, prompt, sizeof(prompt)), v->prompt);
		assert_text(c.session_id, v->session);
		assert_count(&c.tokens, TOKENS_INPUT, v->input);
		assert_count(&c.tokens, TOKENS_OUTPUT, v->output);
		assert_count(&c.tokens, TOKENS_CACHE_READ, v->cache_read);
		assert_count(&c.tokens, TOKENS_REASONING, v->reasoning);
		assert_int_equal(c.ttft_ns, (uint64_t)(v->ttft_ms * 1e6 + 0.5));
	}
}

static void finish_reasons_of_dotnet_are_written_as_one_word(void **state)
{
	static const struct {
		const char *told;
		uint32_t want;
	} cases[] = {
		{ "[\"Stop\"]", FINISH_STOP },
		{ "[\"ToolCalls\"]", FINISH_TOOL_CALL },
		{ "[\"FunctionCall\"]", FINISH_TOOL_CALL },
		{ "[\"ContentFilter\"]", FINISH_CONTENT_FILTER },
	};
	struct call c;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pair pairs[] = { { "gen_ai.operation.name", "chat.completions" },
					{ "gen_ai.response.finish_reason", cases[i].told },
					{ 0 } };
		assert_true(read_span("Microsoft.SemanticKernel.Diagnostics", NULL, pairs, &c));
		assert_int_equal(c.finish, cases[i].want);
	}
}

/* LangChain sets the sum to 0 where Anthropic tells what was written by how long it is kept. */
static void what_was_written_to_the_cache_by_lifetime_adds_up(void **state)
{
	static const struct {
		const char *scope;
		struct pair attributes[ATTRIBUTES_MAX];
		uint64_t input, write, write_1h;
	} cases[] = {
		{ "langsmith",
		  { { "langsmith.span.kind", "llm" }, { "langsmith.metadata.usage_metadata",
		    "{\"input_tokens\":3000,\"output_tokens\":60,\"total_tokens\":3060,\"input_token_details\":{\"cache_read\":0,"
		    "\"cache_creation\":0,\"ephemeral_5m_input_tokens\":2000,\"ephemeral_1h_input_tokens\":48}}" } },
		  3000, 2048, 48 },
		{ "langsmith",
		  { { "langsmith.span.kind", "llm" }, { "gen_ai.usage.input_tokens", "3000" },
		    { "gen_ai.usage.output_tokens", "60" }, { "gen_ai.usage.input_token_details",
		    "{'cache_creation': 0, 'ephemeral_5m_input_tokens': 0, 'ephemeral_1h_input_tokens': 48}" } },
		  3000, 48, 48 },
		{ "langsmith", /* older ones tell the sum beside its parts */
		  { { "langsmith.span.kind", "llm" }, { "gen_ai.usage.input_tokens", "3000" },
		    { "gen_ai.usage.output_tokens", "60" }, { "gen_ai.usage.input_token_details",
		    "{'cache_creation': 2048, 'ephemeral_5m_input_tokens': 2000, 'ephemeral_1h_input_tokens': 48}" } },
		  3000, 2048, 48 },
		{ "langfuse-sdk",
		  { { "langfuse.observation.type", "generation" }, { "langfuse.observation.model.name", "claude-sonnet-4-0" },
		    { "langfuse.observation.usage_details", "{\"input\":952,\"output\":60,\"total\":3060,\"input_cache_read\":0,"
		    "\"input_cache_creation\":0,\"input_ephemeral_5m_input_tokens\":2000,"
		    "\"input_ephemeral_1h_input_tokens\":48}" } },
		  3000, 2048, 48 },
	};
	struct call c;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(read_span(cases[i].scope, NULL, cases[i].attributes, &c));
		assert_count(&c.tokens, TOKENS_INPUT, cases[i].input);
		assert_count(&c.tokens, TOKENS_CACHE_WRITE, cases[i].write);
		assert_count(&c.tokens, TOKENS_CACHE_WRITE_1H, cases[i].write_1h);
	}
}

static void plain_words_mean_nothing_outside_their_own_scope(void **state)
{
	static const struct pair words[] = { { "model", "gpt-4o" }, { "input_tokens", "10" }, { "output_tokens", "2" }, { 0 } };
	struct call c;

	(void)state;
	assert_false(read_span("my.app", "work", words, &c));
}

static void a_pending_span_is_no_call_and_says_why(void **state)
{
	static const struct pair pending[] = { { "gen_ai.operation.name", "chat" }, { "logfire.span_type", "pending_span" }, { 0 } };
	struct call c;

	(void)state;
	assert_false(read_span("logfire.openai", "chat", pending, &c));
	assert_non_null(c.not_counted);
}

static void logfire_tells_of_a_stream_in_the_request_that_was_sent(void **state)
{
	static const struct pair streamed[] = {
		{ "gen_ai.operation.name", "chat" },
		{ "gen_ai.request.model", "gpt-4o" },
		{ "gen_ai.usage.input_tokens", "500" },
		{ "gen_ai.usage.output_tokens", "40" },
		{ "request_data", "{\"model\":\"gpt-4o\",\"stream\":true,\"temperature\":0.5,\"messages\":[]}" },
		{ 0 },
	};
	struct call c;

	(void)state;
	assert_true(read_span("logfire.openai", NULL, streamed, &c));
	assert_int_equal(c.streaming, TRI_YES);
	assert_true(c.has_temperature);
	assert_true(read_span("shop", NULL, streamed, &c)); /* whose request_data is its own */
	assert_int_equal(c.streaming, TRI_UNKNOWN);
}

static void a_stream_that_opens_is_counted_when_it_has_ended(void **state)
{
	static const struct pair opens[] = { { "gen_ai.operation.name", "chat" }, { "gen_ai.request.model", "gpt-4o" }, { 0 } };
	static const struct pair ends[] = { { "gen_ai.operation.name", "chat" }, { "gen_ai.request.model", "gpt-4o" },
					    { "gen_ai.usage.input_tokens", "4" }, { "duration", "0.000000003" }, { 0 } };
	struct call c;

	(void)state;
	assert_true(read_span("logfire.openai", "chat", opens, &c));
	assert_false(c.counted);
	assert_true(read_span("logfire.openai", "streaming response", ends, &c));
	assert_true(c.counted);
}

static void evaluation_runs_are_marked(void **state)
{
	static const struct pair run[] = { { "gen_ai.operation.name", "chat" }, { "promptfoo.test.index", "3" }, { 0 } };
	struct call c;

	(void)state;
	assert_true(read_span("promptfoo.providers", "chat", run, &c));
	assert_true(c.is_evaluation_traffic);
}

static void a_proxys_own_cache_costs_nothing(void **state)
{
	static const struct pair hit[] = { { "gen_ai.operation.name", "chat" }, { "litellm.cache_hit", "True" },
					   { "gen_ai.usage.input_tokens", "4" }, { 0 } };
	struct call c;

	(void)state;
	assert_true(read_span("litellm", "litellm_request", hit, &c));
	assert_true(c.from_cache);
	assert_true(c.cost.known);
	assert_int_equal(c.cost.total_pusd, 0);
}

static void a_reported_cost_of_nothing_is_no_cost(void **state)
{
	static const struct pair free_of_charge[] = { { "gen_ai.operation.name", "chat" }, { "gen_ai.usage.cost", "0" }, { 0 } };
	struct call c;

	(void)state;
	assert_true(read_span("openlit", "chat", free_of_charge, &c));
	assert_false(c.reported_cost.known);
}

static bool read_log(const char *event_name, const char *service, const struct pair *pairs, struct call *out)
{
	static struct attribute attributes[ATTRIBUTES_MAX], service_name;
	static uint32_t sequence = 1000;
	struct scope_view scope = { .name = SLICE("com.example.events") };
	struct resource_view resource = { .attributes = { &service_name, 1 }, .sequence = ++sequence };
	struct log_view log = { .time_unix_ns = 5000000000, .event_name = slice_of(event_name), .scope = &scope, .resource = &resource };

	service_name = (struct attribute){ SLICE("service.name"), { .kind = ANY_STRING, .bytes = slice_of(service) } };
	log.attributes = attributes_of(attributes, pairs);
	return dialect_read_log(reader, &log, out);
}

static void codex_tells_of_a_call_in_a_log_record_with_numbers_as_text(void **state)
{
	static const struct pair completed[] = { { "event.kind", "response.completed" }, { "model", "gpt-5-codex" },
						 { "input_token_count", "26549" }, { "cached_token_count", "22272" },
						 { "output_token_count", "1590" }, { "reasoning_token_count", "1216" },
						 { "conversation.id", "c1" }, { "duration_ms", "1500" }, { 0 } };
	static const struct pair other[] = { { "event.kind", "response.created" }, { "model", "gpt-5-codex" }, { 0 } };
	struct call c;

	(void)state;
	assert_true(read_log("codex.sse_event", "codex_cli_rs", completed, &c));
	assert_string_equal(c.dialect, "codex");
	assert_count(&c.tokens, TOKENS_INPUT, 26549);
	assert_count(&c.tokens, TOKENS_CACHE_READ, 22272);
	assert_count(&c.tokens, TOKENS_REASONING, 1216);
	assert_text(c.session_id, "c1");
	assert_int_equal(c.service_tier.len, 0); /* openai/codex#21385: the tier is not told, so none is assumed */
	assert_int_equal(c.start_unix_ns, 3500000000);
	assert_false(read_log("codex.sse_event", "codex_cli_rs", other, &c));
	assert_false(read_log("codex.sse_event", "shop", completed, &c));
}

static void claude_code_tells_of_a_call_in_a_log_record(void **state)
{
	static const struct pair request[] = { { "model", "claude-sonnet-4-20250514" }, { "input_tokens", "10" },
					       { "cache_read_tokens", "500" }, { "output_tokens", "7" }, { "cost_usd", "0.01" },
					       { "request_id", "req_1" }, { "prompt.id", "turn-1" }, { 0 } };
	struct call c;

	(void)state;
	assert_true(read_log("claude_code.api_request", "claude-code", request, &c));
	assert_count(&c.tokens, TOKENS_INPUT, 510);
	assert_text(c.request_id, "req_1");
	assert_int_equal(c.prompt_name.len, 0); /* prompt.id is a turn of the user here */
	assert_int_equal(c.reported_cost.pusd, 10000000000);
	assert_false(read_log("claude_code.user_prompt", "claude-code", request, &c));
}

/* What a manifest may say, too. */
static const struct parameters {
	const char *name, *scope;
	struct pair attributes[ATTRIBUTES_MAX];
	double temperature; /* below 0: not told */
	uint64_t max_output_tokens, top_k;
	const char *collection;
} parameters[] = {
	{
		.name = "semantic conventions: a call's top_k is no search's",
		.scope = "opentelemetry.instrumentation.openai_v2",
		.attributes = { { "gen_ai.operation.name", "chat" }, { "gen_ai.request.temperature", "0.3" },
				{ "gen_ai.request.max_tokens", "100" }, { "gen_ai.request.top_k", "40" } },
		.temperature = 0.3, .max_output_tokens = 100,
	},
	{
		.name = "OpenInference",
		.scope = "openinference.instrumentation.openai",
		.attributes = { { "openinference.span.kind", "LLM" },
				{ "llm.invocation_parameters", "{\"temperature\":0.3,\"max_completion_tokens\":100}" } },
		.temperature = 0.3, .max_output_tokens = 100,
	},
	{
		.name = "Langfuse",
		.scope = "langfuse-sdk",
		.attributes = { { "langfuse.observation.type", "generation" },
				{ "langfuse.observation.model.parameters", "{\"temperature\":0.3,\"max_tokens\":100}" } },
		.temperature = 0.3, .max_output_tokens = 100,
	},
	{
		.name = "LangSmith",
		.scope = "langsmith",
		.attributes = { { "langsmith.span.kind", "llm" }, { "langsmith.metadata.ls_temperature", "0.3" },
				{ "langsmith.metadata.ls_max_tokens", "100" } },
		.temperature = 0.3, .max_output_tokens = 100,
	},
	{
		.name = "OpenLLMetry's LangChain",
		.scope = "opentelemetry.instrumentation.langchain",
		.attributes = { { "llm.request.type", "chat" }, { "traceloop.association.properties.ls_temperature", "0.3" } },
		.temperature = 0.3,
	},
	{
		.name = "a search",
		.scope = "shop",
		.attributes = { { "gen_ai.operation.name", "retrieval" }, { "gen_ai.retrieval.top_k", "5" },
				{ "gen_ai.data_source.id", "docs" } },
		.temperature = -1, .top_k = 5, .collection = "docs",
	},
	{
		.name = "a search by older conventions, in a database's words",
		.scope = "shop",
		.attributes = { { "gen_ai.operation.name", "retrieval" }, { "gen_ai.request.top_k", "5" },
				{ "gen_ai.data_source.id", "H9STPQYOND" }, { "db.collection.name", "docs" } },
		.temperature = -1, .top_k = 5, .collection = "docs",
	},
};

static void what_a_manifest_may_say_is_read_of_every_vocabulary(void **state)
{
	struct call c;

	(void)state;
	for (size_t i = 0; i < sizeof(parameters) / sizeof(parameters[0]); i++) {
		const struct parameters *p = &parameters[i];
		print_message("         %s\n", p->name);
		assert_true(read_span(p->scope, NULL, p->attributes, &c));
		assert_int_equal(c.has_temperature, p->temperature >= 0);
		assert_true(p->temperature < 0 || c.temperature == p->temperature);
		assert_int_equal(c.max_output_tokens, p->max_output_tokens);
		assert_int_equal(c.retrieval_top_k, p->top_k);
		assert_text(c.retrieval_collection, p->collection);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_vocabulary_becomes_the_call_it_tells_of),
cmocka_unit_test(finish_reasons_of_dotnet_are_written_as_one_word),
		cmocka_unit_test(what_a_manifest_may_say_is_read_of_every_vocabulary),
		cmocka_unit_test(what_was_written_to_the_cache_by_lifetime_adds_up),
		cmocka_unit_test(plain_words_mean_nothing_outside_their_own_scope),
		cmocka_unit_test(a_pending_span_is_no_call_and_says_why),
		cmocka_unit_test(logfire_tells_of_a_stream_in_the_request_that_was_sent),
		cmocka_unit_test(a_stream_that_opens_is_counted_when_it_has_ended),
		cmocka_unit_test(evaluation_runs_are_marked),
		cmocka_unit_test(a_proxys_own_cache_costs_nothing),
		cmocka_unit_test(a_reported_cost_of_nothing_is_no_cost),
		cmocka_unit_test(codex_tells_of_a_call_in_a_log_record_with_numbers_as_text),
		cmocka_unit_test(claude_code_tells_of_a_call_in_a_log_record),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
