/* SPDX-License-Identifier: Apache-2.0
 * What the loop keeps, saved: nothing comes back that a save was to delete, however late that one fails.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agent/daemon/state.h"
#include "tests/unit/full_store.h"

#define DAY_MS   UINT64_C(86400000)
#define FIRST_DAY UINT64_C(20500)

static struct config *config;
static struct state state;

static void no_verdict(void *context, const struct verdict *v)
{
	(void)context;
	(void)v;
}

static void no_news(void *context, const struct movement_news *news)
{
	(void)context;
	(void)news;
}

static int set_up(void **unused)
{
	struct store_habits habits = { .max_size_bytes = 1 << 20, .commit_interval_ms = 60000 };
	struct buf why = BUF_INIT;

	make_dir(unused);
	habits.directory = dir;
	if (FAILED(store_open_as(&habits, &state.store, &why)) || FAILED(config_load(NULL, NULL, 0, &config, &why)))
		return -1;
	buf_release(&why);
	state.detector = detector_new(&config->baselines, no_verdict, NULL);
	state.movement = movement_new(no_news, NULL);
	state.counting = counting_new(1 << 16);
	state.models = model_watch_new();
	state.slos = slo_new(config, no_verdict, NULL);
	state.canary = canary_new(&config->canary, no_verdict, NULL);
	state.review = review_new();
	state.cases = cases_new();
	return FAILED(alerts_new(&config->alerts, NULL, NULL, &state.alerts, NULL)) ? -1 : 0;
}

static int tear_down(void **unused)
{
	store_close(state.store);
	detector_free(state.detector);
	alerts_free(state.alerts);
	movement_free(state.movement);
	counting_free(state.counting);
	model_watch_free(state.models);
	slo_free(state.slos);
	canary_free(state.canary);
	review_free(state.review);
	cases_free(state.cases);
	config_free(config);
	return remove_dir(unused);
}

static void see_call(uint64_t day)
{
	const struct sample s = { .kind = SAMPLE_CALL, .time_unix_ms = day * DAY_MS, .feature = SLICE("search"),
				  .model = SLICE("m"), .prompt_version = SLICE("p@1") };

	review_add(state.review, &s);
}

static bool count_one(void *context, struct slice key, size_t value_bytes)
{
	(void)key;
	(void)value_bytes;
	++*(size_t *)context;
	return true;
}

static size_t stored_days(void)
{
	size_t days = 0;

	assert_int_equal(store_scan_keys(state.store, STORE_REVIEW, SLICE_NONE, count_one, &days).code, STATUS_OK);
	return days;
}

static void what_a_save_was_to_delete_is_deleted_though_it_fails_behind_the_next_one(void **unused)
{
	(void)unused;
	see_call(FIRST_DAY);
	state_save(&state);
	assert_int_equal(store_flush(state.store).code, STATUS_OK);
	assert_int_equal(stored_days(), 1);
	fill_store(state.store, 1);

	see_call(FIRST_DAY + REVIEW_DAYS); /* that day makes room for this one */
	state_save(&state);
	state_save(&state); /* while the first of them waits for the disk */
	assert_int_not_equal(store_flush(state.store).code, STATUS_IO); /* of the last one, which may hold nothing */
	assert_true(state.is_incomplete);

	empty_store(state.store);
	state_save(&state);
	assert_int_equal(store_flush(state.store).code, STATUS_OK);
	assert_int_equal(stored_days(), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_a_save_was_to_delete_is_deleted_though_it_fails_behind_the_next_one,
						set_up, tear_down),
	};

	return cmocka_run_group_tests_name("daemon/state", tests, NULL, NULL);
}
