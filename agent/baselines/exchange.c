/* SPDX-License-Identifier: Apache-2.0
 * baselines/exchange.c - series to lines and back.
 */
#include "agent/baselines/exchange.h"

#include <stdlib.h>

#include "agent/base/hex.h"
#include "agent/base/json.h"
#include "agent/baselines/detector_priv.h"

#define TYPE "plimsoll_baselines"

/* ---------------------------------------------------------------- out */
static void write_head(struct buf *out, const char *type, const struct baseline_key *k)
{
	buf_printf(out, "{\"type\":\"%s\"", type);
	json_write_text(out, "feature", k->labels.feature);
	json_write_text(out, "model", k->labels.model);
	json_write_text(out, "prompt_version", k->labels.prompt_version);
	json_write_text(out, "workflow", k->labels.workflow);
	json_write_text(out, "user_segment", k->labels.user_segment);
	json_write_number(out, "first_seen", (double)k->first_s);
}

static void write_state(struct buf *out, struct buf *state)
{
	json_write_key(out, "state");
	buf_byte(out, '"');
	buf_hex(out, state->ptr, state->len);
	buf_text(out, "\"}\n");
	out->failed |= buf_failed(state);
}

static void write_series(struct buf *out, const struct detector *d, const struct baseline_key *k, const struct watch *w,
			 struct buf *state)
{
	struct standing standing;
	struct record r = record_writer(state);

	buf_reset(state);
	record_series(&r, w->series);
	write_head(out, "series", k);
	json_write_text(out, "metric", slice_of(metric_infos[w->metric].name));
	json_write_text(out, "name", d->names[w->name]);
	json_write_number(out, "learned_hours", w->series->scales[SCALE_1H].learned);
	if (series_standing(w->series, &standing)) {
		json_write_number(out, "mean", standing.mean);
		json_write_number(out, "stddev", standing.stddev);
	}
	write_state(out, state);
}

static void write_spend(struct buf *out, const struct baseline_key *k, struct buf *state)
{
	struct record r = record_writer(state);

	buf_reset(state);
	record_spend(&r, k->spend);
	write_head(out, "spend", k);
	write_state(out, state);
}

void exchange_export(const struct detector *d, struct buf *out)
{
	struct buf state = BUF_INIT;
	uint64_t lines = 0;

	buf_printf(out, "{\"type\":\"" TYPE "\",\"version\":%d,\"at\":%lld}\n", EXCHANGE_VERSION, (long long)d->open_s);
	for (uint32_t i = 0; i < d->table.count; i++) {
		const struct baseline_key *k = d->table.keys[i];
		if (k == NULL)
			continue;
		for (unsigned at = 0; at < k->watch_count; at++)
			write_series(out, d, k, &k->watches[at], &state);
		if (k->spend != NULL)
			write_spend(out, k, &state);
		lines += k->watch_count + (k->spend != NULL ? 1u : 0u);
	}
	buf_printf(out, "{\"type\":\"end\",\"lines\":%llu}\n", (unsigned long long)lines);
	buf_release(&state);
}

/* ---------------------------------------------------------------- in: a line */
struct line {
	struct slice type, metric, name, state;
	struct labels labels;
	double version, at, first_seen, lines;
};

static const struct {
	const char *name;
	size_t offset;
	bool is_number;
} members[] = {
	{ "type", offsetof(struct line, type), false },
	{ "metric", offsetof(struct line, metric), false },
	{ "name", offsetof(struct line, name), false },
	{ "state", offsetof(struct line, state), false },
	{ "feature", offsetof(struct line, labels.feature), false },
	{ "model", offsetof(struct line, labels.model), false },
	{ "prompt_version", offsetof(struct line, labels.prompt_version), false },
	{ "workflow", offsetof(struct line, labels.workflow), false },
	{ "user_segment", offsetof(struct line, labels.user_segment), false },
	{ "version", offsetof(struct line, version), true },
	{ "at", offsetof(struct line, at), true },
	{ "first_seen", offsetof(struct line, first_seen), true },
	{ "lines", offsetof(struct line, lines), true },
};

static bool read_member(struct json *j, struct slice name, struct arena *a, struct line *l)
{
	struct slice number;

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		void *at = (char *)l + members[i].offset;
		if (!slice_equal(name, slice_of(members[i].name)))
			continue;
		if (!members[i].is_number)
			return json_text(j, a, at);
		return json_number(j, &number) && slice_to_double(number, at);
	}
	return json_skip(j);
}

static struct status read_line(struct slice text, struct arena *a, struct line *l)
{
	struct json_string name;
	struct json j;

	*l = (struct line){ 0 };
	json_init(&j, text);
	if (!json_object(&j))
		return FAIL(MALFORMED, "not a JSON object");
	while (json_member(&j, &name))
		if (!read_member(&j, name.raw, a, l))
			return FAIL(MALFORMED, "a member has another type than in an export");
	return json_finish(&j);
}

/* The state's bytes; ptr NULL where they are no hexadecimal digits. */
static struct slice bytes_of(struct slice hex, struct arena *a)
{
	char *bytes = hex.len % 2 == 0 ? arena_alloc(a, hex.len / 2 + 1) : NULL;

	if (bytes == NULL || !hex_parse(hex, bytes, hex.len / 2))
		return SLICE_NONE;
	return (struct slice){ bytes, hex.len / 2 };
}

/* ---------------------------------------------------------------- in: one series */
struct import {
	struct detector *d; /* NULL: only look whether all is well */
	enum exchange_mode mode;
	struct exchange_result *result;
	struct arena arena;
	double at_s;
	uint64_t lines;
	bool ended;
};

/* A bucket that was open when the series left, and could not be open still. */
static void drop_old_buckets(struct series *s, int64_t now_s)
{
	for (int i = 0; i < SCALE_COUNT; i++) {
		struct scale *c = &s->scales[i];
		if (c->open_s != BUCKET_NEVER && c->open_s + scale_infos[i].max_hold_s > now_s)
			continue;
		c->open = (struct bucket){ 0 };
		c->open_s = BUCKET_NEVER;
	}
}

/* What an alert means stays where it was raised. */
static void calm(struct series *s)
{
	s->firing = false;
	s->alert_s = s->since_s = s->resolved_s = 0;
}

static struct status take_series(struct import *im, const struct line *l, struct series *s)
{
	struct detector *d = im->d;
	struct baseline_key *k = detector_key(d, l->labels, d->open_s);
	uint8_t name = detector_name(d, l->name);
	struct watch *w;

	if (k == NULL || k == d->other)
		return FAIL(FULL, "no room for another key: raise baselines.max_series");
	bool is_new = key_watch(k, s->metric, name) == NULL;
	if (k->watch_count == 0)
		k->counted_s = 0;
	w = detector_watch(d, k, s->metric, name);
	if (w == NULL)
		return FAIL(FULL, "no room for another series: raise baselines.max_series");
	if (w->series->firing) {
		im->result->skipped++;
		return OK;
	}
	drop_old_buckets(s, d->open_s);
	if (im->mode == EXCHANGE_MERGE && !is_new) {
		series_join(w->series, s);
	} else {
		struct series *old = w->series;
		w->series = series_copy(s);
		if (w->series == NULL)
			w->series = old;
		else
			series_free(old);
	}
	w->series->dirty = true;
	detector_mark_open(d, k);
	if (l->first_seen < (double)k->first_s)
		k->first_s = (int64_t)l->first_seen;
	detector_refresh(w);
	im->result->added += is_new;
	im->result->changed += !is_new;
	return OK;
}

static struct status import_series(struct import *im, const struct line *l, struct slice state)
{
	enum metric m = metric_find(l->metric);
	struct record r = record_reader(state);

	if (m == METRIC_NONE)
		return FAIL(INVALID, "a metric that this version does not know");
	struct series *s = series_new(m);
	if (s == NULL)
		return FAIL(NOMEM, "no memory for a series");
	if (im->d != NULL)
		r.latest_s = im->d->open_s; /* a bucket of days to come would never close */
	record_series(&r, s);
	if (im->mode != EXCHANGE_LOOK)
		calm(s);
	struct status result = !record_ok(&r) ? FAIL(CORRUPT, "the state has another version or shape") :
			       im->d != NULL  ? take_series(im, l, s) :
						OK;
	series_free(s);
	return result;
}

static struct status import_spend(struct import *im, const struct line *l, struct slice state)
{
	struct record r = record_reader(state);
	struct spend read = { 0 };

	record_spend(&r, &read);
	if (!record_ok(&r))
		return FAIL(CORRUPT, "the state has another version or shape");
	if (im->d == NULL)
		return OK;
	struct baseline_key *k = detector_key(im->d, l->labels, im->d->open_s);
	struct spend *ours = k != NULL && k != im->d->other ? detector_spend(im->d, k) : NULL;
	if (ours == NULL)
		return FAIL(FULL, "no room for another key: raise baselines.max_series");
	bool knows_more = read.weight > ours->weight || im->mode == EXCHANGE_IMPORT;
	if (!knows_more || ours->alert_s != 0)
		return OK;
	/* of the day in progress each has its own */
	read.total_usd = ours->total_usd;
	memcpy(read.by_hour, ours->by_hour, sizeof(read.by_hour));
	read.has_day = ours->has_day;
	read.partial = true;
	read.alert_s = 0;
	*ours = read;
	ours->dirty = true;
	return OK;
}

static struct status import_head(struct import *im, const struct line *l)
{
	if (!slice_equal(l->type, SLICE(TYPE)))
		return FAIL(MALFORMED, "not an export of baselines: its first line says something else");
	if (l->version != EXCHANGE_VERSION)
		return FAIL(INVALID, "an export of another version");
	if (!(l->at >= 0 && l->at < 1e12))
		return FAIL(MALFORMED, "no time when it was made");
	im->at_s = l->at;
	if (im->d != NULL && !im->d->started)
		detector_begin(im->d, (int64_t)l->at);
	return OK;
}

static struct status import_line(struct import *im, struct slice text, bool is_first)
{
	struct line l;

	arena_reset(&im->arena);
	TRY(read_line(text, &im->arena, &l));
	if (is_first)
		return import_head(im, &l);
	if (im->ended)
		return FAIL(MALFORMED, "something behind the last line");
	if (slice_equal(l.type, SLICE("end"))) {
		im->ended = true;
		return l.lines == (double)im->lines ? OK : FAIL(MALFORMED, "lines are missing");
	}
	im->lines++;
	if (!(l.first_seen >= 0 && l.first_seen < 1e12))
		return FAIL(MALFORMED, "no time when the key was first seen");
	struct slice state = bytes_of(l.state, &im->arena);
	if (state.ptr == NULL)
		return FAIL(MALFORMED, "a state that is not in hexadecimal digits");
	if (slice_equal(l.type, SLICE("series")))
		return import_series(im, &l, state);
	if (slice_equal(l.type, SLICE("spend")))
		return import_spend(im, &l, state);
	return FAIL(MALFORMED, "a line of unknown type");
}

static struct status import_lines(struct import *im, struct slice text, bool needs_end, struct buf *why)
{
	struct status s = OK;
	unsigned number = 0;

	im->lines = 0;
	im->ended = false;
	while (text.len > 0 && !FAILED(s)) {
		ptrdiff_t at = slice_find(text, SLICE("\n"));
		struct slice line = slice_trim(slice_head(text, at < 0 ? text.len : (size_t)at));
		text = slice_skip(text, at < 0 ? text.len : (size_t)at + 1);
		number++;
		if (line.len > 0)
			s = import_line(im, line, number == 1);
	}
	if (!FAILED(s) && number == 0)
		s = FAIL(MALFORMED, "nothing in it");
	if (!FAILED(s) && needs_end && !im->ended)
		s = FAIL(MALFORMED, "it breaks off: the last line is missing");
	if (FAILED(s))
		buf_printf(why, "line %u: %s", number, s.why);
	return s;
}

struct status exchange_import(struct detector *d, struct slice text, enum exchange_mode mode, bool needs_end,
			      struct exchange_result *out, struct buf *why)
{
	struct import im = { .mode = mode, .result = out };

	*out = (struct exchange_result){ 0 };
	arena_init(&im.arena, 1u << 20);
	struct status s = import_lines(&im, text, needs_end, why);
	im.d = d;
	if (!FAILED(s))
		s = import_lines(&im, text, needs_end, why);
	d->dirty = true;
	arena_release(&im.arena);
	return s;
}
