/* SPDX-License-Identifier: Apache-2.0
 * What is kept of prompt versions comes back as it was, and damage is noticed.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/prompts/history.h"

static struct prompt_version some_version(void)
{
	return (struct prompt_version){
		.name = SLICE("answer"),
		.version = SLICE("1.4.0"),
		.source = PROMPT_FROM_LANGFUSE,
		.content_hash = 77,
		.manifest = SLICE("{\"name\":\"answer\"}"),
		.first_seen_s = 10,
		.last_seen_s = 20,
		.place_count = 1,
		.places = { { .environment = SLICE("production"), .release = SLICE("r7"), .calls = 3,
			      .cost_pusd = 9 } },
	};
}

static void version_comes_back_as_it_was(void **state)
{
	struct prompt_version was = some_version(), is = { .source = 0 };
	struct buf bytes = BUF_INIT;
	struct record w = record_writer(&bytes);

	(void)state;
	prompt_version_record(&w, &was);
	struct record r = record_reader(buf_view(&bytes));
	prompt_version_record(&r, &is);
	assert_true(record_ok(&r));
	assert_true(slice_equal(is.manifest, was.manifest));
	assert_int_equal(is.content_hash, 77);
	assert_int_equal(is.place_count, 1);
	assert_true(slice_equal(is.places[0].release, SLICE("r7")));
	assert_int_equal(is.places[0].calls, 3);
	buf_release(&bytes);
}

static void version_cut_anywhere_is_refused(void **state)
{
	struct prompt_version was = some_version();
	struct buf bytes = BUF_INIT;
	struct record w = record_writer(&bytes);

	(void)state;
	prompt_version_record(&w, &was);
	for (size_t n = 0; n < bytes.len; n++) {
		struct prompt_version is = { .source = 0 };
		struct record r = record_reader((struct slice){ bytes.ptr, n });
		prompt_version_record(&r, &is);
		assert_false(record_ok(&r));
	}
	buf_release(&bytes);
}

static void command_that_could_not_start_comes_back_as_minus_one(void **state)
{
	struct prompt_deployment was = { .name = SLICE("a"), .version = SLICE("2"), .environment = SLICE("production"),
					 .canary_share = 0.05, .command = PROMPT_COMMAND_DONE, .command_exit = -1 };
	struct prompt_deployment is = { .kind = 0 };
	struct buf bytes = BUF_INIT;
	struct record w = record_writer(&bytes);

	(void)state;
	prompt_deployment_record(&w, &was);
	assert_int_equal(was.command_exit, -1);
	struct record r = record_reader(buf_view(&bytes));
	prompt_deployment_record(&r, &is);
	assert_true(record_ok(&r));
	assert_int_equal(is.command_exit, -1);
	assert_false(prompt_deployment_holds(&is));
	assert_true(is.canary_share == 0.05);
	buf_release(&bytes);
}

/* was, with bytes instead of the last so many. */
static bool is_taken(const struct prompt_deployment *was, size_t last, struct slice bytes)
{
	struct prompt_deployment copy = *was, is = { .kind = 0 };
	struct buf value = BUF_INIT;
	struct record w = record_writer(&value);

	prompt_deployment_record(&w, &copy);
	struct buf damaged = BUF_INIT;
	buf_slice(&damaged, slice_head(buf_view(&value), value.len - last));
	buf_slice(&damaged, bytes);
	struct record r = record_reader(buf_view(&damaged));
	prompt_deployment_record(&r, &is);
	bool is_ok = record_ok(&r);
	buf_release(&value);
	buf_release(&damaged);
	return is_ok;
}

static void what_no_deployment_can_be_is_refused(void **state)
{
	struct prompt_deployment d = { .name = SLICE("a"), .version = SLICE("2"), .environment = SLICE("production"),
				       .canary_share = 1, .command = PROMPT_COMMAND_DONE };
	const double shares[] = { NAN, INFINITY, -1, 0, 1.5 };

	(void)state;
	assert_true(is_taken(&d, 6, ((struct slice){ "\x01\0\0\0\0\0", 6 })));
	/* an exit status of 2^63, which is one more than there is */
	assert_false(is_taken(&d, 6, ((struct slice){ "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01\0\0\0\0\0", 15 })));
	for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++) {
		d.canary_share = shares[i];
		assert_false(is_taken(&d, 0, SLICE_NONE));
	}
}

static void deployments_sort_by_name_then_time(void **state)
{
	const struct prompt_deployment order[] = {
		{ .name = SLICE("a"), .at_s = 255 },  { .name = SLICE("a"), .at_s = 256 },
		{ .name = SLICE("a"), .at_s = 256, .number = 1 }, { .name = SLICE("ab"), .at_s = 1 },
	};
	struct buf before = BUF_INIT, after = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		buf_reset(&after);
		prompt_deployment_key(&order[i], &after);
		size_t n = before.len < after.len ? before.len : after.len;
		if (i > 0)
			assert_true(memcmp(before.ptr, after.ptr, n) < 0);
		buf_reset(&before);
		buf_slice(&before, buf_view(&after));
	}
	buf_release(&before);
	buf_release(&after);
}

static void names_that_cannot_be_keys_are_told(void **state)
{
	(void)state;
	assert_true(prompt_name_is_good(SLICE("team/answer")));
	assert_false(prompt_name_is_good(SLICE("")));
	assert_false(prompt_name_is_good(((struct slice){ "a\0b", 3 })));
	assert_false(prompt_version_is_good(SLICE("1@2")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(version_comes_back_as_it_was),
		cmocka_unit_test(version_cut_anywhere_is_refused),
		cmocka_unit_test(command_that_could_not_start_comes_back_as_minus_one),
		cmocka_unit_test(what_no_deployment_can_be_is_refused),
		cmocka_unit_test(deployments_sort_by_name_then_time),
		cmocka_unit_test(names_that_cannot_be_keys_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
