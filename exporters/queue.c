/* SPDX-License-Identifier: Apache-2.0
 * exporters/queue.c - one list a payload kind behind one lock; joining happens outside of it.
 */
#include "exporters/queue.h"

#include <stdlib.h>

struct queue_node {
	struct queue_node *next;
	uint64_t number;
	struct payload *payload;
};

void send_queue_init(struct send_queue *q, uint64_t limit_bytes, uint64_t limit_payloads)
{
	*q = (struct send_queue){ .limit_bytes = limit_bytes, .limit_payloads = limit_payloads };
	pthread_mutex_init(&q->lock, NULL);
	for (int kind = 0; kind < PAYLOAD_KIND_COUNT; kind++)
		q->waiting[kind].last = &q->waiting[kind].first;
}

void send_queue_release(struct send_queue *q)
{
	struct queue_item item;

	while (send_queue_take(q, 0, &item))
		send_queue_done(q, &item);
	pthread_mutex_destroy(&q->lock);
}

static struct status admit(const struct send_queue *q, uint64_t size_bytes)
{
	if (q->closed)
		return FAIL(UNAVAILABLE, "the agent is stopping");
	if (q->held_payloads >= q->limit_payloads)
		return FAIL(FULL, "an attempt runs and the queue is disabled");
	if (size_bytes > q->limit_bytes || q->held_bytes > q->limit_bytes - size_bytes)
		return FAIL(FULL, "sending_queue.queue_size is reached");
	return OK;
}

static void append(struct send_queue *q, struct queue_node *node)
{
	struct queue_list *list = &q->waiting[node->payload->kind];

	node->number = q->next_number++;
	*list->last = node;
	list->last = &node->next;
	q->held_bytes += node->payload->size_bytes;
	q->held_payloads++;
}

struct status send_queue_push(struct send_queue *q, struct payload *p)
{
	struct queue_node *node = malloc(sizeof(*node));

	if (node == NULL)
		return FAIL(NOMEM, "no memory for the queue");
	pthread_mutex_lock(&q->lock);
	struct status status = admit(q, p->size_bytes);
	if (!FAILED(status)) {
		*node = (struct queue_node){ .payload = payload_ref(p) };
		append(q, node);
	}
	pthread_mutex_unlock(&q->lock);
	if (FAILED(status))
		free(node);
	return status;
}

static struct queue_list *longest_waiting(struct send_queue *q)
{
	struct queue_list *found = NULL;

	for (int kind = 0; kind < PAYLOAD_KIND_COUNT; kind++) {
		struct queue_list *list = &q->waiting[kind];
		if (list->first != NULL && (found == NULL || list->first->number < found->first->number))
			found = list;
	}
	return found;
}

/* Cuts off the head of a list: one node, and those behind it that fit. */
static struct queue_node *detach(struct queue_list *list, uint64_t max_bytes, size_t *size_bytes)
{
	struct queue_node *first = list->first, *end = first;

	*size_bytes = first->payload->size_bytes;
	while (end->next != NULL && *size_bytes + end->next->payload->size_bytes <= max_bytes) {
		end = end->next;
		*size_bytes += end->payload->size_bytes;
	}
	list->first = end->next;
	if (list->first == NULL)
		list->last = &list->first;
	end->next = NULL;
	return first;
}

/* Frees the nodes and drops their payloads, whose bytes are in the joined one by now. */
static void free_nodes(struct queue_node *node)
{
	while (node != NULL) {
		struct queue_node *next = node->next;
		payload_unref(node->payload);
		free(node);
		node = next;
	}
}

static void put_back(struct send_queue *q, struct queue_node *first)
{
	struct queue_list *list = &q->waiting[first->payload->kind];
	struct queue_node *end = first;

	while (end->next != NULL)
		end = end->next;
	pthread_mutex_lock(&q->lock);
	end->next = list->first;
	if (list->first == NULL)
		list->last = &end->next;
	list->first = first;
	pthread_mutex_unlock(&q->lock);
}

static struct payload *join(const struct queue_node *first, size_t size_bytes, uint32_t *count)
{
	struct payload *joined = payload_new(first->payload->kind, size_bytes, 0);
	size_t at = 0;

	*count = 0;
	for (const struct queue_node *node = first; joined != NULL && node != NULL; node = node->next) {
		memcpy(joined->bytes + at, node->payload->bytes, node->payload->size_bytes);
		at += node->payload->size_bytes;
		joined->items += node->payload->items;
		++*count;
	}
	return joined;
}

bool send_queue_take(struct send_queue *q, uint64_t max_bytes, struct queue_item *out)
{
	size_t size_bytes = 0;

	pthread_mutex_lock(&q->lock);
	struct queue_list *list = longest_waiting(q);
	struct queue_node *first = list != NULL ? detach(list, max_bytes, &size_bytes) : NULL;
	pthread_mutex_unlock(&q->lock);
	if (first == NULL)
		return false;
	out->payload = first->next != NULL ? join(first, size_bytes, &out->joined) : NULL;
	if (out->payload == NULL) { /* alone, or no memory to join */
		*out = (struct queue_item){ payload_ref(first->payload), 1 };
		if (first->next != NULL)
			put_back(q, first->next);
		first->next = NULL;
	}
	free_nodes(first);
	return true;
}

void send_queue_done(struct send_queue *q, struct queue_item *item)
{
	pthread_mutex_lock(&q->lock);
	q->held_bytes -= item->payload->size_bytes;
	q->held_payloads -= item->joined;
	pthread_mutex_unlock(&q->lock);
	payload_unref(item->payload);
	*item = (struct queue_item){ NULL, 0 };
}

void send_queue_close(struct send_queue *q)
{
	pthread_mutex_lock(&q->lock);
	q->closed = true;
	pthread_mutex_unlock(&q->lock);
}
