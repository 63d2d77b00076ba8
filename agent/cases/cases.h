/* SPDX-License-Identifier: Apache-2.0
 * cases/cases.h - the worst calls of production, kept so that they can become evaluation cases.
 *
 * In:     samples of calls, scores and votes; verdicts about runaway requests
 * Out:    a list of them, worst first, each with limits for cost and time from what is usual for its feature
 * Owns:   for each feature and reason the CASES_EACH worst, CASES_LISTS_MAX lists; the one that was quiet for longest
 *         makes room. Texts of prompts and answers only where cases_keep_texts says so: else a case names its trace, whose
 *         back end has them. Both for CASES_AGE_MAX_S at most
 * Time:   event time. The loop's thread; others look under the judge's lock.
 */
#ifndef PLIMSOLL_CASES_CASES_H
#define PLIMSOLL_CASES_CASES_H

#include "agent/base/buf.h"
#include "agent/cases/bar.h"
#include "agent/base/status.h"
#include "agent/span/call_text.h"
#include "agent/span/sample.h"
#include "agent/span/verdict.h"

#define CASES_EACH      16u
#define CASES_LISTS_MAX 192u
#define CASES_AGE_MAX_S UINT64_C(1209600) /* two weeks */

/* X(id, name): why a call is kept. Stored on disk: append only. */
#define CASE_REASON_MAP(X)       \
	X(FAILED, "failed")      \
	X(REFUSED, "refused")    \
	X(FLAWED, "flawed")      \
	X(LOW_RATED, "low_rated") \
	X(RUNAWAY, "runaway")    \
	X(EXPENSIVE, "expensive")

enum case_reason {
#define X(id, name) CASE_##id,
	CASE_REASON_MAP(X)
#undef X
	CASE_REASON_COUNT
};

struct cases;

struct cases *cases_new(void); /* NULL without memory */
void cases_free(struct cases *c);

/* Keeps the words of cases, in max_bytes of memory and about as much of the store; 0: none, and what an earlier run kept is
 * deleted. Before anything is loaded. Without this call, texts are neither kept nor deleted. */
void cases_keep_texts(struct cases *c, size_t max_bytes);

/* Which cost makes a call a case; lives as long as c. */
const struct case_bar *cases_bar(const struct cases *c);

/* The words of a call that may become a case, redacted: in time before its sample, since a call with words is kept rather
 * than one without that is up to a day younger. Copied. */
void cases_text(struct cases *c, const struct told_call *call, uint64_t now_s);

/* Lets go of what is too old, and of words that belong to no case. now_s: unix time. */
void cases_advance(struct cases *c, uint64_t now_s);

void cases_add(struct cases *c, const struct sample *s);

/* Of a runaway request; other verdicts are passed over. */
void cases_verdict(struct cases *c, const struct verdict *v);

/* {"cases":[{"reason","time","trace_id","span_id","feature","model","prompt_version","outcome","cost_usd","latency_ms",
 * "score","max_cost_usd","max_latency_ms","has_content"}]}, with_texts also "question", "messages" and "actual" where
 * they are kept; span_id is null where only the trace is known. At most `most` that ended at since_s or later, newest
 * first within a reason, reasons by turns. The limits are what 95 % of a feature's calls keep, where both follow a
 * lognormal law; null below 50 calls. */
void cases_write(const struct cases *c, uint64_t since_s, size_t most, bool with_texts, struct buf *out);

/* Hands over what changed since the last call (all: everything); a value without ptr: the key is to be deleted. */
typedef void (*cases_put)(void *context, struct slice key, struct slice value);
void cases_save(struct cases *c, bool all, cases_put put, void *context);

/* Loads one pair, before any sample. Errors: CORRUPT, left out; NOMEM. */
struct status cases_load(struct cases *c, struct slice key, struct slice value) MUST_USE;

#endif
