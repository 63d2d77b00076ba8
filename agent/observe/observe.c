/* SPDX-License-Identifier: Apache-2.0
 * observe/observe.c - counting a call: find its series, add to it.
 */
#include "agent/observe/observe.h"

#include <assert.h>
#include <stdlib.h>

#include "agent/base/clock.h"
#include "agent/base/compiler.h"
#include "agent/base/hash.h"
#include "agent/base/pages.h"
#include "agent/observe/observe_priv.h"

/* Makes the call the exemplar of its bucket. */
static void remember(struct histogram *h, unsigned bucket, uint64_t value, const struct call *c)
{
	struct exemplar *e = &h->exemplars[bucket % HISTOGRAM_EXEMPLARS];

	memcpy(e->trace_id, c->trace_id, sizeof(e->trace_id));
	memcpy(e->span_id, c->span_id, sizeof(e->span_id));
	e->time_unix_ns = c->end_unix_ns;
	e->value = value;
	e->bucket = bucket;
}

/* Inlined so that each use is compiled for its kind. */
static ALWAYS_INLINE void count_value(struct observe_shard *s, struct histogram **place,
							      enum histogram_kind kind, uint64_t value,
							      const struct call *c)
{
	struct histogram *h = *place;

	if (__builtin_expect(h == NULL, 0)) {
		h = *place = histogram_new(&s->arena, kind);
		if (h == NULL)
			return;
	}
	unsigned bucket = histogram_bucket(kind, value);
	h->counts[bucket]++;
	h->sum = saturating_add(h->sum, value);
	if (histogram_layouts[kind].has_exemplars)
		remember(h, bucket, value, c);
}

static struct series *series_new(struct observe_shard *s, const struct label_set *set)
{
	struct series *series = arena_alloc(&s->arena, sizeof(*series));

	if (series != NULL) {
		memset(series, 0, sizeof(*series));
		series->set = set;
	}
	return series;
}

static bool make_room(struct observe_shard *s, uint32_t index)
{
	size_t room = s->series_room > 0 ? s->series_room : 64;

	while (room <= index)
		room *= 2;
	if (room == s->series_room)
		return true;
	struct series **series = realloc(s->series, room * sizeof(*series));
	if (series == NULL)
		return false;
	memset(series + s->series_room, 0, (room - s->series_room) * sizeof(*series));
	s->series = series;
	s->series_room = room;
	return true;
}

/* The shard's series of a set that its table may not know yet. */
static struct series *series_of_set(struct observe_shard *s, const struct label_set *set)
{
	if (!make_room(s, set->index))
		return s->overflow;
	if (s->series[set->index] == NULL) {
		s->series[set->index] = series_new(s, set);
		if (s->series[set->index] == NULL)
			return s->overflow;
		label_table_insert(&s->table, set);
		meter_set(s->series_meter, label_registry_count(s->registry) - 1);
	}
	return s->series[set->index];
}

/* The long way: labels that this shard meets for the first time, that need cleaning, or that are beyond the cap. */
static struct series *series_by_clean_labels(struct observe_shard *s, const struct labels *raw)
{
	char text[LABEL_COUNT][LABEL_BYTES_MAX];
	struct labels clean;

	labels_clean(raw, s->registry->max_bytes, text, &clean);
	uint64_t hash = labels_hash(&clean);
	const struct label_set *set = label_table_find(&s->table, hash, &clean);
	if (set == NULL)
		set = label_registry_get(s->registry, &clean, hash);
	return set->index == 0 ? s->overflow : series_of_set(s, set);
}

static struct series *series_find(struct observe_shard *s, const struct call *c)
{
	char joined[LABEL_BYTES_MAX + 1];
	struct labels labels;

	labels_of_call(c, s->registry->max_bytes, joined, &labels);
	const struct label_set *set = label_table_find(&s->table, labels_hash(&labels), &labels);
	return set != NULL ? s->series[set->index] : series_by_clean_labels(s, &labels);
}

static NOINLINE void place_find(struct observe_shard *s, const struct call *c, uint64_t cohort, struct call_place *out)
{
	out->cohort = cohort;
	out->series = series_find(s, c);
	attribution_find(s->attribution, c, &out->values);
}

static void count_tokens(struct observe_shard *s, struct series *series, const struct call *c)
{
	const struct tokens *t = &c->tokens;

	series->tokens_known |= t->known;
	for (uint32_t left = t->known & ((1u << TOKEN_CLASS_COUNT) - 1); left != 0; left &= left - 1) {
		int class = __builtin_ctz(left);
		series->tokens[class] = saturating_add(series->tokens[class], t->n[class]);
	}
	if (tokens_has(t, TOKENS_INPUT))
		count_value(s, &series->input, HISTOGRAM_TOKENS, t->n[TOKENS_INPUT], c);
	if (tokens_has(t, TOKENS_OUTPUT))
		count_value(s, &series->output, HISTOGRAM_TOKENS, t->n[TOKENS_OUTPUT], c);
	s->totals.input_tokens = saturating_add(s->totals.input_tokens, tokens_get(t, TOKENS_INPUT));
	s->totals.output_tokens = saturating_add(s->totals.output_tokens, tokens_get(t, TOKENS_OUTPUT));
}

static uint64_t not_negative(int64_t n)
{
	return n > 0 ? (uint64_t)n : 0;
}

static void count_reported_cost(struct series *series, const struct call *c)
{
	uint64_t pusd = not_negative(c->reported_cost.pusd);

	series->reported++;
	series->reported_pusd += pusd;
	if (!c->computed_cost.known)
		return;
	series->compared++;
	series->difference_pusd += (__int128_t)pusd - not_negative(c->computed_cost.pusd);
}

/* Apart, since counters only go up. */
static void count_cache_savings(struct series *series, int64_t pusd)
{
	series->cached++;
	if (pusd >= 0)
		series->cache_savings_pusd += pusd;
	else
		series->cache_losses_pusd -= pusd;
}

static void count_cost(struct observe_shard *s, struct series *series, const struct call *c)
{
	if (c->cost.known) {
		uint64_t pusd = not_negative(c->cost.total_pusd);
		series->cost_pusd += pusd;
		series->priced_successes += c->outcome == OUTCOME_OK;
		s->totals.cost_pusd += pusd;
		s->totals.priced++;
		count_value(s, &series->cost, HISTOGRAM_USD, pusd, c);
	} else if (!outcome_is_error(c->outcome)) { /* nobody pays for a call that failed */
		series->unpriced++;
	}
	if (c->reported_cost.known)
		count_reported_cost(series, c);
	if (c->cache_savings.known)
		count_cache_savings(series, c->cache_savings.pusd);
}

static void count_times(struct observe_shard *s, struct series *series, const struct call *c)
{
	unsigned context = series == s->overflow ? CONTEXT_UNKNOWN : c->context;

	if (c->latency_ns > 0)
		count_value(s, &series->duration[context], HISTOGRAM_SECONDS, c->latency_ns, c);
	if (c->ttft_ns > 0)
		count_value(s, &series->ttft[context], HISTOGRAM_SECONDS, c->ttft_ns, c);
	if (c->output_tokens_per_second > 0 && c->output_tokens_per_second < 1e12)
		count_value(s, &series->rate, HISTOGRAM_RATE, (uint64_t)(c->output_tokens_per_second * 1000 + 0.5), c);
}

void observe_ahead(const struct observe_shard *s, const struct call *c)
{
	const struct call_place *place = c->cohort != NULL ? &s->places[c->cohort->id % CALL_PLACES] : NULL;

	if (place == NULL || place->cohort != c->cohort->id)
		return;
	const struct series *series = place->series;
	const struct histogram *const values[] = { series->duration[c->context], series->ttft[c->context], series->input,
						   series->output, series->cost, series->rate };
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) { /* NULL does no harm */
		__builtin_prefetch(values[i], 1);
		__builtin_prefetch((const char *)values[i] + 128, 1); /* the exemplars */
	}
}

void observe_call(struct observe_shard *s, const struct call *c)
{
	uint64_t cohort = c->cohort != NULL ? c->cohort->id : 0;
	struct call_place alone, *place = cohort != 0 ? &s->places[cohort % CALL_PLACES] : &alone;

	if (cohort == 0 || place->cohort != cohort)
		place_find(s, c, cohort, place);
	struct series *series = place->series;
	if (series == s->overflow)
		meter_add(s->overflow_meter, 1);
	series->outcomes[c->outcome]++;
	s->totals.requests++;
	s->totals.errors += outcome_is_error(c->outcome);
	count_tokens(s, series, c);
	count_cost(s, series, c);
	count_times(s, series, c);
	attribution_count(s->attribution, &place->values, c);
}

void observe_begin(struct observe_shard *s)
{
	pthread_mutex_lock(&s->lock);
}

void observe_end(struct observe_shard *s)
{
	pthread_mutex_unlock(&s->lock);
}

struct observe_shard *observer_shard(struct observer *o, unsigned lane)
{
	assert(lane < o->lanes);
	return &o->shards[lane];
}

static bool shard_init(struct observe_shard *s, struct label_registry *registry,
		       struct attribution_registry *attribution)
{
	pthread_mutex_init(&s->lock, NULL);
	arena_init(&s->arena, SIZE_MAX);
	s->registry = registry;
	s->series_meter = meter_get(METER_SERIES, "");
	s->overflow_meter = meter_get(METER_SERIES_OVERFLOW, "");
	s->overflow = make_room(s, 0) ? series_new(s, registry->overflow) : NULL;
	if (s->overflow == NULL)
		return false;
	s->series[0] = s->overflow;
	return !FAILED(attribution_init(s->attribution, attribution));
}

static uint64_t clamp(uint64_t n, uint64_t low, uint64_t high)
{
	return n < low ? low : n > high ? high : n;
}

static bool registries_init(struct observer *o, const struct config *config)
{
	uint32_t cap = (uint32_t)clamp(not_negative(config->limits.max_series), 1, UINT32_MAX / 2);
	size_t max_bytes = clamp(config->limits.max_label_bytes, 16, LABEL_BYTES_MAX);

	if (FAILED(label_registry_init(&o->registry, &call_label_schema, cap, max_bytes)))
		return false;
	if (!FAILED(attribution_registry_init(&o->attribution, cap, max_bytes)))
		return true;
	label_registry_release(&o->registry);
	return false;
}

struct observer *observer_new(const struct config *config, unsigned lanes)
{
	struct observer *o = calloc(1, sizeof(*o));

	if (o == NULL || !registries_init(o, config)) {
		free(o);
		return NULL;
	}
	pthread_mutex_init(&o->tick_lock, NULL);
	o->start_mono_ns = clock_mono_ns();
	o->ticks[o->tick_count++] = (struct tick){ .mono_ns = o->start_mono_ns }; /* calls may come within the first second */
	o->start_unix_s = process_start_unix_s();
	o->shards = pages_new(lanes * sizeof(*o->shards));
	o->shards_bytes = lanes * sizeof(*o->shards);
	o->quality = quality_new((size_t)config->limits.max_series, config->limits.max_label_bytes);
	bool complete = o->shards != NULL && o->quality != NULL;
	while (complete && o->lanes < lanes) {
		struct observe_shard *s = &o->shards[o->lanes++];
		complete = shard_init(s, &o->registry, &o->attribution);
	}
	if (complete)
		return o;
	observer_free(o);
	return NULL;
}

void observer_free(struct observer *o)
{
	if (o == NULL)
		return;
	for (unsigned i = 0; i < o->lanes; i++) {
		struct observe_shard *s = &o->shards[i];
		pthread_mutex_destroy(&s->lock);
		free(s->table.slots);
		free(s->series);
		attribution_release(s->attribution);
		arena_release(&s->arena);
	}
	pages_free(o->shards, o->shards_bytes);
	quality_free(o->quality);
	pthread_mutex_destroy(&o->tick_lock);
	label_registry_release(&o->registry);
	attribution_registry_release(&o->attribution);
	free(o);
}

struct quality *observer_quality(struct observer *o)
{
	return o->quality;
}

void observer_add_source(struct observer *o, observe_source render, void *context)
{
	assert(o->source_count < OBSERVE_SOURCES_MAX);
	o->sources[o->source_count].render = render;
	o->sources[o->source_count++].context = context;
}

static void shard_totals(struct observe_shard *s, struct totals *sum)
{
	observe_begin(s);
	totals_add(sum, &s->totals);
	observe_end(s);
}

void observer_tick(struct observer *o, uint64_t mono_ns)
{
	struct tick tick = { .mono_ns = mono_ns };

	for (unsigned i = 0; i < o->lanes; i++)
		shard_totals(&o->shards[i], &tick.totals);
	pthread_mutex_lock(&o->tick_lock);
	o->ticks[o->tick_count++ % TICK_COUNT] = tick;
	pthread_mutex_unlock(&o->tick_lock);
}
