/* SPDX-License-Identifier: Apache-2.0
 * bench/otlp_spans.h - export requests of realistic model-call spans, cheap to make by the million.
 *
 * A template is packed once; what differs from request to request (ids, times, counts of tokens) has a fixed width and is
 * patched in a copy. Spans have 18 gen_ai and attribution attributes and take about 1.1 KiB each. The same numbers give the same
 * bytes.
 */
#ifndef PLIMSOLL_BENCH_OTLP_SPANS_H
#define PLIMSOLL_BENCH_OTLP_SPANS_H

#include "agent/base/buf.h"

struct span_places {
	size_t trace_id, span_id, start, end, answer, input_tokens, output_tokens; /* offsets in the template */
	uint32_t duration_ms;
};

struct span_template {
	struct buf wire;
	struct span_places *places;
	size_t spans;
};

#define SPAN_STEP_NS 10000u /* between the starts of two: those of 100,000 calls a second */

struct span_series {
	uint64_t seed;         /* ids of two series with different seeds differ */
	uint64_t base_unix_ns; /* spans start here and later */
};

/* number: which template; models, features and prompts depend on it. */
void span_template_init(struct span_template *t, size_t spans, size_t number);
void span_template_release(struct span_template *t);

/* Writes request number n of the series to out (t->wire.len bytes): no ids occur twice in a series. */
void span_template_write(const struct span_template *t, const struct span_series *series, uint64_t n, char *out);

#endif
