/* SPDX-License-Identifier: Apache-2.0
 * dialects/langsmith.c - LangSmith's exporter and LangChain's own tracing over OTLP.
 *
 * Input counts include cached tokens (LangChain's usage_metadata). Details come as the text of a Python dict.
 * langsmith.trace.session_name and session_id name the project, not a conversation.
 */
#include "agent/dialects/dialect.h"

static const struct dialect_word leaf_kinds[] = {
	{ "llm", ROLE_LLM },
	{ "embedding", ROLE_EMBEDDING },
	{ 0 },
};

static const struct dialect_word aggregate_kinds[] = {
	{ "chain", ROLE_CHAIN },
	{ "prompt", ROLE_CHAIN },
	{ "parser", ROLE_CHAIN },
	{ "tool", ROLE_TOOL },
	{ "retriever", ROLE_RETRIEVAL },
	{ 0 },
};

static const struct dialect_row input_details[] = {
	ROW_COUNT("cache_read", FAMILY_GEN_AI, TOKENS_CACHE_READ),
	ROW_COUNT("cache_creation", FAMILY_GEN_AI, TOKENS_CACHE_WRITE),
	ROW_WRITTEN("ephemeral_5m_input_tokens", FAMILY_GEN_AI),
	ROW_WRITTEN("ephemeral_1h_input_tokens", FAMILY_GEN_AI),
	ROW_COUNT("ephemeral_1h_input_tokens", FAMILY_GEN_AI, TOKENS_CACHE_WRITE_1H),
	ROW_COUNT("audio", FAMILY_GEN_AI, TOKENS_AUDIO_IN),
	ROW_END,
};

static const struct dialect_row output_details[] = {
	ROW_COUNT("reasoning", FAMILY_GEN_AI, TOKENS_REASONING),
	ROW_COUNT("audio", FAMILY_GEN_AI, TOKENS_AUDIO_OUT),
	ROW_END,
};

static const struct dialect_row rows[] = {
	ROW_WORDS("langsmith.span.kind", FIELD_LEAF, leaf_kinds),
	ROW_WORDS("langsmith.span.kind", FIELD_AGGREGATE, aggregate_kinds),
	ROW_MEMBERS("langsmith.usage_metadata", langchain_usage_members),
	ROW_MEMBERS("gen_ai.usage.input_token_details", input_details),
	ROW_MEMBERS("gen_ai.usage.output_token_details", output_details),
	ROW_TRUTH("langsmith.request.streaming", FIELD_STREAMING, 3),
	ROW_METADATA("langsmith.metadata", metadata_members),
	ROW_CONTENT("gen_ai.prompt", FIELD_INPUT_TEXT, 6),
	ROW_CONTENT("gen_ai.completion", FIELD_OUTPUT_TEXT, 8),
	ROW_END,
};

static const struct dialect_prefix prefixes[] = {
	{ "langsmith.metadata.", true, metadata_members },
	{ 0 },
};

static const struct dialect_scope scopes[] = {
	{ "langsmith", PRODUCER_FRAMEWORK, false, STREAM_USAGE_SERVED },
	{ 0 },
};

const struct dialect dialect_langsmith = {
	.name = "langsmith",
	.source = "langsmith 0.15.0, read 2026-11",
	.rows = rows,
	.prefixes = prefixes,
	.scopes = scopes,
};
