/* SPDX-License-Identifier: Apache-2.0
 * Of spans inside one another that tell of one call, the innermost that knows it counts, in any order and batches.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/counting_rig.h"

/* DataDog/dd-trace-js#8936, livekit/agents#2905, mlflow/mlflow#24307 */
static void a_framework_around_a_provider_counts_once(void **state)
{
	struct told spans[] = {
		{ .id = 3, .parent = 2, .role = ROLE_LLM, .scope = "anthropic", .input = 2000, .output = 90,
		  .from_ms = 12, .to_ms = 900 },
		{ .id = 2, .parent = 1, .role = ROLE_LLM, .scope = "langchain", .input = 2000, .output = 90,
		  .from_ms = 10, .to_ms = 910 },
		{ .id = 1, .role = ROLE_CHAIN },
	};

	(void)state;
	ASSERT_COUNTS(spans, 1);
}

static void the_innermost_counts_whatever_the_outer_one_says(void **state)
{
	static const struct told inner = { .id = 2, .parent = 1, .role = ROLE_LLM, .scope = "anthropic", .input = 2000,
					   .output = 90 };
	static const struct told outer = { .id = 1, .role = ROLE_LLM, .scope = "langchain", .input = 100,
					   .output = 90 };

	(void)state;
	assert_pair_counts_once(&outer, &inner, 2000);
}

/* DataDog/dd-trace-py#18868: the framework's count leaves cached tokens out, and its span is the first to come. */
static void an_outer_one_that_may_lack_the_cache_waits_for_the_inner_one(void **state)
{
	static const struct told outer = { .id = 1, .role = ROLE_LLM, .scope = "langchain", .input = 600, .output = 90,
					   .producer = PRODUCER_FRAMEWORK, .blind = true };
	static const struct told inner = { .id = 2, .parent = 1, .role = ROLE_LLM, .scope = "anthropic", .input = 2000,
					   .output = 90, .producer = PRODUCER_INSTRUMENTATION };
	struct world *w = world_new();

	(void)state;
	tell(w, &outer);
	assert_int_equal(end_batch(w), 0);
	tell(w, &inner);
	assert_int_equal(end_batch(w), 1);
	assert_int_equal(w->input, 2000);
	assert_int_equal(promoted(w), 0);
	world_free(w);
	assert_int_equal(counted_together(&outer, 1), 1);
}

/* strands-agents/harness-sdk#1267, Arize-ai/openinference#3164, pydantic/pydantic-ai#3995, langfuse/langfuse#14754,
 * Agenta-AI/agenta#5717, opensearch-project/OpenSearch-Dashboards#11655,
 * braintrustdata/braintrust-sdk-javascript#1379 */
static void agents_that_repeat_the_sum_do_not_count(void **state)
{
	struct told spans[] = {
		{ .id = 4, .parent = 3, .role = ROLE_LLM, .input = 700, .output = 30 },
		{ .id = 5, .parent = 3, .role = ROLE_LLM, .input = 900, .output = 40, .from_ms = 1100, .to_ms = 1500 },
		{ .id = 3, .parent = 2, .role = ROLE_CHAIN, .claims = true, .input = 1600, .output = 70 },
		{ .id = 2, .parent = 1 },
		{ .id = 1, .role = ROLE_AGENT, .claims = true, .input = 1600, .output = 70 },
	};

	(void)state;
	ASSERT_COUNTS(spans, 2);
}

static void a_span_in_between_that_is_no_model_span_connects(void **state)
{
	struct told spans[] = {
		{ .id = 3, .parent = 2, .role = ROLE_LLM, .input = 50, .output = 5 },
		{ .id = 2, .parent = 1 },
		{ .id = 1, .role = ROLE_LLM, .input = 50, .output = 5 },
	};

	(void)state;
	ASSERT_COUNTS(spans, 1);
}

static void an_embedding_inside_a_chat_is_another_call(void **state)
{
	struct told spans[] = {
		{ .id = 2, .parent = 1, .role = ROLE_EMBEDDING, .input = 20 },
		{ .id = 1, .role = ROLE_LLM, .input = 50, .output = 5 },
	};

	(void)state;
	ASSERT_COUNTS(spans, 2);
}

static void where_only_the_outer_one_knows_the_counts_it_counts(void **state)
{
	static const struct told spans[] = {
		{ .id = 2, .parent = 1, .role = ROLE_LLM, .scope = "openai" },
		{ .id = 1, .role = ROLE_LLM, .scope = "langchain", .input = 50, .output = 5 },
	};
	struct world *w = world_new();

	(void)state;
	assert_pair_counts_once(&spans[0], &spans[1], 50);
	/* in batches of their own the inner one waits for it */
	for (int i = 0; i < 2; i++) {
		tell(w, &spans[i]);
		assert_int_equal(end_batch(w), i);
	}
	assert_int_equal(w->input, 50);
	assert_int_equal(promoted(w), 0);
	world_free(w);
}

static void where_only_the_inner_one_knows_the_counts_it_counts(void **state)
{
	struct told spans[] = {
		{ .id = 1, .role = ROLE_EMBEDDING, .scope = "gen_ai", .producer = PRODUCER_FRAMEWORK },
		{ .id = 2, .parent = 1, .role = ROLE_EMBEDDING, .scope = "gen_ai", .producer = PRODUCER_FRAMEWORK,
		  .input = 700 },
	};

	(void)state;
	for (int first = 0; first < 2; first++) {
		struct world *w = world_new();
		tell(w, &spans[first]);
		(void)end_batch(w);
		tell(w, &spans[1 - first]);
		(void)end_batch(w);
		assert_int_equal(w->input, 700);
		assert_int_equal(w->counted + promoted(w), 1);
		world_free(w);
	}
}

static void an_agent_without_calls_inside_counts_when_its_trace_is_silent(void **state)
{
	static const struct told spans[] = {
		{ .id = 2, .parent = 1, .role = ROLE_TOOL },
		{ .id = 3, .parent = 1, .role = ROLE_CHAIN, .claims = true, .input = 700, .output = 30 },
		{ .id = 1, .role = ROLE_AGENT, .claims = true, .input = 700, .output = 30 },
	};
	struct world *w = world_new();
	struct buf record = BUF_INIT;
	uint64_t now_s = 1000;

	(void)state;
	assert_false(counting_promote(w->counting, now_s, false, &record));
	for (int i = 0; i < 3; i++)
		tell(w, &spans[i]);
	assert_int_equal(end_batch(w), 0);
	assert_false(counting_promote(w->counting, now_s + COUNTING_SILENCE_S / 2, false, &record));
	assert_true(counting_promote(w->counting, now_s + COUNTING_SILENCE_S + 1, false, &record));
	assert_true(slice_equal(buf_view(&record), SLICE("held")));
	/* the inner one did */
	assert_false(counting_promote(w->counting, now_s + COUNTING_SILENCE_S + 1, true, &record));
	tell(w, &spans[1]); /* and is not counted once more */
	assert_int_equal(end_batch(w), 0);
	assert_false(counting_promote(w->counting, now_s + 1000, true, &record));
	buf_release(&record);
	world_free(w);
}

static void usage_repeated_below_a_counted_call_is_not_promoted(void **state)
{
	static const struct told spans[] = {
		{ .id = 2, .parent = 1, .role = ROLE_CHAIN, .claims = true, .input = 700, .output = 30 },
		{ .id = 1, .role = ROLE_LLM, .input = 700, .output = 30 },
	};
	struct world *w = world_new();
	struct buf record = BUF_INIT;

	(void)state;
	tell(w, &spans[0]);
	tell(w, &spans[1]);
	assert_int_equal(end_batch(w), 1);
	assert_false(counting_promote(w->counting, 0, true, &record));
	buf_release(&record);
	world_free(w);
}

static void the_counted_call_takes_over_what_only_the_other_one_says(void **state)
{
	static const struct told outer = { .id = 1, .role = ROLE_LLM, .scope = "langchain", .input = 50, .output = 5 };
	static const struct told inner = { .id = 2, .parent = 1, .role = ROLE_LLM, .scope = "openai", .input = 50,
					   .output = 5 };
	struct world *w = world_new();

	(void)state;
	tell(w, &inner);
	tell(w, &outer);
	w->calls[1].feature = SLICE("search");
	tokens_set(&w->calls[1].tokens, TOKENS_CACHE_READ, 32);
	counting_decide(w->counting, &w->batch, w->calls);
	assert_true(w->calls[0].counted);
	assert_true(slice_equal(w->calls[0].feature, SLICE("search")));
	assert_int_equal(tokens_get(&w->calls[0].tokens, TOKENS_CACHE_READ), 32);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_framework_around_a_provider_counts_once),
		cmocka_unit_test(the_innermost_counts_whatever_the_outer_one_says),
		cmocka_unit_test(an_outer_one_that_may_lack_the_cache_waits_for_the_inner_one),
		cmocka_unit_test(agents_that_repeat_the_sum_do_not_count),
		cmocka_unit_test(a_span_in_between_that_is_no_model_span_connects),
		cmocka_unit_test(an_embedding_inside_a_chat_is_another_call),
		cmocka_unit_test(where_only_the_outer_one_knows_the_counts_it_counts),
		cmocka_unit_test(where_only_the_inner_one_knows_the_counts_it_counts),
		cmocka_unit_test(an_agent_without_calls_inside_counts_when_its_trace_is_silent),
		cmocka_unit_test(usage_repeated_below_a_counted_call_is_not_promoted),
		cmocka_unit_test(the_counted_call_takes_over_what_only_the_other_one_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
