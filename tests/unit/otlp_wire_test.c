/* SPDX-License-Identifier: Apache-2.0
 * The wire reader reads what protobuf writes, and never past the end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agent/otlp/wire.h"

static void varints_keep_their_value_and_say_their_size(void **state)
{
	static const uint64_t values[] = { 0,       1,       127,        128,       16383,     16384,
					   2097151, 2097152, UINT32_MAX, INT64_MAX, UINT64_MAX };

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		char bytes[1 + WIRE_VARINT_MAX] = { 1 << 3 | WIRE_VARINT };
		size_t n = wire_put_varint(bytes + 1, values[i]);
		struct wire_reader r = wire_reader_of((struct slice){ bytes, 1 + n });
		struct wire_field f;
		assert_int_equal(n, wire_varint_size(values[i]));
		assert_true(wire_next(&r, &f));
		assert_int_equal(f.number, 1);
		assert_int_equal(f.type, WIRE_VARINT);
		assert_true(f.value == values[i]);
		assert_false(wire_next(&r, &f));
		assert_false(r.failed);
	}
}

static void every_wire_type_is_read(void **state)
{
	static const char bytes[] = "\x08\x96\x01" /* 1: varint 150 */
				    "\x12\x03"
				    "abc"                                  /* 2: "abc" */
				    "\x19\x01\x02\x03\x04\x05\x06\x07\x08" /* 3: fixed64 */
				    "\x25\x01\x02\x03\x04"                 /* 4: fixed32 */
				    "\x82\x01\x00"                         /* 16: empty bytes, tag of two bytes */
				    "\xaa\x81\x00\x81\x00"
				    "z"; /* 21: tag and length longer than they need be */
	struct wire_reader r = wire_reader_of(SLICE(bytes));
	struct wire_field f;

	(void)state;
	assert_true(wire_next(&r, &f) && f.number == 1 && f.value == 150);
	assert_true(wire_next(&r, &f) && f.number == 2 && slice_equal(f.bytes, SLICE("abc")));
	assert_ptr_equal(f.start, bytes + 3);
	assert_ptr_equal(wire_length_start(&f), bytes + 4);
	assert_true(wire_next(&r, &f) && f.number == 3 && f.value == UINT64_C(0x0807060504030201));
	assert_true(wire_next(&r, &f) && f.number == 4 && f.value == UINT64_C(0x04030201));
	assert_true(wire_next(&r, &f) && f.number == 16 && f.type == WIRE_BYTES && f.bytes.len == 0);
	assert_true(wire_next(&r, &f) && f.number == 21 && slice_equal(f.bytes, SLICE("z")));
	assert_ptr_equal(wire_length_start(&f), f.bytes.ptr - 2);
	assert_false(wire_next(&r, &f));
	assert_false(r.failed);
}

static void broken_bytes_are_refused(void **state)
{
	static const struct slice broken[] = {
		{ "\x08", 1 },                                              /* no value */
		{ "\x08\x80", 2 },                                          /* varint without an end */
		{ "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12 }, /* of eleven bytes */
		{ "\x12\x05"
		  "abcd",
		  6 }, /* length past the end */
		{ "\x12\x80\x80\x80\x80\x04"
		  "a",
		  7 },                                                  /* 1 GiB */
		{ "\x12\xff\xff\xff\xff\x0f", 6 },                      /* 4 GiB less one */
		{ "\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11 }, /* 2^64 less one */
		{ "\x19\x01\x02\x03\x04\x05\x06\x07", 8 },
		{ "\x25\x01\x02\x03", 4 },
		{ "\x0b\x0c", 2 }, /* a group */
		{ "\x02\x00", 2 }, /* field 0 */
		{ "\x0e", 1 },
		{ "\x0f", 1 },                         /* wire types 6 and 7 */
		{ "\x88\x80\x80\x80\x80\x01\x00", 7 }, /* tag of six bytes */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		struct wire_reader r = wire_reader_of(broken[i]);
		struct wire_field f;
		if (wire_next(&r, &f) || !r.failed)
			fail_msg("accepted: number %zu", i);
		assert_false(wire_next(&r, &f)); /* and stays refused */
	}
}

static void an_empty_message_has_no_fields(void **state)
{
	struct wire_reader r = wire_reader_of(SLICE_NONE);
	struct wire_field f;

	(void)state;
	assert_false(wire_next(&r, &f));
	assert_false(r.failed);
}

static void doubles_are_their_bits(void **state)
{
	(void)state;
	assert_true(wire_double_bits(1.0) == UINT64_C(0x3ff0000000000000));
	assert_true(wire_double(wire_double_bits(-0.1)) == -0.1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(varints_keep_their_value_and_say_their_size),
		cmocka_unit_test(every_wire_type_is_read),
		cmocka_unit_test(broken_bytes_are_refused),
		cmocka_unit_test(an_empty_message_has_no_fields),
		cmocka_unit_test(doubles_are_their_bits),
	};
	return cmocka_run_group_tests_name("otlp/wire", tests, NULL, NULL);
}
