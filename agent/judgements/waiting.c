/* SPDX-License-Identifier: Apache-2.0
 * judgements/waiting.c - see the header.
 */
#include "agent/judgements/waiting.h"

#include <stdlib.h>

#include "agent/base/hash.h"
#include "agent/base/record.h"

#define BUCKETS    (sizeof(((struct waiting *)0)->buckets) / sizeof(struct waiter *))
#define KEY_PREFIX 'P'
#define FORMAT     1

static void code_enum(struct record *r, int *value, int count)
{
	uint8_t byte = (uint8_t)*value;

	record_u8(r, &byte);
	r->failed |= byte >= count;
	*value = r->failed ? 0 : byte;
}

static void code_judgement(struct record *r, struct judgement *j)
{
	int kind = (int)j->kind, scale = (int)j->scale, passed = (int)j->passed, source = (int)j->source;
	struct judgement_target *t = &j->target;

	code_enum(r, &kind, JUDGEMENT_KIND_COUNT);
	code_enum(r, &scale, SCALE_RATING + 1);
	code_enum(r, &passed, TRI_YES + 1);
	code_enum(r, &source, JUDGEMENT_SOURCE_COUNT);
	j->kind = (enum judgement_kind)kind;
	j->scale = (enum judgement_scale)scale;
	j->passed = (enum tristate)passed;
	j->source = (enum judgement_source)source;
	record_bool(r, &j->failed);
	record_double(r, &j->value);
	record_slice(r, &j->name);
	record_slice(r, &j->label);
	record_slice(r, &j->given_id);
	record_uint(r, &j->time_unix_ns);
	record_bool(r, &t->has_trace);
	record_bool(r, &t->has_span);
	record_bytes(r, t->trace_id, sizeof(t->trace_id));
	record_bytes(r, t->span_id, sizeof(t->span_id));
	record_slice(r, &t->response_id);
	record_slice(r, &t->session_id);
}

static uint64_t key_of_target(const struct judgement_target *t)
{
	if (t->has_trace)
		return hash_stable(t->trace_id, sizeof(t->trace_id));
	if (t->has_span)
		return hash_stable(t->span_id, sizeof(t->span_id));
	return t->response_id.len > 0 ? text_identity(t->response_id) : text_identity(t->session_id);
}

/* By age: only those that come back from the store are not the newest. */
static void link_in(struct waiting *w, struct waiter *one)
{
	struct waiter **bucket = &w->buckets[one->key % BUCKETS], *older = w->newest;

	one->next = *bucket;
	*bucket = one;
	while (older != NULL && older->since_unix_ns > one->since_unix_ns)
		older = older->older;
	one->older = older;
	one->newer = older != NULL ? older->newer : w->oldest;
	*(older != NULL ? &older->newer : &w->oldest) = one;
	*(one->newer != NULL ? &one->newer->older : &w->newest) = one;
	w->count++;
}

/* Takes bytes over, which hold a time and a judgement. */
static struct waiter *waiter_new(struct buf *bytes, uint64_t identity)
{
	struct waiter *one = calloc(1, sizeof(*one));
	struct record r = record_reader(buf_view(bytes));

	if (one == NULL)
		return NULL;
	record_format(&r, FORMAT);
	record_uint(&r, &one->since_unix_ns);
	code_judgement(&r, &one->judgement);
	if (!record_ok(&r)) {
		free(one);
		return NULL;
	}
	one->identity = identity;
	one->key = key_of_target(&one->judgement.target);
	one->bytes = *bytes;
	*bytes = BUF_INIT;
	return one;
}

bool waiting_add(struct waiting *w, const struct judgement *j, uint64_t identity, uint64_t now_unix_ns)
{
	struct buf bytes = BUF_INIT;
	struct record r = record_writer(&bytes);
	struct judgement copy = *j;

	record_format(&r, FORMAT);
	record_uint(&r, &now_unix_ns);
	code_judgement(&r, &copy);
	struct waiter *one = buf_failed(&bytes) ? NULL : waiter_new(&bytes, identity);
	buf_release(&bytes);
	if (one != NULL)
		link_in(w, one);
	return one != NULL;
}

static struct slice make_key(uint64_t identity, unsigned char key[WAITING_KEY_BYTES])
{
	key[0] = KEY_PREFIX;
	for (int i = 0; i < 8; i++)
		key[1 + i] = (unsigned char)(identity >> (56 - 8 * i));
	return (struct slice){ (const char *)key, WAITING_KEY_BYTES };
}

static void waiter_free(struct waiter *one)
{
	buf_release(&one->bytes);
	free(one);
}

void waiting_remove(struct waiting *w, struct waiter *one)
{
	struct waiter **at = &w->buckets[one->key % BUCKETS];
	unsigned char key[WAITING_KEY_BYTES];

	while (*at != one)
		at = &(*at)->next;
	*at = one->next;
	*(one->older != NULL ? &one->older->newer : &w->oldest) = one->newer;
	*(one->newer != NULL ? &one->newer->older : &w->newest) = one->older;
	w->count--;
	w->touched -= one->is_touched;
	if (one->is_saved)
		buf_slice(&w->gone.fresh, make_key(one->identity, key));
	waiter_free(one);
}

void waiting_release(struct waiting *w)
{
	for (struct waiter *one = w->oldest, *newer; one != NULL; one = newer) {
		newer = one->newer;
		waiter_free(one);
	}
	deletions_release(&w->gone);
	*w = (struct waiting){ 0 };
}

static void touch(struct waiting *w, uint64_t key)
{
	for (struct waiter *one = w->buckets[key % BUCKETS]; one != NULL; one = one->next)
		if (one->key == key && !one->is_touched) {
			one->is_touched = true;
			w->touched++;
		}
}

void waiting_touch(struct waiting *w, const struct known_call *call)
{
	if (w->count == 0)
		return;
	touch(w, hash_stable(call->trace_id, sizeof(call->trace_id)));
	touch(w, hash_stable(call->span_id, sizeof(call->span_id)));
	if (call->response != 0)
		touch(w, call->response);
	if (call->session != 0)
		touch(w, call->session);
}

/* ------------------------------------------------------------------ to the store and back */

void waiting_save(struct waiting *w, bool all, void (*put)(void *context, struct slice key, struct slice value),
		  void *context)
{
	unsigned char key[WAITING_KEY_BYTES];

	deletions_put(&w->gone, WAITING_KEY_BYTES, all, put, context);
	for (struct waiter *one = w->newest; one != NULL && (all || !one->is_saved); one = one->older) {
		put(context, make_key(one->identity, key), buf_view(&one->bytes));
		one->is_saved = true;
	}
}

struct status waiting_load(struct waiting *w, struct slice key, struct slice value)
{
	struct buf bytes = BUF_INIT;
	uint64_t identity = 0;

	if (key.len != WAITING_KEY_BYTES || key.ptr[0] != KEY_PREFIX)
		return FAIL(CORRUPT, "not the key of a judgement that waits");
	for (int i = 0; i < 8; i++)
		identity = identity << 8 | (unsigned char)key.ptr[1 + i];
	if (w->count >= WAITING_MAX)
		return FAIL(NOMEM, "more judgements wait than may");
	buf_slice(&bytes, value);
	struct waiter *one = buf_failed(&bytes) ? NULL : waiter_new(&bytes, identity);
	buf_release(&bytes);
	if (one == NULL)
		return FAIL(CORRUPT, "a judgement that waits breaks off");
	one->is_saved = true;
	link_in(w, one);
	return OK;
}
