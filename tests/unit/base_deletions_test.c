/* SPDX-License-Identifier: Apache-2.0
 * Keys to delete: asked for once, and again for as long as saves fail.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/base/deletions.h"

static struct deletions deletions;
static struct buf asked;

static void take_down(void *context, struct slice key, struct slice value)
{
	assert_null(context);
	assert_int_equal(value.len, 0);
	buf_slice(&asked, key);
	buf_byte(&asked, ' ');
}

/* What a save asks to delete, "k1 k2 ". all: the one before it failed. */
static const char *save(bool all)
{
	buf_reset(&asked);
	deletions_put(&deletions, 2, all, take_down, NULL);
	return buf_string(&asked);
}

static int release(void **state)
{
	(void)state;
	deletions_release(&deletions);
	buf_release(&asked);
	return 0;
}

static void keys_are_asked_for_once(void **state)
{
	(void)state;
	buf_text(&deletions.fresh, "k1k2");
	assert_string_equal(save(false), "k1 k2 ");
	assert_string_equal(save(false), "");
}

static void keys_of_saves_that_failed_are_asked_for_until_one_did_not(void **state)
{
	(void)state;
	buf_text(&deletions.fresh, "k1");
	assert_string_equal(save(false), "k1 ");
	buf_text(&deletions.fresh, "k2");
	assert_string_equal(save(true), "k1 k2 ");
	assert_string_equal(save(true), "k1 k2 ");
	assert_string_equal(save(false), "");
}

static void no_more_is_kept_of_saves_that_failed_than_the_bound(void **state)
{
	(void)state;
	for (size_t i = 0; i < DELETIONS_BYTES_MAX / 2; i++)
		buf_text(&deletions.fresh, "k1");
	assert_int_equal(deletions_take(&deletions, false)->len, DELETIONS_BYTES_MAX);
	buf_text(&deletions.fresh, "k2");
	assert_string_equal(save(true), "k2 ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(keys_are_asked_for_once, release),
		cmocka_unit_test_teardown(keys_of_saves_that_failed_are_asked_for_until_one_did_not, release),
		cmocka_unit_test_teardown(no_more_is_kept_of_saves_that_failed_than_the_bound, release),
	};

	return cmocka_run_group_tests_name("base/deletions", tests, NULL, NULL);
}
