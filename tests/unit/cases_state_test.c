/* SPDX-License-Identifier: Apache-2.0
 * Stored bytes that are damaged are left out, whatever the damage; the list stays JSON, and new calls are kept.
 */
#include "tests/unit/stored_pairs.h"

#include <math.h>
#include <stdlib.h>

#include "agent/base/hash.h"
#include "agent/base/json.h"
#include "agent/base/record.h"
#include "agent/cases/cases.h"

#define T0        UINT64_C(1760000000)
#define ROOM      ((size_t)1 << 20)
#define TEXT      2 /* where the words are: their key is the longest */

static struct sample a_call(uint64_t unix_s, double cost_usd, enum outcome outcome)
{
	struct sample s = sample_unknown(SAMPLE_CALL);

	s.time_unix_ms = unix_s * 1000;
	s.feature = SLICE("triage");
	s.model = SLICE("gpt-4o");
	s.prompt_version = SLICE("support@1");
	s.cost_usd = cost_usd;
	s.latency_ms = 800;
	s.outcome = outcome;
	memset(s.trace_id, (int)(unix_s % 251), sizeof(s.trace_id));
	memset(s.span_id, (int)(unix_s % 251), sizeof(s.span_id));
	return s;
}

static void add(struct cases *c, uint64_t unix_s, double cost_usd, enum outcome outcome)
{
	struct sample s = a_call(unix_s, cost_usd, outcome);

	cases_add(c, &s);
}

static struct cases *keeping(void)
{
	struct cases *c = cases_new();

	cases_keep_texts(c, ROOM);
	return c;
}

static void tell(struct cases *c, uint64_t unix_s)
{
	struct sample s = a_call(unix_s, NAN, OUTCOME_OK);
	struct told_call t = { .end_unix_s = unix_s, .text = { .question = SLICE("and \"now\"?"),
							       .actual = SLICE("no") } };

	t.text.messages = SLICE("[{\"role\":\"user\",\"content\":\"first\"},{\"role\":\"assistant\",\"content\":\"then\"}]");
	memcpy(t.trace_id, s.trace_id, sizeof(t.trace_id));
	memcpy(t.span_id, s.span_id, sizeof(t.span_id));
	cases_text(c, &t, unix_s);
}

static int by_key_length(const void *a, const void *b)
{
	size_t x = ((const struct pair *)a)->key.len, y = ((const struct pair *)b)->key.len;

	return (x > y) - (x < y);
}

/* What one feature left on the disk: a list of failed calls and one of expensive ones, both full, and the words of one. */
static int store(void **state)
{
	struct cases *c = keeping();

	(void)state;
	tell(c, T0 + 59);
	for (unsigned i = 0; i < 60; i++)
		add(c, T0 + i, 0.01 * (i + 1), OUTCOME_ERROR);
	cases_save(c, true, put, NULL);
	qsort(pairs, pair_count, sizeof(pairs[0]), by_key_length);
	cases_free(c);
	return pair_count == 3 && pairs[TEXT].key.len == 24 ? 0 : -1;
}

static struct cases *loaded(size_t damaged, struct slice key, struct slice value, enum status_code *code)
{
	struct cases *c = keeping();

	for (size_t i = 0; i < pair_count; i++)
		if (i == damaged)
			*code = cases_load(c, key, value).code;
		else
			assert_int_equal(cases_load(c, buf_view(&pairs[i].key), buf_view(&pairs[i].value)).code,
					 STATUS_OK);
	return c;
}

static bool lists(const struct cases *c, const char *what)
{
	struct buf json = BUF_INIT;

	cases_write(c, 0, 1000, true, &json);
	assert_true(json_is_valid(buf_view(&json)));
	bool found = slice_find(buf_view(&json), slice_of(what)) >= 0;
	buf_release(&json);
	return found;
}

static enum status_code code_of(size_t damaged, struct slice key, struct slice value)
{
	enum status_code code = STATUS_OK;
	struct cases *c = loaded(damaged, key, value, &code);

	assert_true(lists(c, "triage")); /* one list at least is whole */
	cases_free(c);
	return code;
}

static enum status_code code_of_value(size_t damaged, struct slice value)
{
	return code_of(damaged, buf_view(&pairs[damaged].key), value);
}

static void a_key_of_another_length_is_refused(void **state)
{
	struct slice text_key = buf_view(&pairs[TEXT].key);

	(void)state;
	for (size_t n = 0; n < text_key.len; n++)
		if (n != pairs[0].key.len)
			assert_int_equal(code_of(0, slice_head(text_key, n), buf_view(&pairs[0].value)),
					 STATUS_CORRUPT);
	assert_int_equal(code_of(TEXT, buf_view(&pairs[0].key), buf_view(&pairs[TEXT].value)), STATUS_CORRUPT);
	assert_int_equal(code_of(0, text_key, buf_view(&pairs[0].value)), STATUS_CORRUPT);
}

/* It would be kept beside what is stored later, and be read again by every start. */
static void a_list_under_the_key_of_another_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < TEXT; i++)
		for (size_t k = 0; k < pairs[i].key.len; k++) {
			pairs[i].key.ptr[k] ^= 1;
			assert_int_equal(code_of_value(i, buf_view(&pairs[i].value)), STATUS_CORRUPT);
			pairs[i].key.ptr[k] ^= 1;
		}
	assert_int_equal(code_of(0, buf_view(&pairs[1].key), buf_view(&pairs[0].value)), STATUS_CORRUPT);
	assert_int_equal(code_of(1, buf_view(&pairs[0].key), buf_view(&pairs[1].value)), STATUS_CORRUPT);
}

/* How a list that is made by hand is taken: one exemplar of these, and what is usual. */
static enum status_code code_of_list(uint32_t count, uint8_t reason, uint8_t outcome, double badness,
				     const struct slice *label, const double usual[3])
{
	struct buf value = BUF_INIT;
	struct record r = record_writer(&value);
	struct slice feature = SLICE("triage"), none = SLICE_NONE;
	uint64_t time_s = T0, id = hash_mix(hash_stable(feature.ptr, feature.len), reason + 1u);
	uint8_t ids[24] = { 1 };
	double number = 1;
	struct cases *c = cases_new();

	record_format(&r, 2);
	record_slice(&r, &feature);
	record_u8(&r, &reason);
	record_uint(&r, &time_s);
	record_u32(&r, &count);
	record_uint(&r, &time_s);
	record_bytes(&r, ids, sizeof(ids));
	record_u8(&r, &outcome);
	record_double(&r, &badness);
	for (int i = 0; i < 3; i++)
		record_double(&r, &number);
	record_slice(&r, label != NULL ? (struct slice *)(uintptr_t)label : &none);
	record_slice(&r, &none);
	for (int i = 0; i < 6; i++)
		record_double(&r, &(double){ usual[i % 3] });
	enum status_code code = cases_load(c, (struct slice){ (char *)&id, sizeof(id) }, buf_view(&value)).code;
	assert_true(code == STATUS_OK || !lists(c, "triage"));
	buf_release(&value);
	cases_free(c);
	return code;
}

static void numbers_that_cannot_be_are_refused(void **state)
{
	static const double usual[3] = { 100, 1, 0.5 }, bad[][3] = { { -1, 1, 1 }, { NAN, 1, 1 }, { 1, INFINITY, 1 },
								     { 1, 800, 1 },
								     { 1, 1, -1 }, { 1, 1, NAN }, { 1, 1, INFINITY } };
	static char text[65];
	struct slice longest = { text, 64 }, too_long = { text, 65 };

	(void)state;
	memset(text, 'm', sizeof(text));
	assert_int_equal(code_of_list(1, CASE_FAILED, OUTCOME_ERROR, 7, &longest, usual), STATUS_OK);
	assert_int_equal(code_of_list(1, CASE_FAILED, OUTCOME_ERROR, 7, &too_long, usual), STATUS_CORRUPT);
	assert_int_equal(code_of_list(0, CASE_FAILED, OUTCOME_ERROR, 7, NULL, usual), STATUS_CORRUPT);
	assert_int_equal(code_of_list(CASES_EACH, CASE_FAILED, OUTCOME_ERROR, 7, NULL, usual), STATUS_CORRUPT);
	assert_int_equal(code_of_list(CASES_EACH + 1, CASE_FAILED, OUTCOME_ERROR, 7, NULL, usual), STATUS_CORRUPT);
	assert_int_equal(code_of_list(UINT32_MAX, CASE_FAILED, OUTCOME_ERROR, 7, NULL, usual), STATUS_CORRUPT);
	assert_int_equal(code_of_list(1, CASE_REASON_COUNT, OUTCOME_ERROR, 7, NULL, usual), STATUS_CORRUPT);
	assert_int_equal(code_of_list(1, CASE_FAILED, OUTCOME_COUNT, 7, NULL, usual), STATUS_CORRUPT);
	assert_int_equal(code_of_list(1, CASE_FAILED, OUTCOME_ERROR, NAN, NULL, usual), STATUS_CORRUPT);
	assert_int_equal(code_of_list(1, CASE_FAILED, OUTCOME_ERROR, INFINITY, NULL, usual), STATUS_CORRUPT);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(code_of_list(1, CASE_FAILED, OUTCOME_ERROR, 7, NULL, bad[i]), STATUS_CORRUPT);
}

/* A bit may turn one number into another, which nobody can tell. It may not do more than that. */
static void no_bit_breaks_the_list_or_keeps_new_calls_out(void **state)
{
	enum status_code code;

	(void)state;
	assert_true(pair_count > 0);
	for (size_t i = 0; i < pair_count; i++)
		for (size_t bit = 0; bit < 8 * pairs[i].value.len; bit++) {
			pairs[i].value.ptr[bit / 8] ^= (char)(1 << bit % 8);
			struct cases *c = loaded(i, buf_view(&pairs[i].key), buf_view(&pairs[i].value), &code);
			pairs[i].value.ptr[bit / 8] ^= (char)(1 << bit % 8);
			assert_true(lists(c, "triage"));
			cases_advance(c, T0 + 100);
			add(c, T0 + 101, 0.123456, OUTCOME_TIMEOUT);
			if (!lists(c, "\"outcome\":\"timeout\""))
				fail_msg("bit %zu of value %zu", bit, i);
			cases_free(c);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_value_that_is_cut_off_is_refused_wherever_it_ends),
		cmocka_unit_test(a_value_that_goes_on_behind_its_end_is_refused),
		cmocka_unit_test(another_format_is_refused),
		cmocka_unit_test(a_key_of_another_length_is_refused),
		cmocka_unit_test(a_list_under_the_key_of_another_is_refused),
		cmocka_unit_test(numbers_that_cannot_be_are_refused),
		cmocka_unit_test(no_bit_breaks_the_list_or_keeps_new_calls_out),
	};

	return cmocka_run_group_tests_name("cases/cases_state", tests, store, release);
}
