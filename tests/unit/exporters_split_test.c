/* SPDX-License-Identifier: Apache-2.0
 * Payloads are split without losing a span or a byte of one, and shortened without breaking anything around the text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

#include "agent/base/buf.h"
#include "agent/otlp/walk.h"
#include "exporters/shorten.h"
#include "exporters/split.h"
#include "tests/oracle/otlp_random.h"

#define ROUNDS 200

static const struct payload_limits any = { 0 };

static struct payload *payload_of(enum payload_kind kind, struct slice bytes)
{
	struct payload *p = payload_new(kind, bytes.len, 0);

	if (bytes.len > 0)
		memcpy(p->bytes, bytes.ptr, bytes.len);
	return p;
}

/* Everything that a walk sees of a span, one after the other. */
static struct status note_span(void *context, const struct span_view *span, struct attribute_writer *added)
{
	struct buf *seen = context;

	(void)added;
	buf_slice(seen, span->wire);
	buf_slice(seen, span->scope->name);
	for (size_t i = 0; i < span->resource->attributes.count; i++)
		buf_slice(seen, span->resource->attributes.items[i].key);
	return OK;
}

static bool note_all(const struct payload *p, struct buf *seen)
{
	struct arena arena;

	arena_init(&arena, 64u << 20);
	struct status s = walk_traces(payload_view(p), &arena, NULL, note_span, seen);
	arena_release(&arena);
	return !FAILED(s);
}

/* The parts of at most max_bytes, walked one after the other, show what the whole shows. */
static void check_parts(const struct payload *whole, size_t max_bytes)
{
	const struct payload_limits limits = { .max_bytes = max_bytes };
	uint32_t leaves = payload_leaves(whole), items = 0;
	struct buf seen = BUF_INIT, want = BUF_INIT;

	if (!note_all(whole, &want))
		fail_msg("the random request cannot be walked");
	for (uint32_t from = 0; from < leaves;) {
		uint32_t to = payload_fit(whole, from, leaves, &limits);
		assert_true(to > from && to <= leaves);
		struct payload *part = payload_extract(whole, from, to);
		assert_true(note_all(part, &seen));
		assert_int_equal(part->items, to - from);
		items += part->items;
		payload_unref(part);
		from = to;
	}
	assert_int_equal(items, leaves);
	assert_int_equal(seen.len, want.len);
	if (want.len > 0)
		assert_memory_equal(seen.ptr, want.ptr, want.len);
	buf_release(&seen);
	buf_release(&want);
}

static void parts_hold_every_span_with_its_scope_and_resource(void **state)
{
	struct random r = { .state = 7 };
	struct arena arena;

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		arena_init(&arena, 64u << 20);
		r.arena = &arena;
		struct slice wire = random_pack(&r, &random_request(&r)->base);
		struct payload *whole = payload_of(PAYLOAD_TRACES, wire);
		check_parts(whole, 1 + random_below(&r, wire.len + 1));
		payload_unref(whole);
		arena_release(&arena);
	}
}

static void put(struct buf *out, uint32_t field, struct slice content)
{
	char head[2 * WIRE_VARINT_MAX];
	size_t n = wire_put_varint(head, field << 3 | WIRE_BYTES);

	n += wire_put_varint(head + n, content.len);
	buf_append(out, head, n);
	buf_slice(out, content);
}

/* content inside a message inside a message: fields from the innermost out, 0 at the end; the caller frees. */
static struct buf wrapped(struct slice content, const uint32_t *fields)
{
	struct buf inner = BUF_INIT, outer;

	buf_slice(&inner, content);
	for (; *fields != 0; fields++) {
		outer = BUF_INIT;
		put(&outer, *fields, buf_view(&inner));
		buf_release(&inner);
		inner = outer;
	}
	return inner;
}

static void a_part_is_as_large_as_the_limit_allows(void **state)
{
	struct buf spans = BUF_INIT;
	char span[100] = { 0 };

	(void)state;
	for (int i = 0; i < 10; i++)
		put(&spans, 2, (struct slice){ span, sizeof(span) });
	struct buf request = wrapped(buf_view(&spans), (uint32_t[]){ 2, 1, 0 });
	struct payload *p = payload_of(PAYLOAD_LOGS, buf_view(&request));
	assert_int_equal(payload_leaves(p), 10);
	assert_int_equal(payload_fit(p, 0, 10, &(struct payload_limits){ .max_bytes = 320 }), 3);
	assert_int_equal(payload_fit(p, 3, 10, &(struct payload_limits){ .max_bytes = 320 }), 6);
	assert_int_equal(payload_fit(p, 0, 10, &(struct payload_limits){ .max_items = 4 }), 4);
	assert_int_equal(payload_fit(p, 0, 10, &(struct payload_limits){ .max_bytes = 1 }), 1);
	assert_int_equal(payload_fit(p, 0, 10, &any), 10);
	payload_unref(p);
	buf_release(&request);
	buf_release(&spans);
}

static void metrics_count_their_points(void **state)
{
	struct buf points = BUF_INIT, metrics = BUF_INIT;

	(void)state;
	put(&points, 1, SLICE("a"));
	put(&points, 1, SLICE("b"));
	struct buf metric = wrapped(buf_view(&points), (uint32_t[]){ 7, 0 });
	put(&metrics, 2, buf_view(&metric));
	put(&metrics, 2, buf_view(&metric));
	struct buf request = wrapped(buf_view(&metrics), (uint32_t[]){ 2, 1, 0 });
	struct payload *p = payload_of(PAYLOAD_METRICS, buf_view(&request));
	struct payload *first = payload_extract(p, 0, 1);
	assert_int_equal(payload_leaves(p), 2);
	assert_int_equal(first->items, 2);
	payload_unref(first);
	payload_unref(p);
	buf_release(&request);
	buf_release(&metric);
	buf_release(&metrics);
	buf_release(&points);
}

static void check_lines(enum payload_kind kind)
{
	struct payload *p = payload_of(kind, SLICE("{\"a\":1}\n{\"b\":2}\n{\"c\":3}\n"));

	assert_int_equal(payload_leaves(p), 3);
	assert_int_equal(payload_fit(p, 0, 3, &(struct payload_limits){ .max_bytes = 17 }), 2);
	struct payload *last = payload_extract(p, 2, 3);
	assert_int_equal(last->items, 1);
	assert_true(slice_equal(payload_view(last), SLICE("{\"c\":3}\n")));
	payload_unref(last);
	payload_unref(p);
}

static void records_and_judgements_are_split_between_lines(void **state)
{
	(void)state;
	check_lines(PAYLOAD_RECORDS);
	check_lines(PAYLOAD_JUDGEMENTS);
}

static void broken_bytes_are_not_split_or_shortened(void **state)
{
	struct payload *p = payload_of(PAYLOAD_TRACES, SLICE("\x0a\x7f only a few"));

	(void)state;
	assert_int_equal(payload_leaves(p), 0);
	assert_int_equal(payload_longest_value(p), 0);
	assert_null(payload_shorten(p, 100));
	payload_unref(p);
}

/* A request of one span with this string attribute. */
static struct payload *span_with(struct slice text)
{
	struct buf value = wrapped(text, (uint32_t[]){ 1, 2, 0 }), attribute = BUF_INIT;

	put(&attribute, 1, SLICE("gen_ai.prompt"));
	buf_slice(&attribute, buf_view(&value));
	struct buf request = wrapped(buf_view(&attribute), (uint32_t[]){ 9, 2, 2, 1, 0 });
	struct payload *p = payload_of(PAYLOAD_TRACES, buf_view(&request));
	p->items = 1;
	buf_release(&value);
	buf_release(&attribute);
	buf_release(&request);
	return p;
}

static struct slice text_of(const struct payload *p)
{
	static const uint32_t path[] = { 1, 2, 2, 9, 2, 1, 0 };
	struct slice at = payload_view(p);
	struct wire_field f;

	for (const uint32_t *field = path; *field != 0; field++)
		for (struct wire_reader r = wire_reader_of(at); wire_next(&r, &f);)
			if (f.number == *field)
				at = f.bytes;
	return at;
}

static void long_values_are_cut_to_the_limit_with_a_mark(void **state)
{
	char text[5000];

	(void)state;
	memset(text, 'x', sizeof(text));
	struct payload *p = span_with((struct slice){ text, sizeof(text) });
	assert_int_equal(payload_longest_value(p), sizeof(text));
	struct payload *shorter = payload_shorten(p, 4095);
	struct slice cut = text_of(shorter);
	assert_true(cut.len <= 4095 && cut.len > 4085);
	assert_true(slice_ends_with(cut, SLICE(" bytes cut]")));
	assert_int_equal(shorter->items, 1);
	assert_int_equal(payload_leaves(shorter), 1);
	payload_unref(shorter);
	payload_unref(p);
}

static void a_cut_never_falls_inside_a_character(void **state)
{
	char text[900];

	(void)state;
	for (size_t i = 0; i < sizeof(text); i += 3)
		memcpy(text + i, "\xe2\x82\xac", 3);
	struct payload *p = span_with((struct slice){ text, sizeof(text) });
	for (size_t limit = 100; limit < 106; limit++) {
		struct payload *shorter = payload_shorten(p, limit);
		struct slice cut = text_of(shorter);
		ptrdiff_t mark = slice_find(cut, SLICE("..."));
		assert_true(cut.len <= limit);
		assert_int_equal(mark % 3, 0);
		payload_unref(shorter);
	}
	payload_unref(p);
}

static void values_within_the_limit_stay_byte_for_byte(void **state)
{
	struct random r = { .state = 11 };
	struct arena arena;

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		arena_init(&arena, 64u << 20);
		r.arena = &arena;
		struct payload *p = payload_of(PAYLOAD_TRACES, random_pack(&r, &random_request(&r)->base));
		size_t longest = payload_longest_value(p);
		struct payload *same = longest > 0 ? payload_shorten(p, longest) : NULL;
		if (same != NULL && longest >= SHORTEN_MIN_BYTES)
			assert_true(slice_equal(payload_view(same), payload_view(p)));
		payload_unref(same);
		payload_unref(p);
		arena_release(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_hold_every_span_with_its_scope_and_resource),
		cmocka_unit_test(a_part_is_as_large_as_the_limit_allows),
		cmocka_unit_test(metrics_count_their_points),
		cmocka_unit_test(records_and_judgements_are_split_between_lines),
		cmocka_unit_test(broken_bytes_are_not_split_or_shortened),
		cmocka_unit_test(long_values_are_cut_to_the_limit_with_a_mark),
		cmocka_unit_test(a_cut_never_falls_inside_a_character),
		cmocka_unit_test(values_within_the_limit_stay_byte_for_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
