/* SPDX-License-Identifier: Apache-2.0
 * store/writer.c - the queue in front of LMDB and the one thread that writes.
 *
 * Group commit: a batch that comes after a quiet time is committed at once; while one commit runs, and until
 * the store's commit interval has passed since it began, others gather and go together. A commit costs a disk's sync
 * (0.4 to 8 ms were measured), so that a steady stream of small batches takes at most 20 of them a second by default.
 */
#include <assert.h>

#include "agent/base/clock.h"
#include "agent/store/batch.h"
#include "agent/store/store_priv.h"

#define QUEUE_BYTES_MAX ((size_t)64 << 20)
#define GROUP_BYTES_MAX ((size_t)8 << 20)
#define READER_CHECK_INTERVAL_S 60

static struct timespec timespec_of(uint64_t ns)
{
	return (struct timespec){ .tv_sec = (time_t)(ns / NS_PER_SECOND), .tv_nsec = (long)(ns % NS_PER_SECOND) };
}

static bool must_hurry(const struct writer *w)
{
	return w->is_stopping || w->flush_ticket > w->tickets_done || w->queued_bytes >= w->hurry_bytes;
}

/* False at the end: nothing is queued and nothing will be. Holds the lock. */
static bool wait_for_group(struct writer *w)
{
	while (w->oldest == NULL) {
		if (w->is_stopping)
			return false;
		pthread_cond_wait(&w->wake, &w->lock);
	}
	struct timespec due = timespec_of(w->next_commit_mono_ns);
	while (!must_hurry(w) && clock_mono_ns() < w->next_commit_mono_ns)
		pthread_cond_timedwait(&w->wake, &w->lock, &due);
	return true;
}

/* The oldest batches, up to GROUP_BYTES_MAX of them and at least one, as a list of their own. Holds the lock. */
static struct store_batch *take_group(struct writer *w)
{
	struct store_batch *first = w->oldest, *last = first;
	size_t bytes = batch_size_bytes(first);

	while (last->next != NULL && bytes + batch_size_bytes(last->next) <= GROUP_BYTES_MAX) {
		last = last->next;
		bytes += batch_size_bytes(last);
	}
	w->oldest = last->next;
	if (w->oldest == NULL)
		w->newest = NULL;
	last->next = NULL;
	return first;
}

/* Dead readers of other processes (mdb_stat and its like) would keep pages from being used again. */
static void check_readers(struct store *s)
{
	uint64_t now_ns = clock_mono_ns();
	int dead;

	if (now_ns < s->writer.next_reader_check_mono_ns)
		return;
	s->writer.next_reader_check_mono_ns = now_ns + READER_CHECK_INTERVAL_S * NS_PER_SECOND;
	mdb_reader_check(s->env, &dead);
}

/* Tells the senders, frees the group and gives its room back. Takes the lock. */
static void finish_group(struct writer *w, struct store_batch *group)
{
	struct status result = OK;
	uint64_t ticket = 0;
	size_t bytes = 0;

	while (group != NULL) {
		struct store_batch *b = group;
		group = b->next;
		ticket = b->ticket;
		result = b->result;
		bytes += batch_size_bytes(b);
		if (b->done != NULL)
			b->done(b->context, b->result);
		store_batch_free(b);
	}
	pthread_mutex_lock(&w->lock);
	w->tickets_done = ticket;
	w->last_result = result;
	w->queued_bytes -= bytes;
	pthread_cond_broadcast(&w->done);
}

static void *writer_main(void *argument)
{
	struct store *s = argument;
	struct writer *w = &s->writer;

	pthread_setname_np(pthread_self(), "store");
	pthread_mutex_lock(&w->lock);
	while (wait_for_group(w)) {
		struct store_batch *group = take_group(w);
		pthread_mutex_unlock(&w->lock);
		w->next_commit_mono_ns = clock_mono_ns() + w->commit_interval_ns;
		commit_group(s, group);
		check_readers(s);
		finish_group(w, group);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

static struct status refuse(struct store_batch *b, struct status why)
{
	store_batch_free(b);
	return why;
}

struct status store_write(struct store *s, struct store_batch *b, void (*done)(void *context, struct status result),
			  void *context)
{
	struct writer *w = &s->writer;
	size_t bytes = batch_size_bytes(b);

	if (FAILED(b->result))
		return refuse(b, b->result);
	b->done = done;
	b->context = context;
	pthread_mutex_lock(&w->lock);
	assert(!w->is_stopping);
	if (w->queued_bytes + bytes > QUEUE_BYTES_MAX) {
		pthread_mutex_unlock(&w->lock);
		meter_add(s->full_meter, 1);
		return refuse(b, FAIL(FULL, "the store's queue is full: the disk is slower than what comes in"));
	}
	b->ticket = ++w->tickets;
	w->queued_bytes += bytes;
	if (w->newest != NULL)
		w->newest->next = b;
	else
		w->oldest = b;
	w->newest = b;
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
	return OK;
}

struct status store_flush(struct store *s)
{
	struct writer *w = &s->writer;

	pthread_mutex_lock(&w->lock);
	uint64_t ticket = w->tickets;
	if (w->flush_ticket < ticket)
		w->flush_ticket = ticket;
	pthread_cond_signal(&w->wake);
	while (w->tickets_done < ticket)
		pthread_cond_wait(&w->done, &w->lock);
	struct status result = w->last_result;
	pthread_mutex_unlock(&w->lock);
	return result;
}

struct status writer_start(struct store *s)
{
	struct writer *w = &s->writer;
	pthread_condattr_t monotonic;

	w->last_result = OK;
	pthread_mutex_init(&w->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&w->wake, &monotonic);
	pthread_condattr_destroy(&monotonic);
	pthread_cond_init(&w->done, NULL);
	if (pthread_create(&w->thread, NULL, writer_main, s) != 0)
		return FAIL(IO, "the system starts no more threads");
	return OK;
}

void writer_stop(struct store *s)
{
	struct writer *w = &s->writer;

	pthread_mutex_lock(&w->lock);
	w->is_stopping = true;
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	pthread_mutex_destroy(&w->lock);
	pthread_cond_destroy(&w->wake);
	pthread_cond_destroy(&w->done);
}
