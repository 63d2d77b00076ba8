/* SPDX-License-Identifier: Apache-2.0
 * observe/snapshot.c - adding series up: the shards into one copy for a reader, and label sets into rows.
 */
#include "agent/observe/observe_priv.h"

static void add_histogram(struct histogram **to, const struct histogram *from, enum histogram_kind kind,
			  struct arena *a)
{
	if (from == NULL)
		return;
	if (*to == NULL)
		*to = histogram_new(a, kind);
	if (*to != NULL)
		histogram_add(*to, from, kind);
}

void series_add(struct series *to, const struct series *from, struct arena *a)
{
	for (int i = 0; i < OUTCOME_COUNT; i++)
		to->outcomes[i] += from->outcomes[i];
	for (int i = 0; i < TOKEN_CLASS_COUNT; i++)
		to->tokens[i] = saturating_add(to->tokens[i], from->tokens[i]);
	to->tokens_known |= from->tokens_known;
	to->unpriced += from->unpriced;
	to->priced_successes += from->priced_successes;
	to->reported += from->reported;
	to->cost_pusd += from->cost_pusd;
	to->reported_pusd += from->reported_pusd;
	to->compared += from->compared;
	to->difference_pusd += from->difference_pusd;
	to->cached += from->cached;
	to->cache_savings_pusd += from->cache_savings_pusd;
	to->cache_losses_pusd += from->cache_losses_pusd;
	for (int i = 0; i <= CONTEXT_COUNT; i++) {
		add_histogram(&to->duration[i], from->duration[i], HISTOGRAM_SECONDS, a);
		add_histogram(&to->ttft[i], from->ttft[i], HISTOGRAM_SECONDS, a);
	}
	add_histogram(&to->input, from->input, HISTOGRAM_TOKENS, a);
	add_histogram(&to->output, from->output, HISTOGRAM_TOKENS, a);
	add_histogram(&to->cost, from->cost, HISTOGRAM_USD, a);
	add_histogram(&to->rate, from->rate, HISTOGRAM_RATE, a);
}

uint64_t series_requests(const struct series *s)
{
	uint64_t requests = 0;

	for (int i = 0; i < OUTCOME_COUNT; i++)
		requests += s->outcomes[i];
	return requests;
}

bool series_is_priced(const struct series *s)
{
	bool has_priced = s->cost != NULL || s->cost_pusd > 0;

	return has_priced || (s->unpriced == 0 && series_requests(s) > 0);
}

bool series_cost_per_success(const struct series *s, __int128_t *out_pusd)
{
	if (s->priced_successes == 0)
		return false;
	*out_pusd = money_divide(s->cost_pusd, s->priced_successes);
	return true;
}

bool series_is_overflow(const struct series *s)
{
	return s->set->index == 0;
}

void totals_add(struct totals *to, const struct totals *from)
{
	to->requests += from->requests;
	to->errors += from->errors;
	to->input_tokens = saturating_add(to->input_tokens, from->input_tokens);
	to->output_tokens = saturating_add(to->output_tokens, from->output_tokens);
	to->priced += from->priced;
	to->cost_pusd += from->cost_pusd;
}

static bool add_series(struct snapshot *out, const struct series *from)
{
	struct series **place = &out->series[from->set->index];

	if (*place == NULL) {
		*place = arena_alloc(&out->arena, sizeof(**place));
		if (*place == NULL)
			return false;
		**place = (struct series){ .set = from->set };
	}
	series_add(*place, from, &out->arena);
	return true;
}

/* Sets that were made after the snapshot began have an index beyond its count: they come next time. */
static bool add_shard(struct snapshot *out, struct observe_shard *s)
{
	bool complete = true;

	observe_begin(s);
	for (uint32_t i = 0; complete && i < out->count && i < s->series_room; i++)
		if (s->series[i] != NULL && series_requests(s->series[i]) > 0)
			complete = add_series(out, s->series[i]);
	attribution_snapshot_add(&out->attribution, s->attribution);
	observe_end(s);
	return complete;
}

struct status snapshot_take(struct observer *o, struct snapshot *out)
{
	struct snapshot s = { .count = label_registry_count(&o->registry) };
	bool complete;

	arena_init(&s.arena, SIZE_MAX);
	s.series = arena_array(&s.arena, s.count, sizeof(struct series *));
	complete = s.series != NULL && !FAILED(attribution_snapshot_init(&s.attribution, &o->attribution, &s.arena));
	if (complete)
		memset(s.series, 0, s.count * sizeof(struct series *));
	for (unsigned i = 0; complete && i < o->lanes; i++)
		complete = add_shard(&s, &o->shards[i]);
	if (!complete) {
		snapshot_release(&s);
		return FAIL(NOMEM, "no memory to copy the series");
	}
	*out = s;
	return OK;
}

void snapshot_release(struct snapshot *s)
{
	arena_release(&s->arena);
}
