/* SPDX-License-Identifier: Apache-2.0
 * counting/saved.c - the table as values for the store: one for each run of BLOCK_ENTRIES places in the ring.
 *
 * Blocks are overwritten as the ring turns, so what is kept is bounded as the ring is. Only spans that matter after a
 * restart are in them: calls and spans that have calls inside; of spans between these, only whose child they are. Key:
 * number of the block, big-endian. What is held has a pair of its own for each record.
 */
#include <stdlib.h>

#include "agent/base/record.h"
#include "agent/counting/counting_priv.h"

#define FORMAT   2
#define HEAD_KEY UINT32_MAX /* behind all blocks: the place that the ring takes next */
#define HELD_KEY (UINT32_MAX - 1) /* and the number of the record */
#define BETWEEN  0x80000000u /* beside an offset: a span of which only its parent is kept */

static void key_field(struct record *r, uint64_t *v)
{
	uint8_t bytes[8];

	for (int i = 0; i < 8; i++)
		bytes[i] = (uint8_t)(*v >> 8 * i);
	record_bytes(r, bytes, sizeof(bytes));
	*v = 0;
	for (int i = 8; i-- > 0;)
		*v = *v << 8 | bytes[i];
}

static void entry_fields(struct record *r, struct entry *e)
{
	for (int i = 0; i < INDEX_COUNT; i++)
		key_field(r, &e->key[i]);
	key_field(r, &e->parent);
	record_uint(r, &e->start_unix_ns);
	record_u32(r, &e->duration_us);
	record_u32(r, &e->trace);
	record_u32(r, &e->scope);
	record_u32(r, &e->service);
	record_u32(r, &e->request_model);
	record_u32(r, &e->response_model);
	record_u32(r, &e->input_tokens);
	record_u32(r, &e->output_tokens);
	record_u32(r, &e->flags);
	record_u8(r, &e->role);
	record_u8(r, &e->producer);
}

static bool matters(const struct entry *e)
{
	return e->key[INDEX_SPAN] != 0 && (e->flags & (SPAN_LEAF | SPAN_INSIDE)) != 0;
}

static bool is_between(const struct entry *e)
{
	return e->key[INDEX_SPAN] != 0 && (e->flags & SPAN_SEEN) != 0 && e->parent != 0;
}

static void between_fields(struct record *r, struct entry *e)
{
	key_field(r, &e->key[INDEX_SPAN]);
	key_field(r, &e->parent);
	e->flags |= SPAN_SEEN;
}

static size_t block_end(const struct counting *c, size_t block)
{
	size_t end = (block + 1) * BLOCK_ENTRIES, capacity = span_table_capacity(c->table);

	return end < capacity ? end : capacity;
}

static void save_block(struct counting *c, uint32_t block, struct buf *key, struct buf *value)
{
	struct record k = record_writer(key), v = record_writer(value);
	uint32_t number = block;

	buf_reset(key);
	buf_reset(value);
	record_key_u32(&k, &number);
	record_format(&v, FORMAT);
	for (size_t place = (size_t)block * BLOCK_ENTRIES; place < block_end(c, block); place++) {
		struct entry *e = span_table_at(c->table, place);
		uint32_t offset = (uint32_t)(place % BLOCK_ENTRIES);
		if (matters(e)) {
			record_u32(&v, &offset);
			entry_fields(&v, e);
		} else if (is_between(e)) {
			offset |= BETWEEN;
			record_u32(&v, &offset);
			between_fields(&v, e);
		}
	}
}

static void save_head(struct counting *c, struct buf *key, struct buf *value)
{
	struct record k = record_writer(key), v = record_writer(value);
	uint32_t number = HEAD_KEY;

	buf_reset(key);
	buf_reset(value);
	pthread_mutex_lock(&c->lock);
	uint32_t next = (uint32_t)span_table_next_place(c->table);
	pthread_mutex_unlock(&c->lock);
	record_key_u32(&k, &number);
	record_format(&v, FORMAT);
	record_u32(&v, &next);
}

static void put_pair(const struct buf *key, const struct buf *value, counting_put put, void *context)
{
	if (!buf_failed(key) && !buf_failed(value))
		put(context, buf_view(key), buf_view(value));
}

void held_key(struct buf *key, uint64_t number)
{
	struct record k = record_writer(key);
	uint32_t kind = HELD_KEY, high = (uint32_t)(number >> 32), low = (uint32_t)number;

	if (buf_reserve(key, HELD_KEY_BYTES) == NULL) /* all of it or nothing */
		return;
	record_key_u32(&k, &kind);
	record_key_u32(&k, &high);
	record_key_u32(&k, &low);
}

static void held_value(struct buf *value, struct held *h)
{
	struct record v = record_writer(value);
	struct slice text = { h->record, h->record_bytes };

	buf_reset(value);
	record_format(&v, FORMAT);
	key_field(&v, &h->key);
	key_field(&v, &h->answer);
	record_u32(&v, &h->trace);
	record_bool(&v, &h->is_call);
	record_slice(&v, &text);
}

static void save_held(struct counting *c, bool all, struct buf *key, struct buf *value, counting_put put, void *context)
{
	pthread_mutex_lock(&c->lock);
	deletions_put(&c->gone, HELD_KEY_BYTES, all, put, context);
	for (struct held *h = c->oldest; h != NULL; h = h->next) {
		if (h->is_saved && !all)
			continue;
		buf_reset(key);
		held_key(key, h->number);
		held_value(value, h);
		put_pair(key, value, put, context);
		h->is_saved = true;
	}
	pthread_mutex_unlock(&c->lock);
}

static struct status load_held(struct counting *c, struct record *k, struct record *r)
{
	uint32_t high = 0, low = 0;
	struct held head = { .is_saved = true };
	struct slice text = SLICE_NONE;

	record_key_u32(k, &high);
	record_key_u32(k, &low);
	key_field(r, &head.key);
	key_field(r, &head.answer);
	record_u32(r, &head.trace);
	record_bool(r, &head.is_call);
	record_slice(r, &text);
	struct held *h = record_ok(k) && record_ok(r) ? malloc(sizeof(*h) + text.len) : NULL;
	if (h == NULL)
		return FAIL(CORRUPT, "not a record that waits for its count");
	*h = head;
	h->number = (uint64_t)high << 32 | low;
	h->record_bytes = text.len;
	memcpy(h->record, text.ptr, text.len);
	pthread_mutex_lock(&c->lock);
	if (h->number > c->held_numbers)
		c->held_numbers = h->number;
	held_append(c, h);
	pthread_mutex_unlock(&c->lock);
	return OK;
}

void counting_save(struct counting *c, bool all, counting_put put, void *context)
{
	struct buf key = BUF_INIT, value = BUF_INIT;
	bool any_dirty = false;

	save_held(c, all, &key, &value, put, context);
	pthread_mutex_lock(&c->lock);
	tally_save(c->tally, all, put, context);
	pthread_mutex_unlock(&c->lock);

	for (uint32_t block = 0; block < c->blocks; block++) {
		pthread_mutex_lock(&c->lock); /* a block at a time: receivers need not wait for a large table */
		bool is_dirty = c->dirty[block] || all;
		if (is_dirty)
			save_block(c, block, &key, &value);
		c->dirty[block] = 0;
		pthread_mutex_unlock(&c->lock);
		if (is_dirty)
			put_pair(&key, &value, put, context);
		any_dirty |= is_dirty;
	}
	if (any_dirty) {
		save_head(c, &key, &value);
		put_pair(&key, &value, put, context);
	}
	buf_release(&key);
	buf_release(&value);
}

/* A table that became smaller has no place for what came later in the larger one. */
static void restore(struct counting *c, size_t place, const struct entry *e)
{
	if (place < span_table_capacity(c->table) && span_table_at(c->table, place)->key[INDEX_SPAN] == 0 &&
	    (matters(e) || is_between(e)) &&
	    span_table_find(c->table, e->key[INDEX_SPAN]) == NULL)
		span_table_restore(c->table, place, e);
}

static void load_block(struct counting *c, uint32_t block, struct record *r)
{
	uint32_t offset = 0;

	while (!r->failed && r->rest.len > 0) {
		struct entry e = { 0 };
		record_u32(r, &offset);
		if ((offset & BETWEEN) != 0)
			between_fields(r, &e);
		else
			entry_fields(r, &e);
		offset &= ~BETWEEN;
		if (!r->failed && offset < BLOCK_ENTRIES)
			restore(c, (size_t)block * BLOCK_ENTRIES + offset, &e);
	}
}

struct status counting_load(struct counting *c, struct slice key, struct slice value)
{
	struct record k = record_reader(key), r = record_reader(value);
	uint32_t block = 0, next = 0;

	record_key_u32(&k, &block);
	if (block == TALLY_KEY) {
		pthread_mutex_lock(&c->lock);
		struct status s = tally_load(c->tally, key, value);
		pthread_mutex_unlock(&c->lock);
		return s;
	}
	record_format(&r, FORMAT);
	if (k.failed || r.failed)
		return FAIL(CORRUPT, "not a value of the table of counted spans");
	if (block == HELD_KEY)
		return load_held(c, &k, &r);
	pthread_mutex_lock(&c->lock);
	if (block == HEAD_KEY) {
		record_u32(&r, &next);
		span_table_continue_at(c->table, next);
	} else {
		load_block(c, block, &r);
	}
	pthread_mutex_unlock(&c->lock);
	return record_ok(&r) ? OK : FAIL(CORRUPT, "a value of the table of counted spans is cut off");
}
