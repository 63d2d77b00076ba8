/* SPDX-License-Identifier: Apache-2.0
 * Spans of OpenTelemetry GenAI and OpenInference become calls: which field wins, what counts, what is left alone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agent/span/contract.h"
#include "tests/unit/dialects_rig.h"

#define MAX 24

/* A span under construction: attributes are added, then it is read. */
struct made {
	struct attribute attributes[MAX], resource_attributes[MAX];
	size_t count, resource_count;
	struct event_view event;
	size_t event_count;
	struct slice scope;
};

static const char *feature_keys[] = { "feature", "app.feature" };
static const char *segment_keys[] = { "user.segment" };

static int set_up_with_dimensions(void **state)
{
	struct dimensions_config dimensions = {
		.feature = { feature_keys, 2 },
		.user_segment = { segment_keys, 1 },
	};

	(void)state;
	return dialects_open(&dimensions, 1 << 20);
}

static void text(struct made *m, const char *key, const char *value)
{
	m->attributes[m->count++] = (struct attribute){ slice_of(key),
							{ .kind = ANY_STRING, .bytes = slice_of(value) } };
}

static void number(struct made *m, const char *key, int64_t value)
{
	m->attributes[m->count++] = (struct attribute){ slice_of(key), { .kind = ANY_INT, .integer = value } };
}

static bool read_made(const struct made *m, struct call *out)
{
	static const char trace_id[16] = "0123456789abcdef", span_id[8] = "01234567";
	struct scope_view scope = { .name = m->scope };
	static uint32_t sequence;
	struct resource_view resource = { { m->resource_attributes, m->resource_count }, ++sequence };
	struct span_view span = {
		.trace_id = { trace_id, 16 },
		.span_id = { span_id, 8 },
		.start_unix_ns = 1000,
		.end_unix_ns = 5000,
		.attributes = { m->attributes, m->count },
		.events = &m->event,
		.event_count = m->event_count,
		.scope = &scope,
		.resource = &resource,
	};
	return dialect_read(reader, &span, out);
}

static struct made chat(void)
{
	struct made m = { .scope = SLICE("opentelemetry.instrumentation.openai_v2") };

	text(&m, "gen_ai.operation.name", "chat");
	text(&m, "gen_ai.system", "openai");
	text(&m, "gen_ai.request.model", "gpt-4o");
	text(&m, "gen_ai.response.model", "gpt-4o-2024-08-06");
	number(&m, "gen_ai.usage.input_tokens", 100);
	number(&m, "gen_ai.usage.output_tokens", 20);
	return m;
}

static void a_chat_span_is_counted(void **state)
{
	struct made m = chat();
	struct call c;

	(void)state;
	assert_true(read_made(&m, &c));
	assert_true(c.counted);
	assert_int_equal(c.role, ROLE_LLM);
	assert_text(c.provider, "openai");
	assert_text(call_model(&c), "gpt-4o-2024-08-06");
	assert_int_equal(tokens_get(&c.tokens, TOKENS_INPUT), 100);
	assert_int_equal(tokens_get(&c.tokens, TOKENS_OUTPUT), 20);
	assert_false(tokens_has(&c.tokens, TOKENS_CACHE_READ));
}

static void a_span_without_model_attributes_is_none_of_ours(void **state)
{
	struct made m = { 0 };
	struct call c;

	(void)state;
	text(&m, "http.route", "/answer");
	text(&m, "session.id", "s-1");
	text(&m, "server.address", "api.openai.com");
	assert_false(read_made(&m, &c));
}

static void an_agent_span_with_usage_is_a_wrapper_and_not_counted(void **state)
{
	struct made m = { 0 };
	struct call c;

	(void)state;
	text(&m, "gen_ai.operation.name", "invoke_agent");
	number(&m, "gen_ai.usage.input_tokens", 100);
	assert_true(read_made(&m, &c));
	assert_false(c.counted);
	assert_true(c.wrapper);
}

static void aggregate_evidence_beats_leaf_evidence(void **state)
{
	struct made m = chat();
	struct call c;

	(void)state;
	text(&m, "openinference.span.kind", "AGENT");
	assert_true(read_made(&m, &c));
	assert_false(c.counted);
}

static void model_and_usage_alone_make_a_call(void **state)
{
	struct made m = { 0 };
	struct call c;

	(void)state;
	text(&m, "gen_ai.request.model", "gpt-4o");
	number(&m, "gen_ai.usage.prompt_tokens", 7);
	assert_true(read_made(&m, &c));
	assert_true(c.counted);
	assert_text(c.provider, "openai");
	assert_int_equal(tokens_get(&c.tokens, TOKENS_INPUT), 7);
}

static void the_newer_name_wins_whatever_the_order(void **state)
{
	struct made m = { 0 };
	struct call c;

	(void)state;
	text(&m, "gen_ai.operation.name", "chat");
	text(&m, "gen_ai.provider.name", "azure.ai.openai");
	text(&m, "gen_ai.system", "openai");
	assert_true(read_made(&m, &c));
	assert_text(c.provider, "azure.ai.openai");
}

static void token_families_are_never_mixed(void **state)
{
	struct made m = chat();
	struct call c;

	(void)state;
	number(&m, "llm.token_count.prompt", 999); /* another input: its details are not about these counts */
	number(&m, "llm.token_count.prompt_details.cache_read", 50);
	assert_true(read_made(&m, &c));
	assert_int_equal(tokens_get(&c.tokens, TOKENS_INPUT), 100);
	assert_false(tokens_has(&c.tokens, TOKENS_CACHE_READ));
}

static void a_detail_is_filled_from_a_family_that_agrees(void **state)
{
	struct made m = chat();
	struct call c;

	(void)state;
	number(&m, "llm.token_count.prompt", 100);
	number(&m, "llm.token_count.prompt_details.cache_read", 50);
	assert_true(read_made(&m, &c));
	assert_int_equal(tokens_get(&c.tokens, TOKENS_CACHE_READ), 50);
}

static void cached_tokens_beside_the_input_are_added_to_it(void **state)
{
	struct made m = { .scope = SLICE("opentelemetry.instrumentation.botocore.bedrock-runtime") };
	struct call c;

	(void)state;
	text(&m, "gen_ai.operation.name", "chat");
	number(&m, "gen_ai.usage.input_tokens", 1000);
	number(&m, "gen_ai.usage.cache_read.input_tokens", 400);
	assert_true(read_made(&m, &c));
	assert_int_equal(tokens_get(&c.tokens, TOKENS_INPUT), 1400);

	m.scope = SLICE("some.other.scope"); /* the rule of the conventions: included */
	assert_true(read_made(&m, &c));
	assert_int_equal(tokens_get(&c.tokens, TOKENS_INPUT), 1000);

	m.attributes[1].value.integer = 10; /* smaller than its part: cannot include it */
	assert_true(read_made(&m, &c));
	assert_int_equal(tokens_get(&c.tokens, TOKENS_INPUT), 410);
}

static void openinference_tells_stream_and_model_in_its_parameters(void **state)
{
	struct made m = { 0 };
	struct call c;

	(void)state;
	text(&m, "openinference.span.kind", "LLM");
	text(&m, "llm.invocation_parameters", "{\"model\": \"gpt-4o\", \"stream\": true, \"tools\": [{\"a\": 1}]}");
	m.event = (struct event_view){ .time_unix_ns = 3000, .name = SLICE("First Token Stream Event") };
	m.event_count = 1;
	assert_true(read_made(&m, &c));
	assert_text(c.request_model, "gpt-4o");
	assert_int_equal(c.streaming, TRI_YES);
	assert_int_equal(c.ttft_ns, 2000);
	assert_text(c.operation, "chat");
}

/* LangChain.js writes what the model object was set to, whatever the call does. */
static void openinference_parameters_that_say_no_stream_say_nothing(void **state)
{
	struct made m = { .scope = SLICE("@arizeai/openinference-instrumentation-langchain") };
	struct call c;

	(void)state;
	text(&m, "openinference.span.kind", "LLM");
	text(&m, "llm.invocation_parameters", "{\"model\": \"gpt-4o\", \"stream\": false}");
	assert_true(read_made(&m, &c));
	assert_text(c.request_model, "gpt-4o");
	assert_int_equal(c.streaming, TRI_UNKNOWN);
}

/* gen_ai.response.time_to_first_token: seconds in Sentry, nanoseconds in Alibaba's and Bifrost's instrumentations. */
static void the_time_to_the_first_token_is_read_in_the_unit_that_it_can_mean(void **state)
{
	static const struct {
		const char *told;
		uint64_t ns;
	} cases[] = {
		{ "0.000002", 2000 },
		{ "0.002", 2000 }, /* milliseconds: two of them as seconds would outlast the span */
		{ "323127208", 323127208 },
		{ "20000000000", 20000000000 }, /* more nanoseconds than fit as seconds */
	};
	struct call c;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct made m = chat();
		text(&m, "gen_ai.response.time_to_first_token", cases[i].told);
		assert_true(read_made(&m, &c));
		assert_int_equal(c.ttft_ns, cases[i].ns);
	}
}

static void requests_that_the_client_sent_again_are_retries(void **state)
{
	struct made m = chat();
	struct call c;

	(void)state;
	number(&m, "http.request.resend_count", 2);
	assert_true(read_made(&m, &c));
	assert_int_equal(c.retries, 2);
}

/* Envoy AI Gateway writes all events when the answer has ended, and as llm.system the API that its clients speak. */
static void envoys_gateway_tells_neither_the_first_token_nor_who_served(void **state)
{
	static const struct {
		const char *model, *served;
	} cases[] = {
		{ "gpt-4o-2024-08-06", "openai" },
		{ "claude-sonnet-4-20250514", "anthropic" },
		{ "us.anthropic.claude-sonnet-4-20250514-v1:0", "aws.bedrock" },
		{ "llama-3.3-70b", "" },
	};
	struct call c;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct made m = { .scope = SLICE("envoyproxy/ai-gateway") };
		text(&m, "openinference.span.kind", "LLM");
		text(&m, "llm.system", "openai");
		text(&m, "llm.model_name", cases[i].model);
		text(&m, "llm.invocation_parameters", "{\"model\": \"fast\", \"stream\": true}");
		m.event = (struct event_view){ .time_unix_ns = 4999, .name = SLICE("First Token Stream Event") };
		m.event_count = 1;
		assert_true(read_made(&m, &c));
		assert_int_equal(c.producer, PRODUCER_PROXY);
		assert_text(c.provider, cases[i].served);
		assert_text(c.request_model, "fast");
		assert_text(c.response_model, cases[i].model);
		assert_int_equal(c.streaming, TRI_YES);
		assert_int_equal(c.ttft_ns, 0);
	}
}

static void dimensions_come_from_span_then_metadata_then_resource(void **state)
{
	struct made m = chat();
	struct call c;

	(void)state;
	m.resource_attributes[0] = (struct attribute){ SLICE("feature"),
						       { .kind = ANY_STRING, .bytes = SLICE("from-resource") } };
	m.resource_count = 1;
	assert_true(read_made(&m, &c));
	assert_text(c.feature, "from-resource");

	text(&m, "metadata",
	     "{\"feature\": \"from-metadata\", \"user.segment\": \"gold\", \"other\": {\"feature\": \"x\"}}");
	assert_true(read_made(&m, &c));
	assert_text(c.feature, "from-metadata");
	assert_text(c.user_segment, "gold");

	text(&m, "app.feature", "second-key"); /* ranks behind `feature`, which the metadata named */
	assert_true(read_made(&m, &c));
	assert_text(c.feature, "from-metadata");
}

static void prompt_name_and_version_come_from_one_source(void **state)
{
	struct made m = chat();
	struct call c;

	(void)state;
	text(&m, "llm.prompt_template.version", "v9");
	text(&m, "gen_ai.prompt.name", "support");
	assert_true(read_made(&m, &c));
	assert_text(c.prompt_name, "support");
	assert_int_equal(c.prompt_version.len, 0);

	number(&m, "gen_ai.prompt.version", 3);
	assert_true(read_made(&m, &c));
	assert_text(c.prompt_version, "3");
}

static void a_template_without_a_name_is_known_by_its_fingerprint(void **state)
{
	struct made m = chat();
	struct call a, b;

	(void)state;
	text(&m, "llm.prompt_template.template", "Answer: {question}");
	text(&m, "llm.prompt_template.version", "v3");
	assert_true(read_made(&m, &a) && read_made(&m, &b));
	assert_true(slice_starts_with(a.prompt_name, SLICE("template-")));
	assert_true(slice_equal(a.prompt_name, b.prompt_name));
	assert_text(a.prompt_version, "v3");
}

static void numbers_in_strings_are_taken_and_nonsense_is_counted(void **state)
{
	struct made m = { 0 };
	struct call c;
	struct meter *bad = meter_get(METER_BAD_ATTRIBUTES, "");
	int64_t before = meter_value(bad);

	(void)state;
	text(&m, "gen_ai.operation.name", "chat");
	text(&m, "gen_ai.usage.input_tokens", "42");
	text(&m, "gen_ai.usage.output_tokens", "many");
	number(&m, "gen_ai.usage.cache_read.input_tokens", -1);
	assert_true(read_made(&m, &c));
	assert_int_equal(tokens_get(&c.tokens, TOKENS_INPUT), 42);
	assert_false(tokens_has(&c.tokens, TOKENS_OUTPUT));
	assert_false(tokens_has(&c.tokens, TOKENS_CACHE_READ));
	assert_int_equal(meter_value(bad) - before, 2);
}

static void a_list_that_python_printed_is_a_list(void **state)
{
	struct made m = { 0 };
	struct call c;

	(void)state;
	text(&m, "gen_ai.operation.name", "chat");
	text(&m, "gen_ai.response.finish_reasons", "['stop', 'length']");
	assert_true(read_made(&m, &c));
	assert_int_equal(c.finish, FINISH_STOP | FINISH_LENGTH);
	m.attributes[1].value.bytes = SLICE("['length");
	assert_true(read_made(&m, &c));
	assert_int_equal(c.finish, 0);
}

static void keys_of_the_contract_that_are_there_are_noted(void **state)
{
	struct made m = chat();
	struct call c;

	(void)state;
	text(&m, "plimsoll.feature", "x");
	assert_true(read_made(&m, &c));
	assert_true(c.present >> CONTRACT_FEATURE & 1);
	assert_true(c.present >> CONTRACT_REQUEST_MODEL & 1);
	assert_false(c.present >> CONTRACT_PROVIDER & 1); /* gen_ai.system is another key */
}

static void a_usage_of_nothing_is_no_usage(void **state)
{
	struct made m = { 0 };
	struct call c;

	(void)state;
	text(&m, "openinference.span.kind", "LLM");
	number(&m, "llm.token_count.prompt", 0);
	number(&m, "llm.token_count.completion", 0);
	number(&m, "llm.token_count.total", 0);
	assert_true(read_made(&m, &c));
	assert_true(c.counted);
	assert_int_equal(c.tokens.known, 0);
	text(&m, "output.value", "{\"content\": \"word\", \"usage\": {\"prompt_tokens\": 0, \"completion_tokens\": 0}}");
	assert_true(read_made(&m, &c));
	assert_int_equal(c.tokens.known, 0);
	number(&m, "gen_ai.usage.prompt_tokens", 0);
	number(&m, "gen_ai.usage.completion_tokens", 0);
	number(&m, "llm.token_count.prompt", 12);
	assert_true(read_made(&m, &c));
	assert_int_equal(c.tokens.n[TOKENS_INPUT], 12);
}

static void vertex_ais_resource_path_names_the_model_and_who_serves_it(void **state)
{
	struct made m = { 0 };
	struct call c;

	(void)state;
	text(&m, "openinference.span.kind", "LLM");
	text(&m, "llm.provider", "google");
	text(&m, "llm.model_name", "projects/shop/locations/us-central1/publishers/google/models/gemini-2.5-flash");
	number(&m, "llm.token_count.prompt", 2000);
	number(&m, "llm.token_count.completion", 100);
	number(&m, "llm.token_count.total", 2300);
	text(&m, "output.value", "{\"candidates\": [], \"usage_metadata\": {\"prompt_token_count\": 2000, \"candidates_token_count\": 100, "
				 "\"total_token_count\": 2300, \"cached_content_token_count\": 1536, \"thoughts_token_count\": 200}}");
	assert_true(read_made(&m, &c));
	assert_text(c.request_model, "gemini-2.5-flash");
	assert_text(call_model(&c), "gemini-2.5-flash");
	assert_text(c.provider, "gcp.vertex_ai");
	assert_int_equal(c.tokens.n[TOKENS_OUTPUT], 300);
	assert_int_equal(c.tokens.n[TOKENS_CACHE_READ], 1536);
	assert_int_equal(c.tokens.n[TOKENS_REASONING], 200);
}

static void a_model_of_ones_own_on_vertex_keeps_its_path(void **state)
{
	struct made m = { 0 };
	struct call c;

	(void)state;
	text(&m, "openinference.span.kind", "LLM");
	text(&m, "llm.model_name", "projects/shop/locations/us-central1/models/77");
	assert_true(read_made(&m, &c));
	assert_text(c.request_model, "projects/shop/locations/us-central1/models/77");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_chat_span_is_counted),
		cmocka_unit_test(a_span_without_model_attributes_is_none_of_ours),
		cmocka_unit_test(an_agent_span_with_usage_is_a_wrapper_and_not_counted),
		cmocka_unit_test(aggregate_evidence_beats_leaf_evidence),
		cmocka_unit_test(model_and_usage_alone_make_a_call),
		cmocka_unit_test(the_newer_name_wins_whatever_the_order),
		cmocka_unit_test(token_families_are_never_mixed),
		cmocka_unit_test(a_detail_is_filled_from_a_family_that_agrees),
		cmocka_unit_test(cached_tokens_beside_the_input_are_added_to_it),
		cmocka_unit_test(openinference_tells_stream_and_model_in_its_parameters),
		cmocka_unit_test(openinference_parameters_that_say_no_stream_say_nothing),
		cmocka_unit_test(the_time_to_the_first_token_is_read_in_the_unit_that_it_can_mean),
		cmocka_unit_test(requests_that_the_client_sent_again_are_retries),
		cmocka_unit_test(envoys_gateway_tells_neither_the_first_token_nor_who_served),
		cmocka_unit_test(dimensions_come_from_span_then_metadata_then_resource),
		cmocka_unit_test(prompt_name_and_version_come_from_one_source),
		cmocka_unit_test(a_template_without_a_name_is_known_by_its_fingerprint),
		cmocka_unit_test(numbers_in_strings_are_taken_and_nonsense_is_counted),
		cmocka_unit_test(a_list_that_python_printed_is_a_list),
		cmocka_unit_test(keys_of_the_contract_that_are_there_are_noted),
		cmocka_unit_test(a_usage_of_nothing_is_no_usage),
		cmocka_unit_test(vertex_ais_resource_path_names_the_model_and_who_serves_it),
		cmocka_unit_test(a_model_of_ones_own_on_vertex_keeps_its_path),
	};
	return cmocka_run_group_tests_name("dialects/reader", tests, set_up_with_dimensions, tear_down);
}
