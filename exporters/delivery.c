/* SPDX-License-Identifier: Apache-2.0
 * exporters/delivery.c - the life of a payload behind the queue: attempt, back off, again; delivered or dropped,
 * counted.
 */
#include <stdio.h>

#include "agent/base/clock.h"
#include "agent/base/log.h"
#include "exporters/sender_priv.h"

static const char *const drop_names[DROP_REASON_COUNT] = {
#define X(id, name) name,
	DROP_MAP(X)
#undef X
};

void sender_drop(struct sender *s, enum payload_kind kind, uint64_t items, enum drop_reason reason, const char *detail)
{
	meter_add(s->dropped[kind][reason], (int64_t)items);
	LOG(WARN, "exporters", "payload_dropped", "exporter=%s kind=%s items=%llu reason=%s detail=\"%s\"", s->id,
	    payload_kind_names[kind], (unsigned long long)items, drop_names[reason], detail);
}

#define LABEL_BYTES_MAX 40

/* The reason's first word, made fit for a label. */
static void count_failure(const struct sender *s, const char *reason)
{
	size_t n = strspn(reason, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
	struct slice word = n > 0 ? (struct slice){ reason, n } : SLICE("other");
	char labels[256];

	snprintf(labels, sizeof(labels), "exporter=\"%s\",reason=\"%.*s\"", s->id,
		 SLICE_ARG(slice_head(word, LABEL_BYTES_MAX)));
	meter_add(meter_get(METER_EXPORT_FAILURES, labels), 1);
}

/* A peer's words may hold quotes, which would end the log's value early. */
static void unquote(char *text)
{
	for (; *text != '\0'; text++)
		if (*text == '"')
			*text = '\'';
}

static void land(struct flight *f)
{
	struct sender *s = f->sender;

	meter_add(s->queue_bytes, -(int64_t)f->item.payload->size_bytes);
	send_queue_done(&s->queue, &f->item);
	f->state = FLIGHT_IDLE;
}

static void land_dropped(struct flight *f, enum drop_reason reason, const char *detail)
{
	sender_drop(f->sender, f->item.payload->kind, f->item.payload->items, reason, detail);
	land(f);
}

static void land_delivered(struct flight *f, const struct delivery *d, const char *reason)
{
	const struct payload *p = f->item.payload;
	uint64_t rejected = d->rejected_items < p->items ? d->rejected_items : p->items;

	meter_add(f->sender->exported[p->kind], (int64_t)(p->items - rejected));
	if (rejected > 0)
		sender_drop(f->sender, p->kind, rejected, DROP_REJECTED, reason);
	else if (reason[0] != '\0')
		LOG(WARN, "exporters", "peer_warns", "exporter=%s kind=%s detail=\"%s\"", f->sender->id,
		    payload_kind_names[p->kind], reason);
	land(f);
}

static void start_attempt(struct flight *f);

static void on_retry_time(uv_timer_t *timer)
{
	struct flight *f = timer->data;

	meter_add(f->sender->retries, 1);
	start_attempt(f);
}

static void back_off(struct flight *f, const struct delivery *d, const char *reason)
{
	struct sender *s = f->sender;
	uint64_t wait_ms;

	if (s->all->drain == DRAIN_DROPPING) {
		land_dropped(f, DROP_SHUTDOWN, reason);
		return;
	}
	if (!backoff_next(&f->backoff, s->retry, clock_mono_ns() / NS_PER_MS, d->retry_after_ms, &wait_ms)) {
		land_dropped(f, DROP_GAVE_UP, reason);
		return;
	}
	LOG(WARN, "exporters", "export_failed", "exporter=%s kind=%s items=%u retry_in_ms=%llu reason=\"%s\"", s->id,
	    payload_kind_names[f->item.payload->kind], f->item.payload->items, (unsigned long long)wait_ms, reason);
	f->state = FLIGHT_BACKING_OFF;
	uv_update_time(s->all->loop);
	uv_timer_start(&f->timer, on_retry_time, wait_ms, 0);
}

static void on_delivery(void *context, const struct delivery *d)
{
	struct flight *f = context;
	char reason[sizeof(d->reason)];

	snprintf(reason, sizeof(reason), "%s", d->reason);
	unquote(reason);
	if (d->result != DELIVERY_DONE)
		count_failure(f->sender, reason);
	switch (d->result) {
	case DELIVERY_DONE:
		land_delivered(f, d, reason);
		break;
	case DELIVERY_RETRY:
		back_off(f, d, reason);
		break;
	case DELIVERY_TOO_BIG:
		land_dropped(f, DROP_TOO_BIG, reason);
		break;
	case DELIVERY_REFUSED:
		land_dropped(f, DROP_REFUSED, reason);
		break;
	}
	sender_pump(f->sender);
}

static void start_attempt(struct flight *f)
{
	f->state = FLIGHT_RUNNING;
	f->sender->kind->send(f->sender->state, f->item.payload, on_delivery, f);
}

/* A place for the next attempt, or NULL. */
static struct flight *free_flight(struct sender *s)
{
	struct flight *found = NULL;

	for (unsigned i = 0; i < s->flight_count; i++) {
		if (s->flights[i].state == FLIGHT_BACKING_OFF)
			return NULL;
		if (s->flights[i].state == FLIGHT_IDLE && found == NULL)
			found = &s->flights[i];
	}
	return found;
}

/* An exporter may answer inside send, which pumps again: is_pumping turns that recursion into this loop. */
void sender_pump(struct sender *s)
{
	struct flight *f;

	if (s->is_pumping)
		return;
	s->is_pumping = true;
	while ((f = free_flight(s)) != NULL && send_queue_take(&s->queue, s->max_batch_bytes, &f->item)) {
		f->backoff = (struct backoff){ 0 };
		start_attempt(f);
	}
	s->is_pumping = false;
	senders_check_drained(s->all);
}

void sender_hurry(struct sender *s)
{
	for (unsigned i = 0; i < s->flight_count; i++)
		if (s->flights[i].state == FLIGHT_BACKING_OFF)
			uv_timer_start(&s->flights[i].timer, on_retry_time, 0, 0);
}

void sender_abandon(struct sender *s)
{
	struct queue_item item;

	while (send_queue_take(&s->queue, 0, &item)) {
		sender_drop(s, item.payload->kind, item.payload->items, DROP_SHUTDOWN, "not sent before the deadline");
		meter_add(s->queue_bytes, -(int64_t)item.payload->size_bytes);
		send_queue_done(&s->queue, &item);
	}
	for (unsigned i = 0; i < s->flight_count; i++) {
		if (s->flights[i].state != FLIGHT_BACKING_OFF)
			continue;
		uv_timer_stop(&s->flights[i].timer);
		land_dropped(&s->flights[i], DROP_SHUTDOWN, "backing off at the deadline");
	}
	if (s->kind->cancel != NULL)
		s->kind->cancel(s->state);
}

bool sender_is_idle(struct sender *s)
{
	for (unsigned i = 0; i < s->flight_count; i++)
		if (s->flights[i].state != FLIGHT_IDLE)
			return false;
	pthread_mutex_lock(&s->queue.lock);
	bool is_empty = s->queue.held_payloads == 0;
	pthread_mutex_unlock(&s->queue.lock);
	return is_empty;
}
