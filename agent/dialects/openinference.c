/* SPDX-License-Identifier: Apache-2.0
 * dialects/openinference.c - OpenInference (Arize Phoenix).
 *
 * Input counts include cached tokens (Bedrock's once did not, as its totals show), output counts include reasoning. There
 * is no attribute for streaming or for the time to the first token: the request parameters say the one, a span event of
 * the OpenAI instrumentation the other.
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

static const struct dialect_word json_formats[] = {
	{ "json_object", true },
	{ "json_schema", true },
	{ 0 },
};

static const struct dialect_row response_format[] = {
	ROW_WORDS("type", FIELD_JSON_WANTED, json_formats),
	ROW_CONTENT("json_schema", FIELD_SCHEMA, 2),
	ROW_END,
};

/* LangChain.js writes false of calls that it then streams. */
static const struct dialect_word streamed[] = { { "true", true }, { 0 } };

/* Members of the request parameters, as the application passed them to the vendor's client. */
static const struct dialect_row invocation_parameters[] = {
	ROW_REQUEST_PARAMETERS,
	{ "stream", FIELD_STREAMING, CONVERT_WORDS, 3, 0, streamed, NULL },
	ROW_NAME("model", FIELD_REQUEST_MODEL, 5),
	ROW_MEMBERS("response_format", response_format),
	ROW_END,
};


static const struct dialect_row document_metadata[] = {
	ROW_TEXT("id", FIELD_DOCUMENT_ID, 1),
	ROW_NUMBER("score", FIELD_DOCUMENT_SCORE, CONVERT_NUMBER, 1),
	ROW_NUMBER("relevance_score", FIELD_DOCUMENT_SCORE, CONVERT_NUMBER, 2),
	ROW_NUMBER("date", FIELD_DOCUMENT_DATE, CONVERT_TIME, 0),
	ROW_NUMBER("updated_at", FIELD_DOCUMENT_DATE, CONVERT_TIME, 0),
	ROW_NUMBER("last_modified", FIELD_DOCUMENT_DATE, CONVERT_TIME, 0),
	ROW_NUMBER("created_at", FIELD_DOCUMENT_DATE, CONVERT_TIME, 1),
	ROW_END,
};

static const struct dialect_row documents[] = {
	ROW_TEXT("#.document.id", FIELD_DOCUMENT_ID, 0),
	ROW_NUMBER("#.document.score", FIELD_DOCUMENT_SCORE, CONVERT_NUMBER, 0),
	ROW_TEXT("#.document.content", FIELD_DOCUMENT_TEXT, 0),
	ROW_MEMBERS("#.document.metadata", document_metadata),
	ROW_END,
};

static const struct dialect_row output_messages[] = {
	ROW_CONTENT("#.message.content", FIELD_OUTPUT_TEXT, 2),
	ROW_CONTENT("#.message.contents.#.message_content.text", FIELD_OUTPUT_TEXT, 3),
	ROW_TEXT("#.message.tool_calls.#.tool_call.function.name", FIELD_TOOL_CALL, 0),
	ROW_TEXT("#.message.function_call_name", FIELD_TOOL_CALL, 0),
	ROW_END,
};

static const struct dialect_row input_messages[] = {
	ROW_WORDS("0.message.role", FIELD_FIRST_ROLE, system_words),
	ROW_CONTENT("0.message.content", FIELD_FIRST_TEXT, 2),
	ROW_END,
};

/* Any of these says enough: dialects/judged.c reads them all. */
static const struct dialect_row annotations[] = {
	{ "#.annotation.name", FIELD_JUDGES, CONVERT_PRESENCE, 0, 0, NULL, NULL },
	{ "#.evaluation.name", FIELD_JUDGES, CONVERT_PRESENCE, 0, 0, NULL, NULL },
	ROW_END,
};

static const struct dialect_prefix prefixes[] = {
	{ "llm.output_messages.", false, output_messages },
	{ "llm.input_messages.", false, input_messages },
	{ "retrieval.documents.", false, documents },
	{ "reranker.output_documents.", false, documents },
	{ "annotations.", false, annotations },
	{ "evaluations.", false, annotations },
	{ "trace.annotations.", false, annotations },
	{ "trace.evaluations.", false, annotations },
	{ "session.annotations.", false, annotations },
	{ "session.evaluations.", false, annotations },
	{ 0 },
};

static const struct dialect_row rows[] = {
	ROW_WORDS("openinference.span.kind", FIELD_LEAF, leaf_kinds),
	ROW_WORDS("openinference.span.kind", FIELD_AGGREGATE, aggregate_kinds),

	ROW_PROVIDER("llm.provider", 3),
	ROW_PROVIDER("llm.system", 5),
	ROW_NAME("llm.request.model_name", FIELD_REQUEST_MODEL, 2),
	ROW_NAME("llm.response.model_name", FIELD_RESPONSE_MODEL, 2),
	ROW_NAME("llm.model_name", FIELD_RESPONSE_MODEL, 4),
	ROW_NAME("llm.model_name", FIELD_REQUEST_MODEL, 6),
	ROW_NAME("embedding.model_name", FIELD_REQUEST_MODEL, 7),
	ROW_NAME("reranker.model_name", FIELD_REQUEST_MODEL, 7),
	ROW_NAME("decision.model_name", FIELD_REQUEST_MODEL, 7),
	ROW_PROVIDER("decision.provider", 5),
	ROW_MEMBERS("llm.invocation_parameters", invocation_parameters),
	ROW_MEMBERS("embedding.invocation_parameters", invocation_parameters),

	ROW_COUNT("llm.token_count.prompt", FAMILY_OPENINFERENCE, TOKENS_INPUT),
	ROW_COUNT("llm.token_count.completion", FAMILY_OPENINFERENCE, TOKENS_OUTPUT),
	ROW_COUNT("llm.token_count.prompt_details.cache_read", FAMILY_OPENINFERENCE, TOKENS_CACHE_READ),
	ROW_COUNT("llm.token_count.prompt_details.cache_input", FAMILY_OPENINFERENCE, TOKENS_CACHE_READ),
	ROW_COUNT("llm.token_count.prompt_details.cache_write", FAMILY_OPENINFERENCE, TOKENS_CACHE_WRITE),
	ROW_COUNT("llm.token_count.prompt_details.audio", FAMILY_OPENINFERENCE, TOKENS_AUDIO_IN),
	ROW_COUNT("llm.token_count.completion_details.reasoning", FAMILY_OPENINFERENCE, TOKENS_REASONING),
	ROW_COUNT("llm.token_count.completion_details.audio", FAMILY_OPENINFERENCE, TOKENS_AUDIO_OUT),
	ROW_TOTAL("llm.token_count.total", FAMILY_OPENINFERENCE),
	ROW_COUNT("decision.token_count.input", FAMILY_OPENINFERENCE, TOKENS_INPUT),
	ROW_COUNT("decision.token_count.output", FAMILY_OPENINFERENCE, TOKENS_OUTPUT),
	ROW_USD("llm.cost.total", 4),

	ROW_WORDS("llm.finish_reason", FIELD_FINISH, finish_words),
	ROW_CONTENT("input.value", FIELD_INPUT_TEXT, 8),
	ROW_CONTENT("output.value", FIELD_OUTPUT_TEXT, 8),
	ROW_CONTENT("output.value", FIELD_RAW_ANSWER, 0),
	ROW_TEXT("tool.name", FIELD_TOOL_NAME, 1),

	/* OpenInference has no template name: its vendor id stands in, else the template's fingerprint. */
	ROW_TEXT("prompt.id", FIELD_PROMPT_NAME, PROMPT_OPENINFERENCE),
	ROW_TEXT("llm.prompt_template.version", FIELD_PROMPT_VERSION, PROMPT_OPENINFERENCE),
	ROW_TEXT("llm.prompt_template.template", FIELD_PROMPT_TEMPLATE, PROMPT_OPENINFERENCE),

	ROW_TEXT("agent.name", FIELD_FEATURE, 39),
	ROW_METADATA("metadata", metadata_members),
	ROW_END,
};

/* Wrappers of frameworks; the others wrap vendors' clients. */
static const struct dialect_scope scopes[] = {
	{ "openinference.instrumentation.langchain", PRODUCER_FRAMEWORK, false, STREAM_USAGE_SERVED },
	{ "openinference.instrumentation.llama_index", PRODUCER_FRAMEWORK, false, STREAM_USAGE_SERVED },
	{ "openinference.instrumentation.openai_agents", PRODUCER_FRAMEWORK, false, STREAM_USAGE_SERVED },
	{ "openinference.instrumentation.smolagents", PRODUCER_FRAMEWORK, false, STREAM_USAGE_SERVED },
	{ "openinference.instrumentation.crewai", PRODUCER_FRAMEWORK, false, STREAM_USAGE_SERVED },
	{ "openinference.instrumentation.haystack", PRODUCER_FRAMEWORK, false, STREAM_USAGE_SERVED },
	{ "openinference.instrumentation.dspy", PRODUCER_FRAMEWORK, false, STREAM_USAGE_SERVED },
	{ "openinference.instrumentation.agno", PRODUCER_FRAMEWORK, false, STREAM_USAGE_SERVED },
	{ "openinference.instrumentation.autogen", PRODUCER_FRAMEWORK, false, STREAM_USAGE_SERVED },
	{ "openinference.instrumentation.litellm", PRODUCER_FRAMEWORK, false, STREAM_USAGE_SERVED },
	{ "openinference.instrumentation.claude_agent_sdk", PRODUCER_FRAMEWORK, false, STREAM_USAGE_SERVED },
	{ "openinference.instrumentation", PRODUCER_INSTRUMENTATION, false, STREAM_USAGE_SERVED },
	{ "@arizeai/openinference-instrumentation-langchain", PRODUCER_FRAMEWORK, false, STREAM_USAGE_SERVED },
	{ "@arizeai/openinference-", PRODUCER_INSTRUMENTATION, false, STREAM_USAGE_SERVED },
	{ 0 },
};

const struct dialect dialect_openinference = {
	.name = "openinference",
	.source = "openinference-semantic-conventions 0.1.42 (Python), 2.12.0 (JavaScript), read 2026-11",
	.rows = rows,
	.prefixes = prefixes,
	.scopes = scopes,
};
