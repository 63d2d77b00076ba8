/* SPDX-License-Identifier: Apache-2.0
 * A question is taken as it was meant or refused: what is misspelt or cut off would be judged by somebody else's
 * budget.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "agent/daemon/budget_question.h"

#define TRACE_ID "4bf92f3577b34da6a3ce929d0e0e4736"

struct asked {
	bool taken;
	struct budget_question q;
	struct budget_fields fields; /* its arena holds what q points to */
	struct api_request request;
	struct api_reply reply;
};

static void ask(struct asked *a, const char *body, const struct api_parameter *parameters, size_t count)
{
	*a = (struct asked){ .request = { .parameters = parameters, .parameter_count = count, .body = slice_of(body) } };
	a->fields.request = &a->request;
	arena_init(&a->fields.arena, 64 * 1024);
	a->taken = budget_question_read(&a->fields, &a->q, &a->reply);
}

static void release(struct asked *a)
{
	arena_release(&a->fields.arena);
	buf_release(&a->reply.body);
}

static void assert_refused(const char *body, const char *why)
{
	struct asked a;

	ask(&a, body, NULL, 0);
	if (a.taken || a.reply.status != 400 || strstr(buf_string(&a.reply.body), why) == NULL)
		fail_msg("%s: %s", body, buf_string(&a.reply.body));
	release(&a);
}

static bool is(struct slice s, const char *text)
{
	return slice_equal(s, slice_of(text));
}

static void every_field_is_taken_from_the_body(void **state)
{
	struct asked a;

	(void)state;
	ask(&a, "{\"user\":\"al\\u0069ce\",\"model\":\"gpt-4o\",\"tenant\":null,\"session\":7,\"estimate_usd\":0.25,"
		"\"input_tokens\":12,\"max_output_tokens\":\"34\",\"trace_id\":\"" TRACE_ID "\"}", NULL, 0);
	assert_true(a.taken);
	assert_true(is(a.q.labels[BUDGET_BY_USER], "alice") && is(a.q.labels[BUDGET_BY_MODEL], "gpt-4o"));
	assert_true(is(a.q.labels[BUDGET_BY_SESSION], "7") && a.q.labels[BUDGET_BY_TENANT].len == 0);
	assert_true(a.q.has_estimate && a.q.estimate_pusd == INT64_C(250000000000));
	assert_true(a.q.has_tokens && a.q.input_tokens == 12 && a.q.max_output_tokens == 34);
	assert_true(a.q.has_trace_id && a.q.trace_id[0] == 0x4b && a.q.trace_id[15] == 0x36);
	release(&a);
}

static void a_parameter_stands_in_for_what_the_body_does_not_say(void **state)
{
	const struct api_parameter parameters[] = { { SLICE("user"), SLICE("bob") },
						    { SLICE("feature"), SLICE("search") } };
	struct asked a;

	(void)state;
	ask(&a, "{\"user\":\"alice\"}", parameters, 2);
	assert_true(a.taken && is(a.q.labels[BUDGET_BY_USER], "alice") && is(a.q.labels[BUDGET_BY_FEATURE], "search"));
	assert_false(a.q.has_estimate || a.q.has_tokens || a.q.has_trace_id);
	release(&a);
}

static void a_field_that_is_not_known_is_refused_with_the_nearest(void **state)
{
	const struct api_parameter misspelt = { SLICE("featur"), SLICE("search") };
	struct asked a;

	(void)state;
	assert_refused("{\"usr\":\"alice\"}", "no field 'usr'; did you mean 'user'?");
	assert_refused("{\"user\":\"alice\",\"max_tokens\":3}", "no field 'max_tokens'");
	assert_refused("{\"us\\u0065r\":\"alice\"}", "no field");
	assert_refused("{\"\":1}", "no field ''\"");
	ask(&a, "", &misspelt, 1);
	assert_true(!a.taken && strstr(buf_string(&a.reply.body), "did you mean 'feature'?") != NULL);
	release(&a);
}

/* Every proper beginning of a question is refused but the empty one, which asks for a call that says nothing. */
static void a_body_that_is_cut_off_or_no_object_is_refused(void **state)
{
	static const char whole[] = "{\"user\":\"alice\",\"estimate_usd\":0.25,\"session\":{\"a\":[1]}}";
	char part[sizeof(whole)];

	(void)state;
	for (size_t n = 1; n + 1 < sizeof(whole); n++) {
		memcpy(part, whole, n);
		part[n] = '\0';
		assert_refused(part, "the body is not JSON");
	}
	assert_refused("[\"user\"]", "the body is a JSON object");
	assert_refused("user=alice", "the body is a JSON object");
	assert_refused("{\"user\":\"alice\"} {}", "the body is not JSON");
}

static void a_value_that_is_none_is_refused_by_name(void **state)
{
	(void)state;
	assert_refused("{\"estimate_usd\":\"much\"}", "estimate_usd is an amount in USD");
	assert_refused("{\"estimate_usd\":-1}", "estimate_usd is an amount in USD");
	assert_refused("{\"input_tokens\":\"many\"}", "input_tokens is a number of tokens");
	assert_refused("{\"max_output_tokens\":4294967295}", "max_output_tokens is a number of tokens");
	assert_refused("{\"trace_id\":\"" TRACE_ID "0\"}", "trace_id is 32 hexadecimal digits");
	assert_refused("{\"trace_id\":\"4bf92f3577b34da6a3ce929d0e0e473g\"}", "trace_id is 32 hexadecimal digits");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_is_taken_from_the_body),
		cmocka_unit_test(a_parameter_stands_in_for_what_the_body_does_not_say),
		cmocka_unit_test(a_field_that_is_not_known_is_refused_with_the_nearest),
		cmocka_unit_test(a_body_that_is_cut_off_or_no_object_is_refused),
		cmocka_unit_test(a_value_that_is_none_is_refused_by_name),
	};

	return cmocka_run_group_tests_name("daemon/budget_question", tests, NULL, NULL);
}
