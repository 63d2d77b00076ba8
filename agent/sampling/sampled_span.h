/* SPDX-License-Identifier: Apache-2.0
 * sampling/sampled_span.h - what of a span decides whether it is kept.
 */
#ifndef PLIMSOLL_SAMPLING_SAMPLED_SPAN_H
#define PLIMSOLL_SAMPLING_SAMPLED_SPAN_H

#include "agent/config/config.h"
#include "agent/otlp/condition.h"
#include "agent/sampling/threshold.h"

#define CONDITIONS_MAX 64

/* The keep section, compiled. */
struct keep_rules {
	const struct sampling_keep_config *config;
	struct condition any_of[CONDITIONS_MAX];
	size_t count;
};

struct sampled_span {
	struct slice trace_id, tracestate;
	struct randomness randomness;
	bool has_reason; /* to keep its trace */
};

void keep_rules_init(struct keep_rules *rules, const struct sampling_keep_config *config);

/* span: the content of an enriched Span. rules == NULL: reasons are not looked for. */
struct sampled_span sampled_span_read(struct slice span, const struct keep_rules *rules);

#endif
