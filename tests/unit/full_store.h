/* SPDX-License-Identifier: Apache-2.0
 * A store in which nothing fits any more, and room in it again.
 */
#ifndef PLIMSOLL_TESTS_FULL_STORE_H
#define PLIMSOLL_TESTS_FULL_STORE_H

#include <stdio.h>

#include "tests/unit/store_dir.h"

/* Until not even a value of so many bytes fits, least at least 1; a smaller one may, where other pages are free. */
static inline void fill_store(struct store *store, size_t least)
{
	static const char junk[1 << 16];

	for (size_t size = sizeof(junk), n = 0; size >= least; size /= 2) {
		struct status s = OK;
		while (!FAILED(s)) {
			char key[16];
			struct store_batch *b = store_batch_new();
			snprintf(key, sizeof(key), "junk%06zu", n++);
			store_batch_put(b, STORE_AUDIT, slice_of(key), (struct slice){ junk, size });
			assert_int_equal(store_write(store, b, NULL, NULL).code, STATUS_OK);
			s = store_flush(store);
		}
		assert_int_equal(s.code, STATUS_FULL);
	}
}

static inline void empty_store(struct store *store)
{
	struct store_batch *b = store_batch_new();

	store_batch_delete_range(b, STORE_AUDIT, SLICE("junk"), SLICE("junl"));
	assert_int_equal(store_write(store, b, NULL, NULL).code, STATUS_OK);
	assert_int_equal(store_flush(store).code, STATUS_OK);
}

#endif
