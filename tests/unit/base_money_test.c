/* SPDX-License-Identifier: Apache-2.0
 * Decimals are read from their text, amounts are exact, and rounding happens once, half to even.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agent/base/money.h"

static void expect_text(const char *text, const char *want)
{
	struct decimal d;
	struct buf b = BUF_INIT;

	if (!decimal_parse(slice_of(text), &d))
		fail_msg("not read: %s", text);
	decimal_format(&b, d);
	assert_string_equal(buf_string(&b), want);
	buf_release(&b);
}

static void numbers_keep_every_digit_of_their_text(void **state)
{
	(void)state;
	expect_text("0.1", "0.1");
	expect_text("1.25e-06", "0.00000125");
	expect_text("4E-7", "0.0000004");
	expect_text("1e3", "1000");
	expect_text("-2.50", "-2.5");
	expect_text("0.000", "0");
	expect_text("100", "100");
	expect_text("0.041666666666666664", "0.041666666666666664");
	expect_text("999999999999999999999999", "999999999999999999999999");
	expect_text("1.000000000000000000000000000000000000", "1");
}

static void what_is_no_decimal_is_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"-",
		".",
		"e5",
		"1e",
		"1e+",
		"1x",
		"NaN",
		"inf",
		"0x10",
		"1 ",
		"1.2.3",
		"1e99",
		"1e-25",
		"1e9999999999",
		"9999999999999999999999999999999999999999",
		"--1",
	};
	struct decimal d;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (decimal_parse(slice_of(bad[i]), &d))
			fail_msg("read: %s", bad[i]);
}

static int64_t rounded(__int128_t yusd)
{
	int64_t pusd = -1;

	assert_true(price_exact_round((struct price_exact){ yusd }, &pusd));
	return pusd;
}

static void halves_go_to_the_even_side(void **state)
{
	const __int128_t one = YUSD_PER_PUSD;

	(void)state;
	assert_int_equal(rounded(0), 0);
	assert_int_equal(rounded(one / 2), 0);
	assert_int_equal(rounded(one / 2 + 1), 1);
	assert_int_equal(rounded(one + one / 2), 2);
	assert_int_equal(rounded(2 * one + one / 2), 2);
	assert_int_equal(rounded(one - 1), 1);
	/* above and below the border of the 64-bit short cut */
	assert_int_equal(rounded(((__int128_t)1 << 76) / one * one + one / 2 - 1),
			 (int64_t)(((__int128_t)1 << 76) / one));
	assert_int_equal(rounded((__int128_t)1000000 * PUSD_PER_USD * one), INT64_C(1000000) * PUSD_PER_USD);
}

static void an_amount_beyond_64_bits_is_refused(void **state)
{
	int64_t pusd;

	(void)state;
	assert_true(price_exact_round((struct price_exact){ (__int128_t)INT64_MAX * YUSD_PER_PUSD }, &pusd));
	assert_int_equal(pusd, INT64_MAX);
	assert_false(price_exact_round((struct price_exact){ ((__int128_t)INT64_MAX + 1) * YUSD_PER_PUSD }, &pusd));
}

static void sums_say_when_they_overflow(void **state)
{
	const __int128_t max = (__int128_t)(~(__uint128_t)0 >> 1);
	struct price_exact a = { max - 1 };

	(void)state;
	assert_true(price_exact_add(&a, (struct price_exact){ 1 }));
	assert_false(price_exact_add(&a, (struct price_exact){ 1 }));
	assert_true(a.yusd == max);
}

static void amounts_are_written_in_plain_digits(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	price_exact_write(&b, (struct price_exact){ 1 });
	buf_byte(&b, ' ');
	pusd_write(&b, 2500000);
	buf_byte(&b, ' ');
	pusd_write(&b, (__int128_t)PUSD_PER_USD * 12);
	assert_string_equal(buf_string(&b), "0.000000000000000000000001 0.0000025 12");
	assert_true(pusd_to_usd(1500000000000) == 1.5);
	buf_release(&b);
}

static void division_rounds_half_to_even(void **state)
{
	(void)state;
	assert_true(money_divide(1, 2) == 0);
	assert_true(money_divide(3, 2) == 2);
	assert_true(money_divide(5, 2) == 2);
	assert_true(money_divide(10, 3) == 3);
	assert_true(money_divide(11, 3) == 4);
}

static void an_amount_in_usd_is_read_to_the_pico_dollar(void **state)
{
	int64_t pusd = -1;

	(void)state;
	assert_false(pusd_parse(SLICE("a quarter"), &pusd));
	assert_false(pusd_parse(SLICE("-0.25"), &pusd));
	assert_false(pusd_parse(SLICE("1e12"), &pusd));
	assert_false(pusd_parse(SLICE("170000000000000000000000000000000000000"), &pusd));
	assert_int_equal(pusd, -1);
	assert_true(pusd_parse(SLICE("0.25"), &pusd));
	assert_int_equal(pusd, PUSD_PER_USD / 4);
	assert_true(pusd_parse(SLICE("1.5e-12"), &pusd));
	assert_int_equal(pusd, 2); /* half to even */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_keep_every_digit_of_their_text),
		cmocka_unit_test(what_is_no_decimal_is_refused),
		cmocka_unit_test(halves_go_to_the_even_side),
		cmocka_unit_test(an_amount_beyond_64_bits_is_refused),
		cmocka_unit_test(sums_say_when_they_overflow),
		cmocka_unit_test(amounts_are_written_in_plain_digits),
		cmocka_unit_test(division_rounds_half_to_even),
		cmocka_unit_test(an_amount_in_usd_is_read_to_the_pico_dollar),
	};
	return cmocka_run_group_tests_name("base/money", tests, NULL, NULL);
}
