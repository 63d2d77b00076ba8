/* SPDX-License-Identifier: Apache-2.0
 * daemon/recall.c - the copy of what outlives a batch.
 */
#include "agent/daemon/recall.h"

#include <stdlib.h>

#include "agent/span/cohort.h"

#define PROMPT_BYTES 512

/* ------------------------------------------------------------------ sets of labels */

/* The labels of a batch's calls, those of a cohort once. */
struct label_sets {
	const struct call **first; /* by set: a call that has these labels */
	uint32_t *of;              /* by call: the number of its set */
	uint32_t *slots;           /* by cohort: the number of its set, from 1 on */
	size_t count, mask, text_bytes;
};

static bool sets_init(struct label_sets *s, struct arena *a, size_t calls)
{
	size_t slots = 4;

	while (slots < calls * 2)
		slots *= 2;
	*s = (struct label_sets){ .mask = slots - 1 };
	s->first = arena_array(a, calls, sizeof(*s->first));
	s->of = arena_array(a, calls, sizeof(*s->of));
	s->slots = arena_array(a, slots, sizeof(*s->slots));
	if (s->first == NULL || s->of == NULL || s->slots == NULL)
		return false;
	memset(s->slots, 0, slots * sizeof(*s->slots));
	return true;
}

static size_t label_room(const struct call *c)
{
	return c->feature.len + call_model(c).len + c->provider.len + c->prompt_name.len + c->prompt_version.len +
	       sizeof("@unversioned") + c->workflow.len + c->user_segment.len + c->environment.len;
}

static uint32_t new_set(struct label_sets *s, const struct call *c)
{
	s->text_bytes += label_room(c);
	s->first[s->count] = c;
	return (uint32_t)s->count++;
}

/* A call without a cohort has a set of its own. */
static uint32_t set_of(struct label_sets *s, const struct call *c)
{
	if (c->cohort == NULL)
		return new_set(s, c);
	size_t slot = c->cohort->id & s->mask;
	while (s->slots[slot] != 0 && s->first[s->slots[slot] - 1]->cohort != c->cohort)
		slot = (slot + 1) & s->mask;
	if (s->slots[slot] == 0)
		s->slots[slot] = new_set(s, c) + 1;
	return s->slots[slot] - 1;
}

static bool sort_by_labels(struct label_sets *s, struct arena *a, const struct call *calls, size_t count)
{
	if (!sets_init(s, a, count))
		return false;
	for (size_t i = 0; i < count; i++)
		s->of[i] = set_of(s, &calls[i]);
	return true;
}

/* ------------------------------------------------------------------ the copy */

static size_t judgement_room(const struct judgement *j)
{
	return j->name.len + j->label.len + j->given_id.len + j->target.response_id.len + j->target.session_id.len;
}

static void keep_labels(char **at, const struct call *c, struct call_labels *to)
{
	char prompt[PROMPT_BYTES];

	*to = (struct call_labels){
		.feature = slice_pack(at, c->feature),
		.model = slice_pack(at, call_model(c)),
		.provider = slice_pack(at, c->provider),
		.prompt = slice_pack(at, c->cohort != NULL ? c->cohort->prompt : call_prompt(c, prompt, sizeof(prompt))),
		.workflow = slice_pack(at, c->workflow),
		.user_segment = slice_pack(at, c->user_segment),
		.environment = slice_pack(at, c->environment),
		.cohort = c->cohort != NULL ? c->cohort->id : 0,
	};
}

static void keep_call(const struct call *c, struct known_call *to)
{
	memcpy(to->trace_id, c->trace_id, sizeof(to->trace_id));
	memcpy(to->span_id, c->span_id, sizeof(to->span_id));
	memcpy(to->parent_span_id, c->parent_span_id, sizeof(to->parent_span_id));
	to->response = text_identity(c->response_id);
	to->session = text_identity(c->session_id);
	to->end_unix_ns = c->end_unix_ns;
	to->is_generation = c->role == ROLE_LLM;
	to->is_evaluation_traffic = c->is_evaluation_traffic;
}

static void keep_judgement(char **at, const struct judgement *from, struct judgement *to)
{
	*to = *from;
	to->name = slice_pack(at, to->name);
	to->label = slice_pack(at, to->label);
	to->given_id = slice_pack(at, to->given_id);
	to->target.response_id = slice_pack(at, to->target.response_id);
	to->target.session_id = slice_pack(at, to->target.session_id);
}

struct recall_chunk *recall_chunk_new(struct arena *scratch, const struct call *calls, size_t call_count,
				      const struct judgement *judgements, size_t judgement_count)
{
	struct label_sets sets;

	if (!sort_by_labels(&sets, scratch, calls, call_count))
		return NULL;
	size_t text = sets.text_bytes;
	for (size_t i = 0; i < judgement_count; i++)
		text += judgement_room(&judgements[i]);
	size_t size = sizeof(struct recall_chunk) + call_count * sizeof(struct recalled) +
		      judgement_count * sizeof(struct judgement) + sets.count * sizeof(struct call_labels) + text;
	struct recall_chunk *chunk = malloc(size);
	if (chunk == NULL)
		return NULL;
	*chunk = (struct recall_chunk){ .link.size_bytes = size, .call_count = call_count, .judgement_count = judgement_count };
	chunk->calls = (struct recalled *)(void *)(chunk + 1);
	chunk->judgements = (struct judgement *)(void *)(chunk->calls + call_count);
	struct call_labels *labels = (struct call_labels *)(void *)(chunk->judgements + judgement_count);
	char *at = (char *)(labels + sets.count);
	for (size_t i = 0; i < sets.count; i++)
		keep_labels(&at, sets.first[i], &labels[i]);
	for (size_t i = 0; i < call_count; i++) {
		keep_call(&calls[i], &chunk->calls[i].call);
		chunk->calls[i].labels = &labels[sets.of[i]];
	}
	for (size_t i = 0; i < judgement_count; i++)
		keep_judgement(&at, &judgements[i], &chunk->judgements[i]);
	return chunk;
}
