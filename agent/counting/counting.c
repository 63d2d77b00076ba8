/* SPDX-License-Identifier: Apache-2.0
 * counting/counting.c - one batch at a time: enter its spans, mark what is around its calls, decide.
 */
#include "agent/counting/counting.h"

#include <stdlib.h>

#include "agent/base/hash.h"
#include "agent/counting/beside.h"
#include "agent/counting/counting_priv.h"
#include "agent/counting/same.h"

/* A text that all spans of a scope or a service share, the same bytes of the request. */
struct shared_text {
	struct slice text;
	uint32_t hash;
};

/* Everything that one decision looks at. */
struct deciding {
	struct counting *c;
	struct span_table *table;
	struct counting_batch *batch;
	struct call *calls;
	uint32_t first; /* number of the batch's first span */
	struct shared_text scope, service;
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

bool mark_around(struct counting *c, struct entry *e, uint32_t marks)
{
	bool any_seen = false;

	for (int depth = 0; e->parent != 0 && depth < DEPTH_MAX; depth++) {
		struct entry *around = span_table_get_around(c->table, e);
		size_t place = span_table_place(c->table, around);
		bool is_seen = (around->flags & SPAN_SEEN) != 0;
		e->parent_place = (uint32_t)place;
		any_seen |= is_seen;
		if ((marks & ~around->flags) == 0)
			break;
		around->flags |= marks;
		touch(c, place);
		if (!is_seen)
			break;
		e = around;
	}
	return any_seen;
}

static uint32_t hash_text(struct slice text)
{
	return text.len > 0 ? (uint32_t)hash_stable(text.ptr, text.len) | 1u : 0;
}

static uint32_t hash_shared(struct shared_text *last, struct slice text)
{
	if (text.ptr != last->text.ptr || text.len != last->text.len)
		*last = (struct shared_text){ text, hash_text(text) };
	return last->hash;
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
	e->scope = hash_shared(&d->scope, c->scope);
	e->service = hash_shared(&d->service, c->service);
	mark_teller(d->c, e);
	e->request_model = hash_text(c->request_model);
	e->response_model = hash_text(c->response_model);
	e->input_tokens = capped(tokens_get(&c->tokens, TOKENS_INPUT));
	e->output_tokens = capped(tokens_get(&c->tokens, TOKENS_OUTPUT));
	e->role = (uint8_t)(is_leaf(c) ? c->role : ROLE_LLM); /* what its counts would be of */
	e->producer = (uint8_t)c->producer;
	e->start_unix_ns = c->start_unix_ns;
	e->duration_us = c->end_unix_ns > c->start_unix_ns ? capped((c->end_unix_ns - c->start_unix_ns) / 1000) : 0;
}

/* Counts that were missing before, or a span that did not look like a call before: that is no repetition. */
static bool completes(const struct entry *e, const struct call *c)
{
	return c != NULL && c->counted && (e->flags & SPAN_USAGE) == 0 && ((e->flags & SPAN_LEAF) == 0 || call_has_usage(c));
}

static enum counting_verdict repeated(const struct entry *e)
{
	return (e->flags & SPAN_COUNTED) != 0 ? COUNTING_REPEATED_COUNTED : COUNTING_REPEATED;
}

/* Loads where decide is going to look. */
static void prefetch_twins(const struct span_table *t, const struct twin_keys *keys)
{
	span_table_prefetch(t, INDEX_ANSWER, keys->answer);
	span_table_prefetch(t, INDEX_TOKENS, keys->tokens);
	span_table_prefetch(t, INDEX_TOKENS, keys->neighbour);
}

/* The span of this batch that the entry was entered for last, or NULL. */
static struct counting_span *span_in_batch(const struct deciding *d, const struct entry *e)
{
	uint32_t index = e->slot - d->first;

	return index < d->batch->count ? &d->batch->spans[index] : NULL;
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
	struct counting_span *before = was_seen ? span_in_batch(d, e) : NULL;
	if (before != NULL)
		before->verdict = COUNTING_REPEATED;
	e->flags |= SPAN_SEEN | (s->parent == 0 ? SPAN_ROOT : 0u);
	e->parent = s->parent;
	if (c != NULL)
		e->slot = d->first + index;
	touch(d->c, s->place);
	if (c != NULL && (c->counted || c->wrapper)) {
		describe(d, e, s, c);
		s->twins = twin_keys_of(e, answer_key(c));
		prefetch_twins(d->table, &s->twins);
	}
	if ((e->flags & SPAN_INSIDE) != 0)
		mark_around(d->c, e, e->flags & SPAN_INSIDE);
}

/* NULL where the entry is another span's by now, or another one's of the batch that told of the same span. */
static struct entry *entry_of(const struct deciding *d, const struct counting_span *s)
{
	struct entry *e = span_table_at(d->table, s->place);

	return e->slot == d->first + (uint32_t)(s - d->batch->spans) ? e : NULL;
}

/* Spans go before log records, but for a vendor's own program, whose log records are its first word. */
static bool waits_for_span(const struct call *c)
{
	return c->told_late && c->producer != PRODUCER_VENDOR_SDK;
}

/* What a call says of the spans around it; 0: nothing. */
static uint32_t marks_of(const struct call *c, const struct entry *e)
{
	if (waits_for_span(c))
		return SPAN_CLAIM_BELOW;
	if (c->counted)
		return (e->flags & SPAN_USAGE) != 0 ? below_bit(e->role) : bare_bit(e->role);
	return c->wrapper ? SPAN_CLAIM_BELOW : 0;
}

static void tell_around(struct deciding *d, struct counting_span *s)
{
	struct entry *e = entry_of(d, s);
	uint32_t marks = e != NULL ? marks_of(&d->calls[s->call], e) : 0;

	if (marks != 0)
		s->is_alone = !mark_around(d->c, e, marks);
}

/* ------------------------------------------------------------------ deciding */

static struct call *call_in_batch(const struct deciding *d, const struct entry *e)
{
	const struct counting_span *s = span_in_batch(d, e);

	return s != NULL ? &d->calls[s->call] : NULL;
}

/* The span around this one that told of the same call already, or will: it alone knows the counts. */
static const struct entry *told_around(struct deciding *d, const struct entry *e)
{
	const struct entry *outer = span_table_around(d->table, e);

	for (int depth = 0; depth < DEPTH_MAX; depth++) {
		if (outer == NULL || (outer->flags & SPAN_SEEN) == 0)
			return NULL;
		bool counts = (outer->flags & SPAN_COUNTED) != 0 ||
			      ((outer->flags & SPAN_USAGE) > (e->flags & SPAN_USAGE) && span_in_batch(d, outer) != NULL);
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

static bool may_have(const struct span_table *t, enum table_index index, uint64_t key)
{
	return key != 0 && span_table_may_have(t, index, key);
}

struct entry *twin_of(const struct span_table *t, const struct entry *e, const struct twin_keys *keys)
{
	bool is_from_log = (e->flags & SPAN_FROM_LOG) != 0;

	if (!is_from_log && !may_have(t, INDEX_ANSWER, keys->answer) && !may_have(t, INDEX_TOKENS, keys->tokens) &&
	    !may_have(t, INDEX_TOKENS, keys->neighbour))
		return NULL; /* as nearly always */
	struct entry *other = twin_in(t, e, INDEX_ANSWER, keys->answer, same_by_answer);
	if (other == NULL)
		other = twin_in(t, e, INDEX_TOKENS, keys->tokens, same_by_tokens);
	if (other == NULL)
		other = twin_in(t, e, INDEX_TOKENS, keys->neighbour, same_by_tokens);
	for (unsigned n = 1; other == NULL && is_from_log && n < NOTE_STRETCHES; n++)
		other = twin_in(t, e, INDEX_TOKENS, tokens_key_before(e, n), same_by_tokens);
	return other;
}

static void count(struct deciding *d, struct counting_span *s, struct entry *e)
{
	s->verdict = COUNTING_COUNTED;
	count_entry(d->c, e, &s->twins);
}

/* Two of one batch: the one that knows better counts, and takes over what only the other one says. */
static void settle_twins(struct deciding *d, struct counting_span *s, struct entry *e, struct entry *other)
{
	struct counting_span *before = span_in_batch(d, other);

	s->verdict = COUNTING_DUPLICATE;
	s->other = other->key[INDEX_SPAN];
	if (before == NULL)
		return;
	struct call *mine = &d->calls[s->call], *counted = &d->calls[before->call];
	if (knows_better(mine, counted)) {
		before->verdict = COUNTING_DUPLICATE;
		before->other = s->key;
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
	around = s->is_alone ? NULL : told_around(d, e);
	if (around != NULL) {
		s->verdict = COUNTING_DUPLICATE;
		s->other = around->key[INDEX_SPAN];
		return;
	}
	other = twin_of(d->table, e, &s->twins);
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
	if (!s->is_alone)
		inherit_from_around(d, s);
	beside_tell(&d->beside, d->calls, &d->calls[s->call]);
}

static void write_verdict(const struct counting_span *s, struct call *c)
{
	bool is_held_call = s->verdict == COUNTING_HELD && c->counted;

	c->counted = s->verdict == COUNTING_COUNTED;
	c->wrapper = s->verdict != COUNTING_COUNTED && s->verdict != COUNTING_NONE && !is_held_call;
	if (reasons[s->verdict] != NULL)
		c->not_counted = reasons[is_held_call ? COUNTING_VERDICTS : s->verdict];
}

/* What was sent twice in one batch comes out alike. */
static void settle_repeated(const struct deciding *d, struct counting_span *s)
{
	const struct entry *e = span_table_find(d->table, s->key);

	if (e != NULL)
		s->verdict = repeated(e);
}

static void conclude(struct deciding *d, struct counting_span *s)
{
	struct call *c = &d->calls[s->call];

	if (s->verdict == COUNTING_COUNTED) {
		inherit(d, s);
	} else if (s->verdict == COUNTING_REPEATED) {
		settle_repeated(d, s);
		if (!c->counted && !c->wrapper) { /* a tool, a search: it got no mark the first time */
			c->not_counted = reasons[COUNTING_REPEATED];
			return;
		}
	}
	write_verdict(s, c);
}

static bool is_believed_last(const struct call *c)
{
	return c->usage_is_doubtful || waits_for_span(c);
}

/* Of those that are believed last, or of the others. True: there are some of the other kind. */
static bool decide_those(struct deciding *d, bool last)
{
	struct counting_batch *b = d->batch;
	bool any_other = false;

	for (struct counting_span *s = b->spans; s < b->spans + b->count; s++) {
		if (s->call == COUNTING_NO_CALL)
			continue;
		if (is_believed_last(&d->calls[s->call]) == last)
			decide(d, s);
		else
			any_other = true;
	}
	return any_other;
}

static void decide_locked(struct deciding *d)
{
	struct counting_batch *b = d->batch;

	for (uint32_t i = 0; i < b->count; i++) {
		enter(d, i);
		if (b->spans[i].call != COUNTING_NO_CALL)
			beside_note(&d->beside, d->calls, b->spans[i].call);
	}
	for (struct counting_span *s = b->spans; s < b->spans + b->count; s++)
		if (s->call != COUNTING_NO_CALL && s->verdict == COUNTING_NONE)
			tell_around(d, s);
	if (decide_those(d, false)) /* once all who know better have told */
		decide_those(d, true);
	for (struct counting_span *s = b->spans; s < b->spans + b->count; s++)
		if (s->call != COUNTING_NO_CALL)
			conclude(d, s);
}

/* Gives each span of the batch a number; the first one's. No entry's slot is one of them. */
static uint32_t number_spans(struct counting *c, size_t count)
{
	if (count > UINT32_MAX - c->spans - 1) { /* all slots are old ones from here on */
		for (size_t i = 0; i < span_table_capacity(c->table); i++)
			span_table_at(c->table, i)->slot = 0;
		c->spans = 0;
	}
	uint32_t first = c->spans + 1;
	c->spans += (uint32_t)count;
	return first;
}

void counting_decide(struct counting *c, struct counting_batch *b, struct call *calls)
{
	struct deciding d = { .c = c, .table = c->table, .batch = b, .calls = calls };

	if (b->count == 0)
		return;
	pthread_mutex_lock(&c->lock);
	d.first = number_spans(c, b->count);
	decide_locked(&d);
	held_notice(c, b);
	pthread_mutex_unlock(&c->lock);
}
