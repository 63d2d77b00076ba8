/* SPDX-License-Identifier: Apache-2.0
 * dialects/genkit.c - Genkit, in JavaScript and in Go: one object of the answer in one attribute.
 *
 * What the vendor answered stands in it whole, as custom or raw by plugin. Its usage is believed first: Genkit's own leaves
 * the cache out, for Anthropic also out of the input, and Gemini's thoughts out of the output. Models are named
 * plugin/model.
 */
#include "agent/dialects/dialect.h"

static const struct dialect_word leaf_subtypes[] = {
	{ "model", ROLE_LLM },
	{ "embedder", ROLE_EMBEDDING },
	{ "reranker", ROLE_RERANK },
	{ 0 },
};

static const struct dialect_word aggregate_subtypes[] = {
	{ "tool", ROLE_TOOL },
	{ "retriever", ROLE_RETRIEVAL },
	{ "evaluator", ROLE_EVALUATOR },
	{ "flow", ROLE_CHAIN },
	{ 0 },
};

/* Spans around the model's, with its answer once more. */
static const struct dialect_word aggregate_types[] = {
	{ "util", ROLE_CHAIN },
	{ "flow", ROLE_CHAIN },
	{ "flowStep", ROLE_CHAIN },
	{ "dotprompt", ROLE_CHAIN },
	{ "prompt", ROLE_CHAIN },
	{ "promptTemplate", ROLE_CHAIN },
	{ 0 },
};

static const struct dialect_row usage[] = {
	ROW_COUNT("inputTokens", FAMILY_BARE, TOKENS_INPUT),
	ROW_COUNT("outputTokens", FAMILY_BARE, TOKENS_OUTPUT),
	ROW_COUNT("thoughtsTokens", FAMILY_BARE, TOKENS_REASONING),
	ROW_COUNT("cachedContentTokens", FAMILY_BARE, TOKENS_CACHE_READ),
	ROW_TOTAL("totalTokens", FAMILY_BARE),
	ROW_END,
};

static const struct dialect_row vendor_answer[] = {
	ROW_MEMBERS("usage", raw_usage_members),
	ROW_NAME("model", FIELD_RESPONSE_MODEL, 5),
	ROW_NAME("modelVersion", FIELD_RESPONSE_MODEL, 5),
	ROW_TEXT("id", FIELD_RESPONSE_ID, 5),
	ROW_TEXT("responseId", FIELD_RESPONSE_ID, 5),
	ROW_TEXT("service_tier", FIELD_SERVICE_TIER, 5),
	ROW_END,
};

static const struct dialect_row candidate[] = { ROW_WORDS("finishReason", FIELD_FINISH, finish_words), ROW_END };

static const struct dialect_row output[] = {
	ROW_MEMBERS("usage", usage),
	ROW_MEMBERS("custom", vendor_answer),
	ROW_MEMBERS("raw", vendor_answer),
	ROW_MEMBERS("candidates", candidate),
	ROW_WORDS("finishReason", FIELD_FINISH, finish_words),
	ROW_END,
};

static const struct dialect_row rows[] = {
	ROW_WORDS("genkit:metadata:subtype", FIELD_LEAF, leaf_subtypes),
	ROW_WORDS("genkit:metadata:subtype", FIELD_AGGREGATE, aggregate_subtypes),
	ROW_WORDS("genkit:type", FIELD_AGGREGATE, aggregate_types),
	{ "genkit:name", FIELD_PROVIDER, CONVERT_PLUGIN, 8, 0, NULL, NULL },
	{ "genkit:name", FIELD_REQUEST_MODEL, CONVERT_PLUGIN_MODEL, 8, 0, NULL, NULL },
	ROW_MEMBERS("genkit:output", output),
	ROW_END,
};

static const struct dialect_scope scopes[] = {
	{ "genkit", PRODUCER_FRAMEWORK, false, STREAM_USAGE_SERVED },
	{ 0 },
};

const struct dialect dialect_genkit = {
	.name = "genkit",
	.source = "genkit 1.42.0 (JavaScript) with its plugins for Gemini, OpenAI and Anthropic, read 2026-11",
	.rows = rows,
	.scopes = scopes,
};
