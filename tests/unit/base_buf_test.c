/* SPDX-License-Identifier: Apache-2.0
 * A buffer keeps what is appended, encodes what goes into a URL, and remembers that memory was short.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agent/base/buf.h"

static void what_is_appended_is_kept_in_order(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	buf_text(&b, "a");
	buf_byte(&b, '\0');
	buf_slice(&b, SLICE("bc"));
	buf_slice(&b, SLICE_NONE);
	buf_printf(&b, "%d%s", 12, "x");
	assert_true(slice_equal(buf_view(&b), SLICE("a\0bc12x")));
	for (size_t i = 0; i < 10000; i++)
		buf_byte(&b, (char)('a' + i % 26));
	assert_int_equal(b.len, 7 + 10000);
	assert_true(slice_equal((struct slice){ b.ptr, 9 }, SLICE("a\0bc12xab")));
	assert_int_equal(b.ptr[7 + 9999], 'a' + 9999 % 26);
	assert_false(buf_failed(&b));
	buf_release(&b);
	assert_null(b.ptr);
}

static void a_string_ends_in_a_nul_that_is_not_counted(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	assert_string_equal(buf_string(&b), "");
	buf_text(&b, "ab");
	assert_string_equal(buf_string(&b), "ab");
	assert_int_equal(b.len, 2);
	buf_release(&b);
}

static void a_failure_stays_until_the_buffer_is_emptied(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	buf_text(&b, "ab");
	assert_null(buf_reserve(&b, SIZE_MAX));
	assert_true(buf_failed(&b));
	buf_text(&b, "c");
	buf_printf(&b, "%d", 1);
	assert_int_equal(b.len, 2);
	assert_string_equal(buf_string(&b), "");
	buf_reset(&b);
	assert_false(buf_failed(&b));
	buf_text(&b, "d");
	assert_string_equal(buf_string(&b), "d");
	buf_release(&b);
}

static void one_is_no_plural(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	buf_count(&b, 0, "call");
	buf_text(&b, ", ");
	buf_count(&b, 1, "call");
	buf_text(&b, ", ");
	buf_count(&b, UINT64_MAX, "call");
	assert_string_equal(buf_string(&b), "0 calls, 1 call, 18446744073709551615 calls");
	buf_release(&b);
}

static void unreserved_characters_stand_for_themselves(void **state)
{
	static const char unreserved[] = "AZaz09-._~";
	struct buf b = BUF_INIT;

	(void)state;
	buf_percent(&b, SLICE_NONE);
	assert_int_equal(b.len, 0);
	buf_percent(&b, slice_of(unreserved));
	assert_string_equal(buf_string(&b), unreserved);
	buf_release(&b);
}

/* The 66 of RFC 3986, section 2.3, once; each of the other 190 as three characters. */
static void every_other_byte_is_percent_encoded(void **state)
{
	struct buf b = BUF_INIT;
	size_t kept = 0;

	(void)state;
	for (int i = 0; i < 256; i++) {
		char c = (char)i;
		buf_reset(&b);
		buf_percent(&b, (struct slice){ &c, 1 });
		kept += b.len == 1;
		assert_true(b.len == 1 ? b.ptr[0] == c : b.len == 3 && b.ptr[0] == '%');
	}
	assert_int_equal(kept, 66);
	buf_reset(&b);
	buf_percent(&b, SLICE("a b/c?&=+%\0\xc3\xa9"));
	assert_string_equal(buf_string(&b), "a%20b%2Fc%3F%26%3D%2B%25%00%C3%A9");
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_appended_is_kept_in_order),
		cmocka_unit_test(a_string_ends_in_a_nul_that_is_not_counted),
		cmocka_unit_test(a_failure_stays_until_the_buffer_is_emptied),
		cmocka_unit_test(one_is_no_plural),
		cmocka_unit_test(unreserved_characters_stand_for_themselves),
		cmocka_unit_test(every_other_byte_is_percent_encoded),
	};
	return cmocka_run_group_tests_name("base/buf", tests, NULL, NULL);
}
