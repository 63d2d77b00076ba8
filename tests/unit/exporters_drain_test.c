/* SPDX-License-Identifier: Apache-2.0
 * A drain sends what waits until its deadline, and counts what it could not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/exporters_script_rig.h"

static void a_drain_sends_what_waits_and_refuses_what_comes(void **state)
{
	(void)state;
	open_senders();
	offer(PAYLOAD_TRACES, "a", 1);
	offer(PAYLOAD_TRACES, "b", 2);
	run_until_drained(10000);
	assert_int_equal(exported(), 3);
	offer(PAYLOAD_TRACES, "c", 4);
	turn();
	assert_int_equal(script.sends, 2);
	assert_int_equal(dropped("traces", "shutdown"), 4);
}

static void a_drain_does_not_wait_for_the_back_off(void **state)
{
	(void)state;
	options.retry.initial_interval_ms = options.retry.max_interval_ms = 50000;
	ANSWER(busy, delivered);
	open_senders();
	offer(PAYLOAD_TRACES, "a", 1);
	turn();
	assert_int_equal(script.sends, 1);
	run_until_drained(10000);
	assert_int_equal(exported(), 1);
}

static void the_drains_deadline_ends_attempts_and_counts_the_rest(void **state)
{
	(void)state;
	options.answers_later = true;
	open_senders();
	offer(PAYLOAD_TRACES, "a", 1);
	offer(PAYLOAD_TRACES, "b", 2);
	turn();
	uint64_t start_ns = clock_mono_ns();
	run_until_drained(30);
	assert_in_range((clock_mono_ns() - start_ns) / NS_PER_MS, 29, 5000);
	assert_int_equal(script.cancels, 1);
	assert_int_equal(dropped("traces", "shutdown"), 3);
	assert_int_equal(queue_bytes(), 0);
}

static void the_drains_deadline_ends_the_back_off(void **state)
{
	(void)state;
	options.retry.initial_interval_ms = options.retry.max_interval_ms = 50000;
	ANSWER(busy);
	open_senders();
	offer(PAYLOAD_TRACES, "a", 1);
	offer(PAYLOAD_TRACES, "b", 2);
	turn();
	run_until_drained(20);
	assert_int_equal(script.sends, 2);
	assert_int_equal(dropped("traces", "shutdown"), 3);
}

/* Three spans in one scope: parts of one span each, of which the drain's deadline finds the first backing off. */
static void the_drains_deadline_counts_the_parts_that_were_not_begun(void **state)
{
	(void)state;
	options.queue.max_batch_items = 1;
	options.retry.initial_interval_ms = options.retry.max_interval_ms = 50000;
	ANSWER(busy);
	open_senders();
	offer(PAYLOAD_TRACES, "\x0a\x0e\x12\x0c\x12\x02\x28\x01\x12\x02\x28\x02\x12\x02\x28\x03", 3);
	turn();
	run_until_drained(20);
	assert_int_equal(script.items[0], 1);
	assert_int_equal(dropped("traces", "shutdown"), 3);
}

/* Whoever offers without waiting may be behind the drain by as much as the disk takes for it. */
static void what_the_disk_has_only_after_the_drain_waits_for_the_next_run(void **state)
{
	assert_int_equal(make_dir(state), 0);
	options.queue.storage = QUEUE_IN_LMDB;
	open_senders();
	offer(PAYLOAD_TRACES, "late", 1);
	run_until_drained(1000);
	senders_free(senders);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(script.sends, 0);
	drained = 0;
	open_senders();
	run_until_sends(1);
	assert_string_equal(script.sent[0], "traces:late");
	run_until_drained(1000);
	assert_int_equal(remove_dir(state), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_drain_sends_what_waits_and_refuses_what_comes),
		TEST(a_drain_does_not_wait_for_the_back_off),
		TEST(the_drains_deadline_ends_attempts_and_counts_the_rest),
		TEST(the_drains_deadline_ends_the_back_off),
		TEST(the_drains_deadline_counts_the_parts_that_were_not_begun),
		TEST(what_the_disk_has_only_after_the_drain_waits_for_the_next_run),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests_name("exporters/drain", tests, NULL, NULL);
}
