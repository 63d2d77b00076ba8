/* SPDX-License-Identifier: Apache-2.0
 * dialects/logfire.c - Pydantic AI and Logfire.
 *
 * Input counts include cached tokens. gen_ai.aggregated_usage.* is the agent's sum, renamed so that nobody adds it.
 * gen_ai.usage.details.* repeats parts of the counts. Logfire's OpenAI and Anthropic wrappers end their span when a stream
 * opens; a second span, without a duration of its own, tells the usage when the stream has ended.
 */
#include "agent/dialects/dialect.h"

static const struct dialect_word agent[] = { { "", ROLE_AGENT }, { 0 } };

static const struct dialect_word repeated[] = {
	{ "pending_span", true },
	{ "annotation", true },
	{ 0 },
};

static const struct dialect_row rows[] = {
	ROW_IS("gen_ai.aggregated_usage.input_tokens", FIELD_AGGREGATE, agent),
	ROW_IS("pydantic_ai.all_messages", FIELD_AGGREGATE, agent),
	ROW_WORDS("logfire.span_type", FIELD_DROP, repeated),
	ROW_COUNT("gen_ai.usage.details.cache_read_tokens", FAMILY_GEN_AI, TOKENS_CACHE_READ),
	ROW_COUNT("gen_ai.usage.details.cache_write_tokens", FAMILY_GEN_AI, TOKENS_CACHE_WRITE),
	ROW_COUNT("gen_ai.usage.details.reasoning_tokens", FAMILY_GEN_AI, TOKENS_REASONING),
	ROW_COUNT("gen_ai.usage.details.thoughts_tokens", FAMILY_GEN_AI, TOKENS_REASONING), /* Gemini's name of them */
	ROW_COUNT("gen_ai.usage.details.input_audio_tokens", FAMILY_GEN_AI, TOKENS_AUDIO_IN),
	ROW_COUNT("gen_ai.usage.details.output_audio_tokens", FAMILY_GEN_AI, TOKENS_AUDIO_OUT),
	ROW_MEMBERS("gen_ai.usage.raw", raw_usage_members),
	ROW_USD("operation.cost", 5),
	{ "logfire.feedback.name", FIELD_JUDGES, CONVERT_PRESENCE, 0, 0, NULL, NULL },
	ROW_END,
};

static const struct dialect_scope scopes[] = {
	{ "pydantic-ai", PRODUCER_FRAMEWORK, false, STREAM_USAGE_SERVED },
	{ "logfire.openai", PRODUCER_INSTRUMENTATION, false, STREAM_USAGE_SERVED },
	{ "logfire.anthropic", PRODUCER_INSTRUMENTATION, false, STREAM_USAGE_SERVED },
	{ "logfire", PRODUCER_FRAMEWORK, false, STREAM_USAGE_SERVED },
	{ 0 },
};

static const struct dialect_name names[] = {
	{ "agent run", ROLE_AGENT },
	{ 0 },
};

const struct dialect dialect_logfire = {
	.name = "pydantic-ai",
	.source = "pydantic-ai-slim 2.68.0, logfire 5.2.0 and 5.4.0, read 2026-11",
	.rows = rows,
	.scopes = scopes,
	.names = names,
};

/* The request as it was sent. */
static const struct dialect_row request_data[] = {
	ROW_REQUEST_PARAMETERS,
	ROW_TRUTH("stream", FIELD_STREAMING, 3),
	ROW_END,
};

/* Common words that mean this only in spans of Logfire's wrappers. */
static const struct dialect_row stream_rows[] = {
	ROW_MEMBERS("request_data", request_data),
	{ "duration", FIELD_DURATION, CONVERT_SECONDS, 0, 0, NULL, NULL },
	ROW_END,
};

static const struct dialect_scope stream_scopes[] = {
	{ "logfire.openai", PRODUCER_INSTRUMENTATION, false, STREAM_USAGE_SERVED },
	{ "logfire.anthropic", PRODUCER_INSTRUMENTATION, false, STREAM_USAGE_SERVED },
	{ 0 },
};

const struct dialect dialect_logfire_stream = {
	.name = "logfire",
	.source = "logfire 5.2.0, read 2026-11",
	.rows = stream_rows,
	.scopes = stream_scopes,
	.guarded = true,
};
