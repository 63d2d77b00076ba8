/* SPDX-License-Identifier: Apache-2.0
 * Chunks of many threads are taken in order, all at once, and never more of them wait than the limit allows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "agent/daemon/chunk_queue.h"

#define THREADS         4
#define CHUNKS_A_THREAD 500

struct numbered {
	struct chunk link;
	int giver, number;
};

static struct chunk_queue queue;

static struct chunk *chunk(int giver, int number, size_t size_bytes)
{
	struct numbered *n = malloc(sizeof(*n));

	assert_non_null(n);
	*n = (struct numbered){ .link.size_bytes = size_bytes, .giver = giver, .number = number };
	return &n->link;
}

/* Frees what waits; the number of the chunks. */
static int take_all(int *last_number_of_giver)
{
	int count = 0;

	for (struct chunk *c = chunk_queue_take(&queue), *next; c != NULL; c = next, count++) {
		const struct numbered *n = (const struct numbered *)c;
		next = c->next;
		assert_int_equal(n->number, ++last_number_of_giver[n->giver]);
		free(c);
	}
	return count;
}

static void chunks_are_taken_in_the_order_they_came(void **state)
{
	int last = 0;

	(void)state;
	chunk_queue_init(&queue, 1000);
	assert_null(chunk_queue_take(&queue));
	for (int i = 1; i <= 3; i++)
		assert_true(chunk_queue_push(&queue, chunk(0, i, 10)));
	assert_int_equal(take_all(&last), 3);
	assert_null(chunk_queue_take(&queue));
	chunk_queue_release(&queue);
}

static void a_full_queue_refuses_until_it_is_taken(void **state)
{
	int last = 0;

	(void)state;
	chunk_queue_init(&queue, 100);
	assert_false(chunk_queue_push(&queue, chunk(0, 9, 101)));
	assert_true(chunk_queue_push(&queue, chunk(0, 1, 60)));
	assert_false(chunk_queue_push(&queue, chunk(0, 9, 41)));
	assert_true(chunk_queue_push(&queue, chunk(0, 2, 40)));
	assert_int_equal(take_all(&last), 2);
	assert_true(chunk_queue_push(&queue, chunk(0, 3, 100)));
	chunk_queue_release(&queue); /* frees what still waits: a sanitizer sees it */
}

static void *give(void *context)
{
	for (int i = 1; i <= CHUNKS_A_THREAD; i++)
		if (!chunk_queue_push(&queue, chunk(*(int *)context, i, 1)))
			return NULL;
	return context;
}

static void no_chunk_of_several_threads_is_lost(void **state)
{
	pthread_t threads[THREADS];
	int givers[THREADS] = { 0, 1, 2, 3 }, last[THREADS] = { 0 }, count = 0;
	void *good;

	(void)state;
	chunk_queue_init(&queue, (size_t)THREADS * CHUNKS_A_THREAD);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, give, &givers[i]), 0);
	for (int i = 0; i < 100; i++)
		count += take_all(last);
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], &good), 0);
		assert_non_null(good);
	}
	assert_int_equal(count + take_all(last), THREADS * CHUNKS_A_THREAD);
	chunk_queue_release(&queue);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chunks_are_taken_in_the_order_they_came),
		cmocka_unit_test(a_full_queue_refuses_until_it_is_taken),
		cmocka_unit_test(no_chunk_of_several_threads_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
