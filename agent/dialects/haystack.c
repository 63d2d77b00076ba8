/* SPDX-License-Identifier: Apache-2.0
 * dialects/haystack.c - Haystack: spans of pipelines, their components and the steps of its agents. With content tracing
 * a generator's output holds the vendor's usage, and of a stream the time of its first chunk: the local one, zone untold.
 */
#include "agent/dialects/dialect.h"

static const struct dialect_row meta[] = {
	ROW_NAME("model", FIELD_RESPONSE_MODEL, 6),
	ROW_WORDS("finish_reason", FIELD_FINISH, finish_words),
	ROW_NUMBER("completion_start_time", FIELD_FIRST_TOKEN_AT, CONVERT_TIME, 0),
	ROW_MEMBERS("usage", raw_usage_members),
	ROW_END,
};

static const struct dialect_row tool_call[] = {
	ROW_TEXT("tool_name", FIELD_TOOL_CALL, 0),
	ROW_END,
};

static const struct dialect_row part[] = {
	ROW_MEMBERS("tool_call", tool_call),
	ROW_END,
};

static const struct dialect_row reply[] = {
	ROW_MEMBERS("meta", meta),
	ROW_MEMBERS("_meta", meta),
	ROW_MEMBERS("content", part),
	ROW_MEMBERS("_content", part),
	ROW_END,
};

static const struct dialect_row documents[] = {
	{ "", FIELD_DOCUMENT, CONVERT_PRESENCE, 0, 0, NULL, NULL },
	ROW_TEXT("id", FIELD_DOCUMENT_ID, 0),
	ROW_NUMBER("score", FIELD_DOCUMENT_SCORE, CONVERT_NUMBER, 0),
	ROW_END,
};

static const struct dialect_row output[] = {
	ROW_MEMBERS("replies", reply),
	ROW_MEMBERS("meta", meta),
	ROW_MEMBERS("documents", documents),
	ROW_END,
};

static const struct dialect_row rows[] = {
	ROW_TEXT("haystack.component.name", FIELD_FEATURE, 42),
	ROW_MEMBERS("haystack.component.output", output),
	ROW_MEMBERS("haystack.agent.step.llm.output", output), /* the component around it repeats no usage */
	ROW_END,
};

static const struct dialect_scope scopes[] = {
	{ "haystack", PRODUCER_FRAMEWORK, false, STREAM_USAGE_SERVED },
	{ 0 },
};

static const struct dialect_name names[] = {
	{ "haystack.pipeline.run", ROLE_CHAIN },
	{ "haystack.async_pipeline.run", ROLE_CHAIN },
	{ 0 },
};

const struct dialect dialect_haystack = {
	.name = "haystack",
	.source = "haystack-ai 3.4.0, opentelemetry-haystack 2.0.0, read 2026-11",
	.rows = rows,
	.scopes = scopes,
	.names = names,
};
