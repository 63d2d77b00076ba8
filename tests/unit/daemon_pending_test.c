/* SPDX-License-Identifier: Apache-2.0
 * What is shown as building up: out of range, in the bad direction, by a baseline that is judged.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/daemon/loop_jobs.h"
#include "agent/daemon/pending.h"

static bool pending(const char *metric, double deviation, uint32_t hours, bool firing)
{
	const struct standing_view v = { .metric = metric, .deviation = deviation, .learned_hours = hours, .firing = firing };

	return standing_is_pending(&v, 2);
}

static void only_the_bad_direction_counts(void **state)
{
	(void)state;
	assert_true(pending("cost", 2.5, 30, false) && !pending("cost", -2.5, 30, false) && !pending("cost", 1.9, 30, false));
	assert_true(pending("eval_score", -2.5, 30, false) && !pending("eval_score", 2.5, 30, false));
	assert_true(pending("output_tokens", -2.5, 30, false) && pending("output_tokens", 2.5, 30, false));
	assert_true(pending("spend_day", 2.5, 30, false));
}

static void what_fires_or_has_learned_too_little_is_not_pending(void **state)
{
	(void)state;
	assert_false(pending("cost", 5, 23, false) || pending("cost", 5, 30, true));
}

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
		cmocka_unit_test(only_the_bad_direction_counts),
		cmocka_unit_test(what_fires_or_has_learned_too_little_is_not_pending),
		cmocka_unit_test(jobs_of_several_threads_are_done_on_the_loop),
	};

	return cmocka_run_group_tests_name("daemon/pending", tests, NULL, NULL);
}
