/* SPDX-License-Identifier: Apache-2.0
 * Each model call counts once, however many spans tell of it, in whatever order and batches they come.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdlib.h>

#include "agent/base/meter.h"
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

static struct world *world_new(void)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	w->counting = counting_new(4 << 20);
	assert_non_null(w->counting);
	arena_init(&w->arena, 16 << 20);
	w->batch.arena = &w->arena;
	return w;
}

static void world_free(struct world *w)
{
	counting_free(w->counting);
	arena_release(&w->arena);
	free(w);
}

static uint64_t trace_base; /* so that rounds of a property have traces of their own */

static void ids_of(const struct told *t, uint8_t trace_id[16], uint8_t span_id[8], uint8_t parent_id[8])
{
	memset(trace_id, 0, 16);
	memset(span_id, 0, 8);
	memset(parent_id, 0, 8);
	memcpy(trace_id, &trace_base, sizeof(trace_base));
	trace_id[15] = (uint8_t)(t->trace + 1);
	span_id[7] = t->id;
	parent_id[7] = t->parent;
}

static void make_call(const struct told *t, struct call *c)
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

static void tell(struct world *w, const struct told *t)
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

static void tell_log(struct world *w, const struct told *t)
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
static unsigned end_batch(struct world *w)
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
			counting_hold(w->counting, &w->batch.spans[i], &w->calls[w->batch.spans[i].call], SLICE("held"));
	w->counted += counted;
	w->call_count = 0;
	w->batch = (struct counting_batch){ .arena = &w->arena };
	arena_reset(&w->arena);
	return counted;
}

/* How many of those that were held count after all. */
static unsigned promoted(struct world *w)
{
	struct buf record = BUF_INIT;
	unsigned counted = 0;

	while (counting_promote(w->counting, 1, true, &record))
		counted++;
	buf_release(&record);
	return counted;
}

static unsigned counted_together(const struct told *spans, size_t n)
{
	struct world *w = world_new();

	for (size_t i = 0; i < n; i++)
		tell(w, &spans[i]);
	unsigned counted = end_batch(w) + promoted(w);
	world_free(w);
	return counted;
}

static unsigned counted_one_by_one(const struct told *spans, size_t n)
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
static void assert_counts(struct told *spans, size_t n, unsigned want)
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

static void calls_of_their_own_all_count(void **state)
{
	struct told spans[] = {
		{ .id = 1, .role = ROLE_LLM, .input = 10, .output = 5 },
		{ .id = 2, .role = ROLE_LLM, .input = 10, .output = 5 },
		{ .trace = 1, .id = 1, .role = ROLE_LLM, .input = 10, .output = 5 },
		{ .trace = 1, .id = 2, .parent = 3, .role = ROLE_EMBEDDING, .input = 10 },
	};

	(void)state;
	ASSERT_COUNTS(spans, 4);
}

/* DataDog/dd-trace-js#8936, livekit/agents#2905, mlflow/mlflow#24307 */
static void a_framework_around_a_provider_counts_once(void **state)
{
	struct told spans[] = {
		{ .id = 3, .parent = 2, .role = ROLE_LLM, .scope = "anthropic", .input = 2000, .output = 90, .from_ms = 12, .to_ms = 900 },
		{ .id = 2, .parent = 1, .role = ROLE_LLM, .scope = "langchain", .input = 2000, .output = 90, .from_ms = 10, .to_ms = 910 },
		{ .id = 1, .role = ROLE_CHAIN },
	};

	(void)state;
	ASSERT_COUNTS(spans, 1);
}

static void the_innermost_counts_whatever_the_outer_one_says(void **state)
{
	static const struct told inner = { .id = 2, .parent = 1, .role = ROLE_LLM, .scope = "anthropic", .input = 2000, .output = 90 };
	static const struct told outer = { .id = 1, .role = ROLE_LLM, .scope = "langchain", .input = 100, .output = 90 };
	struct world *w = world_new();

	(void)state;
	tell(w, &outer);
	tell(w, &inner);
	assert_int_equal(end_batch(w), 1);
	assert_int_equal(w->input, 2000);
	world_free(w);
}

/* DataDog/dd-trace-py#18868: the framework's count leaves cached tokens out, and its span is the first to come. */
static void an_outer_one_that_may_lack_the_cache_waits_for_the_inner_one(void **state)
{
	static const struct told outer = { .id = 1, .role = ROLE_LLM, .scope = "langchain", .input = 600, .output = 90,
					   .producer = PRODUCER_FRAMEWORK, .blind = true };
	static const struct told inner = { .id = 2, .parent = 1, .role = ROLE_LLM, .scope = "anthropic", .input = 2000, .output = 90,
					   .producer = PRODUCER_INSTRUMENTATION };
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
 * Agenta-AI/agenta#5717, opensearch-project/OpenSearch-Dashboards#11655, braintrustdata/braintrust-sdk-javascript#1379 */
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

/* Arize-ai/openinference#2101 */
static void siblings_with_one_answer_id_are_one_call(void **state)
{
	struct told spans[] = {
		{ .id = 2, .parent = 1, .role = ROLE_LLM, .scope = "openinference", .answer = "chatcmpl-1", .input = 50, .output = 5 },
		{ .id = 3, .parent = 1, .role = ROLE_LLM, .scope = "openllmetry", .answer = "chatcmpl-1", .input = 50, .output = 5 },
	};

	(void)state;
	ASSERT_COUNTS(spans, 1);
}

static void siblings_of_two_instrumentations_without_ids_are_one_call(void **state)
{
	struct told spans[] = {
		{ .id = 2, .parent = 1, .role = ROLE_LLM, .scope = "openinference", .input = 50, .output = 5, .from_ms = 10, .to_ms = 500 },
		{ .id = 3, .parent = 1, .role = ROLE_LLM, .scope = "openllmetry", .input = 50, .output = 5, .from_ms = 9, .to_ms = 501 },
	};

	(void)state;
	ASSERT_COUNTS(spans, 1);
}

static void roots_of_two_traces_are_one_call_where_client_and_framework_tell_it(void **state)
{
	struct told spans[] = {
		{ .trace = 1, .id = 2, .role = ROLE_LLM, .scope = "sdk", .producer = PRODUCER_VENDOR_SDK, .input = 50, .output = 5, .from_ms = 10, .to_ms = 500 },
		{ .trace = 2, .id = 3, .role = ROLE_LLM, .scope = "langchain", .producer = PRODUCER_FRAMEWORK, .input = 50, .output = 5, .from_ms = 9, .to_ms = 501 },
	};

	(void)state;
	ASSERT_COUNTS(spans, 1);
	spans[1].from_ms = 600;
	spans[1].to_ms = 1100;
	ASSERT_COUNTS(spans, 2);
}

static void a_clients_root_is_the_call_that_a_framework_tells_of_deep_in_its_own_trace(void **state)
{
	struct told spans[] = {
		{ .trace = 1, .id = 2, .role = ROLE_LLM, .scope = "sdk", .producer = PRODUCER_VENDOR_SDK, .input = 50, .output = 5, .from_ms = 10, .to_ms = 500 },
		{ .trace = 2, .id = 3, .parent = 4, .role = ROLE_LLM, .scope = "langchain", .producer = PRODUCER_FRAMEWORK, .input = 50, .output = 5, .from_ms = 9, .to_ms = 501 },
	};

	(void)state;
	ASSERT_COUNTS(spans, 1);
	spans[0].input = 51; /* another call */
	ASSERT_COUNTS(spans, 2);
	spans[0].input = 50;
	spans[0].parent = 5; /* of some other work */
	ASSERT_COUNTS(spans, 2);
	spans[0].parent = spans[1].parent = 0;
	spans[1].producer = PRODUCER_VENDOR_SDK;
	ASSERT_COUNTS(spans, 2);
}

static void retries_are_real_spend(void **state)
{
	struct told spans[] = {
		{ .id = 2, .parent = 1, .role = ROLE_LLM, .from_ms = 0, .to_ms = 100 },
		{ .id = 3, .parent = 1, .role = ROLE_LLM, .input = 50, .output = 5, .from_ms = 110, .to_ms = 200 },
		{ .id = 4, .parent = 1, .role = ROLE_LLM, .input = 50, .output = 5, .from_ms = 210, .to_ms = 300 },
	};

	(void)state;
	ASSERT_COUNTS(spans, 3);
}

static void ids_that_the_client_made_up_say_nothing(void **state)
{
	struct told spans[] = {
		{ .id = 2, .parent = 1, .role = ROLE_LLM, .answer = "aitxt-1", .input = 50, .output = 5 },
		{ .id = 3, .parent = 1, .role = ROLE_LLM, .answer = "aitxt-1", .input = 50, .output = 5 },
	};

	(void)state;
	ASSERT_COUNTS(spans, 2);
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
	tell(w, &spans[0]);
	tell(w, &spans[1]);
	assert_int_equal(end_batch(w), 1);
	assert_int_equal(w->input, 50);
	world_free(w);
	w = world_new(); /* in batches of their own the inner one waits for it */
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
		{ .id = 2, .parent = 1, .role = ROLE_EMBEDDING, .scope = "gen_ai", .producer = PRODUCER_FRAMEWORK, .input = 700 },
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

static void a_request_sent_again_adds_nothing_but_looks_the_same(void **state)
{
	static const struct told span = { .id = 1, .role = ROLE_LLM, .input = 50, .output = 5 };
	struct world *w = world_new();

	(void)state;
	tell(w, &span);
	tell(w, &span);
	counting_decide(w->counting, &w->batch, w->calls);
	assert_int_equal(w->batch.spans[0].verdict, COUNTING_COUNTED);
	assert_int_equal(w->batch.spans[1].verdict, COUNTING_REPEATED_COUNTED);
	assert_false(w->calls[1].counted);
	world_free(w);
}

static void a_half_written_span_is_completed_by_the_later_one(void **state)
{
	static const struct told half = { .id = 1, .role = ROLE_LLM };
	static const struct told whole = { .id = 1, .role = ROLE_LLM, .input = 50, .output = 5 };
	struct world *w = world_new();

	(void)state;
	tell(w, &half);
	tell(w, &whole);
	assert_int_equal(end_batch(w), 1);
	assert_int_equal(w->input, 50);
	world_free(w);
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
	assert_false(counting_promote(w->counting, now_s + COUNTING_SILENCE_S + 1, true, &record)); /* the inner one did */
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

/* A log record is written in the context of the call's span, or of the one around it. */
static void a_log_record_and_a_span_tell_of_one_call_and_the_span_counts(void **state)
{
	static const struct told span = { .id = 2, .parent = 1, .role = ROLE_LLM, .answer = "r1", .input = 50, .output = 5 };
	struct told log = span;

	(void)state;
	for (uint8_t context = 1; context <= 2; context++)
		for (int order = 0; order < 2; order++) {
			struct world *w = world_new();
			log.id = context;
			order == 0 ? tell_log(w, &log) : tell(w, &span);
			assert_int_equal(end_batch(w), order);
			order == 0 ? tell(w, &span) : tell_log(w, &log);
			assert_int_equal(end_batch(w), 1 - order);
			tell_log(w, &log);
			assert_int_equal(end_batch(w), 0);
			assert_int_equal(promoted(w), 0);
			world_free(w);
		}
}

static void a_log_record_counts_where_no_span_comes(void **state)
{
	static const struct told log = { .id = 2, .parent = 1, .role = ROLE_LLM, .answer = "r1", .input = 50, .output = 5 };
	struct buf record = BUF_INIT;
	struct world *w = world_new();

	(void)state;
	assert_false(counting_promote(w->counting, 1000, false, &record));
	tell_log(w, &log);
	assert_int_equal(end_batch(w), 0);
	assert_false(counting_promote(w->counting, 1000 + COUNTING_PATIENCE_S - 1, false, &record));
	assert_true(counting_promote(w->counting, 1000 + COUNTING_PATIENCE_S, false, &record));
	tell(w, &log); /* late: what was counted is not taken back */
	assert_int_equal(end_batch(w), 0);
	buf_release(&record);
	world_free(w);
}

static void a_log_record_of_a_vendors_own_program_counts_at_once(void **state)
{
	struct told log = { .id = 2, .parent = 1, .role = ROLE_LLM, .answer = "r1", .input = 50, .output = 5 };
	struct world *w = world_new();

	(void)state;
	log.producer = PRODUCER_VENDOR_SDK;
	tell_log(w, &log);
	assert_int_equal(end_batch(w), 1);
	tell(w, &log);
	assert_int_equal(end_batch(w), 0);
	world_free(w);
}

/* The note of a stream that has ended, in a trace of its own and a while later, as Logfire writes it. */
static void a_late_note_in_another_trace_tells_of_the_same_call(void **state)
{
	static const struct told span = { .id = 2, .parent = 1, .role = ROLE_LLM, .scope = "anthropic", .input = 50, .output = 5,
					  .from_ms = 5, .to_ms = 300, .producer = PRODUCER_VENDOR_SDK };
	static const struct told note = { .trace = 1, .id = 3, .role = ROLE_LLM, .scope = "logfire", .input = 50, .output = 5,
					  .from_ms = 700, .to_ms = 870, .producer = PRODUCER_INSTRUMENTATION };

	(void)state;
	for (int order = 0; order < 2; order++) {
		struct world *w = world_new();
		for (int i = 0; i < 2; i++) {
			tell(w, i == order ? &span : &note);
			w->calls[0].told_late = i != order;
			(void)end_batch(w);
		}
		assert_int_equal(w->counted + promoted(w), 1);
		world_free(w);
	}
}

static void who_miscounts_gives_way_to_who_knows_better(void **state)
{
	static const struct told exact = { .id = 2, .role = ROLE_LLM, .scope = "vendor", .answer = "r1", .input = 50, .output = 5,
					   .producer = PRODUCER_VENDOR_SDK };
	static const struct told doubtful = { .trace = 1, .id = 3, .role = ROLE_LLM, .answer = "r1", .input = 50, .output = 6,
					      .producer = PRODUCER_INSTRUMENTATION, .doubtful = true };

	(void)state;
	for (int way = 0; way < 4; way++) {
		struct world *w = world_new();
		tell(w, way % 2 == 0 ? &doubtful : &exact);
		if (way < 2)
			(void)end_batch(w);
		tell(w, way % 2 == 0 ? &exact : &doubtful);
		(void)end_batch(w);
		assert_int_equal(w->counted, 1);
		assert_int_equal(w->output, 5);
		assert_int_equal(promoted(w), 0);
		world_free(w);
	}
}

static void who_miscounts_counts_where_nobody_else_tells(void **state)
{
	static const struct told spans[] = {
		{ .id = 3, .role = ROLE_LLM, .answer = "r1", .input = 51, .output = 6, .doubtful = true },
	};

	(void)state;
	assert_int_equal(counted_together(spans, 1), 1);
}

static void the_counted_call_takes_over_what_only_the_other_one_says(void **state)
{
	static const struct told outer = { .id = 1, .role = ROLE_LLM, .scope = "langchain", .input = 50, .output = 5 };
	static const struct told inner = { .id = 2, .parent = 1, .role = ROLE_LLM, .scope = "openai", .input = 50, .output = 5 };
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

struct copy {
	struct counting *to;
	unsigned blocks;
};

static void copy_block(void *context, struct slice key, struct slice value)
{
	struct copy *copy = context;

	copy->blocks++;
	assert_false(FAILED(counting_load(copy->to, key, value)));
}

static void what_was_counted_is_known_after_a_restart(void **state)
{
	static const struct told inner = { .id = 2, .parent = 1, .role = ROLE_LLM, .answer = "r1", .input = 50, .output = 5 };
	static const struct told outer = { .id = 1, .role = ROLE_LLM, .input = 50, .output = 5 };
	static const struct told sibling = { .id = 3, .parent = 1, .role = ROLE_LLM, .answer = "r1", .input = 50, .output = 5 };
	struct world *before = world_new(), *after = world_new();
	struct copy copy = { after->counting, 0 };

	(void)state;
	tell(before, &inner);
	assert_int_equal(end_batch(before), 1);
	counting_save(before->counting, false, copy_block, &copy);
	assert_int_equal(copy.blocks, 3); /* the block, where the ring goes on, and who tells by spans */
	counting_save(before->counting, false, copy_block, &copy);
	assert_int_equal(copy.blocks, 3); /* nothing has changed */
	tell(after, &inner);
	tell(after, &outer);
	tell(after, &sibling);
	assert_int_equal(end_batch(after), 0);
	world_free(before);
	world_free(after);
}

static void copy_state(struct world *from, struct world *to)
{
	struct copy copy = { to->counting, 0 };

	counting_save(from->counting, false, copy_block, &copy);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) /* which end at such a size */
static void what_cannot_be_held_is_counted_as_dropped(void **state)
{
	struct meter *dropped = meter_get(METER_DROPPED, "exporter=\"*\",kind=\"held_spans\",reason=\"no_memory\"");
	const struct told alone = { .trace = 1, .id = 1, .role = ROLE_AGENT, .claims = true, .input = 9, .output = 1 };
	struct world *w = world_new();
	int64_t before = meter_value(dropped);

	(void)state;
	tell(w, &alone);
	counting_decide(w->counting, &w->batch, w->calls);
	assert_int_equal(w->batch.spans[0].verdict, COUNTING_HELD);
	counting_hold(w->counting, &w->batch.spans[0], &w->calls[0], (struct slice){ "", SIZE_MAX / 4 });
	assert_int_equal(counting_held(w->counting), 0);
	assert_int_equal(meter_value(dropped), before + 1);
	world_free(w);
}
#endif

static void what_is_held_is_held_after_a_restart(void **state)
{
	static const struct told agent = { .id = 1, .role = ROLE_AGENT, .claims = true, .input = 700, .output = 30 };
	static const struct told call = { .id = 2, .parent = 1, .role = ROLE_LLM, .input = 700, .output = 30 };

	(void)state;
	for (int inside = 0; inside < 2; inside++) {
		struct world *before = world_new(), *after = world_new();
		tell(before, &agent);
		assert_int_equal(end_batch(before), 0);
		copy_state(before, after);
		assert_int_equal(counting_held(after->counting), 1);
		if (inside) {
			tell(after, &call);
			assert_int_equal(end_batch(after), 1);
		}
		assert_int_equal(promoted(after), 1 - inside);
		world_free(before);
		world_free(after);
	}
}

static void count_deletion(void *context, struct slice key, struct slice value)
{
	unsigned *deletions = context;

	if (value.ptr != NULL)
		return;
	assert_int_equal(key.len, 12);
	++*deletions;
}

/* all: the save before it failed. */
static unsigned deletions_asked_for(struct world *w, bool all)
{
	unsigned deletions = 0;

	counting_save(w->counting, all, count_deletion, &deletions);
	return deletions;
}

/* Else a restart would load it, and count it again. */
static void what_waits_no_longer_is_deleted_until_a_save_did_not_fail(void **state)
{
	static const struct told agents[] = {
		{ .id = 1, .role = ROLE_AGENT, .claims = true, .input = 700, .output = 30 },
		{ .trace = 1, .id = 2, .role = ROLE_AGENT, .claims = true, .input = 20, .output = 3 },
	};
	struct world *w = world_new();

	(void)state;
	tell(w, &agents[0]);
	assert_int_equal(end_batch(w), 0);
	assert_int_equal(deletions_asked_for(w, false), 0);
	assert_int_equal(promoted(w), 1);
	assert_int_equal(deletions_asked_for(w, false), 1);
	tell(w, &agents[1]);
	assert_int_equal(end_batch(w), 0);
	assert_int_equal(deletions_asked_for(w, true), 1);
	assert_int_equal(promoted(w), 1);
	assert_int_equal(deletions_asked_for(w, true), 2);
	assert_int_equal(deletions_asked_for(w, false), 0);
	world_free(w);
}

/* The span between them was seen before the restart, and is neither a call nor around one that was seen. */
static void who_is_inside_whom_is_known_after_a_restart(void **state)
{
	static const struct told agent = { .id = 1, .role = ROLE_AGENT, .claims = true, .input = 700, .output = 30 };
	static const struct told between = { .id = 2, .parent = 1 };
	static const struct told call = { .id = 3, .parent = 2, .role = ROLE_LLM, .input = 700, .output = 30 };
	struct world *before = world_new(), *after = world_new();

	(void)state;
	tell(before, &between);
	tell(before, &agent);
	assert_int_equal(end_batch(before), 0);
	copy_state(before, after);
	tell(after, &call);
	assert_int_equal(end_batch(after), 1);
	assert_int_equal(promoted(after), 0);
	world_free(before);
	world_free(after);
}

static void a_damaged_block_is_refused(void **state)
{
	struct world *w = world_new();

	(void)state;
	assert_int_equal(counting_load(w->counting, SLICE("\0\0\0\0"), SLICE("\x09")).code, STATUS_CORRUPT);
	assert_int_equal(counting_load(w->counting, SLICE("\0\0\0\0"), SLICE("\x01\x01zzz")).code, STATUS_CORRUPT);
	assert_int_equal(counting_load(w->counting, SLICE("\0\0"), SLICE("\x01")).code, STATUS_CORRUPT);
	world_free(w);
}

/* ------------------------------------------------------------------ properties */

#define TRACES 12

static const struct told tree[] = {
	{ .id = 1, .role = ROLE_AGENT, .claims = true, .input = 1300, .output = 60 },
	{ .id = 2, .parent = 1, .role = ROLE_CHAIN },
	{ .id = 3, .parent = 2, .role = ROLE_LLM, .scope = "langchain", .input = 500, .output = 20, .from_ms = 100, .to_ms = 400 },
	{ .id = 4, .parent = 3, .role = ROLE_LLM, .scope = "openai", .answer = "a", .input = 500, .output = 20, .from_ms = 110, .to_ms = 390 },
	{ .id = 5, .parent = 2, .role = ROLE_TOOL },
	{ .id = 6, .parent = 5, .role = ROLE_EMBEDDING, .input = 30, .from_ms = 410, .to_ms = 430 },
	{ .id = 7, .parent = 2, .role = ROLE_LLM, .scope = "langchain", .answer = "b", .input = 800, .output = 40, .from_ms = 500, .to_ms = 900 },
	{ .id = 8, .parent = 2, .role = ROLE_LLM, .scope = "openai", .answer = "b", .input = 800, .output = 40, .from_ms = 510, .to_ms = 890 },
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
	tell(w, &(struct told){ .id = 1, .role = ROLE_LLM, .scope = "langchain", .answer = "a", .input = 500, .output = 20,
				.producer = PRODUCER_FRAMEWORK });
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
			struct status noted = counting_note(&b, trace_id, span_id, t.parent != 0 ? parent_id : NULL, (uint32_t)i);
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
		cmocka_unit_test(calls_of_their_own_all_count),
		cmocka_unit_test(a_framework_around_a_provider_counts_once),
		cmocka_unit_test(the_innermost_counts_whatever_the_outer_one_says),
		cmocka_unit_test(an_outer_one_that_may_lack_the_cache_waits_for_the_inner_one),
		cmocka_unit_test(agents_that_repeat_the_sum_do_not_count),
		cmocka_unit_test(a_span_in_between_that_is_no_model_span_connects),
		cmocka_unit_test(siblings_with_one_answer_id_are_one_call),
		cmocka_unit_test(siblings_of_two_instrumentations_without_ids_are_one_call),
		cmocka_unit_test(roots_of_two_traces_are_one_call_where_client_and_framework_tell_it),
		cmocka_unit_test(a_clients_root_is_the_call_that_a_framework_tells_of_deep_in_its_own_trace),
		cmocka_unit_test(retries_are_real_spend),
		cmocka_unit_test(ids_that_the_client_made_up_say_nothing),
		cmocka_unit_test(an_embedding_inside_a_chat_is_another_call),
		cmocka_unit_test(where_only_the_outer_one_knows_the_counts_it_counts),
		cmocka_unit_test(where_only_the_inner_one_knows_the_counts_it_counts),
		cmocka_unit_test(a_request_sent_again_adds_nothing_but_looks_the_same),
		cmocka_unit_test(a_half_written_span_is_completed_by_the_later_one),
		cmocka_unit_test(an_agent_without_calls_inside_counts_when_its_trace_is_silent),
		cmocka_unit_test(usage_repeated_below_a_counted_call_is_not_promoted),
		cmocka_unit_test(a_log_record_and_a_span_tell_of_one_call_and_the_span_counts),
		cmocka_unit_test(a_log_record_counts_where_no_span_comes),
		cmocka_unit_test(a_log_record_of_a_vendors_own_program_counts_at_once),
		cmocka_unit_test(a_late_note_in_another_trace_tells_of_the_same_call),
		cmocka_unit_test(who_miscounts_gives_way_to_who_knows_better),
		cmocka_unit_test(who_miscounts_counts_where_nobody_else_tells),
		cmocka_unit_test(the_counted_call_takes_over_what_only_the_other_one_says),
		cmocka_unit_test(what_was_counted_is_known_after_a_restart),
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
		cmocka_unit_test(what_cannot_be_held_is_counted_as_dropped),
#endif
		cmocka_unit_test(what_is_held_is_held_after_a_restart),
		cmocka_unit_test(what_waits_no_longer_is_deleted_until_a_save_did_not_fail),
		cmocka_unit_test(who_is_inside_whom_is_known_after_a_restart),
		cmocka_unit_test(a_damaged_block_is_refused),
		cmocka_unit_test(any_order_in_any_batches_with_repetitions_gives_the_same_totals),
		cmocka_unit_test(a_full_table_forgets_the_oldest),
		cmocka_unit_test(numbers_that_begin_anew_are_no_older_spans_numbers),
		cmocka_unit_test(threads_that_send_the_same_count_it_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
