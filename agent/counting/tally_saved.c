/* SPDX-License-Identifier: Apache-2.0
 * counting/tally_saved.c - the tally as values for the store: the series by blocks, each group, who tells by spans.
 *
 * Series say how far each was counted, so that a cumulative one goes on after a restart instead of counting all again.
 */
#include "agent/base/record.h"
#include "agent/counting/tally_priv.h"

#define FORMAT       1
#define BLOCK_SERIES 256u

enum part { PART_SERIES, PART_GROUP, PART_TELLERS, PART_FORGOTTEN };

static void key_of(struct buf *key, enum part part, uint32_t number)
{
	struct record k = record_writer(key);
	uint32_t kind = TALLY_KEY, which = (uint32_t)part;

	buf_reset(key);
	record_key_u32(&k, &kind);
	record_key_u32(&k, &which);
	record_key_u32(&k, &number);
}

static void series_fields(struct record *r, struct series *s)
{
	record_bytes(r, &s->key, sizeof(s->key));
	record_uint(r, &s->start_unix_ns);
	record_uint(r, &s->time_unix_ns);
	record_uint(r, &s->count);
	record_double(r, &s->sum);
}

static void group_fields(struct record *r, struct group *g, struct slice *record)
{
	record_bytes(r, &g->key, sizeof(g->key));
	record_u32(r, &g->teller);
	record_bool(r, &g->has_response_model);
	record_bool(r, &g->has_cost);
	record_bool(r, &g->input_excludes_cache);
	record_bool(r, &g->output_excludes_thought);
	record_uint(r, &g->end_unix_ns);
	record_uint(r, &g->timed);
	record_uint(r, &g->asked);
	record_uint(r, &g->answered);
	for (int class = 0; class < TOKEN_CLASS_COUNT; class++)
		record_double(r, &g->tokens[class]);
	record_u32(r, &g->known);
	record_double(r, &g->seconds);
	record_double(r, &g->usd);
	record_slice(r, record);
}

static void save_series(struct tally *t, uint32_t block, struct buf *value)
{
	struct record v = record_writer(value);

	record_format(&v, FORMAT);
	for (uint32_t i = 0; i < BLOCK_SERIES; i++) {
		struct series *s = &t->series[block * BLOCK_SERIES + i];
		if (s->key == 0)
			continue;
		record_u32(&v, &i);
		series_fields(&v, s);
	}
}

static void save_tellers(struct tally *t, struct buf *value)
{
	struct record v = record_writer(value);

	buf_reset(value);
	record_format(&v, FORMAT);
	for (uint32_t i = 0; i < TALLY_TELLERS; i++) {
		if (t->tellers[i].name == 0)
			continue;
		record_u32(&v, &i);
		record_u32(&v, &t->tellers[i].name);
	}
}

static void put_series(struct tally *t, struct buf *key, struct buf *value, counting_put put, void *context)
{
	for (uint32_t block = 0; block < TALLY_SERIES / BLOCK_SERIES; block++) {
		key_of(key, PART_SERIES, block);
		buf_reset(value);
		save_series(t, block, value);
		put(context, buf_view(key), buf_view(value));
	}
}

static void put_forgotten(struct tally *t, struct buf *key, struct buf *value, counting_put put, void *context)
{
	struct record v = record_writer(value);

	key_of(key, PART_FORGOTTEN, 0);
	buf_reset(value);
	record_format(&v, FORMAT);
	record_uint(&v, &t->forgotten_unix_ns);
	put(context, buf_view(key), buf_view(value));
}

static void put_groups(struct tally *t, struct buf *key, struct buf *value, counting_put put, void *context)
{
	for (uint32_t i = 0; i < TALLY_GROUPS; i++) {
		struct record v = record_writer(value);
		struct group *g = &t->groups[i];
		struct slice record = buf_view(&g->record);
		key_of(key, PART_GROUP, i);
		buf_reset(value);
		record_format(&v, FORMAT);
		group_fields(&v, g, &record);
		if (g->key != 0)
			put(context, buf_view(key), buf_view(value));
		else if (record.len > 0) /* was in use */
			put(context, buf_view(key), SLICE_NONE);
	}
}

void tally_save(struct tally *t, bool all, counting_put put, void *context)
{
	struct buf key = BUF_INIT, value = BUF_INIT;

	if (t->is_dirty || all) {
		put_series(t, &key, &value, put, context);
		put_groups(t, &key, &value, put, context);
		put_forgotten(t, &key, &value, put, context);
	}
	if (t->tellers_are_dirty || all) {
		key_of(&key, PART_TELLERS, 0);
		save_tellers(t, &value);
		put(context, buf_view(&key), buf_view(&value));
	}
	t->is_dirty = t->tellers_are_dirty = false;
	buf_release(&key);
	buf_release(&value);
}

static void load_series(struct tally *t, uint32_t block, struct record *r)
{
	uint32_t i = 0;

	while (!r->failed && r->rest.len > 0) {
		struct series s = { 0 };
		record_u32(r, &i);
		series_fields(r, &s);
		if (!r->failed && i < BLOCK_SERIES && block < TALLY_SERIES / BLOCK_SERIES)
			t->series[block * BLOCK_SERIES + i] = s;
	}
}

static void load_group(struct tally *t, uint32_t place, struct record *r)
{
	struct group g = { .record = BUF_INIT };
	struct slice record = SLICE_NONE;

	group_fields(r, &g, &record);
	if (r->failed || place >= TALLY_GROUPS || t->groups[place].key != 0)
		return;
	buf_slice(&g.record, record);
	buf_release(&t->groups[place].record);
	t->groups[place] = g;
}

static void load_tellers(struct tally *t, struct record *r)
{
	uint32_t i = 0, service = 0;

	while (!r->failed && r->rest.len > 0) {
		record_u32(r, &i);
		record_u32(r, &service);
		if (!r->failed && i < TALLY_TELLERS)
			t->tellers[i].name = service;
	}
}

struct status tally_load(struct tally *t, struct slice key, struct slice value)
{
	struct record k = record_reader(key), r = record_reader(value);
	uint32_t kind = 0, part = 0, number = 0;

	record_key_u32(&k, &kind);
	record_key_u32(&k, &part);
	record_key_u32(&k, &number);
	record_format(&r, FORMAT);
	if (record_ok(&k) && part == PART_SERIES)
		load_series(t, number, &r);
	else if (record_ok(&k) && part == PART_GROUP)
		load_group(t, number, &r);
	else if (record_ok(&k) && part == PART_TELLERS)
		load_tellers(t, &r);
	else if (record_ok(&k) && part == PART_FORGOTTEN)
		record_uint(&r, &t->forgotten_unix_ns);
	return record_ok(&k) && record_ok(&r) ? OK : FAIL(CORRUPT, "not a value of what metrics told");
}
