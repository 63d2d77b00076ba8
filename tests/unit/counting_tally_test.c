/* SPDX-License-Identifier: Apache-2.0
 * What metrics tell of calls counts where nothing else tells of them: each recording once, whatever its temporality.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agent/base/hash.h"
#include "agent/base/meter.h"
#include "agent/counting/tally.h"

#define S UINT64_C(1000000000)

static struct call asked(const char *service)
{
	return (struct call){
		.role = ROLE_LLM, .counted = true, .end_unix_ns = 1, .dialect = "otel-genai",
		.service = slice_of(service), .scope = SLICE("lib"), .provider = SLICE("openai"),
		.request_model = SLICE("gpt-4o"), .operation = SLICE("chat"),
	};
}

static void tell_tokens(struct counting *c, const struct call *call, enum token_class class, bool cumulative,
			uint64_t start_s, uint64_t time_s, uint64_t count, double sum)
{
	struct tally_point p = {
		.series = 100 + 2 * (uint64_t)class, .start_unix_ns = start_s * S, .time_unix_ns = time_s * S,
		.is_cumulative = cumulative, .counts_calls = true, .amount = TALLY_TOKENS, .class = class, .count = count,
		.sum = sum, .call = call,
	};

	counting_tally(c, &p, 1);
}

static void tell_time(struct counting *c, const struct call *call, uint64_t time_s, uint64_t count, double seconds)
{
	struct tally_point p = {
		.series = 200, .time_unix_ns = time_s * S, .counts_calls = true, .amount = TALLY_TIME, .count = count,
		.sum = seconds, .call = call,
	};

	counting_tally(c, &p, 1);
}

/* All that is due: how many calls, and the sum of the groups' tokens. */
static struct tally_sum take_all(struct counting *c)
{
	struct tally_sum all = { 0 }, one;
	struct buf record = BUF_INIT;

	while (counting_tally_take(c, 1, true, &one, &record)) {
		all.calls += one.calls;
		all.told += one.told;
		all.known |= one.known;
		all.seconds += one.seconds;
		for (int class = 0; class < TOKEN_CLASS_COUNT; class++)
			all.tokens[class] += one.tokens[class];
	}
	buf_release(&record);
	return all;
}

static void a_delta_counts_as_it_is_and_once(void **state)
{
	struct counting *c = counting_new(1 << 20);
	struct call call = asked("shop");

	(void)state;
	tell_tokens(c, &call, TOKENS_INPUT, false, 0, 60, 3, 300);
	tell_tokens(c, &call, TOKENS_INPUT, false, 0, 60, 3, 300); /* sent again */
	tell_tokens(c, &call, TOKENS_INPUT, false, 60, 120, 2, 100);
	struct tally_sum sum = take_all(c);
	assert_int_equal(sum.calls, 5);
	assert_int_equal(sum.tokens[TOKENS_INPUT], 400);
	counting_free(c);
}

static void a_cumulative_series_counts_by_its_growth_and_anew_after_a_reset(void **state)
{
	struct counting *c = counting_new(1 << 20);
	struct call call = asked("shop");

	(void)state;
	tell_tokens(c, &call, TOKENS_INPUT, true, 10, 60, 3, 300);
	tell_tokens(c, &call, TOKENS_INPUT, true, 10, 120, 5, 400);
	tell_tokens(c, &call, TOKENS_INPUT, true, 10, 120, 5, 400);
	assert_int_equal(take_all(c).tokens[TOKENS_INPUT], 400);
	tell_tokens(c, &call, TOKENS_INPUT, true, 130, 180, 1, 50); /* the process started again */
	struct tally_sum sum = take_all(c);
	assert_int_equal(sum.calls, 1);
	assert_int_equal(sum.tokens[TOKENS_INPUT], 50);
	tell_tokens(c, &call, TOKENS_INPUT, true, 130, 240, 1, 50);
	assert_int_equal(take_all(c).calls, 0);
	counting_free(c);
}

static void series_of_one_group_are_the_same_calls(void **state)
{
	struct counting *c = counting_new(1 << 20);
	struct call call = asked("shop");

	(void)state;
	tell_time(c, &call, 60, 4, 2.0);
	call.response_model = SLICE("gpt-4o-2024-08-06"); /* the metric of durations does not tell it */
	tell_tokens(c, &call, TOKENS_INPUT, false, 0, 60, 3, 10);
	tell_tokens(c, &call, TOKENS_OUTPUT, false, 0, 60, 3, 5);
	struct tally_sum sum = take_all(c);
	assert_int_equal(sum.calls, 4);
	assert_int_equal(sum.tokens[TOKENS_OUTPUT], 5);
	uint64_t input = 0;
	for (uint64_t i = 0; i < sum.calls; i++) {
		struct call one = asked("shop");
		tally_share(&sum, i, &one);
		input += tokens_get(&one.tokens, TOKENS_INPUT);
		assert_int_equal(one.latency_ns, S / 2);
	}
	assert_int_equal(input, 10);
	counting_free(c);
}

/* Each becomes a record of its own: a number without end would hold up the loop without end. */
static void more_calls_than_can_be_made_are_counted_as_dropped(void **state)
{
	const struct meter *dropped = meter_get(METER_DROPPED, "exporter=\"*\",kind=\"metric_calls\",reason=\"too_many\"");
	struct counting *c = counting_new(1 << 20);
	struct call call = asked("shop"), last = call;
	struct tally_sum one;
	struct buf record = BUF_INIT;

	(void)state;
	tell_tokens(c, &call, TOKENS_INPUT, false, 0, 60, TALLY_CALLS_MAX + 7, 20.0 * (TALLY_CALLS_MAX + 7));
	assert_true(counting_tally_take(c, 1, true, &one, &record));
	assert_int_equal(one.calls, TALLY_CALLS_MAX);
	tally_share(&one, one.calls - 1, &last);
	assert_int_equal(last.tokens.n[TOKENS_INPUT], 20);
	assert_int_equal(meter_value(dropped), 7);
	buf_release(&record);
	counting_free(c);
}

static void a_number_of_calls_that_nobody_can_have_made_is_none(void **state)
{
	struct counting *c = counting_new(1 << 20);
	struct call call = asked("shop");

	(void)state;
	tell_tokens(c, &call, TOKENS_INPUT, false, 0, 60, UINT64_C(1) << 62, 300);
	assert_int_equal(take_all(c).calls, 0);
	counting_free(c);
}

static void cached_tokens_beside_the_input_are_part_of_it_afterwards(void **state)
{
	struct counting *c = counting_new(1 << 20);
	struct call call = asked("claude-code");
	struct tally_point p = {
		.time_unix_ns = S, .amount = TALLY_TOKENS, .input_excludes_cache = true, .call = &call,
	};

	(void)state;
	for (int i = 0; i < 2; i++) {
		p.series = 300 + 2 * (uint64_t)i;
		p.class = i == 0 ? TOKENS_INPUT : TOKENS_CACHE_READ;
		p.sum = i == 0 ? 10 : 185891;
		counting_tally(c, &p, 1);
	}
	struct tally_sum sum = take_all(c);
	assert_int_equal(sum.calls, 1); /* a counter tells no number of calls */
	assert_int_equal(sum.tokens[TOKENS_INPUT], 185901);
	counting_free(c);
}

static void tell_span(struct counting *c, const struct call *call, uint8_t id)
{
	struct arena a;
	struct call copy = *call;
	uint8_t trace_id[16] = { 1 }, span_id[8] = { id };

	arena_init(&a, 1 << 20);
	struct counting_batch b = { .arena = &a };
	assert_false(FAILED(counting_note(&b, trace_id, span_id, NULL, 0)));
	counting_decide(c, &b, &copy);
	arena_release(&a);
}

static void metrics_of_a_service_whose_spans_tell_its_calls_are_the_same_again(void **state)
{
	(void)state;
	for (int span_is_first = 0; span_is_first < 2; span_is_first++) {
		struct counting *c = counting_new(1 << 20);
		struct call call = asked("shop"), other = asked("billing");
		if (span_is_first)
			tell_span(c, &call, 1);
		tell_tokens(c, &call, TOKENS_INPUT, false, 0, 60, 1, 100);
		if (!span_is_first)
			tell_span(c, &call, 1);
		assert_int_equal(take_all(c).calls, 0);
		tell_tokens(c, &other, TOKENS_INPUT, false, 60, 120, 1, 100);
		assert_int_equal(take_all(c).calls, 1);
		counting_free(c);
	}
}

/* An SDK whose meter was given no resource: "unknown_service:node" beside spans of the service's name. */
static void metrics_without_a_service_name_are_known_by_their_scope(void **state)
{
	struct counting *c = counting_new(1 << 20);
	struct call call = asked("shop"), nameless = asked("unknown_service:node");

	(void)state;
	tell_span(c, &call, 1);
	tell_tokens(c, &nameless, TOKENS_INPUT, false, 0, 60, 1, 100);
	assert_int_equal(take_all(c).calls, 0);
	counting_free(c);
}

static void copy_pair(void *to, struct slice key, struct slice value)
{
	if (value.ptr != NULL)
		assert_false(FAILED(counting_load(to, key, value)));
}

static void a_restart_goes_on_where_the_series_was(void **state)
{
	struct counting *before = counting_new(1 << 20), *after = counting_new(1 << 20);
	struct call call = asked("shop");

	(void)state;
	tell_tokens(before, &call, TOKENS_INPUT, true, 10, 60, 3, 300);
	assert_int_equal(take_all(before).calls, 3);
	tell_tokens(before, &call, TOKENS_INPUT, true, 10, 120, 4, 350); /* waits */
	counting_save(before, false, copy_pair, after);
	tell_tokens(after, &call, TOKENS_INPUT, true, 10, 180, 5, 360);
	struct tally_sum sum = take_all(after);
	assert_int_equal(sum.calls, 2);
	assert_int_equal(sum.tokens[TOKENS_INPUT], 60);
	counting_free(before);
	counting_free(after);
}

static void more_series_than_there_is_room_for_take_the_oldest_ones_place(void **state)
{
	struct counting *c = counting_new(1 << 20);
	struct call call = asked("shop");

	(void)state;
	for (uint64_t i = 0; i < 4 * TALLY_SERIES; i++) {
		struct tally_point p = { .series = i * 2 + 1, .time_unix_ns = i + 1, .counts_calls = true, .count = 1,
					 .sum = 1, .call = &call };
		counting_tally(c, &p, 1);
	}
	assert_int_equal(take_all(c).calls, 4 * TALLY_SERIES);
	counting_free(c);
}

/* Each series is told at every minute, as exporters do; what all of them came to. */
static uint64_t tell_minutes(struct counting *c, uint64_t series, uint64_t from, uint64_t to)
{
	struct call call = asked("shop");
	uint64_t tokens = 0;

	for (uint64_t minute = from; minute <= to; minute++) {
		for (uint64_t i = 0; i < series; i++) {
			struct tally_point p = {
				.series = hash_mix(i, 7), .start_unix_ns = S, .time_unix_ns = minute * 60 * S, .is_cumulative = true,
				.counts_calls = true, .amount = TALLY_TOKENS, .class = TOKENS_INPUT, .count = minute,
				.sum = (double)minute * 100, .call = &call,
			};
			counting_tally(c, &p, 1);
		}
		tokens += take_all(c).tokens[TOKENS_INPUT];
	}
	return tokens;
}

static void series_count_by_their_growth_as_long_as_there_is_room(void **state)
{
	struct counting *c = counting_new(1 << 20);

	(void)state;
	assert_int_equal(tell_minutes(c, TALLY_SERIES * 3 / 4, 1, 5), TALLY_SERIES * 3 / 4 * 500);
	counting_free(c);
}

static int64_t dropped_points(void)
{
	return meter_value(meter_get(METER_DROPPED, "exporter=\"*\",kind=\"metric_points\",reason=\"no_memory\""));
}

static void a_series_that_gave_way_is_not_counted_from_its_start_again(void **state)
{
	struct counting *c = counting_new(1 << 20), *after = counting_new(1 << 20);
	int64_t before = dropped_points();

	(void)state;
	uint64_t tokens = tell_minutes(c, TALLY_SERIES * 2, 1, 5);
	assert_true(tokens <= TALLY_SERIES * 2 * 500 && tokens >= TALLY_SERIES * 100);
	assert_true(dropped_points() > before);
	counting_save(c, true, copy_pair, after);
	assert_int_equal(take_all(after).calls, 0);
	tokens = tell_minutes(after, TALLY_SERIES * 2, 6, 6);
	assert_true(tokens <= TALLY_SERIES * 2 * 100);
	counting_free(c);
	counting_free(after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_delta_counts_as_it_is_and_once),
		cmocka_unit_test(a_cumulative_series_counts_by_its_growth_and_anew_after_a_reset),
		cmocka_unit_test(series_of_one_group_are_the_same_calls),
		cmocka_unit_test(more_calls_than_can_be_made_are_counted_as_dropped),
		cmocka_unit_test(a_number_of_calls_that_nobody_can_have_made_is_none),
		cmocka_unit_test(cached_tokens_beside_the_input_are_part_of_it_afterwards),
		cmocka_unit_test(metrics_of_a_service_whose_spans_tell_its_calls_are_the_same_again),
		cmocka_unit_test(metrics_without_a_service_name_are_known_by_their_scope),
		cmocka_unit_test(a_restart_goes_on_where_the_series_was),
		cmocka_unit_test(series_count_by_their_growth_as_long_as_there_is_room),
		cmocka_unit_test(a_series_that_gave_way_is_not_counted_from_its_start_again),
		cmocka_unit_test(more_series_than_there_is_room_for_take_the_oldest_ones_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
