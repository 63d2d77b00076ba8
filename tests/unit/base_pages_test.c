/* SPDX-License-Identifier: Apache-2.0
 * A table's pages are zeros, and take memory where they were touched.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/base/pages.h"

enum { PAGES = 64 };

static void what_is_not_touched_is_not_resident(void **state)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	unsigned char *p = pages_new(PAGES * page), resident[PAGES];
	unsigned count = 0;

	(void)state;
	assert_non_null(p);
	assert_int_equal((uintptr_t)p % page, 0);
	p[3 * page] = 1;
	assert_int_equal(mincore(p, PAGES * page, resident), 0);
	for (unsigned i = 0; i < PAGES; i++)
		count += resident[i] & 1u;
	assert_in_range(count, 1, PAGES / 2); /* the system may map some beside the one that was written */
	for (size_t i = 0; i < PAGES * page; i++)
		assert_int_equal(p[i], i == 3 * page);
	pages_free(p, PAGES * page);
	pages_free(NULL, 1);
}

static void more_than_there_is_gives_nothing(void **state)
{
	(void)state;
	assert_null(pages_new(SIZE_MAX / 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_touched_is_not_resident),
		cmocka_unit_test(more_than_there_is_gives_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
