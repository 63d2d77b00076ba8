/* SPDX-License-Identifier: Apache-2.0
 * routing/llm_spans.h - the spans of a request that are model calls, and those above them.
 *
 * A model call is what enrichment marked: plimsoll.outcome, or plimsoll.counted on what wraps calls. Its ancestors are
 * found by parent id within the request; one that comes with another request is not known to be any.
 */
#ifndef PLIMSOLL_ROUTING_LLM_SPANS_H
#define PLIMSOLL_ROUTING_LLM_SPANS_H

#include "agent/otlp/items.h"

/* marks: room for spans->count; each becomes true for a model call or an ancestor of one. Errors: NOMEM. */
struct status llm_spans_mark(const struct request_items *spans, struct arena *a, bool *marks) MUST_USE;

#endif
