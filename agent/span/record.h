/* SPDX-License-Identifier: Apache-2.0
 * span/record.h - the request record: one counted call as one JSON object on one line.
 *
 * It goes to files, Kafka, ClickHouse and the API, and `plimsoll replay` reads it back. Unknown is null, never zero.
 * Prompts and answers are not part of it.
 *
 * cost_usd is the cost that counts (prices.cost_source); computed_cost_usd and reported_cost_usd are both sides of that
 * choice.
 */
#ifndef PLIMSOLL_SPAN_RECORD_H
#define PLIMSOLL_SPAN_RECORD_H

#include "agent/base/buf.h"
#include "agent/base/json.h"
#include "agent/span/call.h"

/* Appends the object without a line end. leading: members to put first, such as "\"type\":\"call\"", or "". */
void record_write(struct buf *out, const struct call *c, const char *leading);

/* The same, and where in out its judgements lie, for those who learn of more of them. */
struct record_judged {
	size_t scores_end, rating, rating_end; /* of the closing brace of scores; of the value of user_rating */
};
void record_write_judged(struct buf *out, const struct call *c, const char *leading, struct record_judged *at);

/* Appends the members that a record has only while it waits inside the agent, for `leading`: `"user_id":...`. */
void record_write_inside(struct buf *out, const struct call *c);

/* A retrieval (role RETRIEVAL) as an object of its own: how many documents, their scores and ids, empty or not, the age of
 * the oldest. leading as above. */
void record_write_retrieval(struct buf *out, const struct call *c, const char *leading);

/* Reads one line into *out (slices borrow from the line or the arena). Members that are not known are skipped; times of
 * day, tokens and cost come back as they were written, cost as both cost and reported_cost.
 * Errors: MALFORMED, not such an object; NOMEM. */
struct status record_read(struct slice line, struct arena *a, struct call *out) MUST_USE;

#endif
