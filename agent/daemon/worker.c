/* SPDX-License-Identifier: Apache-2.0
 * daemon/worker.c - one request through the stages that need nothing but the request.
 */
#include "agent/daemon/worker.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/base/clock.h"
#include "agent/base/money.h"
#include "agent/base/prefetch.h"
#include "agent/pricing/model_pin.h"
#include "agent/span/record.h"

/* A request's calls and edits may take this much memory: a bound on what tiny hostile spans can blow up to. Where a user
 * has named the request and none beside it is in flight, calls of 100 bytes each are no attack. */
#define ARENA_BASE_BYTES (16u << 20)
#define ARENA_PER_WIRE_BYTE 4u
#define ARENA_PER_WIRE_BYTE_ALONE 32u

static struct meter *labelled(enum meter_family family, const char *name, const char *value, const char *rest)
{
	char labels[96];

	snprintf(labels, sizeof(labels), "%s=\"%s\"%s", name, value, rest);
	return meter_get(family, labels);
}

struct status worker_init(struct worker *w, const char *transport, struct observe_shard *shard,
			  struct counting *counting, struct model_watch *models)
{
	char rest[48];

	*w = (struct worker){ .shard = shard, .counting = counting, .records = BUF_INIT, .inside = BUF_INIT };
	arena_init(&w->arena, ARENA_BASE_BYTES);
	w->cohorts = cohorts_new();
	w->labels = enrich_labels_new();
	snprintf(rest, sizeof(rest), ",transport=\"%s\"", transport);
	for (int s = 0; s < SIGNAL_COUNT; s++) {
		w->meters.accepted[s] = labelled(METER_ACCEPTED, "signal", signal_names[s], rest);
		w->meters.rejected[s] = labelled(METER_REJECTED, "signal", signal_names[s], "");
	}
	w->meters.counted = labelled(METER_CALLS, "counted", "true", "");
	w->meters.not_counted = labelled(METER_CALLS, "counted", "false", "");
	w->meters.unversioned = meter_get(METER_UNVERSIONED, "");
	w->models = models;
	return w->cohorts != NULL && w->labels != NULL ? OK : FAIL(NOMEM, "no memory for the labels of calls");
}

void worker_release(struct worker *w)
{
	arena_release(&w->arena);
	cohorts_free(w->cohorts);
	enrich_labels_free(w->labels);
	dialect_reader_free(w->reader);
	pricer_free(w->pricer);
	settings_unref(w->settings);
	prompt_table_unref(w->prompts);
	edited_request_release(&w->request);
	buf_release(&w->records);
	buf_release(&w->inside);
}

struct status worker_adopt(struct worker *w, struct settings *settings)
{
	struct dialect_reader *reader = dialect_reader_new(settings->keys);
	struct pricer *pricer = pricer_new(settings->prices);

	if (reader == NULL || pricer == NULL) {
		dialect_reader_free(reader);
		pricer_free(pricer);
		settings_unref(settings);
		return FAIL(NOMEM, "no memory for new settings");
	}
	dialect_reader_free(w->reader);
	pricer_free(w->pricer);
	settings_unref(w->settings);
	w->reader = reader;
	w->pricer = pricer;
	w->settings = settings;
	if (w->prompts != NULL)
		dialect_reader_match(w->reader, prompt_table_match, w->prompts);
	return OK;
}

void worker_adopt_prompts(struct worker *w, struct prompt_table *prompts)
{
	prompt_table_unref(w->prompts);
	w->prompts = prompts;
	w->prompt_counting = (struct prompt_counting){ 0 };
	dialect_reader_match(w->reader, prompt_table_match, prompts);
}

/* Of a call that our price table has priced. */
static struct money cache_savings(const struct call *c)
{
	const struct cost *cost = &c->cost;

	if (!cost->known || !tokens_has(&c->tokens, TOKENS_CACHE_READ))
		return (struct money){ .known = false };
	if (cost->uncached_pusd == 0 && cost->cache_read_pusd > 0) /* plain input has no price */
		return (struct money){ .known = false };
	return (struct money){ true, cost->uncached_pusd - cost->cache_read_pusd };
}

/* Prices the call, then lets the cost that the settings prefer count. */
static void choose_cost(struct worker *w, struct call *c)
{
	price_call(w->pricer, c);
	c->computed_cost = (struct money){ c->cost.known, c->cost.total_pusd };
	c->cache_savings = cache_savings(c);
	bool is_all_there_is = !c->cost.known && c->tokens.known == 0; /* a metric of cost alone */
	if (c->reported_cost.known && (w->settings->reported_cost_counts || is_all_there_is))
		c->cost = (struct cost){
			.known = true,
			.total_only = true,
			.total_pusd = c->reported_cost.pusd,
			.price = SLICE("reported"),
		};
}

/* A proxy answered from its cache: the counts are those of the call that filled it. */
static void spend_nothing(struct call *c)
{
	memset(c->tokens.n, 0, sizeof(c->tokens.n));
	c->cost = (struct cost){ .known = true };
}

static void settle_cost(struct worker *w, struct call *c)
{
	if (c->from_cache)
		spend_nothing(c);
	if (!c->cost.known)
		choose_cost(w, c);
	else
		c->model_pinned = model_pin(c->provider, call_model(c));
}

void worker_complete(struct worker *w, struct call *c)
{
	c->cohort = cohort_of(w->cohorts, c);
	if (w->models != NULL)
		model_watch_see(w->models, c);
	settle_cost(w, c);
	w->text_bytes += sample_text_bytes(c);
}

/* A request of this size hardly ever holds more calls: then the arrays need not grow, which would copy them. */
static size_t calls_expected(struct slice wire)
{
	size_t n = 16 + wire.len / 768;

	return n < 4096 ? n : 4096;
}

/* How many there will be, by those up to this item: what a request holds is much alike. */
static size_t calls_extrapolated(const struct worker *w, struct slice item)
{
	size_t read = (size_t)(item.ptr - w->batch.wire.ptr), whole = w->batch.wire.len;

	return read == 0 ? SIZE_MAX : (size_t)((double)w->call_count * ((double)whole / (double)read) * 1.0625) + 16;
}

/* Room for so many, with those that were read. The arrays before it stay in the arena, so growing often wastes as much. */
static bool grow_calls(struct worker *w, size_t cap)
{
	struct call *calls = arena_array(&w->arena, cap, sizeof(*calls));
	size_t *places = calls != NULL ? arena_array(&w->arena, cap, sizeof(*places)) : NULL;

	if (places == NULL)
		return false;
	if (w->call_count > 0) {
		memcpy(calls, w->calls, w->call_count * sizeof(*calls));
		memcpy(places, w->places, w->call_count * sizeof(*places));
	}
	w->calls = calls;
	w->places = places;
	w->call_cap = cap;
	return true;
}

/* They take no more than half of what is left, since the request's first items may be its smallest. */
static bool is_modest(const struct worker *w, size_t calls)
{
	return calls <= (w->arena.cap_bytes - w->arena.held_bytes) / 2 / (sizeof(*w->calls) + sizeof(*w->places));
}

/* The next free place for a call, that of this item of the request; NULL: no memory. */
static struct call *next_call(struct worker *w, struct slice item)
{
	size_t cap = w->call_cap * 2;

	if (w->call_count < w->call_cap)
		return &w->calls[w->call_count];
	if (w->call_cap == 0) {
		cap = calls_expected(w->batch.wire);
	} else {
		size_t all = calls_extrapolated(w, item);
		cap = all > w->call_cap && is_modest(w, all) ? all : cap;
	}
	return grow_calls(w, cap) ? &w->calls[w->call_count] : NULL;
}

static const uint8_t *bytes_of(struct slice id)
{
	return id.len > 0 ? (const uint8_t *)id.ptr : NULL;
}

static void notice_time(struct batch *b, uint64_t unix_ns)
{
	if (unix_ns > b->latest_unix_ns)
		b->latest_unix_ns = unix_ns;
}

static struct status take_span(void *context, const struct span_view *span, struct attribute_writer *added)
{
	struct worker *w = context;
	uint32_t index = COUNTING_NO_CALL;

	w->batch.items++;
	notice_time(&w->batch, span->end_unix_ns);
	if (span->defect != NULL) { /* the walker leaves it out of the edited bytes */
		w->batch.rejected_items++;
		w->batch.rejected_why = span->defect;
		return OK;
	}
	struct call *c = next_call(w, span->wire);
	if (c == NULL)
		return FAIL(TOOBIG, "the request holds more model calls than its memory limit allows");
	prefetch_to_write(c, sizeof(*c)); /* filled in when the attributes are read */
	bool is_call = dialect_read(w->reader, span, c);
	if (is_call)
		enrich_call(c, span->status_message);
	if (is_call || dialect_read_application(w->reader, span, c)) {
		index = (uint32_t)w->call_count++;
		w->roles |= 1u << c->role;
	}
	if (index != COUNTING_NO_CALL && added != NULL)
		added->later = &w->places[index];
	w->told.call = index;
	dialect_read_judgements(w->reader, span, is_call && c->counted, told_note, &w->told);
	return counting_note(&w->seen, bytes_of(span->trace_id), bytes_of(span->span_id), bytes_of(span->parent_span_id),
			     index);
}

/* Logs and metrics pass through as they are, so one that no back end could read refuses its request. A log record may
 * tell of a call; metrics, which tell of many at once, are not read for any. */
static struct status take_log(void *context, const struct log_view *log)
{
	struct worker *w = context;

	w->batch.items++;
	notice_time(&w->batch, log->time_unix_ns);
	if (log->defect != NULL)
		return FAIL(MALFORMED, log->defect);
	struct call *c = next_call(w, log->wire);
	if (c == NULL)
		return FAIL(TOOBIG, "the request holds more model calls than its memory limit allows");
	bool is_call = dialect_read_log(w->reader, log, c) && c->counted;
	w->told.call = COUNTING_NO_CALL;
	dialect_read_log_judgements(w->reader, log, told_note, &w->told);
	if (!is_call)
		return OK;
	enrich_call(c, SLICE_NONE);
	w->roles |= 1u << c->role;
	return counting_note_log(&w->seen, c, (uint32_t)w->call_count++);
}

static struct status take_point(void *context, const struct point_view *point)
{
	struct worker *w = context;

	w->batch.items++;
	notice_time(&w->batch, point->time_unix_ns);
	if (point->defect != NULL)
		return FAIL(MALFORMED, point->defect);
	return metered_take(&w->metered, w->reader, point, &w->arena);
}

/* Until it is known whether it counts, the span waits as the record that it would be. */
static void hold(struct worker *w, const struct counting_span *span, const struct call *c)
{
	struct call copy = *c;

	settle_cost(w, &copy);
	buf_reset(&w->inside);
	record_write_inside(&w->inside, &copy);
	buf_reset(&w->records);
	record_write(&w->records, &copy, buf_string(&w->inside));
	if (!buf_failed(&w->records))
		counting_hold(w->counting, span, &copy, buf_view(&w->records));
}

static void settle_call(struct worker *w, const struct counting_span *span, struct call *c)
{
	if (span->verdict == COUNTING_COUNTED)
		worker_complete(w, c);
	else if (span->verdict == COUNTING_HELD)
		hold(w, span, c);
	meter_add(w->meters.not_counted, c->not_counted != NULL);
}

/* Counted before, or to be counted unless somebody knows it better. */
static bool looks_counted(const struct counting_span *span, const struct call *c)
{
	return span->verdict == COUNTING_REPEATED_COUNTED || (span->verdict == COUNTING_HELD && !c->wrapper);
}

/* What is sent again must look as it did the first time: back ends keep the newer one. */
static void write_as_counted(struct worker *w, const struct call *c)
{
	struct call as_counted = *c;

	as_counted.counted = true;
	settle_cost(w, &as_counted);
	enrich_write(w->labels, &as_counted, &w->added);
}

/* By what the baselines knew before this request: they learn of it later, on the loop. */
static void mark_runaway(const struct worker *w, struct call *c)
{
	if (w->bars != NULL && c->counted && c->cohort != NULL && c->cost.known && !c->is_evaluation_traffic &&
	    runaway_bars_passed(w->bars, c->cohort->id, call_pusd_to_usd(c->cost.total_pusd)))
		c->outlier = SLICE("cost");
}

static void write_attributes(struct worker *w, const struct counting_span *span, struct call *c)
{
	mark_runaway(w, c);
	if (looks_counted(span, c))
		write_as_counted(w, c);
	else
		enrich_write(w->labels, c, &w->added);
	struct slice added = attribute_writer_take(&w->added);
	edited_request_fill(&w->request, w->places[span->call], added);
	attribute_writer_reuse(&w->added, added);
}

/* A search told for the first time; NULL: the span is none. */
static const struct call *new_search(const struct worker *w, const struct counting_span *span)
{
	const struct call *c = span->call != COUNTING_NO_CALL ? &w->calls[span->call] : NULL;
	bool is_repeated = span->verdict == COUNTING_REPEATED || span->verdict == COUNTING_REPEATED_COUNTED;

	return c != NULL && c->role == ROLE_RETRIEVAL && !is_repeated ? c : NULL;
}

/* Copies the retrievals, before the counted calls take their places. */
static void keep_retrievals(struct worker *w)
{
	size_t count = 0;

	for (size_t i = 0; i < w->seen.count; i++)
		count += new_search(w, &w->seen.spans[i]) != NULL;
	w->retrievals = count > 0 ? arena_array(&w->arena, count, sizeof(*w->retrievals)) : NULL;
	for (size_t i = 0; w->retrievals != NULL && i < w->seen.count; i++) {
		const struct call *c = new_search(w, &w->seen.spans[i]);
		if (c != NULL)
			w->retrievals[w->retrieval_count++] = *c;
	}
}

/* Moves the counted calls to the front. counted: how many there are. */
static void keep_counted(struct worker *w, size_t counted)
{
	size_t kept = 0;

	if (counted == w->call_count)
		return;
	for (size_t i = 0; i < w->call_count; i++)
		if (w->calls[i].counted) {
			if (kept != i)
				w->calls[kept] = w->calls[i];
			kept++;
		}
	w->call_count = kept;
}

/* The call that is decided after the next one. */
static ALWAYS_INLINE void look_ahead(const struct worker *w, size_t i)
{
	if (i + 2 < w->seen.count && w->seen.spans[i + 2].call != COUNTING_NO_CALL)
		prefetch_to_write(&w->calls[w->seen.spans[i + 2].call], sizeof(struct call));
}

static bool has_role(const struct worker *w, enum call_role role)
{
	return (w->roles >> role & 1u) != 0;
}

static void decide(struct worker *w, bool with_edits)
{
	size_t counted = 0;

	if (with_edits)
		edited_request_begin(&w->request, &w->batch.edits, w->batch.wire, w->call_count);
	counting_decide(w->counting, &w->seen, w->calls);
	if (w->metered.count > 0)
		counting_tally(w->counting, w->metered.points, w->metered.count);
	if (w->decisions != NULL && w->call_count > 0)
		decisions_note(w->decisions, &w->seen, w->calls);
	if (has_role(w, ROLE_EVALUATOR))
		told_mark_judges(&w->seen, w->calls);
	told_settle(&w->told, w->calls);
	for (size_t i = 0; i < w->seen.count; i++) {
		const struct counting_span *span = &w->seen.spans[i];
		look_ahead(w, i);
		if (span->call == COUNTING_NO_CALL)
			continue;
		if (w->prompts != NULL)
			prompt_table_apply(w->prompts, &w->calls[span->call]);
		settle_call(w, span, &w->calls[span->call]);
		counted += w->calls[span->call].counted;
		if (with_edits)
			write_attributes(w, span, &w->calls[span->call]);
	}
	if (with_edits)
		w->edited = w->added.failed ? FAIL(TOOBIG, "the request's memory limit leaves no room for added attributes") : OK;
	if (w->words != NULL)
		case_words_choose(w->words, &w->seen, w->calls);
	if (has_role(w, ROLE_RETRIEVAL))
		keep_retrievals(w);
	keep_counted(w, counted);
}

static struct status walk(struct worker *w, enum signal signal, struct slice wire, bool with_edits)
{
	switch (signal) {
	case SIGNAL_TRACES:
		return walk_traces(wire, &w->arena, with_edits ? &w->batch.edits : NULL, take_span, w);
	case SIGNAL_LOGS:
		return walk_logs(wire, &w->arena, take_log, w);
	default:
		return walk_metrics(wire, &w->arena, take_point, w);
	}
}

struct status worker_read(struct worker *w, enum signal signal, struct slice wire, bool with_edits)
{
	struct batch *b = &w->batch;

	arena_reset(&w->arena);
	w->arena.cap_bytes = ARENA_BASE_BYTES + (w->is_alone ? ARENA_PER_WIRE_BYTE_ALONE : ARENA_PER_WIRE_BYTE) * wire.len;
	w->calls = NULL;
	w->call_count = w->call_cap = w->text_bytes = 0;
	w->roles = 0;
	w->seen = (struct counting_batch){ .arena = &w->arena, .counting = w->counting };
	w->metered = (struct metered){ 0 };
	w->told = (struct told){ .arena = &w->arena };
	w->retrieval_count = 0;
	w->edited = OK;
	*b = (struct batch){ .signal = signal, .wire = wire, .arena = &w->arena, .received_unix_ns = clock_unix_ns() };
	edit_list_init(&b->edits, &w->arena);
	attribute_writer_init(&w->added, &w->arena);
	dialect_reader_begin(w->reader, &w->arena);
	TRY(walk(w, signal, wire, with_edits));
	decide(w, with_edits && signal == SIGNAL_TRACES);
	return OK;
}
