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

/* Shared by the two: a pair that Envoy sent becomes part of the question; what is not known is passed over. Borrows. */
void envoy_take_pair(const struct envoy_asking *a, struct slice key, struct slice value, struct budget_question *q);

/* What a refused client reads: {"error":...}; and seconds to wait, 0: none. */
void envoy_write_refusal(const struct budget_answer *answer, struct buf *out);
uint64_t envoy_retry_after_s(const struct budget_answer *answer);

#define ENVOY_BUDGET_HEADER      "x-plimsoll-budget"
#define ENVOY_RESERVATION_HEADER "x-plimsoll-reservation"

#endif
