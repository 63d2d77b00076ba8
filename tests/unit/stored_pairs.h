/* SPDX-License-Identifier: Apache-2.0
 * What something has left in the store, and damage that every stored value must bear. The test says how a value is
 * taken in place of the one at i, among all others: code_of_value.
 */
#ifndef PLIMSOLL_TESTS_STORED_PAIRS_H
#define PLIMSOLL_TESTS_STORED_PAIRS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agent/base/status.h"
#include "tests/unit/pairs.h"

static enum status_code code_of_value(size_t i, struct slice value);

static void a_value_that_is_cut_off_is_refused_wherever_it_ends(void **state)
{
	(void)state;
	for (size_t i = 0; i < pair_count; i++) {
		struct slice whole = buf_view(&pairs[i].value);
		assert_int_equal(code_of_value(i, whole), STATUS_OK);
		for (size_t n = 0; n < whole.len; n++)
			assert_int_equal(code_of_value(i, slice_head(whole, n)), STATUS_CORRUPT);
	}
}

static void a_value_that_goes_on_behind_its_end_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < pair_count; i++) {
		struct buf longer = BUF_INIT;
		buf_slice(&longer, buf_view(&pairs[i].value));
		buf_byte(&longer, 0);
		assert_int_equal(code_of_value(i, buf_view(&longer)), STATUS_CORRUPT);
		buf_release(&longer);
	}
}

/* Older formats too: these bytes are none of theirs either. */
static void another_format_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < pair_count; i++) {
		char *format = pairs[i].value.ptr, was = *format;
		for (int other = 0; other < 256; other++) {
			*format = (char)other;
			if (*format != was)
				assert_int_equal(code_of_value(i, buf_view(&pairs[i].value)), STATUS_CORRUPT);
		}
		*format = was;
	}
}

#endif
