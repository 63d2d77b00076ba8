/* SPDX-License-Identifier: Apache-2.0
 * dialects/google.c - Google: Agent Development Kit and the Gemini SDK's instrumentation.
 *
 * Input counts include cached and tool-use tokens, output counts include thoughts.
 */
#include "agent/dialects/dialect.h"

static const struct dialect_row rows[] = {
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
