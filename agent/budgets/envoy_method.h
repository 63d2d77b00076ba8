/* SPDX-License-Identifier: Apache-2.0
 * budgets/envoy_method.h - what Envoy asks, as a question, and the decision in Envoy's words.
 */
#ifndef PLIMSOLL_BUDGETS_ENVOY_METHOD_H
#define PLIMSOLL_BUDGETS_ENVOY_METHOD_H

#include "agent/budgets/budgets.h"

struct envoy_asking {
	struct budgets *budgets;
	const struct string_map *keys; /* of the configuration: dimension -> header or descriptor key */
};

/* Appends the packed response. False: the request is broken. */
typedef bool envoy_method(const struct envoy_asking *a, struct slice request, struct buf *response);

envoy_method envoy_should_rate_limit, envoy_check;

/* Beside the dimensions. */
enum { ENVOY_INPUT_TOKENS = BUDGET_DIMENSIONS, ENVOY_MAX_OUTPUT_TOKENS, ENVOY_ESTIMATE_USD, ENVOY_NAMES };

/* Pairs that Envoy sent, on their way to become a question; keys and values are borrowed. */
struct envoy_reading {
	const struct envoy_asking *asking;
	struct budget_question question;
	struct envoy_pair {
		struct slice key, value; /* ptr NULL: not told yet */
	} told[ENVOY_NAMES];
	char contradiction[240]; /* a sentence without values: one name, two values; "": none. Then nothing may be decided: the
				  * order of headers is nobody's, and the wrong one's budget would be asked */
};

/* Shared by the two: a pair becomes part of the question; what is not known is passed over. */
void envoy_take_pair(struct envoy_reading *r, struct slice key, struct slice value);

/* What is taken from here on goes before what was taken so far, and does not contradict it. */
void envoy_overrule(struct envoy_reading *r);

/* Whether a header is one of ours: `user` alone is not, `x-plimsoll-user`, `traceparent` and a configured one are. */
bool envoy_is_header(const struct envoy_asking *a, struct slice key);

/* What the client reads whose question contradicts itself: {"error":...}; logs it, too. */
void envoy_write_contradiction(const struct envoy_reading *r, struct buf *out);

/* What a refused client reads: {"error":...}; and seconds to wait, 0: none. */
void envoy_write_refusal(const struct budget_answer *answer, struct buf *out);
uint64_t envoy_retry_after_s(const struct budget_answer *answer);

#define ENVOY_BUDGET_HEADER      "x-plimsoll-budget"
#define ENVOY_RESERVATION_HEADER "x-plimsoll-reservation"

#endif
