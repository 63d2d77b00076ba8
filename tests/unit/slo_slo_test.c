/* SPDX-License-Identifier: Apache-2.0
 * An error budget that burns too fast is told once, and is over when its cause is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>

#include "agent/slo/slo.h"

#define HOUR 3600u
#define DAY  86400u
#define T0   UINT64_C(1760000000)

static const char *by_model[] = { "model" };
static struct slo_config fast = {
	.threshold_ms = 2000, .objective = 0.95, .window_ms = UINT64_C(30) * DAY * 1000, .by = { by_model, 1 },
};
static struct config_instance one = { .id = "ttft/chat", .kind = "ttft", .options = &fast };
static struct config config = { .slos = { &one, 1 } };

struct seen {
	unsigned raised, resolved;
	double burn, bad_share;
	uint64_t raised_at_s, resolved_at_s;
	char model[32], name[32];
};

static void on_verdict(void *context, const struct verdict *v)
{
	struct seen *seen = context;

	assert_int_equal(v->kind, VERDICT_SLO_BURN);
	if (v->event == VERDICT_RAISED) {
		seen->raised++;
		seen->raised_at_s = v->at_s;
		seen->burn = v->ratio;
		seen->bad_share = v->value;
		snprintf(seen->model, sizeof(seen->model), "%.*s", SLICE_ARG(v->model));
		snprintf(seen->name, sizeof(seen->name), "%.*s", SLICE_ARG(v->name));
	} else {
		seen->resolved++;
		seen->resolved_at_s = v->at_s;
	}
}

static struct sample call_at(uint64_t unix_s, const char *model, double ttft_ms)
{
	struct sample s = sample_unknown(SAMPLE_CALL);

	s.time_unix_ms = unix_s * 1000;
	s.model = slice_of(model);
	s.ttft_ms = ttft_ms;
	s.latency_ms = 3 * ttft_ms;
	return s;
}

/* A call every ten seconds; every bad_every-th is slow. */
static void traffic(struct slo_tracker *t, uint64_t from_s, uint64_t to_s, const char *model, unsigned bad_every)
{
	unsigned n = 0;

	for (; from_s < to_s; from_s += 10) {
		bool is_bad = bad_every != 0 && n++ % bad_every == 0;
		struct sample s = call_at(from_s, model, is_bad ? 5000 : 500);
		slo_add(t, &s);
	}
}

static void a_burning_budget_is_told_once_and_ends_soon_after_its_cause(void **state)
{
	struct seen seen = { 0 };
	struct slo_tracker *t = slo_new(&config, on_verdict, &seen);

	(void)state;
	traffic(t, T0, T0 + 6 * HOUR, "gpt-4o", 0);
	assert_int_equal(seen.raised, 0);
	traffic(t, T0 + 6 * HOUR, T0 + 9 * HOUR, "gpt-4o", 1); /* all of them: 20 times the budget */
	assert_int_equal(seen.raised, 1);
	assert_string_equal(seen.model, "gpt-4o");
	assert_string_equal(seen.name, "ttft/chat");
	assert_true(seen.raised_at_s - T0 < 6 * HOUR + HOUR);
	assert_true(seen.burn > 6);
	traffic(t, T0 + 9 * HOUR, T0 + 12 * HOUR, "gpt-4o", 0);
	assert_int_equal(seen.resolved, 1);
	assert_true(seen.resolved_at_s - T0 < 10 * HOUR);
	slo_free(t);
}

/* Calls of 1970 tell nothing of how long this objective has been lived with. */
static void a_sender_without_a_clock_neither_hides_a_burn_nor_hastens_one(void **state)
{
	static const uint64_t lost[] = { 0, 1, 365 * 86400 };

	(void)state;
	for (size_t i = 0; i < sizeof(lost) / sizeof(lost[0]); i++) {
		struct seen seen = { 0 };
		struct slo_tracker *t = slo_new(&config, on_verdict, &seen);
		struct sample s = call_at(lost[i], "gpt-4o", 500);
		for (uint64_t at = T0; at < T0 + HOUR; at += 60) {
			slo_add(t, &s);
			traffic(t, at, at + 60, "gpt-4o", 1);
			assert_true(seen.raised == 0 || at >= T0 + HOUR / 2);
		}
		assert_int_equal(seen.raised, 1);
		slo_free(t);
	}
}

static void misses_within_the_budget_are_nobodys_business(void **state)
{
	struct seen seen = { 0 };
	struct slo_tracker *t = slo_new(&config, on_verdict, &seen);

	(void)state;
	traffic(t, T0, T0 + 5 * DAY, "gpt-4o", 25); /* 4 %, 5 % may */
	assert_int_equal(seen.raised, 0);
	slo_free(t);
}

static void a_slow_burn_is_found_by_the_long_window(void **state)
{
	struct seen seen = { 0 };
	struct slo_tracker *t = slo_new(&config, on_verdict, &seen);

	(void)state;
	traffic(t, T0, T0 + 4 * DAY, "gpt-4o", 10); /* twice the budget */
	assert_int_equal(seen.raised, 1);
	assert_true(fabs(seen.burn - 2) < 0.3);
	slo_free(t);
}

static void models_have_budgets_of_their_own(void **state)
{
	struct seen seen = { 0 };
	struct slo_tracker *t = slo_new(&config, on_verdict, &seen);

	(void)state;
	for (uint64_t s = T0; s < T0 + 8 * HOUR; s += 10) {
		struct sample good = call_at(s, "fast", 100), bad = call_at(s, "slow", 9000);
		slo_add(t, &good);
		slo_add(t, &bad);
	}
	assert_int_equal(seen.raised, 1);
	assert_string_equal(seen.model, "slow");
	slo_free(t);
}

static void failures_have_no_time_but_a_timeout_has_too_much(void **state)
{
	struct seen seen = { 0 };
	struct slo_tracker *t = slo_new(&config, on_verdict, &seen);
	struct sample s = call_at(T0, "gpt-4o", 10);

	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		s.time_unix_ms += 10000;
		s.outcome = OUTCOME_ERROR;
		slo_add(t, &s);
	}
	assert_int_equal(seen.raised, 0);
	for (unsigned i = 0; i < 1000; i++) {
		s.time_unix_ms += 10000;
		s.outcome = OUTCOME_TIMEOUT;
		slo_add(t, &s);
	}
	assert_int_equal(seen.raised, 1);
	slo_free(t);
}

static void silence_ends_an_alert_in_a_live_agent(void **state)
{
	struct seen seen = { 0 };
	struct slo_tracker *t = slo_new(&config, on_verdict, &seen);

	(void)state;
	traffic(t, T0, T0 + 3 * HOUR, "gpt-4o", 1);
	assert_int_equal(seen.raised, 1);
	for (uint64_t s = T0 + 3 * HOUR; s < T0 + 11 * HOUR; s += 30)
		slo_advance(t, s);
	assert_int_equal(seen.resolved, 1);
	slo_free(t);
}

static void an_objective_that_is_taken_away_burns_no_more(void **state)
{
	struct seen seen = { 0 };
	struct config none = { .slos = { NULL, 0 } };
	struct slo_tracker *t = slo_new(&config, on_verdict, &seen);

	(void)state;
	traffic(t, T0, T0 + 3 * HOUR, "gpt-4o", 1);
	assert_int_equal(seen.raised, 1);
	slo_reload(t, &none);
	assert_int_equal(seen.resolved, 1);
	assert_true(seen.resolved_at_s - T0 <= 3 * HOUR);
	slo_free(t);
}

struct groups {
	size_t count;
	uint64_t other;
};

static void count_group(void *context, const struct slo_view *v)
{
	struct groups *g = context;

	g->count++;
	if (slice_equal(v->model, SLICE("other")))
		g->other = v->good + v->bad;
}

static void many_groups_share_one_beyond_the_limit(void **state)
{
	struct slo_tracker *t = slo_new(&config, on_verdict, NULL);
	struct groups groups = { 0 };
	char model[32];

	(void)state;
	for (unsigned i = 0; i < 3 * SLO_GROUPS_MAX; i++) {
		snprintf(model, sizeof(model), "model-%u", i);
		struct sample s = call_at(T0, model, 10);
		slo_add(t, &s);
	}
	slo_visit(t, count_group, &groups);
	assert_int_equal(groups.count, SLO_GROUPS_MAX);
	assert_int_equal(groups.other, 2 * SLO_GROUPS_MAX + 1);
	slo_free(t);
}

/* A store of pairs. */
struct pairs {
	struct buf keys[16], values[16];
	size_t count;
};

static void keep(void *context, struct slice key, struct slice value)
{
	struct pairs *p = context;

	assert_true(p->count < 16);
	buf_slice(&p->keys[p->count], key);
	buf_slice(&p->values[p->count++], value);
}

static void a_restart_neither_forgets_nor_repeats(void **state)
{
	struct seen before = { 0 }, after = { 0 };
	struct slo_tracker *t = slo_new(&config, on_verdict, &before);
	struct pairs pairs = { .count = 0 };

	(void)state;
	traffic(t, T0, T0 + 3 * HOUR, "gpt-4o", 1);
	assert_int_equal(before.raised, 1);
	slo_save(t, false, keep, &pairs);
	assert_int_equal(pairs.count, 1);
	slo_free(t);
	t = slo_new(&config, on_verdict, &after);
	assert_int_equal(slo_load(t, buf_view(&pairs.keys[0]), buf_view(&pairs.values[0])).code, STATUS_OK);
	traffic(t, T0 + 3 * HOUR, T0 + 4 * HOUR, "gpt-4o", 1);
	assert_int_equal(after.raised, 0);
	traffic(t, T0 + 4 * HOUR, T0 + 8 * HOUR, "gpt-4o", 0);
	assert_int_equal(after.resolved, 1);
	assert_int_equal(slo_load(t, buf_view(&pairs.keys[0]), SLICE("?")).code, STATUS_CORRUPT);
	pairs.keys[0].ptr[0] ^= 1; /* under another group's key, every start would read it again */
	assert_int_equal(slo_load(t, buf_view(&pairs.keys[0]), buf_view(&pairs.values[0])).code, STATUS_CORRUPT);
	slo_free(t);
	buf_release(&pairs.keys[0]);
	buf_release(&pairs.values[0]);
}

/* A call every ten seconds, all bad for two hours, then all good; the clock goes along. */
static void burn_and_recover(struct slo_tracker *t, uint64_t from_s)
{
	for (uint64_t s = from_s; s < from_s + 6 * HOUR; s += 10) {
		slo_advance(t, s);
		traffic(t, s, s + 10, "gpt-4o", s < from_s + 2 * HOUR ? 1 : 0);
	}
}

/* Else windows would end on that day, and nothing of today would lie in them. */
static void calls_are_judged_though_the_stored_times_lie_far_ahead(void **state)
{
	struct seen before = { 0 }, after = { 0 };
	struct slo_tracker *t = slo_new(&config, on_verdict, &before);
	struct pairs pairs = { .count = 0 };
	uint64_t today_s = T0 - 60 * DAY;

	(void)state;
	traffic(t, T0, T0 + 3 * HOUR, "gpt-4o", 1); /* burning */
	slo_save(t, false, keep, &pairs);
	slo_free(t);
	t = slo_new(&config, on_verdict, &after);
	slo_advance(t, today_s);
	assert_int_equal(slo_load(t, buf_view(&pairs.keys[0]), buf_view(&pairs.values[0])).code, STATUS_OK);
	traffic(t, today_s, today_s + 10, "gpt-4o", 0);
	slo_advance(t, today_s + HOUR);
	assert_int_equal(after.resolved, 1);
	burn_and_recover(t, today_s + HOUR);
	assert_int_equal(after.raised, 1);
	assert_int_equal(after.resolved, 2);
	slo_free(t);
	buf_release(&pairs.keys[0]);
	buf_release(&pairs.values[0]);
}

static void calls_are_judged_after_the_clock_was_set_back(void **state)
{
	struct seen seen = { 0 };
	struct slo_tracker *t = slo_new(&config, on_verdict, &seen);

	(void)state;
	burn_and_recover(t, T0);
	assert_int_equal(seen.resolved, 1);
	burn_and_recover(t, T0 - 10 * DAY);
	assert_int_equal(seen.raised, 2);
	assert_int_equal(seen.resolved, 2);
	assert_in_range(seen.resolved_at_s, T0 - 10 * DAY, T0 - 9 * DAY);
	slo_free(t);
}

static double budget_left;

static void note_budget(void *context, const struct slo_view *v)
{
	(void)context;
	budget_left = v->budget_left;
}

/* However long nothing had come before: event time stands where the newest call is. */
static void a_look_right_after_the_first_call_finds_it(void **state)
{
	struct slo_tracker *t = slo_new(&config, on_verdict, &(struct seen){ 0 });

	(void)state;
	slo_advance(t, T0);
	slo_advance(t, T0 + 40 * DAY);
	traffic(t, T0 + 40 * DAY, T0 + 40 * DAY + 10, "gpt-4o", 0);
	slo_visit(t, note_budget, NULL);
	assert_true(budget_left == 1);
	slo_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_burning_budget_is_told_once_and_ends_soon_after_its_cause),
		cmocka_unit_test(a_sender_without_a_clock_neither_hides_a_burn_nor_hastens_one),
		cmocka_unit_test(misses_within_the_budget_are_nobodys_business),
		cmocka_unit_test(a_slow_burn_is_found_by_the_long_window),
		cmocka_unit_test(models_have_budgets_of_their_own),
		cmocka_unit_test(failures_have_no_time_but_a_timeout_has_too_much),
		cmocka_unit_test(silence_ends_an_alert_in_a_live_agent),
		cmocka_unit_test(an_objective_that_is_taken_away_burns_no_more),
		cmocka_unit_test(many_groups_share_one_beyond_the_limit),
		cmocka_unit_test(a_restart_neither_forgets_nor_repeats),
		cmocka_unit_test(calls_are_judged_though_the_stored_times_lie_far_ahead),
		cmocka_unit_test(calls_are_judged_after_the_clock_was_set_back),
		cmocka_unit_test(a_look_right_after_the_first_call_finds_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
