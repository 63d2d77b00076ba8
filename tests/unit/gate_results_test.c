/* SPDX-License-Identifier: Apache-2.0
 * Whatever tool asked the cases, its file becomes the same results.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/gate/results.h"

static struct results *loaded;
static struct buf why;

static struct status load(const char *text)
{
	char path[] = "/tmp/plimsoll-gate-XXXXXX";
	int fd = mkstemp(path);

	results_free(loaded);
	loaded = NULL;
	buf_reset(&why);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	struct status s = results_load(path, 0.5, &loaded, &why);
	unlink(path);
	return s;
}

static int forget(void **state)
{
	(void)state;
	results_free(loaded);
	loaded = NULL;
	buf_release(&why);
	return 0;
}

static void assert_text(struct slice got, const char *wanted)
{
	assert_int_equal(got.len, strlen(wanted));
	assert_memory_equal(got.ptr, wanted, got.len);
}

static void lines_of_json_say_what_they_know(void **state)
{
	(void)state;
	assert_int_equal(load("{\"id\":\"a\",\"output\":\"x\\ny\",\"cost_usd\":0.5,\"latency_ms\":20}\n"
			      "\n{\"case_id\":\"b\",\"score\":0.4}\n{\"id\":\"c\",\"passed\":true,\"error\":null}\n").code, STATUS_OK);
	assert_int_equal(loaded->count, 3);
	assert_text(loaded->items[0].output, "x\ny");
	assert_true(loaded->items[0].cost_usd == 0.5 && loaded->items[0].latency_ms == 20);
	assert_int_equal(loaded->items[0].passed, TRI_UNKNOWN);
	assert_true(isnan(loaded->items[1].cost_usd));
	assert_int_equal(loaded->items[1].passed, TRI_NO);
	assert_int_equal(loaded->items[2].passed, TRI_YES);
}

static void promptfoo_names_the_case_and_the_variant(void **state)
{
	(void)state;
	assert_int_equal(load("{\"evalId\":\"e\",\"results\":{\"version\":3,\"results\":["
			      "{\"testIdx\":0,\"testCase\":{\"description\":\"refund\",\"vars\":{}},\"success\":false,\"score\":0,"
			      "\"provider\":{\"id\":\"openai:m\",\"label\":\"\"},\"prompt\":{\"label\":\"v2\",\"raw\":\"...\"},"
			      "\"latencyMs\":812,\"cost\":0.002,\"gradingResult\":{\"pass\":false,\"reason\":\"no 30 days\"},"
			      "\"response\":{\"output\":{\"a\":1},\"tokenUsage\":{\"prompt\":11,\"completion\":7}}}]}}").code, STATUS_OK);
	assert_string_equal(loaded->source, "promptfoo");
	assert_text(loaded->items[0].case_id, "refund");
	assert_text(loaded->items[0].variant, "openai:m / v2");
	assert_text(loaded->items[0].why, "no 30 days");
	assert_text(loaded->items[0].output, "{\"a\":1}");
	assert_int_equal(loaded->items[0].passed, TRI_NO);
	assert_true(loaded->items[0].input_tokens == 11 && loaded->items[0].output_tokens == 7);
}

static void langsmith_runs_stand_under_their_examples(void **state)
{
	(void)state;
	assert_int_equal(load("{\"feedback_stats\":{},\"examples_with_runs\":[{\"id\":\"x\",\"inputs\":{},\"runs\":["
			      "{\"id\":\"r\",\"reference_example_id\":\"ex-1\",\"inputs\":{},\"outputs\":{\"output\":\"hi\"},"
			      "\"start_time\":\"2026-01-01T00:00:00.000000\",\"end_time\":\"2026-01-01T00:00:01.500000\","
			      "\"feedback_stats\":{\"correct\":{\"n\":1,\"avg\":1.0},\"style\":{\"n\":1,\"avg\":0.25}},"
			      "\"total_cost\":\"0.003\",\"prompt_tokens\":5,\"completion_tokens\":6,\"error\":null}]}]}").code,
			 STATUS_OK);
	assert_string_equal(loaded->source, "langsmith");
	assert_text(loaded->items[0].case_id, "ex-1");
	assert_true(fabs(loaded->items[0].latency_ms - 1500) < 1e-3);
	assert_true(loaded->items[0].cost_usd == 0.003 && loaded->items[0].score == 0.25);
	assert_int_equal(loaded->items[0].passed, TRI_NO);
}

static void steps_inside_a_braintrust_row_are_no_answers(void **state)
{
	(void)state;
	assert_int_equal(load("[{\"id\":\"1\",\"dataset_record_id\":\"d1\",\"root_span_id\":\"1\",\"span_parents\":null,"
			      "\"output\":\"yes\",\"scores\":{\"Factuality\":0.8},\"metrics\":{\"start\":10.0,\"end\":12.5,"
			      "\"prompt_tokens\":9,\"estimated_cost\":0.01}},"
			      "{\"id\":\"2\",\"root_span_id\":\"1\",\"span_parents\":[\"1\"],\"output\":\"step\"}]").code, STATUS_OK);
	assert_string_equal(loaded->source, "braintrust");
	assert_int_equal(loaded->count, 1);
	assert_text(loaded->items[0].case_id, "d1");
	assert_true(loaded->items[0].latency_ms == 2500);
	assert_int_equal(loaded->items[0].passed, TRI_YES);
}

static void junit_tests_pass_fail_or_were_not_run(void **state)
{
	(void)state;
	assert_int_equal(load("<?xml version=\"1.0\"?><testsuites><testsuite name=\"s\">"
			      "<testcase classname=\"t.A\" name=\"one\" time=\"0.5\"/>"
			      "<testcase classname=\"t.A\" name=\"two\"><failure message=\"3 &lt; 4\">trace</failure></testcase>"
			      "<testcase name=\"three\"><skipped/></testcase></testsuite></testsuites>").code, STATUS_OK);
	assert_int_equal(loaded->count, 2);
	assert_int_equal(loaded->skipped, 1);
	assert_text(loaded->items[0].case_id, "t.A.one");
	assert_text(loaded->items[0].short_id, "one");
	assert_true(loaded->items[0].latency_ms == 500);
	assert_int_equal(loaded->items[1].passed, TRI_NO);
	assert_text(loaded->items[1].why, "3 < 4");
}

static void surefire_tells_tries_inside_the_test(void **state)
{
	(void)state;
	assert_int_equal(load("<testsuite><testcase classname=\"A\" name=\"flaky\" time=\"1\"><flakyFailure message=\"no\"/>"
			      "</testcase><testcase classname=\"A\" name=\"bad\"><failure message=\"f\"/><rerunFailure message=\"f\"/>"
			      "</testcase></testsuite>").code, STATUS_OK);
	assert_int_equal(loaded->count, 4);
	assert_int_equal(loaded->items[0].passed, TRI_YES);
	assert_int_equal(loaded->items[0].why.len, 0);
	assert_text(loaded->items[1].case_id, "A.flaky");
	assert_int_equal(loaded->items[1].passed, TRI_NO);
	assert_text(loaded->items[1].why, "no");
	assert_true(loaded->items[2].passed == TRI_NO && loaded->items[3].passed == TRI_NO);
}

static void a_time_below_zero_is_no_latency(void **state)
{
	(void)state;
	assert_int_equal(load("<testsuite><testcase name=\"a\" time=\"-0.5\"/></testsuite>").code, STATUS_OK);
	assert_true(isnan(loaded->items[0].latency_ms)); /* a clock was set back: it would keep to any limit */
}

static void an_answer_from_a_cache_has_no_cost(void **state)
{
	(void)state;
	assert_int_equal(load("{\"testCase\":{\"description\":\"a\"},\"success\":true,\"cost\":0,\"incurredCost\":0,\"latencyMs\":28,"
			      "\"response\":{\"output\":\"x\",\"cached\":true,\"cost\":0,\"tokenUsage\":{\"prompt\":0}}}").code, STATUS_OK);
	assert_true(loaded->items[0].is_cached && isnan(loaded->items[0].cost_usd) &&
		    isnan(loaded->items[0].input_tokens));
	assert_true(loaded->items[0].latency_ms == 28);
}

static void tables_are_read_by_their_header(void **state)
{
	(void)state;
	assert_int_equal(load("id,output,passed,cost_usd\r\na,\"one, \"\"two\"\"\nthree\",True,0.5\r\nb,x,False,\r\n").code, STATUS_OK);
	assert_int_equal(loaded->count, 2);
	assert_text(loaded->items[0].output, "one, \"two\"\nthree");
	assert_true(loaded->items[0].passed == TRI_YES && loaded->items[0].cost_usd == 0.5);
	assert_true(loaded->items[1].passed == TRI_NO && isnan(loaded->items[1].cost_usd));
	assert_int_equal(load("id,output\na,\"b\n").code, STATUS_MALFORMED);
	assert_non_null(strstr(buf_string(&why), "2:1: a quote has no end"));
	assert_int_equal(load("id,output\na,b,c\n").code, STATUS_MALFORMED);
	assert_non_null(strstr(buf_string(&why), "2:1: more cells than the header has"));
}

static void a_byte_order_mark_is_no_part_of_the_first_name(void **state)
{
	(void)state;
	assert_int_equal(load("\xef\xbb\xbfpassed,id\r\nFalse,a\r\n").code, STATUS_OK); /* as spreadsheets write it */
	assert_true(loaded->items[0].passed == TRI_NO);
	assert_int_equal(load("\xef\xbb\xbf{\"id\":\"a\",\"passed\":true}\n{\"id\":\"b\"}\n").code, STATUS_OK);
	assert_int_equal(loaded->count, 2);
}

static void a_report_with_entities_of_its_own_is_refused(void **state)
{
	(void)state;
	assert_int_equal(load("<!DOCTYPE x [<!ENTITY a \"aaaa\">]><testsuite><testcase name=\"&a;\"/></testsuite>").code,
			 STATUS_MALFORMED);
}

static void calls_and_evaluations_of_a_trace_are_one_answer(void **state)
{
	(void)state;
	assert_int_equal(load("{\"type\":\"call\",\"trace_id\":\"t1\",\"cost_usd\":0.1,\"latency_ms\":10,\"outcome\":\"ok\"}\n"
			      "{\"type\":\"call\",\"trace_id\":\"t1\",\"cost_usd\":0.2,\"latency_ms\":30,\"outcome\":\"ok\"}\n"
			      "{\"type\":\"evaluation\",\"trace_id\":\"t1\",\"name\":\"faithful\",\"score\":0.9}\n"
			      "{\"type\":\"call\",\"trace_id\":\"t2\",\"cost_usd\":0.2,\"outcome\":\"refusal\"}\n"
			      "{\"type\":\"totals\"}\n").code, STATUS_OK);
	assert_string_equal(loaded->source, "replay");
	assert_int_equal(loaded->count, 2);
	assert_true(fabs(loaded->items[0].cost_usd - 0.3) < 1e-12 && loaded->items[0].latency_ms == 30);
	assert_int_equal(loaded->items[0].passed, TRI_YES);
	assert_int_equal(loaded->items[1].passed, TRI_NO);
	assert_text(loaded->items[0].case_id, "t1");
}

static void the_cost_of_a_trace_is_known_where_that_of_all_its_calls_is(void **state)
{
	(void)state;
	assert_int_equal(load("{\"type\":\"call\",\"trace_id\":\"t1\",\"cost_usd\":null,\"outcome\":\"ok\"}\n"
			      "{\"type\":\"call\",\"trace_id\":\"t1\",\"cost_usd\":0.2,\"outcome\":\"ok\"}\n"
			      "{\"type\":\"evaluation\",\"trace_id\":\"t2\",\"name\":\"kind\",\"pass\":true}\n"
			      "{\"type\":\"call\",\"trace_id\":\"t2\",\"cost_usd\":0.1,\"outcome\":\"ok\"}\n"
			      "{\"type\":\"call\",\"trace_id\":\"t2\",\"cost_usd\":0.2,\"outcome\":\"ok\"}\n").code, STATUS_OK);
	assert_true(isnan(loaded->items[0].cost_usd)); /* 0.2 would keep to a limit that nobody knows it to keep to */
	assert_true(fabs(loaded->items[1].cost_usd - 0.3) < 1e-12);
}

static void recorded_telemetry_is_no_result_and_is_told_what_makes_one(void **state)
{
	(void)state;
	assert_int_equal(load("{\"resourceSpans\":[]}\n{\"resourceSpans\":[]}\n").code, STATUS_INVALID);
	assert_int_equal(load("{\n  \"resourceSpans\": []\n}").code, STATUS_INVALID);
}

static void a_name_in_quotes_is_read_as_it_was_meant(void **state)
{
	(void)state;
	assert_int_equal(load("{\"type\":\"call\",\"trace_id\":\"t1\",\"session_id\":\"say \\\"no\\\"\",\"outcome\":\"ok\"}\n"
			      "{\"type\":\"call\",\"trace_id\":\"t2\",\"session_id\":null,\"outcome\":\"ok\"}\n").code, STATUS_OK);
	assert_text(loaded->items[0].case_id, "say \"no\"");
	assert_text(loaded->items[1].case_id, "t2");
}

static void an_answer_in_json_stays_json_where_no_tool_wraps_texts(void **state)
{
	(void)state;
	assert_int_equal(load("[{\"id\":\"a\",\"output\":{\"status\":\"ok\"}}]").code, STATUS_OK);
	assert_text(loaded->items[0].output, "{\"status\":\"ok\"}");
	assert_int_equal(load("[{\"example_id\":\"a\",\"outputs\":{\"answer\":\"yes\"}}]").code, STATUS_OK);
	assert_text(loaded->items[0].output, "yes");
}

static void a_conversation_names_the_case_of_its_traces(void **state)
{
	(void)state;
	assert_int_equal(load("{\"type\":\"call\",\"trace_id\":\"t1\",\"session_id\":\"refund\",\"outcome\":\"ok\"}\n"
			      "{\"type\":\"evaluation\",\"trace_id\":\"t1\",\"name\":\"kind\",\"pass\":true}\n"
			      "{\"type\":\"call\",\"trace_id\":\"t2\",\"session_id\":\"refund\",\"outcome\":\"ok\"}\n"
			      "{\"type\":\"evaluation\",\"trace_id\":\"t2\",\"name\":\"kind\",\"pass\":false}\n").code, STATUS_OK);
	assert_int_equal(loaded->count, 2);
	assert_text(loaded->items[0].case_id, "refund");
	assert_text(loaded->items[1].case_id, "refund");
	assert_true(loaded->items[0].passed == TRI_YES && loaded->items[1].passed == TRI_NO);
	assert_text(loaded->items[1].why, "kind failed");
}

static void what_is_no_result_is_told_with_its_place(void **state)
{
	(void)state;
	assert_int_equal(load("").code, STATUS_MALFORMED);
	assert_int_equal(load("{\"id\":\"a\"}\n{nonsense\n").code, STATUS_MALFORMED);
	assert_non_null(strstr(buf_string(&why), "2:2: no JSON"));
	assert_int_equal(load("[\n {\"id\":\"a\"},\n {\"id\":}\n]").code, STATUS_MALFORMED);
	assert_non_null(strstr(buf_string(&why), "3:8: no JSON"));
	assert_int_equal(load("{\"id\":\"a\"}\n{\"id\":\"b\",\"cost_usd\":NaN}\n").code, STATUS_MALFORMED);
	assert_non_null(strstr(buf_string(&why), "2:22: JSON has no such number: write null where it is unknown"));
	assert_int_equal(load("hello").code, STATUS_MALFORMED);
	assert_non_null(strstr(buf_string(&why), "no JSON, no JSON lines, no CSV, no YAML and no JUnit XML"));
	assert_int_equal(load("<promptfoo><evalId>e</evalId></promptfoo>").code, STATUS_MALFORMED);
	assert_non_null(strstr(buf_string(&why), "-o results.json"));
	assert_int_equal(load("[]").code, STATUS_MALFORMED);
	assert_non_null(strstr(buf_string(&why), "there is no result in it"));
	assert_int_equal(load("{\"output\":\"nobody's\"}").code, STATUS_MALFORMED);
	assert_non_null(strstr(buf_string(&why), "a result names no case"));
	assert_int_equal(load("<testsuite><testcase").code, STATUS_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(lines_of_json_say_what_they_know, forget),
		cmocka_unit_test_teardown(promptfoo_names_the_case_and_the_variant, forget),
		cmocka_unit_test_teardown(langsmith_runs_stand_under_their_examples, forget),
		cmocka_unit_test_teardown(steps_inside_a_braintrust_row_are_no_answers, forget),
		cmocka_unit_test_teardown(junit_tests_pass_fail_or_were_not_run, forget),
		cmocka_unit_test_teardown(surefire_tells_tries_inside_the_test, forget),
		cmocka_unit_test_teardown(a_time_below_zero_is_no_latency, forget),
		cmocka_unit_test_teardown(an_answer_from_a_cache_has_no_cost, forget),
		cmocka_unit_test_teardown(tables_are_read_by_their_header, forget),
		cmocka_unit_test_teardown(a_byte_order_mark_is_no_part_of_the_first_name, forget),
		cmocka_unit_test_teardown(a_report_with_entities_of_its_own_is_refused, forget),
		cmocka_unit_test_teardown(calls_and_evaluations_of_a_trace_are_one_answer, forget),
		cmocka_unit_test_teardown(the_cost_of_a_trace_is_known_where_that_of_all_its_calls_is, forget),
		cmocka_unit_test_teardown(recorded_telemetry_is_no_result_and_is_told_what_makes_one, forget),
		cmocka_unit_test_teardown(a_name_in_quotes_is_read_as_it_was_meant, forget),
		cmocka_unit_test_teardown(an_answer_in_json_stays_json_where_no_tool_wraps_texts, forget),
		cmocka_unit_test_teardown(a_conversation_names_the_case_of_its_traces, forget),
		cmocka_unit_test_teardown(what_is_no_result_is_told_with_its_place, forget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
