/* SPDX-License-Identifier: Apache-2.0
 * daemon/sample_chunk.c - the copy of what outlives a batch.
 */
#include "agent/daemon/sample_chunk.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "agent/base/clock.h"
#include "agent/base/compiler.h"
#include "agent/base/money.h"
#include "agent/span/cohort.h"

#define PROMPT_BYTES 512

static double known_or_nan(bool known, double value)
{
	return known ? value : NAN;
}

static double tokens_or_nan(const struct tokens *t, enum token_class class)
{
	return known_or_nan(tokens_has(t, class), (double)t->n[class]);
}

static double usd_or_nan(bool known, int64_t pusd)
{
	return known ? call_pusd_to_usd(pusd) : (double)NAN;
}

static void add_retrieval(struct sample *s, const struct retrieval *found)
{
	s->documents = found->documents;
	s->top_score = known_or_nan(found->scored > 0, found->best_score);
}

/* All but the labels, written where it stays: made as a whole it would be made on the stack and copied. */
static ALWAYS_INLINE void describe(struct sample *restrict s, const struct call *restrict c)
{
	bool has_parts = c->cost.known && !c->cost.total_only;

	s->kind = SAMPLE_CALL;
	s->time_unix_ms = c->end_unix_ns / NS_PER_MS;
	s->cohort = 0;
	memcpy(s->trace_id, c->trace_id, sizeof(s->trace_id));
	memcpy(s->span_id, c->span_id, sizeof(s->span_id));
	s->name = c->score_name;
	s->value = known_or_nan(c->score_name.len > 0, c->score);
	s->documents = s->top_score = NAN;
	if (c->retrieval != NULL)
		add_retrieval(s, c->retrieval);
	s->outcome = c->outcome;
	s->model_pinned = c->model_pinned;
	s->cost_usd = usd_or_nan(c->cost.known, c->cost.total_pusd);
	s->output_cost_usd = usd_or_nan(has_parts, c->cost.output_pusd);
	s->cache_read_cost_usd = usd_or_nan(has_parts, c->cost.cache_read_pusd);
	s->latency_ms = known_or_nan(c->latency_ns > 0, (double)c->latency_ns / 1e6);
	s->ttft_ms = known_or_nan(c->ttft_ns > 0, (double)c->ttft_ns / 1e6);
	s->input_tokens = tokens_or_nan(&c->tokens, TOKENS_INPUT);
	s->output_tokens = tokens_or_nan(&c->tokens, TOKENS_OUTPUT);
	s->cache_read_tokens = tokens_or_nan(&c->tokens, TOKENS_CACHE_READ);
	s->output_tokens_per_second = known_or_nan(c->output_tokens_per_second > 0, c->output_tokens_per_second);
	s->citation_share = known_or_nan(c->has_citations, c->citation_share);
	s->overlap_share = known_or_nan(c->has_citations, c->overlap_share);
	s->has_logs = false;
}

struct sample sample_of_retrieval(const struct call *c)
{
	struct sample s = sample_unknown(SAMPLE_RETRIEVAL);

	s.time_unix_ms = c->end_unix_ns / NS_PER_MS;
	s.feature = c->feature;
	s.workflow = c->workflow;
	s.user_segment = c->user_segment;
	if (c->retrieval != NULL)
		add_retrieval(&s, c->retrieval);
	memcpy(s.trace_id, c->trace_id, sizeof(s.trace_id));
	memcpy(s.span_id, c->span_id, sizeof(s.span_id));
	return s;
}

/* Where a sample's strings are. */
static const size_t texts[] = {
	offsetof(struct sample, feature),	offsetof(struct sample, model),
	offsetof(struct sample, prompt_version), offsetof(struct sample, workflow),
	offsetof(struct sample, user_segment),	offsetof(struct sample, name),
	offsetof(struct sample, request_model),	offsetof(struct sample, environment),
};

#define TEXT_COUNT (sizeof(texts) / sizeof(texts[0]))

static struct slice *text_of(struct sample *s, size_t i)
{
	return (struct slice *)(void *)((char *)s + texts[i]);
}

static void keep_texts(struct sample *s, char **at)
{
	for (size_t i = 0; i < TEXT_COUNT; i++)
		*text_of(s, i) = slice_pack(at, *text_of(s, i));
}

static size_t text_bytes(const struct sample *s)
{
	size_t bytes = 0;

	for (size_t i = 0; i < TEXT_COUNT; i++)
		bytes += ((const struct slice *)(const void *)((const char *)s + texts[i]))->len;
	return bytes;
}

/* Enough for the call's strings and its "name@version". */
size_t sample_text_bytes(const struct call *c)
{
	if (c->cohort != NULL)
		return c->cohort->text.len + c->score_name.len;
	return c->feature.len + call_model(c).len + c->prompt_name.len + c->prompt_version.len + sizeof("@unversioned") +
	       c->workflow.len + c->user_segment.len + c->score_name.len + c->request_model.len +
	       c->environment.len;
}

/* The labels of a cohort lie together: one copy, then each is where it was. */
static ALWAYS_INLINE void keep_cohort(struct sample *s, const struct cohort *h, char **at)
{
	const char *to = *at, *from = h->text.ptr;
	struct slice model = h->response_model.len > 0 ? h->response_model : h->request_model;

	memcpy(*at, from, h->text.len);
	*at += h->text.len;
	s->cohort = h->id;
	s->feature = (struct slice){ to + (h->feature.ptr - from), h->feature.len };
	s->model = (struct slice){ to + (model.ptr - from), model.len };
	s->prompt_version = (struct slice){ to + (h->prompt.ptr - from), h->prompt.len };
	s->workflow = (struct slice){ to + (h->workflow.ptr - from), h->workflow.len };
	s->user_segment = (struct slice){ to + (h->user_segment.ptr - from), h->user_segment.len };
	s->request_model = (struct slice){ to + (h->request_model.ptr - from), h->request_model.len };
	s->environment = (struct slice){ to + (h->environment.ptr - from), h->environment.len };
	s->name = slice_pack(at, s->name);
}

static void keep_labels(struct sample *s, const struct call *c, char **at)
{
	char prompt[PROMPT_BYTES];

	s->feature = c->feature;
	s->model = call_model(c);
	s->prompt_version = call_prompt(c, prompt, sizeof(prompt));
	s->workflow = c->workflow;
	s->user_segment = c->user_segment;
	s->request_model = c->request_model;
	s->environment = c->environment;
	keep_texts(s, at);
}

struct sample_chunk *sample_chunk_new(size_t count, size_t text_bytes)
{
	size_t size = sizeof(struct sample_chunk) + count * sizeof(struct sample) + text_bytes;
	struct sample_chunk *chunk = malloc(size);

	if (chunk != NULL)
		*chunk = (struct sample_chunk){
			.link.size_bytes = size,
			.text = (char *)&chunk->items[count],
			.text_end = (char *)&chunk->items[count] + text_bytes,
		};
	return chunk;
}

void sample_chunk_add(struct sample_chunk *chunk, const struct call *c)
{
	struct sample *s = &chunk->items[chunk->count];

	if (c->is_evaluation_traffic)
		return;
	assert(sample_text_bytes(c) <= (size_t)(chunk->text_end - chunk->text));
	describe(s, c);
	if (c->cohort != NULL)
		keep_cohort(s, c->cohort, &chunk->text);
	else
		keep_labels(s, c, &chunk->text);
	chunk->count++;
}

struct sample_chunk *sample_chunk_of(const struct sample *samples, size_t count)
{
	size_t bytes = 0;

	for (size_t i = 0; i < count; i++)
		bytes += text_bytes(&samples[i]);
	struct sample_chunk *chunk = sample_chunk_new(count, bytes);
	if (chunk == NULL)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		chunk->items[chunk->count] = samples[i];
		keep_texts(&chunk->items[chunk->count++], &chunk->text);
	}
	return chunk;
}
