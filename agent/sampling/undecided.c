/* SPDX-License-Identifier: Apache-2.0
 * sampling/undecided.c - a hash of traces in a list, and a table of decisions.
 */
#include "agent/sampling/undecided.h"

#include <stdlib.h>

#include "agent/base/hash.h"

#define BUCKETS 16384u
#define WAYS    4u

struct decision_entry {
	uint8_t id[16];
	uint32_t at; /* of the table's clock */
	uint8_t decision;
};

static size_t power_of_two(size_t n)
{
	size_t p = 1;

	while (p < n)
		p *= 2;
	return p;
}

struct status undecided_init(struct undecided *w, size_t max_decisions)
{
	size_t sets = power_of_two(max_decisions / WAYS);

	*w = (struct undecided){ .mask = BUCKETS - 1, .sets_mask = sets - 1 };
	w->buckets = calloc(BUCKETS, sizeof(*w->buckets));
	w->decisions = calloc(sets * WAYS, sizeof(*w->decisions));
	return w->buckets != NULL && w->decisions != NULL ? OK : FAIL(NOMEM, "no memory for sampling");
}

void undecided_release(struct undecided *w)
{
	while (w->oldest != NULL) {
		struct undecided_trace *t = w->oldest;
		undecided_take(w, t);
		undecided_trace_free(t);
	}
	free(w->buckets);
	free(w->decisions);
}

static struct decision_entry *set_of(const struct undecided *w, const uint8_t id[16])
{
	return w->decisions + (hash_bytes(id, 16) & w->sets_mask) * WAYS;
}

enum decision undecided_decision(const struct undecided *w, const uint8_t id[16])
{
	const struct decision_entry *set = set_of(w, id);

	for (unsigned i = 0; i < WAYS; i++)
		if (set[i].decision != DECISION_NONE && memcmp(set[i].id, id, 16) == 0)
			return (enum decision)set[i].decision;
	return DECISION_NONE;
}

void undecided_decide(struct undecided *w, const uint8_t id[16], enum decision d)
{
	struct decision_entry *set = set_of(w, id), *place = set;

	for (unsigned i = 0; i < WAYS; i++) {
		if (set[i].decision == DECISION_NONE || memcmp(set[i].id, id, 16) == 0) {
			place = &set[i];
			break;
		}
		if ((int32_t)(set[i].at - place->at) < 0)
			place = &set[i];
	}
	memcpy(place->id, id, 16);
	place->decision = (uint8_t)d;
	place->at = w->clock++;
}

static struct undecided_trace **bucket_of(const struct undecided *w, const uint8_t id[16])
{
	return &w->buckets[hash_bytes(id, 16) & w->mask];
}

struct undecided_trace *undecided_find(const struct undecided *w, const uint8_t id[16])
{
	for (struct undecided_trace *t = *bucket_of(w, id); t != NULL; t = t->chain)
		if (memcmp(t->id, id, 16) == 0)
			return t;
	return NULL;
}

static struct undecided_trace *add_trace(struct undecided *w, const uint8_t id[16], bool passes_rate, uint64_t now_ms)
{
	struct undecided_trace *t = calloc(1, sizeof(*t)), **bucket = bucket_of(w, id);

	if (t == NULL)
		return NULL;
	memcpy(t->id, id, 16);
	t->passes_rate = passes_rate;
	t->since_ms = now_ms;
	t->last = &t->first;
	t->chain = *bucket;
	*bucket = t;
	t->previous = w->newest;
	*(w->newest != NULL ? &w->newest->next : &w->oldest) = t;
	w->newest = t;
	w->held_bytes += sizeof(*t);
	return t;
}

bool undecided_add(struct undecided *w, const uint8_t id[16], bool passes_rate, uint64_t now_ms, struct slice request,
		 uint32_t items)
{
	struct fragment *f = malloc(sizeof(*f) + request.len);
	struct undecided_trace *t = undecided_find(w, id);

	if (f != NULL && t == NULL)
		t = add_trace(w, id, passes_rate, now_ms);
	if (t == NULL || f == NULL) {
		free(f);
		return false;
	}
	*f = (struct fragment){ .items = items, .len = request.len };
	memcpy(f->bytes, request.ptr, request.len);
	*t->last = f;
	t->last = &f->next;
	w->held_bytes += sizeof(*f) + f->len;
	return true;
}

void undecided_take(struct undecided *w, struct undecided_trace *t)
{
	struct undecided_trace **link = bucket_of(w, t->id);

	while (*link != t)
		link = &(*link)->chain;
	*link = t->chain;
	*(t->previous != NULL ? &t->previous->next : &w->oldest) = t->next;
	*(t->next != NULL ? &t->next->previous : &w->newest) = t->previous;
	w->held_bytes -= sizeof(*t);
	for (const struct fragment *f = t->first; f != NULL; f = f->next)
		w->held_bytes -= sizeof(*f) + f->len;
}

void undecided_trace_free(struct undecided_trace *t)
{
	while (t->first != NULL) {
		struct fragment *f = t->first;
		t->first = f->next;
		free(f);
	}
	free(t);
}
