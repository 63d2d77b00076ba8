/* SPDX-License-Identifier: Apache-2.0
 * review/review.h - a look back over days: what each feature, model and prompt version did, against the days before.
 *
 * In:     samples of calls, scores and votes
 * Out:    a report as JSON
 * Owns:   sums by day and key, REVIEW_DAYS days and REVIEW_KEYS_MAX keys a day at most; what is beyond shares the key
 *         `other`. About 600 bytes each
 * Time:   event time, days of UTC. The loop's thread; others look under the judge's lock.
 */
#ifndef PLIMSOLL_REVIEW_REVIEW_H
#define PLIMSOLL_REVIEW_REVIEW_H

#include "agent/base/buf.h"
#include "agent/base/status.h"
#include "agent/review/day.h"

#define REVIEW_DAYS     60u
#define REVIEW_KEYS_MAX 200u
#define REVIEW_MAX      (REVIEW_DAYS * REVIEW_KEYS_MAX)

struct review;

struct review *review_new(void); /* NULL without memory */
void review_free(struct review *r);

/* The clock of a live agent, before anything is loaded and then now and then: a day to come, which is damaged or from before
 * the clock was set back, is kept, but makes none too old. A replay does not call it. */
void review_advance(struct review *r, uint64_t unix_s);

/* Allocates only for a key that is new on its day. */
void review_add(struct review *r, const struct sample *s);

/* The days of a report: the last `days` (1 to 30) whole ones, or up to today where there are none before. today: days after
 * 1970; 0: the newest day that is known. */
struct review_span {
	uint32_t first, end, before; /* days after 1970: [first, end) against [before, first) */
};
struct review_span review_span(const struct review *r, uint32_t days, uint32_t today);

/* Members of a JSON object: "from","to" (dates, both within),"days","totals":{"now":{...},"before":{...}},
 * "rows":[{"feature","model","prompt_version","now","before"}] with the largest change of cost first, "first_seen":[...].
 * Each of now and before: requests, cost_usd, cost_per_request_usd, failed_share, flawed_share, unpriced_share, score,
 * negative_share, latency_p50_ms, latency_p95_ms, input_tokens, output_tokens; null where unknown or without calls. */
void review_write(const struct review *r, const struct review_span *span, struct buf *out);

/* Hands over what changed since the last call (all: everything); a value without ptr: the key is to be deleted. */
typedef void (*review_put)(void *context, struct slice key, struct slice value);
void review_save(struct review *r, bool all, review_put put, void *context);

/* Loads one pair, before any sample. Errors: CORRUPT, left out; NOMEM. */
struct status review_load(struct review *r, struct slice key, struct slice value) MUST_USE;

#endif
