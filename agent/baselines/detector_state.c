/* SPDX-License-Identifier: Apache-2.0
 * baselines/detector_state.c - the detector's state as (key, value) pairs, and back.
 *
 * Keys: one letter, then big-endian the number of the key it belongs to; they are loaded in this order.
 *
 *     c                    the bucket in progress
 *     k number             labels, open five minutes of each metric, canary and runaway state
 *     p number             spend per day (of the first version's key)
 *     s number metric      one series: alert state, season, three scales
 *
 * Values open with FORMAT. Doubles are kept bit by bit, so that a restart changes no verdict; what a kind or a state
 * does not use is left out, which keeps a series below 1 KiB.
 */
#include <math.h>
#include <stdlib.h>

#include "agent/base/record.h"
#include "agent/baselines/detector_priv.h"

#define FORMAT 1

#define LETTER_CLOCK  'c'
#define LETTER_KEY    'k'
#define LETTER_SPEND  'p'
#define LETTER_SERIES 's'

/* ---------------------------------------------------------------- one series */
static void record_bucket(struct record *r, enum metric_kind kind, struct bucket *b)
{
	record_count(r, &b->n);
	if (b->n == 0)
		return;
	record_double(r, &b->sum);
	if (kind == KIND_RATE)
		b->sum_sq = b->sum; /* of zeros and ones */
	else
		record_double(r, &b->sum_sq);
}

/* The sum of a judged bucket counts for rates (the bad ones) and means only. */
static void record_judged(struct record *r, enum metric_kind kind, struct judged *j)
{
	record_double(r, &j->z);
	record_double(r, &j->residual);
	record_count(r, &j->n);
	if (kind == KIND_RATE)
		record_count(r, &j->sum);
	else if (kind == KIND_MEAN)
		record_double(r, &j->sum);
}

static void record_scale(struct record *r, enum metric_kind kind, bool frozen, struct scale *c)
{
	record_bucket(r, kind, &c->open);
	record_time(r, &c->open_s);
	record_double(r, &c->weight);
	if (kind != KIND_RATE)
		record_double(r, &c->mu);
	record_double(r, &c->m2);
	record_double(r, &c->mv);
	record_double(r, kind == KIND_RATE ? &c->bad : &c->within_ss);
	record_double(r, kind == KIND_RATE ? &c->total : &c->within_df);
	record_double(r, &c->prior_between);
	if (frozen) {
		record_count(r, &c->frozen_n);
		record_double(r, &c->frozen_sum);
	}
	record_u32(r, &c->learned);
	record_u32(r, &c->ring_len);
	r->failed |= c->ring_len > RING_SIZE;
	for (uint32_t i = 0; i < c->ring_len && !r->failed; i++)
		record_judged(r, kind, &c->ring[i]);
}

/* Visits need two bits each. */
static void record_season(struct record *r, struct season *season)
{
	for (int h = 0; h < HOURS; h++)
		record_double(r, &season->offset[h]);
	for (int h = 0; h < HOURS; h += 4) {
		uint8_t *v = &season->visits[h];
		uint8_t four = (uint8_t)(v[0] | v[1] << 2 | v[2] << 4 | v[3] << 6);
		record_u8(r, &four);
		for (int i = 0; i < 4; i++)
			v[i] = four >> 2 * i & 3;
	}
}

static void record_series(struct record *r, struct series *s)
{
	uint8_t direction = (uint8_t)(s->direction + 1);

	record_format(r, FORMAT);
	record_bool(r, &s->firing);
	record_u8(r, &direction);
	s->direction = (int8_t)(direction - 1);
	record_u8(r, &s->fired_scale);
	r->failed |= direction > 2 || s->fired_scale >= SCALE_COUNT;
	record_time(r, &s->since_s);
	record_time(r, &s->resolved_s);
	record_time(r, &s->alert_s);
	record_double(r, &s->last_mean);
	if (s->season != NULL)
		record_season(r, s->season);
	for (int i = 0; i < SCALE_COUNT; i++)
		record_scale(r, series_info(s)->kind, s->firing, &s->scales[i]);
}

/* ---------------------------------------------------------------- one key */
static void record_labels(struct record *r, struct labels *l)
{
	record_slice(r, &l->feature);
	record_slice(r, &l->model);
	record_slice(r, &l->prompt_version);
}

static void record_runaway(struct record *r, struct runaway *x)
{
	record_double(r, &x->quantile);
	record_u32(r, &x->seen);
	record_u32(r, &x->count);
	record_time(r, &x->last_s);
}

/* Behind format, labels and first_s, which are read before the key exists. metrics: how many the writer knew. */
static void record_key_state(struct record *r, struct baseline_key *k)
{
	uint32_t metrics = METRIC_COUNT;

	record_runaway(r, &k->runaway);
	record_u32(r, &metrics);
	r->failed |= metrics > METRIC_COUNT;
	for (uint32_t m = 0; m < metrics && !r->failed; m++) {
		record_bucket(r, metric_infos[m].kind, &k->open[m]);
		if (k->canaries == NULL)
			continue;
		record_count(r, &k->canaries[m].n);
		record_double(r, &k->canaries[m].sum);
		record_bool(r, &k->canaries[m].done);
	}
}

static void record_spend(struct record *r, struct spend *s)
{
	record_format(r, FORMAT);
	record_double(r, &s->total_usd);
	record_double(r, &s->weight);
	record_double(r, &s->mu);
	record_double(r, &s->m2);
	record_u32(r, &s->profile_days);
	record_bool(r, &s->has_day);
	record_bool(r, &s->partial);
	record_time(r, &s->alert_s);
	for (int h = 0; h < HOURS; h++) {
		record_double(r, &s->by_hour[h]);
		record_double(r, &s->profile[h]);
	}
}

/* ---------------------------------------------------------------- save */
struct saving {
	detector_put put;
	void *context;
	struct buf key, value;
};

/* An empty pair of buffers to fill; the key has its letter and number. */
static struct record begin(struct saving *s, char letter, uint32_t number)
{
	buf_reset(&s->key);
	buf_reset(&s->value);
	struct record key = record_writer(&s->key);
	record_u8(&key, (uint8_t *)&letter);
	record_key_u32(&key, &number);
	return record_writer(&s->value);
}

/* False without memory: then the thing stays dirty. */
static bool put(struct saving *s)
{
	if (buf_failed(&s->key) || buf_failed(&s->value))
		return false;
	s->put(s->context, buf_view(&s->key), buf_view(&s->value));
	return true;
}

static void save_key(struct saving *s, struct baseline_key *k)
{
	struct record r = begin(s, LETTER_KEY, k->id);

	record_format(&r, FORMAT);
	record_labels(&r, &k->labels);
	record_time(&r, &k->first_s);
	record_key_state(&r, k);
	k->dirty = !put(s);
}

static void save_spend(struct saving *s, struct baseline_key *k)
{
	struct record r = begin(s, LETTER_SPEND, k->id);

	record_spend(&r, k->spend);
	k->spend->dirty = !put(s);
}

static void save_series(struct saving *s, struct baseline_key *k, enum metric m)
{
	struct record r = begin(s, LETTER_SERIES, k->id);

	buf_byte(&s->key, (char)m);
	record_series(&r, k->series[m]);
	k->series[m]->dirty = !put(s);
}

static void save_clock(struct saving *s, struct detector *d)
{
	struct record r = begin(s, LETTER_CLOCK, 0);

	record_format(&r, FORMAT);
	record_time(&r, &d->open_s);
	record_time(&r, &d->settled_s);
	d->dirty = !put(s);
}

void detector_save(struct detector *d, bool all, detector_put put_pair, void *context)
{
	struct saving s = { put_pair, context, BUF_INIT, BUF_INIT };

	if (d->started && (all || d->dirty))
		save_clock(&s, d);
	for (uint32_t i = 0; i < d->table.count; i++) {
		struct baseline_key *k = d->table.keys[i];
		if (k == NULL)
			continue;
		if (all || k->dirty)
			save_key(&s, k);
		if (k->spend != NULL && (all || k->spend->dirty))
			save_spend(&s, k);
		for (int m = 0; m < METRIC_COUNT; m++)
			if (k->series[m] != NULL && (all || k->series[m]->dirty))
				save_series(&s, k, (enum metric)m);
	}
	buf_release(&s.key);
	buf_release(&s.value);
}

/* ---------------------------------------------------------------- load */
static struct status loaded(const struct record *r)
{
	return record_ok(r) ? OK : FAIL(CORRUPT, "a stored baseline has another version or shape");
}

static struct status load_clock(struct detector *d, struct record *r)
{
	int64_t open_s = 0, settled_s = 0;

	record_format(r, FORMAT);
	record_time(r, &open_s);
	record_time(r, &settled_s);
	TRY(loaded(r));
	if (open_s < 0 || open_s % BUCKET_S != 0)
		return FAIL(CORRUPT, "a stored baseline clock is not at a bucket's start");
	d->started = true;
	d->open_s = d->newest_s = open_s;
	d->settled_s = settled_s;
	return OK;
}

static struct status load_key(struct detector *d, uint32_t id, struct record *r)
{
	struct labels l = { 0 };
	int64_t first_s = 0;

	record_format(r, FORMAT);
	record_labels(r, &l);
	record_time(r, &first_s);
	if (r->failed || id < d->table.count)
		return FAIL(CORRUPT, "a stored baseline key has another version or shape");
	if (id >= d->table.max)
		return FAIL(FULL, "more stored baseline keys than baselines.max_series allows");
	struct baseline_key *k = key_table_add(&d->table, labels_normalise(l), id, first_s);
	if (k == NULL)
		return FAIL(NOMEM, "no memory for a stored baseline key");
	record_key_state(r, k);
	k->has_open = true; /* the next tick looks */
	return loaded(r);
}

static struct status load_spend(struct baseline_key *k, struct record *r)
{
	struct spend s = { 0 };

	record_spend(r, &s);
	TRY(loaded(r));
	struct spend *kept = detector_spend(k);
	if (kept == NULL)
		return FAIL(NOMEM, "no memory for a stored daily spend");
	*kept = s;
	kept->dirty = false;
	return OK;
}

static struct status load_series(struct detector *d, struct baseline_key *k, struct record *key, struct record *r)
{
	uint8_t metric = 0;

	record_u8(key, &metric);
	if (!record_ok(key) || metric >= METRIC_COUNT || k->series[metric] != NULL)
		return FAIL(CORRUPT, "a stored series has a key of another version");
	struct series *s = series_new((enum metric)metric);
	if (s == NULL)
		return FAIL(NOMEM, "no memory for a stored series");
	record_series(r, s);
	if (!record_ok(r)) {
		series_free(s);
		return loaded(r);
	}
	detector_adopt_series(d, k, s);
	return OK;
}

struct status detector_load(struct detector *d, struct slice key, struct slice value)
{
	struct record at = record_reader(key), r = record_reader(value);
	uint8_t letter = 0;
	uint32_t id = 0;

	record_u8(&at, &letter);
	record_key_u32(&at, &id);
	if (letter == LETTER_CLOCK && record_ok(&at))
		return load_clock(d, &r);
	if (letter == LETTER_KEY && record_ok(&at))
		return load_key(d, id, &r);
	struct baseline_key *k = id < d->table.count ? d->table.keys[id] : NULL;
	if (at.failed || k == NULL)
		return FAIL(CORRUPT, "a stored baseline belongs to no key");
	if (letter == LETTER_SPEND && record_ok(&at))
		return load_spend(k, &r);
	if (letter == LETTER_SERIES)
		return load_series(d, k, &at, &r);
	return FAIL(CORRUPT, "a stored baseline has a key of another version");
}
