/* SPDX-License-Identifier: Apache-2.0
 * A stored value is read back as it was written, or not at all.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agent/store/frame.h"

static void a_value_comes_back_as_written(void **state)
{
	static const char *const values[] = { "", "x", "a longer value" };
	struct slice got;

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		struct buf b = BUF_INIT;
		frame_write(&b, SLICE("key"), slice_of(values[i]));
		assert_int_equal(b.len, FRAME_HEADER_BYTES + strlen(values[i]));
		assert_int_equal(frame_read(SLICE("key"), buf_view(&b), &got).code, STATUS_OK);
		assert_true(slice_equal(got, slice_of(values[i])));
		buf_release(&b);
	}
}

static void any_flipped_bit_is_found(void **state)
{
	struct buf b = BUF_INIT;
	struct slice got;

	(void)state;
	frame_write(&b, SLICE("key"), SLICE("some value"));
	for (size_t bit = 0; bit < 8 * b.len; bit++) {
		b.ptr[bit / 8] = (char)(b.ptr[bit / 8] ^ 1 << bit % 8);
		assert_int_equal(frame_read(SLICE("key"), buf_view(&b), &got).code, STATUS_CORRUPT);
		b.ptr[bit / 8] = (char)(b.ptr[bit / 8] ^ 1 << bit % 8);
	}
	buf_release(&b);
}

static void any_shorter_value_is_found(void **state)
{
	struct buf b = BUF_INIT;
	struct slice got;

	(void)state;
	frame_write(&b, SLICE("key"), SLICE("some value"));
	for (size_t n = 0; n < b.len; n++)
		assert_int_equal(frame_read(SLICE("key"), slice_head(buf_view(&b), n), &got).code, STATUS_CORRUPT);
	buf_release(&b);
}

static void a_value_of_another_key_is_found(void **state)
{
	struct buf b = BUF_INIT;
	struct slice got;

	(void)state;
	frame_write(&b, SLICE("key"), SLICE("some value"));
	assert_int_equal(frame_read(SLICE("kez"), buf_view(&b), &got).code, STATUS_CORRUPT);
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_value_comes_back_as_written),
		cmocka_unit_test(any_flipped_bit_is_found),
		cmocka_unit_test(any_shorter_value_is_found),
		cmocka_unit_test(a_value_of_another_key_is_found),
	};
	return cmocka_run_group_tests_name("store/frame", tests, NULL, NULL);
}
