/* SPDX-License-Identifier: Apache-2.0
 * The detector keeps its verdicts over restarts, and keeps its calm whatever samples say.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agent/base/buf.h"
#include "agent/base/meter.h"
#include "agent/base/record.h"
#include "tests/unit/baselines_scenario.h"

#define MONDAY   UINT64_C(1772409600)  /* 2026-03-02 00:00 UTC */
#define NOW      (MONDAY + 30 * 86400) /* of a live agent, long after the samples */
#define SCENARIO "tests/golden/baselines/steps.csv.gz"

/* Verdicts as text, one line each, every figure to the last bit; not the trace ids, which a restart forgets. */
static void write_verdict(void *context, const struct verdict *v)
{
	buf_printf(context, "%d %d %s %.*s %.*s %.*s %.*s %llu %llu %a %a %a %a %a %a %a %u %u %d\n", (int)v->event,
		   (int)v->kind, v->metric, SLICE_ARG(v->feature), SLICE_ARG(v->model), SLICE_ARG(v->prompt_version),
		   SLICE_ARG(v->reference_version), (unsigned long long)v->started_at_s, (unsigned long long)v->at_s,
		   v->value, v->baseline_mean, v->baseline_stddev, v->deviation, v->pooled_deviation, v->ratio,
		   v->sample_size, v->run, v->window_s, v->direction);
}

static int lines(struct buf *b)
{
	int count = 0;

	for (size_t i = 0; i < b->len; i++)
		count += b->ptr[i] == '\n';
	return count;
}

static struct sample request(uint64_t unix_s, double cost_usd)
{
	struct sample s = sample_unknown(SAMPLE_CALL);

	s.time_unix_ms = unix_s * 1000;
	s.feature = SLICE("f");
	s.model = SLICE("m");
	s.prompt_version = SLICE("v1");
	s.cost_usd = cost_usd;
	s.latency_ms = 900;
	s.ttft_ms = 200;
	s.output_tokens = 100;
	return s;
}

static double noise(uint32_t *seed)
{
	*seed = (1103515245u * *seed + 12345u) % 2147483648u;
	return (*seed / 2147483648.0 - 0.5) * 2;
}

/* ---------------------------------------------------------------- a store of pairs */
struct pair {
	struct buf key, value;
};

struct pairs {
	struct pair *items;
	size_t count, longest_series;
};

static int by_key(const void *a, const void *b)
{
	const struct buf *x = &((const struct pair *)a)->key, *y = &((const struct pair *)b)->key;
	int order = memcmp(x->ptr, y->ptr, x->len < y->len ? x->len : y->len);

	return order != 0 ? order : (x->len > y->len) - (x->len < y->len);
}

static void keep(void *context, struct slice key, struct slice value)
{
	struct pairs *pairs = context;
	struct pair *at = NULL;

	for (size_t i = 0; i < pairs->count && at == NULL; i++)
		if (slice_equal(buf_view(&pairs->items[i].key), key))
			at = &pairs->items[i];
	if (at == NULL) {
		pairs->items = realloc(pairs->items, (pairs->count + 1) * sizeof(pairs->items[0]));
		at = &pairs->items[pairs->count++];
		*at = (struct pair){ BUF_INIT, BUF_INIT };
		buf_slice(&at->key, key);
	}
	buf_reset(&at->value);
	buf_slice(&at->value, value);
	if (key.ptr[0] == 's' && value.len > pairs->longest_series)
		pairs->longest_series = value.len;
}

static void load_all(struct detector *d, struct pairs *pairs)
{
	qsort(pairs->items, pairs->count, sizeof(pairs->items[0]), by_key);
	for (size_t i = 0; i < pairs->count; i++)
		assert_int_equal(
			detector_load(d, buf_view(&pairs->items[i].key), buf_view(&pairs->items[i].value)).code,
			STATUS_OK);
}

static void pairs_release(struct pairs *pairs)
{
	for (size_t i = 0; i < pairs->count; i++) {
		buf_release(&pairs->items[i].key);
		buf_release(&pairs->items[i].value);
	}
	free(pairs->items);
}

/* ---------------------------------------------------------------- restarts */
struct life {
	struct detector *detector;
	struct buf verdicts;
	struct pairs pairs;
	uint32_t seed;
	int restart_every; /* rows, on average; 0: never */
	int restarts;
};

static void restart(struct life *l)
{
	detector_save(l->detector, false, keep, &l->pairs);
	detector_free(l->detector);
	l->detector = detector_new(&scenario_config, write_verdict, &l->verdicts);
	load_all(l->detector, &l->pairs);
	l->restarts++;
}

static void live(void *context, const struct sample *s)
{
	struct life *l = context;

	if (l->restart_every != 0 && (noise(&l->seed) + 1) / 2 < 1.0 / l->restart_every)
		restart(l);
	detector_add(l->detector, s);
}

static void live_scenario(struct life *l, int restart_every, uint32_t seed)
{
	*l = (struct life){ .verdicts = BUF_INIT, .seed = seed, .restart_every = restart_every };
	l->detector = detector_new(&scenario_config, write_verdict, &l->verdicts);
	assert_true(scenario_play(SCENARIO, live, l) > 0);
}

static void life_release(struct life *l)
{
	detector_free(l->detector);
	buf_release(&l->verdicts);
	pairs_release(&l->pairs);
}

static void restarts_at_any_point_change_no_verdict(void **state)
{
	struct life calm, l;

	(void)state;
	live_scenario(&calm, 0, 0);
	detector_finish(calm.detector);
	assert_true(lines(&calm.verdicts) > 50);
	for (uint32_t seed = 1; seed <= 4; seed++) {
		live_scenario(&l, seed == 1 ? 20 : 600, seed);
		detector_finish(l.detector);
		assert_true(l.restarts > 5);
		assert_string_equal(buf_string(&l.verdicts), buf_string(&calm.verdicts));
		assert_true(l.pairs.longest_series <= 1024);
		life_release(&l);
	}
	life_release(&calm);
}

static void a_score_that_is_called_other_is_loaded_beside_all_others(void **state)
{
	struct life l = { .detector = detector_new(&scenario_config, write_verdict, &l.verdicts), .verdicts = BUF_INIT };
	char name[24];

	(void)state;
	for (int i = 0; i < 40; i++) {
		struct sample s = sample_unknown(SAMPLE_SCORE);
		snprintf(name, sizeof(name), "score-%d", i);
		s.time_unix_ms = MONDAY * 1000;
		s.name = i == 3 ? SLICE("other") : slice_of(name);
		s.value = 0.5;
		detector_add(l.detector, &s);
	}
	uint64_t series = detector_series_count(l.detector);
	restart(&l); /* nothing of it is refused */
	assert_int_equal(detector_series_count(l.detector), series);
	life_release(&l);
}

static void what_has_not_changed_is_not_saved_again(void **state)
{
	struct pairs again = { 0 };
	struct life l;

	(void)state;
	live_scenario(&l, 0, 0);
	detector_save(l.detector, false, keep, &l.pairs);
	detector_save(l.detector, false, keep, &again);
	assert_int_equal(again.count, 0);
	detector_save(l.detector, true, keep, &again);
	assert_int_equal(again.count, l.pairs.count);
	pairs_release(&again);
	life_release(&l);
}

static void stored_values_that_are_broken_are_refused(void **state)
{
	struct life l;

	(void)state;
	live_scenario(&l, 0, 0);
	detector_save(l.detector, true, keep, &l.pairs);
	qsort(l.pairs.items, l.pairs.count, sizeof(l.pairs.items[0]), by_key);
	for (size_t i = 0; i < l.pairs.count; i++) {
		struct slice key = buf_view(&l.pairs.items[i].key), value = buf_view(&l.pairs.items[i].value);
		struct detector *d = detector_new(&scenario_config, write_verdict, &l.verdicts);
		for (size_t j = 0; j < i; j++)
			assert_int_equal(
				detector_load(d, buf_view(&l.pairs.items[j].key), buf_view(&l.pairs.items[j].value))
					.code,
				STATUS_OK);
		assert_int_equal(detector_load(d, key, slice_head(value, value.len - 1)).code, STATUS_CORRUPT);
		assert_int_equal(detector_load(d, key, SLICE("\x02")).code, STATUS_CORRUPT);
		assert_int_equal(detector_load(d, slice_head(key, 1), value).code, STATUS_CORRUPT);
		detector_free(d);
	}
	life_release(&l);
}

/* A key as version 1 of the format has it: each of ten metrics has its place. */
static void a_key_of_the_first_format_is_read(void **state)
{
	struct slice labels[] = { SLICE("f"), SLICE("m"), SLICE("v1") };
	struct buf value = BUF_INIT, verdicts = BUF_INIT;
	struct record r = record_writer(&value);
	int64_t first_s = (int64_t)MONDAY, never = 0;
	uint32_t zero = 0, metrics = 10;
	double none = 0, two = 2, sum = -12;

	(void)state;
	record_format(&r, 1);
	for (size_t i = 0; i < 3; i++)
		record_slice(&r, &labels[i]);
	record_time(&r, &first_s);
	record_double(&r, &none); /* runaway */
	record_u32(&r, &zero);
	record_u32(&r, &zero);
	record_time(&r, &never);
	record_u32(&r, &metrics);
	record_count(&r, &two); /* cost: two requests */
	record_double(&r, &sum);
	record_double(&r, &sum);
	for (uint32_t m = 1; m < metrics; m++)
		record_count(&r, &none);
	struct detector *d = detector_new(&scenario_config, write_verdict, &verdicts);
	assert_int_equal(detector_load(d, (struct slice){ "k\0\0\0\0", 5 }, buf_view(&value)).code, STATUS_OK);
	assert_int_equal(detector_series_count(d), 1);
	detector_free(d);
	buf_release(&value);
	buf_release(&verdicts);
}

/* Format 2 had no second time behind the labels: since when a key is counted here. */
static void a_key_of_the_second_format_is_read(void **state)
{
	enum { FORMAT_AND_LABELS = 1 + 2 + 2 + 3 + 1 + 1, TIME = 5 };
	struct life l = { .detector = detector_new(&scenario_config, write_verdict, &l.verdicts), .verdicts = BUF_INIT };
	struct sample s = request(MONDAY, 0.001);

	(void)state;
	s.feature = SLICE("f");
	s.model = SLICE("m");
	s.prompt_version = SLICE("v1");
	detector_add(l.detector, &s);
	uint64_t series = detector_series_count(l.detector);
	detector_save(l.detector, true, keep, &l.pairs);
	detector_free(l.detector);
	for (size_t i = 0; i < l.pairs.count; i++) {
		struct buf *value = &l.pairs.items[i].value;
		if (l.pairs.items[i].key.ptr[0] != 'k')
			continue;
		char *first = value->ptr + FORMAT_AND_LABELS, *counted = first + TIME;
		assert_int_equal(value->ptr[0], 3);
		assert_memory_equal(first, counted, TIME);
		value->ptr[0] = 2;
		memmove(first, counted, value->len - FORMAT_AND_LABELS - TIME);
		value->len -= TIME;
	}
	l.detector = detector_new(&scenario_config, write_verdict, &l.verdicts);
	load_all(l.detector, &l.pairs);
	assert_int_equal(detector_series_count(l.detector), series);
	life_release(&l);
}

/* ---------------------------------------------------------------- judging */
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

/* ---------------------------------------------------------------- bad input */
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
		cmocka_unit_test(restarts_at_any_point_change_no_verdict),
		cmocka_unit_test(a_score_that_is_called_other_is_loaded_beside_all_others),
		cmocka_unit_test(what_has_not_changed_is_not_saved_again),
		cmocka_unit_test(stored_values_that_are_broken_are_refused),
		cmocka_unit_test(a_key_of_the_first_format_is_read),
		cmocka_unit_test(a_key_of_the_second_format_is_read),
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
