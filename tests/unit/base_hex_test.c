/* SPDX-License-Identifier: Apache-2.0
 * Bytes come back from their digits; anything else is no bytes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agent/base/hex.h"

static void every_byte_comes_back(void **state)
{
	uint8_t bytes[256], back[256];
	char text[2 * 256 + 1];
	struct buf b = BUF_INIT;

	(void)state;
	for (unsigned i = 0; i < 256; i++)
		bytes[i] = (uint8_t)i;
	hex_format(bytes, sizeof(bytes), text);
	buf_hex(&b, bytes, sizeof(bytes));
	assert_string_equal(buf_string(&b), text);
	assert_true(slice_starts_with(slice_of(text), SLICE("000102030405060708090a0b0c0d0e0f10")));
	assert_true(slice_ends_with(slice_of(text), SLICE("fdfeff")));
	assert_true(hex_parse(slice_of(text), back, sizeof(back)));
	assert_memory_equal(back, bytes, sizeof(bytes));
	buf_release(&b);
}

static void digits_are_read_in_either_case(void **state)
{
	uint8_t out[2];

	(void)state;
	assert_true(hex_parse(SLICE("aBCd"), out, 2));
	assert_memory_equal(out, "\xab\xcd", 2);
}

static void what_is_no_digit_is_refused_wherever_it_stands(void **state)
{
	uint8_t out[1];
	char pair[2];

	(void)state;
	for (int c = -128; c < 128; c++) {
		bool is_digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
		pair[0] = (char)c;
		pair[1] = '0';
		assert_int_equal(hex_parse((struct slice){ pair, 2 }, out, 1), is_digit);
		pair[1] = (char)c;
		pair[0] = '0';
		assert_int_equal(hex_parse((struct slice){ pair, 2 }, out, 1), is_digit);
	}
}

static void another_number_of_digits_is_refused(void **state)
{
	uint8_t out[2];

	(void)state;
	assert_false(hex_parse(SLICE("abc"), out, 2));
	assert_false(hex_parse(SLICE("abcde"), out, 2));
	assert_false(hex_parse(SLICE(""), out, 2));
	assert_true(hex_parse(SLICE(""), out, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_byte_comes_back),
		cmocka_unit_test(digits_are_read_in_either_case),
		cmocka_unit_test(what_is_no_digit_is_refused_wherever_it_stands),
		cmocka_unit_test(another_number_of_digits_is_refused),
	};
	return cmocka_run_group_tests_name("base/hex", tests, NULL, NULL);
}
