/* SPDX-License-Identifier: Apache-2.0
 * dialects/mlflow.c - MLflow tracing, whose every value is JSON text: "LLM" comes with its quotes.
 *
 * Input includes cached tokens, for Anthropic too (recorded with 3.17.2). mlflow.trace.* and the like are sums over a
 * trace and never read as usage.
 */
#include "agent/dialects/dialect.h"

static const struct dialect_word leaf_types[] = {
	{ "LLM", ROLE_LLM },
	{ "CHAT_MODEL", ROLE_LLM },
	{ "EMBEDDING", ROLE_EMBEDDING },
	{ "RERANKER", ROLE_RERANK },
	{ 0 },
};

static const struct dialect_word aggregate_types[] = {
	{ "AGENT", ROLE_AGENT },
	{ "CHAIN", ROLE_CHAIN },
	{ "WORKFLOW", ROLE_CHAIN },
	{ "TASK", ROLE_CHAIN },
	{ "PARSER", ROLE_CHAIN },
	{ "TOOL", ROLE_TOOL },
	{ "MEMORY", ROLE_TOOL },
	{ "RETRIEVER", ROLE_RETRIEVAL },
	{ "GUARDRAIL", ROLE_GUARDRAIL },
	{ "EVALUATOR", ROLE_EVALUATOR },
	{ 0 },
};

static const struct dialect_row token_usage[] = {
	ROW_COUNT("input_tokens", FAMILY_FRAMEWORK, TOKENS_INPUT),
	ROW_COUNT("output_tokens", FAMILY_FRAMEWORK, TOKENS_OUTPUT),
	ROW_TOTAL("total_tokens", FAMILY_FRAMEWORK),
	ROW_COUNT("cache_read_input_tokens", FAMILY_FRAMEWORK, TOKENS_CACHE_READ),
	ROW_COUNT("cache_creation_input_tokens", FAMILY_FRAMEWORK, TOKENS_CACHE_WRITE),
	ROW_COUNT("cache_creation_input_tokens_above_1hr", FAMILY_FRAMEWORK, TOKENS_CACHE_WRITE_1H),
	ROW_COUNT("reasoning_tokens", FAMILY_FRAMEWORK, TOKENS_REASONING),
	ROW_END,
};

static const struct dialect_row cost[] = { ROW_USD("total_cost", 3), ROW_END };

static const struct dialect_row linked_prompts[] = {
	ROW_TEXT("name", FIELD_PROMPT_NAME, PROMPT_MLFLOW),
	ROW_TEXT("version", FIELD_PROMPT_VERSION, PROMPT_MLFLOW),
	ROW_END,
};

static const struct dialect_row rows[] = {
	ROW_WORDS("mlflow.spanType", FIELD_LEAF, leaf_types),
	ROW_WORDS("mlflow.spanType", FIELD_AGGREGATE, aggregate_types),
	ROW_MEMBERS("mlflow.chat.tokenUsage", token_usage),
	ROW_MEMBERS("mlflow.llm.cost", cost),
	ROW_NAME("mlflow.llm.model", FIELD_RESPONSE_MODEL, 5),
	ROW_PROVIDER("mlflow.llm.provider", 6),
	ROW_FIRST("mlflow.linkedPrompts", linked_prompts),
	ROW_CONTENT("mlflow.spanInputs", FIELD_INPUT_TEXT, 7),
	ROW_CONTENT("mlflow.spanOutputs", FIELD_OUTPUT_TEXT, 9),
	ROW_TEXT("mlflow.trace.user", FIELD_USER, 4),
	ROW_TEXT("mlflow.trace.session", FIELD_SESSION, 5),
	ROW_END,
};

static const struct dialect_prefix prefixes[] = {
	{ "mlflow.traceTag.", true, metadata_members },
	{ 0 },
};

static const struct dialect_scope scopes[] = {
	{ "mlflow", PRODUCER_INSTRUMENTATION, false, STREAM_USAGE_SERVED },
	{ 0 },
};

const struct dialect dialect_mlflow = {
	.name = "mlflow",
	.source = "mlflow-skinny 3.17.2, read 2026-11",
	.rows = rows,
	.prefixes = prefixes,
	.scopes = scopes,
};
