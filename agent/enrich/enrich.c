/* SPDX-License-Identifier: Apache-2.0
 * enrich/enrich.c - what follows from the times and counts of one call.
 */
#include "agent/enrich/enrich.h"

#include "agent/enrich/token_estimate.h"

/* A first token before the start or after the end is a mistake in units or clocks: better unknown than wrong. */
static void check_ttft(struct call *c)
{
	if (c->ttft_ns > c->latency_ns)
		c->ttft_ns = 0;
	if (c->ttft_ns > 0)
		c->streaming = TRI_YES;
}

void enrich_call(struct call *c, struct slice status_message)
{
	c->latency_ns = c->end_unix_ns > c->start_unix_ns ? c->end_unix_ns - c->start_unix_ns : 0;
	check_ttft(c);
	token_estimate_call(c);
	c->output_tokens_per_second = output_rate_of(c);
	c->context = context_of(&c->tokens);
	c->error_class = error_class_of(c, status_message);
	c->outcome = outcome_of(c, status_message);
}
