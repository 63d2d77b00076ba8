/* SPDX-License-Identifier: Apache-2.0
 * Whatever the order, the batches, the repetitions and the threads: the same calls count, each once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <pthread.h>

#include "tests/unit/counting_rig.h"

#define TRACES 12

static const struct told tree[] = {
	{ .id = 1, .role = ROLE_AGENT, .claims = true, .input = 1300, .output = 60 },
	{ .id = 2, .parent = 1, .role = ROLE_CHAIN },
	{ .id = 3, .parent = 2, .role = ROLE_LLM, .scope = "langchain", .input = 500, .output = 20, .from_ms = 100,
	  .to_ms = 400 },
	{ .id = 4, .parent = 3, .role = ROLE_LLM, .scope = "openai", .answer = "a", .input = 500, .output = 20,
	  .from_ms = 110, .to_ms = 390 },
	{ .id = 5, .parent = 2, .role = ROLE_TOOL },
	{ .id = 6, .parent = 5, .role = ROLE_EMBEDDING, .input = 30, .from_ms = 410, .to_ms = 430 },
	{ .id = 7, .parent = 2, .role = ROLE_LLM, .scope = "langchain", .answer = "b", .input = 800, .output = 40,
	  .from_ms = 500, .to_ms = 900 },
	{ .id = 8, .parent = 2, .role = ROLE_LLM, .scope = "openai", .answer = "b", .input = 800, .output = 40,
	  .from_ms = 510, .to_ms = 890 },
	{ .id = 9, .parent = 1 },
};

#define TREE_SPANS (sizeof(tree) / sizeof(tree[0]))
#define TREE_CALLS 3u
#define TREE_INPUT 1330u

static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	return *seed ^= *seed << 17;
}

static void shuffle(struct told *spans, size_t n, uint64_t *seed)
{
	for (size_t i = n; i > 1; i--) {
		size_t j = next_random(seed) % i;
		struct told t = spans[i - 1];
		spans[i - 1] = spans[j];
		spans[j] = t;
	}
}

static void any_order_in_any_batches_with_repetitions_gives_the_same_totals(void **state)
{
	struct told spans[TRACES * TREE_SPANS * 2];
	uint64_t seed = 42;
	struct buf record = BUF_INIT;

	(void)state;
	for (int round = 0; round < 200; round++) {
		struct world *w = world_new();
		size_t n = 0;
		for (uint8_t trace = 0; trace < TRACES; trace++)
			for (size_t i = 0; i < TREE_SPANS; i++)
				for (int copies = next_random(&seed) % 4 == 0 ? 2 : 1; copies > 0; copies--) {
					spans[n] = tree[i];
					spans[n++].trace = trace;
				}
		shuffle(spans, n, &seed);
		for (size_t i = 0; i < n; i++) {
			tell(w, &spans[i]);
			if (next_random(&seed) % 8 == 0)
				end_batch(w);
		}
		end_batch(w);
		assert_int_equal(w->counted, TRACES * TREE_CALLS);
		assert_int_equal(w->input, TRACES * TREE_INPUT);
		assert_false(counting_promote(w->counting, 0, true, &record));
		world_free(w);
	}
	buf_release(&record);
}

/* More spans than the table holds: nothing breaks, and what is new still counts. */
static void a_full_table_forgets_the_oldest(void **state)
{
	struct world *w = world_new();

	(void)state;
	for (trace_base = 1; trace_base <= 20000; trace_base++) {
		for (size_t i = 0; i < TREE_SPANS; i++)
			tell(w, &tree[i]);
		if (trace_base % 100 == 0)
			end_batch(w);
	}
	trace_base = 0;
	assert_int_equal(w->counted, 20000 * TREE_CALLS);
	world_free(w);
}

/* Spans of a batch are numbered; after four billion of them the numbers begin anew. */
static void numbers_that_begin_anew_are_no_older_spans_numbers(void **state)
{
	struct world *w = world_new();

	(void)state;
	tell(w, &(struct told){ .id = 1, .role = ROLE_LLM, .scope = "langchain", .answer = "a", .input = 500,
				.output = 20, .producer = PRODUCER_FRAMEWORK });
	assert_int_equal(end_batch(w), 1);
	w->counting->spans = UINT32_MAX - 1;
	tell(w, &(struct told){ .id = 3, .role = ROLE_LLM, .scope = "openai", .answer = "b", .input = 7, .output = 7 });
	tell(w, &(struct told){ .id = 2, .role = ROLE_LLM, .scope = "openai", .answer = "a", .input = 500, .output = 20,
				.producer = PRODUCER_VENDOR_SDK });
	assert_int_equal(end_batch(w), 1);
	assert_int_equal(w->input, 507);
	world_free(w);
}

#define THREADS 4

struct sender {
	struct counting *counting;
	unsigned counted;
};

/* All send the same spans. */
static void *send(void *context)
{
	struct sender *s = context;
	struct call calls[TREE_SPANS];
	struct arena arena;

	arena_init(&arena, 1 << 20);
	for (uint8_t trace = 0; trace < 200; trace++) {
		struct counting_batch b = { .arena = &arena };
		for (size_t i = 0; i < TREE_SPANS; i++) {
			uint8_t trace_id[16], span_id[8], parent_id[8];
			struct told t = tree[i];
			t.trace = trace;
			ids_of(&t, trace_id, span_id, parent_id);
			make_call(&t, &calls[i]);
			struct status noted = counting_note(&b, trace_id, span_id, t.parent != 0 ? parent_id : NULL,
							    (uint32_t)i);
			s->counted += FAILED(noted);
		}
		counting_decide(s->counting, &b, calls);
		for (size_t i = 0; i < TREE_SPANS; i++)
			s->counted += calls[i].counted;
		arena_reset(&arena);
	}
	arena_release(&arena);
	return NULL;
}

static void threads_that_send_the_same_count_it_once(void **state)
{
	struct counting *counting = counting_new(4 << 20);
	struct sender senders[THREADS];
	pthread_t threads[THREADS];
	unsigned counted = 0;

	(void)state;
	for (int i = 0; i < THREADS; i++) {
		senders[i] = (struct sender){ counting, 0 };
		assert_int_equal(pthread_create(&threads[i], NULL, send, &senders[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		counted += senders[i].counted;
	}
	assert_int_equal(counted, 200 * TREE_CALLS);
	counting_free(counting);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_order_in_any_batches_with_repetitions_gives_the_same_totals),
		cmocka_unit_test(a_full_table_forgets_the_oldest),
		cmocka_unit_test(numbers_that_begin_anew_are_no_older_spans_numbers),
		cmocka_unit_test(threads_that_send_the_same_count_it_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
