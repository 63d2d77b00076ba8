/* SPDX-License-Identifier: Apache-2.0
 * Large blocks come back to who asks for about their size, and no more than a few of them are kept.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "agent/base/block.h"

#define MIB ((size_t)1 << 20)

static void a_block_has_the_room_that_it_says(void **state)
{
	static const size_t sizes[] = { 0, 1, 1000, 65535, 65536, 65537, MIB, 20 * MIB };
	size_t room;

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		char *block = block_alloc(sizes[i], &room);
		assert_non_null(block);
		assert_true(room >= sizes[i]);
		memset(block, 1, room);
		block_free(block, room);
	}
	assert_null(block_alloc(SIZE_MAX, &room));
	block_free(NULL, 0);
}

#ifndef __SANITIZE_ADDRESS__ /* which wants to see every block freed */
static void a_freed_block_serves_the_next_request_of_about_its_size(void **state)
{
	size_t room, again_room;
	char *block = block_alloc(MIB, &room);

	(void)state;
	block_free(block, room);
	char *again = block_alloc(MIB - 5000, &again_room);
	assert_ptr_equal(again, block);
	assert_int_equal(again_room, room);
	block_free(again, again_room);
}

static void a_much_smaller_request_gets_a_block_of_its_own(void **state)
{
	size_t room, small_room;
	char *block = block_alloc(4 * MIB, &room);

	(void)state;
	block_free(block, room);
	char *small = block_alloc(MIB, &small_room);
	assert_true(small_room < 2 * MIB);
	block_free(small, small_room);
}
#endif

/* More and larger ones than are kept, in an order in which older ones have to make way. */
static void many_blocks_come_and_go(void **state)
{
	char *blocks[64];
	size_t rooms[64];

	(void)state;
	for (int round = 0; round < 4; round++) {
		for (size_t i = 0; i < 64; i++) {
			blocks[i] = block_alloc((i * 37 % 64 + 1) * 70000, &rooms[i]);
			assert_non_null(blocks[i]);
			memset(blocks[i], (int)i, 64);
		}
		for (size_t i = 0; i < 64; i++) {
			assert_int_equal(blocks[i][63], (int)i); /* it is nobody else's */
			block_free(blocks[i], rooms[i]);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_block_has_the_room_that_it_says),
#ifndef __SANITIZE_ADDRESS__
		cmocka_unit_test(a_freed_block_serves_the_next_request_of_about_its_size),
		cmocka_unit_test(a_much_smaller_request_gets_a_block_of_its_own),
#endif
		cmocka_unit_test(many_blocks_come_and_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
