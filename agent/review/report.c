/* SPDX-License-Identifier: Apache-2.0
 * review/report.c - days put together, and set against the days before.
 */
#include <math.h>
#include <stdlib.h>

#include "agent/base/clock.h"
#include "agent/base/hash.h"
#include "agent/base/json.h"
#include "agent/base/money.h"
#include "agent/review/review_priv.h"

#define DAY_S UINT64_C(86400)

struct row {
	const struct review_entry *labels;
	struct day_sums now, before;
};

struct rows {
	struct row *items;
	uint32_t *slots; /* REVIEW_SLOTS: place in items + 1, by id; 0: free */
	size_t count;
};

struct review_span review_span(const struct review *r, uint32_t days, uint32_t today)
{
	today = today == 0 ? r->newest_day : today;
	struct review_span s = { .end = today + 1 };

	for (size_t i = 0; i < r->count && s.end > today; i++)
		if (r->entries[i]->day < today)
			s.end = today; /* which is not over */
	days = days == 0 ? 1 : days > REVIEW_DAYS / 2 ? REVIEW_DAYS / 2 : days;
	s.first = s.end > days ? s.end - days : 0;
	s.before = s.first > days ? s.first - days : 0;
	return s;
}

static struct row *row_of(struct rows *rows, const struct review_entry *e)
{
	size_t at = e->id & (REVIEW_SLOTS - 1);

	while (rows->slots[at] != 0 && rows->items[rows->slots[at] - 1].labels->id != e->id)
		at = (at + 1) & (REVIEW_SLOTS - 1);
	if (rows->slots[at] == 0) {
		rows->items[rows->count].labels = e;
		rows->slots[at] = (uint32_t)++rows->count;
	}
	return &rows->items[rows->slots[at] - 1];
}

static bool have_memory(const struct rows *rows)
{
	return rows->items != NULL && rows->slots != NULL;
}

static struct rows collect(const struct review *r, const struct review_span *s, struct row *totals)
{
	struct rows rows = { .items = calloc(r->count + 1, sizeof(struct row)),
			     .slots = calloc(REVIEW_SLOTS, sizeof(uint32_t)) };

	for (size_t i = 0; have_memory(&rows) && i < r->count; i++) {
		const struct review_entry *e = r->entries[i];
		if (e->day < s->before || e->day >= s->end)
			continue;
		struct row *row = row_of(&rows, e);
		day_merge(e->day >= s->first ? &row->now : &row->before, &e->sums);
		day_merge(e->day >= s->first ? &totals->now : &totals->before, &e->sums);
	}
	return rows;
}

static double change_of(const struct row *r)
{
	return fabs((double)r->now.cost_pusd - (double)r->before.cost_pusd);
}

static int by_change(const void *a, const void *b)
{
	double x = change_of(a), y = change_of(b);

	if (x != y)
		return x < y ? 1 : -1;
	const struct row *p = a, *q = b;
	return (p->labels->id > q->labels->id) - (p->labels->id < q->labels->id);
}

/* ---------------------------------------------------------------- JSON */
static double ratio(double part, double whole)
{
	return whole > 0 ? part / whole : (double)NAN;
}

static void write_sums(struct buf *out, const char *name, const struct day_sums *d)
{
	double requests = (double)d->requests, answered = (double)(d->requests - d->failed);
	double priced = (double)(d->requests - d->unpriced); /* those of unknown cost are not free */
	bool all_unpriced = d->unpriced > 0 && d->cost_pusd == 0;

	json_write_key(out, name);
	buf_byte(out, '{');
	json_write_number(out, "requests", requests);
	json_write_key(out, "cost_usd");
	if (all_unpriced)
		buf_text(out, "null");
	else
		pusd_write(out, (__int128_t)d->cost_pusd);
	json_write_number(out, "cost_per_request_usd",
			  all_unpriced ? (double)NAN : ratio((double)d->cost_pusd / 1e12, priced));
	json_write_number(out, "failed_share", ratio((double)d->failed, requests));
	json_write_number(out, "flawed_share", ratio((double)d->flawed, answered));
	json_write_number(out, "unpriced_share", ratio((double)d->unpriced, requests));
	json_write_number(out, "score", ratio(d->score_sum, (double)d->scores));
	json_write_number(out, "negative_share", ratio((double)d->negative, (double)d->votes));
	json_write_number(out, "latency_p50_ms", day_latency_ms(d, 0.5));
	json_write_number(out, "latency_p95_ms", day_latency_ms(d, 0.95));
	json_write_number(out, "input_tokens", (double)d->input_tokens);
	json_write_number(out, "output_tokens", (double)d->output_tokens);
	buf_byte(out, '}');
}

static void write_text(struct buf *out, const char *name, struct slice text)
{
	json_write_text(out, name, text.len > 0 ? text : SLICE("unknown"));
}

static void write_date(struct buf *out, const char *name, uint32_t day)
{
	char time[21];

	clock_format_utc(day * DAY_S, time);
	json_write_text(out, name, (struct slice){ time, 10 });
}

static void write_rows(struct buf *out, const struct rows *rows)
{
	json_write_key(out, "rows");
	buf_byte(out, '[');
	for (size_t i = 0; i < rows->count; i++) {
		const struct row *r = &rows->items[i];
		buf_text(out, i > 0 ? ",{" : "{");
		write_text(out, "feature", r->labels->feature);
		write_text(out, "model", r->labels->model);
		json_write_text(out, "prompt_version",
				r->labels->version.len > 0 ? r->labels->version : SLICE("unversioned"));
		write_sums(out, "now", &r->now);
		write_sums(out, "before", &r->before);
		buf_byte(out, '}');
	}
	buf_byte(out, ']');
}

/* ---------------------------------------------------------------- new prompt versions */
static uint32_t *version_slot(const struct review *r, uint32_t *slots, struct slice version)
{
	size_t at = hash_stable(version.ptr, version.len) & (REVIEW_SLOTS - 1);

	while (slots[at] != 0 && !slice_equal(r->entries[slots[at] - 1]->version, version))
		at = (at + 1) & (REVIEW_SLOTS - 1);
	return &slots[at];
}

/* Of each version the entry of its first day, of any feature and model: place in the entries + 1. NULL without memory. */
static uint32_t *first_days(const struct review *r)
{
	uint32_t *slots = calloc(REVIEW_SLOTS, sizeof(*slots));

	for (size_t i = 0; slots != NULL && i < r->count; i++) {
		uint32_t *slot = version_slot(r, slots, r->entries[i]->version);
		if (*slot == 0 || r->entries[i]->day < r->entries[*slot - 1]->day)
			*slot = (uint32_t)i + 1;
	}
	return slots;
}

static void write_first_seen(struct buf *out, const struct review *r, const struct review_span *s)
{
	uint32_t *first = first_days(r);

	json_write_key(out, "first_seen");
	buf_byte(out, '[');
	for (size_t i = 0; first != NULL && i < r->count; i++) {
		const struct review_entry *e = r->entries[i];
		if (e->day < s->first || e->day >= s->end || e->version.len == 0 ||
		    *version_slot(r, first, e->version) != i + 1)
			continue;
		if (out->len > 0 && out->ptr[out->len - 1] != '[')
			buf_byte(out, ',');
		buf_byte(out, '{');
		write_date(out, "day", e->day);
		write_text(out, "prompt_version", e->version);
		write_text(out, "feature", e->feature);
		buf_byte(out, '}');
	}
	buf_byte(out, ']');
	out->failed |= first == NULL;
	free(first);
}

void review_write(const struct review *r, const struct review_span *s, struct buf *out)
{
	struct row totals = { .labels = NULL };
	struct rows rows = collect(r, s, &totals);

	if (rows.count > 0)
		qsort(rows.items, rows.count, sizeof(struct row), by_change);
	write_date(out, "from", s->first);
	write_date(out, "to", s->end - 1);
	json_write_number(out, "days", s->end - s->first);
	json_write_key(out, "totals");
	buf_byte(out, '{');
	write_sums(out, "now", &totals.now);
	write_sums(out, "before", &totals.before);
	buf_byte(out, '}');
	write_rows(out, &rows);
	write_first_seen(out, r, s);
	out->failed |= !have_memory(&rows);
	free(rows.items);
	free(rows.slots);
}
