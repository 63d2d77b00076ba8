/* SPDX-License-Identifier: Apache-2.0
 * slo/rings.c - a place belongs to the time that is nearest to the newest request; what lies between is cleared.
 */
#include "agent/slo/rings.h"

/* One ring: places of width_s seconds each. */
struct ring {
	struct tally *places;
	uint64_t width_s;
	size_t count;
};

#define RINGS 3

static void rings_of(struct rings *r, struct ring out[RINGS])
{
	out[0] = (struct ring){ r->minutes, RING_MINUTES_S, RING_MINUTES };
	out[1] = (struct ring){ r->hours, RING_HOURS_S, RING_HOURS };
	out[2] = (struct ring){ r->days, RING_DAYS_S, RING_DAYS };
}

/* Clears the places of the time after from_s up to to_s. */
static void turn(struct ring ring, uint64_t from_s, uint64_t to_s)
{
	uint64_t from = from_s / ring.width_s, to = to_s / ring.width_s;

	if (to - from > ring.count)
		from = to - ring.count;
	while (from < to)
		ring.places[++from % ring.count] = (struct tally){ 0, 0 };
}

static bool reaches(struct ring ring, uint64_t newest_s, uint64_t unix_s)
{
	return newest_s / ring.width_s - unix_s / ring.width_s < ring.count;
}

static void count(struct tally *t, bool is_good)
{
	uint32_t *n = is_good ? &t->good : &t->bad;

	*n += *n < UINT32_MAX;
}

bool rings_add(struct rings *r, uint64_t unix_s, bool is_good)
{
	struct ring rings[RINGS];
	bool counted = false;

	rings_of(r, rings);
	if (unix_s > r->newest_s) {
		if (!reaches(rings[RINGS - 1], unix_s, r->newest_s))
			r->oldest_s = unix_s; /* the rings are empty now */
		for (size_t i = 0; i < RINGS; i++)
			turn(rings[i], r->newest_s, unix_s);
		r->newest_s = unix_s;
	}
	for (size_t i = 0; i < RINGS; i++)
		if (reaches(rings[i], r->newest_s, unix_s)) {
			count(&rings[i].places[unix_s / rings[i].width_s % rings[i].count], is_good);
			counted = true;
		}
	if (counted && (r->oldest_s == 0 || unix_s < r->oldest_s))
		r->oldest_s = unix_s;
	return counted;
}

void rings_turn_back(struct rings *r, uint64_t now_s)
{
	struct ring rings[RINGS];

	if (r->newest_s <= now_s)
		return;
	rings_of(r, rings);
	for (size_t i = 0; i < RINGS; i++)
		turn(rings[i], now_s, r->newest_s);
	r->newest_s = now_s;
	r->oldest_s = r->oldest_s < now_s ? r->oldest_s : now_s;
}

/* Places from..to of the ring that it still holds. */
static struct share sum(struct ring ring, uint64_t newest_s, uint64_t from_s, uint64_t to_s)
{
	uint64_t newest = newest_s / ring.width_s, from = from_s / ring.width_s, to = to_s / ring.width_s;
	struct share out = { 0, 0 };

	if (to > newest)
		to = newest;
	if (newest - from >= ring.count && from < newest)
		from = newest - ring.count + 1;
	for (; from <= to; from++) {
		const struct tally *t = &ring.places[from % ring.count];
		out.total += (double)t->good + t->bad;
		out.bad += t->bad;
	}
	return out;
}

struct share rings_sum(const struct rings *r, uint64_t now_s, uint64_t window_s)
{
	struct ring rings[RINGS];
	size_t finest = 0;

	rings_of((struct rings *)r, rings);
	while (finest + 1 < RINGS && window_s > rings[finest].width_s * (rings[finest].count - 1))
		finest++;
	return sum(rings[finest], r->newest_s, now_s > window_s ? now_s - window_s : 0, now_s);
}

void rings_record(struct record *record, struct rings *r)
{
	struct ring rings[RINGS];

	rings_of(r, rings);
	record_uint(record, &r->oldest_s);
	record_uint(record, &r->newest_s);
	record->failed |= r->oldest_s > r->newest_s;
	for (size_t i = 0; i < RINGS; i++)
		for (size_t j = 0; j < rings[i].count && !record->failed; j++) {
			record_u32(record, &rings[i].places[j].good);
			record_u32(record, &rings[i].places[j].bad);
		}
}
