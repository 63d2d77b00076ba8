/* SPDX-License-Identifier: Apache-2.0
 * Budgets over a store in memory, at a price of ten dollars for a million input tokens. For one file of tests each: all
 * of it is static, and what a file does not use is left out.
 */
#ifndef PLIMSOLL_TESTS_UNIT_BUDGETS_RIG_H
#define PLIMSOLL_TESTS_UNIT_BUDGETS_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "agent/base/money.h"
#include "agent/budgets/budgets.h"

#define T0  INT64_C(1795262400) /* 2026-11-21T12:00:00Z */
#define DAY INT64_C(86400)
#define USD(x) ((__int128_t)(x) * PUSD_PER_USD)

/* ---------------------------------------------------------------- a store in memory */

#define PAIRS_MAX 2048

struct pair {
	char key[16];
	size_t key_len, value_len;
	char *value;
};

static struct pair pairs[PAIRS_MAX];
static size_t pair_count, flushes, writes;
static bool disk_is_full;

static inline void *begin(void *context)
{
	(void)context;
	return malloc(1);
}

static inline void put(void *batch, struct slice key, struct slice value)
{
	size_t at = 0;

	(void)batch;
	if (disk_is_full)
		return;
	while (at < pair_count && !slice_equal((struct slice){ pairs[at].key, pairs[at].key_len }, key))
		at++;
	if (at < pair_count)
		free(pairs[at].value);
	if (value.ptr == NULL) {
		if (at < pair_count)
			pairs[at] = pairs[--pair_count];
		return;
	}
	assert_true(at < PAIRS_MAX);
	pair_count += at == pair_count;
	memcpy(pairs[at].key, key.ptr, key.len);
	pairs[at].key_len = key.len;
	pairs[at].value = malloc(value.len + 1);
	memcpy(pairs[at].value, value.ptr, value.len);
	pairs[at].value_len = value.len;
}

/* Reports are held back until the lock is free, as the writer's thread would be. */
static struct {
	void (*done)(void *context, struct status result);
	void *context;
} waiting[64];
static size_t waiting_count;

static inline struct status write_batch(void *context, void *batch,
					void (*done)(void *done_context, struct status result),
				 void *done_context)
{
	(void)context;
	free(batch);
	writes++;
	waiting[waiting_count].done = done;
	waiting[waiting_count++].context = done_context;
	return OK;
}

static inline void commit(void)
{
	for (size_t i = 0; i < waiting_count; i++)
		waiting[i].done(waiting[i].context, disk_is_full ? FAIL(FULL, "the disk is full") : OK);
	waiting_count = 0;
}

/* What a process that is killed never hears of. */
static inline void forget_reports(void)
{
	while (waiting_count > 0)
		free(waiting[--waiting_count].context);
}

static inline struct status flush(void *context)
{
	(void)context;
	flushes++;
	commit();
	return disk_is_full ? FAIL(FULL, "the disk is full") : OK;
}

/* Ten dollars for a million input tokens of any model but "unknown". */
static inline bool price(void *context, const struct call *call, int64_t *pusd)
{
	(void)context;
	*pusd = (int64_t)tokens_get(&call->tokens, TOKENS_INPUT) * (PUSD_PER_USD / 100000);
	return !slice_equal(call->request_model, SLICE("unknown"));
}

static const struct budgets_outlets outlets = { .keeper = { NULL, begin, put, write_batch, flush }, .price = price };

/* ---------------------------------------------------------------- the subject */

static struct config *config;

/* Makes config anew. limits: what stands inside of budgets.limits; it may close that and go on. */
static inline void configure(const char *limits)
{
	struct buf errors = BUF_INIT;
	char path[] = "/tmp/plimsoll-budgets-XXXXXX";
	FILE *f = fdopen(mkstemp(path), "w");

	fputs("{budgets: {reservation_timeout: 60s, limits: {", f);
	fputs(limits, f);
	fputs("}}}\n", f);
	fclose(f);
	config_free(config);
	config = NULL;
	if (FAILED(config_load(path, NULL, 0, &config, &errors)))
		fail_msg("%s", buf_string(&errors));
	remove(path);
}

static inline struct budgets *opened(const char *limits)
{
	struct budgets *b = NULL;

	configure(limits);
	assert_int_equal(budgets_new(config, &outlets, &b).code, STATUS_OK);
	return b;
}

/* As after a kill: what is on the disk, and nothing else. */
static inline struct budgets *reopened(struct budgets *old, int64_t now_s)
{
	struct budgets *b = NULL;

	budgets_free(old);
	forget_reports();
	assert_int_equal(budgets_new(config, &outlets, &b).code, STATUS_OK);
	for (size_t i = 0; i < pair_count; i++)
		assert_int_equal(budgets_load(b, (struct slice){ pairs[i].key, pairs[i].key_len },
					      (struct slice){ pairs[i].value,
							      pairs[i].value_len }, now_s).code, STATUS_OK);
	return b;
}

static uint8_t next_id;

static inline struct call call_of(const char *user, __int128_t pusd, int64_t at_s)
{
	struct call c = { .role = ROLE_LLM, .counted = true, .feature = SLICE("assistant"), .user_id = slice_of(user),
			  .request_model = SLICE("gpt-4o"), .end_unix_ns = (uint64_t)at_s * 1000000000u };

	c.cost.known = pusd >= 0;
	c.cost.total_pusd = (int64_t)pusd;
	tokens_set(&c.tokens, TOKENS_INPUT, 100);
	tokens_set(&c.tokens, TOKENS_OUTPUT, 20);
	memset(c.trace_id, ++next_id, sizeof(c.trace_id));
	memset(c.span_id, next_id, sizeof(c.span_id));
	return c;
}

static size_t acknowledged;

static inline void on_kept(void *context, struct status result)
{
	(void)context;
	(void)result;
	acknowledged++;
}

static inline void spend(struct budgets *b, const char *user, __int128_t pusd, int64_t at_s)
{
	struct call c = call_of(user, pusd, at_s);

	budgets_spend(b, &c, 1, at_s, on_kept, NULL);
	commit();
}

struct sought {
	const char *user;
	struct budget_view found;
	size_t groups;
};

static inline void find(void *context, const struct budget_view *v)
{
	struct sought *s = context;

	s->groups++;
	if (s->user == NULL || slice_equal(v->labels[BUDGET_BY_USER], slice_of(s->user)))
		s->found = *v;
}

static inline struct budget_view view_of(struct budgets *b, const char *user, int64_t now_s)
{
	struct sought s = { .user = user };

	budgets_visit(b, now_s, find, &s);
	return s.found;
}

static inline struct budget_answer decided(struct budgets *b, const char *user, uint64_t input_tokens, bool reserves,
					   int64_t now_s)
{
	struct budget_question q = { .reserves = reserves, .has_tokens = input_tokens > 0,
				     .input_tokens = input_tokens };
	struct budget_answer answer;

	q.labels[BUDGET_BY_FEATURE] = SLICE("assistant");
	q.labels[BUDGET_BY_USER] = slice_of(user);
	q.labels[BUDGET_BY_MODEL] = SLICE("gpt-4o");
	budgets_decide(b, &q, now_s, &answer);
	return answer;
}

static inline int set_up(void **state)
{
	(void)state;
	for (size_t i = 0; i < pair_count; i++)
		free(pairs[i].value);
	forget_reports();
	pair_count = flushes = writes = acknowledged = 0;
	disk_is_full = false;
	return 0;
}

static inline void last_rule(void *context, const struct budget_counts *c)
{
	*(struct budget_counts *)context = *c;
}

static inline void first_rule(void *context, const struct budget_counts *c)
{
	struct budget_counts *first = context;

	if (first->budget == NULL)
		*first = *c;
}

static inline void ignore_verdict(void *context, const struct verdict *v)
{
	(void)context;
	(void)v;
}

/* The new configuration has the same place in memory only by chance: nothing may hold on to the old one. */
static inline void reload_telling(struct budgets *b, const char *limits, verdict_fn emit)
{
	struct config *old = config;
	struct budgets_change *change;

	config = NULL;
	configure(limits);
	assert_int_equal(budgets_prepare(config, &change).code, STATUS_OK);
	budgets_adopt(b, change, T0, emit, NULL);
	config_free(old);
}

static inline void reload(struct budgets *b, const char *limits)
{
	reload_telling(b, limits, ignore_verdict);
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

static inline int run(const struct CMUnitTest *tests, size_t count)
{
	int failed = _cmocka_run_group_tests("budgets", tests, count, NULL, NULL);

	set_up(NULL);
	config_free(config);
	return failed;
}

#endif
