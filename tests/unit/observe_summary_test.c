/* SPDX-License-Identifier: Apache-2.0
 * The summary adds label sets up by feature, prompt and model, dearest first, and leaves unknown what is unknown.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>
#include <jansson.h>

#include "agent/base/clock.h"
#include "agent/observe/observe.h"

#define SECOND UINT64_C(1000000000)

static struct observer *new_observer(int64_t max_series)
{
	struct config config = { 0 };

	config.limits.max_series = max_series;
	config.limits.max_label_bytes = 128;
	return observer_new(&config, 2);
}

static void observe(struct observer *o, unsigned lane, const char *feature, const char *model, int64_t pusd)
{
	struct call c = { .counted = true, .role = ROLE_LLM, .provider = SLICE("openai") };
	struct observe_shard *s = observer_shard(o, lane);

	c.feature = slice_of(feature);
	c.response_model = slice_of(model);
	c.context = lane == 0 ? CONTEXT_1K : CONTEXT_16K;
	c.latency_ns = SECOND / 10;
	if (pusd >= 0)
		c.cost = (struct cost){ .known = true, .total_pusd = pusd };
	observe_begin(s);
	observe_call(s, &c);
	observe_end(s);
}

static json_t *summary_of(struct observer *o)
{
	struct observe_about about = { .otlp_http_endpoint = "http://localhost:4318" };
	struct buf out = BUF_INIT;
	json_error_t error;

	observer_summary(o, &about, &out);
	json_t *root = json_loadb(out.ptr, out.len, 0, &error);
	if (root == NULL)
		fail_msg("%s in %s", error.text, buf_string(&out));
	buf_release(&out);
	return root;
}

static json_t *at(json_t *root, const char *group, size_t row)
{
	return json_array_get(json_object_get(json_object_get(root, "by"), group), row);
}

static const char *text_of(json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static json_int_t number_of(json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static void rows_add_up_label_sets_of_all_shards(void **state)
{
	struct observer *o = new_observer(100);

	(void)state;
	observe(o, 0, "cheap", "gpt-4o", 1000000);
	observe(o, 0, "dear", "gpt-4o", 2000000000000);
	observe(o, 1, "dear", "gpt-4o-mini", 500000000000);
	json_t *root = summary_of(o);
	assert_string_equal(text_of(at(root, "feature", 0), "name"), "dear");
	assert_string_equal(text_of(at(root, "feature", 0), "cost_usd"), "2.5");
	assert_string_equal(text_of(at(root, "feature", 0), "cost_per_request_usd"), "1.25");
	assert_string_equal(text_of(at(root, "feature", 0), "cost_per_success_usd"), "1.25");
	assert_int_equal(number_of(at(root, "feature", 0), "requests"), 2);
	assert_string_equal(text_of(at(root, "model", 0), "name"), "gpt-4o");
	assert_string_equal(text_of(at(root, "model", 0), "provider"), "openai");
	assert_string_equal(text_of(at(root, "model", 0), "cost_usd"), "2.000001");
	assert_string_equal(text_of(at(root, "prompt", 0), "name"), "unversioned");
	assert_int_equal(number_of(json_object_get(root, "totals"), "requests"), 3);
	/* one shard's 1k and the other's 16k are one distribution here: 0.08 to 0.16 s */
	double p50 = json_real_value(json_object_get(at(root, "feature", 0), "latency_p50_s"));
	assert_true(p50 > 0.119 && p50 < 0.121);
	assert_string_equal(text_of(json_object_get(root, "endpoints"), "otlp_http"), "http://localhost:4318");
	assert_true(json_is_null(json_object_get(json_object_get(root, "endpoints"), "otlp_grpc")));
	json_decref(root);
	observer_free(o);
}

static void what_is_unknown_is_null(void **state)
{
	struct observer *o = new_observer(100);

	(void)state;
	json_t *root = summary_of(o);
	assert_int_equal(number_of(json_object_get(root, "totals"), "requests"), 0);
	assert_true(json_is_null(json_object_get(json_object_get(root, "totals"), "cost_usd")));
	json_decref(root);
	observe(o, 0, "", "llama", -1);
	root = summary_of(o);
	json_t *row = at(root, "feature", 0);
	assert_string_equal(text_of(row, "name"), "unknown");
	assert_int_equal(number_of(row, "unpriced"), 1);
	assert_true(json_is_null(json_object_get(row, "cost_usd")));
	assert_true(json_is_null(json_object_get(row, "cost_per_request_usd")));
	assert_true(json_is_null(json_object_get(row, "cost_per_success_usd")));
	assert_true(json_is_null(json_object_get(row, "cache_savings_usd")));
	assert_true(json_is_null(json_object_get(row, "input_tokens")));
	assert_true(json_is_null(json_object_get(row, "ttft_p50_s")));
	json_decref(root);
	observe(o, 0, "", "gpt-4o", 2000000000000);
	root = summary_of(o);
	row = at(root, "feature", 0);
	assert_int_equal(number_of(row, "unpriced"), 1);
	assert_string_equal(text_of(row, "cost_per_request_usd"), "2");
	assert_string_equal(text_of(row, "cost_per_success_usd"), "2"); /* of those that have a cost */
	json_decref(root);
	observer_free(o);
}

static void a_failed_call_does_not_make_a_row_free(void **state)
{
	struct observer *o = new_observer(100);
	struct call failed = { .counted = true, .role = ROLE_LLM, .provider = SLICE("openai"),
			       .outcome = OUTCOME_ERROR };
	struct observe_shard *s = observer_shard(o, 0);

	(void)state;
	observe(o, 0, "", "llama", -1);
	observe_begin(s);
	observe_call(s, &failed);
	observe_end(s);
	json_t *root = summary_of(o), *row = at(root, "feature", 0);
	assert_int_equal(number_of(row, "requests"), 2);
	assert_true(json_is_null(json_object_get(row, "cost_usd")));
	assert_true(json_is_null(json_object_get(row, "cost_per_request_usd")));
	json_decref(root);
	observer_free(o);
}

static void cache_savings_are_net(void **state)
{
	struct observer *o = new_observer(100);
	struct call c = { .counted = true, .role = ROLE_LLM, .provider = SLICE("openai") };
	struct observe_shard *s = observer_shard(o, 0);

	(void)state;
	tokens_set(&c.tokens, TOKENS_CACHE_READ, 8);
	observe_begin(s);
	c.cache_savings = (struct money){ true, 9 };
	observe_call(s, &c);
	c.cache_savings = (struct money){ true, -2 };
	observe_call(s, &c);
	observe_end(s);
	json_t *root = summary_of(o);
	assert_string_equal(text_of(json_object_get(root, "totals"), "cache_savings_usd"), "0.000000000007");
	json_decref(root);
	observer_free(o);
}

static void rows_beyond_the_limit_are_told_and_the_dearest_kept(void **state)
{
	struct observer *o = new_observer(1000);
	char feature[16];

	(void)state;
	for (int i = 0; i < OBSERVE_ROWS_MAX + 50; i++) {
		snprintf(feature, sizeof(feature), "f%d", i);
		observe(o, 0, feature, "gpt-4o", i);
	}
	json_t *root = summary_of(o);
	assert_int_equal(json_array_size(json_object_get(json_object_get(root, "by"), "feature")), OBSERVE_ROWS_MAX);
	assert_int_equal(number_of(json_object_get(root, "hidden"), "feature"), 50);
	assert_string_equal(text_of(at(root, "feature", 0), "name"), "f249");
	json_decref(root);
	observer_free(o);
}

static void calls_beyond_the_cap_are_a_row_of_their_own(void **state)
{
	struct observer *o = new_observer(1);

	(void)state;
	observe(o, 0, "first", "gpt-4o", 5);
	observe(o, 0, "other", "gpt-4o", 7);
	json_t *root = summary_of(o);
	assert_true(json_is_true(json_object_get(at(root, "feature", 0), "overflow")));
	assert_null(json_object_get(at(root, "feature", 1), "overflow"));
	json_decref(root);
	observer_free(o);
}

static void ticks_give_the_last_minute_and_a_history(void **state)
{
	struct observer *o = new_observer(100);

	(void)state;
	for (uint64_t second = 0; second < 400; second++) { /* one call a second, then ten */
		for (int i = 0; i < (second < 380 ? 1 : 10); i++)
			observe(o, second % 2, "search", "gpt-4o", 1000);
		observer_tick(o, second * SECOND);
	}
	json_t *root = summary_of(o), *minute = json_object_get(root, "last_minute"), *history;
	assert_int_equal(number_of(minute, "requests"), 40 + 20 * 10);
	assert_true(json_real_value(json_object_get(minute, "seconds")) == 60.0 || number_of(minute, "seconds") == 60);
	assert_string_equal(text_of(minute, "cost_usd"), "0.00000024");
	history = json_object_get(root, "history");
	assert_int_equal(json_array_size(json_object_get(history, "requests")), 60);
	assert_int_equal(json_integer_value(json_array_get(json_object_get(history, "requests"), 0)), 5);
	assert_int_equal(json_integer_value(json_array_get(json_object_get(history, "requests"), 59)), 50);
	assert_string_equal(json_string_value(json_array_get(json_object_get(history, "cost_usd"), 59)), "0.00000005");
	json_decref(root);
	observer_free(o);
}

static void calls_before_the_first_tick_are_in_the_last_minute(void **state)
{
	struct observer *o = new_observer(100);

	(void)state;
	observe(o, 0, "search", "gpt-4o", 1000);
	observer_tick(o, clock_mono_ns() + SECOND);
	json_t *root = summary_of(o), *minute = json_object_get(root, "last_minute");
	assert_int_equal(number_of(minute, "requests"), 1);
	assert_true(json_number_value(json_object_get(minute, "seconds")) >= 1);
	json_t *requests = json_object_get(json_object_get(root, "history"), "requests");
	assert_int_equal(json_integer_value(json_array_get(requests, 59)), 1);
	json_decref(root);
	observer_free(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_add_up_label_sets_of_all_shards),
		cmocka_unit_test(what_is_unknown_is_null),
		cmocka_unit_test(a_failed_call_does_not_make_a_row_free),
		cmocka_unit_test(cache_savings_are_net),
		cmocka_unit_test(rows_beyond_the_limit_are_told_and_the_dearest_kept),
		cmocka_unit_test(calls_beyond_the_cap_are_a_row_of_their_own),
		cmocka_unit_test(ticks_give_the_last_minute_and_a_history),
		cmocka_unit_test(calls_before_the_first_tick_are_in_the_last_minute),
	};
	return cmocka_run_group_tests_name("observe/summary", tests, NULL, NULL);
}
