/* SPDX-License-Identifier: Apache-2.0
 * Sums of cost over time say what explains an alert, also after a restart.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>
#include <jansson.h>

#include "agent/alerts/movement.h"
#include "tests/unit/alerts_fixture.h"

static struct sample call_at(uint64_t at_s, const char *version, double output)
{
	struct sample s = sample_unknown(SAMPLE_CALL);

	s.time_unix_ms = at_s * 1000;
	s.feature = SLICE("checkout");
	s.model = SLICE("gpt-4o");
	s.prompt_version = slice_of(version);
	s.input_tokens = 1000;
	s.cache_read_tokens = 0;
	s.cache_read_cost_usd = 0;
	s.output_tokens = output;
	s.output_cost_usd = output * 1e-5;
	s.cost_usd = 0.0025 + s.output_cost_usd;
	return s;
}

/* Ten hours of 200 tokens, then one of which the new version writes 600. */
static void live_through(struct movement *m, const char *newer)
{
	for (uint64_t t = START - 11 * 3600; t < START; t += 60) {
		bool is_new = t >= START - 3600;
		struct sample s = call_at(t, is_new ? newer : "support@1", is_new ? 600 : 200);
		movement_add(m, &s);
	}
}

static struct verdict hour_long_shift(void)
{
	struct verdict v = cost_shift(START);

	v.prompt_version = SLICE("*");
	v.run = 1;
	v.window_s = 3600;
	return v;
}

static json_t *explain(const struct movement *m, const struct verdict *v, struct buf *cause)
{
	struct buf evidence = BUF_INIT, whole = BUF_INIT;

	movement_explain(m, v, &evidence, cause);
	buf_printf(&whole, "{%.*s}", SLICE_ARG(buf_view(&evidence)));
	json_t *json = json_loadb(whole.ptr, whole.len, 0, NULL);
	assert_non_null(json);
	buf_release(&evidence);
	buf_release(&whole);
	return json;
}

static double number_at(const json_t *json, const char *name)
{
	return json_number_value(json_object_get(json, name));
}

static void check_output_tripled(const struct movement *m)
{
	struct verdict v = hour_long_shift();
	struct buf cause = BUF_INIT;
	json_t *json = explain(m, &v, &cause);
	const json_t *movement = json_object_get(json, "movement");
	const json_t *cost = json_object_get(movement, "cost_per_request");
	const json_t *parts = json_object_get(cost, "parts");
	const json_t *who = json_array_get(json_object_get(movement, "contributors"), 0);

	assert_true(fabs(number_at(cost, "before_usd") - 0.0045) < 1e-9);
	assert_true(fabs(number_at(cost, "after_usd") - 0.0085) < 1e-9);
	assert_string_equal(json_string_value(json_object_get(json_array_get(parts, 1), "factor")), "output_tokens");
	assert_true(fabs(number_at(json_array_get(parts, 1), "percent_of_change") - 100) < 1e-6);
	assert_string_equal(json_string_value(json_object_get(who, "value")), "support@2");
	assert_non_null(strstr(buf_string(&cause), "output tokens 100 %"));
	assert_true(number_at(movement, "requests_before") > 500 && number_at(movement, "requests_after") == 60);
	json_decref(json);
	buf_release(&cause);
}

static void a_longer_answer_of_a_new_version_is_found(void **state)
{
	struct movement *m = movement_new(NULL, NULL);

	(void)state;
	live_through(m, "support@2");
	check_output_tripled(m);
	movement_free(m);
}

/* What it says must not count as the time since when calls are looked at: spend a day would be of too many days. */
static void a_sender_without_a_clock_does_not_move_the_beginning(void **state)
{
	static const uint64_t times[] = { 0, 1, 365 * 86400 };
	struct verdict v = hour_long_shift();

	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		struct movement *m = movement_new(NULL, NULL);
		struct sample lost = call_at(times[i], "support@1", 200), last = call_at(START - 1, "support@2", 600);
		struct buf cause = BUF_INIT;
		movement_add(m, &lost);
		live_through(m, "support@2");
		movement_add(m, &lost);
		movement_add(m, &last);
		json_t *json = explain(m, &v, &cause);
		const json_t *before = json_object_get(json_object_get(json, "movement"), "compared_with");
		assert_int_equal(json_integer_value(json_object_get(before, "from")), START - 11 * 3600);
		json_decref(json);
		buf_release(&cause);
		movement_free(m);
	}
}

static void sums_outlive_a_restart(void **state)
{
	static struct kept_pairs pairs;
	struct movement *m = movement_new(NULL, NULL);

	(void)state;
	live_through(m, "support@2");
	movement_save(m, true, keep_pair, &pairs);
	movement_free(m);
	m = movement_new(NULL, NULL);
	for (size_t i = 0; i < pairs.count; i++) {
		struct slice key = buf_view(&pairs.items[i].key), value = buf_view(&pairs.items[i].value);
		for (size_t n = 0; n < value.len; n += 7)
			assert_true(FAILED(movement_load(m, key, slice_head(value, n))));
		assert_false(FAILED(movement_load(m, key, value)));
	}
	check_output_tripled(m);
	movement_free(m);
	release_pairs(&pairs);
}

static void other_metrics_and_empty_windows_are_left_alone(void **state)
{
	struct movement *m = movement_new(NULL, NULL);
	struct verdict v = hour_long_shift();
	struct buf cause = BUF_INIT;

	(void)state;
	json_t *json = explain(m, &v, &cause);
	assert_int_equal(json_object_size(json), 0);
	json_decref(json);
	live_through(m, "support@2");
	v.metric = "latency";
	json = explain(m, &v, &cause);
	assert_true(json_object_size(json) == 0 && cause.len == 0);
	json_decref(json);
	movement_free(m);
	buf_release(&cause);
}

static int news_count, news_of_old_features;

static void on_news(void *context, const struct movement_news *news)
{
	(void)context;
	news_count++;
	news_of_old_features += !news->is_feature_new;
}

static void what_is_seen_first_is_news_once(void **state)
{
	struct movement *m = movement_new(on_news, NULL);

	(void)state;
	news_count = news_of_old_features = 0;
	live_through(m, "support@2");
	live_through(m, "support@2");
	assert_true(news_count == 3 && news_of_old_features == 1); /* a version and a model, then another version */
	movement_free(m);
}

static void combinations_are_bounded(void **state)
{
	struct movement *m = movement_new(NULL, NULL);
	char name[32];

	(void)state;
	live_through(m, "support@2");
	for (int i = 0; i < 2 * MOVEMENT_CELLS_MAX; i++) {
		snprintf(name, sizeof(name), "v@%d", i);
		struct sample s = call_at(START, name, 5);
		movement_add(m, &s);
	}
	struct verdict v = hour_long_shift();
	struct buf cause = BUF_INIT;
	json_t *json = explain(m, &v, &cause);
	assert_true(number_at(json_object_get(json, "movement"), "calls_left_out") > MOVEMENT_CELLS_MAX);
	json_decref(json);
	buf_release(&cause);
	movement_free(m);
}

static void fill(struct movement *m, uint64_t at_s)
{
	char name[32];

	for (int i = 0; i < MOVEMENT_CELLS_MAX; i++) {
		snprintf(name, sizeof(name), "v@%d", i);
		struct sample s = call_at(at_s, name, 5);
		movement_add(m, &s);
	}
}

static void what_finds_no_room_is_no_news(void **state)
{
	struct movement *m = movement_new(on_news, NULL);

	(void)state;
	fill(m, START);
	news_count = 0;
	for (int i = 0; i < 1000; i++) {
		struct sample s = call_at(START + (uint64_t)i, "one@more", 5);
		movement_add(m, &s);
	}
	assert_int_equal(news_count, 0);
	movement_free(m);
}

static size_t puts_seen, deletes_seen;

static void count_pair(void *context, struct slice key, struct slice value)
{
	(void)context;
	assert_int_equal(key.len, 17);
	puts_seen += value.ptr != NULL;
	deletes_seen += value.ptr == NULL;
}

static void what_nobody_has_used_for_days_makes_way(void **state)
{
	struct movement *m = movement_new(on_news, NULL);

	(void)state;
	fill(m, START - 5 * 86400);
	live_through(m, "support@2");
	check_output_tripled(m);
	puts_seen = deletes_seen = 0;
	movement_save(m, false, count_pair, NULL);
	assert_true(puts_seen == 2 && deletes_seen == MOVEMENT_CELLS_MAX);
	movement_save(m, false, count_pair, NULL);
	assert_true(puts_seen == 2 && deletes_seen == MOVEMENT_CELLS_MAX);
	movement_free(m);
}

/* Its steps would hold the places of today's, and be counted among what came after. */
static void what_was_stored_ahead_of_the_clock_is_not_counted(void **state)
{
	struct movement *m = movement_new(NULL, NULL);
	static struct kept_pairs pairs;

	(void)state;
	for (uint64_t t = 0; t < 4 * 86400; t += 60) {
		struct sample s = call_at(START + UINT64_C(86400) * 1000 + t, "support@1", 9000);
		movement_add(m, &s);
	}
	movement_save(m, true, keep_pair, &pairs);
	movement_free(m);
	m = movement_new(NULL, NULL);
	movement_advance(m, START - 11 * 3600);
	assert_true(pairs.count > 0);
	for (size_t i = 0; i < pairs.count; i++)
		assert_false(FAILED(movement_load(m, buf_view(&pairs.items[i].key), buf_view(&pairs.items[i].value))));
	movement_advance(m, START);
	live_through(m, "support@2");
	check_output_tripled(m);
	movement_free(m);
	release_pairs(&pairs);
}

/* Else one sender whose clock is wrong would have all combinations forgotten as old. */
static void a_call_ahead_of_the_clock_counts_as_of_now(void **state)
{
	struct movement *m = movement_new(NULL, NULL);
	struct sample ahead = call_at(START + UINT64_C(86400) * 1000, "support@3", 600);
	char name[32];

	(void)state;
	movement_advance(m, START);
	live_through(m, "support@2");
	for (int i = 0; i < MOVEMENT_CELLS_MAX; i++) {
		snprintf(name, sizeof(name), "v@%d", i);
		struct sample s = call_at(START - 7200, name, 200);
		s.feature = SLICE("other");
		movement_add(m, &s);
	}
	movement_add(m, &ahead);
	check_output_tripled(m);
	movement_free(m);
}

/* A call a minute, from a minute that is late in its hour on by the newer version; its first call is a dear one. */
static void live_until(struct movement *m, uint64_t from_s, uint64_t newer_s)
{
	for (uint64_t t = from_s; t < START; t += 60) {
		bool is_new = t >= newer_s, is_first = is_new && t < newer_s + 60;
		struct sample s = call_at(t, is_new ? "support@2" : "support@1", is_first ? 5000 : is_new ? 600 : 200);
		movement_add(m, &s);
	}
}

static struct verdict canary_since(uint64_t first_s)
{
	struct verdict v = cost_shift(START);

	v.kind = VERDICT_CANARY;
	v.prompt_version = SLICE("support@2");
	v.run = 1;
	v.window_s = (uint32_t)(START - first_s);
	return v;
}

/* The hour in which it begins counts as before or after as a whole: that is no change of its own. */
static void a_new_version_has_no_time_before_itself(void **state)
{
	struct movement *m = movement_new(NULL, NULL);
	struct verdict v = canary_since(START - 6 * 3600 - 60);
	struct buf cause = BUF_INIT;

	(void)state;
	live_until(m, START - 40 * 3600, START - 6 * 3600 - 60);
	json_t *json = explain(m, &v, &cause);
	assert_null(json_object_get(json, "movement"));
	assert_non_null(json_object_get(json, "movement_of_feature"));
	assert_true(slice_starts_with(buf_view(&cause), SLICE("cost per request rose")));
	json_decref(json);
	buf_release(&cause);
	movement_free(m);
}

/* Else what was spent a day before would be of days of which little is known. */
static void what_is_kept_no_more_is_not_compared(void **state)
{
	struct movement *m = movement_new(NULL, NULL);
	struct verdict v = canary_since(START - 60 * 3600);
	struct buf cause = BUF_INIT;

	(void)state;
	for (uint64_t t = START - 144 * 3600; t < START; t += 60) {
		struct sample old = call_at(t, "support@1", 200), new = call_at(t, "support@2", 200);
		movement_add(m, t >= START - 60 * 3600 && t / 60 % 2 == 0 ? &new : &old);
	}
	json_t *json = explain(m, &v, &cause);
	const json_t *feature = json_object_get(json, "movement_of_feature");
	const json_t *day = json_object_get(feature, "spend_per_day");
	assert_true(number_at(json_object_get(feature, "compared_with"), "from") >= START - 72 * 3600);
	assert_true(fabs(number_at(day, "after_usd") / number_at(day, "before_usd") - 1) < 0.05);
	json_decref(json);

	v.window_s = 80 * 3600; /* not even the window is known */
	buf_reset(&cause);
	json = explain(m, &v, &cause);
	assert_true(json_object_size(json) == 0 && cause.len == 0);
	json_decref(json);
	buf_release(&cause);
	movement_free(m);
}

static uint64_t day_before(double utc_offset_hours, uint64_t hour_end_s)
{
	struct movement *m = movement_new(NULL, NULL);
	struct verdict v = cost_shift(hour_end_s);

	v.metric = "spend_day";
	v.run = 1;
	v.window_s = 86400;
	movement_days_begin(m, utc_offset_hours);
	uint64_t start_s = movement_window_start(m, &v);
	movement_free(m);
	return start_s;
}

static void the_window_of_a_days_spend_is_the_day_as_configured(void **state)
{
	const uint64_t midnight = START / 86400 * 86400, hour = 3600;

	(void)state;
	assert_int_equal(day_before(0, midnight + hour), midnight);
	assert_int_equal(day_before(0, midnight + 24 * hour), midnight); /* its last hour has ended */
	assert_int_equal(day_before(8, midnight + 16 * hour), midnight - 8 * hour);
	assert_int_equal(day_before(8, midnight + 17 * hour), midnight + 16 * hour);
	assert_int_equal(day_before(-3.5, midnight + 4 * hour + 1800), midnight + 3 * hour + 1800);
	assert_int_equal(day_before(-3.5, midnight + 3 * hour + 1800), midnight - 20 * hour - 1800);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_longer_answer_of_a_new_version_is_found),
		cmocka_unit_test(a_sender_without_a_clock_does_not_move_the_beginning),
		cmocka_unit_test(sums_outlive_a_restart),
		cmocka_unit_test(other_metrics_and_empty_windows_are_left_alone),
		cmocka_unit_test(what_is_seen_first_is_news_once),
		cmocka_unit_test(combinations_are_bounded),
		cmocka_unit_test(what_was_stored_ahead_of_the_clock_is_not_counted),
		cmocka_unit_test(a_call_ahead_of_the_clock_counts_as_of_now),
		cmocka_unit_test(what_finds_no_room_is_no_news),
		cmocka_unit_test(what_nobody_has_used_for_days_makes_way),
		cmocka_unit_test(a_new_version_has_no_time_before_itself),
		cmocka_unit_test(what_is_kept_no_more_is_not_compared),
		cmocka_unit_test(the_window_of_a_days_spend_is_the_day_as_configured),
	};

	return cmocka_run_group_tests_name("alerts/movement", tests, NULL, NULL);
}
