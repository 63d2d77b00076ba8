/* SPDX-License-Identifier: Apache-2.0
 * What the texts on a span tell: tools, refusals, JSON answers, fingerprints, documents, and usage in Python's words.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agent/dialects/members.h"
#include "agent/dialects/message_walk.h"
#include "agent/dialects/schema.h"
#include "tests/unit/dialects_rig.h"

static struct call read_span(const struct pair *pairs)
{
	static struct attribute attributes[16];
	static uint32_t sequence;
	struct scope_view scope = { .name = SLICE("test") };
	struct resource_view resource = { .sequence = ++sequence };
	struct span_view span = {
		.trace_id = SLICE("0123456789abcdef"), .span_id = SLICE("01234567"), .start_unix_ns = 1000, .end_unix_ns = 6000,
		.scope = &scope, .resource = &resource,
	};
	struct call c;

	span.attributes = attributes_of(attributes, pairs);
	assert_true(dialect_read(reader, &span, &c));
	return c;
}

#define SPAN(...) read_span((const struct pair[]){ { "gen_ai.operation.name", "chat" }, __VA_ARGS__, { 0 } })

static void tools_that_the_answer_asks_for_are_counted_and_named_once(void **state)
{
	(void)state;
	struct call c = SPAN({ "gen_ai.response.finish_reasons", "[\"tool_calls\"]" },
			     { "gen_ai.output.messages",
			       "[{\"role\":\"assistant\",\"parts\":[{\"type\":\"tool_call\",\"name\":\"search\",\"arguments\":{}},"
			       "{\"type\":\"tool_call\",\"name\":\"search\"},{\"type\":\"tool_call\",\"name\":\"weather\"}]}]" });
	assert_int_equal(c.tool_calls, 3);
	assert_text(c.tool_names, "search,weather");
}

static void a_tool_is_asked_for_also_where_the_answer_stops_as_any_other(void **state)
{
	(void)state;
	struct call c = SPAN({ "gen_ai.response.finish_reasons", "stop" }, { "gen_ai.usage.input_tokens", "1" },
			     { "gen_ai.usage.output_tokens", "1" },
			     { "gen_ai.output.messages", "[{\"role\":\"assistant\",\"parts\":[{\"type\":\"tool_call\",\"id\":\"\","
							 "\"name\":\"look_up\",\"arguments\":{\"q\":\"x\"}}]}]" });
	assert_int_equal(c.tool_calls, 1);
	assert_text(c.tool_names, "look_up");
	assert_int_equal(c.finish, FINISH_STOP);
	c = SPAN({ "gen_ai.response.finish_reasons", "stop" }, { "gen_ai.usage.input_tokens", "1" },
		 { "gen_ai.usage.output_tokens", "1" },
		 { "gen_ai.output.messages", "[{\"parts\":[{\"type\":\"text\",\"content\":\"a \\\"tool_call\\\" is\"}]}]" });
	assert_int_equal(c.tool_calls, 0);
}

static void the_id_of_an_answer_is_not_that_of_a_part_of_it(void **state)
{
	static const struct {
		const char *answer, *id;
	} cases[] = {
		{ "{\"id\":\"gen-17-x\",\"choices\":[{\"message\":{\"tool_calls\":[{\"id\":\"call_1\"}]}}],"
		  "\"object\":\"chat.completion\"}", "gen-17-x" },
		{ "{\"id\":\"msg_01\",\"content\":[],\"role\":\"assistant\",\"type\":\"message\"}", "msg_01" },
		{ "{\"id\": \"msg_1\", \"content\": [], \"status\": \"completed\", \"type\": \"message\"}", NULL },
		{ "{\"candidates\":[{\"finish_reason\":\"STOP\"}],\"response_id\":\"r-1\"}", "r-1" },
		{ "{\"id\":\"of something else\",\"response_id\":\"r-1\"}", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct call c = SPAN({ "output.value", cases[i].answer });
		assert_text(c.response_id, cases[i].id);
	}
}

static void a_refusal_that_ends_with_stop_is_a_refusal(void **state)
{
	(void)state;
	struct call c = SPAN({ "gen_ai.response.finish_reasons", "stop" }, { "gen_ai.usage.input_tokens", "1" },
			     { "gen_ai.usage.output_tokens", "1" },
			     { "gen_ai.output.messages", "[{\"parts\":[{\"type\":\"refusal\",\"content\":\"I cannot\"}]}]" });
	assert_true(c.finish & FINISH_REFUSAL);
	c = SPAN({ "gen_ai.output.messages", "[{\"content\":\"the word \\\"refusal\\\": no\",\"refusal\":null}]" });
	assert_false(c.finish & FINISH_REFUSAL);
}

static void an_answer_is_checked_as_json_only_where_json_was_asked_for(void **state)
{
	(void)state;
	struct call c = SPAN({ "gen_ai.output.messages", "[{\"content\":\"no {json\"}]" });
	assert_int_equal(c.answer_is_json, TRI_UNKNOWN);
	c = SPAN({ "gen_ai.output.type", "json" }, { "gen_ai.output.messages", "[{\"content\":\"no {json\"}]" });
	assert_int_equal(c.answer_is_json, TRI_NO);
	c = SPAN({ "gen_ai.output.type", "json" }, { "gen_ai.output.messages",
						     "[{\"content\":\"{\\\"city\\\":\\\"Paris\\\"}\"}]" });
	assert_int_equal(c.answer_is_json, TRI_YES);
}

static void a_schema_asks_for_members_and_their_types(void **state)
{
	struct slice schema = SLICE("{\"type\":\"object\",\"required\":[\"city\"],\"properties\":{\"city\":{\"type\":\"string\"},"
				    "\"people\":{\"type\":[\"integer\",\"null\"]}}}");

	(void)state;
	assert_int_equal(schema_fits(schema, SLICE("{\"city\":\"Paris\"}")), TRI_YES);
	assert_int_equal(schema_fits(schema, SLICE("{\"city\":\"Paris\",\"people\":null}")), TRI_YES);
	assert_int_equal(schema_fits(schema, SLICE("{\"people\":3}")), TRI_NO);
	assert_int_equal(schema_fits(schema, SLICE("{\"city\":7}")), TRI_NO);
	assert_int_equal(schema_fits(schema, SLICE("[]")), TRI_NO);
	assert_int_equal(schema_fits(SLICE("{\"name\":\"x\",\"schema\":{\"type\":\"array\"}}"), SLICE("[]")), TRI_YES);
	assert_int_equal(schema_fits(SLICE("{\"$ref\":\"#/definitions/a\",\"definitions\":{\"a\":{\"type\":\"array\"}}}"), SLICE("7")),
			 TRI_NO);
	assert_int_equal(schema_fits(SLICE("{\"$ref\":\"#/definitions/a\"}"), SLICE("7")), TRI_UNKNOWN);
	assert_int_equal(schema_fits(SLICE("nonsense"), SLICE("[]")), TRI_UNKNOWN);
}

static uint64_t fingerprint_with(const char *messages)
{
	return SPAN({ "gen_ai.input.messages", messages }).prompt_fingerprint;
}

static void the_fingerprint_is_of_the_system_message_without_its_numbers(void **state)
{
	uint64_t first = fingerprint_with("[{\"role\":\"system\",\"content\":\"Today is 2026-11-21. Be brief.\"},{\"role\":\"user\",\"content\":\"a\"}]");

	(void)state;
	assert_int_not_equal(first, 0);
	assert_int_equal(first, fingerprint_with("[{\"role\":\"system\",\"content\":\"Today is 2027-01-02. Be brief.\"},{\"role\":\"user\",\"content\":\"b\"}]"));
	assert_int_not_equal(first,
			     fingerprint_with("[{\"role\":\"system\",\"content\":\"Today is 2026-11-21. Be long.\"}]"));
	assert_int_equal(fingerprint_with("[{\"role\":\"user\",\"content\":\"hello\"}]"), 0);
	struct call indexed = SPAN({ "llm.input_messages.0.message.role", "system" },
				   { "llm.input_messages.0.message.content", "Today is 1999-01-01. Be brief." });
	assert_int_equal(indexed.prompt_fingerprint, first);
}

static void a_retrieval_tells_its_documents(void **state)
{
	(void)state;
	struct call c = read_span((const struct pair[]){ { "openinference.span.kind", "RETRIEVER" },
							 { "retrieval.documents.0.document.id", "doc-1" },
							 { "retrieval.documents.0.document.score", "0.91" },
							 { "retrieval.documents.1.document.content", "Lyon is a city." },
							 { "retrieval.documents.1.document.metadata", "{\"score\": 0.42, \"date\": \"2020-01-01\"}" },
							 { 0 } });
	assert_non_null(c.retrieval);
	assert_int_equal(c.retrieval->documents, 2);
	assert_int_equal(c.retrieval->scored, 2);
	assert_float_equal(c.retrieval->best_score, 0.91, 1e-9);
	assert_float_equal(c.retrieval->worst_score, 0.42, 1e-9);
	assert_int_equal(c.retrieval->oldest_unix_s, 1577836800);
	assert_text(c.retrieval->document[0].id, "doc-1");
}

static void an_empty_list_is_a_retrieval_that_found_nothing(void **state)
{
	(void)state;
	struct call c = read_span((const struct pair[]){ { "mlflow.spanType", "\"RETRIEVER\"" },
							 { "mlflow.spanOutputs", "[]" }, { 0 } });
	assert_non_null(c.retrieval);
	assert_int_equal(c.retrieval->documents, 0);
	c = read_span((const struct pair[]){ { "mlflow.spanType", "\"RETRIEVER\"" }, { 0 } });
	assert_null(c.retrieval);
}

static void overlap_and_citations_need_both_texts(void **state)
{
	(void)state;
	struct call c = SPAN({ "openinference.span.kind", "LLM" },
			     { "retrieval.documents.0.document.content", "Paris is the capital of France." },
			     { "llm.output_messages.0.message.content", "Paris is the capital [1]. Bananas grow elsewhere." });
	assert_true(c.has_citations);
	assert_float_equal(c.citation_share, 0.5, 1e-9);
	assert_float_equal(c.overlap_share, 0.4, 1e-9); /* Paris, capital; not Bananas, grow, elsewhere */
	assert_false(SPAN({ "llm.output_messages.0.message.content", "Paris." }).has_citations);
}

static void python_text_becomes_json(void **state)
{
	(void)state;
	assert_text(members_from_python(SLICE("{'a': None, 'b': [True, False], 'c': \"it's\", 'd': 'say \"x\"', 'e': 'it\\'s'}"), &arena),
		    "{\"a\": null, \"b\": [true, false], \"c\": \"it's\", \"d\": \"say \\\"x\\\"\", \"e\": \"it's\"}");
}

#define ANSWER(usage) "{\"id\":\"c1\",\"choices\":[],\"usage\":{" usage "}}"
#define COUNTS(output) { "openinference.span.kind", "LLM" }, { "llm.model_name", "gpt-4o" }, { "llm.token_count.prompt", "2000" }, \
		       { "llm.token_count.completion", "10" }, { "output.mime_type", "application/json" }, { "output.value", output }

static void details_that_the_span_leaves_out_are_read_from_the_vendors_answer(void **state)
{
	struct call c = SPAN(COUNTS(ANSWER("\"prompt_tokens\":2000,\"completion_tokens\":10,\"prompt_tokens_details\":"
					   "{\"cached_tokens\":1920},\"completion_tokens_details\":{\"reasoning_tokens\":4}")));

	(void)state;
	assert_int_equal(tokens_get(&c.tokens, TOKENS_INPUT), 2000);
	assert_int_equal(tokens_get(&c.tokens, TOKENS_CACHE_READ), 1920);
	assert_int_equal(tokens_get(&c.tokens, TOKENS_REASONING), 4);
	c = SPAN(COUNTS(ANSWER("\"prompt_tokens\":2000,\"prompt_tokens_details\":{\"cached_tokens\":0}")));
	assert_int_equal(tokens_get(&c.tokens, TOKENS_CACHE_READ), 0);
	/* of another call */
	c = SPAN(COUNTS(ANSWER("\"prompt_tokens\":3000,\"prompt_tokens_details\":{\"cached_tokens\":1920}")));
	assert_false(tokens_has(&c.tokens, TOKENS_CACHE_READ));
}

static void details_stand_in_a_printed_answer_too(void **state)
{
#define PRINTED(input)                                                                                                      \
	"{\"content\":\"Certainly.\",\"raw\":\"ChatCompletion(id='chatcmpl-1', usage=CompletionUsage(completion_tokens=30, "       \
	"prompt_tokens=" input ", completion_tokens_details=CompletionTokensDetails(reasoning_tokens=7), "                   \
	"prompt_tokens_details=PromptTokensDetails(cache_write_tokens=None, cached_tokens=1536)))\"}"
	(void)state;
	struct call c = SPAN({ "llm.token_count.prompt", "2000" }, { "llm.token_count.completion", "30" },
			     { "output.value", PRINTED("2000") });
	assert_int_equal(tokens_get(&c.tokens, TOKENS_CACHE_READ), 1536);
	assert_int_equal(tokens_get(&c.tokens, TOKENS_REASONING), 7);
	c = SPAN({ "llm.token_count.prompt", "2000" }, { "llm.token_count.completion", "30" },
		 { "output.value", PRINTED("1999") });
	assert_false(tokens_has(&c.tokens, TOKENS_CACHE_READ));
#undef PRINTED
}

static void an_answer_that_its_reader_refused_tells_its_usage_all_the_same(void **state)
{
#define REFUSED(end)                                                                                                        \
	"{\"generations\":[[{\"text\":\"\",\"message\":{\"kwargs\":{\"content\":\"\",\"response_metadata\":{\"body\":{\"id\":\"c-1\"," \
	"\"object\":\"chat.completion\",\"model\":\"gpt-4o-2024-08-06\",\"choices\":[{\"message\":{\"content\":\"{}\"},"        \
	"\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":700,\"completion_tokens\":33," end

	(void)state;
	struct call c = SPAN({ "gen_ai.request.model", "gpt-4o" }, { "langsmith.span.kind", "llm" },
			     { "gen_ai.completion",
			     REFUSED("\"prompt_tokens_details\":{\"cached_tokens\":512}}},\"status_code\":200}}}}]]}") });
	assert_int_equal(tokens_get(&c.tokens, TOKENS_INPUT), 700);
	assert_int_equal(tokens_get(&c.tokens, TOKENS_OUTPUT), 33);
	assert_int_equal(tokens_get(&c.tokens, TOKENS_CACHE_READ), 512);
	assert_text(c.response_id, "c-1");
	assert_text(c.response_model, "gpt-4o-2024-08-06");
	assert_int_equal(c.finish, FINISH_STOP);
	c = SPAN({ "gen_ai.request.model", "gpt-4o" }, { "langsmith.span.kind", "llm" },
		 { "gen_ai.completion", REFUSED("") }); /* cut off */
	assert_false(tokens_has(&c.tokens, TOKENS_INPUT) && !c.tokens.estimated);
#undef REFUSED
}

static void broken_and_odd_values_are_left_alone(void **state)
{
	(void)state;
	struct call c = SPAN({ "langfuse.observation.usage_details", "{\"input\": " },
			     { "metadata.usage_object", "{'a': <object>}" },
			     { "retrieval.documents.999999999.document.id", "x" }, { "gen_ai.completion.x.content", "y" },
			     { "gen_ai.output.messages", "[[[[{" }, { "gen_ai.usage.input_token_details", "{'" },
			     { "gen_ai.request.model", "gpt-4o" });
	assert_int_equal(c.role, ROLE_LLM);
	assert_text(c.request_model, "gpt-4o");
}

static void deep_nesting_ends_the_walk_not_the_process(void **state)
{
	static char deep[4096];
	struct buf text = BUF_INIT;
	struct message_walk w = { .text = &text, .arena = &arena };

	(void)state;
	memset(deep, '[', sizeof(deep));
	message_walk_run(&w, (struct slice){ deep, sizeof(deep) });
	assert_int_equal(w.tool_calls, 0);
	buf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tools_that_the_answer_asks_for_are_counted_and_named_once),
		cmocka_unit_test(a_tool_is_asked_for_also_where_the_answer_stops_as_any_other),
		cmocka_unit_test(the_id_of_an_answer_is_not_that_of_a_part_of_it),
		cmocka_unit_test(a_refusal_that_ends_with_stop_is_a_refusal),
		cmocka_unit_test(an_answer_is_checked_as_json_only_where_json_was_asked_for),
		cmocka_unit_test(a_schema_asks_for_members_and_their_types),
		cmocka_unit_test(the_fingerprint_is_of_the_system_message_without_its_numbers),
		cmocka_unit_test(a_retrieval_tells_its_documents),
		cmocka_unit_test(an_empty_list_is_a_retrieval_that_found_nothing),
		cmocka_unit_test(overlap_and_citations_need_both_texts),
		cmocka_unit_test(python_text_becomes_json),
		cmocka_unit_test(details_that_the_span_leaves_out_are_read_from_the_vendors_answer),
		cmocka_unit_test(details_stand_in_a_printed_answer_too),
		cmocka_unit_test(an_answer_that_its_reader_refused_tells_its_usage_all_the_same),
		cmocka_unit_test(broken_and_odd_values_are_left_alone),
		cmocka_unit_test(deep_nesting_ends_the_walk_not_the_process),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
