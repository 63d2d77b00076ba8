/* SPDX-License-Identifier: Apache-2.0
 * daemon/judgements.h - what evaluators and users say, joined to the calls and passed on: to /metrics, the baselines,
 * the exporters and the store.
 *
 * Chunks come from any thread through a bounded queue and are worked through on the loop; POST /api/v1/scores and
 * /api/v1/feedback are answered on the admin's threads. Saved once a second where something changed.
 */
#ifndef PLIMSOLL_DAEMON_JUDGEMENTS_H
#define PLIMSOLL_DAEMON_JUDGEMENTS_H

#include <uv.h>

#include "agent/admin/api.h"
#include "agent/config/config.h"
#include "agent/daemon/recall.h"
#include "agent/daemon/sample_chunk.h"
#include "agent/observe/observe.h"
#include "agent/store/store.h"
#include "agent/daemon/outbound.h"
#include "exporters/sender.h"

struct judgements;

/* Where they go; all borrowed. */
struct judgement_outlets {
	struct store *store;
	struct observer *observer;
	struct senders *senders;
	struct outbound *outbound;
	unsigned lane; /* outbound's, for judgements alone: entered by any thread, under the joiner's lock */
	void (*judge)(void *context, struct sample_chunk *chunk); /* NULL: no baselines */
	void *judge_context;
};

/* Loads what the store holds. why: what is wrong, to print. */
struct status judgements_new(const struct config *config, uv_loop_t *loop, const struct judgement_outlets *outlets,
			     struct judgements **out, struct buf *why) MUST_USE;

/* How many of so many calls may be remembered: fewer once there were too many in this second, which is counted. context
 * is the judgements. Any thread. */
size_t judgements_admit(void *context, size_t calls);

/* Takes the chunk over; context is the judgements. Any thread. */
void judgements_offer(void *context, struct recall_chunk *chunk);

/* The routes; context of their table is the judgements. */
extern const struct api_route judgement_routes[];

/* Works through what is queued and saves everything; from then on nothing more is taken. */
void judgements_drain(struct judgements *j);

/* Closes its handles: the loop must turn once more. NULL is allowed. */
void judgements_free(struct judgements *j);

/* What the baselines are told of it; false: nothing. Strings are borrowed from j. */
bool judgement_sample(const struct joined_judgement *j, struct sample *out);

#endif
