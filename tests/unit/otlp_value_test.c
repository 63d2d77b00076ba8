/* SPDX-License-Identifier: Apache-2.0
 * Attributes are read in any form that protobuf allows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "agent/otlp/value.h"
#include "proto/otlp_trace.pb-c.h"

static void any_member_is_read(void **state)
{
	struct any_value v;

	(void)state;
	assert_false(FAILED(any_value_read(SLICE("\x0a\x02hi"), &v)));
	assert_true(v.kind == ANY_STRING && slice_equal(v.bytes, SLICE("hi")));
	assert_false(FAILED(any_value_read(SLICE("\x10\x01"), &v)));
	assert_true(v.kind == ANY_BOOL && v.boolean);
	assert_false(FAILED(any_value_read(SLICE("\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), &v)));
	assert_true(v.kind == ANY_INT && v.integer == -1);
	assert_false(FAILED(any_value_read(SLICE("\x21\x00\x00\x00\x00\x00\x00\xf0\x3f"), &v)));
	assert_true(v.kind == ANY_DOUBLE && v.real == 1.0);
	assert_false(FAILED(any_value_read(SLICE("\x3a\x01\x00"), &v)));
	assert_true(v.kind == ANY_BYTES && v.bytes.len == 1);
	assert_false(FAILED(any_value_read(SLICE_NONE, &v)));
	assert_int_equal(v.kind, ANY_NONE);
}

static void the_last_member_wins(void **state)
{
	struct any_value v;

	(void)state;
	assert_false(FAILED(any_value_read(SLICE("\x0a\x01"
						 "a\x18\x05"),
					   &v)));
	assert_true(v.kind == ANY_INT && v.integer == 5);
	assert_false(FAILED(any_value_merge(SLICE(""), &v))); /* an empty second occurrence keeps it */
	assert_true(v.kind == ANY_INT && v.integer == 5);
}

static void members_of_the_wrong_type_are_refused(void **state)
{
	static const struct slice wrong[] = {
		{ "\x08\x01", 2 }, { "\x12\x00", 2 }, { "\x1a\x00", 2 }, { "\x20\x01", 2 }, { "\x28\x01", 2 }
	};
	struct any_value v;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(any_value_read(wrong[i], &v).code, STATUS_MALFORMED);
}

static void an_attribute_reads_alike_in_every_encoding(void **state)
{
	static const struct slice encodings[] = {
		{ "\x0a\x01k\x12\x02\x18\x07", 7 },           /* as encoders write it */
		{ "\x12\x02\x18\x07\x0a\x01k", 7 },           /* value first */
		{ "\x0a\x81\x00k\x12\x82\x00\x18\x07", 9 },   /* long lengths */
		{ "\x0a\x01k\x12\x03\x18\x87\x00", 8 },       /* long varint */
		{ "\x0a\x01x\x0a\x01k\x12\x02\x18\x07", 10 }, /* key twice */
		{ "\x0a\x01k\x12\x02\x18\x01\x12\x02\x18\x07", 11 },
		{ "\x0a\x01k\x12\x04\x10\x01\x18\x07", 9 }, /* two members of the oneof */
		{ "\x0a\x01k\x12\x02\x18\x07\x18\x09", 9 }, /* key_strindex, for profiles only */
	};
	struct attribute a;

	(void)state;
	for (size_t i = 0; i < sizeof(encodings) / sizeof(encodings[0]); i++) {
		assert_false(FAILED(attribute_read(encodings[i], &a)));
		assert_true(slice_equal(a.key, SLICE("k")));
		assert_true(a.value.kind == ANY_INT && a.value.integer == 7);
	}
}

static void a_truncated_attribute_is_refused(void **state)
{
	static const struct slice whole[] = {
		{ "\x0a\x01k\x12\x04\x0a\x02hi", 9 },
		{ "\x0a\x01k\x12\x03\x18\x87\x01", 8 },
		{ "\x0a\x01k\x12\x02\x10\x01", 7 },
		{ "\x0a\x01k\x12\x09\x21\x00\x00\x00\x00\x00\x00\xf0\x3f", 14 },
	};
	struct attribute a;

	(void)state;
	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
		assert_false(FAILED(attribute_read(whole[i], &a)));
		for (size_t n = 1; n < whole[i].len; n++) {
			char *exact = malloc(n); /* so that a sanitizer sees a read past the end */
			memcpy(exact, whole[i].ptr, n);
			struct status s = attribute_read((struct slice){ exact, n }, &a);
			free(exact);
			if (n != 3) /* a key alone is an attribute with an empty value */
				assert_int_equal(s.code, STATUS_MALFORMED);
		}
	}
}

static void arrays_and_lists_are_read_element_by_element(void **state)
{
	struct any_value v, element;
	struct attribute entry;

	(void)state;
	assert_false(FAILED(any_value_read(SLICE("\x2a\x08\x0a\x03\x0a\x01"
						 "a\x0a\x01\x10"),
					   &v)));
	struct wire_reader r = wire_reader_of(v.bytes);
	assert_int_equal(v.kind, ANY_ARRAY);
	assert_true(any_array_next(&r, &element) && slice_equal(element.bytes, SLICE("a")));
	assert_false(any_array_next(&r, &element)); /* a broken element ends it */
	assert_false(FAILED(any_value_read(SLICE("\x32\x09\x0a\x07\x0a\x01k\x12\x02\x10\x01"), &v)));
	r = wire_reader_of(v.bytes);
	assert_int_equal(v.kind, ANY_KVLIST);
	assert_true(any_kvlist_next(&r, &entry) && slice_equal(entry.key, SLICE("k")) && entry.value.boolean);
	assert_false(any_kvlist_next(&r, &entry));
}

/* A key of n bytes. */
static void a_value_in_two_pieces_keeps_what_the_second_does_not_say(void **state)
{
	static const char message[] = "\x0a\x01k\x12\x08\x0a\x06gpt-8o\x12\x00";
	struct attribute a;

	(void)state;
	assert_int_equal(attribute_read((struct slice){ message, sizeof(message) - 1 }, &a).code, STATUS_OK);
	assert_int_equal(a.value.kind, ANY_STRING);
	assert_true(slice_equal(a.value.bytes, SLICE("gpt-8o")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_value_in_two_pieces_keeps_what_the_second_does_not_say),
		cmocka_unit_test(any_member_is_read),
		cmocka_unit_test(the_last_member_wins),
		cmocka_unit_test(members_of_the_wrong_type_are_refused),
		cmocka_unit_test(an_attribute_reads_alike_in_every_encoding),
		cmocka_unit_test(a_truncated_attribute_is_refused),
		cmocka_unit_test(arrays_and_lists_are_read_element_by_element),
	};
	return cmocka_run_group_tests_name("otlp/value", tests, NULL, NULL);
}
