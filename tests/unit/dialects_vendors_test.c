/* SPDX-License-Identifier: Apache-2.0
 * One span or log record of those who serve a call, and of a vendor's own clients, becomes the call that was made.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/dialects_vocabulary_rig.h"

static const struct vocabulary vocabularies[] = {
	{
		.name = "vLLM's server span",
		.scope = "vllm.llm_engine",
		.attributes = { { "gen_ai.response.model", "meta-llama/Llama-3" },
				{ "gen_ai.usage.prompt_tokens", "12" },
				{ "gen_ai.usage.completion_tokens", "6" },
				{ "gen_ai.latency.time_to_first_token", "0.000003" } },
		.dialect = "vllm", .role = ROLE_LLM, .counted = true, .model = "meta-llama/Llama-3", .input = 12,
		.output = 6, .ttft_ms = 0.003, .producer = PRODUCER_SERVER,
	},
	{
		.name = "LiteLLM, details in the vendor's usage as a Python dict",
		.scope = "litellm",
		.span_name = "litellm_request",
		.attributes = { { "gen_ai.operation.name", "chat" },
				{ "gen_ai.system", "anthropic" },
				{ "gen_ai.request.model", "claude-sonnet-4-0" },
				{ "gen_ai.usage.input_tokens", "3888" },
				{ "gen_ai.usage.output_tokens", "101" },
				{ "metadata.usage_object", "{'completion_tokens': 101, 'prompt_tokens': 3888, 'prompt_tokens_details': "
							   "{'cached_tokens': 2048, 'text_tokens': None}}" } },
		.dialect = "litellm", .role = ROLE_LLM, .counted = true, .provider = "anthropic",
		.model = "claude-sonnet-4-0", .input = 3888, .output = 101, .cache_read = 2048,
		.producer = PRODUCER_PROXY,
	},
	{
		.name = "Claude Code, cache beside input",
		.scope = "com.anthropic.claude_code.tracing",
		.attributes = { { "span.type", "llm_request" },
				{ "model", "claude-sonnet-4-20250514" },
				{ "input_tokens", "10" },
				{ "output_tokens", "70" },
				{ "cache_read_tokens", "185891" },
				{ "prompt.id", "turn-1" },
				{ "session.id", "s6" } },
		.dialect = "claude-code", .role = ROLE_LLM, .counted = true, .provider = "anthropic",
		.model = "claude-sonnet-4-20250514", .session = "s6", .input = 185901, .output = 70,
		.cache_read = 185891, .producer = PRODUCER_VENDOR_SDK,
	},
	{
		.name = "Anthropic's own client",
		.scope = "com.anthropic.sdk.python",
		.attributes = { { "gen_ai.operation.name", "chat" },
				{ "gen_ai.provider.name", "anthropic" },
				{ "gen_ai.response.model", "claude-sonnet-4-20250514" },
				{ "gen_ai.usage.input_tokens", "3901" },
				{ "gen_ai.usage.cache_read.input_tokens", "2048" },
				{ "gen_ai.usage.output_tokens", "104" } },
		.dialect = "vendor-sdk", .role = ROLE_LLM, .counted = true, .provider = "anthropic",
		.model = "claude-sonnet-4-20250514", .input = 3901, .output = 104, .cache_read = 2048,
		.producer = PRODUCER_VENDOR_SDK,
	},
	{
		.name = "Mistral's own client: old and new names mixed",
		.scope = "mistralai_sdk_tracer",
		.attributes = { { "gen_ai.provider.name", "mistral_ai" },
				{ "gen_ai.request.model", "mistral-large-latest" },
				{ "gen_ai.usage.prompt_tokens", "1441" },
				{ "gen_ai.usage.output_tokens", "335" } },
		.dialect = "vendor-sdk", .role = ROLE_LLM, .counted = true, .provider = "mistral_ai",
		.model = "mistral-large-latest", .input = 1441, .output = 335, .producer = PRODUCER_VENDOR_SDK,
	},
	{
		.name = "the .NET client of OpenAI, which tells of itself",
		.scope = "Experimental.OpenAI.ChatClient",
		.attributes = { { "gen_ai.operation.name", "chat" },
				{ "gen_ai.system", "openai" },
				{ "gen_ai.request.model", "gpt-4o" },
				{ "gen_ai.usage.input_tokens", "300" },
				{ "gen_ai.usage.output_tokens", "12" } },
		.dialect = "vendor-sdk", .role = ROLE_LLM, .counted = true, .provider = "openai", .model = "gpt-4o",
		.input = 300, .output = 12, .producer = PRODUCER_VENDOR_SDK,
	},
};

static void every_vocabulary_of_a_vendor_becomes_the_call_it_tells_of(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(vocabularies) / sizeof(vocabularies[0]); i++)
		assert_reads_as_told(&vocabularies[i]);
}

static void a_proxys_own_cache_costs_nothing(void **state)
{
	static const struct pair hit[] = { { "gen_ai.operation.name", "chat" }, { "litellm.cache_hit", "True" },
					   { "gen_ai.usage.input_tokens", "4" }, { 0 } };
	struct call c;

	(void)state;
	assert_true(read_span("litellm", "litellm_request", hit, &c));
	assert_true(c.from_cache);
	assert_true(c.cost.known);
	assert_int_equal(c.cost.total_pusd, 0);
}

static bool read_log(const char *event_name, const char *service, const struct pair *pairs, struct call *out)
{
	static struct attribute attributes[ATTRIBUTES_MAX], service_name;
	static uint32_t sequence = 1000;
	struct scope_view scope = { .name = SLICE("com.example.events") };
	struct resource_view resource = { .attributes = { &service_name, 1 }, .sequence = ++sequence };
	struct log_view log = {
		.time_unix_ns = 5000000000, .event_name = slice_of(event_name), .scope = &scope, .resource = &resource,
	};

	service_name = (struct attribute){ SLICE("service.name"), { .kind = ANY_STRING, .bytes = slice_of(service) } };
	log.attributes = attributes_of(attributes, pairs);
	return dialect_read_log(reader, &log, out);
}

static void codex_tells_of_a_call_in_a_log_record_with_numbers_as_text(void **state)
{
	static const struct pair completed[] = {
		{ "event.kind", "response.completed" }, { "model", "gpt-5-codex" },
		{ "input_token_count", "26549" }, { "cached_token_count", "22272" },
		{ "output_token_count", "1590" }, { "reasoning_token_count", "1216" },
		{ "conversation.id", "c1" }, { "duration_ms", "1500" }, { 0 },
	};
	static const struct pair other[] = { { "event.kind", "response.created" }, { "model", "gpt-5-codex" }, { 0 } };
	struct call c;

	(void)state;
	assert_true(read_log("codex.sse_event", "codex_cli_rs", completed, &c));
	assert_string_equal(c.dialect, "codex");
	assert_count(&c.tokens, TOKENS_INPUT, 26549);
	assert_count(&c.tokens, TOKENS_CACHE_READ, 22272);
	assert_count(&c.tokens, TOKENS_REASONING, 1216);
	assert_text(c.session_id, "c1");
	assert_int_equal(c.service_tier.len, 0); /* openai/codex#21385: the tier is not told, so none is assumed */
	assert_int_equal(c.start_unix_ns, 3500000000);
	assert_false(read_log("codex.sse_event", "codex_cli_rs", other, &c));
	assert_false(read_log("codex.sse_event", "shop", completed, &c));
}

static void claude_code_tells_of_a_call_in_a_log_record(void **state)
{
	static const struct pair request[] = {
		{ "model", "claude-sonnet-4-20250514" }, { "input_tokens", "10" }, { "cache_read_tokens", "500" },
		{ "output_tokens", "7" }, { "cost_usd", "0.01" }, { "request_id", "req_1" }, { "prompt.id", "turn-1" },
		{ 0 },
	};
	struct call c;

	(void)state;
	assert_true(read_log("claude_code.api_request", "claude-code", request, &c));
	assert_count(&c.tokens, TOKENS_INPUT, 510);
	assert_text(c.request_id, "req_1");
	assert_int_equal(c.prompt_name.len, 0); /* prompt.id is a turn of the user here */
	assert_int_equal(c.reported_cost.pusd, 10000000000);
	assert_false(read_log("claude_code.user_prompt", "claude-code", request, &c));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_vocabulary_of_a_vendor_becomes_the_call_it_tells_of),
		cmocka_unit_test(a_proxys_own_cache_costs_nothing),
		cmocka_unit_test(codex_tells_of_a_call_in_a_log_record_with_numbers_as_text),
		cmocka_unit_test(claude_code_tells_of_a_call_in_a_log_record),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
