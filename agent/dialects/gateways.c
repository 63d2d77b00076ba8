/* SPDX-License-Identifier: Apache-2.0
 * dialects/gateways.c - gateways between clients and models, which speak the GenAI conventions and words of their own:
 * agentgateway, Bifrost, Cloudflare's AI Gateway, Vercel's AI Gateway.
 *
 * Bifrost's counts include cached tokens, whoever served. It has a span for each attempt, names its scope after the service
 * and used to tell details by the API that the client spoke. Vercel tells the usage on the request's span alone; the
 * attempts below it name a provider and a model.
 */
#include "agent/dialects/dialect.h"

static const struct dialect_row input_details[] = {
	ROW_COUNT("cached_read_tokens", FAMILY_GEN_AI, TOKENS_CACHE_READ),
	ROW_COUNT("cached_write_tokens", FAMILY_GEN_AI, TOKENS_CACHE_WRITE),
	ROW_COUNT("cached_write_tokens_1h", FAMILY_GEN_AI, TOKENS_CACHE_WRITE_1H),
	ROW_COUNT("audio_tokens", FAMILY_GEN_AI, TOKENS_AUDIO_IN),
	ROW_COUNT("image_tokens", FAMILY_GEN_AI, TOKENS_IMAGE_IN),
	ROW_END,
};

static const struct dialect_row output_details[] = {
	ROW_COUNT("reasoning_tokens", FAMILY_GEN_AI, TOKENS_REASONING),
	ROW_COUNT("audio_tokens", FAMILY_GEN_AI, TOKENS_AUDIO_OUT),
	ROW_COUNT("image_tokens", FAMILY_GEN_AI, TOKENS_IMAGE_OUT),
	ROW_END,
};

static const struct dialect_prefix prefixes[] = {
	{ "gen_ai.usage.prompt_token_details.", false, input_details },
	{ "gen_ai.usage.input_token_details.", false, input_details },
	{ "gen_ai.usage.completion_token_details.", false, output_details },
	{ "gen_ai.usage.output_token_details.", false, output_details },
	{ 0 },
};

static const struct dialect_row rows[] = {
	ROW_TEXT("gen_ai.error.type", FIELD_ERROR_TYPE, 4),
	ROW_TEXT("gen_ai.error", FIELD_ERROR_MESSAGE, 3),
	ROW_TEXT("bifrost.request.id", FIELD_REQUEST_ID, 1),
	ROW_TEXT("bifrost.user.id", FIELD_USER, 6),

	ROW_NUMBER("http.status", FIELD_HTTP_STATUS, CONVERT_COUNT, 2), /* agentgateway's, whose spans have no status */
	ROW_NUMBER("retry.attempt", FIELD_RETRIES, CONVERT_COUNT, 2),

	ROW_PROVIDER("gen_ai.model.provider", 4), /* Cloudflare's, as its documentation names it */
	ROW_CONTENT("gen_ai.prompt_json", FIELD_INPUT_TEXT, 7),
	ROW_CONTENT("gen_ai.completion_json", FIELD_OUTPUT_TEXT, 7),
	ROW_CONTENT("gen_ai.completion_json", FIELD_RAW_ANSWER, 3),

	ROW_PROVIDER("vercel.ai_gateway.provider", 9),
	ROW_USD("vercel.ai_gateway.cost.total", 2),
	ROW_TEXT("vercel.ai_gateway.request.id", FIELD_REQUEST_ID, 1),
	ROW_TEXT("vercel.ai_gateway.user.id", FIELD_USER, 6),
	ROW_TEXT("vercel.ai_gateway.service_tier", FIELD_SERVICE_TIER, 3),
	ROW_END,
};

static const struct dialect_scope scopes[] = {
	{ "agentgateway", PRODUCER_PROXY, false, STREAM_USAGE_SERVED },
	{ "bifrost", PRODUCER_PROXY, false, STREAM_USAGE_SERVED },
	{ 0 },
};

const struct dialect dialect_gateways = {
	.name = "gateway",
	.source = "agentgateway/agentgateway, telemetry/log.rs; maximhq/bifrost, plugins/otel and framework/tracing; documentation of Cloudflare's and Vercel's AI Gateways, "
		  "read 2026-11",
	.rows = rows,
	.prefixes = prefixes,
	.scopes = scopes,
};
