/* SPDX-License-Identifier: Apache-2.0
 * What is shown as building up: out of range, in the bad direction, by a baseline that is judged.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/daemon/pending.h"

static bool pending(const char *metric, double deviation, uint32_t hours, bool firing)
{
	const struct standing_view v = { .metric = metric, .deviation = deviation, .learned_hours = hours,
					 .firing = firing };

	return standing_is_pending(&v, 2);
}

static void only_the_bad_direction_counts(void **state)
{
	(void)state;
	assert_true(pending("cost", 2.5, 30, false) && !pending("cost", -2.5, 30, false) &&
		    !pending("cost", 1.9, 30, false));
	assert_true(pending("eval_score", -2.5, 30, false) && !pending("eval_score", 2.5, 30, false));
	assert_true(pending("output_tokens", -2.5, 30, false) && pending("output_tokens", 2.5, 30, false));
	assert_true(pending("spend_day", 2.5, 30, false));
}

static void what_fires_or_has_learned_too_little_is_not_pending(void **state)
{
	(void)state;
	assert_false(pending("cost", 5, 23, false) || pending("cost", 5, 30, true));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_bad_direction_counts),
		cmocka_unit_test(what_fires_or_has_learned_too_little_is_not_pending),
	};

	return cmocka_run_group_tests_name("daemon/pending", tests, NULL, NULL);
}
