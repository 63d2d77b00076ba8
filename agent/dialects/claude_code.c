/* SPDX-License-Identifier: Apache-2.0
 * dialects/claude_code.c - Claude Code's telemetry. Its keys are plain words, so they count only in its own scope or service.
 *
 * Input leaves cached tokens out. prompt.id is the turn of the user, not a prompt template.
 */
#include "agent/dialects/dialect.h"

static const struct dialect_word leaf_types[] = { { "llm_request", ROLE_LLM }, { 0 } };

static const struct dialect_word aggregate_types[] = {
	{ "interaction", ROLE_AGENT },
	{ "tool", ROLE_TOOL },
	{ "tool.execution", ROLE_TOOL },
	{ "tool.blocked_on_user", ROLE_TOOL },
	{ "hook", ROLE_CHAIN },
	{ 0 },
};

static const struct dialect_word leaf_events[] = {
	{ "api_request", ROLE_LLM },
	{ "claude_code.api_request", ROLE_LLM },
	{ "api_error", ROLE_LLM },
	{ "claude_code.api_error", ROLE_LLM },
	{ 0 },
};

static const struct dialect_row rows[] = {
	ROW_WORDS("span.type", FIELD_LEAF, leaf_types),
	ROW_WORDS("span.type", FIELD_AGGREGATE, aggregate_types),
	ROW_WORDS("event.name", FIELD_LEAF, leaf_events),
	{ "prompt.id", FIELD_NOTHING, CONVERT_PRESENCE, 0, 0, NULL, NULL },
	ROW_NAME("model", FIELD_REQUEST_MODEL, 9),
	ROW_TEXT("request_id", FIELD_REQUEST_ID, 0),
	ROW_COUNT("input_tokens", FAMILY_BARE, TOKENS_INPUT),
	ROW_COUNT("output_tokens", FAMILY_BARE, TOKENS_OUTPUT),
	ROW_COUNT("cache_read_tokens", FAMILY_BARE, TOKENS_CACHE_READ),
	ROW_COUNT("cache_creation_tokens", FAMILY_BARE, TOKENS_CACHE_WRITE),
	ROW_USD("cost_usd", 7),
	ROW_NUMBER("ttft_ms", FIELD_TTFT, CONVERT_MILLISECONDS, 7),
	{ "duration_ms", FIELD_DURATION, CONVERT_MILLISECONDS, 0, 0, NULL, NULL },
	ROW_WORDS("stop_reason", FIELD_FINISH, finish_words),
	ROW_TEXT("query_source", FIELD_FEATURE, 40),
	ROW_NUMBER("status_code", FIELD_HTTP_STATUS, CONVERT_COUNT, 0),
	ROW_TEXT("error", FIELD_ERROR_TYPE, 4),
	ROW_END,
};

static const struct dialect_scope scopes[] = {
	{ "com.anthropic.claude_code", PRODUCER_VENDOR_SDK, true, STREAM_USAGE_SERVED },
	{ 0 },
};

const struct dialect dialect_claude_code = {
	.name = "claude-code",
	.source = "vendor's monitoring documentation 2026, captured telemetry in public repositories",
	.rows = rows,
	.scopes = scopes,
	.service = "claude-code",
	.guarded = true,
};
