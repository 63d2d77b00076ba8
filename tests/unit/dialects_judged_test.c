/* SPDX-License-Identifier: Apache-2.0
 * Evaluations and feedback are found in the spans, events and log records of those who send them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/dialects_rig.h"

#define MAX 24

static struct {
	struct attribute items[MAX];
	size_t count;
} made;

static struct {
	struct judgement items[MAX];
	size_t count;
} found;

static int begin(void **state)
{
	(void)state;
	made.count = found.count = 0;
	return 0;
}

static void text(const char *key, const char *value)
{
	made.items[made.count++] = (struct attribute){ slice_of(key),
						       { .kind = ANY_STRING, .bytes = slice_of(value) } };
}

static void real(const char *key, double value)
{
	made.items[made.count++] = (struct attribute){ slice_of(key), { .kind = ANY_DOUBLE, .real = value } };
}

static void truth(const char *key, bool value)
{
	made.items[made.count++] = (struct attribute){ slice_of(key), { .kind = ANY_BOOL, .boolean = value } };
}

static void note(void *context, const struct judgement *j)
{
	(void)context;
	found.items[found.count++] = *j;
}

static const char trace_id[] = "0123456789abcdef", span_id[] = "01234567", parent_id[] = "parent!!";

/* event: of that name with the attributes made; NULL: they are the span's. */
static void read_span(const char *event)
{
	static uint32_t sequence;
	struct scope_view scope = { .name = SLICE("test") };
	struct resource_view resource = { { NULL, 0 }, ++sequence };
	struct event_view e = { .name = slice_of(event), .attributes = { made.items, made.count },
				.time_unix_ns = 3000 };
	struct span_view span = {
		.trace_id = { trace_id, 16 },
		.span_id = { span_id, 8 },
		.parent_span_id = { parent_id, 8 },
		.start_unix_ns = 1000,
		.end_unix_ns = 5000,
		.events = &e,
		.event_count = event != NULL,
		.scope = &scope,
		.resource = &resource,
	};
	struct call c;

	if (event == NULL)
		span.attributes = (struct attributes){ made.items, made.count };
	bool is_call = dialect_read(reader, &span, &c) && c.counted;
	dialect_read_judgements(reader, &span, is_call, note, NULL);
}

static void read_log(const char *event, bool in_span)
{
	static uint32_t sequence = 1000;
	struct scope_view scope = { .name = SLICE("test") };
	struct resource_view resource = { { NULL, 0 }, ++sequence };
	struct log_view log = {
		.time_unix_ns = 7000,
		.event_name = slice_of(event),
		.trace_id = in_span ? (struct slice){ trace_id, 16 } : SLICE_NONE,
		.span_id = in_span ? (struct slice){ span_id, 8 } : SLICE_NONE,
		.attributes = { made.items, made.count },
		.scope = &scope,
		.resource = &resource,
	};
	struct call c;

	dialect_read_log(reader, &log, &c);
	dialect_read_log_judgements(reader, &log, note, NULL);
}

static const struct judgement *only(void)
{
	assert_int_equal(found.count, 1);
	return &found.items[0];
}

static void evaluation_result(void)
{
	text("gen_ai.evaluation.name", "Relevance");
	real("gen_ai.evaluation.score.value", 0.9);
	text("gen_ai.evaluation.score.label", "pass");
	text("gen_ai.evaluation.explanation", "private");
	text("gen_ai.response.id", "resp-1");
}

static void an_evaluation_result_is_read_from_a_span_event_and_from_a_log_record(void **state)
{
	(void)state;
	evaluation_result();
	read_span("gen_ai.evaluation.result");
	read_log("gen_ai.evaluation.result", true);
	assert_int_equal(found.count, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct judgement *j = &found.items[i];
		assert_int_equal(j->kind, JUDGEMENT_EVALUATION);
		assert_text(j->name, "Relevance");
		assert_true(j->scale == SCALE_SCORE && j->value == 0.9);
		assert_int_equal(j->passed, TRI_YES);
		assert_text(j->target.response_id, "resp-1");
		assert_true(j->target.has_trace && j->target.has_span);
		assert_memory_equal(j->target.span_id, span_id, 8);
		assert_int_equal(j->time_unix_ns, i == 0 ? 3000 : 7000);
	}
}

static void one_outside_of_any_span_names_its_response(void **state)
{
	(void)state;
	evaluation_result();
	read_log("gen_ai.evaluation.result", false);
	assert_false(only()->target.has_trace);
	assert_text(only()->target.response_id, "resp-1");
}

static void an_evaluator_that_broke_down_has_no_verdict(void **state)
{
	(void)state;
	text("gen_ai.evaluation.name", "Groundedness");
	text("error.type", "judge_timeout");
	read_log("gen_ai.evaluation.result", true);
	assert_true(only()->failed);
	assert_int_equal(only()->scale, SCALE_NONE);
	assert_int_equal(only()->passed, TRI_UNKNOWN);
}

static void user_feedback_by_the_same_event_is_feedback(void **state)
{
	(void)state;
	text("gen_ai.evaluation.name", "user_feedback");
	real("gen_ai.evaluation.score.value", 1);
	read_log("gen_ai.evaluation.result", true);
	assert_int_equal(only()->kind, JUDGEMENT_FEEDBACK);
	assert_int_equal(only()->source, JUDGED_BY_USER);
}

static void annotations_are_feedback_or_evaluations_by_their_annotator(void **state)
{
	(void)state;
	text("openinference.span.kind", "LLM");
	text("llm.model_name", "gpt-4o");
	text("annotations.0.annotation.name", "correct");
	text("annotations.0.annotation.annotator_kind", "HUMAN");
	real("annotations.0.annotation.score", 1);
	text("annotations.1.annotation.name", "toxicity");
	text("annotations.1.annotation.annotator_kind", "LLM");
	text("annotations.1.annotation.label", "fail");
	text("trace.evaluations.0.evaluation.name", "goal");
	real("trace.evaluations.0.evaluation.score", 0.5);
	text("session.annotations.0.annotation.name", "mood");
	text("session.annotations.0.annotation.label", "angry");
	text("session.id", "sess-1");
	read_span(NULL);
	assert_int_equal(found.count, 4);
	assert_int_equal(found.items[0].kind, JUDGEMENT_FEEDBACK);
	assert_int_equal(found.items[0].source, JUDGED_BY_HUMAN);
	assert_true(found.items[0].came_with_call && found.items[0].target.has_span);
	assert_int_equal(found.items[1].kind, JUDGEMENT_EVALUATION);
	assert_int_equal(found.items[1].passed, TRI_NO);
	assert_text(found.items[2].name, "goal");
	assert_true(found.items[2].target.has_trace && !found.items[2].target.has_span);
	assert_text(found.items[3].target.session_id, "sess-1");
	assert_false(found.items[3].target.has_trace);
}

static void numbers_that_run_away_are_left_out(void **state)
{
	(void)state;
	text("annotations.99999.annotation.name", "far");
	text("annotations.x.annotation.name", "none");
	text("annotations.annotation.name", "none");
	text("annotations.2.annotation.name", "third");
	real("annotations.2.annotation.score", 2);
	read_span(NULL);
	assert_text(only()->name, "third");
}

static void a_feedback_span_judges_its_parent(void **state)
{
	(void)state;
	text("logfire.span_type", "annotation");
	text("logfire.feedback.name", "helpful");
	text("logfire.feedback.comment", "private");
	truth("helpful", true);
	read_span(NULL);
	assert_int_equal(only()->kind, JUDGEMENT_FEEDBACK);
	assert_memory_equal(only()->target.span_id, parent_id, 8);
	assert_true(only()->scale == SCALE_VOTE && only()->value == 1);
}

static void scores_come_flat_or_as_one_object(void **state)
{
	(void)state;
	text("braintrust.scores", "{\"factuality\": 0.8, \"style\": null, \"tone\": 1}");
	real("braintrust.scores.safety", 0.25);
	read_span(NULL);
	assert_int_equal(found.count, 3);
	assert_text(found.items[0].name, "factuality");
	assert_true(found.items[0].value == 0.8);
	assert_text(found.items[1].name, "tone");
	assert_text(found.items[2].name, "safety");
}

static void a_tool_decision_is_feedback_where_a_user_made_it(void **state)
{
	(void)state;
	text("decision", "reject");
	text("source", "user_reject");
	text("session.id", "sess-1");
	text("tool_use_id", "toolu_1");
	read_log("claude_code.tool_decision", false);
	assert_text(only()->name, "tool_decision");
	assert_true(only()->scale == SCALE_VOTE && only()->value == 0);
	assert_text(only()->target.session_id, "sess-1");
	begin(NULL);
	text("decision", "accept");
	text("source", "config");
	text("session.id", "sess-1");
	read_log("claude_code.tool_decision", false);
	assert_int_equal(found.count, 0);
}

static void our_own_event_carries_any_signal(void **state)
{
	(void)state;
	text("plimsoll.feedback.signal", "thumbs_down");
	text("plimsoll.feedback.id", "fb-1");
	read_log("plimsoll.feedback", true);
	assert_text(only()->name, "thumbs");
	assert_true(only()->scale == SCALE_VOTE && only()->value == 0);
	assert_text(only()->given_id, "fb-1");
}

static void other_events_and_spans_say_nothing(void **state)
{
	(void)state;
	text("gen_ai.evaluation.name", "Relevance");
	real("gen_ai.evaluation.score.value", 0.9);
	read_span("exception");
	read_span(NULL);
	read_log("gen_ai.choice", true);
	begin(NULL);
	text("gen_ai.evaluation.name", "Relevance"); /* and nothing about it */
	read_log("gen_ai.evaluation.result", true);
	assert_int_equal(found.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(an_evaluation_result_is_read_from_a_span_event_and_from_a_log_record, begin),
		cmocka_unit_test_setup(one_outside_of_any_span_names_its_response, begin),
		cmocka_unit_test_setup(an_evaluator_that_broke_down_has_no_verdict, begin),
		cmocka_unit_test_setup(user_feedback_by_the_same_event_is_feedback, begin),
		cmocka_unit_test_setup(annotations_are_feedback_or_evaluations_by_their_annotator, begin),
		cmocka_unit_test_setup(numbers_that_run_away_are_left_out, begin),
		cmocka_unit_test_setup(a_feedback_span_judges_its_parent, begin),
		cmocka_unit_test_setup(scores_come_flat_or_as_one_object, begin),
		cmocka_unit_test_setup(a_tool_decision_is_feedback_where_a_user_made_it, begin),
		cmocka_unit_test_setup(our_own_event_carries_any_signal, begin),
		cmocka_unit_test_setup(other_events_and_spans_say_nothing, begin),
	};
	return cmocka_run_group_tests_name("dialects/judged", tests, set_up, tear_down);
}
