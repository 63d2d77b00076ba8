/* SPDX-License-Identifier: Apache-2.0
 * Edits come out in order, lengths are filled in later, everything else stays as it was.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agent/otlp/edit.h"
#include "agent/otlp/wire.h"

static void assert_result(const struct edit_list *l, struct slice wire, struct slice want)
{
	char out[8192];

	assert_true(edit_list_bound(l, wire) <= sizeof(out));
	assert_true(want.len <= edit_list_bound(l, wire));
	assert_int_equal(edit_list_write(l, wire, out), want.len);
	assert_memory_equal(out, want.ptr, want.len);
}

static void no_edits_change_nothing(void **state)
{
	struct arena a;
	struct edit_list l;

	(void)state;
	arena_init(&a, 1 << 16);
	edit_list_init(&l, &a);
	assert_result(&l, SLICE("abcdef"), SLICE("abcdef"));
	arena_release(&a);
}

static void insertions_replacements_and_deletions(void **state)
{
	struct arena a;
	struct edit_list l;

	(void)state;
	arena_init(&a, 1 << 16);
	edit_list_init(&l, &a);
	assert_false(FAILED(edit_list_add(&l, 0, 0, SLICE("<"))));
	assert_false(FAILED(edit_list_add(&l, 1, 2, SLICE("X"))));
	assert_false(FAILED(edit_list_add(&l, 3, 0, SLICE("one"))));
	assert_false(FAILED(edit_list_add(&l, 3, 0, SLICE("two")))); /* at one place: in the order of adding */
	assert_false(FAILED(edit_list_add(&l, 4, 1, SLICE_NONE)));
	assert_false(FAILED(edit_list_add(&l, 6, 0, SLICE(">"))));
	assert_result(&l, SLICE("abcdef"), SLICE("<aXonetwodf>"));
	arena_release(&a);
}

static void a_reserved_length_is_filled_in_later(void **state)
{
	struct arena a;
	struct edit_list l;
	size_t outer, inner;

	(void)state;
	arena_init(&a, 1 << 16);
	edit_list_init(&l, &a);
	assert_false(FAILED(edit_list_reserve(&l, 0, &outer)));
	assert_false(FAILED(edit_list_reserve(&l, 1, &inner)));
	assert_false(FAILED(edit_list_add(&l, 3, 0, SLICE("!"))));
	edit_list_close(&l, outer, 1, 299);
	assert_result(&l, SLICE("\x03\x01zz"), SLICE("\xac\x02\x01z!z")); /* the unfilled place changed nothing */
	edit_list_fill(&l, inner, SLICE("??"));
	assert_result(&l, SLICE("\x03\x01zz"), SLICE("\xae\x02??\x01z!z"));
	arena_release(&a);
}

static void an_overlong_length_may_shrink(void **state)
{
	struct arena a;
	struct edit_list l;
	size_t place;

	(void)state;
	arena_init(&a, 1 << 16);
	edit_list_init(&l, &a);
	assert_false(FAILED(edit_list_reserve(&l, 0, &place)));
	assert_false(FAILED(edit_list_add(&l, 4, 1, SLICE_NONE)));
	edit_list_close(&l, place, 3, 2);
	assert_result(&l, SLICE("\x82\x80\x00xy"), SLICE("\x01x"));
	arena_release(&a);
}

/* ---------------------------------------------------------------- messages in messages */
#define LEVELS  3
#define ITEMS   5
#define ADDED   40u
#define ROOM    (1u << 17)

/* A message of ITEMS items of n bytes inside LEVELS others, with a byte before and behind each; its edits append ADDED
 * bytes, in places that are filled later, to every item. */
struct nest {
	char wire[ROOM], want[ROOM];
	size_t wire_len, want_len, places[ITEMS];
};

static size_t frame(char *out, const char *content, size_t n)
{
	static char copy[ROOM];
	size_t at = 0;

	memcpy(copy, content, n);
	out[at++] = 0x0a;
	at += wire_put_varint(out + at, n);
	memcpy(out + at, copy, n);
	return at + n;
}

/* content, with another field before and behind it, in a message LEVELS deep. */
static size_t enclose(char *out, size_t n)
{
	for (int level = 0; level < LEVELS; level++) {
		n = frame(out, out, n);
		memmove(out + 2, out, n);
		memcpy(out, "\x10\x01", 2);
		memcpy(out + 2 + n, "\x10\x02", 2);
		n += 4;
	}
	return n;
}

static size_t items(char *out, size_t n, size_t added)
{
	char item[ROOM / ITEMS];
	size_t at = 0;

	memset(item, 'i', n);
	memset(item + n, '+', added);
	for (int i = 0; i < ITEMS; i++)
		at += frame(out + at, item, n + added);
	return at;
}

/* The edits of what is between at and end, LEVELS or less deep; the item function's place is that of its items. */
static void edit_nest(struct nest *nest, struct edit_list *l, size_t at, size_t end, int level, int *item)
{
	while (at < end) {
		size_t place, length = 0, bytes = 0;
		if (nest->wire[at++] != 0x0a) {
			at++;
			continue;
		}
		do
			length |= (size_t)(nest->wire[at + bytes] & 0x7f) << (7 * bytes);
		while (nest->wire[at + bytes++] & 0x80);
		assert_false(FAILED(edit_list_reserve(l, at, &place)));
		if (level < LEVELS)
			edit_nest(nest, l, at + bytes, at + bytes + length, level + 1, item);
		else
			assert_false(FAILED(edit_list_reserve(l, at + bytes + length, &nest->places[(*item)++])));
		edit_list_close(l, place, bytes, length);
		at += bytes + length;
	}
}

static void make_nest(struct nest *nest, size_t n, struct edit_list *l)
{
	int item = 0;

	nest->wire_len = enclose(nest->wire, items(nest->wire, n, 0));
	nest->want_len = enclose(nest->want, items(nest->want, n, ADDED));
	edit_nest(nest, l, 0, nest->wire_len, 0, &item);
	assert_int_equal(item, ITEMS);
}

/* Items and all that is around them get lengths of one, two and three bytes, and longer ones than before. */
static void lengths_of_all_levels_are_corrected(void **state)
{
	static struct nest nest;
	static char out[2 * ROOM];
	char added[ADDED];
	struct arena a;

	(void)state;
	memset(added, '+', sizeof(added));
	arena_init(&a, 1 << 16);
	for (size_t n = 1; n < 4000; n = n < 150 ? n + 1 : n + 13) {
		struct edit_list l;
		edit_list_init(&l, &a);
		make_nest(&nest, n, &l);
		for (int i = 0; i < ITEMS; i++)
			edit_list_fill(&l, nest.places[i], (struct slice){ added, sizeof(added) });
		struct slice wire = { nest.wire, nest.wire_len };
		assert_in_range(edit_list_bound(&l, wire), nest.want_len, sizeof(out));
		assert_int_equal(edit_list_write(&l, wire, out), nest.want_len);
		assert_memory_equal(out, nest.want, nest.want_len);
		arena_reset(&a);
	}
	arena_release(&a);
}

static void step_by_step_into_memory_that_moves_gives_the_same(void **state)
{
	static struct nest nest;
	static char rooms[ITEMS + 1][2 * ROOM];
	char scratch[ADDED];
	struct edit_list l;
	struct edit_writer w;
	struct arena a;

	(void)state;
	arena_init(&a, 1 << 16);
	edit_list_init(&l, &a);
	make_nest(&nest, 100, &l);
	edit_writer_begin(&w, &l, (struct slice){ nest.wire, nest.wire_len }, rooms[0]);
	for (int i = 0; i < ITEMS; i++) {
		memset(scratch, '+', sizeof(scratch));
		edit_list_fill(&l, nest.places[i], (struct slice){ scratch, sizeof(scratch) });
		edit_writer_pass(&w, nest.places[i] + 1);
		memset(scratch, '?', sizeof(scratch)); /* needed no longer */
		memcpy(rooms[i + 1], rooms[i], w.len);
		memset(rooms[i], '?', sizeof(rooms[i]));
		w.out = rooms[i + 1];
	}
	assert_int_equal(edit_writer_finish(&w), nest.want_len);
	assert_memory_equal(w.out, nest.want, nest.want_len);
	arena_release(&a);
}

static void many_edits_grow_the_list(void **state)
{
	struct arena a;
	struct edit_list l;
	char wire[512], want[1024];

	(void)state;
	arena_init(&a, 1 << 18);
	edit_list_init(&l, &a);
	for (size_t i = 0; i < sizeof(wire); i++) {
		wire[i] = (char)i;
		want[2 * i] = '+';
		want[2 * i + 1] = (char)i;
		assert_false(FAILED(edit_list_add(&l, i, 0, SLICE("+"))));
	}
	assert_result(&l, (struct slice){ wire, sizeof(wire) }, (struct slice){ want, sizeof(want) });
	arena_release(&a);
}

static void a_full_arena_is_said(void **state)
{
	struct arena a;
	struct edit_list l;
	struct status s = OK;

	(void)state;
	arena_init(&a, 32 * 1024);
	edit_list_init(&l, &a);
	for (size_t i = 0; i < 10000 && !FAILED(s); i++)
		s = edit_list_add(&l, i, 0, SLICE("+"));
	assert_int_equal(s.code, STATUS_NOMEM);
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_edits_change_nothing),
		cmocka_unit_test(insertions_replacements_and_deletions),
		cmocka_unit_test(a_reserved_length_is_filled_in_later),
		cmocka_unit_test(an_overlong_length_may_shrink),
		cmocka_unit_test(lengths_of_all_levels_are_corrected),
		cmocka_unit_test(step_by_step_into_memory_that_moves_gives_the_same),
		cmocka_unit_test(many_edits_grow_the_list),
		cmocka_unit_test(a_full_arena_is_said),
	};
	return cmocka_run_group_tests_name("otlp/edit", tests, NULL, NULL);
}
