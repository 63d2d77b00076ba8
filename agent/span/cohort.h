/* SPDX-License-Identifier: Apache-2.0
 * span/cohort.h - calls that no label tells apart, under one number.
 *
 * Metrics, attribution, prices, baselines and all others that learn from calls count by labels, and each of them would
 * hash and compare the same few texts for each call. A lane does so once (cohort_of); from then on the number stands for
 * all of the labels: who has found something for a number (cohort_memo) need not look at a text again.
 *
 * Numbers are of the process: equal ones mean equal labels, word for word, and none is ever given again. So a lane may
 * forget its cohorts whenever it likes, and nobody has to be told. Calls without a number are looked up by their texts.
 * Owned by one lane, bounded in number and bytes.
 */
#ifndef PLIMSOLL_SPAN_COHORT_H
#define PLIMSOLL_SPAN_COHORT_H

#include "agent/base/arena.h"
#include "agent/span/call.h"

/* The members of struct call that tell cohorts apart. First what differs most. */
#define COHORT_LABEL_MAP(X)    \
	X(user_segment)        \
	X(feature)             \
	X(prompt_version)      \
	X(prompt_name)         \
	X(request_model)       \
	X(response_model)      \
	X(workflow)            \
	X(provider)            \
	X(operation)           \
	X(service_tier)        \
	X(environment)         \
	X(release)             \
	X(service)

struct cohort {
	uint64_t id; /* never 0 */
	uint64_t glance;
	uint64_t request_model_hash, response_model_hash; /* hash_stable of them */
#define X(member) struct slice member;
	COHORT_LABEL_MAP(X)
#undef X
	struct slice prompt; /* as call_prompt */
	struct slice text;   /* one run of bytes: feature, both models, prompt, workflow, segment and environment
	                    * point into it */
};

#define COHORT_SLOTS 4096u /* a power of two */

struct cohorts;

struct cohorts *cohorts_new(void); /* NULL without memory */
void cohorts_free(struct cohorts *t);

/* Between two requests, when no call is left that names a cohort: forgets them where they have become many. */
void cohorts_begin(struct cohorts *t);

/* The cohort of these labels, made where it is new; valid until the next begin. NULL: without memory, where there are
 * too many of them, or with labels of kilobytes. */
const struct cohort *cohort_of(struct cohorts *t, const struct call *c);

/* ---------------------------------------------------------------- what was found for a number */
#define COHORT_MEMO_PLACES 1024u /* a power of two */

/* Begins as zeros. Whoever frees something that may be remembered here clears it. */
struct cohort_memo {
	struct {
		uint64_t id;
		void *found;
	} places[COHORT_MEMO_PLACES];
};

/* NULL: nothing was found so far, or it was displaced. id 0: no cohort. */
static inline void *cohort_memo_find(const struct cohort_memo *m, uint64_t id)
{
	return m->places[id % COHORT_MEMO_PLACES].id == id ? m->places[id % COHORT_MEMO_PLACES].found : NULL;
}

static inline void cohort_memo_keep(struct cohort_memo *m, uint64_t id, void *found)
{
	if (id == 0)
		return;
	m->places[id % COHORT_MEMO_PLACES].id = id;
	m->places[id % COHORT_MEMO_PLACES].found = found;
}

static inline void cohort_memo_clear(struct cohort_memo *m)
{
	memset(m, 0, sizeof(*m));
}

#endif
