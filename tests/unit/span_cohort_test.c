/* SPDX-License-Identifier: Apache-2.0
 * Calls with the same labels have one number, and no number is ever given to other labels.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

#include "agent/span/cohort.h"

static struct call shop_call(void)
{
	return (struct call){
		.feature = SLICE("search"),
		.provider = SLICE("openai"),
		.request_model = SLICE("gpt-4o"),
		.response_model = SLICE("gpt-4o-2024-08-06"),
		.prompt_name = SLICE("shop/answer"),
		.prompt_version = SLICE("1.4.0"),
		.user_segment = SLICE("pro"),
	};
}

static void the_same_labels_are_the_same_cohort(void **state)
{
	struct cohorts *t = cohorts_new();
	char other_place[] = "search";
	struct call a = shop_call(), b = shop_call();
	(void)state;

	b.feature.ptr = other_place;
	const struct cohort *first = cohort_of(t, &a);
	assert_non_null(first);
	assert_ptr_equal(cohort_of(t, &b), first);
	memset(other_place, 'x', sizeof(other_place)); /* it keeps texts of its own */
	assert_ptr_equal(cohort_of(t, &a), first);
	assert_true(slice_equal(first->prompt, SLICE("shop/answer@1.4.0")));
	cohorts_free(t);
}

static void each_label_tells_cohorts_apart(void **state)
{
	struct cohorts *t = cohorts_new();
	struct call c = shop_call();
	uint64_t shop = cohort_of(t, &c)->id;
	(void)state;

#define X(member)                                       \
	c = shop_call();                                \
	c.member = SLICE("something else");             \
	assert_int_not_equal(cohort_of(t, &c)->id, shop);
	COHORT_LABEL_MAP(X)
#undef X
	cohorts_free(t);
}

static void a_text_that_moves_from_one_label_to_the_next_is_another_cohort(void **state)
{
	struct cohorts *t = cohorts_new();
	struct call a = { .feature = SLICE("x") }, b = { .prompt_version = SLICE("x") };
	(void)state;

	assert_int_not_equal(cohort_of(t, &a)->id, cohort_of(t, &b)->id);
	cohorts_free(t);
}

static void what_a_lane_forgets_gets_another_number(void **state)
{
	struct cohorts *t = cohorts_new();
	struct call c = shop_call();
	uint64_t before = cohort_of(t, &c)->id;
	char feature[16];
	(void)state;

	for (unsigned i = 0; i < COHORT_SLOTS; i++) {
		snprintf(feature, sizeof(feature), "feature-%u", i);
		c.feature = slice_of(feature);
		(void)cohort_of(t, &c);
	}
	cohorts_begin(t);
	c = shop_call();
	assert_int_not_equal(cohort_of(t, &c)->id, before);
	cohorts_free(t);
}

static void texts_that_look_alike_at_a_glance_cannot_fill_the_table(void **state)
{
	struct cohorts *t = cohorts_new();
	struct call c = shop_call();
	char feature[48] = "the same beginning, ..... the same ........ end.";
	unsigned known = 0;
	(void)state;

	for (unsigned i = 0; i < 1000; i++) {
		feature[10] = (char)('0' + i % 10); /* between what a glance takes in */
		feature[11] = (char)('0' + i / 10 % 10);
		feature[12] = (char)('0' + i / 100);
		c.feature = (struct slice){ feature, sizeof(feature) };
		known += cohort_of(t, &c) != NULL;
	}
	assert_in_range(known, 1, 16);
	cohorts_free(t);
}

static void labels_of_kilobytes_have_no_cohort(void **state)
{
	static char text[8192];
	struct cohorts *t = cohorts_new();
	struct call c = shop_call();
	(void)state;

	c.workflow = (struct slice){ text, sizeof(text) };
	assert_null(cohort_of(t, &c));
	cohorts_free(t);
}

static void a_memo_finds_what_it_was_given_and_nothing_for_no_cohort(void **state)
{
	static struct cohort_memo memo;
	int found, other;
	(void)state;

	cohort_memo_keep(&memo, 7, &found);
	cohort_memo_keep(&memo, 0, &found);
	assert_ptr_equal(cohort_memo_find(&memo, 7), &found);
	assert_null(cohort_memo_find(&memo, 0));
	cohort_memo_keep(&memo, 7 + COHORT_MEMO_PLACES, &other); /* the same place */
	assert_null(cohort_memo_find(&memo, 7));
	cohort_memo_clear(&memo);
	assert_null(cohort_memo_find(&memo, 7 + COHORT_MEMO_PLACES));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_labels_are_the_same_cohort),
		cmocka_unit_test(each_label_tells_cohorts_apart),
		cmocka_unit_test(a_text_that_moves_from_one_label_to_the_next_is_another_cohort),
		cmocka_unit_test(what_a_lane_forgets_gets_another_number),
		cmocka_unit_test(texts_that_look_alike_at_a_glance_cannot_fill_the_table),
		cmocka_unit_test(labels_of_kilobytes_have_no_cohort),
		cmocka_unit_test(a_memo_finds_what_it_was_given_and_nothing_for_no_cohort),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
