/* SPDX-License-Identifier: Apache-2.0
 * span/sample.c - a sample before anything is known.
 */
#include "agent/span/sample.h"

#include <math.h>

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
