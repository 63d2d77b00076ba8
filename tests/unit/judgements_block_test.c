/* SPDX-License-Identifier: Apache-2.0
 * A block of calls: their labels once, room for the last of them, the format before, and nothing read behind its end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

#include "agent/base/clock.h"
#include "agent/judgements/block.h"

#define NOW (UINT64_C(1795000000) * NS_PER_SECOND)

/* 60 bytes a call, and the labels once in each block. */
static void calls_of_a_cohort_share_their_labels(void **state)
{
	struct known_call c = { .end_unix_ns = NOW };
	struct call_labels labels = { .prompt = SLICE("greet@1"), .environment = SLICE("staging"), .cohort = 1 };
	struct block_writer w = { .cohort = { 0 } };
	struct block_reader r;
	struct buf b = BUF_INIT;

	(void)state;
	for (c.response = 1; c.response <= 100; c.response++)
		block_add(&b, &w, &c, &labels);
	assert_true(b.len < 100 * 60 + 40);
	block_read(&r, buf_view(&b));
	for (uint64_t n = 1; n <= 100; n++) {
		assert_true(block_next(&r, &c));
		assert_int_equal(c.response, n);
		assert_true(slice_equal(block_labels(&r).prompt, SLICE("greet@1")));
		assert_true(slice_equal(block_labels(&r).environment, SLICE("staging")));
	}
	assert_false(block_next(&r, &c));
	assert_false(r.is_corrupt);
	buf_release(&b);
}

/* The longest labels there are, behind a block that is nearly full. */
static void the_last_call_of_a_block_fits(void **state)
{
	static char text[2 * LABEL_MAX];
	struct slice longest = { text, sizeof(text) };
	struct call_labels labels = { longest, longest, longest, longest, longest, longest, longest, 0 };
	struct known_call c = { .end_unix_ns = NOW };
	struct block_writer w = { .cohort = { 0 } };
	struct block_reader r;
	struct buf b = BUF_INIT;
	size_t calls = 0;

	(void)state;
	memset(text, 'x', sizeof(text));
	for (; b.len < BLOCK_BYTES; calls++)
		block_add(&b, &w, &c, &labels);
	assert_true(b.len <= BLOCK_BYTES_MAX);
	block_read(&r, buf_view(&b));
	for (; block_next(&r, &c); calls--)
		assert_int_equal(block_labels(&r).environment.len, LABEL_MAX);
	assert_int_equal(calls, 0);
	assert_false(r.is_corrupt);
	buf_release(&b);
}

/* As it was written before calls told their environment: without the last of the labels. */
static void a_block_of_the_format_before_is_read(void **state)
{
	struct call_labels labels = { .prompt = SLICE("greet@1"), .user_segment = SLICE("gold"), .cohort = 1 };
	struct known_call c = { .response = 7 };
	struct block_writer w = { .cohort = { 0 } };
	struct block_reader r;
	struct buf b = BUF_INIT;

	(void)state;
	block_add(&b, &w, &c, &labels);
	b.ptr[0] = 2;
	memmove(b.ptr + b.len - 62, b.ptr + b.len - 60, 60); /* the call, over the length of an empty label */
	b.len -= 2;
	block_read(&r, buf_view(&b));
	assert_true(block_next(&r, &c));
	assert_int_equal(c.response, 7);
	labels = block_labels(&r);
	assert_true(slice_equal(labels.prompt, SLICE("greet@1")) && slice_equal(labels.user_segment, SLICE("gold")));
	assert_int_equal(labels.environment.len, 0);
	assert_false(block_next(&r, &c) || r.is_corrupt);
	buf_release(&b);
}

/* Any byte of a block changed, any end cut off: nothing is read beyond it. */
static void a_damaged_block_breaks_off(void **state)
{
	struct call_labels labels = { .prompt = SLICE("greet@1"), .cohort = 1 };
	struct known_call c = { .end_unix_ns = NOW };
	struct block_writer w = { .cohort = { 0 } };
	struct buf b = BUF_INIT;

	(void)state;
	block_add(&b, &w, &c, &labels);
	block_add(&b, &w, &c, &labels);
	for (size_t n = 0; n < b.len * 256; n++) {
		char *copy = malloc(b.len);
		struct block_reader r;
		assert_non_null(copy);
		memcpy(copy, b.ptr, b.len);
		copy[n / 256] = (char)n;
		block_read(&r, (struct slice){ copy, b.len - n % 3 });
		for (unsigned calls = 0; block_next(&r, &c); calls++)
			assert_true(calls < 3 && block_labels(&r).prompt.len <= LABEL_MAX);
		free(copy);
	}
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_of_a_cohort_share_their_labels),
		cmocka_unit_test(the_last_call_of_a_block_fits),
		cmocka_unit_test(a_block_of_the_format_before_is_read),
		cmocka_unit_test(a_damaged_block_breaks_off),
	};

	return cmocka_run_group_tests_name("judgements/block", tests, NULL, NULL);
}
