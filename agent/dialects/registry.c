/* SPDX-License-Identifier: Apache-2.0
 * dialects/registry.c - the list of dialects, and the words that all of them share.
 */
#include "agent/dialects/dialect.h"

extern const struct dialect dialect_otel_genai, dialect_openinference;

const struct dialect *const dialects[] = { &dialect_otel_genai, &dialect_openinference, NULL };

const struct dialect_word finish_words[] = {
	{ "stop", FINISH_STOP },
	{ "end_turn", FINISH_STOP },
	{ "stop_sequence", FINISH_STOP },
	{ "complete", FINISH_STOP },
	{ "completed", FINISH_STOP },
	{ "eos", FINISH_STOP },
	{ "eos_token", FINISH_STOP },
	{ "pause_turn", FINISH_STOP },
	{ "length", FINISH_LENGTH },
	{ "max_tokens", FINISH_LENGTH },
	{ "model_length", FINISH_LENGTH },
	{ "model_context_window_exceeded", FINISH_LENGTH },
	{ "max_output_tokens", FINISH_LENGTH },
	{ "tool_calls", FINISH_TOOL_CALL },
	{ "tool_call", FINISH_TOOL_CALL },
	{ "tool-calls", FINISH_TOOL_CALL },
	{ "tool_use", FINISH_TOOL_CALL },
	{ "function_call", FINISH_TOOL_CALL },
	{ "content_filter", FINISH_CONTENT_FILTER },
	{ "content-filter", FINISH_CONTENT_FILTER },
	{ "content_filtered", FINISH_CONTENT_FILTER },
	{ "guardrail_intervened", FINISH_CONTENT_FILTER },
	{ "safety", FINISH_CONTENT_FILTER },
	{ "recitation", FINISH_CONTENT_FILTER },
	{ "blocklist", FINISH_CONTENT_FILTER },
	{ "prohibited_content", FINISH_CONTENT_FILTER },
	{ "spii", FINISH_CONTENT_FILTER },
	{ "image_safety", FINISH_CONTENT_FILTER },
	{ "image_prohibited_content", FINISH_CONTENT_FILTER },
	{ "language", FINISH_CONTENT_FILTER },
	{ "error_toxic", FINISH_CONTENT_FILTER },
	{ "refusal", FINISH_REFUSAL },
	{ "error", FINISH_ERROR },
	{ "malformed_function_call", FINISH_ERROR },
	{ "malformed_response", FINISH_ERROR },
	{ "unexpected_tool_call", FINISH_ERROR },
	{ "malformed_model_output", FINISH_ERROR },
	{ "malformed_tool_use", FINISH_ERROR },
	{ "error_limit", FINISH_ERROR },
	{ "failed", FINISH_ERROR },
	{ "cancelled", FINISH_ERROR },
	{ "compaction", FINISH_OTHER },
	{ "other", FINISH_OTHER },
	{ "unknown", FINISH_OTHER },
	{ "finish_reason_unspecified", FINISH_OTHER },
	{ 0 },
};
