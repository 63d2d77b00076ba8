/* SPDX-License-Identifier: Apache-2.0
 * Which cost of a call counts, from the configuration to the span and the record; both sides stay visible.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/base/json.h"
#include "agent/daemon/worker.h"
#include "agent/otlp/json_transcode.h"
#include "agent/span/record.h"

#define REPORTED_PUSD INT64_C(5000000000)
#define COMPUTED_PUSD INT64_C(2700000000) /* gpt-4o: 1000 at 2.50 and 20 at 10 USD a million */

/* override_file: NULL for the built-in prices alone. */
static struct settings *settings_with(enum cost_source source, const char *override_file)
{
	struct config config = { .prices = { .cost_source = source, .override_file = override_file } };
	struct price_book *prices;
	struct settings *settings;
	struct buf why = BUF_INIT;

	if (FAILED(price_book_new(&config, &prices, &why)) || FAILED(settings_new(&config, prices, &settings)))
		fail_msg("settings: %s", buf_string(&why));
	return settings;
}

static void start(struct worker *w, enum cost_source source)
{
	assert_false(FAILED(worker_init(w, "test", NULL, NULL, NULL)));
	assert_false(FAILED(worker_adopt(w, settings_with(source, NULL))));
}

static struct call sample_call(bool reports)
{
	struct call c = {
		.role = ROLE_LLM,
		.counted = true,
		.provider = SLICE("openai"),
		.response_model = SLICE("gpt-4o-2024-08-06"),
		.end_unix_ns = UINT64_C(1795000000000000000),
		.context = CONTEXT_1K,
	};

	tokens_set(&c.tokens, TOKENS_INPUT, 1000);
	tokens_set(&c.tokens, TOKENS_OUTPUT, 20);
	if (reports)
		c.reported_cost = (struct money){ true, REPORTED_PUSD };
	return c;
}

static void expect_cost(const struct call *c, int64_t total_pusd, bool total_only)
{
	assert_true(c->cost.known);
	assert_int_equal(c->cost.total_pusd, total_pusd);
	assert_int_equal(c->cost.total_only, total_only);
	assert_true(c->computed_cost.known);
	assert_int_equal(c->computed_cost.pusd, COMPUTED_PUSD);
}

static void the_computed_cost_counts_unless_the_other_is_chosen(void **state)
{
	struct worker w;
	struct call c = sample_call(true);

	(void)state;
	start(&w, COST_COMPUTED);
	worker_complete(&w, &c);
	expect_cost(&c, COMPUTED_PUSD, false);
	assert_int_equal(c.reported_cost.pusd, REPORTED_PUSD);
	worker_release(&w);
}

static void a_reported_cost_counts_where_it_is_chosen_and_told(void **state)
{
	struct worker w;
	struct call told = sample_call(true), silent = sample_call(false);

	(void)state;
	start(&w, COST_REPORTED);
	worker_complete(&w, &told);
	expect_cost(&told, REPORTED_PUSD, true);
	assert_true(slice_equal(told.cost.price, SLICE("reported")));
	worker_complete(&w, &silent);
	expect_cost(&silent, COMPUTED_PUSD, false);
	worker_release(&w);
}

static void a_reported_cost_counts_for_a_model_without_a_price(void **state)
{
	struct worker w;
	struct call c = sample_call(true);

	(void)state;
	start(&w, COST_REPORTED);
	c.response_model = SLICE("nobodys-model-1");
	worker_complete(&w, &c);
	assert_true(c.cost.known);
	assert_int_equal(c.cost.total_pusd, REPORTED_PUSD);
	assert_false(c.computed_cost.known);
	worker_release(&w);
}

static void new_settings_choose_anew(void **state)
{
	struct worker w;
	struct call before = sample_call(true), after = sample_call(true);

	(void)state;
	start(&w, COST_COMPUTED);
	worker_complete(&w, &before);
	assert_false(FAILED(worker_adopt(&w, settings_with(COST_REPORTED, NULL))));
	worker_complete(&w, &after);
	expect_cost(&before, COMPUTED_PUSD, false);
	expect_cost(&after, REPORTED_PUSD, true);
	worker_release(&w);
}

static void a_cost_that_a_record_brings_stays_and_the_pin_is_told(void **state)
{
	struct worker w;
	struct call c = sample_call(true);

	(void)state;
	start(&w, COST_REPORTED);
	c.cost = (struct cost){ .known = true, .total_only = true, .total_pusd = 7 };
	worker_complete(&w, &c);
	assert_int_equal(c.cost.total_pusd, 7);
	assert_int_equal(c.model_pinned, TRI_YES);
	worker_release(&w);
}

static bool record_has(const struct call *c, const char *member)
{
	struct buf out = BUF_INIT;

	record_write(&out, c, "");
	bool has = slice_find(buf_view(&out), slice_of(member)) >= 0;
	buf_release(&out);
	return has;
}

static void a_record_shows_both_sides(void **state)
{
	struct worker w;
	struct call c = sample_call(true), read;
	struct buf line = BUF_INIT;
	struct arena arena;

	(void)state;
	start(&w, COST_REPORTED);
	worker_complete(&w, &c);
	assert_true(record_has(&c, "\"cost_usd\":0.005,"));
	assert_true(record_has(&c, "\"computed_cost_usd\":0.0027,"));
	assert_true(record_has(&c, "\"reported_cost_usd\":0.005,"));
	assert_true(record_has(&c, "\"price\":\"reported\""));
	record_write(&line, &c, "");
	arena_init(&arena, 1 << 16);
	assert_false(FAILED(record_read(buf_view(&line), &arena, &read)));
	expect_cost(&read, REPORTED_PUSD, true);
	arena_release(&arena);
	buf_release(&line);
	worker_release(&w);
}

static void a_record_tells_what_the_cache_saved_or_null(void **state)
{
	struct worker w;
	struct call cached = sample_call(false), plain = sample_call(false);

	(void)state;
	start(&w, COST_COMPUTED);
	tokens_set(&cached.tokens, TOKENS_CACHE_READ, 800);
	worker_complete(&w, &cached);
	worker_complete(&w, &plain);
	assert_true(record_has(&cached, "\"cache_savings_usd\":0.001,")); /* 800 at 2.50 less 1.25 USD a million */
	assert_true(record_has(&plain, "\"cache_savings_usd\":null"));
	worker_release(&w);
}

static void nothing_is_known_to_be_saved_where_plain_input_has_no_price(void **state)
{
	char path[] = "/tmp/plimsoll-prices-XXXXXX";
	int fd = mkstemp(path);
	struct call c = sample_call(false);
	struct worker w;

	(void)state;
	assert_true(fd >= 0);
	dprintf(fd, "{\"overrides\":[{\"provider\":\"openai\",\"match\":{\"starts_with\":\"gpt-4o\"},"
		    "\"prices\":{\"cache_read_mtok\":1.25}}]}");
	close(fd);
	assert_false(FAILED(worker_init(&w, "test", NULL, NULL, NULL)));
	assert_false(FAILED(worker_adopt(&w, settings_with(COST_COMPUTED, path))));
	unlink(path);
	tokens_set(&c.tokens, TOKENS_CACHE_READ, 800);
	worker_complete(&w, &c);
	assert_int_equal(c.cost.cache_read_pusd, INT64_C(1000000000));
	assert_false(c.cache_savings.known);
	worker_release(&w);
}

/* A call that waits for those inside it is counted from its record. */
static void what_the_cache_saved_comes_back_from_a_record(void **state)
{
	static const struct money amounts[] = { { true, INT64_C(1000000000) }, { true, -3 }, { true, 0 },
						{ false, 0 } };

	(void)state;
	for (size_t i = 0; i < sizeof(amounts) / sizeof(amounts[0]); i++) {
		struct call c = sample_call(false), read;
		struct buf line = BUF_INIT;
		struct arena arena;

		c.cache_savings = amounts[i];
		record_write(&line, &c, "");
		arena_init(&arena, 1 << 16);
		assert_false(FAILED(record_read(buf_view(&line), &arena, &read)));
		assert_int_equal(read.cache_savings.known, amounts[i].known);
		assert_int_equal(read.cache_savings.pusd, amounts[i].pusd);
		arena_release(&arena);
		buf_release(&line);
	}
}

static void a_cost_below_nothing_or_beyond_all_is_no_record(void **state)
{
	static const char *const lines[] = { "{\"cost_usd\":-1}", "{\"computed_cost_usd\":-0.1}",
					     "{\"reported_cost_usd\":-2}", "{\"cost_usd\":9000000000000000000}",
					     "{\"cache_savings_usd\":-9000000000000000000}" };
	struct arena arena;
	struct call read;

	(void)state;
	arena_init(&arena, 1 << 16);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_int_equal(record_read(slice_of(lines[i]), &arena, &read).code, STATUS_MALFORMED);
	arena_release(&arena);
}

static void expect_searches(struct worker *w, struct slice request, size_t searches)
{
	assert_false(FAILED(worker_read(w, SIGNAL_TRACES, request, false)));
	assert_int_equal(w->retrieval_count, searches);
}

static void a_search_is_told_once_however_often_it_is_sent(void **state)
{
	static const char span[] = "{\"traceId\":\"0af7651916cd43dd8448eb211c80319c\",\"spanId\":\"b7ad6b7169203331\","
				   "\"attributes\":[{\"key\":\"gen_ai.operation.name\",\"value\":{\"stringValue\":\"retrieval\"}}]}";
	struct buf json = BUF_INIT, wire = BUF_INIT;
	struct counting *counting = counting_new(1 << 20);
	struct worker w;

	(void)state;
	buf_printf(&json, "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[%s,%s]}]}]}", span, span);
	assert_false(FAILED(json_to_wire(buf_view(&json), SIGNAL_TRACES, SIZE_MAX, &wire, NULL)));
	assert_false(FAILED(worker_init(&w, "test", NULL, counting, NULL)));
	assert_false(FAILED(worker_adopt(&w, settings_with(COST_COMPUTED, NULL))));
	expect_searches(&w, buf_view(&wire), 1);
	expect_searches(&w, buf_view(&wire), 0);
	worker_release(&w);
	counting_free(counting);
	buf_release(&json);
	buf_release(&wire);
}

/* So many calls of about 100 bytes each. */
static void write_small_calls(size_t count, struct buf *wire)
{
	struct buf json = BUF_INIT;

	buf_text(&json, "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[");
	for (size_t i = 1; i <= count; i++) {
		json_write_comma(&json);
		buf_printf(&json,
			   "{\"traceId\":\"%032zx\",\"spanId\":\"%016zx\",\"attributes\":["
			   "{\"key\":\"gen_ai.operation.name\",\"value\":{\"stringValue\":\"chat\"}},"
			   "{\"key\":\"gen_ai.request.model\",\"value\":{\"stringValue\":\"gpt-4o\"}}]}",
			   i, i);
	}
	buf_text(&json, "]}]}]}");
	assert_false(FAILED(json_to_wire(buf_view(&json), SIGNAL_TRACES, SIZE_MAX, wire, NULL)));
	buf_release(&json);
}

static enum status_code code_of_small_calls(size_t count, bool is_alone)
{
	struct counting *counting = counting_new(32 << 20);
	struct buf wire = BUF_INIT;
	struct worker w;

	write_small_calls(count, &wire);
	assert_false(FAILED(worker_init(&w, "test", NULL, counting, NULL)));
	assert_false(FAILED(worker_adopt(&w, settings_with(COST_COMPUTED, NULL))));
	w.is_alone = is_alone;
	struct status s = worker_read(&w, SIGNAL_TRACES, buf_view(&wire), true);
	if (!FAILED(s))
		assert_int_equal(w.call_count, count);
	worker_release(&w);
	counting_free(counting);
	buf_release(&wire);
	return s.code;
}

/* 8192 is what a Collector sends at a time. */
static void a_request_may_be_made_of_small_calls_up_to_its_memory_limit(void **state)
{
	(void)state;
	assert_int_equal(code_of_small_calls(1, false), STATUS_OK);
	assert_int_equal(code_of_small_calls(8192, false), STATUS_OK);
	assert_int_equal(code_of_small_calls(60000, false), STATUS_TOOBIG);
	assert_int_equal(code_of_small_calls(100000, true), STATUS_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_may_be_made_of_small_calls_up_to_its_memory_limit),
		cmocka_unit_test(a_search_is_told_once_however_often_it_is_sent),
		cmocka_unit_test(the_computed_cost_counts_unless_the_other_is_chosen),
		cmocka_unit_test(a_reported_cost_counts_where_it_is_chosen_and_told),
		cmocka_unit_test(a_reported_cost_counts_for_a_model_without_a_price),
		cmocka_unit_test(new_settings_choose_anew),
		cmocka_unit_test(a_cost_that_a_record_brings_stays_and_the_pin_is_told),
		cmocka_unit_test(a_record_shows_both_sides),
		cmocka_unit_test(a_record_tells_what_the_cache_saved_or_null),
		cmocka_unit_test(nothing_is_known_to_be_saved_where_plain_input_has_no_price),
		cmocka_unit_test(what_the_cache_saved_comes_back_from_a_record),
		cmocka_unit_test(a_cost_below_nothing_or_beyond_all_is_no_record),
	};

	return cmocka_run_group_tests_name("daemon/worker", tests, NULL, NULL);
}
