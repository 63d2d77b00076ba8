/* SPDX-License-Identifier: Apache-2.0
 * baselines/detector_record.c - what a series, a key and a day's spend are as bytes; detector_state.c says where each lies.
 */
#include <math.h>
#include <stdlib.h>

#include "agent/baselines/detector_priv.h"

#define METRICS_FORMAT_1 10 /* what keys of format 1 knew */

/* ---------------------------------------------------------------- numbers */
/* Reading: what holds in all that was not damaged. */
static void expect(struct record *r, bool holds)
{
	r->failed |= !holds && !record_writes(r);
}

/* What is none would be so for good, whatever is added. */
static void record_number(struct record *r, double *v)
{
	record_double(r, v);
	expect(r, isfinite(*v));
}

static void record_amount(struct record *r, double *v)
{
	record_number(r, v);
	expect(r, *v >= 0);
}

/* ---------------------------------------------------------------- one series */
static void record_bucket(struct record *r, enum metric_kind kind, struct bucket *b)
{
	record_count(r, &b->n);
	if (b->n == 0)
		return;
	record_number(r, &b->sum);
	if (kind == KIND_RATE)
		b->sum_sq = b->sum; /* of zeros and ones */
	else
		record_number(r, &b->sum_sq);
	expect(r, bucket_is_possible(b, kind));
}

/* The sum of a judged bucket counts for rates (the bad ones) and means only. */
static void record_judged(struct record *r, enum metric_kind kind, struct judged *j)
{
	double z = j->z, residual = j->residual, n = j->n, sum = j->sum;

	record_number(r, &z);
	record_number(r, &residual);
	record_count(r, &n);
	if (kind == KIND_RATE)
		record_count(r, &sum);
	else if (kind == KIND_MEAN)
		record_number(r, &sum);
	*j = (struct judged){ (float)z, (float)residual, (float)n, (float)sum };
}

static void record_scale(struct record *r, enum metric_kind kind, bool frozen, struct scale *c)
{
	record_bucket(r, kind, &c->open);
	record_time(r, &c->open_s);
	record_amount(r, &c->weight);
	if (kind != KIND_RATE)
		record_number(r, &c->mu);
	record_amount(r, &c->m2);
	record_amount(r, &c->mv);
	if (kind == KIND_RATE) {
		record_number(r, &c->bad); /* a little below 0 where it was rounded */
		record_amount(r, &c->total);
		expect(r, scale_share(c) >= 0 && scale_share(c) <= 1);
	} else {
		record_amount(r, &c->within_ss);
		record_amount(r, &c->within_df);
	}
	record_amount(r, &c->prior_between);
	if (frozen) {
		record_count(r, &c->frozen_n);
		record_number(r, &c->frozen_sum);
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
		record_number(r, &season->offset[h]);
	for (int h = 0; h < HOURS; h += 4) {
		uint8_t *v = &season->visits[h];
		uint8_t four = (uint8_t)(v[0] | v[1] << 2 | v[2] << 4 | v[3] << 6);
		record_u8(r, &four);
		for (int i = 0; i < 4; i++)
			v[i] = four >> 2 * i & 3;
	}
}

void record_series(struct record *r, struct series *s)
{
	uint8_t direction = (uint8_t)(s->direction + 1);

	record_format(r, FORMAT);
	record_bool(r, &s->firing);
	record_u8(r, &direction);
	s->direction = (int8_t)(direction - 1);
	record_u8(r, &s->fired_scale);
	r->failed |= direction > 2 || s->fired_scale >= SCALE_COUNT;
	record_time_since_1970(r, &s->since_s);
	record_time_since_1970(r, &s->resolved_s);
	record_time_since_1970(r, &s->alert_s);
	record_number(r, &s->last_mean);
	if (s->season != NULL)
		record_season(r, s->season);
	for (int i = 0; i < SCALE_COUNT; i++)
		record_scale(r, series_info(s)->kind, s->firing, &s->scales[i]);
}

/* ---------------------------------------------------------------- one key */
void record_labels(struct record *r, struct labels *l)
{
	record_slice(r, &l->feature);
	record_slice(r, &l->model);
	record_slice(r, &l->prompt_version);
	record_slice(r, &l->workflow);
	record_slice(r, &l->user_segment);
}

static void record_runaway(struct record *r, struct runaway *x)
{
	record_number(r, &x->quantile);
	record_u32(r, &x->seen);
	record_u32(r, &x->count);
	record_time_since_1970(r, &x->last_s);
}

static void record_canary(struct record *r, struct canary *c)
{
	record_count(r, &c->n);
	record_number(r, &c->sum);
	record_bool(r, &c->done);
}

static void record_tail(struct record *r, struct tail_latency *t)
{
	record_u32(r, &t->n);
	record_u32(r, &t->learned);
	record_u32(r, &t->high);
	record_time_since_1970(r, &t->open_s);
	record_time_since_1970(r, &t->alert_s);
	record_number(r, &t->mu);
	record_amount(r, &t->weight);
	for (int i = 0; i < TAIL_BINS; i++)
		record_u32(r, &t->bins[i]);
}

static void record_tails(struct record *r, struct baseline_key *k)
{
	bool has_tails = k->tails != NULL;

	record_bool(r, &has_tails);
	if (has_tails && k->tails == NULL && !r->failed)
		k->tails = calloc(TAIL_COUNT, sizeof(k->tails[0]));
	for (int of = 0; has_tails && k->tails != NULL && of < TAIL_COUNT; of++)
		record_tail(r, &k->tails[of]);
	r->failed |= has_tails && k->tails == NULL;
}

/* One watch; reading, it gets a new series, which is loaded by itself. */
static void record_watch(struct record *r, struct detector *d, struct baseline_key *k, unsigned place)
{
	struct watch read = { 0 }, *w = record_writes(r) ? &k->watches[place] : &read;

	record_u8(r, &w->metric);
	record_u8(r, &w->name);
	r->failed |= w->metric >= METRIC_COUNT || w->name > NAMES_MAX;
	if (r->failed)
		return;
	record_bucket(r, metric_infos[w->metric].kind, &w->open);
	if (k->incumbent != k->id)
		record_canary(r, &w->canary);
	if (record_writes(r) || r->failed)
		return;
	struct series *s = key_watch(k, read.metric, read.name) == NULL ? series_new(read.metric) : NULL;
	struct watch *kept = s != NULL ? detector_adopt_series(d, k, read.name, s) : NULL;
	r->failed |= kept == NULL;
	if (kept != NULL) {
		kept->open = read.open;
		kept->canary = read.canary;
	}
}

/* Behind format, labels and first_s, which are read before the key exists. Format 2 has first_s for counted_s. */
void record_key_state(struct record *r, uint8_t format, struct detector *d, struct baseline_key *k)
{
	uint32_t watches = k->watch_count;

	if (format > 2)
		record_time_since_1970(r, &k->counted_s);
	record_u32(r, &k->incumbent);
	record_time_since_1970(r, &k->last_s);
	record_count(r, &k->requests);
	record_time_since_1970(r, &k->drift_s);
	record_bool(r, &k->is_pinned);
	record_runaway(r, &k->runaway);
	record_tails(r, k);
	record_u32(r, &watches);
	r->failed |= watches > WATCHES_MAX;
	for (uint32_t i = 0; i < watches && !r->failed; i++)
		record_watch(r, d, k, i);
}

/* Every metric had its place, observed or not; a first version was the one with the lowest number. */
void read_key_format_1(struct record *r, struct detector *d, struct baseline_key *k)
{
	uint32_t metrics = 0;

	record_runaway(r, &k->runaway);
	record_u32(r, &metrics);
	r->failed |= metrics > METRICS_FORMAT_1;
	for (uint32_t m = 0; m < metrics && !r->failed; m++) {
		struct bucket open = { 0 };
		struct canary canary = { 0 };
		record_bucket(r, metric_infos[m].kind, &open);
		if (k->incumbent != k->id)
			record_canary(r, &canary);
		if (open.n == 0 && canary.n == 0)
			continue;
		struct watch *w = detector_watch(d, k, (enum metric)m, 0);
		r->failed |= w == NULL;
		if (w != NULL) {
			w->open = open;
			w->canary = canary;
		}
	}
}

void record_spend(struct record *r, struct spend *s)
{
	record_format(r, FORMAT);
	record_amount(r, &s->total_usd);
	record_amount(r, &s->weight);
	record_double(r, &s->mu); /* NaN: to be learned anew */
	expect(r, !isinf(s->mu));
	record_amount(r, &s->m2);
	record_u32(r, &s->profile_days);
	record_bool(r, &s->has_day);
	record_bool(r, &s->partial);
	record_time_since_1970(r, &s->alert_s);
	for (int h = 0; h < HOURS; h++) {
		record_number(r, &s->by_hour[h]);
		record_number(r, &s->profile[h]);
	}
}
