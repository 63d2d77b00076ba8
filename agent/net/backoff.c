/* SPDX-License-Identifier: Apache-2.0
 * net/backoff.c - exponential back-off with jitter.
 */
#include "agent/net/backoff.h"

#include <math.h>
#include <sys/random.h>

uint64_t backoff_delay_ms(const struct retry_config *retry, unsigned earlier_failures, double random)
{
	double interval = (double)retry->initial_interval_ms * pow(retry->multiplier, earlier_failures);
	double longest = (double)retry->max_interval_ms;

	if (!(interval < longest)) /* an overflow to infinity ends here too */
		interval = longest;
	return (uint64_t)(interval * (1 + retry->randomization_factor * (2 * random - 1)));
}

bool backoff_next(struct backoff *b, const struct retry_config *retry, uint64_t now_ms, uint64_t retry_after_ms,
		  uint64_t *wait_ms)
{
	uint64_t wait = backoff_delay_ms(retry, b->failures, backoff_random());

	if (!retry->enabled)
		return false;
	if (b->failures++ == 0)
		b->first_failure_ms = now_ms;
	if (wait < retry_after_ms)
		wait = retry_after_ms;
	if (retry->max_elapsed_time_ms > 0) {
		uint64_t elapsed = now_ms - b->first_failure_ms;
		if (elapsed >= retry->max_elapsed_time_ms)
			return false;
		if (wait > retry->max_elapsed_time_ms - elapsed)
			wait = retry->max_elapsed_time_ms - elapsed;
	}
	*wait_ms = wait;
	return true;
}

double backoff_random(void)
{
	uint64_t bits = 0;

	if (getrandom(&bits, sizeof(bits), GRND_NONBLOCK) != (ssize_t)sizeof(bits))
		return 0.5; /* early in boot: no jitter is better than no retry */
	return (double)(bits >> 11) * 0x1p-53;
}
