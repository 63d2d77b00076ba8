/* SPDX-License-Identifier: Apache-2.0
 * Words of cases are found by trace and span, bounded, kept over a restart, and gone with their case or when nobody
 * wants them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/base/json.h"
#include "agent/cases/cases.h"
#include "agent/cases/texts.h"

#define T0 UINT64_C(1760000000)
#define ROOM ((size_t)1 << 20)

static struct sample a_call(uint32_t id, uint64_t unix_s, double cost_usd, enum outcome outcome)
{
	struct sample s = sample_unknown(SAMPLE_CALL);

	s.time_unix_ms = unix_s * 1000;
	s.feature = SLICE("triage");
	s.model = SLICE("gpt-4o");
	s.cost_usd = cost_usd;
	s.outcome = outcome;
	memcpy(s.trace_id + 12, &id, sizeof(id));
	memcpy(s.span_id, &id, sizeof(id));
	s.span_id[7] = 1;
	return s;
}

static void add(struct cases *c, uint32_t id, uint64_t unix_s, double cost_usd, enum outcome outcome)
{
	struct sample s = a_call(id, unix_s, cost_usd, outcome);

	cases_add(c, &s);
}

static void tell(struct cases *c, uint32_t id, const char *question, uint64_t now_s)
{
	struct sample s = a_call(id, now_s, NAN, OUTCOME_OK);
	struct told_call t = { .end_unix_s = now_s, .text = { .question = slice_of(question), .actual = SLICE("no") } };

	memcpy(t.trace_id, s.trace_id, sizeof(t.trace_id));
	memcpy(t.span_id, s.span_id, sizeof(t.span_id));
	cases_text(c, &t, now_s);
}

static const char *list(const struct cases *c, struct buf *out)
{
	buf_reset(out);
	cases_write(c, 0, 1000, true, out);
	assert_true(json_is_valid(buf_view(out)));
	return buf_string(out);
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (const char *at = strstr(text, what); at != NULL; at = strstr(at + 1, what))
		n++;
	return n;
}

static struct cases *keeping(size_t bytes)
{
	struct cases *c = cases_new();

	cases_keep_texts(c, bytes);
	return c;
}

static void words_belong_to_one_call_and_are_shown_only_on_demand(void **state)
{
	struct cases *c = keeping(ROOM);
	struct buf out = BUF_INIT;

	(void)state;
	tell(c, 1, "why \"me\"?", T0);
	add(c, 1, T0, 0.01, OUTCOME_REFUSAL);
	add(c, 2, T0, 0.01, OUTCOME_REFUSAL);
	const char *text = list(c, &out);
	/* refused, and among the most expensive */
	assert_int_equal(count(text, "\"question\":\"why \\\"me\\\"?\""), 2);
	assert_int_equal(count(text, "\"actual\":\"no\""), 2);
	assert_int_equal(count(text, "\"has_content\":false"), 2);
	buf_reset(&out);
	cases_write(c, 0, 1000, false, &out);
	text = buf_string(&out);
	assert_int_equal(count(text, "\"has_content\":true"), 2);
	assert_int_equal(count(text, "question"), 0);
	buf_release(&out);
	cases_free(c);
}

static void a_verdict_that_knows_only_the_trace_finds_its_words(void **state)
{
	struct cases *c = keeping(ROOM);
	struct verdict v = { .kind = VERDICT_RUNAWAY, .event = VERDICT_RAISED, .at_s = T0, .trace_count = 1 };
	struct sample s = a_call(7, T0, NAN, OUTCOME_OK);
	struct buf out = BUF_INIT;

	(void)state;
	tell(c, 7, "again and again", T0);
	memcpy(v.trace_ids[0], s.trace_id, sizeof(s.trace_id));
	cases_verdict(c, &v);
	assert_int_equal(count(list(c, &out), "again and again"), 1);
	assert_int_equal(count(buf_string(&out), "\"span_id\":null"), 1);
	buf_release(&out);
	cases_free(c);
}

static void a_call_with_words_goes_before_one_a_little_younger_without(void **state)
{
	struct cases *c = keeping(ROOM);
	struct buf out = BUF_INIT;

	(void)state;
	tell(c, 1, "told", T0);
	add(c, 1, T0, NAN, OUTCOME_ERROR);
	for (uint32_t i = 2; i < 200; i++)
		add(c, i, T0 + i, NAN, OUTCOME_ERROR);
	assert_int_equal(count(list(c, &out), "told"), 1);
	for (uint32_t i = 0; i < CASES_EACH; i++)
		add(c, 300 + i, T0 + 100000, NAN, OUTCOME_ERROR);
	assert_int_equal(count(list(c, &out), "told"), 0);
	buf_release(&out);
	cases_free(c);
}

static void words_wait_for_a_call_that_is_held_and_no_longer(void **state)
{
	struct cases *c = keeping(ROOM);
	struct buf out = BUF_INIT;

	(void)state;
	tell(c, 1, "held", T0);
	tell(c, 2, "never", T0);
	cases_advance(c, T0 + 70);
	add(c, 1, T0, NAN, OUTCOME_ERROR);
	cases_advance(c, T0 + CASE_TEXT_WAIT_S + 1);
	assert_int_equal(count(list(c, &out), "held"), 1);
	add(c, 2, T0, NAN, OUTCOME_ERROR);
	assert_int_equal(count(list(c, &out), "never"), 0);
	buf_release(&out);
	cases_free(c);
}

static void memory_is_bounded_and_what_is_used_stays_longest(void **state)
{
	struct cases *c = keeping(64 << 10);
	char *text = malloc(8001);
	struct buf out = BUF_INIT;

	(void)state;
	memset(text, 'x', 8000);
	text[8000] = '\0';
	tell(c, 1, "short", T0);
	add(c, 1, T0, NAN, OUTCOME_ERROR);
	for (uint32_t i = 2; i < 100; i++)
		tell(c, i, text, T0 + i);
	add(c, 99, T0 + 99, NAN, OUTCOME_ERROR);
	add(c, 2, T0 + 2, NAN, OUTCOME_ERROR);
	assert_int_equal(count(list(c, &out), "\"question\""), 2);
	assert_int_equal(count(buf_string(&out), "short"), 1);
	buf_release(&out);
	free(text);
	cases_free(c);
}

/* ---------------------------------------------------------------- the store */
struct pairs {
	struct pair {
		struct buf key, value;
	} items[64];
	size_t count;
};

static void put(void *context, struct slice key, struct slice value)
{
	struct pairs *p = context;
	size_t i = 0;

	while (i < p->count && !slice_equal(buf_view(&p->items[i].key), key))
		i++;
	if (i == p->count)
		buf_slice(&p->items[p->count++].key, key);
	buf_reset(&p->items[i].value);
	if (value.ptr != NULL)
		buf_slice(&p->items[i].value, value);
}

static bool holds(const struct pairs *p, const char *text)
{
	bool found = false;

	for (size_t i = 0; i < p->count; i++)
		found |= slice_find(buf_view(&p->items[i].value), slice_of(text)) >= 0;
	return found;
}

static struct cases *load(const struct pairs *p, struct cases *into)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->items[i].value.len > 0)
			assert_false(FAILED(cases_load(into, buf_view(&p->items[i].key),
						       buf_view(&p->items[i].value))));
	return into;
}

static void release(struct pairs *p)
{
	for (size_t i = 0; i < p->count; i++) {
		buf_release(&p->items[i].key);
		buf_release(&p->items[i].value);
	}
}

static void lose(void *context, struct slice key, struct slice value)
{
	(void)context;
	(void)key;
	(void)value;
}

/* The disk was full: then all of it is saved again. */
static void what_is_to_be_deleted_is_deleted_although_a_save_failed(void **state)
{
	struct pairs store = { .count = 0 };
	struct cases *c = keeping(ROOM);
	struct buf out = BUF_INIT;

	(void)state;
	tell(c, 1, "secret", T0);
	add(c, 1, T0, NAN, OUTCOME_ERROR);
	cases_save(c, false, put, &store);
	assert_true(holds(&store, "secret"));
	cases_advance(c, T0 + CASES_AGE_MAX_S + 1);
	cases_save(c, false, lose, NULL);
	cases_save(c, true, lose, NULL);
	cases_save(c, true, put, &store);
	assert_false(holds(&store, "secret"));
	struct cases *off = load(&store, keeping(0));
	assert_string_equal(list(off, &out), "{\"cases\":[]}");
	buf_release(&out);
	cases_free(off);
	cases_free(c);
	release(&store);
}

static void what_nobody_wants_is_deleted_although_a_save_failed(void **state)
{
	struct pairs store = { .count = 0 };
	struct cases *c = keeping(ROOM);

	(void)state;
	tell(c, 1, "secret", T0);
	add(c, 1, T0, NAN, OUTCOME_ERROR);
	cases_save(c, false, put, &store);
	struct cases *off = load(&store, keeping(0));
	cases_save(off, false, lose, NULL);
	cases_save(off, true, lose, NULL);
	cases_save(off, true, put, &store);
	assert_false(holds(&store, "secret"));
	cases_free(off);
	cases_free(c);
	release(&store);
}

static void words_outlive_a_restart_with_their_case_and_not_without(void **state)
{
	struct pairs store = { .count = 0 };
	struct cases *c = keeping(ROOM);
	struct buf before = BUF_INIT, after = BUF_INIT;

	(void)state;
	tell(c, 1, "of a case", T0);
	tell(c, 2, "of none", T0);
	add(c, 1, T0, NAN, OUTCOME_ERROR);
	cases_save(c, false, put, &store);
	assert_true(holds(&store, "of a case") && !holds(&store, "of none"));
	struct cases *again = load(&store, keeping(ROOM));
	assert_string_equal(list(c, &before), list(again, &after));
	cases_advance(again, T0 + CASES_AGE_MAX_S + 1);
	assert_string_equal(list(again, &after), "{\"cases\":[]}");
	cases_save(again, false, put, &store);
	assert_false(holds(&store, "of a case"));
	buf_release(&before);
	buf_release(&after);
	cases_free(c);
	cases_free(again);
	release(&store);
}

static void what_nobody_wants_kept_is_deleted_and_a_bystander_deletes_nothing(void **state)
{
	struct pairs store = { .count = 0 };
	struct cases *c = keeping(ROOM);

	(void)state;
	tell(c, 1, "secret", T0);
	add(c, 1, T0, NAN, OUTCOME_ERROR);
	cases_save(c, false, put, &store);
	struct cases *bystander = load(&store, cases_new());
	cases_save(bystander, true, put, &store);
	assert_true(holds(&store, "secret"));
	struct cases *off = load(&store, keeping(0));
	tell(off, 2, "secret", T0);
	cases_save(off, false, put, &store);
	assert_false(holds(&store, "secret"));
	cases_free(c);
	cases_free(bystander);
	cases_free(off);
	release(&store);
}

static void damaged_words_are_left_out(void **state)
{
	static const char key[24] = "0123456789abcdef01234567";
	struct cases *c = keeping(ROOM);

	(void)state;
	assert_int_equal(cases_load(c, (struct slice){ key, sizeof(key) }, SLICE("\1\7")).code, STATUS_CORRUPT);
	assert_int_equal(cases_load(c, (struct slice){ key, sizeof(key) }, SLICE("\2")).code, STATUS_CORRUPT);
	cases_free(c);
}

static void the_bar_is_what_the_cheapest_kept_call_costs(void **state)
{
	struct cases *c = keeping(ROOM);
	const struct case_bar *bar = cases_bar(c);

	(void)state;
	assert_true(case_bar_reached(bar, SLICE("triage"), 0.001));
	assert_false(case_bar_reached(bar, SLICE("triage"), 0));
	for (uint32_t i = 0; i < 100; i++)
		add(c, i, T0, 0.01 * i, OUTCOME_OK);
	assert_false(case_bar_reached(bar, SLICE("triage"), 0.83));
	assert_true(case_bar_reached(bar, SLICE("triage"), 0.85));
	assert_true(case_bar_reached(bar, SLICE("search"), 0.001));
	cases_advance(c, T0 + CASES_AGE_MAX_S + 1);
	assert_true(case_bar_reached(bar, SLICE("triage"), 0.001));
	cases_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_belong_to_one_call_and_are_shown_only_on_demand),
		cmocka_unit_test(a_verdict_that_knows_only_the_trace_finds_its_words),
		cmocka_unit_test(a_call_with_words_goes_before_one_a_little_younger_without),
		cmocka_unit_test(words_wait_for_a_call_that_is_held_and_no_longer),
		cmocka_unit_test(memory_is_bounded_and_what_is_used_stays_longest),
		cmocka_unit_test(words_outlive_a_restart_with_their_case_and_not_without),
		cmocka_unit_test(what_is_to_be_deleted_is_deleted_although_a_save_failed),
		cmocka_unit_test(what_nobody_wants_is_deleted_although_a_save_failed),
		cmocka_unit_test(what_nobody_wants_kept_is_deleted_and_a_bystander_deletes_nothing),
		cmocka_unit_test(damaged_words_are_left_out),
		cmocka_unit_test(the_bar_is_what_the_cheapest_kept_call_costs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
