/* SPDX-License-Identifier: Apache-2.0
 * What a record function writes it reads back; anything shorter, longer or of another format is noticed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>

#include "agent/base/record.h"

struct thing {
	bool flag;
	uint8_t small;
	uint32_t id;
	uint64_t big;
	int64_t time, never;
	double value, count;
	struct slice name;
};

static void record_thing(struct record *r, struct thing *t)
{
	record_format(r, 7);
	record_bool(r, &t->flag);
	record_u8(r, &t->small);
	record_u32(r, &t->id);
	record_uint(r, &t->big);
	record_time(r, &t->time);
	record_time(r, &t->never);
	record_double(r, &t->value);
	record_count(r, &t->count);
	record_slice(r, &t->name);
	record_key_u32(r, &t->id);
}

static struct thing thing = { true, 255, 70000, UINT64_MAX, 1772409600, INT64_MIN, -0.1, 4e9, { "name", 4 } };

static void what_is_written_is_read(void **state)
{
	struct buf b = BUF_INIT;
	struct record w = record_writer(&b);
	struct thing read = { 0 };

	(void)state;
	record_thing(&w, &thing);
	assert_true(record_ok(&w));
	struct record r = record_reader(buf_view(&b));
	record_thing(&r, &read);
	assert_true(record_ok(&r));
	assert_true(read.flag && read.small == 255 && read.id == 70000 && read.big == UINT64_MAX);
	assert_true(read.time == 1772409600 && read.never == INT64_MIN && read.value == -0.1 && read.count == 4e9);
	assert_true(slice_equal(read.name, SLICE("name")));
	buf_release(&b);
}

static void doubles_and_key_numbers_have_a_byte_order(void **state)
{
	struct buf b = BUF_INIT;
	struct record w = record_writer(&b);
	double one = 1.0;
	uint32_t id = 0x01020304;

	(void)state;
	record_double(&w, &one);
	record_key_u32(&w, &id);
	assert_memory_equal(b.ptr, "\0\0\0\0\0\0\xf0\x3f\x01\x02\x03\x04", 12);
	buf_release(&b);
}

static void every_shorter_or_longer_value_is_refused(void **state)
{
	struct buf b = BUF_INIT;
	struct record w = record_writer(&b);
	struct thing read = { 0 };

	(void)state;
	record_thing(&w, &thing);
	size_t whole = b.len;
	buf_byte(&b, 0);
	for (size_t n = 0; n <= b.len; n++) {
		struct record r = record_reader((struct slice){ b.ptr, n });
		record_thing(&r, &read);
		assert_int_equal(record_ok(&r), n == whole);
	}
	buf_release(&b);
}

static double counted(double n, bool *was_taken)
{
	struct buf b = BUF_INIT;
	struct record w = record_writer(&b);

	record_count(&w, &n);
	struct record r = record_reader(buf_view(&b));
	record_count(&r, &n);
	*was_taken = record_ok(&r);
	buf_release(&b);
	return n;
}

static void a_count_is_what_a_double_can_count(void **state)
{
	struct record r = record_reader(SLICE("\x81\x80\x80\x80\x80\x80\x80\x10")); /* 2^53 + 1 */
	bool was_taken;
	double n;

	(void)state;
	assert_true(counted(RECORD_COUNT_MAX, &was_taken) == RECORD_COUNT_MAX && was_taken);
	assert_true(counted(INFINITY, &was_taken) == RECORD_COUNT_MAX && was_taken);
	assert_true(counted(-1, &was_taken) == 0 && was_taken);
	assert_true(counted(NAN, &was_taken) == 0 && was_taken);
	record_count(&r, &n);
	assert_false(record_ok(&r));
}

static void times_are_bounded(void **state)
{
	struct slice none = { "\0", 1 }, day = SLICE("\x81\xa3\x05"), end = SLICE("\xff\xff\xff\xff\xff\xff\xff\x7f");
	struct record r = record_reader(none), since = record_reader(none), far = record_reader(end);
	struct record believed = record_reader(day), ahead = record_reader(day);
	int64_t time;

	(void)state;
	record_time(&r, &time);
	assert_true(record_ok(&r) && time == INT64_MIN);
	record_time_since_1970(&since, &time);
	assert_false(record_ok(&since));
	record_time(&far, &time);
	assert_false(record_ok(&far));
	record_time_since_1970(&believed, &time);
	assert_true(record_ok(&believed) && time == 86400);
	ahead.latest_s = 60;
	record_time_since_1970(&ahead, &time);
	assert_true(record_ok(&ahead) && time == 60);
}

static void what_is_written_stays_as_it_was(void **state)
{
	struct buf b = BUF_INIT;
	struct record w = record_writer(&b);
	int64_t time = 86400;
	double count = INFINITY;

	(void)state;
	w.failed = true; /* by a number before it */
	record_time(&w, &time);
	record_time_since_1970(&w, &time);
	record_count(&w, &count);
	assert_true(time == 86400 && isinf(count));
	buf_release(&b);
}

static void another_format_is_refused(void **state)
{
	struct record r = record_reader(SLICE("\x08"));

	(void)state;
	record_format(&r, 7);
	assert_false(record_ok(&r));
}

static void older_formats_are_told_apart_from_unknown_ones(void **state)
{
	const struct {
		struct slice bytes;
		bool is_known;
	} formats[] = { { SLICE("\x02"), false }, { SLICE("\x03"), true }, { SLICE("\x05"), true },
			{ SLICE("\x06"), false },
			{ SLICE(""), false } };

	(void)state;
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		struct record r = record_reader(formats[i].bytes);
		uint8_t found = record_format_since(&r, 3, 5);
		assert_int_equal(record_ok(&r), formats[i].is_known);
		if (formats[i].is_known)
			assert_int_equal(found, formats[i].bytes.ptr[0]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(doubles_and_key_numbers_have_a_byte_order),
		cmocka_unit_test(every_shorter_or_longer_value_is_refused),
		cmocka_unit_test(a_count_is_what_a_double_can_count),
		cmocka_unit_test(times_are_bounded),
		cmocka_unit_test(what_is_written_stays_as_it_was),
		cmocka_unit_test(another_format_is_refused),
		cmocka_unit_test(older_formats_are_told_apart_from_unknown_ones),
	};
	return cmocka_run_group_tests_name("base/record", tests, NULL, NULL);
}
