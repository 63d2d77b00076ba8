/* SPDX-License-Identifier: Apache-2.0
 * What the tools' own packages wrote (tests/exports, recorded by tests/record/exports.py): four questions, asked twice.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>

#include "agent/gate/gate.h"

static struct results *loaded;

static void load(const char *name)
{
	struct buf path = BUF_INIT, why = BUF_INIT;

	results_free(loaded);
	loaded = NULL;
	buf_printf(&path, "tests/exports/%s", name);
	struct status s = results_load(buf_string(&path), 0.5, &loaded, &why);
	if (FAILED(s))
		fail_msg("%s", buf_string(&why));
	buf_release(&path);
	buf_release(&why);
}

static int forget(void **state)
{
	(void)state;
	results_free(loaded);
	loaded = NULL;
	return 0;
}

static struct gate *judge(const struct suite *suite)
{
	const struct gate_limits limits = { NAN, NAN, NAN, NAN };
	const struct gate_variants variants = { NULL, NULL };
	struct buf why = BUF_INIT;
	struct gate *g = NULL;

	assert_int_equal(gate_judge(suite, loaded, NULL, &limits, &variants, &g, &why).code, STATUS_OK);
	buf_release(&why);
	return g;
}

static bool is(struct slice got, const char *wanted)
{
	return slice_equal(got, slice_of(wanted));
}

static void assert_promptfoo(void)
{
	assert_string_equal(loaded->source, "promptfoo");
	assert_int_equal(loaded->count, 8);
	const struct result *first = &loaded->items[0], *broken = &loaded->items[4];
	assert_true(is(first->case_id, "case-0") && is(first->question, "Where is order 0?"));
	assert_true(is(first->variant, "small / answer-1.4.0") && is(first->output, "{\"status\": \"on its way\"}"));
	assert_true(first->passed == TRI_YES && first->latency_ms == 120);
	assert_true(fabs(first->cost_usd - 0.00095) < 1e-12 && first->input_tokens == 300 &&
		    first->output_tokens == 20);
	assert_true(broken->passed == TRI_NO && is(broken->why, "Expected output to be valid JSON"));
	struct gate *g = judge(NULL);
	assert_int_equal(g->count, 4);
	assert_int_equal(g->flaky, 1); /* order 3 was good once */
	assert_true(fabs(g->pass_rate - 2.5 / 4) < 1e-12);
	gate_free(g);
}

static void promptfoo_results_are_the_same_as_json_lines_and_yaml(void **state)
{
	(void)state;
	load("promptfoo.json");
	assert_promptfoo();
	load("promptfoo.jsonl");
	assert_promptfoo();
	load("promptfoo.yaml");
	assert_promptfoo();
}

static void assert_langsmith(bool has_comment)
{
	assert_string_equal(loaded->source, "langsmith");
	assert_int_equal(loaded->count, 8);
	assert_true(is(loaded->items[0].question, "Where is order 0?"));
	assert_true(is(loaded->items[0].output, "{\"status\": \"on its way\"}"));
	assert_true(loaded->items[0].passed == TRI_YES && loaded->items[0].score == 1 &&
		    !isnan(loaded->items[0].latency_ms));
	assert_true(loaded->items[4].passed == TRI_NO && loaded->items[4].score == 0);
	assert_true(is(loaded->items[4].why, has_comment ? "is_json is 0: no JSON" : "is_json is 0"));
	assert_true(loaded->items[6].passed == TRI_NO && slice_starts_with(loaded->items[6].error,
									   SLICE("ValueError")));
	struct gate *g = judge(NULL);
	assert_int_equal(g->count, 4);
	assert_true(g->pass_rate == 0.5);
	gate_free(g);
}

static void langsmith_rows_are_read_from_the_sdk_and_from_pandas(void **state)
{
	(void)state;
	load("langsmith.rows.json");
	assert_langsmith(true);
	load("langsmith.pandas.jsonl");
	assert_langsmith(false);
	load("langsmith.pandas.csv");
	assert_langsmith(false);
}

static void braintrust_results_have_the_id_of_their_metadata(void **state)
{
	(void)state;
	load("braintrust.results.jsonl");
	assert_string_equal(loaded->source, "braintrust");
	assert_int_equal(loaded->count, 8);
	assert_true(is(loaded->items[0].case_id, "case-0") && loaded->items[0].passed == TRI_YES);
	assert_true(loaded->items[4].passed == TRI_NO && is(loaded->items[4].why, "is_json is 0"));
	assert_true(loaded->items[6].passed == TRI_NO && is(loaded->items[6].error, "the tool is gone"));
}

static void platforms_with_ids_of_their_own_find_the_case_by_its_question(void **state)
{
	struct suite_case cases[] = { { .id = "where", .question = "Where is order 0?" },
				      { .id = "gone", .question = " Where is order 3?\n" } };
	struct suite suite = { .cases = cases, .count = 2 };

	(void)state;
	load("langsmith.rows.json");
	struct gate *g = judge(&suite);
	assert_int_equal(g->missing, 0);
	assert_int_equal(g->unknown, 4); /* answers to the other two questions */
	assert_true(g->cases[0].runs == 2 && g->cases[0].passes == 2);
	assert_true(g->cases[1].runs == 2 && g->cases[1].passes == 0);
	assert_true(g->p95_latency_ms >= 0);
	gate_free(g);
}

/* As pytest writes it: xfail and skip were not run, errors in setup and teardown did not pass, a rerun is a run. */
static void pytest_tests_pass_fail_or_were_not_run(void **state)
{
	static const struct {
		const char *id;
		enum tristate passed;
	} wanted[] = {
		{ "test_prompts.test_answers", TRI_YES },  { "test_prompts.test_json[1]", TRI_YES },
		{ "test_prompts.test_json[2]", TRI_NO },   { "test_prompts.test_error", TRI_NO },
		{ "test_prompts.test_teardown", TRI_NO },  { "test_prompts.test_flaky", TRI_YES },
		{ "test_prompts.test_flaky", TRI_YES },
	};

	(void)state;
	load("pytest.xml");
	assert_int_equal(loaded->skipped, 2);
	assert_int_equal(loaded->count, sizeof(wanted) / sizeof(wanted[0]));
	for (size_t i = 0; i < loaded->count; i++)
		assert_true(is(loaded->items[i].case_id, wanted[i].id) && loaded->items[i].passed == wanted[i].passed);
	assert_true(slice_starts_with(loaded->items[2].why, SLICE("AssertionError: no JSON: <b>&")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(promptfoo_results_are_the_same_as_json_lines_and_yaml, forget),
		cmocka_unit_test_teardown(langsmith_rows_are_read_from_the_sdk_and_from_pandas, forget),
		cmocka_unit_test_teardown(braintrust_results_have_the_id_of_their_metadata, forget),
		cmocka_unit_test_teardown(platforms_with_ids_of_their_own_find_the_case_by_its_question, forget),
		cmocka_unit_test_teardown(pytest_tests_pass_fail_or_were_not_run, forget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
