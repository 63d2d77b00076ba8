/* SPDX-License-Identifier: Apache-2.0
 * Metrics beyond the reference's ten: they come with their values, cost nothing without, and are bounded.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agent/base/buf.h"
#include "agent/base/meter.h"
#include "agent/baselines/tail_latency.h"
#include "tests/unit/baselines_rig.h"

static const char *const one[] = { "f", NULL }, *const three[] = { "f1", "f2", "f3", NULL };
static struct rig rig;

#define DAYS 1440

static void rate_limits_begin(struct rig *r, struct sample *s, int minute)
{
	if (minute >= 4 * DAYS && (int)(rig_noise(r) * 100) % 8 == 0)
		s->outcome = OUTCOME_RATE_LIMITED;
}

static void the_first_fault_of_a_kind_has_a_baseline_of_none_and_is_judged_at_once(void **state)
{
	const struct baselines_config config = rig_config();

	(void)state;
	rig_open(&rig, &config);
	rig_play(&rig, one, 4 * DAYS, NULL);
	uint64_t before = detector_series_count(rig.detector);
	int calm = rig.count;
	rig.now_s = RIG_START + 4 * 86400;
	for (int i = 0; i < 600; i++, rig.now_s += 60) {
		struct sample s = rig_call(&rig, "f", "v1", 1);
		rate_limits_begin(&rig, &s, 4 * DAYS + i);
		detector_add(rig.detector, &s);
	}
	assert_int_equal(detector_series_count(rig.detector), before + 1);
	const struct told *t = rig_find(&rig, calm, VERDICT_RAISED, VERDICT_SHIFT, "rate_limited_rate");
	assert_non_null(t);
	assert_true(t->v.started_at_s - (RIG_START + 4 * 86400) <= 4 * 3600);
	assert_true(t->v.baseline_mean < 0.01 && t->v.value > 0.05);
	detector_free(rig.detector);
}

static void a_metric_without_values_has_no_series(void **state)
{
	const struct baselines_config config = rig_config();

	(void)state;
	rig_open(&rig, &config);
	rig_play(&rig, one, 60, NULL);
	/* cost, latency, ttft, tpot, output_tokens, error_rate, refusal_rate */
	assert_int_equal(detector_series_count(rig.detector), 7);
	detector_free(rig.detector);
}

static void two_scores(struct rig *r, struct sample *s, int minute)
{
	bool worse = minute >= 3 * DAYS;

	s->name = minute % 2 == 0 ? SLICE("helpful") : SLICE("faithful");
	s->value = 0.8 + rig_noise(r) * 0.05 - (worse && minute % 2 == 0 ? 0.1 : 0);
}

static void each_score_has_a_baseline_of_its_own(void **state)
{
	const struct baselines_config config = rig_config();

	(void)state;
	rig_open(&rig, &config);
	rig_play(&rig, one, 4 * DAYS, two_scores);
	int found = 0;
	for (int i = 0; i < rig.count; i++) {
		if (strcmp(rig.told[i].metric, "eval_score") != 0 || rig.told[i].v.event != VERDICT_RAISED)
			continue;
		assert_string_equal(rig.told[i].name, "helpful");
		found++;
	}
	assert_int_equal(found, 1);
	detector_free(rig.detector);
}

static void judgements_after_the_fact_are_no_calls(void **state)
{
	const struct baselines_config config = rig_config();
	static const enum sample_kind kinds[] = { SAMPLE_SCORE, SAMPLE_VOTE, SAMPLE_RATING, SAMPLE_RETRIEVAL };

	(void)state;
	rig_open(&rig, &config);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct sample s = sample_unknown(kinds[i]);
		s.time_unix_ms = RIG_START * 1000;
		s.feature = SLICE("f");
		s.name = SLICE("n");
		s.value = 1;
		s.documents = kinds[i] == SAMPLE_RETRIEVAL ? 3 : (double)NAN;
		s.top_score = 0.5;
		detector_add(rig.detector, &s);
	}
	/* eval_score, feedback_negative_rate, feedback_rating, empty_retrieval_rate, retrieval_score */
	assert_int_equal(detector_series_count(rig.detector), 5);
	detector_free(rig.detector);
}

static void names_of_scores_are_bounded(void **state)
{
	const struct baselines_config config = rig_config();
	char name[24];

	(void)state;
	rig_open(&rig, &config);
	for (int i = 0; i < 1000; i++) {
		struct sample s = sample_unknown(SAMPLE_SCORE);
		s.time_unix_ms = RIG_START * 1000;
		snprintf(name, sizeof(name), "score-%d", i);
		s.name = slice_of(name);
		s.value = 0.5;
		detector_add(rig.detector, &s);
	}
	assert_int_equal(detector_series_count(rig.detector), 31);
	detector_free(rig.detector);
}

static void double_late(struct rig *r, struct sample *s, int minute)
{
	(void)r;
	s->workflow = SLICE("w");
	if (minute >= 4 * DAYS)
		s->cost_usd *= 2;
}

static void rollups_are_judged_beside_the_keys(void **state)
{
	static const char *const rollups[] = { "all", "workflow", "segment" };
	struct baselines_config config = rig_config();
	int wide = 0;

	(void)state;
	config.rollups = (struct string_list){ (const char **)(void *)rollups, 3 };
	rig_open(&rig, &config);
	rig_play(&rig, three, 5 * DAYS, double_late);
	const struct told *first = rig_find(&rig, 0, VERDICT_RAISED, VERDICT_SHIFT, "cost");
	assert_non_null(first);
	for (int i = 0; i < rig.count; i++)
		assert_true(rig.told[i].v.event != VERDICT_RAISED || rig.told[i].v.kind != VERDICT_SHIFT ||
			    strcmp(rig.told[i].metric, "cost") != 0 || rig.told[i].group == first->group);
	for (int i = 0; i < rig.count; i++)
		wide += rig.told[i].v.event == VERDICT_RAISED && strcmp(rig.told[i].metric, "cost") == 0 &&
			rig.told[i].v.kind == VERDICT_SHIFT && strcmp(rig.told[i].feature, "*") == 0;
	assert_int_equal(wide, 2); /* all traffic, and the workflow; nobody named a segment */
	detector_free(rig.detector);
}

static void keys_that_fall_silent_are_forgotten(void **state)
{
	struct baselines_config config = rig_config();

	(void)state;
	config.idle_after_ms = UINT64_C(48) * 3600 * 1000;
	rig_open(&rig, &config);
	rig_play(&rig, three, 60, NULL);
	assert_int_equal(detector_series_count(rig.detector), 21);
	rig_play(&rig, one, 4 * DAYS, NULL);
	assert_int_equal(detector_series_count(rig.detector) - 7, 2); /* of f: with its two tails */
	detector_free(rig.detector);
}

static int deleted, kept;

static void count_pairs(void *context, struct slice key, struct slice value)
{
	(void)context;
	(void)key;
	deleted += value.ptr == NULL;
	kept += value.ptr != NULL;
}

static void a_million_keys_stay_bounded_and_leave_the_store_too(void **state)
{
	struct baselines_config config = rig_config();
	char name[24];

	(void)state;
	config.max_series = 200;
	rig_open(&rig, &config);
	deleted = kept = 0;
	for (int i = 0; i < 200000; i++) {
		snprintf(name, sizeof(name), "feature-%d", i);
		struct sample s = rig_call(&rig, name, "v1", 1);
		detector_add(rig.detector, &s);
		rig.now_s += i % 5 == 0;
		if (i % 20000 == 0)
			detector_save(rig.detector, false, count_pairs, NULL);
	}
	assert_true(detector_series_count(rig.detector) <= 200);
	assert_true(deleted > 500);
	kept = 0;
	detector_save(rig.detector, true, count_pairs, NULL);
	assert_true(kept <= 200 + 60);
	detector_free(rig.detector);
}

static void thresholds_follow_from_the_budget_of_the_week(void **state)
{
	struct baselines_config config = rig_config();
	struct rules r;

	(void)state;
	rules_init(&r, &config);
	rules_spread_budget(&r, 100000);
	assert_true(fabs(r.threshold[SCALE_5M] - 4.651) < 5e-4); /* no budget of all: as the reference */
	config.false_alerts_per_week = 1;
	rules_init(&r, &config);
	rules_spread_budget(&r, 100);
	assert_true(fabs(r.threshold[SCALE_1H] - 4.109) < 5e-4);
	rules_spread_budget(&r, 10000); /* 1e-4 each */
	assert_true(fabs(r.threshold[SCALE_5M] - 5.5) < 0.05);
	assert_true(fabs(r.threshold[SCALE_1H] - 5.1) < 0.05);
	assert_true(fabs(r.threshold[SCALE_6H] - 4.7) < 0.05);
}

static void slow_tail(struct rig *r, struct sample *s, int minute)
{
	(void)r;
	if (minute % 20 == 0 && minute >= 4 * DAYS)
		s->latency_ms *= 8;
}

static void a_percentile_three_times_the_usual_is_told_where_it_is_asked_for(void **state)
{
	static const char *const metrics[] = { "latency_p99" };
	struct baselines_config config = rig_config();

	(void)state;
	config.metrics = (struct string_list){ (const char **)(void *)metrics, 1 };
	rig_open(&rig, &config);
	rig_play(&rig, one, 5 * DAYS, slow_tail);
	const struct told *t = rig_find(&rig, 0, VERDICT_RAISED, VERDICT_LATENCY_P99, "latency_p99");
	assert_non_null(t);
	assert_true(t->v.started_at_s > RIG_START + 4 * 86400 && t->v.ratio >= 3);
	detector_free(rig.detector);
}

static void silence_is_told_where_requests_are_counted(void **state)
{
	static const char *const metrics[] = { "requests" };
	struct baselines_config config = rig_config();

	(void)state;
	config.metrics = (struct string_list){ (const char **)(void *)metrics, 1 };
	rig_open(&rig, &config);
	rig_play(&rig, three, 4 * DAYS, NULL);
	assert_null(rig_find(&rig, 0, VERDICT_RAISED, VERDICT_SHIFT, "requests"));
	rig_play(&rig, one, 8 * 60, NULL);
	const struct told *t = rig_find(&rig, 0, VERDICT_RAISED, VERDICT_SHIFT, "requests");
	assert_non_null(t);
	assert_true(t->v.direction < 0 && t->v.started_at_s <= RIG_START + 4 * 86400 + 4 * 3600);
	assert_true(t->group_members == 1);
	detector_free(rig.detector);
}

/* The configuration knows metrics by name only: the words must be the same. */
static void the_configuration_names_every_metric(void **state)
{
	struct buf names = BUF_INIT;
	const struct conf_option *o = config_options;

	(void)state;
	while (strcmp(o->name, "baselines") != 0)
		o++;
	o = o->section;
	while (strcmp(o->name, "metrics") != 0)
		o++;
	for (int m = 0; m < METRIC_COUNT; m++)
		buf_printf(&names, "%s|", metric_infos[m].name);
	buf_printf(&names, "%s|%s", tail_names[0], tail_names[1]);
	assert_string_equal(o->choices, buf_string(&names));
	buf_release(&names);
}

static void note_ratio(void *context, const struct verdict *v)
{
	assert_int_equal(v->event, VERDICT_RAISED);
	*(double *)context = v->ratio;
}

/* n calls, of which two in a hundred take slow_ms. */
static void live_an_hour(struct tail_latency *t, int64_t start_s, uint32_t n, double slow_ms, double *ratio)
{
	const double usual = log(100), slow = log(slow_ms);

	for (uint32_t i = 0; i < n; i++)
		tail_latency_add(t, i % 50 == 0 ? slow : usual, start_s + 1);
	tail_latency_hour(t, TAIL_OF_LATENCY, start_s + 3600, note_ratio, ratio);
}

static void a_percentile_of_ten_million_calls_an_hour_is_that_of_all_of_them(void **state)
{
	struct tail_latency t = { 0 };
	double ratio = 0;

	(void)state;
	for (int hour = 1; hour < 14; hour++)
		live_an_hour(&t, hour * 3600, 1000, 100, &ratio);
	live_an_hour(&t, 14 * 3600, 10000000, 1000, &ratio);
	assert_true(ratio == 0);
	live_an_hour(&t, 15 * 3600, 10000000, 1000, &ratio);
	assert_true(fabs(ratio - 10) < 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_percentile_of_ten_million_calls_an_hour_is_that_of_all_of_them),
		cmocka_unit_test(the_first_fault_of_a_kind_has_a_baseline_of_none_and_is_judged_at_once),
		cmocka_unit_test(a_metric_without_values_has_no_series),
		cmocka_unit_test(each_score_has_a_baseline_of_its_own),
		cmocka_unit_test(judgements_after_the_fact_are_no_calls),
		cmocka_unit_test(names_of_scores_are_bounded),
		cmocka_unit_test(rollups_are_judged_beside_the_keys),
		cmocka_unit_test(keys_that_fall_silent_are_forgotten),
		cmocka_unit_test(a_million_keys_stay_bounded_and_leave_the_store_too),
		cmocka_unit_test(thresholds_follow_from_the_budget_of_the_week),
		cmocka_unit_test(a_percentile_three_times_the_usual_is_told_where_it_is_asked_for),
		cmocka_unit_test(silence_is_told_where_requests_are_counted),
		cmocka_unit_test(the_configuration_names_every_metric),
	};
	return cmocka_run_group_tests_name("baselines/metrics", tests, NULL, NULL);
}
