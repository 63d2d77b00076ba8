/* SPDX-License-Identifier: Apache-2.0
 * daemon/pipeline.c - lets a lane read a request, then hands the results to whoever waits for them.
 */
#include "agent/daemon/pipeline.h"

#include <pthread.h>
#include <stdlib.h>

#include "agent/base/clock.h"
#include "agent/counting/tally.h"
#include "agent/daemon/worker.h"
#include "agent/enrich/enrich.h"
#include "agent/span/record.h"

struct pipeline {
	struct pipeline_outlets outlets;
	pthread_mutex_t lock; /* guards settings */
	struct settings *settings;
	struct prompt_table *prompts; /* NULL: none yet; guarded, too */
	struct meter *samples_dropped, *records_dropped, *judgements_dropped;
	unsigned lane_count;
	struct worker lanes[];
};

static const char *transport_of(unsigned lane, unsigned lanes)
{
	if (lane + 2 == lanes)
		return "http";
	return lane + 1 == lanes ? "loop" : "grpc";
}

struct status pipeline_new(const struct config *config, struct price_book *prices, unsigned lanes,
			   const struct pipeline_outlets *outlets, struct pipeline **out, struct buf *why)
{
	struct pipeline *p = calloc(1, sizeof(*p) + lanes * sizeof(p->lanes[0]));

	if (p == NULL)
		return FAIL(NOMEM, "no memory for the pipeline");
	pthread_mutex_init(&p->lock, NULL);
	p->outlets = *outlets;
	p->samples_dropped = meter_get(METER_SAMPLES_DROPPED, "");
	p->records_dropped = meter_get(METER_DROPPED, "exporter=\"*\",kind=\"records\",reason=\"no_memory\"");
	p->judgements_dropped = meter_get(METER_JUDGEMENTS, "result=\"dropped\",reason=\"no_memory\"");
	struct status s = settings_new(config, prices, &p->settings);
	for (unsigned i = 0; i < lanes && !FAILED(s); i++) {
		s = worker_init(&p->lanes[i], transport_of(i, lanes), observer_shard(outlets->observer, i),
				outlets->counting, outlets->models);
		p->lanes[i].decisions = outlets->decisions;
		p->lanes[i].bars = outlets->bars;
		p->lanes[i].is_alone = outlets->is_alone;
		p->lanes[i].words = outlets->words != NULL ? case_words_lane(outlets->words, i) : NULL;
		p->lane_count = i + 1;
		if (!FAILED(s))
			s = worker_adopt(&p->lanes[i], settings_ref(p->settings));
	}
	if (FAILED(s)) {
		buf_printf(why, "cannot set up the pipeline: %s", s.why);
		if (p->settings != NULL)
			p->settings->prices = NULL; /* still the caller's */
		pipeline_free(p);
		return s;
	}
	*out = p;
	return OK;
}

void pipeline_free(struct pipeline *p)
{
	if (p == NULL)
		return;
	for (unsigned i = 0; i < p->lane_count; i++)
		worker_release(&p->lanes[i]);
	settings_unref(p->settings);
	prompt_table_unref(p->prompts);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

void pipeline_adopt(struct pipeline *p, struct settings *settings)
{
	pthread_mutex_lock(&p->lock);
	struct settings *old = p->settings;
	p->settings = settings;
	pthread_mutex_unlock(&p->lock);
	settings_unref(old);
}

void pipeline_adopt_prompts(struct pipeline *p, struct prompt_table *prompts)
{
	pthread_mutex_lock(&p->lock);
	struct prompt_table *old = p->prompts;
	p->prompts = prompts;
	pthread_mutex_unlock(&p->lock);
	prompt_table_unref(old);
}

static struct worker *enter_lane(struct pipeline *p, unsigned index)
{
	struct worker *w = &p->lanes[index];
	struct settings *fresh = NULL;
	struct prompt_table *prompts = NULL;

	pthread_mutex_lock(&p->lock);
	if (p->prompts != w->prompts)
		prompts = prompt_table_ref(p->prompts);
	if (p->settings != w->settings)
		fresh = settings_ref(p->settings);
	pthread_mutex_unlock(&p->lock);
	if (fresh != NULL) {
		struct status s = worker_adopt(w, fresh); /* without memory the old settings do; the next batch tries again */
		(void)s;
	}
	if (prompts != NULL)
		worker_adopt_prompts(w, prompts);
	cohorts_begin(w->cohorts);
	return w;
}

/* Each call is looked at once, by all who count it: a batch's calls are more than the first cache holds.
 * samples may be NULL. */
static void count_calls(struct worker *w, struct sample_chunk *samples)
{
	unsigned unversioned = 0;

	observe_begin(w->shard);
	for (const struct call *c = w->calls; c < w->calls + w->call_count; c++) {
		if (c + 1 < w->calls + w->call_count)
			observe_ahead(w->shard, c + 1);
		observe_call(w->shard, c);
		if (w->prompts != NULL)
			prompt_table_count_one(w->prompts, &w->prompt_counting, c);
		if (samples != NULL)
			sample_chunk_add(samples, c);
		unversioned += c->prompt_version.len == 0;
	}
	observe_end(w->shard);
	prompt_table_count_end(&w->prompt_counting);
	meter_add(w->meters.counted, (int64_t)w->call_count);
	meter_add(w->meters.unversioned, unversioned);
}

/* The records of the counted calls, or NULL: nobody wants any. */
static struct payload *make_records(struct pipeline *p, struct worker *w)
{
	if (w->call_count == 0 || p->outlets.senders == NULL || !senders_want(p->outlets.senders, PAYLOAD_RECORDS))
		return NULL;
	buf_reset(&w->records);
	for (size_t i = 0; i < w->call_count; i++) {
		record_write(&w->records, &w->calls[i], "");
		buf_byte(&w->records, '\n');
	}
	struct payload *payload = buf_failed(&w->records) ?
		NULL : payload_new(PAYLOAD_RECORDS, w->records.len, (uint32_t)w->call_count);
	if (payload == NULL) {
		meter_add(p->records_dropped, (int64_t)w->call_count);
		return NULL;
	}
	memcpy(payload->bytes, w->records.ptr, w->records.len);
	return payload;
}

static enum payload_kind payload_kind_of(enum signal signal)
{
	switch (signal) {
	case SIGNAL_TRACES:
		return PAYLOAD_TRACES;
	case SIGNAL_METRICS:
		return PAYLOAD_METRICS;
	default:
		return PAYLOAD_LOGS;
	}
}

/* The request itself, spans edited. NULL without memory. */
static struct payload *make_request(struct worker *w)
{
	const struct batch *b = &w->batch;
	uint32_t items = b->items - b->rejected_items;

	if (b->signal == SIGNAL_TRACES)
		return edited_request_end(&w->request, PAYLOAD_TRACES, items);
	struct payload *payload = payload_new(payload_kind_of(b->signal), b->wire.len, items);
	if (payload != NULL)
		memcpy(payload->bytes, b->wire.ptr, b->wire.len);
	return payload;
}

/* Who said what about which call is found out on the loop. */
static void recall(struct pipeline *p, struct worker *w)
{
	size_t calls = w->call_count;

	if (p->outlets.admit != NULL && calls > 0)
		calls = p->outlets.admit(p->outlets.recall_context, calls);
	if (calls + w->told.count == 0)
		return;
	struct recall_chunk *chunk = recall_chunk_new(&w->arena, w->calls, calls, w->told.items, w->told.count);

	if (chunk != NULL)
		p->outlets.recall(p->outlets.recall_context, chunk);
	else
		meter_add(p->judgements_dropped, (int64_t)w->told.count);
}

static void show(struct pipeline *p, struct worker *w)
{
	for (size_t i = 0; i < w->call_count; i++)
		p->outlets.call(p->outlets.call_context, &w->calls[i]);
	for (size_t i = 0; i < w->retrieval_count; i++)
		p->outlets.call(p->outlets.call_context, &w->retrievals[i]);
}

/* Searches have baselines of their own, whatever became of the answer. */
static void judge_retrievals(struct pipeline *p, struct worker *w)
{
	struct sample *samples = arena_array(&w->arena, w->retrieval_count, sizeof(*samples));
	size_t count = 0;

	for (size_t i = 0; samples != NULL && i < w->retrieval_count; i++)
		if (!w->retrievals[i].is_evaluation_traffic)
			samples[count++] = sample_of_retrieval(&w->retrievals[i]);
	struct sample_chunk *chunk = samples != NULL ? sample_chunk_of(samples, count) : NULL;
	if (chunk != NULL)
		p->outlets.judge(p->outlets.judge_context, chunk);
	else
		meter_add(p->samples_dropped, (int64_t)w->retrieval_count);
}

static void take_calls(struct pipeline *p, struct worker *w)
{
	bool is_judged = p->outlets.judge != NULL;
	struct sample_chunk *samples = is_judged ? sample_chunk_new(w->call_count, w->text_bytes) : NULL;

	count_calls(w, samples);
	if (samples != NULL)
		p->outlets.judge(p->outlets.judge_context, samples);
	else if (is_judged)
		meter_add(p->samples_dropped, (int64_t)w->call_count);
}

/* done may be NULL: nobody waits for it. False: it will not be called. */
static bool spend(struct pipeline *p, struct worker *w, void (*done)(void *context, struct status result), void *context)
{
	if (p->outlets.budgets == NULL || w->call_count == 0)
		return false;
	return budgets_spend(p->outlets.budgets, w->calls, w->call_count, (int64_t)(clock_unix_ns() / NS_PER_SECOND), done,
			     context);
}

static void take_effect(struct pipeline *p, struct worker *w)
{
	if (w->call_count > 0)
		take_calls(p, w);
	for (size_t i = 0; w->prompts != NULL && i < w->retrieval_count; i++)
		prompt_table_count(w->prompts, &w->retrievals[i]);
	if (p->outlets.judge != NULL && w->retrieval_count > 0)
		judge_retrievals(p, w);
	if (p->outlets.call != NULL)
		show(p, w); /* before it hears what was said about it */
	if (p->outlets.recall != NULL && w->call_count + w->told.count > 0)
		recall(p, w);
}

static void count_accepted(const struct ingest_later *counts)
{
	meter_add(counts->accepted, (int64_t)counts->accepted_items);
	meter_add(counts->rejected, (int64_t)counts->rejected_items);
}

static void note_accepted(const struct worker *w, struct ingest_later *counts)
{
	const struct batch *b = &w->batch;

	counts->accepted = w->meters.accepted[b->signal];
	counts->rejected = w->meters.rejected[b->signal];
	counts->accepted_items = b->items - b->rejected_items;
	counts->rejected_items = b->rejected_items;
}

/* What the disk refuses is counted by the receiver, as refused, and comes again. */
static void on_stored(void *later, struct status result)
{
	struct ingest_later *l = later;

	if (!FAILED(result))
		count_accepted(l);
	l->done(l, result);
}

/* Hands on what the request yields: its records whatever becomes of it, since its calls are counted by now. A failure:
 * the sender keeps the request and tries again. */
static struct status pass_on(struct pipeline *p, struct worker *w, unsigned lane, bool wanted, struct ingest_reply *reply)
{
	struct payload *records = make_records(p, w), *request = NULL;
	struct outbound_list list = { .count = 0 };
	struct status status = w->edited;

	if (!FAILED(status) && wanted && (request = make_request(w)) == NULL)
		status = FAIL(UNAVAILABLE, "no memory to queue the request");
	if (records != NULL)
		outbound_shape(p->outlets.outbound, lane, records, &list);
	if (request != NULL)
		outbound_shape(p->outlets.outbound, lane, request, &list);
	bool waits = !FAILED(status) && reply->later != NULL;
	if (list.count > 0) {
		struct status offered = senders_offer_all(p->outlets.senders, list.items, list.count, waits ? on_stored : NULL,
							  reply->later, &reply->is_pending);
		reply->is_pending = reply->is_pending && waits;
		status = FAILED(status) ? status : offered;
	}
	outbound_list_release(&list);
	edited_request_release(&w->request); /* nobody wanted it */
	return status;
}

/* An answer that waits for two: for the queues on the disk, and for what was spent. */
struct answer_of_two {
	struct ingest_later later; /* the queues' */
	struct ingest_later *sender;
	struct status status; /* of the queues; what the budgets could not write, they write again */
	_Atomic int left;
};

static void one_is_done(struct answer_of_two *a)
{
	if (atomic_fetch_sub(&a->left, 1) != 1)
		return;
	a->sender->done(a->sender, a->status);
	free(a);
}

static void on_queued(struct ingest_later *later, struct status result)
{
	struct answer_of_two *a = (struct answer_of_two *)(void *)later;

	a->status = result;
	one_is_done(a);
}

static void on_spent(void *context, struct status result)
{
	(void)result;
	one_is_done(context);
}

/* The answer waits until what was spent is on the disk. NULL: nothing was, or nobody can wait. */
static struct answer_of_two *spend_first(struct pipeline *p, struct worker *w, struct ingest_reply *reply)
{
	struct answer_of_two *a = p->outlets.budgets != NULL && reply->later != NULL && w->call_count > 0 ?
		malloc(sizeof(*a)) : NULL;

	if (a == NULL) {
		(void)spend(p, w, NULL, NULL);
		return NULL;
	}
	*a = (struct answer_of_two){ .later = { on_queued }, .sender = reply->later, .status = OK };
	atomic_init(&a->left, 2);
	if (spend(p, w, on_spent, a)) {
		reply->later = &a->later;
		return a;
	}
	free(a);
	return NULL;
}

/* The queues may be done already: then only the budgets are waited for. */
static void wait_for_spend(struct answer_of_two *a, struct ingest_reply *reply)
{
	if (reply->is_pending)
		return;
	reply->is_pending = true;
	on_queued(&a->later, reply->status);
}

void pipeline_ingest(void *context, unsigned lane, enum signal signal, struct slice wire, struct ingest_reply *reply)
{
	struct pipeline *p = context;
	struct worker *w = enter_lane(p, lane);
	bool wanted = p->outlets.senders != NULL && senders_want(p->outlets.senders, payload_kind_of(signal));

	*reply = (struct ingest_reply){ .status = OK, .later = reply->later };
	struct status status = p->outlets.senders != NULL ?
		senders_admit(p->outlets.senders, payload_kind_of(signal), wire.len) : OK;
	if (!FAILED(status))
		status = worker_read(w, signal, wire, wanted);
	if (FAILED(status)) {
		reply->status = status;
		return;
	}
	if (w->words != NULL)
		case_words_take(w->words, signal, wire, w->reader);
	struct answer_of_two *answer = spend_first(p, w, reply);
	take_effect(p, w); /* whatever follows: the same request sent again is known and adds nothing */
	reply->rejected_items = w->batch.rejected_items; /* now: the reply may be given while it is passed on */
	reply->rejected_why = w->batch.rejected_why;
	struct ingest_later own, *counts = reply->later != NULL ? reply->later : &own;
	note_accepted(w, counts);
	status = pass_on(p, w, lane, wanted && w->batch.items > w->batch.rejected_items, reply);
	if (FAILED(status))
		reply->status = status;
	else if (!reply->is_pending)
		count_accepted(counts);
	if (answer != NULL)
		wait_for_spend(answer, reply);
}

uint64_t pipeline_event_time(const struct pipeline *p, unsigned lane)
{
	return p->lanes[lane].batch.latest_unix_ns;
}

/* Calls that only metrics tell of. */
static void promote_metered(struct pipeline *p, unsigned lane, uint64_t now_s, bool all, struct buf *line)
{
	struct worker *w = enter_lane(p, lane);
	struct tally_sum sum;
	struct call c;

	while (counting_tally_take(p->outlets.counting, now_s, all, &sum, line)) {
		arena_reset(&w->arena);
		bool is_record = !FAILED(record_read(buf_view(line), &w->arena, &c));
		for (uint64_t i = 0; is_record && i < sum.calls; i++) {
			struct call one = c;
			tally_share(&sum, i, &one);
			enrich_call(&one, SLICE_NONE);
			pipeline_call(p, lane, &one);
		}
	}
}

/* Nobody waits for an answer. */
static void offer_list(struct pipeline *p, struct outbound_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		senders_offer(p->outlets.senders, list->items[i]);
	outbound_list_release(list);
}

void pipeline_release(struct pipeline *p, unsigned lane, bool all)
{
	struct outbound_list list = { .count = 0 };

	outbound_due(p->outlets.outbound, lane, all, &list);
	offer_list(p, &list);
}

void pipeline_promote(struct pipeline *p, unsigned lane, uint64_t now_s, bool all)
{
	struct worker *w = enter_lane(p, lane);
	struct buf line = BUF_INIT;
	struct call c;

	while (counting_promote(p->outlets.counting, now_s, all, &line)) {
		arena_reset(&w->arena);
		if (FAILED(record_read(buf_view(&line), &w->arena, &c)))
			continue;
		if (w->decisions != NULL)
			decisions_promoted(w->decisions, &c);
		pipeline_call(p, lane, &c);
	}
	promote_metered(p, lane, now_s, all, &line);
	buf_release(&line);
}

void pipeline_call(struct pipeline *p, unsigned lane, struct call *c)
{
	struct worker *w = enter_lane(p, lane);

	w->text_bytes = 0;
	worker_complete(w, c);
	w->calls = c;
	w->call_count = 1;
	w->retrieval_count = w->told.count = 0;
	(void)spend(p, w, NULL, NULL);
	take_effect(p, w);
	struct payload *records = make_records(p, w);
	struct outbound_list list = { .count = 0 };
	if (records != NULL)
		outbound_shape(p->outlets.outbound, lane, records, &list);
	offer_list(p, &list);
}
