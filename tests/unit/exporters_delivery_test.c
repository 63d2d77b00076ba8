/* SPDX-License-Identifier: Apache-2.0
 * What becomes of a payload by the answer to it: tried again until time is up, dropped, or rejected in part.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/exporters_script_rig.h"

static void a_failed_attempt_is_repeated_before_anything_else_is_sent(void **state)
{
	(void)state;
	ANSWER(busy, busy, delivered);
	open_senders();
	offer(PAYLOAD_TRACES, "a", 1);
	offer(PAYLOAD_TRACES, "b", 2);
	uint64_t start_ns = clock_mono_ns();
	run_until_sends(4);
	assert_true(clock_mono_ns() - start_ns >= 11 * NS_PER_MS);
	assert_string_equal(script.sent[1], "traces:a");
	assert_string_equal(script.sent[2], "traces:a");
	assert_string_equal(script.sent[3], "traces:b");
	assert_int_equal(exported(), 3);
	assert_int_equal(count(METER_EXPORT_RETRIES, "exporter=\"script/a\""), 2);
	assert_int_equal(count(METER_EXPORT_FAILURES, "exporter=\"script/a\",reason=\"http_503\""), 2);
}

static void the_peers_wish_for_a_pause_is_honoured(void **state)
{
	struct delivery later = busy;

	(void)state;
	later.retry_after_ms = 80;
	ANSWER(later, delivered);
	open_senders();
	offer(PAYLOAD_TRACES, "a", 1);
	uint64_t start_ns = clock_mono_ns();
	run_until_sends(2);
	assert_true(clock_mono_ns() - start_ns >= 79 * NS_PER_MS);
}

static void retryable_failures_end_at_max_elapsed_time(void **state)
{
	(void)state;
	options.retry.initial_interval_ms = 50;
	options.retry.max_interval_ms = 200;
	options.retry.max_elapsed_time_ms = 300;
	ANSWER(busy);
	open_senders();
	offer(PAYLOAD_TRACES, "a", 7);
	while (dropped("traces", "gave_up") == 0)
		wait_a_little();
	assert_int_equal(dropped("traces", "gave_up"), 7);
	assert_in_range(script.sends, 3, 6);
	assert_int_equal(queue_bytes(), 0);
}

static void without_retry_one_failure_is_the_end(void **state)
{
	(void)state;
	options.retry.enabled = false;
	ANSWER(busy);
	open_senders();
	offer(PAYLOAD_TRACES, "a", 7);
	turn();
	assert_int_equal(script.sends, 1);
	assert_int_equal(dropped("traces", "gave_up"), 7);
}

static void what_the_peer_refuses_is_dropped_and_the_rest_goes_on(void **state)
{
	(void)state;
	ANSWER(bad, delivered);
	open_senders();
	offer(PAYLOAD_LOGS, "a", 7);
	offer(PAYLOAD_TRACES, "b", 1);
	turn();
	assert_int_equal(dropped("logs", "refused"), 7);
	assert_int_equal(count(METER_EXPORT_FAILURES, "exporter=\"script/a\",reason=\"http_400\""), 1);
	assert_int_equal(exported(), 1);
}

static void what_the_peer_rejects_of_a_payload_is_counted_apart(void **state)
{
	(void)state;
	ANSWER({ .result = DELIVERY_DONE, .rejected_items = 3, .reason = "too old" },
	       { .result = DELIVERY_DONE, .rejected_items = UINT64_MAX });
	open_senders();
	offer(PAYLOAD_TRACES, "a", 10);
	offer(PAYLOAD_TRACES, "b", 5);
	turn();
	assert_int_equal(exported(), 7);
	assert_int_equal(dropped("traces", "rejected"), 8);
}

static void what_is_too_big_and_cannot_be_split_is_dropped_as_that(void **state)
{
	static const struct delivery too_big = { .result = DELIVERY_TOO_BIG, .reason = "http_413" };

	(void)state;
	ANSWER(too_big, delivered);
	open_senders();
	offer(PAYLOAD_TRACES, "no OTLP", 7);
	offer(PAYLOAD_TRACES, "next", 1);
	turn();
	assert_int_equal(dropped("traces", "too_big"), 7);
	assert_int_equal(exported(), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_failed_attempt_is_repeated_before_anything_else_is_sent),
		TEST(the_peers_wish_for_a_pause_is_honoured),
		TEST(retryable_failures_end_at_max_elapsed_time),
		TEST(without_retry_one_failure_is_the_end),
		TEST(what_the_peer_refuses_is_dropped_and_the_rest_goes_on),
		TEST(what_the_peer_rejects_of_a_payload_is_counted_apart),
		TEST(what_is_too_big_and_cannot_be_split_is_dropped_as_that),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests_name("exporters/delivery", tests, NULL, NULL);
}
