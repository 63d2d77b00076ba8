/* SPDX-License-Identifier: Apache-2.0
 * counting/held.c - records that wait to learn whether they count: a list, oldest first.
 *
 * Few spans get here: those that repeat usage and inside which no call has been seen when they end.
 */
#include <stdlib.h>

#include "agent/base/clock.h"
#include "agent/base/meter.h"
#include "agent/counting/counting_priv.h"
#include "agent/counting/same.h"

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
	free(h);
}

static void drop_oldest(struct counting *c)
{
	take_out(c, &c->oldest);
	meter_add(meter_get(METER_DROPPED, "exporter=\"*\",kind=\"held_spans\",reason=\"no_memory\""), 1);
}

void held_clear(struct counting *c)
{
	while (c->oldest != NULL)
		take_out(c, &c->oldest);
}

void held_notice(struct counting *c, const struct counting_batch *b)
{
	for (size_t i = 0; c->oldest != NULL && i < b->count; i++)
		c->heard_s[b->spans[i].trace % HEARD_TRACES] = c->now_s;
}

void counting_hold(struct counting *c, const struct counting_span *span, const struct call *call, struct slice record)
{
	struct held *h = malloc(sizeof(*h) + record.len);

	if (h == NULL)
		return;
	*h = (struct held){
		.key = span->key,
		.answer = answer_key(call),
		.trace = span->trace,
		.since_s = clock_mono_ns() / NS_PER_SECOND,
		.record_bytes = record.len,
	};
	memcpy(h->record, record.ptr, record.len);
	pthread_mutex_lock(&c->lock);
	if (c->youngest != NULL)
		c->youngest->next = h;
	else
		c->oldest = h;
	c->youngest = h;
	c->held_bytes += size_of(h);
	while (c->held_bytes > c->held_max_bytes)
		drop_oldest(c);
	pthread_mutex_unlock(&c->lock);
}

static bool is_due(const struct counting *c, const struct held *h)
{
	uint64_t heard_s = c->heard_s[h->trace % HEARD_TRACES];
	uint64_t quiet_since_s = heard_s > h->since_s ? heard_s : h->since_s;

	return c->now_s >= quiet_since_s + COUNTING_SILENCE_S || c->now_s >= h->since_s + LONGEST_WAIT_S;
}

static bool is_inside_counted(const struct counting *c, const struct entry *e)
{
	for (int depth = 0; e != NULL && depth < DEPTH_MAX; depth++) {
		e = span_table_around(c->table, e);
		if (e != NULL && (e->flags & SPAN_COUNTED) != 0)
			return true;
	}
	return false;
}

/* No call inside it or around it was counted, nothing inside it repeats usage too, and nobody else told of it. */
static bool counts_after_all(struct counting *c, const struct held *h)
{
	struct entry *e = span_table_find(c->table, h->key);

	if (e == NULL)
		return true;
	if ((e->flags & (SPAN_INSIDE | SPAN_COUNTED)) != 0 || is_inside_counted(c, e) || twin_of(c->table, e, h->answer) != NULL)
		return false;
	count_entry(c, e, h->answer);
	mark_around(c, e, SPAN_BELOW_LLM);
	return true;
}

bool counting_promote(struct counting *c, uint64_t now_s, bool all, struct buf *record)
{
	bool found = false;

	pthread_mutex_lock(&c->lock);
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
