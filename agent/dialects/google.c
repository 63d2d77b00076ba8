/* SPDX-License-Identifier: Apache-2.0
 * dialects/google.c - Google: Agent Development Kit and the Gemini SDK's instrumentation.
 *
 * Input counts include cached and tool-use tokens, output counts include thoughts.
 */
#include "agent/dialects/dialect.h"

/* Before 1.3 the usage of a call stood in the answer alone. */
const struct dialect_row gemini_usage_members[] = {
	ROW_COUNT("prompt_token_count", FAMILY_FRAMEWORK, TOKENS_INPUT),
	ROW_COUNT("candidates_token_count", FAMILY_FRAMEWORK, TOKENS_OUTPUT),
	ROW_COUNT("cached_content_token_count", FAMILY_FRAMEWORK, TOKENS_CACHE_READ),
	ROW_COUNT("thoughts_token_count", FAMILY_FRAMEWORK, TOKENS_REASONING),
	ROW_TOTAL("total_token_count", FAMILY_FRAMEWORK),
	ROW_END,
};

static const struct dialect_row llm_response[] = {
	ROW_MEMBERS("usage_metadata", gemini_usage_members),
	ROW_WORDS("finish_reason", FIELD_FINISH, finish_words),
	ROW_END,
};

static const struct dialect_row rows[] = {
	ROW_MEMBERS("gcp.vertex.agent.llm_response", llm_response),
	ROW_COUNT("gen_ai.usage.experimental.reasoning_tokens", FAMILY_GEN_AI, TOKENS_REASONING),
	ROW_TEXT("gcp.vertex.agent.session_id", FIELD_SESSION, 8),
	ROW_CONTENT("gcp.vertex.agent.llm_request", FIELD_INPUT_TEXT, 6),
	ROW_CONTENT("gcp.vertex.agent.llm_response", FIELD_OUTPUT_TEXT, 8),
	ROW_END,
};

static const struct dialect_scope scopes[] = {
	{ "gcp.vertex.agent", PRODUCER_FRAMEWORK, false, STREAM_USAGE_SERVED },
	{ "google.adk", PRODUCER_FRAMEWORK, false, STREAM_USAGE_SERVED },
	{ 0 },
};

static const struct dialect_name names[] = {
	{ "invocation", ROLE_CHAIN },
	{ 0 },
};

const struct dialect dialect_google = {
	.name = "google-adk",
	.source = "google-adk 2.13.0, opentelemetry-instrumentation-google-genai 1.3b0, read 2026-11",
	.rows = rows,
	.scopes = scopes,
	.names = names,
};
