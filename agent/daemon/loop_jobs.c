/* SPDX-License-Identifier: Apache-2.0
 * daemon/loop_jobs.c - a list under a lock. A job lies on the stack of the thread that waits for it.
 */
#include "agent/daemon/loop_jobs.h"

#include <time.h>

#include "agent/base/clock.h"

struct loop_job {
	struct loop_job *next;
	void (*work)(void *context);
	void *context;
	enum { JOB_WAITS, JOB_RUNS, JOB_DONE } state;
};

static struct loop_job *take(struct loop_jobs *jobs)
{
	pthread_mutex_lock(&jobs->lock);
	struct loop_job *job = jobs->first;
	if (job != NULL) {
		jobs->first = job->next;
		if (jobs->first == NULL)
			jobs->last = &jobs->first;
		job->state = JOB_RUNS;
	}
	pthread_mutex_unlock(&jobs->lock);
	return job;
}

static void on_wake(uv_async_t *handle)
{
	struct loop_jobs *jobs = (struct loop_jobs *)(void *)((char *)handle - offsetof(struct loop_jobs, wake));

	for (struct loop_job *job = take(jobs); job != NULL; job = take(jobs)) {
		job->work(job->context);
		pthread_mutex_lock(&jobs->lock);
		job->state = JOB_DONE;
		pthread_cond_broadcast(&jobs->changed);
		pthread_mutex_unlock(&jobs->lock);
	}
}

void loop_jobs_init(struct loop_jobs *jobs, uv_loop_t *loop)
{
	pthread_condattr_t monotonic;

	pthread_mutex_init(&jobs->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&jobs->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	jobs->first = NULL;
	jobs->last = &jobs->first;
	uv_async_init(loop, &jobs->wake, on_wake);
}

void loop_jobs_release(struct loop_jobs *jobs)
{
	pthread_cond_destroy(&jobs->changed);
	pthread_mutex_destroy(&jobs->lock);
}

/* With the lock held. */
static void withdraw(struct loop_jobs *jobs, const struct loop_job *job)
{
	struct loop_job **at = &jobs->first;

	while (*at != job)
		at = &(*at)->next;
	*at = job->next;
	if (*at == NULL)
		jobs->last = at;
}

bool loop_jobs_run(struct loop_jobs *jobs, void (*work)(void *context), void *context, unsigned timeout_ms)
{
	struct loop_job job = { .work = work, .context = context, .state = JOB_WAITS };
	uint64_t until_ns = clock_mono_ns() + timeout_ms * NS_PER_MS;
	struct timespec until = { (time_t)(until_ns / NS_PER_SECOND), (long)(until_ns % NS_PER_SECOND) };

	pthread_mutex_lock(&jobs->lock);
	*jobs->last = &job;
	jobs->last = &job.next;
	uv_async_send(&jobs->wake);
	while (job.state == JOB_WAITS && pthread_cond_timedwait(&jobs->changed, &jobs->lock, &until) == 0)
		;
	if (job.state == JOB_WAITS)
		withdraw(jobs, &job);
	while (job.state == JOB_RUNS) /* it has begun: it ends soon */
		pthread_cond_wait(&jobs->changed, &jobs->lock);
	pthread_mutex_unlock(&jobs->lock);
	return job.state == JOB_DONE;
}
