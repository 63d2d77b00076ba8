/* SPDX-License-Identifier: Apache-2.0
 * baselines/detector_state.c - the detector's state as (key, value) pairs, and back.
 *
 * Keys: one letter, then big-endian the number of the key it belongs to; they are loaded in this order.
 *
 *     c                       the bucket in progress, and groups of verdicts
 *     f number                the name of a score or signal
 *     k number                labels, open five minutes of each metric, canary and runaway state
 *     m number                a request model and who answered for it
 *     p number                spend per day (of the first version's key)
 *     s number metric [name]  one series: alert state, season, three scales
 *
 * A series is made with its key's value, and filled with its own. Values open with a format. Format 1 of c and k, from
 * before metrics had names, and format 2 of k are still read. Doubles are kept bit by bit, so that a restart changes no
 * verdict; what a kind or a state does not use is left out, which keeps a series below 1 KiB.
 */
#include <stdlib.h>

#include "agent/base/record.h"
#include "agent/baselines/detector_priv.h"

#define FORMAT_KEY   3
#define FORMAT_CLOCK 2

#define LETTER_CLOCK  'c'
#define LETTER_NAME   'f'
#define LETTER_KEY    'k'
#define LETTER_MODEL  'm'
#define LETTER_SPEND  'p'
#define LETTER_SERIES 's'

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

static void save_key(struct saving *s, struct detector *d, struct baseline_key *k)
{
	struct record r = begin(s, LETTER_KEY, k->id);

	record_format(&r, FORMAT_KEY);
	record_labels(&r, &k->labels);
	record_time_since_1970(&r, &k->first_s);
	record_key_state(&r, FORMAT_KEY, d, k);
	k->dirty = !put(s);
}

static void save_spend(struct saving *s, struct baseline_key *k)
{
	struct record r = begin(s, LETTER_SPEND, k->id);

	record_spend(&r, k->spend);
	k->spend->dirty = !put(s);
}

static void save_series(struct saving *s, const struct baseline_key *k, const struct watch *w)
{
	struct record r = begin(s, LETTER_SERIES, k->id);

	buf_byte(&s->key, (char)w->metric);
	if (w->name != 0)
		buf_byte(&s->key, (char)w->name);
	record_series(&r, w->series);
	w->series->dirty = !put(s);
}

/* A verdict's metric as the literal that it was. */
static const char *literal_of(struct slice name)
{
	enum metric m = metric_find(name);

	for (int of = 0; of < TAIL_COUNT; of++)
		if (slice_equal(name, slice_of(tail_names[of])))
			return tail_names[of];
	if (slice_equal(name, SLICE(SPEND_METRIC)))
		return SPEND_METRIC;
	if (slice_equal(name, SLICE(MODEL_WATCH_METRIC)))
		return MODEL_WATCH_METRIC;
	return m != METRIC_NONE ? metric_infos[m].name : NULL;
}

static void save_clock(struct saving *s, struct detector *d)
{
	struct record r = begin(s, LETTER_CLOCK, 0);

	record_format(&r, FORMAT_CLOCK);
	record_time_since_1970(&r, &d->open_s);
	record_time_since_1970(&r, &d->settled_s);
	groups_record(&r, &d->groups, literal_of);
	d->groups.dirty = d->dirty = !put(s);
}

static void save_names(struct saving *s, struct detector *d)
{
	d->names_dirty = false;
	for (uint8_t i = 1; i < d->name_count; i++) {
		struct record r = begin(s, LETTER_NAME, i);
		record_format(&r, FORMAT);
		record_slice(&r, &d->names[i]);
		d->names_dirty |= !put(s);
	}
}

static void save_models(struct saving *s, struct detector *d, bool all)
{
	for (uint32_t i = 0; i < d->models.count; i++) {
		struct asked_model *m = d->models.items[i];
		if (!all && !m->dirty)
			continue;
		struct record r = begin(s, LETTER_MODEL, i);
		record_format(&r, FORMAT);
		asked_model_record(&r, m);
		m->dirty = !put(s);
	}
}

static void delete_each(struct saving *s, const struct buf *keys)
{
	for (size_t at = 0; at < keys->len; at += 1 + (size_t)keys->ptr[at])
		s->put(s->context, (struct slice){ keys->ptr + at + 1, (size_t)keys->ptr[at] }, SLICE_NONE);
}

/* Deletions go before everything else: a number may have been given again since. What an earlier save was to delete is
 * kept for the case that it failed. */
static void save_deletions(struct saving *s, struct detector *d, bool all)
{
	if (all)
		delete_each(s, &d->dropped_before);
	delete_each(s, &d->dropped);
	struct buf spare = d->dropped_before;
	d->dropped_before = d->dropped;
	d->dropped = spare;
	buf_reset(&d->dropped);
}

void detector_save(struct detector *d, bool all, detector_put put_pair, void *context)
{
	struct saving s = { put_pair, context, BUF_INIT, BUF_INIT };

	detector_drop_marked(d);
	save_deletions(&s, d, all);
	if (d->started && (all || d->dirty || d->groups.dirty))
		save_clock(&s, d);
	if (all || d->names_dirty)
		save_names(&s, d);
	save_models(&s, d, all);
	for (uint32_t i = 0; i < d->table.count; i++) {
		struct baseline_key *k = d->table.keys[i];
		if (k == NULL)
			continue;
		if (all || k->dirty)
			save_key(&s, d, k);
		if (k->spend != NULL && (all || k->spend->dirty))
			save_spend(&s, k);
		for (unsigned at = 0; at < k->watch_count; at++)
			if (all || k->watches[at].series->dirty)
				save_series(&s, k, &k->watches[at]);
	}
	buf_release(&s.key);
	buf_release(&s.value);
}

/* ---------------------------------------------------------------- load */
static struct status loaded(const struct record *r)
{
	return record_ok(r) ? OK : FAIL(CORRUPT, "a stored baseline has another version or shape");
}

static uint8_t format_of(const struct record *r)
{
	return r->rest.len > 0 ? (uint8_t)r->rest.ptr[0] : 0;
}

static struct status load_clock(struct detector *d, uint32_t number, struct record *r)
{
	int64_t open_s = 0, settled_s = 0;
	uint8_t format = format_of(r);

	if (number != 0 || d->started)
		return FAIL(CORRUPT, "a stored baseline clock is there twice");
	record_format(r, format == 1 ? 1 : FORMAT_CLOCK);
	record_time_since_1970(r, &open_s);
	record_time_since_1970(r, &settled_s);
	if (format > 1)
		groups_record(r, &d->groups, literal_of);
	if (!record_ok(r))
		groups_release(&d->groups);
	TRY(loaded(r));
	if (open_s % BUCKET_S != 0)
		return FAIL(CORRUPT, "a stored baseline clock is not at a bucket's start");
	d->started = true;
	d->open_s = d->newest_s = open_s;
	d->settled_s = settled_s < detector_settles(open_s) ? settled_s : detector_settles(open_s);
	return OK;
}

static struct status load_name(struct detector *d, uint32_t number, struct record *r)
{
	struct slice name = SLICE_NONE;

	record_format(r, FORMAT);
	record_slice(r, &name);
	TRY(loaded(r));
	if (number != d->name_count || name.len == 0)
		return FAIL(CORRUPT, "stored names of scores are not in order");
	return detector_name(d, name) == number ? OK : FAIL(CORRUPT, "a stored name of a score is there twice");
}

static struct status load_model(struct detector *d, uint32_t place, struct record *r)
{
	struct asked_model read = { 0 };

	record_format(r, FORMAT);
	asked_model_record(r, &read);
	TRY(loaded(r));
	struct asked_model *m = model_watch_place(&d->models, place);
	if (m == NULL)
		return FAIL(FULL, "more stored request models than there is room for");
	*m = read;
	m->dirty = false;
	return OK;
}

static struct status load_key(struct detector *d, uint32_t id, struct record *r)
{
	struct labels l = { 0 };
	int64_t first_s = 0;
	uint8_t format = record_format_since(r, 1, FORMAT_KEY);

	record_slice(r, &l.feature);
	record_slice(r, &l.model);
	record_slice(r, &l.prompt_version);
	if (format > 1) {
		record_slice(r, &l.workflow);
		record_slice(r, &l.user_segment);
	}
	record_time_since_1970(r, &first_s);
	l = labels_normalise(l);
	if (r->failed || key_table_find(&d->table, l) != NULL)
		return FAIL(CORRUPT, "a stored baseline key has another version or shape");
	if (id >= d->table.max)
		return FAIL(FULL, "more stored baseline keys than baselines.max_series allows");
	struct baseline_key *k = key_table_add(&d->table, l, id, first_s);
	if (k == NULL)
		return FAIL(CORRUPT, "no memory for a stored baseline key, or it is there twice");
	if (format > 1)
		record_key_state(r, format, d, k);
	else
		read_key_format_1(r, d, k);
	k->has_open = true; /* the next tick looks */
	if (!record_ok(r))
		detector_forget_key(d, k);
	return loaded(r);
}

static struct status load_spend(struct baseline_key *k, struct record *r)
{
	struct spend s = { 0 };

	record_spend(r, &s);
	TRY(loaded(r));
	if (k->spend == NULL)
		k->spend = malloc(sizeof(*k->spend));
	if (k->spend == NULL)
		return FAIL(NOMEM, "no memory for a stored daily spend");
	*k->spend = s;
	k->spend->dirty = false;
	return OK;
}

/* The watch that the key's value has made; of format 1, where the metric was not being observed, it is made here. */
static struct watch *watch_to_fill(struct detector *d, struct baseline_key *k, enum metric m, uint8_t name)
{
	struct watch *w = key_watch(k, m, name);

	return w != NULL || name != 0 ? w : detector_watch(d, k, m, name);
}

static struct status load_series(struct detector *d, struct baseline_key *k, struct record *key, struct record *r)
{
	uint8_t metric = 0, name = 0;

	record_u8(key, &metric);
	if (key->rest.len > 0)
		record_u8(key, &name);
	struct watch *w = record_ok(key) && metric < METRIC_COUNT ? watch_to_fill(d, k, metric, name) : NULL;
	if (w == NULL)
		return FAIL(CORRUPT, "a stored series has a key of another version");
	struct series *s = series_new((enum metric)metric);
	if (s == NULL)
		return FAIL(NOMEM, "no memory for a stored series");
	record_series(r, s);
	if (!record_ok(r)) {
		series_free(s);
		return loaded(r);
	}
	series_free(w->series);
	w->series = s;
	detector_refresh(w);
	return OK;
}

/* What lies ahead of it is damaged, or from before the clock was set back: what waits for such a time would wait for long.
 * Of event time where it is known, in whole buckets. */
static int64_t latest_time(const struct detector *d)
{
	int64_t clock_s = d->clock_s + CLOCK_AHEAD_MAX_S;

	if (d->started)
		return d->open_s + BUCKET_S + LATENESS_S;
	return d->clock_s != 0 ? clock_s - clock_s % BUCKET_S : 0;
}

static struct status load_of_key(struct detector *d, uint8_t letter, uint32_t id, struct record *at, struct record *r)
{
	struct baseline_key *k = id < d->table.count ? d->table.keys[id] : NULL;

	if (at->failed || k == NULL)
		return FAIL(CORRUPT, "a stored baseline belongs to no key");
	if (letter == LETTER_SPEND && record_ok(at))
		return load_spend(k, r);
	if (letter == LETTER_SERIES)
		return load_series(d, k, at, r);
	return FAIL(CORRUPT, "a stored baseline has a key of another version");
}

struct status detector_load(struct detector *d, struct slice key, struct slice value)
{
	struct record at = record_reader(key), r = record_reader(value);
	uint8_t letter = 0;
	uint32_t id = 0;

	record_u8(&at, &letter);
	record_key_u32(&at, &id);
	r.latest_s = latest_time(d);
	if (!record_ok(&at))
		return load_of_key(d, letter, id, &at, &r);
	switch (letter) {
	case LETTER_CLOCK:
		return load_clock(d, id, &r);
	case LETTER_NAME:
		return load_name(d, id, &r);
	case LETTER_KEY:
		return load_key(d, id, &r);
	case LETTER_MODEL:
		return load_model(d, id, &r);
	default:
		return load_of_key(d, letter, id, &at, &r);
	}
}
