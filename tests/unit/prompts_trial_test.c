/* SPDX-License-Identifier: Apache-2.0
 * What is deployed makes trials of versions; what they come to decides what may follow, and what to go back to.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/prompts_registry_rig.h"

static uint64_t now_s;
static struct {
	size_t count;
	char texts[4][160];
} trials;

/* Five versions that have served. */
static int begin(void **state)
{
	now_s = 1000;
	set_up(state);
	for (const char *v = "12345"; *v != '\0'; v++)
		assert_false(FAILED(registry_learn(rig.registry, SLICE("answer"), (struct slice){ v, 1 },
						   PROMPT_FROM_TRAFFIC, 10)));
	return 0;
}

/* A hundred seconds after the last one. */
static struct prompt_deployment next_wish(const char *version, const char *environment, double share)
{
	return wish(version, environment, now_s += 100, share);
}

static struct prompt_deployment deploy_next(const char *version, const char *environment, double share)
{
	struct prompt_deployment d = next_wish(version, environment, share);
	struct buf why = BUF_INIT;

	assert_false(FAILED(registry_deploy(rig.registry, &d, &rig.versions, &why)));
	return d;
}

static struct status roll_back(struct buf *reason, struct buf *why)
{
	struct prompt_deployment d = next_wish("", "production", 1);

	d.kind = PROMPT_ROLLBACK;
	return registry_rollback(rig.registry, &d, &rig.versions, reason, why);
}

static void assert_goes_back(const char *words)
{
	struct buf reason = BUF_INIT, why = BUF_INIT;

	assert_false(FAILED(roll_back(&reason, &why)));
	assert_non_null(strstr(buf_string(&reason), words));
	buf_release(&reason);
	buf_release(&why);
}

static void assert_stays(const char *words)
{
	struct buf reason = BUF_INIT, why = BUF_INIT;

	assert_int_equal(roll_back(&reason, &why).code, STATUS_NOTFOUND);
	if (strstr(buf_string(&why), words) == NULL)
		fail_msg("'%s' is not in: %s", words, buf_string(&why));
	buf_release(&reason);
	buf_release(&why);
}

static void find(const char *version, const char *verdict, uint64_t calls)
{
	const struct prompt_finding f = { .verdict = slice_of(verdict), .reason = SLICE("cost is up"), .at_s = now_s,
					  .calls = calls, .calls_of_other = 900 };

	registry_note_finding(rig.registry, SLICE("answer"), slice_of(version), SLICE("production"), &f);
}

static void take_trial(void *context, const struct prompt_trial *t)
{
	static const char *const states[] = { "runs", "replaced", "ended" };

	(void)context;
	assert_true(trials.count < 4);
	snprintf(trials.texts[trials.count++], sizeof(trials.texts[0]), "%.*s: %.*s -> %.*s %s since %d at %g%s%s%.*s",
		 SLICE_ARG(t->last->environment), SLICE_ARG(t->from), SLICE_ARG(t->to), states[t->state],
		 (int)t->first->at_s, t->last->canary_share, t->is_only_environment ? "" : ", not alone", t->verdict.len > 0 ? ", " : "",
		 SLICE_ARG(t->verdict));
}

/* What runs first, the newest of it first. */
static const char *trial(size_t i)
{
	trials.count = 0;
	restart(); /* what is kept says the same */
	assert_true(registry_visit_trials(rig.registry, take_trial, NULL));
	assert_false(registry_visit_trials(rig.registry, take_trial, NULL)); /* no news */
	return i < trials.count ? trials.texts[i] : "none";
}

static enum prompt_promotion promotion(const char *version, double share)
{
	const struct prompt_deployment d = next_wish(version, "production", share);
	struct buf finding = BUF_INIT;
	enum prompt_promotion p = registry_promotion(rig.registry, &d, &finding);

	assert_int_equal(finding.len > 0, p == PROMPT_IGNORES_CANARY);
	buf_release(&finding);
	return p;
}

/* The loop notes findings while another thread answers with what it deployed. */
static void what_was_deployed_is_told_after_the_registry_has_changed(void **state)
{
	(void)state;
	deploy_next("1", "production", 1);
	struct prompt_deployment d = deploy_next("2", "production", 0.05);
	find("2", "worse", 100);
	find("1", "better", 100);
	assert_true(slice_equal(d.version, SLICE("2")));
	assert_true(slice_equal(d.previous, SLICE("1")));
}

static void a_canary_is_tried_beside_what_is_in_force(void **state)
{
	(void)state;
	deploy_next("1", "production", 1);
	assert_string_equal(trial(0), "none"); /* nothing was before it */
	deploy_next("2", "production", 0.05);
	assert_string_equal(trial(0), "production: 1 -> 2 runs since 1200 at 0.05");
}

static void more_traffic_goes_on_with_the_same_trial(void **state)
{
	(void)state;
	deploy_next("1", "production", 1);
	deploy_next("2", "production", 0.05);
	find("2", "equal", 300);
	deploy_next("2", "production", 0.5);
	assert_string_equal(trial(0), "production: 1 -> 2 runs since 1200 at 0.5, equal");
	deploy_next("2", "production", 1);
	assert_string_equal(trial(0), "production: 1 -> 2 replaced since 1200 at 1, equal");
	deploy_next("3", "production", 1); /* without a canary */
	assert_string_equal(trial(0), "production: 2 -> 3 replaced since 1500 at 1");
}

static void what_was_taken_back_is_shown_as_it_was(void **state)
{
	(void)state;
	deploy_next("1", "production", 1);
	deploy_next("2", "production", 0.05);
	find("2", "worse", 300);
	assert_goes_back("ends the canary of 2, which was worse after 300 calls: cost is up");
	assert_string_equal(trial(0), "production: 1 -> 2 ended since 1200 at 0.05, worse");
}

static void deploying_the_older_one_again_takes_the_canary_back_too(void **state)
{
	(void)state;
	deploy_next("1", "production", 1);
	deploy_next("2", "production", 0.05);
	deploy_next("1", "production", 1);
	assert_string_equal(trial(0), "production: 1 -> 2 ended since 1200 at 0.05");
	deploy_next("1", "production", 1); /* says nothing new */
	assert_string_equal(trial(0), "none");
}

static void each_environment_has_its_own_trial(void **state)
{
	(void)state;
	deploy_next("1", "production", 1);
	deploy_next("2", "production", 0.05);
	deploy_next("2", "staging", 1);
	deploy_next("3", "staging", 0.5);
	assert_string_equal(trial(0), "staging: 2 -> 3 runs since 1400 at 0.5, not alone");
	assert_string_equal(trial(1), "production: 1 -> 2 runs since 1200 at 0.05, not alone");
}

static void what_runs_is_told_before_what_is_over(void **state)
{
	(void)state;
	deploy_next("1", "production", 1);
	deploy_next("2", "production", 0.5);
	deploy_next("1", "staging", 1);
	deploy_next("2", "staging", 1);
	assert_string_equal(trial(0), "production: 1 -> 2 runs since 1200 at 0.5, not alone");
	assert_string_equal(trial(1), "staging: 1 -> 2 replaced since 1400 at 1, not alone");
}

static void a_deployment_whose_command_failed_starts_no_trial(void **state)
{
	(void)state;
	deploy_next("1", "production", 1);
	struct prompt_deployment d = deploy_next("2", "production", 0.05);
	registry_command(rig.registry, SLICE("answer"), d.at_s, d.number, PROMPT_COMMAND_DONE, 137);
	assert_string_equal(trial(0), "none");
}

static void a_canary_with_nothing_beside_it_does_not_know_its_elder(void **state)
{
	(void)state;
	deploy_next("2", "production", 0.05);
	assert_string_equal(trial(0), "production:  -> 2 runs since 1100 at 0.05");
}

static void a_finding_keeps_when_it_was_made_first(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	deploy_next("1", "production", 1);
	deploy_next("2", "production", 0.05);
	find("2", "undecided", 20);
	find("2", "worse", 354);
	find("2", "worse", 5000);
	assert_true(registry_write_one(rig.registry, SLICE("answer"), &out));
	assert_non_null(strstr(buf_string(&out), "\"verdict\":\"worse\""));
	assert_non_null(strstr(buf_string(&out), "\"calls\":354,\"calls_of_other\":900,\"reason\":\"cost is up\""));
	buf_release(&out);
}

static void what_a_deployment_does_to_a_canary_is_known_before(void **state)
{
	(void)state;
	deploy_next("1", "production", 1);
	assert_int_equal(promotion("2", 1), PROMPT_PROMOTES_NONE); /* nobody asked for a canary */
	deploy_next("2", "production", 0.05);
	assert_int_equal(promotion("2", 1), PROMPT_PROMOTES_CANARY);
	assert_int_equal(promotion("2", 0.1), PROMPT_GROWS_CANARY);
	assert_int_equal(promotion("2", 0.01), PROMPT_PROMOTES_NONE);
	assert_int_equal(promotion("3", 1), PROMPT_PROMOTES_NONE);
	assert_int_equal(promotion("1", 1), PROMPT_PROMOTES_NONE); /* ends it */
	find("2", "worse", 300);
	assert_goes_back("ends the canary");
	assert_int_equal(promotion("2", 1), PROMPT_IGNORES_CANARY);
	assert_int_equal(promotion("2", 0.05), PROMPT_PROMOTES_NONE); /* it may be tried again */
}

static void going_back_passes_over_a_version_that_was_worse(void **state)
{
	(void)state;
	deploy_next("1", "production", 1);
	deploy_next("2", "production", 0.05);
	find("2", "worse", 300);
	deploy_next("2", "production", 1); /* by force */
	deploy_next("3", "production", 1);
	assert_goes_back("the last version before it that was healthy");
	assert_true(is_in_force("1", "production"));
}

static void going_back_twice_does_not_come_to_where_it_went_away_from(void **state)
{
	(void)state;
	deploy_next("1", "production", 1);
	deploy_next("2", "production", 1);
	deploy_next("3", "production", 1);
	assert_goes_back("healthy");
	assert_true(is_in_force("2", "production"));
	assert_goes_back("healthy");
	assert_true(is_in_force("1", "production"));
	assert_stays("2: it was taken back by ana; 3: it was taken back by ana");
}

static void the_newest_time_of_a_version_counts(void **state)
{
	(void)state;
	deploy_next("1", "production", 1);
	deploy_next("2", "production", 1);
	deploy_next("1", "production", 1);
	registry_note_alert(rig.registry, SLICE("answer@1"), 1350); /* in its second time */
	deploy_next("3", "production", 1);
	assert_goes_back("healthy");
	assert_true(is_in_force("2", "production"));
}

static void with_no_healthy_version_it_says_of_each_why(void **state)
{
	struct prompt_gate closed = { .name = SLICE("answer"), .version = SLICE("1"), .at_s = 10, .json = SLICE("{}") };
	struct buf why = BUF_INIT;

	(void)state;
	assert_false(FAILED(registry_gate(rig.registry, &closed, &why)));
	deploy_next("1", "production", 1);
	deploy_next("2", "production", 1);
	registry_note_alert(rig.registry, SLICE("answer@2"), 1250);
	deploy_next("3", "production", 0.1);
	find("3", "worse", 80);
	deploy_next("3", "production", 1);
	deploy_next("4", "production", 1);
	assert_stays("(3: its canary was worse (cost is up); 2: 1 alert fired about it; 1: its gate is closed); "
		     "name one with --to");
}

#define TRIAL(name) cmocka_unit_test_setup_teardown(name, begin, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TRIAL(what_was_deployed_is_told_after_the_registry_has_changed),
		TRIAL(a_canary_is_tried_beside_what_is_in_force),
		TRIAL(more_traffic_goes_on_with_the_same_trial),
		TRIAL(what_was_taken_back_is_shown_as_it_was),
		TRIAL(deploying_the_older_one_again_takes_the_canary_back_too),
		TRIAL(each_environment_has_its_own_trial),
		TRIAL(what_runs_is_told_before_what_is_over),
		TRIAL(a_deployment_whose_command_failed_starts_no_trial),
		TRIAL(a_canary_with_nothing_beside_it_does_not_know_its_elder),
		TRIAL(a_finding_keeps_when_it_was_made_first),
		TRIAL(what_a_deployment_does_to_a_canary_is_known_before),
		TRIAL(going_back_passes_over_a_version_that_was_worse),
		TRIAL(going_back_twice_does_not_come_to_where_it_went_away_from),
		TRIAL(the_newest_time_of_a_version_counts),
		TRIAL(with_no_healthy_version_it_says_of_each_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
