/* SPDX-License-Identifier: Apache-2.0
 * dialects/vercel_ai.c - Vercel AI SDK 3 to 7 (the vocabulary ai.*; SDK 7 itself speaks the GenAI conventions).
 *
 * Only the inner spans (.doGenerate, .doStream, .doEmbed, .doRerank) are model calls: the outer one repeats the last step's
 * usage or the sum of all, by version and function. Input counts are the provider's own up to SDK 5, so without the cache
 * for Anthropic and Bedrock; from SDK 6 on, told by ai.usage.inputTokenDetails, they include it. Likewise Gemini's output
 * is without the thoughts up to SDK 5, where the total has both.
 */
#include "agent/dialects/dialect.h"

static const struct dialect_word leaf_operations[] = {
	{ "ai.generateText.doGenerate", ROLE_LLM },
	{ "ai.streamText.doStream", ROLE_LLM },
	{ "ai.generateObject.doGenerate", ROLE_LLM },
	{ "ai.streamObject.doStream", ROLE_LLM },
	{ "ai.embed.doEmbed", ROLE_EMBEDDING },
	{ "ai.embedMany.doEmbed", ROLE_EMBEDDING },
	{ "ai.rerank.doRerank", ROLE_RERANK },
	{ 0 },
};

static const struct dialect_word aggregate_operations[] = {
	{ "ai.generateText", ROLE_AGENT },
	{ "ai.streamText", ROLE_AGENT },
	{ "ai.generateObject", ROLE_AGENT },
	{ "ai.streamObject", ROLE_AGENT },
	{ "ai.embed", ROLE_CHAIN },
	{ "ai.embedMany", ROLE_CHAIN },
	{ "ai.rerank", ROLE_CHAIN },
	{ "ai.toolCall", ROLE_TOOL },
	{ 0 },
};

static const struct dialect_word streaming_operations[] = {
	{ "ai.streamText.doStream", true },
	{ "ai.streamObject.doStream", true },
	{ "ai.generateText.doGenerate", false },
	{ "ai.generateObject.doGenerate", false },
	{ 0 },
};

static const struct dialect_word object_operations[] = {
	{ "ai.generateObject.doGenerate", true },
	{ "ai.streamObject.doStream", true },
	{ 0 },
};

static const struct dialect_row langfuse_prompt[] = {
	ROW_TEXT("name", FIELD_PROMPT_NAME, PROMPT_AI_SDK_LANGFUSE),
	ROW_TEXT("version", FIELD_PROMPT_VERSION, PROMPT_AI_SDK_LANGFUSE),
	ROW_END,
};

static const struct dialect_row cache_creation[] = {
	ROW_COUNT("ephemeral_1h_input_tokens", FAMILY_AI_SDK, TOKENS_CACHE_WRITE_1H),
	ROW_END,
};

static const struct dialect_row anthropic_usage[] = {
	ROW_COUNT("cache_read_input_tokens", FAMILY_AI_SDK, TOKENS_CACHE_READ),
	ROW_COUNT("cache_creation_input_tokens", FAMILY_AI_SDK, TOKENS_CACHE_WRITE),
	ROW_MEMBERS("cache_creation", cache_creation),
	ROW_END,
};

static const struct dialect_row anthropic[] = {
	ROW_MEMBERS("usage", anthropic_usage),
	ROW_COUNT("cacheReadInputTokens", FAMILY_AI_SDK, TOKENS_CACHE_READ),
	ROW_COUNT("cacheCreationInputTokens", FAMILY_AI_SDK, TOKENS_CACHE_WRITE),
	ROW_END,
};

static const struct dialect_row bedrock_usage[] = {
	ROW_COUNT("cacheReadInputTokens", FAMILY_AI_SDK, TOKENS_CACHE_READ),
	ROW_COUNT("cacheWriteInputTokens", FAMILY_AI_SDK, TOKENS_CACHE_WRITE),
	ROW_END,
};

static const struct dialect_row bedrock[] = { ROW_MEMBERS("usage", bedrock_usage), ROW_END };

static const struct dialect_row google_usage[] = {
	ROW_COUNT("cachedContentTokenCount", FAMILY_AI_SDK, TOKENS_CACHE_READ),
	ROW_COUNT("thoughtsTokenCount", FAMILY_AI_SDK, TOKENS_REASONING),
	ROW_TOTAL("totalTokenCount", FAMILY_AI_SDK),
	ROW_END,
};

static const struct dialect_row google[] = { ROW_MEMBERS("usageMetadata", google_usage), ROW_END };

static const struct dialect_row openai[] = {
	ROW_COUNT("cachedPromptTokens", FAMILY_AI_SDK, TOKENS_CACHE_READ),
	ROW_COUNT("reasoningTokens", FAMILY_AI_SDK, TOKENS_REASONING),
	ROW_TEXT("serviceTier", FIELD_SERVICE_TIER, 3),
	ROW_END,
};

static const struct dialect_row provider_metadata[] = {
	ROW_MEMBERS("anthropic", anthropic),
	ROW_MEMBERS("bedrock", bedrock),
	ROW_MEMBERS("google", google),
	ROW_MEMBERS("vertex", google),
	ROW_MEMBERS("openai", openai),
	ROW_END,
};

static const struct dialect_row rows[] = {
	ROW_WORDS("ai.operationId", FIELD_LEAF, leaf_operations),
	ROW_WORDS("ai.operationId", FIELD_AGGREGATE, aggregate_operations),
	ROW_WORDS("ai.operationId", FIELD_STREAMING, streaming_operations),
	ROW_WORDS("ai.operationId", FIELD_JSON_WANTED, object_operations),
	ROW_TEXT("ai.telemetry.functionId", FIELD_FEATURE, 32),
	ROW_MEMBERS("ai.telemetry.metadata.langfusePrompt", langfuse_prompt),
	ROW_PROVIDER("ai.model.provider", 4),
	ROW_NAME("ai.model.id", FIELD_REQUEST_MODEL, 1),
	ROW_NAME("ai.response.model", FIELD_RESPONSE_MODEL, 1),
	ROW_TEXT("ai.response.id", FIELD_RESPONSE_ID, 1),
	ROW_WORDS("ai.response.finishReason", FIELD_FINISH, finish_words),
	ROW_MEMBERS("ai.response.providerMetadata", provider_metadata),
	ROW_NUMBER("ai.response.msToFirstChunk", FIELD_TTFT, CONVERT_MILLISECONDS, 2),
	ROW_NUMBER("ai.stream.msToFirstChunk", FIELD_TTFT, CONVERT_MILLISECONDS, 3),
	ROW_COUNT("ai.usage.promptTokens", FAMILY_AI_SDK, TOKENS_INPUT),
	ROW_COUNT("ai.usage.completionTokens", FAMILY_AI_SDK, TOKENS_OUTPUT),
	ROW_COUNT("ai.usage.inputTokens", FAMILY_AI_SDK, TOKENS_INPUT),
	ROW_COUNT("ai.usage.outputTokens", FAMILY_AI_SDK, TOKENS_OUTPUT),
	ROW_COUNT("ai.usage.tokens", FAMILY_AI_SDK, TOKENS_INPUT),
	ROW_TOTAL("ai.usage.totalTokens", FAMILY_AI_SDK),
	ROW_COUNT("ai.usage.cachedInputTokens", FAMILY_AI_SDK, TOKENS_CACHE_READ),
	ROW_COUNT("ai.usage.reasoningTokens", FAMILY_AI_SDK, TOKENS_REASONING),
	{ "ai.usage.inputTokenDetails.noCacheTokens", FIELD_TOKENS_INCLUSIVE, CONVERT_PRESENCE, 0, 0, NULL, NULL },
	ROW_COUNT("ai.usage.inputTokenDetails.cacheReadTokens", FAMILY_AI_SDK, TOKENS_CACHE_READ),
	{ "ai.usage.inputTokenDetails.cacheReadTokens", FIELD_TOKENS_INCLUSIVE, CONVERT_PRESENCE, 0, 0, NULL, NULL },
	ROW_COUNT("ai.usage.inputTokenDetails.cacheWriteTokens", FAMILY_AI_SDK, TOKENS_CACHE_WRITE),
	{ "ai.usage.inputTokenDetails.cacheWriteTokens", FIELD_TOKENS_INCLUSIVE, CONVERT_PRESENCE, 0, 0, NULL, NULL },
	ROW_COUNT("ai.usage.outputTokenDetails.reasoningTokens", FAMILY_AI_SDK, TOKENS_REASONING),
	ROW_CONTENT("ai.prompt.messages", FIELD_INPUT_TEXT, 3),
	ROW_CONTENT("ai.response.text", FIELD_OUTPUT_TEXT, 3),
	ROW_CONTENT("ai.response.object", FIELD_OUTPUT_TEXT, 4),
	ROW_CONTENT("ai.response.toolCalls", FIELD_RAW_ANSWER, 1),
	ROW_CONTENT("ai.schema", FIELD_SCHEMA, 1),
	ROW_TEXT("ai.toolCall.name", FIELD_TOOL_NAME, 2),
	ROW_END,
};

static const struct dialect_prefix prefixes[] = {
	{ "ai.telemetry.metadata.", true, metadata_members },
	{ "ai.settings.context.", true, metadata_members },
	{ 0 },
};

static const struct dialect_scope scopes[] = {
	{ "@ai-sdk/", PRODUCER_FRAMEWORK, false, STREAM_USAGE_SERVED },
	{ 0 },
};

const struct dialect dialect_vercel_ai = {
	.name = "vercel-ai",
	.source = "npm ai 4.3.19, 5.0.277, 6.0.326, 7.0.173, @ai-sdk/otel 1.0.173, read 2026-11",
	.rows = rows,
	.prefixes = prefixes,
	.scopes = scopes,
};
