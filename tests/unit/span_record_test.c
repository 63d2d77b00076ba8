/* SPDX-License-Identifier: Apache-2.0
 * A request record is read back as it was meant, or refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

#include "agent/span/record.h"

static enum status_code read_member(const char *member, struct call *out)
{
	char line[256];
	struct arena arena;

	arena_init(&arena, 1 << 16);
	snprintf(line, sizeof(line), "{\"time\":\"2026-11-21T10:00:00Z\",%s}", member);
	struct status s = record_read(slice_of(line), &arena, out);
	arena_release(&arena);
	return s.code;
}

static void a_count_of_tokens_is_whole_however_it_is_written(void **state)
{
	static const char *const texts[] = { "1200", "1200.0", "1.2e3", "12e2" };
	struct call c;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		char member[64];
		snprintf(member, sizeof(member), "\"input_tokens\":%s", texts[i]);
		assert_int_equal(read_member(member, &c), STATUS_OK);
		assert_true(tokens_has(&c.tokens, TOKENS_INPUT) && tokens_get(&c.tokens, TOKENS_INPUT) == 1200);
	}
	assert_int_equal(read_member("\"input_tokens\":null", &c), STATUS_OK);
	assert_false(tokens_has(&c.tokens, TOKENS_INPUT));
	assert_int_equal(read_member("\"output_tokens\":18446744073709551615", &c), STATUS_OK);
	assert_true(tokens_get(&c.tokens, TOKENS_OUTPUT) == UINT64_MAX);
}

static void a_member_that_is_no_such_thing_is_refused_not_taken_for_unknown(void **state)
{
	static const char *const members[] = {
		"\"input_tokens\":-5", "\"input_tokens\":1.5", "\"output_tokens\":\"12\"", "\"output_tokens\":18446744073709551616",
		"\"feature\":7", "\"tool_calls\":-1", "\"cost_usd\":-1", "\"latency_ms\":true", "\"outcome\":\"great\"",
	};
	struct call c;

	(void)state;
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (read_member(members[i], &c) != STATUS_MALFORMED)
			fail_msg("%s was taken", members[i]);
}

static void the_output_rate_follows_from_tokens_and_times(void **state)
{
	static const struct {
		const char *member;
		double rate;
	} cases[] = {
		{ "\"output_tokens\":101,\"latency_ms\":3000,\"ttft_ms\":1000", 50 },
		{ "\"output_tokens\":100,\"latency_ms\":2000", 50 },
		{ "\"output_tokens\":1,\"latency_ms\":2000,\"ttft_ms\":1000", 0 },
		{ "\"output_tokens\":100,\"latency_ms\":1000,\"ttft_ms\":2000", 0 },
		{ "\"output_tokens\":100", 0 },
		{ "\"output_tokens\":100,\"latency_ms\":2000,\"operation\":\"embeddings\"", 0 },
	};
	struct call c;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(read_member(cases[i].member, &c), STATUS_OK);
		assert_true(c.output_tokens_per_second == cases[i].rate);
	}
}

static void whatever_is_null_is_unknown(void **state)
{
	static const char *const members[] = {
		"trace_id", "prompt_version", "model", "feature", "latency_ms", "input_tokens", "cost_usd", "cache_savings_usd",
		"outcome", "scores", "user_rating", "streaming", "finish_reasons", "error_class", "tool_calls", "http_status",
		"prompt_fingerprint", "blocked", "sensitive_data", "injection_suspected", "from_cache", "price", "dialect",
		"retrieved_docs", "tokens_estimated", "evaluation_traffic", "of_a_later_version",
	};
	struct call c;

	(void)state;
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		char member[64];
		snprintf(member, sizeof(member), "\"%s\":null", members[i]);
		if (read_member(member, &c) != STATUS_OK)
			fail_msg("%s was refused", member);
		assert_false(c.has_user_rating || c.cost.known || c.sensitive_data || c.retrieval != NULL ||
			     c.latency_ns != 0);
	}
}

static void a_record_whose_time_is_null_has_none(void **state)
{
	struct arena arena;
	struct call c;

	(void)state;
	arena_init(&arena, 1 << 16);
	struct status s = record_read(SLICE("{\"time\":null}"), &arena, &c);
	assert_int_equal(s.code, STATUS_MALFORMED);
	assert_string_equal(s.why, "a record has no time");
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_count_of_tokens_is_whole_however_it_is_written),
		cmocka_unit_test(a_member_that_is_no_such_thing_is_refused_not_taken_for_unknown),
		cmocka_unit_test(the_output_rate_follows_from_tokens_and_times),
		cmocka_unit_test(whatever_is_null_is_unknown),
		cmocka_unit_test(a_record_whose_time_is_null_has_none),
	};

	return cmocka_run_group_tests_name("span/record", tests, NULL, NULL);
}
