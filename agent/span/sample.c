/* SPDX-License-Identifier: Apache-2.0
 * span/sample.c - a sample before anything is known.
 */
#include "agent/span/sample.h"

struct sample sample_unknown(enum sample_kind kind)
{
	return (struct sample){
		.kind = kind,
		.value = NAN,
		.documents = NAN,
		.top_score = NAN,
		.cost_usd = NAN,
		.output_cost_usd = NAN,
		.cache_read_cost_usd = NAN,
		.latency_ms = NAN,
		.ttft_ms = NAN,
		.input_tokens = NAN,
		.output_tokens = NAN,
		.cache_read_tokens = NAN,
		.output_tokens_per_second = NAN,
		.citation_share = NAN,
		.overlap_share = NAN,
	};
}

static double log_of(double amount)
{
	return amount > 0 ? log(amount) : (double)NAN;
}

void sample_take_logs(struct sample *s)
{
	if (s->kind != SAMPLE_CALL || outcome_is_error(s->outcome))
		return;
	s->logs[SAMPLE_LOG_COST] = log_of(s->cost_usd);
	s->logs[SAMPLE_LOG_LATENCY] = log_of(s->latency_ms);
	s->logs[SAMPLE_LOG_TTFT] = log_of(s->ttft_ms);
	s->logs[SAMPLE_LOG_OUTPUT_TOKENS] = log_of(s->output_tokens);
	s->has_logs = true;
}
