/* SPDX-License-Identifier: Apache-2.0
 * dialects/openrouter.c - what OpenRouter broadcasts of the calls it served.
 *
 * gen_ai.provider.name is the author of the model, and who ran it stands in the metadata; it is OpenRouter that is paid.
 * Counts include cached tokens, whoever answered. Each call tells of a first token, whether or not a stream was asked for.
 */
#include "agent/dialects/dialect.h"

static const struct dialect_word no_stream[] = { { "", false }, { 0 } };

static const struct dialect_row raw_request[] = {
	ROW_TRUTH("stream", FIELD_STREAMING, 1),
	ROW_REQUEST_PARAMETERS,
	ROW_END,
};

static const struct dialect_row completion[] = {
	ROW_CONTENT("completion", FIELD_OUTPUT_TEXT, 2),
	{ "rawRequest", FIELD_STREAMING, CONVERT_PRESENCE, 5, 0, no_stream, NULL },
	ROW_MEMBERS("rawRequest", raw_request),
	ROW_END,
};

static const struct dialect_row rows[] = {
	ROW_PROVIDER("trace.metadata.openrouter.source", 0),
	ROW_NUMBER("trace.metadata.openrouter.first_token_ms", FIELD_TTFT, CONVERT_MILLISECONDS, 0),
	ROW_COUNT("gen_ai.usage.input_tokens.audio", FAMILY_GEN_AI, TOKENS_AUDIO_IN),
	ROW_COUNT("gen_ai.usage.output_tokens.image", FAMILY_GEN_AI, TOKENS_IMAGE_OUT),
	ROW_MEMBERS("gen_ai.completion", completion),
	ROW_END,
};

static const struct dialect_prefix prefixes[] = {
	{ "trace.metadata.", true, metadata_members },
	{ 0 },
};

static const struct dialect_scope scopes[] = {
	{ "openrouter", PRODUCER_PROXY, false, STREAM_USAGE_SERVED },
	{ 0 },
};

const struct dialect dialect_openrouter = {
	.name = "openrouter",
	.source = "what receivers of OpenRouter's Broadcast read and tell of it, 2026-11; its documentation",
	.rows = rows,
	.prefixes = prefixes,
	.scopes = scopes,
	.guarded = true,
};
