/* SPDX-License-Identifier: Apache-2.0
 * dialects/envoy.c - Envoy AI Gateway: OpenInference's words, of what its clients asked.
 *
 * llm.system is the API that the client spoke, whoever served the model behind it. All of a stream is written when it has
 * ended, the event of the first token too (see struct scope_facts).
 */
#include "agent/dialects/dialect.h"

static const struct dialect_row rows[] = {
	{ "llm.system", FIELD_NOTHING, CONVERT_PRESENCE, 0, 0, NULL, NULL },
	ROW_END,
};

static const struct dialect_scope scopes[] = {
	{ "envoyproxy/ai-gateway", PRODUCER_PROXY, false, STREAM_USAGE_SERVED },
	{ 0 },
};

const struct dialect dialect_envoy = {
	.name = "envoy-ai-gateway",
	.source = "envoyproxy/ai-gateway, internal/tracing, read 2026-11",
	.rows = rows,
	.scopes = scopes,
	.guarded = true,
};
