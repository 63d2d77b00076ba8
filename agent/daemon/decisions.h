/* SPDX-License-Identifier: Apache-2.0
 * daemon/decisions.h - what was decided lately about each span that has to do with models, for GET /api/v1/traces/ID.
 *
 * A ring in memory of DECISIONS_MAX spans: the next one takes the oldest's place, and a restart forgets all. Which key fed
 * which field is not kept, since that would cost more than the decision itself: `plimsoll explain FILE` tells it of
 * recorded spans. Any thread; locked once a batch.
 */
#ifndef PLIMSOLL_DAEMON_DECISIONS_H
#define PLIMSOLL_DAEMON_DECISIONS_H

#include "agent/admin/api.h"
#include "agent/counting/counting.h"

#define DECISIONS_MAX 32768u /* 2.5 MiB */

struct decisions;

/* NULL without memory. */
struct decisions *decisions_new(void);
void decisions_free(struct decisions *d);

/* After counting_decide. */
void decisions_note(struct decisions *d, const struct counting_batch *b, const struct call *calls);

/* What was held counts after all. */
void decisions_promoted(struct decisions *d, const struct call *c);

/* GET /api/v1/traces/ID: {"trace_id":"...","kept_spans":32768,"spans":[{"span_id","time","role","dialect","producer",
 * "counted","why","because_of"}]}, in the order of arrival; because_of only where that span is kept too. 404 where none
 * of the trace is. The context is the struct decisions. */
extern const struct api_route decision_routes[];

#endif
