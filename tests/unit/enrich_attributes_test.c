/* SPDX-License-Identifier: Apache-2.0
 * The attributes of a cost: its parts are written where they are known, and never as zero where they are not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agent/enrich/enrich.h"

#define PRICE "openai/gpt-4o@genai-prices-0.2.3 (2026-11-21)"

static struct arena arena;

static int setup(void **state)
{
	(void)state;
	arena_init(&arena, 1 << 16);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

/* The bytes of the attributes that a counted call with this cost gets. */
static struct slice written(struct cost cost)
{
	struct call c = { .role = ROLE_LLM, .counted = true, .context = CONTEXT_UNKNOWN, .cost = cost };
	struct attribute_writer writer;

	tokens_set(&c.tokens, TOKENS_CACHE_READ, 8);
	attribute_writer_init(&writer, &arena, 9);
	enrich_write(&c, &writer);
	assert_false(writer.failed);
	return attribute_writer_take(&writer);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_computed_cost_has_parts_and_its_price_row),
		cmocka_unit_test(a_cost_without_parts_is_written_without_parts),
		cmocka_unit_test(an_unknown_cost_is_not_written),
	};

	return cmocka_run_group_tests_name("enrich/attributes", tests, setup, teardown);
}
