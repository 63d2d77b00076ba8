/* SPDX-License-Identifier: Apache-2.0
 * What is deployed where, what it does not take to be deployed, and which version a rollback goes back to.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/prompts_registry_rig.h"

static struct status roll_back(struct prompt_deployment *d, struct buf *reason, struct buf *why)
{
	*d = wish("", "production", 900, 1);
	d->kind = PROMPT_ROLLBACK;
	return registry_rollback(rig.registry, d, &rig.versions, reason, why);
}

static void assert_goes_back_to(const char *version, const char *words)
{
	struct buf reason = BUF_INIT, why = BUF_INIT;
	struct prompt_deployment d;

	assert_false(FAILED(roll_back(&d, &reason, &why)));
	assert_true(slice_equal(d.version, slice_of(version)));
	assert_non_null(strstr(buf_string(&reason), words));
	buf_release(&reason);
	buf_release(&why);
}

static void unknown_version_is_not_deployed(void **state)
{
	struct prompt_deployment d = wish("9", "production", 1, 1);
	struct prompt_versions versions;
	struct buf why = BUF_INIT;

	(void)state;
	adopt_versions("1");
	assert_int_equal(registry_deploy(rig.registry, &d, &versions, &why).code, STATUS_NOTFOUND);
	assert_non_null(strstr(buf_string(&why), "known: 1"));
	buf_release(&why);
}

static void what_makes_no_sense_is_not_deployed(void **state)
{
	const struct row {
		const char *environment, *by;
		double share;
		const char *said;
	} rows[] = {
		{ "production", "ana", 0.05,
		  "version '1' of 'answer' is in force in 'production': a canary is another version" },
		{ "a\nb", "ana", 1, "environment: 1 to 100 characters are wanted, none of them a control character" },
		{ "production", "\x1b[31m", 1, "by: 1 to 200 characters are wanted, none of them a control character" },
		{ "", "ana", 1, "environment: 1 to" },
		{ "production", "ana", 1.5, "canary: a share of the traffic" },
	};

	(void)state;
	adopt_versions("1");
	deploy("1", 100, 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct prompt_deployment d = wish("1", rows[i].environment, 200, rows[i].share);
		struct prompt_versions versions;
		struct buf why = BUF_INIT;
		d.by = slice_of(rows[i].by);
		assert_int_equal(registry_deploy(rig.registry, &d, &versions, &why).code, STATUS_INVALID);
		assert_non_null(strstr(buf_string(&why), rows[i].said));
		buf_release(&why);
	}
}

static void going_back_passes_over_what_was_bad(void **state)
{
	(void)state;
	adopt_versions("1234");
	for (char version[] = "1"; version[0] <= '4'; version[0]++)
		deploy(version, 100 * (uint64_t)(version[0] - '0'), 1);
	gate("1", true);
	gate("2", false);
	registry_note_alert(rig.registry, SLICE("answer@3"), 350);
	assert_goes_back_to("1", "passed its gate");
}

static void without_gates_an_alert_free_version_will_do(void **state)
{
	(void)state;
	adopt_versions("12");
	deploy("1", 100, 1);
	deploy("2", 200, 1);
	registry_note_alert(rig.registry, SLICE("answer@1"), 250); /* after its time */
	restart();
	assert_goes_back_to("1", "no gate's result is known");
}

static void canary_ends_where_it_began(void **state)
{
	(void)state;
	adopt_versions("12");
	deploy("1", 100, 1);
	deploy("2", 200, 0.05);
	assert_goes_back_to("1", "ends the canary of 2");
	assert_true(is_in_force("1", "production"));
}

static void with_nothing_to_go_back_to_it_says_so(void **state)
{
	struct buf reason = BUF_INIT, why = BUF_INIT;
	struct prompt_deployment d;

	(void)state;
	adopt_versions("1");
	deploy("1", 100, 1);
	assert_int_equal(roll_back(&d, &reason, &why).code, STATUS_NOTFOUND);
	assert_non_null(strstr(buf_string(&why), "--to"));
	buf_release(&reason);
	buf_release(&why);
}

static void deployment_whose_command_failed_does_not_hold(void **state)
{
	(void)state;
	adopt_versions("12");
	deploy("1", 100, 1);
	deploy("2", 200, 1);
	registry_command(rig.registry, SLICE("answer"), 200, 1, PROMPT_COMMAND_DONE, 3);
	assert_true(is_in_force("1", "production"));
	restart();
	assert_true(is_in_force("1", "production"));
	assert_non_null(strstr(shown("answer"), "\"command_exit\":3"));
}

static void what_is_in_force_outlives_a_restart_though_the_clock_was_set_back(void **state)
{
	(void)state;
	adopt_versions("12");
	deploy("1", 5000, 1);
	deploy("2", 100, 1);
	assert_true(is_in_force("2", "production"));
	restart();
	assert_true(is_in_force("2", "production"));
}

static void what_is_in_force_outlives_many_deployments_elsewhere(void **state)
{
	(void)state;
	adopt_versions("12");
	deploy("1", 100, 1);
	deploy("2", 101, 1);
	for (unsigned i = 0; i < REGISTRY_DEPLOYMENTS_MAX; i++)
		deploy_to("staging", i % 2 == 0 ? "1" : "2", 200 + i, 1);
	restart();
	assert_true(is_in_force("2", "production"));
	assert_null(strstr(shown("answer"), "\"time\":100,"));
	assert_null(strstr(shown("answer"), "\"time\":200,"));
	assert_non_null(strstr(shown("answer"), "\"time\":201,"));
}

static void where_each_deployment_is_in_force_the_oldest_goes(void **state)
{
	char environment[16];

	(void)state;
	adopt_versions("1");
	for (unsigned i = 0; i <= REGISTRY_DEPLOYMENTS_MAX; i++) {
		snprintf(environment, sizeof(environment), "review-%u", i);
		deploy_to(environment, "1", 100 + i, 1);
	}
	assert_false(is_in_force("1", "review-0"));
	assert_true(is_in_force("1", "review-1"));
}

static void no_trial(void *context, const struct prompt_trial *t)
{
	(void)t;
	++*(unsigned *)context;
}

/* Then nothing was in force before the second one, whatever was thought when it was made. */
static void the_same_version_twice_is_no_trial_when_the_first_command_fails(void **state)
{
	struct prompt_deployment first = wish("1", "production", 100, 1);
	struct prompt_versions versions;
	struct buf why = BUF_INIT;
	unsigned trials = 0;

	(void)state;
	adopt_versions("1");
	first.command = PROMPT_COMMAND_RUNS;
	assert_false(FAILED(registry_deploy(rig.registry, &first, &versions, &why)));
	deploy("1", 200, 1);
	registry_command(rig.registry, SLICE("answer"), 100, first.number, PROMPT_COMMAND_DONE, 1);
	registry_visit_trials(rig.registry, no_trial, &trials);
	assert_int_equal(trials, 0);
	buf_release(&why);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(unknown_version_is_not_deployed),
		TEST(what_makes_no_sense_is_not_deployed),
		TEST(going_back_passes_over_what_was_bad),
		TEST(without_gates_an_alert_free_version_will_do),
		TEST(canary_ends_where_it_began),
		TEST(with_nothing_to_go_back_to_it_says_so),
		TEST(deployment_whose_command_failed_does_not_hold),
		TEST(what_is_in_force_outlives_a_restart_though_the_clock_was_set_back),
		TEST(what_is_in_force_outlives_many_deployments_elsewhere),
		TEST(where_each_deployment_is_in_force_the_oldest_goes),
		TEST(the_same_version_twice_is_no_trial_when_the_first_command_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
