/* SPDX-License-Identifier: Apache-2.0
 * budgets/reservations.c - what decisions hold back until the span of the call comes, or the time is over.
 */
#include <stdlib.h>
#include <sys/random.h>

#include "agent/base/hash.h"
#include "agent/budgets/ledger.h"

#define CLOCK_APART_S 5 /* who asks looks at the clock before it has the lock */

static struct reservation **id_bucket(const struct budgets *b, uint64_t id)
{
	return (struct reservation **)&b->by_id[id % RESERVATION_BUCKETS];
}

static struct reservation **trace_bucket(const struct budgets *b, const uint8_t trace_id[16])
{
	return (struct reservation **)&b->by_trace[hash_bytes(trace_id, 16) % RESERVATION_BUCKETS];
}

/* Not to be guessed: who knows it can give the money back. 0: none to be had. */
static uint64_t new_id(const struct budgets *b)
{
	uint64_t id = 0;

	do {
		if (getrandom(&id, sizeof(id), 0) != sizeof(id))
			return 0;
	} while (id == 0 || reservation_named(b, id) != NULL);
	return id;
}

/* Nearly always behind the newest one: the time-out is the same for all. */
static void enqueue(struct budgets *b, struct reservation *r)
{
	struct reservation *before = b->newest;

	while (before != NULL && before->until_s > r->until_s)
		before = before->older;
	r->older = before;
	r->newer = before != NULL ? before->newer : b->oldest;
	*(before != NULL ? &before->newer : &b->oldest) = r;
	*(r->newer != NULL ? &r->newer->older : &b->newest) = r;
}

struct reservation *reservation_new(struct budgets *b, int64_t until_s, const uint8_t *trace_id, uint32_t calls)
{
	uint64_t id = b->reservation_count < RESERVATIONS_MAX ? new_id(b) : 0;
	struct reservation *r = id != 0 ? calloc(1, sizeof(*r)) : NULL;

	if (r == NULL)
		return NULL;
	r->id = id;
	r->until_s = until_s;
	r->calls = calls > 1 ? calls : 1;
	r->next_id = *id_bucket(b, id);
	*id_bucket(b, id) = r;
	if (trace_id != NULL) {
		r->has_trace_id = true;
		memcpy(r->trace_id, trace_id, sizeof(r->trace_id));
		struct reservation **place = trace_bucket(b, trace_id);
		while (*place != NULL) /* behind the others: the oldest of a trace is settled first */
			place = &(*place)->next_trace;
		*place = r;
	}
	enqueue(b, r);
	b->reservation_count++;
	return r;
}

void reservation_hold(struct reservation *r, struct group *g, const struct amount *amount)
{
	r->held[r->count].group = g;
	r->held[r->count++].amount = *amount;
	amount_add(&g->open, amount);
}

struct reservation *reservation_named(const struct budgets *b, uint64_t id)
{
	struct reservation *r = *id_bucket(b, id);

	while (r != NULL && r->id != id)
		r = r->next_id;
	return r;
}

struct reservation *reservation_of_trace(const struct budgets *b, const uint8_t trace_id[16])
{
	struct reservation *r = *trace_bucket(b, trace_id);

	while (r != NULL && memcmp(r->trace_id, trace_id, sizeof(r->trace_id)) != 0)
		r = r->next_trace;
	return r;
}

void reservation_end(struct budgets *b, struct reservation *r)
{
	struct reservation **place = id_bucket(b, r->id);

	while (*place != r)
		place = &(*place)->next_id;
	*place = r->next_id;
	if (r->has_trace_id) {
		for (place = trace_bucket(b, r->trace_id); *place != r;)
			place = &(*place)->next_trace;
		*place = r->next_trace;
	}
	*(r->older != NULL ? &r->older->newer : &b->oldest) = r->newer;
	*(r->newer != NULL ? &r->newer->older : &b->newest) = r->older;
	for (size_t i = 0; i < r->count; i++)
		amount_subtract(&r->held[i].group->open, &r->held[i].amount);
	b->reservation_count--;
	free(r);
}

void reservation_settle(struct budgets *b, struct reservation *r)
{
	if (r->calls == 1) {
		reservation_end(b, r);
		return;
	}
	for (size_t i = 0; i < r->count; i++)
		for (int unit = 0; unit < AMOUNT_KINDS; unit++) {
			__int128_t part = r->held[i].amount.n[unit] / r->calls;
			r->held[i].amount.n[unit] -= part;
			r->held[i].group->open.n[unit] -= part;
		}
	r->calls--;
}

struct set_back {
	struct budgets *b;
	int64_t from_s, by_s;
};

/* What was over stays over. */
static void bring_forward(void *context, struct group *g)
{
	const struct set_back *clock = context;

	if (g->left_until_s == 0)
		return;
	g->left_until_s = g->left_until_s > clock->from_s ? g->left_until_s - clock->by_s : 0;
	group_touch(clock->b, g);
}

/* Where the clock was set back, what was to end then ends as much earlier. */
static void follow_clock(struct budgets *b, int64_t now_s)
{
	struct set_back clock = { b, b->clock_s, b->clock_s - now_s };

	b->clock_s = now_s;
	if (clock.by_s <= CLOCK_APART_S)
		return;
	for (struct reservation *r = b->oldest; r != NULL; r = r->newer)
		r->until_s -= clock.by_s;
	groups_each(b, bring_forward, &clock);
}

void reservations_expire(struct budgets *b, int64_t now_s)
{
	follow_clock(b, now_s);
	while (b->oldest != NULL && b->oldest->until_s <= now_s)
		reservation_end(b, b->oldest);
}

void reservations_drop_group(struct budgets *b, const struct group *g)
{
	for (struct reservation *r = b->oldest; r != NULL; r = r->newer)
		for (size_t i = r->count; i-- > 0;)
			if (r->held[i].group == g)
				r->held[i] = r->held[--r->count];
}
