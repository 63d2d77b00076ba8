/* SPDX-License-Identifier: Apache-2.0
 * Model calls and what is above them, as far as the request goes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "agent/base/buf.h"
#include "agent/base/clock.h"
#include "agent/otlp/json_transcode.h"
#include "agent/routing/llm_spans.h"

#define TRACE "5b8efff798038103d269b633813fc60c"
#define OTHER "00000000000000000000000000000001"
#define ID(n) "00000000000000" n
#define SPAN(trace, id, parent, attributes)                                                                               \
	"{\"traceId\":\"" trace "\",\"spanId\":\"" id "\",\"parentSpanId\":\"" parent "\",\"attributes\":[" attributes "]}"
#define CALL    "{\"key\":\"plimsoll.outcome\",\"value\":{\"stringValue\":\"ok\"}}"
#define WRAPPER "{\"key\":\"plimsoll.counted\",\"value\":{\"boolValue\":false}}"
#define SPANS_MAX 8

/* marks: "X" for each span that is one, "." for one that is not. */
static void expect_marks(const char *spans, const char *wanted)
{
	struct buf json = BUF_INIT, wire = BUF_INIT;
	struct request_items items;
	struct arena arena;
	bool marks[SPANS_MAX];
	char where[40];

	arena_init(&arena, 1 << 20);
	buf_printf(&json, "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[%s]}]}]}", spans);
	assert_false(FAILED(json_to_wire(buf_view(&json), SIGNAL_TRACES, 1 << 20, &wire, where)));
	assert_false(FAILED(items_read(buf_view(&wire), &arena, &items)));
	assert_int_equal(items.count, strlen(wanted));
	assert_false(FAILED(llm_spans_mark(&items, &arena, marks)));
	for (size_t i = 0; i < items.count; i++)
		assert_int_equal(marks[i], wanted[i] == 'X');
	arena_release(&arena);
	buf_release(&json);
	buf_release(&wire);
}

static void a_call_and_all_above_it_are_marked_in_any_order(void **state)
{
	(void)state;
	expect_marks(SPAN(TRACE, ID("03"), ID("02"), CALL) "," SPAN(TRACE, ID("04"), ID("02"), "") ","
		     SPAN(TRACE, ID("01"), "", "") "," SPAN(TRACE, ID("02"), ID("01"), ""), "X.XX");
}

static void what_wraps_calls_is_marked_and_what_is_below_a_call_is_not(void **state)
{
	(void)state;
	expect_marks(SPAN(TRACE, ID("01"), "", WRAPPER) "," SPAN(TRACE, ID("02"), ID("01"), CALL) ","
		     SPAN(TRACE, ID("03"), ID("02"), ""), "XX.");
}

static void the_same_span_id_in_another_trace_is_another_span(void **state)
{
	(void)state;
	expect_marks(SPAN(OTHER, ID("01"), "", "") "," SPAN(TRACE, ID("02"), ID("01"), CALL), ".X");
}

static void spans_that_are_their_own_ancestors_end_the_search(void **state)
{
	(void)state;
	expect_marks(SPAN(TRACE, ID("01"), ID("02"), CALL) "," SPAN(TRACE, ID("02"), ID("01"), "") ","
		     SPAN(TRACE, ID("03"), ID("03"), CALL), "XXX");
}

static void a_span_id_that_all_traces_share_takes_no_longer(void **state)
{
	enum { SPANS = 60000, BYTES = 2 + 16 + 2 + 8 };
	struct request_item *all = calloc(SPANS, sizeof(*all));
	char *wire = calloc(SPANS, BYTES);
	bool *marks = calloc(SPANS, 1);
	const struct slice none = SLICE_NONE;
	struct arena arena;

	(void)state;
	arena_init(&arena, 64 << 20);
	for (uint32_t i = 0; i < SPANS; i++) {
		char *span = wire + (size_t)i * BYTES;
		memcpy(span, "\x0a\x10", 2);
		memcpy(span + 2, &i, sizeof(i));
		memcpy(span + 18, "\x12\x08span", 6);
		all[i] = (struct request_item){ .content = { span, BYTES }, .scope = &none, .resource = &none };
	}
	const struct request_items items = { all, SPANS };
	uint64_t start_ns = clock_process_cpu_ns();
	assert_false(FAILED(llm_spans_mark(&items, &arena, marks)));
	assert_true(clock_process_cpu_ns() - start_ns < 2 * NS_PER_SECOND);
	arena_release(&arena);
	free(all);
	free(wire);
	free(marks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_and_all_above_it_are_marked_in_any_order),
		cmocka_unit_test(what_wraps_calls_is_marked_and_what_is_below_a_call_is_not),
		cmocka_unit_test(the_same_span_id_in_another_trace_is_another_span),
		cmocka_unit_test(spans_that_are_their_own_ancestors_end_the_search),
		cmocka_unit_test(a_span_id_that_all_traces_share_takes_no_longer),
	};

	return cmocka_run_group_tests_name("routing/llm_spans", tests, NULL, NULL);
}
