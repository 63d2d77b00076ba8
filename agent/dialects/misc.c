/* SPDX-License-Identifier: Apache-2.0
 * dialects/misc.c - Smaller vocabularies: Sentry, Laminar, VoltAgent, Mastra, Promptfoo, tRPC-Agent-Go.
 *
 * Mastra's first chunk (mastra.completion_start_time) is left alone: calls that are not streamed have one too, at their end.
 */
#include "agent/dialects/dialect.h"

static const struct dialect_word leaf_types[] = { { "LLM", ROLE_LLM }, { 0 } };

static const struct dialect_word aggregate_types[] = {
	{ "TOOL", ROLE_TOOL },
	{ "EVALUATOR", ROLE_EVALUATOR },
	{ "EVALUATION", ROLE_EVALUATOR },
	{ 0 },
};

static const struct dialect_row rows[] = {
	ROW_COUNT("gen_ai.usage.input_tokens.cached", FAMILY_GEN_AI, TOKENS_CACHE_READ),
	ROW_COUNT("gen_ai.usage.input_tokens.cache_write", FAMILY_GEN_AI, TOKENS_CACHE_WRITE),
	ROW_COUNT("gen_ai.usage.output_tokens.reasoning", FAMILY_GEN_AI, TOKENS_REASONING),
	ROW_WORDS("lmnr.span.type", FIELD_LEAF, leaf_types),
	ROW_WORDS("lmnr.span.type", FIELD_AGGREGATE, aggregate_types),
	ROW_TEXT("voltagent.conversation_id", FIELD_SESSION, 8),
	ROW_COUNT("gen_ai.usage.cached_input_tokens", FAMILY_GEN_AI, TOKENS_CACHE_READ), /* Mastra's exporter up to 1.0 */
	ROW_COUNT("gen_ai.usage.cache_write_tokens", FAMILY_GEN_AI, TOKENS_CACHE_WRITE),
	ROW_COUNT("gen_ai.usage.cache_creation.1h_input_tokens", FAMILY_GEN_AI, TOKENS_CACHE_WRITE_1H),
	ROW_COUNT("gen_ai.usage.audio_input_tokens", FAMILY_GEN_AI, TOKENS_AUDIO_IN),
	ROW_COUNT("gen_ai.usage.audio_output_tokens", FAMILY_GEN_AI, TOKENS_AUDIO_OUT),
	ROW_COUNT("usage.prompt_tokens", FAMILY_FRAMEWORK, TOKENS_INPUT),
	ROW_COUNT("usage.completion_tokens", FAMILY_FRAMEWORK, TOKENS_OUTPUT),
	ROW_TOTAL("usage.total_tokens", FAMILY_FRAMEWORK),
	ROW_NUMBER("trpc_agent_go.client.time_to_first_token", FIELD_TTFT, CONVERT_SECONDS, 6),
	ROW_TEXT("trpc_go_agent.user.id", FIELD_USER, 7),
	{ "promptfoo.test.index", FIELD_EVALUATION_TRAFFIC, CONVERT_PRESENCE, 0, 0, NULL, NULL },
	{ "promptfoo.eval.id", FIELD_EVALUATION_TRAFFIC, CONVERT_PRESENCE, 0, 0, NULL, NULL },
	{ "promptfoo.provider.id", FIELD_EVALUATION_TRAFFIC, CONVERT_PRESENCE, 0, 0, NULL, NULL },
	{ "langfuse.experiment.id", FIELD_EVALUATION_TRAFFIC, CONVERT_PRESENCE, 0, 0, NULL, NULL },
	ROW_END,
};

static const struct dialect_prefix prefixes[] = {
	{ "mastra.metadata.", true, metadata_members },
	{ 0 },
};

static const struct dialect_scope scopes[] = {
	{ "lmnr", PRODUCER_INSTRUMENTATION, false, STREAM_USAGE_SERVED },
	{ "voltagent", PRODUCER_FRAMEWORK, false, STREAM_USAGE_SERVED },
	{ "livekit", PRODUCER_FRAMEWORK, false, STREAM_USAGE_SERVED },
	{ "promptfoo", PRODUCER_FRAMEWORK, false, STREAM_USAGE_SERVED },
	{ "@mastra/", PRODUCER_FRAMEWORK, false, STREAM_USAGE_SERVED },
	{ "trpc.agent.go", PRODUCER_FRAMEWORK, false, STREAM_USAGE_SERVED },
	{ "spring.ai", PRODUCER_FRAMEWORK, false, STREAM_USAGE_SERVED },
	{ 0 },
};

const struct dialect dialect_misc = {
	.name = "misc",
	.source = "Sentry documentation, sources of Laminar, VoltAgent, Promptfoo and trpc-agent-go, "
		  "@mastra/otel-exporter 0.3.3, 1.0.0, 1.4.0, read 2026-11",
	.rows = rows,
	.prefixes = prefixes,
	.scopes = scopes,
};
