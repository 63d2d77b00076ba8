/* SPDX-License-Identifier: Apache-2.0
 * A pipeline that answers what the test says and remembers what it was given; for the receivers' tests.
 */
#ifndef PLIMSOLL_TESTS_RECEIVER_RIG_H
#define PLIMSOLL_TESTS_RECEIVER_RIG_H

#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/base/buf.h"
#include "agent/base/clock.h"
#include "agent/base/meter.h"
#include "agent/receivers/receiver.h"

struct fake_pipeline {
	pthread_mutex_t lock;
	struct ingest_reply reply; /* what to answer */
	unsigned delay_ms;
	bool answers_later;         /* the reply's status follows, from another thread */
	unsigned calls;
	enum signal signal;
	struct buf wire;
};

struct later_answer {
	struct ingest_later *later;
	struct status result;
	unsigned delay_ms;
};

static inline void *answer_later(void *argument)
{
	struct later_answer answer = *(struct later_answer *)argument;

	free(argument);
	usleep(answer.delay_ms * 1000);
	answer.later->done(answer.later, answer.result);
	return NULL;
}

static inline void start_answer(struct ingest_reply *reply, unsigned delay_ms)
{
	struct later_answer *answer = malloc(sizeof(*answer));
	pthread_t thread;

	*answer = (struct later_answer){ reply->later, reply->status, delay_ms };
	reply->is_pending = true;
	reply->status = OK;
	pthread_create(&thread, NULL, answer_later, answer);
	pthread_detach(thread);
}

static inline void fake_ingest(void *context, unsigned lane, enum signal signal, struct slice wire,
			       struct ingest_reply *reply)
{
	struct fake_pipeline *p = context;

	(void)lane;
	pthread_mutex_lock(&p->lock);
	p->calls++;
	p->signal = signal;
	buf_reset(&p->wire);
	buf_slice(&p->wire, wire);
	struct ingest_later *later = reply->later;
	*reply = p->reply;
	reply->later = later;
	unsigned delay_ms = p->delay_ms;
	bool answers_later = p->answers_later;
	pthread_mutex_unlock(&p->lock);
	if (answers_later)
		start_answer(reply, delay_ms);
	else
		usleep(delay_ms * 1000);
}

static struct fake_pipeline pipeline = { .lock = PTHREAD_MUTEX_INITIALIZER, .wire = { NULL, 0, 0, false } };

static inline void pipeline_answers(struct ingest_reply reply)
{
	pthread_mutex_lock(&pipeline.lock);
	pipeline.reply = reply;
	pipeline.delay_ms = 0;
	pipeline.answers_later = false;
	pipeline.calls = 0;
	pthread_mutex_unlock(&pipeline.lock);
}

static inline void pipeline_takes_all(void)
{
	pipeline_answers((struct ingest_reply){ .status = OK });
}

/* The reply's status follows delay_ms after the ingest_fn has returned; 0: perhaps before. */
static inline void pipeline_answers_later(struct ingest_reply reply, unsigned delay_ms)
{
	pipeline_answers(reply);
	pthread_mutex_lock(&pipeline.lock);
	pipeline.answers_later = true;
	pipeline.delay_ms = delay_ms;
	pthread_mutex_unlock(&pipeline.lock);
}

static inline unsigned pipeline_calls(void)
{
	pthread_mutex_lock(&pipeline.lock);
	unsigned calls = pipeline.calls;
	pthread_mutex_unlock(&pipeline.lock);
	return calls;
}

/* Of the last call. */
static inline enum signal pipeline_signal(void)
{
	pthread_mutex_lock(&pipeline.lock);
	enum signal signal = pipeline.signal;
	pthread_mutex_unlock(&pipeline.lock);
	return signal;
}

/* Waits, at most five seconds, until nobody listens there any more: a stop has begun. */
static inline bool port_closes(unsigned port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	uint64_t until_ns = clock_mono_ns() + 5 * NS_PER_SECOND;
	bool is_open = true;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	while (is_open && clock_mono_ns() < until_ns) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);
		is_open = connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0;
		close(fd);
		usleep(2000);
	}
	return !is_open;
}

/* Waits, at most five seconds, until a meter has the value. */
static inline bool meter_becomes(enum meter_family family, const char *labels, int64_t value)
{
	const struct meter *m = meter_get(family, labels);
	uint64_t until_ns = clock_mono_ns() + 5 * NS_PER_SECOND;

	while (meter_value(m) != value && clock_mono_ns() < until_ns)
		usleep(2000);
	return meter_value(m) == value;
}

#endif
