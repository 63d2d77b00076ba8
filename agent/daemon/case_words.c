/* SPDX-License-Identifier: Apache-2.0
 * daemon/case_words.c - chosen by a glance at each call, read by a second walk, handed over in a list under a lock.
 */
#include "agent/daemon/case_words.h"

#include <pthread.h>
#include <stdlib.h>

#include "agent/base/clock.h"
#include "agent/base/meter.h"
#include "agent/base/money.h"
#include "agent/daemon/redacted_words.h"

#define QUEUE_BYTES_MAX (2u << 20)
#define LOW_SCORE       0.5
#define DEAR_MAX        4u /* of one batch: the most expensive ones */

struct chosen {
	uint8_t trace_id[16], span_id[8], parent_span_id[8];
	uint64_t end_unix_ns;
	bool is_log;   /* written in the span that is its parent */
	bool is_found; /* a request may hold it twice */
};

struct dear {
	const struct call *call;
	double cost_usd;
};

struct case_words_lane {
	struct case_words *all;
	struct words_reader reader;
	struct chosen chosen[CASE_WORDS_CALLS];
	size_t count;
	struct dear dear[DEAR_MAX]; /* the dearest first; while a batch is looked at */
	size_t dear_count;
	/* of the request that is walked */
	struct arena arena;
	struct dialect_reader *dialect;
	size_t found;
};

struct queued {
	struct queued *next;
	struct told_call call;
	size_t size_bytes;
	char bytes[];
};

#define DROP_MAP(X)                                     \
	X(RATE, "rate")           /* too many in a second */ \
	X(TOO_LARGE, "too_large") /* more than a second's bytes */ \
	X(NO_TEXT, "no_text")     /* the span does not carry its question, or redaction dropped it */ \
	X(NO_MEMORY, "no_memory") \
	X(QUEUE, "queue")         /* the loop does not keep up */

enum drop {
#define X(id, name) DROP_##id,
	DROP_MAP(X)
#undef X
	DROP_COUNT
};

struct case_words {
	const struct case_bar *bar;
	struct words_rules rules;
	struct meter *kept, *dropped[DROP_COUNT];
	pthread_mutex_t lock; /* guards what follows */
	uint64_t second;
	size_t calls_left, dear_left, bytes_left;
	struct queued *first, **last;
	size_t held_bytes;
	unsigned lane_count;
	struct case_words_lane lanes[];
};

static void register_meters(struct case_words *w)
{
	static const char *const labels[DROP_COUNT] = {
#define X(id, name) "result=\"dropped\",reason=\"" name "\"",
		DROP_MAP(X)
#undef X
	};

	w->kept = meter_get(METER_CASE_TEXTS, "result=\"kept\",reason=\"\"");
	for (int i = 0; i < DROP_COUNT; i++)
		w->dropped[i] = meter_get(METER_CASE_TEXTS, labels[i]);
}

struct status case_words_new(const struct config *config, const struct case_bar *bar, unsigned lanes,
			     struct case_words **out, struct buf *why)
{
	struct case_words *w = calloc(1, sizeof(*w) + lanes * sizeof(w->lanes[0]));

	if (w == NULL)
		return FAIL(NOMEM, "no memory for the words of cases");
	w->bar = bar;
	w->last = &w->first;
	pthread_mutex_init(&w->lock, NULL);
	register_meters(w);
	struct status s = words_rules_init(&w->rules, &config->redaction, why);
	for (; w->lane_count < lanes && !FAILED(s); w->lane_count++) {
		struct case_words_lane *l = &w->lanes[w->lane_count];
		l->all = w;
		arena_init(&l->arena, CASE_WORDS_BYTES);
		s = words_reader_init(&l->reader, &w->rules);
	}
	if (FAILED(s)) {
		case_words_free(w);
		return s;
	}
	*out = w;
	return OK;
}

static void free_list(struct queued *q)
{
	while (q != NULL) {
		struct queued *next = q->next;
		free(q);
		q = next;
	}
}

void case_words_free(struct case_words *w)
{
	if (w == NULL)
		return;
	for (unsigned i = 0; i < w->lane_count; i++) {
		words_reader_release(&w->lanes[i].reader);
		arena_release(&w->lanes[i].arena);
	}
	words_rules_release(&w->rules);
	free_list(w->first);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

struct case_words_lane *case_words_lane(struct case_words *w, unsigned lane)
{
	return &w->lanes[lane];
}

static void drop(struct case_words *w, enum drop why)
{
	meter_add(w->dropped[why], 1);
}

/* ---------------------------------------------------------------- so much in a second */
static void start_second(struct case_words *w)
{
	uint64_t now = clock_mono_ns() / NS_PER_SECOND;

	if (now == w->second)
		return;
	w->second = now;
	w->calls_left = CASE_WORDS_CALLS;
	w->dear_left = CASE_WORDS_CALLS / 2; /* while it is not known what is dear, all are: they may not crowd out failures */
	w->bytes_left = CASE_WORDS_BYTES;
}

static bool may_take_call(struct case_words *w, bool is_dear)
{
	pthread_mutex_lock(&w->lock);
	start_second(w);
	bool may = w->calls_left > 0 && (!is_dear || w->dear_left > 0);
	w->calls_left -= may;
	w->dear_left -= may && is_dear;
	pthread_mutex_unlock(&w->lock);
	return may;
}

static bool may_take_bytes(struct case_words *w, size_t bytes)
{
	pthread_mutex_lock(&w->lock);
	start_second(w);
	bool may = bytes <= w->bytes_left;
	w->bytes_left -= may ? bytes : 0;
	pthread_mutex_unlock(&w->lock);
	return may;
}

/* ---------------------------------------------------------------- which calls */
static bool went_wrong(const struct call *c)
{
	return c->outcome != OUTCOME_OK || (c->score_name.len > 0 && c->score < LOW_SCORE);
}

static const uint8_t no_id[16];

static bool has_trace(const struct call *c)
{
	return memcmp(c->trace_id, no_id, sizeof(c->trace_id)) != 0;
}

static void choose(struct case_words_lane *l, const struct call *c, bool is_dear)
{
	if (l->count == CASE_WORDS_CALLS || !may_take_call(l->all, is_dear)) {
		drop(l->all, DROP_RATE);
		return;
	}
	struct chosen *to = &l->chosen[l->count++];
	to->is_found = false;
	memcpy(to->trace_id, c->trace_id, sizeof(to->trace_id));
	memcpy(to->span_id, c->span_id, sizeof(to->span_id));
	memcpy(to->parent_span_id, c->parent_span_id, sizeof(to->parent_span_id));
	to->end_unix_ns = c->end_unix_ns;
	to->is_log = memcmp(c->span_id, no_id, sizeof(c->span_id)) == 0;
}

/* Keeps the dearest of the batch. */
static void note_dear(struct case_words_lane *l, const struct call *c)
{
	double cost_usd = pusd_to_usd(c->cost.total_pusd);
	size_t at = l->dear_count;

	if (!case_bar_reached(l->all->bar, c->feature, cost_usd))
		return;
	while (at > 0 && l->dear[at - 1].cost_usd < cost_usd)
		at--;
	if (l->dear_count == DEAR_MAX)
		drop(l->all, DROP_RATE); /* this one, or the last */
	else
		l->dear_count++;
	if (at == DEAR_MAX)
		return;
	memmove(&l->dear[at + 1], &l->dear[at], (l->dear_count - 1 - at) * sizeof(l->dear[0]));
	l->dear[at] = (struct dear){ c, cost_usd };
}

static void look_at(struct case_words_lane *l, const struct call *c)
{
	if (c->is_evaluation_traffic || !has_trace(c))
		return;
	if (went_wrong(c))
		choose(l, c, false);
	else if (c->cost.known)
		note_dear(l, c);
}

/* A call that is held may count later: its words wait for that. A log record may hold the words of a call that its span tells
 * of without them. */
void case_words_choose(struct case_words_lane *l, const struct counting_batch *seen, const struct call *calls)
{
	l->count = l->dear_count = 0;
	for (size_t i = 0; i < seen->count; i++) {
		const struct counting_span *span = &seen->spans[i];
		if (span->call == COUNTING_NO_CALL)
			continue;
		const struct call *c = &calls[span->call];
		bool tells_of_another = span->verdict == COUNTING_DUPLICATE && c->told_late;
		if (span->verdict == COUNTING_COUNTED || tells_of_another || (span->verdict == COUNTING_HELD && !c->wrapper))
			look_at(l, c);
	}
	for (size_t i = 0; i < l->dear_count; i++)
		choose(l, l->dear[i].call, true);
}

/* ---------------------------------------------------------------- their words */
static void enqueue(struct case_words *w, struct queued *q)
{
	pthread_mutex_lock(&w->lock);
	bool fits = q->size_bytes <= QUEUE_BYTES_MAX - w->held_bytes;
	if (fits) {
		*w->last = q;
		w->last = &q->next;
		w->held_bytes += q->size_bytes;
	}
	pthread_mutex_unlock(&w->lock);
	if (fits)
		meter_add(w->kept, 1);
	else
		drop(w, DROP_QUEUE);
	if (!fits)
		free(q);
}

static void keep(struct case_words *w, const struct chosen *c, const struct call_text *text)
{
	size_t size = sizeof(struct queued) + call_text_bytes(text);
	struct queued *q = malloc(size);

	if (q == NULL) {
		drop(w, DROP_NO_MEMORY);
		return;
	}
	*q = (struct queued){ .call = { .end_unix_s = c->end_unix_ns / NS_PER_SECOND, .text = *text }, .size_bytes = size };
	memcpy(q->call.trace_id, c->trace_id, sizeof(q->call.trace_id));
	memcpy(q->call.span_id, c->is_log ? c->parent_span_id : c->span_id, sizeof(q->call.span_id));
	char *at = q->bytes;
	call_text_move(&q->call.text, &at);
	enqueue(w, q);
}

static bool is_id(struct slice id, const uint8_t *wanted, size_t n)
{
	return id.len == n && memcmp(id.ptr, wanted, n) == 0;
}

static struct chosen *chosen_span(struct case_words_lane *l, const struct span_view *span)
{
	for (size_t i = 0; i < l->count; i++)
		if (!l->chosen[i].is_found && is_id(span->span_id, l->chosen[i].span_id, 8) &&
		    is_id(span->trace_id, l->chosen[i].trace_id, 16))
			return &l->chosen[i];
	return NULL;
}

/* A call that a log record tells of has no span of its own. */
static struct chosen *chosen_log(struct case_words_lane *l, const struct log_view *log)
{
	uint64_t time_ns = log->time_unix_ns != 0 ? log->time_unix_ns : log->observed_unix_ns;

	for (size_t i = 0; i < l->count; i++)
		if (!l->chosen[i].is_found && l->chosen[i].end_unix_ns == time_ns && is_id(log->trace_id, l->chosen[i].trace_id, 16))
			return &l->chosen[i];
	return NULL;
}

/* The walk ends with the last one that was chosen. */
static struct status next(struct case_words_lane *l, const struct chosen *c, struct status read, const struct call_text *text)
{
	if (!FAILED(read))
		keep(l->all, c, text);
	else
		drop(l->all, read.code == STATUS_NOMEM ? DROP_NO_MEMORY : DROP_NO_TEXT);
	return l->found < l->count ? OK : FAIL(EXISTS, "all that were chosen have been found");
}

/* False where there is no room for its words. */
static bool find(struct case_words_lane *l, struct chosen *c, size_t bytes)
{
	bool may = bytes <= CASE_WORDS_BYTES && may_take_bytes(l->all, bytes);

	if (!may)
		drop(l->all, bytes > CASE_WORDS_BYTES ? DROP_TOO_LARGE : DROP_RATE);
	c->is_found = true;
	l->found++;
	return may;
}

static struct status on_span(void *context, const struct span_view *span, struct attribute_writer *added)
{
	struct case_words_lane *l = context;
	struct chosen *c = span->defect == NULL ? chosen_span(l, span) : NULL;
	struct call_text text;

	(void)added;
	if (c == NULL || !find(l, c, span->wire.len))
		return OK;
	return next(l, c, words_of_span(&l->reader, l->dialect, span, &text), &text);
}

static struct status on_log(void *context, const struct log_view *log)
{
	struct case_words_lane *l = context;
	struct chosen *c = log->defect == NULL ? chosen_log(l, log) : NULL;
	struct call_text text;

	if (c == NULL || !find(l, c, log->wire.len))
		return OK;
	return next(l, c, words_of_log(&l->reader, l->dialect, log, &text), &text);
}

void case_words_take(struct case_words_lane *l, enum signal signal, struct slice wire, struct dialect_reader *dialect)
{
	struct status s = OK;

	if (l->count == 0)
		return;
	l->found = 0;
	l->dialect = dialect;
	arena_reset(&l->arena);
	l->arena.cap_bytes = CASE_WORDS_BYTES + wire.len;
	if (signal == SIGNAL_TRACES)
		s = walk_traces(wire, &l->arena, NULL, on_span, l);
	else if (signal == SIGNAL_LOGS)
		s = walk_logs(wire, &l->arena, on_log, l);
	if (s.code == STATUS_NOMEM)
		meter_add(l->all->dropped[DROP_NO_MEMORY], (int64_t)(l->count - l->found));
	l->count = 0;
}

void case_words_deliver(struct case_words *w, struct cases *cases)
{
	uint64_t now_s = clock_unix_ns() / NS_PER_SECOND;

	pthread_mutex_lock(&w->lock);
	struct queued *first = w->first;
	w->first = NULL;
	w->last = &w->first;
	w->held_bytes = 0;
	pthread_mutex_unlock(&w->lock);
	for (const struct queued *q = first; q != NULL; q = q->next)
		cases_text(cases, &q->call, now_s);
	free_list(first);
}
