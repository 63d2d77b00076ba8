/* SPDX-License-Identifier: Apache-2.0
 * Spans as they are told, in batches, and how many calls of them count.
 */
#ifndef PLIMSOLL_TESTS_COUNTING_RIG_H
#define PLIMSOLL_TESTS_COUNTING_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

#include "agent/counting/counting_priv.h"

#define MS    UINT64_C(1000000)
#define START UINT64_C(1760000000000000000)
#define MANY  4096

/* One span as it is told; id 0 of parent: a root. */
struct told {
	uint8_t trace, id, parent;
	enum call_role role; /* ROLE_NONE: no model span */
	bool claims;         /* repeats usage without being a call */
	const char *scope, *model, *answer;
	uint64_t input, output; /* 0: not told */
	unsigned from_ms, to_ms;
	enum producer producer;
	bool doubtful; /* its producer miscounts */
	bool blind;    /* cached tokens may be missing from its input */
};

struct world {
	struct counting *counting;
	struct arena arena;
	struct call calls[MANY];
	size_t call_count;
	struct counting_batch batch;
	uint64_t counted, input, output; /* in all batches */
};

static inline struct world *world_new(void)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	w->counting = counting_new(4 << 20);
	assert_non_null(w->counting);
	arena_init(&w->arena, 16 << 20);
	w->batch.arena = &w->arena;
	return w;
}

static inline void world_free(struct world *w)
{
	counting_free(w->counting);
	arena_release(&w->arena);
	free(w);
}

static uint64_t trace_base; /* so that rounds of a property have traces of their own */

static inline void ids_of(const struct told *t, uint8_t trace_id[16], uint8_t span_id[8], uint8_t parent_id[8])
{
	memset(trace_id, 0, 16);
	memset(span_id, 0, 8);
	memset(parent_id, 0, 8);
	memcpy(trace_id, &trace_base, sizeof(trace_base));
	trace_id[15] = (uint8_t)(t->trace + 1);
	span_id[7] = t->id;
	parent_id[7] = t->parent;
}

static inline void make_call(const struct told *t, struct call *c)
{
	uint8_t parent_id[8];

	memset(c, 0, sizeof(*c));
	ids_of(t, c->trace_id, c->span_id, parent_id);
	c->role = t->role;
	c->counted = t->role == ROLE_LLM || t->role == ROLE_EMBEDDING || t->role == ROLE_RERANK;
	c->wrapper = t->claims;
	c->scope = slice_of(t->scope != NULL ? t->scope : "lib");
	c->request_model = slice_of(t->model != NULL ? t->model : "gpt-4o");
	c->response_id = t->answer != NULL ? slice_of(t->answer) : SLICE_NONE;
	c->producer = t->producer;
	c->usage_is_doubtful = t->doubtful;
	c->usage_may_lack_cache = t->blind;
	c->start_unix_ns = START + t->from_ms * MS;
	c->end_unix_ns = START + (t->to_ms > 0 ? t->to_ms : 1000) * MS;
	if (t->input > 0)
		tokens_set(&c->tokens, TOKENS_INPUT, t->input);
	if (t->output > 0)
		tokens_set(&c->tokens, TOKENS_OUTPUT, t->output);
}

static inline void tell(struct world *w, const struct told *t)
{
	uint8_t trace_id[16], span_id[8], parent_id[8];
	uint32_t index = COUNTING_NO_CALL;

	if (t->role != ROLE_NONE) {
		index = (uint32_t)w->call_count++;
		make_call(t, &w->calls[index]);
	}
	ids_of(t, trace_id, span_id, parent_id);
	assert_false(FAILED(counting_note(&w->batch, trace_id, span_id, t->parent != 0 ? parent_id : NULL, index)));
}

static inline void tell_log(struct world *w, const struct told *t)
{
	struct call *c = &w->calls[w->call_count];

	make_call(t, c);
	memcpy(c->parent_span_id, c->span_id, sizeof(c->parent_span_id));
	c->has_parent = true;
	c->told_late = true;
	c->start_unix_ns = c->end_unix_ns;
	assert_false(FAILED(counting_note_log(&w->batch, c, (uint32_t)w->call_count++)));
}

/* Decides the batch, and starts another one. Returns how many calls of it count. */
static inline unsigned end_batch(struct world *w)
{
	unsigned counted = 0;

	counting_decide(w->counting, &w->batch, w->calls);
	for (size_t i = 0; i < w->call_count; i++)
		if (w->calls[i].counted) {
			counted++;
			w->input += tokens_get(&w->calls[i].tokens, TOKENS_INPUT);
			w->output += tokens_get(&w->calls[i].tokens, TOKENS_OUTPUT);
		}
	for (size_t i = 0; i < w->batch.count; i++)
		if (w->batch.spans[i].verdict == COUNTING_HELD)
			counting_hold(w->counting, &w->batch.spans[i], &w->calls[w->batch.spans[i].call],
				      SLICE("held"));
	w->counted += counted;
	w->call_count = 0;
	w->batch = (struct counting_batch){ .arena = &w->arena };
	arena_reset(&w->arena);
	return counted;
}

/* How many of those that were held count after all. */
static inline unsigned promoted(struct world *w)
{
	struct buf record = BUF_INIT;
	unsigned counted = 0;

	while (counting_promote(w->counting, 1, true, &record))
		counted++;
	buf_release(&record);
	return counted;
}

/* Both in one batch are one call, of so many tokens in. */
static inline void assert_pair_counts_once(const struct told *first, const struct told *second, uint64_t input)
{
	struct world *w = world_new();

	tell(w, first);
	tell(w, second);
	assert_int_equal(end_batch(w), 1);
	assert_int_equal(w->input, input);
	world_free(w);
}

static inline unsigned counted_together(const struct told *spans, size_t n)
{
	struct world *w = world_new();

	for (size_t i = 0; i < n; i++)
		tell(w, &spans[i]);
	unsigned counted = end_batch(w) + promoted(w);
	world_free(w);
	return counted;
}

static inline unsigned counted_one_by_one(const struct told *spans, size_t n)
{
	struct world *w = world_new();
	unsigned counted = 0;

	for (size_t i = 0; i < n; i++) {
		tell(w, &spans[i]);
		counted += end_batch(w);
	}
	counted += promoted(w);
	world_free(w);
	return counted;
}

/* In one batch, in batches of their own, and each of it in the other order. */
static inline void assert_counts(struct told *spans, size_t n, unsigned want)
{
	for (int order = 0; order < 2; order++) {
		assert_int_equal(counted_together(spans, n), want);
		assert_int_equal(counted_one_by_one(spans, n), want);
		for (size_t i = 0; i < n / 2; i++) {
			struct told t = spans[i];
			spans[i] = spans[n - 1 - i];
			spans[n - 1 - i] = t;
		}
	}
}

#define ASSERT_COUNTS(spans, want) assert_counts(spans, sizeof(spans) / sizeof((spans)[0]), want)

#endif
