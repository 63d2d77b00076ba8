/* SPDX-License-Identifier: Apache-2.0
 * Spans and log records beside one another, in one trace or in two, that tell of one call count once; calls of their
 * own all count.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/counting_rig.h"

static void calls_of_their_own_all_count(void **state)
{
	struct told spans[] = {
		{ .id = 1, .role = ROLE_LLM, .input = 10, .output = 5 },
		{ .id = 2, .role = ROLE_LLM, .input = 10, .output = 5 },
		{ .trace = 1, .id = 1, .role = ROLE_LLM, .input = 10, .output = 5 },
		{ .trace = 1, .id = 2, .parent = 3, .role = ROLE_EMBEDDING, .input = 10 },
	};

	(void)state;
	ASSERT_COUNTS(spans, 4);
}

/* Arize-ai/openinference#2101 */
static void siblings_with_one_answer_id_are_one_call(void **state)
{
	struct told spans[] = {
		{ .id = 2, .parent = 1, .role = ROLE_LLM, .scope = "openinference", .answer = "chatcmpl-1", .input = 50,
		  .output = 5 },
		{ .id = 3, .parent = 1, .role = ROLE_LLM, .scope = "openllmetry", .answer = "chatcmpl-1", .input = 50,
		  .output = 5 },
	};

	(void)state;
	ASSERT_COUNTS(spans, 1);
}

static void siblings_of_two_instrumentations_without_ids_are_one_call(void **state)
{
	struct told spans[] = {
		{ .id = 2, .parent = 1, .role = ROLE_LLM, .scope = "openinference", .input = 50, .output = 5,
		  .from_ms = 10, .to_ms = 500 },
		{ .id = 3, .parent = 1, .role = ROLE_LLM, .scope = "openllmetry", .input = 50, .output = 5,
		  .from_ms = 9, .to_ms = 501 },
	};

	(void)state;
	ASSERT_COUNTS(spans, 1);
}

static void roots_of_two_traces_are_one_call_where_client_and_framework_tell_it(void **state)
{
	struct told spans[] = {
		{ .trace = 1, .id = 2, .role = ROLE_LLM, .scope = "sdk", .producer = PRODUCER_VENDOR_SDK, .input = 50,
		  .output = 5, .from_ms = 10, .to_ms = 500 },
		{ .trace = 2, .id = 3, .role = ROLE_LLM, .scope = "langchain", .producer = PRODUCER_FRAMEWORK,
		  .input = 50, .output = 5, .from_ms = 9, .to_ms = 501 },
	};

	(void)state;
	ASSERT_COUNTS(spans, 1);
	spans[1].from_ms = 600;
	spans[1].to_ms = 1100;
	ASSERT_COUNTS(spans, 2);
}

static void a_clients_root_is_the_call_that_a_framework_tells_of_deep_in_its_own_trace(void **state)
{
	struct told spans[] = {
		{ .trace = 1, .id = 2, .role = ROLE_LLM, .scope = "sdk", .producer = PRODUCER_VENDOR_SDK, .input = 50,
		  .output = 5, .from_ms = 10, .to_ms = 500 },
		{ .trace = 2, .id = 3, .parent = 4, .role = ROLE_LLM, .scope = "langchain",
		  .producer = PRODUCER_FRAMEWORK, .input = 50, .output = 5, .from_ms = 9, .to_ms = 501 },
	};

	(void)state;
	ASSERT_COUNTS(spans, 1);
	spans[0].input = 51; /* another call */
	ASSERT_COUNTS(spans, 2);
	spans[0].input = 50;
	spans[0].parent = 5; /* of some other work */
	ASSERT_COUNTS(spans, 2);
	spans[0].parent = spans[1].parent = 0;
	spans[1].producer = PRODUCER_VENDOR_SDK;
	ASSERT_COUNTS(spans, 2);
}

static void retries_are_real_spend(void **state)
{
	struct told spans[] = {
		{ .id = 2, .parent = 1, .role = ROLE_LLM, .from_ms = 0, .to_ms = 100 },
		{ .id = 3, .parent = 1, .role = ROLE_LLM, .input = 50, .output = 5, .from_ms = 110, .to_ms = 200 },
		{ .id = 4, .parent = 1, .role = ROLE_LLM, .input = 50, .output = 5, .from_ms = 210, .to_ms = 300 },
	};

	(void)state;
	ASSERT_COUNTS(spans, 3);
}

static void ids_that_the_client_made_up_say_nothing(void **state)
{
	struct told spans[] = {
		{ .id = 2, .parent = 1, .role = ROLE_LLM, .answer = "aitxt-1", .input = 50, .output = 5 },
		{ .id = 3, .parent = 1, .role = ROLE_LLM, .answer = "aitxt-1", .input = 50, .output = 5 },
	};

	(void)state;
	ASSERT_COUNTS(spans, 2);
}

static void a_request_sent_again_adds_nothing_but_looks_the_same(void **state)
{
	static const struct told span = { .id = 1, .role = ROLE_LLM, .input = 50, .output = 5 };
	struct world *w = world_new();

	(void)state;
	tell(w, &span);
	tell(w, &span);
	counting_decide(w->counting, &w->batch, w->calls);
	assert_int_equal(w->batch.spans[0].verdict, COUNTING_COUNTED);
	assert_int_equal(w->batch.spans[1].verdict, COUNTING_REPEATED_COUNTED);
	assert_false(w->calls[1].counted);
	world_free(w);
}

static void a_half_written_span_is_completed_by_the_later_one(void **state)
{
	static const struct told half = { .id = 1, .role = ROLE_LLM };
	static const struct told whole = { .id = 1, .role = ROLE_LLM, .input = 50, .output = 5 };

	(void)state;
	assert_pair_counts_once(&half, &whole, 50);
}

/* As a partial update tells it: before, nothing said that this is a model call. */
static void a_span_that_was_no_call_yet_is_one_when_it_is_told_whole(void **state)
{
	static const struct told half = { .id = 1, .role = ROLE_NONE }, search = { .id = 2, .role = ROLE_RETRIEVAL };
	static const struct told whole = { .id = 1, .role = ROLE_LLM, .input = 50, .output = 5 };
	static const struct told answered = { .id = 2, .role = ROLE_LLM, .input = 60, .output = 6 };
	struct world *w = world_new();

	(void)state;
	tell(w, &half);
	tell(w, &search);
	assert_int_equal(end_batch(w), 0);
	tell(w, &whole);
	tell(w, &answered);
	assert_int_equal(end_batch(w), 2);
	assert_int_equal(w->input, 110);
	tell(w, &whole);
	assert_int_equal(end_batch(w), 0);
	world_free(w);
}

static void a_search_sent_again_is_known_and_gets_no_mark_that_it_had_not(void **state)
{
	static const struct told search = { .id = 1, .role = ROLE_RETRIEVAL };
	struct world *w = world_new();

	(void)state;
	tell(w, &search);
	counting_decide(w->counting, &w->batch, w->calls);
	assert_int_equal(w->batch.spans[0].verdict, COUNTING_NONE);
	w->batch.count = w->call_count = 0;
	tell(w, &search);
	counting_decide(w->counting, &w->batch, w->calls);
	assert_int_equal(w->batch.spans[0].verdict, COUNTING_REPEATED);
	assert_false(w->calls[0].wrapper);
	world_free(w);
}

/* A log record is written in the context of the call's span, or of the one around it. */
static void a_log_record_and_a_span_tell_of_one_call_and_the_span_counts(void **state)
{
	static const struct told span = { .id = 2, .parent = 1, .role = ROLE_LLM, .answer = "r1", .input = 50,
					  .output = 5 };
	struct told log = span;

	(void)state;
	for (uint8_t context = 1; context <= 2; context++)
		for (int order = 0; order < 2; order++) {
			struct world *w = world_new();
			log.id = context;
			order == 0 ? tell_log(w, &log) : tell(w, &span);
			assert_int_equal(end_batch(w), order);
			order == 0 ? tell(w, &span) : tell_log(w, &log);
			assert_int_equal(end_batch(w), 1 - order);
			tell_log(w, &log);
			assert_int_equal(end_batch(w), 0);
			assert_int_equal(promoted(w), 0);
			world_free(w);
		}
}

static void a_log_record_counts_where_no_span_comes(void **state)
{
	static const struct told log = { .id = 2, .parent = 1, .role = ROLE_LLM, .answer = "r1", .input = 50,
					 .output = 5 };
	struct buf record = BUF_INIT;
	struct world *w = world_new();

	(void)state;
	assert_false(counting_promote(w->counting, 1000, false, &record));
	tell_log(w, &log);
	assert_int_equal(end_batch(w), 0);
	assert_false(counting_promote(w->counting, 1000 + COUNTING_PATIENCE_S - 1, false, &record));
	assert_true(counting_promote(w->counting, 1000 + COUNTING_PATIENCE_S, false, &record));
	tell(w, &log); /* late: what was counted is not taken back */
	assert_int_equal(end_batch(w), 0);
	buf_release(&record);
	world_free(w);
}

static void a_log_record_of_a_vendors_own_program_counts_at_once(void **state)
{
	struct told log = { .id = 2, .parent = 1, .role = ROLE_LLM, .answer = "r1", .input = 50, .output = 5 };
	struct world *w = world_new();

	(void)state;
	log.producer = PRODUCER_VENDOR_SDK;
	tell_log(w, &log);
	assert_int_equal(end_batch(w), 1);
	tell(w, &log);
	assert_int_equal(end_batch(w), 0);
	world_free(w);
}

/* The note of a stream that has ended, in a trace of its own and a while later, as Logfire writes it. */
static void a_late_note_in_another_trace_tells_of_the_same_call(void **state)
{
	static const struct told span = { .id = 2, .parent = 1, .role = ROLE_LLM, .scope = "anthropic", .input = 50,
					  .output = 5, .from_ms = 5, .to_ms = 300, .producer = PRODUCER_VENDOR_SDK };
	static const struct told note = { .trace = 1, .id = 3, .role = ROLE_LLM, .scope = "logfire", .input = 50,
					  .output = 5, .from_ms = 700, .to_ms = 870,
					  .producer = PRODUCER_INSTRUMENTATION };

	(void)state;
	for (int order = 0; order < 2; order++) {
		struct world *w = world_new();
		for (int i = 0; i < 2; i++) {
			tell(w, i == order ? &span : &note);
			w->calls[0].told_late = i != order;
			(void)end_batch(w);
		}
		assert_int_equal(w->counted + promoted(w), 1);
		world_free(w);
	}
}

static void who_miscounts_gives_way_to_who_knows_better(void **state)
{
	static const struct told exact = { .id = 2, .role = ROLE_LLM, .scope = "vendor", .answer = "r1", .input = 50,
					   .output = 5, .producer = PRODUCER_VENDOR_SDK };
	static const struct told doubtful = { .trace = 1, .id = 3, .role = ROLE_LLM, .answer = "r1", .input = 50,
					      .output = 6, .producer = PRODUCER_INSTRUMENTATION, .doubtful = true };

	(void)state;
	for (int way = 0; way < 4; way++) {
		struct world *w = world_new();
		tell(w, way % 2 == 0 ? &doubtful : &exact);
		if (way < 2)
			(void)end_batch(w);
		tell(w, way % 2 == 0 ? &exact : &doubtful);
		(void)end_batch(w);
		assert_int_equal(w->counted, 1);
		assert_int_equal(w->output, 5);
		assert_int_equal(promoted(w), 0);
		world_free(w);
	}
}

static void who_miscounts_counts_where_nobody_else_tells(void **state)
{
	static const struct told spans[] = {
		{ .id = 3, .role = ROLE_LLM, .answer = "r1", .input = 51, .output = 6, .doubtful = true },
	};

	(void)state;
	assert_int_equal(counted_together(spans, 1), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_of_their_own_all_count),
		cmocka_unit_test(siblings_with_one_answer_id_are_one_call),
		cmocka_unit_test(siblings_of_two_instrumentations_without_ids_are_one_call),
		cmocka_unit_test(roots_of_two_traces_are_one_call_where_client_and_framework_tell_it),
		cmocka_unit_test(a_clients_root_is_the_call_that_a_framework_tells_of_deep_in_its_own_trace),
		cmocka_unit_test(retries_are_real_spend),
		cmocka_unit_test(ids_that_the_client_made_up_say_nothing),
		cmocka_unit_test(a_request_sent_again_adds_nothing_but_looks_the_same),
		cmocka_unit_test(a_half_written_span_is_completed_by_the_later_one),
		cmocka_unit_test(a_span_that_was_no_call_yet_is_one_when_it_is_told_whole),
		cmocka_unit_test(a_search_sent_again_is_known_and_gets_no_mark_that_it_had_not),
		cmocka_unit_test(a_log_record_and_a_span_tell_of_one_call_and_the_span_counts),
		cmocka_unit_test(a_log_record_counts_where_no_span_comes),
		cmocka_unit_test(a_log_record_of_a_vendors_own_program_counts_at_once),
		cmocka_unit_test(a_late_note_in_another_trace_tells_of_the_same_call),
		cmocka_unit_test(who_miscounts_gives_way_to_who_knows_better),
		cmocka_unit_test(who_miscounts_counts_where_nobody_else_tells),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
