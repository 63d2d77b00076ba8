/* SPDX-License-Identifier: Apache-2.0
 * judgements/body.h - the JSON of POST /api/v1/scores and /api/v1/feedback.
 *
 * An object, an array of them, or {"data":[...]}. Members, and in brackets how other tools call the same:
 *   the call   trace_id (traceId), span_id (spanId, observationId), response_id, session_id; at least one
 *   what       name or signal (key), value (score), min and max, label, pass, or result: {score, label}
 *   about it   id, time (timestamp, created_at), source (annotator_kind): human, llm, code, user
 * comment, explanation, metadata and the like are read over: no text of a user is kept. A name that is not listed is an
 * error, since it may be a target that is misspelt.
 */
#ifndef PLIMSOLL_JUDGEMENTS_BODY_H
#define PLIMSOLL_JUDGEMENTS_BODY_H

#include "agent/base/arena.h"
#include "agent/base/status.h"
#include "agent/span/judgement.h"

#define BODY_ITEMS_MAX 1000u

struct judgement_list {
	struct judgement *items; /* in the arena; texts borrow from it or from the body */
	size_t count;
};

/* kind: what the items are. now_unix_ns: the time of those that tell none.
 * why: on failure the sentence to answer, naming item and member. Errors: MALFORMED, no JSON of this shape; INVALID, a
 * value that is not allowed; TOOBIG; NOMEM. */
struct status judgement_body_read(struct slice body, enum judgement_kind kind, uint64_t now_unix_ns, struct arena *a,
				  struct judgement_list *out, struct buf *why) MUST_USE;

#endif
