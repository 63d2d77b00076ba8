/* SPDX-License-Identifier: Apache-2.0
 * Spans of LiteLLM and its proxy, in both generations of its callback, become the calls that the proxy made.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/dialects_rig.h"

#define ATTRIBUTES_MAX 16

static void read_call_of(struct slice scope_name, const struct pair *pairs, struct call *c)
{
	static struct attribute attributes[ATTRIBUTES_MAX];
	static uint32_t sequence;
	struct scope_view scope = { .name = scope_name };
	struct resource_view resource = { .sequence = ++sequence };
	struct span_view span = {
		.trace_id = SLICE("0123456789abcdef"), .span_id = SLICE("01234567"), .name = SLICE("litellm_request"),
		.start_unix_ns = 1000, .end_unix_ns = 6000, .scope = &scope, .resource = &resource,
	};

	span.attributes = attributes_of(attributes, pairs);
	assert_true(dialect_read(reader, &span, c));
}

static void read_call(const struct pair *pairs, struct call *c)
{
	read_call_of(SLICE("litellm"), pairs, c);
}

static void a_call_that_failed_counts_whatever_function_was_called(void **state)
{
	static const struct {
		const char *function, *operation;
		enum call_role role;
	} cases[] = {
		{ "acompletion", "chat", ROLE_LLM },
		{ "aresponses", "chat", ROLE_LLM },
		{ "anthropic_messages", "chat", ROLE_LLM },
		{ "atext_completion", "text_completion", ROLE_LLM },
		{ "agenerate_content_stream", "generate_content", ROLE_LLM },
		{ "aembedding", "embeddings", ROLE_EMBEDDING },
		{ "arerank", "rerank", ROLE_RERANK },
	};
	struct call c;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct pair failed[] = { { "llm.request.type", cases[i].function },
					       { "gen_ai.operation.name", cases[i].function },
					       { "gen_ai.system", "" },
					       { "gen_ai.request.model", "gpt-4o" },
					       { "litellm.provider.model", "openai/gpt-4o" },
					       { "http.response.status_code", "429" },
					       { "error.type", "RateLimitError" },
					       { 0 } };
		read_call(failed, &c);
		assert_true(c.counted);
		assert_int_equal(c.role, cases[i].role);
		assert_text(c.operation, cases[i].operation);
		assert_text(c.provider, "openai");
	}
}

static void the_proxys_name_for_a_model_is_not_the_answers(void **state)
{
	static const struct pair v1[] = { { "gen_ai.request.model", "gpt-4o" }, { "gen_ai.response.model", "shop" },
					  { "litellm.model_group", "shop" }, { "litellm.provider.model", "openai/gpt-4o" },
					  { "gen_ai.system", "openai" }, { "llm.request.type", "acompletion" }, { 0 } };
	static const struct pair v2[] = { { "gen_ai.request.model", "shop" }, { "gen_ai.response.model", "shop" },
					  { "litellm.provider.model", "openai/gpt-4o" }, { "gen_ai.provider.name", "openai" },
					  { "gen_ai.operation.name", "chat" }, { 0 } };
	static const struct pair *const both[] = { v1, v2 };
	struct call c;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		read_call(both[i], &c);
		assert_text(c.request_model, "gpt-4o");
		assert_text(c.response_model, NULL);
	}
}

static void a_streams_own_model_stays_the_answers(void **state)
{
	static const struct pair stream[] = { { "gen_ai.request.model", "shop" },
					      { "gen_ai.response.model", "gpt-4o-2024-08-06" },
					      { "litellm.provider.model", "openai/gpt-4o" }, { "gen_ai.provider.name", "openai" },
					      { "gen_ai.operation.name", "chat" }, { 0 } };
	struct call c;

	(void)state;
	read_call(stream, &c);
	assert_text(c.request_model, "gpt-4o");
	assert_text(c.response_model, "gpt-4o-2024-08-06");
}

static void what_was_asked_of_the_vendor_is_without_the_vendors_name(void **state)
{
	static const struct {
		const char *provider, *routed, *model;
	} cases[] = {
		{ "openrouter", "openrouter/openai/gpt-4o", "openai/gpt-4o" },
		{ "cohere", "cohere_chat/command-r-plus", "command-r-plus" },
		{ "together_ai", "meta-llama/Llama-3.3-70B-Instruct-Turbo", "meta-llama/Llama-3.3-70B-Instruct-Turbo" },
		{ "aws.bedrock", "bedrock/converse/anthropic.claude-3-5-sonnet-20240620-v1:0",
		  "anthropic.claude-3-5-sonnet-20240620-v1:0" },
		{ "aws.bedrock", "bedrock/converse/arn:aws:bedrock:eu-west-1:1:inference-profile/eu.amazon.nova-lite-v1:0",
		  "arn:aws:bedrock:eu-west-1:1:inference-profile/eu.amazon.nova-lite-v1:0" },
		{ "openai", "gpt-4o", "gpt-4o" },
		{ "openai", "openai/", "" },
	};
	struct call c;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct pair span[] = { { "gen_ai.provider.name", cases[i].provider },
					     { "litellm.provider.model", cases[i].routed },
					     { "gen_ai.operation.name", "chat" },
					     { 0 } };
		read_call(span, &c);
		assert_text(c.request_model, cases[i].model);
	}
}

static void an_answer_from_the_proxys_cache_has_a_key_in_its_hidden_parameters(void **state)
{
	static const struct pair hit[] = { { "llm.request.type", "acompletion" },
					   { "gen_ai.usage.input_tokens", "1000" },
					   { "hidden_params", "{\"cache_key\": \"9a19\", \"response_cost\": 0.003}" }, { 0 } };
	static const struct pair miss[] = { { "llm.request.type", "acompletion" },
					    { "gen_ai.usage.input_tokens", "1000" },
					    { "hidden_params", "{\"cache_key\": null, \"response_cost\": 0.003}" }, { 0 } };
	struct call c;

	(void)state;
	read_call(hit, &c);
	assert_true(c.from_cache);
	assert_int_equal(c.cost.total_pusd, 0);
	read_call(miss, &c);
	assert_false(c.from_cache);
	assert_int_equal(c.reported_cost.pusd, 3000000000);
}

static void what_the_request_brought_is_read_as_a_dict_or_as_json(void **state)
{
	static const struct pair dict[] = {
		{ "llm.request.type", "acompletion" },
		{ "metadata.requester_metadata", "{'tags': ['t1'], 'session_id': 's-1', 'trace_user_id': 'u-8'}" },
		{ "metadata.user_api_key_user_id", "default_user_id" },
		{ 0 },
	};
	static const struct pair json[] = {
		{ "openinference.span.kind", "LLM" },
		{ "metadata", "{\"user_api_key_user_id\": \"default_user_id\", \"requester_metadata\": {\"session_id\": \"s-1\", "
			      "\"trace_user_id\": \"u-8\"}}" },
		{ 0 },
	};
	static const struct pair *const both[] = { dict, json };
	struct call c;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		read_call(both[i], &c);
		assert_text(c.session_id, "s-1");
		assert_text(c.user_id, "u-8");
	}
}

static void callbacks_for_other_backends_name_the_answer_too(void **state)
{
	static const struct pair arize[] = { { "openinference.span.kind", "LLM" }, { "llm.response.id", "chatcmpl-1" },
					     { 0 } };
	struct call c;

	(void)state;
	read_call(arize, &c);
	assert_text(c.response_id, "chatcmpl-1");
}

static void openinference_writes_models_as_litellm_was_asked_for_them(void **state)
{
	static const struct {
		const char *provider, *asked, *model;
	} cases[] = {
		{ "anthropic", "anthropic/claude-sonnet-4-0", "claude-sonnet-4-0" },
		{ "", "openai/gpt-4o", "gpt-4o" },
		{ "groq", "groq/groq/compound", "groq/compound" },
		{ "openrouter", "openrouter/openai/gpt-4o", "openai/gpt-4o" },
	};
	static const struct slice scope = { "openinference.instrumentation.litellm",
					    sizeof("openinference.instrumentation.litellm") - 1 };
	struct call c;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct pair span[] = { { "openinference.span.kind", "LLM" },
					     { "llm.provider", cases[i].provider },
					     { "llm.model_name", cases[i].asked },
					     { 0 } };
		read_call_of(scope, span, &c);
		assert_text(c.request_model, cases[i].model);
		assert_text(call_model(&c), cases[i].model);
	}
	read_call_of(SLICE("openinference.instrumentation.groq"),
		     (const struct pair[]){ { "openinference.span.kind", "LLM" }, { "llm.model_name", "groq/compound" }, { 0 } }, &c);
	assert_text(c.request_model, "groq/compound");
}

static void embeddings_are_no_generation_whatever_stands_beside_them(void **state)
{
	static const struct pair last[] = { { "gen_ai.operation.name", "embeddings" },
					    { "langfuse.observation.type", "generation" }, { 0 } };
	static const struct pair first[] = { { "langfuse.observation.type", "generation" },
					     { "gen_ai.operation.name", "embeddings" }, { 0 } };
	struct call c;

	(void)state;
	read_call(last, &c);
	assert_int_equal(c.role, ROLE_EMBEDDING);
	read_call(first, &c);
	assert_int_equal(c.role, ROLE_EMBEDDING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_that_failed_counts_whatever_function_was_called),
		cmocka_unit_test(the_proxys_name_for_a_model_is_not_the_answers),
		cmocka_unit_test(a_streams_own_model_stays_the_answers),
		cmocka_unit_test(what_was_asked_of_the_vendor_is_without_the_vendors_name),
		cmocka_unit_test(an_answer_from_the_proxys_cache_has_a_key_in_its_hidden_parameters),
		cmocka_unit_test(what_the_request_brought_is_read_as_a_dict_or_as_json),
		cmocka_unit_test(callbacks_for_other_backends_name_the_answer_too),
		cmocka_unit_test(openinference_writes_models_as_litellm_was_asked_for_them),
		cmocka_unit_test(embeddings_are_no_generation_whatever_stands_beside_them),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
