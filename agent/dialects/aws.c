/* SPDX-License-Identifier: Apache-2.0
 * dialects/aws.c - AWS: Strands agents and Bedrock AgentCore; Bedrock's instrumentation in botocore.
 *
 * Strands repeats the usage on agent, cycle and chat spans and under old and new names; times are whole milliseconds under
 * names that elsewhere mean seconds. Botocore's instrumentation passes on Bedrock's raw input count, without the cache.
 */
#include "agent/dialects/dialect.h"

static const struct dialect_row rows[] = {
	ROW_COUNT("gen_ai.usage.cache_write_input_tokens", FAMILY_GEN_AI, TOKENS_CACHE_WRITE),
	ROW_NUMBER("retry_attempts", FIELD_RETRIES, CONVERT_COUNT, 1),
	ROW_TEXT("aws.request_id", FIELD_REQUEST_ID, 2),
	ROW_END,
};

static const struct dialect_scope scopes[] = {
	{ "strands", PRODUCER_FRAMEWORK, false, STREAM_USAGE_SERVED },
	{ "bedrock_agentcore", PRODUCER_FRAMEWORK, false, STREAM_USAGE_SERVED },
	{ "opentelemetry.instrumentation.botocore", PRODUCER_INSTRUMENTATION, true, STREAM_USAGE_SERVED },
	{ 0 },
};

const struct dialect dialect_aws = {
	.name = "strands",
	.source = "strands-agents 1.62.0, bedrock-agentcore 1.25.0, opentelemetry-instrumentation-botocore 0.66b2, "
		  "read 2026-11",
	.rows = rows,
	.scopes = scopes,
};
