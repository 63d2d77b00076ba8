/* SPDX-License-Identifier: Apache-2.0
 * sampling/sampling.c - decides, holds, releases.
 */
#include "agent/sampling/sampling.h"

#include <pthread.h>
#include <stdlib.h>

#include "agent/base/meter.h"
#include "agent/otlp/items.h"
#include "agent/otlp/rewrite.h"
#include "agent/sampling/content.h"
#include "agent/sampling/sampled_span.h"
#include "agent/sampling/undecided.h"

struct sampler {
	const struct sampling_config *config;
	struct keep_rules rules;
	uint64_t threshold, content_threshold;
	pthread_mutex_t lock; /* guards waiting and ready */
	struct undecided waiting;
	struct undecided_trace *ready; /* traces for which a reason came, to be released; linked by next */
	struct meter *kept, *by_rate, *dropped, *early, *held;
};

struct status sampler_new(const struct sampling_config *config, struct sampler **out)
{
	struct sampler *s;

	*out = NULL;
	if (config->rate >= 1 && config->content_rate >= 1)
		return OK;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return FAIL(NOMEM, "no memory for sampling");
	pthread_mutex_init(&s->lock, NULL);
	s->config = config;
	s->threshold = threshold_of_share(config->rate);
	s->content_threshold = threshold_of_share(config->content_rate);
	s->kept = meter_get(METER_SAMPLED, "decision=\"kept\"");
	s->by_rate = meter_get(METER_SAMPLED, "decision=\"rate\"");
	s->dropped = meter_get(METER_SAMPLED, "decision=\"dropped\"");
	s->early = meter_get(METER_SAMPLED, "decision=\"early\"");
	s->held = meter_get(METER_SAMPLING_BYTES, "");
	struct status status = keep_rules_init(&s->rules, &config->keep);
	if (!FAILED(status))
		status = undecided_init(&s->waiting, (size_t)config->max_decisions);
	if (FAILED(status))
		sampler_free(s);
	else
		*out = s;
	return status;
}

static void free_ready(struct sampler *s)
{
	while (s->ready != NULL) {
		struct undecided_trace *t = s->ready;
		s->ready = t->next;
		undecided_trace_free(t);
	}
}

void sampler_free(struct sampler *s)
{
	if (s == NULL)
		return;
	free_ready(s);
	undecided_release(&s->waiting);
	keep_rules_release(&s->rules);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

/* ------------------------------------------------------------------ released */

static void append(struct sampler *s, enum decision d, struct slice request, uint32_t items, struct sampled *out)
{
	if (d == DECISION_KEPT) {
		buf_slice(&out->kept, request);
		out->kept_items += items;
		meter_add(s->kept, items);
	} else if (d == DECISION_BY_RATE) {
		buf_slice(&out->by_rate, request);
		out->by_rate_items += items;
		meter_add(s->by_rate, items);
	} else {
		meter_add(s->dropped, items);
	}
}

static uint32_t release(struct sampler *s, struct undecided_trace *t, enum decision d, struct sampled *out)
{
	uint32_t items = 0;

	for (const struct fragment *f = t->first; f != NULL; f = f->next) {
		append(s, d, (struct slice){ f->bytes, f->len }, f->items, out);
		items += f->items;
	}
	undecided_trace_free(t);
	return items;
}

static void release_ready(struct sampler *s, struct sampled *out)
{
	while (s->ready != NULL) {
		struct undecided_trace *t = s->ready;
		s->ready = t->next;
		release(s, t, DECISION_KEPT, out);
	}
}

/* No reason came. */
static uint32_t decide_oldest(struct sampler *s, struct sampled *out)
{
	struct undecided_trace *t = s->waiting.oldest;
	enum decision d = t->passes_rate ? DECISION_BY_RATE : DECISION_DROPPED;

	undecided_take(&s->waiting, t);
	undecided_decide(&s->waiting, t->id, d);
	return release(s, t, d, out);
}

static void keep(struct sampler *s, const uint8_t id[16])
{
	struct undecided_trace *t = undecided_find(&s->waiting, id);

	if (undecided_decision(&s->waiting, id) != DECISION_BY_RATE)
		undecided_decide(&s->waiting, id, DECISION_KEPT);
	if (t == NULL)
		return;
	undecided_take(&s->waiting, t);
	t->next = s->ready;
	s->ready = t;
}

static void keep_if(struct sampler *s, bool is_reason, const uint8_t id[16])
{
	if (!is_reason)
		return;
	pthread_mutex_lock(&s->lock);
	keep(s, id);
	pthread_mutex_unlock(&s->lock);
}

void sampler_keep_alerted(struct sampler *s, const uint8_t trace_id[16], bool is_runaway)
{
	keep_if(s, s->config->keep.alerts || (is_runaway && s->config->keep.outliers), trace_id);
}

void sampler_keep_low(struct sampler *s, const uint8_t trace_id[16], double score)
{
	keep_if(s, score < s->config->keep.scores_below, trace_id);
}

void sampler_due(struct sampler *s, uint64_t now_ms, bool all, struct sampled *out)
{
	const uint64_t wait_ms = s->config->decision_wait_ms;

	pthread_mutex_lock(&s->lock);
	release_ready(s, out);
	/* now_ms was read before the lock was had: a trace may have come since */
	while (s->waiting.oldest != NULL && (all || s->waiting.oldest->since_ms + wait_ms <= now_ms))
		decide_oldest(s, out);
	meter_set(s->held, (int64_t)s->waiting.held_bytes);
	pthread_mutex_unlock(&s->lock);
}

/* ------------------------------------------------------------------ a request */

#define TAKE_KEPT    1u
#define TAKE_BY_RATE 2u
#define TAKE_HELD    4u

static bool passes(const struct sampler *s, const struct sampled_span *f)
{
	return f->randomness.r >= s->threshold;
}

static uint8_t alone(const struct sampler *s, const struct sampled_span *f)
{
	if (f->has_reason)
		return TAKE_KEPT;
	return passes(s, f) ? TAKE_BY_RATE : 0;
}

static const uint8_t *id_of(const struct sampled_span *f)
{
	return (const uint8_t *)f->trace_id.ptr;
}

static uint8_t with_trace(const struct sampler *s, const struct sampled_span *f)
{
	static const uint8_t taken[] = { [DECISION_NONE] = TAKE_HELD,
					 [DECISION_KEPT] = TAKE_KEPT,
					 [DECISION_BY_RATE] = TAKE_BY_RATE,
					 [DECISION_DROPPED] = 0 };

	return taken[undecided_decision(&s->waiting, id_of(f))];
}

static uint32_t count_taken(const uint8_t *taken, size_t n, uint8_t bits)
{
	uint32_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += bits != 0 ? (taken[i] & bits) != 0 : taken[i] == 0;
	return count;
}

/* One fragment for each run of spans of one trace. */
static struct status hold(struct sampler *s, const struct request_items *items, const struct sampled_span *facts,
			  const uint8_t *taken, uint64_t now_ms, struct arena *a)
{
	for (size_t i = 0, end; i < items->count; i = end) {
		struct request_items run = { items->items + i, 0 };
		struct slice request;
		for (end = i; end < items->count && taken[end] == TAKE_HELD &&
			      slice_equal(facts[end].trace_id, facts[i].trace_id);
		     end++)
			run.count++;
		if (run.count == 0) {
			end = i + 1;
			continue;
		}
		TRY(items_write(&run, taken + i, TAKE_HELD, a, &request));
		if (!undecided_add(&s->waiting, id_of(&facts[i]), passes(s, &facts[i]), now_ms, request, (uint32_t)run.count))
			return FAIL(NOMEM, "no memory to hold spans for sampling");
	}
	return OK;
}

static struct status decide_by_trace(struct sampler *s, const struct request_items *items, const struct sampled_span *facts,
				     uint8_t *taken, uint64_t now_ms, struct arena *a, struct sampled *out)
{
	for (size_t i = 0; i < items->count; i++)
		if (facts[i].has_reason)
			keep(s, id_of(&facts[i]));
	for (size_t i = 0; i < items->count; i++)
		taken[i] = with_trace(s, &facts[i]);
	release_ready(s, out);
	TRY(hold(s, items, facts, taken, now_ms, a));
	while (s->waiting.held_bytes > s->config->max_bytes)
		meter_add(s->early, decide_oldest(s, out));
	meter_set(s->held, (int64_t)s->waiting.held_bytes);
	return OK;
}

static struct status write_taken(struct sampler *s, const struct request_items *items, const uint8_t *taken, struct arena *a,
				 struct sampled *out)
{
	struct slice request;

	TRY(items_write(items, taken, TAKE_KEPT, a, &request));
	append(s, DECISION_KEPT, request, count_taken(taken, items->count, TAKE_KEPT), out);
	TRY(items_write(items, taken, TAKE_BY_RATE, a, &request));
	append(s, DECISION_BY_RATE, request, count_taken(taken, items->count, TAKE_BY_RATE), out);
	meter_add(s->dropped, count_taken(taken, items->count, 0));
	return OK;
}

struct status sampler_take(struct sampler *s, struct slice wire, uint64_t now_ms, struct arena *a, struct sampled *out)
{
	struct request_items items;

	TRY(items_read(wire, a, &items));
	struct sampled_span *facts = arena_array(a, items.count, sizeof(*facts));
	uint8_t *taken = arena_array(a, items.count, 1);
	if (facts == NULL || taken == NULL)
		return FAIL(NOMEM, "no room to sample the request");
	for (size_t i = 0; i < items.count; i++) {
		facts[i] = sampled_span_read(items.items[i].content, &s->rules);
		taken[i] = alone(s, &facts[i]);
		if (facts[i].trace_id.len != 16)
			return FAIL(MALFORMED, "a span without a trace");
	}
	if (s->config->decision_wait_ms > 0 && s->threshold > 0) {
		pthread_mutex_lock(&s->lock);
		struct status status = decide_by_trace(s, &items, facts, taken, now_ms, a, out);
		pthread_mutex_unlock(&s->lock);
		TRY(status);
	}
	return write_taken(s, &items, taken, a, out);
}

/* ------------------------------------------------------------------ what leaves by rate */

struct finishing {
	const struct sampler *sampler;
	enum signal signal;
	struct arena *arena;
	bool strips, writes; /* of the item that is shown: its content goes, its tracestate is new */
	bool is_content_event;
	bool failed;
};

static struct slice tracestate_field(struct finishing *f, struct slice tracestate)
{
	size_t n = 1 + wire_varint_size(tracestate.len);
	char *bytes = tracestate.ptr != NULL ? arena_alloc(f->arena, n + tracestate.len) : NULL;

	if (bytes == NULL) {
		f->failed = true;
		return SLICE_NONE;
	}
	bytes[0] = 3 << 3 | WIRE_BYTES;
	wire_put_varint(bytes + 1, tracestate.len);
	memcpy(bytes + n, tracestate.ptr, tracestate.len);
	return (struct slice){ bytes, n + tracestate.len };
}

static enum rewrite_verdict on_span(struct finishing *f, struct slice span, struct slice *added)
{
	struct sampled_span facts = sampled_span_read(span, NULL);
	uint64_t threshold = facts.randomness.threshold > f->sampler->threshold ? facts.randomness.threshold :
										   f->sampler->threshold;

	f->strips = facts.randomness.r < f->sampler->content_threshold;
	f->writes = f->sampler->threshold > 0;
	if (f->writes)
		*added = tracestate_field(f, tracestate_write(facts.tracestate, threshold, f->arena));
	return f->strips || f->writes ? REWRITE_ENTER : REWRITE_KEEP;
}

/* Field 9 is the trace, 12 the name of the event; older ones have it as an attribute. */
static enum rewrite_verdict on_log(struct finishing *f, struct slice record)
{
	struct wire_reader r = wire_reader_of(record);
	struct slice trace_id = SLICE_NONE;
	struct attribute a;
	struct wire_field field;

	f->is_content_event = false;
	while (wire_next(&r, &field)) {
		if (field.type != WIRE_BYTES)
			continue;
		if (field.number == 9)
			trace_id = field.bytes;
		else if (field.number == 12)
			f->is_content_event |= content_is_event(field.bytes);
		else if (field.number == 6 && !FAILED(attribute_read(field.bytes, &a)) && a.value.kind == ANY_STRING &&
			 slice_equal(a.key, SLICE("event.name")))
			f->is_content_event |= content_is_event(a.value.bytes);
	}
	f->strips = randomness_read(trace_id, SLICE_NONE).r < f->sampler->content_threshold;
	return f->strips ? REWRITE_ENTER : REWRITE_KEEP;
}

static enum rewrite_verdict on_item(void *context, struct slice content, struct slice *added)
{
	struct finishing *f = context;

	return f->signal == SIGNAL_TRACES ? on_span(f, content, added) : on_log(f, content);
}

static enum rewrite_verdict on_event(void *context, struct slice name)
{
	const struct finishing *f = context;

	return f->strips && content_is_event(name) ? REWRITE_DROP : REWRITE_ENTER;
}

static enum rewrite_verdict on_value(void *context, enum rewrite_place place, struct slice key, bool nested)
{
	const struct finishing *f = context;

	(void)nested;
	if (!f->strips || place == REWRITE_RESOURCE || place == REWRITE_SCOPE)
		return REWRITE_KEEP;
	if (place == REWRITE_BODY)
		return f->is_content_event ? REWRITE_DROP : REWRITE_KEEP;
	return content_is_attribute(key) ? REWRITE_DROP : REWRITE_KEEP;
}

static enum rewrite_verdict on_text(void *context, enum rewrite_place place, struct slice key, struct slice text,
				    struct slice *replacement)
{
	const struct finishing *f = context;

	(void)key;
	(void)text;
	(void)replacement;
	return place == REWRITE_TRACE_STATE && f->writes ? REWRITE_DROP : REWRITE_KEEP;
}

bool sampler_samples_content(const struct sampler *s)
{
	return s->content_threshold > 0;
}

struct status sampler_finish(const struct sampler *s, enum signal signal, struct slice wire, struct arena *a,
			     struct edit_list *edits)
{
	struct finishing f = { .sampler = s, .signal = signal, .arena = a };
	struct rewriter by = { &f, on_item, on_event, on_value, on_text };

	TRY(rewrite_request(&by, signal, wire, edits));
	return f.failed ? FAIL(NOMEM, "no room to write the sampling threshold") : OK;
}
