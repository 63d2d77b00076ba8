/* SPDX-License-Identifier: Apache-2.0
 * The facts of an enriched span under the keys of each back end. Spans are written as OTLP/JSON, since that can be
 * read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agent/otlp/json_transcode.h"
#include "agent/otlp/json_write.h"
#include "exporters/reemit/reemit.h"

#define TEXT(key, value)   "{\"key\":\"" key "\",\"value\":{\"stringValue\":\"" value "\"}}"
#define INT(key, value)    "{\"key\":\"" key "\",\"value\":{\"intValue\":\"" #value "\"}}"
#define DOUBLE(key, value) "{\"key\":\"" key "\",\"value\":{\"doubleValue\":" #value "}}"
#define NOT_COUNTED        "{\"key\":\"plimsoll.counted\",\"value\":{\"boolValue\":false}}"
#define SPAN(attributes)   "{\"traceId\":\"0123456789abcdef0123456789abcdef\",\"spanId\":\"0123456789abcdef\",\"name\":\"n\"," \
			   "\"startTimeUnixNano\":\"1700000000000000000\",\"attributes\":[" attributes "],\"flags\":1}"
#define REQUEST(resource, spans)                                                                                       \
	"{\"resourceSpans\":[{\"resource\":{\"attributes\":[" resource "]},\"scopeSpans\":[{\"scope\":{\"name\":\"s\"},\"spans\":[" \
	spans "],\"schemaUrl\":\"u\"}]}]}"

/* What enrichment writes on a call of 1000 input tokens, 600 of them read from the cache, and 50 of output. */
#define CALL                                                                                                           \
	INT("gen_ai.usage.input_tokens", 1000) "," INT("gen_ai.usage.output_tokens", 50) ","                           \
	INT("gen_ai.usage.cache_read.input_tokens", 600) "," DOUBLE("gen_ai.usage.cost", 0.002) ","                    \
	DOUBLE("plimsoll.cost.input_usd", 0.001) "," DOUBLE("plimsoll.cost.output_usd", 0.0005) ","                    \
	DOUBLE("plimsoll.cost.cache_read_usd", 0.0005) "," TEXT("gen_ai.prompt.name", "greet") ","                     \
	TEXT("gen_ai.prompt.version", "7") "," DOUBLE("plimsoll.ttft_ms", 250.5) "," TEXT("plimsoll.outcome", "ok") "," \
	TEXT("gen_ai.operation.name", "chat") "," TEXT("gen_ai.request.model", "gpt-4o") "," TEXT("gen_ai.provider.name", "openai")

static char *rewritten(const struct reemit_rules *rules, const char *project, const char *json)
{
	static struct buf text;
	struct buf wire = BUF_INIT, out = BUF_INIT;

	assert_false(FAILED(json_to_wire(slice_of(json), SIGNAL_TRACES, 1 << 20, &wire, NULL)));
	assert_false(FAILED(reemit_spans(rules, project, buf_view(&wire), &out)));
	buf_release(&text);
	assert_false(FAILED(wire_to_json(buf_view(&out), SIGNAL_TRACES, &text)));
	buf_release(&wire);
	buf_release(&out);
	return (char *)(uintptr_t)buf_string(&text);
}

#define EXPECT(rules, before, after)                                                                                   \
	assert_string_equal(rewritten(rules, NULL, REQUEST(TEXT("r", "s"), before)), REQUEST(TEXT("r", "s"), after))

static void langfuse_gets_exclusive_buckets_and_its_own_keys(void **state)
{
	(void)state;
	EXPECT(&reemit_langfuse, SPAN(CALL),
	       SPAN(CALL "," TEXT("langfuse.observation.usage_details",
				  "{\\\"input\\\":400,\\\"cache_read_input_tokens\\\":600,\\\"output\\\":50,\\\"total\\\":1050}") ","
		    TEXT("langfuse.observation.cost_details",
			 "{\\\"input\\\":0.001,\\\"cache_read_input_tokens\\\":0.0005,\\\"output\\\":0.0005,\\\"total\\\":0.002}") ","
		    TEXT("langfuse.observation.prompt.name", "greet") "," INT("langfuse.observation.prompt.version", 7) ","
		    TEXT("langfuse.observation.completion_start_time", "2023-11-14T22:13:20.250Z")));
}

static void a_cost_that_the_span_claims_gives_way_to_ours(void **state)
{
#define CLAIMED                                                                                                        \
	INT("gen_ai.usage.input_tokens", 400) "," INT("plimsoll.tokens.input", 1000) ","                               \
	INT("gen_ai.usage.cache_read.input_tokens", 600) "," DOUBLE("gen_ai.usage.cost", 9.5) ","                      \
	DOUBLE("plimsoll.cost.total_usd", 0.002) "," TEXT("plimsoll.outcome", "ok")
	(void)state;
	EXPECT(&reemit_langfuse, SPAN(CLAIMED "," TEXT("langfuse.observation.cost_details", "{\\\"total\\\":9.5}")),
	       SPAN(CLAIMED "," TEXT("langfuse.observation.usage_details", "{\\\"input\\\":400,\\\"cache_read_input_tokens\\\":600}") ","
		    TEXT("langfuse.observation.cost_details", "{\\\"total\\\":0.002}")));
}

static void langsmith_gets_one_usage_with_details_and_cost(void **state)
{
	(void)state;
	EXPECT(&reemit_langsmith, SPAN(CALL "," TEXT("langsmith.span.kind", "embedding")),
	       SPAN(CALL "," TEXT("langsmith.span.kind", "embedding") ","
		    TEXT("langsmith.usage_metadata",
			 "{\\\"input_tokens\\\":1000,\\\"output_tokens\\\":50,\\\"total_tokens\\\":1050,\\\"input_token_details\\\":"
			 "{\\\"cache_read\\\":600},\\\"input_cost\\\":0.0015,\\\"output_cost\\\":0.0005,\\\"total_cost\\\":0.002}") ","
		    TEXT("langsmith.metadata.prompt_name", "greet") "," TEXT("langsmith.metadata.prompt_version", "7")));
}

static void braintrust_gets_metrics_as_json(void **state)
{
	(void)state;
	EXPECT(&reemit_braintrust, SPAN(CALL),
	       SPAN(CALL "," TEXT("braintrust.metrics",
				  "{\\\"prompt_tokens\\\":1000,\\\"completion_tokens\\\":50,\\\"tokens\\\":1050,"
				  "\\\"prompt_cached_tokens\\\":600,\\\"estimated_cost\\\":0.002,\\\"time_to_first_token\\\":0.2505}") ","
		    TEXT("braintrust.metadata.prompt_version", "7")));
}

static void phoenix_gets_openinference(void **state)
{
	(void)state;
	EXPECT(&reemit_phoenix, SPAN(CALL "," TEXT("llm.model_name", "mine")),
	       SPAN(CALL "," TEXT("llm.model_name", "mine") "," TEXT("openinference.span.kind", "LLM") "," TEXT("llm.provider", "openai") ","
		    INT("llm.token_count.prompt", 1000) "," INT("llm.token_count.completion", 50) ","
		    INT("llm.token_count.total", 1050) "," INT("llm.token_count.prompt_details.cache_read", 600) ","
		    DOUBLE("llm.cost.prompt", 0.0015) "," DOUBLE("llm.cost.completion", 0.0005) "," DOUBLE("llm.cost.total", 0.002) ","
		    DOUBLE("llm.cost.prompt_details.cache_read", 0.0005) "," TEXT("llm.prompt_template.version", "7")));
}

static void helicone_gets_openllmetrys_words(void **state)
{
	(void)state;
	EXPECT(&reemit_helicone, SPAN(CALL),
	       SPAN(CALL "," TEXT("gen_ai.system", "openai") "," INT("gen_ai.usage.prompt_tokens", 1000) ","
		    INT("gen_ai.usage.completion_tokens", 50) "," INT("llm.usage.total_tokens", 1050)));
}

/* What the agent's chain and its span around the call say, the call says too. */
static void a_wrapper_loses_what_would_be_added_up_twice(void **state)
{
#define WRAPPER                                                                                                        \
	TEXT("gen_ai.request.model", "gpt-4o") "," INT("gen_ai.usage.input_tokens", 10) "," DOUBLE("llm.cost.total", 1.5) "," \
	INT("ai.usage.promptTokens", 10) "," TEXT("langfuse.observation.type", "generation") "," TEXT("input.value", "hi") "," NOT_COUNTED
#define STRIPPED TEXT("gen_ai.request.model", "gpt-4o")
	(void)state;
	EXPECT(&reemit_langfuse, SPAN(WRAPPER),
	       SPAN(STRIPPED "," TEXT("input.value", "hi") "," NOT_COUNTED "," TEXT("langfuse.observation.type", "span")));
	EXPECT(&reemit_langsmith, SPAN(WRAPPER),
	       SPAN(STRIPPED "," TEXT("langfuse.observation.type", "generation") "," TEXT("input.value", "hi") "," NOT_COUNTED ","
		    TEXT("langsmith.span.kind", "chain")));
	EXPECT(&reemit_semconv, SPAN(WRAPPER),
	       SPAN(STRIPPED "," TEXT("langfuse.observation.type", "generation") "," TEXT("input.value", "hi") "," NOT_COUNTED));
}

static void what_is_no_call_passes_as_it_stands(void **state)
{
#define OTHER SPAN(TEXT("http.route", "/") "," INT("gen_ai.usage.input_tokens", 10)) "," SPAN(TEXT("a", "b"))
	(void)state;
	EXPECT(&reemit_langfuse, OTHER, OTHER);
	EXPECT(&reemit_phoenix, OTHER, OTHER);
}

static void an_unpriced_call_has_no_cost_anywhere(void **state)
{
#define UNPRICED INT("gen_ai.usage.input_tokens", 10) "," TEXT("plimsoll.outcome", "ok")
	(void)state;
	EXPECT(&reemit_langfuse, SPAN(UNPRICED), SPAN(UNPRICED "," TEXT("langfuse.observation.usage_details", "{\\\"input\\\":10}")));
}

static void versions_that_are_no_whole_number_are_not_given_to_langfuse(void **state)
{
#define NAMED TEXT("gen_ai.prompt.version", "1.4.0") "," TEXT("plimsoll.outcome", "ok")
	(void)state;
	EXPECT(&reemit_langfuse, SPAN(NAMED), SPAN(NAMED));
}

static void the_project_is_put_on_resources_that_name_none(void **state)
{
	const char *given = REQUEST(TEXT("service.name", "shop"), SPAN(TEXT("a", "b")));
	const char *named = REQUEST(TEXT("openinference.project.name", "mine"), SPAN(TEXT("a", "b")));

	(void)state;
	assert_string_equal(rewritten(&reemit_phoenix, "ours", given),
			    REQUEST(TEXT("service.name", "shop") "," TEXT("openinference.project.name", "ours"), SPAN(TEXT("a", "b"))));
	assert_string_equal(rewritten(&reemit_phoenix, "ours", named), named);
	assert_string_equal(rewritten(&reemit_langfuse, "ours", given), given);
}

static void broken_bytes_are_refused(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	assert_int_equal(reemit_spans(&reemit_langfuse, NULL, SLICE("\x0a\x04\x12\x02\x12\x05"), &out).code, STATUS_MALFORMED);
	assert_int_equal(reemit_spans(&reemit_langfuse, NULL, SLICE("\x0a"), &out).code, STATUS_MALFORMED);
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(langfuse_gets_exclusive_buckets_and_its_own_keys),
		cmocka_unit_test(a_cost_that_the_span_claims_gives_way_to_ours),
		cmocka_unit_test(langsmith_gets_one_usage_with_details_and_cost),
		cmocka_unit_test(braintrust_gets_metrics_as_json),
		cmocka_unit_test(phoenix_gets_openinference),
		cmocka_unit_test(helicone_gets_openllmetrys_words),
		cmocka_unit_test(a_wrapper_loses_what_would_be_added_up_twice),
		cmocka_unit_test(what_is_no_call_passes_as_it_stands),
		cmocka_unit_test(an_unpriced_call_has_no_cost_anywhere),
		cmocka_unit_test(versions_that_are_no_whole_number_are_not_given_to_langfuse),
		cmocka_unit_test(the_project_is_put_on_resources_that_name_none),
		cmocka_unit_test(broken_bytes_are_refused),
	};
	return cmocka_run_group_tests_name("exporters/reemit", tests, NULL, NULL);
}
