/* SPDX-License-Identifier: Apache-2.0
 * dialects/truefoundry.c - TrueFoundry's AI Gateway, which speaks words of its own unless it is told to add the GenAI ones.
 *
 * A request has a span of the API that was asked, and below it one for each model that was tried. Names of models begin with
 * the name that the account was given; who serves them is told by the address.
 */
#include "agent/dialects/dialect.h"

static const struct dialect_word leaf_types[] = {
	{ "Model", ROLE_LLM },
	{ 0 },
};

static const struct dialect_word aggregate_types[] = {
	{ "ChatCompletion", ROLE_CHAIN },
	{ "Completion", ROLE_CHAIN },
	{ "Embedding", ROLE_CHAIN },
	{ "Rerank", ROLE_CHAIN },
	{ "AgentResponse", ROLE_AGENT },
	{ "MCP", ROLE_TOOL },
	{ "Guardrail", ROLE_GUARDRAIL },
	{ 0 },
};

static const struct dialect_word request_types[] = {
	{ "Embedding", ROLE_EMBEDDING },
	{ "Rerank", ROLE_RERANK },
	{ 0 },
};

static const struct dialect_row rows[] = {
	ROW_WORDS("tfy.span_type", FIELD_LEAF, leaf_types),
	ROW_WORDS("tfy.span_type", FIELD_AGGREGATE, aggregate_types),
	ROW_WORDS("tfy.model.request_type", FIELD_LEAF, request_types),
	{ "tfy.model.name", FIELD_REQUEST_MODEL, CONVERT_PLUGIN_MODEL, 4, 0, NULL, NULL },
	ROW_TEXT("tfy.model.request_url", FIELD_SERVER_ADDRESS, 4),
	ROW_TRUTH("tfy.model.streaming", FIELD_STREAMING, 3),
	ROW_COUNT("tfy.model.metric.input_tokens", FAMILY_FRAMEWORK, TOKENS_INPUT),
	ROW_COUNT("tfy.model.metric.output_tokens", FAMILY_FRAMEWORK, TOKENS_OUTPUT),
	ROW_COUNT("tfy.model.metric.cache_read_input_tokens", FAMILY_FRAMEWORK, TOKENS_CACHE_READ),
	ROW_COUNT("tfy.model.metric.cache_creation_input_tokens", FAMILY_FRAMEWORK, TOKENS_CACHE_WRITE),
	ROW_NUMBER("tfy.model.metric.time_to_first_token_in_ms", FIELD_TTFT, CONVERT_MILLISECONDS, 3),
	ROW_USD("tfy.model.metric.cost_in_usd", 3),
	ROW_TEXT("tfy.error_message", FIELD_ERROR_MESSAGE, 3),
	ROW_TEXT("tfy.request.conversation_id", FIELD_SESSION, 7),
	ROW_METADATA("tfy.request.metadata", metadata_members),
	ROW_CONTENT("tfy.input", FIELD_INPUT_TEXT, 8),
	ROW_CONTENT("tfy.output", FIELD_OUTPUT_TEXT, 8),
	ROW_CONTENT("tfy.output", FIELD_RAW_ANSWER, 4),
	ROW_END,
};

static const struct dialect_scope scopes[] = {
	{ "tfy-llm-gateway", PRODUCER_PROXY, false, STREAM_USAGE_SERVED },
	{ 0 },
};

const struct dialect dialect_truefoundry = {
	.name = "truefoundry",
	.source = "documentation of TrueFoundry's AI Gateway, read 2026-11",
	.rows = rows,
	.scopes = scopes,
};
