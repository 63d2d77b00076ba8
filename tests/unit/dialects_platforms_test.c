/* SPDX-License-Identifier: Apache-2.0
 * One span of every platform that observes, as its SDK writes it, becomes the call that was made.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/dialects_vocabulary_rig.h"

static const struct vocabulary vocabularies[] = {
	{
		.name = "Langfuse, every class apart",
		.scope = "langfuse-sdk",
		.attributes = { { "langfuse.observation.type", "generation" },
				{ "langfuse.observation.model.name", "o3-mini-2025-01-31" },
				{ "langfuse.observation.usage_details",
				  "{\"input\":100,\"output\":20,\"total\":180,\"input_cached_tokens\":50,\"output_reasoning_tokens\":10}" },
				{ "langfuse.observation.prompt.name", "geo/tutor" },
				{ "langfuse.observation.prompt.version", "7" },
				{ "session.id", "s3" } },
		.dialect = "langfuse", .role = ROLE_LLM, .counted = true, .provider = "openai",
		.model = "o3-mini-2025-01-31", .prompt = "geo/tutor@7", .session = "s3", .input = 150, .output = 30,
		.cache_read = 50, .reasoning = 10, .producer = PRODUCER_INSTRUMENTATION,
	},
	{
		.name = "Langfuse, OpenAI's usage as it came",
		.scope = "langfuse-sdk",
		.attributes = { { "langfuse.observation.type", "generation" },
				{ "langfuse.observation.model.name", "gpt-4o" },
				{ "langfuse.observation.usage_details",
				  "{\"prompt_tokens\":100,\"completion_tokens\":20,\"prompt_tokens_details\":{\"cached_tokens\":50},"
				  "\"completion_tokens_details\":{\"reasoning_tokens\":5}}" } },
		.dialect = "langfuse", .role = ROLE_LLM, .counted = true, .provider = "openai", .model = "gpt-4o",
		.input = 100, .output = 20, .cache_read = 50, .reasoning = 5, .producer = PRODUCER_INSTRUMENTATION,
	},
	{
		.name = "Langfuse: images in a bucket of their own, numbers with a fraction of nothing",
		.scope = "langfuse-sdk",
		.attributes = { { "langfuse.observation.type", "generation" },
				{ "langfuse.observation.model.name", "gpt-4o" },
				{ "langfuse.observation.usage_details",
				  "{\"input\":12.0,\"input_image_tokens\":100.0,\"output\":5,\"total\":117}" } },
		.dialect = "langfuse", .role = ROLE_LLM, .counted = true, .provider = "openai", .model = "gpt-4o",
		.input = 112, .output = 5, .producer = PRODUCER_INSTRUMENTATION,
	},
	{
		.name = "LangSmith, details as a Python dict",
		.scope = "langsmith",
		.attributes = { { "langsmith.span.kind", "llm" },
				{ "gen_ai.operation.name", "chat" },
				{ "gen_ai.system", "langchain" },
				{ "gen_ai.request.model", "gpt-4o" },
				{ "gen_ai.usage.input_tokens", "2162" },
				{ "gen_ai.usage.output_tokens", "116" },
				{ "gen_ai.usage.input_token_details", "{'audio': 0, 'cache_read': 1536}" },
				{ "langsmith.metadata.session_id", "s4" } },
		.dialect = "langsmith", .role = ROLE_LLM, .counted = true, .provider = "openai", .model = "gpt-4o",
		.session = "s4", .input = 2162, .output = 116, .cache_read = 1536, .producer = PRODUCER_FRAMEWORK,
	},
	{
		.name = "LangSmith, a retriever that calls itself embeddings",
		.scope = "langsmith",
		.attributes = { { "langsmith.span.kind", "retriever" }, { "gen_ai.operation.name", "embeddings" } },
		.dialect = "langsmith", .role = ROLE_RETRIEVAL, .producer = PRODUCER_FRAMEWORK,
	},
	{
		.name = "MLflow, Anthropic: input with the cache",
		.scope = "mlflow.tracing.provider",
		.attributes = { { "mlflow.spanType", "\"CHAT_MODEL\"" },
				{ "mlflow.llm.model", "\"claude-sonnet-4-0\"" },
				{ "mlflow.llm.provider", "\"anthropic\"" },
				{ "mlflow.message.format", "\"anthropic\"" },
				{ "mlflow.chat.tokenUsage", "{\"input_tokens\":5000,\"output_tokens\":50,\"total_tokens\":5050,"
							    "\"cache_read_input_tokens\":1000}" } },
		.dialect = "mlflow", .role = ROLE_LLM, .counted = true, .provider = "anthropic",
		.model = "claude-sonnet-4-0", .input = 5000, .output = 50, .cache_read = 1000,
		.producer = PRODUCER_INSTRUMENTATION,
	},
	{
		.name = "MLflow, every value quoted",
		.scope = "mlflow.tracing.provider",
		.attributes = { { "mlflow.spanType", "\"CHAT_MODEL\"" },
				{ "mlflow.llm.model", "\"gpt-4o-2024-08-06\"" },
				{ "mlflow.llm.provider", "\"openai\"" },
				{ "mlflow.chat.tokenUsage", "{\"input_tokens\": 3553, \"output_tokens\": 437, \"total_tokens\": 3990, "
							    "\"cache_read_input_tokens\": 1536}" },
				{ "mlflow.linkedPrompts", "[{\"name\": \"geo\", \"version\": \"3\"}]" } },
		.dialect = "mlflow", .role = ROLE_LLM, .counted = true, .provider = "openai",
		.model = "gpt-4o-2024-08-06", .prompt = "geo@3", .input = 3553, .output = 437, .cache_read = 1536,
		.producer = PRODUCER_INSTRUMENTATION,
	},
	{
		.name = "Logfire, Anthropic's usage as it came beside an inclusive input",
		.scope = "logfire.anthropic",
		.attributes = { { "gen_ai.operation.name", "chat" },
				{ "gen_ai.provider.name", "anthropic" },
				{ "gen_ai.response.model", "claude-sonnet-4-20250514" },
				{ "gen_ai.response.id", "msg_1" },
				{ "gen_ai.usage.input_tokens", "3914" },
				{ "gen_ai.usage.output_tokens", "107" },
				{ "gen_ai.usage.raw", "{\"cache_creation_input_tokens\":1024,\"cache_read_input_tokens\":2048,"
						      "\"input_tokens\":842,\"output_tokens\":107}" } },
		.dialect = "logfire", .role = ROLE_LLM, .counted = true, .provider = "anthropic",
		.model = "claude-sonnet-4-20250514", .input = 3914, .output = 107, .cache_read = 2048,
		.producer = PRODUCER_INSTRUMENTATION,
	},
	{
		.name = "Braintrust",
		.attributes = { { "braintrust.span_attributes", "{\"type\":\"llm\"}" },
				{ "braintrust.metadata", "{\"model\":\"gpt-4o\"}" },
				{ "braintrust.metrics.prompt_tokens", "70" },
				{ "braintrust.metrics.completion_tokens", "7" } },
		.dialect = "braintrust", .role = ROLE_LLM, .counted = true, .provider = "openai", .model = "gpt-4o",
		.input = 70, .output = 7,
	},
	{
		.name = "Sentry's names of cache and reasoning",
		.attributes = { { "gen_ai.operation.name", "chat" },
				{ "gen_ai.request.model", "gpt-4o" },
				{ "gen_ai.usage.input_tokens", "100" },
				{ "gen_ai.usage.input_tokens.cached", "40" },
				{ "gen_ai.usage.output_tokens", "20" },
				{ "gen_ai.usage.output_tokens.reasoning", "8" } },
		.dialect = "misc", .role = ROLE_LLM, .counted = true, .provider = "openai", .model = "gpt-4o",
		.input = 100, .output = 20, .cache_read = 40, .reasoning = 8,
	},
};

static void every_vocabulary_of_a_platform_becomes_the_call_it_tells_of(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(vocabularies) / sizeof(vocabularies[0]); i++)
		assert_reads_as_told(&vocabularies[i]);
}

/* LangChain sets the sum to 0 where Anthropic tells what was written by how long it is kept. */
static void what_was_written_to_the_cache_by_lifetime_adds_up(void **state)
{
	static const struct {
		const char *scope;
		struct pair attributes[ATTRIBUTES_MAX];
		uint64_t input, write, write_1h;
	} cases[] = {
		{ "langsmith",
		  { { "langsmith.span.kind", "llm" }, { "langsmith.metadata.usage_metadata",
		    "{\"input_tokens\":3000,\"output_tokens\":60,\"total_tokens\":3060,\"input_token_details\":{\"cache_read\":0,"
		    "\"cache_creation\":0,\"ephemeral_5m_input_tokens\":2000,\"ephemeral_1h_input_tokens\":48}}" } },
		  3000, 2048, 48 },
		{ "langsmith",
		  { { "langsmith.span.kind", "llm" }, { "gen_ai.usage.input_tokens", "3000" },
		    { "gen_ai.usage.output_tokens", "60" }, { "gen_ai.usage.input_token_details",
		    "{'cache_creation': 0, 'ephemeral_5m_input_tokens': 0, 'ephemeral_1h_input_tokens': 48}" } },
		  3000, 48, 48 },
		{ "langsmith", /* older ones tell the sum beside its parts */
		  { { "langsmith.span.kind", "llm" }, { "gen_ai.usage.input_tokens", "3000" },
		    { "gen_ai.usage.output_tokens", "60" }, { "gen_ai.usage.input_token_details",
		    "{'cache_creation': 2048, 'ephemeral_5m_input_tokens': 2000, 'ephemeral_1h_input_tokens': 48}" } },
		  3000, 2048, 48 },
		{ "langfuse-sdk",
		  { { "langfuse.observation.type", "generation" }, { "langfuse.observation.model.name", "claude-sonnet-4-0" },
		    { "langfuse.observation.usage_details", "{\"input\":952,\"output\":60,\"total\":3060,\"input_cache_read\":0,"
		    "\"input_cache_creation\":0,\"input_ephemeral_5m_input_tokens\":2000,"
		    "\"input_ephemeral_1h_input_tokens\":48}" } },
		  3000, 2048, 48 },
	};
	struct call c;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(read_span(cases[i].scope, NULL, cases[i].attributes, &c));
		assert_count(&c.tokens, TOKENS_INPUT, cases[i].input);
		assert_count(&c.tokens, TOKENS_CACHE_WRITE, cases[i].write);
		assert_count(&c.tokens, TOKENS_CACHE_WRITE_1H, cases[i].write_1h);
	}
}

static void logfire_tells_of_a_stream_in_the_request_that_was_sent(void **state)
{
	static const struct pair streamed[] = {
		{ "gen_ai.operation.name", "chat" },
		{ "gen_ai.request.model", "gpt-4o" },
		{ "gen_ai.usage.input_tokens", "500" },
		{ "gen_ai.usage.output_tokens", "40" },
		{ "request_data", "{\"model\":\"gpt-4o\",\"stream\":true,\"temperature\":0.5,\"messages\":[]}" },
		{ 0 },
	};
	struct call c;

	(void)state;
	assert_true(read_span("logfire.openai", NULL, streamed, &c));
	assert_int_equal(c.streaming, TRI_YES);
	assert_true(c.has_temperature);
	assert_true(read_span("shop", NULL, streamed, &c)); /* whose request_data is its own */
	assert_int_equal(c.streaming, TRI_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_vocabulary_of_a_platform_becomes_the_call_it_tells_of),
		cmocka_unit_test(what_was_written_to_the_cache_by_lifetime_adds_up),
		cmocka_unit_test(logfire_tells_of_a_stream_in_the_request_that_was_sent),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
