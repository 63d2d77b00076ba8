/* SPDX-License-Identifier: Apache-2.0
 * sampling/sampled_span.h - what of a span decides whether it is kept.
 */
#ifndef PLIMSOLL_SAMPLING_SAMPLED_SPAN_H
#define PLIMSOLL_SAMPLING_SAMPLED_SPAN_H

#include "agent/config/config.h"
#include "agent/otlp/condition.h"
#include "agent/sampling/threshold.h"

/* The keep section, compiled. */
struct keep_rules {
	const struct sampling_keep_config *config;
	struct condition *any_of;
	size_t count;
};

struct sampled_span {
	struct slice trace_id, tracestate;
	struct randomness randomness;
	bool has_reason; /* to keep its trace */
};

/* config is borrowed. Errors: NOMEM. */
struct status keep_rules_init(struct keep_rules *rules, const struct sampling_keep_config *config) MUST_USE;
void keep_rules_release(struct keep_rules *rules);

/* span: the content of an enriched Span. rules == NULL: reasons are not looked for. */
struct sampled_span sampled_span_read(struct slice span, const struct keep_rules *rules);

#endif
