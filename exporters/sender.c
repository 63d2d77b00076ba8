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

static bool accepts(const struct sender *s, enum payload_kind kind)
{
	return (s->kind->accepts >> kind & 1u) != 0;
}

static void register_meters(struct sender *s)
{
	struct buf labels = BUF_INIT;

	buf_printf(&labels, "exporter=\"%s\"", s->id);
	s->retries = meter_get(METER_EXPORT_RETRIES, buf_string(&labels));
	s->queue_bytes = meter_get(METER_QUEUE_BYTES, buf_string(&labels));
	meter_set(meter_get(METER_QUEUE_LIMIT, buf_string(&labels)), (int64_t)s->queue.limit_bytes);
	for (enum payload_kind kind = 0; kind < PAYLOAD_KIND_COUNT; kind++) {
		if (!accepts(s, kind))
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

static const void *part_of(const void *options, size_t offset, const void *otherwise)
{
	return offset == SIZE_MAX ? otherwise : (const char *)options + offset;
}

static bool offer_one(struct sender *s, struct payload *p)
{
	meter_add(s->queue_bytes, (int64_t)p->size_bytes);
	struct status status = send_queue_push(&s->queue, p);
	if (FAILED(status)) {
		meter_add(s->queue_bytes, -(int64_t)p->size_bytes);
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

	if (p->size_bytes > 0 && offer_one(s, p))
		uv_async_send(&s->all->wake);
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
	struct exporter_env own = *env;
	own.offer = offer_own;
	own.own_queue = s;
	TRY(s->kind->open(config->id, config->options, &own, &s->state, why));
	queue = part_of(config->options, s->kind->queue_offset, &hand_over);
	s->retry = part_of(config->options, s->kind->retry_offset, &no_retry);
	s->max_batch_bytes = queue->max_batch_bytes;
	add_flights(s, queue->num_consumers);
	send_queue_init(&s->queue, queue->queue_size_bytes, queue->enabled ? UINT64_MAX : s->flight_count);
	register_meters(s);
	all->accepted |= s->kind->accepts;
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

struct status senders_open(const struct config *config, struct exporter_env *env, struct senders **out, struct buf *why)
{
	struct senders *all = senders_new(config->exporter_count, env->loop);

	if (all == NULL)
		return FAIL(NOMEM, "no memory for the exporters");
	for (size_t i = 0; i < config->exporter_count; i++) {
		struct status status = open_one(all, &config->exporters[i], env, why);
		if (FAILED(status)) {
			senders_free(all);
			return status;
		}
	}
	*out = all;
	return OK;
}

bool senders_want(const struct senders *s, enum payload_kind kind)
{
	return (s->accepted >> kind & 1u) != 0;
}

void senders_offer(struct senders *s, struct payload *p)
{
	bool is_taken = false;

	if (p->size_bytes == 0)
		return;
	for (size_t i = 0; i < s->count; i++)
		if (accepts(&s->list[i], p->kind))
			is_taken |= offer_one(&s->list[i], p);
	if (is_taken)
		uv_async_send(&s->wake);
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

static void on_flight_timer_closed(uv_handle_t *handle)
{
	const struct flight *f = handle->data;

	let_go(f->sender->all);
}

void senders_free(struct senders *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->count; i++) {
		struct sender *sender = &s->list[i];
		sender->kind->close(sender->state);
		send_queue_release(&sender->queue);
		for (unsigned n = 0; n < sender->flight_count; n++)
			uv_close((uv_handle_t *)&sender->flights[n].timer, on_flight_timer_closed);
	}
	uv_close((uv_handle_t *)&s->wake, on_own_handle_closed);
	uv_close((uv_handle_t *)&s->drain_timer, on_own_handle_closed);
}
