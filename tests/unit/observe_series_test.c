/* SPDX-License-Identifier: Apache-2.0
 * Calls are counted under clean and capped label sets, to the last pico-dollar, whatever shard they come through.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "agent/base/json.h"
#include "agent/base/meter.h"
#include "agent/observe/observe.h"

static struct config config_with(int64_t max_series, uint64_t max_label_bytes)
{
	struct config c = { 0 };

	c.limits.max_series = max_series;
	c.limits.max_label_bytes = max_label_bytes;
	return c;
}

static struct call sample_call(void)
{
	struct call c = {
		.role = ROLE_LLM,
		.counted = true,
		.provider = SLICE("openai"),
		.response_model = SLICE("gpt-4o"),
		.feature = SLICE("search"),
		.prompt_name = SLICE("answer"),
		.prompt_version = SLICE("1.2.0"),
		.end_unix_ns = UINT64_C(1790000000000000000),
		.latency_ns = 1500000000,
		.ttft_ns = 200000000,
		.output_tokens_per_second = 42.5,
		.context = CONTEXT_1K,
		.cost = { .known = true, .total_pusd = 1234567 },
	};

	tokens_set(&c.tokens, TOKENS_INPUT, 1000);
	tokens_set(&c.tokens, TOKENS_OUTPUT, 50);
	return c;
}

static void observe_one(struct observer *o, unsigned lane, const struct call *c)
{
	struct observe_shard *s = observer_shard(o, lane);

	observe_begin(s);
	observe_call(s, c);
	observe_end(s);
}

static void scrape(struct observer *o, enum exposition_format format, struct buf *out)
{
	struct scrape *s = scrape_new(o, format);

	assert_non_null(s);
	while (scrape_next(s, out))
		;
	scrape_free(s);
}

static void assert_scraped(struct observer *o, const char *line)
{
	struct buf out = BUF_INIT, wanted = BUF_INIT;

	scrape(o, EXPOSITION_TEXT, &out);
	buf_printf(&wanted, "\n%s\n", line);
	if (slice_find(buf_view(&out), buf_view(&wanted)) < 0)
		fail_msg("no line %s in\n%s", line, buf_string(&out));
	buf_release(&out);
	buf_release(&wanted);
}

static size_t lines_of(struct observer *o, const char *start)
{
	struct buf out = BUF_INIT;
	size_t count = 0;

	scrape(o, EXPOSITION_TEXT, &out);
	for (const char *at = buf_string(&out); at != NULL; at = strchr(at, '\n'), at += at != NULL)
		count += strncmp(at, start, strlen(start)) == 0;
	buf_release(&out);
	return count;
}

#define LABELS "provider=\"openai\",model=\"gpt-4o\",feature=\"search\",prompt=\"answer@1.2.0\""

static void a_call_is_counted_in_every_family(void **state)
{
	struct config config = config_with(100, 128);
	struct observer *o = observer_new(&config, 1);
	struct call c = sample_call();

	(void)state;
	c.computed_cost = (struct money){ true, c.cost.total_pusd };
	c.reported_cost = (struct money){ true, 2000000 };
	observe_one(o, 0, &c);
	assert_scraped(o, "plimsoll_requests_total{" LABELS ",outcome=\"ok\"} 1");
	assert_scraped(o, "plimsoll_tokens_total{" LABELS ",type=\"input\"} 1000");
	assert_scraped(o, "plimsoll_cost_usd_total{" LABELS "} 0.000001234567");
	assert_scraped(o, "plimsoll_reported_cost_usd_total{" LABELS "} 0.000002");
	assert_scraped(o, "plimsoll_reported_cost_difference_usd{" LABELS "} 0.000000765433");
	assert_scraped(o, "plimsoll_cost_per_success_usd{" LABELS "} 0.000001234567");
	assert_scraped(o, "gen_ai_client_operation_duration_seconds_bucket{" LABELS ",context=\"1k\",le=\"1.28\"} 0");
	assert_scraped(o, "gen_ai_client_operation_duration_seconds_bucket{" LABELS ",context=\"1k\",le=\"2.56\"} 1");
	assert_scraped(o, "gen_ai_client_operation_duration_seconds_sum{" LABELS ",context=\"1k\"} 1.5");
	assert_scraped(o, "gen_ai_client_operation_time_to_first_chunk_seconds_count{" LABELS ",context=\"1k\"} 1");
	assert_scraped(o, "gen_ai_client_token_usage_bucket{" LABELS ",gen_ai_token_type=\"output\",le=\"64.0\"} 1");
	assert_scraped(o, "plimsoll_output_tokens_bucket{" LABELS ",le=\"32.0\"} 0");
	assert_scraped(o, "plimsoll_output_tokens_per_second_sum{" LABELS "} 42.5");
	assert_scraped(o, "plimsoll_request_cost_usd_bucket{" LABELS ",le=\"1e-05\"} 1");
	observer_free(o);
}

static void what_a_call_does_not_say_is_unknown_and_not_zero(void **state)
{
	struct config config = config_with(100, 128);
	struct observer *o = observer_new(&config, 1);
	struct call c = { .role = ROLE_LLM, .counted = true, .context = CONTEXT_UNKNOWN, .latency_ns = 5 };

	(void)state;
	observe_one(o, 0, &c);
	assert_scraped(o, "plimsoll_requests_total{provider=\"unknown\",model=\"unknown\",feature=\"unknown\","
			  "prompt=\"unversioned\",outcome=\"ok\"} 1");
	assert_scraped(o, "plimsoll_unpriced_requests_total{provider=\"unknown\",model=\"unknown\"} 1");
	assert_int_equal(lines_of(o, "plimsoll_cost_usd_total"), 0);
	assert_int_equal(lines_of(o, "plimsoll_tokens_total"), 0);
	assert_int_equal(lines_of(o, "gen_ai_client_operation_time_to_first_chunk"), 0);
	c.prompt_name = SLICE("greet");
	observe_one(o, 0, &c);
	assert_int_equal(lines_of(o, "plimsoll_requests_total"), 2);
	assert_scraped(o, "plimsoll_requests_total{provider=\"unknown\",model=\"unknown\",feature=\"unknown\","
			  "prompt=\"greet@unversioned\",outcome=\"ok\"} 1");
	observer_free(o);
}

static void a_failed_call_does_not_make_calls_without_a_price_free(void **state)
{
	struct config config = config_with(100, 128);
	struct observer *o = observer_new(&config, 1);
	struct call c = sample_call();

	(void)state;
	c.cost.known = false;
	c.outcome = OUTCOME_ERROR;
	observe_one(o, 0, &c);
	assert_scraped(o, "plimsoll_cost_usd_total{" LABELS "} 0"); /* nobody pays for it */
	c.outcome = OUTCOME_OK;
	observe_one(o, 0, &c);
	assert_int_equal(lines_of(o, "plimsoll_cost_usd_total"), 0);
	c.cost = (struct cost){ .known = true, .total_pusd = 0 };
	observe_one(o, 0, &c);
	assert_scraped(o, "plimsoll_cost_usd_total{" LABELS "} 0");
	observer_free(o);
}

static void label_sets_beyond_the_cap_share_one_series(void **state)
{
	struct config config = config_with(3, 128);
	struct observer *o = observer_new(&config, 2);
	struct meter *overflow = meter_get(METER_SERIES_OVERFLOW, "");
	int64_t before = meter_value(overflow);
	char feature[16];

	(void)state;
	for (int i = 0; i < 10; i++) {
		struct call c = sample_call();
		c.feature = (struct slice){ feature, (size_t)snprintf(feature, sizeof(feature), "feature-%d", i) };
		observe_one(o, 0, &c);
		observe_one(o, 1, &c); /* the other shard keeps to the same three */
	}
	assert_int_equal(lines_of(o, "plimsoll_requests_total"), 4);
	assert_scraped(o, "plimsoll_requests_total{otel_metric_overflow=\"true\",outcome=\"ok\"} 14");
	assert_scraped(o, "gen_ai_client_operation_duration_seconds_count{otel_metric_overflow=\"true\"} 14");
	assert_int_equal(meter_value(overflow) - before, 14);
	assert_int_equal(meter_value(meter_get(METER_SERIES, "")), 3);
	observer_free(o);
}

static void hostile_labels_are_repaired_cut_and_escaped(void **state)
{
	struct config config = config_with(100, 16);
	struct observer *o = observer_new(&config, 1);
	struct call c = sample_call();

	(void)state;
	c.provider = (struct slice){ "a\"b\\\n\xff\0z", 8 };
	c.feature = SLICE("0123456789abcd\xe2\x82\xac tail"); /* the euro sign would be cut in half */
	c.prompt_name = SLICE("a-very-long-prompt-name");
	for (int i = 0; i < 3; i++)
		observe_one(o, 0, &c);
	assert_scraped(o,
		       "plimsoll_requests_total{provider=\"a\\\"b\\\\\\n\xef\xbf\xbd\xef\xbf\xbdz\",model=\"gpt-4o\","
		       "feature=\"0123456789abcd\",prompt=\"a-very-long-prom\",outcome=\"ok\"} 3");
	observer_free(o);
}

static void two_spellings_of_one_label_set_are_one_series(void **state)
{
	struct config config = config_with(100, 128);
	struct observer *o = observer_new(&config, 1);
	struct call c = sample_call();

	(void)state;
	c.prompt_name = SLICE("a@b");
	c.prompt_version = SLICE("c");
	observe_one(o, 0, &c);
	c.prompt_name = SLICE("a");
	c.prompt_version = SLICE("b@c");
	observe_one(o, 0, &c);
	c.provider = SLICE("x\xff");
	observe_one(o, 0, &c);
	c.provider = SLICE("x\xef\xbf\xbd");
	observe_one(o, 0, &c);
	assert_int_equal(lines_of(o, "plimsoll_requests_total"), 2);
	observer_free(o);
}

static void costs_add_up_exactly_across_shards(void **state)
{
	struct config config = config_with(100, 128);
	struct observer *o = observer_new(&config, 3);
	struct call c = sample_call();

	(void)state;
	c.cost.total_pusd = INT64_MAX; /* 9.2 million dollars: three of them do not fit 64 bits */
	for (unsigned lane = 0; lane < 3; lane++)
		observe_one(o, lane, &c);
	c.cost.total_pusd = 1;
	observe_one(o, 0, &c);
	assert_scraped(o, "plimsoll_cost_usd_total{" LABELS "} 27670116.110564327422");
	observer_free(o);
}

static struct call cached_call(int64_t savings_pusd)
{
	struct call c = sample_call();

	c.cache_savings = (struct money){ true, savings_pusd };
	return c;
}

static void cache_savings_and_losses_are_counters_apart(void **state)
{
	struct config config = config_with(100, 128);
	struct observer *o = observer_new(&config, 2);
	struct call saving = cached_call(INT64_MAX - 7), losing = cached_call(-4), unknown = sample_call();

	(void)state;
	observe_one(o, 0, &unknown);
	assert_int_equal(lines_of(o, "plimsoll_cache_"), 0);
	observe_one(o, 0, &saving);
	assert_int_equal(lines_of(o, "plimsoll_cache_losses_usd_total"), 0);
	observe_one(o, 1, &saving);
	observe_one(o, 1, &losing);
	assert_scraped(o, "plimsoll_cache_savings_usd_total{" LABELS "} 18446744.0737095516");
	assert_scraped(o, "plimsoll_cache_losses_usd_total{" LABELS "} 0.000000000004");
	observer_free(o);
}

static void a_difference_is_of_calls_that_have_both_costs(void **state)
{
	struct config config = config_with(100, 128);
	struct observer *o = observer_new(&config, 2);
	struct call c = sample_call();

	(void)state;
	c.reported_cost = (struct money){ true, 10 };
	observe_one(o, 0, &c); /* reported only */
	assert_int_equal(lines_of(o, "plimsoll_reported_cost_difference_usd"), 0);
	c.computed_cost = (struct money){ true, INT64_MAX };
	observe_one(o, 0, &c);
	observe_one(o, 1, &c);
	assert_scraped(o, "plimsoll_reported_cost_difference_usd{" LABELS "} -18446744.073709551594");
	observer_free(o);
}

static void a_success_bears_the_cost_of_failures(void **state)
{
	struct config config = config_with(100, 128);
	struct observer *o = observer_new(&config, 1);
	struct call c = sample_call();

	(void)state;
	c.outcome = OUTCOME_TRUNCATED;
	observe_one(o, 0, &c);
	assert_int_equal(lines_of(o, "plimsoll_cost_per_success_usd"), 0);
	c.outcome = OUTCOME_OK;
	observe_one(o, 0, &c);
	assert_scraped(o, "plimsoll_cost_per_success_usd{" LABELS "} 0.000002469134");
	observer_free(o);
}

static void a_success_without_a_price_does_not_make_the_others_cheaper(void **state)
{
	struct config config = config_with(100, 128);
	struct observer *o = observer_new(&config, 1);
	struct call priced = sample_call(), unpriced = sample_call();

	(void)state;
	unpriced.cost.known = false;
	priced.outcome = OUTCOME_TRUNCATED;
	observe_one(o, 0, &priced);
	observe_one(o, 0, &unpriced);
	assert_int_equal(lines_of(o, "plimsoll_cost_per_success_usd"), 0);
	priced.outcome = OUTCOME_OK;
	observe_one(o, 0, &priced);
	assert_scraped(o, "plimsoll_cost_per_success_usd{" LABELS "} 0.000002469134");
	observer_free(o);
}

/* Thousands of a_call sets in several orders: the table grows and nothing is lost. */
static void many_series_are_kept_apart(void **state)
{
	struct config config = config_with(5000, 128);
	struct observer *o = observer_new(&config, 2);
	char feature[16];

	(void)state;
	for (int i = 0; i < 6000; i++) {
		struct call c = sample_call();
		c.feature = (struct slice){ feature, (size_t)snprintf(feature, sizeof(feature), "f%d", i % 2000) };
		observe_one(o, (unsigned)i % 2, &c);
	}
	assert_int_equal(lines_of(o, "plimsoll_requests_total"), 2000);
	assert_scraped(o, "plimsoll_cost_usd_total{provider=\"openai\",model=\"gpt-4o\",feature=\"f1999\","
			  "prompt=\"answer@1.2.0\"} 0.000003703701");
	observer_free(o);
}

#define WRITER_CALLS 20000

static void *write_calls(void *argument)
{
	struct observe_shard *s = argument;
	char feature[16];

	for (int i = 0; i < WRITER_CALLS; i++) {
		struct call c = sample_call();
		c.feature = (struct slice){ feature, (size_t)snprintf(feature, sizeof(feature), "f%d", i % 300) };
		observe_begin(s);
		observe_call(s, &c);
		observe_end(s);
	}
	return NULL;
}

static void scraping_while_calls_arrive_loses_nothing(void **state)
{
	struct config config = config_with(200, 128);
	struct observer *o = observer_new(&config, 2);
	struct observe_about about = { .otlp_grpc_endpoint = "http://localhost:4317" };
	pthread_t threads[2];
	struct buf out = BUF_INIT;

	(void)state;
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, write_calls, observer_shard(o, i)), 0);
	for (int i = 0; i < 20; i++) {
		buf_reset(&out);
		scrape(o, EXPOSITION_OPENMETRICS, &out);
		assert_true(slice_ends_with(buf_view(&out), SLICE("# EOF\n")));
		observer_tick(o, (uint64_t)i * 1000000000u);
		buf_reset(&out);
		observer_summary(o, &about, &out);
		assert_true(json_is_valid(buf_view(&out)));
	}
	for (unsigned i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	buf_reset(&out);
	observer_summary(o, &about, &out);
	assert_true(slice_find(buf_view(&out), SLICE("\"totals\":{\"requests\":40000,")) > 0);
	buf_release(&out);
	observer_free(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_is_counted_in_every_family),
		cmocka_unit_test(what_a_call_does_not_say_is_unknown_and_not_zero),
		cmocka_unit_test(a_failed_call_does_not_make_calls_without_a_price_free),
		cmocka_unit_test(label_sets_beyond_the_cap_share_one_series),
		cmocka_unit_test(hostile_labels_are_repaired_cut_and_escaped),
		cmocka_unit_test(two_spellings_of_one_label_set_are_one_series),
		cmocka_unit_test(costs_add_up_exactly_across_shards),
		cmocka_unit_test(cache_savings_and_losses_are_counters_apart),
		cmocka_unit_test(a_difference_is_of_calls_that_have_both_costs),
		cmocka_unit_test(a_success_bears_the_cost_of_failures),
		cmocka_unit_test(a_success_without_a_price_does_not_make_the_others_cheaper),
		cmocka_unit_test(many_series_are_kept_apart),
		cmocka_unit_test(scraping_while_calls_arrive_loses_nothing),
	};
	return cmocka_run_group_tests_name("observe/series", tests, NULL, NULL);
}
