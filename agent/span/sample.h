/* SPDX-License-Identifier: Apache-2.0
 * span/sample.h - what the baselines want to know of one counted call.
 *
 * Made on the receive thread, consumed on the loop thread by baselines/; strings are borrowed for the call that takes
 * it.
 */
#ifndef PLIMSOLL_SPAN_SAMPLE_H
#define PLIMSOLL_SPAN_SAMPLE_H

#include "agent/base/slice.h"

struct sample {
	uint64_t time_unix_ms;                       /* event time */
	struct slice feature, model, prompt_version; /* empty: "unknown" */
	uint8_t trace_id[16];
	double cost_usd;   /* NaN: unpriced */
	double latency_ms; /* NaN: unknown, and so on */
	double ttft_ms;
	double output_tokens;
	double eval_score;
	bool error, refusal;
};

#endif
