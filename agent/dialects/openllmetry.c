/* SPDX-License-Identifier: Apache-2.0
 * dialects/openllmetry.c - OpenLLMetry (Traceloop), the older shape with numbered messages and the newer with JSON.
 *
 * Input counts include cached tokens except for Bedrock, whose raw numbers are passed on. The spans that Traceloop's own
 * decorators make (workflow, task, agent, tool) are always around model calls. The scope prefix is shared with
 * OpenTelemetry's own instrumentations; those have no rows here. Streaming spans tell of the first token by an event only.
 */
#include "agent/dialects/dialect.h"

static const struct dialect_word request_types[] = {
	{ "chat", ROLE_LLM },
	{ "completion", ROLE_LLM },
	{ "unknown", ROLE_LLM },
	{ "embedding", ROLE_EMBEDDING },
	{ "embeddings", ROLE_EMBEDDING }, /* by the Hub */
	{ "rerank", ROLE_RERANK },
	/* by LiteLLM: its functions, those that await with an a before */
	{ "acompletion", ROLE_LLM },
	{ "responses", ROLE_LLM },
	{ "aresponses", ROLE_LLM },
	{ "anthropic_messages", ROLE_LLM },
	{ "aanthropic_messages", ROLE_LLM },
	{ "text_completion", ROLE_LLM },
	{ "atext_completion", ROLE_LLM },
	{ "generate_content", ROLE_LLM },
	{ "agenerate_content", ROLE_LLM },
	{ "generate_content_stream", ROLE_LLM },
	{ "agenerate_content_stream", ROLE_LLM },
	{ "aembedding", ROLE_EMBEDDING },
	{ "arerank", ROLE_RERANK },
	{ 0 },
};

static const struct dialect_word span_kinds[] = {
	{ "workflow", ROLE_CHAIN },
	{ "task", ROLE_CHAIN },
	{ "unknown", ROLE_CHAIN },
	{ "agent", ROLE_AGENT },
	{ "tool", ROLE_TOOL },
	{ 0 },
};

static const struct dialect_word refusal[] = { { "", FINISH_REFUSAL }, { 0 } };

/* Azure's filters on a prompt: of attacks they say whether one was detected, of all else whether it was filtered. */
static const struct dialect_row azure_attack[] = {
	ROW_TRUTH("detected", FIELD_INJECTION, 0),
	ROW_TRUTH("filtered", FIELD_BLOCKED, 0),
	ROW_END,
};

static const struct dialect_row azure_harm[] = {
	ROW_TRUTH("filtered", FIELD_BLOCKED, 0),
	ROW_END,
};

static const struct dialect_row azure_filters[] = {
	ROW_MEMBERS("jailbreak", azure_attack),
	ROW_MEMBERS("indirect_attack", azure_attack),
	ROW_MEMBERS("hate", azure_harm),
	ROW_MEMBERS("sexual", azure_harm),
	ROW_MEMBERS("violence", azure_harm),
	ROW_MEMBERS("self_harm", azure_harm),
	ROW_END,
};

static const struct dialect_row azure_prompt_filter[] = {
	ROW_MEMBERS("content_filter_results", azure_filters),
	ROW_END,
};

static const struct dialect_row rows[] = {
	ROW_WORDS("llm.request.type", FIELD_LEAF, request_types),
	ROW_WORDS("traceloop.span.kind", FIELD_AGGREGATE, span_kinds),
	ROW_TEXT("traceloop.workflow.name", FIELD_WORKFLOW, 33),
	ROW_TEXT("traceloop.workflow.name", FIELD_FEATURE, 33),
	ROW_TEXT("traceloop.entity.name", FIELD_FEATURE, 34),
	ROW_TEXT("traceloop.prompt.key", FIELD_PROMPT_NAME, PROMPT_TRACELOOP),
	ROW_TEXT("traceloop.prompt.version", FIELD_PROMPT_VERSION, PROMPT_TRACELOOP),
	ROW_CONTENT("traceloop.prompt.template", FIELD_SYSTEM_TEXT, 1),
	ROW_TRUTH("gen_ai.is_streaming", FIELD_STREAMING, 1),
	ROW_TRUTH("llm.is_streaming", FIELD_STREAMING, 2),
	ROW_TOTAL("llm.usage.total_tokens", FAMILY_GEN_AI),
	ROW_COUNT("llm.usage.prompt_tokens", FAMILY_GEN_AI_OLD, TOKENS_INPUT),
	ROW_COUNT("llm.usage.completion_tokens", FAMILY_GEN_AI_OLD, TOKENS_OUTPUT),
	ROW_PROVIDER("llm.vendor", 6), /* the first names, which the SDK in Go has kept */
	ROW_NAME("llm.request.model", FIELD_REQUEST_MODEL, 4),
	ROW_NAME("llm.response.model", FIELD_RESPONSE_MODEL, 5),
	ROW_NUMBER("llm.request.max_tokens", FIELD_MAX_OUTPUT_TOKENS, CONVERT_COUNT, 0),
	ROW_NUMBER("llm.temperature", FIELD_TEMPERATURE, CONVERT_NUMBER, 0),
	ROW_COUNT("gen_ai.usage.reasoning_tokens", FAMILY_GEN_AI, TOKENS_REASONING),
	ROW_COUNT("llm.usage.reasoning_tokens", FAMILY_GEN_AI, TOKENS_REASONING),
	ROW_COUNT("gen_ai.usage.cache_read_input_tokens", FAMILY_GEN_AI, TOKENS_CACHE_READ),
	ROW_COUNT("gen_ai.usage.cache_creation_input_tokens", FAMILY_GEN_AI, TOKENS_CACHE_WRITE),
	ROW_WORDS("gen_ai.response.finish_reason", FIELD_FINISH, finish_words),
	ROW_WORDS("gen_ai.response.stop_reason", FIELD_FINISH, finish_words),
	ROW_WORDS("llm.response.finish_reason", FIELD_FINISH, finish_words),
	ROW_WORDS("llm.response.stop_reason", FIELD_FINISH, finish_words),
	ROW_TEXT("gen_ai.user", FIELD_USER, 7),
	ROW_TEXT("llm.user", FIELD_USER, 8),
	ROW_TEXT("gen_ai.openai.api_base", FIELD_SERVER_ADDRESS, 5),
	ROW_TEXT("gen_ai.guardrail.status", FIELD_POLICY_RESULT, 1),
	ROW_WORDS("gen_ai.guardrail.status", FIELD_GUARD_HIT, guard_hits),
	ROW_WORDS("gen_ai.guardrail.status", FIELD_BLOCKED, guard_blocks),
	ROW_WORDS("gen_ai.guardrail.name", FIELD_GUARD_KIND, guard_kinds),
	ROW_MEMBERS("gen_ai.prompt.prompt_filter_results", azure_prompt_filter),
	ROW_CONTENT("traceloop.entity.output", FIELD_OUTPUT_TEXT, 9),
	ROW_END,
};

static const struct dialect_row completion_parts[] = {
	ROW_WORDS("#.finish_reason", FIELD_FINISH, finish_words),
	ROW_IS("#.refusal", FIELD_FINISH, refusal),
	ROW_CONTENT("#.content", FIELD_OUTPUT_TEXT, 5),
	ROW_TEXT("#.tool_calls.#.name", FIELD_TOOL_CALL, 0),
	ROW_TEXT("#.function_call.name", FIELD_TOOL_CALL, 0),
	ROW_END,
};

static const struct dialect_row prompt_parts[] = {
	ROW_WORDS("0.role", FIELD_FIRST_ROLE, system_words),
	ROW_CONTENT("0.content", FIELD_FIRST_TEXT, 5),
	ROW_CONTENT("#.content", FIELD_INPUT_TEXT, 5),
	ROW_END,
};

static const struct dialect_prefix prefixes[] = {
	{ "gen_ai.completion.", false, completion_parts },
	{ "gen_ai.prompt.", false, prompt_parts },
	{ "llm.completions.", false, completion_parts },
	{ "llm.prompts.", false, prompt_parts },
	{ "traceloop.association.properties.", true, metadata_members },
	{ 0 },
};

static const struct dialect_scope scopes[] = {
	{ "traceloop_hub", PRODUCER_PROXY, false, STREAM_USAGE_SERVED },
	{ "traceloop.tracer", PRODUCER_FRAMEWORK, false, STREAM_USAGE_SERVED },
	{ "@traceloop/node-server-sdk", PRODUCER_FRAMEWORK, false, STREAM_USAGE_SERVED },
	{ "opentelemetry.instrumentation.langchain", PRODUCER_FRAMEWORK, false, STREAM_USAGE_SERVED },
	{ "opentelemetry.instrumentation.llamaindex", PRODUCER_FRAMEWORK, false, STREAM_USAGE_SERVED },
	{ "opentelemetry.instrumentation.haystack", PRODUCER_FRAMEWORK, false, STREAM_USAGE_SERVED },
	{ "opentelemetry.instrumentation.crewai", PRODUCER_FRAMEWORK, false, STREAM_USAGE_SERVED },
	{ "opentelemetry.instrumentation.agno", PRODUCER_FRAMEWORK, false, STREAM_USAGE_SERVED },
	{ "opentelemetry.instrumentation.openai_agents", PRODUCER_FRAMEWORK, false, STREAM_USAGE_SERVED },
	{ "opentelemetry.instrumentation.litellm", PRODUCER_FRAMEWORK, false, STREAM_USAGE_SERVED },
	{ "opentelemetry.instrumentation.openai.v", PRODUCER_INSTRUMENTATION, false, STREAM_USAGE_SERVED },
	{ "opentelemetry.instrumentation.anthropic", PRODUCER_INSTRUMENTATION, false, STREAM_USAGE_DOUBTFUL },
	{ "opentelemetry.instrumentation.bedrock", PRODUCER_INSTRUMENTATION, true, STREAM_USAGE_SERVED },
	{ "opentelemetry.instrumentation.cohere", PRODUCER_INSTRUMENTATION, false, STREAM_USAGE_SERVED },
	{ "opentelemetry.instrumentation.mistralai", PRODUCER_INSTRUMENTATION, false, STREAM_USAGE_SERVED },
	{ "opentelemetry.instrumentation.ollama", PRODUCER_INSTRUMENTATION, false, STREAM_USAGE_SERVED },
	{ "opentelemetry.instrumentation.groq", PRODUCER_INSTRUMENTATION, false, STREAM_USAGE_SERVED },
	{ "opentelemetry.instrumentation.google_generativeai", PRODUCER_INSTRUMENTATION, false, STREAM_USAGE_SERVED },
	{ "opentelemetry.instrumentation.vertexai", PRODUCER_INSTRUMENTATION, false, STREAM_USAGE_SERVED },
	{ "opentelemetry.instrumentation.together", PRODUCER_INSTRUMENTATION, false, STREAM_USAGE_SERVED },
	{ "opentelemetry.instrumentation.replicate", PRODUCER_INSTRUMENTATION, false, STREAM_USAGE_SERVED },
	{ "opentelemetry.instrumentation.watsonx", PRODUCER_INSTRUMENTATION, false, STREAM_USAGE_SERVED },
	{ "@traceloop/instrumentation-langchain", PRODUCER_FRAMEWORK, false, STREAM_USAGE_SERVED },
	{ "@traceloop/instrumentation-llamaindex", PRODUCER_FRAMEWORK, false, STREAM_USAGE_SERVED },
	{ "@traceloop/instrumentation-openai", PRODUCER_INSTRUMENTATION, false, STREAM_USAGE_GUESSED },
	{ "@traceloop/instrumentation-", PRODUCER_INSTRUMENTATION, false, STREAM_USAGE_SERVED },
	{ 0 },
};

const struct dialect dialect_openllmetry = {
	.name = "openllmetry",
	.source = "instrumentations 0.47.0 and 0.62.4, traceloop-sdk 0.62.4 (Python), 0.27.0 (JavaScript), "
		  "go-openllmetry, read 2026-11",
	.rows = rows,
	.prefixes = prefixes,
	.scopes = scopes,
};
