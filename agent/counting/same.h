/* SPDX-License-Identifier: Apache-2.0
 * counting/same.h - whether two spans tell of one model call, and what one of them adds to the other.
 */
#ifndef PLIMSOLL_COUNTING_SAME_H
#define PLIMSOLL_COUNTING_SAME_H

#include "agent/counting/counting.h"
#include "agent/counting/span_table.h"
#include "agent/span/call.h"

/* The span told token counts, and did not estimate them. */
bool call_has_usage(const struct call *c);

/* Key of the answer's id, else of the request's; 0 where there is none, or the client made it up. */
uint64_t answer_key(const struct call *c);

/* answer: answer_key of its call. */
struct twin_keys twin_keys_of(const struct entry *e, uint64_t answer);

/* twin_keys.tokens of stretches before the span's own: where the span of a call may have started of which this is a
 * late note. */
#define NOTE_STRETCHES 20u
uint64_t tokens_key_before(const struct entry *e, unsigned stretches);

/* One is inside the other, and the outer one was counted already. */
bool same_nested(const struct entry *inner, const struct entry *outer);

/* Both have the same answer id. */
bool same_by_answer(const struct entry *a, const struct entry *b);

/* Both have the same tokens_key. */
bool same_by_tokens(const struct entry *a, const struct entry *b);

/* a knows its call better than b: stands nearer to the model, or says more about the tokens. */
bool knows_better(const struct call *a, const struct call *b);

/* What the counted call does not say and the other one does. */
void call_inherit(struct call *counted, const struct call *other);

/* The same for a span around the call that is no call itself: only what describes the application. */
void call_inherit_attribution(struct call *counted, const struct call *around);

#endif
