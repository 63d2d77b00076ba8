/* SPDX-License-Identifier: Apache-2.0
 * counting/counting.c - one batch at a time: enter its spans, mark what is around its calls, decide.
 */
#include "agent/counting/counting.h"

#include <stdlib.h>

#include "agent/base/hash.h"
#include "agent/counting/beside.h"
#include "agent/counting/counting_priv.h"
#include "agent/counting/same.h"

/* Texts that were hashed lately: those of one batch are mostly alike. */
#define TEXT_MEMOS 16u
struct text_memo {
	struct slice text;
	uint32_t hash;
};

/* Everything that one decision looks at. */
struct deciding {
	struct counting *c;
	struct span_table *table;
	struct counting_batch *batch;
	struct call *calls;
	struct text_memo texts[TEXT_MEMOS];
	struct beside beside;
};

struct counting *counting_new(size_t bytes)
{
	struct counting *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->table = span_table_new(bytes - bytes / HELD_SHARE);
	c->blocks = c->table != NULL ? span_table_capacity(c->table) / BLOCK_ENTRIES + 1 : 0;
	c->dirty = calloc(c->blocks > 0 ? c->blocks : 1, 1);
	c->held_max_bytes = bytes / HELD_SHARE;
	c->tally = calloc(1, sizeof(*c->tally));
	pthread_mutex_init(&c->lock, NULL);
	if (c->table != NULL && c->dirty != NULL && c->tally != NULL)
		return c;
	counting_free(c);
	return NULL;
}

void counting_free(struct counting *c)
{
	if (c == NULL)
		return;
	held_clear(c);
	tally_free(c->tally);
	span_table_free(c->table);
	free(c->dirty);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

/* ------------------------------------------------------------------ the batch */

static uint64_t load64(const uint8_t bytes[8])
{
	uint64_t n;

	memcpy(&n, bytes, sizeof(n));
	return n;
}

static uint64_t trace_hash(const uint8_t trace_id[16])
{
	return hash_mix(load64(trace_id), load64(trace_id + 8));
}

static uint64_t key_of(uint64_t trace, const uint8_t span_id[8])
{
	return hash_mix(trace, load64(span_id)) | 1;
}

static struct counting_span *next_span(struct counting_batch *b)
{
	if (b->count == b->cap) {
		size_t cap = b->cap == 0 ? 64 : b->cap * 2;
		struct counting_span *spans = arena_array(b->arena, cap, sizeof(*spans));
		if (spans == NULL)
			return NULL;
		if (b->count > 0)
			memcpy(spans, b->spans, b->count * sizeof(*spans));
		b->spans = spans;
		b->cap = cap;
	}
	return &b->spans[b->count++];
}

struct status counting_note(struct counting_batch *b, const uint8_t trace_id[16], const uint8_t span_id[8],
			    const uint8_t *parent_span_id, uint32_t call)
{
	struct counting_span *s = next_span(b);
	uint64_t trace = trace_hash(trace_id);

	if (s == NULL)
		return FAIL(NOMEM, "the batch's memory limit leaves no room for its spans");
	*s = (struct counting_span){ .key = key_of(trace, span_id), .trace = (uint32_t)trace, .call = call };
	if (parent_span_id != NULL)
		s->parent = key_of(trace, parent_span_id);
	if (b->counting != NULL) {
		span_table_prefetch(b->counting->table, INDEX_SPAN, s->key);
		span_table_prefetch(b->counting->table, INDEX_SPAN, s->parent);
	}
	return OK;
}

/* A record has no id of its own: what it says stands for one. */
struct status counting_note_log(struct counting_batch *b, const struct call *c, uint32_t call)
{
	struct counting_span *s = next_span(b);
	uint64_t trace = trace_hash(c->trace_id);
	uint64_t said = hash_mix(c->end_unix_ns, answer_key(c));

	if (s == NULL)
		return FAIL(NOMEM, "the batch's memory limit leaves no room for its records");
	said = hash_mix(said, hash_mix(tokens_get(&c->tokens, TOKENS_INPUT), tokens_get(&c->tokens, TOKENS_OUTPUT)));
	*s = (struct counting_span){ .trace = (uint32_t)trace, .call = call };
	if (c->has_parent)
		s->parent = key_of(trace, c->parent_span_id);
	s->key = hash_mix(hash_mix(trace, s->parent), said) | 1;
	return OK;
}

/* ------------------------------------------------------------------ entering and marking */

void mark_around(struct counting *c, struct entry *e, uint32_t marks)
{
	for (int depth = 0; e->parent != 0 && depth < DEPTH_MAX; depth++) {
		struct entry *around = span_table_around(c->table, e);
		if (around == NULL)
			around = span_table_get(c->table, e->parent);
		e->parent_place = (uint32_t)span_table_place(c->table, around);
		if ((marks & ~around->flags) == 0)
			return;
		around->flags |= marks;
		touch(c, around);
		if ((around->flags & SPAN_SEEN) == 0)
			return;
		e = around;
	}
}

static uint32_t hash_text(struct deciding *d, struct slice text)
{
	if (text.len == 0)
		return 0;
	struct text_memo *m = &d->texts[(text.len + (unsigned char)text.ptr[text.len - 1]) % TEXT_MEMOS];
	if (!slice_equal(m->text, text))
		*m = (struct text_memo){ text, (uint32_t)hash_stable(text.ptr, text.len) | 1u };
	return m->hash;
}

static uint32_t capped(uint64_t n)
{
	return n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
}

static bool is_leaf(const struct call *c)
{
	return c->role == ROLE_LLM || c->role == ROLE_EMBEDDING || c->role == ROLE_RERANK;
}

/* Its service and scope tell of calls: what their metrics say of them is the same again. */
static void mark_teller(struct counting *c, const struct entry *e)
{
	if (e->service == c->teller.service && e->scope == c->teller.scope && c->now_s == c->teller.seen_s)
		return;
	c->teller.service = e->service;
	c->teller.scope = e->scope;
	c->teller.seen_s = c->now_s;
	tally_told(c->tally, e->service, c->now_s);
	tally_told(c->tally, e->scope, c->now_s);
}

static void describe(struct deciding *d, struct entry *e, const struct counting_span *s, const struct call *c)
{
	e->flags |= (is_leaf(c) ? SPAN_LEAF : 0u) | (call_has_usage(c) ? SPAN_USAGE : 0u) | (c->told_late ? SPAN_FROM_LOG : 0u);
	e->trace = s->trace;
	e->scope = hash_text(d, c->scope);
	e->service = hash_text(d, c->service);
	mark_teller(d->c, e);
	e->request_model = hash_text(d, c->request_model);
	e->response_model = hash_text(d, c->response_model);
	e->input_tokens = capped(tokens_get(&c->tokens, TOKENS_INPUT));
	e->output_tokens = capped(tokens_get(&c->tokens, TOKENS_OUTPUT));
	e->role = (uint8_t)(is_leaf(c) ? c->role : ROLE_LLM); /* what its counts would be of */
	e->producer = (uint8_t)c->producer;
	e->start_unix_ns = c->start_unix_ns;
	e->duration_us = c->end_unix_ns > c->start_unix_ns ? capped((c->end_unix_ns - c->start_unix_ns) / 1000) : 0;
}

/* A call that is told again with counts that were missing before is not a repetition. */
static bool completes(const struct entry *e, const struct call *c)
{
	return c != NULL && c->counted && call_has_usage(c) && (e->flags & SPAN_LEAF) != 0 && (e->flags & SPAN_USAGE) == 0;
}

static enum counting_verdict repeated(const struct entry *e)
{
	return (e->flags & SPAN_COUNTED) != 0 ? COUNTING_REPEATED_COUNTED : COUNTING_REPEATED;
}

/* Loads where decide is going to look. */
static void prefetch_twins(const struct deciding *d, const struct entry *e, uint64_t answer)
{
	span_table_prefetch(d->table, INDEX_ANSWER, answer);
	span_table_prefetch(d->table, INDEX_TOKENS, tokens_key(e, false));
	span_table_prefetch(d->table, INDEX_TOKENS, tokens_key(e, true));
}

static void enter(struct deciding *d, uint32_t index)
{
	struct counting_span *s = &d->batch->spans[index];
	const struct call *c = s->call != COUNTING_NO_CALL ? &d->calls[s->call] : NULL;
	struct entry *e = span_table_get(d->table, s->key);
	bool was_seen = (e->flags & SPAN_SEEN) != 0;

	s->place = (uint32_t)span_table_place(d->table, e);
	if (was_seen && !completes(e, c)) {
		if (c != NULL)
			s->verdict = repeated(e);
		return;
	}
	if (was_seen && e->slot != 0)
		d->batch->spans[e->slot - 1].verdict = COUNTING_REPEATED;
	e->flags |= SPAN_SEEN | (s->parent == 0 ? SPAN_ROOT : 0u);
	e->parent = s->parent;
	if (c != NULL)
		e->slot = index + 1;
	touch(d->c, e);
	if (c != NULL && (c->counted || c->wrapper)) {
		describe(d, e, s, c);
		s->answer = answer_key(c);
		prefetch_twins(d, e, s->answer);
	}
	if ((e->flags & SPAN_INSIDE) != 0)
		mark_around(d->c, e, e->flags & SPAN_INSIDE);
}

static struct entry *entry_of(struct deciding *d, const struct counting_span *s)
{
	struct entry *e = span_table_at(d->table, s->place);

	return e->key[INDEX_SPAN] == s->key && e->slot == (uint32_t)(s - d->batch->spans) + 1 ? e : NULL;
}

/* Spans go before log records, but for a vendor's own program, whose log records are its first word. */
static bool waits_for_span(const struct call *c)
{
	return c->told_late && c->producer != PRODUCER_VENDOR_SDK;
}

static void tell_around(struct deciding *d, const struct counting_span *s)
{
	const struct call *c = &d->calls[s->call];
	struct entry *e = entry_of(d, s);

	if (e == NULL)
		return;
	if (waits_for_span(c))
		mark_around(d->c, e, SPAN_CLAIM_BELOW);
	else if (c->counted)
		mark_around(d->c, e, (e->flags & SPAN_USAGE) != 0 ? below_bit(e->role) : bare_bit(e->role));
	else if (c->wrapper)
		mark_around(d->c, e, SPAN_CLAIM_BELOW);
}

/* ------------------------------------------------------------------ deciding */

static struct call *call_in_batch(struct deciding *d, const struct entry *e)
{
	return e->slot != 0 ? &d->calls[d->batch->spans[e->slot - 1].call] : NULL;
}

/* The span around this one that told of the same call already, or will: it alone knows the counts. */
static const struct entry *told_around(struct deciding *d, const struct entry *e)
{
	const struct entry *outer = span_table_around(d->table, e);

	for (int depth = 0; depth < DEPTH_MAX; depth++) {
		if (outer == NULL || (outer->flags & SPAN_SEEN) == 0)
			return NULL;
		bool counts = (outer->flags & SPAN_COUNTED) != 0 ||
			      (outer->slot != 0 && (outer->flags & SPAN_USAGE) > (e->flags & SPAN_USAGE));
		if ((outer->flags & SPAN_LEAF) != 0 && counts && same_nested(e, outer))
			return outer;
		outer = span_table_around(d->table, outer);
	}
	return NULL;
}

static struct entry *twin_in(const struct span_table *t, const struct entry *e, enum table_index index, uint64_t key,
			     bool (*is_same)(const struct entry *a, const struct entry *b))
{
	struct entry *other;
	unsigned cursor = 0;

	if (key == 0)
		return NULL;
	while ((other = span_table_next(t, index, key, &cursor)) != NULL)
		if (other != e && (other->flags & SPAN_COUNTED) != 0 && is_same(e, other))
			return other;
	return NULL;
}

struct entry *twin_of(const struct span_table *t, const struct entry *e, uint64_t answer)
{
	struct entry *other = twin_in(t, e, INDEX_ANSWER, answer, same_by_answer);

	if (other == NULL)
		other = twin_in(t, e, INDEX_TOKENS, tokens_key(e, false), same_by_tokens);
	if (other == NULL)
		other = twin_in(t, e, INDEX_TOKENS, tokens_key(e, true), same_by_tokens);
	for (unsigned n = 1; other == NULL && (e->flags & SPAN_FROM_LOG) != 0 && n < NOTE_STRETCHES; n++)
		other = twin_in(t, e, INDEX_TOKENS, tokens_key_before(e, n), same_by_tokens);
	return other;
}

void count_entry(struct counting *c, struct entry *e, uint64_t answer)
{
	uint64_t tokens = tokens_key(e, false);

	e->flags |= SPAN_LEAF | SPAN_COUNTED;
	touch(c, e);
	if (answer != 0)
		span_table_index(c->table, e, INDEX_ANSWER, answer);
	if (tokens != 0)
		span_table_index(c->table, e, INDEX_TOKENS, tokens);
}

static void count(struct deciding *d, struct counting_span *s, struct entry *e)
{
	s->verdict = COUNTING_COUNTED;
	count_entry(d->c, e, s->answer);
}

/* Two of one batch: the one that knows better counts, and takes over what only the other one says. */
static void settle_twins(struct deciding *d, struct counting_span *s, struct entry *e, struct entry *other)
{
	struct call *mine = &d->calls[s->call], *counted = call_in_batch(d, other);

	s->verdict = COUNTING_DUPLICATE;
	s->other = other->key[INDEX_SPAN];
	if (counted == NULL)
		return;
	if (knows_better(mine, counted)) {
		d->batch->spans[other->slot - 1].verdict = COUNTING_DUPLICATE;
		d->batch->spans[other->slot - 1].other = s->key;
		s->other = 0;
		other->flags &= ~(uint32_t)SPAN_COUNTED;
		count(d, s, e);
		call_inherit(mine, counted);
	} else {
		call_inherit(counted, mine);
	}
}

/* Some span around it has not come yet. */
static bool may_be_inside(const struct deciding *d, const struct entry *e)
{
	for (int depth = 0; e->parent != 0 && depth < DEPTH_MAX; depth++) {
		e = span_table_around(d->table, e);
		if (e == NULL || (e->flags & SPAN_SEEN) == 0)
			return true;
	}
	return false;
}

/* Somebody may come who knows this call better. A call that failed has no usage that anybody could know. */
static bool has_to_wait(const struct deciding *d, const struct call *c, const struct entry *e)
{
	bool has_failed = c->status_error || c->error_type.len > 0;

	if (waits_for_span(c) || c->usage_is_doubtful || c->usage_may_lack_cache)
		return true;
	bool may_be_around = c->producer == PRODUCER_FRAMEWORK; /* the client's span inside it may follow */
	return (e->flags & SPAN_USAGE) == 0 && !has_failed && (may_be_around || may_be_inside(d, e));
}

static void decide_leaf(struct deciding *d, struct counting_span *s, struct entry *e)
{
	bool has_usage = (e->flags & SPAN_USAGE) != 0;
	const struct entry *around;
	struct entry *other;

	if ((e->flags & below_bit(e->role)) != 0 || (!has_usage && (e->flags & bare_bit(e->role)) != 0)) {
		s->verdict = COUNTING_WRAPPER;
		return;
	}
	around = told_around(d, e);
	if (around != NULL) {
		s->verdict = COUNTING_DUPLICATE;
		s->other = around->key[INDEX_SPAN];
		return;
	}
	other = twin_of(d->table, e, s->answer);
	if (other != NULL)
		settle_twins(d, s, e, other);
	else if (has_to_wait(d, &d->calls[s->call], e))
		s->verdict = COUNTING_HELD;
	else
		count(d, s, e);
}

static void decide(struct deciding *d, struct counting_span *s)
{
	const struct call *c = &d->calls[s->call];
	struct entry *e = entry_of(d, s);

	if (s->verdict != COUNTING_NONE || (!c->counted && !c->wrapper))
		return;
	if (e == NULL) /* more spans in one batch than the table holds: better counted than lost */
		s->verdict = c->counted ? COUNTING_COUNTED : COUNTING_WRAPPER;
	else if (c->counted)
		decide_leaf(d, s, e);
	else
		s->verdict = (e->flags & (SPAN_BELOW_ANY | SPAN_BARE_ANY)) != 0 ? COUNTING_WRAPPER : COUNTING_HELD;
}

static const char *const reasons[] = {
	[COUNTING_WRAPPER] = "the call inside it is counted",
	[COUNTING_DUPLICATE] = "the same call is told by another span",
	[COUNTING_REPEATED] = "the span was sent before",
	[COUNTING_REPEATED_COUNTED] = "the span was sent before",
	[COUNTING_HELD] = "it repeats usage; counted only where no call inside it is",
	[COUNTING_VERDICTS] = "waits for a span that knows the call better; counted where none comes",
};

/* The calls around a counted one, from the nearest on. */
static void inherit_from_around(struct deciding *d, struct counting_span *s)
{
	const struct entry *self = entry_of(d, s);
	const struct entry *e = self != NULL ? span_table_around(d->table, self) : span_table_find(d->table, s->parent);

	for (int depth = 0; e != NULL && depth < DEPTH_MAX; depth++) {
		if ((e->flags & SPAN_SEEN) == 0)
			return;
		const struct call *around = call_in_batch(d, e);
		if (around != NULL && is_leaf(around) && around->role == d->calls[s->call].role)
			call_inherit(&d->calls[s->call], around);
		else if (around != NULL)
			call_inherit_attribution(&d->calls[s->call], around);
		e = span_table_around(d->table, e);
	}
}

static void inherit(struct deciding *d, struct counting_span *s)
{
	inherit_from_around(d, s);
	beside_tell(&d->beside, d->calls, &d->calls[s->call]);
}

static void write_verdict(struct counting_span *s, struct call *c)
{
	bool is_held_call = s->verdict == COUNTING_HELD && c->counted;

	c->counted = s->verdict == COUNTING_COUNTED;
	c->wrapper = s->verdict != COUNTING_COUNTED && s->verdict != COUNTING_NONE && !is_held_call;
	if (reasons[s->verdict] != NULL)
		c->not_counted = reasons[is_held_call ? COUNTING_VERDICTS : s->verdict];
}

/* What was sent twice in one batch comes out alike. */
static void leave(struct deciding *d, struct counting_span *s)
{
	struct entry *e = s->verdict == COUNTING_REPEATED ? span_table_find(d->table, s->key) : NULL;

	if (e != NULL)
		s->verdict = repeated(e);
	e = entry_of(d, s);
	if (e != NULL)
		e->slot = 0;
}

static bool is_believed_last(const struct call *c)
{
	return c->usage_is_doubtful || waits_for_span(c);
}

static void decide_locked(struct deciding *d)
{
	struct counting_batch *b = d->batch;
	bool any_late = false;

	for (size_t i = 0; i < b->count; i++) {
		enter(d, (uint32_t)i);
		if (b->spans[i].call != COUNTING_NO_CALL)
			beside_note(&d->beside, d->calls, b->spans[i].call);
	}
	for (size_t i = 0; i < b->count; i++)
		if (b->spans[i].call != COUNTING_NO_CALL && b->spans[i].verdict == COUNTING_NONE)
			tell_around(d, &b->spans[i]);
	for (size_t i = 0; i < b->count; i++) {
		if (b->spans[i].call == COUNTING_NO_CALL)
			continue;
		if (is_believed_last(&d->calls[b->spans[i].call]))
			any_late = true;
		else
			decide(d, &b->spans[i]);
	}
	for (size_t i = 0; any_late && i < b->count; i++) /* once all who know better have told */
		if (b->spans[i].call != COUNTING_NO_CALL && is_believed_last(&d->calls[b->spans[i].call]))
			decide(d, &b->spans[i]);
	for (size_t i = 0; i < b->count; i++)
		if (b->spans[i].verdict == COUNTING_COUNTED)
			inherit(d, &b->spans[i]);
	for (size_t i = 0; i < b->count; i++)
		if (b->spans[i].call != COUNTING_NO_CALL)
			leave(d, &b->spans[i]);
}

void counting_decide(struct counting *c, struct counting_batch *b, struct call *calls)
{
	struct deciding d = { .c = c, .table = c->table, .batch = b, .calls = calls };

	if (b->count == 0)
		return;
	pthread_mutex_lock(&c->lock);
	decide_locked(&d);
	held_notice(c, b);
	pthread_mutex_unlock(&c->lock);
	for (size_t i = 0; i < b->count; i++)
		if (b->spans[i].call != COUNTING_NO_CALL)
			write_verdict(&b->spans[i], &calls[b->spans[i].call]);
}
