/* SPDX-License-Identifier: Apache-2.0
 * dialects/shared_members.c - Objects that several dialects carry under keys of their own: usage as vendors send it,
 * metadata as users and frameworks fill it.
 */
#include "agent/dialects/dialect.h"

static const struct dialect_row input_details_apart[] = {
	ROW_COUNT("ephemeral_1h_input_tokens", FAMILY_RAW_APART, TOKENS_CACHE_WRITE_1H),
	ROW_END,
};

static const struct dialect_row input_details[] = {
	ROW_COUNT("cached_tokens", FAMILY_RAW_INCLUDED, TOKENS_CACHE_READ),
	ROW_COUNT("cache_creation_tokens", FAMILY_RAW_INCLUDED, TOKENS_CACHE_WRITE),
	ROW_COUNT("audio_tokens", FAMILY_RAW_INCLUDED, TOKENS_AUDIO_IN),
	ROW_COUNT("image_tokens", FAMILY_RAW_INCLUDED, TOKENS_IMAGE_IN),
	ROW_END,
};

static const struct dialect_row output_details[] = {
	ROW_COUNT("reasoning_tokens", FAMILY_RAW_INCLUDED, TOKENS_REASONING),
	ROW_COUNT("audio_tokens", FAMILY_RAW_INCLUDED, TOKENS_AUDIO_OUT),
	ROW_END,
};

/* Input and output have one name in both vendors' objects; which of the two readings holds, the other members say. */
const struct dialect_row raw_usage_members[] = {
	ROW_COUNT("prompt_tokens", FAMILY_RAW_INCLUDED, TOKENS_INPUT),
	ROW_COUNT("completion_tokens", FAMILY_RAW_INCLUDED, TOKENS_OUTPUT),
	ROW_TOTAL("total_tokens", FAMILY_RAW_INCLUDED),
	ROW_COUNT("input_tokens", FAMILY_RAW_INCLUDED, TOKENS_INPUT),
	ROW_COUNT("output_tokens", FAMILY_RAW_INCLUDED, TOKENS_OUTPUT),
	ROW_MEMBERS("prompt_tokens_details", input_details),
	ROW_MEMBERS("completion_tokens_details", output_details),
	ROW_MEMBERS("input_tokens_details", input_details),
	ROW_MEMBERS("output_tokens_details", output_details),
	ROW_COUNT("input_tokens", FAMILY_RAW_APART, TOKENS_INPUT),
	ROW_COUNT("output_tokens", FAMILY_RAW_APART, TOKENS_OUTPUT),
	ROW_COUNT("cache_read_input_tokens", FAMILY_RAW_APART, TOKENS_CACHE_READ),
	ROW_COUNT("cache_creation_input_tokens", FAMILY_RAW_APART, TOKENS_CACHE_WRITE),
	ROW_MEMBERS("cache_creation", input_details_apart),
	ROW_COUNT("inputTokens", FAMILY_RAW_APART, TOKENS_INPUT),
	ROW_COUNT("outputTokens", FAMILY_RAW_APART, TOKENS_OUTPUT),
	ROW_COUNT("cacheReadInputTokens", FAMILY_RAW_APART, TOKENS_CACHE_READ),
	ROW_COUNT("cacheWriteInputTokens", FAMILY_RAW_APART, TOKENS_CACHE_WRITE),
	ROW_END,
};

static const struct dialect_row langchain_input_details[] = {
	ROW_COUNT("cache_read", FAMILY_FRAMEWORK, TOKENS_CACHE_READ),
	ROW_COUNT("cache_creation", FAMILY_FRAMEWORK, TOKENS_CACHE_WRITE),
	/* where Anthropic tells them by lifetime, LangChain sets cache_creation to 0 */
	ROW_WRITTEN("ephemeral_5m_input_tokens", FAMILY_FRAMEWORK),
	ROW_WRITTEN("ephemeral_1h_input_tokens", FAMILY_FRAMEWORK),
	ROW_COUNT("ephemeral_1h_input_tokens", FAMILY_FRAMEWORK, TOKENS_CACHE_WRITE_1H),
	ROW_COUNT("audio", FAMILY_FRAMEWORK, TOKENS_AUDIO_IN),
	ROW_END,
};

static const struct dialect_row langchain_output_details[] = {
	ROW_COUNT("reasoning", FAMILY_FRAMEWORK, TOKENS_REASONING),
	ROW_COUNT("audio", FAMILY_FRAMEWORK, TOKENS_AUDIO_OUT),
	ROW_END,
};

const struct dialect_row langchain_usage_members[] = {
	ROW_COUNT("input_tokens", FAMILY_FRAMEWORK, TOKENS_INPUT),
	ROW_COUNT("output_tokens", FAMILY_FRAMEWORK, TOKENS_OUTPUT),
	ROW_TOTAL("total_tokens", FAMILY_FRAMEWORK),
	ROW_MEMBERS("input_token_details", langchain_input_details),
	ROW_MEMBERS("output_token_details", langchain_output_details),
	ROW_USD("total_cost", 3),
	ROW_END,
};

/* What applications tell of themselves. */
#define ROWS_OF_APPLICATIONS                                                \
	ROW_TEXT("session_id", FIELD_SESSION, 3),                           \
	ROW_TEXT("sessionId", FIELD_SESSION, 4),                            \
	ROW_TEXT("thread_id", FIELD_SESSION, 5),                            \
	ROW_TEXT("threadId", FIELD_SESSION, 5),                             \
	ROW_TEXT("conversation_id", FIELD_SESSION, 6),                      \
	ROW_TEXT("langfuse_session_id", FIELD_SESSION, 3),                  \
	ROW_TEXT("user_id", FIELD_USER, 3),                                 \
	ROW_TEXT("userId", FIELD_USER, 4),                                  \
	ROW_TEXT("langfuse_user_id", FIELD_USER, 3),                        \
	ROW_TEXT("trace_user_id", FIELD_USER, 4),                           \
	ROW_TEXT("prompt_name", FIELD_PROMPT_NAME, PROMPT_CUSTOM),          \
	ROW_TEXT("promptName", FIELD_PROMPT_NAME, PROMPT_CUSTOM),           \
	ROW_TEXT("prompt_version", FIELD_PROMPT_VERSION, PROMPT_CUSTOM),    \
	ROW_TEXT("promptVersion", FIELD_PROMPT_VERSION, PROMPT_CUSTOM)

/* LiteLLM's proxy keeps what the request brought apart from what it adds. */
static const struct dialect_row requester_metadata[] = {
	ROWS_OF_APPLICATIONS,
	ROW_END,
};

const struct dialect_row metadata_members[] = {
	ROWS_OF_APPLICATIONS,
	ROW_METADATA("requester_metadata", requester_metadata),
	ROW_TEXT("user_api_key_end_user_id", FIELD_USER, 5),
	ROW_TEXT("user_api_key_user_id", FIELD_USER, 6),
	ROW_PROVIDER("ls_provider", 6),
	ROW_NAME("ls_model_name", FIELD_REQUEST_MODEL, 3),
	ROW_NUMBER("ls_temperature", FIELD_TEMPERATURE, CONVERT_NUMBER, 0),
	ROW_NUMBER("ls_max_tokens", FIELD_MAX_OUTPUT_TOKENS, CONVERT_COUNT, 0),
	ROW_TEXT("lc_hub_repo", FIELD_PROMPT_NAME, PROMPT_LANGCHAIN_HUB),
	ROW_TEXT("lc_hub_commit_hash", FIELD_PROMPT_VERSION, PROMPT_LANGCHAIN_HUB),
	ROW_MEMBERS("usage_metadata", langchain_usage_members),
	ROW_MEMBERS("usage_object", raw_usage_members),
	{ "evaluation_run", FIELD_EVALUATION_TRAFFIC, CONVERT_PRESENCE, 0, 0, NULL, NULL },
	ROW_END,
};
