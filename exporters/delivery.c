/* SPDX-License-Identifier: Apache-2.0
 * exporters/delivery.c - the life of a payload behind the queue: attempt, back off, again; delivered or dropped,
 * counted.
 */
#include <stdio.h>

#include "agent/base/clock.h"
#include "agent/base/log.h"
#include "exporters/advice.h"
#include "exporters/sender_priv.h"
#include "exporters/shorten.h"
#include "exporters/split.h"

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

#define LABEL_BYTES_MAX   40
#define LEARNED_BYTES_MIN (64u << 10)

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

/* ------------------------------------------------------------------ the end of an item */

static void release_parts(struct flight *f)
{
	while (f->part_count > 0)
		payload_unref(f->parts[--f->part_count].payload);
	payload_unref(f->sending);
	f->sending = NULL;
}

static void land(struct flight *f)
{
	struct sender *s = f->sender;

	release_parts(f);
	meter_add(s->queue_bytes, -(int64_t)f->item.held_bytes);
	send_queue_done(&s->queue, &f->item);
	f->state = FLIGHT_IDLE;
}

static uint64_t items_of(const struct part *part)
{
	return part->to == 0 ? part->payload->items : payload_items(part->payload, part->from, part->to);
}

/* Of the part that is being sent and of those behind it. */
static uint64_t items_left(const struct flight *f)
{
	uint64_t items = f->sending->items;

	for (unsigned i = 0; i < f->part_count; i++)
		items += items_of(&f->parts[i]);
	return items;
}

/* On the disk it waits for the next run; in memory this is its end. */
static void land_unsent(struct flight *f, const char *detail)
{
	struct sender *s = f->sender;

	if (f->item.first_seq == 0) {
		sender_drop(s, f->item.kind, items_left(f), DROP_SHUTDOWN, detail);
		land(f);
		return;
	}
	release_parts(f);
	meter_add(s->queue_bytes, -(int64_t)f->item.held_bytes);
	send_queue_keep(&s->queue, &f->item);
	f->state = FLIGHT_IDLE;
}

/* ------------------------------------------------------------------ parts */

static void push_part(struct flight *f, struct payload *p, uint32_t from, uint32_t to)
{
	f->parts[f->part_count++] = (struct part){ payload_ref(p), from, to };
}

static bool fits(const struct payload *p, const struct payload_limits *limits)
{
	return (limits->max_bytes == 0 || p->size_bytes <= limits->max_bytes) &&
	       (limits->max_items == 0 || p->items <= limits->max_items);
}

/* Who reads the bytes wants them in one piece. False without memory. */
static bool make_flat(struct flight *f)
{
	struct payload *flat = payload_flat(f->sending);

	if (flat == NULL)
		return false;
	payload_unref(f->sending);
	f->sending = flat;
	return true;
}

/* As much of the part as one request may hold (what was joined fits), to which the part shrinks; what is left becomes the
 * next part. NULL without memory. */
static struct payload *cut_off(struct flight *f, struct part *part)
{
	const struct payload_limits *limits = &f->sender->limits;

	if (part->to == 0 && (fits(part->payload, limits) || (part->to = payload_leaves(part->payload)) < 2))
		return payload_ref(part->payload);
	uint32_t end = payload_fit(part->payload, part->from, part->to, limits);
	if (end < part->to)
		push_part(f, part->payload, end, part->to);
	part->to = end;
	return payload_extract(part->payload, part->from, end);
}

static void shorten_values(struct flight *f)
{
	uint64_t longest = f->sender->limits.max_attribute_bytes;
	struct payload *shorter;

	if (longest == 0 || f->sending->size_bytes <= longest || !make_flat(f) || payload_longest_value(f->sending) <= longest)
		return;
	shorter = payload_shorten(f->sending, longest);
	if (shorter == NULL)
		return;
	payload_unref(f->sending);
	f->sending = shorter;
}

/* Makes the next part ready, or lands. */
static void go_on(struct flight *f)
{
	payload_unref(f->sending);
	f->sending = NULL;
	while (f->sending == NULL && f->part_count > 0) {
		struct part part = f->parts[--f->part_count];
		f->sending = cut_off(f, &part);
		if (f->sending == NULL)
			sender_drop(f->sender, f->item.kind, items_of(&part), DROP_NO_MEMORY, "no memory to split");
		payload_unref(part.payload);
	}
	if (f->sending == NULL) {
		land(f);
		return;
	}
	shorten_values(f);
	f->backoff = (struct backoff){ 0 };
	f->state = FLIGHT_READY;
}

static void drop_part(struct flight *f, enum drop_reason reason, const char *detail)
{
	sender_drop(f->sender, f->item.kind, f->sending->items, reason, detail);
	go_on(f);
}

/* The peer's limit is lower than ours: from now on requests are built below it. */
static void learn_limit(struct sender *s, const struct payload *refused)
{
	uint64_t half = refused->size_bytes / 2;

	if (half < LEARNED_BYTES_MIN || half >= s->limits.max_bytes)
		return;
	s->limits.max_bytes = half;
	LOG(WARN, "exporters", "limit_learned", "exporter=%s refused_bytes=%zu max_size=%llu", s->id,
	    refused->size_bytes, (unsigned long long)half);
}

/* What one span holds too much of is its text. NULL: there is nothing left to shorten. */
static struct payload *shorten_to_half(const struct payload *p)
{
	size_t longest = payload_longest_value(p) / 2;
	struct payload *shorter = NULL;

	while (longest >= SHORTEN_MIN_BYTES && (shorter == NULL || shorter->size_bytes > p->size_bytes / 2)) {
		payload_unref(shorter);
		shorter = payload_shorten(p, longest);
		if (shorter == NULL)
			return NULL;
		longest /= 2;
	}
	return shorter;
}

/* Halves what was refused for its size: by spans, and a single one by its longest values. */
static void make_smaller(struct flight *f, const char *reason)
{
	uint32_t leaves = payload_leaves(f->sending);
	struct payload_limits half = { .max_bytes = f->sending->size_bytes / 2 };

	if (leaves > 1 && f->part_count + 2 <= PARTS_MAX) {
		uint32_t middle = payload_fit(f->sending, 0, leaves, &half);
		learn_limit(f->sender, f->sending);
		if (middle == leaves)
			middle--;
		push_part(f, f->sending, middle, leaves);
		push_part(f, f->sending, 0, middle);
		go_on(f);
		return;
	}
	struct payload *shorter = leaves == 1 ? shorten_to_half(f->sending) : NULL;
	if (shorter == NULL) {
		drop_part(f, DROP_TOO_BIG, reason);
		return;
	}
	LOG(WARN, "exporters", "span_shortened", "exporter=%s kind=%s bytes=%zu was_bytes=%zu", f->sender->id,
	    payload_kind_names[f->item.kind], shorter->size_bytes, f->sending->size_bytes);
	payload_unref(f->sending);
	f->sending = shorter;
	f->state = FLIGHT_READY;
}

/* ------------------------------------------------------------------ outcomes */

static void part_delivered(struct flight *f, const struct delivery *d, const char *reason)
{
	const struct payload *p = f->sending;
	uint64_t rejected = d->rejected_items < p->items ? d->rejected_items : p->items;

	f->sender->delivers = true;
	meter_add(f->sender->exported[p->kind], (int64_t)(p->items - rejected));
	if (rejected > 0)
		sender_drop(f->sender, p->kind, rejected, DROP_REJECTED, reason);
	else if (reason[0] != '\0')
		LOG(WARN, "exporters", "peer_warns", "exporter=%s kind=%s detail=\"%s\"", f->sender->id,
		    payload_kind_names[p->kind], reason);
	go_on(f);
}

/* One bad span must not take with it what happened to travel beside it: halves are sent, until what is refused is as
 * small as can be. Not where the peer takes nothing at all, which is about us and not about a span. */
static bool search(struct flight *f)
{
	uint32_t leaves = f->searches_left > 0 ? payload_leaves(f->sending) : 0;

	if (leaves < 2 || f->part_count + 2 > PARTS_MAX)
		return false;
	f->searches_left--;
	push_part(f, f->sending, leaves / 2, leaves);
	push_part(f, f->sending, 0, leaves / 2);
	go_on(f);
	return true;
}

static void part_refused(struct flight *f, const char *reason)
{
	struct sender *s = f->sender;

	if (search(f))
		return;
	s->delivers = false;
	if (s->queue.spool != NULL)
		spool_set_aside(s->queue.spool, f->sending, s->id, reason);
	drop_part(f, DROP_REFUSED, reason);
}

static void on_retry_time(uv_timer_t *timer)
{
	struct flight *f = timer->data;

	meter_add(f->sender->retries, 1);
	f->state = FLIGHT_READY;
	sender_pump(f->sender);
}

static bool is_expired(const struct sender *s, uint64_t created_unix_ms)
{
	return s->max_age_ms > 0 && clock_unix_ns() / NS_PER_MS > created_unix_ms + s->max_age_ms;
}

static void abandon_waiting(struct sender *s);

static void back_off(struct flight *f, const struct delivery *d, const char *reason)
{
	struct sender *s = f->sender;
	enum payload_kind kind = f->item.kind;
	uint64_t wait_ms;

	if (s->all->drain == DRAIN_DROPPING || (s->all->drain != DRAIN_NONE && f->item.first_seq > 0)) {
		land_unsent(f, reason);
		if (s->all->drain == DRAIN_SENDING) /* nor would what waits behind it get through before the end */
			abandon_waiting(s);
		return;
	}
	if (is_expired(s, f->item.created_unix_ms)) {
		drop_part(f, DROP_EXPIRED, reason);
		return;
	}
	if (!backoff_next(&f->backoff, s->retry, clock_mono_ns() / NS_PER_MS, d->retry_after_ms, &wait_ms)) {
		drop_part(f, DROP_GAVE_UP, reason);
		return;
	}
	const char *advice = advice_for(reason);
	LOG(WARN, "exporters", "export_failed", "exporter=%s kind=%s items=%u retry_in_ms=%llu reason=\"%s\"%s%s%s",
	    s->id, payload_kind_names[kind], f->sending->items, (unsigned long long)wait_ms, reason,
	    advice[0] != '\0' ? " advice=\"" : "", advice, advice[0] != '\0' ? "\"" : "");
	f->state = FLIGHT_BACKING_OFF;
	uv_update_time(s->all->loop);
	uv_timer_start(&f->timer, on_retry_time, wait_ms, 0);
}

static void on_delivery(void *context, const struct delivery *d)
{
	struct flight *f = context;
	struct sender *s = f->sender;
	char reason[sizeof(d->reason)];

	snprintf(reason, sizeof(reason), "%s", d->reason);
	unquote(reason);
	if (d->result != DELIVERY_DONE)
		count_failure(s, reason);
	if ((d->result == DELIVERY_TOO_BIG || d->result == DELIVERY_REFUSED) && !make_flat(f)) {
		drop_part(f, DROP_NO_MEMORY, "no memory to split");
		sender_pump(s);
		return;
	}
	switch (d->result) {
	case DELIVERY_DONE:
		part_delivered(f, d, reason);
		break;
	case DELIVERY_RETRY:
		back_off(f, d, reason);
		break;
	case DELIVERY_TOO_BIG:
		make_smaller(f, reason);
		break;
	case DELIVERY_REFUSED:
		part_refused(f, reason);
		break;
	}
	sender_pump(s);
}

static void start_attempt(struct flight *f)
{
	f->state = FLIGHT_RUNNING;
	f->sender->kind->send(f->sender->state, f->sending, on_delivery, f);
}

/* ------------------------------------------------------------------ from the queue */

static bool start_ready(struct sender *s)
{
	bool found = false;

	for (unsigned i = 0; i < s->flight_count; i++)
		if (s->flights[i].state == FLIGHT_READY) {
			start_attempt(&s->flights[i]);
			found = true;
		}
	return found;
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

static void drop_expired(struct sender *s)
{
	uint64_t now_ms = clock_unix_ns() / NS_PER_MS, items;
	struct queue_item item;

	if (s->max_age_ms == 0)
		return;
	while (send_queue_take_older(&s->queue, now_ms - s->max_age_ms, &item, &items)) {
		sender_drop(s, item.kind, items, DROP_EXPIRED, "waited for longer than sending_queue.max_age");
		meter_add(s->queue_bytes, -(int64_t)item.held_bytes);
		send_queue_done(&s->queue, &item);
	}
}

uint64_t sender_shed(struct sender *s)
{
	struct queue_item item;
	uint64_t items, bytes;

	if (!send_queue_take_older(&s->queue, UINT64_MAX, &item, &items))
		return 0;
	bytes = item.held_bytes;
	sender_drop(s, item.kind, items, DROP_MEMORY, "the process is above limits.memory");
	meter_add(s->queue_bytes, -(int64_t)bytes);
	send_queue_done(&s->queue, &item);
	return bytes;
}

static void take_off(struct flight *f)
{
	if (f->item.damaged_items > 0)
		sender_drop(f->sender, f->item.kind, f->item.damaged_items, DROP_DAMAGED, "cannot be read back");
	if (f->item.payload != NULL)
		push_part(f, f->item.payload, 0, 0);
	f->searches_left = f->sender->delivers ? SEARCHES_MAX : 0;
	go_on(f);
}

static void on_flush_time(uv_timer_t *timer)
{
	sender_pump(timer->data);
}

/* An exporter may answer inside send, which pumps again: is_pumping turns that recursion into this loop. */
void sender_pump(struct sender *s)
{
	struct flight *f;
	uint64_t wait_ms = 0;

	if (s->is_pumping)
		return;
	s->is_pumping = true;
	send_queue_tell(&s->queue);
	drop_expired(s);
	do {
		while ((f = free_flight(s)) != NULL &&
		       send_queue_take(&s->queue, &s->limits, clock_unix_ns() / NS_PER_MS, &f->item, &wait_ms))
			take_off(f);
	} while (start_ready(s));
	if (wait_ms > 0) {
		uv_update_time(s->all->loop);
		uv_timer_start(&s->flush_timer, on_flush_time, wait_ms, 0);
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

static void abandon_waiting(struct sender *s)
{
	struct queue_item item;
	uint64_t items;

	while (send_queue_take_older(&s->queue, UINT64_MAX, &item, &items)) {
		meter_add(s->queue_bytes, -(int64_t)item.held_bytes);
		if (item.first_seq > 0) {
			send_queue_keep(&s->queue, &item);
			continue;
		}
		sender_drop(s, item.kind, items, DROP_SHUTDOWN, "not sent before the deadline");
		send_queue_done(&s->queue, &item);
	}
}

void sender_abandon(struct sender *s)
{
	abandon_waiting(s);
	for (unsigned i = 0; i < s->flight_count; i++) {
		if (s->flights[i].state != FLIGHT_BACKING_OFF)
			continue;
		uv_timer_stop(&s->flights[i].timer);
		land_unsent(&s->flights[i], "backing off at the deadline");
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
