/* SPDX-License-Identifier: Apache-2.0
 * dialects/codex.c - Codex's telemetry: log events whose keys are plain words, numbers as text; usage on the completed
 * event only.
 *
 * Input includes cached tokens. tool_token_count holds the total, whatever its name says.
 */
#include "agent/dialects/dialect.h"

static const struct dialect_word leaf_kinds[] = { { "response.completed", ROLE_LLM }, { 0 } };

static const struct dialect_row rows[] = {
	ROW_WORDS("event.kind", FIELD_LEAF, leaf_kinds),
	ROW_NAME("model", FIELD_REQUEST_MODEL, 9),
	ROW_NAME("slug", FIELD_REQUEST_MODEL, 10),
	ROW_COUNT("input_token_count", FAMILY_BARE, TOKENS_INPUT),
	ROW_COUNT("output_token_count", FAMILY_BARE, TOKENS_OUTPUT),
	ROW_COUNT("cached_token_count", FAMILY_BARE, TOKENS_CACHE_READ),
	ROW_COUNT("cache_write_token_count", FAMILY_BARE, TOKENS_CACHE_WRITE),
	ROW_COUNT("reasoning_token_count", FAMILY_BARE, TOKENS_REASONING),
	ROW_TOTAL("tool_token_count", FAMILY_BARE),
	ROW_TEXT("conversation.id", FIELD_SESSION, 9),
	ROW_TEXT("user.account_id", FIELD_USER, 6),
	{ "duration_ms", FIELD_DURATION, CONVERT_MILLISECONDS, 0, 0, NULL, NULL },
	ROW_END,
};

static const struct dialect_scope scopes[] = {
	{ "codex", PRODUCER_VENDOR_SDK, false, STREAM_USAGE_SERVED },
	{ 0 },
};

const struct dialect dialect_codex = {
	.name = "codex",
	.source = "openai/codex, codex-rs/otel, several commits of 2026",
	.rows = rows,
	.scopes = scopes,
	.service = "codex_",
	.guarded = true,
};
