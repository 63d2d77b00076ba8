/* SPDX-License-Identifier: Apache-2.0
 * cases/texts.c - a table of texts that knows which of them are used.
 */
#include "agent/cases/texts.h"

#include <stdlib.h>

#include "agent/base/json.h"

#define FORMAT 1

static struct case_text **bucket_of(const struct case_texts *t, const uint8_t trace_id[16])
{
	uint32_t n;

	memcpy(&n, trace_id + 12, sizeof(n)); /* the random part of ids that begin with a time */
	return (struct case_text **)&t->buckets[n % CASE_TEXT_BUCKETS];
}

void case_texts_key(const struct case_text *t, uint8_t key[CASE_TEXT_KEY_BYTES])
{
	memcpy(key, t->call.trace_id, 16);
	memcpy(key + 16, t->call.span_id, 8);
}

/* Takes the text at *at out of its bucket. */
static void drop(struct case_texts *t, struct case_text **at)
{
	struct case_text *gone = *at;
	uint8_t key[CASE_TEXT_KEY_BYTES];

	case_texts_key(gone, key);
	if (gone->is_saved)
		buf_append(&t->deleted.fresh, key, sizeof(key));
	*at = gone->next;
	t->held_bytes -= gone->size_bytes;
	t->count--;
	free(gone);
}

void case_texts_release(struct case_texts *t)
{
	for (size_t i = 0; i < CASE_TEXT_BUCKETS; i++)
		while (t->buckets[i] != NULL)
			drop(t, &t->buckets[i]);
	deletions_release(&t->deleted);
}

static bool has_no_span(const uint8_t *span_id)
{
	static const uint8_t none[8];

	return span_id == NULL || memcmp(span_id, none, sizeof(none)) == 0;
}

struct case_text *case_texts_find(const struct case_texts *t, const uint8_t trace_id[16], const uint8_t *span_id)
{
	bool any = has_no_span(span_id);
	struct case_text *latest = NULL;

	if (t->count == 0)
		return NULL;
	for (struct case_text *i = *bucket_of(t, trace_id); i != NULL; i = i->next) {
		if (memcmp(i->call.trace_id, trace_id, 16) != 0)
			continue;
		if (!any && memcmp(i->call.span_id, span_id, 8) == 0)
			return i;
		if (any && (latest == NULL || i->call.end_unix_s > latest->call.end_unix_s))
			latest = i;
	}
	return latest;
}

static bool goes_first(const struct case_text *a, const struct case_text *b)
{
	if (a->is_used != b->is_used)
		return b->is_used;
	return a->call.end_unix_s < b->call.end_unix_s;
}

static void make_room(struct case_texts *t)
{
	struct case_text **first = NULL;

	for (size_t i = 0; i < CASE_TEXT_BUCKETS; i++)
		for (struct case_text **at = &t->buckets[i]; *at != NULL; at = &(*at)->next)
			if (first == NULL || goes_first(*at, *first))
				first = at;
	if (t->given_up != NULL)
		meter_add(t->given_up, 1);
	drop(t, first);
}

static struct case_text **place_of(const struct case_texts *t, const struct told_call *call)
{
	struct case_text **at = bucket_of(t, call->trace_id);

	while (*at != NULL && (memcmp((*at)->call.trace_id, call->trace_id, 16) != 0 ||
			       memcmp((*at)->call.span_id, call->span_id, 8) != 0))
		at = &(*at)->next;
	return at;
}

static struct case_text *copy_of(const struct told_call *call, uint64_t now_s)
{
	size_t size = sizeof(struct case_text) + call_text_bytes(&call->text);
	struct case_text *c = malloc(size);

	if (c == NULL)
		return NULL;
	*c = (struct case_text){ .call = *call, .came_s = now_s, .size_bytes = size };
	char *at = c->bytes;
	call_text_move(&c->call.text, &at);
	return c;
}

void case_texts_add(struct case_texts *t, const struct told_call *call, uint64_t now_s)
{
	struct case_text *c = copy_of(call, now_s);

	if (c == NULL || c->size_bytes > t->max_bytes) {
		free(c);
		return;
	}
	struct case_text **there = place_of(t, call);
	if (*there != NULL)
		drop(t, there);
	while (t->count == CASE_TEXTS_MAX || t->held_bytes + c->size_bytes > t->max_bytes)
		make_room(t);
	struct case_text **at = bucket_of(t, call->trace_id);
	c->next = *at;
	*at = c;
	t->held_bytes += c->size_bytes;
	t->count++;
}

void case_texts_sweep(struct case_texts *t, uint64_t now_s)
{
	for (size_t i = 0; i < CASE_TEXT_BUCKETS && t->count > 0; i++)
		for (struct case_text **at = &t->buckets[i]; *at != NULL;) {
			if (!(*at)->is_used && (*at)->came_s + CASE_TEXT_WAIT_S < now_s)
				drop(t, at);
			else
				at = &(*at)->next;
		}
}

/* ---------------------------------------------------------------- kept on the disk */
static void record_text(struct record *r, struct told_call *call)
{
	record_format(r, FORMAT);
	record_uint(r, &call->end_unix_s);
	call_text_record(r, &call->text);
}

void case_text_write(struct case_text *t, struct buf *value)
{
	struct record r = record_writer(value);

	record_text(&r, &t->call);
}

struct status case_texts_load(struct case_texts *t, struct slice key, struct slice value)
{
	struct told_call call = { .end_unix_s = 0 };
	struct record r = record_reader(value);

	record_text(&r, &call);
	bool is_written_as_is = call.text.messages.len == 0 || json_is_valid(call.text.messages);
	if (!record_ok(&r) || !is_written_as_is || key.len != CASE_TEXT_KEY_BYTES)
		return FAIL(CORRUPT, "not the text of a case");
	memcpy(call.trace_id, key.ptr, 16);
	memcpy(call.span_id, key.ptr + 16, 8);
	case_texts_add(t, &call, 0);
	struct case_text *c = case_texts_find(t, call.trace_id, call.span_id);
	if (c != NULL)
		c->is_saved = true;
	return OK;
}
