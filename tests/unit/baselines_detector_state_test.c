/* SPDX-License-Identifier: Apache-2.0
 * Stored baselines that are damaged are left out or put right: no time of theirs is calculated with that can not be.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agent/base/meter.h"
#include "agent/base/record.h"
#include "agent/baselines/detector_priv.h"
#include "tests/unit/baselines_rig.h"
#include "tests/unit/pairs.h"

#define HOURS_BEFORE 80
#define HOURS_AFTER  26
#define TIME_BYTES   5 /* of any second of this half century */

static const char *const features[] = { "f", NULL };
static const char *percentiles[] = { "latency_p99" };

static struct baselines_config config_with_percentiles(void)
{
	struct baselines_config c = rig_config();

	c.metrics.items = percentiles;
	c.metrics.count = 1;
	return c;
}

static int before(const void *a, const void *b)
{
	const struct buf *x = &((const struct pair *)a)->key, *y = &((const struct pair *)b)->key;
	int by_bytes = memcmp(x->ptr, y->ptr, x->len < y->len ? x->len : y->len);

	return by_bytes != 0 ? by_bytes : (x->len > y->len) - (x->len < y->len);
}

/* Dear and slow towards the end, so that alerts stand; one call in a thousand runs away. */
static void go_wrong(struct rig *r, struct sample *s, int minute)
{
	(void)r;
	s->request_model = SLICE("alias");
	s->model_pinned = TRI_NO;
	if (minute > (HOURS_BEFORE - 4) * 60) {
		s->cost_usd *= 4;
		s->latency_ms *= 8;
	}
	if (minute % 1000 == 999)
		s->cost_usd *= 200;
}

/* What three days of one feature left on the disk, in the middle of an hour. */
static int store(void **state)
{
	struct baselines_config config = config_with_percentiles();
	struct rig r;

	(void)state;
	rig_open(&r, &config);
	rig_play(&r, features, HOURS_BEFORE * 60 + 37, go_wrong);
	detector_save(r.detector, true, put, NULL);
	detector_free(r.detector);
	qsort(pairs, pair_count, sizeof(pairs[0]), before);
	bool has_alert = rig_find(&r, 0, VERDICT_RAISED, VERDICT_SHIFT, "cost") != NULL;
	return has_alert && pair_count > 8 && pairs[0].key.ptr[0] == 'c' ? 0 : -1;
}

/* A detector that has loaded all of it, with this value instead of the one at damaged. Gives how that one was taken. */
static enum status_code open_with(struct rig *r, uint64_t clock_s, size_t damaged, struct slice value)
{
	struct baselines_config config = config_with_percentiles();
	enum status_code code = STATUS_OK;

	rig_open(r, &config);
	r->now_s = RIG_START + (HOURS_BEFORE * 60 + 37) * 60;
	if (clock_s != 0)
		detector_advance(r->detector, clock_s);
	for (size_t i = 0; i < pair_count; i++) {
		struct slice sound = buf_view(&pairs[i].value);
		enum status_code taken =
			detector_load(r->detector, buf_view(&pairs[i].key), i == damaged ? value : sound).code;
		code = i == damaged ? taken : code;
	}
	return code;
}

static uint64_t time_at(struct slice bytes)
{
	struct record r = record_reader(slice_head(bytes, TIME_BYTES));
	int64_t time = 0;

	record_time(&r, &time);
	return record_ok(&r) && time > 0 ? (uint64_t)time : 0;
}

/* Each time of each value in turn is replaced by these bytes. */
static void with_each_time(struct slice bytes, void (*look)(size_t damaged, struct slice value))
{
	struct buf value = BUF_INIT;
	unsigned found = 0;

	for (size_t i = 0; i < pair_count; i++) {
		struct slice sound = buf_view(&pairs[i].value);
		for (size_t at = 0; at + TIME_BYTES <= sound.len; at++) {
			uint64_t time = time_at(slice_skip(sound, at));
			if (time < RIG_START || time > RIG_START + UINT64_C(86400) * 10)
				continue;
			found++;
			buf_reset(&value);
			buf_slice(&value, slice_head(sound, at));
			buf_slice(&value, bytes);
			buf_slice(&value, slice_skip(sound, at + TIME_BYTES));
			look(i, buf_view(&value));
		}
	}
	assert_true(found > 20);
	buf_release(&value);
}

/* Verdicts tell of times that have been. */
static void goes_on(size_t damaged, struct slice value)
{
	struct rig r;

	(void)open_with(&r, 0, damaged, value);
	rig_play(&r, features, HOURS_AFTER * 60, go_wrong);
	for (int i = 0; i < r.count; i++) {
		assert_in_range(r.told[i].v.at_s, RIG_START, r.now_s);
		assert_in_range(r.told[i].v.started_at_s, RIG_START, r.told[i].v.at_s);
	}
	detector_free(r.detector);
}

static void is_refused(size_t damaged, struct slice value)
{
	struct rig r;

	assert_int_equal(open_with(&r, 0, damaged, value), STATUS_CORRUPT);
	detector_free(r.detector);
}

static void a_time_that_became_none_is_not_calculated_with(void **state)
{
	(void)state;
	with_each_time((struct slice){ "\0", 1 }, goes_on);
}

static void a_time_at_the_end_of_all_time_is_refused(void **state)
{
	(void)state;
	with_each_time(SLICE("\xff\xff\xff\xff\xff\xff\xff\xff\x7f"), is_refused);
	with_each_time(SLICE("\xff\xff\xff\xff\xff\xff\xff\x7f"), is_refused);
}

static void run_away(struct rig *r, struct sample *s, int minute)
{
	(void)r;
	(void)minute;
	s->cost_usd *= 1000;
}

/* Else every call of today would be too late, and what waits for such a time would wait for it. */
static void times_ahead_of_the_clock_are_not_believed(void **state)
{
	struct meter *late = meter_get(METER_BASELINE_REJECTED, "reason=\"late\"");
	uint64_t today_s = RIG_START - UINT64_C(86400) * 100;
	int64_t before_s = meter_value(late);
	struct rig r;

	(void)state;
	assert_int_equal(open_with(&r, today_s, SIZE_MAX, SLICE_NONE), STATUS_OK);
	for (r.now_s = today_s; r.now_s < today_s + HOURS_AFTER * 3600;) {
		rig_play(&r, features, 1, NULL);
		detector_advance(r.detector, r.now_s);
	}
	rig_play(&r, features, 1, run_away);
	assert_int_equal(meter_value(late), before_s);
	assert_non_null(rig_find(&r, 0, VERDICT_RESOLVED, VERDICT_SHIFT, "cost"));
	assert_non_null(rig_find(&r, 0, VERDICT_RAISED, VERDICT_RUNAWAY, NULL));
	detector_free(r.detector);
}

static void of_a_key_that_is_refused_nothing_stays(void **state)
{
	struct baselines_config config = config_with_percentiles();
	struct slice value = SLICE_NONE;
	struct rig r;

	(void)state;
	for (size_t i = 0; i < pair_count && value.len == 0; i++)
		value = pairs[i].key.ptr[0] == 'k' ? buf_view(&pairs[i].value) : SLICE_NONE;
	assert_true(value.len > 0);
	rig_open(&r, &config);
	for (size_t n = 0; n < value.len; n++) {
		enum status_code code = detector_load(r.detector, (struct slice){ "k\0\0\0\0", 5 },
						      slice_head(value, n)).code;
		assert_int_equal(code, STATUS_CORRUPT);
		assert_int_equal(detector_series_count(r.detector), 0);
	}
	detector_free(r.detector);
}

/* Its groups would be added to those of the first. */
static void a_second_clock_is_refused(void **state)
{
	struct slice another = { "c\0\0\0\1", 5 };
	struct rig r;

	(void)state;
	(void)open_with(&r, 0, SIZE_MAX, SLICE_NONE);
	assert_int_equal(detector_load(r.detector, buf_view(&pairs[0].key), buf_view(&pairs[0].value)).code,
			 STATUS_CORRUPT);
	assert_int_equal(detector_load(r.detector, another, buf_view(&pairs[0].value)).code, STATUS_CORRUPT);
	detector_free(r.detector);
}

static bool series_is_taken(struct series *s)
{
	struct series *back = series_new(s->metric);
	struct buf bytes = BUF_INIT;
	struct record w = record_writer(&bytes);

	record_series(&w, s);
	struct record r = record_reader(buf_view(&bytes));
	record_series(&r, back);
	series_free(back);
	buf_release(&bytes);
	return record_ok(&r);
}

static bool spend_is_taken(struct spend *s)
{
	struct spend back = { 0 };
	struct buf bytes = BUF_INIT;
	struct record w = record_writer(&bytes);

	record_spend(&w, s);
	struct record r = record_reader(buf_view(&bytes));
	record_spend(&r, &back);
	buf_release(&bytes);
	return record_ok(&r);
}

static const double none[] = { NAN, INFINITY, -INFINITY };
#define NONE_COUNT (sizeof(none) / sizeof(none[0]))

/* What is no number stays none whatever is added: the series would be blind for good. */
static void a_series_with_what_is_no_number_is_refused(void **state)
{
	struct series *s = series_new(METRIC_COST);
	struct scale *c = &s->scales[SCALE_1H];
	double *const numbers[] = { &s->last_mean, &s->season->offset[3], &c->open.sum, &c->open.sum_sq, &c->mu,
				    &c->frozen_sum,
				    &c->weight, &c->m2, &c->mv, &c->within_ss, &c->within_df, &c->prior_between };
	enum { FIRST_AMOUNT = 6 };

	(void)state;
	s->firing = true;
	c->open = (struct bucket){ 2, -12, 72 };
	c->ring_len = 1;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		double was = *numbers[i];
		assert_true(series_is_taken(s));
		for (size_t k = 0; k < NONE_COUNT; k++) {
			*numbers[i] = none[k];
			assert_false(series_is_taken(s));
		}
		*numbers[i] = -1;
		assert_int_equal(series_is_taken(s), i < FIRST_AMOUNT);
		*numbers[i] = was;
	}
	c->ring[0].z = NAN;
	assert_false(series_is_taken(s));
	series_free(s);
}

static void a_share_of_more_than_all_is_refused(void **state)
{
	struct series *s = series_new(METRIC_ERROR_RATE);
	struct scale *c = &s->scales[SCALE_1H];

	(void)state;
	c->bad = c->total = 1000;
	c->open = (struct bucket){ 2, 2, 2 };
	assert_true(series_is_taken(s));
	c->open.sum = 3;
	assert_false(series_is_taken(s));
	c->open.sum = 1.5;
	assert_false(series_is_taken(s));
	c->open.sum = 2;
	c->bad = 1100;
	assert_false(series_is_taken(s));
	c->bad = -1;
	assert_false(series_is_taken(s));
	series_free(s);
}

static void spend_that_is_no_number_is_refused_but_for_a_level_to_learn(void **state)
{
	struct spend s;
	double *const numbers[] = { &s.total_usd, &s.weight, &s.m2, &s.by_hour[7], &s.profile[7] };

	(void)state;
	spend_init(&s);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		double was = *numbers[i];
		assert_true(spend_is_taken(&s));
		for (size_t k = 0; k < NONE_COUNT; k++) {
			*numbers[i] = none[k];
			assert_false(spend_is_taken(&s));
		}
		*numbers[i] = was;
	}
	s.mu = NAN;
	assert_true(spend_is_taken(&s));
	s.mu = INFINITY;
	assert_false(spend_is_taken(&s));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_time_that_became_none_is_not_calculated_with),
		cmocka_unit_test(a_time_at_the_end_of_all_time_is_refused),
		cmocka_unit_test(times_ahead_of_the_clock_are_not_believed),
		cmocka_unit_test(of_a_key_that_is_refused_nothing_stays),
		cmocka_unit_test(a_second_clock_is_refused),
		cmocka_unit_test(a_series_with_what_is_no_number_is_refused),
		cmocka_unit_test(a_share_of_more_than_all_is_refused),
		cmocka_unit_test(spend_that_is_no_number_is_refused_but_for_a_level_to_learn),
	};

	return cmocka_run_group_tests_name("baselines/detector_state", tests, store, release);
}
