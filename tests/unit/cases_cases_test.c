/* SPDX-License-Identifier: Apache-2.0
 * The worst calls are kept by reason, within bounds, with what is usual as limits, over a restart.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>

#include "agent/base/hash.h"
#include "agent/base/json.h"
#include "agent/base/record.h"
#include "agent/cases/cases.h"

#define T0 UINT64_C(1760000000)

static struct sample a_call(uint64_t unix_s, double cost_usd, enum outcome outcome)
{
	struct sample s = sample_unknown(SAMPLE_CALL);

	s.time_unix_ms = unix_s * 1000;
	s.feature = SLICE("triage");
	s.model = SLICE("gpt-4o");
	s.prompt_version = SLICE("support@1");
	s.cost_usd = cost_usd;
	s.latency_ms = 1000 * exp(0.5 * sin((double)unix_s));
	s.outcome = outcome;
	s.trace_id[0] = (uint8_t)unix_s;
	return s;
}

static void add(struct cases *c, uint64_t unix_s, double cost_usd, enum outcome outcome)
{
	struct sample s = a_call(unix_s, cost_usd, outcome);

	cases_add(c, &s);
}

static const char *list(const struct cases *c, size_t most, struct buf *out)
{
	buf_reset(out);
	cases_write(c, T0, most, true, out);
	assert_true(json_is_valid(buf_view(out)));
	return buf_string(out);
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (const char *at = strstr(text, what); at != NULL; at = strstr(at + 1, what))
		n++;
	return n;
}

static void reasons_take_turns_and_none_grows_without_bound(void **state)
{
	struct cases *c = cases_new();
	struct buf out = BUF_INIT;

	(void)state;
	for (unsigned i = 0; i < 500; i++) {
		add(c, T0 + i, 0.01, OUTCOME_ERROR);
		add(c, T0 + i, 0.01 + i, OUTCOME_OK);
	}
	add(c, T0, 0.01, OUTCOME_INVALID_JSON);
	const char *text = list(c, 1000, &out);
	assert_int_equal(count(text, "\"failed\""), CASES_EACH);
	assert_int_equal(count(text, "\"expensive\""), CASES_EACH);
	assert_int_equal(count(text, "\"flawed\""), 1);
	assert_non_null(strstr(text, "\"cost_usd\":499.01"));
	text = list(c, 3, &out);
	assert_int_equal(count(text, "\"reason\""), 3);
	assert_int_equal(count(text, "\"flawed\""), 1);
	buf_release(&out);
	cases_free(c);
}

static void limits_are_what_is_usual_and_unknown_before_that_is_known(void **state)
{
	struct cases *c = cases_new();
	struct buf out = BUF_INIT;

	(void)state;
	add(c, T0, 0.01, OUTCOME_ERROR);
	assert_non_null(strstr(list(c, 10, &out), "\"max_cost_usd\":null"));
	for (unsigned i = 1; i < 1000; i++)
		add(c, T0 + i, 0.01 * exp(sin(i)), OUTCOME_OK);
	double limit = NAN;
	struct slice text = slice_of(strstr(list(c, 10, &out), "max_cost_usd\":") + 14);
	assert_true(slice_to_double(slice_head(text, (size_t)slice_find(text, SLICE(","))), &limit));
	assert_true(limit > 0.025 && limit < 0.04); /* 0.01 e^(1.645 / sqrt 2) */
	buf_release(&out);
	cases_free(c);
}

static void put(void *context, struct slice key, struct slice value)
{
	assert_false(FAILED(cases_load(context, key, value)));
}

static void cases_outlive_a_restart(void **state)
{
	struct cases *c = cases_new(), *again = cases_new();
	struct buf before = BUF_INIT, after = BUF_INIT;
	struct sample low = a_call(T0 + 7, NAN, OUTCOME_OK);

	(void)state;
	low.kind = SAMPLE_VOTE;
	low.name = SLICE("thumbs");
	low.value = 0;
	cases_add(c, &low);
	for (unsigned i = 0; i < 100; i++)
		add(c, T0 + i, 0.01, i % 3 == 0 ? OUTCOME_REFUSAL : OUTCOME_OK);
	cases_save(c, false, put, again);
	assert_string_equal(list(c, 100, &before), list(again, 100, &after));
	assert_int_equal(count(buf_string(&after), "\"low_rated\""), 1);
	assert_int_equal(cases_load(again, SLICE("12345678"), SLICE("\1\2")).code, STATUS_CORRUPT);
	buf_release(&before);
	buf_release(&after);
	cases_free(c);
	cases_free(again);
}

/* As the first release wrote it: without span ids. */
static void an_older_store_is_read(void **state)
{
	struct cases *c = cases_new();
	struct buf value = BUF_INIT, out = BUF_INIT;
	struct record r = record_writer(&value);
	struct slice feature = SLICE("triage"), none = SLICE_NONE;
	uint8_t reason = CASE_FAILED, outcome = OUTCOME_ERROR, trace_id[16] = { 0xab };
	uint64_t time_s = T0, id = hash_mix(hash_stable(feature.ptr, feature.len), reason + 1u);
	uint32_t items = 1;
	double number = 1;

	(void)state;
	record_format(&r, 1);
	record_slice(&r, &feature);
	record_u8(&r, &reason);
	record_uint(&r, &time_s);
	record_u32(&r, &items);
	record_uint(&r, &time_s);
	record_bytes(&r, trace_id, sizeof(trace_id));
	record_u8(&r, &outcome);
	for (int i = 0; i < 4; i++)
		record_double(&r, &number);
	record_slice(&r, &none);
	record_slice(&r, &none);
	for (int i = 0; i < 6; i++)
		record_double(&r, &number);
	assert_false(FAILED(cases_load(c, (struct slice){ (char *)&id, sizeof(id) }, buf_view(&value))));
	assert_int_equal(count(list(c, 10, &out), "\"trace_id\":\"ab00"), 1);
	buf_release(&value);
	buf_release(&out);
	cases_free(c);
}

static void where_all_calls_cost_the_same_that_is_the_limit(void **state)
{
	static const double costs[] = { 0.00095, 0.0003, 0.0725, 1.23, 40 };
	struct buf out = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(costs) / sizeof(costs[0]); i++) {
		struct cases *c = cases_new();
		double limit = NAN;
		for (unsigned k = 0; k < 100; k++)
			add(c, T0 + k, costs[i], OUTCOME_OK);
		struct slice text = slice_of(strstr(list(c, 10, &out), "max_cost_usd\":") + 14);
		assert_true(slice_to_double(slice_head(text, (size_t)slice_find(text, SLICE(","))), &limit));
		assert_true(limit >= costs[i] && limit <= costs[i]);
		cases_free(c);
	}
	buf_release(&out);
}

/* A day is enough: what failed since then would never be kept, and what is there would never be too old. */
static void calls_from_before_the_clock_was_set_back_make_room_for_those_of_today(void **state)
{
	struct cases *c = cases_new();
	struct buf out = BUF_INIT;

	(void)state;
	cases_advance(c, T0 + 2 * CASES_AGE_MAX_S);
	for (unsigned i = 0; i < CASES_EACH; i++)
		add(c, T0 + 2 * CASES_AGE_MAX_S - i, NAN, OUTCOME_ERROR);
	add(c, T0 + 2 * CASES_AGE_MAX_S, 0.01, OUTCOME_OK);
	cases_advance(c, T0);
	assert_int_equal(count(list(c, 1000, &out), "\"error\""), CASES_EACH);
	for (unsigned i = 1; i <= CASES_EACH; i++)
		add(c, T0 + i, NAN, OUTCOME_TIMEOUT);
	assert_int_equal(count(list(c, 1000, &out), "\"timeout\""), CASES_EACH);
	cases_advance(c, T0 + CASES_AGE_MAX_S + CASES_EACH + 1);
	assert_string_equal(list(c, 1000, &out), "{\"cases\":[]}");
	buf_release(&out);
	cases_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reasons_take_turns_and_none_grows_without_bound),
		cmocka_unit_test(calls_from_before_the_clock_was_set_back_make_room_for_those_of_today),
		cmocka_unit_test(limits_are_what_is_usual_and_unknown_before_that_is_known),
		cmocka_unit_test(cases_outlive_a_restart),
		cmocka_unit_test(an_older_store_is_read),
		cmocka_unit_test(where_all_calls_cost_the_same_that_is_the_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
