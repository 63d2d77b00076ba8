/* SPDX-License-Identifier: Apache-2.0
 * dialects/braintrust.c - Braintrust, whose objects come whole as JSON text or flattened into keys.
 */
#include "agent/dialects/dialect.h"

static const struct dialect_word leaf_types[] = { { "llm", ROLE_LLM }, { 0 } };

static const struct dialect_word aggregate_types[] = {
	{ "task", ROLE_CHAIN },
	{ "function", ROLE_CHAIN },
	{ "tool", ROLE_TOOL },
	{ "score", ROLE_EVALUATOR },
	{ "eval", ROLE_EVALUATOR },
	{ 0 },
};

static const struct dialect_row span_attributes[] = {
	ROW_WORDS("type", FIELD_LEAF, leaf_types),
	ROW_WORDS("type", FIELD_AGGREGATE, aggregate_types),
	ROW_END,
};

static const struct dialect_row metrics[] = {
	ROW_COUNT("prompt_tokens", FAMILY_FRAMEWORK, TOKENS_INPUT),
	ROW_COUNT("completion_tokens", FAMILY_FRAMEWORK, TOKENS_OUTPUT),
	ROW_TOTAL("tokens", FAMILY_FRAMEWORK),
	ROW_COUNT("prompt_cached_tokens", FAMILY_FRAMEWORK, TOKENS_CACHE_READ),
	ROW_COUNT("prompt_cache_creation_tokens", FAMILY_FRAMEWORK, TOKENS_CACHE_WRITE),
	ROW_COUNT("completion_reasoning_tokens", FAMILY_FRAMEWORK, TOKENS_REASONING),
	ROW_NUMBER("time_to_first_token", FIELD_TTFT, CONVERT_SECONDS, 8),
	ROW_USD("estimated_cost", 8),
	ROW_END,
};

static const struct dialect_row metadata[] = {
	ROW_NAME("model", FIELD_REQUEST_MODEL, 8),
	ROW_PROVIDER("provider", 6),
	ROW_END,
};

static const struct dialect_row rows[] = {
	ROW_MEMBERS("braintrust.span_attributes", span_attributes),
	ROW_WORDS("braintrust.span_attributes.type", FIELD_LEAF, leaf_types),
	ROW_WORDS("braintrust.span_attributes.type", FIELD_AGGREGATE, aggregate_types),
	ROW_MEMBERS("braintrust.metrics", metrics),
	ROW_METADATA("braintrust.metadata", metadata),
	{ "braintrust.scores", FIELD_JUDGES, CONVERT_PRESENCE, 0, 0, NULL, NULL },
	ROW_CONTENT("braintrust.input_json", FIELD_INPUT_TEXT, 7),
	ROW_CONTENT("braintrust.output_json", FIELD_OUTPUT_TEXT, 9),
	ROW_END,
};

/* Scores have names of their own choosing. */
static const struct dialect_row scores[] = {
	{ "*", FIELD_JUDGES, CONVERT_PRESENCE, 0, 0, NULL, NULL },
	ROW_END,
};

static const struct dialect_prefix prefixes[] = {
	{ "braintrust.metrics.", false, metrics },
	{ "braintrust.metadata.", true, metadata },
	{ "braintrust.scores.", false, scores },
	{ 0 },
};

static const struct dialect_scope scopes[] = {
	{ "braintrust", PRODUCER_INSTRUMENTATION, false, STREAM_USAGE_SERVED },
	{ 0 },
};

const struct dialect dialect_braintrust = {
	.name = "braintrust",
	.source = "vendor documentation, 2026; names below metrics not checked against its source",
	.rows = rows,
	.prefixes = prefixes,
	.scopes = scopes,
};
