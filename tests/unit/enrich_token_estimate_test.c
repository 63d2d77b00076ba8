/* SPDX-License-Identifier: Apache-2.0
 * Tokens counted from text, where nobody has counted them: near the truth, marked, and never over a true count.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agent/enrich/token_estimate.h"

/* Counts of o200k_base. */
static const struct {
	const char *text;
	uint64_t tokens;
} known[] = {
	{ "The capital of France is Paris.", 7 },
	{ "hello world", 2 },
	{ "1234567890", 4 },
};

static void estimates_are_near_the_vocabularys_own_count(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		uint64_t n = token_estimate(slice_of(known[i].text));
		assert_in_range(n, known[i].tokens - 1, known[i].tokens + 1);
	}
}

static void only_an_empty_text_has_no_tokens(void **state)
{
	(void)state;
	assert_int_equal(token_estimate(SLICE("")), 0);
	assert_int_equal(token_estimate(SLICE(" ")), 1);
	assert_true(token_estimate(SLICE("\xff\xfe\xc3")) > 0);
}

static void a_longer_text_never_has_fewer_tokens(void **state)
{
	static const char text[] = "Grüße aus Köln, 東京と京都, Привет мир! 1 234,50 EUR\n\n\tfoo(bar)  baz";
	uint64_t last = 0;

	(void)state;
	for (size_t n = 1; n < sizeof(text); n++) {
		uint64_t now = token_estimate((struct slice){ text, n });
		assert_true(now + 3 >= last); /* a run may become cheaper as it grows into a word */
		last = now;
	}
	assert_in_range(last, 15, 45);
}

static struct call unmetered(void)
{
	return (struct call){ .role = ROLE_LLM, .counted = true, .input_text = SLICE("How are you today?"),
			      .output_text = SLICE("Fine.") };
}

static void missing_counts_are_filled_and_marked(void **state)
{
	struct call c = unmetered();

	(void)state;
	token_estimate_call(&c);
	assert_true(tokens_get(&c.tokens, TOKENS_INPUT) > 0);
	assert_true(tokens_get(&c.tokens, TOKENS_OUTPUT) > 0);
	assert_true(c.tokens.estimated);
}

static void a_true_count_stays_as_it_is(void **state)
{
	struct call c = unmetered();

	(void)state;
	tokens_set(&c.tokens, TOKENS_INPUT, 198);
	tokens_set(&c.tokens, TOKENS_OUTPUT, 49);
	token_estimate_call(&c);
	assert_int_equal(c.tokens.n[TOKENS_INPUT], 198);
	assert_int_equal(c.tokens.n[TOKENS_OUTPUT], 49);
	assert_false(c.tokens.estimated);
}

static void a_failed_call_has_no_tokens(void **state)
{
	struct call c = unmetered();

	(void)state;
	c.status_error = true;
	token_estimate_call(&c);
	assert_int_equal(c.tokens.known, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(estimates_are_near_the_vocabularys_own_count),
		cmocka_unit_test(only_an_empty_text_has_no_tokens),
		cmocka_unit_test(a_longer_text_never_has_fewer_tokens),
		cmocka_unit_test(missing_counts_are_filled_and_marked),
		cmocka_unit_test(a_true_count_stays_as_it_is),
		cmocka_unit_test(a_failed_call_has_no_tokens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
