/* SPDX-License-Identifier: Apache-2.0
 * A data point's series is what it says of itself, and nothing that happened to be read before it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agent/daemon/metered.h"
#include "tests/unit/dialects_rig.h"

/* The series of a point from a resource with one attribute. */
static uint64_t series_from(struct any_value told_by_resource)
{
	static uint32_t sequence;
	struct attribute attribute = { SLICE("process.command_args"), told_by_resource };
	struct scope_view scope = { 0 };
	struct resource_view resource = { .sequence = ++sequence, .attributes = { &attribute, 1 } };
	struct point_view point = {
		.metric = SLICE("gen_ai.client.operation.duration"), .unit = SLICE("s"), .metric_kind = 9, .temporality = 2,
		.has_value = true, .count = 1, .sum = 1, .scope = &scope, .resource = &resource,
	};
	struct metered m = { 0 };

	assert_false(FAILED(metered_take(&m, reader, &point, &arena)));
	assert_int_equal(m.count, 1);
	return m.points[0].series;
}

/* Lists and texts have no number: what stands in its place is left over from the attribute read there before. */
static void what_was_read_before_makes_no_other_series(void **state)
{
	static const enum any_kind kinds[] = { ANY_NONE, ANY_STRING, ANY_BYTES, ANY_ARRAY, ANY_KVLIST };

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct any_value before = { .kind = kinds[i], .integer = 4711, .bytes = SLICE("\n\3\n\1a") }, now = before;
		now.integer = 12;
		assert_true(series_from(before) == series_from(now));
	}
}

static void lists_that_differ_are_of_different_series(void **state)
{
	struct any_value one = { .kind = ANY_ARRAY, .bytes = SLICE("\n\3\n\1a") }, other = one;

	(void)state;
	other.bytes = SLICE("\n\3\n\1b");
	assert_false(series_from(one) == series_from(other));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_read_before_makes_no_other_series),
		cmocka_unit_test(lists_that_differ_are_of_different_series),
	};

	return cmocka_run_group_tests_name("daemon/metered", tests, set_up, tear_down);
}
