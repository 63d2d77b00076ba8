/* SPDX-License-Identifier: Apache-2.0
 * dialects/vendor_sdk.c - Spans that vendors' own client libraries make: Anthropic's, Mistral's, OpenAI's in .NET.
 *
 * Anthropic's counts include cached tokens. All stand beside or below an instrumentation's span of the same call.
 */
#include "agent/dialects/dialect.h"

static const struct dialect_row rows[] = {
	ROW_TEXT("anthropic.request.id", FIELD_REQUEST_ID, 0),
	ROW_TEXT("anthropic.response.service_tier", FIELD_SERVICE_TIER, 2),
	ROW_WORDS("anthropic.message.stop_reason", FIELD_FINISH, finish_words),
	ROW_COUNT("anthropic.usage.cache_creation.ephemeral_1h_input_tokens", FAMILY_GEN_AI, TOKENS_CACHE_WRITE_1H),
	ROW_TOTAL("mistral_ai.request.total_tokens", FAMILY_GEN_AI),
	ROW_END,
};

static const struct dialect_scope scopes[] = {
	{ "com.anthropic.sdk", PRODUCER_VENDOR_SDK, false, STREAM_USAGE_SERVED },
	{ "mistralai_sdk_tracer", PRODUCER_VENDOR_SDK, false, STREAM_USAGE_SERVED },
	{ "OpenAI.", PRODUCER_VENDOR_SDK, false, STREAM_USAGE_SERVED },
	{ "Experimental.OpenAI.", PRODUCER_VENDOR_SDK, false, STREAM_USAGE_SERVED },
	{ 0 },
};

const struct dialect dialect_vendor_sdk = {
	.name = "vendor-sdk",
	.source = "anthropic 2.12.0, mistralai 1.12.4 (Python), openai-dotnet, read 2026-11",
	.rows = rows,
	.scopes = scopes,
};
