/* SPDX-License-Identifier: Apache-2.0
 * daemon/case_words.h - copies the words of the few calls that may become evaluation cases, on their way to the loop.
 *
 * A receiving thread looks at each call's outcome, score and cost, which is cheap; only for those that may become a case does
 * it walk the request once more, redact that span and copy its words: so nothing unredacted ever leaves the thread.
 * CASE_WORDS_CALLS calls and CASE_WORDS_BYTES of spans in a second for all threads together; what is beyond is counted
 * as dropped, by reason. Words are read from the span or log record that tells of the call, from no other one.
 */
#ifndef PLIMSOLL_DAEMON_CASE_WORDS_H
#define PLIMSOLL_DAEMON_CASE_WORDS_H

#include "agent/cases/cases.h"
#include "agent/config/config.h"
#include "agent/counting/counting.h"
#include "agent/dialects/reader.h"
#include "agent/span/batch.h"

#define CASE_WORDS_CALLS 20u
#define CASE_WORDS_BYTES (1u << 20)

struct case_words;
struct case_words_lane;

/* config and bar are borrowed. why: as redactor_new. Errors: INVALID; NOMEM. */
struct status case_words_new(const struct config *config, const struct case_bar *bar, unsigned lanes,
			     struct case_words **out, struct buf *why) MUST_USE;
void case_words_free(struct case_words *w);

struct case_words_lane *case_words_lane(struct case_words *w, unsigned lane);

/* Notes which of the batch's calls may become cases. Behind the decision about what counts, while calls are all there. */
void case_words_choose(struct case_words_lane *l, const struct counting_batch *seen, const struct call *calls);

/* Reads the words of those from the request and queues them; before their samples are queued. dialect: the lane's; it
 * must begin anew before it reads another request. */
void case_words_take(struct case_words_lane *l, enum signal signal, struct slice wire, struct dialect_reader *dialect);

/* Hands over what is queued; on the loop, before the samples that were queued when it was called. */
void case_words_deliver(struct case_words *w, struct cases *cases);

#endif
