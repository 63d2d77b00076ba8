/* SPDX-License-Identifier: Apache-2.0
 * counting/held.c - records that wait to learn whether they count: a list, oldest first.
 *
 * Few get here: spans that repeat usage and inside which no call has been seen when they end, calls that somebody else
 * may know better, log records whose span may follow.
 */
#include <stdlib.h>

#include "agent/base/meter.h"
#include "agent/counting/counting_priv.h"

#define LONGEST_WAIT_S (5u * COUNTING_SILENCE_S)

static size_t size_of(const struct held *h)
{
	return sizeof(*h) + h->record_bytes;
}

static void take_out(struct counting *c, struct held **link)
{
	struct held *h = *link;

	*link = h->next;
	c->held_bytes -= size_of(h);
	if (c->oldest == NULL)
		c->youngest = NULL;
	if (h->is_saved)
		held_key(&c->gone.fresh, h->number);
	free(h);
}

static void count_dropped(void)
{
	meter_add(meter_get(METER_DROPPED, "exporter=\"*\",kind=\"held_spans\",reason=\"no_memory\""), 1);
}

static void drop_oldest(struct counting *c)
{
	take_out(c, &c->oldest);
	count_dropped();
}

void held_clear(struct counting *c)
{
	while (c->oldest != NULL)
		take_out(c, &c->oldest);
	deletions_release(&c->gone);
}

void held_notice(struct counting *c, const struct counting_batch *b)
{
	for (size_t i = 0; c->oldest != NULL && i < b->count; i++)
		c->heard_s[b->spans[i].trace % HEARD_TRACES] = c->now_s;
}

void held_append(struct counting *c, struct held *h)
{
	h->since_s = c->now_s;
	h->next = NULL;
	if (c->youngest != NULL)
		c->youngest->next = h;
	else
		c->oldest = h;
	c->youngest = h;
	c->held_bytes += size_of(h);
	while (c->held_bytes > c->held_max_bytes)
		drop_oldest(c);
}

void counting_hold(struct counting *c, const struct counting_span *span, const struct call *call, struct slice record)
{
	struct held *h = malloc(sizeof(*h) + record.len);

	if (h == NULL) {
		count_dropped();
		return;
	}
	*h = (struct held){
		.key = span->key,
		.answer = answer_key(call),
		.trace = span->trace,
		.is_call = call->role == ROLE_LLM || call->role == ROLE_EMBEDDING || call->role == ROLE_RERANK,
		.record_bytes = record.len,
	};
	memcpy(h->record, record.ptr, record.len);
	pthread_mutex_lock(&c->lock);
	h->number = ++c->held_numbers;
	held_append(c, h);
	pthread_mutex_unlock(&c->lock);
}

size_t counting_held(struct counting *c)
{
	size_t n = 0;

	pthread_mutex_lock(&c->lock);
	for (const struct held *h = c->oldest; h != NULL; h = h->next)
		n++;
	pthread_mutex_unlock(&c->lock);
	return n;
}

/* Rather early than dropped: past half of the memory none waits. */
static bool is_due(const struct counting *c, const struct held *h)
{
	uint64_t heard_s = c->heard_s[h->trace % HEARD_TRACES];
	uint64_t quiet_since_s = heard_s > h->since_s ? heard_s : h->since_s;

	if (c->held_bytes > c->held_max_bytes / 2)
		return true;
	if (h->is_call)
		return c->now_s >= h->since_s + COUNTING_PATIENCE_S;
	return c->now_s >= quiet_since_s + COUNTING_SILENCE_S || c->now_s >= h->since_s + LONGEST_WAIT_S;
}

/* A span around it is counted or, for a log record, tells of the same call: spans go before log records. */
static bool is_told_around(const struct counting *c, const struct entry *e)
{
	const struct entry *outer = e;

	for (int depth = 0; outer != NULL && depth < DEPTH_MAX; depth++) {
		outer = span_table_around(c->table, outer);
		if (outer == NULL)
			return false;
		bool is_leaf = (outer->flags & SPAN_LEAF) != 0;
		bool is_own_span = is_leaf && (e->flags & SPAN_FROM_LOG) != 0 && (outer->flags & e->flags & SPAN_USAGE) != 0;
		if ((outer->flags & SPAN_COUNTED) != 0 || (is_own_span && same_nested(e, outer)))
			return true;
	}
	return false;
}

/* What is inside tells of the same tokens. A claim inside a call is the call's own log record. */
static bool is_told_inside(const struct entry *e)
{
	if ((e->flags & SPAN_LEAF) == 0)
		return (e->flags & SPAN_INSIDE) != 0;
	return (e->flags & (below_bit(e->role) | ((e->flags & SPAN_USAGE) != 0 ? 0 : bare_bit(e->role)))) != 0;
}

/* No call inside it or around it was counted, nothing inside it repeats usage too, and nobody else told of it. */
static bool counts_after_all(struct counting *c, const struct held *h)
{
	struct entry *e = span_table_find(c->table, h->key);

	if (e == NULL)
		return true;
	struct twin_keys keys = twin_keys_of(e, h->answer);
	if ((e->flags & SPAN_COUNTED) != 0 || is_told_inside(e) || is_told_around(c, e) ||
	    twin_of(c->table, e, &keys) != NULL)
		return false;
	count_entry(c, e, &keys);
	touch(c, span_table_place(c->table, e));
	mark_around(c, e, below_bit(e->role));
	return true;
}

/* What was loaded, or came before the clock was known, waits from now on. */
static void begin_waits(struct counting *c, uint64_t now_s)
{
	for (struct held *h = c->oldest; h != NULL; h = h->next)
		h->since_s = now_s;
	for (size_t i = 0; i < TALLY_GROUPS; i++)
		c->tally->groups[i].since_s = now_s;
	for (size_t i = 0; i < TALLY_TELLERS; i++)
		c->tally->tellers[i].seen_s = now_s;
}

bool counting_promote(struct counting *c, uint64_t now_s, bool all, struct buf *record)
{
	bool found = false;

	pthread_mutex_lock(&c->lock);
	if (c->now_s == 0)
		begin_waits(c, now_s);
	if (now_s > c->now_s)
		c->now_s = now_s;
	for (struct held **link = &c->oldest, *before = NULL; *link != NULL && !found;) {
		struct held *h = *link;
		if (!all && !is_due(c, h)) {
			before = h;
			link = &h->next;
			continue;
		}
		found = counts_after_all(c, h);
		if (found) {
			buf_reset(record);
			buf_slice(record, (struct slice){ h->record, h->record_bytes });
		}
		if (c->youngest == h)
			c->youngest = before;
		take_out(c, link);
	}
	pthread_mutex_unlock(&c->lock);
	return found;
}
