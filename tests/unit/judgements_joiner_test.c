/* SPDX-License-Identifier: Apache-2.0
 * A judgement finds its call, whichever of them comes first and however it names it, counts once, and says so where
 * there is no such call.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agent/judgements/block.h"
#include "agent/judgements/waiting.h"
#include "tests/unit/judgements_joiner_rig.h"

static void the_span_the_response_or_the_session_names_the_call(void **state)
{
	struct joiner *j = start(64 << 20);
	struct known_call c = call(1, 7);
	struct judgement by_response = { .name = SLICE("a"), .target.response_id = SLICE("resp-1") };
	struct judgement by_session = { .name = SLICE("b"), .target.session_id = SLICE("sess-1") };
	struct judgement by_bare_span = { .name = SLICE("c"), .target = { .span_id = { 7 }, .has_span = true } };

	(void)state;
	c.response = text_identity(SLICE("resp-1"));
	c.session = text_identity(SLICE("sess-1"));
	add(j, call(1, 6), "greet@0");
	add(j, c, "greet@1");
	add(j, call(1, 8), "greet@2");
	take(j, of_span(1, 7), TAKEN_JOINED);
	assert_string_equal(told.prompt, "greet@1");
	take(j, by_response, TAKEN_JOINED);
	assert_int_equal(told.span, 7);
	take(j, by_session, TAKEN_JOINED);
	assert_int_equal(told.span, 7);
	take(j, by_bare_span, TAKEN_JOINED);
	assert_int_equal(told.span, 7);
	joiner_free(j);
}

static void a_trace_is_judged_by_its_last_answer(void **state)
{
	struct joiner *j = start(64 << 20);
	struct known_call first = call(1, 1), answer = call(1, 2), embedding = call(1, 3);

	(void)state;
	answer.end_unix_ns += 5;
	embedding.end_unix_ns += 9;
	embedding.is_generation = false;
	add(j, answer, "answer@1");
	add(j, first, "plan@1");
	add(j, embedding, "");
	take(j, of_trace(1), TAKEN_JOINED);
	assert_string_equal(told.prompt, "answer@1");
	assert_int_equal(told.count, 1); /* once, however many calls the trace has */
	joiner_free(j);
}

static void a_span_around_the_call_means_the_call_inside(void **state)
{
	struct joiner *j = start(64 << 20);
	struct known_call inside = call(1, 2), later = call(1, 3);

	(void)state;
	inside.parent_span_id[0] = 9;
	later.end_unix_ns++;
	add(j, inside, "inside@1");
	add(j, later, "elsewhere@1");
	take(j, of_span(1, 9), TAKEN_JOINED);
	assert_string_equal(told.prompt, "inside@1");
	joiner_free(j);
}

static void an_unknown_span_is_waited_for_before_the_trace_stands_in(void **state)
{
	struct joiner *j = start(64 << 20);

	(void)state;
	add(j, call(1, 1), "one@1");
	take(j, of_span(1, 5), TAKEN_WAITING);
	joiner_advance(j, NOW + JOIN_FALLBACK_NS - 1, false);
	assert_int_equal(told.count, 0);
	joiner_advance(j, NOW + JOIN_FALLBACK_NS, false);
	assert_string_equal(told.prompt, "one@1");
	take(j, of_span(1, 6), TAKEN_WAITING);
	add(j, call(1, 6), "six@1"); /* the span itself came after all */
	assert_string_equal(told.prompt, "six@1");
	joiner_free(j);
}

static void one_that_comes_first_waits_for_its_call(void **state)
{
	struct joiner *j = start(64 << 20);

	(void)state;
	take(j, of_trace(4), TAKEN_WAITING);
	take(j, of_trace(5), TAKEN_WAITING);
	add(j, call(3, 1), "other@1");
	assert_int_equal(told.count, 0);
	add(j, call(4, 1), "mine@1");
	assert_int_equal(told.count, 1);
	assert_string_equal(told.prompt, "mine@1");
	joiner_advance(j, NOW + 600 * NS_PER_SECOND, false);
	assert_int_equal(told.count, 2);
	assert_string_equal(told.why, "unknown_call");
	joiner_free(j);
}

static void what_names_no_call_is_told_at_once(void **state)
{
	struct joiner *j = start(64 << 20);
	struct judgement nothing = { .name = SLICE("x") };

	(void)state;
	take(j, nothing, TAKEN_UNJOINED);
	assert_string_equal(told.why, "no_target");
	joiner_free(j);
}

static void the_same_one_counts_once(void **state)
{
	struct joiner *j = start(64 << 20);
	struct judgement named = of_trace(1), otherwise = of_trace(1);

	(void)state;
	add(j, call(1, 1), "p@1");
	take(j, of_trace(1), TAKEN_JOINED);
	take(j, of_trace(1), TAKEN_REPEATED);
	otherwise.value = 0.75;
	take(j, otherwise, TAKEN_JOINED);
	named.given_id = SLICE("id-1");
	take(j, named, TAKEN_JOINED);
	named.time_unix_ns++;
	take(j, named, TAKEN_REPEATED); /* the id says so, whatever the time */
	named.value = 1;
	take(j, named, TAKEN_JOINED); /* a changed mind */
	assert_int_equal(told.count, 4);
	joiner_free(j);
}

static void the_oldest_calls_go_first(void **state)
{
	struct joiner *j = start(10 * BLOCK_BYTES);
	size_t blocks = 0;

	(void)state;
	for (uint32_t i = 0; i < 20000; i++)
		add(j, call(i, 1), "p@1");
	save(j);
	for (size_t i = 0; i < entry_count; i++)
		blocks += entries[i].key.ptr[0] == 'C';
	assert_true(blocks >= 9 && blocks <= 11);
	take(j, of_trace(0), TAKEN_WAITING);
	take(j, of_trace(19999), TAKEN_JOINED);
	joiner_advance(j, NOW + 4 * DAY_NS, false); /* and those that are too old */
	take(j, of_trace(19998), TAKEN_WAITING);
	save(j);
	blocks = 0;
	for (size_t i = 0; i < entry_count; i++)
		blocks += entries[i].key.ptr[0] == 'C';
	assert_int_equal(blocks, 0);
	joiner_free(j);
}

static void a_call_that_ends_at_the_end_of_time_takes_no_other_with_it(void **state)
{
	struct joiner *j = start(10 * BLOCK_BYTES);
	struct known_call ahead = call(2, 1);

	(void)state;
	ahead.end_unix_ns = UINT64_MAX;
	add(j, call(1, 1), "p@1");
	add(j, ahead, "p@1");
	joiner_advance(j, NOW, false);
	take(j, of_trace(1), TAKEN_JOINED);
	joiner_advance(j, NOW + 4 * DAY_NS, false);
	take(j, of_trace(2), TAKEN_WAITING);
	joiner_free(j);
}

static void no_more_wait_than_may(void **state)
{
	struct joiner *j = start(64 << 20);

	(void)state;
	for (uint32_t i = 0; i < WAITING_MAX + 10; i++)
		take(j, of_trace(i), TAKEN_WAITING);
	assert_int_equal(told.count, 10);
	assert_string_equal(told.why, "unknown_call");
	joiner_free(j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(the_span_the_response_or_the_session_names_the_call, clear),
		cmocka_unit_test_teardown(a_trace_is_judged_by_its_last_answer, clear),
		cmocka_unit_test_teardown(a_span_around_the_call_means_the_call_inside, clear),
		cmocka_unit_test_teardown(an_unknown_span_is_waited_for_before_the_trace_stands_in, clear),
		cmocka_unit_test_teardown(one_that_comes_first_waits_for_its_call, clear),
		cmocka_unit_test_teardown(what_names_no_call_is_told_at_once, clear),
		cmocka_unit_test_teardown(the_same_one_counts_once, clear),
		cmocka_unit_test_teardown(the_oldest_calls_go_first, clear),
		cmocka_unit_test_teardown(a_call_that_ends_at_the_end_of_time_takes_no_other_with_it, clear),
		cmocka_unit_test_teardown(no_more_wait_than_may, clear),
	};

	return cmocka_run_group_tests_name("judgements/joiner", tests, NULL, NULL);
}
