/* SPDX-License-Identifier: Apache-2.0
 * The attributes of a cost: its parts are written where they are known, and never as zero where they are not. Labels
 * that are copied from an earlier call are those that would be written.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agent/enrich/enrich.h"
#include "agent/span/cohort.h"
#include "agent/span/contract.h"

#define PRICE "openai/gpt-4o@genai-prices-0.2.3 (2026-11-21)"

static struct arena arena;
static struct enrich_labels *labels;

static int setup(void **state)
{
	(void)state;
	arena_init(&arena, 1 << 20);
	labels = enrich_labels_new();
	return labels == NULL;
}

static int teardown(void **state)
{
	(void)state;
	arena_release(&arena);
	enrich_labels_free(labels);
	return 0;
}

static struct slice attributes_of(const struct call *c)
{
	struct attribute_writer writer;

	attribute_writer_init(&writer, &arena);
	enrich_write(labels, c, &writer);
	assert_false(writer.failed);
	return attribute_writer_take(&writer);
}

/* The bytes of the attributes that a counted call with this cost gets. */
static struct slice written(struct cost cost)
{
	struct call c = { .role = ROLE_LLM, .counted = true, .context = CONTEXT_UNKNOWN, .cost = cost };

	tokens_set(&c.tokens, TOKENS_CACHE_READ, 8);
	return attributes_of(&c);
}

static bool has(struct slice bytes, const char *text)
{
	return slice_find(bytes, slice_of(text)) >= 0;
}

static void a_computed_cost_has_parts_and_its_price_row(void **state)
{
	struct slice bytes = written((struct cost){ .known = true, .total_pusd = 9, .price = SLICE(PRICE) });

	(void)state;
	assert_true(has(bytes, "gen_ai.usage.cost"));
	assert_true(has(bytes, "plimsoll.cost.input_usd"));
	assert_true(has(bytes, "plimsoll.cost.output_usd"));
	assert_true(has(bytes, "plimsoll.cost.cache_read_usd"));
	assert_true(has(bytes, PRICE));
}

static void a_cost_without_parts_is_written_without_parts(void **state)
{
	struct slice bytes = written(
		(struct cost){ .known = true, .total_only = true, .total_pusd = 9, .price = SLICE("reported") });

	(void)state;
	assert_true(has(bytes, "gen_ai.usage.cost"));
	assert_true(has(bytes, "reported"));
	assert_false(has(bytes, "_usd"));
}

static void an_unknown_cost_is_not_written(void **state)
{
	struct slice bytes = written((struct cost){ 0 });

	(void)state;
	assert_true(bytes.len > 0);
	assert_false(has(bytes, "cost"));
}

/* Of a cohort and without one. */
static void assert_copied_as_written(const struct cohort *cohort, struct call c)
{
	c.cohort = cohort;
	struct slice first = attributes_of(&c), second = attributes_of(&c);
	c.cohort = NULL;
	struct slice alone = attributes_of(&c);

	assert_true(first.len > 0);
	assert_true(slice_equal(first, second));
	assert_true(slice_equal(first, alone));
}

static void copied_labels_are_those_that_would_be_written(void **state)
{
	char longest[1000];
	/* in the same place of any table up to that size */
	struct cohort cohort = { .id = 7 }, next = { .id = 7 + 65536 };
	struct call c = { .role = ROLE_LLM,
			  .counted = true,
			  .context = CONTEXT_UNKNOWN,
			  .provider = SLICE("openai"),
			  .feature = SLICE("chat"),
			  .prompt_name = SLICE("greet"),
			  .prompt_version = SLICE("3"),
			  .user_segment = SLICE("free"),
			  .cost = { .known = true, .total_pusd = 9, .price = SLICE(PRICE) } };

	(void)state;
	assert_copied_as_written(&cohort, c);
	assert_true(has(attributes_of(&c), "greet@3"));
	c.present = UINT64_C(1) << CONTRACT_FEATURE; /* another call of the cohort names it itself */
	assert_copied_as_written(&cohort, c);
	c.present = 0;
	c.cost.price = SLICE("openai/gpt-4o@genai-prices-0.2.4 (2026-12-21)"); /* a newer table */
	assert_copied_as_written(&cohort, c);
	c.cost.known = false;
	assert_copied_as_written(&cohort, c);
	c.feature = SLICE("search");
	assert_copied_as_written(&next, c);
	memset(longest, 'x', sizeof(longest));
	c.user_segment = (struct slice){ longest, sizeof(longest) };
	cohort.id++;
	assert_copied_as_written(&cohort, c);
}

static void numbers_stay_each_call_s_own(void **state)
{
	struct cohort cohort = { .id = 1000 };
	struct call c = { .role = ROLE_LLM, .counted = true, .context = CONTEXT_1K, .cohort = &cohort,
			  .feature = SLICE("chat"), .outcome = OUTCOME_SCHEMA_VIOLATION };

	(void)state;
	assert_true(has(attributes_of(&c), "\x0a\x10schema_violation"));
	assert_true(has(attributes_of(&c), "\x0a\x02" "1k"));
	c.outcome = OUTCOME_OK;
	c.context = CONTEXT_UNKNOWN;
	assert_true(has(attributes_of(&c), "\x0a\x02ok"));
	assert_false(has(attributes_of(&c), "plimsoll.context"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_computed_cost_has_parts_and_its_price_row),
		cmocka_unit_test(a_cost_without_parts_is_written_without_parts),
		cmocka_unit_test(an_unknown_cost_is_not_written),
		cmocka_unit_test(copied_labels_are_those_that_would_be_written),
		cmocka_unit_test(numbers_stay_each_call_s_own),
	};

	return cmocka_run_group_tests_name("enrich/attributes", tests, setup, teardown);
}
