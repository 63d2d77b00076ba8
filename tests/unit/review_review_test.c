/* SPDX-License-Identifier: Apache-2.0
 * A week is set against the week before, by feature, model and prompt version, and outlives a restart.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>

#include "agent/base/json.h"
#include "agent/review/review.h"

#define DAY0   UINT64_C(20400)
#define DAY_MS UINT64_C(86400000)

static void call(struct review *r, uint64_t day, const char *version, double cost_usd, enum outcome outcome)
{
	struct sample s = sample_unknown(SAMPLE_CALL);

	s.time_unix_ms = day * DAY_MS + 1000;
	s.feature = SLICE("triage");
	s.model = SLICE("gpt-4o");
	s.prompt_version = slice_of(version);
	s.cost_usd = cost_usd;
	s.latency_ms = 1000;
	s.outcome = outcome;
	review_add(r, &s);
}

static const char *report(const struct review *r, uint32_t days, struct buf *out)
{
	struct review_span span = review_span(r, days, 0);

	buf_reset(out);
	buf_byte(out, '{');
	review_write(r, &span, out);
	buf_byte(out, '}');
	assert_true(json_is_valid(buf_view(out)));
	return buf_string(out);
}

static void assert_says(const char *text, const char *wanted)
{
	if (strstr(text, wanted) == NULL)
		fail_msg("no %s in %s", wanted, text);
}

static void a_week_is_set_against_the_one_before(void **state)
{
	struct review *r = review_new();
	struct buf out = BUF_INIT;

	(void)state;
	for (uint64_t day = DAY0; day < DAY0 + 14; day++)
		call(r, day, "support@1.4.0", day < DAY0 + 7 ? 0.5 : 1, OUTCOME_OK);
	call(r, DAY0 + 10, "support@1.5.0", NAN, OUTCOME_INVALID_JSON);
	call(r, DAY0 + 14, "support@1.5.0", 100, OUTCOME_OK); /* today is not over */
	const char *text = report(r, 7, &out);
	assert_says(text, "\"days\":7");
	assert_says(text, "\"totals\":{\"now\":{\"requests\":8,\"cost_usd\":7");
	assert_says(text, "\"before\":{\"requests\":7,\"cost_usd\":3.5");
	assert_says(text, "\"unpriced_share\":0.125");
	assert_says(text, "\"first_seen\":[{\"day\":");
	assert_says(text, "\"prompt_version\":\"support@1.5.0\",\"feature\":\"triage\"}]");
	assert_says(text,
		    "\"rows\":[{\"feature\":\"triage\",\"model\":\"gpt-4o\",\"prompt_version\":\"support@1.4.0\"");
	buf_release(&out);
	review_free(r);
}

static void what_is_not_known_is_null(void **state)
{
	struct review *r = review_new();
	struct buf out = BUF_INIT;

	(void)state;
	call(r, DAY0, "support@1.4.0", NAN, OUTCOME_OK);
	const char *text = report(r, 1, &out);
	assert_says(text, "\"cost_usd\":null,\"cost_per_request_usd\":null");
	assert_says(text, "\"score\":null");
	assert_says(text, "\"before\":{\"requests\":0");
	buf_release(&out);
	review_free(r);
}

static void percentiles_are_within_a_tenth(void **state)
{
	struct day_sums sums;
	struct sample s = sample_unknown(SAMPLE_CALL);

	(void)state;
	memset(&sums, 0, sizeof(sums));
	for (int i = 1; i <= 1000; i++) {
		s.latency_ms = i * 10;
		day_add(&sums, &s);
	}
	assert_true(fabs(day_latency_ms(&sums, 0.5) / 5000 - 1) < 0.1);
	assert_true(fabs(day_latency_ms(&sums, 0.95) / 9500 - 1) < 0.1);
}

static void keys_beyond_the_limit_share_one_and_old_days_go(void **state)
{
	struct review *r = review_new();
	struct buf out = BUF_INIT;
	char version[32];

	(void)state;
	for (unsigned i = 0; i < 2 * REVIEW_KEYS_MAX; i++) {
		snprintf(version, sizeof(version), "support@%u", i);
		call(r, DAY0, version, 1, OUTCOME_OK);
	}
	const char *text = report(r, 1, &out);
	assert_says(text, "\"requests\":400");
	assert_says(text, "\"feature\":\"other\"");
	call(r, DAY0 + REVIEW_DAYS, "support@1", 1, OUTCOME_OK);
	text = report(r, 30, &out);
	assert_null(strstr(text, "other"));
	buf_release(&out);
	review_free(r);
}

static void put(void *context, struct slice key, struct slice value)
{
	struct status s = review_load(context, key, value);

	assert_false(FAILED(s));
}

static void what_comes_late_leaves_room_for_the_days_that_follow(void **state)
{
	struct review *r = review_new();
	struct buf out = BUF_INIT;
	char version[32];

	(void)state;
	call(r, DAY0 + 20, "support@1.4.0", 1, OUTCOME_OK);
	for (unsigned i = 0; i < REVIEW_MAX; i++) { /* a day that is sent again, every call under a version of its own */
		snprintf(version, sizeof(version), "v@%u", i);
		call(r, DAY0, version, 1, OUTCOME_OK);
	}
	call(r, DAY0 + 21, "support@1.5.0", 1, OUTCOME_OK);
	assert_says(report(r, 1, &out), "\"support@1.4.0\"");
	call(r, DAY0 + 22, "support@1.5.0", 1, OUTCOME_OK);
	assert_says(report(r, 1, &out), "\"support@1.5.0\"");
	review_free(r);
	buf_release(&out);
}

static unsigned put_elsewhere; /* values that were tried under a key that is not theirs */

static void put_under_another_key(void *context, struct slice key, struct slice value)
{
	char other[12];

	put_elsewhere++;
	assert_int_equal(key.len, sizeof(other));
	memcpy(other, key.ptr, sizeof(other));
	other[11] ^= 1;
	assert_int_equal(review_load(context, (struct slice){ other, sizeof(other) }, value).code, STATUS_CORRUPT);
}

/* It would be kept beside what is stored later, and be read again by every start. */
static void sums_under_the_key_of_others_are_refused(void **state)
{
	struct review *r = review_new(), *again = review_new();

	(void)state;
	call(r, DAY0, "support@1.4.0", 0.5, OUTCOME_OK);
	put_elsewhere = 0;
	review_save(r, true, put_under_another_key, again);
	assert_true(put_elsewhere > 0);
	review_free(r);
	review_free(again);
}

static void put_under_no_day(void *context, struct slice key, struct slice value)
{
	struct review *r = review_new();
	char *other = context;

	put_elsewhere++;
	memcpy(other, key.ptr, 12);
	memset(other, 0, 4);
	assert_int_equal(review_load(r, (struct slice){ other, 12 }, value).code, STATUS_CORRUPT);
	memset(other, 0xff, 4);
	assert_int_equal(review_load(r, (struct slice){ other, 12 }, value).code, STATUS_CORRUPT);
	review_free(r);
}

static void days_outlive_a_restart(void **state)
{
	struct review *r = review_new(), *again = review_new();
	struct buf before = BUF_INIT, after = BUF_INIT;

	(void)state;
	for (uint64_t day = DAY0; day < DAY0 + 10; day++)
		call(r, day, "support@1.4.0", 0.5, OUTCOME_OK);
	review_save(r, false, put, again);
	assert_string_equal(report(r, 5, &before), report(again, 5, &after));
	assert_int_equal(review_load(again, SLICE("short"), SLICE("\1\2\3")).code, STATUS_CORRUPT);
	buf_release(&before);
	buf_release(&after);
	review_free(r);
	review_free(again);
}

static void load_only(void *context, struct slice key, struct slice value)
{
	if (value.ptr != NULL)
		assert_int_equal(review_load(context, key, value).code, STATUS_OK);
}

static bool is_deleted;

static void look_for_deletions(void *context, struct slice key, struct slice value)
{
	(void)context;
	(void)key;
	is_deleted |= value.ptr == NULL;
}

/* Else the days before it would be deleted as too old, and every call of today would be, too. */
static void a_stored_day_to_come_takes_nothing_from_today(void **state)
{
	struct review *r = review_new(), *again = review_new();
	struct buf out = BUF_INIT;

	(void)state;
	review_advance(again, (DAY0 + 9) * 86400);
	call(r, DAY0 + 3000, "support@9", 700, OUTCOME_OK);
	review_save(r, true, load_only, again);
	review_free(r);
	r = review_new();
	for (uint64_t day = DAY0; day < DAY0 + 9; day++)
		call(r, day, "support@1.4.0", 0.5, OUTCOME_OK);
	review_save(r, true, load_only, again);
	call(again, DAY0 + 9, "support@1.5.0", 0.5, OUTCOME_OK);
	const char *text = report(again, 9, &out);
	assert_says(text, "\"days\":9");
	assert_says(text, "\"requests\":9");
	is_deleted = false;
	review_save(again, true, look_for_deletions, NULL);
	assert_false(is_deleted);
	review_free(r);
	review_free(again);
	buf_release(&out);
}

static void calls_count_after_the_clock_was_set_back(void **state)
{
	struct review *r = review_new();
	struct buf out = BUF_INIT;

	(void)state;
	review_advance(r, (DAY0 + 3000) * 86400);
	call(r, DAY0 + 3000, "support@9", 700, OUTCOME_OK);
	review_advance(r, (DAY0 + 2) * 86400);
	call(r, DAY0 + 1, "support@1.4.0", 0.5, OUTCOME_OK);
	call(r, DAY0 + 2, "support@1.4.0", 0.5, OUTCOME_OK);
	assert_says(report(r, 1, &out), "\"now\":{\"requests\":1,\"cost_usd\":0.5");
	review_free(r);
	buf_release(&out);
}

static void a_day_behind_all_calendars_is_refused(void **state)
{
	struct review *r = review_new();
	char key[12] = { 0 };

	(void)state;
	call(r, DAY0, "support@1.4.0", 0.5, OUTCOME_OK);
	put_elsewhere = 0;
	review_save(r, true, put_under_no_day, key);
	assert_true(put_elsewhere > 0);
	review_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_week_is_set_against_the_one_before),
		cmocka_unit_test(what_is_not_known_is_null),
		cmocka_unit_test(percentiles_are_within_a_tenth),
		cmocka_unit_test(keys_beyond_the_limit_share_one_and_old_days_go),
		cmocka_unit_test(days_outlive_a_restart),
		cmocka_unit_test(what_comes_late_leaves_room_for_the_days_that_follow),
		cmocka_unit_test(sums_under_the_key_of_others_are_refused),
		cmocka_unit_test(a_stored_day_to_come_takes_nothing_from_today),
		cmocka_unit_test(calls_count_after_the_clock_was_set_back),
		cmocka_unit_test(a_day_behind_all_calendars_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
