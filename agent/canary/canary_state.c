/* SPDX-License-Identifier: Apache-2.0
 * canary/canary_state.c - arms as stored values, one for the arm and one for each of its hours.
 *
 * Keys: 'a' and the arm's id; 'h', the id and the hour. Arms sort before hours, so that both load in one pass.
 */
#include "agent/canary/canary_priv.h"

#define ARM_KEY_BYTES  9
#define HOUR_KEY_BYTES 13

struct key {
	unsigned char bytes[HOUR_KEY_BYTES];
	size_t len;
};

static struct key key_of(char kind, uint64_t id, uint32_t hour)
{
	struct key k = { .len = kind == 'a' ? ARM_KEY_BYTES : HOUR_KEY_BYTES };

	k.bytes[0] = (unsigned char)kind;
	for (int i = 0; i < 8; i++)
		k.bytes[1 + i] = (unsigned char)(id >> (56 - 8 * i));
	for (int i = 0; i < 4; i++)
		k.bytes[9 + i] = (unsigned char)(hour >> (24 - 8 * i));
	return k;
}

static struct slice key_slice(const struct key *k)
{
	return (struct slice){ (const char *)k->bytes, k->len };
}

static void delete_later(struct canary *c, const struct key *k)
{
	buf_byte(&c->deleted.fresh, (char)k->len);
	buf_append(&c->deleted.fresh, k->bytes, k->len);
}

void canary_hour_gone(struct canary *c, uint64_t id, uint32_t hour)
{
	struct key k = key_of('h', id, hour);

	delete_later(c, &k);
}

void canary_arm_gone(struct canary *c, const struct arm *a)
{
	struct key k = key_of('a', a->id, 0);

	delete_later(c, &k);
	for (unsigned i = 0; i < ARM_HOURS; i++)
		if (a->hours[i] != NULL)
			canary_hour_gone(c, a->id, a->hours[i]->hour);
}

/* ---------------------------------------------------------------- saving */
static void save_arm(struct arm *a, struct buf *value, canary_put put, void *context)
{
	struct record r = record_writer(value);
	struct key k = key_of('a', a->id, 0);

	buf_reset(value);
	arm_record(&r, a, &a->labels);
	if (!record_ok(&r))
		return; /* without memory: it stays dirty */
	put(context, key_slice(&k), buf_view(value));
	a->dirty = false;
}

static void save_hour(uint64_t id, struct arm_hour *h, struct buf *value, canary_put put, void *context)
{
	struct record r = record_writer(value);
	struct key k = key_of('h', id, h->hour);

	buf_reset(value);
	arm_hour_record(&r, h);
	if (!record_ok(&r))
		return;
	put(context, key_slice(&k), buf_view(value));
	h->dirty = false;
}

static void save_deleted(struct canary *c, bool all, canary_put put, void *context)
{
	const struct buf *keys = deletions_take(&c->deleted, all);

	for (size_t at = 0; at < keys->len;) {
		size_t len = (unsigned char)keys->ptr[at];
		put(context, (struct slice){ keys->ptr + at + 1, len }, SLICE_NONE);
		at += 1 + len;
	}
}

void canary_save(struct canary *c, bool all, canary_put put, void *context)
{
	struct buf value = BUF_INIT;

	save_deleted(c, all, put, context);
	for (size_t i = 0; i < c->count; i++) {
		struct arm *a = c->arms[i];
		if (all || a->dirty)
			save_arm(a, &value, put, context);
		for (unsigned k = 0; k < ARM_HOURS; k++)
			if (a->hours[k] != NULL && a->hours[k]->hour != 0 && (all || a->hours[k]->dirty))
				save_hour(a->id, a->hours[k], &value, put, context);
	}
	buf_release(&value);
}

/* ---------------------------------------------------------------- loading */
static uint64_t read_id(struct slice key)
{
	uint64_t id = 0;

	for (int i = 0; i < 8; i++)
		id = id << 8 | (unsigned char)key.ptr[1 + i];
	return id;
}

/* What is stored under another key than its own would be loaded again by every later start. */
static bool is_key(struct slice key, struct key own)
{
	return slice_equal(key, key_slice(&own));
}

static struct status load_arm(struct canary *c, struct slice key, struct slice value)
{
	struct record r = record_reader(value);
	struct arm read = { .id = 0 };
	struct arm_labels labels = { .environment = SLICE_NONE };

	arm_record(&r, &read, &labels);
	if (!record_ok(&r) || !is_key(key, key_of('a', arm_id_of(&labels), 0)))
		return FAIL(CORRUPT, "not what a version did");
	struct arm *a = canary_arm_put(c, &labels, UINT64_MAX);
	if (a == NULL)
		return FAIL(NOMEM, "no memory for what a version did");
	a->first_s = read.first_s;
	a->newest_s = canary_believed(c, read.newest_s);
	a->told = read.told;
	a->since_s = read.since_s;
	a->begun = read.begun;
	a->share_since_s = read.share_since_s;
	a->share_calls = read.share_calls;
	a->name_count = read.name_count;
	memcpy(a->names, read.names, sizeof(a->names));
	memcpy(a->bad_trace, read.bad_trace, sizeof(a->bad_trace));
	a->dirty = false;
	c->newest_s = a->newest_s > c->newest_s ? a->newest_s : c->newest_s;
	return OK;
}

static struct status load_hour(struct canary *c, struct slice key, struct slice value)
{
	struct arm *a = canary_arm_find(c, read_id(key));
	struct record r = record_reader(value);
	struct arm_hour read = { .hour = 0 };

	arm_hour_record(&r, &read);
	if (!record_ok(&r) || read.hour == 0 || !is_key(key, key_of('h', read_id(key), read.hour)))
		return FAIL(CORRUPT, "not the hour of a version");
	if (a == NULL)
		return FAIL(CORRUPT, "the hour of a version that is not there");
	return arm_put(a, &read) ? OK : FAIL(NOMEM, "no memory for what a version did");
}

struct status canary_load(struct canary *c, struct slice key, struct slice value)
{
	if (key.len == ARM_KEY_BYTES && key.ptr[0] == 'a')
		return load_arm(c, key, value);
	if (key.len == HOUR_KEY_BYTES && key.ptr[0] == 'h')
		return load_hour(c, key, value);
	return FAIL(CORRUPT, "not a key of versions");
}
