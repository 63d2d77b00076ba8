/* SPDX-License-Identifier: Apache-2.0
 * dialects/openlit.c - OpenLIT.
 *
 * Speaks the GenAI conventions, but input counts of Anthropic leave cached tokens out, and a time to the first token is
 * written for answers that were not streamed too (it is the whole duration then). Where the API tells no usage of a stream,
 * words are counted and told as usage; served usage has cache classes beside it, if only zeros.
 */
#include "agent/dialects/dialect.h"

static const struct dialect_row rows[] = {
	ROW_COUNT("gen_ai.usage.prompt_tokens_details.cached_tokens", FAMILY_GEN_AI, TOKENS_CACHE_READ),
	ROW_COUNT("gen_ai.usage.prompt_tokens_details.cache_read", FAMILY_GEN_AI, TOKENS_CACHE_READ),
	ROW_COUNT("gen_ai.usage.prompt_tokens_details.cache_creation_tokens", FAMILY_GEN_AI, TOKENS_CACHE_WRITE),
	ROW_COUNT("gen_ai.usage.completion_tokens_details.reasoning_tokens", FAMILY_GEN_AI, TOKENS_REASONING),
	ROW_COUNT("gen_ai.usage.completion_tokens_details.audio_tokens", FAMILY_GEN_AI, TOKENS_AUDIO_OUT),
	ROW_TEXT("gen_ai.request.user", FIELD_USER, 7),
	ROW_TEXT("gen_ai.hub.repo", FIELD_PROMPT_NAME, PROMPT_OPENLIT),
	ROW_TEXT("gen_ai.agent.session_id", FIELD_SESSION, 6),
	ROW_USD("gen_ai.token.cost.total", 8),
	ROW_TEXT("guard.verdict", FIELD_POLICY_RESULT, 3),
	ROW_WORDS("guard.verdict", FIELD_GUARD_HIT, guard_hits),
	ROW_TRUTH("guard.denied", FIELD_BLOCKED, 0),
	ROW_TRUTH("guard.denied", FIELD_GUARD_HIT, 0),
	ROW_WORDS("guard.name", FIELD_GUARD_KIND, guard_kinds),
	ROW_WORDS("guard.classification", FIELD_GUARD_KIND, guard_kinds),
	ROW_END,
};

static const struct dialect_scope scopes[] = {
	{ "openlit.instrumentation.anthropic", PRODUCER_INSTRUMENTATION, true, STREAM_USAGE_SERVED },
	{ "openlit.instrumentation.bedrock", PRODUCER_INSTRUMENTATION, true, STREAM_USAGE_SERVED },
	{ "openlit.instrumentation.openai", PRODUCER_INSTRUMENTATION, false, STREAM_USAGE_GUESSED },
	{ "openlit.instrumentation.langchain", PRODUCER_FRAMEWORK, false, STREAM_USAGE_SERVED },
	{ "openlit.instrumentation.llamaindex", PRODUCER_FRAMEWORK, false, STREAM_USAGE_SERVED },
	{ "openlit.instrumentation.haystack", PRODUCER_FRAMEWORK, false, STREAM_USAGE_SERVED },
	{ "openlit.instrumentation.crewai", PRODUCER_FRAMEWORK, false, STREAM_USAGE_SERVED },
	{ "openlit", PRODUCER_INSTRUMENTATION, false, STREAM_USAGE_SERVED },
	{ 0 },
};

const struct dialect dialect_openlit = {
	.name = "openlit",
	.source = "openlit 1.45.0, read 2026-11",
	.rows = rows,
	.scopes = scopes,
};
