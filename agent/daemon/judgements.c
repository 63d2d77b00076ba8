/* SPDX-License-Identifier: Apache-2.0
 * daemon/judgements.c - the joiner with its queue, its clock and its store.
 */
#include "agent/daemon/judgements.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "agent/base/clock.h"
#include "agent/base/log.h"
#include "agent/base/meter.h"
#include "agent/daemon/judgements_priv.h"

#define QUEUE_BYTES_MAX (16u << 20)
#define ADVANCE_MS      1000u

/* Calls remembered between two ticks of the clock: 2 MiB a second on the disk. A sidecar sees hundreds of calls a second;
 * without a bound a flood would spend half of its CPU time, and all of the store's queue, on being remembered. */
#define CALLS_PER_TICK 32768

struct judgements {
	struct judgement_outlets outlets;
	struct joiner *joiner;
	struct chunk_queue queue; /* of recall_chunk */
	uv_async_t wake;
	uv_timer_t clock;
	unsigned open_handles;
	_Atomic bool is_incomplete; /* a write failed: the next one must hold everything */
	_Atomic bool is_under_way;  /* a save whose end is not known yet: the next one waits for it */
	_Atomic bool is_closed;
	pthread_rwlock_t door; /* held to read by those who answer, to write by the last save until they have */
	_Atomic int64_t room; /* calls that may still be remembered before the next tick */
	struct meter *joined, *repeated, *calls_dropped, *calls_over_rate;
};

/* ------------------------------------------------------------------ out */

static void count(const struct joined_judgement *j, struct meter *joined)
{
	char labels[64];

	if (j->call != NULL) {
		meter_add(joined, 1);
		return;
	}
	snprintf(labels, sizeof(labels), "result=\"unjoined\",reason=\"%s\"", j->unjoined_why);
	meter_add(meter_get(METER_JUDGEMENTS, labels), 1);
}

static void pass_on(const struct judgement_outlets *outlets, const struct joined_judgement *j)
{
	struct outbound_list list = { .count = 0 };
	struct buf line = BUF_INIT;

	if (!senders_want(outlets->senders, PAYLOAD_JUDGEMENTS))
		return;
	judgement_write(&line, j);
	buf_byte(&line, '\n');
	struct payload *payload = buf_failed(&line) ? NULL : payload_new(PAYLOAD_JUDGEMENTS, line.len, 1);
	if (payload != NULL) {
		memcpy(payload->bytes, line.ptr, line.len);
		outbound_shape(outlets->outbound, outlets->lane, payload, &list);
		for (size_t i = 0; i < list.count; i++)
			senders_offer(outlets->senders, list.items[i]);
		outbound_list_release(&list);
	} else {
		meter_add(meter_get(METER_DROPPED, "exporter=\"*\",kind=\"judgements\",reason=\"no_memory\""), 1);
	}
	buf_release(&line);
}

/* Its trace may be waiting for a reason to be kept. */
static void keep_if_low(struct outbound *o, const struct joined_judgement *joined)
{
	const struct judgement *j = joined->judgement;
	const uint8_t *trace_id = joined->call != NULL ? joined->call->trace_id : j->target.trace_id;

	if (joined->call == NULL && !j->target.has_trace)
		return;
	if (j->passed == TRI_NO)
		outbound_keep_low(o, trace_id, 0);
	else if (j->scale != SCALE_NONE && !j->failed)
		outbound_keep_low(o, trace_id, j->value);
}

static void hand_out(void *context, const struct joined_judgement *joined)
{
	struct judgements *j = context;
	struct sample sample;

	count(joined, j->joined);
	quality_count(observer_quality(j->outlets.observer), joined);
	pass_on(&j->outlets, joined);
	keep_if_low(j->outlets.outbound, joined);
	if (j->outlets.judge == NULL || !judgement_sample(joined, &sample))
		return;
	struct sample_chunk *chunk = sample_chunk_of(&sample, 1);
	if (chunk != NULL)
		j->outlets.judge(j->outlets.judge_context, chunk);
}

/* ------------------------------------------------------------------ in */

static void take_chunk(struct judgements *j, const struct recall_chunk *chunk)
{
	uint64_t now_ns = clock_unix_ns();

	joiner_begin(j->joiner);
	for (size_t i = 0; i < chunk->call_count; i++)
		joiner_call(j->joiner, &chunk->calls[i].call, chunk->calls[i].labels);
	joiner_end(j->joiner, now_ns);
	for (size_t i = 0; i < chunk->judgement_count; i++)
		judgements_take(j, &chunk->judgements[i], now_ns);
}

static void take_queue(struct judgements *j)
{
	for (struct chunk *chunk = chunk_queue_take(&j->queue), *next; chunk != NULL; chunk = next) {
		next = chunk->next;
		take_chunk(j, (const struct recall_chunk *)chunk);
		free(chunk);
	}
}

enum taken judgements_take(struct judgements *j, const struct judgement *judgement, uint64_t now_unix_ns)
{
	enum taken taken = joiner_take(j->joiner, judgement, now_unix_ns);

	if (taken == TAKEN_REPEATED)
		meter_add(j->repeated, 1);
	return taken;
}

bool judgements_enter(struct judgements *j)
{
	pthread_rwlock_rdlock(&j->door);
	if (!atomic_load(&j->is_closed))
		return true;
	pthread_rwlock_unlock(&j->door);
	return false;
}

void judgements_leave(struct judgements *j)
{
	pthread_rwlock_unlock(&j->door);
}

size_t judgements_admit(void *context, size_t calls)
{
	struct judgements *j = context;
	int64_t wanted = (int64_t)calls, room = atomic_fetch_sub_explicit(&j->room, wanted, memory_order_relaxed);
	int64_t admitted = room >= wanted ? wanted : room > 0 ? room : 0;

	if (admitted < wanted)
		meter_add(j->calls_over_rate, wanted - admitted);
	return (size_t)admitted;
}

void judgements_offer(void *context, struct recall_chunk *chunk)
{
	struct judgements *j = context;
	int64_t judgements = (int64_t)chunk->judgement_count, calls = (int64_t)chunk->call_count;

	if (!chunk_queue_push(&j->queue, &chunk->link)) {
		meter_add(j->calls_dropped, calls);
		meter_add(meter_get(METER_JUDGEMENTS, "result=\"dropped\",reason=\"queue_full\""), judgements);
	}
	uv_async_send(&j->wake);
}

/* ------------------------------------------------------------------ the store */

/* A save on its way to the disk. */
struct saving {
	struct judgements *judgements;
	uint64_t number;
	struct store_batch *batch; /* made with the first change */
	bool failed;
};

static void put(void *context, struct slice key, struct slice value)
{
	struct saving *s = context;

	if (s->batch == NULL)
		s->batch = store_batch_new();
	if (s->batch == NULL)
		s->failed = true;
	else if (value.ptr != NULL)
		store_batch_put(s->batch, STORE_JUDGEMENTS, key, value);
	else
		store_batch_delete(s->batch, STORE_JUDGEMENTS, key);
}

static void not_saved(struct judgements *j, struct status why)
{
	atomic_store(&j->is_incomplete, true);
	LOG(ERROR, "judgements", "not_saved", "reason=\"%s\" next=\"everything is saved again\"", why.why);
}

static void on_committed(void *context, struct status result)
{
	struct saving *s = context;

	if (FAILED(result))
		not_saved(s->judgements, result);
	else
		joiner_committed(s->judgements->joiner, s->number);
	atomic_store(&s->judgements->is_under_way, false);
	free(s);
}

static void save(struct judgements *j)
{
	struct saving *s = atomic_load(&j->is_under_way) ? NULL : calloc(1, sizeof(*s));

	if (s == NULL)
		return; /* the next time */
	atomic_store(&j->is_under_way, true);
	s->judgements = j;
	s->number = joiner_save(j->joiner, atomic_exchange(&j->is_incomplete, false), put, s);
	struct status result = s->failed ? FAIL(NOMEM, "no memory for the changes") : OK;
	if (FAILED(result) || s->batch == NULL) {
		store_batch_free(s->batch);
		on_committed(s, result);
		return;
	}
	result = store_write(j->outlets.store, s->batch, on_committed, s); /* s is the writer's now */
	if (FAILED(result))
		on_committed(s, result);
}

static struct status fetch(void *context, struct slice key, struct buf *out)
{
	struct judgements *j = context;

	return store_get(j->outlets.store, STORE_JUDGEMENTS, key, out);
}

static bool load(void *context, struct slice key, struct slice value)
{
	struct judgements *j = context;
	struct status s = joiner_load(j->joiner, key, value);

	if (FAILED(s))
		LOG(WARN, "judgements", "entry_left_out", "reason=\"%s\"", s.why);
	return true;
}

/* ------------------------------------------------------------------ life */

static void on_wake(uv_async_t *handle)
{
	take_queue(handle->data);
}

static void on_clock(uv_timer_t *handle)
{
	struct judgements *j = handle->data;

	atomic_store_explicit(&j->room, CALLS_PER_TICK, memory_order_relaxed);
	joiner_advance(j->joiner, clock_unix_ns(), false);
	save(j);
}

static struct status set_up(struct judgements *j, const struct config *config, struct buf *why)
{
	struct joiner_settings settings = {
		.max_bytes = config->judgements.max_size_bytes,
		.keep_ns = config->judgements.keep_ms * NS_PER_MS,
		.wait_ns = config->judgements.wait_ms * NS_PER_MS,
		.fetch = fetch,
		.fetch_context = j,
		.out = hand_out,
		.out_context = j,
	};

	j->joiner = joiner_new(&settings);
	if (j->joiner == NULL) {
		buf_text(why, "no memory for evaluations and feedback");
		return FAIL(NOMEM, "no memory for evaluations and feedback");
	}
	struct status s = store_scan(j->outlets.store, STORE_JUDGEMENTS, SLICE_NONE, load, j);
	if (FAILED(s))
		buf_printf(why, "cannot read the stored calls: %s", s.why);
	return s;
}

struct status judgements_new(const struct config *config, uv_loop_t *loop, const struct judgement_outlets *outlets,
			     struct judgements **out, struct buf *why)
{
	struct judgements *j = calloc(1, sizeof(*j));

	if (j == NULL)
		return FAIL(NOMEM, "no memory for evaluations and feedback");
	j->outlets = *outlets;
	j->joined = meter_get(METER_JUDGEMENTS, "result=\"joined\",reason=\"\"");
	j->repeated = meter_get(METER_JUDGEMENTS, "result=\"repeated\",reason=\"\"");
	j->calls_dropped = meter_get(METER_CALLS_FORGOTTEN, "reason=\"queue_full\"");
	j->calls_over_rate = meter_get(METER_CALLS_FORGOTTEN, "reason=\"rate\"");
	atomic_init(&j->room, CALLS_PER_TICK);
	pthread_rwlock_init(&j->door, NULL);
	chunk_queue_init(&j->queue, QUEUE_BYTES_MAX);
	uv_async_init(loop, &j->wake, on_wake);
	uv_timer_init(loop, &j->clock);
	j->open_handles = 2;
	j->wake.data = j->clock.data = j;
	struct status s = set_up(j, config, why);
	if (FAILED(s)) {
		judgements_free(j);
		return s;
	}
	uv_timer_start(&j->clock, on_clock, ADVANCE_MS, ADVANCE_MS);
	*out = j;
	return OK;
}

void judgements_drain(struct judgements *j)
{
	atomic_store(&j->is_closed, true); /* whoever comes now leaves at once */
	pthread_rwlock_wrlock(&j->door);
	pthread_rwlock_unlock(&j->door);
	uv_timer_stop(&j->clock);
	take_queue(j);
	struct status s = store_flush(j->outlets.store); /* so that the save before is not under way */
	save(j);
	s = store_flush(j->outlets.store);
	if (FAILED(s))
		not_saved(j, s);
}

static void on_closed(uv_handle_t *handle)
{
	struct judgements *j = handle->data;

	if (--j->open_handles > 0)
		return;
	chunk_queue_release(&j->queue);
	joiner_free(j->joiner);
	pthread_rwlock_destroy(&j->door);
	free(j);
}

void judgements_free(struct judgements *j)
{
	if (j == NULL)
		return;
	uv_close((uv_handle_t *)&j->wake, on_closed);
	uv_close((uv_handle_t *)&j->clock, on_closed);
}
