/* SPDX-License-Identifier: Apache-2.0
 * span/cohort.c - an open table by a glance at the labels.
 */
#include "agent/span/cohort.h"

#include <stdatomic.h>

#include "agent/base/compiler.h"
#include "agent/base/hash.h"
#include "agent/base/pages.h"

#define CROWDED    (COHORT_SLOTS * 3 / 4) /* then they are forgotten, between two requests */
#define PROBES_MAX 8u   /* a sender may choose texts of one glance */
#define BYTES_MAX  4096u /* of all labels */
#define PROMPT_MAX 512u  /* as samples cut it */

static _Atomic uint64_t last_id;

struct cohorts {
	struct arena arena;
	uint32_t count;
	struct cohort *guesses[COHORT_SLOTS]; /* by few labels: the last one that had these; nearly always the one */
	struct cohort *slots[COHORT_SLOTS];
};

struct cohorts *cohorts_new(void)
{
	struct cohorts *t = pages_new(sizeof(*t));

	if (t != NULL)
		arena_init(&t->arena, COHORT_SLOTS * (sizeof(struct cohort) + BYTES_MAX));
	return t;
}

void cohorts_free(struct cohorts *t)
{
	if (t == NULL)
		return;
	arena_release(&t->arena);
	pages_free(t, sizeof(*t));
}

void cohorts_begin(struct cohorts *t)
{
	if (t->count < CROWDED)
		return;
	arena_reset(&t->arena);
	memset(t->guesses, 0, sizeof(t->guesses));
	memset(t->slots, 0, sizeof(t->slots));
	t->count = 0;
}

static inline uint64_t glance_at(const struct call *c)
{
	uint64_t glance = 0;

#define X(member) glance = hash_glance(glance, c->member);
	COHORT_LABEL_MAP(X)
#undef X
	return glance;
}

/* The labels that differ most. */
static inline uint64_t guess_at(const struct call *c)
{
	uint64_t guess = hash_glance(0, c->user_segment);

	guess = hash_glance(guess, c->feature);
	guess = hash_glance(guess, c->prompt_version);
	guess = hash_glance(guess, c->prompt_name);
	return hash_glance(guess, c->request_model);
}

static inline bool is_of(const struct cohort *h, const struct call *c)
{
#define X(member)                                \
	if (!slice_equal(h->member, c->member)) \
		return false;
	COHORT_LABEL_MAP(X)
#undef X
	return true;
}

/* First the texts that samples carry. */
static void copy_labels(struct cohort *h, const struct call *c, struct slice prompt, char *at)
{
	h->text.ptr = at;
	h->feature = slice_pack(&at, c->feature);
	h->request_model = slice_pack(&at, c->request_model);
	h->response_model = slice_pack(&at, c->response_model);
	h->prompt = slice_pack(&at, prompt);
	h->workflow = slice_pack(&at, c->workflow);
	h->user_segment = slice_pack(&at, c->user_segment);
	h->environment = slice_pack(&at, c->environment);
	h->text.len = (size_t)(at - h->text.ptr);
	h->prompt_name = slice_pack(&at, c->prompt_name);
	h->prompt_version = slice_pack(&at, c->prompt_version);
	h->provider = slice_pack(&at, c->provider);
	h->operation = slice_pack(&at, c->operation);
	h->service_tier = slice_pack(&at, c->service_tier);
	h->release = slice_pack(&at, c->release);
	h->service = slice_pack(&at, c->service);
}

static NOINLINE struct cohort *cohort_new(struct cohorts *t, const struct call *c, uint64_t glance)
{
	char joined[PROMPT_MAX];
	struct slice prompt = call_prompt(c, joined, sizeof(joined));
	size_t bytes = prompt.len;

#define X(member) bytes += c->member.len;
	COHORT_LABEL_MAP(X)
#undef X
	struct cohort *h = bytes <= BYTES_MAX ? arena_alloc(&t->arena, sizeof(*h) + bytes) : NULL;
	if (h == NULL)
		return NULL;
	copy_labels(h, c, prompt, (char *)(h + 1));
	h->glance = glance;
	h->request_model_hash = hash_stable(c->request_model.ptr, c->request_model.len);
	h->response_model_hash = hash_stable(c->response_model.ptr, c->response_model.len);
	h->id = atomic_fetch_add_explicit(&last_id, 1, memory_order_relaxed) + 1;
	t->count++;
	return h;
}

static NOINLINE struct cohort *search(struct cohorts *t, const struct call *c)
{
	uint64_t glance = glance_at(c);

	for (unsigned probe = 0; probe < PROBES_MAX; probe++) {
		struct cohort **slot = &t->slots[(glance + probe) % COHORT_SLOTS];
		if (*slot == NULL)
			return *slot = cohort_new(t, c, glance);
		if ((*slot)->glance == glance && is_of(*slot, c))
			return *slot;
	}
	return NULL;
}

const struct cohort *cohort_of(struct cohorts *t, const struct call *c)
{
	struct cohort **guess = &t->guesses[guess_at(c) % COHORT_SLOTS];

	if (*guess != NULL && is_of(*guess, c))
		return *guess;
	return *guess = search(t, c);
}
