/* SPDX-License-Identifier: Apache-2.0
 * review/review.c - samples to days, and days to stored values.
 */
#include <stdlib.h>

#include "agent/base/clock.h"
#include "agent/base/hash.h"
#include "agent/review/review_priv.h"

#define DAY_MS UINT64_C(86400000)
#define DAY_S  UINT64_C(86400)
#define DAY_MAX 2932896u /* the last one of the year 9999 */
#define FORMAT 1

struct review *review_new(void)
{
	return calloc(1, sizeof(struct review));
}

void review_free(struct review *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < r->count; i++)
		free(r->entries[i]);
	deletions_release(&r->deleted);
	free(r);
}

/* ---------------------------------------------------------------- the table */
static uint64_t id_of(struct slice feature, struct slice model, struct slice version)
{
	uint64_t id = hash_stable(feature.ptr, feature.len);

	id = hash_mix(id, hash_stable(model.ptr, model.len));
	return hash_mix(id, hash_stable(version.ptr, version.len));
}

static uint32_t *slot_of(struct review *r, uint32_t day, uint64_t id)
{
	uint32_t at = (uint32_t)hash_mix(id, day) & (REVIEW_SLOTS - 1);

	while (r->slots[at] != 0) {
		const struct review_entry *e = r->entries[r->slots[at] - 1];
		if (e->day == day && e->id == id)
			break;
		at = (at + 1) & (REVIEW_SLOTS - 1);
	}
	return &r->slots[at];
}

static struct review_entry *entry_new(uint32_t day, uint64_t id, const struct slice labels[3])
{
	struct review_entry *e = calloc(1, sizeof(*e) + labels[0].len + labels[1].len + labels[2].len);

	if (e == NULL)
		return NULL;
	char *at = e->text;
	e->day = day;
	e->id = id;
	e->feature = slice_pack(&at, labels[0]);
	e->model = slice_pack(&at, labels[1]);
	e->version = slice_pack(&at, labels[2]);
	return e;
}

static void put_key(const struct review_entry *e, char key[REVIEW_KEY_BYTES])
{
	for (int i = 0; i < 4; i++)
		key[i] = (char)(e->day >> (24 - 8 * i));
	for (int i = 0; i < 8; i++)
		key[4 + i] = (char)(e->id >> (56 - 8 * i));
}

/* False: not the key of sums under that id. */
static bool read_key(struct slice key, uint64_t id, uint32_t *day)
{
	uint64_t told = 0;

	if (key.len != REVIEW_KEY_BYTES)
		return false;
	*day = 0;
	for (int i = 0; i < 4; i++)
		*day = *day << 8 | (unsigned char)key.ptr[i];
	for (int i = 0; i < 8; i++)
		told = told << 8 | (unsigned char)key.ptr[4 + i];
	return told == id && *day > 0 && *day <= DAY_MAX;
}

/* Drops what is older than REVIEW_DAYS, and finds the others a place anew. */
static void expire(struct review *r)
{
	char key[REVIEW_KEY_BYTES];
	size_t kept = 0;

	memset(r->slots, 0, sizeof(r->slots));
	cohort_memo_clear(&r->found);
	for (size_t i = 0; i < r->count; i++) {
		struct review_entry *e = r->entries[i];
		if (e->day + REVIEW_DAYS <= r->newest_day) {
			put_key(e, key);
			buf_append(&r->deleted.fresh, key, sizeof(key));
			free(e);
			continue;
		}
		r->entries[kept++] = e;
		*slot_of(r, e->day, e->id) = (uint32_t)kept;
	}
	r->count = kept;
}

static void begin_day(struct review *r, uint32_t day)
{
	r->newest_day = day;
	r->keys_of_newest = 0;
	expire(r);
	for (size_t i = 0; i < r->count; i++)
		r->keys_of_newest += r->entries[i]->day == day;
}

void review_advance(struct review *r, uint64_t unix_s)
{
	r->latest_day = (uint32_t)((unix_s + CLOCK_AHEAD_MAX_S) / DAY_S);
	if (r->newest_day > r->latest_day)
		begin_day(r, r->latest_day);
}

static bool is_believed(const struct review *r, uint32_t day)
{
	return r->latest_day == 0 || day <= r->latest_day;
}

/* NULL: no memory, or no room. */
static struct review_entry *insert(struct review *r, uint32_t day, uint64_t id, const struct slice labels[3])
{
	struct review_entry *e = r->count < REVIEW_MAX ? entry_new(day, id, labels) : NULL;

	if (e == NULL)
		return NULL;
	uint32_t *slot = slot_of(r, day, id);
	r->entries[r->count++] = e;
	*slot = (uint32_t)r->count;
	r->keys_of_newest += day == r->newest_day;
	return e;
}

/* Of days before the newest one, of which little comes. */
static uint32_t keys_of(const struct review *r, uint32_t day)
{
	uint32_t keys = 0;

	if (day == r->newest_day)
		return r->keys_of_newest;
	for (size_t i = 0; i < r->count; i++)
		keys += r->entries[i]->day == day;
	return keys;
}

static struct review_entry *entry_for(struct review *r, uint32_t day, const struct slice labels[3])
{
	uint64_t id = id_of(labels[0], labels[1], labels[2]);
	uint32_t slot = *slot_of(r, day, id);

	if (slot != 0)
		return r->entries[slot - 1];
	if (keys_of(r, day) < REVIEW_KEYS_MAX - 1)
		return insert(r, day, id, labels);
	const struct slice other[3] = { SLICE("other"), SLICE("other"), SLICE("other") };
	id = id_of(other[0], other[1], other[2]);
	slot = *slot_of(r, day, id);
	return slot != 0 ? r->entries[slot - 1] : insert(r, day, id, other);
}

void review_add(struct review *r, const struct sample *s)
{
	uint32_t day = (uint32_t)(s->time_unix_ms / DAY_MS);

	if (s->kind == SAMPLE_RETRIEVAL || s->kind == SAMPLE_RATING || day == 0 || day + REVIEW_DAYS <= r->newest_day)
		return;
	if (day > r->newest_day)
		begin_day(r, day);
	struct review_entry *e = cohort_memo_find(&r->found, s->cohort);
	if (e == NULL || e->day != day) {
		e = entry_for(r, day, (struct slice[3]){ s->feature, s->model, s->prompt_version });
		cohort_memo_keep(&r->found, s->cohort, e);
	}
	if (e == NULL)
		return;
	day_add(&e->sums, s);
	e->dirty = true;
}

/* ---------------------------------------------------------------- stored form */
static void record_entry(struct record *r, struct slice labels[3], struct day_sums *sums)
{
	record_format(r, FORMAT);
	for (int i = 0; i < 3; i++)
		record_slice(r, &labels[i]);
	day_record(r, sums);
}

static void save_entry(struct review_entry *e, struct buf *value, review_put put, void *context)
{
	struct record w = record_writer(value);
	struct slice labels[3] = { e->feature, e->model, e->version };
	char key[REVIEW_KEY_BYTES];

	buf_reset(value);
	record_entry(&w, labels, &e->sums);
	if (!record_ok(&w))
		return; /* without memory: it stays dirty */
	put_key(e, key);
	put(context, (struct slice){ key, sizeof(key) }, buf_view(value));
	e->dirty = false;
}

void review_save(struct review *r, bool all, review_put put, void *context)
{
	struct buf value = BUF_INIT;

	deletions_put(&r->deleted, REVIEW_KEY_BYTES, all, put, context);
	for (size_t i = 0; i < r->count; i++)
		if (all || r->entries[i]->dirty)
			save_entry(r->entries[i], &value, put, context);
	buf_release(&value);
}

struct status review_load(struct review *r, struct slice key, struct slice value)
{
	struct record rd = record_reader(value);
	struct day_sums sums;
	struct slice labels[3];
	uint32_t day = 0;

	memset(&sums, 0, sizeof(sums));
	record_entry(&rd, labels, &sums);
	if (!record_ok(&rd) || !read_key(key, id_of(labels[0], labels[1], labels[2]), &day))
		return FAIL(CORRUPT, "not the sums of a day");
	if (day > r->newest_day && is_believed(r, day))
		begin_day(r, day);
	struct review_entry *e = insert(r, day, id_of(labels[0], labels[1], labels[2]), labels);
	if (e == NULL)
		return FAIL(NOMEM, "no room for the sums of a day");
	e->sums = sums;
	return OK;
}
