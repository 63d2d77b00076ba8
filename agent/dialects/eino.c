/* SPDX-License-Identifier: Apache-2.0
 * dialects/eino.c - CloudWeGo's Eino, by its callbacks for OpenTelemetry and for APMPlus; its callback for Langfuse speaks
 * Langfuse's words.
 *
 * APMPlus's calls whatever is outermost a workflow, a model too; the component tells what it is. A graph repeats the usage of
 * its models.
 */
#include "agent/dialects/dialect.h"

static const struct dialect_word leaf_components[] = {
	{ "ChatModel", ROLE_LLM },
	{ "AgenticModel", ROLE_LLM },
	{ "Embedding", ROLE_EMBEDDING },
	{ 0 },
};

static const struct dialect_word aggregate_components[] = {
	{ "Graph", ROLE_CHAIN },
	{ "Chain", ROLE_CHAIN },
	{ "Workflow", ROLE_CHAIN },
	{ "Lambda", ROLE_CHAIN },
	{ "ChatTemplate", ROLE_CHAIN },
	{ "Agent", ROLE_AGENT },
	{ "Tool", ROLE_TOOL },
	{ "ToolsNode", ROLE_TOOL },
	{ "Retriever", ROLE_RETRIEVAL },
	{ 0 },
};

static const struct dialect_row rows[] = {
	ROW_WORDS("runinfo.component", FIELD_LEAF, leaf_components),
	ROW_WORDS("runinfo.component", FIELD_AGGREGATE, aggregate_components),
	ROW_TEXT("gen_ai.session.id", FIELD_SESSION, 7),
	ROW_TEXT("gen_ai.user.id", FIELD_USER, 7),
	ROW_END,
};

static const struct dialect_scope scopes[] = {
	{ "github.com/cloudwego/eino", PRODUCER_FRAMEWORK, false, STREAM_USAGE_SERVED },
	{ 0 },
};

const struct dialect dialect_eino = {
	.name = "eino",
	.source = "cloudwego/eino-ext, callbacks/otel and callbacks/apmplus, read 2026-11",
	.rows = rows,
	.scopes = scopes,
};
