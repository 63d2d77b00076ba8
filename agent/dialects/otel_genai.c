/* SPDX-License-Identifier: Apache-2.0
 * dialects/otel_genai.c - OpenTelemetry semantic conventions for generative AI, all published generations.
 *
 * 1.26 and older: prompt_tokens, completion_tokens; 1.27: input_tokens, output_tokens; 1.37: provider.name instead of
 * system; 1.40: cache classes, and the rule that input includes them; 1.41: reasoning, request.stream, time to first
 * chunk; 2026: cache_creation renamed cache_write, prompt.version.
 */
#include "agent/dialects/dialect.h"

static const struct dialect_word leaf_operations[] = {
	{ "chat", ROLE_LLM },
	{ "generate_content", ROLE_LLM },
	{ "text_completion", ROLE_LLM },
	{ "completion", ROLE_LLM },
	{ "generate", ROLE_LLM },
	{ "response", ROLE_LLM },
	{ "embeddings", ROLE_EMBEDDING },
	{ "embedding", ROLE_EMBEDDING },
	{ "rerank", ROLE_RERANK },
	{ 0 },
};

static const struct dialect_word aggregate_operations[] = {
	{ "invoke_agent", ROLE_AGENT },
	{ "create_agent", ROLE_AGENT },
	{ "agent_step", ROLE_AGENT },
	{ "execute_event_loop_cycle", ROLE_AGENT },
	{ "plan", ROLE_AGENT },
	{ "invoke_workflow", ROLE_CHAIN },
	{ "fetch_response", ROLE_CHAIN }, /* reads an old answer again: no new spend */
	{ "execute_tool", ROLE_TOOL },
	{ "retrieval", ROLE_RETRIEVAL },
	{ "create_memory_store", ROLE_TOOL },
	{ "delete_memory_store", ROLE_TOOL },
	{ "create_memory", ROLE_TOOL },
	{ "update_memory", ROLE_TOOL },
	{ "upsert_memory", ROLE_TOOL },
	{ "search_memory", ROLE_TOOL },
	{ "delete_memory", ROLE_TOOL },
	{ 0 },
};

#define TEXT(key, field, rank) { key, field, CONVERT_TEXT, rank, 0, NULL, NULL }
#define COUNT(key, class) { key, FIELD_TOKENS, CONVERT_COUNT, FAMILY_GEN_AI, class, NULL, NULL }

static const struct dialect_row rows[] = {
	{ "gen_ai.operation.name", FIELD_LEAF, CONVERT_WORDS, 0, 0, leaf_operations, NULL },
	{ "gen_ai.operation.name", FIELD_AGGREGATE, CONVERT_WORDS, 0, 0, aggregate_operations, NULL },
	TEXT("gen_ai.operation.name", FIELD_OPERATION, 0),

	{ "gen_ai.provider.name", FIELD_PROVIDER, CONVERT_PROVIDER, 0, 0, NULL, NULL },
	{ "gen_ai.system", FIELD_PROVIDER, CONVERT_PROVIDER, 1, 0, NULL, NULL },
	{ "gen_ai.request.model", FIELD_REQUEST_MODEL, CONVERT_NAME, 0, 0, NULL, NULL },
	{ "gen_ai.response.model", FIELD_RESPONSE_MODEL, CONVERT_NAME, 0, 0, NULL, NULL },
	TEXT("gen_ai.response.id", FIELD_RESPONSE_ID, 0),
	TEXT("openai.response.service_tier", FIELD_SERVICE_TIER, 0),
	TEXT("gen_ai.openai.response.service_tier", FIELD_SERVICE_TIER, 1),
	TEXT("server.address", FIELD_SERVER_ADDRESS, 0),
	TEXT("session.id", FIELD_SESSION, 1),
	TEXT("gen_ai.conversation.id", FIELD_SESSION, 2),
	TEXT("user.id", FIELD_USER, 1),
	TEXT("enduser.id", FIELD_USER, 2),
	TEXT("service.name", FIELD_SERVICE, 0),
	TEXT("gen_ai.workflow.name", FIELD_WORKFLOW, 36),
	TEXT("gen_ai.workflow.name", FIELD_FEATURE, 36),
	TEXT("gen_ai.agent.name", FIELD_FEATURE, 38),

	TEXT("gen_ai.prompt.name", FIELD_PROMPT_NAME, 0),
	TEXT("gen_ai.prompt.version", FIELD_PROMPT_VERSION, 0),

	COUNT("gen_ai.usage.input_tokens", TOKENS_INPUT),
	COUNT("gen_ai.usage.output_tokens", TOKENS_OUTPUT),
	COUNT("gen_ai.usage.cache_read.input_tokens", TOKENS_CACHE_READ),
	COUNT("gen_ai.usage.cache_write.input_tokens", TOKENS_CACHE_WRITE),
	COUNT("gen_ai.usage.cache_creation.input_tokens", TOKENS_CACHE_WRITE),
	COUNT("gen_ai.usage.reasoning.output_tokens", TOKENS_REASONING),
	COUNT("gen_ai.usage.audio.input_tokens", TOKENS_AUDIO_IN),
	COUNT("gen_ai.usage.audio.output_tokens", TOKENS_AUDIO_OUT),
	COUNT("gen_ai.usage.image.input_tokens", TOKENS_IMAGE_IN),
	COUNT("gen_ai.usage.image.output_tokens", TOKENS_IMAGE_OUT),
	{ "gen_ai.usage.total_tokens", FIELD_TOKENS_TOTAL, CONVERT_COUNT, FAMILY_GEN_AI, 0, NULL, NULL },
	{ "gen_ai.usage.prompt_tokens", FIELD_TOKENS, CONVERT_COUNT, FAMILY_GEN_AI_OLD, TOKENS_INPUT, NULL, NULL },
	{ "gen_ai.usage.completion_tokens", FIELD_TOKENS, CONVERT_COUNT, FAMILY_GEN_AI_OLD, TOKENS_OUTPUT, NULL, NULL },
	{ "gen_ai.usage.cost", FIELD_REPORTED_COST, CONVERT_USD, 6, 0, NULL, NULL },

	{ "gen_ai.response.finish_reasons", FIELD_FINISH, CONVERT_WORDS, 0, 0, finish_words, NULL },
	{ "gen_ai.request.stream", FIELD_STREAMING, CONVERT_TRUTH, 0, 0, NULL, NULL },
	{ "gen_ai.response.time_to_first_chunk", FIELD_TTFT, CONVERT_SECONDS, 0, 0, NULL, NULL },
	{ "gen_ai.client.operation.time_to_first_chunk", FIELD_TTFT, CONVERT_SECONDS, 1, 0, NULL, NULL },
	{ "gen_ai.server.time_to_first_token", FIELD_TTFT, CONVERT_SECONDS, 5, 0, NULL, NULL },

	TEXT("error.type", FIELD_ERROR_TYPE, 0),
	{ "http.response.status_code", FIELD_HTTP_STATUS, CONVERT_COUNT, 0, 0, NULL, NULL },
	{ 0 },
};

const struct dialect dialect_otel_genai = {
	.name = "otel-genai",
	.source = "semantic-conventions 1.26 to 1.42 and semantic-conventions-genai, read 2026-11",
	.rows = rows,
};
