/* SPDX-License-Identifier: Apache-2.0
 * exporters/sender.c - the set of configured exporters: opened, offered to, drained, closed.
 */
#include <assert.h>
#include <stdlib.h>

#include "exporters/sender_priv.h"

static const char *const drop_labels[DROP_REASON_COUNT] = {
#define X(id, name) ",reason=\"" name "\"",
	DROP_MAP(X)
#undef X
};

/* For kinds that hand everything on at once: what waits for the loop's next turn. */
static const struct queue_config hand_over = { .enabled = true, .queue_size_bytes = 16u << 20, .num_consumers = 1 };
static const struct retry_config no_retry = { .enabled = false };

static const struct exporter_kind *find_kind(const char *name)
{
	for (const struct exporter_kind *const *kind = exporter_kinds; *kind != NULL; kind++)
		if (strcmp((*kind)->name, name) == 0)
			return *kind;
	return NULL;
}

bool sender_accepts(const struct sender *s, enum payload_kind kind)
{
	return (s->accepts >> kind & 1u) != 0;
}

static void register_meters(struct sender *s)
{
	struct buf labels = BUF_INIT;

	buf_printf(&labels, "exporter=\"%s\"", s->id);
	s->retries = meter_get(METER_EXPORT_RETRIES, buf_string(&labels));
	s->queue_bytes = meter_get(METER_QUEUE_BYTES, buf_string(&labels));
	meter_set(meter_get(METER_QUEUE_LIMIT, buf_string(&labels)), (int64_t)s->queue.limit_bytes);
	for (enum payload_kind kind = 0; kind < PAYLOAD_KIND_COUNT; kind++) {
		if (!sender_accepts(s, kind))
			continue;
		buf_reset(&labels);
		buf_printf(&labels, "exporter=\"%s\",kind=\"%s\"", s->id, payload_kind_names[kind]);
		s->exported[kind] = meter_get(METER_EXPORTED, buf_string(&labels));
		size_t common = labels.len;
		for (int reason = 0; reason < DROP_REASON_COUNT; reason++) {
			labels.len = common;
			buf_text(&labels, drop_labels[reason]);
			s->dropped[kind][reason] = meter_get(METER_DROPPED, buf_string(&labels));
		}
	}
	buf_release(&labels);
}

static const void *part_of(const void *options, size_t offset, const void *otherwise)
{
	return offset == SIZE_MAX ? otherwise : (const char *)options + offset;
}

static void add_flights(struct sender *s, int64_t wanted)
{
	s->flight_count = wanted < 1 ? 1 : wanted > FLIGHTS_MAX ? FLIGHTS_MAX : (unsigned)wanted;
	for (unsigned i = 0; i < s->flight_count; i++) {
		s->flights[i].sender = s;
		uv_timer_init(s->all->loop, &s->flights[i].timer);
		s->flights[i].timer.data = &s->flights[i];
		s->all->open_handles++;
	}
}

bool sender_take(struct sender *s, struct payload *p, const struct spool_entry *entry)
{
	meter_add(s->queue_bytes, (int64_t)p->size_bytes);
	struct status status = send_queue_push(&s->queue, p, s->queue.spool != NULL ? entry : NULL);
	if (FAILED(status)) {
		meter_add(s->queue_bytes, -(int64_t)p->size_bytes);
		if (status.code == STATUS_UNAVAILABLE && entry != NULL && s->queue.spool != NULL)
			return false; /* on the disk it waits for the next run */
		sender_drop(s, p->kind, p->items, status.code == STATUS_UNAVAILABLE ? DROP_SHUTDOWN : DROP_QUEUE_FULL,
			    status.why);
		return false;
	}
	return true;
}

/* A payload that the exporter made itself. */
static void offer_own(void *own_queue, struct payload *p)
{
	struct sender *s = own_queue;

	if (p->size_bytes > 0 && sender_take(s, p, NULL))
		uv_async_send(&s->all->wake);
}

static void lower(uint64_t *limit, uint64_t peers)
{
	if (peers > 0 && (*limit == 0 || peers < *limit))
		*limit = peers;
}

static void add_queue(struct sender *s, const struct queue_config *queue, const void *options)
{
	struct payload_limits peers = { 0 };

	s->limits = (struct payload_limits){ queue->max_batch_bytes, (uint64_t)queue->max_batch_items,
					     queue->max_attribute_bytes };
	if (s->kind->limits != NULL)
		s->kind->limits(options, &peers);
	lower(&s->limits.max_bytes, peers.max_bytes);
	lower(&s->limits.max_items, peers.max_items);
	lower(&s->limits.max_attribute_bytes, peers.max_attribute_bytes);
	send_queue_init(&s->queue, queue->queue_size_bytes, queue->enabled ? UINT64_MAX : s->flight_count);
	s->queue.takes_pieces = s->kind->takes_pieces;
	s->queue.min_bytes = queue->min_batch_bytes;
	s->queue.flush_ms = queue->flush_timeout_ms;
	s->max_age_ms = queue->max_age_ms;
	s->holds_senders_back = queue->block_on_overflow == OVERFLOW_BY_STORAGE ?
					queue->storage == QUEUE_IN_LMDB :
					queue->block_on_overflow == OVERFLOW_BLOCKS;
	s->queue.asks_first = s->holds_senders_back;
	uv_timer_init(s->all->loop, &s->flush_timer);
	s->flush_timer.data = s;
	s->all->open_handles++;
}

static struct status open_one(struct senders *all, const struct config_instance *config, struct exporter_env *env,
			      struct buf *why)
{
	struct sender *s = &all->list[all->count];
	const struct queue_config *queue;

	s->all = all;
	s->id = config->id;
	s->kind = find_kind(config->kind);
	if (s->kind == NULL) {
		buf_printf(why, "exporters.%s: there is no exporter of kind '%s'", config->id, config->kind);
		return FAIL(NOTFOUND, "no exporter of this kind");
	}
	s->accepts = s->kind->accepts;
	if (s->kind->wants != NULL)
		s->accepts &= s->kind->wants(config->options);
	struct exporter_env own = *env;
	own.offer = offer_own;
	own.own_queue = s;
	TRY(s->kind->open(config->id, config->options, &own, &s->state, why));
	queue = part_of(config->options, s->kind->queue_offset, &hand_over);
	s->retry = part_of(config->options, s->kind->retry_offset, &no_retry);
	add_flights(s, queue->num_consumers);
	add_queue(s, queue, config->options);
	register_meters(s);
	all->accepted |= s->accepts;
	all->count++;
	return OK;
}

static void on_wake(uv_async_t *wake)
{
	struct senders *all = wake->data;

	for (size_t i = 0; i < all->count; i++)
		sender_pump(&all->list[i]);
}

static struct senders *senders_new(size_t room, uv_loop_t *loop)
{
	struct senders *all = calloc(1, sizeof(*all) + room * sizeof(all->list[0]));

	if (all == NULL)
		return NULL;
	if (uv_async_init(loop, &all->wake, on_wake) != 0) {
		free(all);
		return NULL;
	}
	uv_timer_init(loop, &all->drain_timer);
	all->loop = loop;
	all->wake.data = all;
	all->drain_timer.data = all;
	all->open_handles = 2;
	return all;
}

/* ------------------------------------------------------------------ queues on the disk */

#define DISK_SPARE_BYTES (UINT64_C(64) << 20)

static const struct queue_config *queue_config_of(const struct config_instance *config)
{
	const struct exporter_kind *kind = find_kind(config->kind);

	return kind != NULL ? part_of(config->options, kind->queue_offset, &hand_over) : &hand_over;
}

/* Room for all queues full, and for what LMDB needs besides. */
static uint64_t disk_bytes(const struct config *config)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < config->exporter_count; i++) {
		const struct queue_config *queue = queue_config_of(&config->exporters[i]);
		if (queue->storage == QUEUE_IN_LMDB)
			bytes += queue->queue_size_bytes + queue->queue_size_bytes / 2;
	}
	return bytes > 0 ? bytes + DISK_SPARE_BYTES : 0;
}

static struct status open_disk(struct senders *all, const struct config *config, const struct exporter_env *env,
			       struct buf *why)
{
	uint64_t bytes = disk_bytes(config);

	if (bytes == 0)
		return OK;
	if (env->queue_directory == NULL) {
		buf_printf(why, "sending_queue.storage: lmdb needs a storage directory");
		return FAIL(INVALID, "no directory for queues on the disk");
	}
	return spool_open(env->queue_directory, bytes, &all->spool, why);
}

static struct status join_disk(struct sender *s, const struct config_instance *config)
{
	if (queue_config_of(config)->storage != QUEUE_IN_LMDB)
		return OK;
	s->queue.spool = s->all->spool;
	return spool_add_reader(s->all->spool, s->id, s->accepts, (unsigned)(s - s->all->list), &s->queue.reader);
}

static void load_one(void *context, unsigned reader, const struct spool_entry *e)
{
	struct senders *all = context;

	for (size_t i = 0; i < all->count; i++) {
		struct sender *s = &all->list[i];
		if (s->queue.spool == NULL || s->queue.reader != reader)
			continue;
		if (FAILED(send_queue_load(&s->queue, e)))
			sender_drop(s, e->kind, e->items, DROP_NO_MEMORY, "no memory for the queue");
		else
			meter_add(s->queue_bytes, (int64_t)e->size_bytes);
	}
}

static struct status load_disk(struct senders *all, struct buf *why)
{
	struct status status = all->spool != NULL ? spool_load(all->spool, load_one, all) : OK;

	if (FAILED(status))
		buf_printf(why, "cannot read the queues on the disk: %s", status.why);
	else
		uv_async_send(&all->wake);
	return status;
}

static struct status open_all(struct senders *all, const struct config *config, struct exporter_env *env,
			      struct buf *why)
{
	TRY(open_disk(all, config, env, why));
	for (size_t i = 0; i < config->exporter_count; i++) {
		TRY(open_one(all, &config->exporters[i], env, why));
		struct status status = join_disk(&all->list[i], &config->exporters[i]);
		if (FAILED(status)) {
			buf_printf(why, "exporters.%s: %s", config->exporters[i].id, status.why);
			return status;
		}
	}
	return load_disk(all, why);
}

struct status senders_open(const struct config *config, struct exporter_env *env, struct senders **out, struct buf *why)
{
	struct senders *all = senders_new(config->exporter_count, env->loop);

	if (all == NULL)
		return FAIL(NOMEM, "no memory for the exporters");
	struct status status = open_all(all, config, env, why);
	if (FAILED(status)) {
		senders_free(all);
		return status;
	}
	*out = all;
	return OK;
}

uint64_t senders_accepting(const struct senders *s, enum payload_kind kind)
{
	uint64_t accepting = 0;

	for (size_t i = 0; i < s->count && i < 64; i++)
		accepting |= (uint64_t)sender_accepts(&s->list[i], kind) << i;
	return accepting;
}

bool senders_want(const struct senders *s, enum payload_kind kind)
{
	return (s->accepted >> kind & 1u) != 0;
}

/* In memory; NULL: nothing waits. */
static struct sender *fullest(struct senders *all)
{
	struct sender *found = NULL;
	uint64_t most = 0;

	for (size_t i = 0; i < all->count; i++) {
		struct sender *s = &all->list[i];
		uint64_t bytes = s->queue.spool == NULL ? send_queue_waiting_bytes(&s->queue) : 0;
		if (bytes > most) {
			found = s;
			most = bytes;
		}
	}
	return found;
}

uint64_t senders_shed(struct senders *all, uint64_t bytes)
{
	struct sender *s;
	uint64_t gone = 0, one;

	while (gone < bytes && (s = fullest(all)) != NULL && (one = sender_shed(s)) > 0)
		gone += one;
	return gone;
}

struct status senders_visit_aside(struct senders *s, spool_aside_visit visit, void *context)
{
	return s->spool != NULL ? spool_visit_aside(s->spool, visit, context) : OK;
}

static void on_drained(uv_timer_t *timer)
{
	struct senders *all = timer->data;

	all->drained(all->drained_context);
}

void senders_check_drained(struct senders *all)
{
	if (all->drain == DRAIN_NONE || all->drain == DRAIN_ENDED)
		return;
	for (size_t i = 0; i < all->count; i++)
		if (!sender_is_idle(&all->list[i]))
			return;
	all->drain = DRAIN_ENDED;
	uv_timer_start(&all->drain_timer, on_drained, 0, 0);
}

static void on_drain_deadline(uv_timer_t *timer)
{
	struct senders *all = timer->data;

	all->drain = DRAIN_DROPPING;
	for (size_t i = 0; i < all->count; i++)
		sender_abandon(&all->list[i]);
	senders_check_drained(all);
}

void senders_drain(struct senders *s, uint64_t deadline_ms, void (*done)(void *context), void *context)
{
	assert(s->drain == DRAIN_NONE);
	for (size_t i = 0; i < s->count; i++) /* all of them before the first check whether all are idle */
		if (s->list[i].kind->flush != NULL)
			s->list[i].kind->flush(s->list[i].state);
	s->drain = DRAIN_SENDING;
	s->drained = done;
	s->drained_context = context;
	uv_update_time(s->loop);
	uv_timer_start(&s->drain_timer, on_drain_deadline, deadline_ms, 0);
	for (size_t i = 0; i < s->count; i++) {
		send_queue_close(&s->list[i].queue);
		sender_hurry(&s->list[i]);
		sender_pump(&s->list[i]);
	}
	senders_check_drained(s);
}

static void let_go(struct senders *all)
{
	if (--all->open_handles == 0)
		free(all);
}

static void on_own_handle_closed(uv_handle_t *handle)
{
	let_go(handle->data);
}

static void on_flush_timer_closed(uv_handle_t *handle)
{
	const struct sender *s = handle->data;

	let_go(s->all);
}

static void on_flight_timer_closed(uv_handle_t *handle)
{
	const struct flight *f = handle->data;

	let_go(f->sender->all);
}

void senders_free(struct senders *s)
{
	if (s == NULL)
		return;
	spool_close(s->spool); /* first: what it still commits is offered to the queues, which refuse it */
	for (size_t i = 0; i < s->count; i++) {
		struct sender *sender = &s->list[i];
		sender->kind->close(sender->state);
		send_queue_release(&sender->queue);
		for (unsigned n = 0; n < sender->flight_count; n++)
			uv_close((uv_handle_t *)&sender->flights[n].timer, on_flight_timer_closed);
		uv_close((uv_handle_t *)&sender->flush_timer, on_flush_timer_closed);
	}
	uv_close((uv_handle_t *)&s->wake, on_own_handle_closed);
	uv_close((uv_handle_t *)&s->drain_timer, on_own_handle_closed);
}
