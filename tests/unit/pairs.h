/* SPDX-License-Identifier: Apache-2.0
 * What something puts into its store, kept in memory.
 */
#ifndef PLIMSOLL_TESTS_PAIRS_H
#define PLIMSOLL_TESTS_PAIRS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agent/base/buf.h"

#define PAIRS_MAX 64

static struct pair {
	struct buf key, value;
} pairs[PAIRS_MAX];
static size_t pair_count;

static void put(void *context, struct slice key, struct slice value)
{
	(void)context;
	assert_true(pair_count < PAIRS_MAX);
	buf_slice(&pairs[pair_count].key, key);
	buf_slice(&pairs[pair_count++].value, value);
}

static int release(void **state)
{
	(void)state;
	while (pair_count-- > 0) {
		buf_release(&pairs[pair_count].key);
		buf_release(&pairs[pair_count].value);
	}
	return 0;
}

#endif
