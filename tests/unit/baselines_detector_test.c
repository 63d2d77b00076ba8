/* SPDX-License-Identifier: Apache-2.0
 * The detector tells of a change once and in its time, and keeps its calm whatever samples and clocks say.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agent/base/meter.h"
#include "tests/unit/baselines_detector_rig.h"

static void play_step(struct detector *d, int from, int to)
{
	static uint32_t seed;

	if (from == 0)
		seed = 12345;
	for (int i = from; i < to; i++) {
		double factor = i >= 4 * 1440 + 600 ? 2.0 : 1.0;
		struct sample s = request(MONDAY + (uint64_t)i * 60, 0.002 * exp(noise(&seed)) * factor);
		memcpy(s.trace_id, &i, sizeof(i));
		detector_add(d, &s);
	}
}

static struct verdict last;
static int raised;

static void remember(void *context, const struct verdict *v)
{
	(void)context;
	if (v->event == VERDICT_RAISED && strcmp(v->metric, "cost") == 0 && v->kind == VERDICT_SHIFT) {
		last = *v;
		raised++;
	}
}

static void a_doubled_cost_is_told_once_with_its_evidence(void **state)
{
	struct detector *d = detector_new(&scenario_config, remember, NULL);
	int newest, step = 4 * 1440 + 600;

	(void)state;
	raised = 0;
	play_step(d, 0, 5 * 1440);
	detector_finish(d);
	assert_int_equal(raised, 1);
	int64_t delay_s = (int64_t)last.started_at_s - (int64_t)(MONDAY + (uint64_t)step * 60);
	assert_true(delay_s > 0 && delay_s <= 7200);
	assert_true(fabs(last.ratio - last.value / last.baseline_mean) < 1e-9);
	assert_true(last.baseline_mean > 0.0015 && last.baseline_mean < 0.0025); /* USD, not a logarithm */
	assert_true(last.baseline_stddev > 0 && last.pooled_deviation > 4.1);
	assert_int_equal(last.trace_count, VERDICT_TRACES_MAX);
	memcpy(&newest, last.trace_ids[0], sizeof(newest));
	assert_true(newest > step);
	detector_free(d);
}

static int64_t rejected(const char *reason)
{
	return meter_value(meter_get(METER_BASELINE_REJECTED, reason));
}

static int64_t adjusted(const char *reason)
{
	return meter_value(meter_get(METER_BASELINE_ADJUSTED, reason));
}

static bool all_finite;

static void check_standing(void *context, const struct standing_view *v)
{
	++*(int *)context;
	all_finite &= isfinite(v->value) && isfinite(v->mean) && isfinite(v->stddev) && isfinite(v->deviation);
}

static void values_that_are_no_amounts_are_counted_and_left_out(void **state)
{
	static const double bad[] = { INFINITY, 1e13, -1.0 };
	struct buf verdicts = BUF_INIT;
	struct detector *d = detector_new(&scenario_config, write_verdict, &verdicts);
	int64_t before = rejected("reason=\"cost\"") + rejected("reason=\"latency\"") + rejected("reason=\"ttft\"") +
			 rejected("reason=\"output_tokens\"") + rejected("reason=\"eval_score\"");
	int judged = 0;

	(void)state;
	for (int i = 0; i < 6000; i++) {
		struct sample s = request(MONDAY + (uint64_t)i * 30, 0.001);
		s.name = SLICE("quality");
		if (i % 2 == 0)
			s.cost_usd = s.latency_ms = s.ttft_ms = s.output_tokens = bad[i / 2 % 3];
		if (i % 2 == 0)
			s.value = i % 4 == 0 ? INFINITY : -1e300;
		detector_add(d, &s);
	}
	int64_t after = rejected("reason=\"cost\"") + rejected("reason=\"latency\"") + rejected("reason=\"ttft\"") +
			rejected("reason=\"output_tokens\"") + rejected("reason=\"eval_score\"");
	assert_int_equal(after - before, 5 * 3000);
	all_finite = true;
	detector_visit(d, check_standing, &judged);
	assert_true(judged > 5 && all_finite);
	assert_int_equal(verdicts.len, 0);
	detector_free(d);
	buf_release(&verdicts);
}

static void constant_values_raise_nothing_and_one_huge_value_little(void **state)
{
	struct buf verdicts = BUF_INIT;
	struct detector *d = detector_new(&scenario_config, write_verdict, &verdicts);
	struct sample s;
	int judged = 0;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		s = request(MONDAY + (uint64_t)i * 30, i == 15000 ? 1e6 : 0.001);
		detector_add(d, &s);
	}
	/* the runaway itself, and the day's bill that it ruins */
	assert_non_null(strstr(buf_string(&verdicts), " cost f m v1 "));
	assert_true(lines(&verdicts) <= 4);
	all_finite = true;
	detector_visit(d, check_standing, &judged);
	assert_true(judged > 5 && all_finite);
	detector_free(d);
	buf_release(&verdicts);
}

static void a_clock_a_year_ahead_is_put_right_in_a_live_agent(void **state)
{
	struct buf verdicts = BUF_INIT;
	struct detector *d = detector_new(&scenario_config, write_verdict, &verdicts);
	int64_t clock = adjusted("reason=\"clock\""), late = rejected("reason=\"late\"");
	struct sample s;

	(void)state;
	detector_advance(d, MONDAY);
	s = request(MONDAY + 365 * 86400, 0.001);
	detector_add(d, &s);
	assert_int_equal(adjusted("reason=\"clock\""), clock + 1);
	s = request(MONDAY + 10, 0.001);
	detector_add(d, &s);
	assert_int_equal(rejected("reason=\"late\""), late);
	detector_free(d);
	buf_release(&verdicts);
}

static void a_replay_crosses_a_silence_of_any_length_at_once(void **state)
{
	struct buf verdicts = BUF_INIT;
	struct detector *d = detector_new(&scenario_config, write_verdict, &verdicts);
	int64_t late = rejected("reason=\"late\"");
	struct sample s;

	(void)state;
	play_step(d, 0, 1440);
	s = request(MONDAY + UINT64_C(86400) * 365 * 100000, 0.001);
	detector_add(d, &s);
	s.time_unix_ms = UINT64_MAX;
	detector_add(d, &s);
	s = request(MONDAY, 0.001);
	detector_add(d, &s);
	assert_int_equal(rejected("reason=\"late\""), late + 1);
	detector_free(d);
	buf_release(&verdicts);
}

static void keys_beyond_the_limit_share_one(void **state)
{
	struct baselines_config small = scenario_config;
	struct buf verdicts = BUF_INIT;
	char name[32];

	(void)state;
	small.max_series = 10 * METRIC_COUNT;
	struct detector *d = detector_new(&small, write_verdict, &verdicts);
	int64_t pooled = adjusted("reason=\"pooled\"");
	for (int i = 0; i < 5000; i++) {
		struct sample s = request(MONDAY + (uint64_t)i, 0.001);
		snprintf(name, sizeof(name), "feature-%d", i);
		s.feature = slice_of(name);
		detector_add(d, &s);
	}
	assert_true(adjusted("reason=\"pooled\"") - pooled > 4900);
	assert_true(detector_series_count(d) <= 10 * METRIC_COUNT);
	detector_free(d);
	buf_release(&verdicts);
}

static void a_reload_leaves_the_room_as_it_is(void **state)
{
	struct detector *d = detector_new(&scenario_config, remember, NULL);
	struct baselines_config small = scenario_config;
	int64_t pooled = adjusted("reason=\"pooled\"");
	char name[32];

	(void)state;
	small.max_series = 10 * METRIC_COUNT;
	detector_reload(d, &small);
	for (int i = 0; i < 50; i++) {
		struct sample s = request(MONDAY + (uint64_t)i, 0.001);
		snprintf(name, sizeof(name), "feature-%d", i);
		s.feature = slice_of(name);
		detector_add(d, &s);
	}
	assert_int_equal(adjusted("reason=\"pooled\""), pooled);
	detector_free(d);
}

static void most_hours(void *context, const struct standing_view *v)
{
	uint32_t *hours = context;

	if (v->learned_hours > *hours)
		*hours = v->learned_hours;
}

static void a_clock_that_is_set_back_takes_event_time_with_it(void **state)
{
	struct buf verdicts = BUF_INIT;
	struct detector *d = detector_new(&scenario_config, write_verdict, &verdicts);
	int64_t late = rejected("reason=\"late\"");
	uint32_t hours = 0;

	(void)state;
	for (int minute = -90; minute < 30 * 60; minute++) {
		uint64_t now_s = MONDAY + (uint64_t)(minute < 0 ? 8 * 3600 + 60 * (minute + 90) : 60 * minute);
		struct sample s = request(now_s, 0.001);
		detector_advance(d, now_s);
		detector_add(d, &s);
	}
	assert_int_equal(rejected("reason=\"late\""), late);
	assert_true(detector_time(d) <= MONDAY + 30 * 3600);
	detector_visit(d, most_hours, &hours);
	assert_true(hours >= 29);
	detector_free(d);
	buf_release(&verdicts);
}

static void a_live_agent_closes_buckets_without_traffic(void **state)
{
	struct detector *d = detector_new(&scenario_config, remember, NULL);
	int step = 4 * 1440 + 600;

	(void)state;
	raised = 0;
	detector_advance(d, NOW);
	play_step(d, 0, step + 41);
	detector_advance(d, NOW + 59);
	assert_int_equal(raised, 0);
	detector_advance(d, NOW + 60);
	assert_int_equal(raised, 1);
	detector_free(d);
}

static void spans_of_the_past_are_judged_in_their_own_time(void **state)
{
	struct detector *d = detector_new(&scenario_config, remember, NULL);
	int64_t late = rejected("reason=\"late\"");
	int clock = 0;

	(void)state;
	raised = 0;
	for (int i = 0; i < 5 * 1440; i += 60) {
		detector_advance(d, NOW + (uint64_t)clock++);
		play_step(d, i, i + 60);
	}
	assert_int_equal(raised, 1);
	assert_int_equal(rejected("reason=\"late\""), late);
	detector_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_doubled_cost_is_told_once_with_its_evidence),
		cmocka_unit_test(values_that_are_no_amounts_are_counted_and_left_out),
		cmocka_unit_test(constant_values_raise_nothing_and_one_huge_value_little),
		cmocka_unit_test(a_clock_a_year_ahead_is_put_right_in_a_live_agent),
		cmocka_unit_test(a_replay_crosses_a_silence_of_any_length_at_once),
		cmocka_unit_test(keys_beyond_the_limit_share_one),
		cmocka_unit_test(a_reload_leaves_the_room_as_it_is),
		cmocka_unit_test(a_clock_that_is_set_back_takes_event_time_with_it),
		cmocka_unit_test(a_live_agent_closes_buckets_without_traffic),
		cmocka_unit_test(spans_of_the_past_are_judged_in_their_own_time),
	};

	return cmocka_run_group_tests_name("baselines/detector", tests, NULL, NULL);
}
