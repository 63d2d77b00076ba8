/* SPDX-License-Identifier: Apache-2.0
 * Senders queue within bounds, join what waits, try again, give up when told to, and count every item.
 *
 * The exporter here is scripted; it brings its own table of kinds, so the real ones are not linked.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/base/clock.h"
#include "agent/base/log.h"
#include "agent/base/meter.h"
#include "exporters/queue.h"
#include "exporters/sender.h"
#include "tests/unit/scratch_dir.h"

#define SENDS_KEPT 8

struct script_options {
	struct queue_config queue;
	struct retry_config retry;
	bool answers_later; /* else inside send */
	bool fails_to_open;
};

/* What the scripted exporter saw, and what it answers next; the last answer repeats. */
struct script {
	char sent[SENDS_KEPT][64];
	uint64_t items[SENDS_KEPT];
	size_t sends;
	struct delivery answers[8];
	size_t answer_count;
	unsigned running, most_running, cancels, closes;
	bool answers_later;
	struct held {
		delivery_done done;
		void *context;
	} held[16];
};

static struct script script;
static uv_loop_t loop;
static struct senders *senders;
static unsigned drained;
static struct script_options options;
static struct config_instance exporter = { .id = "script/a", .kind = "script", .options = &options };
static struct config config = { .exporters = &exporter, .exporter_count = 1 };

static struct status script_open(const char *id, const void *opts, struct exporter_env *env, void **state,
				 struct buf *why)
{
	const struct script_options *o = opts;

	(void)env;
	if (o->fails_to_open) {
		buf_printf(why, "exporters.%s: no", id);
		return FAIL(INVALID, "no");
	}
	script.answers_later = o->answers_later;
	*state = &script;
	return OK;
}

static void script_send(void *state, struct payload *p, delivery_done done, void *context)
{
	struct script *s = state;
	size_t i = s->sends++;

	if (i < SENDS_KEPT) {
		snprintf(s->sent[i], sizeof(s->sent[i]), "%s:%.*s", payload_kind_names[p->kind], (int)p->size_bytes,
			 p->bytes);
		s->items[i] = p->items;
	}
	if (!s->answers_later) {
		done(context, &s->answers[i < s->answer_count ? i : s->answer_count - 1]);
		return;
	}
	s->held[s->running++] = (struct held){ done, context };
	if (s->running > s->most_running)
		s->most_running = s->running;
}

static void answer_running(struct script *s, const struct delivery *d)
{
	struct held held = s->held[--s->running];

	held.done(held.context, d);
}

static void script_cancel(void *state)
{
	struct script *s = state;
	struct delivery ended = { .result = DELIVERY_RETRY, .reason = "ended early" };

	s->cancels++;
	while (s->running > 0)
		answer_running(s, &ended);
}

static void script_close(void *state)
{
	((struct script *)state)->closes++;
}

static const struct exporter_kind kind_script = {
	.name = "script",
	.accepts = 1u << PAYLOAD_TRACES | 1u << PAYLOAD_LOGS,
	.open = script_open,
	.send = script_send,
	.cancel = script_cancel,
	.close = script_close,
	.queue_offset = offsetof(struct script_options, queue),
	.retry_offset = offsetof(struct script_options, retry),
};

const struct exporter_kind *const exporter_kinds[] = { &kind_script, NULL };

static const struct delivery delivered = { .result = DELIVERY_DONE };
static const struct delivery busy = { .result = DELIVERY_RETRY, .reason = "http_503 from 'there'" };
static const struct delivery bad = { .result = DELIVERY_REFUSED, .reason = "http_400 \"bad\"" };

static int64_t count(enum meter_family family, const char *labels)
{
	return meter_value(meter_get(family, labels));
}

static int64_t dropped(const char *kind, const char *reason)
{
	char labels[128];

	snprintf(labels, sizeof(labels), "exporter=\"script/a\",kind=\"%s\",reason=\"%s\"", kind, reason);
	return count(METER_DROPPED, labels);
}

static int64_t exported(void)
{
	return count(METER_EXPORTED, "exporter=\"script/a\",kind=\"traces\"");
}

static int64_t queue_bytes(void)
{
	return count(METER_QUEUE_BYTES, "exporter=\"script/a\"");
}

/* Meters live as long as the process: each test starts from zero. */
static void forget_counts(void)
{
	for (const struct meter *m = meter_first(); m != NULL; m = m->next)
		meter_set((struct meter *)m, 0);
}

static int set_up(void **state)
{
	(void)state;
	script = (struct script){ .answers = { delivered }, .answer_count = 1 };
	options = (struct script_options){
		.queue = { .enabled = true, .queue_size_bytes = 1000, .max_batch_bytes = 0, .num_consumers = 1 },
		.retry = { .enabled = true,
			   .initial_interval_ms = 5,
			   .max_interval_ms = 20,
			   .max_elapsed_time_ms = 60000,
			   .multiplier = 1.5 },
	};
	drained = 0;
	senders = NULL;
	forget_counts();
	return uv_loop_init(&loop);
}

static void open_senders(void)
{
	struct exporter_env env = { .loop = &loop, .queue_directory = dir };
	struct buf why = BUF_INIT;

	assert_int_equal(senders_open(&config, &env, &senders, &why).code, STATUS_OK);
	buf_release(&why);
}

static int tear_down(void **state)
{
	(void)state;
	while (script.running > 0)
		answer_running(&script, &bad);
	senders_free(senders);
	uv_run(&loop, UV_RUN_DEFAULT);
	return uv_loop_close(&loop);
}

static void offer(enum payload_kind kind, const char *text, uint32_t items)
{
	struct payload *p = payload_new(kind, strlen(text), items);

	memcpy(p->bytes, text, strlen(text));
	senders_offer(senders, p);
	payload_unref(p);
}

/* One item of traces. exporters: bits of those it is for. */
static void offer_to(uint64_t exporters, const char *text)
{
	struct payload *p = payload_new(PAYLOAD_TRACES, strlen(text), 1);

	memcpy(p->bytes, text, strlen(text));
	p->exporters = exporters;
	senders_offer(senders, p);
	payload_unref(p);
}

static void turn(void)
{
	uv_run(&loop, UV_RUN_NOWAIT);
}

static void wait_a_little(void)
{
	turn();
	usleep(200);
}

static void run_until_sends(size_t n)
{
	while (script.sends < n)
		wait_a_little();
}

static void note_drained(void *context)
{
	(void)context;
	drained++;
}

static void run_until_drained(uint64_t deadline_ms)
{
	senders_drain(senders, deadline_ms, note_drained, NULL);
	assert_int_equal(drained, 0);
	while (drained == 0)
		wait_a_little();
}

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

static void a_failed_attempt_is_repeated_before_anything_else_is_sent(void **state)
{
	(void)state;
	script.answers[0] = script.answers[1] = busy;
	script.answers[2] = delivered;
	script.answer_count = 3;
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
	(void)state;
	script.answers[0] = busy;
	script.answers[0].retry_after_ms = 80;
	script.answers[1] = delivered;
	script.answer_count = 2;
	open_senders();
	offer(PAYLOAD_TRACES, "a", 1);
	uint64_t start_ns = clock_mono_ns();
	run_until_sends(2);
	assert_true(clock_mono_ns() - start_ns >= 79 * NS_PER_MS);
}

static void retryable_failures_end_at_max_elapsed_time(void **state)
{
	(void)state;
	options.retry.max_elapsed_time_ms = 30;
	script.answers[0] = busy;
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
	script.answers[0] = busy;
	open_senders();
	offer(PAYLOAD_TRACES, "a", 7);
	turn();
	assert_int_equal(script.sends, 1);
	assert_int_equal(dropped("traces", "gave_up"), 7);
}

static void what_the_peer_refuses_is_dropped_and_the_rest_goes_on(void **state)
{
	(void)state;
	script.answers[0] = bad;
	script.answers[1] = delivered;
	script.answer_count = 2;
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
	script.answers[0] = (struct delivery){ .result = DELIVERY_DONE, .rejected_items = 3, .reason = "too old" };
	script.answers[1] = (struct delivery){ .result = DELIVERY_DONE, .rejected_items = UINT64_MAX };
	script.answer_count = 2;
	open_senders();
	offer(PAYLOAD_TRACES, "a", 10);
	offer(PAYLOAD_TRACES, "b", 5);
	turn();
	assert_int_equal(exported(), 7);
	assert_int_equal(dropped("traces", "rejected"), 8);
}

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
	script.answers[0] = busy;
	script.answers[1] = delivered;
	script.answer_count = 2;
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
	script.answers[0] = busy;
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
	script.answers[0] = busy;
	open_senders();
	offer(PAYLOAD_TRACES, "\x0a\x0e\x12\x0c\x12\x02\x28\x01\x12\x02\x28\x02\x12\x02\x28\x03", 3);
	turn();
	run_until_drained(20);
	assert_int_equal(script.items[0], 1);
	assert_int_equal(dropped("traces", "shutdown"), 3);
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

static void what_waited_for_too_long_is_dropped_as_expired(void **state)
{
	(void)state;
	options.queue.max_age_ms = 20;
	options.answers_later = true;
	open_senders();
	offer(PAYLOAD_TRACES, "a", 1);
	turn();
	offer(PAYLOAD_TRACES, "b", 2);
	usleep(40000);
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
	options.queue.flush_timeout_ms = 30;
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
	assert_int_equal(senders_admit(senders, PAYLOAD_TRACES, 3).code, STATUS_OK);
	assert_int_equal(senders_admit(senders, PAYLOAD_TRACES, 3).code, STATUS_OK); /* another thread, at the same time */
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

static void what_is_too_big_and_cannot_be_split_is_dropped_as_that(void **state)
{
	static const struct delivery too_big = { .result = DELIVERY_TOO_BIG, .reason = "http_413" };

	(void)state;
	script.answers[0] = too_big;
	script.answers[1] = delivered;
	script.answer_count = 2;
	open_senders();
	offer(PAYLOAD_TRACES, "no OTLP", 7);
	offer(PAYLOAD_TRACES, "next", 1);
	turn();
	assert_int_equal(dropped("traces", "too_big"), 7);
	assert_int_equal(exported(), 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(payloads_arrive_in_order_and_are_counted),
		TEST(kinds_that_nobody_accepts_are_not_wanted),
		TEST(waiting_payloads_of_one_kind_are_joined_up_to_max_batch_bytes),
		TEST(a_full_queue_drops_the_new_and_keeps_the_old),
		TEST(a_disabled_queue_holds_only_what_is_being_sent),
		TEST(num_consumers_attempts_run_at_once),
		TEST(a_failed_attempt_is_repeated_before_anything_else_is_sent),
		TEST(the_peers_wish_for_a_pause_is_honoured),
		TEST(retryable_failures_end_at_max_elapsed_time),
		TEST(without_retry_one_failure_is_the_end),
		TEST(what_the_peer_refuses_is_dropped_and_the_rest_goes_on),
		TEST(what_the_peer_rejects_of_a_payload_is_counted_apart),
		TEST(a_drain_sends_what_waits_and_refuses_what_comes),
		TEST(a_drain_does_not_wait_for_the_back_off),
		TEST(the_drains_deadline_ends_attempts_and_counts_the_rest),
		TEST(the_drains_deadline_ends_the_back_off),
		TEST(the_drains_deadline_counts_the_parts_that_were_not_begun),
		TEST(an_exporter_that_cannot_be_opened_is_named),
		TEST(any_thread_may_offer_and_no_item_goes_uncounted),
		TEST(what_waited_for_too_long_is_dropped_as_expired),
		TEST(less_than_min_size_waits_for_more_or_for_the_flush),
		TEST(a_clock_that_is_set_back_holds_nothing_back),
		TEST(max_items_bounds_what_is_joined),
		TEST(an_exporter_that_holds_senders_back_is_asked_before_and_drops_nothing),
		TEST(shedding_drops_the_oldest_that_waits),
		TEST(shedding_takes_from_the_queue_in_which_most_waits),
		TEST(what_the_disk_has_only_after_the_drain_waits_for_the_next_run),
		TEST(what_is_too_big_and_cannot_be_split_is_dropped_as_that),
	};
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests_name("exporters/sender", tests, NULL, NULL);
}
