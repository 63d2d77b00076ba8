/* SPDX-License-Identifier: Apache-2.0
 * exporters/remotewrite/write_request_2.c - io.prometheus.write.v2.Request: each text once, series by reference.
 */
#include "agent/base/hash.h"
#include "exporters/remotewrite/write_request_priv.h"
#include "proto/remote_write_2.pb-c.h"

#define SAMPLE_BYTES 32
#define TABLE_MIN    1024u

/* The texts in the order of their numbers, and a table to find them by. */
struct symbol_table {
	void **texts;         /* char * */
	struct slice *slices; /* the same, with their lengths */
	size_t count, cap, slice_cap;
	uint32_t *places; /* number + 1; 0: free */
	size_t room;
};

static struct status begin_2(struct write_request *r)
{
	struct symbol_table *t = arena_alloc(&r->arena, sizeof(*t));
	uint32_t *places = arena_array(&r->arena, TABLE_MIN, sizeof(*places));
	struct slice *slices = arena_array(&r->arena, 1, sizeof(*slices));

	if (t == NULL || places == NULL || slices == NULL)
		return NO_REQUEST_MEMORY;
	memset(places, 0, TABLE_MIN * sizeof(*places));
	*t = (struct symbol_table){ .places = places, .room = TABLE_MIN, .slices = slices, .slice_cap = 1 };
	t->texts = write_list_grow(&r->arena, NULL, 0, &t->cap);
	if (t->texts == NULL)
		return NO_REQUEST_MEMORY;
	static char nothing[1];
	t->texts[0] = nothing; /* symbols[0] has to be empty */
	t->slices[0] = SLICE_NONE;
	t->count = 1;
	r->symbols = t;
	return OK;
}

static uint32_t *find_place(struct symbol_table *t, uint32_t *places, size_t room, struct slice text)
{
	size_t i = (size_t)hash_slice(text) & (room - 1);

	while (places[i] != 0 && !slice_equal(t->slices[places[i] - 1], text))
		i = (i + 1) & (room - 1);
	return &places[i];
}

static bool grow_places(struct arena *a, struct symbol_table *t)
{
	size_t room = t->room * 2;
	uint32_t *places = arena_array(a, room, sizeof(*places));

	if (places == NULL)
		return false;
	memset(places, 0, room * sizeof(*places));
	for (size_t i = 1; i < t->count; i++)
		*find_place(t, places, room, t->slices[i]) = (uint32_t)i + 1;
	t->places = places;
	t->room = room;
	return true;
}

static bool grow_slices(struct arena *a, struct symbol_table *t)
{
	size_t cap = t->slice_cap * 2;
	struct slice *longer;

	if (t->count < t->slice_cap)
		return true;
	longer = arena_array(a, cap, sizeof(*longer));
	if (longer == NULL)
		return false;
	memcpy(longer, t->slices, t->count * sizeof(*longer));
	t->slices = longer;
	t->slice_cap = cap;
	return true;
}

/* The number of a text, given on its first use. */
static struct status symbol_of(struct write_request *r, struct slice text, uint32_t *out)
{
	struct symbol_table *t = r->symbols;
	uint32_t *place;

	*out = 0;
	if (text.len == 0)
		return OK;
	if (t->count * 2 > t->room && !grow_places(&r->arena, t))
		return NO_REQUEST_MEMORY;
	place = find_place(t, t->places, t->room, text);
	if (*place == 0) {
		struct slice copy = arena_dup(&r->arena, text);
		void **longer = write_list_grow(&r->arena, t->texts, t->count, &t->cap);
		if (copy.ptr == NULL || longer == NULL || !grow_slices(&r->arena, t))
			return NO_REQUEST_MEMORY;
		t->texts = longer;
		t->texts[t->count] = (void *)(uintptr_t)copy.ptr;
		t->slices[t->count] = copy;
		*place = (uint32_t)++t->count;
		r->size_bytes += text.len + 3;
	}
	*out = *place - 1;
	return OK;
}

static struct status refer(struct write_request *r, const struct write_label *labels, size_t count, uint32_t **out)
{
	uint32_t *refs = arena_array(&r->arena, count * 2, sizeof(*refs));

	if (refs == NULL)
		return NO_REQUEST_MEMORY;
	for (size_t i = 0; i < count; i++) {
		TRY(symbol_of(r, labels[i].name, &refs[2 * i]));
		TRY(symbol_of(r, labels[i].value, &refs[2 * i + 1]));
	}
	r->size_bytes += count * 4;
	*out = refs;
	return OK;
}

static struct status add_sample(struct write_request *r, const struct write_series *s, Write2__TimeSeries *to)
{
	Write2__Sample *sample = arena_alloc(&r->arena, sizeof(*sample));
	Write2__Sample **list = arena_alloc(&r->arena, sizeof(*list));

	if (sample == NULL || list == NULL)
		return NO_REQUEST_MEMORY;
	write2__sample__init(sample);
	sample->value = s->value;
	sample->timestamp = s->time_ms;
	sample->start_timestamp = s->start_ms;
	list[0] = sample;
	to->samples = list;
	to->n_samples = 1;
	return OK;
}

static struct status add_exemplar(struct write_request *r, const struct write_series *s, Write2__TimeSeries *to)
{
	Write2__Exemplar *exemplar = arena_alloc(&r->arena, sizeof(*exemplar));
	Write2__Exemplar **list = arena_alloc(&r->arena, sizeof(*list));

	if (exemplar == NULL || list == NULL)
		return NO_REQUEST_MEMORY;
	write2__exemplar__init(exemplar);
	TRY(refer(r, s->exemplar_labels, s->exemplar_label_count, &exemplar->labels_refs));
	exemplar->n_labels_refs = s->exemplar_label_count * 2;
	exemplar->value = s->exemplar_value;
	exemplar->timestamp = s->exemplar_ms;
	list[0] = exemplar;
	to->exemplars = list;
	to->n_exemplars = 1;
	return OK;
}

static struct status add_metadata(struct write_request *r, const struct exposition_reader *about,
				  Write2__TimeSeries *to)
{
	Write2__Metadata *m = arena_alloc(&r->arena, sizeof(*m));

	if (m == NULL)
		return NO_REQUEST_MEMORY;
	write2__metadata__init(m);
	m->type = (int32_t)about->family.type;
	TRY(symbol_of(r, about->family.help, &m->help_ref));
	TRY(symbol_of(r, about->family.unit, &m->unit_ref));
	to->metadata = m;
	return OK;
}

static struct status add_2(struct write_request *r, const struct write_series *s)
{
	Write2__TimeSeries *series = arena_alloc(&r->arena, sizeof(*series));

	if (series == NULL)
		return NO_REQUEST_MEMORY;
	write2__time_series__init(series);
	TRY(refer(r, s->labels, s->label_count, &series->labels_refs));
	series->n_labels_refs = s->label_count * 2;
	TRY(add_sample(r, s, series));
	if (s->exemplar_labels != NULL)
		TRY(add_exemplar(r, s, series));
	if (s->about != NULL)
		TRY(add_metadata(r, s->about, series));
	r->series[r->count++] = series;
	r->size_bytes += SAMPLE_BYTES;
	return OK;
}

static struct status pack_2(struct write_request *r, struct buf *out)
{
	Write2__Request message = WRITE2__REQUEST__INIT;

	message.symbols = (char **)r->symbols->texts;
	message.n_symbols = r->symbols->count;
	message.timeseries = (Write2__TimeSeries **)r->series;
	message.n_timeseries = r->count;
	char *at = buf_reserve(out, write2__request__get_packed_size(&message));
	if (at == NULL)
		return NO_REQUEST_MEMORY;
	out->len += write2__request__pack(&message, (uint8_t *)at);
	return OK;
}

const struct write_format write_format_2 = { begin_2, add_2, pack_2 };
