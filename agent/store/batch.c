/* SPDX-License-Identifier: Apache-2.0
 * store/batch.c - builds and reads a batch of changes. A failure while building stays, and store_write reports it.
 */
#include "agent/store/batch.h"

#include <assert.h>
#include <stdlib.h>

#include "agent/store/frame.h"

#define KEY_MAX 511 /* LMDB 0.9, MDB_MAXKEYSIZE */

struct change_header {
	uint32_t value_len; /* of what follows the key */
	uint16_t key_len;
	uint8_t table, kind;
};

struct store_batch *store_batch_new(void)
{
	struct store_batch *b = calloc(1, sizeof(*b));

	if (b != NULL)
		b->result = OK;
	return b;
}

void store_batch_free(struct store_batch *b)
{
	if (b == NULL)
		return;
	buf_release(&b->changes);
	free(b);
}

static void add(struct store_batch *b, struct change_header header, struct slice key)
{
	header.key_len = (uint16_t)key.len;
	buf_append(&b->changes, &header, sizeof(header));
	buf_slice(&b->changes, key);
}

static bool is_allowed(struct store_batch *b, struct slice key, struct slice value)
{
	if (key.len == 0 || key.len > KEY_MAX)
		b->result = FAIL(INVALID, "a stored key has 1 to 511 bytes");
	else if (value.len > FRAME_VALUE_MAX)
		b->result = FAIL(TOOBIG, "a stored value has less than 2 GiB");
	return !FAILED(b->result);
}

static void note_memory(struct store_batch *b)
{
	if (buf_failed(&b->changes) && !FAILED(b->result))
		b->result = FAIL(NOMEM, "no memory for a batch of changes");
}

void store_batch_put(struct store_batch *b, enum store_table table, struct slice key, struct slice value)
{
	if (!is_allowed(b, key, value))
		return;
	uint32_t framed_len = (uint32_t)value.len + FRAME_HEADER_BYTES;
	add(b, (struct change_header){ .value_len = framed_len, .table = (uint8_t)table, .kind = CHANGE_PUT }, key);
	frame_write(&b->changes, key, value);
	b->puts++;
	note_memory(b);
}

void store_batch_lend(struct store_batch *b, enum store_table table, struct slice key, struct slice value)
{
	if (!is_allowed(b, key, value))
		return;
	add(b, (struct change_header){ .value_len = sizeof(value), .table = (uint8_t)table, .kind = CHANGE_LEND }, key);
	buf_append(&b->changes, &value, sizeof(value));
	b->puts++;
	b->lent_bytes += value.len;
	note_memory(b);
}

void store_batch_delete(struct store_batch *b, enum store_table table, struct slice key)
{
	if (!is_allowed(b, key, SLICE_NONE))
		return;
	add(b, (struct change_header){ .table = (uint8_t)table, .kind = CHANGE_DELETE }, key);
	b->deletes++;
	note_memory(b);
}

void store_batch_delete_range(struct store_batch *b, enum store_table table, struct slice first, struct slice end)
{
	if (!is_allowed(b, first, SLICE_NONE) || !is_allowed(b, end, SLICE_NONE))
		return;
	add(b,
	    (struct change_header){
		    .value_len = (uint32_t)end.len, .table = (uint8_t)table, .kind = CHANGE_DELETE_RANGE },
	    first);
	buf_slice(&b->changes, end);
	b->deletes++;
	note_memory(b);
}

bool batch_next(const struct store_batch *b, size_t *at, struct change *out)
{
	struct slice rest = slice_skip(buf_view(&b->changes), *at);
	struct change_header header;

	if (rest.len == 0)
		return false;
	assert(rest.len >= sizeof(header));
	memcpy(&header, rest.ptr, sizeof(header));
	rest = slice_skip(rest, sizeof(header));
	assert(rest.len >= (size_t)header.key_len + header.value_len);
	out->table = (enum store_table)header.table;
	out->kind = (enum change_kind)header.kind;
	out->key = slice_head(rest, header.key_len);
	out->value = slice_head(slice_skip(rest, header.key_len), header.value_len);
	if (out->kind == CHANGE_LEND)
		memcpy(&out->value, out->value.ptr, sizeof(out->value));
	*at += sizeof(header) + header.key_len + header.value_len;
	return true;
}

size_t batch_size_bytes(const struct store_batch *b)
{
	return sizeof(*b) + b->changes.cap + b->lent_bytes;
}
