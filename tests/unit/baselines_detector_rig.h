/* SPDX-License-Identifier: Apache-2.0
 * Samples for a detector, and its verdicts as text.
 */
#ifndef PLIMSOLL_TESTS_BASELINES_DETECTOR_RIG_H
#define PLIMSOLL_TESTS_BASELINES_DETECTOR_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agent/base/buf.h"
#include "tests/unit/baselines_scenario.h"

#define MONDAY   UINT64_C(1772409600)  /* 2026-03-02 00:00 UTC */
#define NOW      (MONDAY + 30 * 86400) /* of a live agent, long after the samples */
#define SCENARIO "tests/golden/baselines/steps.csv.gz"

/* Verdicts as text, one line each, every figure to the last bit; not the trace ids, which a restart forgets. */
static inline void write_verdict(void *context, const struct verdict *v)
{
	buf_printf(context, "%d %d %s %.*s %.*s %.*s %.*s %llu %llu %a %a %a %a %a %a %a %u %u %d\n", (int)v->event,
		   (int)v->kind, v->metric, SLICE_ARG(v->feature), SLICE_ARG(v->model), SLICE_ARG(v->prompt_version),
		   SLICE_ARG(v->reference_version), (unsigned long long)v->started_at_s, (unsigned long long)v->at_s,
		   v->value, v->baseline_mean, v->baseline_stddev, v->deviation, v->pooled_deviation, v->ratio,
		   v->sample_size, v->run, v->window_s, v->direction);
}

static inline int lines(struct buf *b)
{
	int count = 0;

	for (size_t i = 0; i < b->len; i++)
		count += b->ptr[i] == '\n';
	return count;
}

static inline struct sample request(uint64_t unix_s, double cost_usd)
{
	struct sample s = sample_unknown(SAMPLE_CALL);

	s.time_unix_ms = unix_s * 1000;
	s.feature = SLICE("f");
	s.model = SLICE("m");
	s.prompt_version = SLICE("v1");
	s.cost_usd = cost_usd;
	s.latency_ms = 900;
	s.ttft_ms = 200;
	s.output_tokens = 100;
	return s;
}

static inline double noise(uint32_t *seed)
{
	*seed = (1103515245u * *seed + 12345u) % 2147483648u;
	return (*seed / 2147483648.0 - 0.5) * 2;
}

#endif
