/* SPDX-License-Identifier: Apache-2.0
 * Who served a call, from the names that frameworks and vendors have for each other.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agent/dialects/provider.h"

struct case_of {
	const char *from, *to;
};

static void assert_same(struct slice have, const struct case_of *c)
{
	if (!slice_equal(have, slice_of(c->to)))
		fail_msg("'%s' became '%.*s' instead of '%s'", c->from, SLICE_ARG(have), c->to);
}

static void a_provider_has_the_spelling_of_the_conventions_whoever_names_it(void **state)
{
	static const struct case_of cases[] = {
		{ "openai", "openai" },
		{ "OpenAI", "openai" },
		{ "AzureOpenAI", "azure.ai.openai" },
		{ "azure-openai.chat", "azure.ai.openai" },
		{ "azure.ai.inference", "azure.ai.inference" },
		{ "az.ai.inference", "azure.ai.inference" },
		{ "azure_ai", "azure.ai.inference" },
		{ "aws.bedrock", "aws.bedrock" },
		{ "AWS Bedrock", "aws.bedrock" },
		{ "bedrock_converse", "aws.bedrock" },
		{ "amazon-bedrock", "aws.bedrock" },
		{ "google.vertex.chat", "gcp.vertex_ai" },
		{ "vertex.anthropic.messages", "gcp.vertex_ai" },
		{ "google-vertex", "gcp.vertex_ai" },
		{ "google_anthropic_vertex", "gcp.vertex_ai" },
		{ "Vertex AI", "gcp.vertex_ai" },
		{ "google-gla", "gcp.gemini" },
		{ "google.generative-ai", "gcp.gemini" },
		{ "mistral.chat", "mistral_ai" },
		{ "Mistral AI", "mistral_ai" },
		{ "xai.responses", "x_ai" },
		{ "x-ai", "x_ai" },
		{ "fireworks.chat", "fireworks" },
		{ "TogetherAI", "together_ai" },
		{ "open_ai", "openai" },
		{ "azure_open_ai", "azure.ai.openai" },
		{ "google_ai_gemini", "gcp.gemini" },
		{ "google-ai-studio", "gcp.gemini" },
		{ "workers-ai", "cloudflare" },
		{ "claude", "anthropic" },
		{ "gcp_vertex_gemini", "gcp.vertex_ai" },
		{ "gcp_vertex_anthropic", "gcp.vertex_ai" },
		{ "google_ai_studio_gemini", "gcp.gemini" },
		{ "eino", "" },
		{ "trpc.go.agent", "" },
		{ "google_vertex_ai_gemini", "gcp.vertex_ai" },
		{ "GOOGLE_VERTEX_AI_ANTHROPIC", "gcp.vertex_ai" },
		{ "other", "" },
		{ "spring_ai", "" },
		{ "langchain", "" },
		{ "gateway", "" },
		{ "a-bank.internal", "a-bank.internal" },
		{ "-", "-" },
		{ ".", "." },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_same(provider_canonical(slice_of(cases[i].from)), &cases[i]);
}

static void a_models_name_tells_the_provider_where_nothing_else_does(void **state)
{
	static const struct case_of cases[] = {
		{ "gpt-4o", "openai" },
		{ "openai/gpt-4o", "openai" },
		{ "openai/text-embedding-3-small", "openai" },
		{ "anthropic/claude-sonnet-4-0", "anthropic" },
		{ "gemini/gemini-2.5-flash", "gcp.gemini" },
		{ "models/gemini-2.5-flash", "gcp.gemini" },
		{ "vertex_ai/claude-sonnet-4@20250514", "gcp.vertex_ai" },
		{ "bedrock/anthropic.claude-3-haiku-20240307-v1:0", "aws.bedrock" },
		{ "us.amazon.nova-pro-v1:0", "aws.bedrock" },
		{ "apac.anthropic.claude-sonnet-4-20250514-v1:0", "aws.bedrock" },
		{ "amazon.titan-embed-text-v2:0", "aws.bedrock" },
		{ "azure/my-deployment", "azure.ai.openai" },
		{ "groq/llama-3.3-70b-versatile", "groq" },
		{ "ollama/llama3", "ollama" },
		{ "openrouter/anthropic/claude-sonnet-4", "openrouter" },
		/* weights that anybody may serve */
		{ "openai/gpt-oss-120b", "" },
		{ "gpt-oss-20b", "" },
		{ "google/gemma-3-27b-it", "" },
		{ "mistralai/Mistral-7B-Instruct-v0.3", "" },
		{ "meta-llama/Llama-3.3-70B-Instruct", "" },
		{ "deepseek-r1:7b", "" }, /* as Ollama names them */
		{ "mistral-nemo:12b-instruct-2407-q4_0", "" },
		{ "command-r:latest", "" },
		{ "anthropic.claude-v2:1", "aws.bedrock" },
		{ "amazon.nova-pro-v1:0:300k", "aws.bedrock" },
		{ "/gpt-4o", "" },
		{ "openai/", "" },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_same(provider_of_model(slice_of(cases[i].from)), &cases[i]);
}

static void a_host_tells_who_is_behind_openais_client(void **state)
{
	static const struct case_of cases[] = {
		{ "api.openai.com", "openai" },
		{ "https://acme.openai.azure.com/openai/v1", "azure.ai.openai" },
		{ "acme.cognitiveservices.azure.com", "azure.ai.openai" },
		{ "api.together.ai", "together_ai" },
		{ "api.together.xyz:443", "together_ai" },
		{ "api.cerebras.ai", "cerebras" },
		{ "https://api.moonshot.cn/v1", "moonshot_ai" },
		{ "api.z.ai", "zai" },
		{ "api.deepinfra.com", "deepinfra" },
		{ "localhost", "" },
		{ "openai.internal.acme.com", "" },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_same(provider_of_host(slice_of(cases[i].from)), &cases[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_provider_has_the_spelling_of_the_conventions_whoever_names_it),
		cmocka_unit_test(a_host_tells_who_is_behind_openais_client),
		cmocka_unit_test(a_models_name_tells_the_provider_where_nothing_else_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
