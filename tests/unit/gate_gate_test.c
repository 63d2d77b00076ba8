/* SPDX-License-Identifier: Apache-2.0
 * An answer passes when it keeps to its case; a version passes when its answers keep to the limits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/base/json.h"
#include "agent/gate/gate.h"

static const char *thirty_days[] = { "30  Days" }, *cannot[] = { "I cannot help" }, *digits[] = { "^\\d+$" };
static const char *either[] = { "yes", "no" };

static struct result answer(const char *id, const char *text)
{
	return (struct result){ .case_id = slice_of(id), .output = slice_of(text), .passed = TRI_UNKNOWN, .score = NAN,
				.cost_usd = 0.01, .latency_ms = 100, .input_tokens = NAN, .output_tokens = NAN };
}

static void assert_why(const struct suite_case *c, const struct result *r, const char *wanted)
{
	struct buf why = BUF_INIT;
	bool passes = answer_passes(c, r, &why);

	assert_string_equal(buf_string(&why), wanted != NULL ? wanted : "");
	assert_int_equal(passes, wanted == NULL);
	buf_release(&why);
}

static void texts_are_found_whatever_their_case_and_spacing(void **state)
{
	struct suite_case c = { .id = "a", .expected = { thirty_days, 1 }, .must_not = { cannot, 1 } };
	struct result good = answer("a", "Refunds take 30\n   days."), bad = answer("a", "Soon."),
		      rude = answer("a", "30 days, but i CANNOT  help");

	(void)state;
	assert_why(&c, &good, NULL);
	assert_why(&c, &bad, "expected '30  Days' is not in the answer");
	assert_why(&c, &rude, "'I cannot help' must not be in the answer");
	bad.passed = TRI_YES; /* its tool judged the meaning */
	assert_why(&c, &bad, NULL);
	static const char *apples[] = { "\xc3\x84PFEL + (nuts)" };
	struct suite_case german = { .id = "a", .must_not = { apples, 1 } };
	struct result told = answer("a", "viele \xc3\xa4pfel \n + (NUTS)."), other = answer("a", "viele \xc3\xa4pfel (nuts)");
	assert_why(&german, &told, "'\xc3\x84PFEL + (nuts)' must not be in the answer");
	assert_why(&german, &other, NULL);
}

static void each_check_says_what_it_misses(void **state)
{
	struct suite_case pattern = { .id = "a", .regex = { digits, 1 } }, any = { .id = "a",
										   .contains_any = { either, 2 } },
			  json = { .id = "a", .is_json = true },
			  schema = { .id = "a", .json_schema = "{\"required\":[\"x\"]}" }, cites = { .id = "a",
												     .cites = 2 };
	struct result number = answer("a", "42"), words = answer("a", "see [1] and https://x.example/"),
		      object = answer("a", "{\"y\":1}");

	(void)state;
	assert_why(&pattern, &number, NULL);
	assert_why(&pattern, &words, "the answer does not match '^\\d+$'");
	assert_why(&any, &number, "none of 2 texts is in the answer");
	assert_why(&json, &words, "the answer is no valid JSON");
	assert_why(&schema, &object, "/: 'x' is missing");
	assert_why(&cites, &words, NULL);
	assert_why(&cites, &number, "cites 0 sources, 2 are wanted");
}

static void every_check_lets_pass_what_keeps_to_it_and_names_what_does_not(void **state)
{
	static const char *both[] = { "yes", "no" }, *word[] = { "sorry" }, *pattern[] = { "^\\d+$" }, *bad[] = { "(" };
	static const struct {
		struct suite_case asked;
		const char *good, *bad, *why;
	} checks[] = {
		{ { .must_not = { word, 1 } }, "fine", "I am  SORRY", "'sorry' must not be in the answer" },
		{ { .contains = { both, 2 } }, "yes and no", "yes", "text 'no' is not in the answer" },
		{ { .contains_any = { both, 2 } }, "no", "perhaps", "none of 2 texts is in the answer" },
		{ { .regex = { pattern, 1 } }, "42", "42 days", "the answer does not match '^\\d+$'" },
		{ { .not_regex = { pattern, 1 } }, "42 days", "42", "the answer matches '^\\d+$'" },
		{ { .regex = { bad, 1 } }, NULL, "x", "pattern '(' takes too long over this answer" },
		{ { .is_json = true }, "[1, {\"a\": null}]", "{\"a\": 1", "the answer is no valid JSON" },
		{ { .is_json = true }, "\"text\"", "", "the results do not tell what was answered" },
		{ { .json_schema = "{\"type\":\"object\",\"required\":[\"id\"]}" }, "{\"id\":1}", "{}", "/: 'id' is missing" },
		{ { .cites = 1 }, "so [1]", "so", "cites 0 sources, 1 are wanted" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		struct result good = answer("a", checks[i].good), bad_one = answer("a", checks[i].bad);
		if (checks[i].good != NULL)
			assert_why(&checks[i].asked, &good, NULL);
		assert_why(&checks[i].asked, &bad_one, checks[i].why);
	}
}

static void limits_of_a_case_hold_up_to_their_value(void **state)
{
	const struct suite_case cost = { .max_cost_usd = 0.01 }, latency = { .max_latency_ms = 100 },
				input = { .max_input_tokens = 5 }, output = { .max_output_tokens = 5 };
	struct result r = answer("a", "x");

	(void)state;
	r.input_tokens = r.output_tokens = 5;
	assert_why(&cost, &r, NULL);
	assert_why(&latency, &r, NULL);
	assert_why(&input, &r, NULL);
	assert_why(&output, &r, NULL);
	r.cost_usd = 0.02;
	r.latency_ms = 101;
	r.input_tokens = r.output_tokens = 6;
	assert_why(&cost, &r, "cost is 0.02 USD, at most 0.01 is wanted");
	assert_why(&latency, &r, "latency is 101 ms, at most 100 is wanted");
	assert_why(&input, &r, "input length is 6 tokens, at most 5 is wanted");
	assert_why(&output, &r, "output length is 6 tokens, at most 5 is wanted");
	r.cost_usd = r.latency_ms = NAN;
	assert_why(&cost, &r, "cost is unknown, at most 0.01 USD is wanted");
	assert_why(&latency, &r, "latency is unknown, at most 100 ms is wanted");
}

static void a_limit_on_what_is_not_told_is_not_kept(void **state)
{
	struct suite_case c = { .id = "a", .max_output_tokens = 10 };
	struct result r = answer("a", "x");

	(void)state;
	assert_why(&c, &r, "output length is unknown, at most 10 tokens is wanted");
	r.output_tokens = 11;
	assert_why(&c, &r, "output length is 11 tokens, at most 10 is wanted");
	r.output_tokens = 10;
	assert_why(&c, &r, NULL);
}

static void what_nobody_judged_has_not_passed(void **state)
{
	struct suite_case asks_nothing = { .id = "a", .question = "why?" }, has_limit = { .id = "a",
											  .max_cost_usd = 1 };
	struct result r = answer("a", "x");

	(void)state;
	assert_why(NULL, &r, "nobody judged it: the results say neither passed nor score, and there is no suite");
	assert_why(&asks_nothing, &r,
		   "nobody judged it: the results say neither passed nor score, and its case checks nothing");
	assert_why(&has_limit, &r, NULL);
	r.passed = TRI_NO;
	r.score = 0.2;
	assert_why(NULL, &r, "score 0.2");
}

/* Wilson's interval of 46 of 49 as R's prop.test(46, 49, correct = FALSE) gives it. */
static void the_interval_is_wilsons(void **state)
{
	double low, high;

	(void)state;
	wilson_interval(46.0 / 49, 49, &low, &high);
	assert_true(fabs(low - 0.8348) < 5e-4 && fabs(high - 0.9790) < 5e-4);
	wilson_interval(1, 10, &low, &high);
	assert_true(fabs(low - 0.7225) < 5e-4 && high > 0.999999);
}

static const struct gate_variants any_variant = { NULL, NULL };

static struct gate_limits no_limits(void)
{
	return (struct gate_limits){ NAN, NAN, NAN, NAN };
}

static void a_case_that_passed_before_and_fails_now_is_a_regression(void **state)
{
	struct result before[] = { answer("a", ""), answer("b", "") }, now[] = { answer("a", ""), answer("b", ""),
										 answer("b", "") };
	struct results then = { .items = before, .count = 2, .source = "json" },
		       today = { .items = now, .count = 3, .source = "json" };
	struct gate_limits limits = no_limits();
	struct buf why = BUF_INIT;
	struct gate *g;

	(void)state;
	before[0].passed = before[1].passed = TRI_YES;
	now[0].passed = TRI_YES;
	now[1].passed = TRI_NO;
	now[2].passed = TRI_YES;
	limits.max_regressions = 0;
	assert_int_equal(gate_judge(NULL, &today, &then, &limits, &any_variant, &g, &why).code, STATUS_OK);
	assert_int_equal(g->regressions, 1);
	assert_int_equal(g->flaky, 1);
	assert_true(fabs(g->pass_rate - 0.75) < 1e-12);
	assert_false(g->open);
	gate_free(g);
	limits.max_regressions = 1;
	assert_int_equal(gate_judge(NULL, &today, &then, &limits, &any_variant, &g, &why).code, STATUS_OK);
	assert_true(g->open);
	gate_free(g);
}

static void cases_of_the_baseline_that_are_gone_are_named(void **state)
{
	struct result before[] = { answer("a", ""), answer("b", "") }, now[] = { answer("a", "") };
	struct results then = { .items = before, .count = 2, .source = "json" },
		       today = { .items = now, .count = 1, .source = "json" };
	const struct gate_style style = { .width = 80 };
	struct gate_limits limits = no_limits();
	struct buf why = BUF_INIT, out = BUF_INIT;
	struct gate *g;

	(void)state;
	before[0].passed = before[1].passed = now[0].passed = TRI_YES;
	limits.max_regressions = 0;
	assert_int_equal(gate_judge(NULL, &today, &then, &limits, &any_variant, &g, &why).code, STATUS_OK);
	assert_int_equal(g->gone, 1);
	assert_int_equal(g->regressions, 0);
	gate_print_text(g, &style, &out);
	assert_non_null(strstr(buf_string(&out), "1 case of the baseline has no result now ('b')"));
	assert_non_null(strstr(buf_string(&out),
			       "before: pass rate 1.000, average cost 0.01 USD, p95 latency 100 ms; 0 regressed"));
	gate_free(g);
	buf_release(&out);
	buf_release(&why);
}

static void answers_that_are_not_told_pass_no_check_of_theirs(void **state)
{
	static const char *word[] = { "sorry" };
	struct suite_case must_not = { .id = "a", .must_not = { word, 1 } }, json = { .id = "a", .is_json = true };
	struct result r = answer("a", "");

	(void)state;
	assert_why(&json, &r, "the results do not tell what was answered");
	assert_why(&must_not, &r, "the results do not tell what was answered");
	r.passed = TRI_YES; /* somebody looked at it */
	assert_why(&must_not, &r, NULL);
	assert_why(&json, &r, "the results do not tell what was answered");
}

static void each_of_many_cases_is_found(void **state)
{
	enum { MANY = 20000 };
	struct result *now = calloc(MANY, sizeof(*now));
	char (*names)[16] = calloc(MANY, sizeof(*names));
	struct results today = { .items = now, .count = MANY, .source = "json" };
	struct gate_limits limits = no_limits();
	struct buf why = BUF_INIT;
	struct gate *g;

	(void)state;
	for (int i = 0; i < MANY; i++) {
		snprintf(names[i], sizeof(names[i]), "case %d", i % (MANY / 2)); /* each twice */
		now[i] = answer(names[i], "");
		now[i].passed = i < MANY / 2 ? TRI_YES : TRI_NO;
	}
	assert_int_equal(gate_judge(NULL, &today, &today, &limits, &any_variant, &g, &why).code, STATUS_OK);
	assert_int_equal(g->count, MANY / 2);
	assert_int_equal(g->flaky, MANY / 2);
	assert_int_equal(g->gone, 0);
	gate_free(g);
	free(names);
	free(now);
}

static void nothing_in_a_report_moves_a_cursor_or_ends_in_half_a_character(void **state)
{
	static char umlauts[402] = "x"; /* 200 of two bytes each, so that every cut by bytes goes through one */
	const struct gate_style style = { .width = 80, .all_cases = true };
	struct gate_limits limits = no_limits();
	struct buf why = BUF_INIT, text = BUF_INIT, markdown = BUF_INIT;
	struct gate *g;

	(void)state;
	for (size_t i = 1; i < 401; i += 2)
		memcpy(umlauts + i, "\xc3\xa4", 2);
	struct result now[] = { answer("a\x1b[31m\nb", ""), answer(umlauts, "") };
	struct results today = { .items = now, .count = 2, .source = "json" };
	now[0].passed = now[1].passed = TRI_NO;
	now[0].why = now[1].why = slice_of(umlauts);
	assert_int_equal(gate_judge(NULL, &today, NULL, &limits, &any_variant, &g, &why).code, STATUS_OK);
	gate_print_text(g, &style, &text);
	gate_print_markdown(g, &markdown);
	assert_non_null(strstr(buf_string(&text), "a [31m b "));
	const struct buf *reports[] = { &text, &markdown };
	for (int i = 0; i < 2; i++) {
		assert_null(memchr(reports[i]->ptr, '\x1b', reports[i]->len));
		for (size_t at = 0, n; at < reports[i]->len; at += n)
			assert_true((n = utf8_sequence(slice_skip(buf_view(reports[i]), at))) > 0);
	}
	gate_free(g);
	buf_release(&text);
	buf_release(&markdown);
	buf_release(&why);
}

static void a_case_that_was_not_run_has_not_passed(void **state)
{
	struct suite_case cases[] = { { .id = "a" }, { .id = "b" } };
	struct suite suite = { .cases = cases, .count = 2 };
	struct result now[] = { answer("a", ""), answer("elsewhere", "") };
	struct results today = { .items = now, .count = 2, .source = "json" };
	struct gate_limits limits = no_limits();
	struct buf why = BUF_INIT;
	struct gate *g;

	(void)state;
	now[0].passed = TRI_YES;
	limits.min_pass_rate = 0.9;
	assert_int_equal(gate_judge(&suite, &today, NULL, &limits, &any_variant, &g, &why).code, STATUS_OK);
	assert_int_equal(g->missing, 1);
	assert_int_equal(g->unknown, 1);
	assert_true(g->pass_rate == 0.5);
	assert_false(g->open);
	gate_free(g);
}

static void a_cost_that_one_answer_does_not_tell_is_unknown_and_keeps_no_limit(void **state)
{
	struct result now[] = { answer("a", ""), answer("b", "") };
	struct results today = { .items = now, .count = 2, .source = "json" };
	struct gate_limits limits = no_limits();
	struct buf why = BUF_INIT;
	struct gate *g;

	(void)state;
	now[0].passed = now[1].passed = TRI_YES;
	now[1].cost_usd = NAN;
	limits.max_average_cost_usd = 1;
	assert_int_equal(gate_judge(NULL, &today, NULL, &limits, &any_variant, &g, &why).code, STATUS_OK);
	assert_true(isnan(g->average_cost_usd));
	assert_false(g->open);
	gate_free(g);
}

static void several_variants_must_be_told_apart(void **state)
{
	struct result now[] = { answer("a", ""), answer("a", "") };
	struct results today = { .items = now, .count = 2, .source = "json" };
	struct gate_limits limits = no_limits();
	struct buf why = BUF_INIT;
	struct gate *g = NULL;

	(void)state;
	now[0].variant = SLICE("openai / v1");
	now[1].variant = SLICE("openai / v2");
	assert_int_equal(gate_judge(NULL, &today, NULL, &limits, &any_variant, &g, &why).code, STATUS_INVALID);
	assert_non_null(strstr(buf_string(&why), "'openai / v1' and of 'openai / v2'"));
	assert_int_equal(gate_judge(NULL, &today, NULL, &limits, &(struct gate_variants){ "v2", NULL }, &g, &why).code,
			 STATUS_OK);
	assert_int_equal(g->runs, 1);
	gate_free(g);
	assert_int_equal(gate_judge(NULL, &today, &today, &limits, &(struct gate_variants){ "v2", NULL }, &g,
				    &why).code,
			 STATUS_INVALID);
	assert_non_null(strstr(buf_string(&why), "--baseline-variant is wanted"));
	assert_int_equal(gate_judge(NULL, &today, &today, &limits, &(struct gate_variants){ "v2", "v1" }, &g,
				    &why).code,
			 STATUS_OK);
	gate_free(g);
	buf_release(&why);
}

static void a_variant_named_in_full_is_meant_though_another_begins_so(void **state)
{
	struct result now[] = { answer("a", ""), answer("a", "") };
	struct results today = { .items = now, .count = 2, .source = "json" };
	struct gate_limits limits = no_limits();
	struct buf why = BUF_INIT;
	struct gate *g = NULL;

	(void)state;
	now[0].variant = SLICE("gpt-4o-mini");
	now[1].variant = SLICE("gpt-4o");
	assert_int_equal(gate_judge(NULL, &today, NULL, &limits, &(struct gate_variants){ "gpt-4o", NULL }, &g,
				    &why).code,
			 STATUS_OK);
	assert_int_equal(g->runs, 1);
	gate_free(g);
	buf_release(&why);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_found_whatever_their_case_and_spacing),
		cmocka_unit_test(each_check_says_what_it_misses),
		cmocka_unit_test(every_check_lets_pass_what_keeps_to_it_and_names_what_does_not),
		cmocka_unit_test(limits_of_a_case_hold_up_to_their_value),
		cmocka_unit_test(a_limit_on_what_is_not_told_is_not_kept),
		cmocka_unit_test(what_nobody_judged_has_not_passed),
		cmocka_unit_test(the_interval_is_wilsons),
		cmocka_unit_test(a_case_that_passed_before_and_fails_now_is_a_regression),
		cmocka_unit_test(cases_of_the_baseline_that_are_gone_are_named),
		cmocka_unit_test(answers_that_are_not_told_pass_no_check_of_theirs),
		cmocka_unit_test(each_of_many_cases_is_found),
		cmocka_unit_test(nothing_in_a_report_moves_a_cursor_or_ends_in_half_a_character),
		cmocka_unit_test(a_case_that_was_not_run_has_not_passed),
		cmocka_unit_test(a_cost_that_one_answer_does_not_tell_is_unknown_and_keeps_no_limit),
		cmocka_unit_test(several_variants_must_be_told_apart),
		cmocka_unit_test(a_variant_named_in_full_is_meant_though_another_begins_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
