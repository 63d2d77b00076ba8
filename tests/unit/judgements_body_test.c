/* SPDX-License-Identifier: Apache-2.0
 * What applications post becomes judgements, in the words of several tools; what cannot be taken is named.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>

#include "agent/judgements/body.h"

#define TRACE "\"trace_id\":\"0102030405060708090a0b0c0d0e0f10\""
#define NOW   42u

static struct arena arena;
static struct buf why;

static struct judgement_list read_body(const char *text, enum judgement_kind kind)
{
	struct judgement_list list = { 0 };

	arena_init(&arena, 1 << 20);
	if (FAILED(judgement_body_read(slice_of(text), kind, NOW, &arena, &list, &why)))
		fail_msg("%s: %s", text, buf_string(&why));
	return list;
}

static struct judgement read_one(const char *text, enum judgement_kind kind)
{
	struct judgement_list list = read_body(text, kind);

	assert_int_equal(list.count, 1);
	assert_int_equal(list.items[0].kind, kind);
	return list.items[0];
}

static int release(void **state)
{
	(void)state;
	arena_release(&arena);
	buf_release(&why);
	return 0;
}

static void assert_text(struct slice have, const char *want)
{
	if (!slice_equal(have, slice_of(want)))
		fail_msg("have '%.*s', want '%s'", SLICE_ARG(have), want);
}

static void signals_become_votes_ratings_and_events(void **state)
{
	static const struct {
		const char *members, *name;
		enum judgement_scale scale;
		double value;
	} cases[] = {
		{ "\"signal\":\"thumbs_up\"", "thumbs", SCALE_VOTE, 1 },
		{ "\"signal\":\"thumbs_down\"", "thumbs", SCALE_VOTE, 0 },
		{ "\"signal\":\"thumbs\",\"value\":false", "thumbs", SCALE_VOTE, 0 },
		{ "\"signal\":\"thumbs\",\"value\":-1", "thumbs", SCALE_VOTE, 0 },
		{ "\"signal\":\"thumbs\",\"value\":\"Up\"", "thumbs", SCALE_VOTE, 1 },
		{ "\"signal\":\"accepted\"", "accepted", SCALE_VOTE, 1 },
		{ "\"signal\":\"rejected\"", "accepted", SCALE_VOTE, 0 },
		{ "\"signal\":\"task_success\",\"value\":false", "task_success", SCALE_VOTE, 0 },
		{ "\"signal\":\"regenerated\"", "regenerated", SCALE_VOTE, 1 },
		{ "\"signal\":\"escalated\",\"value\":false", "escalated", SCALE_VOTE, 0 },
		{ "\"signal\":\"rating\",\"value\":4", "rating", SCALE_RATING, 0.75 },
		{ "\"signal\":\"rating\",\"value\":-1,\"min\":-1,\"max\":1", "rating", SCALE_RATING, 0 },
		{ "\"signal\":\"edited\",\"value\":0.35", "edited", SCALE_RATING, 0.35 },
		{ "\"signal\":\"edited\"", "edited", SCALE_NONE, 0 },
		{ "\"key\":\"my_signal\",\"score\":3", "my_signal", SCALE_RATING, 3 },
		{ "\"name\":\"my_signal\",\"value\":true", "my_signal", SCALE_VOTE, 1 },
		{ "\"signal\":\"clicked\"", "clicked", SCALE_NONE, 0 },
	};
	char text[512];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text), "{" TRACE ",%s}", cases[i].members);
		struct judgement j = read_one(text, JUDGEMENT_FEEDBACK);
		assert_text(j.name, cases[i].name);
		assert_int_equal(j.scale, cases[i].scale);
		assert_true(j.scale == SCALE_NONE || fabs(j.value - cases[i].value) < 1e-9);
		assert_int_equal(j.source, JUDGED_BY_USER);
		assert_int_equal(j.time_unix_ns, NOW);
		release(NULL);
	}
}

static void scores_have_values_labels_and_verdicts(void **state)
{
	struct judgement j = read_one("{" TRACE ",\"name\":\"correct\",\"value\":7,\"min\":0,\"max\":10,\"label\":\"good\","
				      "\"source\":\"LLM\",\"id\":\"s-1\",\"time\":\"2026-11-21T15:57:16Z\"}",
				      JUDGEMENT_EVALUATION);

	(void)state;
	assert_int_equal(j.scale, SCALE_SCORE);
	assert_true(fabs(j.value - 0.7) < 1e-9);
	assert_text(j.label, "good");
	assert_text(j.given_id, "s-1");
	assert_int_equal(j.source, JUDGED_BY_LLM);
	assert_true(j.time_unix_ns == UINT64_C(1795276636) * 1000000000);
	release(NULL);
	j = read_one("{" TRACE ",\"name\":\"format\",\"value\":true}", JUDGEMENT_EVALUATION);
	assert_int_equal(j.passed, TRI_YES);
	release(NULL);
	j = read_one("{" TRACE ",\"name\":\"format\",\"label\":\"FAIL\"}", JUDGEMENT_EVALUATION);
	assert_int_equal(j.passed, TRI_NO);
	assert_int_equal(j.scale, SCALE_NONE);
}

static void other_tools_words_are_understood(void **state)
{
	struct judgement j = read_one("{\"traceId\":\"0102030405060708090A0B0C0D0E0F10\",\"observationId\":\"1112131415161718\","
				      "\"name\":\"mood\",\"value\":\"happy\",\"dataType\":\"CATEGORICAL\",\"comment\":\"private\"}",
				      JUDGEMENT_EVALUATION);

	(void)state;
	assert_true(j.target.has_trace && j.target.has_span);
	assert_int_equal(j.target.trace_id[9], 0x0a);
	assert_int_equal(j.target.span_id[0], 0x11);
	assert_text(j.label, "happy");
	release(NULL);
	j = read_one("{\"data\":[{\"span_id\":\"1112131415161718\",\"name\":\"tone\",\"annotator_kind\":\"HUMAN\","
		     "\"result\":{\"label\":\"kind\",\"score\":0.9,\"explanation\":\"because\"}}]}", JUDGEMENT_EVALUATION);
	assert_false(j.target.has_trace);
	assert_int_equal(j.source, JUDGED_BY_HUMAN);
	assert_true(fabs(j.value - 0.9) < 1e-9);
	release(NULL);
	j = read_one("{\"trace_id\":\"01020304-0506-0708-090a-0b0c0d0e0f10\",\"key\":\"k\",\"score\":1}",
		     JUDGEMENT_EVALUATION);
	assert_int_equal(j.target.trace_id[15], 0x10);
}

static void many_come_at_once(void **state)
{
	struct buf text = BUF_INIT;

	(void)state;
	for (unsigned i = 0; i < BODY_ITEMS_MAX; i++)
		buf_printf(&text, "%c{\"response_id\":\"r%u\",\"name\":\"n\",\"value\":%u}", i == 0 ? '[' : ',', i, i);
	buf_byte(&text, ']');
	struct judgement_list list = read_body(buf_string(&text), JUDGEMENT_EVALUATION);
	assert_int_equal(list.count, BODY_ITEMS_MAX);
	for (unsigned i = 0; i < BODY_ITEMS_MAX; i++)
		assert_true(list.items[i].value == i);
	release(NULL);
	text.len--;
	buf_text(&text, ",{}]");
	arena_init(&arena, 1 << 20);
	assert_int_equal(judgement_body_read(buf_view(&text), JUDGEMENT_EVALUATION, NOW, &arena, &list, &why).code,
			 STATUS_TOOBIG);
	buf_release(&text);
}

static void errors_name_item_and_member(void **state)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{ "", "no valid JSON" },
		{ "{", "no valid JSON at line 1" },
		{ "{" TRACE ",\"name\":12", "member \"name\": a string is wanted" },
		{ "{" TRACE ",\"name\":\"x", "no valid JSON" },
		{ "{" TRACE ",\"name\":\"n\",\"value\":1} x", "no valid JSON" },
		{ "[" "{" TRACE ",\"name\":\"n\",\"value\":1},7]", "item 1: an object is wanted" },
		{ "\"text\"", "item 0: an object is wanted" },
		{ "{" TRACE ",\"value\":1}", "member \"name\": it is missing" },
		{ "{\"name\":\"n\",\"value\":1}", "names no call: give trace_id" },
		{ "{\"trace_id\":\"12\",\"name\":\"n\",\"value\":1}", "member \"trace_id\": 32 hexadecimal digits" },
		{ "{\"trace_id\":\"00000000000000000000000000000000\"}", "all zeros" },
		{ "{\"span_id\":\"111213141516171g\"}", "member \"span_id\": 16 hexadecimal digits" },
		{ "{" TRACE ",\"name\":\"n\",\"value\":[1]}", "member \"value\": a number is wanted" },
		{ "{" TRACE ",\"name\":\"n\",\"value\":1e999}", "member \"value\": the number is too large" },
		{ "{" TRACE ",\"name\":\"n\",\"value\":1,\"min\":0}", "min and max belong together" },
		{ "{" TRACE ",\"name\":\"n\",\"value\":1,\"min\":2,\"max\":2}", "max is the larger one" },
		{ "{" TRACE ",\"name\":\"n\",\"value\":9,\"min\":0,\"max\":5}", "it lies outside of min to max" },
		{ "{" TRACE ",\"name\":\"n\"}", "it says nothing" },
		{ "{" TRACE ",\"name\":\"n\",\"value\":1,\"source\":\"robot\"}", "one of human, llm, code, user" },
		{ "{" TRACE ",\"name\":\"n\",\"value\":1,\"time\":\"yesterday\"}", "a time such as" },
		{ "{" TRACE ",\"name\":\"n\",\"vlaue\":1}", "member \"vlaue\": no such member" },
		{ "{\"data\":[],\"more\":1}", "beside \"data\" nothing is taken" },
	};
	struct judgement_list list;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		arena_init(&arena, 1 << 20);
		assert_true(FAILED(judgement_body_read(slice_of(cases[i].text), JUDGEMENT_EVALUATION, NOW, &arena,
						       &list, &why)));
		if (slice_find(buf_view(&why), slice_of(cases[i].why)) < 0)
			fail_msg("%s: says '%s'", cases[i].text, buf_string(&why));
		release(NULL);
	}
	arena_init(&arena, 1 << 20);
	assert_true(FAILED(judgement_body_read(SLICE("{" TRACE ",\"signal\":\"rating\",\"value\":6}"),
					       JUDGEMENT_FEEDBACK, NOW, &arena, &list, &why)));
	assert_string_equal(buf_string(&why), "item 0: member \"value\": it lies outside of min to max");
}

/* The line of an exporter's file can be posted or replayed. */
static void its_own_lines_are_read_back(void **state)
{
	static const char *const bodies[] = {
		"{" TRACE ",\"signal\":\"rating\",\"value\":4,\"id\":\"x\"}",
		"{" TRACE ",\"signal\":\"thumbs_down\",\"id\":\"x\"}",
		"{" TRACE ",\"signal\":\"clicked\",\"id\":\"x\"}",
		"{" TRACE ",\"signal\":\"my_grade\",\"value\":4,\"id\":\"x\"}",
	};
	struct buf line = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		struct judgement j = read_one(bodies[i], JUDGEMENT_FEEDBACK);
		struct joined_judgement unjoined = { .judgement = &j, .unjoined_why = "unknown_call" };
		struct arena before = arena;
		buf_reset(&line);
		judgement_write(&line, &unjoined);
		struct judgement again = read_one(buf_string(&line), JUDGEMENT_FEEDBACK);
		assert_int_equal(again.scale, j.scale);
		assert_true(again.scale == SCALE_NONE || again.value == j.value);
		assert_true(judgement_identity(&again) == judgement_identity(&j));
		release(NULL);
		arena_release(&before);
	}
	buf_release(&line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(signals_become_votes_ratings_and_events, release),
		cmocka_unit_test_teardown(scores_have_values_labels_and_verdicts, release),
		cmocka_unit_test_teardown(other_tools_words_are_understood, release),
		cmocka_unit_test_teardown(many_come_at_once, release),
		cmocka_unit_test_teardown(errors_name_item_and_member, release),
		cmocka_unit_test_teardown(its_own_lines_are_read_back, release),
	};
	return cmocka_run_group_tests_name("judgements/body", tests, NULL, NULL);
}
