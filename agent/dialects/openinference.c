/* SPDX-License-Identifier: Apache-2.0
 * dialects/openinference.c - OpenInference (Arize Phoenix).
 *
 * Input counts include cached tokens, output counts include reasoning. There is no attribute for streaming or for the
 * time to the first token: the request parameters say the one, a span event of the OpenAI instrumentation the other.
 */
#include "agent/dialects/dialect.h"

static const struct dialect_word leaf_kinds[] = {
	{ "LLM", ROLE_LLM },
	{ "DECISION", ROLE_LLM },
	{ "EMBEDDING", ROLE_EMBEDDING },
	{ "RERANKER", ROLE_RERANK },
	{ 0 },
};

static const struct dialect_word aggregate_kinds[] = {
	{ "AGENT", ROLE_AGENT },
	{ "CHAIN", ROLE_CHAIN },
	{ "PROMPT", ROLE_CHAIN },
	{ "TOOL", ROLE_TOOL },
	{ "RETRIEVER", ROLE_RETRIEVAL },
	{ "GUARDRAIL", ROLE_GUARDRAIL },
	{ "EVALUATOR", ROLE_EVALUATOR },
	{ 0 },
};

/* Members of the request parameters, as the application passed them to the vendor's client. */
static const struct dialect_row invocation_parameters[] = {
	{ "stream", FIELD_STREAMING, CONVERT_TRUTH, 3, 0, NULL, NULL },
	{ "model", FIELD_REQUEST_MODEL, CONVERT_NAME, 5, 0, NULL, NULL },
	{ 0 },
};

#define TEXT(key, field, rank) { key, field, CONVERT_TEXT, rank, 0, NULL, NULL }
#define NAME(key, field, rank) { key, field, CONVERT_NAME, rank, 0, NULL, NULL }
#define COUNT(key, class) { key, FIELD_TOKENS, CONVERT_COUNT, FAMILY_OPENINFERENCE, class, NULL, NULL }

static const struct dialect_row rows[] = {
	{ "openinference.span.kind", FIELD_LEAF, CONVERT_WORDS, 0, 0, leaf_kinds, NULL },
	{ "openinference.span.kind", FIELD_AGGREGATE, CONVERT_WORDS, 0, 0, aggregate_kinds, NULL },

	{ "llm.provider", FIELD_PROVIDER, CONVERT_PROVIDER, 2, 0, NULL, NULL },
	{ "llm.system", FIELD_PROVIDER, CONVERT_PROVIDER, 4, 0, NULL, NULL },
	NAME("llm.request.model_name", FIELD_REQUEST_MODEL, 2),
	NAME("llm.response.model_name", FIELD_RESPONSE_MODEL, 2),
	NAME("llm.model_name", FIELD_RESPONSE_MODEL, 4),
	NAME("llm.model_name", FIELD_REQUEST_MODEL, 6),
	NAME("embedding.model_name", FIELD_REQUEST_MODEL, 7),
	NAME("reranker.model_name", FIELD_REQUEST_MODEL, 7),
	{ "llm.invocation_parameters", FIELD_MEMBERS, CONVERT_JSON, 0, 0, NULL, invocation_parameters },

	COUNT("llm.token_count.prompt", TOKENS_INPUT),
	COUNT("llm.token_count.completion", TOKENS_OUTPUT),
	COUNT("llm.token_count.prompt_details.cache_read", TOKENS_CACHE_READ),
	COUNT("llm.token_count.prompt_details.cache_input", TOKENS_CACHE_READ),
	COUNT("llm.token_count.prompt_details.cache_write", TOKENS_CACHE_WRITE),
	COUNT("llm.token_count.prompt_details.audio", TOKENS_AUDIO_IN),
	COUNT("llm.token_count.completion_details.reasoning", TOKENS_REASONING),
	COUNT("llm.token_count.completion_details.audio", TOKENS_AUDIO_OUT),
	{ "llm.token_count.total", FIELD_TOKENS_TOTAL, CONVERT_COUNT, FAMILY_OPENINFERENCE, 0, NULL, NULL },
	{ "llm.cost.total", FIELD_REPORTED_COST, CONVERT_USD, 4, 0, NULL, NULL },

	{ "llm.finish_reason", FIELD_FINISH, CONVERT_WORDS, 0, 0, finish_words, NULL },
	TEXT("llm.output_messages.0.message.content", FIELD_ANSWER, 0),

	/* OpenInference has no template name: its vendor id stands in, else the template's fingerprint. */
	TEXT("prompt.id", FIELD_PROMPT_NAME, 7),
	TEXT("llm.prompt_template.version", FIELD_PROMPT_VERSION, 7),
	TEXT("llm.prompt_template.template", FIELD_PROMPT_TEMPLATE, 7),

	TEXT("agent.name", FIELD_FEATURE, 39),
	{ "metadata", FIELD_METADATA, CONVERT_JSON, 0, 0, NULL, NULL },
	{ 0 },
};

const struct dialect dialect_openinference = {
	.name = "openinference",
	.source = "openinference-semantic-conventions 0.1.42 (Python), 2.12.0 (JavaScript), read 2026-11",
	.rows = rows,
};
