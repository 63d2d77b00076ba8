/* SPDX-License-Identifier: Apache-2.0
 * Edits come out in order, lengths are filled in later, everything else stays as it was.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agent/otlp/edit.h"

static void assert_result(const struct edit_list *l, struct slice wire, struct slice want)
{
	char out[1024];

	assert_int_equal(edit_list_size(l, wire), want.len);
	edit_list_write(l, wire, out);
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
	assert_false(FAILED(edit_list_settle(&l)));
	assert_result(&l, SLICE("\x03\x01zz"), SLICE("\xac\x02\x01z!z")); /* the unfilled place changed nothing */
	assert_int_equal(l.delta, 2);
	edit_list_fill(&l, inner, SLICE("??"));
	assert_false(FAILED(edit_list_settle(&l)));
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
	assert_false(FAILED(edit_list_settle(&l)));
	assert_result(&l, SLICE("\x82\x80\x00xy"), SLICE("\x01x"));
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
		cmocka_unit_test(many_edits_grow_the_list),
		cmocka_unit_test(a_full_arena_is_said),
	};
	return cmocka_run_group_tests_name("otlp/edit", tests, NULL, NULL);
}
