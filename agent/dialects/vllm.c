/* SPDX-License-Identifier: Apache-2.0
 * dialects/vllm.c - vLLM's own server spans.
 *
 * The server's side of a call that a client may tell of as well; input counts include what the prefix cache held.
 */
#include "agent/dialects/dialect.h"

static const struct dialect_row rows[] = {
	ROW_TEXT("gen_ai.request.id", FIELD_REQUEST_ID, 3),
	ROW_NUMBER("gen_ai.latency.time_to_first_token", FIELD_TTFT, CONVERT_SECONDS, 6),
	ROW_END,
};

static const struct dialect_scope scopes[] = {
	{ "vllm", PRODUCER_SERVER, false, STREAM_USAGE_SERVED },
	{ "sglang", PRODUCER_SERVER, false, STREAM_USAGE_SERVED },
	{ 0 },
};

const struct dialect dialect_vllm = {
	.name = "vllm",
	.source = "vLLM tracing utilities, read 2026-11",
	.rows = rows,
	.scopes = scopes,
};
