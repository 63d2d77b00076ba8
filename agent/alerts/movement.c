/* SPDX-License-Identifier: Apache-2.0
 * alerts/movement.c - cells of sums, in rings of time.
 */
#include "agent/alerts/movement_priv.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/base/hash.h"
#include "agent/base/record.h"

#define FORMAT    1
#define KEY_BYTES 17 /* 'm' and sixteen hexadecimal digits */

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
	free(m);
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
	m->first_s = m->first_s == 0 || start_s < m->first_s ? start_s : m->first_s;
	m->newest_s = at_s > m->newest_s ? at_s : m->newest_s;
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
	struct cell **slot = slot_of(m, hash, labels), *c = *slot;

	if (c == NULL) {
		tell_news(m, labels, at_s);
		c = insert(m, slot, hash, labels);
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
	uint64_t at_s = s->time_unix_ms / 1000;
	struct cell *c = cohort_memo_find(&m->found, s->cohort);
	if (c == NULL)
		c = cell_for(m, s, at_s);
	if (c != NULL)
		add_at(m, c, at_s, &sums);
	else
		m->left_out++;
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
	char key[KEY_BYTES + 1];
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
	for (size_t i = 0; i < m->count; i++)
		if (all || m->cells[i]->dirty)
			save_cell(m->cells[i], put, context);
}

static void note_time(struct movement *m, const struct step *ring, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (ring[i].start_s == 0)
			continue;
		m->first_s = m->first_s == 0 || ring[i].start_s < m->first_s ? ring[i].start_s : m->first_s;
		m->newest_s = ring[i].start_s > m->newest_s ? ring[i].start_s : m->newest_s;
	}
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
	struct status s = record_ok(&r) ? OK : FAIL(CORRUPT, "stored sums of cost have another version or shape");
	struct cell **slot = FAILED(s) ? NULL : slot_of(m, hash_of(labels), labels);
	struct cell *c = slot == NULL || *slot != NULL ? NULL : insert(m, slot, hash_of(labels), labels);
	if (c != NULL) {
		memcpy(c->fine, read->fine, sizeof(c->fine));
		memcpy(c->hours, read->hours, sizeof(c->hours));
		note_time(m, c->fine, FINE_COUNT);
		note_time(m, c->hours, HOUR_COUNT);
	}
	free(read);
	return s;
}
