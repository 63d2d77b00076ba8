/* SPDX-License-Identifier: Apache-2.0
 * A joiner with a store in memory, calls and judgements to give it, and what came out.
 */
#ifndef PLIMSOLL_TESTS_JUDGEMENTS_JOINER_RIG_H
#define PLIMSOLL_TESTS_JUDGEMENTS_JOINER_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/base/clock.h"
#include "agent/judgements/joiner.h"

#define DAY_NS (UINT64_C(86400) * NS_PER_SECOND)
#define NOW    (UINT64_C(1795000000) * NS_PER_SECOND)

#define ENTRIES_MAX 4096

struct entry {
	struct buf key, value;
};

static struct entry entries[ENTRIES_MAX];
static size_t entry_count;

static inline struct entry *find_entry(struct slice key)
{
	for (size_t i = 0; i < entry_count; i++)
		if (slice_equal(buf_view(&entries[i].key), key))
			return &entries[i];
	return NULL;
}

static inline void put(void *context, struct slice key, struct slice value)
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

static inline struct status fetch(void *context, struct slice key, struct buf *out)
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

static inline void out(void *context, const struct joined_judgement *j)
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

static inline struct joiner *start(uint64_t max_bytes)
{
	struct joiner_settings settings = { max_bytes, 3 * DAY_NS, 600 * NS_PER_SECOND, fetch, NULL, out, NULL };
	struct joiner *j = joiner_new(&settings);

	assert_non_null(j);
	memset(&told, 0, sizeof(told));
	return j;
}

static inline int compare_entries(const void *a, const void *b)
{
	struct slice x = buf_view(&((const struct entry *)a)->key), y = buf_view(&((const struct entry *)b)->key);
	int order = memcmp(x.ptr, y.ptr, x.len < y.len ? x.len : y.len);

	return order != 0 ? order : (x.len > y.len) - (x.len < y.len);
}

static inline void save(struct joiner *j)
{
	joiner_committed(j, joiner_save(j, false, put, NULL));
}

/* As after a kill: only what was saved is left. */
static inline struct joiner *restart(struct joiner *old)
{
	struct joiner *j = start(64 << 20);

	joiner_free(old);
	qsort(entries, entry_count, sizeof(entries[0]), compare_entries);
	for (size_t i = 0; i < entry_count; i++)
		assert_false(FAILED(joiner_load(j, buf_view(&entries[i].key), buf_view(&entries[i].value))));
	return j;
}

static inline int clear(void **state)
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

static inline struct known_call call(uint32_t trace, uint8_t span)
{
	struct known_call c = { .end_unix_ns = NOW, .is_generation = true, .span_id = { span } };

	memcpy(c.trace_id, &trace, sizeof(trace));
	c.trace_id[15] = 1;
	return c;
}

static inline void add_of(struct joiner *j, struct known_call c, const char *prompt, uint64_t cohort, uint64_t now)
{
	struct call_labels labels = { .prompt = slice_of(prompt), .model = SLICE("gpt-4o"), .cohort = cohort };

	joiner_begin(j);
	joiner_call(j, &c, &labels);
	joiner_end(j, now);
}

static inline void add_at(struct joiner *j, struct known_call c, const char *prompt, uint64_t now)
{
	add_of(j, c, prompt, 0, now);
}

static inline void add(struct joiner *j, struct known_call c, const char *prompt)
{
	add_at(j, c, prompt, NOW);
}

static inline struct judgement of_trace(uint32_t trace)
{
	struct judgement j = { .name = SLICE("Relevance"), .scale = SCALE_SCORE, .value = 0.5, .time_unix_ns = NOW };

	memcpy(j.target.trace_id, &trace, sizeof(trace));
	j.target.trace_id[15] = 1;
	j.target.has_trace = true;
	return j;
}

static inline struct judgement of_span(uint32_t trace, uint8_t span)
{
	struct judgement j = of_trace(trace);

	j.target.span_id[0] = span;
	j.target.has_span = true;
	return j;
}

static inline void take(struct joiner *j, struct judgement judgement, enum taken want)
{
	enum taken taken = joiner_take(j, &judgement, NOW);

	if (taken != want)
		fail_msg("it is %s, not %s", taken_names[taken], taken_names[want]);
}

#endif
