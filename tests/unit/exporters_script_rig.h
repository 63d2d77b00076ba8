/* SPDX-License-Identifier: Apache-2.0
 * Senders with a scripted exporter: what it saw, and what it answers next.
 *
 * It brings its own table of kinds, so the real ones are not linked.
 */
#ifndef PLIMSOLL_TESTS_EXPORTERS_SCRIPT_RIG_H
#define PLIMSOLL_TESTS_EXPORTERS_SCRIPT_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/base/clock.h"
#include "agent/base/log.h"
#include "agent/base/meter.h"
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

static inline struct status script_open(const char *id, const void *opts, struct exporter_env *env, void **state,
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

static inline void script_send(void *state, struct payload *p, delivery_done done, void *context)
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

static inline void answer_running(struct script *s, const struct delivery *d)
{
	struct held held = s->held[--s->running];

	held.done(held.context, d);
}

static inline void script_cancel(void *state)
{
	struct script *s = state;
	struct delivery ended = { .result = DELIVERY_RETRY, .reason = "ended early" };

	s->cancels++;
	while (s->running > 0)
		answer_running(s, &ended);
}

static inline void script_close(void *state)
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

static inline int64_t count(enum meter_family family, const char *labels)
{
	return meter_value(meter_get(family, labels));
}

static inline int64_t dropped(const char *kind, const char *reason)
{
	char labels[128];

	snprintf(labels, sizeof(labels), "exporter=\"script/a\",kind=\"%s\",reason=\"%s\"", kind, reason);
	return count(METER_DROPPED, labels);
}

static inline int64_t exported(void)
{
	return count(METER_EXPORTED, "exporter=\"script/a\",kind=\"traces\"");
}

static inline int64_t queue_bytes(void)
{
	return count(METER_QUEUE_BYTES, "exporter=\"script/a\"");
}

/* What the exporter answers next; the last one repeats. */
#define ANSWER(...)                                                                                                    \
	answer_with((const struct delivery[]){ __VA_ARGS__ },                                                          \
		    sizeof((const struct delivery[]){ __VA_ARGS__ }) / sizeof(struct delivery))

static inline void answer_with(const struct delivery *answers, size_t n)
{
	assert_in_range(n, 1, sizeof(script.answers) / sizeof(script.answers[0]));
	memcpy(script.answers, answers, n * sizeof(*answers));
	script.answer_count = n;
}

/* Meters live as long as the process: each test starts from zero. */
static inline void forget_counts(void)
{
	for (const struct meter *m = meter_first(); m != NULL; m = m->next)
		meter_set((struct meter *)m, 0);
}

static inline int set_up(void **state)
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

static inline void open_senders(void)
{
	struct exporter_env env = { .loop = &loop, .queue_directory = dir };
	struct buf why = BUF_INIT;

	assert_int_equal(senders_open(&config, &env, &senders, &why).code, STATUS_OK);
	buf_release(&why);
}

static inline int tear_down(void **state)
{
	(void)state;
	while (script.running > 0)
		answer_running(&script, &bad);
	senders_free(senders);
	uv_run(&loop, UV_RUN_DEFAULT);
	return uv_loop_close(&loop);
}

static inline void offer(enum payload_kind kind, const char *text, uint32_t items)
{
	struct payload *p = payload_new(kind, strlen(text), items);

	memcpy(p->bytes, text, strlen(text));
	senders_offer(senders, p);
	payload_unref(p);
}

/* One item of traces. exporters: bits of those it is for. */
static inline void offer_to(uint64_t exporters, const char *text)
{
	struct payload *p = payload_new(PAYLOAD_TRACES, strlen(text), 1);

	memcpy(p->bytes, text, strlen(text));
	p->exporters = exporters;
	senders_offer(senders, p);
	payload_unref(p);
}

static inline void turn(void)
{
	uv_run(&loop, UV_RUN_NOWAIT);
}

static inline void wait_a_little(void)
{
	turn();
	usleep(200);
}

static inline void run_until_sends(size_t n)
{
	while (script.sends < n)
		wait_a_little();
}

static inline void note_drained(void *context)
{
	(void)context;
	drained++;
}

static inline void run_until_drained(uint64_t deadline_ms)
{
	senders_drain(senders, deadline_ms, note_drained, NULL);
	assert_int_equal(drained, 0);
	while (drained == 0)
		wait_a_little();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
