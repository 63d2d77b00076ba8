/* SPDX-License-Identifier: Apache-2.0
 * The words of a call: its question, what led up to it and its answer, from whichever shape they have.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/base/json.h"
#include "tests/unit/dialects_rig.h"

static struct call_text text;

static int set_up_with_room(void **state)
{
	static const struct dimensions_config none;

	(void)state;
	return dialects_open(&none, 64 << 20);
}

static void read_span(const struct pair *pairs, const struct event_view *events, size_t event_count)
{
	static struct attribute attributes[256];
	static uint32_t sequence;
	struct scope_view scope = { .name = SLICE("test") };
	struct resource_view resource = { .sequence = ++sequence };
	struct span_view span = {
		.trace_id = SLICE("0123456789abcdef"), .span_id = SLICE("01234567"), .start_unix_ns = 1000, .end_unix_ns = 6000,
		.scope = &scope, .resource = &resource, .events = events, .event_count = event_count,
	};
	struct call c;

	arena_reset(&arena);
	dialect_reader_begin(reader, &arena);
	span.attributes = attributes_of(attributes, pairs);
	assert_true(dialect_read(reader, &span, &c));
	dialect_read_text(reader, span.attributes, span.events, span.event_count, &text);
}

#define SPAN(...) read_span((const struct pair[]){ { "gen_ai.operation.name", "chat" }, __VA_ARGS__, { 0 } }, NULL, 0)

#define THREE "[{\"role\":\"user\",\"content\":\"hi\"},{\"role\":\"assistant\",\"content\":\"hello\"},{\"role\":\"user\",\"content\":\"where is it?\"}]"

static void the_last_message_of_the_user_is_the_question(void **state)
{
	(void)state;
	SPAN({ "gen_ai.input.messages", "[{\"role\":\"system\",\"parts\":[{\"type\":\"text\",\"content\":\"Be brief\"}]},"
					"{\"role\":\"user\",\"parts\":[{\"type\":\"text\",\"content\":\"Where is \\\"it\\\"?\"}]}]" },
	     { "gen_ai.output.messages", "[{\"role\":\"assistant\",\"parts\":[{\"type\":\"text\",\"content\":\"Here\"}]}]" });
	assert_text(text.question, "Where is \"it\"?");
	assert_text(text.messages, "");
	assert_text(text.actual, "Here");
}

static void a_conversation_keeps_what_led_to_the_question(void **state)
{
	static const char *const shapes[][2] = {
		{ "gen_ai.input.messages", THREE },
		{ "input.value", "{\"model\":\"gpt-4o\",\"messages\":[{\"role\":\"system\",\"content\":\"Be brief\"},{\"role\":\"user\",\"content\":\"hi\"},"
				 "{\"role\":\"assistant\",\"content\":\"hello\"},{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"where is it?\"}]}]}" },
		{ "input.value", "{\"system\":\"Be brief\",\"messages\":" THREE ",\"max_tokens\":10}" },
		{ "input.value", "{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"hi\"}]},{\"role\":\"model\",\"parts\":[{\"text\":\"hello\"}]},"
				 "{\"role\":\"user\",\"parts\":[{\"text\":\"where is it?\"}]}]}" },
		{ "input.value", "{\"messages\":[[{\"lc\":1,\"type\":\"constructor\",\"id\":[\"HumanMessage\"],\"kwargs\":{\"content\":\"hi\",\"type\":\"human\"}},"
				 "{\"lc\":1,\"type\":\"constructor\",\"kwargs\":{\"content\":\"hello\",\"type\":\"ai\"}},"
				 "{\"lc\":1,\"type\":\"constructor\",\"kwargs\":{\"content\":\"where is it?\",\"type\":\"human\"}}]]}" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		SPAN({ shapes[i][0], shapes[i][1] });
		assert_text(text.question, "where is it?");
		assert_text(text.messages, THREE);
	}
}

static void tool_calls_and_their_results_are_left_out(void **state)
{
	(void)state;
	SPAN({ "gen_ai.input.messages",
	       "[{\"role\":\"user\",\"content\":\"where?\"},{\"role\":\"assistant\",\"tool_calls\":[{\"function\":{\"name\":\"look\"}}]},"
	       "{\"role\":\"tool\",\"content\":\"{\\\"place\\\":\\\"here\\\"}\"}]" });
	assert_text(text.question, "where?");
	assert_text(text.messages, "");
}

static void numbered_attributes_are_messages_in_the_order_of_their_numbers(void **state)
{
	(void)state;
	SPAN({ "llm.input_messages.2.message.content", "where is it?" },
	     { "llm.input_messages.2.message.role", "user" },
	     { "llm.input_messages.0.message.role", "user" }, { "llm.input_messages.0.message.content", "hi" },
	     { "llm.input_messages.1.message.role", "assistant" }, { "llm.input_messages.1.message.content", "hello" },
	     { "llm.output_messages.0.message.content", "there" });
	assert_text(text.messages, THREE);
	assert_text(text.actual, "there");
	SPAN({ "gen_ai.prompt.0.role", "system" }, { "gen_ai.prompt.0.content", "Be brief" },
	     { "gen_ai.prompt.1.role", "user" },
	     { "gen_ai.prompt.1.content", "[{\"type\":\"text\",\"text\":\"where?\"}]" }, { "gen_ai.completion.0.content", "there" });
	assert_text(text.question, "where?");
	assert_text(text.messages, "");
	assert_text(text.actual, "there");
}

static void events_are_messages_too(void **state)
{
	static struct attribute first[4], second[4];
	struct event_view events[] = {
		{ .name = SLICE("gen_ai.user.message") },
		{ .name = SLICE("gen_ai.choice") },
	};

	(void)state;
	events[0].attributes = attributes_of(first, (const struct pair[]){ { "content", "where?" }, { 0 } });
	events[1].attributes = attributes_of(second, (const struct pair[]){ { "message", "{\"content\":\"there\"}" }, { 0 } });
	read_span((const struct pair[]){ { "gen_ai.operation.name", "chat" }, { 0 } }, events, 2);
	assert_text(text.question, "where?");
	assert_text(text.actual, "there");
}

static void a_question_in_no_message_is_one_all_the_same(void **state)
{
	(void)state;
	SPAN({ "input.value", "{\"model\":\"m\",\"input\":\"where?\"}" });
	assert_text(text.question, "where?");
	SPAN({ "input.value", "where? {not JSON}" });
	assert_text(text.question, "where? {not JSON}");
	SPAN({ "input.value", "{\"order\":17}" });
	assert_text(text.question, "{\"order\":17}");
	SPAN({ "gen_ai.response.id", "a" });
	assert_true(call_text_is_empty(&text));
}

static void long_texts_are_cut_with_a_mark_and_old_messages_go(void **state)
{
	char *long_text = malloc(20001);
	struct buf json = BUF_INIT;

	(void)state;
	memset(long_text, 'x', 20000);
	memcpy(long_text + CALL_QUESTION_BYTES - 1, "\xc3\xa9", 2); /* a character across the bound */
	long_text[20000] = '\0';
	buf_byte(&json, '[');
	for (int i = 0; i < 200; i++)
		buf_printf(&json, "{\"role\":\"%s\",\"content\":\"%d %s\"},", i % 2 == 0 ? "user" : "assistant", i,
			   i < 199 ? long_text : "short");
	buf_printf(&json, "{\"role\":\"user\",\"content\":\"%s\"}]", long_text);
	SPAN({ "gen_ai.input.messages", buf_string(&json) }, { "gen_ai.output.messages", long_text });
	char want[64];
	snprintf(want, sizeof(want), "\n[... %d bytes more]", 20000 - (int)CALL_QUESTION_BYTES + 1);
	assert_true(slice_ends_with(text.question, slice_of(want)));
	assert_int_equal(text.question.len, CALL_QUESTION_BYTES - 1 + strlen(want));
	assert_true(json_is_valid(text.messages));
	assert_true(text.messages.len < CALL_MESSAGES_BYTES + 4096);
	assert_true(slice_find(text.messages, SLICE("\"199 short")) > 0 &&
		    slice_find(text.messages, SLICE("\"198 ")) < 0);
	assert_true(text.actual.len < CALL_ACTUAL_BYTES + 64);
	buf_release(&json);
	free(long_text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_message_of_the_user_is_the_question),
		cmocka_unit_test(a_conversation_keeps_what_led_to_the_question),
		cmocka_unit_test(tool_calls_and_their_results_are_left_out),
		cmocka_unit_test(numbered_attributes_are_messages_in_the_order_of_their_numbers),
		cmocka_unit_test(events_are_messages_too),
		cmocka_unit_test(a_question_in_no_message_is_one_all_the_same),
		cmocka_unit_test(long_texts_are_cut_with_a_mark_and_old_messages_go),
	};

	return cmocka_run_group_tests(tests, set_up_with_room, tear_down);
}
