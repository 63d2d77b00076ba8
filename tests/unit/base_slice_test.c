/* SPDX-License-Identifier: Apache-2.0
 * Texts that are kept together lie behind each other, and nothing is read or written for one that is not there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/base/slice.h"

static void packed_texts_lie_behind_each_other(void **state)
{
	char block[8] = "........", *at = block;
	struct slice first = slice_pack(&at, SLICE("a\0b"));
	struct slice none = slice_pack(&at, SLICE_NONE);
	struct slice last = slice_pack(&at, SLICE("cd"));

	(void)state;
	assert_true(first.ptr == block && slice_equal(first, SLICE("a\0b")));
	assert_true(none.ptr == block + 3 && none.len == 0);
	assert_true(last.ptr == block + 3 && slice_equal(last, SLICE("cd")));
	assert_ptr_equal(at, block + 5);
	assert_memory_equal(at, "...", 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packed_texts_lie_behind_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
