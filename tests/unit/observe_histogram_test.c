/* SPDX-License-Identifier: Apache-2.0
 * Histograms put every value into the bucket that their bounds say, sum exactly, and estimate quantiles.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "agent/observe/histogram.h"

static unsigned bucket_by_bounds(enum histogram_kind kind, uint64_t value)
{
	const struct histogram_layout *l = &histogram_layouts[kind];
	unsigned i = 0;

	while (i < l->bounds && value > l->bound[i])
		i++;
	return i;
}

static void fast_search_agrees_with_the_bounds(void **state)
{
	(void)state;
	for (int kind = 0; kind < HISTOGRAM_KIND_COUNT; kind++) {
		const struct histogram_layout *l = &histogram_layouts[kind];
		for (unsigned i = 0; i < l->bounds; i++)
			for (uint64_t v = l->bound[i] - 1; v <= l->bound[i] + 1; v++)
				assert_int_equal(histogram_bucket((enum histogram_kind)kind, v),
						 bucket_by_bounds((enum histogram_kind)kind, v));
		for (unsigned bit = 0; bit < 64; bit++)
			assert_int_equal(histogram_bucket((enum histogram_kind)kind, UINT64_C(1) << bit),
					 bucket_by_bounds((enum histogram_kind)kind, UINT64_C(1) << bit));
		assert_int_equal(histogram_bucket((enum histogram_kind)kind, 0), 0);
		assert_int_equal(histogram_bucket((enum histogram_kind)kind, UINT64_MAX), l->bounds);
	}
}

static void bounds_read_as_their_le_says(void **state)
{
	(void)state;
	for (int kind = 0; kind < HISTOGRAM_KIND_COUNT; kind++) {
		const struct histogram_layout *l = &histogram_layouts[kind];
		for (unsigned i = 0; i < l->bounds; i++)
			assert_true(fabs(atof(l->le[i]) * pow(10, l->scale) - (double)l->bound[i]) < 0.5);
	}
}

static void quantiles_interpolate_inside_the_bucket(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a, 1 << 16);
	struct histogram *h = histogram_new(&a, HISTOGRAM_SECONDS);
	assert_true(isnan(histogram_quantile(NULL, HISTOGRAM_SECONDS, 0.5)));
	assert_true(isnan(histogram_quantile(h, HISTOGRAM_SECONDS, 0.5)));
	h->counts[histogram_bucket_seconds(100000000)] = 100; /* 0.08 .. 0.16 s */
	assert_true(fabs(histogram_quantile(h, HISTOGRAM_SECONDS, 0.5) - 0.12) < 1e-9);
	h->counts[14] = 900; /* beyond all bounds: the last bound is all that is known */
	assert_true(fabs(histogram_quantile(h, HISTOGRAM_SECONDS, 0.95) - 81.92) < 1e-9);
	arena_release(&a);
}

static void sums_stay_at_their_limit(void **state)
{
	(void)state;
	assert_true(saturating_add(UINT64_MAX - 1, 1) == UINT64_MAX);
	assert_true(saturating_add(UINT64_MAX, 5) == UINT64_MAX);
}

static void adding_keeps_the_later_exemplar(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a, 1 << 16);
	struct histogram *one = histogram_new(&a, HISTOGRAM_USD), *two = histogram_new(&a, HISTOGRAM_USD);
	one->exemplars[1] = (struct exemplar){ .time_unix_ns = 5, .value = 50 };
	two->exemplars[1] = (struct exemplar){ .time_unix_ns = 7, .value = 70 };
	two->counts[3] = 2;
	two->sum = 9;
	histogram_add(one, two, HISTOGRAM_USD);
	histogram_add(one, two, HISTOGRAM_USD);
	assert_int_equal(one->exemplars[1].value, 70);
	assert_int_equal(one->sum, 18);
	assert_int_equal(histogram_count(one, HISTOGRAM_USD), 4);
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fast_search_agrees_with_the_bounds),
		cmocka_unit_test(bounds_read_as_their_le_says),
		cmocka_unit_test(quantiles_interpolate_inside_the_bucket),
		cmocka_unit_test(sums_stay_at_their_limit),
		cmocka_unit_test(adding_keeps_the_later_exemplar),
	};
	return cmocka_run_group_tests_name("observe/histogram", tests, NULL, NULL);
}
