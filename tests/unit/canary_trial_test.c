/* SPDX-License-Identifier: Apache-2.0
 * What is deployed says which versions are compared, where, and from when on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>

#include "agent/canary/canary.h"
#include "agent/canary/canary_json.h"

#define T0   UINT64_C(1760054400) /* a full hour */
#define HOUR 3600u
#define SINCE (T0 + 1800)

static const char *guard[] = { "error_rate" };
static const struct canary_config config = {
	.enabled = true,
	.alpha = 0.01,
	.guard = { guard, 1 },
	.margins = { 0.1, 0.1, 0.1, 0.2, 0.03, 0.03, 0.05, 0.15 },
};
static const struct canary_config unguarded = { .enabled = true, .alpha = 0.01 };

static struct rig {
	struct canary *canary;
	unsigned alerts, findings;
	enum canary_verdict found;
	double calls_from, calls_to;
	char environment[32], reason[200];
} rig;

static void on_verdict(void *context, const struct verdict *v)
{
	(void)context;
	rig.alerts++;
	snprintf(rig.environment, sizeof(rig.environment), "%.*s", SLICE_ARG(v->environment));
}

static void on_finding(void *context, const struct canary_finding *f)
{
	(void)context;
	rig.findings++;
	rig.found = f->summary->verdict;
	rig.calls_from = f->summary->calls_from;
	rig.calls_to = f->summary->calls_to;
	snprintf(rig.reason, sizeof(rig.reason), "%.*s", SLICE_ARG(buf_view(&f->summary->reason)));
	assert_true(slice_equal(f->from, SLICE("answer@1")));
}

static int set_up(void **state)
{
	(void)state;
	rig = (struct rig){ .canary = canary_new(&config, on_verdict, NULL) };
	canary_on_finding(rig.canary, on_finding, NULL);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	canary_free(rig.canary);
	return 0;
}

static struct canary_trial trial_in(const char *environment)
{
	return (struct canary_trial){
		.name = SLICE("answer"), .environment = slice_of(environment), .from = SLICE("answer@1"), .to = SLICE("answer@2"),
		.state = CANARY_TRIAL_RUNS, .number = 7, .since_s = SINCE, .share = 0.05, .share_since_s = SINCE,
		.by = SLICE("ana"), .takes_unnamed = true,
	};
}

struct traffic {
	const char *version, *environment, *model;
	uint64_t from_s;
	unsigned calls, fails_every; /* 0: never */
};

static void serve(const struct traffic *t)
{
	for (unsigned i = 0; i < t->calls; i++) {
		struct sample s = sample_unknown(SAMPLE_CALL);
		s.time_unix_ms = (t->from_s + i) * 1000;
		s.feature = SLICE("shop");
		s.model = slice_of(t->model != NULL ? t->model : "gpt-4o");
		s.prompt_version = slice_of(t->version);
		s.environment = slice_of(t->environment);
		s.outcome = t->fails_every != 0 && i % t->fails_every == 0 ? OUTCOME_ERROR : OUTCOME_OK;
		canary_add(rig.canary, &s);
	}
}

static struct canary_summary summary_in(const char *environment)
{
	const struct canary_wish wish = { .name = SLICE("answer"), .environment = slice_of(environment) };
	struct canary_summary s;
	struct canary_pair pair;

	assert_false(FAILED(canary_choose(rig.canary, &wish, &pair)));
	canary_summarize(rig.canary, &wish, &pair, &s);
	snprintf(rig.reason, sizeof(rig.reason), "%s", buf_string(&s.reason));
	buf_release(&s.reason);
	return s;
}

static void only_calls_after_the_deployment_are_compared(void **state)
{
	const struct canary_trial trial = trial_in("production");

	(void)state;
	serve(&(struct traffic){ "answer@1", "production", NULL, T0 - HOUR, 200, 2 });
	serve(&(struct traffic){ "answer@1", "production", NULL, T0 + 60, 300, 2 }); /* the same hour, before it */
	canary_follow(rig.canary, &trial, 1);
	serve(&(struct traffic){ "answer@2", "production", NULL, SINCE - 100, 40, 1 });
	serve(&(struct traffic){ "answer@1", "production", NULL, SINCE, 300, 0 });
	serve(&(struct traffic){ "answer@2", "production", NULL, SINCE, 60, 0 });
	serve(&(struct traffic){ "answer@2", "production", NULL, T0 + HOUR, 5, 0 }); /* the next hour */
	struct canary_summary s = summary_in("production");
	assert_int_equal(s.calls_from, 300);
	assert_int_equal(s.calls_to, 65);
	assert_int_not_equal(s.verdict, CANARY_BETTER);
}

static void calls_of_other_environments_are_no_part_of_it(void **state)
{
	const struct canary_trial trial = trial_in("production");

	(void)state;
	canary_follow(rig.canary, &trial, 1);
	serve(&(struct traffic){ "answer@1", "production", NULL, SINCE, 300, 0 });
	serve(&(struct traffic){ "answer@2", "staging", NULL, SINCE, 300, 2 });
	struct canary_summary s = summary_in("production");
	assert_int_equal(s.verdict, CANARY_UNDECIDED);
	assert_string_equal(rig.reason, "no calls of answer@2 were seen in production since the deployment");
	serve(&(struct traffic){ "answer@2", "", NULL, SINCE, 100, 0 }); /* they name none, and there is but one */
	serve(&(struct traffic){ "answer@1", "", NULL, SINCE, 100, 0 });
	assert_int_equal(summary_in("production").calls_to, 100);
}

static void told_and_actual_share_are_set_side_by_side(void **state)
{
	struct canary_trial trial = trial_in("production");
	const struct canary_wish wish = { .name = SLICE("answer") };
	struct canary_pair pair;

	(void)state;
	canary_follow(rig.canary, &trial, 1);
	serve(&(struct traffic){ "answer@1", "production", NULL, SINCE, 950, 0 });
	serve(&(struct traffic){ "answer@2", "production", NULL, SINCE, 50, 0 });
	assert_false(FAILED(canary_choose(rig.canary, &wish, &pair)));
	struct canary_share s = canary_share_of(rig.canary, pair.trial);
	assert_int_equal(s.calls, 50);
	assert_int_equal(s.of, 1000);
	assert_true(fabs(s.actual - 0.05) < 1e-9 && !s.differs);

	trial.share = 0.5; /* more, from now on: what was before is no part of it, but of the comparison */
	trial.share_since_s = SINCE + 1000;
	canary_follow(rig.canary, &trial, 1);
	serve(&(struct traffic){ "answer@1", "production", NULL, SINCE + 1000, 450, 0 });
	serve(&(struct traffic){ "answer@2", "production", NULL, SINCE + 1000, 50, 0 });
	assert_false(FAILED(canary_choose(rig.canary, &wish, &pair)));
	s = canary_share_of(rig.canary, pair.trial);
	assert_int_equal(s.of, 500);
	assert_true(s.differs);
	assert_int_equal(summary_in("production").calls_to, 100);
}

static void a_version_that_changes_the_model_is_compared_with_the_busiest_of_the_older_one(void **state)
{
	const struct canary_trial trial = trial_in("production");

	(void)state;
	canary_follow(rig.canary, &trial, 1);
	serve(&(struct traffic){ "answer@1", "production", "gpt-4o", SINCE, 300, 0 });
	serve(&(struct traffic){ "answer@1", "production", "gpt-4o-mini", SINCE, 20, 0 });
	serve(&(struct traffic){ "answer@2", "production", "gpt-4.1", SINCE, 300, 3 });
	struct canary_summary s = summary_in("production");
	assert_int_equal(s.calls_from, 300);
	assert_int_equal(s.verdict, CANARY_WORSE);
}

static void what_it_comes_to_is_told_when_it_changes_and_alerted_once_a_trial(void **state)
{
	struct canary_trial trial = trial_in("production");

	(void)state;
	canary_follow(rig.canary, &trial, 1);
	serve(&(struct traffic){ "answer@1", "production", NULL, SINCE, 600, 0 });
	serve(&(struct traffic){ "answer@2", "production", NULL, SINCE, 900, 5 });
	assert_int_equal(rig.findings, 1);
	assert_int_equal(rig.found, CANARY_WORSE);
	assert_non_null(strstr(rig.reason, "error_rate of shop (gpt-4o) is 20"));
	assert_int_equal(rig.alerts, 1);
	assert_string_equal(rig.environment, "production");

	trial.number = 8; /* once more */
	trial.since_s = trial.share_since_s = T0 + HOUR;
	canary_follow(rig.canary, &trial, 1);
	serve(&(struct traffic){ "answer@1", "production", NULL, T0 + HOUR, 600, 0 });
	serve(&(struct traffic){ "answer@2", "production", NULL, T0 + HOUR, 900, 5 });
	assert_int_equal(rig.findings, 2);
	assert_int_equal(rig.alerts, 2);
}

static void a_trial_that_has_ended_is_shown_and_told_no_more(void **state)
{
	struct canary_trial trial = trial_in("production");

	(void)state;
	trial.state = CANARY_TRIAL_ENDED;
	canary_follow(rig.canary, &trial, 1);
	serve(&(struct traffic){ "answer@1", "production", NULL, SINCE, 600, 0 });
	serve(&(struct traffic){ "answer@2", "production", NULL, SINCE, 900, 5 });
	assert_int_equal(summary_in("production").verdict, CANARY_WORSE);
	assert_int_equal(rig.findings + rig.alerts, 0);
}

static void a_live_agent_looks_soon_after_the_calls(void **state)
{
	const struct canary_trial trial = trial_in("production");

	(void)state;
	canary_advance(rig.canary, T0 + 2000);
	canary_follow(rig.canary, &trial, 1);
	serve(&(struct traffic){ "answer@1", "production", NULL, SINCE, 100, 0 });
	serve(&(struct traffic){ "answer@2", "production", NULL, SINCE, 100, 4 });
	unsigned by_events = rig.alerts;
	canary_advance(rig.canary, T0 + 2010);
	assert_int_equal(rig.alerts - by_events, 1);
	canary_advance(rig.canary, T0 + 2020); /* nothing new */
	assert_int_equal(rig.alerts, 1);
}

/* Else nothing would be told until the clock is where it was. */
static void a_live_agent_looks_soon_after_the_clock_was_set_back(void **state)
{
	const struct canary_trial trial = trial_in("production");

	(void)state;
	canary_advance(rig.canary, T0 + 48 * HOUR);
	canary_follow(rig.canary, &trial, 1);
	serve(&(struct traffic){ "answer@1", "production", NULL, T0 + 48 * HOUR, 2, 0 });
	canary_advance(rig.canary, T0 + 48 * HOUR + 10);
	canary_advance(rig.canary, T0 + 2000);
	serve(&(struct traffic){ "answer@1", "production", NULL, SINCE, 100, 0 });
	serve(&(struct traffic){ "answer@2", "production", NULL, SINCE, 100, 4 });
	canary_advance(rig.canary, T0 + 2010);
	assert_int_equal(rig.alerts, 1);
}

static void without_deployments_each_environment_is_guessed_from_its_traffic(void **state)
{
	(void)state;
	serve(&(struct traffic){ "answer@1", "production", NULL, T0, 100, 0 });
	serve(&(struct traffic){ "answer@2", "production", NULL, T0 + 10, 100, 0 });
	serve(&(struct traffic){ "answer@3", "staging", NULL, T0 + 20, 100, 0 });
	const struct canary_wish there = { .name = SLICE("answer"), .environment = SLICE("production") };
	struct canary_pair pair;
	assert_false(FAILED(canary_choose(rig.canary, &there, &pair)));
	assert_true(slice_equal(pair.from, SLICE("answer@1")) && slice_equal(pair.to, SLICE("answer@2")));
	assert_null(pair.trial);
}

static void a_judgement_belongs_to_the_only_environment_that_has_such_calls(void **state)
{
	struct sample s = sample_unknown(SAMPLE_SCORE);
	struct buf json = BUF_INIT;
	const struct canary_wish wish = { .name = SLICE("answer") };

	(void)state;
	serve(&(struct traffic){ "answer@1", "production", NULL, T0, 10, 0 });
	serve(&(struct traffic){ "answer@2", "production", NULL, T0, 10, 0 });
	serve(&(struct traffic){ "answer@2", "staging", NULL, T0, 10, 0 });
	s.time_unix_ms = T0 * 1000;
	s.feature = SLICE("shop");
	s.model = SLICE("gpt-4o");
	s.name = SLICE("clear");
	s.value = 0.5;
	s.prompt_version = SLICE("answer@2"); /* of which environment? */
	canary_add(rig.canary, &s);
	assert_false(FAILED(canary_write_json(rig.canary, &wish, "", &json)));
	assert_null(strstr(buf_string(&json), "eval_score"));
	s.prompt_version = SLICE("answer@1");
	canary_add(rig.canary, &s);
	buf_reset(&json);
	assert_false(FAILED(canary_write_json(rig.canary, &wish, "", &json)));
	assert_non_null(strstr(buf_string(&json), "eval_score"));
	buf_release(&json);
}

static void a_version_in_trial_finds_room_where_others_do_not(void **state)
{
	const struct canary_trial trial = trial_in("production");
	char version[32];

	(void)state;
	for (unsigned i = 0; i < CANARY_ARMS_MAX; i++) {
		snprintf(version, sizeof(version), "other@%u", i);
		serve(&(struct traffic){ version, "production", NULL, SINCE - 60 + i, 1, 0 });
	}
	serve(&(struct traffic){ "answer@2", "production", NULL, SINCE, 10, 0 }); /* no room */
	canary_follow(rig.canary, &trial, 1);
	serve(&(struct traffic){ "answer@1", "production", NULL, SINCE + 10, 20, 0 });
	serve(&(struct traffic){ "answer@2", "production", NULL, SINCE + 10, 10, 0 });
	struct canary_summary s = summary_in("production");
	assert_int_equal(s.calls_from, 20);
	assert_int_equal(s.calls_to, 10);
}

static void without_a_guard_it_has_no_say(void **state)
{
	(void)state;
	assert_true(canary_has_say(rig.canary));
	canary_reload(rig.canary, &unguarded);
	assert_false(canary_has_say(rig.canary));
}

/* ---------------------------------------------------------------- over a restart */
static struct stored {
	struct buf keys[64], values[64];
	size_t count;
} stored;

static void put(void *context, struct slice key, struct slice value)
{
	(void)context;
	buf_slice(&stored.keys[stored.count], key);
	buf_slice(&stored.values[stored.count++], value);
}

static void load_again(void)
{
	canary_free(rig.canary);
	rig.canary = canary_new(&config, on_verdict, NULL);
	for (char kind = 'a'; kind <= 'h'; kind++)
		for (size_t i = 0; i < stored.count; i++)
			if (stored.keys[i].ptr[0] == kind)
				assert_false(FAILED(canary_load(rig.canary, buf_view(&stored.keys[i]),
								buf_view(&stored.values[i]))));
}

static void forget_stored(void)
{
	for (size_t i = 0; i < stored.count; i++) {
		buf_release(&stored.keys[i]);
		buf_release(&stored.values[i]);
	}
	stored.count = 0;
}

static void what_a_trial_counted_outlives_a_restart(void **state)
{
	const struct canary_trial trial = trial_in("production");
	const struct canary_wish wish = { .name = SLICE("answer") };
	struct buf before = BUF_INIT, after = BUF_INIT;

	(void)state;
	serve(&(struct traffic){ "answer@1", "production", NULL, T0, 100, 1 });
	canary_follow(rig.canary, &trial, 1);
	serve(&(struct traffic){ "answer@1", "production", NULL, SINCE, 80, 0 });
	serve(&(struct traffic){ "answer@2", "production", NULL, SINCE, 70, 9 });
	assert_false(FAILED(canary_write_json(rig.canary, &wish, "", &before)));
	canary_save(rig.canary, true, put, NULL);
	load_again();
	canary_follow(rig.canary, &trial, 1);
	assert_false(FAILED(canary_write_json(rig.canary, &wish, "", &after)));
	assert_string_equal(buf_string(&before), buf_string(&after));
	assert_non_null(strstr(buf_string(&after), "\"calls_from\":80"));
	buf_release(&before);
	buf_release(&after);
	forget_stored();
}

static void what_an_older_version_kept_is_read(void **state)
{
	const struct canary_wish wish = { .name = SLICE("answer") };
	struct canary_pair pair;

	(void)state;
	serve(&(struct traffic){ "answer@1", "", NULL, T0, 100, 0 });
	serve(&(struct traffic){ "answer@2", "", NULL, T0 + 1, 100, 0 });
	canary_save(rig.canary, true, put, NULL);
	for (size_t i = 0; i < stored.count; i++) {
		if (stored.keys[i].ptr[0] != 'a')
			continue;
		stored.values[i].ptr[0] = 1;
		stored.values[i].len -= 4; /* an empty text and three zeros */
	}
	load_again();
	assert_false(FAILED(canary_choose(rig.canary, &wish, &pair)));
	assert_int_equal(summary_in("").calls_to, 100);
	forget_stored();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(only_calls_after_the_deployment_are_compared),
		TEST(calls_of_other_environments_are_no_part_of_it),
		TEST(told_and_actual_share_are_set_side_by_side),
		TEST(a_version_that_changes_the_model_is_compared_with_the_busiest_of_the_older_one),
		TEST(what_it_comes_to_is_told_when_it_changes_and_alerted_once_a_trial),
		TEST(a_trial_that_has_ended_is_shown_and_told_no_more),
		TEST(a_live_agent_looks_soon_after_the_calls),
		TEST(a_live_agent_looks_soon_after_the_clock_was_set_back),
		TEST(without_deployments_each_environment_is_guessed_from_its_traffic),
		TEST(a_judgement_belongs_to_the_only_environment_that_has_such_calls),
		TEST(a_version_in_trial_finds_room_where_others_do_not),
		TEST(without_a_guard_it_has_no_say),
		TEST(what_a_trial_counted_outlives_a_restart),
		TEST(what_an_older_version_kept_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
