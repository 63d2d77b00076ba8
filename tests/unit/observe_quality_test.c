/* SPDX-License-Identifier: Apache-2.0
 * What is said of calls is counted under the calls' labels, and bounded.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "agent/observe/quality.h"

static struct call_labels greet = { .prompt = { "greet@2", 7 } };
static struct known_call call;
static struct buf out;

static int release(void **state)
{
	(void)state;
	buf_release(&out);
	call = (struct known_call){ 0 };
	return 0;
}

static void count(struct quality *q, struct judgement j, bool joined)
{
	struct joined_judgement joining = { &j, 0, joined ? &call : NULL, joined ? &greet : NULL,
					    joined ? NULL : "unknown_call" };

	quality_count(q, &joining);
}

static void render(struct quality *q)
{
	struct exposition x = { .out = &out };

	buf_reset(&out);
	quality_render(q, &x);
	buf_string(&out);
}

static void assert_holds(const char *text)
{
	if (slice_find(buf_view(&out), slice_of(text)) < 0)
		fail_msg("no '%s' in:\n%s", text, buf_string(&out));
}

static struct judgement score(const char *name, double value)
{
	return (struct judgement){ .kind = JUDGEMENT_EVALUATION, .name = slice_of(name), .scale = SCALE_SCORE,
				   .value = value, .source = JUDGED_BY_LLM };
}

static struct judgement vote(const char *name, bool yes)
{
	return (struct judgement){ .kind = JUDGEMENT_FEEDBACK, .name = slice_of(name), .scale = SCALE_VOTE,
				   .value = yes, .source = JUDGED_BY_USER };
}

#define LABELS "provider=\"unknown\",model=\"unknown\",feature=\"unknown\",prompt=\"greet@2\","

static void scores_are_a_histogram_by_name_and_prompt(void **state)
{
	struct quality *q = quality_new(100, 64);

	(void)state;
	count(q, score("Relevance", 0.25), true);
	count(q, score("Relevance", 0.75), true);
	count(q, score("Relevance", -1), true);
	count(q, score("Relevance", 50), true);
	render(q);
	assert_holds("# TYPE plimsoll_eval_score histogram\n");
	assert_holds("plimsoll_eval_score_bucket{" LABELS "source=\"llm\",traffic=\"production\",name=\"Relevance\",le=\"0.0\"} 1\n");
	assert_holds("name=\"Relevance\",le=\"0.3\"} 2\n");
	assert_holds("name=\"Relevance\",le=\"10.0\"} 3\n");
	assert_holds("name=\"Relevance\",le=\"+Inf\"} 4\n");
	assert_holds("plimsoll_eval_score_sum{" LABELS "source=\"llm\",traffic=\"production\",name=\"Relevance\"} 50\n");
	assert_holds("name=\"Relevance\",result=\"none\"} 4\n");
	quality_free(q);
}

static void signals_have_words_for_yes_and_no(void **state)
{
	struct quality *q = quality_new(100, 64);
	struct judgement clicked = vote("clicked", true);

	(void)state;
	clicked.scale = SCALE_NONE;
	count(q, vote("thumbs", true), true);
	count(q, vote("thumbs", false), true);
	count(q, vote("accepted", false), true);
	count(q, vote("escalated", false), true);
	count(q, clicked, true);
	render(q);
	assert_holds("signal=\"thumbs_up\"} 1\n");
	assert_holds("signal=\"thumbs_down\"} 1\n");
	assert_holds("signal=\"rejected\"} 1\n");
	assert_holds("signal=\"not_escalated\"} 1\n");
	assert_holds("signal=\"clicked\"} 1\n");
	quality_free(q);
}

static void the_unjoined_and_evaluation_runs_stand_apart(void **state)
{
	struct quality *q = quality_new(100, 64);

	(void)state;
	count(q, vote("thumbs", true), false);
	call.is_evaluation_traffic = true;
	count(q, vote("thumbs", true), true);
	render(q);
	assert_holds("prompt=\"unknown\",source=\"user\",traffic=\"unknown\",signal=\"thumbs_up\"} 1\n");
	assert_holds("prompt=\"greet@2\",source=\"user\",traffic=\"evaluation\",signal=\"thumbs_up\"} 1\n");
	quality_free(q);
}

static void names_and_series_are_bounded(void **state)
{
	struct quality *q = quality_new(200, 64);
	char name[16];

	(void)state;
	for (unsigned i = 0; i < QUALITY_NAMES + 5; i++) {
		snprintf(name, sizeof(name), "n%u", i);
		count(q, score(name, 1), true);
	}
	render(q);
	assert_holds("plimsoll_eval_score_count{" LABELS "source=\"llm\",traffic=\"production\",name=\"other\"} 5\n");
	quality_free(q);
	q = quality_new(2, 64);
	for (unsigned i = 0; i < 5; i++) {
		snprintf(name, sizeof(name), "n%u", i);
		count(q, score(name, 1), true);
	}
	render(q);
	assert_holds("plimsoll_eval_score_count{otel_metric_overflow=\"true\"} 3\n");
	quality_free(q);
}

static void a_row_sums_up_what_was_said_of_its_calls(void **state)
{
	struct quality *q = quality_new(100, 64);
	struct judgement passed = score("Format", 0);

	(void)state;
	passed.scale = SCALE_NONE;
	passed.passed = TRI_YES;
	count(q, score("Relevance", 0.5), true);
	count(q, score("Relevance", 1), true);
	count(q, vote("thumbs", false), true);
	count(q, passed, true);
	quality_write_row(q, LABEL_PROMPT, SLICE("greet@2"), SLICE_NONE, &out);
	assert_string_equal(buf_string(&out), "{\"scores\":{\"Relevance\":{\"count\":2,\"mean\":0.75}},\"passed\":1,\"failed\":0,"
					      "\"thumbs_up\":0,\"thumbs_down\":1}");
	buf_reset(&out);
	quality_write_row(q, LABEL_PROMPT, SLICE("greet@1"), SLICE_NONE, &out);
	assert_string_equal(buf_string(&out), "null");
	quality_free(q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(scores_are_a_histogram_by_name_and_prompt, release),
		cmocka_unit_test_teardown(signals_have_words_for_yes_and_no, release),
		cmocka_unit_test_teardown(the_unjoined_and_evaluation_runs_stand_apart, release),
		cmocka_unit_test_teardown(names_and_series_are_bounded, release),
		cmocka_unit_test_teardown(a_row_sums_up_what_was_said_of_its_calls, release),
	};
	return cmocka_run_group_tests_name("observe/quality", tests, NULL, NULL);
}
