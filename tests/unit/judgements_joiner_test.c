/* SPDX-License-Identifier: Apache-2.0
 * A judgement finds its call whichever comes first, days later and after a restart, counts once, and says so where there
 * is no such call.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "agent/base/clock.h"
#include "agent/judgements/block.h"
#include "agent/judgements/joiner.h"
#include "agent/judgements/seen.h"
#include "agent/judgements/waiting.h"

#define DAY_NS (UINT64_C(86400) * NS_PER_SECOND)
#define NOW    (UINT64_C(1795000000) * NS_PER_SECOND)

/* ------------------------------------------------------------------ a store in memory, and what came out */

#define ENTRIES_MAX 4096

struct entry {
	struct buf key, value;
};

static struct entry entries[ENTRIES_MAX];
static size_t entry_count;

static struct entry *find_entry(struct slice key)
{
	for (size_t i = 0; i < entry_count; i++)
		if (slice_equal(buf_view(&entries[i].key), key))
			return &entries[i];
	return NULL;
}

static void put(void *context, struct slice key, struct slice value)
{
	struct entry *e = find_entry(key);

	(void)context;
	if (e == NULL && value.ptr == NULL)
		return;
	if (e == NULL) {
		assert_true(entry_count < ENTRIES_MAX);
		e = &entries[entry_count++];
		buf_slice(&e->key, key);
	}
	buf_reset(&e->value);
	buf_slice(&e->value, value);
	if (value.ptr != NULL)
		return;
	buf_release(&e->key);
	buf_release(&e->value);
	*e = entries[--entry_count];
	entries[entry_count] = (struct entry){ BUF_INIT, BUF_INIT };
}

static struct status fetch(void *context, struct slice key, struct buf *out)
{
	struct entry *e = find_entry(key);

	(void)context;
	if (e == NULL)
		return FAIL(NOTFOUND, "no such block");
	buf_reset(out);
	buf_slice(out, buf_view(&e->value));
	return OK;
}

static struct {
	size_t count, joined;
	char name[64], prompt[64], why[64];
	uint8_t span;
} told;

static void out(void *context, const struct joined_judgement *j)
{
	(void)context;
	told.count++;
	told.joined += j->call != NULL;
	snprintf(told.name, sizeof(told.name), "%.*s", SLICE_ARG(j->judgement->name));
	snprintf(told.prompt, sizeof(told.prompt), "%.*s", j->labels != NULL ? (int)j->labels->prompt.len : 0,
		 j->labels != NULL ? j->labels->prompt.ptr : "");
	snprintf(told.why, sizeof(told.why), "%s", j->unjoined_why != NULL ? j->unjoined_why : "");
	told.span = j->call != NULL ? j->call->span_id[0] : 0;
}

static struct joiner *start(uint64_t max_bytes)
{
	struct joiner_settings settings = { max_bytes, 3 * DAY_NS, 600 * NS_PER_SECOND, fetch, NULL, out, NULL };
	struct joiner *j = joiner_new(&settings);

	assert_non_null(j);
	memset(&told, 0, sizeof(told));
	return j;
}

static int compare_entries(const void *a, const void *b)
{
	struct slice x = buf_view(&((const struct entry *)a)->key), y = buf_view(&((const struct entry *)b)->key);
	int order = memcmp(x.ptr, y.ptr, x.len < y.len ? x.len : y.len);

	return order != 0 ? order : (x.len > y.len) - (x.len < y.len);
}

static void save(struct joiner *j)
{
	joiner_committed(j, joiner_save(j, false, put, NULL));
}

/* As after a kill: only what was saved is left. */
static struct joiner *restart(struct joiner *old)
{
	struct joiner *j = start(64 << 20);

	joiner_free(old);
	qsort(entries, entry_count, sizeof(entries[0]), compare_entries);
	for (size_t i = 0; i < entry_count; i++)
		assert_false(FAILED(joiner_load(j, buf_view(&entries[i].key), buf_view(&entries[i].value))));
	return j;
}

static int clear(void **state)
{
	(void)state;
	for (size_t i = 0; i < entry_count; i++) {
		buf_release(&entries[i].key);
		buf_release(&entries[i].value);
		entries[i] = (struct entry){ BUF_INIT, BUF_INIT };
	}
	entry_count = 0;
	return 0;
}

/* ------------------------------------------------------------------ calls and judgements */

static struct known_call call(uint32_t trace, uint8_t span)
{
	struct known_call c = { .end_unix_ns = NOW, .is_generation = true, .span_id = { span } };

	memcpy(c.trace_id, &trace, sizeof(trace));
	c.trace_id[15] = 1;
	return c;
}

static void add_of(struct joiner *j, struct known_call c, const char *prompt, uint64_t cohort, uint64_t now)
{
	struct call_labels labels = { .prompt = slice_of(prompt), .model = SLICE("gpt-4o"), .cohort = cohort };

	joiner_begin(j);
	joiner_call(j, &c, &labels);
	joiner_end(j, now);
}

static void add_at(struct joiner *j, struct known_call c, const char *prompt, uint64_t now)
{
	add_of(j, c, prompt, 0, now);
}

static void add(struct joiner *j, struct known_call c, const char *prompt)
{
	add_at(j, c, prompt, NOW);
}

static struct judgement of_trace(uint32_t trace)
{
	struct judgement j = { .name = SLICE("Relevance"), .scale = SCALE_SCORE, .value = 0.5, .time_unix_ns = NOW };

	memcpy(j.target.trace_id, &trace, sizeof(trace));
	j.target.trace_id[15] = 1;
	j.target.has_trace = true;
	return j;
}

static struct judgement of_span(uint32_t trace, uint8_t span)
{
	struct judgement j = of_trace(trace);

	j.target.span_id[0] = span;
	j.target.has_span = true;
	return j;
}

static void take(struct joiner *j, struct judgement judgement, enum taken want)
{
	enum taken taken = joiner_take(j, &judgement, NOW);

	if (taken != want)
		fail_msg("it is %s, not %s", taken_names[taken], taken_names[want]);
}

/* ------------------------------------------------------------------ tests */

static void the_span_the_response_or_the_session_names_the_call(void **state)
{
	struct joiner *j = start(64 << 20);
	struct known_call c = call(1, 7);
	struct judgement by_response = { .name = SLICE("a"), .target.response_id = SLICE("resp-1") };
	struct judgement by_session = { .name = SLICE("b"), .target.session_id = SLICE("sess-1") };
	struct judgement by_bare_span = { .name = SLICE("c"), .target = { .span_id = { 7 }, .has_span = true } };

	(void)state;
	c.response = text_identity(SLICE("resp-1"));
	c.session = text_identity(SLICE("sess-1"));
	add(j, call(1, 6), "greet@0");
	add(j, c, "greet@1");
	add(j, call(1, 8), "greet@2");
	take(j, of_span(1, 7), TAKEN_JOINED);
	assert_string_equal(told.prompt, "greet@1");
	take(j, by_response, TAKEN_JOINED);
	assert_int_equal(told.span, 7);
	take(j, by_session, TAKEN_JOINED);
	assert_int_equal(told.span, 7);
	take(j, by_bare_span, TAKEN_JOINED);
	assert_int_equal(told.span, 7);
	joiner_free(j);
}

static void a_trace_is_judged_by_its_last_answer(void **state)
{
	struct joiner *j = start(64 << 20);
	struct known_call first = call(1, 1), answer = call(1, 2), embedding = call(1, 3);

	(void)state;
	answer.end_unix_ns += 5;
	embedding.end_unix_ns += 9;
	embedding.is_generation = false;
	add(j, answer, "answer@1");
	add(j, first, "plan@1");
	add(j, embedding, "");
	take(j, of_trace(1), TAKEN_JOINED);
	assert_string_equal(told.prompt, "answer@1");
	assert_int_equal(told.count, 1); /* once, however many calls the trace has */
	joiner_free(j);
}

static void a_span_around_the_call_means_the_call_inside(void **state)
{
	struct joiner *j = start(64 << 20);
	struct known_call inside = call(1, 2), later = call(1, 3);

	(void)state;
	inside.parent_span_id[0] = 9;
	later.end_unix_ns++;
	add(j, inside, "inside@1");
	add(j, later, "elsewhere@1");
	take(j, of_span(1, 9), TAKEN_JOINED);
	assert_string_equal(told.prompt, "inside@1");
	joiner_free(j);
}

static void an_unknown_span_is_waited_for_before_the_trace_stands_in(void **state)
{
	struct joiner *j = start(64 << 20);

	(void)state;
	add(j, call(1, 1), "one@1");
	take(j, of_span(1, 5), TAKEN_WAITING);
	joiner_advance(j, NOW + JOIN_FALLBACK_NS - 1, false);
	assert_int_equal(told.count, 0);
	joiner_advance(j, NOW + JOIN_FALLBACK_NS, false);
	assert_string_equal(told.prompt, "one@1");
	take(j, of_span(1, 6), TAKEN_WAITING);
	add(j, call(1, 6), "six@1"); /* the span itself came after all */
	assert_string_equal(told.prompt, "six@1");
	joiner_free(j);
}

static void one_that_comes_first_waits_for_its_call(void **state)
{
	struct joiner *j = start(64 << 20);

	(void)state;
	take(j, of_trace(4), TAKEN_WAITING);
	take(j, of_trace(5), TAKEN_WAITING);
	add(j, call(3, 1), "other@1");
	assert_int_equal(told.count, 0);
	add(j, call(4, 1), "mine@1");
	assert_int_equal(told.count, 1);
	assert_string_equal(told.prompt, "mine@1");
	joiner_advance(j, NOW + 600 * NS_PER_SECOND, false);
	assert_int_equal(told.count, 2);
	assert_string_equal(told.why, "unknown_call");
	joiner_free(j);
}

static void what_names_no_call_is_told_at_once(void **state)
{
	struct joiner *j = start(64 << 20);
	struct judgement nothing = { .name = SLICE("x") };

	(void)state;
	take(j, nothing, TAKEN_UNJOINED);
	assert_string_equal(told.why, "no_target");
	joiner_free(j);
}

static void the_same_one_counts_once(void **state)
{
	struct joiner *j = start(64 << 20);
	struct judgement named = of_trace(1), otherwise = of_trace(1);

	(void)state;
	add(j, call(1, 1), "p@1");
	take(j, of_trace(1), TAKEN_JOINED);
	take(j, of_trace(1), TAKEN_REPEATED);
	otherwise.value = 0.75;
	take(j, otherwise, TAKEN_JOINED);
	named.given_id = SLICE("id-1");
	take(j, named, TAKEN_JOINED);
	named.time_unix_ns++;
	take(j, named, TAKEN_REPEATED); /* the id says so, whatever the time */
	named.value = 1;
	take(j, named, TAKEN_JOINED); /* a changed mind */
	assert_int_equal(told.count, 4);
	joiner_free(j);
}

static void all_of_it_survives_a_kill(void **state)
{
	struct joiner *j = start(64 << 20);

	(void)state;
	add(j, call(1, 1), "greet@2");
	take(j, of_span(1, 1), TAKEN_JOINED);
	take(j, of_trace(2), TAKEN_WAITING);
	save(j);
	j = restart(j);
	take(j, of_span(1, 1), TAKEN_REPEATED);
	take(j, of_trace(1), TAKEN_JOINED);
	assert_string_equal(told.prompt, "greet@2");
	add(j, call(2, 1), "greet@3");
	assert_string_equal(told.prompt, "greet@3"); /* the one that waited */
	save(j);
	j = restart(j);
	joiner_advance(j, NOW, true);
	assert_int_equal(told.count, 0); /* nothing waits any more */
	take(j, of_trace(2), TAKEN_REPEATED);
	joiner_free(j);
}

/* Judgements of nothing, told apart by their numbers. */
static void take_numbers(struct joiner *j, unsigned from, unsigned to, enum taken want)
{
	char id[16];

	for (unsigned n = from; n < to; n++) {
		snprintf(id, sizeof(id), "%u", n);
		take(j, (struct judgement){ .name = SLICE("Relevance"), .given_id = slice_of(id) }, want);
	}
}

/* More of them than two sets hold come between two saves. */
static void what_a_burst_brought_is_known_after_a_kill(void **state)
{
	struct joiner *j = start(64 << 20);

	(void)state;
	take_numbers(j, 0, SEEN_MIN / 2, TAKEN_UNJOINED);
	save(j);
	take_numbers(j, SEEN_MIN / 2, 3 * SEEN_MIN, TAKEN_UNJOINED);
	save(j);
	j = restart(j);
	take_numbers(j, 2 * SEEN_MIN, 3 * SEEN_MIN, TAKEN_REPEATED);
	joiner_free(j);
}

/* More calls than one block holds, from the store alone. */
static void late_by_many_calls_is_not_too_late(void **state)
{
	struct joiner *j = start(64 << 20);

	(void)state;
	for (uint32_t i = 0; i < 20000; i++) {
		add(j, call(i, 1), i % 2 ? "odd@1" : "even@1");
		if (i % 500 == 0)
			save(j);
	}
	save(j);
	save(j);
	assert_true(entry_count > 20);
	take(j, of_trace(3), TAKEN_JOINED);
	assert_string_equal(told.prompt, "odd@1");
	j = restart(j);
	take(j, of_trace(10004), TAKEN_JOINED);
	assert_string_equal(told.prompt, "even@1");
	take(j, of_trace(20001), TAKEN_WAITING);
	joiner_free(j);
}

/* With cohorts that have one place in the writer's memory, with some that have places of their own, and without. */
static void each_call_keeps_its_own_labels(void **state)
{
	static const uint64_t cohorts[] = { 5, 5 + BLOCK_SETS, 6, 7, 5 + 2 * BLOCK_SETS, 0, 0 };
	struct joiner *j = start(64 << 20);
	char prompt[32];

	(void)state;
	for (uint32_t i = 0; i < 2000; i++) {
		snprintf(prompt, sizeof(prompt), "p@%u", i % 7);
		add_of(j, call(i, 1), prompt, cohorts[i % 7], NOW);
	}
	save(j);
	j = restart(j);
	for (uint32_t i = 0; i < 2000; i += 3) {
		snprintf(prompt, sizeof(prompt), "p@%u", i % 7);
		take(j, of_trace(i), TAKEN_JOINED);
		assert_string_equal(told.prompt, prompt);
	}
	joiner_free(j);
}

/* 60 bytes a call, and the labels once in each block. */
static void calls_of_a_cohort_share_their_labels(void **state)
{
	struct known_call c = { .end_unix_ns = NOW };
	struct call_labels labels = { .prompt = SLICE("greet@1"), .environment = SLICE("staging"), .cohort = 1 };
	struct block_writer w = { .cohort = { 0 } };
	struct block_reader r;
	struct buf b = BUF_INIT;

	(void)state;
	for (c.response = 1; c.response <= 100; c.response++)
		block_add(&b, &w, &c, &labels);
	assert_true(b.len < 100 * 60 + 40);
	block_read(&r, buf_view(&b));
	for (uint64_t n = 1; n <= 100; n++) {
		assert_true(block_next(&r, &c));
		assert_int_equal(c.response, n);
		assert_true(slice_equal(block_labels(&r).prompt, SLICE("greet@1")));
		assert_true(slice_equal(block_labels(&r).environment, SLICE("staging")));
	}
	assert_false(block_next(&r, &c));
	assert_false(r.is_corrupt);
	buf_release(&b);
}

/* The longest labels there are, behind a block that is nearly full. */
static void the_last_call_of_a_block_fits(void **state)
{
	static char text[2 * LABEL_MAX];
	struct slice longest = { text, sizeof(text) };
	struct call_labels labels = { longest, longest, longest, longest, longest, longest, longest, 0 };
	struct known_call c = { .end_unix_ns = NOW };
	struct block_writer w = { .cohort = { 0 } };
	struct block_reader r;
	struct buf b = BUF_INIT;
	size_t calls = 0;

	(void)state;
	memset(text, 'x', sizeof(text));
	for (; b.len < BLOCK_BYTES; calls++)
		block_add(&b, &w, &c, &labels);
	assert_true(b.len <= BLOCK_BYTES_MAX);
	block_read(&r, buf_view(&b));
	for (; block_next(&r, &c); calls--)
		assert_int_equal(block_labels(&r).environment.len, LABEL_MAX);
	assert_int_equal(calls, 0);
	assert_false(r.is_corrupt);
	buf_release(&b);
}

/* As it was written before calls told their environment: without the last of the labels. */
static void a_block_of_the_format_before_is_read(void **state)
{
	struct call_labels labels = { .prompt = SLICE("greet@1"), .user_segment = SLICE("gold"), .cohort = 1 };
	struct known_call c = { .response = 7 };
	struct block_writer w = { .cohort = { 0 } };
	struct block_reader r;
	struct buf b = BUF_INIT;

	(void)state;
	block_add(&b, &w, &c, &labels);
	b.ptr[0] = 2;
	memmove(b.ptr + b.len - 62, b.ptr + b.len - 60, 60); /* the call, over the length of an empty label */
	b.len -= 2;
	block_read(&r, buf_view(&b));
	assert_true(block_next(&r, &c));
	assert_int_equal(c.response, 7);
	labels = block_labels(&r);
	assert_true(slice_equal(labels.prompt, SLICE("greet@1")) && slice_equal(labels.user_segment, SLICE("gold")));
	assert_int_equal(labels.environment.len, 0);
	assert_false(block_next(&r, &c) || r.is_corrupt);
	buf_release(&b);
}

/* Any byte of a block changed, any end cut off: nothing is read beyond it. */
static void a_damaged_block_breaks_off(void **state)
{
	struct call_labels labels = { .prompt = SLICE("greet@1"), .cohort = 1 };
	struct known_call c = { .end_unix_ns = NOW };
	struct block_writer w = { .cohort = { 0 } };
	struct buf b = BUF_INIT;

	(void)state;
	block_add(&b, &w, &c, &labels);
	block_add(&b, &w, &c, &labels);
	for (size_t n = 0; n < b.len * 256; n++) {
		char *copy = malloc(b.len);
		struct block_reader r;
		assert_non_null(copy);
		memcpy(copy, b.ptr, b.len);
		copy[n / 256] = (char)n;
		block_read(&r, (struct slice){ copy, b.len - n % 3 });
		for (unsigned calls = 0; block_next(&r, &c); calls++)
			assert_true(calls < 3 && block_labels(&r).prompt.len <= LABEL_MAX);
		free(copy);
	}
	buf_release(&b);
}

static void the_oldest_calls_go_first(void **state)
{
	struct joiner *j = start(10 * BLOCK_BYTES);
	size_t blocks = 0;

	(void)state;
	for (uint32_t i = 0; i < 20000; i++)
		add(j, call(i, 1), "p@1");
	save(j);
	for (size_t i = 0; i < entry_count; i++)
		blocks += entries[i].key.ptr[0] == 'C';
	assert_true(blocks >= 9 && blocks <= 11);
	take(j, of_trace(0), TAKEN_WAITING);
	take(j, of_trace(19999), TAKEN_JOINED);
	joiner_advance(j, NOW + 4 * DAY_NS, false); /* and those that are too old */
	take(j, of_trace(19998), TAKEN_WAITING);
	save(j);
	blocks = 0;
	for (size_t i = 0; i < entry_count; i++)
		blocks += entries[i].key.ptr[0] == 'C';
	assert_int_equal(blocks, 0);
	joiner_free(j);
}

static void no_more_wait_than_may(void **state)
{
	struct joiner *j = start(64 << 20);

	(void)state;
	for (uint32_t i = 0; i < WAITING_MAX + 10; i++)
		take(j, of_trace(i), TAKEN_WAITING);
	assert_int_equal(told.count, 10);
	assert_string_equal(told.why, "unknown_call");
	joiner_free(j);
}

static void a_failed_save_is_made_good(void **state)
{
	struct joiner *j = start(64 << 20);

	(void)state;
	for (uint32_t i = 0; i < 3000; i++)
		add(j, call(i, 1), "p@1");
	take(j, of_trace(1), TAKEN_JOINED);
	joiner_save(j, false, put, NULL);
	clear(NULL); /* that batch was lost */
	joiner_committed(j, joiner_save(j, true, put, NULL));
	j = restart(j);
	take(j, of_trace(1), TAKEN_REPEATED);
	take(j, of_trace(2), TAKEN_JOINED);
	joiner_free(j);
}

static void lose(void *context, struct slice key, struct slice value)
{
	(void)context;
	(void)key;
	(void)value;
}

static void one_that_has_its_call_waits_no_more_after_a_failed_save(void **state)
{
	struct joiner *j = start(64 << 20);

	(void)state;
	take(j, of_trace(2), TAKEN_WAITING);
	save(j);
	add(j, call(2, 1), "greet@3");
	assert_int_equal(told.count, 1);
	joiner_save(j, false, lose, NULL);
	joiner_committed(j, joiner_save(j, true, put, NULL));
	j = restart(j);
	joiner_advance(j, NOW, true);
	assert_int_equal(told.count, 0);
	joiner_free(j);
}

static void damaged_entries_are_refused(void **state)
{
	struct joiner *j = start(64 << 20);
	static const char block[] = { 2, 2, 3, 4 };
	static const char key[] = "C\0\0\0\0\0\0\0\1";

	(void)state;
	assert_true(FAILED(joiner_load(j, SLICE("C"), SLICE("x"))));
	assert_true(FAILED(joiner_load(j, (struct slice){ key, 9 }, (struct slice){ block, 4 })));
	assert_true(FAILED(joiner_load(j, SLICE("P12345678"), SLICE("\1"))));
	assert_true(FAILED(joiner_load(j, SLICE("S1234"), SLICE("\1\xff"))));
	assert_true(FAILED(joiner_load(j, SLICE("?"), SLICE(""))));
	add(j, call(1, 1), "p@1");
	take(j, of_trace(1), TAKEN_JOINED);
	joiner_free(j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(the_span_the_response_or_the_session_names_the_call, clear),
		cmocka_unit_test_teardown(a_trace_is_judged_by_its_last_answer, clear),
		cmocka_unit_test_teardown(a_span_around_the_call_means_the_call_inside, clear),
		cmocka_unit_test_teardown(an_unknown_span_is_waited_for_before_the_trace_stands_in, clear),
		cmocka_unit_test_teardown(one_that_comes_first_waits_for_its_call, clear),
		cmocka_unit_test_teardown(what_names_no_call_is_told_at_once, clear),
		cmocka_unit_test_teardown(the_same_one_counts_once, clear),
		cmocka_unit_test_teardown(all_of_it_survives_a_kill, clear),
		cmocka_unit_test_teardown(what_a_burst_brought_is_known_after_a_kill, clear),
		cmocka_unit_test_teardown(late_by_many_calls_is_not_too_late, clear),
		cmocka_unit_test_teardown(each_call_keeps_its_own_labels, clear),
		cmocka_unit_test(calls_of_a_cohort_share_their_labels),
		cmocka_unit_test(the_last_call_of_a_block_fits),
		cmocka_unit_test(a_block_of_the_format_before_is_read),
		cmocka_unit_test(a_damaged_block_breaks_off),
		cmocka_unit_test_teardown(the_oldest_calls_go_first, clear),
		cmocka_unit_test_teardown(no_more_wait_than_may, clear),
		cmocka_unit_test_teardown(a_failed_save_is_made_good, clear),
		cmocka_unit_test_teardown(one_that_has_its_call_waits_no_more_after_a_failed_save, clear),
		cmocka_unit_test_teardown(damaged_entries_are_refused, clear),
	};
	return cmocka_run_group_tests_name("judgements/joiner", tests, NULL, NULL);
}
