/* SPDX-License-Identifier: Apache-2.0
 * dialects/langfuse.c - Langfuse's SDKs over OTLP.
 *
 * usage_details keeps the classes apart: the total is their sum. An OpenAI usage object under the same key, which the
 * Python SDK sends as it came, is read in OpenAI's sense instead. completion_start_time is an absolute time, in older SDKs
 * quoted twice.
 */
#include "agent/dialects/dialect.h"

static const struct dialect_word leaf_types[] = {
	{ "generation", ROLE_LLM },
	{ "embedding", ROLE_EMBEDDING },
	{ 0 },
};

static const struct dialect_word aggregate_types[] = {
	{ "agent", ROLE_AGENT },
	{ "chain", ROLE_CHAIN },
	{ "tool", ROLE_TOOL },
	{ "retriever", ROLE_RETRIEVAL },
	{ "guardrail", ROLE_GUARDRAIL },
	{ "evaluator", ROLE_EVALUATOR },
	{ 0 },
};

static const struct dialect_word error_level[] = { { "ERROR", true }, { 0 } };

static const struct dialect_row prompt_details[] = {
	ROW_COUNT("cached_tokens", FAMILY_RAW_INCLUDED, TOKENS_CACHE_READ),
	ROW_COUNT("cache_creation_tokens", FAMILY_RAW_INCLUDED, TOKENS_CACHE_WRITE),
	ROW_COUNT("audio_tokens", FAMILY_RAW_INCLUDED, TOKENS_AUDIO_IN),
	ROW_END,
};

static const struct dialect_row completion_details[] = {
	ROW_COUNT("reasoning_tokens", FAMILY_RAW_INCLUDED, TOKENS_REASONING),
	ROW_COUNT("audio_tokens", FAMILY_RAW_INCLUDED, TOKENS_AUDIO_OUT),
	ROW_END,
};

static const struct dialect_row usage_details[] = {
	ROW_COUNT("input", FAMILY_LANGFUSE, TOKENS_INPUT),
	ROW_COUNT("output", FAMILY_LANGFUSE, TOKENS_OUTPUT),
	ROW_TOTAL("total", FAMILY_LANGFUSE),
	ROW_COUNT("input_cached_tokens", FAMILY_LANGFUSE, TOKENS_CACHE_READ),
	ROW_COUNT("cache_read_input_tokens", FAMILY_LANGFUSE, TOKENS_CACHE_READ),
	ROW_COUNT("input_cache_read", FAMILY_LANGFUSE, TOKENS_CACHE_READ),
	ROW_COUNT("input_cache_creation", FAMILY_LANGFUSE, TOKENS_CACHE_WRITE),
	ROW_COUNT("cache_creation_input_tokens", FAMILY_LANGFUSE, TOKENS_CACHE_WRITE),
	ROW_WRITTEN("input_cache_creation_5m", FAMILY_LANGFUSE),
	ROW_WRITTEN("input_cache_creation_1h", FAMILY_LANGFUSE),
	ROW_COUNT("input_cache_creation_1h", FAMILY_LANGFUSE, TOKENS_CACHE_WRITE_1H),
	ROW_WRITTEN("input_ephemeral_5m_input_tokens", FAMILY_LANGFUSE),
	ROW_WRITTEN("input_ephemeral_1h_input_tokens", FAMILY_LANGFUSE),
	ROW_COUNT("input_ephemeral_1h_input_tokens", FAMILY_LANGFUSE, TOKENS_CACHE_WRITE_1H),
	ROW_COUNT("cache_creation_ephemeral_1h_input_tokens", FAMILY_LANGFUSE, TOKENS_CACHE_WRITE_1H),
	ROW_COUNT("input_audio_tokens", FAMILY_LANGFUSE, TOKENS_AUDIO_IN),
	ROW_COUNT("input_audio", FAMILY_LANGFUSE, TOKENS_AUDIO_IN),
	ROW_COUNT("input_image_tokens", FAMILY_LANGFUSE, TOKENS_IMAGE_IN),
	ROW_COUNT("input_image", FAMILY_LANGFUSE, TOKENS_IMAGE_IN),
	ROW_COUNT("output_image_tokens", FAMILY_LANGFUSE, TOKENS_IMAGE_OUT),
	ROW_COUNT("output_image", FAMILY_LANGFUSE, TOKENS_IMAGE_OUT),
	ROW_COUNT("output_reasoning_tokens", FAMILY_LANGFUSE, TOKENS_REASONING),
	ROW_COUNT("output_reasoning", FAMILY_LANGFUSE, TOKENS_REASONING),
	ROW_COUNT("output_audio_tokens", FAMILY_LANGFUSE, TOKENS_AUDIO_OUT),
	ROW_COUNT("output_audio", FAMILY_LANGFUSE, TOKENS_AUDIO_OUT),
	ROW_COUNT("promptTokens", FAMILY_RAW_INCLUDED, TOKENS_INPUT),
	ROW_COUNT("completionTokens", FAMILY_RAW_INCLUDED, TOKENS_OUTPUT),
	ROW_TOTAL("totalTokens", FAMILY_RAW_INCLUDED),
	ROW_COUNT("prompt_tokens", FAMILY_RAW_INCLUDED, TOKENS_INPUT),
	ROW_COUNT("completion_tokens", FAMILY_RAW_INCLUDED, TOKENS_OUTPUT),
	ROW_TOTAL("total_tokens", FAMILY_RAW_INCLUDED),
	ROW_MEMBERS("prompt_tokens_details", prompt_details),
	ROW_MEMBERS("completion_tokens_details", completion_details),
	ROW_COUNT("input_tokens", FAMILY_RAW_INCLUDED, TOKENS_INPUT),
	ROW_COUNT("output_tokens", FAMILY_RAW_INCLUDED, TOKENS_OUTPUT),
	ROW_MEMBERS("input_tokens_details", prompt_details),
	ROW_MEMBERS("output_tokens_details", completion_details),
	ROW_END,
};

static const struct dialect_row cost_details[] = {
	ROW_USD("total", 0),
	{ "input", FIELD_COST_PART, CONVERT_USD, 0, 0, NULL, NULL },
	{ "output", FIELD_COST_PART, CONVERT_USD, 0, 0, NULL, NULL },
	{ "cache_read_input_tokens", FIELD_COST_PART, CONVERT_USD, 0, 0, NULL, NULL },
	{ "input_cached_tokens", FIELD_COST_PART, CONVERT_USD, 0, 0, NULL, NULL },
	{ "cache_creation_input_tokens", FIELD_COST_PART, CONVERT_USD, 0, 0, NULL, NULL },
	{ "output_reasoning_tokens", FIELD_COST_PART, CONVERT_USD, 0, 0, NULL, NULL },
	ROW_END,
};

static const struct dialect_row parameters[] = {
	ROW_REQUEST_PARAMETERS,
	ROW_TEXT("service_tier", FIELD_SERVICE_TIER, 5),
	ROW_END,
};

static const struct dialect_row rows[] = {
	ROW_WORDS("langfuse.observation.type", FIELD_LEAF, leaf_types),
	ROW_WORDS("langfuse.observation.type", FIELD_AGGREGATE, aggregate_types),
	ROW_NAME("langfuse.observation.model.name", FIELD_RESPONSE_MODEL, 3),
	ROW_MEMBERS("langfuse.observation.model.parameters", parameters),
	ROW_MEMBERS("langfuse.observation.usage_details", usage_details),
	ROW_MEMBERS("langfuse.observation.cost_details", cost_details),
	ROW_TEXT("langfuse.observation.prompt.name", FIELD_PROMPT_NAME, PROMPT_LANGFUSE),
	ROW_TEXT("langfuse.prompt.name", FIELD_PROMPT_NAME, PROMPT_LANGFUSE),
	ROW_TEXT("langfuse.observation.prompt.version", FIELD_PROMPT_VERSION, PROMPT_LANGFUSE),
	ROW_TEXT("langfuse.prompt.version", FIELD_PROMPT_VERSION, PROMPT_LANGFUSE),
	ROW_NUMBER("langfuse.observation.completion_start_time", FIELD_FIRST_TOKEN_AT, CONVERT_TIME, 0),
	ROW_WORDS("langfuse.observation.level", FIELD_FAILED, error_level),
	ROW_TEXT("langfuse.observation.status_message", FIELD_ERROR_MESSAGE, 1),
	ROW_WORDS("langfuse.observation.metadata.finish_reason", FIELD_FINISH, finish_words),
	ROW_CONTENT("langfuse.observation.input", FIELD_INPUT_TEXT, 4),
	ROW_CONTENT("langfuse.observation.output", FIELD_OUTPUT_TEXT, 7),
	ROW_TEXT("langfuse.trace.name", FIELD_FEATURE, 37),
	ROW_TEXT("langfuse.user.id", FIELD_USER, 0),
	ROW_TEXT("langfuse.session.id", FIELD_SESSION, 0),
	ROW_TEXT("langfuse.environment", FIELD_ENVIRONMENT, 40),
	ROW_TEXT("langfuse.release", FIELD_RELEASE, 40),
	ROW_TEXT("langfuse.version", FIELD_RELEASE, 41),
	/* its baggage, where somebody else copies that to spans */
	ROW_TEXT("langfuse_prompt_name", FIELD_PROMPT_NAME, PROMPT_LANGFUSE),
	ROW_TEXT("langfuse_prompt_version", FIELD_PROMPT_VERSION, PROMPT_LANGFUSE),
	ROW_TEXT("langfuse_trace_name", FIELD_FEATURE, 37),
	ROW_TEXT("langfuse_user_id", FIELD_USER, 3),
	ROW_TEXT("langfuse_session_id", FIELD_SESSION, 3),
	ROW_METADATA("langfuse.observation.metadata", metadata_members),
	ROW_METADATA("langfuse.trace.metadata", metadata_members),
	ROW_END,
};

static const struct dialect_prefix prefixes[] = {
	{ "langfuse.observation.metadata.", true, metadata_members },
	{ "langfuse.trace.metadata.", true, metadata_members },
	{ 0 },
};

static const struct dialect_scope scopes[] = {
	{ "langfuse-sdk", PRODUCER_INSTRUMENTATION, false, STREAM_USAGE_SERVED },
	{ 0 },
};

const struct dialect dialect_langfuse = {
	.name = "langfuse",
	.source = "langfuse 5.0.4 (Python), @langfuse/core 5.11.1 (JavaScript), its server's OTLP reader, 2026-08",
	.rows = rows,
	.prefixes = prefixes,
	.scopes = scopes,
};
