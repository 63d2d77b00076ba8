/* SPDX-License-Identifier: Apache-2.0
 * A request written piece by piece is the one that its edits make, however much room was guessed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agent/daemon/edited_request.h"

#define ITEMS  200u
#define ITEM   "0123456789"
#define BYTES  (sizeof(ITEM) - 1)

/* A place behind each item. */
static void make_edits(struct edit_list *edits, struct arena *a, size_t places[ITEMS])
{
	edit_list_init(edits, a);
	for (size_t i = 0; i < ITEMS; i++)
		assert_false(FAILED(edit_list_reserve(edits, (i + 1) * BYTES, &places[i])));
}

/* Fills each place with n times '+', from memory that is used again. */
static void assert_written(struct edited_request *r, struct arena *a, struct slice wire, size_t n)
{
	static char scratch[5000], want[ITEMS * (BYTES + sizeof(scratch))];
	struct edit_list edits;
	size_t places[ITEMS], at = 0;

	make_edits(&edits, a, places);
	edited_request_begin(r, &edits, wire, ITEMS);
	for (size_t i = 0; i < ITEMS; i++) {
		memset(scratch, '+', n);
		edited_request_fill(r, places[i], (struct slice){ scratch, n });
		memset(scratch, '?', n);
		memcpy(want + at, ITEM, BYTES);
		memset(want + at + BYTES, '+', n);
		at += BYTES + n;
	}
	struct payload *p = edited_request_end(r, PAYLOAD_TRACES, 7);
	assert_non_null(p);
	assert_int_equal(p->kind, PAYLOAD_TRACES);
	assert_int_equal(p->items, 7);
	assert_true(slice_equal(payload_view(p), (struct slice){ want, at }));
	payload_unref(p);
	arena_reset(a);
}

static void any_amount_may_be_added(void **state)
{
	static const size_t amounts[] = { 0, 1, 300, 5000, 2, 4000 };
	char items[ITEMS * BYTES];
	struct edited_request r = { 0 };
	struct arena a;

	(void)state;
	for (size_t i = 0; i < ITEMS; i++)
		memcpy(items + i * BYTES, ITEM, BYTES);
	arena_init(&a, 1 << 20);
	for (size_t i = 0; i < sizeof(amounts) / sizeof(amounts[0]); i++)
		assert_written(&r, &a, (struct slice){ items, sizeof(items) }, amounts[i]);
	edited_request_release(&r);
	arena_release(&a);
}

static void one_that_nobody_takes_makes_way_for_the_next(void **state)
{
	struct edited_request r = { 0 };
	struct edit_list edits;
	struct arena a;

	(void)state;
	arena_init(&a, 1 << 20);
	edit_list_init(&edits, &a);
	edited_request_begin(&r, &edits, SLICE("first"), 0);
	edited_request_begin(&r, &edits, SLICE("second"), 0);
	struct payload *p = edited_request_end(&r, PAYLOAD_TRACES, 1);
	assert_true(slice_equal(payload_view(p), SLICE("second")));
	assert_null(edited_request_end(&r, PAYLOAD_TRACES, 1));
	payload_unref(p);
	edited_request_begin(&r, &edits, SLICE("third"), 0);
	edited_request_release(&r);
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_amount_may_be_added),
		cmocka_unit_test(one_that_nobody_takes_makes_way_for_the_next),
	};
	return cmocka_run_group_tests_name("daemon/edited_request", tests, NULL, NULL);
}
