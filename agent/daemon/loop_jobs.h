/* SPDX-License-Identifier: Apache-2.0
 * daemon/loop_jobs.h - work that another thread wants done on the loop's thread, and waits for.
 */
#ifndef PLIMSOLL_DAEMON_LOOP_JOBS_H
#define PLIMSOLL_DAEMON_LOOP_JOBS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

struct loop_job;

struct loop_jobs {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct loop_job *first, **last;
	uv_async_t wake;
};

/* On the loop's thread. Close jobs->wake with uv_close; when that is done, release. */
void loop_jobs_init(struct loop_jobs *jobs, uv_loop_t *loop);
void loop_jobs_release(struct loop_jobs *jobs);

/* Has work(context) done on the loop's thread and returns when it is. False: the loop was too busy for timeout_ms, and
 * it will not be done. Any thread but the loop's. */
bool loop_jobs_run(struct loop_jobs *jobs, void (*work)(void *context), void *context, unsigned timeout_ms);

#endif
