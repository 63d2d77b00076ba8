/* SPDX-License-Identifier: Apache-2.0
 * What the walker sees in log records and data points.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/otlp_walk_rig.h"

static struct status keep_log(void *context, const struct log_view *log)
{
	*(struct log_view *)context = *log;
	return OK;
}

static void ids_of_zeros_in_a_log_record_are_none(void **state)
{
	struct arena *a = *state;
	struct log_view log;
	struct slice record = field(a, 2, SLICE("\x4a\x10\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x52\x08" "01234567"));

	assert_false(FAILED(walk_logs(request_of(a, record), a, keep_log, &log)));
	assert_null(log.defect);
	assert_int_equal(log.trace_id.len, 0);
	assert_true(slice_equal(log.span_id, SLICE("01234567")));
	record = field(a, 2, SLICE("\x4a\x02" "01"));
	assert_false(FAILED(walk_logs(request_of(a, record), a, keep_log, &log)));
	assert_non_null(log.defect);
}

struct points {
	struct point_view seen[4];
	size_t count;
};

static struct status keep_point(void *context, const struct point_view *point)
{
	struct points *p = context;

	p->seen[p->count++] = *point;
	return OK;
}

static void what_stands_behind_data_points_still_belongs_to_them(void **state)
{
	struct arena *a = *state;
	struct points p = { .count = 0 };
	struct slice point = field(a, 1, SLICE("\x31\x05\0\0\0\0\0\0\0")); /* as_int 5 */
	struct slice sum = field(a, 7, join(a, join(a, point, point), SLICE("\x10\x02")));
	struct slice metric = field(a, 2, join(a, sum, SLICE("\x1a\x01s\x0a\x01m")));

	assert_false(FAILED(walk_metrics(request_of(a, metric), a, keep_point, &p)));
	assert_int_equal(p.count, 2);
	assert_true(slice_equal(p.seen[1].metric, SLICE("m")) && slice_equal(p.seen[1].unit, SLICE("s")));
	assert_int_equal(p.seen[1].metric_kind, 7);
	assert_int_equal(p.seen[1].temporality, 2);
	assert_true(p.seen[1].has_value && p.seen[1].value == 5.0);
}

static void a_point_without_value_says_so(void **state)
{
	struct arena *a = *state;
	struct points p = { .count = 0 };
	struct slice gauge = field(a, 2, field(a, 5, field(a, 1, SLICE("\x40\x01")))); /* flags: no recorded value */
	struct slice histogram =
		field(a, 2, field(a, 9, field(a, 1, SLICE("\x21\x03\0\0\0\0\0\0\0\x31\x03\0\0\0\0\0\0\0"))));

	assert_false(FAILED(walk_metrics(request_of(a, join(a, gauge, histogram)), a, keep_point, &p)));
	assert_int_equal(p.count, 2);
	assert_false(p.seen[0].has_value);
	assert_null(p.seen[0].defect);
	assert_false(p.seen[1].has_value); /* a histogram without sum; its buckets are not packed */
	assert_null(p.seen[1].defect);
	assert_int_equal(p.seen[1].count, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_of_zeros_in_a_log_record_are_none),
		cmocka_unit_test(what_stands_behind_data_points_still_belongs_to_them),
		cmocka_unit_test(a_point_without_value_says_so),
	};

	return cmocka_run_group_tests_name("otlp/walk_signals", tests, set_up, tear_down);
}
