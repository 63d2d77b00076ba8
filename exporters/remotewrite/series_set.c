/* SPDX-License-Identifier: Apache-2.0
 * exporters/remotewrite/series_set.c - open addressing, linear probing, at most three quarters full.
 */
#include "exporters/remotewrite/series_set.h"

#include <stdlib.h>

#include "agent/base/hash.h"

#define ROOM_MIN 256u

void series_set_release(struct series_set *s)
{
	for (size_t i = 0; i < s->room; i++)
		free(s->places[i].text);
	free(s->places);
	*s = (struct series_set){ 0 };
}

/* The series' place, or the free one where it belongs. There always is a free one. */
static struct known_series *find(struct known_series *places, size_t room, uint64_t hash, struct slice series)
{
	size_t i = (size_t)hash & (room - 1);

	while (places[i].text != NULL && !(places[i].hash == hash && places[i].len == series.len &&
					   memcmp(places[i].text, series.ptr, series.len) == 0))
		i = (i + 1) & (room - 1);
	return &places[i];
}

/* Moves what is not older than that to a new table. False without memory: nothing has changed. */
static bool rebuild(struct series_set *s, size_t room, uint32_t oldest_generation)
{
	struct known_series *places = calloc(room, sizeof(*places));
	size_t count = 0;

	if (places == NULL)
		return false;
	for (size_t i = 0; i < s->room; i++) {
		struct known_series *from = &s->places[i];
		if (from->text == NULL)
			continue;
		if (from->generation < oldest_generation) {
			free(from->text);
			continue;
		}
		*find(places, room, from->hash, (struct slice){ from->text, from->len }) = *from;
		count++;
	}
	free(s->places);
	s->places = places;
	s->room = room;
	s->count = count;
	return true;
}

bool series_set_mark(struct series_set *s, struct slice series)
{
	uint64_t hash = hash_slice(series);

	if ((s->count + 1) * 4 > s->room * 3 && !rebuild(s, s->room > 0 ? s->room * 2 : ROOM_MIN, 0))
		return false;
	struct known_series *place = find(s->places, s->room, hash, series);
	if (place->text == NULL) {
		char *text = malloc(series.len + 1);
		if (text == NULL)
			return false;
		memcpy(text, series.ptr, series.len);
		*place = (struct known_series){ .hash = hash, .len = (uint32_t)series.len, .text = text };
		s->count++;
	}
	place->generation = s->generation;
	return true;
}

bool series_set_next_ended(const struct series_set *s, size_t *place, struct slice *out)
{
	while (*place < s->room) {
		const struct known_series *known = &s->places[(*place)++];
		if (known->text != NULL && known->generation < s->generation) {
			*out = (struct slice){ known->text, known->len };
			return true;
		}
	}
	return false;
}

void series_set_sweep(struct series_set *s)
{
	size_t place = 0;
	struct slice ended;

	if (series_set_next_ended(s, &place, &ended) && !rebuild(s, s->room, s->generation))
		return; /* without memory they are marked stale once more */
}
