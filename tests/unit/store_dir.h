/* SPDX-License-Identifier: Apache-2.0
 * A store in a scratch directory, and the few calls that nearly every test of it makes.
 */
#ifndef PLIMSOLL_TESTS_STORE_DIR_H
#define PLIMSOLL_TESTS_STORE_DIR_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agent/store/store.h"
#include "tests/unit/scratch_dir.h"

#define MAP_BYTES (UINT64_C(8) << 20)

static inline struct store *must_open(uint64_t map_bytes)
{
	struct buf why = BUF_INIT;
	struct store *s = NULL;

	if (FAILED(store_open(dir, map_bytes, &s, &why)))
		fail_msg("%s", buf_string(&why));
	buf_release(&why);
	return s;
}

static inline struct status write_one(struct store *s, struct slice key, struct slice value)
{
	struct store_batch *b = store_batch_new();

	store_batch_put(b, STORE_BASELINES, key, value);
	TRY(store_write(s, b, NULL, NULL));
	return store_flush(s);
}

static inline void must_write(struct store *s, struct slice key, struct slice value)
{
	assert_int_equal(write_one(s, key, value).code, STATUS_OK);
}

static inline void assert_value(struct store *s, struct slice key, struct slice want)
{
	struct buf got = BUF_INIT;

	assert_int_equal(store_get(s, STORE_BASELINES, key, &got).code, STATUS_OK);
	assert_true(slice_equal(buf_view(&got), want));
	buf_release(&got);
}

static inline void assert_lookup(struct store *s, struct slice key, enum status_code code)
{
	struct buf got = BUF_INIT;

	assert_int_equal(store_get(s, STORE_BASELINES, key, &got).code, code);
	assert_int_equal(got.len, 0);
	buf_release(&got);
}

#endif
