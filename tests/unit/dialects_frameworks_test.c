/* SPDX-License-Identifier: Apache-2.0
 * One span of every agent framework, as it writes it, becomes the call that was made.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/dialects_vocabulary_rig.h"

static const struct vocabulary vocabularies[] = {
	{
		.name = "Pydantic AI's agent span",
		.scope = "pydantic-ai",
		.attributes = { { "gen_ai.aggregated_usage.input_tokens", "100" },
				{ "gen_ai.request.model", "gpt-4o" } },
		.dialect = "pydantic-ai", .role = ROLE_AGENT, .provider = "openai", .model = "gpt-4o",
		.producer = PRODUCER_FRAMEWORK,
	},
	{
		.name = "Pydantic AI with Gemini: thoughts under their vendor's name, part of the output",
		.scope = "pydantic-ai",
		.attributes = { { "gen_ai.operation.name", "chat" },
				{ "gen_ai.provider.name", "google" },
				{ "gen_ai.request.model", "gemini-2.5-flash" },
				{ "gen_ai.usage.input_tokens", "2000" },
				{ "gen_ai.usage.output_tokens", "300" },
				{ "gen_ai.usage.cache_read.input_tokens", "1536" },
				{ "gen_ai.usage.details.thoughts_tokens", "200" } },
		.dialect = "pydantic-ai", .role = ROLE_LLM, .counted = true, .provider = "gcp.gemini",
		.model = "gemini-2.5-flash", .input = 2000, .output = 300, .cache_read = 1536, .reasoning = 200,
		.producer = PRODUCER_FRAMEWORK,
	},
	{
		.name = "Google ADK's own model span: the framework is no provider",
		.scope = "gcp.vertex.agent",
		.attributes = { { "gen_ai.system", "gcp.vertex.agent" },
				{ "gen_ai.operation.name", "generate_content" },
				{ "gen_ai.request.model", "gemini-2.0-flash" },
				{ "gen_ai.usage.input_tokens", "12" },
				{ "gen_ai.usage.output_tokens", "5" } },
		.dialect = "google-adk", .role = ROLE_LLM, .counted = true, .provider = "gcp.gemini",
		.model = "gemini-2.0-flash", .input = 12, .output = 5, .producer = PRODUCER_FRAMEWORK,
	},
	{
		.name = "Google ADK",
		.scope = "gcp.vertex.agent",
		.attributes = { { "gen_ai.operation.name", "generate_content" },
				{ "gen_ai.request.model", "gemini-2.0-flash" },
				{ "gen_ai.usage.input_tokens", "10" },
				{ "gen_ai.usage.output_tokens", "9" },
				{ "gen_ai.usage.experimental.reasoning_tokens", "4" },
				{ "gcp.vertex.agent.session_id", "s5" } },
		.dialect = "google-adk", .role = ROLE_LLM, .counted = true, .provider = "gcp.gemini",
		.model = "gemini-2.0-flash", .session = "s5", .input = 10, .output = 9, .reasoning = 4,
		.producer = PRODUCER_FRAMEWORK,
	},
	{
		.name = "Google ADK's first versions: usage in the answer alone, thoughts beside the output",
		.scope = "gcp.vertex.agent",
		.span_name = "call_llm",
		.attributes = { { "gen_ai.system", "gcp.vertex.agent" },
				{ "gen_ai.request.model", "gemini-2.5-flash" },
				{ "gcp.vertex.agent.llm_response",
				  "{\"content\":{\"parts\":[{\"text\":\"hi\"}]},\"usage_metadata\":{\"candidates_token_count\":5,"
				  "\"prompt_token_count\":100,\"cached_content_token_count\":60,\"thoughts_token_count\":7,"
				  "\"total_token_count\":112}}" } },
		.dialect = "google-adk", .role = ROLE_LLM, .counted = true, .provider = "gcp.gemini",
		.model = "gemini-2.5-flash", .input = 100, .output = 12, .cache_read = 60, .reasoning = 7,
		.producer = PRODUCER_FRAMEWORK,
	},
	{
		.name = "Strands: whole milliseconds under a name that means seconds",
		.scope = "strands.telemetry.tracer",
		.attributes = { { "gen_ai.operation.name", "chat" },
				{ "gen_ai.system", "strands-agents" },
				{ "gen_ai.request.model", "gpt-4o" },
				{ "gen_ai.usage.input_tokens", "1503" },
				{ "gen_ai.usage.prompt_tokens", "1503" },
				{ "gen_ai.usage.output_tokens", "336" },
				{ "gen_ai.server.time_to_first_token", "0.002" } },
		.dialect = "strands", .role = ROLE_LLM, .counted = true, .provider = "openai", .model = "gpt-4o",
		.input = 1503, .output = 336, .ttft_ms = 0.002, .producer = PRODUCER_FRAMEWORK,
	},
	{
		.name = "Haystack with content tracing",
		.scope = "haystack",
		.attributes = { { "haystack.component.output", "{\"replies\":[{\"meta\":{\"model\":\"gpt-4o-2024-08-06\","
							       "\"usage\":{\"prompt_tokens\":31,\"completion_tokens\":3}}}]}" } },
		.dialect = "haystack", .role = ROLE_LLM, .counted = true, .provider = "openai",
		.model = "gpt-4o-2024-08-06", .input = 31, .output = 3, .producer = PRODUCER_FRAMEWORK,
	},
	{
		.name = "Haystack's agent, which asks a model outside of any component",
		.scope = "haystack",
		.span_name = "haystack.agent.step.llm",
		.attributes = { { "haystack.agent.step.llm.output",
				  "{\"replies\":[{\"role\":\"assistant\",\"meta\":{\"model\":\"gpt-4o-2024-08-06\",\"index\":0,"
				  "\"finish_reason\":\"tool_calls\",\"completion_start_time\":\"1970-01-01T00:00:00.000005\","
				  "\"usage\":{\"completion_tokens\":12,\"prompt_tokens\":300,"
				  "\"prompt_tokens_details\":{\"cached_tokens\":128}}}}]}" } },
		.dialect = "haystack", .role = ROLE_LLM, .counted = true, .provider = "openai",
		.model = "gpt-4o-2024-08-06", .input = 300, .output = 12, .cache_read = 128, .ttft_ms = 0.004,
		.producer = PRODUCER_FRAMEWORK,
	},
	{
		.name = "Eino's callback for OpenTelemetry: the component's name of the provider",
		.scope = "github.com/cloudwego/eino-ext/callbacks/otel",
		.span_name = "ChatModel",
		.attributes = { { "gen_ai.operation.name", "chat" },
				{ "gen_ai.system", "claude" },
				{ "gen_ai.request.model", "claude-sonnet-4-0" },
				{ "gen_ai.usage.input_tokens", "500" },
				{ "gen_ai.usage.output_tokens", "40" } },
		.dialect = "eino", .role = ROLE_LLM, .counted = true, .provider = "anthropic", .model = "claude-sonnet-4-0",
		.input = 500, .output = 40, .producer = PRODUCER_FRAMEWORK,
	},
	{
		.name = "Eino's callback for APMPlus: a model that is outermost, and failed",
		.scope = "github.com/cloudwego/eino-ext/callbacks/apmplus",
		.attributes = { { "gen_ai.span.kind", "workflow" },
				{ "gen_ai.system", "eino" },
				{ "runinfo.component", "ChatModel" },
				{ "gen_ai.request.model", "gpt-4o" },
				{ "gen_ai.session.id", "s7" } },
		.dialect = "eino", .role = ROLE_LLM, .counted = true, .provider = "openai", .model = "gpt-4o",
		.session = "s7", .producer = PRODUCER_FRAMEWORK,
	},
	{
		.name = "the same: a graph repeats its model's usage",
		.scope = "github.com/cloudwego/eino-ext/callbacks/apmplus",
		.attributes = { { "gen_ai.span.kind", "workflow" },
				{ "gen_ai.system", "eino" },
				{ "runinfo.component", "Graph" },
				{ "gen_ai.response.model", "gpt-4o" },
				{ "gen_ai.usage.prompt_tokens", "500" },
				{ "gen_ai.usage.completion_tokens", "40" } },
		.dialect = "eino", .role = ROLE_CHAIN, .provider = "openai", .model = "gpt-4o", .input = 500, .output = 40,
		.producer = PRODUCER_FRAMEWORK,
	},
	{
		.name = "tRPC-Agent-Go, which calls itself the system",
		.scope = "trpc.agent.go",
		.attributes = { { "gen_ai.operation.name", "chat" },
				{ "gen_ai.system", "trpc.go.agent" },
				{ "gen_ai.request.model", "gpt-4o" },
				{ "gen_ai.request.is_stream", "true" },
				{ "trpc_agent_go.client.time_to_first_token", "0.000002" },
				{ "gen_ai.usage.input_tokens", "500" },
				{ "gen_ai.usage.input_tokens.cached", "128" },
				{ "gen_ai.usage.output_tokens", "40" } },
		.dialect = "misc", .role = ROLE_LLM, .counted = true, .provider = "openai", .model = "gpt-4o",
		.input = 500, .output = 40, .cache_read = 128, .ttft_ms = 0.002, .producer = PRODUCER_FRAMEWORK,
	},
	{
		.name = "Microsoft's Agent Framework",
		.scope = "agent_framework",
		.attributes = { { "gen_ai.operation.name", "invoke_agent" },
				{ "gen_ai.provider.name", "microsoft.agent_framework" },
				{ "gen_ai.usage.input_tokens", "3101" },
				{ "gen_ai.request.model", "gpt-4o" } },
		.dialect = "microsoft", .role = ROLE_AGENT, .provider = "openai", .model = "gpt-4o", .input = 3101,
		.producer = PRODUCER_FRAMEWORK,
	},
	{
		.name = "Semantic Kernel in .NET: a call without usage, such as one that failed",
		.scope = "Microsoft.SemanticKernel.Diagnostics",
		.attributes = { { "gen_ai.operation.name", "chat.completions" },
				{ "gen_ai.system", "openai" },
				{ "gen_ai.request.model", "gpt-4o" },
				{ "error.type", "Microsoft.SemanticKernel.HttpOperationException" } },
		.dialect = "microsoft", .role = ROLE_LLM, .counted = true, .provider = "openai", .model = "gpt-4o",
		.producer = PRODUCER_FRAMEWORK,
	},
	{
		.name = "Semantic Kernel of 2024: usage under the response",
		.scope = "Microsoft.SemanticKernel.Diagnostics",
		.attributes = { { "gen_ai.operation.name", "text.completions" },
				{ "gen_ai.system", "openai" },
				{ "gen_ai.request.model", "gpt-4o" },
				{ "gen_ai.response.prompt_tokens", "300" },
				{ "gen_ai.response.completion_tokens", "12" } },
		.dialect = "microsoft", .role = ROLE_LLM, .counted = true, .provider = "openai", .model = "gpt-4o",
		.input = 300, .output = 12, .producer = PRODUCER_FRAMEWORK,
	},
	{
		.name = "Spring AI: numbers as text, no answer's model",
		.scope = "org.springframework.boot",
		.attributes = { { "gen_ai.operation.name", "chat" },
				{ "gen_ai.system", "mistral_ai" },
				{ "gen_ai.request.model", "mistral-small-latest" },
				{ "gen_ai.response.model", "none" },
				{ "gen_ai.response.finish_reasons", "[\"STOP\"]" },
				{ "gen_ai.usage.input_tokens", "18" },
				{ "gen_ai.usage.output_tokens", "3" },
				{ "gen_ai.usage.total_tokens", "21" } },
		.dialect = "otel-genai", .role = ROLE_LLM, .counted = true, .provider = "mistral_ai",
		.model = "mistral-small-latest", .input = 18, .output = 3,
	},
};

static void every_vocabulary_of_a_framework_becomes_the_call_it_tells_of(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(vocabularies) / sizeof(vocabularies[0]); i++)
		assert_reads_as_told(&vocabularies[i]);
}

static void finish_reasons_of_dotnet_are_written_as_one_word(void **state)
{
	static const struct {
		const char *told;
		uint32_t want;
	} cases[] = {
		{ "[\"Stop\"]", FINISH_STOP },
		{ "[\"ToolCalls\"]", FINISH_TOOL_CALL },
		{ "[\"FunctionCall\"]", FINISH_TOOL_CALL },
		{ "[\"ContentFilter\"]", FINISH_CONTENT_FILTER },
	};
	struct call c;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pair pairs[] = { { "gen_ai.operation.name", "chat.completions" },
					{ "gen_ai.response.finish_reason", cases[i].told },
					{ 0 } };
		assert_true(read_span("Microsoft.SemanticKernel.Diagnostics", NULL, pairs, &c));
		assert_int_equal(c.finish, cases[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_vocabulary_of_a_framework_becomes_the_call_it_tells_of),
		cmocka_unit_test(finish_reasons_of_dotnet_are_written_as_one_word),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
