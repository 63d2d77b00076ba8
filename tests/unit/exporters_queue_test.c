/* SPDX-License-Identifier: Apache-2.0
 * What waits for an exporter stays within bounds, is joined, and is dropped when it is too much or too old.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "exporters/queue.h"
#include "tests/unit/exporters_script_rig.h"

static void waiting_payloads_of_one_kind_are_joined_up_to_max_batch_bytes(void **state)
{
	(void)state;
	options.queue.max_batch_bytes = 6;
	open_senders();
	offer(PAYLOAD_TRACES, "aa", 1);
	offer(PAYLOAD_LOGS, "L", 1);
	offer(PAYLOAD_TRACES, "bbb", 2);
	offer(PAYLOAD_TRACES, "cc", 4);
	offer(PAYLOAD_TRACES, "ddddddddd", 8);
	offer(PAYLOAD_TRACES, "e", 16);
	turn();
	assert_int_equal(script.sends, 5);
	assert_string_equal(script.sent[0], "traces:aabbb");
	assert_int_equal(script.items[0], 3);
	assert_string_equal(script.sent[1], "logs:L");
	assert_string_equal(script.sent[2], "traces:cc");
	assert_string_equal(script.sent[3], "traces:ddddddddd");
	assert_string_equal(script.sent[4], "traces:e");
	assert_int_equal(exported(), 31);
}

static void a_full_queue_drops_the_new_and_keeps_the_old(void **state)
{
	(void)state;
	options.queue.queue_size_bytes = 4;
	options.answers_later = true;
	open_senders();
	offer(PAYLOAD_TRACES, "12345", 1);
	offer(PAYLOAD_TRACES, "aaa", 10);
	turn();
	offer(PAYLOAD_TRACES, "bb", 100);
	offer(PAYLOAD_TRACES, "c", 1000);
	assert_int_equal(dropped("traces", "queue_full"), 101);
	answer_running(&script, &delivered);
	assert_string_equal(script.sent[1], "traces:c");
	answer_running(&script, &delivered);
	assert_int_equal(exported(), 1010);
}

static void a_disabled_queue_holds_only_what_is_being_sent(void **state)
{
	(void)state;
	options.queue.enabled = false;
	options.answers_later = true;
	open_senders();
	offer(PAYLOAD_TRACES, "a", 1);
	offer(PAYLOAD_TRACES, "b", 2);
	turn();
	assert_int_equal(dropped("traces", "queue_full"), 2);
	answer_running(&script, &delivered);
	offer(PAYLOAD_TRACES, "c", 4);
	turn();
	answer_running(&script, &delivered);
	assert_int_equal(exported(), 5);
}

static void what_waited_for_too_long_is_dropped_as_expired(void **state)
{
	(void)state;
	options.queue.max_age_ms = 200;
	options.answers_later = true;
	open_senders();
	offer(PAYLOAD_TRACES, "a", 1);
	turn();
	offer(PAYLOAD_TRACES, "b", 2);
	usleep(400000);
	offer(PAYLOAD_TRACES, "c", 4);
	answer_running(&script, &delivered);
	assert_int_equal(dropped("traces", "expired"), 2);
	assert_string_equal(script.sent[1], "traces:c");
	answer_running(&script, &delivered);
	assert_int_equal(queue_bytes(), 0);
}

static void less_than_min_size_waits_for_more_or_for_the_flush(void **state)
{
	(void)state;
	options.queue.min_batch_bytes = 4;
	options.queue.max_batch_bytes = 100;
	options.queue.flush_timeout_ms = 300;
	open_senders();
	offer(PAYLOAD_TRACES, "aa", 1);
	turn();
	assert_int_equal(script.sends, 0);
	offer(PAYLOAD_TRACES, "bb", 1);
	turn();
	assert_string_equal(script.sent[0], "traces:aabb");
	offer(PAYLOAD_TRACES, "c", 1);
	turn();
	assert_int_equal(script.sends, 1);
	run_until_sends(2);
	assert_string_equal(script.sent[1], "traces:c");
}

/* By the clock of the machine, since what is on the disk outlives the process. */
static void a_clock_that_is_set_back_holds_nothing_back(void **state)
{
	const struct payload_limits limits = { .max_bytes = 100 };
	struct payload *p = payload_new(PAYLOAD_TRACES, 2, 1);
	uint64_t now_ms = clock_unix_ns() / NS_PER_MS, wait_ms;
	struct queue_item item;
	struct send_queue q;

	(void)state;
	send_queue_init(&q, 1000, UINT64_MAX);
	q.min_bytes = 100;
	q.flush_ms = 60000;
	assert_int_equal(send_queue_push(&q, p, NULL).code, STATUS_OK);
	assert_false(send_queue_take(&q, &limits, now_ms + 1000, &item, &wait_ms));
	assert_in_range(wait_ms, 1, 60000);
	assert_true(send_queue_take(&q, &limits, now_ms - 3600000, &item, &wait_ms));
	send_queue_done(&q, &item);
	send_queue_release(&q);
	payload_unref(p);
}

static void max_items_bounds_what_is_joined(void **state)
{
	(void)state;
	options.queue.max_batch_bytes = 100;
	options.queue.max_batch_items = 3;
	open_senders();
	offer(PAYLOAD_TRACES, "a", 2);
	offer(PAYLOAD_TRACES, "b", 1);
	offer(PAYLOAD_TRACES, "c", 1);
	turn();
	assert_string_equal(script.sent[0], "traces:ab");
	assert_string_equal(script.sent[1], "traces:c");
}

static void an_exporter_that_holds_senders_back_is_asked_before_and_drops_nothing(void **state)
{
	(void)state;
	options.queue.queue_size_bytes = 4;
	options.queue.block_on_overflow = OVERFLOW_BLOCKS;
	options.answers_later = true;
	open_senders();
	for (int thread = 0; thread < 2; thread++) /* at the same time */
		assert_int_equal(senders_admit(senders, PAYLOAD_TRACES, 3).code, STATUS_OK);
	offer(PAYLOAD_TRACES, "aaa", 1);
	offer(PAYLOAD_TRACES, "bbb", 1);
	assert_int_equal(senders_admit(senders, PAYLOAD_TRACES, 1).code, STATUS_FULL);
	assert_int_equal(senders_admit(senders, PAYLOAD_TRACES, 5).code, STATUS_TOOBIG);
	assert_int_equal(dropped("traces", "queue_full"), 0);
	turn();
	answer_running(&script, &delivered);
	answer_running(&script, &delivered);
	assert_int_equal(senders_admit(senders, PAYLOAD_TRACES, 4).code, STATUS_OK);
}

static void shedding_drops_the_oldest_that_waits(void **state)
{
	(void)state;
	options.answers_later = true;
	open_senders();
	offer(PAYLOAD_TRACES, "running", 1);
	turn();
	offer(PAYLOAD_TRACES, "old", 10);
	offer(PAYLOAD_TRACES, "new", 100);
	assert_int_equal(senders_shed(senders, 2), 3);
	assert_int_equal(dropped("traces", "memory"), 10);
	answer_running(&script, &delivered);
	assert_string_equal(script.sent[1], "traces:new");
	answer_running(&script, &delivered);
	assert_int_equal(senders_shed(senders, 1), 0);
}

/* What is being sent cannot be dropped, so the queue it was taken from has nothing to give. */
static void shedding_takes_from_the_queue_in_which_most_waits(void **state)
{
	struct config_instance two[] = { exporter, { .id = "script/b", .kind = "script", .options = &options } };

	(void)state;
	config.exporters = two;
	config.exporter_count = 2;
	options.answers_later = true;
	open_senders();
	config.exporters = &exporter;
	config.exporter_count = 1;
	offer_to(1u << 0, "all of this is running");
	turn();
	offer_to(1u << 1, "running");
	turn();
	offer_to(1u << 1, "waits");
	assert_int_equal(senders_shed(senders, 1), strlen("waits"));
	assert_int_equal(count(METER_DROPPED, "exporter=\"script/b\",kind=\"traces\",reason=\"memory\""), 1);
	answer_running(&script, &delivered);
	answer_running(&script, &delivered);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(waiting_payloads_of_one_kind_are_joined_up_to_max_batch_bytes),
		TEST(a_full_queue_drops_the_new_and_keeps_the_old),
		TEST(a_disabled_queue_holds_only_what_is_being_sent),
		TEST(what_waited_for_too_long_is_dropped_as_expired),
		TEST(less_than_min_size_waits_for_more_or_for_the_flush),
		TEST(a_clock_that_is_set_back_holds_nothing_back),
		TEST(max_items_bounds_what_is_joined),
		TEST(an_exporter_that_holds_senders_back_is_asked_before_and_drops_nothing),
		TEST(shedding_drops_the_oldest_that_waits),
		TEST(shedding_takes_from_the_queue_in_which_most_waits),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests_name("exporters/queue", tests, NULL, NULL);
}
