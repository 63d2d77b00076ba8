/* SPDX-License-Identifier: Apache-2.0
 * Stored bytes that are damaged are left out, whatever the damage, and what is left is still compared.
 */
#include "tests/unit/stored_pairs.h"

#include <math.h>
#include <stdlib.h>

#include "agent/base/json.h"
#include "agent/canary/canary.h"
#include "agent/canary/canary_json.h"

#define T0        UINT64_C(1760054400)
#define HOUR      3600u

static const char *guard[] = { "cost", "invalid_json_rate", "eval_score" };
static const struct canary_config config = {
	.enabled = true,
	.alpha = 0.01,
	.guard = { guard, sizeof(guard) / sizeof(guard[0]) },
	.margins = { 0.1, 0.1, 0.1, 0.2, 0.01, 0.03, 0.05, 0.15 },
};

static void one_call(struct canary *c, const char *version, unsigned n, uint64_t unix_s)
{
	struct sample s = sample_unknown(SAMPLE_CALL);

	s.time_unix_ms = unix_s * 1000;
	s.feature = SLICE("triage");
	s.model = SLICE("gpt-4o");
	s.prompt_version = slice_of(version);
	s.cost_usd = 0.01 * exp(0.5 * sin(n));
	s.latency_ms = 800;
	s.outcome = n % 5 == 0 ? OUTCOME_INVALID_JSON : n % 7 == 0 ? OUTCOME_ERROR : OUTCOME_OK;
	s.trace_id[0] = (uint8_t)(n + 1);
	s.name = SLICE("quality");
	s.value = 0.8 + 0.1 * sin(n);
	canary_add(c, &s);
}

#define CALLS_AN_HOUR 30u

static void serve_from(struct canary *c, uint64_t from_s, unsigned hours)
{
	for (unsigned n = 0; n < CALLS_AN_HOUR * hours; n++) {
		one_call(c, "support@1", n, from_s + n * 120);
		one_call(c, "support@2", n + 3, from_s + n * 120 + 1);
	}
}

static void serve(struct canary *c, unsigned hours)
{
	serve_from(c, T0, hours);
}

static int before(const void *a, const void *b)
{
	const struct buf *x = &((const struct pair *)a)->key, *y = &((const struct pair *)b)->key;
	int by_bytes = memcmp(x->ptr, y->ptr, x->len < y->len ? x->len : y->len);

	return by_bytes != 0 ? by_bytes : (x->len > y->len) - (x->len < y->len);
}

/* What two versions left on the disk in two hours: two arms first, four hours behind them. */
static int store(void **state)
{
	struct canary *c = canary_new(&config, NULL, NULL);

	(void)state;
	serve(c, 2);
	canary_save(c, true, put, NULL);
	qsort(pairs, pair_count, sizeof(pairs[0]), before);
	canary_free(c);
	return pair_count == 6 && pairs[1].key.ptr[0] == 'a' && pairs[2].key.ptr[0] == 'h' ? 0 : -1;
}

/* All of the store in its order, with this value instead of the one at damaged. Gives how that one was taken. */
static enum status_code load_with(struct canary *c, size_t damaged, struct slice key, struct slice value)
{
	enum status_code code = STATUS_OK;

	for (size_t i = 0; i < pair_count; i++) {
		if (i == damaged)
			code = canary_load(c, key, value).code;
		else if (damaged >= 2) /* of an arm that was left out, the hours are too */
			assert_int_equal(canary_load(c, buf_view(&pairs[i].key), buf_view(&pairs[i].value)).code,
					 STATUS_OK);
		else
			(void)canary_load(c, buf_view(&pairs[i].key), buf_view(&pairs[i].value)).code;
	}
	return code;
}

static enum status_code code_of(size_t damaged, struct slice key, struct slice value)
{
	struct canary *c = canary_new(&config, NULL, NULL);
	enum status_code code = load_with(c, damaged, key, value);

	canary_free(c);
	return code;
}

static enum status_code code_of_value(size_t damaged, struct slice value)
{
	return code_of(damaged, buf_view(&pairs[damaged].key), value);
}

/* As the first release wrote it: no environment, no trial, which are four zeros at the end. */
static void an_arm_of_the_first_release_is_read(void **state)
{
	struct slice value = buf_view(&pairs[0].value);

	(void)state;
	pairs[0].value.ptr[0] = 1;
	assert_int_equal(code_of_value(0, slice_head(value, value.len - 4)), STATUS_OK);
	pairs[0].value.ptr[0] = 2;
}

static void a_key_that_is_none_is_refused(void **state)
{
	struct slice arm = buf_view(&pairs[0].key), hour = buf_view(&pairs[2].key);

	(void)state;
	for (size_t n = 0; n < arm.len; n++)
		assert_int_equal(code_of(0, slice_head(arm, n), buf_view(&pairs[0].value)), STATUS_CORRUPT);
	for (size_t n = 0; n < hour.len; n++)
		assert_int_equal(code_of(2, slice_head(hour, n), buf_view(&pairs[2].value)), STATUS_CORRUPT);
}

/* It would be kept beside what is stored later, and be read again by every start. */
static void a_value_under_the_key_of_another_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < pair_count; i++)
		for (size_t k = 0; k < pairs[i].key.len; k++) {
			pairs[i].key.ptr[k] ^= 1;
			assert_int_equal(code_of_value(i, buf_view(&pairs[i].value)), STATUS_CORRUPT);
			pairs[i].key.ptr[k] ^= 1;
		}
	assert_int_equal(code_of(0, buf_view(&pairs[0].key), buf_view(&pairs[1].value)), STATUS_CORRUPT);
	assert_int_equal(code_of(2, buf_view(&pairs[2].key), buf_view(&pairs[3].value)), STATUS_CORRUPT);
}

static void hours_without_their_version_are_refused(void **state)
{
	struct canary *c = canary_new(&config, NULL, NULL);

	(void)state;
	assert_int_equal(canary_load(c, buf_view(&pairs[2].key), buf_view(&pairs[2].value)).code, STATUS_CORRUPT);
	canary_free(c);
}

static bool has(struct slice text, const char *what)
{
	return slice_find(text, slice_of(what)) >= 0;
}

/* A bit may turn one number into another, which nobody can tell. It may not do more than that. */
static void no_bit_keeps_the_others_from_being_compared(void **state)
{
	struct canary_wish wish = { .name = SLICE("support"), .from = SLICE("1"), .to = SLICE("2") };
	struct buf json = BUF_INIT;

	(void)state;
	assert_true(pair_count > 2);
	for (size_t i = 2; i < pair_count; i++)
		for (size_t bit = 0; bit < 8 * pairs[i].value.len; bit++) {
			struct canary *c = canary_new(&config, NULL, NULL);
			pairs[i].value.ptr[bit / 8] ^= (char)(1 << bit % 8);
			(void)load_with(c, i, buf_view(&pairs[i].key), buf_view(&pairs[i].value));
			pairs[i].value.ptr[bit / 8] ^= (char)(1 << bit % 8);
			buf_reset(&json);
			assert_int_equal(canary_write_json(c, &wish, "", &json).code, STATUS_OK);
			assert_true(json_is_valid(buf_view(&json)) && has(buf_view(&json), "\"metric\":\"cost\""));
			assert_false(has(buf_view(&json), "\"value\":null"));
			canary_free(c);
		}
	buf_release(&json);
}

/* Of each version, in the hours that are compared. */
static void assert_calls(const struct canary *c, unsigned calls)
{
	struct canary_wish wish = { .name = SLICE("support"), .from = SLICE("1"), .to = SLICE("2") };
	struct canary_summary summary;
	struct canary_pair pair;

	assert_int_equal(canary_choose(c, &wish, &pair).code, STATUS_OK);
	canary_summarize(c, &wish, &pair, &summary);
	buf_release(&summary.reason);
	assert_int_equal((unsigned)summary.calls_from, calls);
	assert_int_equal((unsigned)summary.calls_to, calls);
}

static void load_all(struct canary *c)
{
	for (size_t i = 0; i < pair_count; i++)
		assert_int_equal(canary_load(c, buf_view(&pairs[i].key), buf_view(&pairs[i].value)).code, STATUS_OK);
}

/* Else every call of today would be two weeks older than the newest one. */
static void calls_count_though_the_stored_time_lies_far_ahead(void **state)
{
	uint64_t today_s = T0 - 60 * 24 * HOUR;
	struct canary *c = canary_new(&config, NULL, NULL);

	(void)state;
	canary_advance(c, today_s + HOUR);
	load_all(c);
	serve_from(c, today_s, 1);
	assert_calls(c, 3 * CALLS_AN_HOUR);
	canary_free(c);
}

static void calls_count_after_the_clock_was_set_back(void **state)
{
	uint64_t today_s = T0 - 60 * 24 * HOUR;
	struct canary *c = canary_new(&config, NULL, NULL);

	(void)state;
	canary_advance(c, T0 + 2 * HOUR);
	load_all(c);
	canary_advance(c, today_s + HOUR);
	serve_from(c, today_s, 1);
	assert_calls(c, 3 * CALLS_AN_HOUR);
	canary_free(c);
}

static void count_deletions(void *context, struct slice key, struct slice value)
{
	unsigned *count = context;

	(void)key;
	*count += value.ptr == NULL;
}

/* The disk was full: then all of it is saved again. */
static void hours_that_are_gone_are_deleted_although_a_save_failed(void **state)
{
	struct canary *c = canary_new(&config, NULL, NULL);
	unsigned lost = 0, again = 0, at_last = 0, once_more = 0;

	(void)state;
	serve_from(c, T0, 1);
	serve_from(c, T0 + 14 * 24 * HOUR, 1); /* two weeks are kept */
	canary_save(c, false, count_deletions, &lost);
	canary_save(c, true, count_deletions, &again);
	canary_save(c, true, count_deletions, &at_last);
	canary_save(c, false, count_deletions, &once_more);
	assert_int_equal(lost, 2);
	assert_int_equal(again, 2);
	assert_int_equal(at_last, 2);
	assert_int_equal(once_more, 0);
	canary_free(c);
}

static void no_bit_of_a_version_keeps_new_calls_from_being_counted(void **state)
{
	struct buf json = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < 2; i++)
		for (size_t bit = 0; bit < 8 * pairs[i].value.len; bit++) {
			struct canary *c = canary_new(&config, NULL, NULL);
			pairs[i].value.ptr[bit / 8] ^= (char)(1 << bit % 8);
			canary_advance(c, T0 + 3 * HOUR);
			enum status_code code = load_with(c, i, buf_view(&pairs[i].key), buf_view(&pairs[i].value));
			pairs[i].value.ptr[bit / 8] ^= (char)(1 << bit % 8);
			serve_from(c, T0 + 2 * HOUR, 1);
			buf_reset(&json);
			canary_write_list(c, &json);
			assert_true(json_is_valid(buf_view(&json)) && has(buf_view(&json), "support@2"));
			if (code == STATUS_OK)
				assert_calls(c, 3 * CALLS_AN_HOUR);
			canary_free(c);
		}
	buf_release(&json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_value_that_is_cut_off_is_refused_wherever_it_ends),
		cmocka_unit_test(a_value_that_goes_on_behind_its_end_is_refused),
		cmocka_unit_test(another_format_is_refused),
		cmocka_unit_test(an_arm_of_the_first_release_is_read),
		cmocka_unit_test(a_key_that_is_none_is_refused),
		cmocka_unit_test(a_value_under_the_key_of_another_is_refused),
		cmocka_unit_test(hours_without_their_version_are_refused),
		cmocka_unit_test(no_bit_keeps_the_others_from_being_compared),
		cmocka_unit_test(calls_count_though_the_stored_time_lies_far_ahead),
		cmocka_unit_test(calls_count_after_the_clock_was_set_back),
		cmocka_unit_test(hours_that_are_gone_are_deleted_although_a_save_failed),
		cmocka_unit_test(no_bit_of_a_version_keeps_new_calls_from_being_counted),
	};

	return cmocka_run_group_tests_name("canary/canary_state", tests, store, release);
}
