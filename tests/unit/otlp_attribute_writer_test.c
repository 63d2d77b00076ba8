/* SPDX-License-Identifier: Apache-2.0
 * Attributes that we write are what protobuf-c would write, whatever the length of key and text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "agent/otlp/attribute_writer.h"
#include "proto/otlp_trace.pb-c.h"

/* A key of n bytes. */
static struct attribute_key key_of(size_t n)
{
	struct attribute_key key = ATTRIBUTE_KEY("");

	key.head[3] = (char)n;
	memset(key.key, 'x', n);
	key.key[n] = 0x12;
	return key;
}

static Otlp__Span *span_of(struct attribute_writer *w, size_t attributes)
{
	struct slice written = attribute_writer_take(w);
	Otlp__Span *span = otlp__span__unpack(NULL, written.len, (const uint8_t *)written.ptr);

	assert_false(w->failed);
	assert_non_null(span);
	assert_int_equal(span->n_attributes, attributes);
	assert_int_equal(otlp__span__get_packed_size(span), written.len); /* no length longer than it need be */
	return span;
}

static void texts_of_any_length_are_what_protobuf_writes(void **state)
{
	static const struct attribute_key s = ATTRIBUTE_KEY("s");
	struct arena a;
	struct attribute_writer w;
	char text[20000];

	(void)state;
	memset(text, 'x', sizeof(text));
	arena_init(&a, 1 << 20);
	for (size_t n = 1; n < sizeof(text); n = n < 300 ? n + 1 : n + 517) {
		struct attribute_key key = key_of(1 + n % (ATTRIBUTE_KEY_BYTES - 5));
		attribute_writer_init(&w, &a);
		attribute_put_text(&w, &s, (struct slice){ text, n });
		attribute_put_text(&w, &key, (struct slice){ text, n });
		Otlp__Span *span = span_of(&w, 2);
		assert_int_equal(strlen(span->attributes[0]->value->string_value), n);
		assert_int_equal(strlen(span->attributes[1]->key), 1 + n % (ATTRIBUTE_KEY_BYTES - 5));
		assert_int_equal(strlen(span->attributes[1]->value->string_value), n);
		otlp__span__free_unpacked(span, NULL);
		arena_reset(&a);
	}
	arena_release(&a);
}

static void small_ones_are_what_protobuf_writes(void **state)
{
	static const int64_t numbers[] = { 0, 1, 127, 128, 16383, 16384, INT64_MAX, -1, INT64_MIN };
	static const char words[] = "schema_violation-and-more";
	struct arena a;
	struct attribute_writer w;

	(void)state;
	arena_init(&a, 1 << 20);
	for (size_t n = 1; n <= ATTRIBUTE_KEY_BYTES - 5; n++) {
		struct attribute_key key = key_of(n);
		int64_t number = numbers[n % (sizeof(numbers) / sizeof(numbers[0]))];
		attribute_writer_init(&w, &a);
		char *first = attribute_room(&w, 4 * ATTRIBUTE_AT_BYTES), *at = first;
		at = attribute_at_int(at, &key, number);
		at = attribute_at_double(at, &key, 0.25 * (double)n);
		at = attribute_at_bool(at, &key, n % 2 != 0);
		at = attribute_at_word(at, &key, words, 1 + n % ATTRIBUTE_WORD_MAX);
		assert_true(at <= first + 4 * ATTRIBUTE_AT_BYTES);
		attribute_written(&w, at);
		Otlp__Span *span = span_of(&w, 4);
		assert_int_equal(strlen(span->attributes[0]->key), n);
		assert_int_equal(span->attributes[0]->value->int_value, number);
		assert_true(span->attributes[1]->value->double_value == 0.25 * (double)n);
		assert_int_equal(span->attributes[2]->value->bool_value, n % 2 != 0);
		assert_int_equal(strlen(span->attributes[3]->value->string_value), 1 + n % ATTRIBUTE_WORD_MAX);
		otlp__span__free_unpacked(span, NULL);
		arena_reset(&a);
	}
	arena_release(&a);
}

static void what_was_written_before_follows_as_it_is(void **state)
{
	static const struct attribute_key k = ATTRIBUTE_KEY("k");
	struct arena a;
	struct attribute_writer w;

	(void)state;
	arena_init(&a, 1 << 20);
	attribute_writer_init(&w, &a);
	attribute_put_written(&w, SLICE_NONE);
	assert_int_equal(attribute_writer_take(&w).len, 0);
	attribute_put_text(&w, &k, SLICE("one"));
	struct slice one = attribute_writer_take(&w);
	attribute_put_text(&w, &k, SLICE("two"));
	attribute_put_written(&w, one);
	Otlp__Span *span = span_of(&w, 2);
	assert_string_equal(span->attributes[0]->value->string_value, "two");
	assert_string_equal(span->attributes[1]->value->string_value, "one");
	otlp__span__free_unpacked(span, NULL);
	arena_release(&a);
}

static void a_full_arena_fails_the_writer_once_for_all(void **state)
{
	static const struct attribute_key k = ATTRIBUTE_KEY("k");
	struct arena a;
	struct attribute_writer w;
	char text[16384] = { 0 };

	(void)state;
	arena_init(&a, 40000);
	attribute_writer_init(&w, &a);
	for (int i = 0; i < 8; i++)
		attribute_put_text(&w, &k, (struct slice){ text, sizeof(text) });
	assert_true(w.failed);
	assert_null(attribute_room(&w, 1));
	attribute_put_text(&w, &k, SLICE("short"));
	assert_true(w.failed);
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_of_any_length_are_what_protobuf_writes),
		cmocka_unit_test(small_ones_are_what_protobuf_writes),
		cmocka_unit_test(what_was_written_before_follows_as_it_is),
		cmocka_unit_test(a_full_arena_fails_the_writer_once_for_all),
	};
	return cmocka_run_group_tests_name("otlp/attribute_writer", tests, NULL, NULL);
}
