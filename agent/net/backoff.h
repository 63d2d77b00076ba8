/* SPDX-License-Identifier: Apache-2.0
 * net/backoff.h - how long to wait before the next attempt: exponential, with jitter, with an end.
 *
 * The Collector's retry_on_failure: the n-th wait is initial_interval * multiplier^n, at most max_interval, times a
 * random factor of 1 +- randomization_factor. Pure but for backoff_random; a factor of 0 makes it deterministic.
 */
#ifndef PLIMSOLL_NET_BACKOFF_H
#define PLIMSOLL_NET_BACKOFF_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/config/config.h"

/* One thing that is being tried. Zeroed: not yet failed. */
struct backoff {
	unsigned failures;
	uint64_t first_failure_ms;
};

/* The wait after this many earlier failures. random: 0 <= random < 1. */
uint64_t backoff_delay_ms(const struct retry_config *retry, unsigned earlier_failures, double random);

/* Counts a failure at now_ms (any monotonic clock). True: try again after *wait_ms, which is at least what the peer
 * asked for (0: nothing), but never beyond max_elapsed_time: the last attempt is made when that is reached. False: give
 * up, because that attempt failed too or retrying is disabled. */
bool backoff_next(struct backoff *b, const struct retry_config *retry, uint64_t now_ms, uint64_t retry_after_ms,
		  uint64_t *wait_ms);

/* Uniform in [0, 1). Any thread. */
double backoff_random(void);

#endif
