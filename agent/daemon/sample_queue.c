/* SPDX-License-Identifier: Apache-2.0
 * daemon/sample_queue.c - a list under a lock, and the copy of what outlives a batch.
 */
#include "agent/daemon/sample_queue.h"

#include <math.h>
#include <stdlib.h>

#include "agent/base/money.h"

#define PROMPT_BYTES 256

static size_t text_bytes(const struct call *c)
{
	return c->feature.len + call_model(c).len + c->prompt_name.len + c->prompt_version.len + sizeof("@unversioned");
}

static struct slice keep(char **at, struct slice text)
{
	struct slice kept = { *at, text.len };

	if (text.len > 0)
		memcpy(*at, text.ptr, text.len);
	*at += text.len;
	return kept;
}

/* "name@version" is written in place; a bare version is the call's own text. */
static struct slice keep_prompt(char **at, const struct call *c)
{
	struct slice prompt = call_prompt(c, *at, text_bytes(c));

	if (prompt.ptr != *at)
		return keep(at, prompt);
	*at += prompt.len;
	return prompt;
}

static double known_or_nan(bool known, double value)
{
	return known ? value : NAN;
}

static void fill(struct sample *s, const struct call *c, char **at)
{
	*s = (struct sample){
		.time_unix_ms = c->end_unix_ns / 1000000,
		.cost_usd = known_or_nan(c->cost.known, pusd_to_usd(c->cost.total_pusd)),
		.latency_ms = known_or_nan(c->latency_ns > 0, (double)c->latency_ns / 1e6),
		.ttft_ms = known_or_nan(c->ttft_ns > 0, (double)c->ttft_ns / 1e6),
		.output_tokens = known_or_nan(tokens_has(&c->tokens, TOKENS_OUTPUT), (double)c->tokens.n[TOKENS_OUTPUT]),
		.eval_score = known_or_nan(c->score_name.len > 0, c->score),
		.error = outcome_is_error(c->outcome),
		.refusal = c->outcome == OUTCOME_REFUSAL || c->outcome == OUTCOME_CONTENT_FILTER,
	};
	memcpy(s->trace_id, c->trace_id, sizeof(s->trace_id));
	s->feature = keep(at, c->feature); /* one after the other: each moves *at */
	s->model = keep(at, call_model(c));
	s->prompt_version = keep_prompt(at, c);
}

struct sample_chunk *sample_chunk_new(const struct call *calls, size_t count)
{
	size_t size = sizeof(struct sample_chunk) + count * sizeof(struct sample);

	for (size_t i = 0; i < count; i++)
		size += text_bytes(&calls[i]);
	struct sample_chunk *chunk = malloc(size);
	if (chunk == NULL)
		return NULL;
	*chunk = (struct sample_chunk){ .size_bytes = size, .count = count };
	char *at = (char *)&chunk->items[count];
	for (size_t i = 0; i < count; i++)
		fill(&chunk->items[i], &calls[i], &at);
	return chunk;
}

void sample_queue_init(struct sample_queue *q, size_t limit_bytes)
{
	*q = (struct sample_queue){ .limit_bytes = limit_bytes };
	q->last = &q->first;
	pthread_mutex_init(&q->lock, NULL);
}

static void free_chunks(struct sample_chunk *chunk)
{
	while (chunk != NULL) {
		struct sample_chunk *next = chunk->next;
		free(chunk);
		chunk = next;
	}
}

void sample_queue_release(struct sample_queue *q)
{
	free_chunks(sample_queue_take(q));
	pthread_mutex_destroy(&q->lock);
}

bool sample_queue_push(struct sample_queue *q, struct sample_chunk *chunk)
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

struct sample_chunk *sample_queue_take(struct sample_queue *q)
{
	pthread_mutex_lock(&q->lock);
	struct sample_chunk *first = q->first;
	q->first = NULL;
	q->last = &q->first;
	q->held_bytes = 0;
	pthread_mutex_unlock(&q->lock);
	return first;
}
