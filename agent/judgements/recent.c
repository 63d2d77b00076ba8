/* SPDX-License-Identifier: Apache-2.0
 * judgements/recent.c - see the header.
 */
#include "agent/judgements/recent.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "agent/base/hash.h"
#include "agent/judgements/block.h"

#define BLOOM_WORDS  512u /* for about 500 calls of up to four ids: one foreign block in three hundred looks promising */
#define KEY_PREFIX   'C'
#define KEY_BYTES    9

struct kept_block {
	uint64_t sequence;
	size_t size_bytes;
	uint64_t newest_unix_ns;
	uint64_t saved_in; /* number of the save that wrote all of it; 0: none yet */
	bool is_closed; /* before its time */
	struct buf bytes; /* empty where only the store has them */
	uint64_t bloom[BLOOM_WORDS];
};

struct recent {
	uint64_t max_bytes, keep_ns, total_bytes;
	recent_fetch fetch;
	void *context;
	struct kept_block **blocks; /* oldest first; the last one is appended to while it has bytes */
	size_t count, room;
	struct block_writer writer; /* of the newest block */
	uint64_t next_sequence;
	uint64_t gone_from, gone_to; /* sequences dropped since the last save */
	uint64_t saves;
	_Atomic uint64_t committed;
	struct buf fetched; /* the block that is being looked through */
	struct buf found;   /* the texts of the labels handed out */
};

struct recent *recent_new(uint64_t max_bytes, uint64_t keep_ns, recent_fetch fetch, void *context)
{
	struct recent *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->max_bytes = max_bytes;
	r->keep_ns = keep_ns;
	r->fetch = fetch;
	r->context = context;
	return r;
}

static void block_free(struct kept_block *b)
{
	buf_release(&b->bytes);
	free(b);
}

void recent_free(struct recent *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < r->count; i++)
		block_free(r->blocks[i]);
	free(r->blocks);
	buf_release(&r->fetched);
	buf_release(&r->found);
	free(r);
}

/* ------------------------------------------------------------------ filter */

static uint64_t load64(const uint8_t bytes[8])
{
	uint64_t n;

	memcpy(&n, bytes, sizeof(n));
	return n;
}

static uint64_t trace_key(const uint8_t id[16])
{
	return hash_mix(load64(id), load64(id + 8));
}

static uint64_t span_key(const uint8_t id[8])
{
	return hash_mix(load64(id), 0);
}

/* Two bits in each of two words. */
struct bloom_bits {
	uint64_t bits[2];
	uint32_t word[2];
};

static struct bloom_bits bloom_bits_of(uint64_t key)
{
	return (struct bloom_bits){
		.bits = { UINT64_C(1) << (key & 63) | UINT64_C(1) << (key >> 6 & 63),
			  UINT64_C(1) << (key >> 12 & 63) | UINT64_C(1) << (key >> 18 & 63) },
		.word = { key >> 24 & (BLOOM_WORDS - 1), key >> 40 & (BLOOM_WORDS - 1) },
	};
}

static void bloom_add(uint64_t *bloom, uint64_t key)
{
	struct bloom_bits b = bloom_bits_of(key);

	bloom[b.word[0]] |= b.bits[0];
	bloom[b.word[1]] |= b.bits[1];
}

static bool bloom_has(const uint64_t *bloom, uint64_t key)
{
	struct bloom_bits b = bloom_bits_of(key);

	return (bloom[b.word[0]] & b.bits[0]) == b.bits[0] && (bloom[b.word[1]] & b.bits[1]) == b.bits[1];
}

/* What a call can be asked for by. */
static void note(struct kept_block *b, const struct known_call *call)
{
	bloom_add(b->bloom, trace_key(call->trace_id));
	bloom_add(b->bloom, span_key(call->span_id));
	if (call->response != 0)
		bloom_add(b->bloom, call->response);
	if (call->session != 0)
		bloom_add(b->bloom, call->session);
	if (call->end_unix_ns > b->newest_unix_ns)
		b->newest_unix_ns = call->end_unix_ns;
}

static bool may_hold(const struct kept_block *b, const struct judgement_target *t)
{
	uint64_t response = text_identity(t->response_id), session = text_identity(t->session_id);

	if (t->has_trace && bloom_has(b->bloom, trace_key(t->trace_id)))
		return true;
	if (t->has_span && !t->has_trace && bloom_has(b->bloom, span_key(t->span_id)))
		return true;
	return (response != 0 && bloom_has(b->bloom, response)) || (session != 0 && bloom_has(b->bloom, session));
}

/* ------------------------------------------------------------------ blocks come and go */

static struct kept_block *append_block(struct recent *r)
{
	if (r->count == r->room) {
		size_t room = r->room > 0 ? r->room * 2 : 64;
		struct kept_block **blocks = realloc(r->blocks, room * sizeof(struct kept_block *));
		if (blocks == NULL)
			return NULL;
		r->blocks = blocks;
		r->room = room;
	}
	struct kept_block *b = calloc(1, sizeof(*b));
	if (b != NULL) {
		b->sequence = r->next_sequence++;
		r->blocks[r->count++] = b;
	}
	return b;
}

static void drop_oldest(struct recent *r)
{
	struct kept_block *b = r->blocks[0];

	if (r->gone_from == r->gone_to)
		r->gone_from = b->sequence;
	r->gone_to = b->sequence + 1;
	r->total_bytes -= b->size_bytes;
	block_free(b);
	r->count--;
	memmove(r->blocks, r->blocks + 1, r->count * sizeof(struct kept_block *));
}

static bool is_open(const struct kept_block *b)
{
	return b->size_bytes < BLOCK_BYTES && b->bytes.len > 0 && !b->is_closed;
}

static struct kept_block *open_block(struct recent *r)
{
	if (r->count > 0 && is_open(r->blocks[r->count - 1]))
		return r->blocks[r->count - 1];
	memset(&r->writer, 0, sizeof(r->writer));
	return append_block(r);
}

void recent_add(struct recent *r, const struct known_call *call, const struct call_labels *labels)
{
	struct kept_block *b = open_block(r);

	if (b == NULL)
		return;
	size_t before = b->size_bytes;
	block_add(&b->bytes, &r->writer, call, labels);
	if (buf_failed(&b->bytes)) { /* cut the torn call off, and begin a new block with the next one */
		b->bytes.failed = false;
		b->bytes.len = before;
		b->is_closed = true;
		return;
	}
	b->size_bytes = b->bytes.len;
	b->saved_in = 0;
	r->total_bytes += b->size_bytes - before;
	note(b, call);
	while (r->total_bytes > r->max_bytes && r->count > 1)
		drop_oldest(r);
}

/* A time that has not come is a mistake of its sender: such a call is of today. */
static bool is_too_old(const struct recent *r, struct kept_block *b, uint64_t now_unix_ns)
{
	if (b->newest_unix_ns > now_unix_ns)
		b->newest_unix_ns = now_unix_ns;
	return now_unix_ns - b->newest_unix_ns > r->keep_ns;
}

void recent_expire(struct recent *r, uint64_t now_unix_ns)
{
	while (r->count > 0 && is_too_old(r, r->blocks[0], now_unix_ns))
		drop_oldest(r);
}

/* ------------------------------------------------------------------ finding */

static bool same(const uint8_t *a, const uint8_t *b, size_t n)
{
	return memcmp(a, b, n) == 0;
}

static enum recent_match match(const struct known_call *c, const struct judgement_target *t, uint64_t response,
			       uint64_t session)
{
	bool in_trace = t->has_trace && same(c->trace_id, t->trace_id, sizeof(t->trace_id));

	if (t->has_span && (in_trace || !t->has_trace) && same(c->span_id, t->span_id, sizeof(t->span_id)))
		return MATCH_EXACT;
	if (response != 0 && c->response == response)
		return MATCH_EXACT;
	if (in_trace && t->has_span && same(c->parent_span_id, t->span_id, sizeof(t->span_id)))
		return MATCH_PARENT;
	if (in_trace)
		return MATCH_TRACE;
	bool by_session = !t->has_trace && !t->has_span && response == 0;
	return by_session && session != 0 && c->session == session ? MATCH_TRACE : MATCH_NONE;
}

struct candidate {
	enum recent_match match;
	struct known_call call;
};

static bool is_better(const struct candidate *best, enum recent_match match, const struct known_call *c)
{
	if (match != best->match)
		return match > best->match;
	if (match == MATCH_NONE)
		return false;
	if (c->is_generation != best->call.is_generation)
		return c->is_generation;
	return c->end_unix_ns >= best->call.end_unix_ns;
}

static void keep_labels(struct buf *texts, const struct call_labels *from, struct call_labels *to)
{
	const struct slice *in = (const struct slice *)(const void *)from;
	struct slice *out = (struct slice *)(void *)to;
	size_t at[CALL_LABEL_COUNT];

	buf_reset(texts);
	for (int i = 0; i < CALL_LABEL_COUNT; i++) {
		at[i] = texts->len;
		buf_slice(texts, in[i]);
	}
	for (int i = 0; i < CALL_LABEL_COUNT; i++)
		out[i] = buf_failed(texts) || in[i].len == 0 ? SLICE_NONE : (struct slice){ texts->ptr + at[i], in[i].len };
}

static struct slice make_key(uint64_t sequence, unsigned char key[KEY_BYTES])
{
	key[0] = KEY_PREFIX;
	for (int i = 0; i < 8; i++)
		key[1 + i] = (unsigned char)(sequence >> (56 - 8 * i));
	return (struct slice){ (const char *)key, KEY_BYTES };
}

static struct slice bytes_of(struct recent *r, const struct kept_block *b)
{
	unsigned char key[KEY_BYTES];

	if (b->bytes.len > 0)
		return buf_view(&b->bytes);
	if (r->fetch == NULL || FAILED(r->fetch(r->context, make_key(b->sequence, key), &r->fetched)))
		return SLICE_NONE;
	return buf_view(&r->fetched);
}

enum recent_match recent_find(struct recent *r, const struct judgement_target *t, struct known_call *call,
			      struct call_labels *labels)
{
	struct candidate best = { .match = MATCH_NONE };
	uint64_t response = text_identity(t->response_id), session = text_identity(t->session_id);

	for (size_t i = r->count; i-- > 0 && best.match != MATCH_EXACT;) {
		if (!may_hold(r->blocks[i], t))
			continue;
		struct block_reader reader;
		block_read(&reader, bytes_of(r, r->blocks[i]));
		struct known_call c = { 0 };
		while (block_next(&reader, &c)) {
			enum recent_match m = match(&c, t, response, session);
			if (!is_better(&best, m, &c))
				continue;
			best = (struct candidate){ m, c };
			struct call_labels found = block_labels(&reader);
			keep_labels(&r->found, &found, labels);
		}
	}
	*call = best.call;
	return best.match;
}

/* ------------------------------------------------------------------ to the store and back */

/* What is in the store for good needs no memory, unless it is appended to. */
static void let_go(struct recent *r, struct kept_block *b)
{
	if (r->fetch != NULL && b->saved_in != 0 && b->saved_in <= atomic_load(&r->committed) && !is_open(b))
		buf_release(&b->bytes);
}

uint64_t recent_save(struct recent *r, bool all, void (*put)(void *context, struct slice key, struct slice value),
		     void *context)
{
	unsigned char key[KEY_BYTES];

	r->saves++;
	for (; r->gone_from < r->gone_to; r->gone_from++)
		put(context, make_key(r->gone_from, key), SLICE_NONE);
	for (size_t i = 0; i < r->count; i++) {
		struct kept_block *b = r->blocks[i];
		let_go(r, b);
		if (b->bytes.len == 0 || (b->saved_in != 0 && !all))
			continue;
		put(context, make_key(b->sequence, key), buf_view(&b->bytes));
		b->saved_in = r->saves;
	}
	return r->saves;
}

void recent_committed(struct recent *r, uint64_t save)
{
	atomic_store(&r->committed, save);
}

struct status recent_load(struct recent *r, struct slice key, struct slice value)
{
	struct block_reader reader;
	struct known_call call = { 0 };
	uint64_t sequence = 0;

	if (key.len != KEY_BYTES || key.ptr[0] != KEY_PREFIX)
		return FAIL(CORRUPT, "not the key of a block of calls");
	for (int i = 0; i < 8; i++)
		sequence = sequence << 8 | (unsigned char)key.ptr[1 + i];
	if (sequence < r->next_sequence && r->count > 0)
		return FAIL(CORRUPT, "blocks of calls out of order");
	r->next_sequence = sequence;
	struct kept_block *b = append_block(r);
	if (b == NULL)
		return FAIL(NOMEM, "no memory for the calls of the last days");
	b->size_bytes = value.len;
	b->saved_in = ++r->saves;
	r->total_bytes += value.len;
	block_read(&reader, value);
	while (block_next(&reader, &call))
		note(b, &call);
	return reader.is_corrupt ? FAIL(CORRUPT, "a block of calls breaks off") : OK;
}
