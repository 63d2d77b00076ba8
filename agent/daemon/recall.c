/* SPDX-License-Identifier: Apache-2.0
 * daemon/recall.c - the copy of what outlives a batch, and a list under a lock.
 */
#include "agent/daemon/recall.h"

#include <stdlib.h>

struct known_call known_call_of(const struct call *c)
{
	struct known_call k = {
		.response = text_identity(c->response_id),
		.session = text_identity(c->session_id),
		.end_unix_ns = c->end_unix_ns,
		.is_generation = c->role == ROLE_LLM,
		.is_evaluation_traffic = c->is_evaluation_traffic,
	};

	memcpy(k.trace_id, c->trace_id, sizeof(k.trace_id));
	memcpy(k.span_id, c->span_id, sizeof(k.span_id));
	memcpy(k.parent_span_id, c->parent_span_id, sizeof(k.parent_span_id));
	return k;
}

struct call_labels call_labels_of(const struct call *c, char *prompt, size_t size)
{
	return (struct call_labels){
		.feature = c->feature,
		.model = call_model(c),
		.provider = c->provider,
		.prompt = call_prompt(c, prompt, size),
		.workflow = c->workflow,
		.user_segment = c->user_segment,
	};
}

/* Calls come in runs that differ in nothing of this. */
static bool same_labels(const struct call *a, const struct call *b)
{
	return slice_equal(a->feature, b->feature) && slice_equal(call_model(a), call_model(b)) &&
	       slice_equal(a->provider, b->provider) && slice_equal(a->prompt_name, b->prompt_name) &&
	       slice_equal(a->prompt_version, b->prompt_version) && slice_equal(a->workflow, b->workflow) &&
	       slice_equal(a->user_segment, b->user_segment);
}

static size_t label_room(const struct call *c)
{
	return c->feature.len + call_model(c).len + c->provider.len + c->prompt_name.len + c->prompt_version.len +
	       sizeof("@unversioned") + c->workflow.len + c->user_segment.len;
}

static size_t judgement_room(const struct judgement *j)
{
	return j->name.len + j->label.len + j->given_id.len + j->target.response_id.len + j->target.session_id.len;
}

static void keep(char **at, struct slice *text)
{
	if (text->len > 0)
		memcpy(*at, text->ptr, text->len);
	text->ptr = *at;
	*at += text->len;
}

static void keep_labels(char **at, const struct call *c, struct call_labels *to)
{
	char prompt[512];

	*to = call_labels_of(c, prompt, sizeof(prompt));
	keep(at, &to->feature);
	keep(at, &to->model);
	keep(at, &to->provider);
	keep(at, &to->prompt);
	keep(at, &to->workflow);
	keep(at, &to->user_segment);
}

static void keep_judgement(char **at, const struct judgement *from, struct judgement *to)
{
	*to = *from;
	keep(at, &to->name);
	keep(at, &to->label);
	keep(at, &to->given_id);
	keep(at, &to->target.response_id);
	keep(at, &to->target.session_id);
}

struct recall_chunk *recall_chunk_new(const struct call *calls, size_t call_count, const struct judgement *judgements,
				      size_t judgement_count)
{
	size_t sets = 0, text = 0;

	for (size_t i = 0; i < call_count; i++)
		if (i == 0 || !same_labels(&calls[i], &calls[i - 1])) {
			sets++;
			text += label_room(&calls[i]);
		}
	for (size_t i = 0; i < judgement_count; i++)
		text += judgement_room(&judgements[i]);
	size_t size = sizeof(struct recall_chunk) + call_count * sizeof(struct recalled) +
		      judgement_count * sizeof(struct judgement) + sets * sizeof(struct call_labels) + text;
	struct recall_chunk *chunk = malloc(size);
	if (chunk == NULL)
		return NULL;
	*chunk = (struct recall_chunk){ .size_bytes = size, .call_count = call_count, .judgement_count = judgement_count };
	chunk->calls = (struct recalled *)(void *)(chunk + 1);
	chunk->judgements = (struct judgement *)(void *)(chunk->calls + call_count);
	struct call_labels *labels = (struct call_labels *)(void *)(chunk->judgements + judgement_count);
	char *at = (char *)(labels + sets);
	for (size_t i = 0; i < call_count; i++) {
		if (i == 0 || !same_labels(&calls[i], &calls[i - 1]))
			keep_labels(&at, &calls[i], labels++);
		chunk->calls[i] = (struct recalled){ known_call_of(&calls[i]), labels - 1 };
	}
	for (size_t i = 0; i < judgement_count; i++)
		keep_judgement(&at, &judgements[i], &chunk->judgements[i]);
	return chunk;
}

void recall_queue_init(struct recall_queue *q, size_t limit_bytes)
{
	*q = (struct recall_queue){ .limit_bytes = limit_bytes };
	q->last = &q->first;
	pthread_mutex_init(&q->lock, NULL);
}

void recall_queue_release(struct recall_queue *q)
{
	for (struct recall_chunk *chunk = recall_queue_take(q), *next; chunk != NULL; chunk = next) {
		next = chunk->next;
		free(chunk);
	}
	pthread_mutex_destroy(&q->lock);
}

bool recall_queue_push(struct recall_queue *q, struct recall_chunk *chunk)
{
	pthread_mutex_lock(&q->lock);
	bool fits = chunk->size_bytes <= q->limit_bytes - q->held_bytes;
	if (fits) {
		*q->last = chunk;
		q->last = &chunk->next;
		q->held_bytes += chunk->size_bytes;
	}
	pthread_mutex_unlock(&q->lock);
	if (!fits)
		free(chunk);
	return fits;
}

struct recall_chunk *recall_queue_take(struct recall_queue *q)
{
	pthread_mutex_lock(&q->lock);
	struct recall_chunk *first = q->first;
	q->first = NULL;
	q->last = &q->first;
	q->held_bytes = 0;
	pthread_mutex_unlock(&q->lock);
	return first;
}
