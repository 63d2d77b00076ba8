/* SPDX-License-Identifier: Apache-2.0
 * alerts/movement.c - cells of sums, in rings of time.
 */
#include "agent/alerts/movement_priv.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/base/clock.h"
#include "agent/base/hash.h"
#include "agent/base/record.h"

#define FORMAT      1

struct movement *movement_new(movement_news_fn on_news, void *context)
{
	struct movement *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return NULL;
	m->on_news = on_news;
	m->context = context;
	return m;
}

void movement_free(struct movement *m)
{
	if (m == NULL)
		return;
	for (size_t i = 0; i < m->count; i++)
		free(m->cells[i]);
	deletions_release(&m->deleted);
	free(m);
}

void movement_days_begin(struct movement *m, double utc_offset_hours)
{
	m->utc_offset_s = llround(utc_offset_hours * 4) * (HOUR_S / 4);
}

/* ---------------------------------------------------------------- cells */
static uint64_t hash_of(const struct slice labels[CELL_LABEL_COUNT])
{
	uint64_t hash = 0;

	for (int i = 0; i < CELL_LABEL_COUNT; i++)
		hash = hash_mix(hash, hash_stable(labels[i].ptr, labels[i].len));
	return hash;
}

static bool has_labels(const struct cell *c, const struct slice labels[CELL_LABEL_COUNT])
{
	for (int i = 0; i < CELL_LABEL_COUNT; i++)
		if (!slice_equal(c->labels[i], labels[i]))
			return false;
	return true;
}

/* The slot of these labels, or the empty one where they belong. */
static struct cell **slot_of(struct movement *m, uint64_t hash, const struct slice labels[CELL_LABEL_COUNT])
{
	size_t at = hash % SLOT_COUNT;

	while (m->slots[at] != NULL && (m->slots[at]->hash != hash || !has_labels(m->slots[at], labels)))
		at = (at + 1) % SLOT_COUNT;
	return &m->slots[at];
}

static struct cell *cell_new(uint64_t hash, const struct slice labels[CELL_LABEL_COUNT])
{
	size_t bytes = 0;

	for (int i = 0; i < CELL_LABEL_COUNT; i++)
		bytes += labels[i].len;
	struct cell *c = calloc(1, sizeof(*c) + bytes);
	if (c == NULL)
		return NULL;
	char *at = c->text;
	c->hash = hash;
	for (int i = 0; i < CELL_LABEL_COUNT; i++) {
		if (labels[i].len > 0)
			memcpy(at, labels[i].ptr, labels[i].len);
		c->labels[i] = (struct slice){ at, labels[i].len };
		at += labels[i].len;
	}
	return c;
}

static struct cell *insert(struct movement *m, struct cell **slot, uint64_t hash,
			   const struct slice labels[CELL_LABEL_COUNT])
{
	struct cell *c = m->count < MOVEMENT_CELLS_MAX ? cell_new(hash, labels) : NULL;

	if (c == NULL)
		return NULL;
	m->cells[m->count++] = *slot = c;
	return c;
}

static uint64_t newest_in(const struct step *ring, size_t size)
{
	uint64_t newest_s = 0;

	for (size_t i = 0; i < size; i++)
		newest_s = ring[i].start_s > newest_s ? ring[i].start_s : newest_s;
	return newest_s;
}

static bool is_over(const struct cell *c, uint64_t now_s)
{
	return newest_in(c->fine, FINE_COUNT) + KEPT_S < now_s && newest_in(c->hours, HOUR_COUNT) + KEPT_S < now_s;
}

/* Forgets the cells of which nothing has come for so long that no window reaches it. */
static void forget_old(struct movement *m, uint64_t now_s)
{
	size_t kept = 0;

	for (size_t i = 0; i < m->count; i++) {
		struct cell *c = m->cells[i];
		if (is_over(c, now_s)) {
			buf_printf(&m->deleted.fresh, "m%016" PRIx64, c->hash);
			free(c);
		} else {
			m->cells[kept++] = c;
		}
	}
	m->count = kept;
	memset(m->slots, 0, sizeof(m->slots));
	for (size_t i = 0; i < kept; i++)
		*slot_of(m, m->cells[i]->hash, m->cells[i]->labels) = m->cells[i];
	cohort_memo_clear(&m->found);
}

static bool has_room(struct movement *m, uint64_t now_s)
{
	if (m->count == MOVEMENT_CELLS_MAX && now_s >= m->full_until_s) {
		forget_old(m, now_s);
		m->full_until_s = now_s + FINE_S; /* a look at all cells costs: not for each call */
	}
	return m->count < MOVEMENT_CELLS_MAX;
}

/* ---------------------------------------------------------------- news */
static bool is_known(const struct movement *m, const struct slice labels[CELL_LABEL_COUNT], enum cell_label which)
{
	for (size_t i = 0; i < m->count; i++)
		if (slice_equal(m->cells[i]->labels[CELL_FEATURE], labels[CELL_FEATURE]) &&
		    slice_equal(m->cells[i]->labels[which], labels[which]))
			return true;
	return false;
}

/* Before the cell is put in. */
static void tell_news(struct movement *m, const struct slice labels[CELL_LABEL_COUNT], uint64_t at_s)
{
	struct movement_news news = { .at_s = at_s, .feature = labels[CELL_FEATURE] };

	if (m->on_news == NULL)
		return;
	news.is_feature_new = !is_known(m, labels, CELL_FEATURE);
	if (labels[CELL_PROMPT].len > 0 && !is_known(m, labels, CELL_PROMPT)) {
		news.prompt_version = labels[CELL_PROMPT];
		m->on_news(m->context, &news);
		news.prompt_version = SLICE_NONE;
	}
	if (labels[CELL_MODEL].len > 0 && !is_known(m, labels, CELL_MODEL)) {
		news.model = labels[CELL_MODEL];
		m->on_news(m->context, &news);
	}
}

/* ---------------------------------------------------------------- time */
static bool is_ahead(const struct movement *m, uint64_t unix_s)
{
	return m->clock_s != 0 && unix_s > m->clock_s + CLOCK_AHEAD_MAX_S;
}

/* Steps ahead of the clock would hold the places of those that come now. */
static void forget_ahead(const struct movement *m, struct cell *c)
{
	for (size_t i = 0; i < FINE_COUNT; i++)
		if (is_ahead(m, c->fine[i].start_s))
			c->fine[i] = (struct step){ 0 };
	for (size_t i = 0; i < HOUR_COUNT; i++)
		if (is_ahead(m, c->hours[i].start_s))
			c->hours[i] = (struct step){ 0 };
}

void movement_advance(struct movement *m, uint64_t unix_s)
{
	bool is_back = unix_s < m->clock_s;

	m->clock_s = unix_s;
	if (!is_back)
		return;
	for (size_t i = 0; i < m->count; i++)
		forget_ahead(m, m->cells[i]);
	m->newest_s = is_ahead(m, m->newest_s) ? unix_s : m->newest_s;
	m->full_until_s = m->left_out_s = 0;
}

/* A sender without a clock tells of 1970: nobody has looked on since then. */
static void note_time(struct movement *m, uint64_t at_s)
{
	if (at_s == 0 || at_s + KEPT_S < m->newest_s)
		return;
	if (m->first_s == 0 || at_s < m->first_s || m->newest_s + KEPT_S < at_s)
		m->first_s = at_s;
	m->newest_s = at_s > m->newest_s ? at_s : m->newest_s;
}

static void fold(struct cell *c, const struct step *fine)
{
	uint64_t start_s = fine->start_s / HOUR_S * HOUR_S;
	struct step *hour = &c->hours[start_s / HOUR_S % HOUR_COUNT];

	if (hour->start_s > start_s) /* older than all that is kept */
		return;
	if (hour->start_s != start_s)
		*hour = (struct step){ .start_s = start_s };
	cost_sums_add(&hour->sums, &fine->sums);
}

static void add_at(struct movement *m, struct cell *c, uint64_t at_s, const struct cost_sums *sums)
{
	uint64_t start_s = at_s / FINE_S * FINE_S;
	struct step *fine = &c->fine[start_s / FINE_S % FINE_COUNT];

	if (fine->start_s > start_s) {
		fold(c, &(struct step){ start_s, *sums });
		return;
	}
	if (fine->start_s != start_s) {
		if (fine->start_s != 0)
			fold(c, fine);
		*fine = (struct step){ .start_s = start_s };
		c->dirty = true;
	}
	cost_sums_add(&fine->sums, sums);
	note_time(m, start_s);
	note_time(m, at_s);
}

static double known(double value)
{
	return value > 0 ? value : 0; /* NaN too */
}

static double lesser(double a, double b)
{
	return a < b ? a : b;
}

/* NULL: there is no room for another. */
static struct cell *cell_for(struct movement *m, const struct sample *s, uint64_t at_s)
{
	const struct slice labels[CELL_LABEL_COUNT] = { s->feature, s->model, s->prompt_version, s->user_segment };
	uint64_t hash = hash_of(labels);
	struct cell *c = *slot_of(m, hash, labels);

	if (c == NULL && has_room(m, at_s)) {
		tell_news(m, labels, at_s);
		c = insert(m, slot_of(m, hash, labels), hash, labels);
	}
	cohort_memo_keep(&m->found, s->cohort, c);
	return c;
}

void movement_add(struct movement *m, const struct sample *s)
{
	if (s->kind != SAMPLE_CALL || !(s->cost_usd >= 0 && s->cost_usd <= DBL_MAX))
		return;
	const struct cost_sums sums = {
		.requests = 1,
		.input_tokens = known(s->input_tokens),
		.cached_tokens = lesser(known(s->cache_read_tokens), known(s->input_tokens)),
		.output_tokens = known(s->output_tokens),
		.cost_usd = s->cost_usd,
		.cached_cost_usd = known(s->cache_read_cost_usd),
		.output_cost_usd = known(s->output_cost_usd),
	};
	uint64_t at_s = is_ahead(m, s->time_unix_ms / 1000) ? m->clock_s : s->time_unix_ms / 1000;
	struct cell *c = cohort_memo_find(&m->found, s->cohort);
	if (c == NULL)
		c = cell_for(m, s, at_s);
	if (c != NULL) {
		add_at(m, c, at_s, &sums);
		return;
	}
	m->left_out = m->left_out_s + KEPT_S < at_s ? 1 : m->left_out + 1;
	m->left_out_s = at_s;
}

/* ---------------------------------------------------------------- kept over a restart */
static void record_step(struct record *r, struct step *s)
{
	record_uint(r, &s->start_s);
	record_count(r, &s->sums.requests);
	record_double(r, &s->sums.input_tokens);
	record_double(r, &s->sums.cached_tokens);
	record_double(r, &s->sums.output_tokens);
	record_double(r, &s->sums.cost_usd);
	record_double(r, &s->sums.cached_cost_usd);
	record_double(r, &s->sums.output_cost_usd);
}

/* The steps that hold something. */
static void record_ring(struct record *r, struct step *ring, uint32_t size)
{
	uint32_t used = 0;

	for (uint32_t i = 0; i < size; i++)
		used += ring[i].start_s != 0;
	record_u32(r, &used);
	for (uint32_t i = 0, left = used; i < size && left > 0 && record_writes(r); i++) {
		if (ring[i].start_s == 0)
			continue;
		record_step(r, &ring[i]);
		left--;
	}
	for (uint32_t i = 0; i < used && !record_writes(r) && !r->failed; i++) {
		struct step s = { 0 };
		record_step(r, &s);
		if (s.start_s != 0)
			ring[s.start_s / (size == FINE_COUNT ? FINE_S : HOUR_S) % size] = s;
	}
}

static void record_cell(struct record *r, struct slice labels[CELL_LABEL_COUNT], struct cell *rings)
{
	record_format(r, FORMAT);
	for (int i = 0; i < CELL_LABEL_COUNT; i++)
		record_slice(r, &labels[i]);
	record_ring(r, rings->fine, FINE_COUNT);
	record_ring(r, rings->hours, HOUR_COUNT);
}

static void save_cell(struct cell *c, movement_put put, void *context)
{
	char key[CELL_KEY_BYTES + 1];
	struct buf value = BUF_INIT;
	struct record r = record_writer(&value);

	snprintf(key, sizeof(key), "m%016" PRIx64, c->hash);
	record_cell(&r, c->labels, c);
	if (record_ok(&r)) {
		put(context, slice_of(key), buf_view(&value));
		c->dirty = false;
	}
	buf_release(&value);
}

void movement_save(struct movement *m, bool all, movement_put put, void *context)
{
	deletions_put(&m->deleted, CELL_KEY_BYTES, all, put, context);
	for (size_t i = 0; i < m->count; i++)
		if (all || m->cells[i]->dirty)
			save_cell(m->cells[i], put, context);
}

static void note_times(struct movement *m, const struct step *ring, size_t size)
{
	for (size_t i = 0; i < size; i++)
		note_time(m, ring[i].start_s);
}

struct status movement_load(struct movement *m, struct slice key, struct slice value)
{
	struct slice labels[CELL_LABEL_COUNT] = { SLICE_NONE };
	struct cell *read = calloc(1, sizeof(*read));
	struct record r = record_reader(value);

	(void)key;
	if (read == NULL)
		return FAIL(NOMEM, "no memory for stored sums");
	record_cell(&r, labels, read);
	forget_ahead(m, read);
	struct status s = record_ok(&r) ? OK : FAIL(CORRUPT, "stored sums of cost have another version or shape");
	struct cell **slot = FAILED(s) ? NULL : slot_of(m, hash_of(labels), labels);
	struct cell *c = slot == NULL || *slot != NULL ? NULL : insert(m, slot, hash_of(labels), labels);
	if (c != NULL) {
		memcpy(c->fine, read->fine, sizeof(c->fine));
		memcpy(c->hours, read->hours, sizeof(c->hours));
		note_times(m, c->fine, FINE_COUNT);
		note_times(m, c->hours, HOUR_COUNT);
	}
	free(read);
	return s;
}
