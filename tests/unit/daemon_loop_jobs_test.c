/* SPDX-License-Identifier: Apache-2.0
 * What other threads want done is done once, on the loop's thread, or not at all.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/daemon/loop_jobs.h"

static struct loop_jobs jobs;
static uv_loop_t loop;
static int worked;

static void work(void *context)
{
	worked += *(int *)context;
}

static void *ask_often(void *context)
{
	for (int i = 0; i < 500; i++)
		if (!loop_jobs_run(&jobs, work, context, 5000))
			return NULL;
	return context;
}

static void jobs_of_several_threads_are_done_on_the_loop(void **state)
{
	pthread_t threads[4];
	int one = 1;
	void *good;

	(void)state;
	worked = 0;
	uv_loop_init(&loop);
	loop_jobs_init(&jobs, &loop);
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, ask_often, &one);
	while (worked < 2000)
		uv_run(&loop, UV_RUN_ONCE);
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], &good);
		assert_non_null(good);
	}
	assert_int_equal(worked, 2000);
	assert_false(loop_jobs_run(&jobs, work, &one, 20)); /* nobody turns the loop: it is withdrawn */
	uv_run(&loop, UV_RUN_NOWAIT);
	assert_int_equal(worked, 2000);
	uv_close((uv_handle_t *)&jobs.wake, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	loop_jobs_release(&jobs);
	uv_loop_close(&loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(jobs_of_several_threads_are_done_on_the_loop),
	};

	return cmocka_run_group_tests_name("daemon/loop_jobs", tests, NULL, NULL);
}
