/* SPDX-License-Identifier: Apache-2.0
 * Senders open what is configured, and send what any thread offers, in order, counting every item.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <pthread.h>

#include "tests/unit/exporters_script_rig.h"

static void payloads_arrive_in_order_and_are_counted(void **state)
{
	(void)state;
	open_senders();
	offer(PAYLOAD_TRACES, "a", 1);
	offer(PAYLOAD_LOGS, "b", 2);
	offer(PAYLOAD_TRACES, "c", 3);
	assert_int_equal(queue_bytes(), 3);
	turn();
	assert_int_equal(script.sends, 3);
	assert_string_equal(script.sent[0], "traces:a");
	assert_string_equal(script.sent[1], "logs:b");
	assert_string_equal(script.sent[2], "traces:c");
	assert_int_equal(exported(), 4);
	assert_int_equal(queue_bytes(), 0);
	assert_int_equal(count(METER_QUEUE_LIMIT, "exporter=\"script/a\""), 1000);
}

static void kinds_that_nobody_accepts_are_not_wanted(void **state)
{
	(void)state;
	open_senders();
	assert_true(senders_want(senders, PAYLOAD_TRACES));
	assert_false(senders_want(senders, PAYLOAD_RECORDS));
	offer(PAYLOAD_RECORDS, "r", 1);
	turn();
	assert_int_equal(script.sends, 0);
}

static void num_consumers_attempts_run_at_once(void **state)
{
	(void)state;
	options.queue.num_consumers = 3;
	options.answers_later = true;
	open_senders();
	for (int i = 0; i < 5; i++)
		offer(PAYLOAD_TRACES, "x", 1);
	turn();
	assert_int_equal(script.running, 3);
	while (script.running > 0)
		answer_running(&script, &delivered);
	assert_int_equal(script.most_running, 3);
	assert_int_equal(exported(), 5);
}

static void an_exporter_that_cannot_be_opened_is_named(void **state)
{
	struct config_instance two[] = { exporter, { .id = "nosuch", .kind = "nosuch" } };
	struct config wrong = { .exporters = two, .exporter_count = 2 };
	struct exporter_env env = { .loop = &loop };
	struct buf why = BUF_INIT;

	(void)state;
	assert_int_equal(senders_open(&wrong, &env, &senders, &why).code, STATUS_NOTFOUND);
	assert_string_equal(buf_string(&why), "exporters.nosuch: there is no exporter of kind 'nosuch'");
	assert_null(senders);
	assert_int_equal(script.closes, 1);
	buf_reset(&why);
	options.fails_to_open = true;
	assert_int_equal(senders_open(&config, &env, &senders, &why).code, STATUS_INVALID);
	assert_string_equal(buf_string(&why), "exporters.script/a: no");
	buf_release(&why);
}

#define THREADS 4
#define OFFERS  2000

static void *offer_many(void *unused)
{
	(void)unused;
	for (int i = 0; i < OFFERS; i++)
		offer(PAYLOAD_TRACES, "0123456789", 1);
	return NULL;
}

static void any_thread_may_offer_and_no_item_goes_uncounted(void **state)
{
	pthread_t threads[THREADS];

	(void)state;
	options.queue.max_batch_bytes = 100;
	open_senders();
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, offer_many, NULL);
	while (exported() + dropped("traces", "queue_full") < THREADS * OFFERS)
		wait_a_little();
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	run_until_drained(1000);
	assert_int_equal(exported() + dropped("traces", "queue_full"), THREADS * OFFERS);
	assert_int_equal(queue_bytes(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(payloads_arrive_in_order_and_are_counted),
		TEST(kinds_that_nobody_accepts_are_not_wanted),
		TEST(num_consumers_attempts_run_at_once),
		TEST(an_exporter_that_cannot_be_opened_is_named),
		TEST(any_thread_may_offer_and_no_item_goes_uncounted),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests_name("exporters/sender", tests, NULL, NULL);
}
