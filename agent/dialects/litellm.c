/* SPDX-License-Identifier: Apache-2.0
 * dialects/litellm.c - LiteLLM: its OpenTelemetry callback in both generations, and its proxy.
 *
 * Input counts include cached tokens. One call makes two spans, the request and raw_gen_ai_request below it; the second
 * carries the vendor's fields under llm.<vendor>.* and nothing that is read here. litellm.cache_hit, or a cache_key in an
 * older span's hidden_params: the proxy answered from its own cache and nothing was spent. The proxy's name for a model
 * (litellm.model_group; since 2026 gen_ai.request.model itself) stands as the answer's model too, unless it was streamed;
 * litellm.provider.model is what was asked of the vendor. The callbacks for Arize and Langfuse write llm.response.id.
 */
#include "agent/dialects/dialect.h"

static const struct dialect_row hidden_params[] = {
	ROW_USD("response_cost", 3),
	ROW_IS("cache_key", FIELD_FROM_CACHE, NULL),
	ROW_END,
};

static const struct dialect_row rows[] = {
	ROW_USD("litellm.cost.total", 1),
	ROW_USD("gen_ai.cost.total_cost", 2),
	ROW_MEMBERS("hidden_params", hidden_params),
	ROW_TRUTH("litellm.cache_hit", FIELD_FROM_CACHE, 0),
	ROW_TRUTH("litellm.request.streaming", FIELD_STREAMING, 3),
	ROW_TEXT("litellm.call_id", FIELD_REQUEST_ID, 1),
	ROW_TEXT("llm.response.id", FIELD_RESPONSE_ID, 1),
	{ "litellm.provider.model", FIELD_PROVIDER, CONVERT_PLUGIN, 7, 0, NULL, NULL },
	ROW_NAME("litellm.provider.model", FIELD_ROUTED_MODEL, 0),
	ROW_TEXT("litellm.end_user.id", FIELD_USER, 6),
	ROW_TEXT("litellm.guardrail.status", FIELD_POLICY_RESULT, 2),
	ROW_WORDS("litellm.guardrail.status", FIELD_GUARD_HIT, guard_hits),
	ROW_WORDS("litellm.guardrail.status", FIELD_BLOCKED, guard_blocks),
	ROW_WORDS("litellm.guardrail.name", FIELD_GUARD_KIND, guard_kinds),
	ROW_WORDS("litellm.guardrail.violation_categories", FIELD_GUARD_KIND, guard_kinds),
	ROW_IS("litellm.guardrail.violation_categories", FIELD_GUARD_HIT, guard_hits),
	ROW_TEXT("litellm.provider.error.code", FIELD_ERROR_TYPE, 3),
	ROW_NAME("litellm.model_group", FIELD_REQUEST_MODEL, 9),
	ROW_NAME("litellm.model_group", FIELD_OFFERED_MODEL, 0),
	ROW_END,
};

static const struct dialect_prefix prefixes[] = {
	{ "metadata.", true, metadata_members },
	{ "litellm.metadata.", true, metadata_members },
	{ 0 },
};

static const struct dialect_scope scopes[] = {
	{ "litellm", PRODUCER_PROXY, false, STREAM_USAGE_SERVED },
	{ 0 },
};

static const struct dialect_name names[] = {
	{ "raw_gen_ai_request", ROLE_NONE },
	{ "Received Proxy Server Request", ROLE_CHAIN },
	{ 0 },
};

const struct dialect dialect_litellm = {
	.name = "litellm",
	.source = "litellm 1.106.2 and 1.109.1, read 2026-11",
	.rows = rows,
	.prefixes = prefixes,
	.scopes = scopes,
	.names = names,
};
