/* SPDX-License-Identifier: Apache-2.0
 * daemon/worker.h - what one receiving thread owns, and its work on one request: read, decide what counts, price.
 */
#ifndef PLIMSOLL_DAEMON_WORKER_H
#define PLIMSOLL_DAEMON_WORKER_H

#include "agent/baselines/runaway_bar.h"
#include "agent/counting/counting.h"
#include "agent/daemon/case_words.h"
#include "agent/daemon/decisions.h"
#include "agent/daemon/edited_request.h"
#include "agent/daemon/metered.h"
#include "agent/daemon/sample_chunk.h"
#include "agent/daemon/settings.h"
#include "agent/daemon/told.h"
#include "agent/dialects/reader.h"
#include "agent/enrich/enrich.h"
#include "agent/enrich/model_watch.h"
#include "agent/observe/observe.h"
#include "agent/prompts/prompt_table.h"
#include "agent/span/batch.h"
#include "agent/span/cohort.h"

struct worker {
	struct arena arena;
	struct settings *settings;
	struct prompt_table *prompts; /* NULL: none yet */
	struct prompt_counting prompt_counting;
	struct dialect_reader *reader;
	struct pricer *pricer;
	struct cohorts *cohorts;
	struct model_watch *models;
	const struct runaway_bars *bars; /* the loop's; NULL: nothing is marked */
	struct observe_shard *shard;
	struct batch batch;
	struct counting *counting; /* all lanes' */
	struct decisions *decisions; /* the same; NULL: nobody asks about them */
	struct case_words_lane *words; /* NULL: none are kept */
	struct counting_batch seen;
	struct metered metered; /* what its metrics tell of calls */
	struct enrich_labels *labels;
	struct attribute_writer added;
	struct edited_request request; /* where somebody wants it */
	bool is_alone;        /* its requests are a user's own files, one after the other: they may take more memory */
	struct call *calls;   /* in the arena: all that was read; once decided, the counted ones */
	size_t *places;       /* of each one's attributes in the edits */
	size_t call_count, call_cap;
	size_t text_bytes;    /* sample_text_bytes of all that were completed */
	uint32_t roles;       /* of all that was read: bit 1 << enum call_role */
	struct call *retrievals; /* in the arena: those of the request, whole ones as in calls */
	size_t retrieval_count;
	struct told told;     /* what the request says about calls */
	struct status edited; /* why there is no edited request although it was asked for; its calls count all the same */
	struct buf records;
	struct buf inside;  /* of a record that waits */
	struct {
		struct meter *accepted[SIGNAL_COUNT], *rejected[SIGNAL_COUNT], *counted, *not_counted, *unversioned;
	} meters;
};

/* transport: for the meters, "grpc". counting and models (NULL: none) are all lanes' and borrowed. Errors: NOMEM. */
struct status worker_init(struct worker *w, const char *transport, struct observe_shard *shard,
			  struct counting *counting, struct model_watch *models) MUST_USE;
void worker_release(struct worker *w);

/* Adopts other settings; takes over the reference. Errors: NOMEM, the lane keeps what it had. */
struct status worker_adopt(struct worker *w, struct settings *settings) MUST_USE;

/* The same of the table that names prompt versions. */
void worker_adopt_prompts(struct worker *w, struct prompt_table *prompts);

/* Reads the request into w->batch and w->calls, and decides which of them count. After a success they must be observed:
 * the same request sent again adds nothing. with_edits: somebody wants the enriched spans: they are in w->request.
 * Errors: MALFORMED; TOOBIG, more calls than a request may hold; nothing outside the lane has changed then. */
struct status worker_read(struct worker *w, enum signal signal, struct slice wire, bool with_edits) MUST_USE;

/* Completes one call: cohort, model watch, pin, price. A cost that it has already (of a record that is replayed) stays. */
void worker_complete(struct worker *w, struct call *c);

#endif
