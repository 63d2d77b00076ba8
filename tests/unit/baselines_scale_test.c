/* SPDX-License-Identifier: Apache-2.0
 * The figures of one time scale are those of the worked example of the specification.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>

#include "agent/baselines/series.h"

static const struct baselines_config config = { .sigma = 2.0, .false_alert_budget = 0.01, .max_series = 100 };

#define assert_near(a, b, by) assert_true(fabs((a) - (b)) <= (by))

static void shares_are_compared_where_their_variance_is_constant(void **state)
{
	(void)state;
	assert_near(freeman_tukey(3, 100), 0.368128, 5e-7);
	assert_true(freeman_tukey(0, 10) > 0);
	assert_true(freeman_tukey(10, 10) < 3.1416);
}

static void thresholds_follow_from_the_budget_of_false_alerts(void **state)
{
	struct baselines_config strict = config;
	struct rules r;

	(void)state;
	rules_init(&r, &config);
	assert_near(r.threshold[SCALE_5M], 4.651, 5e-4);
	assert_near(r.threshold[SCALE_1H], 4.109, 5e-4);
	assert_near(r.threshold[SCALE_6H], 3.675, 5e-4);
	strict.false_alert_budget = 1e-4;
	rules_init(&r, &strict);
	assert_near(r.threshold[SCALE_5M], 5.5, 0.1);
	assert_near(r.threshold[SCALE_1H], 5.1, 0.1);
	assert_near(r.threshold[SCALE_6H], 4.7, 0.1);
}

static void quantiles_of_the_normal_distribution_are_exact(void **state)
{
	(void)state;
	assert_near(normal_upper_quantile(0.5), 0.0, 1e-12);
	assert_near(normal_upper_quantile(0.025), 1.959963984540054, 1e-12);
	assert_near(normal_upper_quantile(1e-9), 5.997807015007773, 1e-9);
}

/* 48 hours of 50 requests, means -0.1, +0.1, ..., variance within of 0.49. */
static void two_days_of_hours_teach_the_worked_numbers(void **state)
{
	const struct metric_info *cost = &metric_infos[METRIC_COST];
	struct rules r;
	struct scale c;

	(void)state;
	rules_init(&r, &config);
	scale_init(&c, KIND_LOG);
	for (int i = 0; i < 48; i++) {
		double x = i % 2 != 0 ? 0.1 : -0.1;
		c.open = (struct bucket){ 50, 50 * x, 50 * x * x + 49 * 0.49 };
		struct observation o = scale_observe(&c, KIND_LOG, c.open.n, c.open.sum);
		double sigma = scale_sigma(&c, cost, o.variance, scale_between(&c));
		scale_learn(&c, &r, KIND_LOG, scale_infos[SCALE_1H].half_life_s, HOUR_S, &o, sigma,
			    c.learned > 0 ? o.x - o.centre : 0.0);
	}
	assert_near(c.mu, 0.00036, 5e-6);
	assert_near(scale_within(&c, KIND_LOG), 0.49, 1e-9);
	assert_near(sqrt(scale_between(&c)), 0.05606, 5e-6);
	assert_near(c.weight, 40.7120, 5e-5);
	assert_near(scale_sigma(&c, cost, scale_within(&c, KIND_LOG) / 50, scale_between(&c)), 0.11932, 5e-6);
}

static void merging_buckets_is_adding_them(void **state)
{
	struct bucket all = { 0, 0, 0 }, part[2] = { { 0, 0, 0 }, { 0, 0, 0 } };

	(void)state;
	for (int i = 0; i < 40; i++) {
		bucket_add(&all, i * 0.1);
		bucket_add(&part[i % 3 == 0], i * 0.1);
	}
	bucket_merge(&part[0], &part[1]);
	assert_true(part[0].n == all.n);
	assert_near(part[0].sum, all.sum, 1e-9);
	assert_near(part[0].sum_sq, all.sum_sq, 1e-9);
}

static void a_constant_series_still_has_a_sigma(void **state)
{
	const struct metric_info *cost = &metric_infos[METRIC_COST];
	struct rules r;
	struct scale c;

	(void)state;
	rules_init(&r, &config);
	scale_init(&c, KIND_LOG);
	for (int i = 0; i < 5000; i++) {
		c.open = (struct bucket){ 50, 50, 50 };
		struct observation o = scale_observe(&c, KIND_LOG, 50, 50);
		scale_learn(&c, &r, KIND_LOG, scale_infos[SCALE_5M].half_life_s, BUCKET_S, &o, 1.0, o.x - o.centre);
	}
	double sigma = scale_sigma(&c, cost, scale_within(&c, KIND_LOG) / 50, scale_between(&c));
	assert_true(isfinite(sigma) && sigma >= cost->floor);
}

static void hear_nothing(void *context, const struct verdict *v)
{
	(void)context;
	(void)v;
}

/* Forty days of hours, each of a level of its own. */
static struct series *series_of_days(const struct rules *r)
{
	struct series *s = series_new(METRIC_COST);
	uint32_t seed = 1;
	double level = 0;

	for (int64_t at = 0; at < 40 * (int64_t)DAY_S; at += BUCKET_S) {
		seed = (1103515245u * seed + 12345u) % 2147483648u;
		level = at % HOUR_S == 0 ? seed / 2147483648.0 * 0.4 : level;
		series_close(s, r, (struct bucket){ 10, 10 * level, 10 * level * level + 1 }, at, hear_nothing, NULL);
	}
	return s;
}

static void hours_teach_the_same_wherever_the_configured_day_begins(void **state)
{
	static const double offsets[] = { 5.5, -3.5, 5.75, 9 };
	struct rules utc, local;

	(void)state;
	rules_init(&utc, &config);
	struct series *in_utc = series_of_days(&utc);
	for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		struct baselines_config there = config;
		there.utc_offset_hours = offsets[i];
		rules_init(&local, &there);
		struct series *s = series_of_days(&local);
		for (int64_t at = 0; at < DAY_S; at += BUCKET_S)
			assert_true(series_offset(s, &local, at) == series_offset(in_utc, &utc, at));
		series_free(s);
	}
	series_free(in_utc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shares_are_compared_where_their_variance_is_constant),
		cmocka_unit_test(thresholds_follow_from_the_budget_of_false_alerts),
		cmocka_unit_test(quantiles_of_the_normal_distribution_are_exact),
		cmocka_unit_test(two_days_of_hours_teach_the_worked_numbers),
		cmocka_unit_test(merging_buckets_is_adding_them),
		cmocka_unit_test(a_constant_series_still_has_a_sigma),
		cmocka_unit_test(hours_teach_the_same_wherever_the_configured_day_begins),
	};
	return cmocka_run_group_tests_name("baselines/scale", tests, NULL, NULL);
}
