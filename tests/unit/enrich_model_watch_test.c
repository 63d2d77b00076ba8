/* SPDX-License-Identifier: Apache-2.0
 * Another model behind the same name is told once, whichever lane sees it, and not again after a restart.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agent/enrich/model_watch.h"

static bool changed(struct model_watch *w, const char *asked, const char *answered)
{
	struct call c = { .request_model = slice_of(asked), .response_model = slice_of(answered) };

	model_watch_see(w, &c);
	return c.model_changed;
}

static void the_first_answer_is_normal_and_another_one_a_change_told_once(void **state)
{
	struct model_watch *w = model_watch_new();

	(void)state;
	assert_false(changed(w, "gpt-4o", "gpt-4o-2024-08-06"));
	assert_false(changed(w, "gpt-4o", "gpt-4o-2024-08-06"));
	assert_true(changed(w, "gpt-4o", "gpt-4o-2024-11-20"));
	assert_false(changed(w, "gpt-4o", "gpt-4o-2024-11-20"));
	assert_false(changed(w, "o3", "o3-2025-04-16"));
	model_watch_free(w);
}

static void a_call_that_names_one_model_says_nothing(void **state)
{
	struct model_watch *w = model_watch_new();

	(void)state;
	assert_false(changed(w, "gpt-4o", "gpt-4o-2024-08-06"));
	assert_false(changed(w, "gpt-4o", ""));
	assert_false(changed(w, "", "gpt-4o-2024-11-20"));
	model_watch_free(w);
}

static void load_pair(void *context, struct slice key, struct slice value)
{
	assert_false(FAILED(model_watch_load(context, key, value)));
}

static void a_restart_does_not_tell_it_again(void **state)
{
	struct model_watch *before = model_watch_new(), *after = model_watch_new();

	(void)state;
	assert_false(changed(before, "gpt-4o", "gpt-4o-2024-08-06"));
	assert_true(changed(before, "gpt-4o", "gpt-4o-2024-11-20"));
	model_watch_save(before, false, load_pair, after);
	assert_false(changed(after, "gpt-4o", "gpt-4o-2024-11-20"));
	assert_true(changed(after, "gpt-4o", "gpt-4o-2025-02-01"));
	model_watch_free(before);
	model_watch_free(after);
}

static void count_pair(void *context, struct slice key, struct slice value)
{
	(void)key;
	(void)value;
	++*(unsigned *)context;
}

static void what_did_not_change_is_not_saved_and_what_is_cut_off_refused(void **state)
{
	struct model_watch *w = model_watch_new();
	unsigned saved = 0;

	(void)state;
	assert_false(changed(w, "gpt-4o", "gpt-4o-2024-08-06"));
	model_watch_save(w, false, count_pair, &saved);
	model_watch_save(w, false, count_pair, &saved);
	assert_int_equal(saved, 1);
	assert_true(FAILED(model_watch_load(w, SLICE("watch"), SLICE("\1\2"))));
	assert_true(FAILED(model_watch_load(w, SLICE("other"), SLICE(""))));
	model_watch_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_answer_is_normal_and_another_one_a_change_told_once),
		cmocka_unit_test(a_call_that_names_one_model_says_nothing),
		cmocka_unit_test(a_restart_does_not_tell_it_again),
		cmocka_unit_test(what_did_not_change_is_not_saved_and_what_is_cut_off_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
