/* SPDX-License-Identifier: Apache-2.0
 * Thresholds as the specification writes them; what waits, what is kept and what follows a decision.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "agent/otlp/json_transcode.h"
#include "agent/otlp/walk.h"
#include "agent/sampling/content.h"
#include "agent/sampling/sampling.h"
#include "agent/sampling/threshold.h"

static void a_share_is_a_threshold_without_its_zeros(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a, 1 << 16);
	assert_int_equal(threshold_of_share(1), 0);
	assert_int_equal(threshold_of_share(0.5), UINT64_C(0x80000000000000));
	assert_int_equal(threshold_of_share(0.25), UINT64_C(0xc0000000000000));
	assert_int_equal(threshold_of_share(0), THRESHOLD_NEVER);
	struct slice ts = tracestate_write(SLICE("a=1,ot=th:8;rv:12345678901234;x:y, b=2"), threshold_of_share(0.25),
					   &a);
	assert_true(slice_equal(ts, SLICE("ot=th:c;rv:12345678901234;x:y,a=1,b=2")));
	assert_true(slice_equal(tracestate_write(SLICE_NONE, 0, &a), SLICE("ot=th:0")));
	arena_release(&a);
}

static void a_long_tracestate_takes_room_once(void **state)
{
	struct arena a;
	char long_one[20000] = "ot=";

	(void)state;
	for (size_t i = 3; i < sizeof(long_one); i++)
		long_one[i] = i % 2 == 1 ? 'a' : ';';
	arena_init(&a, 1 << 15);
	struct slice ts = tracestate_write((struct slice){ long_one, sizeof(long_one) }, 0, &a);
	assert_int_equal(ts.len, strlen("ot=th:0;") + sizeof(long_one) - strlen("ot="));
	arena_release(&a);
}

static void randomness_comes_from_rv_else_from_the_trace_id(void **state)
{
	static const char id[16] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };
	struct slice trace = { id, 16 };

	(void)state;
	assert_int_equal(randomness_read(trace, SLICE_NONE).r, UINT64_C(0x0a0b0c0d0e0f10));
	assert_int_equal(randomness_read(trace, SLICE("ot=rv:abcdefabcdefab")).r, UINT64_C(0xabcdefabcdefab));
	assert_int_equal(randomness_read(trace, SLICE("ot=rv:abcdefabcdefab;th:8")).threshold,
			 UINT64_C(0x80000000000000));
	/* the id says that it was not sampled so */
	assert_int_equal(randomness_read(trace, SLICE("ot=th:8")).threshold, 0);
	assert_int_equal(randomness_read(trace, SLICE("ot=rv:short;th:xyz")).threshold, 0);
}

/* ------------------------------------------------------------------ traces that wait */

struct rig {
	struct sampling_config config;
	struct sampler *sampler;
	struct arena arena;
	struct sampled out;
};

static void open_rig(struct rig *rig)
{
	rig->config.keep.errors = true;
	if (rig->config.max_bytes == 0)
		rig->config.max_bytes = 1 << 20;
	rig->config.max_decisions = 1024;
	arena_init(&rig->arena, 64 << 20);
	assert_false(FAILED(sampler_new(&rig->config, &rig->sampler)));
	assert_non_null(rig->sampler);
}

static void close_rig(struct rig *rig)
{
	sampler_free(rig->sampler);
	arena_release(&rig->arena);
	buf_release(&rig->out.kept);
	buf_release(&rig->out.by_rate);
}

/* A span of a trace whose id ends in fourteen such digits. */
static void take(struct rig *rig, char digit, bool fails, uint64_t now_ms)
{
	struct buf wire = BUF_INIT;
	char json[512], id[33] = "000000000000000100", where[40];

	memset(id + 18, digit, 14);
	id[32] = '\0';
	snprintf(json, sizeof(json),
		 "{\"resourceSpans\":[{\"resource\":{},\"scopeSpans\":[{\"spans\":[{\"traceId\":\"%s\",\"spanId\":\"eee19b7ec3c1b174\","
		 "\"status\":{\"code\":%d}}]}]}]}",
		 id, fails ? 2 : 0);
	assert_false(FAILED(json_to_wire(slice_of(json), SIGNAL_TRACES, 1 << 20, &wire, where)));
	arena_reset(&rig->arena);
	assert_false(FAILED(sampler_take(rig->sampler, buf_view(&wire), now_ms, &rig->arena, &rig->out)));
	buf_release(&wire);
}

static void each_of_many_attributes_is_a_reason(void **state)
{
	static const char json[] = "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"traceId\":\"00000000000000010011111111111111\","
				   "\"spanId\":\"eee19b7ec3c1b174\",\"attributes\":[{\"key\":\"tenant.99\",\"value\":"
				   "{\"stringValue\":\"gold\"}}]}]}]}]}";
	struct rig rig = { .config = { .rate = 0, .content_rate = 1 } };
	struct string_pair pairs[100];
	char keys[100][24];
	struct buf wire = BUF_INIT;

	(void)state;
	for (int i = 0; i < 100; i++) {
		snprintf(keys[i], sizeof(keys[i]), "tenant.%d", i);
		pairs[i] = (struct string_pair){ keys[i], "gold" };
	}
	rig.config.keep.attributes = (struct string_map){ pairs, 100 };
	open_rig(&rig);
	assert_false(FAILED(json_to_wire(slice_of(json), SIGNAL_TRACES, 1 << 20, &wire, NULL)));
	assert_false(FAILED(sampler_take(rig.sampler, buf_view(&wire), 0, &rig.arena, &rig.out)));
	assert_int_equal(rig.out.kept_items, 1);
	buf_release(&wire);
	close_rig(&rig);
}

static void a_trace_waits_and_is_then_judged_by_its_id(void **state)
{
	struct rig rig = { .config = { .rate = 0.5, .content_rate = 1, .decision_wait_ms = 1000 } };

	(void)state;
	open_rig(&rig);
	take(&rig, 'f', false, 0);
	take(&rig, '1', false, 0);
	assert_int_equal(rig.out.kept_items + rig.out.by_rate_items, 0);
	sampler_due(rig.sampler, 999, false, &rig.out);
	assert_int_equal(rig.out.by_rate_items, 0);
	sampler_due(rig.sampler, 1000, false, &rig.out);
	assert_int_equal(rig.out.by_rate_items, 1);
	assert_int_equal(rig.out.kept_items, 0);
	take(&rig, 'f', false, 5000); /* late ones follow */
	take(&rig, '1', false, 5000);
	assert_int_equal(rig.out.by_rate_items, 2);
	close_rig(&rig);
}

static void a_trace_that_came_after_the_clock_was_read_waits_like_any_other(void **state)
{
	struct rig rig = { .config = { .rate = 0.5, .content_rate = 1, .decision_wait_ms = 1000 } };

	(void)state;
	open_rig(&rig);
	take(&rig, '1', false, 501);
	sampler_due(rig.sampler, 500, false, &rig.out);
	take(&rig, '1', true, 502);
	assert_int_equal(rig.out.kept_items, 2);
	close_rig(&rig);
}

static void an_error_brings_the_whole_trace_out_at_once(void **state)
{
	struct rig rig = { .config = { .rate = 0.01, .content_rate = 1, .decision_wait_ms = 1000 } };

	(void)state;
	open_rig(&rig);
	take(&rig, '1', false, 0);
	take(&rig, '1', false, 0);
	take(&rig, '1', true, 1);
	assert_int_equal(rig.out.kept_items, 3);
	take(&rig, '1', false, 2);
	assert_int_equal(rig.out.kept_items, 4);
	close_rig(&rig);
}

static void an_error_that_comes_late_turns_the_decision(void **state)
{
	struct rig rig = { .config = { .rate = 0.01, .content_rate = 1, .decision_wait_ms = 1000 } };

	(void)state;
	open_rig(&rig);
	take(&rig, '1', false, 0);
	sampler_due(rig.sampler, 1000, false, &rig.out);
	assert_int_equal(rig.out.kept_items, 0);
	take(&rig, '1', true, 2000);
	take(&rig, '1', false, 2000);
	assert_int_equal(rig.out.kept_items, 2);
	close_rig(&rig);
}

static void a_trace_that_somebody_rates_low_or_an_alert_names_is_kept(void **state)
{
	static const uint8_t low[16] = { [7] = 1, [8] = 0, [9] = 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11 };
	struct rig rig = { .config = { .rate = 0, .content_rate = 1, .decision_wait_ms = 1000,
				       .keep = { .alerts = true, .scores_below = 0.5 } } };

	(void)state;
	open_rig(&rig);
	take(&rig, '1', false, 0);
	sampler_keep_low(rig.sampler, low, 0.9);
	sampler_due(rig.sampler, 1, false, &rig.out);
	assert_int_equal(rig.out.kept_items, 0);
	sampler_keep_low(rig.sampler, low, 0.1);
	sampler_due(rig.sampler, 2, false, &rig.out);
	assert_int_equal(rig.out.kept_items, 1);
	close_rig(&rig);
}

static void a_runaway_request_is_kept_as_an_outlier_or_as_alerted(void **state)
{
	static const uint8_t id[16] = { [7] = 1, [8] = 0, [9] = 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11 };
	static const struct {
		bool outliers, alerts, is_runaway;
		uint64_t kept;
	} rows[] = { { true, false, true, 1 }, { true, false, false, 0 }, { false, false, true, 0 },
		     { false, true, true, 1 } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rig rig = { .config = { .rate = 0, .content_rate = 1, .decision_wait_ms = 1000,
					       .keep = { .outliers = rows[i].outliers, .alerts = rows[i].alerts } } };
		open_rig(&rig);
		take(&rig, '1', false, 0);
		sampler_keep_alerted(rig.sampler, id, rows[i].is_runaway);
		sampler_due(rig.sampler, 1, false, &rig.out);
		assert_int_equal(rig.out.kept_items, rows[i].kept);
		close_rig(&rig);
	}
}

static void more_than_may_wait_is_decided_early(void **state)
{
	struct rig rig = { .config = { .rate = 0.5, .content_rate = 1, .decision_wait_ms = 1000, .max_bytes = 4096 } };

	(void)state;
	open_rig(&rig);
	for (int i = 0; i < 100; i++)
		take(&rig, 'f', false, 0);
	assert_true(rig.out.by_rate_items > 0);
	sampler_due(rig.sampler, 0, true, &rig.out);
	assert_int_equal(rig.out.by_rate_items, 100);
	close_rig(&rig);
}

static void without_a_wait_each_span_stands_alone(void **state)
{
	struct rig rig = { .config = { .rate = 0.5, .content_rate = 1 } };

	(void)state;
	open_rig(&rig);
	take(&rig, 'f', false, 0);
	take(&rig, '1', false, 0);
	take(&rig, '1', true, 0);
	assert_int_equal(rig.out.by_rate_items, 1);
	assert_int_equal(rig.out.kept_items, 1);
	close_rig(&rig);
}

static struct status check_state(void *context, const struct span_view *span, struct attribute_writer *added)
{
	(void)context;
	(void)added;
	assert_null(span->defect);
	assert_true(slice_find(span->wire, SLICE("ot=th:8")) > 0);
	return OK;
}

static void what_leaves_by_rate_says_what_it_stands_for(void **state)
{
	struct rig rig = { .config = { .rate = 0.5, .content_rate = 1 } };
	struct edit_list edits;
	char out[4096];

	(void)state;
	open_rig(&rig);
	take(&rig, 'f', false, 0);
	struct slice wire = buf_view(&rig.out.by_rate);
	edit_list_init(&edits, &rig.arena);
	assert_false(FAILED(sampler_finish(rig.sampler, SIGNAL_TRACES, wire, &rig.arena, &edits)));
	assert_true(edit_list_bound(&edits, wire) <= sizeof(out));
	size_t size = edit_list_write(&edits, wire, out);
	assert_false(FAILED(walk_traces((struct slice){ out, size }, &rig.arena, NULL, check_state, NULL)));
	close_rig(&rig);
}

static void nothing_is_sampled_where_all_is_wanted(void **state)
{
	struct sampling_config config = { .rate = 1, .content_rate = 1 };
	struct sampler *s;

	(void)state;
	assert_false(FAILED(sampler_new(&config, &s)));
	assert_null(s);
}

static void content_is_told_from_facts_about_it(void **state)
{
	(void)state;
	assert_true(content_is_attribute(SLICE("gen_ai.input.messages")));
	assert_true(content_is_attribute(SLICE("gen_ai.prompt.0.content")));
	assert_true(content_is_attribute(SLICE("llm.input_messages.0.message.content")));
	assert_false(content_is_attribute(SLICE("gen_ai.prompt.name")));
	assert_false(content_is_attribute(SLICE("gen_ai.usage.input_tokens")));
	assert_true(content_is_event(SLICE("gen_ai.choice")));
	assert_false(content_is_event(SLICE("exception")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_share_is_a_threshold_without_its_zeros),
		cmocka_unit_test(a_long_tracestate_takes_room_once),
		cmocka_unit_test(randomness_comes_from_rv_else_from_the_trace_id),
		cmocka_unit_test(each_of_many_attributes_is_a_reason),
		cmocka_unit_test(a_trace_waits_and_is_then_judged_by_its_id),
		cmocka_unit_test(a_trace_that_came_after_the_clock_was_read_waits_like_any_other),
		cmocka_unit_test(an_error_brings_the_whole_trace_out_at_once),
		cmocka_unit_test(an_error_that_comes_late_turns_the_decision),
		cmocka_unit_test(a_trace_that_somebody_rates_low_or_an_alert_names_is_kept),
		cmocka_unit_test(a_runaway_request_is_kept_as_an_outlier_or_as_alerted),
		cmocka_unit_test(more_than_may_wait_is_decided_early),
		cmocka_unit_test(without_a_wait_each_span_stands_alone),
		cmocka_unit_test(what_leaves_by_rate_says_what_it_stands_for),
		cmocka_unit_test(nothing_is_sampled_where_all_is_wanted),
		cmocka_unit_test(content_is_told_from_facts_about_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
