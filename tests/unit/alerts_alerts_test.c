/* SPDX-License-Identifier: Apache-2.0
 * An alert is raised once, ended once, and is the same alert when it comes back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/unit/alerts_fixture.h"

static const struct alerts_config no_channels = { .channels = NULL };

static struct {
	int fired, ended;
	enum alert_end how;
	uint64_t ended_at_s;
	char id[ALERT_ID_SIZE], incident[ALERT_ID_SIZE];
} seen;

static void note(void *context, const struct alert *a)
{
	(void)context;
	seen.fired += a->state == ALERT_FIRING;
	seen.ended += a->state == ALERT_RESOLVED;
	seen.how = a->end;
	seen.ended_at_s = a->ended_at_s;
	memcpy(seen.id, a->id, ALERT_ID_SIZE);
	memcpy(seen.incident, a->incident, ALERT_ID_SIZE);
}

static struct alerts *fresh(void)
{
	struct alerts *a;

	memset(&seen, 0, sizeof(seen));
	assert_int_equal(alerts_new(&no_channels, NULL, NULL, &a, NULL).code, STATUS_OK);
	alerts_on_change(a, note, NULL);
	return a;
}

static void count(void *context, const struct alert *a)
{
	(void)a;
	++*(int *)context;
}

static int visited(const struct alerts *a, bool firing_only)
{
	int n = 0;

	alerts_visit(a, firing_only, count, &n);
	return n;
}

static void an_alert_fires_until_it_is_resolved(void **state)
{
	struct alerts *a = fresh();
	struct verdict v = cost_shift(START), over = later(v, VERDICT_RESOLVED, START + 7200);

	(void)state;
	alerts_verdict(a, &v);
	assert_true(seen.fired == 1 && visited(a, true) == 1);
	alerts_verdict(a, &over);
	alerts_verdict(a, &over);
	assert_true(seen.ended == 1 && seen.how == ALERT_END_RECOVERED && seen.ended_at_s == START + 7200);
	assert_true(visited(a, true) == 0 && visited(a, false) == 1);
	alerts_free(a);
}

static void a_repeated_verdict_raises_nothing(void **state)
{
	struct alerts *a = fresh();
	struct verdict v = cost_shift(START);

	(void)state;
	alerts_verdict(a, &v);
	alerts_verdict(a, &v);
	assert_true(seen.fired == 1 && visited(a, false) == 1);
	alerts_free(a);
}

static void a_level_that_stays_ends_as_adopted(void **state)
{
	struct alerts *a = fresh();
	struct verdict v = cost_shift(START), adopted = later(v, VERDICT_ADOPTED, START + 86400);

	(void)state;
	alerts_verdict(a, &v);
	alerts_verdict(a, &adopted);
	assert_true(seen.ended == 1 && seen.how == ALERT_END_ADOPTED);
	alerts_free(a);
}

static void an_alert_that_comes_back_is_the_same_alert(void **state)
{
	struct alerts *a = fresh();
	struct verdict v = cost_shift(START), over = later(v, VERDICT_RESOLVED, START + 3600);
	struct verdict again = later(v, VERDICT_REOPENED, START + 7200), end = later(v, VERDICT_RESOLVED, START + 9000);

	(void)state;
	alerts_verdict(a, &v);
	alerts_verdict(a, &over);
	alerts_verdict(a, &again);
	assert_true(visited(a, true) == 1 && visited(a, false) == 1);
	alerts_verdict(a, &end);
	assert_true(visited(a, true) == 0 && seen.ended_at_s == START + 9000);
	alerts_free(a);
}

static void take_verdict(void *context, const struct alert *alert)
{
	*(struct verdict *)context = alert->verdict;
}

static void an_alert_that_comes_back_the_other_way_tells_of_that(void **state)
{
	struct alerts *a = fresh();
	struct verdict v = cost_shift(START), over = later(v, VERDICT_RESOLVED, START + 3600), told;
	struct verdict again = later(v, VERDICT_REOPENED, START + 7200);

	(void)state;
	alerts_verdict(a, &v);
	alerts_verdict(a, &over);
	again.direction = -v.direction;
	again.value = v.baseline_mean / 2;
	again.ratio = 0.5;
	alerts_verdict(a, &again);
	alerts_visit(a, true, take_verdict, &told);
	assert_true(told.direction == -v.direction && told.value < v.baseline_mean && told.ratio < 1);
	assert_int_equal(told.started_at_s, START);
	alerts_free(a);
}

static void transitions_of_unknown_alerts_are_ignored(void **state)
{
	struct alerts *a = fresh();
	struct verdict v = cost_shift(START), again = later(v, VERDICT_REOPENED, START),
		       over = later(v, VERDICT_RESOLVED, START);

	(void)state;
	alerts_verdict(a, &again);
	alerts_verdict(a, &over);
	assert_true(seen.fired == 0 && seen.ended == 0 && visited(a, false) == 0);
	alerts_free(a);
}

/* As when the agent was started without that budget. */
static void an_alert_of_a_budget_that_nobody_ends_does_not_outlast_a_period(void **state)
{
	struct alerts *a = fresh();
	struct verdict day = cost_shift(START);

	(void)state;
	day.kind = VERDICT_BUDGET;
	day.metric = "budget_usd";
	day.window_s = 86400;
	alerts_verdict(a, &day);
	alerts_advance(a, START + 86400); /* the period's end, if it has just begun: the budget itself says so */
	assert_int_equal(visited(a, true), 1);
	alerts_advance(a, START + 86400 + 3600);
	assert_true(visited(a, true) == 0 && seen.how == ALERT_END_EXPIRED);
	alerts_free(a);
}

static void notices_and_silent_series_end_by_themselves(void **state)
{
	struct alerts *a = fresh();
	struct verdict shift = cost_shift(START), runaway = cost_shift(START);

	(void)state;
	runaway.kind = VERDICT_RUNAWAY;
	alerts_verdict(a, &shift);
	alerts_verdict(a, &runaway);
	alerts_advance(a, START + 3599);
	assert_int_equal(visited(a, true), 2);
	alerts_advance(a, START + 3600);
	assert_true(visited(a, true) == 1 && seen.how == ALERT_END_EXPIRED && seen.ended_at_s == START + 3600);
	alerts_advance(a, START + 10 * 86400);
	assert_true(visited(a, true) == 0 && seen.ended_at_s == START + 3 * 86400);
	alerts_free(a);
}

static void alerts_of_one_key_within_an_hour_are_one_incident(void **state)
{
	struct alerts *a = fresh();
	struct verdict first = cost_shift(START), tail = cost_shift(START + 3600), day = cost_shift(START + 5400);
	struct verdict stranger = cost_shift(START + 60), next = cost_shift(START + 5400 + 3601);
	char incident[ALERT_ID_SIZE];

	(void)state;
	alerts_verdict(a, &first);
	memcpy(incident, seen.incident, sizeof(incident));
	assert_string_equal(incident, seen.id);
	stranger.feature = SLICE("search");
	alerts_verdict(a, &stranger);
	assert_string_not_equal(seen.incident, incident);
	tail.metric = "cost_tail";
	alerts_verdict(a, &tail);
	assert_string_equal(seen.incident, incident);
	day.metric = "spend_day";
	day.prompt_version = SLICE("*");
	alerts_verdict(a, &day);
	assert_string_equal(seen.incident, incident);
	alerts_verdict(a, &next);
	assert_string_not_equal(seen.incident, incident);
	alerts_free(a);
}

static void alerts_are_known_again_after_a_restart(void **state)
{
	static struct kept_pairs pairs;
	struct alerts *a = fresh();
	struct verdict v = cost_shift(START), over = later(v, VERDICT_RESOLVED, START + 600);

	(void)state;
	alerts_verdict(a, &v);
	alerts_save(a, false, keep_pair, &pairs);
	assert_int_equal(pairs.count, 1);
	alerts_free(a);
	a = fresh();
	pairs.items[0].key.ptr[3] ^= 1; /* under another's, every start would read it again */
	assert_int_equal(load_pairs(&pairs, a), 0);
	pairs.items[0].key.ptr[3] ^= 1;
	assert_int_equal(load_pairs(&pairs, a), 1);
	alerts_verdict(a, &v);
	assert_true(seen.fired == 0 && visited(a, true) == 1);
	alerts_verdict(a, &over);
	assert_true(seen.ended == 1);
	alerts_save(a, false, keep_pair, &pairs);
	assert_int_equal(pairs.count, 1);
	alerts_free(a);
	release_pairs(&pairs);
}

static void the_table_is_bounded_and_forgets_what_has_ended_first(void **state)
{
	struct alerts *a = fresh();
	static struct kept_pairs pairs;
	struct verdict ended = cost_shift(START), over = later(ended, VERDICT_RESOLVED, START + 1), v;
	char name[32];

	(void)state;
	alerts_verdict(a, &ended);
	alerts_verdict(a, &over);
	alerts_save(a, false, keep_pair, &pairs);
	for (int i = 0; i < ALERTS_MAX + 9; i++) {
		v = cost_shift(START + 2 + (uint64_t)i);
		snprintf(name, sizeof(name), "feature-%d", i);
		v.feature = slice_of(name);
		alerts_verdict(a, &v);
	}
	assert_true(visited(a, false) == ALERTS_MAX && visited(a, true) == ALERTS_MAX);
	assert_int_equal(pairs.count, 1);
	alerts_verdict(a, &over); /* forgotten */
	assert_int_equal(seen.ended, 1);
	alerts_free(a);
	release_pairs(&pairs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_alert_fires_until_it_is_resolved),
		cmocka_unit_test(a_repeated_verdict_raises_nothing),
		cmocka_unit_test(a_level_that_stays_ends_as_adopted),
		cmocka_unit_test(an_alert_that_comes_back_is_the_same_alert),
		cmocka_unit_test(an_alert_that_comes_back_the_other_way_tells_of_that),
		cmocka_unit_test(transitions_of_unknown_alerts_are_ignored),
		cmocka_unit_test(an_alert_of_a_budget_that_nobody_ends_does_not_outlast_a_period),
		cmocka_unit_test(notices_and_silent_series_end_by_themselves),
		cmocka_unit_test(alerts_of_one_key_within_an_hour_are_one_incident),
		cmocka_unit_test(alerts_are_known_again_after_a_restart),
		cmocka_unit_test(the_table_is_bounded_and_forgets_what_has_ended_first),
	};
	return cmocka_run_group_tests_name("alerts/alerts", tests, NULL, NULL);
}
