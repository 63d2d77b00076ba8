/* SPDX-License-Identifier: Apache-2.0
 * daemon/outbound.c - one payload through sampling, redaction and routing, for each set of exporters that want it alike.
 */
#include "agent/daemon/outbound.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/base/clock.h"
#include "agent/base/log.h"
#include "agent/base/meter.h"
#include "agent/redaction/redaction.h"
#include "agent/routing/routing.h"
#include "agent/sampling/sampling.h"

#define ARENA_BASE_BYTES    (64u << 20)
#define ARENA_PER_WIRE_BYTE 8u

struct outbound_lane {
	struct arena arena;
	struct redaction_lane *redaction;
	struct sampled sampled;
};

struct outbound {
	const struct senders *senders;
	struct redactor *redactor;
	struct sampler *sampler; /* NULL: nothing is sampled */
	struct router *router;   /* NULL: nothing is routed */
	uint64_t redacts_otlp, redacts_records, samples; /* exporters */
	struct meter *dropped[PAYLOAD_KIND_COUNT];
	unsigned lane_count;
	struct outbound_lane lanes[];
};

static void note_wishes(struct outbound *o, const struct config *config)
{
	for (size_t i = 0; i < config->exporter_count && i < 64; i++) {
		const struct exporter_common *e = &config->exporters[i].common;
		uint64_t bit = UINT64_C(1) << i;
		bool by_default = config->redaction.enabled || strcmp(config->exporters[i].kind, "file") == 0; /* files stay */
		if (e->redaction == SWITCH_ON || (e->redaction == SWITCH_DEFAULT && by_default))
			o->redacts_otlp |= bit;
		if (e->redaction != SWITCH_OFF)
			o->redacts_records |= bit;
		if (o->sampler != NULL && e->sampling != SWITCH_OFF)
			o->samples |= bit;
	}
}

static void register_meters(struct outbound *o)
{
	char labels[96];

	for (int kind = 0; kind < PAYLOAD_KIND_COUNT; kind++) {
		snprintf(labels, sizeof(labels), "exporter=\"*\",kind=\"%s\",reason=\"no_memory\"", payload_kind_names[kind]);
		o->dropped[kind] = meter_get(METER_DROPPED, labels);
	}
}

static struct status set_up(struct outbound *o, const struct config *config, unsigned lanes, struct buf *why)
{
	TRY(redactor_new(&config->redaction, &o->redactor, why));
	TRY(sampler_new(&config->sampling, &o->sampler));
	TRY(router_new(config, &o->router));
	for (; o->lane_count < lanes; o->lane_count++) {
		struct outbound_lane *l = &o->lanes[o->lane_count];
		arena_init(&l->arena, ARENA_BASE_BYTES);
		l->redaction = redaction_lane_new(o->redactor);
		if (l->redaction == NULL) {
			arena_release(&l->arena);
			return FAIL(NOMEM, "no memory for redaction");
		}
	}
	note_wishes(o, config);
	register_meters(o);
	return OK;
}

struct status outbound_new(const struct config *config, const struct senders *senders, unsigned lanes,
			   struct outbound **out, struct buf *why)
{
	struct outbound *o = calloc(1, sizeof(*o) + lanes * sizeof(o->lanes[0]));

	if (o == NULL)
		return FAIL(NOMEM, "no memory for what leaves");
	o->senders = senders;
	struct status s = set_up(o, config, lanes, why);
	if (FAILED(s)) {
		if (why->len == 0)
			buf_text(why, s.why);
		outbound_free(o);
		return s;
	}
	*out = o;
	return OK;
}

void outbound_free(struct outbound *o)
{
	if (o == NULL)
		return;
	for (unsigned i = 0; i < o->lane_count; i++) {
		redaction_lane_free(o->lanes[i].redaction);
		arena_release(&o->lanes[i].arena);
		buf_release(&o->lanes[i].sampled.kept);
		buf_release(&o->lanes[i].sampled.by_rate);
	}
	router_free(o->router);
	sampler_free(o->sampler);
	redactor_free(o->redactor);
	free(o);
}

/* ------------------------------------------------------------------ shaping */

/* Bytes on their way out. */
struct shape {
	struct outbound *o;
	struct outbound_lane *lane;
	struct outbound_list *list;
	struct payload *whole; /* as it came in, or NULL; goes out itself where nothing was changed */
	bool whole_is_out;
	enum payload_kind kind;
};

static enum signal signal_of(enum payload_kind kind)
{
	static const enum signal signals[] = { [PAYLOAD_TRACES] = SIGNAL_TRACES,
					       [PAYLOAD_METRICS] = SIGNAL_METRICS,
					       [PAYLOAD_LOGS] = SIGNAL_LOGS };

	return signals[kind];
}

/* Not OTLP: one JSON object a line. */
static bool is_lines(enum payload_kind kind)
{
	return kind != PAYLOAD_TRACES && kind != PAYLOAD_METRICS && kind != PAYLOAD_LOGS;
}

/* Nothing leaves that was not done as asked. */
static void drop(struct shape *x, uint32_t items, struct status why)
{
	meter_add(x->o->dropped[x->kind], items);
	LOG(WARN, "daemon", "outbound_dropped", "kind=%s items=%u reason=\"%s\"", payload_kind_names[x->kind],
	    (unsigned)items, why.why);
}

static void put_out(struct shape *x, struct payload *p)
{
	x->list->items[x->list->count++] = p;
}

static void put_bytes(struct shape *x, struct slice bytes, uint32_t items, uint64_t exporters)
{
	if (x->whole != NULL && bytes.ptr == x->whole->bytes && bytes.len == x->whole->size_bytes) {
		x->whole->exporters = exporters | (x->whole_is_out ? x->whole->exporters : 0);
		if (!x->whole_is_out)
			put_out(x, payload_ref(x->whole));
		x->whole_is_out = true;
		return;
	}
	struct payload *p = x->list->count < SENDERS_OFFER_MAX ? payload_new(x->kind, bytes.len, items) : NULL;
	if (p == NULL) {
		drop(x, items, FAIL(NOMEM, "no memory"));
		return;
	}
	memcpy(p->bytes, bytes.ptr, bytes.len);
	p->exporters = exporters;
	put_out(x, p);
}

static void route(struct shape *x, struct slice bytes, uint32_t items, uint64_t exporters)
{
	struct route_part parts[ROUTE_PARTS_MAX];
	size_t count;

	if (x->o->router == NULL) {
		put_bytes(x, bytes, items, exporters);
		return;
	}
	struct status s = router_split(x->o->router, x->kind, bytes, items, exporters, &x->lane->arena, parts, &count);
	if (FAILED(s)) {
		drop(x, items, s);
		return;
	}
	for (size_t i = 0; i < count; i++)
		put_bytes(x, parts[i].bytes, parts[i].items, parts[i].exporters);
}

/* The edits applied, in the arena. */
static struct status apply(struct shape *x, const struct edit_list *edits, struct slice *bytes)
{
	char *edited;

	if (edits->count == 0)
		return OK;
	edited = arena_alloc(&x->lane->arena, edit_list_bound(edits, *bytes));
	if (edited == NULL)
		return FAIL(NOMEM, "the request's memory limit leaves no room to edit it");
	*bytes = (struct slice){ edited, edit_list_write(edits, *bytes, edited) };
	return OK;
}

static struct status redact(struct shape *x, struct slice *bytes)
{
	struct edit_list edits;

	if (is_lines(x->kind))
		return redact_records(x->lane->redaction, *bytes, &x->lane->arena, bytes);
	edit_list_init(&edits, &x->lane->arena);
	TRY(redact_request(x->lane->redaction, signal_of(x->kind), *bytes, &x->lane->arena, &edits));
	return apply(x, &edits, bytes);
}

static void redact_and_route(struct shape *x, struct slice bytes, uint32_t items, uint64_t exporters)
{
	uint64_t redacts = is_lines(x->kind) ? x->o->redacts_records : x->o->redacts_otlp;

	if (bytes.len == 0)
		return;
	if ((exporters & ~redacts) != 0)
		route(x, bytes, items, exporters & ~redacts);
	if ((exporters & redacts) == 0)
		return;
	struct status s = redact(x, &bytes);
	if (FAILED(s))
		drop(x, items, s);
	else
		route(x, bytes, items, exporters & redacts);
}

/* What leaves by rate gets its threshold, and loses content. */
static void finish(struct shape *x, struct slice bytes, uint32_t items, uint64_t exporters)
{
	struct edit_list edits;

	if (bytes.len == 0)
		return;
	edit_list_init(&edits, &x->lane->arena);
	struct status s = sampler_finish(x->o->sampler, signal_of(x->kind), bytes, &x->lane->arena, &edits);
	if (!FAILED(s))
		s = apply(x, &edits, &bytes);
	if (FAILED(s))
		drop(x, items, s);
	else
		redact_and_route(x, bytes, items, exporters);
}

static void begin_sampled(struct sampled *s)
{
	buf_reset(&s->kept);
	buf_reset(&s->by_rate);
	s->kept_items = s->by_rate_items = 0;
}

static void let_sampled_out(struct shape *x, uint64_t exporters)
{
	struct sampled *s = &x->lane->sampled;

	if (buf_failed(&s->kept) || buf_failed(&s->by_rate)) {
		drop(x, s->kept_items + s->by_rate_items, FAIL(NOMEM, "no memory"));
		return;
	}
	redact_and_route(x, buf_view(&s->kept), s->kept_items, exporters);
	finish(x, buf_view(&s->by_rate), s->by_rate_items, exporters);
}

static void sample(struct shape *x, struct slice bytes, uint32_t items, uint64_t exporters)
{
	begin_sampled(&x->lane->sampled);
	struct status s = sampler_take(x->o->sampler, bytes, clock_mono_ns() / NS_PER_MS, &x->lane->arena, &x->lane->sampled);
	if (FAILED(s))
		drop(x, items, s);
	let_sampled_out(x, exporters);
}

static void shape(struct shape *x, uint64_t exporters)
{
	struct slice bytes = payload_view(x->whole);
	uint32_t items = x->whole->items;
	uint64_t samples = 0;

	if (x->kind == PAYLOAD_TRACES)
		samples = x->o->samples;
	else if (x->kind == PAYLOAD_LOGS && x->o->sampler != NULL && sampler_samples_content(x->o->sampler))
		samples = x->o->samples;
	redact_and_route(x, bytes, items, exporters & ~samples);
	if ((exporters & samples) == 0)
		return;
	if (x->kind == PAYLOAD_TRACES)
		sample(x, bytes, items, exporters & samples);
	else
		finish(x, bytes, items, exporters & samples);
}

static struct outbound_lane *enter(struct outbound *o, unsigned lane, size_t wire_bytes)
{
	struct outbound_lane *l = &o->lanes[lane];

	arena_reset(&l->arena);
	l->arena.cap_bytes = ARENA_BASE_BYTES + ARENA_PER_WIRE_BYTE * wire_bytes;
	return l;
}

static bool is_plain(const struct outbound *o, enum payload_kind kind, uint64_t exporters)
{
	uint64_t wants = is_lines(kind) ? o->redacts_records : o->redacts_otlp | o->samples;

	return o->router == NULL && (wants & exporters) == 0;
}

void outbound_shape(struct outbound *o, unsigned lane, struct payload *p, struct outbound_list *list)
{
	uint64_t exporters = senders_accepting(o->senders, p->kind);
	struct shape x = { .o = o, .list = list, .whole = p, .kind = p->kind };

	if (is_plain(o, p->kind, exporters)) {
		list->items[list->count++] = p;
		return;
	}
	x.lane = enter(o, lane, p->size_bytes);
	shape(&x, exporters);
	payload_unref(p);
}

void outbound_due(struct outbound *o, unsigned lane, bool all, struct outbound_list *list)
{
	struct shape x = { .o = o, .list = list, .kind = PAYLOAD_TRACES };

	if (o->sampler == NULL)
		return;
	begin_sampled(&o->lanes[lane].sampled);
	sampler_due(o->sampler, clock_mono_ns() / NS_PER_MS, all, &o->lanes[lane].sampled);
	x.lane = enter(o, lane, o->lanes[lane].sampled.kept.len + o->lanes[lane].sampled.by_rate.len);
	let_sampled_out(&x, senders_accepting(o->senders, PAYLOAD_TRACES) & o->samples);
}

void outbound_keep(void *outbound, const uint8_t trace_id[16], bool is_runaway)
{
	struct outbound *o = outbound;

	if (o->sampler != NULL)
		sampler_keep_alerted(o->sampler, trace_id, is_runaway);
}

void outbound_keep_low(struct outbound *o, const uint8_t trace_id[16], double score)
{
	if (o->sampler != NULL)
		sampler_keep_low(o->sampler, trace_id, score);
}

void outbound_list_release(struct outbound_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		payload_unref(list->items[i]);
	list->count = 0;
}
