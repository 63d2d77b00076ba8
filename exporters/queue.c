/* SPDX-License-Identifier: Apache-2.0
 * exporters/queue.c - one list a payload kind behind one lock; reading back and joining happen outside of it.
 */
#include "exporters/queue.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "agent/base/clock.h"

#define CACHED_BYTES_MAX (INT64_C(16) << 20) /* payloads on the disk that are kept in memory too; all queues together */
#define DISK_NODES_MAX   200000              /* each is 64 bytes of memory, whatever the size of its payload */

struct queue_node {
	struct queue_node *next;
	uint64_t number;
	struct payload *payload; /* NULL: on the disk alone */
	struct spool_entry entry;
};

static _Atomic int64_t cached_bytes;

void send_queue_init(struct send_queue *q, uint64_t limit_bytes, uint64_t limit_payloads)
{
	*q = (struct send_queue){ .limit_bytes = limit_bytes, .limit_payloads = limit_payloads };
	pthread_mutex_init(&q->lock, NULL);
	for (int kind = 0; kind < PAYLOAD_KIND_COUNT; kind++)
		q->waiting[kind].last = &q->waiting[kind].first;
}

/* ------------------------------------------------------------------ nodes */

static void node_cache(struct queue_node *node, struct payload *p)
{
	if (node->entry.seq != 0 &&
	    atomic_fetch_add(&cached_bytes, (int64_t)p->size_bytes) + (int64_t)p->size_bytes > CACHED_BYTES_MAX) {
		atomic_fetch_sub(&cached_bytes, (int64_t)p->size_bytes);
		return;
	}
	node->payload = payload_ref(p);
}

/* The node's reference to its bytes, or NULL. */
static struct payload *node_uncache(struct queue_node *node)
{
	struct payload *p = node->payload;

	if (p != NULL && node->entry.seq != 0)
		atomic_fetch_sub(&cached_bytes, (int64_t)p->size_bytes);
	node->payload = NULL;
	return p;
}

static void free_nodes(struct queue_node *node)
{
	while (node != NULL) {
		struct queue_node *next = node->next;
		payload_unref(node_uncache(node));
		free(node);
		node = next;
	}
}

void send_queue_release(struct send_queue *q)
{
	for (int kind = 0; kind < PAYLOAD_KIND_COUNT; kind++)
		free_nodes(q->waiting[kind].first);
	pthread_mutex_destroy(&q->lock);
}

/* ------------------------------------------------------------------ pushing */

static struct status admit(const struct send_queue *q, uint64_t size_bytes)
{
	if (q->closed)
		return FAIL(UNAVAILABLE, "the agent is stopping");
	if (q->held_payloads >= q->limit_payloads)
		return FAIL(FULL, "an attempt runs and the queue is disabled");
	if (q->spool != NULL && q->held_payloads >= DISK_NODES_MAX)
		return FAIL(FULL, "200000 requests wait in the queue on the disk");
	if (size_bytes > q->limit_bytes || q->held_bytes > q->limit_bytes - size_bytes)
		return FAIL(FULL, "sending_queue.queue_size is reached");
	return OK;
}

static void append(struct send_queue *q, struct queue_node *node)
{
	struct queue_list *list = &q->waiting[node->entry.kind];

	node->number = q->next_number++;
	*list->last = node;
	list->last = &node->next;
	list->bytes += node->entry.size_bytes;
	q->held_bytes += node->entry.size_bytes;
	q->held_payloads++;
}

struct status send_queue_push(struct send_queue *q, struct payload *p, const struct spool_entry *e)
{
	struct queue_node *node = malloc(sizeof(*node));

	if (node == NULL)
		return FAIL(NOMEM, "no memory for the queue");
	*node = (struct queue_node){
		.entry = { 0, clock_unix_ns() / NS_PER_MS, p->size_bytes, p->kind, p->items },
	};
	if (e != NULL)
		node->entry = *e;
	pthread_mutex_lock(&q->lock);
	struct status status = q->closed || !q->asks_first ? admit(q, p->size_bytes) : OK;
	if (!FAILED(status)) {
		node_cache(node, p);
		append(q, node);
	}
	pthread_mutex_unlock(&q->lock);
	if (FAILED(status))
		free(node);
	return status;
}

struct status send_queue_load(struct send_queue *q, const struct spool_entry *e)
{
	struct queue_node *node = malloc(sizeof(*node));

	if (node == NULL)
		return FAIL(NOMEM, "no memory for the queue");
	*node = (struct queue_node){ .entry = *e };
	pthread_mutex_lock(&q->lock);
	append(q, node);
	pthread_mutex_unlock(&q->lock);
	return OK;
}

struct status send_queue_fits(struct send_queue *q, uint64_t bytes)
{
	pthread_mutex_lock(&q->lock);
	struct status status = admit(q, bytes);
	pthread_mutex_unlock(&q->lock);
	return status;
}

/* ------------------------------------------------------------------ taking */

/* How long the kind's oldest has to wait for more to come; 0: not at all. Nor where the clock was set back since it came. */
static uint64_t unripe_ms(const struct send_queue *q, const struct queue_list *list, uint64_t now_unix_ms)
{
	uint64_t created_ms = list->first->entry.created_unix_ms, due_ms = created_ms + q->flush_ms;
	bool is_due = now_unix_ms >= due_ms || now_unix_ms + q->flush_ms < created_ms;

	return q->closed || list->bytes >= q->min_bytes || is_due ? 0 : due_ms - now_unix_ms;
}

static struct queue_list *longest_waiting(struct send_queue *q, uint64_t now_unix_ms, uint64_t *wait_ms)
{
	struct queue_list *found = NULL;

	for (int kind = 0; kind < PAYLOAD_KIND_COUNT; kind++) {
		struct queue_list *list = &q->waiting[kind];
		if (list->first == NULL || (found != NULL && found->first->number < list->first->number))
			continue;
		uint64_t unripe = unripe_ms(q, list, now_unix_ms);
		if (unripe == 0)
			found = list;
		else if (*wait_ms == 0 || unripe < *wait_ms)
			*wait_ms = unripe;
	}
	return found;
}

static bool fits_behind(const struct payload_limits *limits, uint64_t bytes, uint64_t items, const struct queue_node *next)
{
	return bytes + next->entry.size_bytes <= limits->max_bytes &&
	       (limits->max_items == 0 || items + next->entry.items <= limits->max_items);
}

/* Cuts off the head of a list, one node and those behind it that fit, and notes it as taken. */
static struct queue_node *detach(struct send_queue *q, struct queue_list *list, const struct payload_limits *limits,
				 struct queue_item *out)
{
	struct queue_node *first = list->first, *end = first;
	uint64_t items = first->entry.items;

	*out = (struct queue_item){ .kind = first->entry.kind,
				    .joined = 1,
				    .held_bytes = first->entry.size_bytes,
				    .first_seq = first->entry.seq,
				    .created_unix_ms = first->entry.created_unix_ms,
				    .next = q->taken };
	for (; end->next != NULL && fits_behind(limits, out->held_bytes, items, end->next); out->joined++) {
		end = end->next;
		out->held_bytes += end->entry.size_bytes;
		items += end->entry.items;
	}
	out->last_seq = end->entry.seq;
	list->first = end->next;
	if (list->first == NULL)
		list->last = &list->first;
	list->bytes -= out->held_bytes;
	end->next = NULL;
	q->taken = out;
	return first;
}

/* The node's bytes, from the disk where they are not in memory. False: they cannot be read. */
static bool node_fill(struct send_queue *q, struct queue_node *node)
{
	if (node->payload != NULL)
		return true;
	if (FAILED(spool_read(q->spool, &node->entry, &node->payload)))
		return false;
	atomic_fetch_add(&cached_bytes, (int64_t)node->payload->size_bytes);
	return true;
}

/* Fills the nodes and takes out those that cannot be. Returns the first that is left. */
static struct queue_node *fill_nodes(struct send_queue *q, struct queue_node *first, struct queue_item *out)
{
	for (struct queue_node **link = &first; *link != NULL;) {
		struct queue_node *node = *link;
		if (node_fill(q, node)) {
			link = &node->next;
			continue;
		}
		out->damaged_items += node->entry.items;
		*link = node->next;
		free(node);
	}
	return first;
}

static struct payload *join(const struct send_queue *q, const struct queue_node *first, uint32_t count)
{
	struct payload *joined = payload_new_joined(first->entry.kind, count), *flat;

	for (const struct queue_node *node = first; joined != NULL && node != NULL; node = node->next)
		payload_join(joined, node->payload);
	if (joined == NULL || q->takes_pieces)
		return joined;
	flat = payload_flat(joined);
	payload_unref(joined);
	return flat;
}

/* No memory to join: all but the first wait again. */
static void put_back(struct send_queue *q, struct queue_node *first, struct queue_item *out)
{
	struct queue_list *list = &q->waiting[out->kind];
	struct queue_node *end;

	pthread_mutex_lock(&q->lock);
	for (end = first;; end = end->next) {
		out->held_bytes -= end->entry.size_bytes;
		list->bytes += end->entry.size_bytes;
		out->joined--;
		if (end->next == NULL)
			break;
	}
	end->next = list->first;
	if (list->first == NULL)
		list->last = &end->next;
	list->first = first;
	pthread_mutex_unlock(&q->lock);
}

static void take_nodes(struct send_queue *q, struct queue_node *first, struct queue_item *out)
{
	first = fill_nodes(q, first, out);
	if (first == NULL)
		return;
	if (first->next != NULL)
		out->payload = join(q, first, out->joined);
	if (out->payload == NULL) { /* alone, or no memory to join */
		if (first->next != NULL) {
			put_back(q, first->next, out);
			out->last_seq = first->entry.seq;
		}
		out->payload = payload_ref(first->payload);
		first->next = NULL;
	}
	free_nodes(first);
}

bool send_queue_take(struct send_queue *q, const struct payload_limits *limits, uint64_t now_unix_ms,
		     struct queue_item *out, uint64_t *wait_ms)
{
	*wait_ms = 0;
	pthread_mutex_lock(&q->lock);
	struct queue_list *list = longest_waiting(q, now_unix_ms, wait_ms);
	struct queue_node *first = list != NULL ? detach(q, list, limits, out) : NULL;
	pthread_mutex_unlock(&q->lock);
	if (first != NULL)
		take_nodes(q, first, out);
	return first != NULL;
}

uint64_t send_queue_waiting_bytes(struct send_queue *q)
{
	uint64_t bytes = 0;

	pthread_mutex_lock(&q->lock);
	for (int kind = 0; kind < PAYLOAD_KIND_COUNT; kind++)
		bytes += q->waiting[kind].bytes;
	pthread_mutex_unlock(&q->lock);
	return bytes;
}

static struct queue_list *oldest_list(struct send_queue *q)
{
	struct queue_list *found = NULL;

	for (int kind = 0; kind < PAYLOAD_KIND_COUNT; kind++) {
		struct queue_list *list = &q->waiting[kind];
		if (list->first != NULL && (found == NULL || list->first->number < found->first->number))
			found = list;
	}
	return found;
}

bool send_queue_take_older(struct send_queue *q, uint64_t than_unix_ms, struct queue_item *out, uint64_t *items)
{
	static const struct payload_limits one_payload = { 0 };
	struct queue_node *first = NULL;

	pthread_mutex_lock(&q->lock);
	struct queue_list *list = oldest_list(q);
	if (list != NULL && list->first->entry.created_unix_ms < than_unix_ms)
		first = detach(q, list, &one_payload, out);
	pthread_mutex_unlock(&q->lock);
	if (first == NULL)
		return false;
	*items = first->entry.items;
	free_nodes(first);
	return true;
}

/* ------------------------------------------------------------------ done */

/* Takes the item out of `taken` and makes room. Holds the lock. */
static void leave(struct send_queue *q, const struct queue_item *item)
{
	struct queue_item **link = &q->taken;

	while (*link != item) {
		assert(*link != NULL);
		link = &(*link)->next;
	}
	*link = item->next;
	q->held_bytes -= item->held_bytes;
	q->held_payloads -= item->joined;
}

/* Below this seq everything of the kind is done: nothing that waits or is taken lies there. Holds the lock. */
static uint64_t mark_of(const struct send_queue *q, enum payload_kind kind)
{
	const struct queue_list *list = &q->waiting[kind];
	uint64_t mark = list->done_seq + 1;

	if (list->first != NULL && list->first->entry.seq < mark)
		mark = list->first->entry.seq;
	for (const struct queue_item *item = q->taken; item != NULL; item = item->next)
		if (item->kind == kind && item->first_seq < mark)
			mark = item->first_seq;
	return mark;
}

void send_queue_done(struct send_queue *q, struct queue_item *item)
{
	struct queue_list *list = &q->waiting[item->kind];
	enum payload_kind kind = item->kind;
	uint64_t mark = 0;

	pthread_mutex_lock(&q->lock);
	leave(q, item);
	if (item->last_seq > list->done_seq)
		list->done_seq = item->last_seq;
	if (q->spool != NULL)
		mark = mark_of(q, kind);
	pthread_mutex_unlock(&q->lock);
	payload_unref(item->payload);
	*item = (struct queue_item){ 0 };
	if (q->spool != NULL)
		spool_mark(q->spool, q->reader, kind, mark);
}

void send_queue_skip(struct send_queue *q, const struct spool_entry *e)
{
	struct queue_list *list = &q->waiting[e->kind];

	pthread_mutex_lock(&q->lock);
	if (!q->closed && e->seq > list->done_seq) /* once closed, what lies before it may wait for the next run */
		list->done_seq = e->seq;
	pthread_mutex_unlock(&q->lock);
}

#define TELL_EVERY 64u

void send_queue_tell(struct send_queue *q)
{
	for (enum payload_kind kind = 0; q->spool != NULL && kind < PAYLOAD_KIND_COUNT; kind++) {
		pthread_mutex_lock(&q->lock);
		uint64_t mark = mark_of(q, kind);
		pthread_mutex_unlock(&q->lock);
		if (mark < q->waiting[kind].told_seq + TELL_EVERY)
			continue;
		q->waiting[kind].told_seq = mark;
		spool_mark(q->spool, q->reader, kind, mark);
	}
}

void send_queue_keep(struct send_queue *q, struct queue_item *item)
{
	pthread_mutex_lock(&q->lock);
	leave(q, item);
	pthread_mutex_unlock(&q->lock);
	payload_unref(item->payload);
	*item = (struct queue_item){ 0 };
}

void send_queue_close(struct send_queue *q)
{
	pthread_mutex_lock(&q->lock);
	q->closed = true;
	pthread_mutex_unlock(&q->lock);
}
