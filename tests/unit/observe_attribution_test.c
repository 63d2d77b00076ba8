/* SPDX-License-Identifier: Apache-2.0
 * Cost and requests are counted by each dimension alone: exactly, only where the call says a value, and bounded.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "agent/observe/observe.h"

static struct observer *new_observer(int64_t max_series)
{
	struct config config = { 0 };

	config.limits.max_series = max_series;
	config.limits.max_label_bytes = 16;
	return observer_new(&config, 2);
}

static struct call sample_call(const char *workflow)
{
	struct call c = {
		.role = ROLE_LLM,
		.counted = true,
		.workflow = slice_of(workflow),
		.context = CONTEXT_UNKNOWN,
		.cost = { .known = true, .total_pusd = 1000000 },
	};

	return c;
}

static void observe_one(struct observer *o, unsigned lane, const struct call *c)
{
	struct observe_shard *s = observer_shard(o, lane);

	observe_begin(s);
	observe_call(s, c);
	observe_end(s);
}

static void scrape(struct observer *o, struct buf *out)
{
	struct scrape *s = scrape_new(o, EXPOSITION_TEXT);

	assert_non_null(s);
	while (scrape_next(s, out))
		;
	scrape_free(s);
}

static void assert_scraped(struct observer *o, const char *line)
{
	struct buf out = BUF_INIT, wanted = BUF_INIT;

	scrape(o, &out);
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

	scrape(o, &out);
	for (const char *at = buf_string(&out); at != NULL; at = strchr(at, '\n'), at += at != NULL)
		count += strncmp(at, start, strlen(start)) == 0;
	buf_release(&out);
	return count;
}

#define REQUESTS "plimsoll_attributed_requests_total"
#define COST "plimsoll_attributed_cost_usd_total"
#define PER_SUCCESS "plimsoll_attributed_cost_per_success_usd"

static void every_dimension_that_is_told_counts_the_call(void **state)
{
	struct observer *o = new_observer(100);
	struct call c = sample_call("refund");

	(void)state;
	c.feature = SLICE("checkout");
	c.user_segment = SLICE("free");
	c.environment = SLICE("production");
	c.release = SLICE("1.4.0");
	c.service = SLICE("shop");
	c.operation = SLICE("chat");
	observe_one(o, 0, &c);
	assert_int_equal(lines_of(o, COST "{"), 7);
	assert_scraped(o, COST "{dimension=\"feature\",value=\"checkout\"} 0.000001");
	assert_scraped(o, COST "{dimension=\"workflow\",value=\"refund\"} 0.000001");
	assert_scraped(o, COST "{dimension=\"user_segment\",value=\"free\"} 0.000001");
	assert_scraped(o, COST "{dimension=\"environment\",value=\"production\"} 0.000001");
	assert_scraped(o, COST "{dimension=\"release\",value=\"1.4.0\"} 0.000001");
	assert_scraped(o, COST "{dimension=\"service\",value=\"shop\"} 0.000001");
	assert_scraped(o, COST "{dimension=\"operation\",value=\"chat\"} 0.000001");
	assert_scraped(o, REQUESTS "{dimension=\"operation\",value=\"chat\"} 1");
	assert_int_equal(lines_of(o, "# TYPE " COST " counter"), 1);
	observer_free(o);
}

static void what_is_not_told_is_not_counted(void **state)
{
	struct observer *o = new_observer(100);
	struct call c = sample_call("");

	(void)state;
	observe_one(o, 0, &c);
	assert_int_equal(lines_of(o, "plimsoll_attributed"), 0);
	c = sample_call("unpriced");
	c.cost.known = false;
	observe_one(o, 0, &c);
	assert_scraped(o, REQUESTS "{dimension=\"workflow\",value=\"unpriced\"} 1");
	assert_int_equal(lines_of(o, COST), 0);
	assert_int_equal(lines_of(o, PER_SUCCESS), 0);
	c.cost.known = true;
	observe_one(o, 0, &c);
	assert_scraped(o, PER_SUCCESS "{dimension=\"workflow\",value=\"unpriced\"} 0.000001");
	observer_free(o);
}

static void sums_are_exact_across_shards_and_runs(void **state)
{
	struct observer *o = new_observer(100);
	struct call a = sample_call("a"), b = sample_call("b");

	(void)state;
	a.cost.total_pusd = INT64_MAX;
	b.cost.total_pusd = 1;
	for (unsigned i = 0; i < 4; i++) {
		observe_one(o, i % 2, &a);
		observe_one(o, i % 2, &b);
	}
	assert_scraped(o, COST "{dimension=\"workflow\",value=\"a\"} 36893488.147419103228");
	assert_scraped(o, COST "{dimension=\"workflow\",value=\"b\"} 0.000000000004");
	observer_free(o);
}

static void a_success_bears_the_cost_of_failures(void **state)
{
	struct observer *o = new_observer(100);
	struct call c = sample_call("refund");

	(void)state;
	observe_one(o, 0, &c);
	c.outcome = OUTCOME_REFUSAL;
	observe_one(o, 1, &c);
	observe_one(o, 1, &c);
	assert_scraped(o, PER_SUCCESS "{dimension=\"workflow\",value=\"refund\"} 0.000003");
	observer_free(o);
}

static void values_beyond_the_cap_share_one_series_of_their_dimension(void **state)
{
	struct observer *o = new_observer(20);
	char workflow[16];

	(void)state;
	for (unsigned i = 0; i < 60; i++) {
		snprintf(workflow, sizeof(workflow), "w%u", i % 30);
		struct call c = sample_call(workflow);
		c.service = SLICE("shop");
		observe_one(o, i % 2, &c);
	}
	assert_int_equal(lines_of(o, COST "{dimension=\"workflow\""), 21);
	assert_scraped(o, COST "{dimension=\"workflow\",otel_metric_overflow=\"true\"} 0.00002");
	assert_scraped(o, COST "{dimension=\"workflow\",value=\"w3\"} 0.000002");
	assert_scraped(o, COST "{dimension=\"service\",value=\"shop\"} 0.00006"); /* its own cap */
	observer_free(o);
}

static void hostile_values_are_repaired_and_cut(void **state)
{
	struct observer *o = new_observer(100);
	struct call c = sample_call("0123456789abcdefghi"), d = sample_call("x");

	(void)state;
	d.workflow = (struct slice){ "a\"\xff\0", 4 };
	for (int i = 0; i < 2; i++) {
		observe_one(o, 0, &c);
		observe_one(o, 0, &d);
	}
	assert_scraped(o, REQUESTS "{dimension=\"workflow\",value=\"0123456789abcdef\"} 2");
	assert_scraped(o, REQUESTS "{dimension=\"workflow\",value=\"a\\\"\xef\xbf\xbd\xef\xbf\xbd\"} 2");
	observer_free(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_dimension_that_is_told_counts_the_call),
		cmocka_unit_test(what_is_not_told_is_not_counted),
		cmocka_unit_test(sums_are_exact_across_shards_and_runs),
		cmocka_unit_test(a_success_bears_the_cost_of_failures),
		cmocka_unit_test(values_beyond_the_cap_share_one_series_of_their_dimension),
		cmocka_unit_test(hostile_values_are_repaired_and_cut),
	};

	return cmocka_run_group_tests_name("observe/attribution", tests, NULL, NULL);
}
