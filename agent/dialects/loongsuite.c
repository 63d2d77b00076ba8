/* SPDX-License-Identifier: Apache-2.0
 * dialects/loongsuite.c - Alibaba's LoongSuite and ARMS: the GenAI conventions and a kind of their own on every span.
 *
 * CHAT is an application with its calls inside, LLM a call. Higress tells the model that answered as gen_ai.model_name, and as
 * the request's the one that its client asked for.
 */
#include "agent/dialects/dialect.h"

static const struct dialect_word leaf_kinds[] = {
	{ "LLM", ROLE_LLM },
	{ "EMBEDDING", ROLE_EMBEDDING },
	{ "RERANK", ROLE_RERANK },
	{ "RERANKER", ROLE_RERANK },
	{ 0 },
};

static const struct dialect_word aggregate_kinds[] = {
	{ "AGENT", ROLE_AGENT },
	{ "CHAT", ROLE_CHAIN },
	{ "CHAIN", ROLE_CHAIN },
	{ "ENTRY", ROLE_CHAIN },
	{ "STEP", ROLE_CHAIN },
	{ "TASK", ROLE_CHAIN },
	{ "TOOL", ROLE_TOOL },
	{ "MCP", ROLE_TOOL },
	{ "RETRIEVAL", ROLE_RETRIEVAL },
	{ "RETRIEVER", ROLE_RETRIEVAL },
	{ "GUARDRAIL", ROLE_GUARDRAIL },
	{ "EVALUATOR", ROLE_EVALUATOR },
	{ 0 },
};

static const struct dialect_row rows[] = {
	ROW_WORDS("gen_ai.span.kind", FIELD_LEAF, leaf_kinds),
	ROW_WORDS("gen_ai.span.kind", FIELD_AGGREGATE, aggregate_kinds),
	ROW_WORDS("gen_ai.span_kind_name", FIELD_LEAF, leaf_kinds),
	ROW_WORDS("gen_ai.span_kind_name", FIELD_AGGREGATE, aggregate_kinds),
	ROW_NAME("gen_ai.model_name", FIELD_REQUEST_MODEL, 9),
	ROW_NAME("gen_ai.model_name", FIELD_RESPONSE_MODEL, 9),
	ROW_NUMBER("gen_ai.client.time_to_first_token", FIELD_TTFT, CONVERT_TTFT_UNITS, 7),
	ROW_END,
};

const struct dialect dialect_loongsuite = {
	.name = "loongsuite",
	.source = "alibaba/loongsuite-semantic-conventions, loongsuite-go and loongsuite-python; alibaba/higress, "
		  "ai-statistics; read 2026-11",
	.rows = rows,
};
