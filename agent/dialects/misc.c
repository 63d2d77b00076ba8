/* SPDX-License-Identifier: Apache-2.0
 * dialects/misc.c - Smaller vocabularies: Sentry, Genkit, Laminar, VoltAgent, Promptfoo.
 */
#include "agent/dialects/dialect.h"

static const struct dialect_word leaf_subtypes[] = {
	{ "model", ROLE_LLM },
	{ "embedder", ROLE_EMBEDDING },
	{ 0 },
};

static const struct dialect_word aggregate_subtypes[] = {
	{ "tool", ROLE_TOOL },
	{ "retriever", ROLE_RETRIEVAL },
	{ "evaluator", ROLE_EVALUATOR },
	{ "flow", ROLE_CHAIN },
	{ 0 },
};

static const struct dialect_word leaf_types[] = { { "LLM", ROLE_LLM }, { 0 } };

static const struct dialect_word aggregate_types[] = {
	{ "TOOL", ROLE_TOOL },
	{ "EVALUATOR", ROLE_EVALUATOR },
	{ "EVALUATION", ROLE_EVALUATOR },
	{ 0 },
};

static const struct dialect_row genkit_usage[] = {
	ROW_COUNT("inputTokens", FAMILY_FRAMEWORK, TOKENS_INPUT),
	ROW_COUNT("outputTokens", FAMILY_FRAMEWORK, TOKENS_OUTPUT),
	ROW_COUNT("thoughtsTokens", FAMILY_FRAMEWORK, TOKENS_REASONING),
	ROW_COUNT("cachedContentTokens", FAMILY_FRAMEWORK, TOKENS_CACHE_READ),
	ROW_TOTAL("totalTokens", FAMILY_FRAMEWORK),
	ROW_END,
};

static const struct dialect_row genkit_output[] = {
	ROW_MEMBERS("usage", genkit_usage),
	ROW_WORDS("finishReason", FIELD_FINISH, finish_words),
	ROW_END,
};

static const struct dialect_row rows[] = {
	ROW_COUNT("gen_ai.usage.input_tokens.cached", FAMILY_GEN_AI, TOKENS_CACHE_READ),
	ROW_COUNT("gen_ai.usage.input_tokens.cache_write", FAMILY_GEN_AI, TOKENS_CACHE_WRITE),
	ROW_COUNT("gen_ai.usage.output_tokens.reasoning", FAMILY_GEN_AI, TOKENS_REASONING),
	ROW_WORDS("genkit:metadata:subtype", FIELD_LEAF, leaf_subtypes),
	ROW_WORDS("genkit:metadata:subtype", FIELD_AGGREGATE, aggregate_subtypes),
	ROW_NAME("genkit:name", FIELD_REQUEST_MODEL, 8),
	ROW_MEMBERS("genkit:output", genkit_output),
	ROW_WORDS("lmnr.span.type", FIELD_LEAF, leaf_types),
	ROW_WORDS("lmnr.span.type", FIELD_AGGREGATE, aggregate_types),
	ROW_TEXT("voltagent.conversation_id", FIELD_SESSION, 8),
	ROW_COUNT("usage.prompt_tokens", FAMILY_FRAMEWORK, TOKENS_INPUT),
	ROW_COUNT("usage.completion_tokens", FAMILY_FRAMEWORK, TOKENS_OUTPUT),
	ROW_TOTAL("usage.total_tokens", FAMILY_FRAMEWORK),
	ROW_COUNT("llm.usage.prompt_tokens", FAMILY_FRAMEWORK, TOKENS_INPUT),
	ROW_COUNT("llm.usage.completion_tokens", FAMILY_FRAMEWORK, TOKENS_OUTPUT),
	{ "promptfoo.test.index", FIELD_EVALUATION_TRAFFIC, CONVERT_PRESENCE, 0, 0, NULL, NULL },
	{ "promptfoo.eval.id", FIELD_EVALUATION_TRAFFIC, CONVERT_PRESENCE, 0, 0, NULL, NULL },
	{ "promptfoo.provider.id", FIELD_EVALUATION_TRAFFIC, CONVERT_PRESENCE, 0, 0, NULL, NULL },
	{ "langfuse.experiment.id", FIELD_EVALUATION_TRAFFIC, CONVERT_PRESENCE, 0, 0, NULL, NULL },
	ROW_END,
};

static const struct dialect_scope scopes[] = {
	{ "genkit", PRODUCER_FRAMEWORK, false, STREAM_USAGE_SERVED },
	{ "lmnr", PRODUCER_INSTRUMENTATION, false, STREAM_USAGE_SERVED },
	{ "voltagent", PRODUCER_FRAMEWORK, false, STREAM_USAGE_SERVED },
	{ "livekit", PRODUCER_FRAMEWORK, false, STREAM_USAGE_SERVED },
	{ "promptfoo", PRODUCER_FRAMEWORK, false, STREAM_USAGE_SERVED },
	{ "mastra", PRODUCER_FRAMEWORK, false, STREAM_USAGE_SERVED },
	{ "spring.ai", PRODUCER_FRAMEWORK, false, STREAM_USAGE_SERVED },
	{ 0 },
};

const struct dialect dialect_misc = {
	.name = "misc",
	.source = "Sentry documentation, Genkit, Laminar, VoltAgent and Promptfoo sources, read 2026-11",
	.rows = rows,
	.scopes = scopes,
};
