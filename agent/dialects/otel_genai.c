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
	{ "chat.completions", ROLE_LLM },
	{ "text.completions", ROLE_LLM },
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

static const struct dialect_word json_types[] = {
	{ "json", true },
	{ "json_object", true },
	{ "json_schema", true },
	{ 0 },
};

static const struct dialect_row documents[] = {
	{ "", FIELD_DOCUMENT, CONVERT_PRESENCE, 0, 0, NULL, NULL },
	ROW_TEXT("id", FIELD_DOCUMENT_ID, 0),
	ROW_NUMBER("score", FIELD_DOCUMENT_SCORE, CONVERT_NUMBER, 0),
	ROW_TEXT("content", FIELD_DOCUMENT_TEXT, 0),
	ROW_END,
};

static const struct dialect_row rows[] = {
	ROW_WORDS("gen_ai.operation.name", FIELD_LEAF, leaf_operations),
	ROW_WORDS("gen_ai.operation.name", FIELD_AGGREGATE, aggregate_operations),
	ROW_TEXT("gen_ai.operation.name", FIELD_OPERATION, 0),

	ROW_PROVIDER("gen_ai.provider.name", 1),
	ROW_PROVIDER("gen_ai.system", 2),
	ROW_NAME("gen_ai.request.model", FIELD_REQUEST_MODEL, 0),
	ROW_NAME("gen_ai.response.model", FIELD_RESPONSE_MODEL, 0),
	ROW_TEXT("gen_ai.response.id", FIELD_RESPONSE_ID, 0),
	ROW_TEXT("openai.response.service_tier", FIELD_SERVICE_TIER, 0),
	ROW_TEXT("gen_ai.openai.response.service_tier", FIELD_SERVICE_TIER, 1),
	ROW_TEXT("gen_ai.response.service_tier", FIELD_SERVICE_TIER, 2),
	ROW_TEXT("server.address", FIELD_SERVER_ADDRESS, 0),
	ROW_TEXT("session.id", FIELD_SESSION, 1),
	ROW_TEXT("gen_ai.conversation.id", FIELD_SESSION, 2),
	ROW_TEXT("user.id", FIELD_USER, 1),
	ROW_TEXT("enduser.id", FIELD_USER, 2),
	ROW_TEXT("plimsoll.reservation.id", FIELD_RESERVATION, 0),
	ROW_TEXT("service.name", FIELD_SERVICE, 0),
	ROW_TEXT("gen_ai.workflow.name", FIELD_WORKFLOW, 36),
	ROW_TEXT("gen_ai.workflow.name", FIELD_FEATURE, 36),
	ROW_TEXT("gen_ai.agent.name", FIELD_FEATURE, 38),

	ROW_TEXT("gen_ai.prompt.name", FIELD_PROMPT_NAME, 0),
	ROW_TEXT("gen_ai.prompt.version", FIELD_PROMPT_VERSION, 0),

	ROW_COUNT("gen_ai.usage.input_tokens", FAMILY_GEN_AI, TOKENS_INPUT),
	ROW_COUNT("gen_ai.usage.output_tokens", FAMILY_GEN_AI, TOKENS_OUTPUT),
	ROW_COUNT("gen_ai.usage.cache_read.input_tokens", FAMILY_GEN_AI, TOKENS_CACHE_READ),
	ROW_COUNT("gen_ai.usage.cached_tokens", FAMILY_GEN_AI_OLD, TOKENS_CACHE_READ), /* never one of them, widely written */
	ROW_COUNT("gen_ai.usage.cache_write.input_tokens", FAMILY_GEN_AI, TOKENS_CACHE_WRITE),
	ROW_COUNT("gen_ai.usage.cache_creation.input_tokens", FAMILY_GEN_AI, TOKENS_CACHE_WRITE),
	ROW_COUNT("gen_ai.usage.reasoning.output_tokens", FAMILY_GEN_AI, TOKENS_REASONING),
	ROW_COUNT("gen_ai.usage.audio.input_tokens", FAMILY_GEN_AI, TOKENS_AUDIO_IN),
	ROW_COUNT("gen_ai.usage.audio.output_tokens", FAMILY_GEN_AI, TOKENS_AUDIO_OUT),
	ROW_COUNT("gen_ai.usage.image.input_tokens", FAMILY_GEN_AI, TOKENS_IMAGE_IN),
	ROW_COUNT("gen_ai.usage.image.output_tokens", FAMILY_GEN_AI, TOKENS_IMAGE_OUT),
	ROW_TOTAL("gen_ai.usage.total_tokens", FAMILY_GEN_AI),
	ROW_COUNT("gen_ai.usage.prompt_tokens", FAMILY_GEN_AI_OLD, TOKENS_INPUT),
	ROW_COUNT("gen_ai.usage.completion_tokens", FAMILY_GEN_AI_OLD, TOKENS_OUTPUT),
	ROW_USD("gen_ai.usage.cost", 6),
	ROW_USD("gen_ai.usage.total_cost", 7),

	ROW_WORDS("gen_ai.response.finish_reasons", FIELD_FINISH, finish_words),
	ROW_TRUTH("gen_ai.request.stream", FIELD_STREAMING, 0),
	ROW_TRUTH("gen_ai.request.is_stream", FIELD_STREAMING, 2), /* OpenLIT's once, Alibaba's and tRPC's */
	ROW_NUMBER("gen_ai.response.time_to_first_chunk", FIELD_TTFT, CONVERT_SECONDS, 0),
	ROW_NUMBER("gen_ai.client.operation.time_to_first_chunk", FIELD_TTFT, CONVERT_SECONDS, 1),
	ROW_NUMBER("gen_ai.server.time_to_first_token", FIELD_TTFT, CONVERT_TTFT_UNITS, 5),
	ROW_NUMBER("gen_ai.response.time_to_first_token", FIELD_TTFT, CONVERT_TTFT_UNITS, 6),

	ROW_TEXT("gen_ai.tool.name", FIELD_TOOL_NAME, 0),
	ROW_WORDS("gen_ai.output.type", FIELD_JSON_WANTED, json_types),
	ROW_WORDS("gen_ai.openai.request.response_format", FIELD_JSON_WANTED, json_types),
	ROW_CONTENT("gen_ai.system_instructions", FIELD_SYSTEM_TEXT, 0),
	ROW_CONTENT("gen_ai.input.messages", FIELD_INPUT_TEXT, 0),
	ROW_CONTENT("gen_ai.output.messages", FIELD_OUTPUT_TEXT, 0),
	ROW_CONTENT("gen_ai.request.schema", FIELD_SCHEMA, 0),
	ROW_MEMBERS("gen_ai.retrieval.documents", documents),

	ROW_NUMBER("gen_ai.request.temperature", FIELD_TEMPERATURE, CONVERT_NUMBER, 0),
	ROW_NUMBER("gen_ai.request.max_tokens", FIELD_MAX_OUTPUT_TOKENS, CONVERT_COUNT, 0),
	ROW_NUMBER("gen_ai.retrieval.top_k", FIELD_TOP_K, CONVERT_COUNT, 0),
	ROW_NUMBER("db.vector.query.top_k", FIELD_TOP_K, CONVERT_COUNT, 0),
	ROW_NUMBER("gen_ai.request.top_k", FIELD_SAMPLING_TOP_K, CONVERT_COUNT, 0),
	ROW_TEXT("db.collection.name", FIELD_COLLECTION, 0),
	ROW_TEXT("gen_ai.data_source.id", FIELD_COLLECTION, 1),

	ROW_TEXT("error.type", FIELD_ERROR_TYPE, 0),
	ROW_NUMBER("http.request.resend_count", FIELD_RETRIES, CONVERT_COUNT, 0),
	ROW_NUMBER("http.status_code", FIELD_HTTP_STATUS, CONVERT_COUNT, 1),
	ROW_NUMBER("http.response.status_code", FIELD_HTTP_STATUS, CONVERT_COUNT, 0),
	ROW_END,
};

/* Instrumentations of OpenTelemetry itself and of those who follow it; the dialects above have claimed theirs. */
static const struct dialect_scope scopes[] = {
	{ "opentelemetry.instrumentation.", PRODUCER_INSTRUMENTATION, false, STREAM_USAGE_SERVED },
	{ "opentelemetry.util.genai", PRODUCER_INSTRUMENTATION, false, STREAM_USAGE_SERVED },
	{ "@opentelemetry/instrumentation-", PRODUCER_INSTRUMENTATION, false, STREAM_USAGE_SERVED },
	{ "@elastic/opentelemetry-instrumentation-", PRODUCER_INSTRUMENTATION, false, STREAM_USAGE_SERVED },
	{ "gen_ai", PRODUCER_FRAMEWORK, false, STREAM_USAGE_SERVED }, /* Vercel AI SDK 7 */
	{ 0 },
};

const struct dialect dialect_otel_genai = {
	.name = "otel-genai",
	.source = "semantic-conventions 1.26 to 1.42 and semantic-conventions-genai, read 2026-11",
	.rows = rows,
	.scopes = scopes,
};
