/* SPDX-License-Identifier: Apache-2.0
 * tests/bench/bench_counting.c - nanoseconds to note and decide one span, in batches of 512, with a full table of 32 MiB.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "agent/base/hash.h"
#include "agent/counting/counting.h"

#define BATCH   512u
#define BATCHES 4000u

static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Span i: of calls_in 8 spans this many are calls; the others are plain spans around them. */
static void make(struct call *c, uint64_t i, unsigned calls_in_8, char answer[24])
{
	uint64_t ids[] = { hash_mix(i / 8, 1), hash_mix(i / 8, 2), hash_mix(i, 3), hash_mix(i / 8, 4) };

	memset(c, 0, sizeof(*c));
	memcpy(c->trace_id, ids, sizeof(c->trace_id));
	memcpy(c->span_id, &ids[2], sizeof(c->span_id));
	memcpy(c->parent_span_id, &ids[3], sizeof(c->parent_span_id));
	c->role = i % 8 < calls_in_8 ? ROLE_LLM : ROLE_NONE;
	c->counted = c->role == ROLE_LLM;
	c->scope = SLICE("openinference.instrumentation.openai");
	c->request_model = SLICE("gpt-4o");
	c->response_model = SLICE("gpt-4o-2024-08-06");
	c->response_id = (struct slice){ answer, (size_t)snprintf(answer, 24, "chatcmpl-%llu", (unsigned long long)i) };
	c->start_unix_ns = UINT64_C(1760000000000000000) + i * 100000;
	c->end_unix_ns = c->start_unix_ns + 900000000;
	tokens_set(&c->tokens, TOKENS_INPUT, 400 + i % 97);
	tokens_set(&c->tokens, TOKENS_OUTPUT, 80 + i % 89);
}

static void measure(const char *name, unsigned calls_in_8)
{
	static struct call calls[BATCH];
	static char answers[BATCH][24];
	struct counting *counting = counting_new(32u << 20);
	struct arena arena;
	uint64_t spent = 0, counted = 0;

	if (counting == NULL)
		exit(1);
	arena_init(&arena, 16u << 20);
	for (uint64_t n = 0; n < BATCHES; n++) {
		struct counting_batch b = { .arena = &arena, .counting = counting };
		for (uint64_t i = 0; i < BATCH; i++)
			make(&calls[i], n * BATCH + i, calls_in_8, answers[i]);
		uint64_t before = cpu_ns();
		for (uint32_t i = 0; i < BATCH; i++) {
			const struct call *c = &calls[i];
			struct status s = counting_note(&b, c->trace_id, c->span_id, c->parent_span_id,
							c->counted ? i : COUNTING_NO_CALL);
			if (FAILED(s))
				exit(1);
		}
		counting_decide(counting, &b, calls);
		if (n >= BATCHES / 4) /* the table is full */
			spent += cpu_ns() - before;
		for (uint32_t i = 0; i < BATCH; i++)
			counted += calls[i].counted;
		arena_reset(&arena);
	}
	printf("counting %-22s %7u spans  %5.0f ns/span  %llu counted\n", name, BATCHES * BATCH,
	       (double)spent / (BATCHES - BATCHES / 4) / BATCH, (unsigned long long)counted);
	arena_release(&arena);
	counting_free(counting);
}

int main(void)
{
	measure("all calls", 8);
	measure("one call in 8 spans", 1);
	measure("no calls", 0);
	return 0;
}
