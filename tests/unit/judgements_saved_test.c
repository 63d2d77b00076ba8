/* SPDX-License-Identifier: Apache-2.0
 * Calls, and judgements that were taken or wait, are known days later, after a kill and after a save that failed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agent/judgements/block.h"
#include "agent/judgements/seen.h"
#include "tests/unit/judgements_joiner_rig.h"

static void all_of_it_survives_a_kill(void **state)
{
	struct joiner *j = start(64 << 20);

	(void)state;
	add(j, call(1, 1), "greet@2");
	take(j, of_span(1, 1), TAKEN_JOINED);
	take(j, of_trace(2), TAKEN_WAITING);
	save(j);
	j = restart(j);
	take(j, of_span(1, 1), TAKEN_REPEATED);
	take(j, of_trace(1), TAKEN_JOINED);
	assert_string_equal(told.prompt, "greet@2");
	add(j, call(2, 1), "greet@3");
	assert_string_equal(told.prompt, "greet@3"); /* the one that waited */
	save(j);
	j = restart(j);
	joiner_advance(j, NOW, true);
	assert_int_equal(told.count, 0); /* nothing waits any more */
	take(j, of_trace(2), TAKEN_REPEATED);
	joiner_free(j);
}

/* Judgements of nothing, told apart by their numbers. */
static void take_numbers(struct joiner *j, unsigned from, unsigned to, enum taken want)
{
	char id[16];

	for (unsigned n = from; n < to; n++) {
		snprintf(id, sizeof(id), "%u", n);
		take(j, (struct judgement){ .name = SLICE("Relevance"), .given_id = slice_of(id) }, want);
	}
}

/* More of them than two sets hold come between two saves. */
static void what_a_burst_brought_is_known_after_a_kill(void **state)
{
	struct joiner *j = start(64 << 20);

	(void)state;
	take_numbers(j, 0, SEEN_MIN / 2, TAKEN_UNJOINED);
	save(j);
	take_numbers(j, SEEN_MIN / 2, 3 * SEEN_MIN, TAKEN_UNJOINED);
	save(j);
	j = restart(j);
	take_numbers(j, 2 * SEEN_MIN, 3 * SEEN_MIN, TAKEN_REPEATED);
	joiner_free(j);
}

/* More calls than one block holds, from the store alone. */
static void late_by_many_calls_is_not_too_late(void **state)
{
	struct joiner *j = start(64 << 20);

	(void)state;
	for (uint32_t i = 0; i < 20000; i++) {
		add(j, call(i, 1), i % 2 ? "odd@1" : "even@1");
		if (i % 500 == 0)
			save(j);
	}
	save(j);
	save(j);
	assert_true(entry_count > 20);
	take(j, of_trace(3), TAKEN_JOINED);
	assert_string_equal(told.prompt, "odd@1");
	j = restart(j);
	take(j, of_trace(10004), TAKEN_JOINED);
	assert_string_equal(told.prompt, "even@1");
	take(j, of_trace(20001), TAKEN_WAITING);
	joiner_free(j);
}

/* With cohorts that have one place in the writer's memory, with some that have places of their own, and without. */
static void each_call_keeps_its_own_labels(void **state)
{
	static const uint64_t cohorts[] = { 5, 5 + BLOCK_SETS, 6, 7, 5 + 2 * BLOCK_SETS, 0, 0 };
	struct joiner *j = start(64 << 20);
	char prompt[32];

	(void)state;
	for (uint32_t i = 0; i < 2000; i++) {
		snprintf(prompt, sizeof(prompt), "p@%u", i % 7);
		add_of(j, call(i, 1), prompt, cohorts[i % 7], NOW);
	}
	save(j);
	j = restart(j);
	for (uint32_t i = 0; i < 2000; i += 3) {
		snprintf(prompt, sizeof(prompt), "p@%u", i % 7);
		take(j, of_trace(i), TAKEN_JOINED);
		assert_string_equal(told.prompt, prompt);
	}
	joiner_free(j);
}

static void a_failed_save_is_made_good(void **state)
{
	struct joiner *j = start(64 << 20);

	(void)state;
	for (uint32_t i = 0; i < 3000; i++)
		add(j, call(i, 1), "p@1");
	take(j, of_trace(1), TAKEN_JOINED);
	joiner_save(j, false, put, NULL);
	clear(NULL); /* that batch was lost */
	joiner_committed(j, joiner_save(j, true, put, NULL));
	j = restart(j);
	take(j, of_trace(1), TAKEN_REPEATED);
	take(j, of_trace(2), TAKEN_JOINED);
	joiner_free(j);
}

static void lose(void *context, struct slice key, struct slice value)
{
	(void)context;
	(void)key;
	(void)value;
}

static void one_that_has_its_call_waits_no_more_after_a_failed_save(void **state)
{
	struct joiner *j = start(64 << 20);

	(void)state;
	take(j, of_trace(2), TAKEN_WAITING);
	save(j);
	add(j, call(2, 1), "greet@3");
	assert_int_equal(told.count, 1);
	joiner_save(j, false, lose, NULL);
	joiner_committed(j, joiner_save(j, true, put, NULL));
	j = restart(j);
	joiner_advance(j, NOW, true);
	assert_int_equal(told.count, 0);
	joiner_free(j);
}

static void damaged_entries_are_refused(void **state)
{
	struct joiner *j = start(64 << 20);
	static const char block[] = { 2, 2, 3, 4 };
	static const char key[] = "C\0\0\0\0\0\0\0\1";

	(void)state;
	assert_true(FAILED(joiner_load(j, SLICE("C"), SLICE("x"))));
	assert_true(FAILED(joiner_load(j, (struct slice){ key, 9 }, (struct slice){ block, 4 })));
	assert_true(FAILED(joiner_load(j, SLICE("P12345678"), SLICE("\1"))));
	assert_true(FAILED(joiner_load(j, SLICE("S1234"), SLICE("\1\xff"))));
	assert_true(FAILED(joiner_load(j, SLICE("?"), SLICE(""))));
	add(j, call(1, 1), "p@1");
	take(j, of_trace(1), TAKEN_JOINED);
	joiner_free(j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(all_of_it_survives_a_kill, clear),
		cmocka_unit_test_teardown(what_a_burst_brought_is_known_after_a_kill, clear),
		cmocka_unit_test_teardown(late_by_many_calls_is_not_too_late, clear),
		cmocka_unit_test_teardown(each_call_keeps_its_own_labels, clear),
		cmocka_unit_test_teardown(a_failed_save_is_made_good, clear),
		cmocka_unit_test_teardown(one_that_has_its_call_waits_no_more_after_a_failed_save, clear),
		cmocka_unit_test_teardown(damaged_entries_are_refused, clear),
	};

	return cmocka_run_group_tests_name("judgements/saved", tests, NULL, NULL);
}
